package ballot_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/zkp"
)

func sumOf(terms []zkp.Term, row []uint8) (total int64) {
	for _, t := range terms {
		total += t.Coefficient * int64(row[t.Slot])
	}
	return total
}

// Sums of encoded rows of random manifests mean what the plain count gives.
func TestRandomManifests(t *testing.T) {
	seeds := 400
	if testing.Short() {
		seeds = 40
	}
	kinds := electiontest.Kinds
	require.ElementsMatch(t, ballot.KindNames(), slices.Concat(kinds, electiontest.MixedKinds))
	for seed := range seeds {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		var contests []ballot.Contest
		for i := range 1 + r.IntN(4) {
			contests = append(contests, electiontest.RandomContest(r, kinds[(seed+i*5)%len(kinds)], fmt.Sprint("c", i), 6))
		}
		m := electiontest.Prepare(t, &electiontest.Options{Contests: contests, Voters: 1, Trustees: 1}).Manifest
		for _, parse := range []func() (*ballot.Manifest, error){
			func() (*ballot.Manifest, error) { return ballot.ParseManifest(m.JSON()) },
			func() (*ballot.Manifest, error) { return ballot.ParseManifestBytes(m.Bytes()) },
		} {
			again, err := parse()
			require.NoError(t, err, "seed %d", seed)
			require.Equal(t, m.ID(), again.ID())
			require.Equal(t, m.JSON(), again.JSON())
		}

		var ballots []ballot.Votes
		sums := make([]int64, m.Columns())
		for range 10 {
			votes := make(ballot.Votes)
			for i := range m.Contests {
				votes[m.Contests[i].ID] = electiontest.RandomVote(r, &m.Contests[i])
			}
			row, err := m.EncodeVotes(0, votes)
			require.NoError(t, err, "seed %d: %v", seed, votes)
			for _, rule := range m.RowRules(0) {
				require.Equal(t, rule.Sum, sumOf(rule.Terms, row))
			}
			for i, column := range m.RowColumns(0) {
				sums[column] += int64(row[i])
			}
			ballots = append(ballots, votes)
		}
		for i := range m.Contests {
			c := &m.Contests[i]
			plain, err := c.Count(func(yield func(ballot.Vote, uint64) bool) {
				for _, votes := range ballots {
					if !yield(votes[c.ID], 1) {
						return
					}
				}
			})
			require.NoError(t, err)
			require.Len(t, plain, len(c.Results()))
			first, _ := c.Columns()
			for k, row := range c.Results() {
				var total int64
				for _, term := range row.Terms {
					total += term.Coefficient * sums[first+term.Slot]
				}
				require.Equal(t, plain[k], total, "seed %d, contest %s, row %s", seed, c.ID, row.ID)
				require.LessOrEqual(t, total, 10*row.High)
				require.GreaterOrEqual(t, total, 10*row.Low)
			}
		}
	}
}
