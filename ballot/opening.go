package ballot

import (
	"fmt"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// Opening is what the open entry of an election says. Its hash is the
// election's fingerprint, so everything in it is fixed for whoever has that.
type Opening struct {
	Index   uint64 // where it stands on the ledger
	Time    int64  // when the authorities signed it, in seconds since 1970
	Outcome [32]byte
	Keys    []kyber.Point // one for each column of the manifest

	// Roll is the roll or, in an election by tokens, the issuance: as many
	// lines in each group as voters at most have got tokens of all registrars,
	// and a root that binds everything the registrars have published.
	Roll RollTotals
}

// body returns the body of the open entry.
func (o *Opening) body(m *Manifest) []byte {
	var w wire.Writer
	id := m.ID()
	w.Raw(id[:])
	w.Raw(o.Outcome[:])
	w.Uint32(uint32(len(o.Keys)))
	for _, k := range o.Keys {
		w.Raw(m.Group.AppendPoint(nil, k))
	}
	w.Raw(o.Roll.Root[:])
	w.Uint64(o.Roll.Size)
	w.Uint64(o.Roll.Weight)
	w.Uint32(uint32(len(o.Roll.Groups)))
	for _, g := range o.Roll.Groups {
		w.Uint32(uint32(g.Style))
		w.Uint64(g.Weight)
		w.Uint64(g.Lines)
	}
	return w.Bytes()
}

// groupLen is the length of one group of the roll in the open entry.
const groupLen = 4 + 8 + 8

// parseOpening reads an open entry of the manifest and checks its signatures.
func parseOpening(m *Manifest, env *entry.Envelope, index uint64) (*Opening, error) {
	if err := env.CheckSigned(m.Authorities.Keys, m.Authorities.Quorum); err != nil {
		return nil, fmt.Errorf("ballot: %w", err)
	}
	o := &Opening{Index: index, Time: env.Time}
	if err := o.parse(m, env.Body); err != nil {
		return nil, fmt.Errorf("ballot: open: %w", err)
	}
	return o, nil
}

func (o *Opening) parse(m *Manifest, body []byte) error {
	r := wire.NewReader(body)
	id := m.ID()
	if named := r.Raw(len(id)); r.Err() == nil && [32]byte(named) != id {
		return fmt.Errorf("names manifest %s: %w", short(named), reason.ErrBinding)
	}
	copy(o.Outcome[:], r.Raw(len(o.Outcome)))
	if n := r.Uint32(); r.Err() == nil && uint64(n) != uint64(m.Columns()) {
		return fmt.Errorf("%d keys, the manifest has %d columns: %w", n, m.Columns(), reason.ErrShape)
	}
	for i := 0; r.Err() == nil && i < m.Columns(); i++ {
		k, err := m.Group.DecodePoint(r.Raw(m.Group.PointLen()))
		if err != nil {
			return fmt.Errorf("key of column %d: %w", i, err)
		}
		o.Keys = append(o.Keys, k)
	}
	copy(o.Roll.Root[:], r.Raw(len(o.Roll.Root)))
	o.Roll.Size, o.Roll.Weight = r.Uint64(), r.Uint64()
	o.Roll.Groups = make([]RollGroup, r.Count(maxRollGroups, groupLen))
	for i := range o.Roll.Groups {
		o.Roll.Groups[i] = RollGroup{Style: int(r.Uint32()), Weight: r.Uint64(), Lines: r.Uint64()}
	}
	if err := r.Done(); err != nil {
		return err
	}
	return o.check(m)
}

// check holds what the entry says of the roll together and against the
// manifest: sizes, weights and the minimum group. Every result can be decrypted
// at the most weight that the manifest allows, see checkRange.
func (o *Opening) check(m *Manifest) error {
	t := &o.Roll
	if t.Size < 1 || t.Size > m.Limits.MaxVoters || t.Weight < t.Size || t.Weight > m.Limits.MaxWeight {
		return fmt.Errorf("%s of %d with weight %d: %w", m.voters(), t.Size, t.Weight, reason.ErrRange)
	}
	var size, weight uint64
	for i, g := range t.Groups {
		if i > 0 && !t.Groups[i-1].before(g) {
			return fmt.Errorf("the %s's groups are out of order: %w", m.voters(), reason.ErrEncoding)
		}
		// Neither sum can overflow: the totals are at most maxVoters.
		if g.Lines < 1 || g.Lines > t.Size || g.Weight < 1 || g.Weight > t.Weight/g.Lines {
			return fmt.Errorf("the %s has %d of weight %d: %w", m.voters(), g.Lines, g.Weight, reason.ErrRange)
		}
		size, weight = size+g.Lines, weight+g.Lines*g.Weight
	}
	if size != t.Size || weight != t.Weight {
		return fmt.Errorf("the %s's groups add up to %d with weight %d, not to %d with %d: %w", m.voters(), size, weight, t.Size, t.Weight, reason.ErrRange)
	}
	return t.CheckGroups(m)
}

// before is the order of groups: by style, then by weight.
func (g RollGroup) before(h RollGroup) bool {
	return g.Style < h.Style || g.Style == h.Style && g.Weight < h.Weight
}

// checkOutcome requires that the open entry names the outcome of the ceremony.
func (o *Opening) checkOutcome(g *elgamal.Group, outcome *dkg.Outcome) error {
	if o.Outcome != outcome.Hash() {
		return fmt.Errorf("ballot: open: names outcome %s, the ceremony has %x…: %w", short(o.Outcome[:]), outcome.Hash(), reason.ErrBinding)
	}
	for i, k := range o.Keys { // as many as the manifest has columns, like the outcome's
		if !k.Equal(outcome.Keys[i]) {
			return fmt.Errorf("ballot: open: key of column %d is not the ceremony's: %w", i, reason.ErrBinding)
		}
	}
	return nil
}
