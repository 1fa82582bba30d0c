package count

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Random small elections: few candidates and ballots, so that there are many ties.

var fiveGrades = []string{"excellent", "good", "fair", "poor", "bad"}

// rules are all rules that count an election, with what their ballots look like.
var rules = map[string]struct {
	count  func(*Election) (*Result, error)
	ballot func(r *rand.Rand, n int) []int
	one    bool // for one seat only
	more   bool // for two seats or more only
}{
	"plurality":  {count: Plurality, ballot: randomOne},
	"approval":   {count: Approval, ballot: randomMarks(0, 1)},
	"score":      {count: func(e *Election) (*Result, error) { return Score(e, 5) }, ballot: randomMarks(0, 5)},
	"Borda":      {count: Borda, ballot: randomRanking},
	"instant":    {count: InstantRunoff, ballot: randomRanking, one: true},
	"Scottish":   {count: ScottishSTV, ballot: randomRanking},
	"northern":   {count: NorthernIrelandSTV, ballot: randomRanking, more: true},
	"Schulze":    {count: Schulze, ballot: randomMarks(0, 4)},
	"pairs":      {count: RankedPairs, ballot: randomMarks(0, 4)},
	"judgement":  {count: func(e *Election) (*Result, error) { return MajorityJudgement(e, fiveGrades) }, ballot: randomMarks(1, 5)},
	"D'Hondt":    {count: DHondt, ballot: randomOne},
	"Lague":      {count: SainteLague, ballot: randomOne},
	"greedy":     {count: asBudget(Greedy), ballot: randomMarks(0, 2)},
	"equal":      {count: asBudget(EqualShares), ballot: randomMarks(0, 2)},
	"equal, 0/1": {count: asBudget(EqualShares), ballot: randomMarks(0, 1)},
}

// asBudget makes an election of projects out of one of candidates: the names
// carry the costs, so that they move along when candidates are renamed.
func asBudget(rule func(*Budget) (*Result, error)) func(*Election) (*Result, error) {
	return func(e *Election) (*Result, error) { return rule(budgetOf(e)) }
}

func budgetOf(e *Election) *Budget {
	b := &Budget{Projects: e.Candidates, Ballots: e.Ballots, Lot: e.Lot, Limit: 40}
	for _, name := range e.Candidates {
		b.Costs = append(b.Costs, 4+3*int64(name[0]-'A')%11)
	}
	return b
}

func randomOne(r *rand.Rand, n int) []int {
	m := make([]int, n)
	if c := r.IntN(n + 1); c < n {
		m[c] = 1
	}
	return m
}

func randomMarks(lo, hi int) func(*rand.Rand, int) []int {
	return func(r *rand.Rand, n int) []int {
		m := make([]int, n)
		for c := range m {
			m[c] = lo + r.IntN(hi-lo+1)
		}
		return m
	}
}

func randomRanking(r *rand.Rand, n int) []int {
	m := make([]int, n)
	for rank, c := range r.Perm(n)[:r.IntN(n+1)] {
		m[c] = rank + 1
	}
	return m
}

func randomElection(r *rand.Rand, ballots int, ballot func(*rand.Rand, int) []int) *Election {
	n := 2 + r.IntN(6)
	e := &Election{Seats: 1 + r.IntN(3), Lot: r.Perm(n)}
	for c := range n {
		e.Candidates = append(e.Candidates, string(rune('A'+c)))
	}
	for range 1 + r.IntN(ballots) {
		e.Ballots = append(e.Ballots, Ballot{Marks: ballot(r, n), Count: 1 + r.Int64N(3)})
	}
	return e
}

// elections runs a test on random elections of a rule.
func elections(t *testing.T, rule string, do func(r *rand.Rand, e *Election)) {
	t.Helper()
	manyElections(t, rule, 200, 20, do)
}

func manyElections(t *testing.T, rule string, seeds uint64, ballots int, do func(r *rand.Rand, e *Election)) {
	t.Helper()
	k := rules[rule]
	require.NotNil(t, k.count, rule)
	if testing.Short() {
		seeds = min(seeds, 50)
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 7))
		e := randomElection(r, ballots, k.ballot)
		if k.one {
			e.Seats = 1
		}
		if k.more && e.Seats < 2 {
			e.Seats = 2
		}
		do(r, e)
		if t.Failed() {
			t.Fatalf("seed %d: %+v", seed, e)
		}
	}
}

func counted(t *testing.T, rule string, e *Election) *Result {
	t.Helper()
	r, err := rules[rule].count(e)
	require.NoError(t, err)
	return r
}

func report(t *testing.T, r *Result) string {
	t.Helper()
	out, err := json.Marshal(r)
	require.NoError(t, err)
	return string(out) + r.String()
}

// The whole report is the same for ballots in another order, one by one, or with
// blank ones given apart.
func TestOrderOfBallots(t *testing.T) {
	for rule := range rules {
		elections(t, rule, func(r *rand.Rand, e *Election) {
			want := report(t, counted(t, rule, e))
			mixed := *e
			mixed.Ballots = nil
			for _, b := range e.Ballots {
				for range b.Count {
					mixed.Ballots = append(mixed.Ballots, Ballot{Marks: b.Marks})
				}
			}
			r.Shuffle(len(mixed.Ballots), func(i, j int) {
				mixed.Ballots[i], mixed.Ballots[j] = mixed.Ballots[j], mixed.Ballots[i]
			})
			require.Equal(t, want, report(t, counted(t, rule, &mixed)), rule)
		})
	}
}

// Candidates listed in another order, with the same lot: the same are elected, in
// the same order. Nothing but the lot breaks a tie.
func TestOrderOfCandidates(t *testing.T) {
	for rule := range rules {
		elections(t, rule, func(r *rand.Rand, e *Election) {
			want := counted(t, rule, e)
			to := r.Perm(len(e.Candidates))
			moved := &Election{Candidates: make([]string, len(to)), Seats: e.Seats}
			for c, d := range to {
				moved.Candidates[d] = e.Candidates[c]
			}
			for _, c := range e.Lot {
				moved.Lot = append(moved.Lot, to[c])
			}
			for _, b := range e.Ballots {
				marks := make([]int, len(to))
				for c, d := range to {
					marks[d] = b.Marks[c]
				}
				moved.Ballots = append(moved.Ballots, Ballot{Marks: marks, Count: b.Count})
			}
			got := counted(t, rule, moved)
			require.Equal(t, names(e.Candidates, want.Elected), names(moved.Candidates, got.Elected), rule)
			for c, seats := range want.Allocation {
				require.Equal(t, seats, got.Allocation[to[c]], rule)
			}
		})
	}
}

// A count changes nothing of what it is given, and its result can be changed.
func TestInputStays(t *testing.T) {
	for rule := range rules {
		elections(t, rule, func(_ *rand.Rand, e *Election) {
			before, err := json.Marshal(e)
			require.NoError(t, err)
			r := counted(t, rule, e)
			r.Candidates[0] = "changed"
			for _, group := range r.Order {
				clear(group)
			}
			clear(r.Elected)
			after, err := json.Marshal(e)
			require.NoError(t, err)
			require.Equal(t, string(before), string(after))
		})
	}
}

// As many are elected as there are seats or candidates, nobody twice; who is
// elected is so in one round, and nobody is both elected and excluded.
func TestSeatsAreFilled(t *testing.T) {
	for rule, k := range rules {
		if k.count == nil || slices.Contains([]string{"D'Hondt", "Lague", "greedy", "equal", "equal, 0/1"}, rule) {
			continue
		}
		elections(t, rule, func(_ *rand.Rand, e *Election) {
			r := counted(t, rule, e)
			require.Len(t, r.Elected, min(e.Seats, len(e.Candidates)), rule)
			var inRounds, out []int
			for _, round := range r.Rounds {
				inRounds = append(inRounds, round.Elected...)
				out = append(out, round.Excluded...)
			}
			require.Equal(t, r.Elected, inRounds, rule)
			all := slices.Sorted(slices.Values(append(inRounds, out...)))
			require.Len(t, slices.Compact(all), len(inRounds)+len(out), rule)
		})
	}
}

func TestCondorcet(t *testing.T) {
	found := 0
	for _, rule := range []string{"Schulze", "pairs"} {
		elections(t, rule, func(_ *rand.Rand, e *Election) {
			e.Seats = 1
			in, err := e.check("", anyRanks)
			require.NoError(t, err)
			r := counted(t, rule, e)
			for c, row := range in.pairwise() {
				wins, losses := 0, 0
				for _, l := range row {
					if l.won > l.lost {
						wins++
					}
					if l.won < l.lost {
						losses++
					}
				}
				if wins == len(row)-1 {
					found++
					require.Equal(t, []int{c}, r.Elected, rule)
					require.Equal(t, []int{c}, r.Order[0], rule)
				}
				if losses == len(row)-1 {
					require.NotEqual(t, []int{c}, r.Elected, rule)
				}
			}
		})
	}
	require.Greater(t, found, 20)
}

func TestInstantRunoffIsTransferableVoteForOne(t *testing.T) {
	elections(t, "instant", func(_ *rand.Rand, e *Election) {
		require.Equal(t, counted(t, "Scottish", e).Elected, counted(t, "instant", e).Elected)
	})
}
