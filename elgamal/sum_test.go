package elgamal

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"
)

// sumWith is a sum that keeps other numbers of products.
func sumWith(g *Group, buffer int) *SumVarTime {
	s := g.NewSumVarTime()
	s.buffer = buffer
	return s
}

// TestSumMatchesReference: after every product, whatever is kept, the sum is
// that of one multiplication after the other.
func TestSumMatchesReference(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		rng := rand.New(rand.NewPCG(5, 6))
		points := testPoints(g, rng, 40)
		scalars := make([]kyber.Scalar, len(points))
		for i := range scalars {
			scalars[i] = testScalar(g, rng, 64)
		}
		// 0, 1 and q−1, the identity, equal and opposite points.
		scalars[3], scalars[4], scalars[5] = g.Scalar(), g.Int64Scalar(1), g.Int64Scalar(-1)
		points[6], points[8], points[10] = g.Point(), points[7], g.Point().Neg(points[9])
		scalars[8], scalars[10] = scalars[7], scalars[9]
		for _, buffer := range []int{1, 2, 7, 39, 40, 41, sumBuffer} {
			s := sumWith(g, buffer)
			require.True(t, g.IsIdentity(s.Value()), "of nothing")
			for i := range points {
				s.Add(scalars[i], points[i])
				if i%13 == 0 {
					require.True(t, slowSum(g, scalars[:i+1], points[:i+1]).Equal(s.Value()), "%d of %d kept", i+1, buffer)
				}
			}
			want := slowSum(g, scalars, points)
			value := s.Value()
			require.True(t, want.Equal(value), "%d kept", buffer)
			value.Add(value, g.Base())
			require.True(t, want.Equal(s.Value()), "a value was written to")
		}
	})
}

// countingCodec notes the longest sum that was asked of it at once.
type countingCodec struct {
	Codec
	longest *int
}

func (c countingCodec) MultiScalarMulVarTime(scalars []kyber.Scalar, points []kyber.Point) kyber.Point {
	*c.longest = max(*c.longest, len(points))
	return c.Codec.(varTimeMultiplier).MultiScalarMulVarTime(scalars, points)
}

// TestSumMemory: neither what is kept nor what is computed at once grows with
// the number of products, and what was computed is let go of.
func TestSumMemory(t *testing.T) {
	g, longest := *Ristretto255(), 0
	g.codec = countingCodec{g.codec, &longest}
	const buffer = 64
	s := sumWith(&g, buffer)
	one := g.Int64Scalar(1)
	for range 100 * buffer {
		s.Add(one, g.Base())
		require.LessOrEqual(t, max(cap(s.scalars), cap(s.points)), 2*buffer)
	}
	require.Equal(t, buffer, longest)
	require.True(t, g.Point().Mul(g.Int64Scalar(100*buffer), nil).Equal(s.Value()))
	held := func(p kyber.Point) bool { return p != nil }
	require.False(t, slices.ContainsFunc(s.points[:cap(s.points)], held))
}
