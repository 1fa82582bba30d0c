package ballot

import (
	"fmt"

	"github.com/hanpyo/hanpyo/elgamal"
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

// List is a list of candidates in a contest of kind "lists".
type List struct {
	ID      string // what votes name it by
	Name    string // what voters read
	Options []int  // its candidates: positions among the contest's options, ascending
}

// Equation is a rule of a contest of kind "equations", over its options, each
// of which is a slot of the value 0 or 1:
//
//	Low ≤ Σ Coefficient·v[Slot] ≤ High
//
// It is an equality if Low and High are the same.
type Equation struct {
	Terms     []zkp.Term // Slot is the position of an option; in ascending order
	Low, High int        // each at most 2¹⁶ in size
}

// Row is a row of the result of a contest of kind "equations".
type Row struct {
	ID    string
	Name  string
	Terms []zkp.Term // Slot is the position of an option; in ascending order
}

// Contest is one question of an election. Its kind gives the other fields
// their meaning; docs/manifest.md has the equations of each.
//
//   - "choose": at least Min and at most Max options are chosen.
//   - "approval": any number of options is approved of, at most Max if it is
//     not zero.
//   - "referendum": each option is a question, answered yes or no, or left open
//     unless Exact is set.
//   - "points": at most Points are spread over the options, or exactly that
//     many if Exact is set, at most Max on one option (zero means Points).
//   - "score": each option gets a score from 0 to Max.
//   - "star": scores from 0 to Max, and for every two options how many voters
//     score the one above the other.
//   - "quadratic": each option gets up to Max votes (zero means as many as the
//     budget pays for), and their squares add up to at most Points.
//   - "judgement": each option gets exactly one of the Grades, best first.
//   - "ranked-points": the first choice gets Values[0], the second Values[1]
//     and so on; all values are given if Exact is set. Borda counts are such.
//   - "ranking": at least Min and at most Max options (zero means all) are
//     ranked; the result says how often each option has each rank.
//   - "pairwise": options are ranked, all of them differently if Exact is set;
//     the result says how many voters prefer each option to each other one.
//   - "lists": at most one of the Lists and at most Max candidates (zero means
//     all), only on that list unless Panachage is set.
//   - "equations": whatever Equations between options allow, with Rows as the
//     result; Witness is a vote that is allowed.
//   - "mixed-ranking": at least Min and at most Max options (zero means all) are
//     ranked; every ranking becomes public and is counted by the rule CountBy
//     for Seats seats (zero means one).
//   - "write-in": one option, or a text of at most Max bytes, all of which
//     become public.
//
// The last two are mixed and say so in Plaintexts: see [PlaintextsPublic].
//
// With Blank set, a vote that marks nothing is a blank vote with a result row
// of its own, and every other vote marks something.
type Contest struct {
	ID      string
	Name    string
	Kind    string
	Options []Option
	Blank   bool

	Min, Max  int
	Points    int
	Values    []int
	Exact     bool
	Grades    []Option
	Lists     []List
	Panachage bool
	Equations []Equation
	Rows      []Row
	Witness   Vote
	// CountBy is "plurality", "borda", "instant-runoff", "scottish-stv",
	// "northern-ireland-stv", "schulze" or "ranked-pairs", the rules of package
	// tally/count. What a rule leaves to lot is decided by the order of Options.
	CountBy    string
	Seats      int
	Plaintexts string

	// Set by NewManifest.
	kind   kind
	layout *layout
	group  *elgamal.Group // nil unless it is mixed
	first  int
	index  map[string]int // of an option, by id; those of lists come after
}

// Mixed reports whether the contest's votes are mixed and decrypted one by one,
// instead of added up and decrypted as totals.
func (c *Contest) Mixed() bool {
	_, ok := kinds[c.Kind].(mixedKind)
	return ok
}

// PlaintextLen returns how many bytes a vote of a mixed contest has, and 0 for
// any other contest.
func (c *Contest) PlaintextLen() int { return c.layout.plaintext }

// Columns returns where the contest's columns stand among those of the whole
// manifest. A column is a slot, or carries a part of a mixed contest's
// plaintext.
func (c *Contest) Columns() (first, count int) { return c.first, c.layout.columns() }

// Rules returns the equalities between the contest's slots, which are counted
// from 0 within the contest; a mixed contest has none. The caller must not
// change them.
func (c *Contest) Rules() []zkp.Rule { return c.layout.rules }

// Results returns the contest's result rows in the order of docs/manifest.md:
// those of its kind, for most kinds one per option, then one for blank votes if
// the contest has them, then one for invalid votes if it is mixed. The caller
// must not change them.
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
	_, mixed := k.(mixedKind)
	if len(c.Options) == 0 && !mixed { // those that are bound them otherwise
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
	for i, list := range c.Lists {
		c.index[list.ID] = len(c.Options) + i
	}
	l := new(layout)
	if c.Blank && !mixed {
		l.blank = l.number(1)
	}
	if err := k.compile(c, l); err != nil {
		return err
	}
	if c.Blank {
		l.blanks = len(l.results)
		l.result(BlankID, "blank", 0, 1, l.blank)
	}
	if mixed {
		l.result(InvalidID, "invalid", 0, 1, nil)
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

// inPairs checks a contest that compares its options with one another.
func (c *Contest) inPairs() error {
	n := len(c.Options)
	if n < 2 {
		return at("options", fmt.Errorf("are %d and must be at least 2 to be compared: %w", n, reason.ErrShape))
	}
	return needs(n * (n - 1))
}

// needs refuses a contest that cannot fit before any slot is allotted.
func needs(columns int) error {
	if columns > maxColumns {
		return fmt.Errorf("needs %d columns or more, at most %d: %w", columns, maxColumns, reason.ErrLimit)
	}
	return nil
}
