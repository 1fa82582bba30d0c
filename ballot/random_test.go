package ballot_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
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

// Votes of random mixed contests come back out of the points that carry them.
func TestRandomMixedVotes(t *testing.T) {
	for seed := range 60 {
		r := rand.New(rand.NewPCG(uint64(seed), 2))
		kind := electiontest.MixedKinds[seed%len(electiontest.MixedKinds)]
		g := []*elgamal.Group{elgamal.Ristretto255(), elgamal.P256()}[seed/2%2]
		contests := []ballot.Contest{electiontest.RandomContest(r, kind, "c", 8)}
		m := electiontest.Prepare(t, &electiontest.Options{Group: g, Contests: contests, Voters: 1, Trustees: 1}).Manifest
		again, err := ballot.ParseManifest(m.JSON())
		require.NoError(t, err)
		require.Equal(t, m.Bytes(), again.Bytes())

		c := &m.Contests[0]
		var votes, opened []ballot.Vote
		for range 4 {
			v := electiontest.RandomVote(r, c)
			plain, err := c.Encode(v)
			require.NoError(t, err)
			require.Len(t, plain, c.PlaintextLen())
			_, columns := c.Columns()
			plain = append(plain, make([]byte, columns*elgamal.EmbedLen-len(plain))...)
			var points []kyber.Point
			for part := range slices.Chunk(plain, elgamal.EmbedLen) {
				p, err := elgamal.Embed(g, part)
				require.NoError(t, err)
				points = append(points, p)
			}
			back, err := c.OpenPlaintext(points)
			require.NoError(t, err)
			votes, opened = append(votes, v), append(opened, back)
		}
		require.Equal(t, counted(t, c, votes), counted(t, c, opened), "seed %d", seed)
	}
}

func counted(t *testing.T, c *ballot.Contest, votes []ballot.Vote) []int64 {
	totals, err := c.Count(func(yield func(ballot.Vote, uint64) bool) {
		for _, v := range votes {
			if !yield(v, 1) {
				return
			}
		}
	})
	require.NoError(t, err)
	return totals
}
