package ledger

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Tree is the Merkle tree of a ledger as its maker stores it; readers answer
// from it what [Reader] asks. Size is the published size, Hashes reads by
// [tlog.StoredHashIndex].
type Tree struct {
	Size   uint64
	Hashes tlog.HashReader
}

// Root returns the root hash.
func (t Tree) Root() (tlog.Hash, error) { return tlog.TreeHash(int64(t.Size), t.Hashes) }

// CheckSpan refuses entries lo ≤ index < hi that t does not have: ErrRange if
// lo > hi, ErrIncomplete if hi is above the size.
func (t Tree) CheckSpan(lo, hi uint64) error {
	switch {
	case lo > hi:
		return fmt.Errorf("ledger: entries from %d to %d: %w", lo, hi, reason.ErrRange)
	case hi > t.Size:
		return fmt.Errorf("ledger: asked for size %d, have %d: %w", hi, t.Size, reason.ErrIncomplete)
	}
	return nil
}

// Inclusion is what [Reader] says, ErrRange if index is not below size.
func (t Tree) Inclusion(index, size uint64) (tlog.RecordProof, error) {
	if index >= size {
		return nil, fmt.Errorf("ledger: entry %d in a tree of size %d: %w", index, size, reason.ErrRange)
	}
	if err := t.CheckSpan(index, size); err != nil {
		return nil, err
	}
	return tlog.ProveRecord(int64(size), int64(index), t.Hashes)
}

// Consistency is what [Reader] says, ErrRange if old is above size.
func (t Tree) Consistency(old, size uint64) (tlog.TreeProof, error) {
	if err := t.CheckSpan(old, size); err != nil || old == 0 {
		return nil, err
	}
	return tlog.ProveTree(int64(size), int64(old), t.Hashes)
}
