// Package dkg is the key ceremony: n trustees make the keys of an election
// together, so that any t of them can decrypt and fewer learn nothing. Nobody
// deals the keys, and no two trustees need a private channel: every message is
// a signed entry on the election's ledger.
//
// The scheme is Pedersen's ("A Threshold Cryptosystem without a Trusted Party",
// EUROCRYPT 1991) with Feldman's commitments, hash commitments and proofs of
// knowledge before anything is revealed, and complaints that anybody can judge.
// docs/protocol.md, section 8, is its description and docs/wire.md has the form
// of its messages.
//
// What a list of posted messages means is one deterministic function of it,
// [Ceremony.Replay], which trustees, authorities and auditors share. A trustee
// is a [Trustee], one encrypted file: whoever runs one calls [Trustee.Next]
// whenever the ledger has grown, and posts what it returns.
package dkg

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// Limits of a ceremony. A deal of this size fits one ledger entry.
const (
	MaxTrustees = 64
	MaxColumns  = 10_000
)

// Ceremony is the public description of a key ceremony. It is a part of the
// election's manifest, and there is no other document.
type Ceremony struct {
	ID        [32]byte // the manifest id
	Group     *elgamal.Group
	Columns   int           // how many independent keys are made
	Threshold int           // t: how many trustees can decrypt
	Trustees  []TrusteeKeys // a trustee's position is its index plus one

	// Authorities end the rounds; Quorum of them must sign.
	Authorities []ed25519.PublicKey
	Quorum      int

	// AllowMinority permits 2t ≤ n: half of the trustees or fewer can decrypt.
	AllowMinority bool
	// AllowNoneLost permits t = n > 1: one lost key voids the election.
	AllowNoneLost bool
}

// TrusteeKeys are the public keys of one trustee, see [Trustee.Keys].
type TrusteeKeys struct {
	Name       string
	Signing    ed25519.PublicKey
	Encryption kyber.Point // for this one ceremony
}

// Posted is one entry of the ledger.
type Posted struct {
	Index uint64
	Data  []byte // the envelope, as it stands on the ledger
}

// Phase is a round of the ceremony. Rounds end with an entry that the
// authorities signed, see [NewRound].
type Phase uint8

// The phases. The numbers of the first four are in round entries.
const (
	Committing Phase = 1 + iota // trustees post the hash of their deal
	Dealing                     // and then the deal
	Confirming                  // and then that their shares are good, or complaints
	Certifying                  // and then that they agree on the outcome
	Complete
)

func (p Phase) String() string {
	switch p {
	case Committing:
		return "commit"
	case Dealing:
		return "deal"
	case Confirming:
		return "confirm"
	case Certifying:
		return "certify"
	case Complete:
		return "complete"
	}
	return "unknown"
}

// kind returns the kind of the trustees' entries in the phase.
func (p Phase) kind() entry.Kind {
	return [...]entry.Kind{Committing: entry.Commit, Dealing: entry.Deal, Confirming: entry.Confirm, Certifying: entry.Certify}[p]
}

// phaseOf returns in which phase trustees post entries of a kind.
func phaseOf(k entry.Kind) (Phase, bool) {
	for p := Committing; p < Complete; p++ {
		if p.kind() == k {
			return p, true
		}
	}
	return 0, false
}

// Check tells whether the description is one that a ceremony can follow.
// [Ceremony.Replay] and [Trustee.Next] check it as well.
func (c *Ceremony) Check() error {
	if c == nil || c.Group == nil {
		return fmt.Errorf("dkg: ceremony without a group: %w", ErrVersion)
	}
	n, t := len(c.Trustees), c.Threshold
	switch {
	case n < 1 || n > MaxTrustees:
		return fmt.Errorf("dkg: %d trustees, must be 1 to %d: %w", n, MaxTrustees, ErrRange)
	case t < 1 || t > n:
		return fmt.Errorf("dkg: threshold %d of %d trustees: %w", t, n, ErrRange)
	case c.Columns < 1 || c.Columns > MaxColumns:
		return fmt.Errorf("dkg: %d columns, must be 1 to %d: %w", c.Columns, MaxColumns, ErrRange)
	case 2*t <= n && !c.AllowMinority:
		return fmt.Errorf("dkg: threshold %d of %d trustees is no majority, which must be allowed in words: %w", t, n, ErrRange)
	case t == n && n > 1 && !c.AllowNoneLost:
		return fmt.Errorf("dkg: threshold %d of %d trustees lets nobody be lost, which must be allowed in words: %w", t, n, ErrRange)
	case c.Quorum < 1 || c.Quorum > len(c.Authorities):
		return fmt.Errorf("dkg: %d of %d authorities must sign: %w", c.Quorum, len(c.Authorities), ErrRange)
	}
	for i, key := range c.Authorities {
		if len(key) != ed25519.PublicKeySize {
			return fmt.Errorf("dkg: authority %d: key of %d bytes: %w", i+1, len(key), ErrEncoding)
		}
		for j := range i {
			if bytes.Equal(key, c.Authorities[j]) {
				return fmt.Errorf("dkg: authorities %d and %d have one key: %w", j+1, i+1, ErrDuplicate)
			}
		}
	}
	return c.checkTrustees()
}

func (c *Ceremony) checkTrustees() error {
	for i, k := range c.Trustees {
		if len(k.Signing) != ed25519.PublicKeySize {
			return fmt.Errorf("dkg: %s: signing key of %d bytes: %w", c.name(i+1), len(k.Signing), ErrEncoding)
		}
		if err := c.Group.CheckPoint(k.Encryption); err != nil {
			return fmt.Errorf("dkg: %s: encryption key: %w", c.name(i+1), err)
		}
		if c.Group.IsIdentity(k.Encryption) {
			return fmt.Errorf("dkg: %s: encryption key is the identity: %w", c.name(i+1), ErrGroup)
		}
		for j := range i {
			if k.Signing.Equal(c.Trustees[j].Signing) {
				return fmt.Errorf("dkg: %s and %s have one signing key: %w", c.name(j+1), c.name(i+1), ErrDuplicate)
			}
			if k.Encryption.Equal(c.Trustees[j].Encryption) {
				return fmt.Errorf("dkg: %s and %s have one encryption key: %w", c.name(j+1), c.name(i+1), ErrDuplicate)
			}
		}
	}
	return nil
}

// name is how errors call the trustee at a position.
func (c *Ceremony) name(position int) string {
	return fmt.Sprintf("trustee %d %q", position, c.Trustees[position-1].Name)
}

// sender returns the position of the one trustee who signed the entry.
func (c *Ceremony) sender(e *entry.Envelope) (int, error) {
	if len(e.Signatures) != 1 {
		return 0, fmt.Errorf("%s with %d signatures, must be 1: %w", e.Kind, len(e.Signatures), ErrSignature)
	}
	for i, k := range c.Trustees {
		if bytes.Equal(k.Signing, e.Signatures[0].Key[:]) {
			return i + 1, e.CheckSigned([]ed25519.PublicKey{k.Signing}, 1)
		}
	}
	return 0, fmt.Errorf("%s of somebody who is no trustee: %w", e.Kind, ErrSignature)
}

// readRound returns the phase that a round entry ends, signed by a quorum of the
// authorities.
func (c *Ceremony) readRound(e *entry.Envelope) (Phase, error) {
	if err := e.CheckSigned(c.Authorities, c.Quorum); err != nil {
		return 0, err
	}
	return parseRound(e.Body)
}

// digest is the hash of the whole description. A trustee's randomness depends
// on it and its file is bound to it, so that nobody can have the same
// polynomials dealt to other recipients under the same manifest id.
func (c *Ceremony) digest() [32]byte {
	var w wire.Writer
	w.String("hanpyo/v1 dkg ceremony")
	w.Raw(c.ID[:])
	w.String(c.Group.Name())
	w.Uint32(uint32(c.Columns))
	w.Uint32(uint32(c.Threshold))
	w.Uint32(uint32(len(c.Trustees)))
	for _, k := range c.Trustees {
		w.String(k.Name)
		w.Raw(k.Signing)
		w.Var(c.Group.AppendPoint(nil, k.Encryption))
	}
	return sha256.Sum256(w.Bytes())
}

// NewRound returns the entry that ends a phase, signed by the given
// authorities. Authorities who sign one after the other parse the entry and add
// their signatures; all of them must sign the same time.
func NewRound(c *Ceremony, ends Phase, time int64, authorities ...ed25519.PrivateKey) []byte {
	e := entry.Envelope{Kind: entry.Round, Election: c.ID, Time: time, Body: appendRound(ends)}
	for _, key := range authorities {
		e.Sign(key)
	}
	return e.Bytes()
}
