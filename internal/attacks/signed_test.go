package attacks

import (
	"context"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ledger"
)

// signed is a ledger to read whose operator has signed whatever entries, also
// one twice, which a ledger would not take.
type signed struct {
	entries [][]byte
	hashes  storedHashes
	cp      ledger.Checkpoint
}

type storedHashes []tlog.Hash

func (h storedHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		hashes[i] = h[at]
	}
	return hashes, nil
}

// signed returns a ledger of the election's name and key.
func (f *fixture) signed(t testing.TB, entries [][]byte) *signed {
	s := &signed{entries: entries}
	for i, data := range entries {
		more, err := tlog.StoredHashesForRecordHash(int64(i), ledger.LeafHash(data), s.hashes)
		require.NoError(t, err)
		s.hashes = append(s.hashes, more...)
	}
	root, err := s.tree().Root()
	require.NoError(t, err)
	s.cp, err = ledger.SignCheckpoint(f.Signer, uint64(len(entries)), root)
	require.NoError(t, err)
	return s
}

func (s *signed) tree() ledger.Tree {
	return ledger.Tree{Size: uint64(len(s.entries)), Hashes: s.hashes}
}

func (s *signed) Checkpoint(context.Context) (ledger.Checkpoint, error) { return s.cp, nil }

func (s *signed) Await(context.Context, uint64) (ledger.Checkpoint, error) { return s.cp, nil }

func (s *signed) Entries(_ context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for i := lo; i < hi; i++ {
			if !yield(ledger.Entry{Index: i, Data: s.entries[i]}, nil) {
				return
			}
		}
	}
}

func (s *signed) Inclusion(_ context.Context, index, size uint64) (tlog.RecordProof, error) {
	return s.tree().Inclusion(index, size)
}

func (s *signed) Consistency(_ context.Context, old, size uint64) (tlog.TreeProof, error) {
	return s.tree().Consistency(old, size)
}
