package ballot

import (
	"fmt"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/zkp"
)

// compileMarks compiles the three kinds in which every option gets a number between
// 0 and most, and the numbers of a vote that is not blank sum to between low
// and high. Option i has the digits of its number vᵢ as slots:
//
//	low ≤ Σᵢ vᵢ ≤ high
func compileMarks(c *Contest, l *layout, most, low, high int) {
	numbers := make([]digits, len(c.Options))
	for i := range numbers {
		numbers[i] = l.number(most)
	}
	l.between(low, high, joined(numbers...))
	for i, o := range c.Options {
		least := 0
		if !c.Blank {
			least = max(0, low-(len(c.Options)-1)*most)
		}
		l.result(o.ID, o.Name, least, min(most, high), numbers[i])
	}
}

// putMarks sets the digits of every option's number.
func putMarks(c *Contest, v Vote, row []uint8) {
	for i, o := range c.Options {
		digits(c.layout.results[i].Terms).put(int64(v[o.ID]), row)
	}
}

// choose: 1 slot an option, Min ≤ Σ ≤ Max.
type choose struct{}

func (choose) params() []string { return []string{"min", "max"} }

func (choose) compile(c *Contest, l *layout) error {
	if err := c.inRange("max", 1, len(c.Options)); err != nil {
		return err
	}
	if err := c.inRange("min", c.least(0), c.Max); err != nil {
		return err
	}
	compileMarks(c, l, 1, c.Min, c.Max)
	return nil
}

func (choose) check(c *Contest, v Vote, marked int) error {
	if err := c.onlyOnes(v); err != nil {
		return err
	}
	if marked > c.Max {
		return fmt.Errorf("%s chosen, at most %d allowed: %w", plural(marked, "option"), c.Max, reason.ErrRange)
	}
	if marked < c.Min {
		return fmt.Errorf("%s chosen, at least %d required: %w", plural(marked, "option"), c.Min, reason.ErrRange)
	}
	return nil
}

func (choose) mark(c *Contest, v Vote, row []uint8) { putMarks(c, v, row) }

func (choose) count(_ *Contest, mark int) int64 { return int64(mark) }

// approval: 1 slot an option, Σ ≤ Max.
type approval struct{}

func (approval) params() []string { return []string{"max?"} }

func (approval) compile(c *Contest, l *layout) error {
	if c.Max == 0 {
		c.Max = len(c.Options)
	}
	if err := c.inRange("max", 1, len(c.Options)); err != nil {
		return err
	}
	compileMarks(c, l, 1, c.least(0), c.Max)
	return nil
}

func (approval) check(c *Contest, v Vote, marked int) error {
	if err := c.onlyOnes(v); err != nil {
		return err
	}
	if marked > c.Max {
		return fmt.Errorf("%s approved, at most %d allowed: %w", plural(marked, "option"), c.Max, reason.ErrRange)
	}
	return nil
}

func (approval) mark(c *Contest, v Vote, row []uint8) { putMarks(c, v, row) }

func (approval) count(_ *Contest, mark int) int64 { return int64(mark) }

// points: the digits of a number up to Max an option, Σ ≤ Points or = Points.
type points struct{}

func (points) params() []string { return []string{"points", "max?", "exact?"} }

func (points) compile(c *Contest, l *layout) error {
	if err := c.inRange("points", 1, maxPoints); err != nil {
		return err
	}
	if c.Max == 0 {
		c.Max = c.Points
	}
	if err := c.inRange("max", 1, c.Points); err != nil {
		return err
	}
	if room := len(c.Options) * c.Max; c.Exact && room < c.Points {
		return at("points", fmt.Errorf("is %d, but the options take %d at most: %w", c.Points, room, reason.ErrRange))
	}
	low := c.least(0)
	if c.Exact {
		low = c.Points
	}
	compileMarks(c, l, c.Max, low, c.Points)
	return nil
}

func (points) check(c *Contest, v Vote, _ int) error {
	given := 0
	for _, o := range c.Options {
		switch mark := v[o.ID]; {
		case mark < 0:
			return fmt.Errorf("option %s has %s, fewer than none: %w", o.ID, plural(mark, "point"), reason.ErrRange)
		case mark > c.Max:
			return fmt.Errorf("option %s has %s, at most %d allowed: %w", o.ID, plural(mark, "point"), c.Max, reason.ErrRange)
		default:
			given += mark
		}
	}
	if given > c.Points {
		return fmt.Errorf("%s given, at most %d allowed: %w", plural(given, "point"), c.Points, reason.ErrRange)
	}
	if c.Exact && given < c.Points {
		return fmt.Errorf("%s given, exactly %d required: %w", plural(given, "point"), c.Points, reason.ErrRange)
	}
	return nil
}

func (points) mark(c *Contest, v Vote, row []uint8) { putMarks(c, v, row) }

func (points) count(_ *Contest, mark int) int64 { return int64(mark) }

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
	taken := make([]string, len(c.Values)+1)
	for _, o := range c.Options {
		rank := v[o.ID]
		if rank == 0 {
			continue
		}
		if rank < 0 || rank > len(c.Values) {
			return fmt.Errorf("option %s has rank %d, ranks go from 1 to %d: %w", o.ID, rank, len(c.Values), reason.ErrRange)
		}
		if taken[rank] != "" {
			return fmt.Errorf("options %s and %s both have rank %d: %w", taken[rank], o.ID, rank, reason.ErrDuplicate)
		}
		taken[rank] = o.ID
	}
	if c.Exact && marked < len(c.Values) {
		return fmt.Errorf("%s ranked, exactly %d required: %w", plural(marked, "option"), len(c.Values), reason.ErrRange)
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

func (rankedPoints) count(c *Contest, rank int) int64 {
	if rank == 0 {
		return 0
	}
	return int64(c.Values[rank-1])
}
