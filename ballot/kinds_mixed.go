package ballot

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Mixed contests have no slots: their votes are bytes, which a mix net detaches
// from the voters before everything is decrypted. plaintext.go has the bytes.

// maxMixedOptions is how many options a byte can name beside zero.
const maxMixedOptions = 255

// maxText is how many bytes of text a contest may allow.
const maxText = 1000

// PlaintextsPublic is what a mixed contest says in Plaintexts.
const PlaintextsPublic = "public"

// WrittenID and InvalidID are the ids of result rows of mixed contests: how
// many votes are a text, and how many plaintexts are no vote. No option of a
// mixed contest has these ids.
const (
	WrittenID = "written"
	InvalidID = "invalid"
)

// checkPlaintexts requires the word by which a manifest says that it knows what
// mixing does.
func (c *Contest) checkPlaintexts() error {
	if c.Plaintexts != PlaintextsPublic {
		return at("plaintexts", fmt.Errorf("is %+q and must be %q: every vote becomes public, detached from its voter, who can be known by it all the same if it is a long ranking or a text: %w",
			c.Plaintexts, PlaintextsPublic, reason.ErrRange))
	}
	return nil
}

// mixedResults gives every option a result row. Nothing is decrypted for it:
// the votes are public and counted.
func mixedResults(c *Contest, l *layout) {
	for _, o := range c.Options {
		l.result(o.ID, o.Name, 0, 1, nil)
	}
}

// mixedRanking: the options in the order of preference, a byte for each rank.
type mixedRanking struct{}

// seatsOf says how many seats the rules of package tally/count for rankings
// fill; a most of 0 is any number.
var seatsOf = map[string]struct{ least, most int }{
	"plurality":            {1, 0},
	"borda":                {1, 0},
	"instant-runoff":       {1, 1},
	"scottish-stv":         {1, 0},
	"northern-ireland-stv": {2, 0}, // which makes an election for one seat another rule
	"schulze":              {1, 0},
	"ranked-pairs":         {1, 0},
}

func (mixedRanking) params() []string {
	return []string{"min?", "max?", "count", "seats?", "plaintexts?"}
}

func (mixedRanking) compile(c *Contest, l *layout) error {
	if n := len(c.Options); n < 2 || n > maxMixedOptions {
		return at("options", fmt.Errorf("are %d and must be between 2 and %d to be ranked: %w", n, maxMixedOptions, reason.ErrShape))
	}
	if err := c.setRanks(); err != nil {
		return err
	}
	seats, ok := seatsOf[c.CountBy]
	if !ok {
		return at("count", fmt.Errorf("is %+q and must be one of %q: %w", c.CountBy, slices.Sorted(maps.Keys(seatsOf)), reason.ErrVersion))
	}
	if c.Seats == 0 {
		c.Seats = 1
	}
	most := len(c.Options) - 1
	if seats.most > 0 {
		most = seats.most
	}
	if c.Seats < seats.least || c.Seats > most {
		return at("seats", fmt.Errorf("is %d, %s of %d options fills between %d and %d: %w", c.Seats, c.CountBy, len(c.Options), seats.least, most, reason.ErrRange))
	}
	l.plaintext = c.Max
	mixedResults(c, l)
	return c.checkPlaintexts()
}

func (mixedRanking) check(c *Contest, v Vote, marked int) error { return ranking{}.check(c, v, marked) }

// count returns the first preferences.
func (mixedRanking) count(c *Contest, v Vote) []int64 {
	return perOption(c, v, func(rank int) int64 {
		if rank == 1 {
			return 1
		}
		return 0
	})
}

// writeIn: one option, or a text.
type writeIn struct{}

func (writeIn) params() []string { return []string{"max", "plaintexts?"} }

func (writeIn) compile(c *Contest, l *layout) error {
	if n := len(c.Options); n > maxMixedOptions {
		return at("options", fmt.Errorf("are %d, at most %d beside a text: %w", n, maxMixedOptions, reason.ErrLimit))
	}
	if err := c.inRange("max", 1, maxText); err != nil {
		return err
	}
	l.plaintext = 1 + c.Max
	mixedResults(c, l)
	l.result(WrittenID, "written", 0, 1, nil)
	return c.checkPlaintexts()
}

func (writeIn) check(c *Contest, v Vote, marked int) error {
	if marked != 1 {
		return fmt.Errorf("%s given, exactly one option or text is required: %w", pluralIs(marked, "mark"), shapeOrRange(marked))
	}
	id, mark := marking(v)
	if mark != 1 {
		return fmt.Errorf("%+q is marked %d, it can be marked 1 or not: %w", id, mark, reason.ErrRange)
	}
	if _, ok := c.index[id]; ok {
		return nil
	}
	text, err := normalText(id, c.Max)
	if err != nil {
		return fmt.Errorf("the text %w", err)
	}
	if _, ok := c.index[text]; ok {
		return fmt.Errorf("the text is the id of an option: %w", reason.ErrShape)
	}
	return nil
}

// shapeOrRange tells a vote that marks nothing from one that marks too much.
func shapeOrRange(marked int) error {
	if marked == 0 {
		return reason.ErrShape
	}
	return reason.ErrRange
}

// marking returns the one mark of a vote that is not zero.
func marking(v Vote) (id string, mark int) {
	for id, mark := range v {
		if mark != 0 {
			return id, mark
		}
	}
	return "", 0
}

func (writeIn) count(c *Contest, v Vote) []int64 {
	id, _ := marking(v)
	rows := make([]int64, len(c.Options)+1)
	if i, ok := c.index[id]; ok {
		rows[i] = 1
	} else {
		rows[len(c.Options)] = 1
	}
	return rows
}
