package count

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// MaxMoney is the largest budget and cost, in the smallest unit of the currency.
const MaxMoney = 1_000_000_000_000_000

// Budget is an election of projects that are to be paid from one budget.
type Budget struct {
	Projects []string // distinct names
	Costs    []int64  // of the projects, at least 1
	Limit    int64    // what may be spent in all
	// Ballots give points to projects; 1 is an approval. For [EqualShares] the
	// points are a voter's utility of the project: give its cost as points to
	// voters who approve if more expensive projects are to count for more.
	Ballots []Ballot
	Lot     []int // as in Election
}

// funding is a budget that has been checked.
type funding struct {
	*input
	costs  []int64
	left   int64   // of the limit
	points []int64 // of each project, in all
	funded []bool
}

func (b *Budget) check(rule string) (*funding, error) {
	e := Election{Candidates: b.Projects, Ballots: b.Ballots, Lot: b.Lot}
	in, err := e.check(rule, upTo(MaxMark))
	if err != nil {
		return nil, err
	}
	if len(b.Costs) != len(b.Projects) {
		return nil, fmt.Errorf("count: %s: %d costs for %d projects: %w", rule, len(b.Costs), len(b.Projects), ErrShape)
	}
	for i, c := range b.Costs {
		if c < 1 || c > MaxMoney {
			return nil, fmt.Errorf("count: %s: project %q: cost %d: %w", rule, b.Projects[i], c, ErrRange)
		}
	}
	if b.Limit < 0 || b.Limit > MaxMoney {
		return nil, fmt.Errorf("count: %s: budget %d: %w", rule, b.Limit, ErrRange)
	}
	return &funding{input: in, costs: slices.Clone(b.Costs), left: b.Limit,
		points: in.totals(itself), funded: make([]bool, len(b.Costs))}, nil
}

// first compares projects that a rule cannot tell apart: more points, then lower
// cost.
func (f *funding) first(a, b int) int {
	return cmp.Or(cmp.Compare(f.points[b], f.points[a]), cmp.Compare(f.costs[a], f.costs[b]))
}

// pick returns the first of the projects that are equal for the rule, and reports
// a tie that the lot had to break.
func (f *funding) pick(round *Round, equal []int) int {
	best := slices.MinFunc(equal, f.first)
	same := slices.DeleteFunc(slices.Clone(equal), func(p int) bool { return f.first(p, best) != 0 })
	chosen := f.byLot(same)[0]
	if len(same) > 1 {
		round.Ties = append(round.Ties, Tie{Candidates: same, Chosen: []int{chosen}, By: "lot"})
	}
	return chosen
}

// pay funds a project.
func (f *funding) pay(r *Result, round Round, p int) {
	f.funded[p] = true
	f.left -= f.costs[p]
	round.Elected = []int{p}
	r.Elected = append(r.Elected, p)
	r.Rounds = append(r.Rounds, round)
}

// greedy funds, as long as there is one, the project with most points that what
// is left of the budget can pay.
func (f *funding) greedy(r *Result) {
	for {
		var can []int
		for p, cost := range f.costs {
			if !f.funded[p] && f.points[p] > 0 && cost <= f.left {
				can = append(can, p)
			}
		}
		if can == nil {
			return
		}
		round := Round{Columns: []string{"points", "cost"}, Rows: make([][]string, len(f.costs))}
		for _, p := range can {
			round.Rows[p] = []string{strconv.FormatInt(f.points[p], 10), strconv.FormatInt(f.costs[p], 10)}
		}
		p := f.pick(&round, can)
		round.Action = fmt.Sprintf("Of those that %d can pay, %s has most points.", f.left, printable(f.names[p]))
		f.pay(r, round, p)
	}
}
