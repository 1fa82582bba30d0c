package tally

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/tally/count"
)

// Result is the outcome of an election. Its canonical bytes, which the
// authorities sign, are the numbers; titles and names are the manifest's. Text
// and JSON are views.
type Result struct {
	Fingerprint ballot.Fingerprint
	Title       string
	Pin         [32]byte // hash of the pin that fixes what was decrypted

	Voters       uint64 // lines of the roll
	VotersWeight uint64 // their weights together
	Ballots      uint64 // how many were counted: the turnout
	Weight       uint64 // their weights together
	Refused      uint64 // ballots on the ledger before the close that count for nothing

	Contests []ContestResult

	// RefusedShares are the shares on the ledger that were not combined. They
	// are no part of what the authorities sign.
	RefusedShares []RefusedShare
}

// ContestResult is the result of one contest.
type ContestResult struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Ballots uint64 `json:"ballots"` // counted ones that have the contest
	Weight  uint64 `json:"weight"`  // their weights together

	// Withheld says that some result could be about too few voters: of some
	// weight only Smallest ballots were counted, and the manifest demands
	// Minimum. Nothing was decrypted then, and Totals is empty.
	Withheld bool   `json:"withheld"`
	Smallest uint64 `json:"smallest"`
	Minimum  uint64 `json:"minimum"`

	Totals []Total `json:"totals,omitempty"` // one for each result row of the contest, in order: [ballot.Contest.Results]

	// Of a mixed contest with rankings, who is elected, by option ids in the
	// order of election, and the count that leads there. Ties that the rule
	// leaves to lot fall in the order of the options in the manifest.
	Elected []string      `json:"elected,omitempty"`
	Rounds  *count.Result `json:"rounds,omitempty"`
	// Of a mixed contest with texts, how often each was written, the most
	// frequent first.
	Texts []TextTotal `json:"texts,omitempty"`

	mixed  *mixedResult // what else is signed of a mixed contest; nil if nothing is
	opened *plaintexts  // of a mixed contest that was decrypted
}

// Total is one number of a contest's result.
type Total struct {
	ID    string `json:"id"` // of the result row: an option's, or more as the kind says, or [ballot.BlankID]
	Label string `json:"label"`
	Total int64  `json:"total"`
}

// RefusedShare is a share that was not combined.
type RefusedShare struct {
	Entry   uint64 `json:"entry"`
	Trustee int    `json:"trustee"` // position, from 1; 0 if no trustee signed it
	Contest string `json:"contest"` // id; empty if the share cannot be read
	Err     error  `json:"-"`       // why
}

func (c *closing) refusedShare(s shareEntry) RefusedShare {
	r := RefusedShare{Entry: s.index, Trustee: s.trustee, Err: s.err}
	if s.contest >= 0 {
		r.Contest = c.e.Manifest.Contests[s.contest].ID
	}
	return r
}

// newResult returns the result without the totals: what follows from the
// ledger before anything is decrypted.
func (c *closing) newResult() *Result {
	r := emptyResult(c.e)
	r.Pin = c.pinned.hash(c.e.Fingerprint)
	r.Voters, r.VotersWeight = c.e.Opening.Roll.Size, c.e.Opening.Roll.Weight
	r.Ballots, r.Weight, r.Refused = c.ballots, c.weight, c.refused
	for i := range r.Contests {
		to, sum := &r.Contests[i], &c.sums[i]
		to.Ballots, to.Weight, to.Smallest = sum.ballots, sum.weight, sum.smallest
		if to.Withheld = c.disposition(i) == withheld; to.Withheld {
			to.Totals = nil
		} else if contest := &c.e.Manifest.Contests[i]; contest.Mixed() && c.disposition(i) == empty {
			if err := to.fill(contest, newPlaintexts(contest)); err != nil {
				panic("tally: nothing cannot be counted: " + err.Error())
			}
		}
	}
	return r
}

// emptyResult returns a result with names and without numbers.
func emptyResult(e *ballot.Election) *Result {
	r := &Result{Fingerprint: e.Fingerprint, Title: e.Manifest.Title, Contests: make([]ContestResult, len(e.Manifest.Contests))}
	for i := range r.Contests {
		c := &e.Manifest.Contests[i]
		r.Contests[i] = ContestResult{ID: c.ID, Name: c.Name, Minimum: e.Manifest.Limits.MinGroup}
		for _, row := range c.Results() {
			r.Contests[i].Totals = append(r.Contests[i].Totals, Total{ID: row.ID, Label: row.Label})
		}
	}
	return r
}

// Bytes returns the canonical encoding, the only form that is signed: pin;
// voters, ballots, refused; for each contest how many ballots it has, whether
// it is withheld, and unless it is, its totals; then of a mixed contest with
// rankings who is elected, and of every mixed contest the digest of the
// plaintexts.
func (r *Result) Bytes() []byte {
	var w wire.Writer
	w.Raw(r.Pin[:])
	for _, n := range []uint64{r.Voters, r.VotersWeight, r.Ballots, r.Weight, r.Refused} {
		w.Uint64(n)
	}
	for _, c := range r.Contests {
		w.Uint64(c.Ballots)
		w.Uint64(c.Weight)
		w.Uint64(c.Smallest)
		if c.Withheld {
			w.Uint8(1)
			continue
		}
		w.Uint8(0)
		for _, t := range c.Totals {
			w.Int64(t.Total)
		}
		if c.mixed != nil {
			c.mixed.write(&w)
		}
	}
	return w.Bytes()
}

// parseResult reads what Bytes returns. How many contests and totals there are
// follows from the manifest.
func parseResult(e *ballot.Election, body []byte) (*Result, error) {
	r := wire.NewReader(body)
	result := emptyResult(e)
	copy(result.Pin[:], r.Raw(len(result.Pin)))
	for _, n := range []*uint64{&result.Voters, &result.VotersWeight, &result.Ballots, &result.Weight, &result.Refused} {
		*n = r.Uint64()
	}
	for i := range result.Contests {
		c := &result.Contests[i]
		c.Ballots, c.Weight, c.Smallest = r.Uint64(), r.Uint64(), r.Uint64()
		switch flag := r.Uint8(); flag {
		case 0:
		case 1:
			c.Withheld, c.Totals = true, nil
		default:
			return nil, fmt.Errorf("tally: result: contest %s: flag %d: %w", c.ID, flag, reason.ErrEncoding)
		}
		for k := range c.Totals {
			c.Totals[k].Total = r.Int64()
		}
		if contest := &e.Manifest.Contests[i]; contest.Mixed() && !c.Withheld {
			c.readMixed(r, contest)
		}
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("tally: result: %w", err)
	}
	return result, nil
}

// Publish computes the result again, requires that it is the given one
// (ErrProof if it is not), and puts it on the ledger, signed by the given
// authorities. A ledger that has this result already is left as it is.
func Publish(ctx context.Context, e *ballot.Election, log ballot.Log, result *Result, authorities []ed25519.PrivateKey) error {
	c, err := readClosing(ctx, e, log, work{})
	if err != nil {
		return err
	}
	pin, err := c.pin(ctx)
	if err != nil {
		return err
	}
	book, err := c.readShares(ctx, pin)
	if err != nil {
		return err
	}
	if err := book.complete(); err != nil {
		return err
	}
	computed, err := book.combine(ctx)
	if err != nil {
		return err
	}
	if result == nil || !bytes.Equal(result.Bytes(), computed.Bytes()) {
		return fmt.Errorf("tally: the result to publish is not the one that the ledger gives: %w", reason.ErrProof)
	}
	for _, r := range book.results {
		if r.err == nil && bytes.Equal(r.result.Bytes(), computed.Bytes()) {
			return nil
		}
	}
	return appendSigned(ctx, e, log, entry.Result, computed.Bytes(), authorities)
}

// MarshalJSON returns the JSON view.
func (r Result) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Fingerprint   string          `json:"fingerprint"`
		Title         string          `json:"title"`
		Pin           string          `json:"pin"`
		Voters        uint64          `json:"voters"`
		VotersWeight  uint64          `json:"voters_weight"`
		Ballots       uint64          `json:"ballots"`
		Weight        uint64          `json:"weight"`
		Refused       uint64          `json:"refused"`
		Contests      []ContestResult `json:"contests"`
		RefusedShares []RefusedShare  `json:"refused_shares,omitempty"`
	}{r.Fingerprint.String(), r.Title, hex.EncodeToString(r.Pin[:]), r.Voters, r.VotersWeight,
		r.Ballots, r.Weight, r.Refused, r.Contests, r.RefusedShares})
}

// MarshalJSON adds the reason in words.
func (s RefusedShare) MarshalJSON() ([]byte, error) {
	type plain RefusedShare
	return json.Marshal(struct {
		plain
		Reason string `json:"reason"`
	}{plain(s), s.Err.Error()})
}

// Text returns the result for people to read.
func (r *Result) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nfingerprint %s\n", r.Title, r.Fingerprint)
	fmt.Fprintf(&b, "%s of %s voted", number(r.Ballots), number(r.Voters))
	if r.VotersWeight != r.Voters {
		fmt.Fprintf(&b, ", weight %s of %s", number(r.Weight), number(r.VotersWeight))
	}
	fmt.Fprintf(&b, "; %s refused\n", plural(r.Refused, "ballot", "ballots"))
	for _, c := range r.Contests {
		fmt.Fprintf(&b, "\n%s: ", c.Name)
		if c.Withheld {
			fmt.Fprintf(&b, "withheld: %d of %d\n", c.Smallest, c.Minimum)
			continue
		}
		fmt.Fprintf(&b, "%s\n", plural(c.Ballots, "ballot", "ballots"))
		for _, t := range c.Totals {
			fmt.Fprintf(&b, "%10s  %s\n", signedNumber(t.Total), t.Label)
		}
		c.writeMixed(&b)
	}
	for _, s := range r.RefusedShares {
		fmt.Fprintf(&b, "\nrefused share, entry %d", s.Entry)
		if s.Trustee > 0 {
			fmt.Fprintf(&b, ", trustee %d", s.Trustee)
		}
		if s.Contest != "" {
			fmt.Fprintf(&b, ", contest %s", s.Contest)
		}
		fmt.Fprintf(&b, ": %v\n", s.Err)
	}
	return b.String()
}

// number writes digits in groups of three.
func number(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

func signedNumber(n int64) string {
	if n < 0 {
		return "-" + number(uint64(-n))
	}
	return number(uint64(n))
}

// plural writes a number with its noun.
func plural(n uint64, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + more
}
