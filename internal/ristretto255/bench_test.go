package ristretto255

import (
	"fmt"
	"testing"

	"filippo.io/edwards25519"
	"go.dedis.ch/kyber/v3"
)

// BenchmarkUnit is what all others are to be divided by, in the same run.
func BenchmarkUnit(b *testing.B) {
	s := random48().(*Scalar).s
	p := edwards25519.NewGeneratorPoint()
	for b.Loop() {
		p.ScalarMult(&s, p)
	}
}

func benchmarkTerms(n int) (scalars, short []kyber.Scalar, points []kyber.Point, encodings []byte) {
	g := Group{}
	p := g.HashToPoint("bench", nil)
	var list []kyber.Point
	for range n {
		q := g.Point().Add(p, g.Point().Base())
		list = append(list, q)
		p = q
	}
	g.RememberPoints(list)
	for _, q := range list {
		s := random48()
		b, _ := s.MarshalBinary()
		scalars, short = append(scalars, s), append(short, g.ReduceScalar(b[:16]))
		encodings = append(encodings, q.(*Point).encoding[:]...)
	}
	points, err := g.DecodePoints(encodings)
	if err != nil {
		panic(err)
	}
	return scalars, short, points, encodings
}

func BenchmarkMultiScalarMulVarTime(b *testing.B) {
	for _, n := range []int{1, 8, 64, 128, 256, 1000, 10_000, 100_000} {
		scalars, short, points, _ := benchmarkTerms(n)
		b.Run(fmt.Sprintf("bits=253/n=%d", n), func(b *testing.B) {
			for b.Loop() {
				Group{}.MultiScalarMulVarTime(scalars, points)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/point")
		})
		b.Run(fmt.Sprintf("bits=128/n=%d", n), func(b *testing.B) {
			for b.Loop() {
				Group{}.MultiScalarMulVarTime(short, points)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/point")
		})
	}
}

func BenchmarkPoints(b *testing.B) {
	g := Group{}
	scalars, _, points, encodings := benchmarkTerms(8)
	b.Run("decode/n=1", func(b *testing.B) {
		for b.Loop() {
			g.DecodePoint(encodings[:PointLen])
		}
	})
	for _, n := range []int{2, 4, 6, 8} {
		b.Run(fmt.Sprintf("decode/n=%d", n), func(b *testing.B) {
			for b.Loop() {
				g.DecodePoints(encodings[:n*PointLen])
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/point")
		})
	}
	b.Run("encode/n=1", func(b *testing.B) {
		p := g.Point().Add(points[0], points[1])
		for b.Loop() {
			p.MarshalBinary()
		}
	})
	b.Run("multiply", func(b *testing.B) {
		for b.Loop() {
			g.Point().Mul(scalars[0], points[0])
		}
	})
	b.Run("base", func(b *testing.B) {
		for b.Loop() {
			g.Point().Mul(scalars[0], nil)
		}
	})
	table := g.NewTable(points)
	b.Run("table", func(b *testing.B) {
		for b.Loop() {
			table.Mul(0, scalars[0])
		}
	})
	b.Run("table sum/n=8", func(b *testing.B) {
		for b.Loop() {
			table.Sum(scalars)
		}
	})
}

func BenchmarkField(b *testing.B) {
	v, w := element{1, 2, 3, 4}, element{5, 6, 7, 8}
	b.Run("multiply", func(b *testing.B) {
		for b.Loop() {
			v.multiply(&v, &w)
		}
	})
	b.Run("square", func(b *testing.B) {
		for b.Loop() {
			v.square(&v)
		}
	})
	e, q := generator, projectivePoint{}
	q.set(&generator)
	b.Run("add affine", func(b *testing.B) {
		for b.Loop() {
			e.addAffine(&q.affinePoint, 0)
		}
	})
	b.Run("add", func(b *testing.B) {
		for b.Loop() {
			e.add(&q)
		}
	})
	b.Run("double", func(b *testing.B) {
		for b.Loop() {
			e.doubleTimes(1)
		}
	})
	row := tableRows(&generator, baseStep)[0]
	b.Run("choose", func(b *testing.B) {
		for b.Loop() {
			row.choose(&q.affinePoint, 7)
		}
	})
}
