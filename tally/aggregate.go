package tally

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// Partial is what a range of a ledger's entries adds up to: the Merkle tree
// over all of them, and of the ballots among them that count the encrypted
// sums, and the rows of mixed contests one after the other. Partials of adjacent
// ranges merge, in any bracketing, so that any number of workers, machines or
// retries may compute them. The root of the merged tree is the proof that no
// entry was skipped, doubled or replaced.
//
// Which ballots count is not a matter of a range: the last ballot of a
// credential does, and [ballot.State] says which that is.
type Partial struct {
	tree   *ledger.Range
	styles []styleSum     // one for each style of the manifest
	rows   [][]countedRow // for each contest, in ledger order; none if it is not mixed
}

// countedRow is the row of a mixed contest in a counted ballot.
type countedRow struct {
	index uint64 // of the ballot
	row   elgamal.Ciphertext
}

// styleSum is the sum over the counted ballots of one style. All of them have
// the same columns.
type styleSum struct {
	row    elgamal.Ciphertext // Σ weight·row over the slots; without points if there is nothing to add up
	groups map[uint64]uint64  // how many ballots of each weight
}

// SumRange adds up the entries lo ≤ index < hi of an election's ledger. The
// counted ballots are those of s, which must have been replayed at least up to
// the close. The reader is believed: whoever merges the partials compares
// their root with one that is signed. An entry that s counts and that is no
// ballot of the election's is ErrChain: s comes from another ledger.
//
// It works in one pass, and in memory for the sums, one row for each weight
// among the ballots of the range, and all rows of mixed contests.
func SumRange(ctx context.Context, e *ballot.Election, r ledger.Reader, s *ballot.State, lo, hi uint64) (*Partial, error) {
	return sumRange(ctx, e, r, slices.Collect(s.Counted()), lo, hi)
}

// sumRange is SumRange over a list of counted ballots in ledger order.
func sumRange(ctx context.Context, e *ballot.Election, r ledger.Reader, counted []ballot.CountedBallot, lo, hi uint64) (*Partial, error) {
	p := newSumming(e, lo)
	at, _ := slices.BinarySearchFunc(counted, lo, func(c ballot.CountedBallot, index uint64) int {
		return cmp.Compare(c.Index, index)
	})
	counted = counted[at:]
	for en, err := range r.Entries(ctx, lo, hi) {
		if err != nil {
			return nil, fmt.Errorf("tally: %w", err)
		}
		if en.Index != p.tree.End() {
			return nil, fmt.Errorf("tally: entry %d where entry %d should be: %w", en.Index, p.tree.End(), reason.ErrChain)
		}
		p.tree.Append(ledger.LeafHash(en.Data))
		if len(counted) == 0 || counted[0].Index != en.Index {
			continue
		}
		c := counted[0]
		counted = counted[1:]
		b, err := e.ParseBallot(en.Data)
		if err != nil || b.Style() != c.Style {
			return nil, fmt.Errorf("tally: entry %d was counted and is not that ballot: %w", en.Index, reason.ErrChain)
		}
		p.add(c, b.Row())
	}
	if p.tree.End() != hi {
		return nil, fmt.Errorf("tally: entries %d to %d are missing: %w", p.tree.End(), hi, reason.ErrIncomplete)
	}
	return p.sum(), nil
}

// summing is a Partial that ballots are being added to.
type summing struct {
	*Partial
	e        *ballot.Election
	layouts  []*rowLayout                    // for each style
	weighted []map[uint64]elgamal.Ciphertext // by weight, for each style
}

func newSumming(e *ballot.Election, lo uint64) *summing {
	p := newPartial(e, lo)
	return &summing{p, e, make([]*rowLayout, len(p.styles)), make([]map[uint64]elgamal.Ciphertext, len(p.styles))}
}

// add adds a ballot with its row.
func (s *summing) add(c ballot.CountedBallot, row elgamal.Ciphertext) {
	s.styles[c.Style].groups[c.Weight]++
	if s.layouts[c.Style] == nil {
		s.layouts[c.Style] = newRowLayout(s.e.Manifest, c.Style)
		s.weighted[c.Style] = make(map[uint64]elgamal.Ciphertext)
	}
	layout := s.layouts[c.Style]
	for _, columns := range layout.mixed {
		s.rows[columns.contest] = append(s.rows[columns.contest], countedRow{c.Index, columns.of(row)})
	}
	if len(layout.slots) > 0 {
		add(s.weighted[c.Style], c.Weight, layout.slotsOf(row))
	}
}

// sum returns the finished Partial.
func (s *summing) sum() *Partial {
	for style, rows := range s.weighted {
		if len(rows) > 0 {
			s.styles[style].row = weigh(s.e.Group, rows)
		}
	}
	return s.Partial
}

func newPartial(e *ballot.Election, lo uint64) *Partial {
	p := &Partial{tree: ledger.NewRange(lo), styles: make([]styleSum, len(e.Manifest.Styles)), rows: make([][]countedRow, len(e.Manifest.Contests))}
	for i := range p.styles {
		p.styles[i].groups = make(map[uint64]uint64)
	}
	return p
}

// add adds a row to the one that stands under a weight.
func add(rows map[uint64]elgamal.Ciphertext, weight uint64, row elgamal.Ciphertext) {
	sum, ok := rows[weight]
	if !ok {
		rows[weight] = row.Clone()
		return
	}
	sum.A.Add(sum.A, row.A)
	for i, b := range row.B {
		sum.B[i].Add(sum.B[i], b)
	}
}

// weigh returns Σ weight·row.
func weigh(g *elgamal.Group, rows map[uint64]elgamal.Ciphertext) elgamal.Ciphertext {
	weights := make([]uint64, 0, len(rows))
	list := make([]elgamal.Ciphertext, 0, len(rows))
	for weight, row := range rows {
		weights, list = append(weights, weight), append(list, row)
	}
	if len(weights) == 1 && weights[0] == 1 {
		return list[0]
	}
	return elgamal.WeightedSum(g, len(list[0].B), weights, list)
}

// Begin returns the index of the first entry.
func (p *Partial) Begin() uint64 { return p.tree.Begin() }

// End returns the index after the last entry.
func (p *Partial) End() uint64 { return p.tree.End() }

// Root returns the Merkle root of the ledger's first End entries. It fails with
// ErrRange if p does not begin at 0.
func (p *Partial) Root() (tlog.Hash, error) {
	root, err := p.tree.Root()
	if err != nil {
		return tlog.Hash{}, fmt.Errorf("tally: %w", err)
	}
	return root, nil
}

// Merge adds the entries of next, which must begin where p ends and be of the
// same election. Otherwise it fails with ErrRange and changes nothing.
func (p *Partial) Merge(next *Partial) error {
	if len(p.styles) != len(next.styles) {
		return fmt.Errorf("tally: partials of different elections: %w", reason.ErrRange)
	}
	if err := p.tree.Merge(next.tree); err != nil {
		return fmt.Errorf("tally: %w", err)
	}
	for i, s := range next.styles {
		to := &p.styles[i]
		switch {
		case s.row.A == nil:
		case to.row.A == nil:
			to.row = s.row.Clone()
		default:
			to.row = to.row.Add(s.row)
		}
		for weight, n := range s.groups {
			to.groups[weight] += n
		}
	}
	for i, rows := range next.rows {
		p.rows[i] = append(p.rows[i], rows...)
	}
	return nil
}

// remove takes away ballots that were added before, and of each of which another
// one of the same style and weight stays.
func (p *Partial) remove(parts []*Partial) {
	gone := make([]map[uint64]bool, len(p.rows))
	for i := range gone {
		gone[i] = make(map[uint64]bool)
	}
	for _, ballots := range parts {
		for i, s := range ballots.styles {
			from := &p.styles[i]
			if s.row.A != nil {
				from.row.A.Sub(from.row.A, s.row.A)
				for k, b := range s.row.B {
					from.row.B[k].Sub(from.row.B[k], b)
				}
			}
			for weight, n := range s.groups {
				from.groups[weight] -= n
			}
		}
		for i, rows := range ballots.rows {
			for _, r := range rows {
				gone[i][r.index] = true
			}
		}
	}
	for i, rows := range p.rows {
		p.rows[i] = slices.DeleteFunc(rows, func(r countedRow) bool { return gone[i][r.index] })
	}
}

// rowsOf returns the rows of a mixed contest in ledger order.
func (p *Partial) rowsOf(contest int) []elgamal.Ciphertext {
	rows := make([]elgamal.Ciphertext, len(p.rows[contest]))
	for i, r := range p.rows[contest] {
		rows[i] = r.row
	}
	return rows
}

// contestSum is the encrypted sum of one contest over exactly the counted
// ballots that have it, with one A, and how many they are.
type contestSum struct {
	row      elgamal.Ciphertext // one column for each slot of the contest; of a mixed one without points
	ballots  uint64
	weight   uint64
	smallest uint64 // the fewest ballots of one weight; 0 if there is no ballot
}

// contest returns the sum of a contest, counted from 0.
func (p *Partial) contest(e *ballot.Election, contest int) contestSum {
	var sum contestSum
	if !e.Manifest.Contests[contest].Mixed() {
		sum.row = p.sumOf(e, contest)
	}
	groups := make(map[uint64]uint64)
	for style, s := range p.styles {
		if _, ok := e.Manifest.RowStart(style, contest); !ok {
			continue
		}
		for weight, n := range s.groups {
			groups[weight] += n
			sum.ballots += n
			sum.weight += n * weight
		}
	}
	for _, n := range groups {
		if sum.smallest == 0 || n < sum.smallest {
			sum.smallest = n
		}
	}
	return sum
}

// sumOf returns the encrypted sum of a contest that is not mixed.
func (p *Partial) sumOf(e *ballot.Election, contest int) elgamal.Ciphertext {
	_, slots := e.Manifest.Contests[contest].Columns()
	sum := elgamal.Ciphertext{A: e.Group.Point()}
	for range slots {
		sum.B = append(sum.B, e.Group.Point())
	}
	for style, s := range p.styles {
		first, ok := newRowLayout(e.Manifest, style).start[contest]
		if ok && s.row.A != nil {
			sum = sum.Add(elgamal.Ciphertext{A: s.row.A, B: s.row.B[first : first+slots]})
		}
	}
	return sum
}

// turnout returns how many ballots count, and their weight.
func (p *Partial) turnout() (ballots, weight uint64) {
	for _, s := range p.styles {
		for w, n := range s.groups {
			ballots += n
			weight += n * w
		}
	}
	return ballots, weight
}
