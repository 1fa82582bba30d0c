package ballot

import (
	"fmt"
	"strings"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/zkp"
)

// Limits of a contest.
const (
	maxOptions = 1000
	maxPoints  = 1 << 16
)

// Option is one of the things that a contest offers.
type Option struct {
	ID   string // what votes name it by
	Name string // what voters read
}

// Contest is one question of an election. Its kind gives the other fields
// their meaning; docs/manifest.md has the equations of each.
//
//   - "choose": at least Min and at most Max options are chosen.
//   - "approval": any number of options is approved of, at most Max if it is
//     not zero.
//   - "points": at most Points are spread over the options, or exactly that
//     many if Exact is set, at most Max on one option (zero means Points).
//   - "ranked-points": the first choice gets Values[0], the second Values[1]
//     and so on; all values are given if Exact is set.
//
// With Blank set, a vote that marks nothing is a blank vote with a result row
// of its own, and every other vote marks something.
type Contest struct {
	ID      string
	Name    string
	Kind    string
	Options []Option
	Blank   bool

	Min, Max int
	Points   int
	Values   []int
	Exact    bool

	// Set by NewManifest.
	kind   kind
	layout *layout
	first  int
	index  map[string]int // of an option, by id
}

// kind is what a kind of contest has to say for itself. A kind is one small
// value; kinds lists them all.
type kind interface {
	// params names the contest fields that the kind uses besides options and
	// blank, in the order of the manifest's canonical bytes. Those that may be
	// left out of a manifest end in a question mark.
	params() []string
	// compile checks the contest's fields, sets defaults, allots slots and
	// states rules and results: one row per option, in order.
	compile(c *Contest, l *layout) error
	// check returns which rule a vote breaks, in words; marks counts the
	// options with a mark that is not zero. A blank vote does not come here.
	check(c *Contest, v Vote, marks int) error
	// mark sets the slots of a checked vote that follow from it directly;
	// slacks are filled in later.
	mark(c *Contest, v Vote, row []uint8)
	// count returns what a checked vote gives to an option.
	count(c *Contest, mark int) int64
}

var kinds = map[string]kind{
	"choose":        choose{},
	"approval":      approval{},
	"points":        points{},
	"ranked-points": rankedPoints{},
}

// param returns the field that a kind uses under a name of the manifest: an
// *int, a *bool or an *[]int.
func (c *Contest) param(name string) any {
	switch name {
	case "min":
		return &c.Min
	case "max":
		return &c.Max
	case "points":
		return &c.Points
	case "values":
		return &c.Values
	case "exact":
		return &c.Exact
	}
	panic("ballot: no contest field " + name)
}

// allParams are the names that param knows.
var allParams = []string{"min", "max", "points", "values", "exact"}

// Columns returns where the contest's slots stand among the columns of the
// whole manifest.
func (c *Contest) Columns() (first, count int) { return c.first, c.layout.slots }

// Rules returns the equalities between the contest's slots, which are counted
// from 0 within the contest. The caller must not change them.
func (c *Contest) Rules() []zkp.Rule { return c.layout.rules }

// Results returns the contest's result rows: one per option in order, then
// one for blank votes if the contest has them. The caller must not change them.
func (c *Contest) Results() []ResultRow { return c.layout.results }

// compile checks the contest and sets its layout. first is the number of its
// first column.
func (c *Contest) compile(first int) error {
	k, ok := kinds[c.Kind]
	if !ok {
		return at("kind", fmt.Errorf("%q is not known: %w", c.Kind, reason.ErrVersion))
	}
	for _, name := range allParams {
		if !uses(k, name) && !isZero(c.param(name)) {
			return at(name, fmt.Errorf("means nothing to kind %q: %w", c.Kind, reason.ErrEncoding))
		}
	}
	if len(c.Options) == 0 {
		return at("options", fmt.Errorf("are none: %w", reason.ErrShape))
	}
	if len(c.Options) > maxOptions {
		return at("options", fmt.Errorf("are %d, at most %d: %w", len(c.Options), maxOptions, reason.ErrLimit))
	}
	c.kind, c.first = k, first
	c.index = make(map[string]int, len(c.Options))
	for i, o := range c.Options {
		c.index[o.ID] = i
	}
	l := new(layout)
	if c.Blank {
		l.blank = l.number(1)
	}
	if err := k.compile(c, l); err != nil {
		return err
	}
	if c.Blank {
		l.result(BlankID, "blank", 0, 1, l.blank)
	}
	c.layout = l
	return l.check()
}

// at puts a step of the path in front of an error.
func at(path string, err error) error { return &pathError{path, err} }

// pathError says where in a manifest something is wrong. Paths join as in
// JSON: contests[0].options[2].name.
type pathError struct {
	path string
	err  error
}

func (e *pathError) Error() string {
	path, err := e.path, e.err
	for {
		inner, ok := err.(*pathError)
		if !ok {
			return path + " " + err.Error()
		}
		path, err = path+"."+inner.path, inner.err
	}
}

func (e *pathError) Unwrap() error { return e.err }

func uses(k kind, name string) bool {
	for _, p := range k.params() {
		if strings.TrimSuffix(p, "?") == name {
			return true
		}
	}
	return false
}

func isZero(param any) bool {
	switch p := param.(type) {
	case *int:
		return *p == 0
	case *bool:
		return !*p
	case *[]int:
		return len(*p) == 0
	}
	return false
}

// inRange checks a parameter of a contest.
func (c *Contest) inRange(name string, low, high int) error {
	if v := *c.param(name).(*int); v < low || v > high {
		return at(name, fmt.Errorf("is %d and must be between %d and %d: %w", v, low, high, reason.ErrRange))
	}
	return nil
}

// least is the least sum of marks of a vote that is not blank, for a contest
// that has the blank option: marking nothing is the blank vote.
func (c *Contest) least(low int) int {
	if c.Blank {
		return max(low, 1)
	}
	return low
}
