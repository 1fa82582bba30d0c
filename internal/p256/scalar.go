package p256

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"

	"filippo.io/bigmod"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Scalar is an integer modulo the order of the group. It implements
// [kyber.Scalar] in constant time and is never printed, because it may be
// secret. The value is kept reduced, as its big-endian encoding.
type Scalar struct{ b [ScalarLen]byte }

var (
	// order is q of SEC 2 for secp256r1.
	order, _ = new(big.Int).SetString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
	modulus  = func() *bigmod.Modulus {
		m, err := bigmod.NewModulus(order.Bytes())
		if err != nil {
			panic("p256: order is not a modulus")
		}
		return m
	}()
	orderMinus2 = new(big.Int).Sub(order, big.NewInt(2)).Bytes()
)

// nat returns the value of s for arithmetic with modulus.
func (s *Scalar) nat() *bigmod.Nat {
	n, err := new(bigmod.Nat).SetBytes(s.b[:], modulus)
	if err != nil {
		panic("p256: scalar is not reduced")
	}
	return n
}

func (s *Scalar) set(n *bigmod.Nat) kyber.Scalar {
	copy(s.b[:], n.Bytes(modulus))
	return s
}

// Equal reports whether s and t are the same.
func (s *Scalar) Equal(t kyber.Scalar) bool {
	return subtle.ConstantTimeCompare(s.b[:], t.(*Scalar).b[:]) == 1
}

// Set sets s to a.
func (s *Scalar) Set(a kyber.Scalar) kyber.Scalar {
	s.b = a.(*Scalar).b
	return s
}

// Clone returns a copy of s.
func (s *Scalar) Clone() kyber.Scalar { return &Scalar{b: s.b} }

// SetInt64 sets s to v.
func (s *Scalar) SetInt64(v int64) kyber.Scalar {
	// s = |v| − 2·|v| if v is negative; the mask is all ones then.
	mask := uint64(v >> 63)
	abs := (uint64(v) ^ mask) - mask
	var twice Scalar
	binary.BigEndian.PutUint64(twice.b[ScalarLen-8:], abs&mask)
	s.b = [ScalarLen]byte{}
	binary.BigEndian.PutUint64(s.b[ScalarLen-8:], abs)
	n, t := s.nat(), twice.nat()
	return s.set(n.Sub(t, modulus).Sub(t, modulus))
}

// Zero sets s to 0.
func (s *Scalar) Zero() kyber.Scalar {
	s.b = [ScalarLen]byte{}
	return s
}

// One sets s to 1.
func (s *Scalar) One() kyber.Scalar {
	s.b = [ScalarLen]byte{ScalarLen - 1: 1}
	return s
}

// Add sets s to a + b.
func (s *Scalar) Add(a, b kyber.Scalar) kyber.Scalar {
	return s.set(a.(*Scalar).nat().Add(b.(*Scalar).nat(), modulus))
}

// Sub sets s to a − b.
func (s *Scalar) Sub(a, b kyber.Scalar) kyber.Scalar {
	return s.set(a.(*Scalar).nat().Sub(b.(*Scalar).nat(), modulus))
}

// Neg sets s to −a.
func (s *Scalar) Neg(a kyber.Scalar) kyber.Scalar {
	var zero Scalar
	return s.set(zero.nat().Sub(a.(*Scalar).nat(), modulus))
}

// Mul sets s to a·b.
func (s *Scalar) Mul(a, b kyber.Scalar) kyber.Scalar {
	return s.set(a.(*Scalar).nat().Mul(b.(*Scalar).nat(), modulus))
}

// Div sets s to a/b, which is 0 for b = 0.
func (s *Scalar) Div(a, b kyber.Scalar) kyber.Scalar {
	var inv Scalar
	inv.Inv(b)
	return s.Mul(a, &inv)
}

// Inv sets s to 1/a, which is 0 for a = 0.
func (s *Scalar) Inv(a kyber.Scalar) kyber.Scalar {
	// a^(q−2), by Fermat; the exponent is public.
	return s.set(bigmod.NewNat().Exp(a.(*Scalar).nat(), orderMinus2, modulus))
}

// Pick sets s to a uniform scalar from 64 bytes of the stream.
func (s *Scalar) Pick(rand cipher.Stream) kyber.Scalar {
	var b [64]byte
	rand.XORKeyStream(b[:], b[:])
	return s.SetBytes(b[:])
}

// SetBytes sets s to the big-endian integer b of any length, reduced, in time
// that depends on the length of b only.
func (s *Scalar) SetBytes(b []byte) kyber.Scalar {
	// Horner's rule over pieces of 31 bytes, each below the order; the first
	// one takes what is left over.
	const piece = ScalarLen - 1
	twoTo248 := (&Scalar{b: [ScalarLen]byte{0: 1}}).nat()
	acc := new(Scalar).nat()
	for first := len(b) % piece; len(b) > 0; first = 0 {
		n := piece
		if first > 0 {
			n = first
		}
		var digit Scalar
		copy(digit.b[ScalarLen-n:], b)
		acc.Mul(twoTo248, modulus).Add(digit.nat(), modulus)
		b = b[n:]
	}
	return s.set(acc)
}

// AppendBinary appends the canonical big-endian encoding. It never fails.
func (s *Scalar) AppendBinary(dst []byte) ([]byte, error) { return append(dst, s.b[:]...), nil }

// MarshalBinary returns the canonical big-endian encoding. It never fails.
func (s *Scalar) MarshalBinary() ([]byte, error) {
	return s.AppendBinary(make([]byte, 0, ScalarLen))
}

// UnmarshalBinary sets s to the scalar that b encodes. Anything but 32 bytes
// below the order is refused and leaves s alone.
func (s *Scalar) UnmarshalBinary(b []byte) error {
	if len(b) != ScalarLen {
		return fmt.Errorf("p256: scalar of %d bytes: %w", len(b), reason.ErrEncoding)
	}
	if _, err := bigmod.NewNat().SetBytes(b, modulus); err != nil {
		return errScalar
	}
	copy(s.b[:], b)
	return nil
}

var errScalar = fmt.Errorf("p256: scalar is not reduced: %w", reason.ErrEncoding)

// MarshalTo writes the encoding of s to w.
func (s *Scalar) MarshalTo(w io.Writer) (int, error) {
	b := s.b
	return w.Write(b[:])
}

// UnmarshalFrom reads a scalar from r. From a [cipher.Stream] it picks one, as
// kyber's contract says, and returns −1.
func (s *Scalar) UnmarshalFrom(r io.Reader) (int, error) {
	if stream, ok := r.(cipher.Stream); ok {
		s.Pick(stream)
		return -1, nil
	}
	var b [ScalarLen]byte
	n, err := io.ReadFull(r, b[:])
	if err != nil {
		return n, err
	}
	return n, s.UnmarshalBinary(b[:])
}

// MarshalSize returns ScalarLen.
func (s *Scalar) MarshalSize() int { return ScalarLen }

// String tells nothing about the value.
func (s Scalar) String() string { return "P-256 scalar (redacted)" }

// Format prints String for every verb, so that none shows the value.
func (s Scalar) Format(f fmt.State, verb rune) { io.WriteString(f, s.String()) }
