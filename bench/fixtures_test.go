package bench

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/tally"
)

func TestElections(t *testing.T) {
	for _, s := range []subject{
		{elgamal.Ristretto255(), "1-of-2", 3},
		{elgamal.Ristretto255(), "30-slots", 3},
		{elgamal.P256(), "1-of-2", 3},
	} {
		t.Run(s.name(), func(t *testing.T) {
			e := s.hold(t)
			report, err := tally.Audit(t.Context(), e.log, e.Fingerprint, nil)
			require.NoError(t, err)
			require.True(t, report.Verified(), report.Text())
			require.EqualValues(t, 3, report.Result.Ballots)

			entries := e.entries()
			require.NoError(t, e.verifyBatch(entries, 7))
			entries[1][len(entries[1])-1-e.Group.ScalarLen()/2] ^= 1 // in the last response
			require.ErrorContains(t, e.verifyBatch(entries, 3), "item 1")

			shares, sum := e.shares(t)
			totals, err := e.combine(shares, sum)
			require.NoError(t, err)
			var want []int64
			for _, c := range report.Result.Contests {
				for _, total := range c.Totals {
					want = append(want, total.Total)
				}
			}
			require.Equal(t, want, totals)
		})
	}
}

func TestKinds(t *testing.T) {
	slots := map[string]int{"1-of-2": 2, "1-of-5": 5, "5-of-20": 23, "rank-10": 100, "30-slots": 30, "1-of-50": 50}
	for _, k := range kinds {
		e := &election{}
		m, err := e.prepare(elgamal.Ristretto255(), k, 1)
		require.NoError(t, err, k.name)
		require.Equal(t, slots[k.name], m.Columns(), k.name)
		for voter := range 3 {
			require.NoError(t, m.CheckVotes(0, k.votes(voter)), k.name)
		}
	}
}

func TestClassicBallots(t *testing.T) {
	for _, g := range []*elgamal.Group{elgamal.Ristretto255(), kyberEdwards(true), kyberEdwards(false)} {
		b, err := newClassicBallot(g, elgamal.GenerateKey(g, 1).Public(), kindNamed("1-of-2").classic)
		require.NoError(t, err)
		require.NoError(t, b.verify())
		b.proofs[2], b.proofs[0] = b.proofs[0], b.proofs[2]
		require.Error(t, b.verify())
	}
}

// TestEdwardsCodec: the comparison would not be one with a lax codec.
func TestEdwardsCodec(t *testing.T) {
	order2 := make([]byte, 32) // y = −1
	for i := range order2 {
		order2[i] = 0xff
	}
	order2[0], order2[31] = 0xec, 0x7f
	_, err := kyberEdwards(true).DecodePointOrIdentity(order2)
	require.ErrorIs(t, err, errSubgroup)
	_, err = kyberEdwards(false).DecodePointOrIdentity(order2)
	require.NoError(t, err)

	beyond := make([]byte, 32) // y = 1 + p
	for i := range beyond {
		beyond[i] = 0xff
	}
	beyond[0], beyond[31] = 0xee, 0x7f
	for _, checked := range []bool{true, false} {
		_, err = kyberEdwards(checked).DecodePointOrIdentity(beyond)
		require.ErrorIs(t, err, errCanonical)
	}
}
