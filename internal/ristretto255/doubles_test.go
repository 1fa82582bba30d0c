package ristretto255

import (
	"crypto/sha512"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"
)

// holdDoubles holds the encodings of the doubles of points, made together,
// against those that RFC 9496 gives for each.
func holdDoubles(t *testing.T, points []kyber.Point) {
	list, out := make([]*extended, len(points)), make([]*[PointLen]byte, len(points))
	for i, p := range points {
		list[i], out[i] = p.(*Point).plain(), new([PointLen]byte)
	}
	compressDoubles(list, out)
	for i, p := range list {
		double := *p
		double.double()
		var want [PointLen]byte
		compress([]*extended{&double}, []*[PointLen]byte{&want})
		require.Equal(t, want, *out[i], "point %d of %d", i, len(points))
	}
}

// TestDoubles takes every form of the elements, and of the identity in every
// place of a list.
func TestDoubles(t *testing.T) {
	g := Group{}
	identities := []kyber.Point{g.Point(), torsion(), g.Point().Add(torsion(), torsion()), g.Point().Neg(torsion())}
	var points []kyber.Point
	for i := range 30 { // both signs of everything that the encoding looks at
		p := g.HashToPoint("doubles", []byte{byte(i)})
		points = append(points, p, g.Point().Neg(p), g.Point().Mul(random48(), p), decoded(t, p), g.Point().Base(), identities[i%4])
		for _, z := range identities {
			points = append(points, g.Point().Add(p, z))
		}
	}
	holdDoubles(t, points)
	for i := range points {
		holdDoubles(t, points[i:min(i+5, len(points))])
	}
	holdDoubles(t, identities)
	holdDoubles(t, nil)
}

func FuzzDoubles(f *testing.F) {
	f.Add([]byte("a"), uint8(1), false)
	f.Add([]byte("b"), uint8(7), true)
	f.Fuzz(func(t *testing.T, seed []byte, n uint8, twisted bool) {
		var points []kyber.Point
		for i := range n {
			b := sha512.Sum512(append(seed, i))
			p := new(Point).fromUniform(&b)
			if twisted && i%3 == 0 {
				p.Sub(p, form(i, p))
			}
			points = append(points, p)
		}
		holdDoubles(t, points)
	})
}

// form returns p or a form of the identity.
func form(i uint8, p *Point) kyber.Point {
	if i%2 == 0 {
		return p.Clone()
	}
	return torsion()
}

// TestHalves holds every operation on points that are kept as halves against
// the same on their doubles, in all mixtures.
func TestHalves(t *testing.T) {
	g := Group{}
	s := random48()
	var halved []kyber.Point
	table := g.NewTable([]kyber.Point{g.HashToPoint("halves", nil), g.Point().Base()})
	for range 3 {
		halved = append(halved, table.Mul(0, random48()), table.Sum([]kyber.Scalar{random48(), random48()}), g.Point().Mul(random48(), nil))
	}
	halved = append(halved, g.Point(), g.Point().Base(), table.Mul(0, g.Scalar()), table.Mul(1, g.Scalar().One()))
	for _, h := range halved {
		require.True(t, h.(*Point).halved)
		p := decoded(t, h)
		require.False(t, p.(*Point).halved)
		same := func(name string, op func(a kyber.Point) kyber.Point) {
			t.Helper()
			want, got := op(p), op(h)
			require.True(t, got.Equal(want) && want.Equal(got), name)
			require.Equal(t, encodePoint(t, want), encodePoint(t, got), name)
		}
		same("itself", func(a kyber.Point) kyber.Point { return a.Clone() })
		same("negative", func(a kyber.Point) kyber.Point { return g.Point().Neg(a) })
		for name, op := range map[string]func(b kyber.Point) kyber.Point{
			"sum in place":        func(b kyber.Point) kyber.Point { return b.Add(b, b) },
			"difference in place": func(b kyber.Point) kyber.Point { return b.Sub(b, b.Clone()) },
			"subtracted in place": func(b kyber.Point) kyber.Point { return b.Sub(p, b) },
			"negative in place":   func(b kyber.Point) kyber.Point { return b.Neg(b) },
			"multiple in place":   func(b kyber.Point) kyber.Point { return b.Mul(s, b) },
			"set to itself":       func(b kyber.Point) kyber.Point { return b.Set(b) },
		} {
			same(name, func(a kyber.Point) kyber.Point { return op(a.Clone()) })
		}
		same("multiple", func(a kyber.Point) kyber.Point { return g.Point().Mul(s, a) })
		same("public multiple", func(a kyber.Point) kyber.Point {
			return g.MultiScalarMulVarTime([]kyber.Scalar{s}, []kyber.Point{a})
		})
		same("of a table", func(a kyber.Point) kyber.Point { return g.NewTable([]kyber.Point{a}).Mul(0, s) })
		same("overwritten", func(a kyber.Point) kyber.Point { b := a.Clone(); return b.Set(p) })
		same("remembered", func(a kyber.Point) kyber.Point {
			b := a.Clone()
			g.RememberPoints([]kyber.Point{b, g.Point().Sub(b, h)})
			require.True(t, b.(*Point).known)
			require.False(t, !a.(*Point).known && b.(*Point).halved)
			return b
		})
		same("remembered twice", func(a kyber.Point) kyber.Point {
			b := a.Clone()
			g.RememberPoints([]kyber.Point{b, b})
			return g.Point().Add(b, p)
		})
		for _, other := range append(halved, decoded(t, halved[0]), g.HashToPoint("other", nil)) {
			same("sum", func(a kyber.Point) kyber.Point { return g.Point().Add(a, other) })
			same("sum, other side", func(a kyber.Point) kyber.Point { return g.Point().Add(other, a) })
			same("difference", func(a kyber.Point) kyber.Point { return g.Point().Sub(a, other) })
			same("difference, other side", func(a kyber.Point) kyber.Point { return g.Point().Sub(other, a) })
			same("chosen", func(a kyber.Point) kyber.Point { return g.SelectSum([]uint8{1, 0, 1}, []kyber.Point{a, a, other}) })
			require.Equal(t, p.Equal(other), h.Equal(other))
			require.Equal(t, other.Equal(p), other.Equal(h))
		}
		require.NoError(t, h.Clone().UnmarshalBinary(encodePoint(t, p)))
	}
	many := make([]kyber.Scalar, strausMax+1)
	points := make([]kyber.Point, len(many))
	sum := g.Point()
	for i := range many {
		many[i], points[i] = random48(), halved[i%len(halved)]
		sum.Add(sum, g.Point().Mul(many[i], decoded(t, points[i])))
	}
	require.True(t, g.MultiScalarMulVarTime(many, points).Equal(sum), "buckets")
	require.True(t, g.MultiScalarMul(many, points).Equal(sum), "constant time")
	walked := 0
	step := halved[0]
	var want []uint64
	g.WalkVarTime(decoded(t, halved[1]), decoded(t, step), 5, func(_, key uint64) bool { want = append(want, key); return true })
	g.WalkVarTime(halved[1], step, 5, func(i, key uint64) bool { walked++; return key == want[i] })
	require.Equal(t, 5, walked)
}
