package elgamal

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/internal/window"
)

// slowSum is the reference: one multiplication after the other.
func slowSum(g *Group, scalars []kyber.Scalar, points []kyber.Point) kyber.Point {
	sum := g.Point()
	for i := range scalars {
		sum.Add(sum, g.Point().Mul(scalars[i], points[i]))
	}
	return sum
}

// products are the ways to compute a sum of products, by name.
func products(g *Group) map[string]func([]kyber.Scalar, []kyber.Point) kyber.Point {
	return map[string]func([]kyber.Scalar, []kyber.Point) kyber.Point{
		"constant time": g.MultiScalarMul,
		"variable time": g.MultiScalarMulVarTime,
		"generic":       generic(g).MultiScalarMulVarTime,
		"buckets":       buckets(g),
	}
}

// generic returns the group without the sums of its own.
func generic(g *Group) *Group {
	without := *g
	without.codec = struct{ Codec }{g.codec}
	return &without
}

// buckets returns the generic bucket method, also where plain products are
// faster.
func buckets(g *Group) func([]kyber.Scalar, []kyber.Point) kyber.Point {
	return func(scalars []kyber.Scalar, points []kyber.Point) kyber.Point {
		short := g.shorten(scalars)
		c, _ := window.Width(len(scalars), short.maxBits, short.totalBits)
		return g.pippenger(short, c, points)
	}
}

func checkProducts(t *testing.T, g *Group, scalars []kyber.Scalar, points []kyber.Point) {
	t.Helper()
	want := slowSum(g, scalars, points)
	var before []byte
	for i := range points {
		before = g.AppendScalar(g.AppendPoint(before, points[i]), scalars[i])
	}
	for name, product := range products(g) {
		require.True(t, want.Equal(product(scalars, points)), "%s of %d", name, len(scalars))
	}
	var after []byte
	for i := range points {
		after = g.AppendScalar(g.AppendPoint(after, points[i]), scalars[i])
	}
	require.Equal(t, before, after, "inputs were written to")
}

// testPoint and testScalar are cheap pseudo-random values.
func testScalar(g *Group, rng *rand.Rand, bits int) kyber.Scalar {
	b := make([]byte, 48)
	for i := 0; i < len(b); i += 8 {
		binary.BigEndian.PutUint64(b[i:], rng.Uint64())
	}
	v := new(big.Int).SetBytes(b)
	v.Mod(v, new(big.Int).Lsh(big.NewInt(1), uint(bits)))
	return g.ReduceScalar(v.Bytes())
}

func testPoints(g *Group, rng *rand.Rand, n int) []kyber.Point {
	points := make([]kyber.Point, n)
	p, step := g.Point().Mul(testScalar(g, rng, 252), nil), g.Point().Mul(testScalar(g, rng, 252), nil)
	for i := range points {
		points[i] = p.Clone()
		p.Add(p, step)
	}
	return points
}

func TestMultiScalarMulMatchesReference(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		rng := rand.New(rand.NewPCG(1, 2))
		sizes := []int{0, 1, 2, 3, 33, 128, 129, 200}
		if testing.Short() {
			sizes = sizes[:5]
		}
		for _, n := range sizes {
			for _, bits := range []int{1, 64, 128, 252} {
				points := testPoints(g, rng, n)
				scalars := make([]kyber.Scalar, n)
				for i := range scalars {
					scalars[i] = testScalar(g, rng, bits)
					if rng.IntN(4) == 0 {
						scalars[i].Neg(scalars[i])
					}
				}
				checkProducts(t, g, scalars, points)
			}
		}
	})
}

func TestMultiScalarMulEdges(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		p := g.HashToPoint("test", []byte("p"))
		points := []kyber.Point{g.Point(), g.Base(), p, g.Point().Neg(p)}
		half := new(big.Int).Rsh(g.Order(), 1)
		scalars := []kyber.Scalar{
			g.Scalar(), g.Int64Scalar(1), g.Int64Scalar(-1), g.Int64Scalar(2),
			g.ReduceScalar(half.Bytes()),                                      // (q−1)/2
			g.ReduceScalar(half.Add(half, big.NewInt(1)).Bytes()),             // (q+1)/2
			g.ReduceScalar(new(big.Int).Lsh(big.NewInt(1), 128).Bytes()),      // 2¹²⁸
			g.ReduceScalar(new(big.Int).Lsh(big.NewInt(0xffff), 200).Bytes()), // a run of ones
		}
		var allS []kyber.Scalar
		var allP []kyber.Point
		for _, s := range scalars {
			for _, q := range points {
				checkProducts(t, g, []kyber.Scalar{s}, []kyber.Point{q})
				allS, allP = append(allS, s), append(allP, q)
			}
		}
		checkProducts(t, g, allS, allP)
		// Equal points, more than any threshold between algorithms.
		for len(allP) < 200 {
			allS, allP = append(allS, allS[len(allS)%7], g.Int64Scalar(-1)), append(allP, p, p)
		}
		checkProducts(t, g, allS, allP)
		for i := range allS {
			allS[i] = g.Scalar()
		}
		checkProducts(t, g, allS, allP)
	})
}

func TestMultiScalarMulPanicsOnLengths(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		s, p := []kyber.Scalar{g.Scalar()}, []kyber.Point{g.Base()}
		for _, product := range products(g) {
			require.True(t, g.IsIdentity(product(s, p)))
		}
		require.Panics(t, func() { g.MultiScalarMul(s, nil) })
		require.Panics(t, func() { g.MultiScalarMul(nil, p) })
		require.Panics(t, func() { g.MultiScalarMulVarTime(s, nil) })
		require.Panics(t, func() { g.MultiScalarMulVarTime(nil, p) })
	})
}

// FuzzMultiScalarMul reads scalars of chosen length on few distinct points, so
// that equal points, opposites and the identity meet in buckets.
func FuzzMultiScalarMul(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x00\x01\x01\x01\x02\xff\xff"))
	f.Add(make([]byte, 600))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, g := range []*Group{Ristretto255(), P256()} {
			base := []kyber.Point{g.Point(), g.Base(), g.Point().Neg(g.Base()), g.Generator("fuzz", 0)}
			var scalars []kyber.Scalar
			var points []kyber.Point
			for rest := b; len(rest) > 0 && len(scalars) < 300; {
				n := min(int(rest[0]>>3), len(rest)-1)
				s := g.ReduceScalar(rest[1 : 1+n])
				if rest[0]&4 != 0 {
					s.Neg(s)
				}
				scalars, points = append(scalars, s), append(points, base[rest[0]&3])
				rest = rest[1+n:]
			}
			want := slowSum(g, scalars, points)
			require.True(t, want.Equal(g.MultiScalarMulVarTime(scalars, points)))
			require.True(t, want.Equal(generic(g).MultiScalarMulVarTime(scalars, points)))
			require.True(t, want.Equal(buckets(g)(scalars, points)))
			sum := sumWith(g, 1+len(b)%17)
			for i := range scalars {
				sum.Add(scalars[i], points[i])
			}
			require.True(t, want.Equal(sum.Value()))
		}
	})
}

func BenchmarkMultiScalarMul(b *testing.B) {
	for _, g := range []*Group{Ristretto255(), P256()} {
		for _, bits := range []int{128, 253} {
			for _, n := range []int{100, 1000, 10_000, 100_000} {
				b.Run(fmt.Sprintf("group=%s/bits=%d/n=%d", g.Name(), bits, n), func(b *testing.B) {
					rng := rand.New(rand.NewPCG(3, 4))
					points := testPoints(g, rng, n)
					scalars := make([]kyber.Scalar, n)
					for i := range scalars {
						scalars[i] = testScalar(g, rng, bits)
					}
					for b.Loop() {
						g.MultiScalarMulVarTime(scalars, points)
					}
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/point")
				})
			}
		}
	}
}
