package main

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
			e, err := hold(t.Context(), s.group, kindNamed(s.kind), s.voters)
			require.NoError(t, err)
			report, err := tally.Audit(t.Context(), e.log, e.Fingerprint, nil)
			require.NoError(t, err)
			require.True(t, report.Verified(), report.Text())
			require.EqualValues(t, 3, report.Result.Ballots)

			entries := e.entries()
			require.NoError(t, e.verifyBatch(entries, 7))
			entries[1][len(entries[1])-1-e.Group.ScalarLen()/2] ^= 1 // in the last response
			require.ErrorContains(t, e.verifyBatch(entries, 3), "item 1")

			shares, sum, err := e.shares()
			require.NoError(t, err)
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
		m, err := e.prepare(elgamal.Ristretto255(), k, 1, inMemory)
		require.NoError(t, err, k.name)
		require.Equal(t, slots[k.name], m.Columns(), k.name)
		for voter := range 3 {
			require.NoError(t, m.CheckVotes(0, k.votes(voter)), k.name)
		}
	}
}

func TestClassicBallots(t *testing.T) {
	t.Run("hanpyo", func(t *testing.T) { testClassic(t, hanpyoLibrary(elgamal.Ristretto255())) })
	t.Run("hanpyo P-256", func(t *testing.T) { testClassic(t, hanpyoLibrary(elgamal.P256())) })
	t.Run("kyber", func(t *testing.T) { testClassic(t, kyberEdwards()) })
	t.Run("kyber vartime", func(t *testing.T) { testClassic(t, kyberEdwardsVarTime()) })
	t.Run("kyber checked", func(t *testing.T) { testClassic(t, kyberEdwardsChecked()) })
	t.Run("circl ristretto255", func(t *testing.T) { testClassic(t, circlRistretto()) })
	t.Run("circl P-256", func(t *testing.T) { testClassic(t, circlP256()) })
}

func testClassic[P, S any](t *testing.T, l library[P, S]) {
	votes := kindNamed("1-of-2").classic
	c := newClassic(l, votes)
	good := c.newBallot(votes)
	require.Len(t, good, 2*(2*l.pointLen+4*l.scalarLen)+2*l.scalarLen)
	require.NoError(t, c.verifyBallot(votes, good))
	require.NotEqual(t, good, c.newBallot(votes))

	row := 2*l.pointLen + 4*l.scalarLen
	for name, change := range map[string]func(b []byte) []byte{
		"options exchanged": func(b []byte) []byte {
			return append(append(append([]byte(nil), b[row:2*row]...), b[:row]...), b[2*row:]...)
		},
		"response": func(b []byte) []byte { b[row-l.scalarLen/2] ^= 1; return b },
		"short":    func(b []byte) []byte { return b[:len(b)-l.scalarLen] },
		"long":     func(b []byte) []byte { return append(b, 0) },
	} {
		require.Error(t, c.verifyBallot(votes, change(append([]byte(nil), good...))), name)
	}

	// Two votes, with a proof that they are two.
	two := classicVotes{options: []uint8{1, 1}, sums: []classicSum{{votes.sums[0].options, 2, 2}}}
	b := c.newBallot(two)
	require.NoError(t, c.verifyBallot(two, b))
	require.ErrorIs(t, c.verifyBallot(votes, b), errClassic)
}

// TestEdwardsCodec: the comparison would not be one with a lax codec.
func TestEdwardsCodec(t *testing.T) {
	order2 := make([]byte, 32) // y = −1
	for i := range order2 {
		order2[i] = 0xff
	}
	order2[0], order2[31] = 0xec, 0x7f
	_, err := kyberEdwardsChecked().decode(order2)
	require.ErrorIs(t, err, errSubgroup)
	_, err = kyberEdwards().decode(order2)
	require.NoError(t, err)

	beyond := make([]byte, 32) // y = 1 + p
	for i := range beyond {
		beyond[i] = 0xff
	}
	beyond[0], beyond[31] = 0xee, 0x7f
	_, err = kyberEdwardsChecked().decode(beyond)
	require.ErrorIs(t, err, errCanonical)
}

// TestNeff: the comparison shuffles and proves, and a changed output or proof
// does not verify.
func TestNeff(t *testing.T) {
	for _, w := range []int{1, 3} {
		x := newNeff(mixSize{w, 4})
		x.fill()
		require.NoError(t, x.shuffle())
		require.NoError(t, x.prove())
		output := x.output()
		require.NoError(t, x.verify(output))
		output[0][0], output[0][1] = output[0][1], output[0][0]
		require.Error(t, x.verify(output))
		output[0][0], output[0][1] = output[0][1], output[0][0]
		x.proof[len(x.proof)-16] ^= 1
		require.Error(t, x.verify(output))
	}
}
