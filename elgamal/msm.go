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
	return g.pippenger(scalars, points)
}

// pippenger is the bucket method with signed digits over any group: Pippenger,
// "On the evaluation of powers and related problems" (FOCS 1976); Bernstein,
// Doumen, Lange and Oosterwijk, "Faster batch forgery identification"
// (INDOCRYPT 2012), Section 4.
func (g *Group) pippenger(scalars []kyber.Scalar, points []kyber.Point) kyber.Point {
	n := len(scalars)
	short := make([][]byte, n)
	negative := make([]bool, n)
	maxBits, totalBits := 0, int64(0)
	for i, s := range scalars {
		short[i] = g.littleEndianBytes(s)
		bits := window.BitLen(short[i])
		minus := g.littleEndianBytes(g.kyber.Scalar().Neg(s))
		if m := window.BitLen(minus); m < bits {
			short[i], bits, negative[i] = minus, m, true
		}
		maxBits = max(maxBits, bits)
		totalBits += int64(bits)
	}
	c := window.Width(n, maxBits, totalBits)
	count := window.Count(maxBits, c)
	digits := make([]int16, n*count) // digit w of scalar i at w·n + i
	for i := range short {
		window.Digits(digits[i:], n, count, short[i], c)
		if negative[i] {
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
