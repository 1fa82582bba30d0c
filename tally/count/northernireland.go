package count

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// NorthernIrelandSTV elects several candidates by the single transferable vote as
// in local elections in Northern Ireland: the Gregory method on the last parcel.
// A ballot ranks candidates 1, 2, 3, … without equal ranks or gaps. Only the
// parcel that brought a candidate over the quota goes on, its transferable papers
// each at surplus / papers, cut off after two decimal places.
//
// It is the rule of Irish kind that leaves nothing to chance. The Dáil's rule
// (Electoral Act 1992, section 121) uses the same parcel, but transfers whole
// papers, namely those that happen to lie on top; no function of the votes can
// reproduce it.
//
// Source: The Local Elections (Northern Ireland) Order 1985 (SI 1985/454), rules
// 47 to 52, now in Schedule 5 to the Electoral Law Act (Northern Ireland) 1962.
// Ties, rules 50 and 51(13): the votes at the earliest stage at which the
// candidates differed, else lot. Rules 48(3) and 49(11) make an election for one
// seat an instant runoff: it is refused here.
func NorthernIrelandSTV(e *Election) (*Result, error) {
	if e.Seats < 2 {
		return nil, fmt.Errorf("count: Northern Ireland STV: %d seats: %w", e.Seats, ErrRange)
	}
	s, err := newSTV(e, "Northern Ireland STV", "Single transferable vote, Northern Ireland rules (SI 1985/454)", 100)
	if err != nil {
		return nil, err
	}
	s.northEnd(Round{Action: "The first preferences are counted."}, make([]int64, len(s.votes)))
	s.endStage()
	for s.vacancies() > 0 && len(s.with(continuing)) > 0 {
		s.northStage()
		s.endStage()
	}
	return s.r, nil
}

// northStage is one stage: the transfer of a surplus, or the exclusion of one or
// more candidates.
func (s *stv) northStage() {
	hopeless, pending := s.hopeless(), s.pending()
	var round Round
	switch {
	case len(hopeless) > 0: // rule 49(10) puts the surpluses off, 51(12) takes all together
		s.excludeByValue(round, hopeless)
	case len(pending) > 0:
		before := slices.Clone(s.votes)
		c := s.history.highest(&round, pending, earliest)
		surplus := s.surplus(c)
		value := s.transferLast(c)
		round.Action = fmt.Sprintf("The surplus of %s is transferred: %s, each paper at %s.",
			s.names([]int{c}), s.show(surplus), s.show(value))
		s.northEnd(round, before)
	default:
		s.excludeByValue(round, []int{s.history.lowest(&round, s.with(continuing), earliest)})
	}
}

// hopeless returns the most candidates whose votes, all together and with all
// surpluses, are less than those of the next one; never so many that a seat would
// stay empty.
func (s *stv) hopeless() []int {
	left := s.with(continuing)
	slices.SortStableFunc(left, func(a, b int) int { return cmp.Compare(s.votes[a], s.votes[b]) })
	var sum int64
	for _, c := range s.pending() {
		sum += s.surplus(c)
	}
	most := 0
	for k := 1; len(left)-k >= s.vacancies(); k++ {
		if sum += s.votes[left[k-1]]; sum < s.votes[left[k]] {
			most = k
		}
	}
	return left[:most]
}

// transferLast transfers a surplus on the last parcel (rule 49(4) to (7)) and
// returns the value of its papers.
func (s *stv) transferLast(c int) int64 {
	last := s.parcels[c][len(s.parcels[c])-1]
	var transferable int64
	for _, p := range last.papers {
		b := s.papers[p]
		if slices.ContainsFunc(b.order[b.at+1:], func(d int) bool { return s.state[d] == continuing }) {
			transferable += b.count
		}
	}
	value := last.value
	if transferable > 0 {
		value = min(value, s.surplus(c)/transferable)
	}
	s.move(last.papers, value)
	s.parcels[c], s.votes[c] = nil, s.quota
	return value
}

// step is papers of excluded candidates that are transferred together.
type step struct {
	papers []int
	value  int64
	first  bool // first preferences
}

// excludeByValue excludes candidates and transfers first their first preferences,
// then the papers that came to them, those of the highest value first (rule 51).
// Every step is a round. Nothing is transferred if those left are as many as the
// vacancies (rule 52). Whoever reaches the quota in one gets nothing in the
// next.
func (s *stv) excludeByValue(round Round, candidates []int) {
	steps := s.steps(candidates)
	for _, c := range candidates {
		s.state[c], s.parcels[c] = excluded, nil
	}
	none := ". There are no papers."
	if len(s.with(continuing)) <= s.vacancies() {
		steps, none = nil, "; nothing is transferred, as no more are left than seats."
	}
	round.Excluded = candidates
	round.Action = fmt.Sprintf("Excluded: %s", s.names(candidates))
	for i, st := range steps {
		before := slices.Clone(s.votes)
		for _, p := range st.papers {
			b := s.papers[p]
			s.votes[b.order[b.at]] -= b.count * st.value
		}
		s.move(st.papers, st.value)
		if st.first {
			round.Action += ". The first preferences are transferred."
		} else {
			round.Action += fmt.Sprintf(". The papers that came at %s are transferred.", s.show(st.value))
		}
		s.fill(&round)
		if i == len(steps)-1 || s.vacancies() == 0 {
			s.northEnd(round, before)
			return
		}
		s.report(round, before)
		round = Round{Action: "Still of " + s.names(candidates)}
	}
	round.Action += none
	s.northEnd(round, slices.Clone(s.votes))
}

func (s *stv) steps(candidates []int) []step {
	first := step{value: s.unit, first: true}
	came := map[int64]*step{}
	for _, c := range candidates {
		for _, p := range s.parcels[c] {
			switch {
			case s.papers[p.papers[0]].at == 0:
				first.papers = append(first.papers, p.papers...)
			case came[p.value] == nil:
				came[p.value] = &step{value: p.value, papers: p.papers}
			default:
				came[p.value].papers = append(came[p.value].papers, p.papers...)
			}
		}
	}
	var out []step
	if first.papers != nil {
		out = append(out, first)
	}
	for _, v := range slices.Backward(slices.Sorted(maps.Keys(came))) {
		out = append(out, *came[v])
	}
	return out
}

// northEnd ends a stage. For the last vacancy a candidate is elected whose votes
// nobody can reach: as many as those of all others with all surpluses (rule
// 52(2)). Two candidates with equal votes and nothing to transfer both have that;
// then the tie is left to the next exclusion.
func (s *stv) northEnd(round Round, before []int64) {
	s.fill(&round)
	if left := s.with(continuing); s.vacancies() == 1 {
		var all int64
		for _, c := range left {
			all += s.votes[c]
		}
		for _, c := range s.pending() {
			all += s.surplus(c)
		}
		safe := slices.DeleteFunc(left, func(c int) bool { return s.votes[c] < all-s.votes[c] })
		if len(safe) == 1 {
			s.elect(&round, safe)
		}
	}
	s.report(round, before)
}
