package dkg

import (
	"fmt"

	"github.com/hanpyo/hanpyo/internal/entry"
)

// Collector picks out of a ledger, on which anybody may post and a trustee as
// much as it likes, the entries that decide what [Ceremony.Replay] says: the
// rounds, and of every trustee the first message of a phase and the first other
// one, which is its fork. Of these alone Replay gives the same phase, outcome,
// failure and culprits. So memory is bounded by two entries for each trustee
// and phase, whatever stands on the ledger.
type Collector struct {
	c      *Ceremony
	phase  Phase
	ids    [Complete][][]entry.Hash // [phase][position-1]: of the messages kept
	posted []Posted
}

// NewCollector returns a Collector that has seen nothing.
func (c *Ceremony) NewCollector() *Collector {
	k := &Collector{c: c, phase: Committing}
	for p := range k.ids {
		k.ids[p] = make([][]entry.Hash, len(c.Trustees))
	}
	return k
}

// Posted returns the entries that were kept, in the order in which they were
// added.
func (k *Collector) Posted() []Posted { return k.posted }

// Add takes in the next entry of the ledger. An error says why it is not kept.
func (k *Collector) Add(p Posted) error {
	if err := k.add(p); err != nil {
		return fmt.Errorf("dkg: entry %d: %w", p.Index, err)
	}
	k.posted = append(k.posted, p)
	return nil
}

func (k *Collector) add(p Posted) error {
	e, err := entry.Parse(p.Data)
	if err != nil {
		return err
	}
	if e.Election != k.c.ID {
		return fmt.Errorf("%s of ceremony %x…: %w", e.Kind, e.Election[:4], ErrBinding)
	}
	if e.Kind == entry.Round {
		return k.addRound(e)
	}
	phase, ok := phaseOf(e.Kind)
	if !ok {
		return fmt.Errorf("a %s is not of the ceremony: %w", e.Kind, ErrEncoding)
	}
	trustee, err := k.c.sender(e)
	if err != nil {
		return err
	}
	id, ids := entry.ID(p.Data), &k.ids[phase][trustee-1]
	switch n := len(*ids); {
	case n > 0 && (*ids)[0] == id:
		return fmt.Errorf("%s of %s again: %w", e.Kind, k.c.name(trustee), ErrDuplicate)
	case n > 1:
		return fmt.Errorf("%s of %s, who has signed two already: %w", e.Kind, k.c.name(trustee), ErrDuplicate)
	case n == 0 && phase != k.phase:
		return fmt.Errorf("%s of %s in phase %s: %w", e.Kind, k.c.name(trustee), k.phase, ErrState)
	}
	*ids = append(*ids, id)
	return nil
}

func (k *Collector) addRound(e *entry.Envelope) error {
	ends, err := k.c.readRound(e)
	if err != nil {
		return err
	}
	if ends != k.phase {
		return fmt.Errorf("end of phase %s in phase %s: %w", ends, k.phase, ErrState)
	}
	k.phase++
	return nil
}
