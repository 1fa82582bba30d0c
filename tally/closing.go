package tally

import (
	"context"
	"errors"
	"fmt"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/mixnet"
)

// closing is an election after its close: what its ledger gives before anybody
// has decrypted anything. Authorities, trustees, whoever combines and auditors
// all compute it for themselves; no sum is ever handed over.
type closing struct {
	e      *ballot.Election
	r      ledger.Reader // checks every entry
	size   uint64        // of the ledger as it was read
	state  *ballot.State
	pinned pinned // the one pin that is right
	sums   []contestSum
	mixing *mixing
	book   *shareBook // nil before there is a pin
	work   work

	ballots, weight uint64 // counted
	refused         uint64 // ballots of this election up to the close that were refused
}

// work is how long work is done. It changes no result.
type work struct {
	workers  int                                 // zero: one for each CPU
	progress func(step string, done, all uint64) // may be nil
}

// report returns the function to call with the progress of one step.
func (w work) report(step string) func(done, all uint64) {
	return func(done, all uint64) {
		if w.progress != nil {
			w.progress(step, done, all)
		}
	}
}

// mixnet returns the work as package mixnet takes it.
func (w work) mixnet(step string) *mixnet.Options {
	report := w.report(step)
	return &mixnet.Options{Workers: w.workers, Progress: func(done, all int) { report(uint64(done), uint64(all)) }}
}

// readClosing reads an election's ledger up to its newest checkpoint.
func readClosing(ctx context.Context, e *ballot.Election, r ledger.Reader, w work) (*closing, error) {
	r, cp, err := e.Manifest.Verified(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("tally: %w", err)
	}
	state := ballot.NewState(e)
	sums := newAdder(e, state)
	if err := state.Advance(ctx, r, cp.Size, &ballot.ReplayOptions{Workers: w.workers, Progress: w.report("verify"), Applied: sums.applied}); err != nil {
		return nil, fmt.Errorf("tally: %w", err)
	}
	return newClosing(ctx, r, cp.Size, sums, w)
}

// newClosing returns the closing of a ledger of which the first size entries
// were applied to the counting rule and added up.
func newClosing(ctx context.Context, r ledger.Reader, size uint64, sums *adder, w work) (*closing, error) {
	whole, err := sums.sum(ctx, r, w)
	if err != nil {
		return nil, err
	}
	root, err := whole.Root()
	if err != nil {
		return nil, err
	}
	e, state, closed := sums.e, sums.state, whole.End()-1
	c := &closing{e: e, r: r, size: size, state: state, pinned: newPin(closed, root), work: w}
	for i := range e.Manifest.Contests {
		c.sums = append(c.sums, whole.contest(e, i))
	}
	c.ballots, c.weight = whole.turnout()
	for _, refusal := range state.Refused() {
		if refusal.Index <= closed && refusal.Kind == entry.Ballot.String() && !errors.Is(refusal.Err, reason.ErrBinding) {
			c.refused++
		}
	}
	if c.mixing, err = c.newMixing(ctx, whole); err != nil {
		return nil, err
	}
	return c, nil
}

// grown returns c on the ledger as it has grown since, to which state was
// applied. What was counted stays.
func (c *closing) grown(r ledger.Reader, size uint64, state *ballot.State) *closing {
	g := *c
	g.r, g.size, g.state = r, size, state
	return &g
}

// disposition is what happens to a contest.
type disposition uint8

const (
	decrypted disposition = 1 + iota // the numbers are in published results
	empty                            // no ballot counts: every total is 0, nothing is decrypted
	withheld                         // fewer ballots, of some weight, than the minimum
)

// disposition decides about a contest. The minimum holds for the counted
// ballots of every distinct weight, and so for all of them.
func (c *closing) disposition(contest int) disposition {
	sum := &c.sums[contest]
	switch {
	case sum.ballots == 0:
		return empty
	case sum.smallest < c.e.Manifest.Limits.MinGroup:
		return withheld
	}
	return decrypted
}

// pinEntry is a pin that a quorum of the authorities signed, and what is wrong
// with it.
type pinEntry struct {
	index  uint64
	pinned pinned
	err    error
}

// pins returns the signed pins in ledger order.
func (c *closing) pins(ctx context.Context) ([]pinEntry, error) {
	var pins []pinEntry
	for _, index := range c.state.Pins() {
		env, err := readEntry(ctx, c.r, index)
		if err != nil {
			return nil, err
		}
		p := pinEntry{index: index}
		if p.pinned, p.err = parsePin(env.Body); p.err == nil {
			p.err = p.pinned.check(c.pinned)
		}
		pins = append(pins, p)
	}
	return pins, nil
}

// pin returns the index of the first valid pin.
func (c *closing) pin(ctx context.Context) (uint64, error) {
	pins, err := c.pins(ctx)
	if err != nil {
		return 0, err
	}
	return firstPin(pins)
}

func firstPin(pins []pinEntry) (uint64, error) {
	for _, p := range pins {
		if p.err == nil {
			return p.index, nil
		}
	}
	if len(pins) > 0 {
		return 0, fmt.Errorf("tally: entry %d: %w", pins[0].index, pins[0].err)
	}
	return 0, fmt.Errorf("tally: the election is not pinned: %w", reason.ErrState)
}
