package ballot

import (
	"fmt"
	"maps"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/zkp"
)

// equations: the options are the slots; rules and result rows are those of the
// manifest.
type equations struct{}

func (equations) params() []string { return []string{"equations", "rows", "witness"} }

func (k equations) compile(c *Contest, l *layout) error {
	if c.Blank {
		return at("blank", fmt.Errorf("means nothing to kind %q, whose equations say what is allowed: %w", c.Kind, reason.ErrEncoding))
	}
	for range c.Options { // at most maxOptions, for which there are columns
		l.numbers = append(l.numbers, l.number(1))
	}
	if len(c.Equations) > maxOptions {
		return at("equations", fmt.Errorf("are %d, at most %d: %w", len(c.Equations), maxOptions, reason.ErrLimit))
	}
	for i := range c.Equations {
		if err := k.compileEquation(c, l, &c.Equations[i]); err != nil {
			return at(fmt.Sprintf("equations[%d]", i), err)
		}
	}
	if n := len(c.Rows); n < 1 || n > maxOptions {
		return at("rows", fmt.Errorf("are %d and must be between 1 and %d: %w", n, maxOptions, reason.ErrShape))
	}
	for i, row := range c.Rows {
		least, most, err := k.bounds(c, row.Terms)
		if err != nil {
			return at(fmt.Sprintf("rows[%d]", i), err)
		}
		l.result(row.ID, row.Name, least, most, row.Terms)
	}
	return k.checkWitness(c)
}

// compileEquation states one equation. Bounds that the terms cannot reach are
// moved to what they can.
func (k equations) compileEquation(c *Contest, l *layout, e *Equation) error {
	least, most, err := k.bounds(c, e.Terms)
	if err != nil {
		return err
	}
	for _, bound := range []struct {
		name  string
		value int
	}{{"low", e.Low}, {"high", e.High}} {
		if bound.value < -maxCoefficient || bound.value > maxCoefficient {
			return at(bound.name, fmt.Errorf("is %d and must be between %d and %d: %w", bound.value, -maxCoefficient, maxCoefficient, reason.ErrRange))
		}
	}
	if e.Low > e.High {
		return at("low", fmt.Errorf("is %d, more than high, %d: %w", e.Low, e.High, reason.ErrRange))
	}
	low, high := max(e.Low, least), min(e.High, most)
	switch {
	case low > high:
		return fmt.Errorf("never holds: its terms add up to between %d and %d: %w", least, most, reason.ErrRange)
	case low == least && high == most:
		return nil // it says nothing
	}
	l.atMost(high, high-low, e.Terms)
	return nil
}

// bounds checks terms and returns between which numbers their sum lies if
// nothing is known of the options.
func (equations) bounds(c *Contest, terms []zkp.Term) (least, most int, err error) {
	if len(terms) == 0 {
		return 0, 0, at("terms", fmt.Errorf("are none: %w", reason.ErrShape))
	}
	for i, t := range terms {
		switch {
		case t.Slot < 0 || t.Slot >= len(c.Options):
			return 0, 0, at("terms", fmt.Errorf("have no option %d: %w", t.Slot, reason.ErrRange))
		case i > 0 && t.Slot == terms[i-1].Slot:
			return 0, 0, at("terms", fmt.Errorf("have %s twice: %w", c.Options[t.Slot].ID, reason.ErrDuplicate))
		case i > 0 && t.Slot < terms[i-1].Slot:
			return 0, 0, at("terms", fmt.Errorf("are out of order: %w", reason.ErrEncoding))
		case t.Coefficient == 0 || t.Coefficient < -maxCoefficient || t.Coefficient > maxCoefficient:
			return 0, 0, at("terms."+c.Options[t.Slot].ID, fmt.Errorf("is %d and must be between %d and %d and not 0: %w",
				t.Coefficient, -maxCoefficient, maxCoefficient, reason.ErrRange))
		}
		least += int(min(t.Coefficient, 0))
		most += int(max(t.Coefficient, 0))
	}
	return least, most, nil
}

// checkWitness holds that the equations allow at least one vote: the one that
// whoever wrote them gives.
func (equations) checkWitness(c *Contest) error {
	witness := make(Vote)
	maps.Copy(witness, c.Witness)
	maps.DeleteFunc(witness, func(_ string, mark int) bool { return mark == 0 })
	c.Witness = witness
	return at2("witness", c.checkMarks(witness))
}

func (equations) check(c *Contest, v Vote, _ int) error {
	if err := c.onlyOnes(v); err != nil {
		return err
	}
	for i, e := range c.Equations {
		switch got := sumOf(c, e.Terms, v); {
		case got > int64(e.High):
			return fmt.Errorf("equation %d gives %d, at most %d allowed: %w", i+1, got, e.High, reason.ErrRange)
		case got < int64(e.Low):
			return fmt.Errorf("equation %d gives %d, at least %d required: %w", i+1, got, e.Low, reason.ErrRange)
		}
	}
	return nil
}

// sumOf returns Σ coefficient·mark.
func sumOf(c *Contest, terms []zkp.Term, v Vote) (total int64) {
	for _, t := range terms {
		total += t.Coefficient * int64(v[c.Options[t.Slot].ID])
	}
	return total
}

func (equations) mark(c *Contest, v Vote, row []uint8) {
	for i, o := range c.Options {
		row[c.layout.numbers[i].slot()] = uint8(v[o.ID])
	}
}

func (equations) count(c *Contest, v Vote) []int64 {
	rows := make([]int64, len(c.Rows))
	for i, row := range c.Rows {
		rows[i] = sumOf(c, row.Terms, v)
	}
	return rows
}
