package ballot

import (
	"fmt"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/zkp"
)

// rankedPoints: the slot xₚᵢ says that option i has rank p, Σᵢ xₚᵢ ≤ 1 for each
// rank and Σₚ xₚᵢ ≤ 1 for each option; Exact makes the former an equality. The
// slot of rank p and option i is term p−1 of the option's result row.
type rankedPoints struct{}

func (rankedPoints) params() []string { return []string{"values", "exact?"} }

func (rankedPoints) compile(c *Contest, l *layout) error {
	if err := checkValues(c); err != nil {
		return err
	}
	options, ranks := len(c.Options), len(c.Values)
	if err := needs(options * ranks); err != nil {
		return err
	}
	byOption, byRank := make([]digits, options), make([]digits, ranks)
	for i := range options {
		for p := range ranks {
			slot := l.number(1)
			byOption[i] = append(byOption[i], slot...)
			byRank[p] = append(byRank[p], slot...)
		}
	}
	for p := range ranks {
		if c.Exact {
			l.between(1, 1, byRank[p])
		} else {
			l.between(0, 1, byRank[p])
		}
	}
	everyOption := c.Exact && ranks == options // is ranked, if the vote is not blank
	for i := range options {
		switch {
		case ranks == 1: // the rule of the rank says it all
		case everyOption:
			l.between(1, 1, byOption[i])
		default:
			l.between(0, 1, byOption[i])
		}
	}
	if c.Blank && !c.Exact {
		l.between(1, ranks, joined(byOption...))
	}
	for i, o := range c.Options {
		least := 0
		if everyOption && !c.Blank {
			least = c.Values[ranks-1]
		}
		terms := make(digits, ranks)
		for p, value := range c.Values {
			terms[p] = zkp.Term{Slot: byOption[i][p].Slot, Coefficient: int64(value)}
		}
		l.result(o.ID, o.Name, least, c.Values[0], terms)
	}
	return nil
}

func checkValues(c *Contest) error {
	if n := len(c.Values); n < 1 || n > len(c.Options) {
		return at("values", fmt.Errorf("are %d and must be between 1 and %d: %w", n, len(c.Options), reason.ErrShape))
	}
	for i, value := range c.Values {
		path := fmt.Sprintf("values[%d]", i)
		if value < 1 || value > maxPoints {
			return at(path, fmt.Errorf("is %d and must be between 1 and %d: %w", value, maxPoints, reason.ErrRange))
		}
		if i > 0 && value > c.Values[i-1] {
			return at(path, fmt.Errorf("is %d, more than the value before: %w", value, reason.ErrRange))
		}
	}
	return nil
}

func (rankedPoints) check(c *Contest, v Vote, marked int) error {
	if err := c.distinctRanks(v, len(c.Values)); err != nil {
		return err
	}
	if c.Exact && marked < len(c.Values) {
		return fmt.Errorf("%s ranked, exactly %d required: %w", plural(marked, "option"), len(c.Values), reason.ErrRange)
	}
	return nil
}

// inRanks refuses ranks that are not between 1 and most.
func (c *Contest) inRanks(v Vote, most int) error {
	for _, o := range c.Options {
		if rank := v[o.ID]; rank < 0 || rank > most {
			return fmt.Errorf("option %s has rank %d, ranks go from 1 to %d: %w", o.ID, rank, most, reason.ErrRange)
		}
	}
	return nil
}

// distinctRanks refuses ranks that are not between 1 and most, and one rank of
// two options.
func (c *Contest) distinctRanks(v Vote, most int) error {
	if err := c.inRanks(v, most); err != nil {
		return err
	}
	taken := make([]string, most+1)
	for _, o := range c.Options {
		rank := v[o.ID]
		if rank == 0 {
			continue
		}
		if taken[rank] != "" {
			return fmt.Errorf("options %s and %s both have rank %d: %w", taken[rank], o.ID, rank, reason.ErrDuplicate)
		}
		taken[rank] = o.ID
	}
	return nil
}

func (rankedPoints) mark(c *Contest, v Vote, row []uint8) {
	for i, o := range c.Options {
		if rank := v[o.ID]; rank > 0 {
			row[c.layout.results[i].Terms[rank-1].Slot] = 1
		}
	}
}

func (rankedPoints) count(c *Contest, v Vote) []int64 {
	return perOption(c, v, func(rank int) int64 {
		if rank == 0 {
			return 0
		}
		return int64(c.Values[rank-1])
	})
}

// ranking: the slot xₚᵢ says that option i has rank p, and is a result row. The
// sums Σᵢ xₚᵢ are 1 for the first Min ranks and then do not rise, so that no
// rank is left out, and Σₚ xₚᵢ ≤ 1.
type ranking struct{}

func (ranking) params() []string { return []string{"min?", "max?"} }

func (ranking) compile(c *Contest, l *layout) error {
	if err := c.setRanks(); err != nil {
		return err
	}
	options := len(c.Options)
	if err := needs(options * c.Max); err != nil {
		return err
	}
	l.cells = make([][]int, options)
	byOption, byRank := make([]digits, options), make([]digits, c.Max)
	for i, o := range c.Options {
		for p := range c.Max {
			slot := l.number(1)
			l.cells[i] = append(l.cells[i], slot.slot())
			byOption[i], byRank[p] = append(byOption[i], slot...), append(byRank[p], slot...)
			least := 0
			if options == 1 && c.Min == 1 && !c.Blank {
				least = 1
			}
			l.result(fmt.Sprintf("%s:%d", o.ID, p+1), fmt.Sprintf("%s: %d", o.Name, p+1), least, 1, slot)
		}
	}
	for p := range c.Max {
		switch {
		case p < c.Min:
			l.between(1, 1, byRank[p])
		case p == 0:
			l.between(0, 1, byRank[p])
		default:
			l.atMost(0, 1, joined(byRank[p], byRank[p-1].times(-1)))
		}
	}
	if c.Max == 1 {
		return nil // the rule of the rank says it all
	}
	for i := range options {
		if c.Min == options {
			l.between(1, 1, byOption[i])
		} else {
			l.between(0, 1, byOption[i])
		}
	}
	return nil
}

// setRanks checks how many ranks are given and fills in what is left out.
func (c *Contest) setRanks() error {
	if c.Max == 0 {
		c.Max = len(c.Options)
	}
	if err := c.inRange("max", 1, len(c.Options)); err != nil {
		return err
	}
	if c.Min == 0 {
		c.Min = c.least(0)
	}
	return c.inRange("min", 0, c.Max)
}

func (ranking) check(c *Contest, v Vote, marked int) error {
	if err := c.distinctRanks(v, c.Max); err != nil {
		return err
	}
	for _, o := range c.Options { // with distinct ranks, none is left out if none is above their number
		if rank := v[o.ID]; rank > marked {
			return fmt.Errorf("option %s has rank %d, but only %s ranked: ranks must not be left out: %w", o.ID, rank, pluralIs(marked, "option"), reason.ErrShape)
		}
	}
	if marked < c.Min {
		return fmt.Errorf("%s ranked, at least %d required: %w", plural(marked, "option"), c.Min, reason.ErrRange)
	}
	return nil
}

func (ranking) mark(c *Contest, v Vote, row []uint8) {
	for i, o := range c.Options {
		if rank := v[o.ID]; rank > 0 {
			row[c.layout.cells[i][rank-1]] = 1
		}
	}
}

func (ranking) count(c *Contest, v Vote) (rows []int64) {
	for _, o := range c.Options {
		of := make([]int64, c.Max)
		if rank := v[o.ID]; rank > 0 {
			of[rank-1] = 1
		}
		rows = append(rows, of...)
	}
	return rows
}
