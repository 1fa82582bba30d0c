package dkg

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
)

// Trustee is the secret side of one trustee: signing key, encryption key, seed,
// in the end the share, and what it has pinned. All of it must be kept secret
// and rests in one file, encrypted under a passphrase, which is the whole state:
// a copy of the file is a backup. Whoever opens the file twice, in two processes
// even, has one trustee.
//
// A Trustee serves one ceremony. Everything that it posts follows from a seed
// made at creation and the ceremony's description, so that a restart or a
// restored backup posts the same bytes again. It prints as redacted and is safe
// for concurrent use.
type Trustee struct{ v *vault }

// CreateTrustee makes the keys of a new trustee and the file for them, which
// must not exist. The group must be one of [elgamal.GroupByName].
func CreateTrustee(path string, passphrase []byte, g *elgamal.Group) (*Trustee, error) {
	if g == nil {
		return nil, fmt.Errorf("dkg: trustee without a group: %w", ErrVersion)
	}
	if known, err := elgamal.GroupByName(g.Name()); err != nil || known != g {
		return nil, fmt.Errorf("dkg: a trustee's file cannot name group %q: %w", g.Name(), ErrVersion)
	}
	v, err := createVault(path, passphrase, newSecret(g))
	if err != nil {
		return nil, err
	}
	return &Trustee{v}, nil
}

// OpenTrustee opens the file of a trustee. ErrEncoding is the error for a wrong
// passphrase as well as for a damaged file; nobody can tell them apart.
func OpenTrustee(path string, passphrase []byte) (*Trustee, error) {
	v, err := openVault(path, passphrase)
	if err != nil {
		return nil, err
	}
	return &Trustee{v}, nil
}

// NewMemoryTrustee makes the keys of a new trustee without a file, for tests and
// rehearsals: its share and its pins end with the process.
func NewMemoryTrustee(g *elgamal.Group) *Trustee { return &Trustee{&vault{state: newSecret(g)}} }

func newSecret(g *elgamal.Group) *secret {
	s := &secret{group: g, encryption: g.RandomScalar(), pins: make(map[string][]byte)}
	rand.Read(s.seed[:])
	_, s.signing, _ = ed25519.GenerateKey(nil)
	s.encryptionKey = g.Kyber().Point().Mul(s.encryption, nil)
	return s
}

// Keys returns the public keys, for the manifest.
func (t *Trustee) Keys(name string) TrusteeKeys {
	s := t.v.view()
	return TrusteeKeys{name, s.signing.Public().(ed25519.PublicKey), s.encryptionKey.Clone()}
}

// Position returns the trustee's position in the ceremony, from 1. The error is
// ErrEligibility if the trustee is not in it, ErrBinding if its file serves
// another ceremony.
func (t *Trustee) Position(c *Ceremony) (int, error) {
	if err := c.Check(); err != nil {
		return 0, err
	}
	return t.v.view().position(c)
}

// Sign signs an entry as this trustee.
func (t *Trustee) Sign(e *entry.Envelope) { e.Sign(t.v.view().signing) }

// Next returns what the trustee has to post after what stands on the ledger: an
// entry to append, or nil to wait. It may be called as often as one likes: after
// the same entries it returns the same message, and nil if it is posted.
//
// Once the ceremony is complete the share is in the file, the encryption key is
// erased, and done is true. An error tells that the trustee cannot go on:
// ErrQuorum if the ceremony failed, ErrFork if this ledger contradicts what the
// trustee has signed before, ErrIncomplete if it has no good share.
func (t *Trustee) Next(c *Ceremony, posted []Posted) (message []byte, done bool, err error) {
	tr, err := c.Replay(posted)
	if err != nil {
		return nil, false, err
	}
	return t.next(tr)
}

func (t *Trustee) next(tr *Transcript) (message []byte, done bool, err error) {
	c := tr.c
	position, err := t.v.view().position(c)
	if err != nil {
		return nil, false, err
	}
	switch {
	case tr.Failure != nil:
		return nil, false, tr.Failure
	case tr.out(position):
		return nil, false, fmt.Errorf("dkg: %s is out of the ceremony: %w", c.name(position), ErrEligibility)
	case tr.Phase == Complete:
		err := t.finish(tr, position)
		return nil, err == nil, err
	case tr.Phase == Dealing && tr.messages[Committing][position-1] == nil:
		return nil, false, nil // too late to be a dealer; it still gets shares
	}
	m, err := t.message(tr, position)
	if err != nil {
		return nil, false, fmt.Errorf("dkg: %s: %w", c.name(position), err)
	}
	counted := tr.messages[tr.Phase][position-1]
	switch {
	case counted == nil:
		return m, false, nil
	case !bytes.Equal(counted.Data, m):
		return nil, false, fmt.Errorf("dkg: %s: %w", c.name(position), notFromHere(counted))
	}
	return nil, false, nil
}

func notFromHere(m *message) error {
	return fmt.Errorf("entry %d is signed with this key, but is not from this file: %w", m.Index, ErrFork)
}

// message returns the trustee's entry for the phase, and writes down durably
// what it must not contradict later.
func (t *Trustee) message(tr *Transcript, position int) ([]byte, error) {
	s, c := t.v.view(), tr.c
	switch tr.Phase {
	case Committing, Dealing:
		if err := t.v.update(func(s *secret) error { return s.bind(c) }); err != nil {
			return nil, err
		}
		d, err := c.secretDeal(s.seed).publish(c, position)
		if err != nil {
			return nil, err
		}
		m := s.envelope(c, entry.Deal, d.body())
		id := entry.ID(m)
		commit := s.envelope(c, entry.Commit, id[:])
		if tr.Phase == Committing {
			return commit, nil
		}
		if counted := tr.messages[Committing][position-1]; !bytes.Equal(counted.Data, commit) {
			return nil, notFromHere(counted)
		}
		return m, nil
	case Confirming:
		return t.signOnce(tr, func(s *secret) ([]byte, error) { return s.confirm(tr, position) })
	default:
		return t.signOnce(tr, func(s *secret) ([]byte, error) { return s.certify(tr, position) })
	}
}

// signOnce makes the body of the phase's message unless one was made before.
// What was signed is never signed differently: if it was about another ledger,
// that is a fork.
func (t *Trustee) signOnce(tr *Transcript, body func(*secret) ([]byte, error)) ([]byte, error) {
	err := t.v.update(func(s *secret) error {
		if err := s.bind(tr.c); err != nil {
			return err
		}
		if s.bodies[tr.Phase] != nil {
			return nil
		}
		b, err := body(s)
		s.bodies[tr.Phase] = b
		return err
	})
	if err != nil {
		return nil, err
	}
	s := t.v.view()
	if !bytes.HasPrefix(s.bodies[tr.Phase], tr.signed[tr.Phase][:]) {
		return nil, fmt.Errorf("%s was signed over another ledger: %w", tr.Phase, ErrFork)
	}
	return s.envelope(tr.c, tr.Phase.kind(), s.bodies[tr.Phase]), nil
}

// finish stores the share and erases the encryption key.
func (t *Trustee) finish(tr *Transcript, position int) error {
	hash := tr.Outcome.Hash()
	return t.v.update(func(s *secret) error {
		if err := s.bind(tr.c); err != nil {
			return err
		}
		if b := s.bodies[Certifying]; b != nil && !bytes.HasSuffix(b, hash[:]) {
			return fmt.Errorf("dkg: %s certified another outcome: %w", tr.c.name(position), ErrFork)
		}
		if s.share != nil {
			return s.checkShare(tr.c, tr.Outcome, position)
		}
		share, err := s.collect(tr, position)
		if err != nil {
			return fmt.Errorf("dkg: %s: %w", tr.c.name(position), err)
		}
		s.share = share
		if err := s.checkShare(tr.c, tr.Outcome, position); err != nil {
			s.share = nil
			return err
		}
		s.encryption = nil
		return nil
	})
}

// Shares returns the trustee's secret share of every column's key, checked
// against the outcome's verification keys. They must be kept secret. The error
// is ErrState before Next has reported that the ceremony is done.
func (t *Trustee) Shares(c *Ceremony, o *Outcome) ([]kyber.Scalar, error) {
	position, err := t.Position(c)
	if err != nil {
		return nil, err
	}
	s := t.v.view()
	if s.share == nil {
		return nil, fmt.Errorf("dkg: %s has no share before the ceremony is done: %w", c.name(position), ErrState)
	}
	if err := s.checkShare(c, o, position); err != nil {
		return nil, err
	}
	share := make([]kyber.Scalar, len(s.share))
	for k, x := range s.share {
		share[k] = x.Clone()
	}
	return share, nil
}

// Pin durably remembers a value under a name, before it returns. The first value
// of a name stands; the same value again is nothing new, and another one is
// refused with ErrFork. Both have at most 1,000 bytes; a hash does for what is
// longer. A trustee pins what it decrypts before it computes
// anything (docs/protocol.md, section 10). A backup restores the pins of its
// time only: whoever restores one checks the ledger for what was decrypted since.
func (t *Trustee) Pin(name string, value []byte) error {
	if len(name) == 0 || len(name) > maxPinName || len(value) > maxPinValue {
		return fmt.Errorf("dkg: pin with a name of %d and a value of %d bytes: %w", len(name), len(value), ErrLimit)
	}
	return t.v.update(func(s *secret) error {
		first, ok := s.pins[name]
		switch {
		case !ok && len(s.pins) == maxPins:
			return fmt.Errorf("dkg: more than %d pins: %w", maxPins, ErrLimit)
		case !ok:
			s.pins[name] = bytes.Clone(value)
		case !bytes.Equal(first, value):
			return fmt.Errorf("dkg: pin %q has another value already: %w", name, ErrFork)
		}
		return nil
	})
}

// Format, MarshalJSON and MarshalText keep the secrets out of output.
func (Trustee) Format(f fmt.State, _ rune)   { fmt.Fprint(f, redacted) }
func (Trustee) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
func (Trustee) MarshalText() ([]byte, error) { return []byte(redacted), nil }

const redacted = "trustee(redacted)"
