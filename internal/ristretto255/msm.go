package ristretto255

import (
	"filippo.io/edwards25519"
	"filippo.io/edwards25519/field"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/internal/window"
)

// strausMax is the number of points up to which the dependency's interleaved
// multiplication is faster than buckets.
const strausMax = 128

// MultiScalarMulVarTime returns Σ scalars[i]·points[i] for public values. Short
// scalars, and those whose negative is short, cost in proportion to their
// length.
func (Group) MultiScalarMulVarTime(scalars []kyber.Scalar, points []kyber.Point) kyber.Point {
	if len(scalars) > strausMax {
		return pippenger(scalars, points)
	}
	ss := make([]*edwards25519.Scalar, len(scalars))
	for i, s := range scalars {
		ss[i] = &s.(*Scalar).s
	}
	ps := make([]*edwards25519.Point, len(points))
	for i, p := range points {
		ps[i] = &p.(*Point).p
	}
	r := NewPoint() // a fresh receiver, as in MultiScalarMul
	r.write().VarTimeMultiScalarMult(ss, ps)
	return r
}

// pippenger is the bucket method with signed digits: Pippenger, "On the
// evaluation of powers and related problems" (FOCS 1976); Bernstein, Doumen,
// Lange and Oosterwijk, "Faster batch forgery identification" (INDOCRYPT 2012),
// Section 4.
func pippenger(scalars []kyber.Scalar, points []kyber.Point) kyber.Point {
	n := len(scalars)
	short := make([][ScalarLen]byte, n)
	negative := make([]bool, n)
	maxBits, totalBits := 0, int64(0)
	for i, s := range scalars {
		var bits int
		bits, negative[i] = shorter(&short[i], &s.(*Scalar).s)
		maxBits = max(maxBits, bits)
		totalBits += int64(bits)
	}
	c := window.Width(n, maxBits, totalBits)
	count := window.Count(maxBits, c)
	digits := make([]int16, n*count) // digit w of scalar i at w·n + i
	cached := make([]cachedPoint, n)
	for i := range short {
		window.Digits(digits[i:], n, count, short[i][:], c)
		cached[i].set(points[i].(*Point), negative[i])
	}

	buckets := make([]bucket, 1<<(c-1))
	sum := extended{}
	sum.setIdentity()
	for w := count - 1; w >= 0; w-- {
		for range c {
			sum.double()
		}
		for i, d := range digits[w*n : (w+1)*n] {
			if d > 0 {
				buckets[d-1].add(&cached[i])
			} else if d < 0 {
				buckets[-d-1].sub(&cached[i])
			}
		}
		sumBuckets(&sum, buckets)
	}
	r := new(Point)
	if _, err := r.p.SetExtendedCoordinates(&sum.x, &sum.y, &sum.z, &sum.t); err != nil {
		panic("ristretto255: sum is off the curve")
	}
	return r
}

// shorter writes s or −s, whichever is shorter, and returns its length in bits
// and whether it is −s.
func shorter(out *[ScalarLen]byte, s *edwards25519.Scalar) (bits int, negative bool) {
	var neg edwards25519.Scalar
	copy(out[:], s.Bytes())
	bits = window.BitLen(out[:])
	if bits <= 251 {
		return bits, false // −s is above 2²⁵² − 2²⁵¹
	}
	minus := neg.Negate(s).Bytes()
	if n := window.BitLen(minus); n < bits {
		copy(out[:], minus)
		return n, true
	}
	return bits, false
}

// bucket is a sum of points, the identity while it is not used.
type bucket struct {
	extended
	used bool
}

func (b *bucket) add(q *cachedPoint) {
	if !b.used {
		b.used = true
		b.finish(&q.yMinusX, &q.yPlusX, &zero, &q.z2) // the identity and q
		return
	}
	b.extended.add(q)
}

func (b *bucket) sub(q *cachedPoint) {
	if !b.used {
		b.used = true
		b.finish(&q.yPlusX, &q.yMinusX, &zero, &q.z2)
		return
	}
	b.extended.sub(q)
}

var zero field.Element

// sumBuckets adds Σ (i+1)·buckets[i] to sum and empties the buckets.
func sumBuckets(sum *extended, buckets []bucket) {
	var running bucket
	var q cachedPoint
	for i := len(buckets) - 1; i >= 0; i-- {
		if b := &buckets[i]; b.used {
			q.setExtended(&b.extended)
			running.add(&q)
			b.used = false
		}
		if running.used {
			q.setExtended(&running.extended)
			sum.add(&q)
		}
	}
}

// extended is a point (X:Y:Z:T) with x = X/Z, y = Y/Z, xy = T/Z: Hisil, Wong,
// Carter and Dawson, "Twisted Edwards Curves Revisited" (ASIACRYPT 2008). The
// formulas are complete on this curve, so no case is special.
type extended struct{ x, y, z, t field.Element }

func (p *extended) setIdentity() {
	p.x.Zero()
	p.y.One()
	p.z.One()
	p.t.Zero()
}

// cachedPoint is a point prepared for being added often.
type cachedPoint struct {
	yPlusX, yMinusX, z2, t2d field.Element
	affine                   bool // Z is 1, as decoding leaves it
}

// set sets q to p, or to −p.
func (q *cachedPoint) set(p *Point, negative bool) {
	var e extended
	x, y, z, t := p.p.ExtendedCoordinates()
	e.x, e.y, e.z, e.t = *x, *y, *z, *t
	if negative {
		e.x.Negate(&e.x)
		e.t.Negate(&e.t)
	}
	q.setExtended(&e)
}

func (q *cachedPoint) setExtended(p *extended) {
	q.yPlusX.Add(&p.y, &p.x)
	q.yMinusX.Subtract(&p.y, &p.x)
	q.z2.Add(&p.z, &p.z)
	q.t2d.Multiply(&p.t, d2)
	q.affine = p.z == *one // as limbs: another form of 1 only takes longer
}

// timesZ2 sets d to 2·Z₁·Z₂.
func (q *cachedPoint) timesZ2(d, z *field.Element) {
	if q.affine {
		d.Add(z, z)
	} else {
		d.Multiply(z, &q.z2)
	}
}

// add sets p to p + q.
func (p *extended) add(q *cachedPoint) {
	var a, b, c, d field.Element
	a.Multiply(a.Subtract(&p.y, &p.x), &q.yMinusX)
	b.Multiply(b.Add(&p.y, &p.x), &q.yPlusX)
	c.Multiply(&p.t, &q.t2d)
	q.timesZ2(&d, &p.z)
	p.finish(&a, &b, &c, &d)
}

// sub sets p to p − q.
func (p *extended) sub(q *cachedPoint) {
	var a, b, c, d field.Element
	a.Multiply(a.Subtract(&p.y, &p.x), &q.yPlusX)
	b.Multiply(b.Add(&p.y, &p.x), &q.yMinusX)
	c.Negate(c.Multiply(&p.t, &q.t2d))
	q.timesZ2(&d, &p.z)
	p.finish(&a, &b, &c, &d)
}

// finish is the second half of the addition.
func (p *extended) finish(a, b, c, d *field.Element) {
	var e, f, g, h field.Element
	e.Subtract(b, a)
	f.Subtract(d, c)
	g.Add(d, c)
	h.Add(b, a)
	p.x.Multiply(&e, &f)
	p.y.Multiply(&g, &h)
	p.z.Multiply(&f, &g)
	p.t.Multiply(&e, &h)
}

// double sets p to 2·p.
func (p *extended) double() {
	var a, b, c, e, f, g, h field.Element
	a.Square(&p.x)
	b.Square(&p.y)
	c.Square(&p.z)
	c.Add(&c, &c)
	e.Square(e.Add(&p.x, &p.y))
	h.Add(&a, &b)
	e.Subtract(&e, &h) // 2xy
	g.Subtract(&b, &a)
	f.Subtract(&g, &c)
	h.Negate(&h)
	p.x.Multiply(&e, &f)
	p.y.Multiply(&g, &h)
	p.z.Multiply(&f, &g)
	p.t.Multiply(&e, &h)
}
