package ristretto255

import (
	"bytes"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"
)

// TestShorter: whichever of s and −s is shorter, around the lengths at which
// the answer changes.
func TestShorter(t *testing.T) {
	values := []*big.Int{new(big.Int), big.NewInt(1), new(big.Int).Rsh(order, 1)}
	for _, bit := range []uint{127, 128, 250, 251, 252} {
		values = append(values, new(big.Int).Lsh(big.NewInt(1), bit))
	}
	for _, v := range slices.Clone(values) {
		values = append(values, new(big.Int).Sub(order, v))
	}
	for _, v := range slices.Clone(values) {
		values = append(values, new(big.Int).Add(v, big.NewInt(1)), new(big.Int).Sub(v, big.NewInt(1)))
	}
	for _, v := range values {
		v.Mod(v, order)
		s := Group{}.ReduceScalar(v.Bytes()).(*Scalar)
		var out [ScalarLen]byte
		bits, negative := shorter(&out, &s.s)
		minus := new(big.Int).Sub(order, v)
		minus.Mod(minus, order)
		want := v
		if minus.BitLen() < v.BitLen() {
			want = minus
		}
		require.Equal(t, want != v, negative, v)
		require.Equal(t, want.BitLen(), bits, v)
		slices.Reverse(out[:])
		require.Zero(t, want.Cmp(new(big.Int).SetBytes(out[:])), v)
	}
}

// TestBuckets holds the bucket method against the plain sum, for points that
// were decoded and points that were computed, in buckets of one and of many.
func TestBuckets(t *testing.T) {
	g := Group{}
	for _, n := range []int{1, 2, 5, 300} {
		var scalars []kyber.Scalar
		var points []kyber.Point
		want := g.Point()
		for i := range n {
			s := g.Scalar().SetInt64(int64(i%7) - 3)
			if i%3 == 0 {
				s = g.ReduceScalar(bytes.Repeat([]byte{byte(i + 1)}, 48))
			}
			p := g.HashToPoint("test", []byte{byte(i / 2)}) // some stand twice
			switch i % 4 {
			case 1:
				p = decoded(t, p)
			case 2:
				p = g.Point()
			case 3:
				p = decoded(t, p)
				p.Neg(p)
			}
			scalars, points = append(scalars, s), append(points, p)
			want.Add(want, g.Point().Mul(s, p))
		}
		for name, sum := range map[string]extended{
			"pippenger": pippenger(scalars, points),
			"straus":    straus(scalars, points),
			"constant":  multiScalarMul(scalars, points),
		} {
			got := &Point{p: sum}
			require.True(t, got.Equal(want), "%s %d", name, n)
			require.Equal(t, encodePoint(t, want), encodePoint(t, got), "%s %d", name, n)
		}
	}
}

func decoded(t testing.TB, p kyber.Point) kyber.Point {
	q, err := Group{}.DecodePoint(encodePoint(t, p))
	require.NoError(t, err)
	return q
}

// TestEqualRemembers: equality is the same whether encodings are remembered or
// not.
func TestEqualRemembers(t *testing.T) {
	g := Group{}
	p, q := g.HashToPoint("test", []byte("p")), g.HashToPoint("test", []byte("q"))
	zero := g.Point().Sub(p, p)
	list := []kyber.Point{p, q, zero, decoded(t, p), decoded(t, q), decoded(t, zero), p.Clone(), g.Point(), new(Point).Null(), zero.Clone()}
	class := []int{0, 1, 2, 0, 1, 2, 0, 2, 2, 2}
	for i, p := range list { // and remembered ones
		q := p.Clone().(*Point)
		q.Remember()
		require.Equal(t, encodePoint(t, p), encodePoint(t, q))
		require.False(t, q.Add(q, g.Point().Base()).Equal(p), "a sum is not what was remembered")
		r := p.Clone().(*Point)
		r.Remember()
		list, class = append(list, r), append(class, class[i])
	}
	for i := range list {
		for j := range list {
			require.Equal(t, class[i] == class[j], list[i].Equal(list[j]), "%d %d", i, j)
		}
	}
}
