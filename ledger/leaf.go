package ledger

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// Limits of an entry, in bytes.
const (
	// MaxEntry is the largest entry.
	MaxEntry = 64 << 20
	// MaxLeaf is the largest entry that is itself the leaf of the tree, as
	// c2sp.org/tlog-tiles allows. In place of a larger one stands its stub.
	MaxLeaf = 1<<16 - 1
)

// stubPrefix begins every stub, and no entry.
const stubPrefix = "hanpyo/v1 large entry\n"

// Stub is the leaf that stands in the tree for an entry larger than MaxLeaf.
type Stub struct {
	Hash [sha256.Size]byte // SHA-256 of the data
	Size uint64            // its length
}

func newStub(data []byte) Stub { return Stub{sha256.Sum256(data), uint64(len(data))} }

// Leaf returns the leaf of s: the prefix, the hash, the length as eight bytes.
func (s Stub) Leaf() []byte {
	var w wire.Writer
	w.Raw([]byte(stubPrefix))
	w.Raw(s.Hash[:])
	w.Uint64(s.Size)
	return w.Bytes()
}

// Check refuses data that is not what s stands for (ErrChain).
func (s Stub) Check(data []byte) error {
	if newStub(data) != s {
		return fmt.Errorf("ledger: large entry %x… differs from its stub: %w", s.Hash[:4], reason.ErrChain)
	}
	return nil
}

// ParseLeaf returns the stub that leaf is, or false for an ordinary entry. A
// leaf that begins like a stub and is none is an error (ErrEncoding).
func ParseLeaf(leaf []byte) (s Stub, ok bool, err error) {
	if !isReserved(leaf) {
		return Stub{}, false, nil
	}
	r := wire.NewReader(leaf)
	r.Raw(len(stubPrefix))
	copy(s.Hash[:], r.Raw(len(s.Hash)))
	s.Size = r.Uint64()
	if err := r.Done(); err != nil {
		return Stub{}, false, fmt.Errorf("ledger: stub: %w", err)
	}
	if s.Size <= MaxLeaf || s.Size > MaxEntry {
		return Stub{}, false, fmt.Errorf("ledger: stub of %d bytes: %w", s.Size, reason.ErrEncoding)
	}
	return s, true, nil
}

func isReserved(data []byte) bool { return bytes.HasPrefix(data, []byte(stubPrefix)) }

// CheckEntry refuses data that cannot be an entry: ErrTooLarge if it is empty
// or larger than MaxEntry, ErrEncoding if it begins like a stub.
func CheckEntry(data []byte) error {
	if len(data) == 0 || len(data) > MaxEntry {
		return ErrTooLarge
	}
	if isReserved(data) {
		return fmt.Errorf("ledger: entry begins with the prefix of stubs: %w", reason.ErrEncoding)
	}
	return nil
}

// Leaf returns the leaf for data: data itself, or its stub if it is larger
// than MaxLeaf.
func Leaf(data []byte) []byte {
	// Reserved data is no entry. It gets a stub all the same, so that its
	// leaf is never that of an entry and a wrong reader cannot pass a stub
	// off as the data.
	if len(data) > MaxLeaf || isReserved(data) {
		return newStub(data).Leaf()
	}
	return data
}

// LeafHash returns the hash of the leaf for data: RFC 6962 over Leaf(data).
func LeafHash(data []byte) tlog.Hash { return tlog.RecordHash(Leaf(data)) }
