package ledger

import (
	"fmt"
	"math/bits"
	"slices"

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

// Subtrees is what [HashReader] says. If root is not nil, the whole tree must
// have that root, of which these hashes are a part (ErrChain).
func (t Tree) Subtrees(level int, begin, end uint64, root *tlog.Hash) ([]tlog.Hash, error) {
	wanted, err := t.nodes(level, begin, end)
	if err != nil {
		return nil, err
	}
	if root == nil {
		return t.read(wanted)
	}
	left := cover(0, begin<<level)
	all := slices.Concat(left, wanted, cover(end<<level, t.Size))
	hashes, err := t.read(all)
	if err != nil {
		return nil, err
	}
	r := NewRange(0)
	for i, h := range hashes {
		r.push(all[i].level, h)
	}
	if got, err := r.Root(); err != nil || got != *root {
		return nil, fmt.Errorf("ledger: hashes of level %d from %d to %d do not fit the root: %w", level, begin, end, reason.ErrChain)
	}
	return hashes[len(left):][:len(wanted)], nil
}

// node is the n-th complete subtree of a level.
type node struct {
	level int
	n     uint64
}

// nodes returns the subtrees begin ≤ n < end of a level, if t has them.
func (t Tree) nodes(level int, begin, end uint64) ([]node, error) {
	switch {
	case level < 0 || level >= bits.Len64(maxSize) || begin > end:
		return nil, fmt.Errorf("ledger: hashes of level %d from %d to %d: %w", level, begin, end, reason.ErrRange)
	case end > t.Size>>level:
		return nil, fmt.Errorf("ledger: asked for %d hashes of level %d, size is %d: %w", end, level, t.Size, reason.ErrIncomplete)
	}
	nodes := make([]node, 0, end-begin)
	for n := begin; n < end; n++ {
		nodes = append(nodes, node{level, n})
	}
	return nodes, nil
}

// cover returns the largest complete subtrees that make up the entries from at
// to to.
func cover(at, to uint64) (nodes []node) {
	for at < to {
		level := subtreeLevel(at, to)
		nodes = append(nodes, node{level, at >> level})
		at += 1 << level
	}
	return nodes
}

func (t Tree) read(nodes []node) ([]tlog.Hash, error) {
	indexes := make([]int64, len(nodes))
	for i, n := range nodes {
		indexes[i] = tlog.StoredHashIndex(n.level, int64(n.n))
	}
	return t.Hashes.ReadHashes(indexes)
}
