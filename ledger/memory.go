package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"iter"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// memory is a ledger that ends with its process.
type memory struct {
	signer note.Signer

	mu      sync.Mutex
	closed  bool
	entries [][]byte
	ids     map[[sha256.Size]byte]uint64 // index of the entry with this hash
	hashes  storedHashes
	newest  Checkpoint    // signed when somebody asks for it
	grown   chan struct{} // closed when the ledger grows or closes
}

// NewMemory returns an empty ledger in memory, named after its signer, for
// tests and examples.
func NewMemory(signer note.Signer) Ledger {
	return &memory{signer: signer, ids: make(map[[sha256.Size]byte]uint64), grown: make(chan struct{})}
}

func (m *memory) Append(ctx context.Context, data []byte) (uint64, error) {
	if err := CheckEntry(data); err != nil {
		return 0, err
	}
	id, leaf := sha256.Sum256(data), LeafHash(data)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return 0, err
	}
	if index, ok := m.ids[id]; ok {
		return index, nil
	}
	index := uint64(len(m.entries))
	hashes, err := tlog.StoredHashesForRecordHash(int64(index), leaf, m.hashes)
	if err != nil {
		return 0, err
	}
	m.hashes = append(m.hashes, hashes...)
	m.entries = append(m.entries, bytes.Clone(data))
	m.ids[id] = index
	close(m.grown)
	m.grown = make(chan struct{})
	return index, nil
}

// usable returns why nothing can be done now. The caller holds mu.
func (m *memory) usable(ctx context.Context) error {
	if m.closed {
		return ErrClosed
	}
	return ctx.Err()
}

// tree returns the tree as it is now; it stays valid when the ledger grows.
func (m *memory) tree(ctx context.Context) (Tree, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return Tree{}, err
	}
	return Tree{uint64(len(m.entries)), m.hashes}, nil
}

// storedHashes are the hashes of a tree by tlog.StoredHashIndex.
type storedHashes []tlog.Hash

// ReadHashes implements tlog.HashReader.
func (s storedHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		hashes[i] = s[at]
	}
	return hashes, nil
}

// checkpoint signs the newest checkpoint. The caller holds mu.
func (m *memory) checkpoint() (Checkpoint, error) {
	size := uint64(len(m.entries))
	if m.newest.Raw == nil || m.newest.Size != size {
		root, err := Tree{size, m.hashes}.Root()
		if err != nil {
			return Checkpoint{}, err
		}
		newest, err := SignCheckpoint(m.signer, size, root)
		if err != nil {
			return Checkpoint{}, err
		}
		m.newest = newest
	}
	c := m.newest
	c.Raw = bytes.Clone(c.Raw)
	return c, nil
}

func (m *memory) Checkpoint(ctx context.Context) (Checkpoint, error) { return m.Await(ctx, 0) }

func (m *memory) Await(ctx context.Context, size uint64) (Checkpoint, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for {
		if err := m.usable(ctx); err != nil {
			return Checkpoint{}, err
		}
		if uint64(len(m.entries)) >= size {
			return m.checkpoint()
		}
		grown := m.grown
		m.mu.Unlock()
		select {
		case <-grown:
		case <-ctx.Done():
		}
		m.mu.Lock()
	}
}

func (m *memory) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		tree, err := m.tree(ctx)
		if err == nil {
			err = tree.CheckSpan(lo, hi)
		}
		if err != nil {
			yield(Entry{}, err)
			return
		}
		for ; lo < hi; lo++ {
			e, err := m.entry(ctx, lo)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func (m *memory) entry(ctx context.Context, index uint64) (Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.usable(ctx); err != nil {
		return Entry{}, err
	}
	return Entry{Index: index, Data: bytes.Clone(m.entries[index])}, nil
}

func (m *memory) Inclusion(ctx context.Context, index, size uint64) (tlog.RecordProof, error) {
	tree, err := m.tree(ctx)
	if err != nil {
		return nil, err
	}
	return tree.Inclusion(index, size)
}

func (m *memory) Consistency(ctx context.Context, old, size uint64) (tlog.TreeProof, error) {
	tree, err := m.tree(ctx)
	if err != nil {
		return nil, err
	}
	return tree.Consistency(old, size)
}

// Hashes implements [HashReader].
func (m *memory) Hashes(ctx context.Context, level int, begin, end uint64) ([]tlog.Hash, error) {
	tree, err := m.tree(ctx)
	if err != nil {
		return nil, err
	}
	return tree.Subtrees(level, begin, end, nil)
}

func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	m.closed = true
	close(m.grown)
	return nil
}
