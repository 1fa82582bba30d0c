package ballot

import (
	"fmt"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// compileMarks compiles the kinds in which every option gets a number between 0
// and most, and the numbers of a vote that is not blank sum to between low and
// high. Option i has the digits of its number vᵢ as slots, and vᵢ is its result:
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

func (choose) count(c *Contest, v Vote) []int64 { return perOption(c, v, itself) }

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

func (approval) count(c *Contest, v Vote) []int64 { return perOption(c, v, itself) }

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

func (points) count(c *Contest, v Vote) []int64 { return perOption(c, v, itself) }

// score: the digits of a number up to Max an option. One slot for each level
// would take more slots, and a rule.
type score struct{}

func (score) params() []string { return []string{"max"} }

func (score) compile(c *Contest, l *layout) error {
	if err := c.inRange("max", 1, maxPoints); err != nil {
		return err
	}
	compileMarks(c, l, c.Max, c.least(0), len(c.Options)*c.Max)
	return nil
}

func (score) check(c *Contest, v Vote, _ int) error { return c.inScores(v) }

func (score) mark(c *Contest, v Vote, row []uint8) { putMarks(c, v, row) }

func (score) count(c *Contest, v Vote) []int64 { return perOption(c, v, itself) }

// inScores refuses marks that are not between 0 and Max.
func (c *Contest) inScores(v Vote) error {
	for _, o := range c.Options {
		if mark := v[o.ID]; mark < 0 || mark > c.Max {
			return fmt.Errorf("option %s has score %d, scores go from 0 to %d: %w", o.ID, mark, c.Max, reason.ErrRange)
		}
	}
	return nil
}

// quadratic: the slot xᵢₖ is one vote for option i, of the price 2k−1, and
// Σ (2k−1)·xᵢₖ ≤ Points. The first k votes for an option cost k² together, and
// no k of them cost less, so nothing need be said about which slots are 1.
type quadratic struct{}

func (quadratic) params() []string { return []string{"points", "max?"} }

func (quadratic) compile(c *Contest, l *layout) error {
	if err := c.inRange("points", 1, maxPoints); err != nil {
		return err
	}
	most := 1
	for (most+1)*(most+1) <= c.Points {
		most++
	}
	if c.Max == 0 {
		c.Max = most
	}
	if err := c.inRange("max", 1, most); err != nil {
		return err
	}
	if err := needs(len(c.Options) * c.Max); err != nil {
		return err
	}
	var prices digits
	for _, o := range c.Options {
		var votes digits
		for k := range c.Max {
			vote := l.number(1)
			votes = append(votes, vote...)
			prices = append(prices, vote.times(int64(2*k+1))...)
		}
		l.result(o.ID, o.Name, 0, c.Max, votes)
	}
	l.between(c.least(0), c.Points, prices)
	return nil
}

func (quadratic) check(c *Contest, v Vote, _ int) error {
	price := 0
	for _, o := range c.Options {
		switch mark := v[o.ID]; {
		case mark < 0:
			return fmt.Errorf("option %s has %s, fewer than none: %w", o.ID, plural(mark, "vote"), reason.ErrRange)
		case mark > c.Max:
			return fmt.Errorf("option %s has %s, at most %d allowed: %w", o.ID, plural(mark, "vote"), c.Max, reason.ErrRange)
		default:
			price += mark * mark
		}
	}
	if price > c.Points {
		return fmt.Errorf("the votes cost %s, their squares together, at most %d allowed: %w", plural(price, "point"), c.Points, reason.ErrRange)
	}
	return nil
}

func (quadratic) mark(c *Contest, v Vote, row []uint8) {
	for i, o := range c.Options {
		for _, vote := range c.layout.results[i].Terms[:v[o.ID]] {
			row[vote.Slot] = 1
		}
	}
}

func (quadratic) count(c *Contest, v Vote) []int64 { return perOption(c, v, itself) }
