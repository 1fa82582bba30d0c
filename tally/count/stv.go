package count

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// The two rules for transferable votes share their papers, parcels and stages.
// A law's value of a paper, "to five decimal places", is an integer here: how
// many of the last decimal places it is.

// paper is a ballot on its way through the count.
type paper struct {
	order []int // its candidates, best first
	at    int   // the one it is with
	count int64
}

// parcel is papers that a candidate received together, at one value.
type parcel struct {
	papers []int // positions in stv.papers
	value  int64
}

type state uint8

const (
	continuing state = iota
	elected
	excluded
)

// stv is a count in progress.
type stv struct {
	in      *input
	r       *Result
	unit    int64 // the value of a first preference: 10 to the number of places
	quota   int64
	papers  []paper
	parcels [][]parcel // of each candidate, in the order received
	votes   []int64
	state   []state
	history history
}

// newSTV makes the first stage: every paper goes to its first preference. The
// quota is the whole number above papers / (seats + 1).
func newSTV(e *Election, rule, title string, unit int64) (*stv, error) {
	in, err := e.check(rule, strict)
	if err != nil {
		return nil, err
	}
	n := len(in.names)
	s := &stv{in: in, r: in.result(title), unit: unit,
		parcels: make([][]parcel, n), votes: make([]int64, n),
		state: make([]state, n), history: history{in: in}}
	s.quota = (in.papers/int64(in.seats+1) + 1) * unit
	s.r.Quota = s.show(s.quota)
	all := make([]int, len(in.ballots))
	s.papers = make([]paper, len(in.ballots))
	for i, b := range in.ballots {
		s.papers[i] = paper{order: order(b.Marks), at: -1, count: b.Count}
		all[i] = i
	}
	s.move(all, unit)
	return s, nil
}

// show is an exact decimal with all places of the rule.
func (s *stv) show(v int64) string {
	sign := ""
	if v < 0 {
		sign, v = "-", -v
	}
	places := len(fmt.Sprint(s.unit)) - 1
	return fmt.Sprintf("%s%d.%0*d", sign, v/s.unit, places, v%s.unit)
}

// move gives every paper to its next continuing candidate, as one parcel for
// each, at a value; papers without one stay with nobody.
func (s *stv) move(papers []int, value int64) {
	sorted := make([][]int, len(s.votes))
	for _, p := range papers {
		b := &s.papers[p]
		b.at++
		for b.at < len(b.order) && s.state[b.order[b.at]] != continuing {
			b.at++
		}
		if b.at == len(b.order) {
			continue
		}
		sorted[b.order[b.at]] = append(sorted[b.order[b.at]], p)
	}
	for c, list := range sorted {
		if list == nil {
			continue
		}
		s.parcels[c] = append(s.parcels[c], parcel{papers: list, value: value})
		for _, p := range list {
			s.votes[c] += s.papers[p].count * value
		}
	}
}

// with returns the candidates in a state.
func (s *stv) with(want state) []int {
	var out []int
	for c, st := range s.state {
		if st == want {
			out = append(out, c)
		}
	}
	return out
}

func (s *stv) vacancies() int { return s.in.seats - len(s.r.Elected) }

// surplus is what a candidate has above the quota; once it is transferred, it
// is 0.
func (s *stv) surplus(c int) int64 { return max(0, s.votes[c]-s.quota) }

// pending returns the elected candidates who have a surplus.
func (s *stv) pending() []int {
	return slices.DeleteFunc(s.with(elected), func(c int) bool { return s.surplus(c) == 0 })
}

// lost is the value of the papers that are with nobody, and of what was cut off.
func (s *stv) lost() int64 {
	v := s.in.papers * s.unit
	for _, w := range s.votes {
		v -= w
	}
	return v
}

// elect elects candidates, those with more votes first.
func (s *stv) elect(round *Round, candidates []int) {
	candidates = s.in.byLot(candidates)
	slices.SortStableFunc(candidates, func(a, b int) int { return cmp.Compare(s.votes[b], s.votes[a]) })
	for _, c := range candidates {
		s.state[c] = elected
		s.r.Elected = append(s.r.Elected, c)
	}
	round.Elected = append(round.Elected, candidates...)
}

// fill elects whoever has reached the quota, and if there are then as many
// candidates left as vacancies, all of them.
func (s *stv) fill(round *Round) {
	s.elect(round, slices.DeleteFunc(s.with(continuing), func(c int) bool { return s.votes[c] < s.quota }))
	if left := s.with(continuing); s.vacancies() > 0 && len(left) <= s.vacancies() {
		s.elect(round, left)
	}
}

// report adds a round; before are the votes before it.
func (s *stv) report(round Round, before []int64) {
	round.Columns = []string{"change", "votes", "state"}
	round.Rows = make([][]string, len(s.votes))
	for c, v := range s.votes {
		if s.state[c] == excluded && before[c] == 0 && v == 0 && !slices.Contains(round.Excluded, c) {
			continue
		}
		change := ""
		if d := v - before[c]; d > 0 {
			change = "+" + s.show(d)
		} else if d < 0 {
			change = s.show(d)
		}
		round.Rows[c] = []string{change, s.show(v), [...]string{continuing: "", elected: "elected", excluded: "excluded"}[s.state[c]]}
	}
	round.Rest = s.show(s.lost())
	s.r.Rounds = append(s.r.Rounds, round)
}

// endStage remembers the votes, for ties of later stages.
func (s *stv) endStage() { s.history.stages = append(s.history.stages, slices.Clone(s.votes)) }

func (s *stv) names(candidates []int) string {
	out := make([]string, len(candidates))
	for i, c := range candidates {
		out[i] = printable(s.in.names[c])
	}
	return strings.Join(out, ", ")
}

// mulDiv is a·b/c, cut off, without overflow of a·b.
func mulDiv(a, b, c int64) int64 {
	hi, lo := bits.Mul64(uint64(a), uint64(b))
	q, _ := bits.Div64(hi, lo, uint64(c))
	return int64(q)
}
