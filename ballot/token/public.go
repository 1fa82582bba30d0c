package token

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"math/big"

	"github.com/cloudflare/circl/blindsign/blindrsa"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Context says what an issuer key is for. A proof made for one context does not
// hold in another.
type Context struct {
	Election  [32]byte          // the manifest's id
	Registrar ed25519.PublicKey // whose key it is
	Class     Class             // for which voters
}

func (c Context) check() error {
	if len(c.Registrar) != ed25519.PublicKeySize {
		return fmt.Errorf("registrar's key of %d bytes: %w", len(c.Registrar), reason.ErrShape)
	}
	return c.Class.check()
}

// PublicKeySize is the length in bytes of an encoded public key: the modulus
// and the roots of its proof.
const PublicKeySize = Size + roots*Size

// PublicKey is the public part of an issuer key with the proof that it cannot
// tell voters apart. It is immutable.
type PublicKey struct {
	context  Context
	rsa      *rsa.PublicKey
	verifier blindrsa.Verifier
	encoded  []byte
}

// Public returns the public key with its proof for a context (ErrShape,
// ErrEncoding and ErrRange for one that cannot be).
func (k *IssuerKey) Public(c Context) (*PublicKey, error) {
	if k.modulus == nil {
		return nil, fmt.Errorf("token: no issuer key: %w", reason.ErrShape)
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("token: issuer key: %w", err)
	}
	modulus := k.modulus.Nat().Bytes(k.modulus)
	return newPublicKey(c, append(modulus, k.prove(c)...)), nil
}

// ParsePublicKey reads what Bytes returned, and checks the proof for the
// context: ErrEncoding; ErrRange for a modulus that is not of exactly 3072
// bits, or has a prime factor up to 65537; ErrProof if the proof does not hold,
// also because it was made for another context.
func ParsePublicKey(b []byte, c Context) (*PublicKey, error) {
	err := c.check()
	if err == nil && len(b) != PublicKeySize {
		err = fmt.Errorf("%d bytes, want %d: %w", len(b), PublicKeySize, reason.ErrEncoding)
	}
	if err == nil {
		err = checkModulus(b[:Size])
	}
	if err == nil {
		err = checkProof(b[:Size], c, b[Size:])
	}
	if err != nil {
		return nil, fmt.Errorf("token: public key: %w", err)
	}
	return newPublicKey(c, bytes.Clone(b)), nil
}

func newPublicKey(c Context, encoded []byte) *PublicKey {
	c.Registrar = bytes.Clone(c.Registrar)
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(encoded[:Size]), E: exponent}
	verifier, err := blindrsa.NewVerifier(variant, key)
	if err != nil {
		panic("token: " + err.Error())
	}
	return &PublicKey{context: c, rsa: key, verifier: verifier, encoded: encoded}
}

// Bytes returns the modulus, then the eight roots of the proof, 384 bytes each.
func (k *PublicKey) Bytes() []byte { return bytes.Clone(k.encoded) }

// Context returns what the key is for.
func (k *PublicKey) Context() Context {
	c := k.context
	c.Registrar = bytes.Clone(c.Registrar)
	return c
}

// ID returns the SHA-256 hash of the modulus. Two classes must not have one.
func (k *PublicKey) ID() [32]byte { return sha256.Sum256(k.encoded[:Size]) }

// Verify checks a token on a message of [Message]: ErrEncoding if it is not
// 384 bytes, ErrSignature if it does not verify. It is RSASSA-PSS (RFC 8017,
// section 8.1.2) with SHA-384 and a salt of 48 bytes, and safe for concurrent
// use.
func (k *PublicKey) Verify(message, token []byte) error {
	if k.encoded == nil {
		return fmt.Errorf("token: no key to verify with: %w", reason.ErrShape)
	}
	if len(token) != Size {
		return fmt.Errorf("token: %d bytes, want %d: %w", len(token), Size, reason.ErrEncoding)
	}
	// With big integers this takes half the time of crypto/rsa's, which is
	// constant in time; a token on a ledger is no secret.
	if k.verifier.Verify(message, token) != nil {
		return fmt.Errorf("token: %w", reason.ErrSignature)
	}
	return nil
}
