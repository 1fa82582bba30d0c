package elgamal

import (
	"slices"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/internal/window"
)

type (
	multiplier interface {
		MultiScalarMul(scalars []kyber.Scalar, points []kyber.Point) kyber.Point
	}
	varTimeMultiplier interface {
		MultiScalarMulVarTime(scalars []kyber.Scalar, points []kyber.Point) kyber.Point
	}
)

// MultiScalarMul returns Σ scalars[i]·points[i], constant time in the scalars
// for the two built-in groups. It is for secrets; lists of different length
// are a bug and panic.
func (g *Group) MultiScalarMul(scalars []kyber.Scalar, points []kyber.Point) kyber.Point {
	if len(scalars) != len(points) {
		panic("elgamal: as many scalars as points are needed")
	}
	if c, ok := g.codec.(multiplier); ok {
		return c.MultiScalarMul(scalars, points)
	}
	return g.plainSum(scalars, points)
}

// plainSum multiplies one after the other.
func (g *Group) plainSum(scalars []kyber.Scalar, points []kyber.Point) kyber.Point {
	sum, term := g.Point(), g.kyber.Point()
	for i, s := range scalars {
		sum.Add(sum, term.Mul(s, points[i]))
	}
	return sum
}

// MultiScalarMulVarTime returns Σ scalars[i]·points[i] for public values.
// Short scalars, and those whose negative is short, cost in proportion to their
// length. Lists of different length are a bug and panic.
func (g *Group) MultiScalarMulVarTime(scalars []kyber.Scalar, points []kyber.Point) kyber.Point {
	if len(scalars) != len(points) {
		panic("elgamal: as many scalars as points are needed")
	}
	if c, ok := g.codec.(varTimeMultiplier); ok {
		return c.MultiScalarMulVarTime(scalars, points)
	}
	short := g.shorten(scalars)
	// A multiplication takes as long as two additions for each three bits of the
	// order, by measure: groups have faster formulas in it than they offer.
	c, additions := window.Width(len(scalars), short.maxBits, short.totalBits)
	if additions+int64(short.maxBits) > int64(len(scalars)*g.order.BitLen()*2/3) {
		return g.plainSum(scalars, points)
	}
	return g.pippenger(short, c, points)
}

// shortScalars are public scalars, or their negatives where these are shorter.
type shortScalars struct {
	bytes     [][]byte // little-endian
	negative  []bool
	maxBits   int // of the longest
	totalBits int64
}

func (g *Group) shorten(scalars []kyber.Scalar) shortScalars {
	short := shortScalars{bytes: make([][]byte, len(scalars)), negative: make([]bool, len(scalars))}
	for i, s := range scalars {
		b := g.littleEndianBytes(s)
		bits := window.BitLen(b)
		minus := g.littleEndianBytes(g.kyber.Scalar().Neg(s))
		if m := window.BitLen(minus); m < bits {
			b, bits, short.negative[i] = minus, m, true
		}
		short.bytes[i] = b
		short.maxBits = max(short.maxBits, bits)
		short.totalBits += int64(bits)
	}
	return short
}

// pippenger is the bucket method with signed digits of c bits over any group:
// Pippenger, "On the evaluation of powers and related problems" (FOCS 1976);
// Bernstein, Doumen, Lange and Oosterwijk, "Faster batch forgery
// identification" (INDOCRYPT 2012), Section 4.
func (g *Group) pippenger(short shortScalars, c int, points []kyber.Point) kyber.Point {
	n := len(points)
	count := window.Count(short.maxBits, c)
	digits := make([]int16, n*count) // digit w of scalar i at w·n + i
	for i, b := range short.bytes {
		window.Digits(digits[i:], n, count, b, c)
		if short.negative[i] {
			for w := range count {
				digits[w*n+i] *= -1
			}
		}
	}

	// A nil bucket is the identity.
	buckets := make([]kyber.Point, 1<<(c-1))
	sum := g.Point()
	for w := count - 1; w >= 0; w-- {
		for range c {
			sum.Add(sum, sum)
		}
		for i, p := range points {
			switch d := digits[w*n+i]; {
			case d > 0 && buckets[d-1] == nil:
				buckets[d-1] = p.Clone()
			case d > 0:
				buckets[d-1].Add(buckets[d-1], p)
			case d < 0 && buckets[-d-1] == nil:
				buckets[-d-1] = g.kyber.Point().Neg(p)
			case d < 0:
				buckets[-d-1].Sub(buckets[-d-1], p)
			}
		}
		// Σ (i+1)·buckets[i]: every bucket counts once for each index below it.
		running := g.Point()
		for i := len(buckets) - 1; i >= 0; i-- {
			if buckets[i] != nil {
				running.Add(running, buckets[i])
				buckets[i] = nil
			}
			sum.Add(sum, running)
		}
	}
	return sum
}

func (g *Group) littleEndianBytes(s kyber.Scalar) []byte {
	b := appendBinary(make([]byte, 0, g.ScalarLen()), s)
	if !g.littleEnd {
		slices.Reverse(b)
	}
	return b
}
