package ballot

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/zkp"
)

// Election is an election that has been opened, checked from its fingerprint
// down: whatever is encrypted or verified with it is encrypted and verified
// under keys that the ceremony certified. It is immutable and safe for
// concurrent use. Load makes it.
type Election struct {
	Manifest    *Manifest
	Fingerprint Fingerprint
	Group       *elgamal.Group
	Outcome     *dkg.Outcome // of the key ceremony
	Opening     Opening      // what the open entry says

	styles   []styleInfo
	policy   ledger.Policy // of the ledger, as it was loaded
	issuance *Issuance     // of an election by tokens
}

// styleInfo is what the ballots of one style share.
type styleInfo struct {
	id      string
	columns []zkp.Column
	rules   []zkp.Rule
	key     *elgamal.PublicKey

	once sync.Once
	form *zkp.Form
	err  error
}

// Load finds the election with fingerprint fp on a ledger and checks it: the
// open entry whose hash is fp, signed by the authorities of the manifest that
// it names; the manifest, signed likewise; and the key ceremony, replayed from
// the posted messages and certificates. Everything is read against a signed
// checkpoint of the ledger that the manifest names; and the registrars' keys
// and counts, where voters are let in by tokens. Only the roll is taken
// from the open entry, as the root that it names: a voter's device needs no
// roll, and Replay checks it.
//
// The zero fingerprint is ErrUnanchored: without a fingerprint from elsewhere
// the ledger's operator would choose the election. ErrIncomplete: the ledger
// does not have the open entry, or not what must stand before it. ErrFork: an
// earlier entry opened an election of the same manifest. ErrBinding: the open
// entry names another ceremony outcome. [*IssuanceError]: or other tokens. Bad signatures are ErrSignature or
// ErrQuorum, and so is a checkpoint that too few of the manifest's witnesses
// have cosigned; an inconsistent ledger is ErrChain.
func Load(ctx context.Context, r ledger.Reader, fp Fingerprint) (*Election, error) {
	if fp == (Fingerprint{}) {
		return nil, fmt.Errorf("ballot: load: zero fingerprint: %w", reason.ErrUnanchored)
	}
	m, index, err := find(ctx, r, fp)
	if err != nil {
		return nil, err
	}
	v, _, policy, err := m.verified(ctx, r)
	if err != nil {
		return nil, err
	}
	rec, err := readRecord(ctx, v, m, index+1, nil)
	if err != nil {
		return nil, err
	}
	switch {
	case !rec.published:
		return nil, fmt.Errorf("ballot: load: no manifest entry: %w", rec.reasonOr(reason.ErrIncomplete))
	case rec.opening == nil:
		return nil, fmt.Errorf("ballot: load: entry %d: %w", index, rec.reasonOr(reason.ErrIncomplete))
	case rec.opening.Index != index:
		return nil, fmt.Errorf("ballot: load: entry %d opened this manifest's election before entry %d: %w", rec.opening.Index, index, reason.ErrFork)
	}
	outcome, err := rec.outcome()
	if err != nil {
		return nil, err
	}
	if err := rec.opening.checkOutcome(m.Group, outcome); err != nil {
		return nil, err
	}
	if m.tokens() {
		if err := rec.issuance.check(rec.opening); err != nil {
			return nil, err
		}
	}
	e := newElection(m, fp, outcome, *rec.opening)
	e.policy, e.issuance = policy, rec.issuance
	return e, nil
}

func newElection(m *Manifest, fp Fingerprint, o *dkg.Outcome, opening Opening) *Election {
	e := &Election{
		Manifest: m, Fingerprint: fp, Group: m.Group, Outcome: o, Opening: opening,
		styles: make([]styleInfo, len(m.Styles)),
	}
	for i := range e.styles {
		s := &e.styles[i]
		s.id, s.rules = m.Styles[i].ID, m.RowRules(i)
		key := &elgamal.PublicKey{Group: m.Group} // its points are checked: the ceremony's outcome
		for _, contest := range m.Styles[i].Contests {
			c := &m.Contests[contest]
			first, count := c.Columns()
			for column := first; column < first+count; column++ {
				s.columns = append(s.columns, zkp.Column{Index: column, Key: o.Keys[column], Mixed: c.Mixed()})
				key.Points = append(key.Points, o.Keys[column])
			}
		}
		s.key = key
	}
	return e
}

// Issuance returns what the registrars have put on the ledger, as the
// fingerprint binds it: nothing in an election by roll.
func (e *Election) Issuance() *Issuance { return e.issuance }

// Form returns what all ballots of a style share in their proofs. It is made
// when first asked for. ErrRange if there is no such style.
func (e *Election) Form(style int) (*zkp.Form, error) {
	if style < 0 || style >= len(e.styles) {
		return nil, fmt.Errorf("ballot: style %d of %d: %w", style, len(e.styles), reason.ErrRange)
	}
	s := &e.styles[style]
	s.once.Do(func() {
		s.form, s.err = zkp.NewForm(e.Group, e.Fingerprint, s.id, s.columns, s.rules)
		if s.err != nil {
			s.err = fmt.Errorf("ballot: style %s: %w", s.id, s.err)
		}
	})
	return s.form, s.err
}

// Policy returns which checkpoints to believe: those of the ledger that the
// manifest names, cosigned by enough of its witnesses, as long as the key has
// not been rotated: see PolicyOn.
func (m *Manifest) Policy() ledger.Policy {
	return ledger.Policy{
		Origin: m.Ledger.Origin, Key: m.Ledger.Key,
		Witnesses: m.Ledger.Witnesses, Quorum: m.Ledger.Quorum,
	}
}

// rounding is the manifest's rounding of ballots' times, in seconds.
func (m *Manifest) rounding() int64 { return int64(m.Rounding / time.Second) }

// find looks for the open entry whose hash is fp, and for the manifest that it
// names, of which likewise only the hash is checked: from the manifest on the
// ledger can be read with a policy.
func find(ctx context.Context, r ledger.Reader, fp Fingerprint) (*Manifest, uint64, error) {
	cp, err := r.Checkpoint(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("ballot: load: %w", err)
	}
	manifests := make(map[entry.Hash][]uint64) // entries that say they are the manifest with an id
	for en, err := range r.Entries(ctx, 0, cp.Size) {
		if err != nil {
			return nil, 0, fmt.Errorf("ballot: load: %w", err)
		}
		kind, ok := peekKind(en.Data)
		if !ok || kind != entry.Manifest && kind != entry.Open {
			continue
		}
		env, err := entry.Parse(en.Data)
		switch {
		case err != nil:
		case kind == entry.Manifest:
			manifests[env.Election] = append(manifests[env.Election], en.Index)
		case Fingerprint(entry.ID(en.Data)) == fp:
			m, err := findManifest(ctx, r, env.Election, manifests[env.Election])
			return m, en.Index, err
		}
	}
	return nil, 0, fmt.Errorf("ballot: load: the ledger of size %d has no open entry with fingerprint %s: %w", cp.Size, fp, reason.ErrIncomplete)
}

func findManifest(ctx context.Context, r ledger.Reader, id entry.Hash, at []uint64) (*Manifest, error) {
	for _, index := range at {
		for en, err := range r.Entries(ctx, index, index+1) {
			if err != nil {
				return nil, fmt.Errorf("ballot: load: %w", err)
			}
			env, err := entry.Parse(en.Data)
			if err != nil {
				continue
			}
			if ManifestID(env.Body) != id {
				continue // whoever posted it only says so
			}
			m, err := ParseManifestBytes(env.Body)
			if err != nil {
				return nil, fmt.Errorf("ballot: load: entry %d: %w", index, err)
			}
			return m, nil
		}
	}
	return nil, fmt.Errorf("ballot: load: the ledger has no manifest %s: %w", short(id[:]), reason.ErrIncomplete)
}
