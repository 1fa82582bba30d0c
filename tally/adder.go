package tally

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// adder adds up the ballots of a ledger while the counting rule is applied to
// it, so that every entry is read, checked and decoded once. A ballot is added
// when it is accepted; those that later ones supersede, which nobody can know
// by then, are read once more at the end and taken away. The result is that of
// [SumRange] over the whole ledger up to the close.
type adder struct {
	e          *ballot.Election
	state      *ballot.State
	parts      []chan *Partial // being added up, in ledger order
	whole      *Partial
	superseded []ballot.CountedBallot
}

func newAdder(e *ballot.Election, state *ballot.State) *adder {
	return &adder{e: e, state: state, whole: newPartial(e, 0)}
}

// applied takes the next entries of the ledger: see ballot.ReplayOptions. It
// waits while too many are being added up.
func (a *adder) applied(entries []ledger.Entry, accepted []ballot.AcceptedBallot) {
	if closed, ok := a.state.Closed(); ok {
		first := entries[0].Index
		if first > closed {
			return
		}
		entries = entries[:min(uint64(len(entries)), closed+1-first)]
	}
	for _, b := range accepted {
		if b.Supersedes != 0 {
			a.superseded = append(a.superseded, ballot.CountedBallot{Index: b.Supersedes, Weight: b.Weight, Style: b.Style})
		}
	}
	if len(a.parts) >= 2*runtime.GOMAXPROCS(0) {
		a.merge(1)
	}
	part := make(chan *Partial, 1)
	a.parts = append(a.parts, part)
	go func() {
		p := newSumming(a.e, entries[0].Index)
		for _, en := range entries {
			p.tree.Append(ledger.LeafHash(en.Data))
		}
		for _, b := range accepted {
			p.add(b.CountedBallot, b.Row)
		}
		part <- p.sum()
	}()
}

// merge waits for the first n parts.
func (a *adder) merge(n int) {
	for _, part := range a.parts[:n] {
		if err := a.whole.Merge(<-part); err != nil {
			panic("tally: entries were applied out of order: " + err.Error())
		}
	}
	a.parts = a.parts[n:]
}

// sum returns what the counted ballots add up to, and the tree of the entries up
// to the close. r is the ledger that was applied.
func (a *adder) sum(ctx context.Context, r ledger.Reader, w work) (*Partial, error) {
	closed, ok := a.state.Closed()
	if !ok {
		return nil, fmt.Errorf("tally: the election is not closed: %w", reason.ErrState)
	}
	a.merge(len(a.parts))
	if a.whole.End() != closed+1 {
		panic("tally: the ballots of another ledger were added up")
	}
	groups := a.again()
	gone := make([]*Partial, len(groups))
	report := w.report("add")
	report(0, uint64(len(a.superseded)))
	err := inParts(ctx, w.workers, len(groups), 1, func(i, _ int) (err error) {
		list := groups[i]
		gone[i], err = sumRange(ctx, a.e, r, list, list[0].Index, list[len(list)-1].Index+1)
		return err
	})
	if err != nil {
		return nil, err
	}
	a.whole.remove(gone)
	report(uint64(len(a.superseded)), uint64(len(a.superseded)))
	a.superseded = nil
	return a.whole, nil
}

// Superseded ballots are read in groups: a reader fetches and checks entries by
// the hundred, so that between two that are near each other all are read.
const (
	nearEntries  = 256
	groupEntries = 4096
)

// again returns the superseded ballots in ledger order, in groups to be read
// together.
func (a *adder) again() (groups [][]ballot.CountedBallot) {
	slices.SortFunc(a.superseded, func(x, y ballot.CountedBallot) int { return cmp.Compare(x.Index, y.Index) })
	for i, c := range a.superseded {
		if i > 0 {
			last := &groups[len(groups)-1]
			if c.Index-(*last)[len(*last)-1].Index <= nearEntries && c.Index-(*last)[0].Index < groupEntries {
				*last = append(*last, c)
				continue
			}
		}
		groups = append(groups, []ballot.CountedBallot{c})
	}
	return groups
}
