package ballot

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// Issued is what a registrar says when it has stopped issuing tokens: what its
// desk said, and how many voters of each class could have had one, which are at
// least as many.
type Issued struct {
	token.Issued
	Eligible map[token.Class]uint64
}

// class is a token.Class by the position of its style in the manifest. Classes
// are ordered like the groups of a roll.
type class struct {
	style  int
	weight uint64
}

func (c class) compare(d class) int {
	return cmp.Or(cmp.Compare(c.style, d.style), cmp.Compare(c.weight, d.weight))
}

// classOf finds the style of a class.
func (m *Manifest) classOf(c token.Class) (class, bool) {
	style, ok := m.StyleIndex(c.Style)
	return class{style, c.Weight}, ok
}

func (m *Manifest) tokenClass(c class) token.Class {
	return token.Class{Style: m.Styles[c.style].ID, Weight: c.weight}
}

// Issuance is what the registrars of an election by tokens have put on the
// ledger: their keys, and what they have issued. Of each registrar the first of
// either that holds is the one.
type Issuance struct {
	m       *Manifest
	classes []class // of all registrars' keys: those of the first to publish any
	parts   []issuancePart
}

// issuancePart is what one registrar has published.
type issuancePart struct {
	issuer, issued []byte             // bodies; nil: not yet
	keys           []*token.PublicKey // in the order of classes
	said           Issued
}

func newIssuance(m *Manifest) *Issuance {
	return &Issuance{m: m, parts: make([]issuancePart, len(m.Registrars.Keys))}
}

// Classes returns the classes for which there are keys, in the order of their
// styles in the manifest, then of their weights.
func (s *Issuance) Classes() []token.Class {
	var list []token.Class
	for _, c := range s.classes {
		list = append(list, s.m.tokenClass(c))
	}
	return list
}

// Keys returns the keys of all registrars for a class, in the order of the
// manifest. ErrIncomplete if one has not published its keys yet,
// ErrEligibility if there is no such class.
func (s *Issuance) Keys(c token.Class) ([]*token.PublicKey, error) {
	for i := range s.parts {
		if s.parts[i].issuer == nil {
			return nil, fmt.Errorf("ballot: issuance: registrar %d has not published its keys: %w", i+1, reason.ErrIncomplete)
		}
	}
	if at, ok := s.m.classOf(c); ok {
		if keys, ok := s.keys(at); ok {
			return keys, nil
		}
	}
	return nil, fmt.Errorf("ballot: issuance: no tokens for style %.70q and weight %d: %w", c.Style, c.Weight, reason.ErrEligibility)
}

// keys is Keys for when all registrars have published theirs.
func (s *Issuance) keys(c class) ([]*token.PublicKey, bool) {
	at, ok := slices.BinarySearchFunc(s.classes, c, class.compare)
	if !ok {
		return nil, false
	}
	keys := make([]*token.PublicKey, len(s.parts))
	for i := range s.parts {
		keys[i] = s.parts[i].keys[at]
	}
	return keys, true
}

// Issued returns what a registrar has issued, by its position among the
// manifest's, and its keys, for token.CheckIssuance. ErrIncomplete if it has not
// said so yet.
func (s *Issuance) Issued(registrar int) (Issued, []*token.PublicKey, error) {
	if registrar < 0 || registrar >= len(s.parts) {
		return Issued{}, nil, fmt.Errorf("ballot: issuance: registrar %d of %d: %w", registrar+1, len(s.parts), reason.ErrRange)
	}
	p := &s.parts[registrar]
	if p.issued == nil {
		return Issued{}, nil, fmt.Errorf("ballot: issuance: registrar %d has not said what it issued: %w", registrar+1, reason.ErrIncomplete)
	}
	said := p.said
	said.Classes, said.Eligible = slices.Clone(said.Classes), maps.Clone(said.Eligible)
	return said, slices.Clone(p.keys), nil
}

// add takes in an issuer or issued entry. What it refuses changes nothing.
func (s *Issuance) add(env *entry.Envelope) error {
	if !s.m.tokens() {
		return fmt.Errorf("ballot: %s in an election by %s: %w", env.Kind, s.m.Eligibility, reason.ErrState)
	}
	if len(env.Signatures) != 1 {
		return fmt.Errorf("ballot: %s with %d signatures, must be 1: %w", env.Kind, len(env.Signatures), reason.ErrSignature)
	}
	if err := env.CheckSigned(s.m.Registrars.Keys, 1); err != nil {
		return fmt.Errorf("ballot: %w", err)
	}
	registrar := slices.IndexFunc(s.m.Registrars.Keys, func(k ed25519.PublicKey) bool { return bytes.Equal(k, env.Signatures[0].Key[:]) })
	err := s.parts[registrar].stands(env)
	if err == nil && env.Kind == entry.Issuer {
		err = s.addIssuer(registrar, env.Body)
	} else if err == nil {
		err = s.addIssued(registrar, env.Body)
	}
	if err != nil {
		return fmt.Errorf("ballot: %s of registrar %d: %w", env.Kind, registrar+1, err)
	}
	return nil
}

// body returns what the registrar has said, nil if nothing yet.
func (p *issuancePart) body(kind entry.Kind) []byte {
	if kind == entry.Issuer {
		return p.issuer
	}
	return p.issued
}

// stands refuses what the registrar has said already: again, or otherwise.
func (p *issuancePart) stands(env *entry.Envelope) error {
	switch said := p.body(env.Kind); {
	case said == nil:
		return nil
	case bytes.Equal(said, env.Body):
		return fmt.Errorf("stands already: %w", reason.ErrReplay)
	}
	return fmt.Errorf("another one stands already: %w", reason.ErrDuplicate)
}

// addIssuer reads keys. All registrars have the same classes, and no key
// stands twice: whoever signs blindly knows a class by the key only.
func (s *Issuance) addIssuer(registrar int, body []byte) error {
	classes, keys, err := s.m.decodeIssuer(s.m.Registrars.Keys[registrar], body)
	if err != nil {
		return err
	}
	if s.classes != nil && !slices.Equal(classes, s.classes) {
		return fmt.Errorf("its classes are not those of the registrars before it: %w", reason.ErrShape)
	}
	ids := make(map[[32]byte]bool, len(keys))
	for _, k := range keys {
		ids[k.ID()] = true
	}
	for i, other := range s.parts {
		for _, k := range other.keys {
			if ids[k.ID()] {
				return fmt.Errorf("one of its keys is also registrar %d's: %w", i+1, reason.ErrDuplicate)
			}
		}
	}
	s.classes, s.parts[registrar] = classes, issuancePart{issuer: bytes.Clone(body), keys: keys}
	return nil
}

func (s *Issuance) addIssued(registrar int, body []byte) error {
	p := &s.parts[registrar]
	if p.issuer == nil {
		return fmt.Errorf("it has published no keys: %w", reason.ErrState)
	}
	classes, said, err := s.m.decodeIssued(body)
	if err != nil {
		return err
	}
	if !slices.Equal(classes, s.classes) {
		return fmt.Errorf("its classes are not those of its keys: %w", reason.ErrShape)
	}
	p.issued, p.said = bytes.Clone(body), said
	return nil
}

// totals are what the open entry says of the issuance. Of each class they count
// the fewest tokens that some registrar has issued: so many voters at most have
// one from each.
func (s *Issuance) totals() (RollTotals, error) {
	var t RollTotals
	for i := range s.parts {
		if s.parts[i].issued == nil {
			return RollTotals{}, fmt.Errorf("ballot: issuance: registrar %d has not said what it issued: %w", i+1, reason.ErrState)
		}
	}
	for _, c := range s.classes {
		g := RollGroup{Style: c.style, Weight: c.weight, Lines: maxVoters}
		for _, p := range s.parts {
			g.Lines = min(g.Lines, p.said.Tokens(s.m.tokenClass(c)))
		}
		t.Size += g.Lines // at most maxClasses·maxVoters
		over := g.Lines > 0 && g.Weight > maxVoters/g.Lines
		if t.Weight += g.Lines * g.Weight; over || t.Weight > maxVoters {
			return RollTotals{}, fmt.Errorf("ballot: issuance: more weight than %d: %w", uint64(maxVoters), reason.ErrRange)
		}
		t.Groups = append(t.Groups, g)
	}
	t.Root = s.root()
	return t, nil
}

const issuanceLabel = "hanpyo/v1 issuance"

// root binds everything that the registrars have published.
func (s *Issuance) root() tlog.Hash {
	var w wire.Writer
	w.String(issuanceLabel)
	for _, p := range s.parts {
		for _, body := range [][]byte{p.issuer, p.issued} {
			hash := sha256.Sum256(body)
			w.Raw(hash[:])
		}
	}
	return sha256.Sum256(w.Bytes())
}

// check requires that the records on the ledger are those of the open entry.
func (s *Issuance) check(o *Opening) error {
	got, err := s.totals()
	switch {
	case err != nil:
		return &IssuanceError{err}
	case got.Root != o.Roll.Root:
		return &IssuanceError{fmt.Errorf("ballot: issuance: its root is %s, the open entry names %s: %w", got.Root, o.Roll.Root, reason.ErrChain)}
	case got.Size != o.Roll.Size || got.Weight != o.Roll.Weight || !slices.Equal(got.Groups, o.Roll.Groups):
		return &IssuanceError{fmt.Errorf("ballot: issuance: its classes are not those of the open entry: %w", reason.ErrChain)}
	}
	return nil
}

// IssuanceError says that the open entry of an election by tokens is about
// other tokens than those that the registrars have published on the ledger.
type IssuanceError struct{ Err error }

func (e *IssuanceError) Error() string { return e.Err.Error() }

// Unwrap returns what is wrong.
func (e *IssuanceError) Unwrap() error { return e.Err }
