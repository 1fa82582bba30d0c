package tally

import (
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
)

// poll is an election that is run to its result, with the plain votes.
type poll struct {
	*electiontest.Election
	votes []ballot.Votes // by voter
}

// holdPoll lets every voter cast random votes and decrypts the result.
func holdPoll(t *testing.T, r *rand.Rand, o *electiontest.Options) (*poll, *Result) {
	t.Helper()
	p := &poll{Election: electiontest.New(t, o)}
	for i, v := range p.Voters {
		votes := make(ballot.Votes)
		for _, contest := range p.Manifest.Styles[v.Line.Style].Contests {
			c := &p.Manifest.Contests[contest]
			votes[c.ID] = electiontest.RandomVote(r, c)
		}
		p.votes = append(p.votes, votes)
		p.Cast(i, votes)
	}
	p.Close()
	require.NoError(t, Pin(t.Context(), p.Election.Election, p.Log, p.Signers()))
	for _, mixer := range p.Mixers {
		require.NoError(t, Mix(t.Context(), p.Election.Election, p.Log, mixer, nil))
	}
	for _, trustee := range p.Trustees[:p.Manifest.Threshold] {
		require.NoError(t, Decrypt(t.Context(), p.Election.Election, p.Log, trustee))
	}
	result, err := Combine(t.Context(), p.Election.Election, p.Log)
	require.NoError(t, err)
	return p, result
}

// plain yields the votes in one contest with their weights.
func (p *poll) plain(contest int) iter.Seq2[ballot.Vote, uint64] {
	return func(yield func(ballot.Vote, uint64) bool) {
		for i, v := range p.Voters {
			if _, ok := p.Manifest.RowStart(v.Line.Style, contest); !ok {
				continue
			}
			if !yield(p.votes[i][p.Manifest.Contests[contest].ID], v.Line.Weight) {
				return
			}
		}
	}
}

func (p *poll) check(t *testing.T, result *Result) {
	t.Helper()
	for i := range p.Manifest.Contests {
		c := &p.Manifest.Contests[i]
		want, err := c.Count(p.plain(i))
		require.NoError(t, err)
		var got []int64
		for k, total := range result.Contests[i].Totals {
			got = append(got, total.Total)
			require.Equal(t, c.Results()[k].ID, total.ID)
			require.Equal(t, c.Results()[k].Label, total.Label)
		}
		require.Equal(t, want, got, "%s %s: %v", c.Kind, c.ID, p.votes)
	}
}

// For random contests of every kind and random votes, what is decrypted is
// what plain counting gives.
func TestEveryKind(t *testing.T) {
	type run struct {
		group    *elgamal.Group
		trustees int
	}
	runs := []run{{elgamal.Ristretto255(), 3}, {elgamal.P256(), 1}, {elgamal.Ristretto255(), 1}, {elgamal.P256(), 2}}
	if testing.Short() {
		runs = runs[2:3]
	}
	for seed, run := range runs {
		t.Run(fmt.Sprintf("%s/%d", run.group.Name(), seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(seed), 7))
			var contests []ballot.Contest
			for i, kind := range electiontest.Kinds {
				contests = append(contests, electiontest.RandomContest(r, kind, fmt.Sprint("c", i), 3))
			}
			p, result := holdPoll(t, r, &electiontest.Options{
				Group: run.group, Trustees: run.trustees, Threshold: (run.trustees + 2) / 2, Contests: contests,
				Voters: 5, Weights: []uint64{1, 3, 1, 2, 3},
			})
			p.check(t, result)
		})
	}
}

// The same for the kinds that are mixed: with three contests of each, in two
// styles, beside one of slots.
func TestMixedKinds(t *testing.T) {
	for seed, g := range groups {
		r := rand.New(rand.NewPCG(uint64(seed), 8))
		contests := electiontest.Contests()[:1]
		for i := range 6 {
			kind := electiontest.MixedKinds[i%2]
			contests = append(contests, electiontest.RandomContest(r, kind, fmt.Sprint("c", i), 5))
		}
		p, result := holdPoll(t, r, &electiontest.Options{
			Group: g, Trustees: 1, Contests: contests, Voters: 6, Styles: []int{0, 1},
			BallotStyles: []ballot.Style{
				{ID: "all", Name: "All", Contests: []int{0, 1, 2, 3, 4, 5, 6}}, {ID: "some", Name: "Some", Contests: []int{5, 2, 0}},
			},
		})
		p.check(t, result)
		report, err := Audit(t.Context(), p.Log, p.Fingerprint, nil)
		require.NoError(t, err)
		requireReport(t, report, nil, []string{"result.published", "tally.sum", "result.bounds", "result.minimum", "result.count", counted})
		require.Equal(t, result, report.Result)
	}
}

// manyCells are contests of the kinds whose slots say more than their results.
func manyCells() []ballot.Contest {
	options := []ballot.Option{{ID: "ada", Name: "Ada"}, {ID: "grace", Name: "Grace"}, {ID: "edith", Name: "Edith"}}
	return []ballot.Contest{
		{ID: "score", Name: "Score", Kind: "score", Max: 5, Blank: true, Options: options},
		{ID: "star", Name: "Star", Kind: "star", Max: 5, Options: options},
		{ID: "quadratic", Name: "Quadratic", Kind: "quadratic", Points: 9, Options: options},
		{ID: "borda", Name: "Borda", Kind: "ranked-points", Values: []int{2, 1}, Options: options},
		{ID: "pairwise", Name: "Pairwise", Kind: "pairwise", Options: options},
	}
}

// What leaves a trustee for a contest is one partial decryption for each result
// row, of exactly that combination of slots: none of a level, a digit, a rank
// or any other slot that is not itself a result.
func TestOnlyResultRowsAreDecrypted(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	p, _ := holdPoll(t, r, &electiontest.Options{Contests: manyCells(), Trustees: 1, Voters: 3})
	g := p.Group
	c, err := readClosing(t.Context(), p.Election.Election, p.Log, work{})
	require.NoError(t, err)
	secrets, err := p.Trustees[0].Shares(p.Manifest.Ceremony(), p.Outcome)
	require.NoError(t, err)

	shares := make(map[int]*share)
	for _, en := range p.Entries() {
		env, err := entry.Parse(en.Data)
		if err != nil || env.Kind != entry.Share {
			continue
		}
		s, err := parseShare(g, p.Manifest.Contests, env.Body)
		require.NoError(t, err)
		require.Nil(t, shares[s.contest], "one share for a contest")
		shares[s.contest] = s
		rows := len(p.Manifest.Contests[s.contest].Results())
		require.Len(t, s.proof, g.PointLen()*2+g.ScalarLen(), "nothing but a proof stands behind the points")
		require.Len(t, env.Body, 4+len(s.target)+rows*g.PointLen()+len(s.proof))
	}
	require.Len(t, shares, len(p.Manifest.Contests))
	for i := range p.Manifest.Contests {
		contest := &p.Manifest.Contests[i]
		first, slots := contest.Columns()
		a := c.sums[i].row.A
		posted := make(map[string]bool)
		for k, row := range contest.Results() {
			x := g.Scalar() // Σ ℓ·x
			for _, term := range row.Terms {
				x.Add(x, g.Scalar().Mul(g.Int64Scalar(term.Coefficient), secrets[first+term.Slot]))
			}
			require.True(t, g.Point().Mul(x, a).Equal(shares[i].points[k]), "%s, row %s", contest.ID, row.ID)
			posted[shares[i].points[k].String()] = true
		}
		hidden := 0
		for slot := range slots {
			if isRow(contest, slot) {
				continue
			}
			hidden++
			one := func(x kyber.Scalar) string { return g.Point().Mul(x, a).String() }
			require.False(t, posted[one(secrets[first+slot])], "%s, slot %d", contest.ID, slot)
		}
		require.NotZero(t, hidden, contest.ID)
	}
}

// isRow reports whether a slot by itself is a result.
func isRow(c *ballot.Contest, slot int) bool {
	for _, row := range c.Results() {
		if len(row.Terms) == 1 && row.Terms[0].Slot == slot {
			return true
		}
	}
	return false
}

// Weights as of shares or tokens: three classes up to 2³⁰, in two styles.
func TestLargeWeights(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	weights := []uint64{1<<30 + 7, 1, 999_999_937}
	p, result := holdPoll(t, r, &electiontest.Options{
		Trustees: 1, Voters: 12, Weights: weights, Styles: []int{0, 0, 0, 1, 1, 1},
		Contests: electiontest.Contests(),
		BallotStyles: []ballot.Style{
			{ID: "both", Name: "Both", Contests: []int{0, 1}}, {ID: "mayor", Name: "Mayor", Contests: []int{0}},
		},
		Limits: ballot.Limits{MinGroup: 2, MaxWeight: 1 << 34},
	})
	p.check(t, result)
	require.EqualValues(t, 4*(weights[0]+weights[1]+weights[2]), result.Weight)
	require.EqualValues(t, 4, result.Contests[0].Smallest)
	require.EqualValues(t, 2, result.Contests[1].Smallest, "of each weight, among those who have the contest")
	require.Greater(t, total(result.Contests[0]), int64(1)<<32)
}

func total(c ContestResult) (sum int64) {
	for _, t := range c.Totals {
		sum += t.Total
	}
	return sum
}

// The smallest group counts by contest and weight: three voters of one weight
// who have a contest are too few, even if others of that weight vote elsewhere.
func TestWeightWithTooFewVotersIsWithheld(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	o := &electiontest.Options{
		Trustees: 1, Voters: 8, Weights: []uint64{1, 1 << 30}, Limits: ballot.Limits{MinGroup: 4},
	}
	p := &poll{Election: electiontest.New(t, o)}
	for i := range p.Voters {
		votes := ballot.Votes{}
		for k := range p.Manifest.Contests {
			votes[p.Manifest.Contests[k].ID] = electiontest.RandomVote(r, &p.Manifest.Contests[k])
		}
		if i != 7 { // four of weight 1 vote, and three of weight 2³⁰
			p.Cast(i, votes)
		}
	}
	p.Close()
	require.NoError(t, Pin(t.Context(), p.Election.Election, p.Log, p.Signers()))
	require.NoError(t, Decrypt(t.Context(), p.Election.Election, p.Log, p.Trustees[0]))
	result, err := Combine(t.Context(), p.Election.Election, p.Log)
	require.NoError(t, err)
	for _, c := range result.Contests {
		require.True(t, c.Withheld)
		require.EqualValues(t, 3, c.Smallest)
		require.Empty(t, c.Totals)
	}
}

// Three neighbourhoods and the members of a club share some contests: each
// contest is counted over exactly those who have it.
func TestStylesShareContests(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	var contests []ballot.Contest
	for i, kind := range []string{"choose", "score", "referendum", "pairwise", "judgement"} {
		contests = append(contests, electiontest.RandomContest(r, kind, fmt.Sprint("c", i), 3))
	}
	p, result := holdPoll(t, r, &electiontest.Options{
		Trustees: 1, Voters: 9, Contests: contests,
		Styles: []int{0, 1, 2, 3, 0, 1, 2, 0, 1},
		BallotStyles: []ballot.Style{
			{ID: "north", Name: "North", Contests: []int{0, 1}},
			{ID: "south", Name: "South", Contests: []int{0, 2}},
			{ID: "south-arabic", Name: "الجنوب", Contests: []int{2, 0}}, // the same contests, another language
			{ID: "members", Name: "Members", Contests: []int{4, 3, 1, 0}},
		},
	})
	p.check(t, result)
	var ballots []uint64
	for _, c := range result.Contests {
		ballots = append(ballots, c.Ballots)
	}
	require.Equal(t, []uint64{9, 4, 5, 1, 1}, ballots)
}

// A person reads the result of a comparison or a grade by names.
func TestResultOfManyRowsReads(t *testing.T) {
	options := []ballot.Option{{ID: "ada", Name: "Ada"}, {ID: "grace", Name: "Grace"}}
	p := &poll{Election: electiontest.New(t, &electiontest.Options{Trustees: 1, Voters: 3, Contests: []ballot.Contest{
		{ID: "star", Name: "Runoff", Kind: "star", Max: 5, Options: options},
		{ID: "grades", Name: "Grades", Kind: "judgement", Grades: []ballot.Option{{ID: "good", Name: "Good"}, {ID: "poor", Name: "Poor"}}, Options: options},
	}})}
	p.Cast(0, ballot.Votes{"star": {"ada": 5, "grace": 4}, "grades": {"ada": 1, "grace": 1}})
	p.Cast(1, ballot.Votes{"star": {"ada": 1, "grace": 5}, "grades": {"ada": 2, "grace": 1}})
	p.Cast(2, ballot.Votes{"star": {"ada": 2, "grace": 2}, "grades": {"ada": 1, "grace": 2}})
	p.Close()
	require.NoError(t, Pin(t.Context(), p.Election.Election, p.Log, p.Signers()))
	require.NoError(t, Decrypt(t.Context(), p.Election.Election, p.Log, p.Trustees[0]))
	result, err := Combine(t.Context(), p.Election.Election, p.Log)
	require.NoError(t, err)
	require.Contains(t, result.Text(), `
Runoff: 3 ballots
         8  Ada
        11  Grace
         1  Ada > Grace
         1  Grace > Ada

Grades: 3 ballots
         2  Ada: Good
         1  Ada: Poor
         2  Grace: Good
         1  Grace: Poor
`)
	data, err := json.Marshal(result.Contests[0].Totals[2])
	require.NoError(t, err)
	require.JSONEq(t, `{"id": "ada>grace", "label": "Ada > Grace", "total": 1}`, string(data))

	require.NoError(t, Publish(t.Context(), p.Election.Election, p.Log, result, p.Signers()))
	report, err := Audit(t.Context(), p.Log, p.Fingerprint, nil)
	require.NoError(t, err)
	require.True(t, report.Verified(), report.Text())
	require.Equal(t, result.Bytes(), report.Result.Bytes())
}
