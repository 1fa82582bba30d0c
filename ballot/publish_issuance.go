package ballot

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"slices"

	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// The registrars' steps in an election by tokens, each in a registrar's own
// name. First all put their keys on the ledger, then they issue, then they say
// what they have issued, and the election can be opened. No token that is
// issued later is of any use to an honest registrar: it has said how many there
// are.

// PublishIssuer puts a registrar's keys on the ledger, one for each style and
// weight that voters can have, the same classes as the other registrars'
// (ErrShape). A voter's device takes them from there, see [ReadIssuance], so
// that no voter can be given another key than all others. Each key is made for
// this manifest, registrar and class (ErrBinding). Keys that stand there already
// are left as they are; other ones than those are ErrDuplicate. ErrState in an
// election by roll.
func PublishIssuer(ctx context.Context, log Log, m *Manifest, keys []*token.PublicKey, registrar ed25519.PrivateKey) error {
	return publishIssuance(ctx, log, m, entry.Issuer, registrar, func(public ed25519.PublicKey) ([]byte, error) {
		return m.issuerBody(public, keys)
	})
}

// PublishIssued puts on the ledger what a registrar has issued, once it has
// closed its desk: see token.Desk. It needs the registrar's keys there (ErrState)
// and has their classes (ErrShape), with no more tokens of any than voters who
// could have had one (ErrRange). What stands there already is left as it is;
// anything else than that is ErrDuplicate.
func PublishIssued(ctx context.Context, log Log, m *Manifest, issued Issued, registrar ed25519.PrivateKey) error {
	return publishIssuance(ctx, log, m, entry.Issued, registrar, func(ed25519.PublicKey) ([]byte, error) {
		return m.issuedBody(issued)
	})
}

func publishIssuance(ctx context.Context, log Log, m *Manifest, kind entry.Kind, registrar ed25519.PrivateKey, makeBody func(ed25519.PublicKey) ([]byte, error)) error {
	if err := checkKeys(kind, []ed25519.PrivateKey{registrar}); err != nil {
		return err
	}
	public := registrar.Public().(ed25519.PublicKey)
	at := slices.IndexFunc(m.Registrars.Keys, func(k ed25519.PublicKey) bool { return bytes.Equal(k, public) })
	if at < 0 {
		return fmt.Errorf("ballot: %s: %x… is none of the registrars: %w", kind, public[:4], reason.ErrSignature)
	}
	body, err := makeBody(public)
	if err != nil {
		return fmt.Errorf("ballot: %s: %w", kind, err)
	}
	rec, err := readPublished(ctx, log, m, nil)
	if err != nil {
		return err
	}
	if stands := rec.issuance.parts[at].body(kind); bytes.Equal(stands, body) {
		return nil
	}
	if rec.opening != nil {
		return fmt.Errorf("ballot: %s: entry %d opened the election without it: %w", kind, rec.opening.Index, reason.ErrState)
	}
	// What the counting rule would refuse is not posted.
	env := &entry.Envelope{Kind: kind, Election: m.ID(), Body: body}
	env.Sign(registrar)
	if err := rec.issuance.add(env); err != nil {
		return err
	}
	env.Signatures = nil
	_, err = post(ctx, log, m, Signers{Keys: m.Registrars.Keys, Quorum: 1}, []ed25519.PrivateKey{registrar}, env)
	return err
}

// ReadIssuance reads what the registrars have put on the ledger so far, checked
// against its checkpoint: for a voter's device the keys under which to ask for
// tokens. Who has the fingerprint has them from [Election.Issuance]. ErrState in
// an election by roll, or if the manifest is not on the ledger.
func ReadIssuance(ctx context.Context, r ledger.Reader, m *Manifest) (*Issuance, error) {
	if !m.tokens() {
		return nil, fmt.Errorf("ballot: issuance in an election by %s: %w", m.Eligibility, reason.ErrState)
	}
	v, cp, err := m.Verified(ctx, r)
	if err != nil {
		return nil, err
	}
	rec, err := readRecord(ctx, v, m, cp.Size, nil)
	if err == nil && !rec.published {
		err = fmt.Errorf("ballot: the manifest is not on the ledger (%v): %w", rec.reasonOr(reason.ErrIncomplete), reason.ErrState)
	}
	if err != nil {
		return nil, err
	}
	return rec.issuance, nil
}
