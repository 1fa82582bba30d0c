package elgamal

import (
	"slices"

	"go.dedis.ch/kyber/v3"
)

// sumBuffer is how many products a sum keeps before it computes them: some 10 MiB
// with points, scalars and what the computation needs.
const sumBuffer = 1 << 15

// SumVarTime is Σ scalar·point over public products that are added one by one,
// any number of them in bounded memory: 2¹⁵ are kept and then summed together
// by [Group.MultiScalarMulVarTime]. It is not for use by several goroutines at
// once; what each has summed may be added.
type SumVarTime struct {
	group   *Group
	buffer  int
	scalars []kyber.Scalar
	points  []kyber.Point
	sum     kyber.Point
}

// NewSumVarTime returns a sum without products, which is the identity.
func (g *Group) NewSumVarTime() *SumVarTime {
	return &SumVarTime{group: g, buffer: sumBuffer, sum: g.Point()}
}

// Add adds scalar·point. Both may be kept, and must not be written to before
// Value.
func (s *SumVarTime) Add(scalar kyber.Scalar, point kyber.Point) {
	if n := len(s.points); n == cap(s.points) { // append makes long lists a quarter longer only
		s.scalars, s.points = slices.Grow(s.scalars, n+1), slices.Grow(s.points, n+1)
	}
	s.scalars, s.points = append(s.scalars, scalar), append(s.points, point)
	if len(s.points) >= s.buffer {
		s.fold()
	}
}

// Value returns the sum of all that was added so far. More may be added.
func (s *SumVarTime) Value() kyber.Point {
	s.fold()
	return s.sum.Clone()
}

// fold computes what is kept and lets go of it.
func (s *SumVarTime) fold() {
	if len(s.points) == 0 {
		return
	}
	s.sum.Add(s.sum, s.group.MultiScalarMulVarTime(s.scalars, s.points))
	clear(s.scalars)
	clear(s.points)
	s.scalars, s.points = s.scalars[:0], s.points[:0]
}
