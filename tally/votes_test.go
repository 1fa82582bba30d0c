package tally

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/ledger"
)

// The opened votes are those that were cast, and not the caller's to change.
func TestVotesOfAMixedContest(t *testing.T) {
	for _, g := range groups {
		f := honestMixed(t, g)
		for range 2 {
			cast := make(map[string]int64)
			for vote, n := range f.result.Contests[chair].Votes() {
				plain, err := f.Manifest.Contests[chair].Encode(vote)
				require.NoError(t, err)
				cast[string(plain)] = n
				vote["a"] = 7
			}
			// One of five has sent garbage.
			require.Equal(t, map[string]int64{"\x01\x02\x00\x00": 2, "\x03\x04\x01\x00": 1, "\x01\x00\x00\x00": 1}, cast)
		}
		for range f.result.Contests[mayor].Votes() {
			require.Fail(t, "a contest that is not mixed has no votes")
		}
		read, err := parseResult(f.Election.Election, f.result.Bytes())
		require.NoError(t, err)
		for range read.Contests[chair].Votes() {
			require.Fail(t, "a result that was only read has no votes")
		}
	}
}

// The sums that are made while the ledger is applied are those of the slow
// reference, rows of mixed contests and superseded ballots included.
func TestAdderIsTheSumOverCountedBallots(t *testing.T) {
	for _, g := range groups {
		f := honestMixed(t, g)
		e, size := f.Election.Election, uint64(len(f.entries))
		state := ballot.NewState(e)
		sums := newAdder(e, state)
		require.NoError(t, state.Advance(t.Context(), f.read(t, f.entries), size, &ballot.ReplayOptions{Applied: func(entries []ledger.Entry, accepted []ballot.AcceptedBallot) {
			for _, en := range entries { // one at a time
				var of []ballot.AcceptedBallot
				for _, b := range accepted {
					if b.Index == en.Index {
						of = append(of, b)
					}
				}
				sums.applied([]ledger.Entry{en}, of)
			}
		}}))
		got, err := sums.sum(t.Context(), f.read(t, f.entries), work{})
		require.NoError(t, err)
		want, err := SumRange(t.Context(), e, f.read(t, f.entries), state, 0, f.closing.pinned.size)
		require.NoError(t, err)
		for i := range e.Manifest.Contests {
			if !e.Manifest.Contests[i].Mixed() {
				requireSum(t, want.contest(e, i), got.contest(e, i))
			}
			require.Len(t, got.rows[i], len(want.rows[i]))
			for j, row := range want.rows[i] {
				require.Equal(t, row.index, got.rows[i][j].index)
				require.Equal(t, g.AppendCiphertext(nil, row.row), g.AppendCiphertext(nil, got.rows[i][j].row))
			}
		}
		require.Equal(t, want.styles[1].groups, got.styles[1].groups)
		wantRoot, err := want.Root()
		require.NoError(t, err)
		gotRoot, err := got.Root()
		require.NoError(t, err)
		require.Equal(t, wantRoot, gotRoot)
	}
}
