package ristretto255

import (
	"crypto/subtle"
	"fmt"

	"filippo.io/edwards25519"
	"filippo.io/edwards25519/field"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// The constants of RFC 9496, Section 4.1, from the equations that define them.
var (
	one      = new(field.Element).One()
	minusOne = new(field.Element).Negate(one)
	// d = −121665/121666, the parameter of the curve −x² + y² = 1 + d·x²·y².
	d = new(field.Element).Multiply(
		new(field.Element).Negate(small(121665)),
		new(field.Element).Invert(small(121666)))
	d2           = new(field.Element).Add(d, d)
	dPlusOne     = new(field.Element).Add(d, one)
	dMinusOne    = new(field.Element).Subtract(d, one)
	oneMinusDSq  = new(field.Element).Subtract(one, new(field.Element).Square(d))
	dMinusOneSq  = new(field.Element).Square(dMinusOne)
	sqrtM1       = root(minusOne)
	negDPlusOne  = new(field.Element).Negate(dPlusOne) // a − d with a = −1
	invSqrtAMinD = new(field.Element).Invert(root(negDPlusOne))
	// The RFC takes the negative (odd) root of a·d − 1 = −d − 1.
	sqrtADMinusOne = new(field.Element).Negate(root(negDPlusOne))
)

func small(v uint32) *field.Element { return new(field.Element).Mult32(new(field.Element).One(), v) }

// root returns the non-negative square root of a square.
func root(u *field.Element) *field.Element {
	r, wasSquare := new(field.Element).SqrtRatio(u, one)
	if wasSquare != 1 {
		panic("ristretto255: constant is not a square")
	}
	return r
}

// decode sets p to the element that b encodes, or returns false and leaves p
// alone.
func (p *Point) decode(b *[PointLen]byte) bool {
	var x, y, t field.Element
	if decompress(&x, &y, &t, b) != 1 {
		return false
	}
	if _, err := p.write().SetExtendedCoordinates(&x, &y, one, &t); err != nil {
		panic("ristretto255: decoded a point off the curve")
	}
	p.known, p.encoding = true, *b
	return true
}

// decompress sets x, y and t = x·y to the point that b encodes and returns 1,
// or returns 0 if b is no canonical encoding. RFC 9496, Section 4.3.1.
func decompress(x, y, t *field.Element, b *[PointLen]byte) (ok int) {
	// The bytes must be the canonical encoding of a non-negative element.
	s, _ := new(field.Element).SetBytes(b[:])
	ok = subtle.ConstantTimeCompare(s.Bytes(), b[:])
	ok &= 1 - s.IsNegative()

	var ss, u1, u2, u2Sqr, v field.Element
	ss.Square(s)
	u1.Subtract(one, &ss)
	u2.Add(one, &ss)
	u2Sqr.Square(&u2)
	// v = −(d·u1²) − u2²
	v.Square(&u1)
	v.Multiply(&v, d)
	v.Negate(&v)
	v.Subtract(&v, &u2Sqr)

	var invSqrt, denX, denY field.Element
	_, wasSquare := invSqrt.SqrtRatio(one, t.Multiply(&v, &u2Sqr))
	ok &= wasSquare
	denX.Multiply(&invSqrt, &u2)
	denY.Multiply(&invSqrt, &denX)
	denY.Multiply(&denY, &v)
	x.Add(s, s)
	x.Multiply(x, &denX)
	x.Absolute(x)
	y.Multiply(&u1, &denY)
	t.Multiply(x, y)
	ok &= 1 - t.IsNegative()
	ok &= 1 - y.Equal(new(field.Element))
	return ok
}

// encode writes the canonical encoding of p. RFC 9496, Section 4.3.2.
func (p *Point) encode(out *[PointLen]byte) {
	if p.known {
		*out = p.encoding
		return
	}
	x0, y0, z0, t0 := p.p.ExtendedCoordinates()

	var u1, u2, t, invSqrt, den1, den2, zInv field.Element
	u1.Add(z0, y0)
	u1.Multiply(&u1, t.Subtract(z0, y0))
	u2.Multiply(x0, y0)
	t.Square(&u2)
	invSqrt.SqrtRatio(one, t.Multiply(&t, &u1))
	den1.Multiply(&invSqrt, &u1)
	den2.Multiply(&invSqrt, &u2)
	zInv.Multiply(&den1, &den2)
	zInv.Multiply(&zInv, t0)

	var ix0, iy0, enchanted, x, y, denInv field.Element
	ix0.Multiply(x0, sqrtM1)
	iy0.Multiply(y0, sqrtM1)
	enchanted.Multiply(&den1, invSqrtAMinD)
	rotate := t.Multiply(t0, &zInv).IsNegative()
	x.Select(&iy0, x0, rotate)
	y.Select(&ix0, y0, rotate)
	denInv.Select(&enchanted, &den2, rotate)
	negate := t.Multiply(&x, &zInv).IsNegative()
	y.Select(t.Negate(&y), &y, negate)

	t.Subtract(z0, &y)
	t.Multiply(&t, &denInv)
	t.Absolute(&t)
	copy(out[:], t.Bytes())
}

// fromUniform sets p to the element derived from 64 uniform bytes, the one-way
// map of RFC 9496, Section 4.3.4.
func (p *Point) fromUniform(b *[UniformLen]byte) *Point {
	var q edwards25519.Point
	mapToCurve(p.write(), b[:32])
	mapToCurve(&q, b[32:])
	p.write().Add(&p.p, &q)
	return p
}

// mapToCurve is the function MAP of RFC 9496, Section 4.3.4. The field ignores
// the top bit of b, as the RFC wants.
func mapToCurve(p *edwards25519.Point, b []byte) {
	t, err := new(field.Element).SetBytes(b)
	if err != nil {
		panic("ristretto255: wrong length of uniform bytes")
	}
	var r, u, v, s, sPrime, c, n, w field.Element
	r.Square(t)
	r.Multiply(&r, sqrtM1)
	u.Add(&r, one)
	u.Multiply(&u, oneMinusDSq)
	// v = (−1 − r·d)·(r + d)
	v.Multiply(&r, d)
	v.Subtract(minusOne, &v)
	v.Multiply(&v, w.Add(&r, d))

	_, wasSquare := s.SqrtRatio(&u, &v)
	sPrime.Multiply(&s, t)
	sPrime.Absolute(&sPrime)
	sPrime.Negate(&sPrime)
	s.Select(&s, &sPrime, wasSquare)
	c.Select(minusOne, &r, wasSquare)

	// n = c·(r − 1)·(d − 1)² − v
	n.Subtract(&r, one)
	n.Multiply(&n, &c)
	n.Multiply(&n, dMinusOneSq)
	n.Subtract(&n, &v)

	var w0, w1, w2, w3, ss, x, y, z field.Element
	w0.Multiply(&s, &v)
	w0.Add(&w0, &w0)
	w1.Multiply(&n, sqrtADMinusOne)
	ss.Square(&s)
	w2.Subtract(one, &ss)
	w3.Add(one, &ss)
	x.Multiply(&w0, &w3)
	y.Multiply(&w2, &w1)
	z.Multiply(&w1, &w3)
	t.Multiply(&w0, &w2)
	if _, err := p.SetExtendedCoordinates(&x, &y, &z, t); err != nil {
		panic("ristretto255: mapped to a point off the curve")
	}
}

var errPoint = fmt.Errorf("ristretto255: not a canonical point: %w", reason.ErrEncoding)
