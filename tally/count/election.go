package count

import (
	"cmp"
	"fmt"
	"slices"
)

// Limits of an election. Within them every total of the exact integer rules
// fits 63 bits.
const (
	MaxCandidates = 256           // and projects
	MaxSeats      = 1000          // to fill
	MaxPapers     = 1_000_000_000 // the sum of all Counts
	MaxMark       = 1_000_000_000 // of one candidate on one ballot
)

// Election is what is counted.
type Election struct {
	// Candidates are the distinct names of the candidates, or of the lists.
	// Everywhere else they are meant by their position here, from 0.
	Candidates []string
	// Seats is how many are to be elected; 0 stands for 1.
	Seats   int
	Ballots []Ballot
	// Lot decides the ties that a rule leaves to the drawing of lots: every
	// candidate once. Who comes first in it wins the tie. It should be drawn in
	// public before anybody knows the votes. nil is the order of the candidates.
	Lot []int
}

// Ballot is one ballot, or several that are alike.
type Ballot struct {
	// Marks has one number for each candidate; the rule says what it means: 1
	// for chosen, points, a grade (1 is the best), or a rank (1 is the first
	// preference). 0 is no mark. A ballot without marks is blank: it is reported
	// as such and takes no part in the count.
	Marks []int
	// Count is how many such ballots there are; 0 stands for 1.
	Count int64
}

// input is an election that has been checked.
type input struct {
	names   []string
	seats   int
	ballots []Ballot // not blank, every Count at least 1
	papers  int64    // in all of them
	blank   int64
	drawn   []int // candidate → place in the lot
}

// check returns the election ready to be counted. mark says whether the marks of
// one ballot are allowed by the rule.
func (e *Election) check(rule string, mark func(marks []int) error) (*input, error) {
	in := &input{names: e.Candidates, seats: e.Seats}
	if in.seats == 0 {
		in.seats = 1
	}
	if in.seats < 0 || in.seats > MaxSeats {
		return nil, fmt.Errorf("count: %s: %d seats: %w", rule, e.Seats, ErrRange)
	}
	if err := in.checkNames(); err != nil {
		return nil, fmt.Errorf("count: %s: %w", rule, err)
	}
	if err := in.draw(e.Lot); err != nil {
		return nil, fmt.Errorf("count: %s: %w", rule, err)
	}
	for i, b := range e.Ballots {
		if err := in.add(b, mark); err != nil {
			return nil, fmt.Errorf("count: %s: ballot %d: %w", rule, i, err)
		}
	}
	return in, nil
}

func (in *input) checkNames() error {
	if len(in.names) == 0 {
		return fmt.Errorf("no candidates: %w", ErrShape)
	}
	if len(in.names) > MaxCandidates {
		return fmt.Errorf("%d candidates, at most %d: %w", len(in.names), MaxCandidates, ErrLimit)
	}
	seen := make(map[string]bool, len(in.names))
	for i, n := range in.names {
		if n == "" {
			return fmt.Errorf("candidate %d has no name: %w", i, ErrShape)
		}
		if seen[n] {
			return fmt.Errorf("candidate %q: %w", n, ErrDuplicate)
		}
		seen[n] = true
	}
	return nil
}

// draw takes the lot, which must have every candidate once.
func (in *input) draw(lot []int) error {
	n := len(in.names)
	in.drawn = make([]int, n)
	for c := range in.drawn {
		in.drawn[c] = c
	}
	if lot == nil {
		return nil
	}
	if len(lot) != n {
		return fmt.Errorf("lot of %d for %d candidates: %w", len(lot), n, ErrShape)
	}
	seen := make([]bool, n)
	for place, c := range lot {
		if c < 0 || c >= n || seen[c] {
			return fmt.Errorf("lot: place %d: %w", place, ErrShape)
		}
		seen[c] = true
		in.drawn[c] = place
	}
	return nil
}

func (in *input) add(b Ballot, mark func([]int) error) error {
	if len(b.Marks) != len(in.names) {
		return fmt.Errorf("%d marks for %d candidates: %w", len(b.Marks), len(in.names), ErrShape)
	}
	switch {
	case b.Count == 0:
		b.Count = 1
	case b.Count < 0:
		return fmt.Errorf("count %d: %w", b.Count, ErrRange)
	}
	if b.Count > MaxPapers-in.papers-in.blank {
		return fmt.Errorf("more than %d papers: %w", MaxPapers, ErrLimit)
	}
	blank := true
	for c, m := range b.Marks {
		if m < 0 || m > MaxMark {
			return fmt.Errorf("%s: mark %d: %w", in.names[c], m, ErrRange)
		}
		blank = blank && m == 0
	}
	if blank {
		in.blank += b.Count
		return nil
	}
	if err := mark(b.Marks); err != nil {
		return err
	}
	in.papers += b.Count
	in.ballots = append(in.ballots, b)
	return nil
}

// one allows a single mark, which is 1.
func one(marks []int) error {
	if err := upTo(1)(marks); err != nil {
		return err
	}
	n := 0
	for _, m := range marks {
		n += m
	}
	if n > 1 {
		return fmt.Errorf("%d marks, at most 1: %w", n, ErrDuplicate)
	}
	return nil
}

// upTo allows every mark up to a largest.
func upTo(most int) func([]int) error {
	return func(marks []int) error {
		for c, m := range marks {
			if m > most {
				return fmt.Errorf("candidate %d: mark %d, at most %d: %w", c, m, most, ErrRange)
			}
		}
		return nil
	}
}

// strict allows ranks 1, 2, 3, … without gaps, each once.
func strict(marks []int) error {
	by := make([]bool, len(marks)+1)
	ranked := 0
	for c, m := range marks {
		switch {
		case m == 0:
			continue
		case m > len(marks):
			return fmt.Errorf("candidate %d: rank %d of %d: %w", c, m, len(marks), ErrShape)
		case by[m]:
			return fmt.Errorf("candidate %d: rank %d: %w", c, m, ErrDuplicate)
		}
		by[m] = true
		ranked++
	}
	for r := 1; r <= ranked; r++ {
		if !by[r] {
			return fmt.Errorf("rank %d is missing: %w", r, ErrShape)
		}
	}
	return nil
}

// anyRanks allows equal ranks and gaps: only the order of the marks counts.
func anyRanks([]int) error { return nil }

// order returns the candidates of a strict ranking, best first.
func order(marks []int) []int {
	var o []int
	for c, m := range marks {
		if m > 0 {
			o = append(o, c)
		}
	}
	slices.SortFunc(o, func(a, b int) int { return cmp.Compare(marks[a], marks[b]) })
	return o
}
