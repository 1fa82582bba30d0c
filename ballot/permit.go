package ballot

import (
	"fmt"

	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// Permit is a voter's right to vote in an election by tokens: a class, and on
// the voter's credential the signature of every registrar for that class, made
// blindly, so that no registrar has ever seen it. Whoever sees a permit in a
// ballot cannot use it, because the credential signs the ballot. The zero Permit
// is that of an election by roll.
type Permit struct {
	Class  token.Class
	Tokens [][]byte // one of each registrar, in the order of the manifest
}

// tokens reports whether the voters of an election are let in by tokens.
func (m *Manifest) tokens() bool { return m.Eligibility == EligibilityTokens }

// voters is what the open entry counts.
func (m *Manifest) voters() string {
	if m.tokens() {
		return "issuance"
	}
	return "roll"
}

// checkEligibility requires that all registrars sign where voters bring
// tokens: otherwise two voters could spread their requests over registrars and
// credentials, and put more credentials together than there are voters.
func (m *Manifest) checkEligibility() error {
	switch r := m.Registrars; m.Eligibility {
	case "":
		m.Eligibility = EligibilityRoll
	case EligibilityRoll:
	case EligibilityTokens:
		if r.Quorum != len(r.Keys) {
			return at("registrars.quorum", fmt.Errorf("is %d of %d, and with eligibility by tokens all must sign: %w", r.Quorum, len(r.Keys), reason.ErrRange))
		}
	default:
		return at("eligibility", fmt.Errorf("%.40q is neither %q nor %q: %w", m.Eligibility, EligibilityRoll, EligibilityTokens, reason.ErrVersion))
	}
	return nil
}

// maxBallot is how large the entry of a ballot may be, so that it is one leaf
// of the ledger's tree. Tokens leave less room for columns.
const maxBallot = 65_535

// ballotLen returns how many bytes the ballots of a style have at most; fewer,
// if a contest is mixed.
func (m *Manifest) ballotLen(s *Style) int {
	columns := 0
	for _, i := range s.Contests {
		columns += m.Contests[i].layout.columns()
	}
	const envelope, styleAndNumber = 1 + 1 + 32 + 8 + 4 + 1, 2 + 4
	point, scalar := m.Group.PointLen(), m.Group.ScalarLen()
	return envelope + styleAndNumber + m.permitLen() + point*(9+columns) + scalar*(4+columns)
}

// permitLen is how many bytes of a ballot's body the permit takes beside the
// style, which every ballot has.
func (m *Manifest) permitLen() int {
	if !m.tokens() {
		return 0
	}
	return 8 + len(m.Registrars.Keys)*token.Size
}

// permit is what a ballot or spoil says that its voter may do: the style and,
// in an election by tokens, the rest of the Permit. Elections by roll have no
// rest: the roll says what a credential may do.
type permit struct {
	style  int
	weight uint64
	tokens []byte // one after the other
}

func (m *Manifest) encodePermit(w *wire.Writer, p permit) {
	if m.tokens() {
		w.Uint64(p.weight)
		w.Raw(p.tokens)
	}
}

// decodePermit reads what encodePermit writes.
func (m *Manifest) decodePermit(r *wire.Reader, style int) permit {
	p := permit{style: style}
	if m.tokens() {
		p.weight = r.Uint64()
		p.tokens = r.Raw(m.permitLen() - 8)
	}
	return p
}

// bound returns what a proof binds of a permit beside the style, which is
// bound in every election.
func (p permit) bound() []byte {
	if len(p.tokens) == 0 {
		return nil
	}
	var w wire.Writer
	w.Uint64(p.weight)
	w.Raw(p.tokens)
	return w.Bytes()
}

// checkPermit checks all tokens of a credential for their class: rule 4 of
// [State], in elections by tokens.
func (e *Election) checkPermit(credential []byte, p permit) error {
	style := e.styles[p.style].id
	keys, ok := e.issuance.keys(class{p.style, p.weight})
	if !ok {
		return fmt.Errorf("ballot: no tokens were issued for style %q and weight %d: %w", style, p.weight, reason.ErrEligibility)
	}
	message := token.Message(e.Manifest.id, token.Class{Style: style, Weight: p.weight}, credential)
	for i, key := range keys {
		if err := key.Verify(message, p.tokens[i*token.Size:][:token.Size]); err != nil {
			return fmt.Errorf("ballot: token of registrar %d (%v): %w", i+1, err, reason.ErrEligibility)
		}
	}
	return nil
}

// permitOf returns a voter's permit as it stands in a ballot, with every token
// verified: nobody else is to see one that does not hold, since a registrar may
// have signed it under a key that it has shown to this voter alone.
func (e *Election) permitOf(v *Voter) (permit, error) {
	style, ok := e.Manifest.StyleIndex(v.Permit.Class.Style)
	if !ok {
		return permit{}, fmt.Errorf("ballot: permit for a style %.70q, which there is not: %w", v.Permit.Class.Style, reason.ErrEligibility)
	}
	if n := len(e.Manifest.Registrars.Keys); len(v.Permit.Tokens) != n {
		return permit{}, fmt.Errorf("ballot: permit with tokens of %d registrars, there are %d: %w", len(v.Permit.Tokens), n, reason.ErrEligibility)
	}
	p := permit{style: style, weight: v.Permit.Class.Weight}
	for i, t := range v.Permit.Tokens {
		if len(t) != token.Size {
			return permit{}, fmt.Errorf("ballot: token of registrar %d has %d bytes, must have %d: %w", i+1, len(t), token.Size, reason.ErrEncoding)
		}
		p.tokens = append(p.tokens, t...)
	}
	return p, e.checkPermit(v.Key.Public(), p)
}
