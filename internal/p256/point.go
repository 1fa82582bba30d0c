// Package p256 implements NIST P-256 as a kyber.Group, on filippo.io/nistec
// and filippo.io/bigmod.
//
// Points have one encoding, the compressed one of SEC 1 in 33 bytes; the
// identity, which SEC 1 gives a length of its own, is 33 zero bytes. Decoding
// is strict. Everything is constant time but what says VarTime.
package p256

import (
	"crypto/cipher"
	"encoding/hex"
	"fmt"
	"io"

	"filippo.io/nistec"
	"github.com/cloudflare/circl/group"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/internal/reason"
)

const (
	PointLen  = 33 // bytes of an encoded point
	ScalarLen = 32 // bytes of an encoded scalar, big-endian
)

// Point is a point of the curve or the identity. It implements [kyber.Point];
// like every point of kyber it panics when it meets a point or scalar of
// another group.
type Point struct{ p nistec.P256Point }

// NewPoint returns the identity.
func NewPoint() *Point {
	p := new(Point)
	p.p.Set(identity)
	return p
}

var (
	identity  = nistec.NewP256Point()
	generator = nistec.NewP256Point().SetGenerator()
)

// Equal reports whether p and q are the same point.
func (p *Point) Equal(q kyber.Point) bool { return p.p.Equal(&q.(*Point).p) == 1 }

// Null sets p to the identity.
func (p *Point) Null() kyber.Point {
	p.p.Set(identity)
	return p
}

// Base sets p to the generator of SEC 2.
func (p *Point) Base() kyber.Point {
	p.p.Set(generator)
	return p
}

// Set sets p to q.
func (p *Point) Set(q kyber.Point) kyber.Point {
	p.p.Set(&q.(*Point).p)
	return p
}

// Clone returns a copy of p.
func (p *Point) Clone() kyber.Point {
	q := new(Point)
	q.p.Set(&p.p)
	return q
}

// Add sets p to a + b.
func (p *Point) Add(a, b kyber.Point) kyber.Point {
	p.p.Add(&a.(*Point).p, &b.(*Point).p)
	return p
}

// Sub sets p to a − b.
func (p *Point) Sub(a, b kyber.Point) kyber.Point {
	var neg nistec.P256Point
	neg.Negate(&b.(*Point).p)
	p.p.Add(&a.(*Point).p, &neg)
	return p
}

// Neg sets p to −a.
func (p *Point) Neg(a kyber.Point) kyber.Point {
	p.p.Negate(&a.(*Point).p)
	return p
}

// Mul sets p to s·q, or to s times the generator if q is nil.
func (p *Point) Mul(s kyber.Scalar, q kyber.Point) kyber.Point {
	var err error
	if q == nil {
		_, err = p.p.ScalarBaseMult(s.(*Scalar).b[:])
	} else {
		_, err = p.p.ScalarMult(&q.(*Point).p, s.(*Scalar).b[:])
	}
	if err != nil {
		panic("p256: wrong length of a scalar")
	}
	return p
}

// Pick sets p to a point hashed from 64 bytes of the stream.
func (p *Point) Pick(rand cipher.Stream) kyber.Point {
	var b [64]byte
	rand.XORKeyStream(b[:], b[:])
	return p.fromHash("hanpyo P-256 point from a stream", b[:])
}

// fromHash sets p to P256_XMD:SHA-256_SSWU_RO_ of RFC 9380.
func (p *Point) fromHash(domain string, msg []byte) *Point {
	b, err := group.P256.HashToElement(msg, []byte(domain)).MarshalBinaryCompress()
	if err != nil {
		panic("p256: hashed to a point without an encoding")
	}
	if _, err := p.p.SetBytes(b); err != nil {
		panic("p256: hashed to a point off the curve")
	}
	return p
}

// AppendBinary appends the canonical encoding of p. It never fails.
func (p *Point) AppendBinary(dst []byte) ([]byte, error) { return p.append(dst), nil }

// MarshalBinary returns the canonical encoding of p. It never fails.
func (p *Point) MarshalBinary() ([]byte, error) {
	return p.append(make([]byte, 0, PointLen)), nil
}

func (p *Point) append(dst []byte) []byte {
	if p.p.IsInfinity() == 1 {
		return append(dst, make([]byte, PointLen)...)
	}
	return append(dst, p.p.BytesCompressed()...)
}

// UnmarshalBinary sets p to the point that b encodes. Anything but a canonical
// encoding is refused and leaves p alone.
func (p *Point) UnmarshalBinary(b []byte) error {
	if len(b) != PointLen {
		return fmt.Errorf("p256: point of %d bytes: %w", len(b), reason.ErrEncoding)
	}
	if [PointLen]byte(b) == [PointLen]byte{} {
		p.p.Set(identity)
		return nil
	}
	// With this length SEC 1 knows only the compressed form, prefix 2 or 3;
	// nistec checks the prefix, x < p and the curve.
	if _, err := p.p.SetBytes(b); err != nil {
		return errPoint
	}
	return nil
}

var errPoint = fmt.Errorf("p256: not a canonical compressed point: %w", reason.ErrEncoding)

// MarshalTo writes the encoding of p to w.
func (p *Point) MarshalTo(w io.Writer) (int, error) { return w.Write(p.append(nil)) }

// UnmarshalFrom reads a point from r. From a [cipher.Stream] it picks one, as
// kyber's contract says, and returns −1.
func (p *Point) UnmarshalFrom(r io.Reader) (int, error) {
	if stream, ok := r.(cipher.Stream); ok {
		p.Pick(stream)
		return -1, nil
	}
	var b [PointLen]byte
	n, err := io.ReadFull(r, b[:])
	if err != nil {
		return n, err
	}
	return n, p.UnmarshalBinary(b[:])
}

// MarshalSize returns PointLen.
func (p *Point) MarshalSize() int { return PointLen }

// String returns the encoding in hexadecimal.
func (p *Point) String() string { return hex.EncodeToString(p.append(nil)) }
