package zkp

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// The bounds of a form. With them a rule that holds modulo the order of the
// group holds over the integers.
const (
	maxColumns     = 1000
	maxCoefficient = 1 << 16
	maxSum         = 1<<63 - 1 // of all |Coefficient| and |Sum| of a rule
)

// Column is one column of a ballot's row.
type Column struct {
	Index int         // number in the whole manifest, from 0; decides the column's generator
	Key   kyber.Point // the column's public key
	Mixed bool        // carries embedded bytes for a mixnet; otherwise a slot, which encrypts 0 or 1
}

// Term is one term of a rule.
type Term struct {
	Slot        int   // position in the row, from 0; not a mixed column
	Coefficient int64 // at most 2¹⁶ in size, not zero
}

// Rule is a linear equation over the slots of a ballot:
//
//	Σ Coefficient·v[Slot] = Sum
//
// The sizes of the coefficients and the sum add up to less than 2⁶³.
type Rule struct {
	Terms []Term // at least one, each slot at most once
	Sum   int64
}

// Form is what all ballots of one style have in common: the election, the
// columns of the row and the rules. It may be used by several goroutines. One
// that proves often makes tables, see [elgamal.MulTable].
type Form struct {
	group   *elgamal.Group
	columns []Column
	slots   []int // positions in the row of the columns that are not mixed
	rules   []rule
	start   *sponge // the transcript up to here; every ballot starts from a copy

	keys     []kyber.Point     // Yᵢ per slot
	g0, h    kyber.Point       // G₀, H
	gens     []kyber.Point     // Gᵢ per slot
	openings *elgamal.MulTable // G₀, G₁, …: the bases of S
	blinding *elgamal.MulTable // G₀ and H
	masks    *elgamal.MulTable // Yᵢ per slot, if they are few
	check    func() *openingCheck
}

// rule is a Rule over slot numbers, with its integers as scalars.
type rule struct {
	terms []ruleTerm
	sum   kyber.Scalar
	plain Rule // over slot numbers as well
}

type ruleTerm struct {
	slot        int
	coefficient kyber.Scalar // nil is 1
}

// formBases says where a form's fixed points stand in a batch.
type formBases struct {
	g0, h      int
	keys, gens []int
}

// NewForm checks and prepares the form of a ballot style. election is the
// fingerprint of the election and style the style's name; both are bound in
// every proof. ErrShape: no column, more than 1,000, a rule without terms or
// over a slot that is missing or mixed; ErrDuplicate: a column, key or slot
// stands twice; ErrGroup: a key is the identity or of another group; ErrRange:
// a coefficient or sum is outside the bounds of [Term] and [Rule].
// docs/protocol.md §4.
func NewForm(g *elgamal.Group, election [32]byte, style string, columns []Column, rules []Rule) (*Form, error) {
	f, err := newForm(g, columns, rules)
	if err != nil {
		return nil, fmt.Errorf("zkp: form: %w", err)
	}
	f.start = newSponge(session(g, protocolBallot, "ballot", Context{"ballot", election, []byte(style)}, nil))
	absorbFrame(f.start, "form", f.encode())
	return f, nil
}

func newForm(g *elgamal.Group, columns []Column, rules []Rule) (*Form, error) {
	if err := checkGroup(g); err != nil {
		return nil, err
	}
	if len(columns) == 0 || len(columns) > maxColumns {
		return nil, fmt.Errorf("%d columns, not 1 to %d: %w", len(columns), maxColumns, ErrShape)
	}
	f := &Form{group: g, columns: slices.Clone(columns)}
	indices, keys := map[int]bool{}, map[string]bool{}
	slotOf := make([]int, len(columns)) // position in the row → slot, or −1
	for i, c := range columns {
		if c.Index < 0 || c.Index > 1<<31-2 {
			return nil, fmt.Errorf("column %d has index %d: %w", i+1, c.Index, ErrRange)
		}
		if err := checkPoint(g, "key of column", i+1, c.Key); err != nil {
			return nil, err
		}
		key := string(g.AppendPoint(nil, c.Key))
		if indices[c.Index] || keys[key] {
			return nil, fmt.Errorf("column %d has an index or key of another: %w", i+1, ErrDuplicate)
		}
		indices[c.Index], keys[key] = true, true
		slotOf[i] = -1
		if !c.Mixed {
			slotOf[i] = len(f.slots)
			f.slots = append(f.slots, i)
			f.keys = append(f.keys, c.Key)
			f.gens = append(f.gens, g.Generator("hanpyo ballot", c.Index+1))
		}
	}
	f.g0, f.h = g.Generator("hanpyo ballot", 0), g.Generator("hanpyo ballot product", 0)
	f.openings = g.NewMulTable(append([]kyber.Point{f.g0}, f.gens...))
	f.blinding = g.NewMulTable([]kyber.Point{f.g0, f.h})
	f.masks = g.NewMulTable(f.keys)
	f.check = sync.OnceValue(f.newOpeningCheck)
	for j, r := range rules {
		compiled, err := compileRule(g, r, slotOf)
		if err != nil {
			return nil, fmt.Errorf("rule %d: %w", j+1, err)
		}
		f.rules = append(f.rules, compiled)
	}
	return f, nil
}

func compileRule(g *elgamal.Group, r Rule, slotOf []int) (rule, error) {
	if len(r.Terms) == 0 {
		return rule{}, fmt.Errorf("has no terms: %w", ErrShape)
	}
	out := rule{sum: g.Int64Scalar(r.Sum), plain: Rule{slices.Clone(r.Terms), r.Sum}}
	slices.SortFunc(out.plain.Terms, func(a, b Term) int { return cmp.Compare(a.Slot, b.Slot) })
	size := magnitude(r.Sum)
	for i, t := range out.plain.Terms {
		if t.Slot < 0 || t.Slot >= len(slotOf) || slotOf[t.Slot] < 0 {
			return rule{}, fmt.Errorf("position %d is not a slot: %w", t.Slot, ErrShape)
		}
		slot := slotOf[t.Slot]
		if i > 0 && slot == out.terms[i-1].slot {
			return rule{}, fmt.Errorf("the slot at position %d stands twice: %w", out.plain.Terms[i].Slot, ErrDuplicate)
		}
		if t.Coefficient == 0 || magnitude(t.Coefficient) > maxCoefficient {
			return rule{}, fmt.Errorf("coefficient %d: %w", t.Coefficient, ErrRange)
		}
		size += magnitude(t.Coefficient) // at most 2⁶³ + 1,000·2¹⁶
		term := ruleTerm{slot: slot}
		if t.Coefficient != 1 {
			term.coefficient = g.Int64Scalar(t.Coefficient)
		}
		out.terms = append(out.terms, term)
		out.plain.Terms[i].Slot = slot
	}
	if size > maxSum {
		return rule{}, fmt.Errorf("coefficients and sum add up to %d: %w", size, ErrRange)
	}
	return out, nil
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

// encode is the canonical form of columns and rules.
func (f *Form) encode() []byte {
	var w wire.Writer
	w.Uint32(uint32(len(f.columns)))
	for _, c := range f.columns {
		w.Uint32(uint32(c.Index))
		mixed := uint8(0)
		if c.Mixed {
			mixed = 1
		}
		w.Uint8(mixed)
		w.Raw(f.group.AppendPoint(nil, c.Key))
	}
	w.Uint32(uint32(len(f.rules)))
	for _, r := range f.rules {
		w.Uint32(uint32(len(r.plain.Terms)))
		for _, t := range r.plain.Terms {
			w.Uint32(uint32(t.Slot))
			w.Int64(t.Coefficient)
		}
		w.Int64(r.plain.Sum)
	}
	return w.Bytes()
}

// ProofLen returns the length of a ballot's proof in bytes.
func (f *Form) ProofLen() int {
	p, s := f.group.PointLen(), f.group.ScalarLen()
	if len(f.slots) == 0 {
		return 2*p + 2*s
	}
	return 7*p + (len(f.slots)+4)*s
}

// basesIn returns where the form's fixed points stand in a batch, and puts
// them there first if need be.
func (f *Form) basesIn(b *Batch) formBases {
	at, ok := b.forms[f]
	if ok {
		return at
	}
	at.g0, at.h = b.fix(f.g0), b.fix(f.h)
	for i := range f.slots {
		at.keys = append(at.keys, b.fix(f.keys[i]))
		at.gens = append(at.gens, b.fix(f.gens[i]))
	}
	b.forms[f] = at
	return at
}
