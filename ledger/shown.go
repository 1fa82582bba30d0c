package ledger

import (
	"context"
	"iter"

	"golang.org/x/mod/sumdb/tlog"
)

// shown is a ledger of which readers see no more than up to a checkpoint that
// is older than its newest one.
type shown struct {
	Ledger
	current func() Checkpoint
}

func (s shown) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[Entry, error] {
	if err := (Tree{Size: s.current().Size}).CheckSpan(lo, hi); err != nil {
		return func(yield func(Entry, error) bool) { yield(Entry{}, err) }
	}
	return s.Ledger.Entries(ctx, lo, hi)
}

func (s shown) Inclusion(ctx context.Context, index, size uint64) (tlog.RecordProof, error) {
	if err := (Tree{Size: s.current().Size}).CheckSpan(0, size); err != nil {
		return nil, err
	}
	return s.Ledger.Inclusion(ctx, index, size)
}

func (s shown) Consistency(ctx context.Context, old, size uint64) (tlog.TreeProof, error) {
	if err := (Tree{Size: s.current().Size}).CheckSpan(0, size); err != nil {
		return nil, err
	}
	return s.Ledger.Consistency(ctx, old, size)
}

// Hashes implements [HashReader].
func (s shown) Hashes(ctx context.Context, level int, begin, end uint64) ([]tlog.Hash, error) {
	return subtreeHashes(ctx, s.Ledger, s.current(), level, begin, end)
}
