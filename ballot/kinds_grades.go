package ballot

import (
	"fmt"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// The kinds in which every option gets one of several answers. The slot xᵢₐ
// says that option i has answer a, and is a result row.

// compileAnswers allots the slots, states low ≤ Σₐ xᵢₐ ≤ 1 for each option, and
// adds the result rows.
func compileAnswers(c *Contest, l *layout, answers []Option, low int) {
	l.cells = make([][]int, len(c.Options))
	for i, o := range c.Options {
		var all digits
		for _, a := range answers {
			slot := l.number(1)
			all = append(all, slot...)
			l.cells[i] = append(l.cells[i], slot.slot())
			l.result(o.ID+":"+a.ID, o.Name+": "+a.Name, 0, 1, slot)
		}
		l.between(low, 1, all)
	}
}

func putAnswers(c *Contest, v Vote, answer func(mark int) int, row []uint8) {
	for i, o := range c.Options {
		if a := answer(v[o.ID]); a >= 0 {
			row[c.layout.cells[i][a]] = 1
		}
	}
}

func countAnswers(c *Contest, v Vote, answers int, answer func(mark int) int) (rows []int64) {
	for _, o := range c.Options {
		of := make([]int64, answers)
		if a := answer(v[o.ID]); a >= 0 {
			of[a] = 1
		}
		rows = append(rows, of...)
	}
	return rows
}

// judgement: Σₐ xᵢₐ = 1 over the grades.
type judgement struct{}

func (judgement) params() []string { return []string{"grades"} }

func (judgement) compile(c *Contest, l *layout) error {
	if n := len(c.Grades); n < 2 {
		return at("grades", fmt.Errorf("are %d and must be at least 2: %w", n, reason.ErrShape))
	}
	if err := needs(len(c.Options) * len(c.Grades)); err != nil {
		return err
	}
	compileAnswers(c, l, c.Grades, 1)
	return nil
}

func (judgement) check(c *Contest, v Vote, _ int) error {
	for _, o := range c.Options {
		switch grade := v[o.ID]; {
		case grade == 0:
			return fmt.Errorf("option %s has no grade, every option needs one: %w", o.ID, reason.ErrShape)
		case grade < 0 || grade > len(c.Grades):
			return fmt.Errorf("option %s has grade %d, grades go from 1 to %d: %w", o.ID, grade, len(c.Grades), reason.ErrRange)
		}
	}
	return nil
}

func (judgement) mark(c *Contest, v Vote, row []uint8) { putAnswers(c, v, gradeOf, row) }

func (judgement) count(c *Contest, v Vote) []int64 {
	return countAnswers(c, v, len(c.Grades), gradeOf)
}

func gradeOf(mark int) int { return mark - 1 }

// Marks of a question in a contest of kind "referendum". One that is left open
// is not marked.
const (
	Yes = 1
	No  = -1
)

// referendum: xᵢ,yes + xᵢ,no ≤ 1, or = 1.
type referendum struct{}

var yesNo = []Option{{ID: "yes", Name: "yes"}, {ID: "no", Name: "no"}}

func (referendum) params() []string { return []string{"exact?"} }

func (referendum) compile(c *Contest, l *layout) error {
	if err := needs(2 * len(c.Options)); err != nil {
		return err
	}
	low := 0
	if c.Exact {
		low = 1
	}
	compileAnswers(c, l, yesNo, low)
	if c.Blank && !c.Exact {
		var all digits
		for _, row := range l.results {
			all = append(all, row.Terms...)
		}
		l.between(1, len(c.Options), all)
	}
	return nil
}

func (referendum) check(c *Contest, v Vote, _ int) error {
	for _, o := range c.Options {
		switch v[o.ID] {
		case Yes, No:
		case 0:
			if c.Exact {
				return fmt.Errorf("question %s is left open, every question needs an answer: %w", o.ID, reason.ErrShape)
			}
		default:
			return fmt.Errorf("question %s is marked %d, it can be marked %d for yes or %d for no: %w", o.ID, v[o.ID], Yes, No, reason.ErrRange)
		}
	}
	return nil
}

func (referendum) mark(c *Contest, v Vote, row []uint8) { putAnswers(c, v, answerOf, row) }

func (referendum) count(c *Contest, v Vote) []int64 {
	return countAnswers(c, v, len(yesNo), answerOf)
}

func answerOf(mark int) int {
	switch mark {
	case Yes:
		return 0
	case No:
		return 1
	}
	return -1
}
