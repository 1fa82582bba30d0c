package tally

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
)

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
				err = electiontest.ErrFault
				for _, c := range report.Checks {
					require.NotEqual(t, Failed, c.Status, report.Text())
				}
			}
			return err
		}},
	} {
		for k := 0; ; k++ {
			log := &electiontest.Faulty{Ledger: f.Fork(test.entries...), Left: k}
			err := test.run(log)
			if !log.Hit {
				require.NoError(t, err, "%s", name)
				require.Greater(t, k, 3, name)
				break
			}
			require.ErrorIs(t, err, electiontest.ErrFault, "%s: operation %d", name, k)
		}
	}
	report, err := Audit(ctx, &electiontest.Faulty{Ledger: f.Fork(f.entries...)}, f.Fingerprint, nil)
	require.ErrorIs(t, err, electiontest.ErrFault)
	require.Nil(t, report, "without a checkpoint there is nothing to report on")
}
