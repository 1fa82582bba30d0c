package tally

import (
	"context"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
)

// TestCutHeads holds that a mix and a share of a mixed contest which end within
// their heads are malformed, and not taken for ones of contest 0.
func TestCutHeads(t *testing.T) {
	for _, g := range groups {
		f := honestMixed(t, g)
		contests := f.Manifest.Contests
		require.True(t, contests[0].Mixed())
		body := parse(t, f.entries[f.at(t, entry.Mix, 0)]).Body
		for n := range 4 + 4 + 32 {
			_, _, err := parseMixHead(contests, body[:n])
			require.ErrorIs(t, err, ErrEncoding, "mix of %d bytes", n)
		}
		body = parse(t, f.entries[f.at(t, entry.Share, 0)]).Body
		for n := range 4 + 32 {
			_, err := parseShare(g, contests, body[:n])
			require.ErrorIs(t, err, ErrEncoding, "share of %d bytes", n)
		}
	}
}

// fickle is a reader that answers one reading from the beginning with another
// entry.
type fickle struct {
	*operator
	at    uint64
	with  []byte
	lies  int // in which reading
	reads int
}

func (r *fickle) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	if lo == 0 {
		r.reads++
	}
	lying := r.reads == r.lies
	return func(yield func(ledger.Entry, error) bool) {
		for en, err := range r.operator.Entries(ctx, lo, hi) {
			if lying && err == nil && en.Index == r.at {
				en.Data = r.with
			}
			if !yield(en, err) {
				return
			}
		}
	}
}

// TestFickleReader holds that whoever serves a ledger and changes one ballot in
// one of the readings gets nobody else blamed: an audit either did not look at
// ballots in that reading, or says which entry is not that of the ledger.
func TestFickleReader(t *testing.T) {
	f := honest(t, elgamal.Ristretto255())
	at := f.at(t, entry.Ballot, 1)
	blamed := 0
	for lies := 1; ; lies++ {
		r := &fickle{operator: f.read(t, f.entries), at: uint64(at), with: flip(f.entries[at], 60), lies: lies}
		report, err := Audit(t.Context(), r, f.Fingerprint, nil)
		require.NoError(t, err)
		for _, c := range report.Checks {
			require.True(t, c.Status != Failed || c.ID == "ledger.checkpoint", "reading %d\n%s", lies, report.Text())
		}
		if c := report.Check("ledger.checkpoint"); c.Status == Failed {
			blamed++
			require.Equal(t, uint64(at), *c.Findings[0].Entry)
		}
		if r.reads < lies { // there was no such reading
			require.True(t, report.Verified())
			break
		}
	}
	require.GreaterOrEqual(t, blamed, 2, "the first reading under the checkpoint, and the replay")
}
