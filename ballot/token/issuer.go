package token

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"math/big"

	"filippo.io/bigmod"

	"github.com/hanpyo/hanpyo/internal/reason"
)

const (
	// Size is the length in bytes of a modulus, a blinded message, a blind
	// signature and a token.
	Size = 384

	primeSize = Size / 2
	exponent  = 65537 // e; the proof of docs/protocol.md §12.1 needs a prime above 2¹⁶
)

// IssuerKey is the secret key, RSA of 3072 bits, with which one registrar signs
// for one class of one election. Make a fresh one for each: under a key of two
// classes or elections voters of one could get tokens for the other. Who has
// the key can make any number of tokens. It must be kept secret and prints as
// redacted.
type IssuerKey struct {
	modulus, p, q *bigmod.Modulus
	dp, dq        []byte      // e⁻¹ modulo p − 1 and q − 1
	qInv          *bigmod.Nat // q⁻¹ modulo p
	qNat          *bigmod.Nat // q modulo N
	primes        [Size]byte  // p‖q with p > q
}

// NewIssuerKey makes a key. That takes about half a second.
func NewIssuerKey() *IssuerKey {
	for {
		k, err := rsa.GenerateKey(rand.Reader, 8*Size)
		if err != nil {
			panic("token: generating an RSA key: " + err.Error())
		}
		if k.E == exponent {
			return newIssuerKey(k.Primes[0], k.Primes[1])
		}
	}
}

// ParseIssuerKey reads what Bytes returned.
func ParseIssuerKey(b []byte) (*IssuerKey, error) {
	if len(b) != Size {
		return nil, fmt.Errorf("token: issuer key: %d bytes, want %d: %w", len(b), Size, reason.ErrEncoding)
	}
	p, q := new(big.Int).SetBytes(b[:primeSize]), new(big.Int).SetBytes(b[primeSize:])
	if p.Cmp(q) <= 0 || new(big.Int).Mul(p, q).BitLen() != 8*Size {
		return nil, fmt.Errorf("token: issuer key: factors out of order or too small: %w", reason.ErrEncoding)
	}
	for _, f := range []*big.Int{p, q} {
		below := new(big.Int).Sub(f, big.NewInt(1))
		if !f.ProbablyPrime(20) || new(big.Int).Mod(below, big.NewInt(exponent)).Sign() == 0 {
			return nil, fmt.Errorf("token: issuer key: a factor is not a prime that allows the exponent: %w", reason.ErrRange)
		}
	}
	return newIssuerKey(p, q), nil
}

// newIssuerKey precomputes what signing needs from two different primes of
// 1536 bits whose p − 1 and q − 1 are no multiples of e.
func newIssuerKey(p, q *big.Int) *IssuerKey {
	if p.Cmp(q) < 0 {
		p, q = q, p
	}
	k := &IssuerKey{}
	p.FillBytes(k.primes[:primeSize])
	q.FillBytes(k.primes[primeSize:])
	modulus := func(n *big.Int) *bigmod.Modulus {
		m, err := bigmod.NewModulus(n.Bytes())
		return must(m, err)
	}
	k.modulus, k.p, k.q = modulus(new(big.Int).Mul(p, q)), modulus(p), modulus(q)
	inverse := func(prime *big.Int) []byte {
		below := new(big.Int).Sub(prime, big.NewInt(1))
		return new(big.Int).ModInverse(big.NewInt(exponent), below).FillBytes(make([]byte, primeSize))
	}
	k.dp, k.dq = inverse(p), inverse(q)
	k.qInv = natOf(new(big.Int).ModInverse(q, p).Bytes(), k.p)
	k.qNat = natOf(q.Bytes(), k.modulus)
	return k
}

// Bytes returns the secret for safekeeping: the two primes, the larger first.
func (k *IssuerKey) Bytes() []byte { return append([]byte(nil), k.primes[:]...) }

// id is [PublicKey.ID].
func (k *IssuerKey) id() [32]byte { return sha256.Sum256(k.modulus.Nat().Bytes(k.modulus)) }

// Sign returns the blind signature on a blinded message. It refuses what no
// honest device sends: another length (ErrEncoding), a number not below the
// modulus, and 0, 1 and N − 1, whose signatures anybody knows (ErrRange).
// Whether the voter may have it is asked by [Desk]. Its time does not depend on
// the key or the message.
func (k *IssuerKey) Sign(blinded []byte) ([]byte, error) {
	x, err := k.parseBlinded(blinded)
	if err != nil {
		return nil, err
	}
	return k.root(x).Bytes(k.modulus), nil
}

func (k *IssuerKey) parseBlinded(blinded []byte) (*bigmod.Nat, error) {
	if k.modulus == nil {
		return nil, fmt.Errorf("token: no key to sign with: %w", reason.ErrShape)
	}
	if len(blinded) != Size {
		return nil, fmt.Errorf("token: blinded message of %d bytes, want %d: %w", len(blinded), Size, reason.ErrEncoding)
	}
	x, err := bigmod.NewNat().SetBytes(blinded, k.modulus)
	if err != nil {
		return nil, fmt.Errorf("token: blinded message is not below the modulus: %w", reason.ErrRange)
	}
	if x.IsZero()|x.IsOne()|x.IsMinusOne(k.modulus) == 1 {
		return nil, fmt.Errorf("token: blinded message is 0, 1 or −1: %w", reason.ErrRange)
	}
	return x, nil
}

// root returns the e-th root of x modulo N, by way of p and q (RFC 8017,
// section 5.1.2), in constant time.
func (k *IssuerKey) root(x *bigmod.Nat) *bigmod.Nat {
	reduced := func(y *bigmod.Nat, m *bigmod.Modulus) *bigmod.Nat { return bigmod.NewNat().Mod(y, m) }
	yp := bigmod.NewNat().Exp(reduced(x, k.p), k.dp, k.p)
	yq := bigmod.NewNat().Exp(reduced(x, k.q), k.dq, k.q)
	h := yp.Sub(reduced(yq, k.p), k.p).Mul(k.qInv, k.p)
	y := h.ExpandFor(k.modulus).Mul(k.qNat, k.modulus).Add(yq.ExpandFor(k.modulus), k.modulus)
	// A computation that went wrong modulo one prime would give away the other
	// (Boneh, DeMillo, Lipton, EUROCRYPT 1997).
	if bigmod.NewNat().ExpShortVarTime(y, exponent, k.modulus).Equal(x) != 1 {
		panic("token: an RSA root does not check; the machine has miscalculated")
	}
	return y
}

func natOf(b []byte, m *bigmod.Modulus) *bigmod.Nat {
	n, err := bigmod.NewNat().SetBytes(b, m)
	return must(n, err)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic("token: modulus or number: " + err.Error())
	}
	return v
}

// redacted is how secrets print.
const redacted = "[redacted]"

func (k IssuerKey) String() string               { return "token.IssuerKey" + redacted }
func (k IssuerKey) GoString() string             { return k.String() }
func (k IssuerKey) Format(f fmt.State, _ rune)   { fmt.Fprint(f, k.String()) }
func (k IssuerKey) LogValue() slog.Value         { return slog.StringValue(k.String()) }
func (k IssuerKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }
