package count

import (
	"fmt"
	"slices"
)

// ScottishSTV elects several candidates by the single transferable vote as in
// Scottish local elections: the weighted inclusive Gregory method. A ballot ranks
// candidates 1, 2, 3, … without equal ranks or gaps. All papers of an elected
// candidate go on, each at its value times surplus / votes, cut off after five
// decimal places.
//
// Source: The Scottish Local Government Elections Order 2007 (SSI 2007/42),
// Schedule 1, rules 45 to 52. Ties, rules 49 and 51: the votes at the most recent
// stage at which the candidates differed, else lot.
func ScottishSTV(e *Election) (*Result, error) {
	s, err := newSTV(e, "Scottish STV", "Single transferable vote, Scottish rules (SSI 2007/42)", 100_000)
	if err != nil {
		return nil, err
	}
	round := Round{Action: "The first preferences are counted."}
	s.scottishEnd(round, make([]int64, len(s.votes)))
	for s.vacancies() > 0 && len(s.with(continuing)) > 0 {
		before, round := slices.Clone(s.votes), Round{}
		if pending := s.pending(); len(pending) > 0 {
			c := s.history.highest(&round, pending, latest)
			round.Action = fmt.Sprintf("The surplus of %s is transferred: %s.", s.names([]int{c}), s.show(s.surplus(c)))
			s.transferAll(c)
		} else {
			c := s.history.lowest(&round, s.with(continuing), latest)
			s.exclude(&round, c)
		}
		s.scottishEnd(round, before)
	}
	return s.r, nil
}

// scottishEnd ends a stage, with rules 47 and 52.
func (s *stv) scottishEnd(round Round, before []int64) {
	s.fill(&round)
	s.report(round, before)
	s.endStage()
}

// transferAll transfers a surplus on all papers of a candidate (rule 48): the
// value of each becomes surplus × value / votes.
func (s *stv) transferAll(c int) {
	surplus, votes := s.surplus(c), s.votes[c]
	for _, p := range s.parcels[c] {
		s.move(p.papers, mulDiv(surplus, p.value, votes))
	}
	s.parcels[c], s.votes[c] = nil, s.quota
}

// exclude excludes a candidate and transfers all papers at the value at which
// they came (rule 50), unless those left are as many as the vacancies (rule 52).
func (s *stv) exclude(round *Round, c int) {
	s.state[c], round.Excluded = excluded, []int{c}
	if len(s.with(continuing)) <= s.vacancies() {
		round.Action = fmt.Sprintf("%s is excluded; nothing is transferred, as no more are left than seats.", s.names([]int{c}))
		return
	}
	round.Action = fmt.Sprintf("%s is excluded and the papers are transferred.", s.names([]int{c}))
	for _, p := range s.parcels[c] {
		s.move(p.papers, p.value)
	}
	s.parcels[c], s.votes[c] = nil, 0
}
