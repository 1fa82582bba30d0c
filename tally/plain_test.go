package tally

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/tally/count"
)

// checked returns a contest of a manifest.
func checked(t testing.TB, g *elgamal.Group, c ballot.Contest) *ballot.Contest {
	return &electiontest.Prepare(t, &electiontest.Options{Group: g, Contests: []ballot.Contest{c}}).Manifest.Contests[0]
}

// pointsOf returns the points that carry a plaintext.
func pointsOf(t testing.TB, g *elgamal.Group, plain []byte) (points []kyber.Point) {
	for part := range slices.Chunk(plain, elgamal.EmbedLen) {
		points = append(points, embed(t, g, string(part)))
	}
	return points
}

// Who is elected is who the rule elects from the same votes, one by one and in
// the order in which they were cast.
func TestElectIsTheRule(t *testing.T) {
	options := mixedContests()[chair].Options
	seats := map[string]int{"instant-runoff": 1, "scottish-stv": 2, "northern-ireland-stv": 3}
	r := rand.New(rand.NewPCG(5, 5))
	g := groups[0]
	for name, rule := range rules {
		c := checked(t, g, ballot.Contest{ID: "c", Name: "C", Kind: "mixed-ranking", CountBy: name, Seats: seats[name], Plaintexts: "public", Options: options})
		require.NotEmpty(t, c.CountBy)
		for range 20 {
			e := &count.Election{Seats: c.Seats}
			for _, o := range options {
				e.Candidates = append(e.Candidates, o.Name)
			}
			p := newPlaintexts(c)
			for range 1 + r.IntN(12) {
				vote, marks := make(ballot.Vote), make([]int, len(options))
				for rank, o := range r.Perm(len(options))[:r.IntN(len(options)+1)] {
					vote[options[o].ID] = rank + 1
					if marks[o] = rank + 1; name == "plurality" && rank > 0 {
						marks[o] = 0
					}
				}
				plain, err := c.Encode(vote)
				require.NoError(t, err)
				p.open(pointsOf(t, g, plain))
				e.Ballots = append(e.Ballots, count.Ballot{Marks: marks})
			}
			want, err := rule(e)
			require.NoError(t, err)
			got, err := p.elect()
			require.NoError(t, err)
			if want.Papers == 0 {
				require.Nil(t, got)
				continue
			}
			require.Equal(t, want, got, name)
		}
	}
	require.Len(t, rules, 7)
}

// A tie that is for the lot to decide falls in the order of the manifest.
func TestTieFallsInTheOrderOfTheManifest(t *testing.T) {
	g := groups[0]
	for _, first := range []string{"a", "d"} {
		c := mixedContests()[chair]
		c.CountBy, c.Seats = "plurality", 1
		if first == "d" {
			slices.Reverse(c.Options)
		}
		p := newPlaintexts(checked(t, g, c))
		for _, id := range []string{"b", "d", "a"} {
			plain, err := p.contest.Encode(ballot.Vote{id: 1})
			require.NoError(t, err)
			p.open(pointsOf(t, g, plain))
		}
		var result ContestResult
		result.Totals = make([]Total, 5)
		require.NoError(t, result.fill(p.contest, p))
		require.Equal(t, []string{first}, result.Elected)
		require.NotEmpty(t, result.Rounds.Rounds[1].Ties)
	}
}

// P35, P38: what a voter may have encrypted instead of a vote is invalid, is
// counted as such, and stops nothing.
func TestInvalidPlaintexts(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		ranking, text := checked(t, g, mixedContests()[chair]), checked(t, g, mixedContests()[motto])
		valid := map[*ballot.Contest][]string{
			ranking: {"", "\x01", "\x04\x03\x02\x01", "\x02\x02"[:1]},
			text:    {"", "\x01", "\x00hello", "\x00" + strings.Repeat("é", 20)},
		}
		invalid := map[*ballot.Contest][]string{
			ranking: {"\x05", "\xff", "\x01\x01", "\x01\x00\x02", "\x00\x01", "\x01\x02\x03\x04\x01", strings.Repeat("\x00", 28) + "\x01"},
			text: {"\x02", "\x01x", "\x00 a", "\x00a ", "\x00a\x00b", "\x00\xff", "\x00e\u0301", "\x00a\nb", "\x00a",
				"\x00" + strings.Repeat("x", 41), strings.Repeat("\x00", 57) + "\x01"},
		}
		for c, plains := range valid {
			p := newPlaintexts(c)
			_, columns := c.Columns()
			pad := func(plain string) []kyber.Point {
				return pointsOf(t, g, append([]byte(plain), make([]byte, columns*elgamal.EmbedLen-len(plain))...))
			}
			var wait sync.WaitGroup // as openRows calls it
			for _, plain := range slices.Concat(plains, invalid[c], plains) {
				wait.Go(func() { p.open(pad(plain)) })
			}
			for i := range 3 {
				points := pad(plains[i])
				points[columns-1] = g.Generator("garbage", i)
				wait.Go(func() { p.open(points) })
			}
			wait.Wait()
			p.open(pad("")[1:])
			p.open(append(pad(""), g.Point()))
			identity := pad("")
			identity[0] = g.Point()
			p.open(identity)
			require.EqualValues(t, len(invalid[c])+6, p.invalid, "contest %s: %+q", c.ID, slices.Collect(maps.Keys(p.votes)))
			require.Len(t, p.votes, len(plains))
			for plain, v := range p.votes {
				require.EqualValues(t, 2, v, "%+q", plain)
			}
			totals, err := p.totals()
			require.NoError(t, err)
			require.Len(t, totals, len(c.Results()))
			require.Equal(t, p.invalid, totals[len(totals)-1])
		}
	})
}

// The digest that is signed is that of the multiset.
func TestPlaintextsDigest(t *testing.T) {
	g := groups[0]
	c := checked(t, g, mixedContests()[motto])
	digest := func(texts ...string) [32]byte {
		p := newPlaintexts(c)
		for _, text := range texts {
			plain, err := c.Encode(ballot.Vote{text: 1})
			require.NoError(t, err)
			p.open(pointsOf(t, g, append(plain, make([]byte, 2*elgamal.EmbedLen-len(plain))...)))
		}
		return p.digest()
	}
	require.Equal(t, digest("x", "y", "x"), digest("y", "x", "x"))
	seen := make(map[[32]byte]string)
	for _, texts := range [][]string{nil, {"x"}, {"y"}, {"x", "x"}, {"x", "y"}, {"x", "y", "y"}, {"x", "x", "y"}, {"a"}, {"xy"}} {
		d := digest(texts...)
		require.NotContains(t, seen, d)
		seen[d] = fmt.Sprint(texts)
	}
}
