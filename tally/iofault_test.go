package tally

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
)

var errFault = errors.New("the disk is gone")

// faulty is a ledger of which one operation fails.
type faulty struct {
	ledger.Ledger
	left int  // operations before that
	hit  bool // it came to it
}

func (l *faulty) fails() bool {
	l.left--
	l.hit = l.hit || l.left < 0
	return l.left == -1
}

func (l *faulty) Append(ctx context.Context, data []byte) (uint64, error) {
	if l.fails() {
		return 0, errFault
	}
	return l.Ledger.Append(ctx, data)
}

func (l *faulty) Checkpoint(ctx context.Context) (ledger.Checkpoint, error) {
	if l.fails() {
		return ledger.Checkpoint{}, errFault
	}
	return l.Ledger.Checkpoint(ctx)
}

func (l *faulty) Await(ctx context.Context, size uint64) (ledger.Checkpoint, error) {
	if l.fails() {
		return ledger.Checkpoint{}, errFault
	}
	return l.Ledger.Await(ctx, size)
}

// Entries fails at the first of the entries: who reads need not come to others.
func (l *faulty) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	fails := lo < hi && l.fails()
	return func(yield func(ledger.Entry, error) bool) {
		for en, err := range l.Ledger.Entries(ctx, lo, hi) {
			if fails {
				yield(ledger.Entry{}, errFault)
				return
			}
			if !yield(en, err) {
				return
			}
		}
	}
}

func (l *faulty) Inclusion(ctx context.Context, index, size uint64) (tlog.RecordProof, error) {
	if l.fails() {
		return nil, errFault
	}
	return l.Ledger.Inclusion(ctx, index, size)
}

func (l *faulty) Consistency(ctx context.Context, old, size uint64) (tlog.TreeProof, error) {
	if l.fails() {
		return nil, errFault
	}
	return l.Ledger.Consistency(ctx, old, size)
}

// TestLedgerFails lets each operation of the ledger fail in turn: whoever was
// acting gets that error, and an audit is no pass.
func TestLedgerFails(t *testing.T) {
	ctx, f := t.Context(), honestMixed(t, elgamal.Ristretto255())
	e := f.Election.Election
	before := func(kind entry.Kind, n int) [][]byte { return slices.Clone(f.entries[:f.at(t, kind, n)]) }
	for name, test := range map[string]struct {
		entries [][]byte
		run     func(log ballot.Log) error
	}{
		"pin": {before(entry.Pin, 0), func(log ballot.Log) error { return Pin(ctx, e, log, f.Signers()) }},
		// An entry of the authorities that is no valid pin is read again.
		"pin once more": {append(before(entry.Pin, 0), wrongPin(f)), func(log ballot.Log) error { return Pin(ctx, e, log, f.Signers()) }},
		"mix":           {before(entry.Mix, 1), func(log ballot.Log) error { return Mix(ctx, e, log, f.Mixers[1], nil) }},
		"decrypt":       {before(entry.Share, 0), func(log ballot.Log) error { return Decrypt(ctx, e, log, f.Trustees[0]) }},
		"combine": {before(entry.Result, 0), func(log ballot.Log) error {
			_, err := Combine(ctx, e, log)
			return err
		}},
		"publish": {before(entry.Result, 0), func(log ballot.Log) error { return Publish(ctx, e, log, f.result, f.Signers()) }},
		"audit": {f.entries, func(log ballot.Log) error {
			report, err := Audit(ctx, log, f.Fingerprint, nil)
			if err == nil && !report.Verified() {
				err = errFault
				for _, c := range report.Checks {
					require.NotEqual(t, Failed, c.Status, report.Text())
				}
			}
			return err
		}},
	} {
		for k := 0; ; k++ {
			log := &faulty{Ledger: f.Fork(test.entries...), left: k}
			err := test.run(log)
			if !log.hit {
				require.NoError(t, err, "%s", name)
				require.Greater(t, k, 3, name)
				break
			}
			require.ErrorIs(t, err, errFault, "%s: operation %d", name, k)
		}
	}
	report, err := Audit(ctx, &faulty{Ledger: f.Fork(f.entries...)}, f.Fingerprint, nil)
	require.ErrorIs(t, err, errFault)
	require.Nil(t, report, "without a checkpoint there is nothing to report on")
}
