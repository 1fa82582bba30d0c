package ballot

import (
	"fmt"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// The kinds that compare options with one another. The slot gᵢⱼ says that
// option i is above option j, and is a result row.

// star: the digits of a score sᵢ up to Max an option, and comparisons of the
// scores.
type star struct{}

func (star) params() []string { return []string{"max"} }

func (star) compile(c *Contest, l *layout) error {
	if err := c.inPairs(); err != nil {
		return err
	}
	if err := (score{}).compile(c, l); err != nil {
		return err
	}
	scores := make([]digits, len(c.Options))
	for i := range scores {
		scores[i] = l.results[i].Terms
	}
	compareAll(c, l, scores, c.Max)
	return nil
}

func (star) check(c *Contest, v Vote, _ int) error { return c.inScores(v) }

func (star) mark(c *Contest, v Vote, row []uint8) {
	putMarks(c, v, row)
	putPairs(c, v, higherScore, row)
}

func (star) count(c *Contest, v Vote) []int64 {
	return append(perOption(c, v, itself), countPairs(c, v, higherScore)...)
}

// pairwise: of what is ranked, only the comparisons are slots or, where equal
// ranks are allowed, follow from slots that are no results.
type pairwise struct{}

func (pairwise) params() []string { return []string{"exact?"} }

func (pairwise) compile(c *Contest, l *layout) error {
	if err := c.inPairs(); err != nil {
		return err
	}
	if c.Exact {
		orderAll(c, l)
		return nil
	}
	for range c.Options {
		l.numbers = append(l.numbers, l.number(len(c.Options)-1))
	}
	if c.Blank { // the comparisons alone would let equal numbers stand beside a blank vote
		n := len(c.Options)
		l.between(0, n*(n-1)/2, joined(l.numbers...))
	}
	compareAll(c, l, l.numbers, len(c.Options)-1)
	return nil
}

func (pairwise) check(c *Contest, v Vote, marked int) error {
	if !c.Exact {
		return c.inRanks(v, len(c.Options))
	}
	if err := c.distinctRanks(v, len(c.Options)); err != nil {
		return err
	}
	if marked < len(c.Options) {
		return fmt.Errorf("%s ranked, all %d required: %w", plural(marked, "option"), len(c.Options), reason.ErrRange)
	}
	return nil
}

// mark gives each option as many points as there are options below it: the
// same number to options of equal rank, at most n−1, and at most one for each
// pair together.
func (pairwise) mark(c *Contest, v Vote, row []uint8) {
	putPairs(c, v, betterRank, row)
	for i, number := range c.layout.numbers {
		below := int64(0)
		for _, o := range c.Options {
			if betterRank(v[c.Options[i].ID], v[o.ID]) {
				below++
			}
		}
		number.put(below, row)
	}
}

func (pairwise) count(c *Contest, v Vote) []int64 { return countPairs(c, v, betterRank) }

func higherScore(a, b int) bool { return a > b }

// betterRank reports whether rank a is above rank b; 0 is below all ranks.
func betterRank(a, b int) bool { return a != 0 && (b == 0 || a < b) }

// allPairs allots gᵢⱼ for each ordered pair of options and adds them to the
// result.
func allPairs(c *Contest, l *layout) [][]digits {
	g := make([][]digits, len(c.Options))
	for i, a := range c.Options {
		g[i] = make([]digits, len(c.Options))
		l.pairs = append(l.pairs, make([]int, len(c.Options)))
		for j, b := range c.Options {
			if i == j {
				continue
			}
			g[i][j] = l.number(1)
			l.pairs[i][j] = g[i][j].slot()
			l.result(a.ID+">"+b.ID, a.Name+" > "+b.Name, 0, 1, g[i][j])
		}
	}
	return g
}

// compareAll makes gᵢⱼ = 1 if and only if sᵢ > sⱼ, for numbers between 0 and
// most. For each pair i < j:
//
//	gᵢⱼ + gⱼᵢ ≤ 1
//	0 ≤ most·gᵢⱼ − gⱼᵢ − (sᵢ − sⱼ) ≤ most − 1
//	0 ≤ most·gⱼᵢ − gᵢⱼ − (sⱼ − sᵢ) ≤ most − 1
//
// With both bits 0 the differences are at most 0 both ways, so there is a tie.
// With gᵢⱼ = 1 the second line says sᵢ − sⱼ ≤ most and the third sᵢ − sⱼ ≥ 1.
func compareAll(c *Contest, l *layout, s []digits, most int) {
	g := allPairs(c, l)
	m := int64(-most)
	for i := range s {
		for j := i + 1; j < len(s); j++ {
			l.between(0, 1, joined(g[i][j], g[j][i]))
			l.atMost(0, most-1, joined(s[i], s[j].times(-1), g[i][j].times(m), g[j][i]))
			l.atMost(0, most-1, joined(s[j], s[i].times(-1), g[j][i].times(m), g[i][j]))
		}
	}
}

// orderAll makes the gᵢⱼ those of one order of all options:
//
//	gᵢⱼ + gⱼᵢ = 1                for each pair i < j
//	1 ≤ gᵢⱼ + gⱼₖ + gₖᵢ ≤ 2      for each three i < j < k
//
// The first says that of two options exactly one is above the other, the
// second that three never stand in a circle. A tournament without circles of
// three has none at all, and is an order.
func orderAll(c *Contest, l *layout) {
	g := allPairs(c, l)
	n := len(c.Options)
	for i := range n {
		for j := i + 1; j < n; j++ {
			l.between(1, 1, joined(g[i][j], g[j][i]))
			for k := j + 1; k < n; k++ {
				l.between(1, 2, joined(g[i][j], g[j][k], g[k][i]))
			}
		}
	}
}

func putPairs(c *Contest, v Vote, above func(a, b int) bool, row []uint8) {
	for i, a := range c.Options {
		for j, b := range c.Options {
			if i != j && above(v[a.ID], v[b.ID]) {
				row[c.layout.pairs[i][j]] = 1
			}
		}
	}
}

func countPairs(c *Contest, v Vote, above func(a, b int) bool) (rows []int64) {
	for i, a := range c.Options {
		for j, b := range c.Options {
			switch {
			case i == j:
			case above(v[a.ID], v[b.ID]):
				rows = append(rows, 1)
			default:
				rows = append(rows, 0)
			}
		}
	}
	return rows
}
