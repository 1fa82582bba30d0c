package boltledger

import (
	"math/bits"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"
)

// edge is what of a tree it takes to make it grow: the hashes of the largest
// complete subtrees that it is made of, from left to right.
type edge struct {
	size   uint64
	hashes []tlog.Hash
}

// loadEdge reads the edge of the stored tree of the given size.
func (s *store) loadEdge(tx *bbolt.Tx, size uint64) (edge, error) {
	var at []int64
	for begin := uint64(0); begin < size; {
		level := bits.Len64(size-begin) - 1
		at = append(at, tlog.StoredHashIndex(level, int64(begin>>level)))
		begin += 1 << level
	}
	hashes, err := s.tree(tx, size).Hashes.ReadHashes(at)
	return edge{size, hashes}, err
}

// add adds a leaf, and returns what is stored for it: its hash, then that of
// each subtree that it completes.
func (e *edge) add(leaf tlog.Hash) []byte {
	completes := bits.TrailingZeros64(e.size + 1)
	stored := append(make([]byte, 0, (1+completes)*tlog.HashSize), leaf[:]...)
	for range completes {
		last := len(e.hashes) - 1
		leaf = tlog.NodeHash(e.hashes[last], leaf)
		e.hashes = e.hashes[:last]
		stored = append(stored, leaf[:]...)
	}
	e.hashes = append(e.hashes, leaf)
	e.size++
	return stored
}

// root returns the root of the tree.
func (e *edge) root() tlog.Hash {
	if e.size == 0 {
		return emptyRoot
	}
	h := e.hashes[len(e.hashes)-1]
	for i := len(e.hashes) - 2; i >= 0; i-- {
		h = tlog.NodeHash(e.hashes[i], h)
	}
	return h
}
