package ballot

import (
	"fmt"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// lists: the slot yₗ is a vote for list l, xᵢ one for candidate i. Σ yₗ ≤ 1, and
// Σ xᵢ ≤ Max over all candidates with panachage, or Σ xᵢ ≤ Max·yₗ over those of
// each list without. The result rows are those of each list, then those of its
// candidates.
type lists struct{}

func (lists) params() []string { return []string{"lists", "max?", "panachage?"} }

func (lists) compile(c *Contest, l *layout) error {
	if err := checkLists(c); err != nil {
		return err
	}
	if c.Max == 0 {
		c.Max = len(c.Options)
	}
	if err := c.inRange("max", 1, len(c.Options)); err != nil {
		return err
	}
	var all, everybody digits
	members := make([]digits, len(c.Lists))
	for i, list := range c.Lists {
		slot := l.number(1)
		all = append(all, slot...)
		l.result(list.ID, list.Name, 0, 1, slot)
		for _, o := range list.Options {
			slot := l.number(1)
			members[i] = append(members[i], slot...)
			l.result(c.Options[o].ID, c.Options[o].Name, 0, 1, slot)
		}
		everybody = append(everybody, members[i]...)
	}
	if c.Panachage {
		l.between(0, 1, all)
		l.between(0, c.Max, everybody)
		if c.Blank {
			l.between(1, 1+c.Max, joined(all, everybody))
		}
		return nil
	}
	l.between(c.least(0), 1, all)
	for i, of := range members {
		if most := min(c.Max, len(of)); most > 0 {
			l.atMost(0, most, joined(of, all[i:i+1].times(int64(-most))))
		}
	}
	return nil
}

// checkLists requires that every option is on exactly one list.
func checkLists(c *Contest) error {
	if n := len(c.Lists); n < 1 || n > maxOptions {
		return at("lists", fmt.Errorf("are %d and must be between 1 and %d: %w", n, maxOptions, reason.ErrShape))
	}
	on := make([]string, len(c.Options))
	for i, list := range c.Lists {
		path := fmt.Sprintf("lists[%d].options", i)
		last := -1
		for _, o := range list.Options {
			switch {
			case o < 0 || o >= len(c.Options):
				return at(path, fmt.Errorf("have no number %d: %w", o, reason.ErrRange))
			case on[o] != "":
				return at(path, fmt.Errorf("have %s, who is on list %s: %w", c.Options[o].ID, on[o], reason.ErrDuplicate))
			case o < last:
				return at(path, fmt.Errorf("are out of order: %w", reason.ErrEncoding))
			}
			on[o], last = list.ID, o
		}
	}
	for i, list := range on {
		if list == "" {
			return at(fmt.Sprintf("options[%d]", i), fmt.Errorf("%s is on no list: %w", c.Options[i].ID, reason.ErrShape))
		}
	}
	return nil
}

func (lists) check(c *Contest, v Vote, _ int) error {
	if err := c.onlyOnes(v); err != nil {
		return err
	}
	marked, chosen := 0, 0
	for _, list := range c.Lists {
		switch mark := v[list.ID]; mark {
		case 0, 1:
			marked += mark
		default:
			return fmt.Errorf("list %s is marked %d, it can be marked 1 or not: %w", list.ID, mark, reason.ErrRange)
		}
		for _, i := range list.Options {
			o := c.Options[i]
			if v[o.ID] == 1 && v[list.ID] == 0 && !c.Panachage {
				return fmt.Errorf("candidate %s is on list %s, which is not marked: %w", o.ID, list.ID, reason.ErrShape)
			}
			chosen += v[o.ID]
		}
	}
	if marked > 1 {
		return fmt.Errorf("%s marked, at most 1 allowed: %w", plural(marked, "list"), reason.ErrRange)
	}
	if chosen > c.Max {
		return fmt.Errorf("%s chosen, at most %d allowed: %w", plural(chosen, "candidate"), c.Max, reason.ErrRange)
	}
	return nil
}

// inRows yields the ids of lists and candidates in the order of the result.
func (lists) inRows(c *Contest, yield func(row int, id string)) {
	row := 0
	for _, list := range c.Lists {
		yield(row, list.ID)
		row++
		for _, o := range list.Options {
			yield(row, c.Options[o].ID)
			row++
		}
	}
}

func (k lists) mark(c *Contest, v Vote, row []uint8) {
	k.inRows(c, func(i int, id string) {
		row[c.layout.results[i].Terms[0].Slot] = uint8(v[id])
	})
}

func (k lists) count(c *Contest, v Vote) (rows []int64) {
	k.inRows(c, func(_ int, id string) { rows = append(rows, int64(v[id])) })
	return rows
}
