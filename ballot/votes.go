package ballot

import (
	"fmt"
	"iter"
	"maps"
	"math/bits"
	"slices"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Vote is what a voter marks in one contest: a number for each option by its
// id. 1 is chosen or approved, a number of points, votes or a score is that
// many, ranks and grades count from 1, questions of a referendum are answered
// [Yes] or [No]; lists are marked like options. An option that is left out or 0
// is not marked, and a vote that marks nothing is the blank vote where a
// contest has one. In a contest of kind "write-in" whatever is no option's id is
// a text, marked 1.
type Vote map[string]int

// Votes are one voter's votes by contest id. A contest left out is one with
// nothing marked.
type Votes map[string]Vote

// Check returns nil if the vote is one that the contest allows, and otherwise
// the rule that it breaks, in words for a person.
func (c *Contest) Check(v Vote) error {
	if err := c.checkVote(v); err != nil {
		return fmt.Errorf("contest %s: %w", c.ID, err)
	}
	return nil
}

func (c *Contest) checkVote(v Vote) error {
	if c.layout == nil {
		return fmt.Errorf("is not of a checked manifest: %w", reason.ErrState)
	}
	return c.checkMarks(v)
}

// checkMarks is checkVote for a contest whose kind and index are set.
func (c *Contest) checkMarks(v Vote) error {
	var unknown []string
	marked := 0
	for id, mark := range v {
		if _, ok := c.index[id]; !ok {
			unknown = append(unknown, id)
		}
		if mark != 0 {
			marked++
		}
	}
	if _, written := c.kind.(writeIn); !written && len(unknown) > 0 {
		return fmt.Errorf("there is no option %+q: %w", slices.Min(unknown), reason.ErrShape)
	}
	if c.Blank && marked == 0 {
		return nil
	}
	return c.kind.check(c, v, marked)
}

// Encode returns what is encrypted of a vote, or the rule that the vote breaks:
// the contest's slots, a byte of 0 or 1 each, or the plaintext of a mixed
// contest, PlaintextLen bytes.
func (c *Contest) Encode(v Vote) ([]uint8, error) {
	content, err := c.encode(v)
	if err != nil {
		return nil, fmt.Errorf("contest %s: %w", c.ID, err)
	}
	return content, nil
}

func (c *Contest) encode(v Vote) ([]uint8, error) {
	if err := c.checkVote(v); err != nil {
		return nil, err
	}
	content := make([]uint8, c.layout.content())
	if c.isBlank(v) {
		for _, b := range c.layout.blank {
			content[b.Slot] = 1
		}
	} else {
		c.kind.mark(c, v, content)
	}
	c.layout.fill(content)
	return content, nil
}

func (c *Contest) isBlank(v Vote) bool {
	for _, mark := range v {
		if mark != 0 {
			return false
		}
	}
	return c.Blank
}

// Count adds up plain votes, each with its weight, into the contest's result
// rows. It knows nothing of slots, so that what was decrypted can be held
// against it; plaintexts that are no vote cannot be given, so the row of those
// is 0. The first vote that the contest does not allow is the error;
// ErrRange if a total is above 2⁶².
func (c *Contest) Count(votes iter.Seq2[Vote, uint64]) ([]int64, error) {
	var rows []int64
	if c.layout != nil { // otherwise Check says so
		rows = make([]int64, len(c.layout.results))
	}
	for v, weight := range votes {
		if err := c.Check(v); err != nil {
			return nil, err
		}
		if c.isBlank(v) {
			if !addTimes(&rows[c.layout.blanks], weight, 1) {
				return nil, c.tooMuch()
			}
			continue
		}
		for i, n := range c.kind.count(c, v) {
			if !addTimes(&rows[i], weight, n) {
				return nil, c.tooMuch()
			}
		}
	}
	return rows, nil
}

func (c *Contest) tooMuch() error {
	return fmt.Errorf("contest %s: a total is above 2^62: %w", c.ID, reason.ErrRange)
}

// addTimes adds weight·n to a total, unless one of them is above 2⁶² in size.
func addTimes(total *int64, weight uint64, n int64) bool {
	const most = 1 << 62
	over, size := bits.Mul64(weight, uint64(max(n, -n)))
	if over != 0 || size > most {
		return false
	}
	if n < 0 {
		*total -= int64(size)
	} else {
		*total += int64(size)
	}
	return -most <= *total && *total <= most
}

// onlyOnes refuses marks other than 0 and 1.
func (c *Contest) onlyOnes(v Vote) error {
	for _, o := range c.Options {
		if mark := v[o.ID]; mark != 0 && mark != 1 {
			return fmt.Errorf("option %s is marked %d, it can be marked 1 or not: %w", o.ID, mark, reason.ErrRange)
		}
	}
	return nil
}

// plural is a number with its noun, pluralIs with a verb as well.
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func pluralIs(n int, what string) string {
	if n == 1 {
		return plural(n, what) + " is"
	}
	return plural(n, what) + " are"
}

// CheckVotes returns nil if the votes make a ballot of the style, and
// otherwise the first rule that they break.
func (m *Manifest) CheckVotes(style int, votes Votes) error {
	_, err := m.EncodeVotes(style, votes)
	return err
}

// EncodeVotes returns the content of a whole ballot of a style: what Encode
// returns for its contests, in order. It refuses votes that break a rule of a contest, and
// votes for contests that the style does not have.
func (m *Manifest) EncodeVotes(style int, votes Votes) ([]uint8, error) {
	if style < 0 || style >= len(m.Styles) {
		return nil, fmt.Errorf("ballot: there is no style %d: %w", style, reason.ErrRange)
	}
	s := &m.Styles[style]
	foreign := maps.Clone(votes)
	var content []uint8
	for _, i := range s.Contests {
		c := &m.Contests[i]
		part, err := c.Encode(votes[c.ID])
		if err != nil {
			return nil, fmt.Errorf("ballot: %w", err)
		}
		content = append(content, part...)
		delete(foreign, c.ID)
	}
	if len(foreign) > 0 {
		first := slices.Min(slices.Collect(maps.Keys(foreign)))
		return nil, fmt.Errorf("ballot: style %s has no contest %+q: %w", s.ID, first, reason.ErrShape)
	}
	return content, nil
}
