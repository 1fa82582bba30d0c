package electiontest

import (
	"context"
	"errors"
	"iter"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ledger"
)

// ErrFault is how an operation of a [Faulty] ledger fails.
var ErrFault = errors.New("the disk is gone")

// Faulty is a ledger of which one operation fails with [ErrFault].
type Faulty struct {
	ledger.Ledger
	Left int  // operations before that
	Hit  bool // it came to it
}

func (l *Faulty) fails() bool {
	l.Left--
	l.Hit = l.Hit || l.Left < 0
	return l.Left == -1
}

func (l *Faulty) Append(ctx context.Context, data []byte) (uint64, error) {
	if l.fails() {
		return 0, ErrFault
	}
	return l.Ledger.Append(ctx, data)
}

func (l *Faulty) Checkpoint(ctx context.Context) (ledger.Checkpoint, error) {
	if l.fails() {
		return ledger.Checkpoint{}, ErrFault
	}
	return l.Ledger.Checkpoint(ctx)
}

func (l *Faulty) Await(ctx context.Context, size uint64) (ledger.Checkpoint, error) {
	if l.fails() {
		return ledger.Checkpoint{}, ErrFault
	}
	return l.Ledger.Await(ctx, size)
}

// Entries fails at the first of the entries: who reads need not come to others.
func (l *Faulty) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	fails := lo < hi && l.fails()
	return func(yield func(ledger.Entry, error) bool) {
		for en, err := range l.Ledger.Entries(ctx, lo, hi) {
			if fails {
				yield(ledger.Entry{}, ErrFault)
				return
			}
			if !yield(en, err) {
				return
			}
		}
	}
}

func (l *Faulty) Inclusion(ctx context.Context, index, size uint64) (tlog.RecordProof, error) {
	if l.fails() {
		return nil, ErrFault
	}
	return l.Ledger.Inclusion(ctx, index, size)
}

func (l *Faulty) Consistency(ctx context.Context, old, size uint64) (tlog.TreeProof, error) {
	if l.fails() {
		return nil, ErrFault
	}
	return l.Ledger.Consistency(ctx, old, size)
}
