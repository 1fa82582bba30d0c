package ristretto255

import (
	"filippo.io/edwards25519"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/internal/window"
)

// strausMax is the number of points up to which interleaved multiplication is
// faster than buckets.
const strausMax = 64

// MultiScalarMulVarTime returns Σ scalars[i]·points[i] for public values. Short
// scalars, and those whose negative is short, cost in proportion to their
// length.
func (Group) MultiScalarMulVarTime(scalars []kyber.Scalar, points []kyber.Point) kyber.Point {
	p := new(Point)
	if len(scalars) > strausMax {
		p.p = pippenger(scalars, points)
	} else {
		p.p = straus(scalars, points)
	}
	return p
}

// straus is the interleaved method with sliding windows over odd digits: Möller,
// "Algorithms for Multi-exponentiation" (SAC 2001).
func straus(scalars []kyber.Scalar, points []kyber.Point) extended {
	type term struct {
		digits [256]int8
		odd    [8]projectivePoint // 1·P, 3·P … 15·P
	}
	terms := make([]term, len(scalars))
	top := 0
	for i, s := range scalars {
		var short [ScalarLen]byte
		bits, negative := shorter(&short, &s.(*Scalar).s)
		p := *points[i].(*Point).plain()
		if negative {
			p.x.negate(&p.x)
			p.t.negate(&p.t)
		}
		width := 5
		if bits <= 160 {
			width = 4 // half the table
		}
		window.OddDigits(&terms[i].digits, &short, width)
		top = max(top, bits+1)
		twice := p
		twice.double()
		var step projectivePoint
		step.set(&twice)
		for j := range 1 << (width - 2) {
			terms[i].odd[j].set(&p)
			p.add(&step)
		}
	}
	sum := neutral
	for k := min(top, 256) - 1; k >= 0; k-- {
		sum.double()
		for i := range terms {
			if d := terms[i].digits[k]; d > 0 {
				sum.add(&terms[i].odd[d/2])
			} else if d < 0 {
				sum.subtract(&terms[i].odd[-d/2])
			}
		}
	}
	return sum
}

// pippenger is the bucket method with signed digits: Pippenger, "On the
// evaluation of powers and related problems" (FOCS 1976); Bernstein, Doumen,
// Lange and Oosterwijk, "Faster batch forgery identification" (INDOCRYPT 2012),
// Section 4.
func pippenger(scalars []kyber.Scalar, points []kyber.Point) extended {
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
	c, _ := window.Width(n, maxBits, totalBits)
	count := window.Count(maxBits, c)
	digits := make([]int16, n*count) // digit w of scalar i at w·n + i
	list := make([]*extended, n)
	for i := range short {
		window.Digits(digits[i:], n, count, short[i][:], c)
		list[i] = points[i].(*Point).plain()
	}
	terms := affinePoints(list)
	for i, n := range negative {
		if n {
			terms[i].negateIf(^uint64(0))
		}
	}

	buckets := make([]extended, 1<<(c-1)) // Z = 0 says that nothing is in it
	sum := neutral
	for w := count - 1; w >= 0; w-- {
		sum.doubleTimes(c)
		for i, d := range digits[w*n : (w+1)*n] {
			if d == 0 {
				continue
			}
			sign := d >> 15
			b := &buckets[(d^sign)-sign-1]
			if b.z == (element{}) {
				b.setAffine(&terms[i], int(sign&1))
			} else {
				b.addAffine(&terms[i], int(sign&1))
			}
		}
		sumBuckets(&sum, buckets)
	}
	return sum
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

// setAffine sets p to q, or to −q if sign is 1, in another form than Z = 1: the
// addition to the neutral element with half of the products.
func (p *extended) setAffine(q *affinePoint, sign int) {
	var e, h element
	sign &= 1
	addSubtract(&h, &e, &q.sides[sign^1], &q.sides[sign]) // 2y and 2x
	p.x.add(&e, &e)
	p.y.add(&h, &h)
	p.z = element{4}
	p.t.multiply(&e, &h)
}

// sumBuckets adds Σ (i+1)·buckets[i] to sum and empties the buckets. Each bucket
// takes up the sum of those above it, whose prepared form is at hand.
func sumBuckets(sum *extended, buckets []extended) {
	var running projectivePoint
	running.set(&neutral)
	for i := len(buckets) - 1; i >= 0; i-- {
		if b := &buckets[i]; b.z != (element{}) {
			b.add(&running)
			running.set(b)
			b.z = element{}
		}
		sum.add(&running)
	}
}
