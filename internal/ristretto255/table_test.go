package ristretto255

import (
	"crypto/rand"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"
)

// tableScalars are where digits and their carries change, and random ones.
func tableScalars() (list []kyber.Scalar) {
	g := Group{}
	for _, v := range []int64{0, 1, 2, 7, 8, 9, 15, 16, 17, -1, -2, -8, -9, -16} {
		list = append(list, g.Scalar().SetInt64(v))
	}
	half := new(big.Int).Rsh(order, 1)
	list = append(list, g.ReduceScalar(half.Bytes()))
	for _, bit := range []uint{59, 64, 128, 250, 252} {
		v := new(big.Int).Lsh(big.NewInt(1), bit)
		list = append(list, g.ReduceScalar(v.Bytes()), g.ReduceScalar(v.Sub(v, big.NewInt(1)).Bytes()))
	}
	for digit := range byte(16) { // the same digit everywhere
		v := new(big.Int)
		for range 62 {
			v.Lsh(v, 4).Or(v, big.NewInt(int64(digit)))
		}
		list = append(list, g.ReduceScalar(v.Bytes()))
	}
	for range 20 {
		var b [48]byte
		rand.Read(b[:])
		list = append(list, g.ReduceScalar(b[:]))
	}
	return list
}

func TestSignedDigits(t *testing.T) {
	for _, s := range tableScalars() {
		digits := signedDigits(&s.(*Scalar).s)
		sum := new(big.Int)
		for i := len(digits) - 1; i >= 0; i-- {
			require.True(t, digits[i] >= -8 && digits[i] < 8, digits)
			sum.Lsh(sum, 4).Add(sum, big.NewInt(int64(digits[i])))
		}
		require.Equal(t, encodeScalar(t, s), encodeScalar(t, Group{}.ReduceScalar(sum.Bytes())))
		require.True(t, sum.Sign() >= 0 && sum.Cmp(order) < 0, "the integer itself, not only modulo the order")
	}
}

// TestTableRows holds every entry, of either sign, against a multiplication.
func TestTableRows(t *testing.T) {
	p := Group{}.HashToPoint("table", nil)
	unit := Group{}.Scalar().One()
	for i, row := range tableRows(p.(*Point).plain(), tableStep) {
		for digit := -mulSizes; digit <= mulSizes; digit++ {
			var q affinePoint
			row.choose(&q, int8(digit))
			got := NewPoint()
			got.write().addAffine(&q, 0)
			s := Group{}.Scalar().SetInt64(int64(digit))
			require.True(t, got.Equal(NewPoint().Mul(s.Mul(s, unit), p)), "row %d digit %d", i, digit)
		}
		unit.Mul(unit, Group{}.Scalar().SetInt64(1<<(mulBits*tableStep)))
	}
}

// TestTable holds the table against one multiplication after the other.
func TestTable(t *testing.T) {
	g := Group{}
	p := g.HashToPoint("table", []byte("p"))
	points := []kyber.Point{
		p, g.Point(), g.Point().Base(), p, g.Point().Neg(p), decoded(t, p),
		g.Point().Add(p, g.Point().Base()), g.Point().Add(p, torsion()),
	}
	table := g.NewTable(points)
	for _, s := range tableScalars() {
		before := encodeScalar(t, s)
		for i, q := range points {
			got, want := table.Mul(i, s), g.Point().Mul(s, q)
			require.True(t, got.Equal(want), "point %d", i)
			require.Equal(t, encodePoint(t, want), encodePoint(t, got), "point %d", i)
		}
		require.Equal(t, before, encodeScalar(t, s))
	}
	list := tableScalars()
	for at := 0; at+len(points) <= len(list); at++ {
		scalars := list[at : at+len(points)]
		require.True(t, table.Sum(scalars).Equal(g.MultiScalarMul(scalars, points)), at)
	}
	require.True(t, g.NewTable(nil).Sum(nil).Equal(g.Point()))

	// The table keeps nothing of its points.
	s, want := list[len(list)-1], g.Point().Mul(list[len(list)-1], p)
	p.Null()
	require.True(t, table.Mul(0, s).Equal(want))
}

func TestSelectSum(t *testing.T) {
	g := Group{}
	p := g.HashToPoint("table", []byte("p"))
	points := []kyber.Point{p, p, g.Point(), g.Point().Base(), g.Point().Neg(p), decoded(t, p)}
	for set := range 1 << len(points) {
		bits, want := make([]uint8, len(points)), g.Point()
		for i := range bits {
			bits[i] = uint8(set >> i & 1)
			if bits[i] == 1 {
				want.Add(want, points[i])
			}
		}
		require.True(t, g.SelectSum(bits, points).Equal(want), bits)
	}
}

func BenchmarkTable(b *testing.B) {
	g := Group{}
	var points []kyber.Point
	var scalars []kyber.Scalar
	for i := range 100 {
		points = append(points, g.HashToPoint("table", []byte{byte(i)}))
		var wide [48]byte
		rand.Read(wide[:])
		scalars = append(scalars, g.ReduceScalar(wide[:]))
	}
	table := g.NewTable(points)
	b.Run("build/n=100", func(b *testing.B) {
		for b.Loop() {
			g.NewTable(points)
		}
	})
	b.Run("mul/n=100", func(b *testing.B) {
		for b.Loop() {
			for i, s := range scalars {
				table.Mul(i, s)
			}
		}
	})
	b.Run("sum/n=100", func(b *testing.B) {
		for b.Loop() {
			table.Sum(scalars)
		}
	})
}
