package tally

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// TextTotal is how many voters have written a text.
type TextTotal struct {
	Text  string `json:"text"`
	Total int64  `json:"total"`
}

// compareTexts orders texts by their totals, the greatest first.
func compareTexts(a, b TextTotal) int {
	return cmp.Or(cmp.Compare(b.Total, a.Total), strings.Compare(a.Text, b.Text))
}

// mixedResult is what the authorities sign of a mixed contest beside totals.
type mixedResult struct {
	ranking    bool              // and so somebody is elected:
	elected    []int             // options by number, in the order of election
	plaintexts [sha256.Size]byte // digest of everything that was decrypted
}

func newMixedResult(c *ballot.Contest) *mixedResult { return &mixedResult{ranking: c.CountBy != ""} }

// fill sets the result of a mixed contest.
func (c *ContestResult) fill(contest *ballot.Contest, p *plaintexts) error {
	totals, err := p.totals()
	if err != nil {
		return err
	}
	for i, total := range totals {
		c.Totals[i].Total = total
	}
	c.mixed, c.opened = newMixedResult(contest), p
	if c.mixed.plaintexts = p.digest(); !c.mixed.ranking {
		c.Texts = p.texts()
		return nil
	}
	if c.Rounds, err = p.elect(); err != nil || c.Rounds == nil {
		return err
	}
	c.mixed.elected = c.Rounds.Elected
	c.nameElected(contest)
	return nil
}

func (c *ContestResult) nameElected(contest *ballot.Contest) {
	for _, option := range c.mixed.elected {
		c.Elected = append(c.Elected, contest.Options[option].ID)
	}
}

// Votes yields the different valid votes of a mixed contest that was decrypted,
// each with how many voters have cast it, for counts by other rules. It yields
// nothing for other contests, and for a result that was only read. Reports do
// not show the votes: a long ranking or a text can be a signature, by which
// whoever cast it is recognised.
func (c *ContestResult) Votes() iter.Seq2[ballot.Vote, int64] {
	return func(yield func(ballot.Vote, int64) bool) {
		if c.opened == nil {
			return
		}
		for _, plain := range c.opened.sorted() {
			if !yield(c.opened.vote(plain), c.opened.votes[plain]) {
				return
			}
		}
	}
}

// write appends what is signed: of rankings how many are elected and who; the
// digest.
func (m *mixedResult) write(w *wire.Writer) {
	if m.ranking {
		w.Uint32(uint32(len(m.elected)))
		for _, option := range m.elected {
			w.Uint32(uint32(option))
		}
	}
	w.Raw(m.plaintexts[:])
}

// readMixed reads what write appends.
func (c *ContestResult) readMixed(r *wire.Reader, contest *ballot.Contest) {
	if c.mixed = newMixedResult(contest); c.mixed.ranking {
		for range r.Count(contest.Seats, 4) {
			option := r.Uint32()
			if uint64(option) >= uint64(len(contest.Options)) {
				r.Fail(fmt.Errorf("contest %s: option %d of %d elected: %w", c.ID, option, len(contest.Options), reason.ErrRange))
				return
			}
			c.mixed.elected = append(c.mixed.elected, int(option))
		}
		c.nameElected(contest)
	}
	copy(c.mixed.plaintexts[:], r.Raw(len(c.mixed.plaintexts)))
}

// signature is what a person has to know who sees the votes of a mixed contest.
const signature = "Every ranking and every text is public, without its voter. A long one can be a signature: whoever cast it can be recognised by it."

// writeMixed writes, for people, what a mixed contest has beside totals.
func (c *ContestResult) writeMixed(b *strings.Builder) {
	if c.mixed == nil {
		return
	}
	for i, t := range c.Texts {
		if i == shown {
			fmt.Fprintf(b, "            and %s more\n", plural(uint64(len(c.Texts)-shown), "text", "texts"))
			break
		}
		fmt.Fprintf(b, "%10s  %s\n", signedNumber(t.Total), strconv.Quote(t.Text))
	}
	if c.Rounds != nil {
		fmt.Fprintf(b, "%s\n", c.Rounds.Rule)
		for i, round := range c.Rounds.Rounds {
			fmt.Fprintf(b, "%10d. %s", i+1, round.Action)
			if len(round.Elected) > 0 {
				fmt.Fprintf(b, " Elected: %s.", c.names(round.Elected))
			}
			for _, tie := range round.Ties {
				fmt.Fprintf(b, " Tie of %s: %s, by %s.", c.names(tie.Candidates), c.names(tie.Chosen), tie.By)
			}
			b.WriteByte('\n')
		}
	}
	switch {
	case !c.mixed.ranking:
	case len(c.mixed.elected) == 0:
		b.WriteString("elected: nobody\n")
	default:
		fmt.Fprintf(b, "elected: %s\n", c.names(c.mixed.elected))
	}
	fmt.Fprintln(b, signature)
}

// names returns the names of options by their numbers.
func (c *ContestResult) names(options []int) string {
	var names []string
	for _, option := range options {
		names = append(names, c.Totals[option].Label) // the first totals are those of the options
	}
	return strings.Join(names, ", ")
}
