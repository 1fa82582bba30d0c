package ristretto255

import (
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"

	"filippo.io/edwards25519"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Scalar is an integer modulo the order of the group. It implements
// [kyber.Scalar] in constant time and is never printed, because it may be
// secret.
type Scalar struct{ s edwards25519.Scalar }

// Equal reports whether s and t are the same.
func (s *Scalar) Equal(t kyber.Scalar) bool { return s.s.Equal(&t.(*Scalar).s) == 1 }

// Set sets s to a.
func (s *Scalar) Set(a kyber.Scalar) kyber.Scalar {
	s.s.Set(&a.(*Scalar).s)
	return s
}

// Clone returns a copy of s.
func (s *Scalar) Clone() kyber.Scalar {
	t := new(Scalar)
	t.s.Set(&s.s)
	return t
}

// SetInt64 sets s to v.
func (s *Scalar) SetInt64(v int64) kyber.Scalar {
	// s = |v| − 2·|v| if v is negative; the mask is all ones then.
	mask := uint64(v >> 63)
	abs := (uint64(v) ^ mask) - mask
	s.setUint64(abs)
	var twice Scalar
	twice.setUint64(abs & mask)
	s.s.Subtract(&s.s, &twice.s)
	s.s.Subtract(&s.s, &twice.s)
	return s
}

func (s *Scalar) setUint64(v uint64) {
	var b [ScalarLen]byte
	binary.LittleEndian.PutUint64(b[:], v)
	if _, err := s.s.SetCanonicalBytes(b[:]); err != nil {
		panic("ristretto255: small scalar is not reduced")
	}
}

// Zero sets s to 0.
func (s *Scalar) Zero() kyber.Scalar {
	s.s.Set(edwards25519.NewScalar())
	return s
}

// One sets s to 1.
func (s *Scalar) One() kyber.Scalar {
	s.setUint64(1)
	return s
}

// Add sets s to a + b.
func (s *Scalar) Add(a, b kyber.Scalar) kyber.Scalar {
	s.s.Add(&a.(*Scalar).s, &b.(*Scalar).s)
	return s
}

// Sub sets s to a − b.
func (s *Scalar) Sub(a, b kyber.Scalar) kyber.Scalar {
	s.s.Subtract(&a.(*Scalar).s, &b.(*Scalar).s)
	return s
}

// Neg sets s to −a.
func (s *Scalar) Neg(a kyber.Scalar) kyber.Scalar {
	s.s.Negate(&a.(*Scalar).s)
	return s
}

// Mul sets s to a·b.
func (s *Scalar) Mul(a, b kyber.Scalar) kyber.Scalar {
	s.s.Multiply(&a.(*Scalar).s, &b.(*Scalar).s)
	return s
}

// Div sets s to a/b, which is 0 for b = 0.
func (s *Scalar) Div(a, b kyber.Scalar) kyber.Scalar {
	var inv edwards25519.Scalar
	inv.Invert(&b.(*Scalar).s)
	s.s.Multiply(&a.(*Scalar).s, &inv)
	return s
}

// Inv sets s to 1/a, which is 0 for a = 0.
func (s *Scalar) Inv(a kyber.Scalar) kyber.Scalar {
	s.s.Invert(&a.(*Scalar).s)
	return s
}

// Pick sets s to a uniform scalar from 64 bytes of the stream.
func (s *Scalar) Pick(rand cipher.Stream) kyber.Scalar {
	var b [64]byte
	rand.XORKeyStream(b[:], b[:])
	if _, err := s.s.SetUniformBytes(b[:]); err != nil {
		panic("ristretto255: wrong length of uniform bytes")
	}
	return s
}

// SetBytes sets s to the little-endian integer b of any length, reduced.
func (s *Scalar) SetBytes(b []byte) kyber.Scalar {
	big := make([]byte, len(b))
	for i := range b {
		big[len(b)-1-i] = b[i]
	}
	return s.setWide(big)
}

// setWide sets s to the big-endian integer b modulo the order, in time that
// depends on the length of b only.
func (s *Scalar) setWide(b []byte) *Scalar {
	// Horner's rule over pieces of 31 bytes, each below the order; the first
	// one takes what is left over.
	const piece = ScalarLen - 1
	var acc, digit edwards25519.Scalar
	begun := false
	for first := len(b) % piece; len(b) > 0; first = 0 {
		n := piece
		if first > 0 {
			n = first
		}
		var le [ScalarLen]byte
		for i := range n {
			le[i] = b[n-1-i]
		}
		if _, err := digit.SetCanonicalBytes(le[:]); err != nil {
			panic("ristretto255: short scalar is not reduced")
		}
		if begun {
			acc.MultiplyAdd(&acc, twoTo248, &digit)
		} else {
			acc.Set(&digit)
			begun = true
		}
		b = b[n:]
	}
	s.s.Set(&acc)
	return s
}

var twoTo248 = func() *edwards25519.Scalar {
	var b [ScalarLen]byte
	b[31] = 1
	s, err := edwards25519.NewScalar().SetCanonicalBytes(b[:])
	if err != nil {
		panic("ristretto255: 2^248 is not reduced")
	}
	return s
}()

// AppendBinary appends the canonical little-endian encoding. It never fails.
func (s *Scalar) AppendBinary(dst []byte) ([]byte, error) {
	return append(dst, s.s.Bytes()...), nil
}

// MarshalBinary returns the canonical little-endian encoding. It never fails.
func (s *Scalar) MarshalBinary() ([]byte, error) {
	return s.AppendBinary(make([]byte, 0, ScalarLen))
}

// UnmarshalBinary sets s to the scalar that b encodes. Anything but 32 bytes
// below the order is refused and leaves s alone.
func (s *Scalar) UnmarshalBinary(b []byte) error {
	if len(b) != ScalarLen {
		return fmt.Errorf("ristretto255: scalar of %d bytes: %w", len(b), reason.ErrEncoding)
	}
	if _, err := s.s.SetCanonicalBytes(b); err != nil {
		return errScalar
	}
	return nil
}

var errScalar = fmt.Errorf("ristretto255: scalar is not reduced: %w", reason.ErrEncoding)

// MarshalTo writes the encoding of s to w.
func (s *Scalar) MarshalTo(w io.Writer) (int, error) { return w.Write(s.s.Bytes()) }

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
func (s Scalar) String() string { return "ristretto255 scalar (redacted)" }

// Format prints String for every verb, so that none shows the value.
func (s Scalar) Format(f fmt.State, verb rune) { io.WriteString(f, s.String()) }
