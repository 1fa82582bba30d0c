package ristretto255

import (
	"fmt"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// The constants of RFC 9496, Section 4.1, from the equations that define them.
var (
	one      = element{1}
	minusOne = negativeOf(&one)
	sqrtM1   = fourthRoot()
	// −√−1
	minusSqrtM1 = negativeOf(&sqrtM1)
	// d = −121665/121666, the parameter of the curve −x² + y² = 1 + d·x²·y².
	d            = curveD()
	minusD       = negativeOf(&d)
	d2           = sumOf(&d, &d)
	dPlusOne     = sumOf(&d, &one)
	dMinusOne    = sumOf(&d, &minusOne)
	oneMinusDSq  = productOf(&dPlusOne, negated(dMinusOne))
	dMinusOneSq  = productOf(&dMinusOne, &dMinusOne)
	negDPlusOne  = negativeOf(&dPlusOne) // a − d with a = −1
	invSqrtAMinD = inverseOf(root(&negDPlusOne))
	// The RFC takes the negative (odd) root of a·d − 1 = −d − 1.
	sqrtADMinusOne = negativeOf(root(&negDPlusOne))
)

func sumOf(a, b *element) (v element) {
	v.add(a, b)
	return v
}

func productOf(a, b *element) (v element) {
	v.multiply(a, b)
	return v
}

func negativeOf(a *element) (v element) {
	v.negate(a)
	return v.reduced()
}

func negated(a element) *element {
	a.negate(&a)
	return &a
}

func inverseOf(a *element) (v element) {
	v.invert(a)
	return v
}

func curveD() element {
	inverse := inverseOf(&element{121666})
	return productOf(&element{121665}, negated(inverse))
}

// fourthRoot returns the non-negative root of −1, which is ±2^((p−1)/4).
func fourthRoot() element {
	list := []element{{2}}
	pow22523(list, []element{one}) // 2^((p−5)/8)
	list[0].square(&list[0])
	list[0].multiply(&list[0], &element{2})
	list[0].absolute(&list[0])
	return list[0]
}

// root returns the non-negative square root of a square.
func root(u *element) *element {
	r, square := sqrtRatio(u, &one)
	if square == 0 {
		panic("ristretto255: constant is not a square")
	}
	return &r
}

// sqrtRatio is roots for one.
func sqrtRatio(u, v *element) (element, uint64) {
	var r [1]element
	var square [1]uint64
	roots(r[:], []element{*u}, []element{*v}, square[:])
	return r[0], square[0]
}

// decode sets p to the element that b encodes, or returns false and leaves p
// alone.
func (p *Point) decode(b *[PointLen]byte) bool {
	var q [1]extended
	var ok [1]uint64
	decompress(q[:], ok[:], b[:])
	if ok[0] == 0 {
		return false
	}
	*p.write() = q[0]
	p.known, p.encoding = true, *b
	return true
}

// decompress sets each q, with Z = 1, to the point of which b holds the
// encoding, and its ok to all ones; ok is 0 if that is no canonical encoding,
// and q not a point then. There are at most lanes of them. RFC 9496, Section
// 4.3.1.
func decompress(q []extended, ok []uint64, b []byte) {
	n := len(q)
	var s, u1, u2, v, inv [lanes]element
	for i := range n {
		// The bytes must be the canonical encoding of a non-negative element.
		s[i].setBytes((*[PointLen]byte)(b[i*PointLen:]))
		ok[i] = s[i].isCanonical() & (s[i][0]&1 - 1)

		var ss, u2Sqr element
		ss.square(&s[i])
		addSubtract(&u2[i], &u1[i], &one, &ss)
		u2Sqr.square(&u2[i])
		// v = −(d·u1²) − u2²
		v[i].square(&u1[i])
		v[i].multiply(&v[i], &minusD)
		v[i].subtract(&v[i], &u2Sqr)
		inv[i].multiply(&v[i], &u2Sqr)
	}
	var square [lanes]uint64
	inverseRoots(inv[:n], square[:n])
	for i := range n {
		var denX, denY element
		denX.multiply(&inv[i], &u2[i])
		denY.multiply(&inv[i], &denX)
		denY.multiply(&denY, &v[i])
		p := &q[i]
		p.x.add(&s[i], &s[i])
		p.x.multiply(&p.x, &denX)
		p.x.absolute(&p.x)
		p.y.multiply(&u1[i], &denY)
		p.z = one
		p.t.multiply(&p.x, &p.y)
		ok[i] &= square[i] &^ (p.t.isNegative() | p.y.equalReduced(&element{}))
	}
}

// encode writes the canonical encoding of p.
func (p *Point) encode(out *[PointLen]byte) {
	if p.known {
		*out = p.encoding
		return
	}
	if p.halved {
		compressDoubles([]*extended{&p.p}, []*[PointLen]byte{out})
	} else {
		compress([]*extended{&p.p}, []*[PointLen]byte{out})
	}
}

// compress writes the canonical encodings of at most lanes points. RFC 9496,
// Section 4.3.2.
func compress(points []*extended, out []*[PointLen]byte) {
	n := len(points)
	var u1, u2, inv [lanes]element
	for i, p := range points {
		var plus, minus element
		addSubtract(&plus, &minus, &p.z, &p.y)
		u1[i].multiply(&plus, &minus)
		u2[i].multiply(&p.x, &p.y)
		inv[i].square(&u2[i])
		inv[i].multiply(&inv[i], &u1[i])
	}
	var square [lanes]uint64
	inverseRoots(inv[:n], square[:n])
	for i, p := range points {
		var den1, den2, zInv, ix0, iy0, enchanted, x, y, denInv, s element
		den1.multiply(&inv[i], &u1[i])
		den2.multiply(&inv[i], &u2[i])
		zInv.multiply(&den1, &den2)
		zInv.multiply(&zInv, &p.t)

		ix0.multiply(&p.x, &sqrtM1)
		iy0.multiply(&p.y, &sqrtM1)
		enchanted.multiply(&den1, &invSqrtAMinD)
		s.multiply(&p.t, &zInv)
		rotate := s.isNegative()
		x.choose(&iy0, &p.x, rotate)
		y.choose(&ix0, &p.y, rotate)
		denInv.choose(&enchanted, &den2, rotate)
		s.multiply(&x, &zInv)
		negate := s.isNegative()
		s.negate(&y)
		y.choose(&s, &y, negate)

		s.subtract(&p.z, &y)
		s.multiply(&s, &denInv)
		s.absolute(&s)
		*out[i] = s.bytes()
	}
}

// fromUniform sets p to the element derived from 64 uniform bytes, the one-way
// map of RFC 9496, Section 4.3.4.
func (p *Point) fromUniform(b *[UniformLen]byte) *Point {
	var q extended
	var cached projectivePoint
	mapToCurve(p.write(), (*[32]byte)(b[:32]))
	mapToCurve(&q, (*[32]byte)(b[32:]))
	cached.set(&q)
	p.p.add(&cached)
	return p
}

// mapToCurve is the function MAP of RFC 9496, Section 4.3.4, which ignores the
// top bit of b.
func mapToCurve(p *extended, b *[32]byte) {
	var t, r, u, v, sPrime, c, n, w element
	t.setBytes(b)
	t[3] &^= 1 << 63
	r.square(&t)
	r.multiply(&r, &sqrtM1)
	u.add(&r, &one)
	u.multiply(&u, &oneMinusDSq)
	// v = (−1 − r·d)·(r + d)
	v.multiply(&r, &d)
	v.subtract(&minusOne, &v)
	w.add(&r, &d)
	v.multiply(&v, &w)

	s, square := sqrtRatio(&u, &v)
	sPrime.multiply(&s, &t)
	sPrime.absolute(&sPrime)
	sPrime.negate(&sPrime)
	s.choose(&s, &sPrime, square)
	c.choose(&minusOne, &r, square)

	// n = c·(r − 1)·(d − 1)² − v
	n.subtract(&r, &one)
	n.multiply(&n, &c)
	n.multiply(&n, &dMinusOneSq)
	n.subtract(&n, &v)

	var w0, w1, w2, w3, ss element
	w0.multiply(&s, &v)
	w0.add(&w0, &w0)
	w1.multiply(&n, &sqrtADMinusOne)
	ss.square(&s)
	addSubtract(&w3, &w2, &one, &ss)
	p.x.multiply(&w0, &w3)
	p.y.multiply(&w2, &w1)
	p.z.multiply(&w1, &w3)
	p.t.multiply(&w0, &w2)
}

var errPoint = fmt.Errorf("ristretto255: not a canonical point: %w", reason.ErrEncoding)
