package tally

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"sync"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/tally/count"
)

// plaintexts are what the rows of a mixed contest decrypt to: how many voters
// have cast each vote, and how many something that is no vote. Who has cast
// which, nobody knows any more.
type plaintexts struct {
	contest *ballot.Contest

	mu      sync.Mutex
	votes   map[string]int64 // how many have cast each valid vote, by its canonical bytes
	invalid int64
}

func newPlaintexts(c *ballot.Contest) *plaintexts {
	return &plaintexts{contest: c, votes: make(map[string]int64)}
}

// open takes the points of one row. Whatever does not decode is an invalid vote
// and stops nothing. It is safe for concurrent use.
func (p *plaintexts) open(points []kyber.Point) {
	vote, err := p.contest.OpenPlaintext(points)
	var plain []byte
	if err == nil {
		plain, err = p.contest.Encode(vote)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.invalid++
		return
	}
	p.votes[string(plain)]++
}

// sorted returns the votes in the order of their bytes.
func (p *plaintexts) sorted() []string { return slices.Sorted(maps.Keys(p.votes)) }

// vote returns the vote of canonical bytes that were checked. A vote takes much
// more memory than its bytes, so that they are decoded one by one.
func (p *plaintexts) vote(plain string) ballot.Vote {
	v, err := p.contest.Decode([]byte(plain))
	if err != nil {
		panic("tally: a checked plaintext cannot be read: " + err.Error())
	}
	return v
}

const plaintextsLabel = "hanpyo/v1 plaintexts"

// digest returns the hash of the valid plaintexts, sorted, each with how often it
// stands there. It is in the result that the authorities sign.
func (p *plaintexts) digest() [sha256.Size]byte {
	var w wire.Writer
	w.String(plaintextsLabel)
	w.Uint32(uint32(p.contest.PlaintextLen()))
	for _, plain := range p.sorted() {
		w.Raw([]byte(plain))
		w.Uint64(uint64(p.votes[plain]))
	}
	return sha256.Sum256(w.Bytes())
}

// totals returns the total of each result row.
func (p *plaintexts) totals() ([]int64, error) {
	totals, err := p.contest.Count(func(yield func(ballot.Vote, uint64) bool) {
		for plain, n := range p.votes {
			if !yield(p.vote(plain), uint64(n)) {
				return
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("tally: %w", err)
	}
	for i, row := range p.contest.Results() {
		if row.ID == ballot.InvalidID {
			totals[i] = p.invalid
		}
	}
	return totals, nil
}

// texts returns what was written in, the most frequent first.
func (p *plaintexts) texts() []TextTotal {
	var texts []TextTotal
	for plain, n := range p.votes {
		for text, mark := range p.vote(plain) {
			option := slices.ContainsFunc(p.contest.Options, func(o ballot.Option) bool { return o.ID == text })
			if mark != 0 && !option {
				texts = append(texts, TextTotal{text, n})
			}
		}
	}
	slices.SortFunc(texts, compareTexts)
	return texts
}

// rules are the counting rules that a manifest can name for rankings. Plurality
// counts first preferences.
var rules = map[string]func(*count.Election) (*count.Result, error){
	"plurality":            count.Plurality,
	"borda":                count.Borda,
	"instant-runoff":       count.InstantRunoff,
	"scottish-stv":         count.ScottishSTV,
	"northern-ireland-stv": count.NorthernIrelandSTV,
	"schulze":              count.Schulze,
	"ranked-pairs":         count.RankedPairs,
}

// elect counts the rankings by the contest's rule. Ties that the rule leaves to
// the lot fall in the order of the options in the manifest. It returns nil if
// nobody has ranked anything: then there is nothing to elect anybody by.
func (p *plaintexts) elect() (*count.Result, error) {
	rule, ok := rules[p.contest.CountBy]
	if !ok {
		return nil, fmt.Errorf("tally: contest %s: no rule %+q: %w", p.contest.ID, p.contest.CountBy, reason.ErrVersion)
	}
	e := &count.Election{Seats: p.contest.Seats}
	for _, o := range p.contest.Options {
		e.Candidates = append(e.Candidates, o.Name)
	}
	for _, plain := range p.sorted() {
		vote := p.vote(plain)
		b := count.Ballot{Marks: make([]int, len(p.contest.Options)), Count: p.votes[plain]}
		for i, o := range p.contest.Options {
			if b.Marks[i] = vote[o.ID]; p.contest.CountBy == "plurality" && b.Marks[i] > 1 {
				b.Marks[i] = 0
			}
		}
		e.Ballots = append(e.Ballots, b)
	}
	r, err := rule(e)
	switch {
	case err != nil:
		return nil, fmt.Errorf("tally: contest %s: %w", p.contest.ID, err)
	case r.Papers == 0:
		return nil, nil
	}
	return r, nil
}
