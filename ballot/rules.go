package ballot

import (
	"fmt"
	"math/bits"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/zkp"
)

// Bounds of docs/protocol.md on what a contest compiles to.
const (
	maxCoefficient = 1 << 16 // of a slot in a rule
	maxColumns     = 1000    // of one style, so that a ballot fits one ledger entry
	maxResultRange = 1 << 40 // of a result row, so that it can be decrypted
)

// ResultRow is one number of a contest's result: an integer combination of
// the totals of its slots. Only these combinations are ever decrypted. The rows
// of a mixed contest have no terms: they are counted from the votes that were
// mixed.
type ResultRow struct {
	ID    string     // what it counts: an option's id, or more as its kind says, or [BlankID]
	Label string     // the same in names: "Ada", "Ada: good", "Ada > Grace", "blank"
	Terms []zkp.Term // over the contest's slots, counted from 0
	// Low and High are the least and the most that one ballot of weight 1
	// can add. Some valid vote reaches each of them, except in a contest of
	// kind "equations", where they are bounds.
	Low, High int64
}

// BlankID is the id of the result row that counts blank votes. No option has
// this id.
const BlankID = "blank"

// digits is a number in slots: the sum of the coefficients whose slots are 1.
type digits []zkp.Term

// weights returns coefficients whose subset sums are exactly 0, 1, …, most:
// powers of two, and what is left. 5 gives 1, 2, 2.
func weights(most int) []int64 {
	var w []int64
	for sum := 0; sum < most; sum += int(w[len(w)-1]) {
		w = append(w, int64(min(sum+1, most-sum)))
	}
	return w
}

// put writes value into its slots. What weights leaves for the last slot is
// at most one more than all before it, so the last slot decides first.
func (d digits) put(value int64, row []uint8) {
	for i := len(d) - 1; i >= 0; i-- {
		if value >= d[i].Coefficient {
			value -= d[i].Coefficient
			row[d[i].Slot] = 1
		}
	}
	if value != 0 {
		panic("ballot: a checked vote does not fit its slots")
	}
}

// joined returns the sum of several numbers.
func joined(parts ...digits) digits {
	var all digits
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// times returns a number multiplied by k, which is not 0.
func (d digits) times(k int64) digits {
	product := make(digits, len(d))
	for i, t := range d {
		product[i] = zkp.Term{Slot: t.Slot, Coefficient: k * t.Coefficient}
	}
	return product
}

// slot returns the slot of a number that is a single bit.
func (d digits) slot() int { return d[0].Slot }

// layout is what a contest compiles to: its slots, the equalities that hold
// between them, and the result map; or, if it is mixed, the length of its
// plaintext.
//
// A kind allots slots for what a voter marks and states bounds on sums of
// them; between turns each into one equality. A contest with a blank option
// has the slot b that is 1 on a blank vote.
type layout struct {
	slots     int
	plaintext int // bytes; 0 if the contest is not mixed

	blank   digits // one slot, or none
	rules   []zkp.Rule
	slacks  []digits // of each rule; what fills it up
	results []ResultRow
	blanks  int // which result is that of blank votes, if there is one

	// Where a kind finds its slots again, if not by the result rows.
	numbers []digits // of each option
	cells   [][]int  // for each option, a slot for each grade, rank or answer
	pairs   [][]int  // for each option, the slots that say it is above another
}

// columns returns how many columns of a ballot's row the contest has. Each slot
// is one; a plaintext is cut into as many as it needs.
func (l *layout) columns() int { return l.slots + columnsFor(l.plaintext) }

// content returns how many bytes hold a vote before it is encrypted: a slot's
// bit is one of them.
func (l *layout) content() int { return l.slots + l.plaintext }

// number allots the slots of a number between 0 and most.
func (l *layout) number(most int) digits {
	d := make(digits, 0, bits.Len(uint(most)))
	for _, w := range weights(most) {
		d = append(d, zkp.Term{Slot: l.slots, Coefficient: w})
		l.slots++
	}
	return d
}

// between states low ≤ Σ terms ≤ high on a ballot that is not blank, and
// Σ terms = 0 on one that is, for terms with coefficients above zero:
//
//	Σ terms + slack + high·b = high,   slack between 0 and high − low
//
// With b = 1 nothing is left for the terms or the slack. A high that the terms
// cannot reach is lowered to what they can, and a bound that always holds is
// left out.
func (l *layout) between(low, high int, terms digits) {
	most := 0
	for _, t := range terms {
		most += int(t.Coefficient)
	}
	high = min(high, most)
	if low == 0 && high == most && len(l.blank) == 0 {
		return
	}
	l.atMost(high, high-low, terms)
}

// atMost states high − room ≤ Σ terms ≤ high on a ballot that is not blank:
//
//	Σ terms + slack + high·b = high,   slack between 0 and room
//
// Terms may have coefficients below zero if other rules make their slots 0 on
// a blank ballot.
func (l *layout) atMost(high, room int, terms digits) {
	slack := l.number(room)
	rule := joined(terms, slack)
	if high != 0 {
		for _, b := range l.blank {
			rule = append(rule, zkp.Term{Slot: b.Slot, Coefficient: int64(high)})
		}
	}
	l.rules = append(l.rules, zkp.Rule{Terms: rule, Sum: int64(high)})
	l.slacks = append(l.slacks, slack)
}

// result adds a result row.
func (l *layout) result(id, label string, low, high int, terms digits) {
	l.results = append(l.results, ResultRow{ID: id, Label: label, Terms: terms, Low: int64(low), High: int64(high)})
}

// fill gives every rule's slack what is missing from the rule's sum.
func (l *layout) fill(row []uint8) {
	for i, rule := range l.rules {
		l.slacks[i].put(rule.Sum-sum(rule.Terms, row), row)
	}
}

// sum returns Σ coefficient·slot.
func sum(terms []zkp.Term, row []uint8) int64 {
	var total int64
	for _, t := range terms {
		total += t.Coefficient * int64(row[t.Slot])
	}
	return total
}

// check holds the bounds that make an equality of the proof one of integers.
func (l *layout) check() error {
	if n := l.columns(); n > maxColumns {
		return fmt.Errorf("needs %d columns, at most %d: %w", n, maxColumns, reason.ErrLimit)
	}
	for _, rule := range l.rules {
		for _, t := range rule.Terms {
			if t.Coefficient > maxCoefficient || t.Coefficient < -maxCoefficient {
				return fmt.Errorf("needs the coefficient %d, at most %d: %w", t.Coefficient, maxCoefficient, reason.ErrRange)
			}
		}
		// |Σ| stays below 2⁶³ by far: at most 1,000 terms of at most 2¹⁶,
		// and a sum that between made one of them.
		if rule.Sum > maxCoefficient || rule.Sum < -maxCoefficient {
			return fmt.Errorf("needs the sum %d, at most %d: %w", rule.Sum, maxCoefficient, reason.ErrRange)
		}
	}
	return nil
}
