package ristretto255

import (
	"crypto/rand"
	"math/big"
	"testing"

	"filippo.io/edwards25519"
	"filippo.io/edwards25519/field"
	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// The slow reference of curve and field are filippo.io/edwards25519 and
// math/big.

// reference returns p as a point of the other implementation, which also checks
// that it is on the curve and T belongs to it.
func reference(t testing.TB, p kyber.Point) *edwards25519.Point {
	convert := func(v element) *field.Element {
		b := v.bytes()
		u, err := new(field.Element).SetBytes(b[:])
		require.NoError(t, err)
		return u
	}
	e := *p.(*Point).plain()
	q, err := new(edwards25519.Point).SetExtendedCoordinates(convert(e.x), convert(e.y), convert(e.z), convert(e.t))
	require.NoError(t, err)
	return q
}

// torsion is (i, 0), which has order 4 and generates E[4] on the curve: another
// form of the identity.
func torsion() *Point { return &Point{p: extended{x: sqrtM1, z: one}} }

var prime = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))

func (v *element) big() *big.Int {
	n := new(big.Int)
	for i := 3; i >= 0; i-- {
		n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(v[i]))
	}
	return n.Mod(n, prime)
}

// edges are numbers around which carries change, in forms below and above p.
func edges() (list []element) {
	top := ^uint64(0)
	for _, low := range []uint64{0, 1, 2, 18, 19, 20, 37, 38, 39, top - 38, top - 37, top - 36, top - 19, top - 18, top - 17, top - 1, top} {
		list = append(list, element{low}, element{low, top, top, top}, element{low, top, top, top >> 1},
			element{low, 0, 0, 1 << 63}, element{low, 0, 0, top >> 1}, element{0, low, low, low}, element{low, low, low, low})
	}
	return list
}

func holdField(t testing.TB, a, b element) {
	x, y := a.big(), b.big()
	equal := func(want *big.Int, got element, what string) {
		t.Helper()
		require.Zero(t, want.Mod(want, prime).Cmp(got.big()), "%s %x %x", what, a, b)
	}
	var v, w element
	v.add(&a, &b)
	equal(new(big.Int).Add(x, y), v, "add")
	v.subtract(&a, &b)
	equal(new(big.Int).Sub(x, y), v, "subtract")
	addSubtract(&v, &w, &a, &b)
	equal(new(big.Int).Add(x, y), v, "sum")
	equal(new(big.Int).Sub(x, y), w, "difference")
	v.multiply(&a, &b)
	equal(new(big.Int).Mul(x, y), v, "multiply")
	v.square(&a)
	equal(new(big.Int).Mul(x, x), v, "square")
	v.negate(&a)
	equal(new(big.Int).Neg(x), v, "negate")
	v.choose(&a, &b, 0)
	require.Equal(t, b, v)
	v.choose(&a, &b, ^uint64(0))
	require.Equal(t, a, v)
	require.Equal(t, x.Cmp(y) == 0, a.equal(&b) != 0, "equal %x %x", a, b)
	require.Equal(t, x.Bit(0) == 1, a.isNegative() != 0, "isNegative %x", a)
	v.absolute(&a)
	require.Zero(t, v.isNegative())
	bytes := a.bytes()
	want := x.FillBytes(make([]byte, 32))
	for i := range bytes {
		require.Equal(t, want[31-i], bytes[i], "bytes %x", a)
	}
	v.setBytes(&bytes)
	equal(new(big.Int).Set(x), v, "setBytes")
	for _, mask := range []uint64{0, ^uint64(0)} {
		q := affinePoint{sides: [2]element{a, b}, xy2d: a}
		q.negateIf(mask)
		if mask == 0 {
			require.Equal(t, affinePoint{sides: [2]element{a, b}, xy2d: a}, q)
		} else {
			require.Equal(t, [2]element{b, a}, q.sides)
			equal(new(big.Int).Neg(x), q.xy2d, "negateIf")
		}
	}
	// The receiver may be an argument.
	v, w = a, b
	v.multiply(&v, &w)
	w.multiply(&a, &w)
	require.Equal(t, v, w)
	v, w = a, b
	addSubtract(&w, &v, &v, &w)
	equal(new(big.Int).Add(x, y), w, "sum in place")
	equal(new(big.Int).Sub(x, y), v, "difference in place")
}

func TestField(t *testing.T) {
	list := edges()
	for _, a := range list {
		for _, b := range list {
			holdField(t, a, b)
		}
	}
	var inverse, product element
	for _, a := range list {
		inverse.invert(&a)
		product.multiply(&inverse, &a)
		if a.big().Sign() == 0 {
			require.Zero(t, inverse.big().Sign())
		} else {
			require.Zero(t, product.big().Cmp(big.NewInt(1)))
		}
	}
}

// TestRoots holds square roots, side by side in every number of lanes, against
// the other implementation.
func TestRoots(t *testing.T) {
	list := edges()
	list = append(list, one, minusOne, sqrtM1, d)
	for n := 1; n <= lanes; n++ {
		for at := 0; at+n < len(list); at += n {
			u, v := list[at:at+n], list[at+1:at+n+1]
			r, squares := make([]element, n), make([]uint64, n)
			roots(r, u, v, squares)
			for i := range r {
				ub, vb, rb := u[i].bytes(), v[i].bytes(), r[i].bytes()
				fu, _ := new(field.Element).SetBytes(ub[:])
				fv, _ := new(field.Element).SetBytes(vb[:])
				want, square := new(field.Element).SqrtRatio(fu, fv)
				require.Equal(t, want.Bytes(), rb[:])
				require.Equal(t, square == 1, squares[i] == ^uint64(0))
				require.Equal(t, square == 0, squares[i] == 0)
			}
		}
	}
}

func FuzzField(f *testing.F) {
	for _, a := range edges()[:20] {
		f.Add(a[0], a[1], a[2], a[3], a[3], a[2], a[1], a[0])
	}
	f.Fuzz(func(t *testing.T, a0, a1, a2, a3, b0, b1, b2, b3 uint64) {
		holdField(t, element{a0, a1, a2, a3}, element{b0, b1, b2, b3})
	})
}

// TestCurve holds the formulas against the other implementation, in the cases
// that are special for other formulas too.
func TestCurve(t *testing.T) {
	g := Group{}
	p, q := g.HashToPoint("curve", []byte("p")), g.HashToPoint("curve", []byte("q"))
	list := []kyber.Point{g.Point(), g.Point().Base(), p, q, g.Point().Neg(p), torsion(), g.Point().Add(p, torsion()),
		g.Point().Add(torsion(), torsion()), decoded(t, p), g.Point().Add(p, p)}
	require.Equal(t, 1, reference(t, g.Point().Base()).Equal(edwards25519.NewGeneratorPoint()))
	same := func(want *edwards25519.Point, got kyber.Point) {
		t.Helper()
		require.Equal(t, 1, want.Equal(reference(t, got)))
	}
	for _, a := range list {
		ra := reference(t, a)
		same(new(edwards25519.Point).Negate(ra), g.Point().Neg(a))
		for n := range 4 {
			got := &Point{p: *a.(*Point).plain()}
			got.p.doubleTimes(n + 1)
			want := ra
			for range n + 1 {
				want = new(edwards25519.Point).Add(want, want)
			}
			same(want, got)
		}
		for _, b := range list {
			rb := reference(t, b)
			same(new(edwards25519.Point).Add(ra, rb), g.Point().Add(a, b))
			same(new(edwards25519.Point).Subtract(ra, rb), g.Point().Sub(a, b))
			c := b.Clone()
			same(new(edwards25519.Point).Subtract(ra, rb), c.Sub(a, c))
			affine := affinePoints([]*extended{b.(*Point).plain()})
			sum, difference := &Point{p: *a.(*Point).plain()}, &Point{p: *a.(*Point).plain()}
			sum.p.addAffine(&affine[0], 0)
			same(new(edwards25519.Point).Add(ra, rb), sum)
			difference.p.addAffine(&affine[0], 1)
			same(new(edwards25519.Point).Subtract(ra, rb), difference)
			var alone Point
			alone.p.setAffine(&affine[0], 0)
			same(rb, &alone)
			alone.p.setAffine(&affine[0], 1)
			same(new(edwards25519.Point).Negate(rb), &alone)
		}
		for _, s := range tableScalars() {
			var point edwards25519.Point
			same(point.ScalarMult(&s.(*Scalar).s, ra), g.Point().Mul(s, a))
		}
	}
	for _, s := range tableScalars() {
		same(new(edwards25519.Point).ScalarBaseMult(&s.(*Scalar).s), g.Point().Mul(s, nil))
	}
}

// TestDecodePoints: many together are decoded as one by one.
func TestDecodePoints(t *testing.T) {
	g := Group{}
	var b []byte
	for n := range 3*lanes + 2 {
		points, err := g.DecodePoints(b)
		require.NoError(t, err)
		require.Len(t, points, n)
		for i, p := range points {
			want, err := g.DecodePoint(b[i*PointLen : (i+1)*PointLen])
			require.NoError(t, err)
			require.True(t, want.Equal(p))
			require.Equal(t, *want.(*Point), *p.(*Point))
		}
		for i := range n {
			bad := append([]byte(nil), b...)
			bad[i*PointLen] ^= 1 // odd, so negative
			_, err := g.DecodePoints(bad)
			require.ErrorIs(t, err, errPoint)
		}
		next := g.Point()
		if n%5 != 0 {
			next = g.HashToPoint("decode", []byte{byte(n)})
		}
		b = append(b, encodePoint(t, next)...)
	}
	for _, cut := range [][]byte{b[1:], b[:len(b)-1], append(b[:len(b):len(b)], 0), make([]byte, 1)} {
		points, err := g.DecodePoints(cut)
		require.ErrorIs(t, err, reason.ErrEncoding, "%d bytes", len(cut))
		require.Nil(t, points)
	}
}

// TestRememberPoints: as one by one.
func TestRememberPoints(t *testing.T) {
	g := Group{}
	var list []kyber.Point
	for n := range 2*lanes + 3 {
		fresh := make([]kyber.Point, n)
		for i, p := range list {
			fresh[i] = p.Clone()
		}
		g.RememberPoints(fresh)
		for i, p := range fresh {
			require.True(t, p.(*Point).known)
			require.Equal(t, encodePoint(t, list[i]), encodePoint(t, p))
		}
		p := g.HashToPoint("remember", []byte{byte(n)})
		if n%4 == 1 {
			p = decoded(t, p)
		}
		list = append(list, p)
	}
	// A foreign point panics, and leaves no encoding that was not computed.
	p := list[0].Clone()
	require.Panics(t, func() { g.RememberPoints([]kyber.Point{p, nil}) })
	require.Equal(t, encodePoint(t, list[0]), encodePoint(t, p))
}

// FuzzMultiScalarMul holds every way to compute a sum of products against the
// plain sum of the other implementation. A byte pair is a term: its kind of
// scalar, and its point.
func FuzzMultiScalarMul(f *testing.F) {
	f.Add([]byte{}, uint8(0))
	f.Add([]byte{0, 0}, uint8(0))
	f.Add([]byte{1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6}, uint8(7))
	f.Add([]byte{7, 1, 7, 1, 7, 2, 0x37, 0x11}, uint8(99))
	f.Add([]byte("\xff9"), uint8(31)) // torsion times a scalar whose negative is shorter
	g := Group{}
	base := []kyber.Point{g.Point(), g.Point().Base(), g.HashToPoint("msm", nil), torsion()}
	base = append(base, decoded(f, base[2]), g.Point().Neg(base[2]))
	f.Fuzz(func(t *testing.T, terms []byte, seed uint8) {
		var scalars []kyber.Scalar
		var points []kyber.Point
		want := edwards25519.NewIdentityPoint()
		for i := 0; i+1 < min(len(terms), 400); i += 2 {
			s := g.Scalar()
			wide := []byte{terms[i], seed, byte(i), 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, terms[i], seed, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
			switch terms[i] % 6 {
			case 0:
				s.SetInt64(int64(terms[i]/6) - 20) // 0, 1, −1 …
			case 1:
				s = g.ReduceScalar(wide[:16])
			case 2:
				s.Neg(g.ReduceScalar(wide[:16]))
			default:
				s = g.ReduceScalar(wide)
			}
			p := base[int(terms[i+1])%len(base)]
			if terms[i+1] > 200 {
				p = g.Point().Add(p, base[2])
			}
			scalars, points = append(scalars, s), append(points, p)
			want.Add(want, new(edwards25519.Point).ScalarMult(&s.(*Scalar).s, reference(t, p)))
		}
		table := g.NewTable(points)
		for name, got := range map[string]kyber.Point{
			"buckets":  &Point{p: pippenger(scalars, points)},
			"windows":  &Point{p: straus(scalars, points)},
			"chosen":   g.MultiScalarMulVarTime(scalars, points),
			"constant": g.MultiScalarMul(scalars, points),
			"table":    table.Sum(scalars),
		} {
			// The same element: what multiplies by −s the negative of a point ends at
			// another point of the coset if that has torsion.
			difference := new(edwards25519.Point).Subtract(want, reference(t, got))
			difference.MultByCofactor(difference)
			require.Equal(t, 1, difference.Equal(edwards25519.NewIdentityPoint()), name)
		}
	})
}

func random48() kyber.Scalar {
	var b [48]byte
	rand.Read(b[:])
	return Group{}.ReduceScalar(b[:])
}
