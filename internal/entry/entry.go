// Package entry is the envelope of everything on an election's ledger: what it
// is, which election it belongs to, when it was made, and who signed it. Each
// package owns the bodies of its own kinds; the ledger looks into none.
package entry

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// Version is the version of the envelope and of every body in it.
const Version = 1

// Kind says what an entry is.
type Kind uint8

// The kinds. Their numbers are on ledgers and never change.
const (
	Manifest Kind = 1 + iota
	Round
	Commit
	Deal
	Confirm
	Certify
	Roll
	Open
	Ballot
	Spoil
	Close
	Pin
	Mix
	Share
	Result
	Rotation // of the ledger's key, at any time
	Issuer   // a registrar's keys for tokens, before the open
	Issued   // how many tokens a registrar issued, likewise
	lastKind = Issued
)

// ByManifest reports whether entries of this kind name the manifest id; the
// others name the fingerprint.
func (k Kind) ByManifest() bool { return k <= Open || k >= Rotation }

var names = [...]string{
	"unknown", "manifest", "round", "commit", "deal", "confirm", "certify", "roll",
	"open", "ballot", "spoil", "close", "pin", "mix", "share", "result",
	"rotation", "issuer", "issued",
}

func (k Kind) String() string {
	if int(k) < len(names) {
		return names[k]
	}
	return names[0]
}

// Hash is a SHA-256 hash: an entry's id, a manifest id or a fingerprint.
type Hash [32]byte

// Limits of one envelope.
const (
	MaxBody       = 64<<20 - 1<<16 // bytes; a ledger entry is at most 64 MiB
	MaxSignatures = 64
)

// Signature is one Ed25519 signature over an envelope.
type Signature struct {
	Key [ed25519.PublicKeySize]byte
	Sig [ed25519.SignatureSize]byte
}

// Envelope is one entry of an election's ledger.
type Envelope struct {
	Kind     Kind
	Election Hash  // manifest id or fingerprint: see Kind.ByManifest
	Time     int64 // seconds since 1970, as the maker says; decides nothing
	Body     []byte
	// Signatures are in strictly ascending order of their keys. Ballots and
	// spoils have none: they are signed inside their proofs.
	Signatures []Signature
}

// signedLabel separates signatures over envelopes from all others.
const signedLabel = "hanpyo/v1 entry"

func (e *Envelope) unsigned() []byte {
	var w wire.Writer
	w.Uint8(Version)
	w.Uint8(uint8(e.Kind))
	w.Raw(e.Election[:])
	w.Int64(e.Time)
	w.Var(e.Body)
	return w.Bytes()
}

func (e *Envelope) signedMessage() []byte {
	return append([]byte(signedLabel), e.unsigned()...)
}

// Sign adds the signature of key, keeping the order of keys. Signing twice
// with one key changes nothing.
func (e *Envelope) Sign(key ed25519.PrivateKey) {
	var s Signature
	copy(s.Key[:], key.Public().(ed25519.PublicKey))
	copy(s.Sig[:], ed25519.Sign(key, e.signedMessage()))
	i := 0
	for ; i < len(e.Signatures); i++ {
		c := bytes.Compare(e.Signatures[i].Key[:], s.Key[:])
		if c == 0 {
			return
		}
		if c > 0 {
			break
		}
	}
	e.Signatures = append(e.Signatures[:i:i], append([]Signature{s}, e.Signatures[i:]...)...)
}

// CheckSigned requires that at least quorum of the keys have signed, that
// nobody else has, and that every signature verifies.
func (e *Envelope) CheckSigned(keys []ed25519.PublicKey, quorum int) error {
	message := e.signedMessage()
	for _, s := range e.Signatures {
		known := false
		for _, k := range keys {
			known = known || bytes.Equal(k, s.Key[:])
		}
		if !known {
			return fmt.Errorf("%s is signed by %x…, which may not sign it: %w", e.Kind, s.Key[:4], reason.ErrSignature)
		}
		if !ed25519.Verify(s.Key[:], message, s.Sig[:]) {
			return fmt.Errorf("%s, signature of %x…: %w", e.Kind, s.Key[:4], reason.ErrSignature)
		}
	}
	if len(e.Signatures) < quorum {
		return fmt.Errorf("%s has %d of %d signatures: %w", e.Kind, len(e.Signatures), quorum, reason.ErrQuorum)
	}
	return nil
}

// Bytes returns the canonical encoding.
func (e *Envelope) Bytes() []byte {
	w := wire.Writer{}
	w.Raw(e.unsigned())
	w.Uint8(uint8(len(e.Signatures)))
	for _, s := range e.Signatures {
		w.Raw(s.Key[:])
		w.Raw(s.Sig[:])
	}
	return w.Bytes()
}

// ID returns the hash of an entry's bytes.
func ID(data []byte) Hash { return sha256.Sum256(data) }

// Parse reads an envelope. Its body aliases data. Signatures are not checked.
func Parse(data []byte) (*Envelope, error) {
	r := wire.NewReader(data)
	if v := r.Uint8(); r.Err() == nil && v != Version {
		return nil, fmt.Errorf("entry version %d: %w", v, reason.ErrVersion)
	}
	e := &Envelope{Kind: Kind(r.Uint8())}
	if r.Err() == nil && (e.Kind == 0 || e.Kind > lastKind) {
		return nil, fmt.Errorf("entry kind %d: %w", uint8(e.Kind), reason.ErrEncoding)
	}
	copy(e.Election[:], r.Raw(len(e.Election)))
	e.Time = r.Int64()
	e.Body = r.Var(MaxBody)
	n := int(r.Uint8())
	if n > MaxSignatures {
		return nil, fmt.Errorf("entry with %d signatures: %w", n, reason.ErrLimit)
	}
	for i := range n {
		var s Signature
		copy(s.Key[:], r.Raw(len(s.Key)))
		copy(s.Sig[:], r.Raw(len(s.Sig)))
		if i > 0 && r.Err() == nil && bytes.Compare(e.Signatures[i-1].Key[:], s.Key[:]) >= 0 {
			return nil, fmt.Errorf("entry signatures out of order: %w", reason.ErrEncoding)
		}
		e.Signatures = append(e.Signatures, s)
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("entry: %w", err)
	}
	return e, nil
}
