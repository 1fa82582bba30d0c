package elgamal

import "go.dedis.ch/kyber/v3"

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

// MultiScalarMulVarTime returns Σ scalars[i]·points[i] for public values, in
// time that depends on them. Lists of different length are a bug and panic.
func (g *Group) MultiScalarMulVarTime(scalars []kyber.Scalar, points []kyber.Point) kyber.Point {
	if len(scalars) != len(points) {
		panic("elgamal: as many scalars as points are needed")
	}
	if c, ok := g.codec.(varTimeMultiplier); ok {
		return c.MultiScalarMulVarTime(scalars, points)
	}
	return g.MultiScalarMul(scalars, points)
}
