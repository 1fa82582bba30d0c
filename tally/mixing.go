package tally

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/mixnet"
)

// mixing is what the mixers have posted, as far as it was read. It stays true
// while the ledger grows.
type mixing struct {
	next   uint64     // index of the entry to read next
	chains []*chain   // for each contest; nil if it is not mixed
	others []mixEntry // those of no chain
}

// newMixing starts a chain for every mixed contest that is to be decrypted, with
// the rows of its counted ballots.
func (c *closing) newMixing(ctx context.Context, whole *Partial) (*mixing, error) {
	x := &mixing{next: c.pinned.size, chains: make([]*chain, len(c.sums))}
	for i := range c.sums {
		contest := &c.e.Manifest.Contests[i]
		if !contest.Mixed() || c.disposition(i) != decrypted {
			continue
		}
		first, columns := contest.Columns()
		key, err := elgamal.NewPublicKey(c.e.Group, c.e.Outcome.Keys[first:first+columns])
		if err != nil {
			return nil, fmt.Errorf("tally: contest %s: %w", contest.ID, err)
		}
		input, err := mixnet.NewList(ctx, c.e.Group, columns, whole.rowsOf(i), c.work.mixnet("mix"))
		if err != nil {
			return nil, fmt.Errorf("tally: contest %s: %w", contest.ID, err)
		}
		x.chains[i] = newChain(c.e.Manifest, c.e.Fingerprint, i, key, input)
	}
	return x, nil
}

// readMixes reads and judges the mixes after the close that were not read yet.
// pin is the index of the pin.
func (c *closing) readMixes(ctx context.Context, pin uint64) error {
	x := c.mixing
	if !mixed(c.e.Manifest) {
		return nil
	}
	for en, err := range c.r.Entries(ctx, x.next, c.size) {
		if err != nil {
			return fmt.Errorf("tally: %w", err)
		}
		// What is no entry of this election, the counting rule has refused.
		env, err := entry.Parse(en.Data)
		if err == nil && env.Kind == entry.Mix && ballot.Fingerprint(env.Election) == c.e.Fingerprint {
			c.sortMix(c.examineMix(en.Index, env, pin))
		}
		x.next = en.Index + 1
	}
	work := mixWork{options: c.work.mixnet("mix"), together: togetherPoints, body: func(ctx context.Context, index uint64) ([]byte, error) {
		env, err := readEntry(ctx, c.r, index)
		if err != nil {
			return nil, fmt.Errorf("tally: %w", err)
		}
		_, rest, err := parseMixHead(c.e.Manifest.Contests, env.Body)
		return rest, err
	}}
	for _, ch := range x.chains {
		if ch == nil {
			continue
		}
		if err := ch.judge(ctx, work); err != nil {
			return err
		}
	}
	return nil
}

// mixed reports whether any contest of a manifest is mixed.
func mixed(m *ballot.Manifest) bool {
	return slices.ContainsFunc(m.Contests, func(c ballot.Contest) bool { return c.Mixed() })
}

// examineMix makes the checks of a mix that need no other mix.
func (c *closing) examineMix(index uint64, env *entry.Envelope, pin uint64) mixEntry {
	x := mixEntry{index: index, mixHead: mixHead{contest: -1}}
	if x.mixer, x.err = mixerOf(c.e.Manifest, env); x.err != nil {
		return x
	}
	if index < pin {
		return x.listed(fmt.Errorf("tally: mix before the pin, entry %d: %w", pin, reason.ErrState))
	}
	head, _, err := parseMixHead(c.e.Manifest.Contests, env.Body)
	if err != nil {
		return x.blamed(mixChain, err)
	}
	if x.mixHead = head; c.disposition(head.contest) != decrypted {
		return x.listed(fmt.Errorf("tally: mix of contest %s, which is not decrypted: %w", c.e.Manifest.Contests[head.contest].ID, reason.ErrState))
	}
	return x
}

// sortMix puts a mix where it is to be judged, if it is.
func (c *closing) sortMix(x mixEntry) {
	if x.err != nil {
		c.mixing.others = append(c.mixing.others, x)
		return
	}
	ch := c.mixing.chains[x.contest]
	ch.queue = append(ch.queue, x)
}

// mixes returns all judged mixes in ledger order.
func (c *closing) mixes() []mixEntry {
	var all []mixEntry
	for _, x := range c.mixing.others {
		// Nobody can spoil an audit once everything is mixed.
		if x.failed != "" && c.mixing.doneBefore(x.index) {
			x.failed, x.err = "", fmt.Errorf("tally: mix after the last one that was needed: %w", reason.ErrState)
		}
		all = append(all, x)
	}
	for _, ch := range c.mixing.chains {
		if ch != nil {
			all = append(all, ch.judged...)
		}
	}
	slices.SortFunc(all, func(a, b mixEntry) int { return cmp.Compare(a.index, b.index) })
	return all
}

// doneBefore reports whether everything was mixed before an entry.
func (x *mixing) doneBefore(index uint64) bool {
	return !slices.ContainsFunc(x.chains, func(ch *chain) bool { return ch != nil && !ch.before(index) })
}

// targetBefore returns the target of a contest for whoever has read the ledger
// up to an entry. A mixed one has none before its chain is complete.
func (c *closing) targetBefore(index uint64, contest int) (t target, ok bool) {
	ch := c.mixing.chains[contest]
	switch {
	case ch == nil:
		return c.pinned.target(c.e.Fingerprint, contest), true
	case ch.before(index):
		return c.pinned.rowsTarget(c.e.Fingerprint, contest, ch.last.Digest()), true
	}
	return target{}, false
}

// rowStatement returns what a trustee's share of a mixed contest states.
func (c *closing) rowStatement(trustee, contest int, t target) *rowStatement {
	first, columns := c.e.Manifest.Contests[contest].Columns()
	return &rowStatement{
		fp: c.e.Fingerprint, trustee: trustee, contest: contest, target: t,
		keys: c.e.Outcome.Verification[trustee-1][first : first+columns],
		list: c.mixing.chains[contest].last, workers: c.work.workers,
	}
}
