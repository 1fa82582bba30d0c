package attacks

import (
	"context"
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/tally"
)

// liar is a ledger that shows other entries than the ones it has signed.
type liar struct {
	ledger.Ledger
	entries [][]byte
	appends int
}

func (l *liar) Append(ctx context.Context, data []byte) (uint64, error) {
	l.appends++
	return l.Ledger.Append(ctx, data)
}

func (l *liar) Entries(_ context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for i := lo; i < min(hi, uint64(len(l.entries))); i++ {
			if !yield(ledger.Entry{Index: i, Data: l.entries[i]}, nil) {
				return
			}
		}
	}
}

// An operator who shows other entries than those under the checkpoint is found
// out by everybody who reads: voters' devices, boxes, mixers, trustees,
// whoever combines, and auditors. Nobody posts anything.
func TestP67EntriesChanged(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		closed := f.at(t, entry.Close, 0)
		from := f.at(t, entry.Ballot, 1) // whatever is changed is after the open
		cut := f.entries[:f.at(t, entry.Share, 0)]
		flip := slices.Clone(cut[from])
		flip[len(flip)-2] ^= 1
		junk := []byte("something")
		for name, c := range map[string]struct {
			entries [][]byte
			want    error
		}{
			"nothing":    {cut, nil},
			"modified":   {replace(cut, from, flip), ballot.ErrChain},
			"dropped":    {append(without(cut, from), junk), ballot.ErrChain},
			"inserted":   {insert(cut, from, junk)[:len(cut)], ballot.ErrChain},
			"duplicated": {insert(cut, from, cut[from])[:len(cut)], ballot.ErrChain},
			"swapped":    {replace(replace(cut, from, cut[from+1]), from+1, cut[from]), ballot.ErrChain},
			"replaced":   {replace(cut, from, junk), ballot.ErrChain},
			"cut":        {cut[:closed], ballot.ErrIncomplete},
			"emptied":    {replace(cut, from, nil), ballot.ErrChain},
		} {
			t.Run(name, func(t *testing.T) {
				log := &liar{Ledger: f.Fork(cut...), entries: c.entries}
				e, ctx := f.Election.Election, t.Context()
				replay := func() error {
					_, err := ballot.Replay(ctx, e, log, uint64(len(cut)), nil)
					return err
				}
				if c.want == nil {
					require.NoError(t, replay())
					return
				}
				requireReason(t, c.want, replay(), "replay")
				_, err := ballot.OpenBox(ctx, e, log)
				requireReason(t, c.want, err, "box")
				requireReason(t, c.want, ballot.Close(ctx, log, f.Fingerprint, f.Signers()), "close")
				requireReason(t, c.want, tally.Pin(ctx, e, log, f.Signers()), "pin")
				requireReason(t, c.want, tally.Decrypt(ctx, e, log, f.Trustees[0]), "decrypt")
				if f.mixed {
					requireReason(t, c.want, tally.Mix(ctx, e, log, f.Mixers[2], nil), "mix")
				}
				_, err = tally.Combine(ctx, e, log)
				requireReason(t, c.want, err, "combine")
				report, err := tally.Audit(ctx, log, f.Fingerprint, nil)
				require.NoError(t, err)
				require.False(t, report.Verified())
				status := tally.Failed
				if c.want == reason.ErrIncomplete {
					status = tally.NotRun
				}
				require.Equal(t, status, report.Check("ledger.checkpoint").Status)
				requireReason(t, c.want, report.Check("ledger.checkpoint").Findings[0].Err)
				require.Zero(t, log.appends)
			})
		}
	})
}

// A ledger that was rolled back or forked convicts itself to whoever brings an
// earlier checkpoint of it; two roots at one size are evidence that verifies by
// itself.
func TestP67P68OlderAndOtherLedgers(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		last := len(f.entries) - 1
		checkpoint := func(entries [][]byte) []byte {
			cp, err := f.Fork(entries...).Checkpoint(t.Context())
			require.NoError(t, err)
			return cp.Raw
		}
		audit := func(entries [][]byte, brought ...[]byte) *tally.Report {
			report, err := tally.Audit(t.Context(), f.Fork(entries...), f.Fingerprint, &tally.AuditOptions{Checkpoints: brought})
			require.NoError(t, err)
			return report
		}
		whole := checkpoint(f.entries)
		f.requireSame(t, audit(f.entries, whole, checkpoint(f.entries[:f.opened])))

		longer := append(slices.Clone(f.entries), []byte("junk"))
		requireFinding(t, audit(f.entries, checkpoint(longer)), "ledger.continuity", -1, tally.ErrChain)
		requireFinding(t, audit(longer, checkpoint(append(slices.Clone(f.entries), []byte("other junk"), []byte("x")))), "ledger.continuity", -1, tally.ErrChain)

		other := replace(longer, last+1, []byte("other junk"))
		report := audit(longer, checkpoint(other))
		requireFinding(t, report, "ledger.continuity", -1, tally.ErrFork)
		require.False(t, report.Verified())
		var fork *ledger.ForkError
		require.ErrorAs(t, report.Check("ledger.continuity").Findings[0].Err, &fork)
		require.NoError(t, fork.Check(f.Manifest.Policy()), "the evidence needs nothing but the key")
		none := &ledger.ForkError{}
		require.Error(t, none.Check(f.Manifest.Policy()))
	})
}
