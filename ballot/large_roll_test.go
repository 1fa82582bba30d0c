package ballot_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
)

// withRoll prepares an election with a roll of n credentials of nobody, in two
// styles, on the ledger.
func withRoll(t testing.TB, n int) *electiontest.Election {
	e := electiontest.Prepare(t, &electiontest.Options{
		Trustees: 1, Voters: 1, Limits: ballot.Limits{MaxVoters: uint64(n), MaxWeight: 2 * uint64(n)},
		BallotStyles: []ballot.Style{{ID: "mayor", Name: "Mayor", Contests: []int{0}}, {ID: "both", Name: "Both", Contests: []int{0, 1}}},
	})
	lines := make([]ballot.RollLine, n)
	g := elgamal.Ristretto255()
	p := g.HashToPoint("test roll", nil)
	for i := range lines {
		p = g.Point().Add(p, g.Base())
		lines[i] = ballot.RollLine{Key: g.AppendPoint(nil, p), Weight: 1 + uint64(i%2), Style: i % 2}
	}
	var err error
	e.Roll, err = ballot.NewRoll(e.Manifest, lines)
	require.NoError(t, err)
	e.Publish()
	e.RunCeremony()
	e.PublishRoll()
	return e
}

func TestFindLine(t *testing.T) {
	const n = 2100 // three entries
	e := withRoll(t, n)
	e.Open()
	for _, i := range []uint64{0, 1, 999, 1000, 1999, 2000, n - 1} {
		want, err := e.Roll.Line(i)
		require.NoError(t, err)
		got, err := e.FindLine(t.Context(), e.Log, want.Key)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.NoError(t, e.Opening.Roll.VerifyLine(e.Manifest, got))
	}
	_, err := e.FindLine(t.Context(), e.Log, e.Voters[0].Key.Public())
	require.ErrorIs(t, err, ballot.ErrEligibility)

	// A ledger of the same key that has only the first entries of the roll.
	var short [][]byte
	entries := e.Entries()
	for i, en := range entries {
		if uint64(i)+2 != e.Opening.Index {
			short = append(short, en.Data)
		}
	}
	_, err = e.FindLine(t.Context(), e.Fork(append(short, entries[0].Data)...), e.Voters[0].Key.Public())
	require.ErrorIs(t, err, ballot.ErrChain)
}

// A roll of a million lines: opening the election and loading it, which reads
// all of the roll once it is open, and proving one line from the ledger.
func BenchmarkLargeRoll(b *testing.B) {
	const n = 1_000_000
	e := withRoll(b, n)
	middle, err := e.Roll.Line(n / 2)
	require.NoError(b, err)
	e.Roll = nil
	perLine := func(b *testing.B) { b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "lines/s") }
	b.Run(fmt.Sprintf("Open/lines=%d", n), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			e.Open()
		}
		perLine(b)
	})
	if e.Election == nil {
		e.Open()
	}
	b.Run(fmt.Sprintf("FindLine/lines=%d", n), func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			got, err := e.FindLine(b.Context(), e.Log, middle.Key)
			require.NoError(b, err)
			require.Equal(b, middle, got)
		}
		perLine(b)
	})
}
