// Package ristretto255 implements the prime-order group of RFC 9496 as a
// kyber.Group. Field and curve are its own; scalars are those of
// filippo.io/edwards25519.
//
// Decoding is strict, encoding is canonical, and equality is that of the
// quotient group: two points of the curve that differ by 4-torsion are the
// same element. Everything is constant time but what says VarTime.
package ristretto255

import (
	"crypto/cipher"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/internal/reason"
)

const (
	PointLen   = 32 // bytes of an encoded point
	ScalarLen  = 32 // bytes of an encoded scalar, little-endian
	UniformLen = 64 // bytes from which an element is derived
)

// Point is an element of the group, represented by any of the four points of
// the curve in its coset. It implements [kyber.Point]; like every point of
// kyber it panics when it meets a point or scalar of another group.
type Point struct {
	p extended // half of the element if halved is true; see plain

	// halved says how p was computed, and nothing about its value. Products from
	// tables are left as their halves, because doubles are encoded together with
	// one inversion for all and no root.
	halved bool

	// known says that encoding is p's. Decoding and Remember leave it here: most
	// points that are encoded or compared were decoded before, for a transcript
	// to absorb them, and to compute an encoding costs as much as to decode it.
	known    bool
	encoding [PointLen]byte
}

// write returns the point for somebody to overwrite it. Nothing else changes it.
func (p *Point) write() *extended {
	p.known, p.halved = false, false
	return &p.p
}

// setHalf sets p to 2·q.
func (p *Point) setHalf(q *extended) {
	*p.write() = *q
	p.halved = true
}

// plain returns the point for somebody to read it.
func (p *Point) plain() *extended {
	if !p.halved {
		return &p.p
	}
	q := p.p
	q.double()
	return &q
}

// Remember computes the encoding of p once, for all who will want it. Like any
// method that writes, it is not for a point that others use at the same time.
func (p *Point) Remember() { Group{}.RememberPoints([]kyber.Point{p}) }

// NewPoint returns the identity.
func NewPoint() *Point {
	p := new(Point)
	p.Null()
	return p
}

// Equal reports whether p and q are the same element. RFC 9496, Section 4.3.3.
func (p *Point) Equal(q kyber.Point) bool {
	if r := q.(*Point); p.known && r.known {
		return subtle.ConstantTimeCompare(p.encoding[:], r.encoding[:]) == 1
	}
	u, v := p.plain(), q.(*Point).plain()
	var a, b element
	a.multiply(&u.x, &v.y)
	b.multiply(&u.y, &v.x)
	equal := a.equal(&b)
	a.multiply(&u.y, &v.y)
	b.multiply(&u.x, &v.x)
	return equal|a.equal(&b) != 0
}

// Null sets p to the identity.
func (p *Point) Null() kyber.Point {
	p.setHalf(&neutral)
	p.known, p.encoding = true, [PointLen]byte{}
	return p
}

// Base sets p to the generator of RFC 9496.
func (p *Point) Base() kyber.Point {
	p.setHalf(&halfGenerator)
	return p
}

// Set sets p to q.
func (p *Point) Set(q kyber.Point) kyber.Point {
	*p = *q.(*Point)
	return p
}

// Clone returns a copy of p.
func (p *Point) Clone() kyber.Point {
	return new(Point).Set(p)
}

// Add sets p to a + b.
func (p *Point) Add(a, b kyber.Point) kyber.Point {
	q := p.begin(a.(*Point), b.(*Point))
	p.p.add(&q)
	return p
}

// Sub sets p to a − b.
func (p *Point) Sub(a, b kyber.Point) kyber.Point {
	q := p.begin(a.(*Point), b.(*Point))
	p.p.subtract(&q)
	return p
}

// begin sets p to a and returns b prepared, both as halves if they are such.
func (p *Point) begin(a, b *Point) (q projectivePoint) {
	left, right, halved := a.plain(), b.plain(), a.halved && b.halved
	if halved {
		left, right = &a.p, &b.p
	}
	q.set(right)
	*p.write() = *left
	p.halved = halved
	return q
}

// Neg sets p to −a.
func (p *Point) Neg(a kyber.Point) kyber.Point {
	p.Set(a)
	p.known = false
	p.p.x.negate(&p.p.x)
	p.p.t.negate(&p.p.t)
	return p
}

// Mul sets p to s·q, or to s times the generator if q is nil.
func (p *Point) Mul(s kyber.Scalar, q kyber.Point) kyber.Point {
	if q == nil {
		half := baseTable().halfSum([]kyber.Scalar{s})
		p.setHalf(&half)
	} else {
		product := multiScalarMul([]kyber.Scalar{s}, []kyber.Point{q}) // q may be p
		*p.write() = product
	}
	return p
}

// Pick sets p to an element derived from 64 bytes of the stream.
func (p *Point) Pick(rand cipher.Stream) kyber.Point {
	var b [UniformLen]byte
	rand.XORKeyStream(b[:], b[:])
	return p.fromUniform(&b)
}

// AppendBinary appends the canonical encoding of p. It never fails.
func (p *Point) AppendBinary(dst []byte) ([]byte, error) {
	var b [PointLen]byte
	p.encode(&b)
	return append(dst, b[:]...), nil
}

// MarshalBinary returns the canonical encoding of p. It never fails.
func (p *Point) MarshalBinary() ([]byte, error) {
	return p.AppendBinary(make([]byte, 0, PointLen))
}

// UnmarshalBinary sets p to the element that b encodes. Anything but a
// canonical encoding is refused and leaves p alone.
func (p *Point) UnmarshalBinary(b []byte) error {
	if len(b) != PointLen {
		return fmt.Errorf("ristretto255: point of %d bytes: %w", len(b), reason.ErrEncoding)
	}
	if !p.decode((*[PointLen]byte)(b)) {
		return errPoint
	}
	return nil
}

// MarshalTo writes the encoding of p to w.
func (p *Point) MarshalTo(w io.Writer) (int, error) {
	var b [PointLen]byte
	p.encode(&b)
	return w.Write(b[:])
}

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
func (p *Point) String() string {
	var b [PointLen]byte
	p.encode(&b)
	return hex.EncodeToString(b[:])
}
