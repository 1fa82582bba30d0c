package boltledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"sync"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// checkpointName is the file with the newest published checkpoint.
const checkpointName = "checkpoint"

// Reader reads the ledger of a directory. It implements [ledger.Reader] and is
// safe for concurrent use. What it reads it checks for damage; that it is the
// ledger that its maker showed to others, only [ledger.Verified] can tell.
type Reader struct {
	store *store
	final bool // nobody can append

	mu     sync.Mutex
	closed bool
	newest ledger.Checkpoint
	grown  chan struct{} // closed when newest changes or the reader closes
}

// OpenReadOnly opens the ledger in dir for reading, and needs no key. It
// creates and changes nothing. Of a ledger that was opened with OpenWitnessed
// it shows what was cosigned. While it is open nobody can append, so that Await
// fails with ErrIncomplete for more than there is. It fails with ErrLocked
// while a writer has the ledger open, and with [fs.ErrNotExist] if dir holds
// no ledger.
//
// A damaged or hostile directory is an error that names the file, here or when
// what is damaged is read. Nobody may change the files meanwhile, so read a
// stranger's ledger from a copy.
func OpenReadOnly(dir string) (*Reader, error) {
	path := filepath.Join(dir, databaseName)
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("boltledger: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("boltledger: %s: not a regular file: %w", path, reason.ErrEncoding)
	case info.Size() == 0:
		return nil, fmt.Errorf("boltledger: %s: empty file: %w", path, reason.ErrIncomplete)
	}
	s, err := openStore(dir, true)
	if err != nil {
		return nil, err
	}
	newest, _, err := s.load()
	if err == nil && newest.Raw == nil {
		err = fmt.Errorf("boltledger: %s: a mirror without a checkpoint yet: %w", path, reason.ErrIncomplete)
	}
	if err == nil {
		_, err = s.checkPublished(newest)
	}
	if err == nil {
		newest, err = s.cosigned(newest)
	}
	if err != nil {
		_ = s.close()
		return nil, err
	}
	r := newReader(s, newest)
	r.final = true
	return r, nil
}

func newReader(s *store, newest ledger.Checkpoint) *Reader {
	return &Reader{store: s, newest: newest, grown: make(chan struct{})}
}

// checkPublished compares the published checkpoint with the database, whose
// newest is given, and reports whether it is the newest. After a crash the
// database may be ahead of it, never behind: bbolt falls back in silence to
// the state before if its newest meta page is damaged.
func (s *store) checkPublished(newest ledger.Checkpoint) (current bool, err error) {
	path := filepath.Join(s.dir, checkpointName)
	raw, err := readNote(path)
	if errors.Is(err, fs.ErrNotExist) && newest.Size == 0 {
		return false, nil
	}
	if errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("boltledger: %s: missing: %w", path, reason.ErrChain)
	}
	if err != nil {
		return false, fmt.Errorf("boltledger: %w", err)
	}
	published, err := ledger.ParseCheckpoint(raw)
	switch {
	case err != nil:
		return false, fmt.Errorf("boltledger: %s: %w: %w", path, err, reason.ErrChain)
	case published.Origin != newest.Origin:
		return false, fmt.Errorf("boltledger: %s: is of %.64q, %s of %.64q: %w", path, published.Origin, s.path, newest.Origin, reason.ErrChain)
	case published.Size > newest.Size:
		return false, fmt.Errorf("boltledger: %s: has size %d, but size %d was published in %s: entries are lost: %w", s.path, newest.Size, published.Size, path, reason.ErrChain)
	}
	if err := s.view(func(tx *bbolt.Tx) error { return s.checkPrefix(tx, newest, published) }); err != nil {
		return false, fmt.Errorf("boltledger: %s: %w", path, err)
	}
	if published.Size == newest.Size && !bytes.Equal(raw, newest.Raw) {
		return false, fmt.Errorf("boltledger: %s: differs from the checkpoint in %s: one of them is damaged: %w", path, s.path, reason.ErrChain)
	}
	return published.Size == newest.Size, nil
}

// Checkpoint implements [ledger.Reader].
func (r *Reader) Checkpoint(ctx context.Context) (ledger.Checkpoint, error) { return r.Await(ctx, 0) }

// Await implements [ledger.Reader].
func (r *Reader) Await(ctx context.Context, size uint64) (ledger.Checkpoint, error) {
	for {
		newest, grown, err := r.state(ctx)
		if err != nil {
			return ledger.Checkpoint{}, err
		}
		if newest.Size >= size {
			newest.Raw = bytes.Clone(newest.Raw)
			return newest, nil
		}
		if r.final {
			return ledger.Checkpoint{}, ledger.Tree{Size: newest.Size}.CheckSpan(0, size)
		}
		select {
		case <-grown:
		case <-ctx.Done():
		}
	}
}

func (r *Reader) state(ctx context.Context) (ledger.Checkpoint, <-chan struct{}, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
		return ledger.Checkpoint{}, nil, ledger.ErrClosed
	case r.store.broken.Load() != nil:
		return ledger.Checkpoint{}, nil, *r.store.broken.Load()
	}
	return r.newest, r.grown, ctx.Err()
}

// publish makes cp the newest checkpoint and wakes who waits for it.
func (r *Reader) publish(cp ledger.Checkpoint) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.newest = cp
	r.wake()
}

func (r *Reader) wake() {
	close(r.grown)
	r.grown = make(chan struct{})
}

// Entries implements [ledger.Reader]. It fails with ErrChain at an entry that
// is damaged and with ErrIncomplete at a large entry whose file is missing.
func (r *Reader) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		newest, _, err := r.state(ctx)
		if err == nil {
			err = ledger.Tree{Size: newest.Size}.CheckSpan(lo, hi)
		}
		var leaves [][]byte
		for err == nil && lo < hi {
			if leaves, err = r.store.leaves(leaves[:0], lo, hi); err == nil {
				err = ctx.Err()
			}
			for i := 0; err == nil && i < len(leaves); i++ {
				var e ledger.Entry
				if e, err = r.store.entry(lo, leaves[i]); err == nil && !yield(e, nil) {
					return
				}
				lo++
			}
		}
		if err != nil {
			yield(ledger.Entry{}, err)
		}
	}
}

// Inclusion implements [ledger.Reader]. The proof holds, or it is an error.
func (r *Reader) Inclusion(ctx context.Context, index, size uint64) (proof tlog.RecordProof, err error) {
	err = r.prove(ctx, size, func(tree ledger.Tree, at ledger.Checkpoint) error {
		if proof, err = tree.Inclusion(index, size); err != nil {
			return err
		}
		leaf, err := tree.Hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(index))})
		if err != nil {
			return err
		}
		return at.CheckInclusion(index, leaf[0], proof)
	})
	if err != nil {
		return nil, err
	}
	return proof, nil
}

// Consistency implements [ledger.Reader]. The proof holds, or it is an error.
func (r *Reader) Consistency(ctx context.Context, old, size uint64) (proof tlog.TreeProof, err error) {
	err = r.prove(ctx, size, func(tree ledger.Tree, at ledger.Checkpoint) error {
		if proof, err = tree.Consistency(old, size); err != nil {
			return err
		}
		tree.Size = old
		root, err := tree.Root()
		if err != nil {
			return err
		}
		return at.CheckConsistency(ledger.Checkpoint{Origin: at.Origin, Size: old, Root: root}, proof)
	})
	if err != nil {
		return nil, err
	}
	return proof, nil
}

// Hashes implements [ledger.HashReader]. The hashes fit the root, or it is an
// error.
func (r *Reader) Hashes(ctx context.Context, level int, begin, end uint64) (hashes []tlog.Hash, err error) {
	newest, _, err := r.state(ctx)
	if err != nil {
		return nil, err
	}
	err = r.store.view(func(tx *bbolt.Tx) error {
		hashes, err = r.store.tree(tx, newest.Size).Subtrees(level, begin, end, &newest.Root)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("boltledger: %s: %w", r.store.path, err)
	}
	return hashes, nil
}

// prove calls f with the tree of the given size and what a checkpoint of that
// size would say, after checking that against the newest checkpoint.
func (r *Reader) prove(ctx context.Context, size uint64, f func(ledger.Tree, ledger.Checkpoint) error) error {
	newest, _, err := r.state(ctx)
	if err != nil {
		return err
	}
	if err := (ledger.Tree{Size: newest.Size}).CheckSpan(0, size); err != nil {
		return err
	}
	return r.store.view(func(tx *bbolt.Tx) error {
		tree := r.store.tree(tx, size)
		at := ledger.Checkpoint{Origin: newest.Origin, Size: size, Root: newest.Root}
		if size < newest.Size {
			if at.Root, err = tree.Root(); err != nil {
				return err
			}
			if err := r.store.checkPrefix(tx, newest, at); err != nil {
				return err
			}
		}
		tree.Size = newest.Size
		if err := f(tree, at); err != nil {
			return fmt.Errorf("boltledger: %s: %w", r.store.path, err)
		}
		return nil
	})
}

// Close releases the ledger. Later calls fail with ErrClosed.
func (r *Reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return ledger.ErrClosed
	}
	r.closed = true
	r.wake()
	return r.store.close()
}
