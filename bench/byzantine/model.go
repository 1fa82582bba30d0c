package main

import (
	"slices"
)

// effect is what a deed in the key ceremony must lead to.
type effect int

const (
	harmless effect = iota // what counts is as it should be
	missing                // as if the trustee had been silent
	out                    // the trustee is out
	fooled                 // a deal that only its recipients can see to be bad
)

// model says, from the deeds alone, how far a ceremony is and who is still in.
type model struct {
	failed  bool
	since   phase // in which round it failed
	there   []int // who was counted in that round
	dealers []int
	holders []int
	out     map[int]phase // who is out, and in which round that was found
}

// model returns what must be so at the beginning of a round; of the round after
// the last one, in the end.
func (s *scenario) model(until phase) *model {
	m := &model{out: make(map[int]phase)}
	fail := func(at phase, there []int) bool {
		if len(there) < s.t && !m.failed {
			m.failed, m.since, m.there = true, at, there
		}
		return m.failed
	}
	var committed []int
	for j := 1; j <= s.n && until > commit; j++ {
		d := s.deed(j, commit)
		switch {
		case d == nil || d.effect == harmless || d.effect == out && d.found > commit:
			committed = append(committed, j)
		case d.effect == out:
			m.out[j] = commit
		}
	}
	if until <= commit || fail(commit, committed) || until == deal {
		return m
	}
	for _, j := range committed {
		first, d := s.deed(j, commit), s.deed(j, deal)
		switch {
		case d != nil && d.effect == missing:
		case first != nil && first.effect == out || d != nil && d.effect == out:
			m.out[j] = deal
		default:
			m.dealers = append(m.dealers, j)
		}
	}
	if fail(deal, m.dealers) || until == confirm {
		return m
	}
	s.confirming(m)
	if fail(confirm, m.dealers) || until == certify {
		return m
	}
	for j := 1; j <= s.n; j++ {
		if _, isOut := m.out[j]; isOut {
			continue
		}
		d := s.deed(j, certify)
		switch {
		case d == nil || d.effect == harmless:
			m.holders = append(m.holders, j)
		case d.effect == out:
			m.out[j] = certify
		}
	}
	fail(certify, m.holders)
	return m
}

// confirming takes out who complains falsely, and the dealers of bad shares if
// anybody's complaint counts: what they send is bad for everybody.
func (s *scenario) confirming(m *model) {
	heard := false
	for j := 1; j <= s.n; j++ {
		d := s.deed(j, confirm)
		heard = heard || d == nil || d.confirms
	}
	for j := 1; j <= s.n; j++ {
		if _, isOut := m.out[j]; isOut {
			continue
		}
		d := s.deed(j, confirm)
		falsely := d != nil && d.effect == out
		dealt := s.deed(j, deal)
		unmasked := heard && slices.Contains(m.dealers, j) && dealt != nil && dealt.effect == fooled
		if falsely || unmasked {
			m.out[j] = confirm
		}
	}
	m.dealers = slices.DeleteFunc(m.dealers, func(j int) bool {
		_, isOut := m.out[j]
		return isOut
	})
}
