package p256

import (
	"bytes"
	"crypto/cipher"
	"crypto/elliptic"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/cloudflare/circl/group"
	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"
	"go.dedis.ch/kyber/v3/xof/blake2xb"

	"github.com/hanpyo/hanpyo/internal/reason"
)

var (
	_ kyber.Group  = Group{}
	_ kyber.Point  = (*Point)(nil)
	_ kyber.Scalar = (*Scalar)(nil)
)

func random(rng *rand.ChaCha8, n int) []byte {
	b := make([]byte, n)
	rng.Read(b)
	return b
}

func encodePoint(t testing.TB, p kyber.Point) []byte {
	b, err := p.MarshalBinary()
	require.NoError(t, err)
	return b
}

func encodeScalar(t testing.TB, s kyber.Scalar) []byte {
	b, err := s.MarshalBinary()
	require.NoError(t, err)
	return b
}

// TestMatchesCircl compares with circl's implementation of the group, which
// stands on crypto/elliptic, on random values.
func TestMatchesCircl(t *testing.T) {
	rounds := 600
	if testing.Short() {
		rounds /= 10
	}
	rng := rand.NewChaCha8([32]byte{1})
	oracle := group.P256
	samePoint := func(p kyber.Point, q group.Element) {
		want, err := q.MarshalBinaryCompress()
		require.NoError(t, err)
		if q.IsIdentity() {
			want = make([]byte, PointLen)
		}
		require.Equal(t, want, encodePoint(t, p))
	}
	sameScalar := func(s kyber.Scalar, u group.Scalar) {
		want, err := u.MarshalBinary()
		require.NoError(t, err)
		require.Equal(t, want, encodeScalar(t, s))
	}
	a, ao := NewPoint(), oracle.Identity()
	k, ko := new(Scalar), oracle.NewScalar()
	for range rounds {
		msg, wide := random(rng, 20), random(rng, 48)
		b, bo := Group{}.HashToPoint("test domain", msg), oracle.HashToElement(msg, []byte("test domain"))
		s, so := Group{}.ReduceScalar(wide), oracle.NewScalar().SetBigInt(new(big.Int).SetBytes(wide))
		samePoint(b, bo)
		sameScalar(s, so)
		p, q, r, u := NewPoint(), oracle.NewElement(), new(Scalar), oracle.NewScalar()
		samePoint(p.Add(a, b), q.Add(ao, bo))
		samePoint(p.Sub(a, b), q.Add(ao, oracle.NewElement().Neg(bo)))
		samePoint(p.Neg(b), q.Neg(bo))
		samePoint(p.Mul(s, nil), q.MulGen(so))
		samePoint(p.Mul(s, NewPoint().Base()), q)
		sameScalar(r.Add(k, s), u.Add(ko, so))
		sameScalar(r.Sub(k, s), u.Sub(ko, so))
		sameScalar(r.Neg(s), u.Neg(so))
		sameScalar(r.Inv(s), u.Inv(so))
		sameScalar(r.Mul(k, s), u.Mul(ko, so))
		samePoint(p.Mul(s, b), q.Mul(bo, so))
		decoded, err := Group{}.DecodePoint(encodePoint(t, p))
		require.NoError(t, err)
		samePoint(decoded, q)
		require.True(t, decoded.Equal(p) && p.Equal(decoded))
		require.False(t, decoded.Equal(b))
		require.False(t, decoded.Equal(NewPoint().Neg(decoded)))

		noise := random(rng, PointLen)
		noise[0] = 2 | noise[0]&1
		_, err = Group{}.DecodePoint(noise)
		require.Equal(t, oracle.NewElement().UnmarshalBinary(noise) == nil, err == nil, "%x", noise)
		a, ao, k, ko = p, q, r, u
	}
}

// TestEdges are the cases that addition formulas get wrong.
func TestEdges(t *testing.T) {
	zero, g := NewPoint(), NewPoint().Base()
	minus := NewPoint().Neg(g)
	one, minusOne := new(Scalar).One(), new(Scalar).SetInt64(-1)
	require.True(t, NewPoint().Add(g, minus).Equal(zero))
	require.True(t, NewPoint().Sub(g, g).Equal(zero))
	require.True(t, NewPoint().Add(zero, zero).Equal(zero))
	require.True(t, NewPoint().Add(zero, g).Equal(g))
	require.True(t, NewPoint().Sub(zero, g).Equal(minus))
	require.True(t, NewPoint().Neg(zero).Equal(zero))
	require.True(t, NewPoint().Add(g, g).Equal(NewPoint().Mul(new(Scalar).SetInt64(2), nil)))
	for _, q := range []kyber.Point{nil, g} {
		require.True(t, NewPoint().Mul(new(Scalar), q).Equal(zero))
		require.True(t, NewPoint().Mul(one, q).Equal(g))
		require.True(t, NewPoint().Mul(minusOne, q).Equal(minus))
	}
	require.True(t, NewPoint().Mul(minusOne, zero).Equal(zero))
	require.False(t, g.Equal(zero) || zero.Equal(g) || g.Equal(minus))
	require.Equal(t, make([]byte, PointLen), encodePoint(t, zero))
}

// TestP17PointEncodings is attack P17.
func TestP17PointEncodings(t *testing.T) {
	curve := elliptic.P256().Params()
	g := encodePoint(t, NewPoint().Base())
	p, err := Group{}.DecodePoint(g)
	require.NoError(t, err)
	require.True(t, p.Equal(NewPoint().Base()))
	p, err = Group{}.DecodePoint(make([]byte, PointLen))
	require.NoError(t, err)
	require.True(t, p.Equal(NewPoint()))

	prefix := func(b byte, x *big.Int) []byte { return append([]byte{b}, x.FillBytes(make([]byte, 32))...) }
	uncompressed := func(b byte) []byte {
		return append(prefix(b, curve.Gx), curve.Gy.FillBytes(make([]byte, 32))...)
	}
	offCurve := big.NewInt(0)
	for isAbscissa(offCurve.FillBytes(make([]byte, 32))) == 1 {
		offCurve.Add(offCurve, big.NewInt(1))
	}
	// An x below 2²⁵⁶ − p has a twin x + p, if it is on the curve.
	small := big.NewInt(0)
	for isAbscissa(small.FillBytes(make([]byte, 32))) == 0 {
		small.Add(small, big.NewInt(1))
	}
	_, err = Group{}.DecodePoint(prefix(2, small))
	require.NoError(t, err)
	all := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	for desc, b := range map[string][]byte{
		"nil":                     nil,
		"empty":                   {},
		"infinity of SEC 1":       {0},
		"infinity in 65 bytes":    make([]byte, 65),
		"infinity in 32 bytes":    make([]byte, 32),
		"infinity in 34 bytes":    make([]byte, 34),
		"off the curve":           prefix(2, offCurve),
		"off the curve, odd":      prefix(3, offCurve),
		"x = p":                   prefix(2, curve.P),
		"x + p":                   prefix(2, new(big.Int).Add(curve.P, small)),
		"x = 2²⁵⁶ − 1":            prefix(2, all),
		"prefix 0":                prefix(0, curve.Gx),
		"prefix 1":                prefix(1, curve.Gx),
		"prefix 4":                prefix(4, curve.Gx),
		"prefix 5":                prefix(5, curve.Gx),
		"hybrid prefix 6":         prefix(6, curve.Gx),
		"hybrid prefix 7":         prefix(7, curve.Gx),
		"uncompressed":            uncompressed(4),
		"hybrid 6":                uncompressed(6),
		"hybrid 7":                uncompressed(7),
		"uncompressed zero":       append([]byte{4}, make([]byte, 64)...),
		"uncompressed, 64 bytes":  uncompressed(4)[:64],
		"uncompressed, 66 bytes":  append(uncompressed(4), 0),
		"trailing byte":           append(bytes.Clone(g), 0),
		"one byte short":          g[:32],
		"zero x, compressed, odd": append([]byte{1}, make([]byte, 32)...),
	} {
		p, err := Group{}.DecodePoint(b)
		require.ErrorIs(t, err, reason.ErrEncoding, desc)
		require.Nil(t, p, desc)
		q := NewPoint().Base().(*Point)
		require.ErrorIs(t, q.UnmarshalBinary(b), reason.ErrEncoding, desc)
		require.True(t, q.Equal(NewPoint().Base()), "%s: receiver was written to", desc)
	}
}

// TestP05ScalarEncodings is attack P05.
func TestP05ScalarEncodings(t *testing.T) {
	require.Equal(t, elliptic.P256().Params().N, Group{}.Order())
	add := func(n int64) *big.Int { return new(big.Int).Add(order, big.NewInt(n)) }
	big32 := func(v *big.Int) []byte { return v.FillBytes(make([]byte, ScalarLen)) }
	for _, v := range []*big.Int{big.NewInt(0), big.NewInt(1), add(-1)} {
		s, err := Group{}.DecodeScalar(big32(v))
		require.NoError(t, err)
		require.Equal(t, big32(v), encodeScalar(t, s))
	}
	all := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	for _, v := range []*big.Int{order, add(1), add(math.MaxInt64), all} {
		_, err := Group{}.DecodeScalar(big32(v))
		require.ErrorIs(t, err, reason.ErrEncoding, "%v", v)
	}
	for n := range 66 {
		if n != ScalarLen {
			_, err := Group{}.DecodeScalar(make([]byte, n))
			require.ErrorIs(t, err, reason.ErrEncoding)
		}
	}
}

func TestScalarIntegers(t *testing.T) {
	value := func(s kyber.Scalar) *big.Int { return new(big.Int).SetBytes(encodeScalar(t, s)) }
	for _, v := range []int64{0, 1, -1, 2, 1 << 40, math.MaxInt64, math.MinInt64, math.MinInt64 + 1} {
		want := new(big.Int).Mod(big.NewInt(v), order)
		require.Zero(t, want.Cmp(value(new(Scalar).SetInt64(v))), "%d", v)
	}
	rng := rand.NewChaCha8([32]byte{3})
	for n := range 200 {
		for _, b := range [][]byte{random(rng, n), bytes.Repeat([]byte{0xff}, n)} {
			want := new(big.Int).SetBytes(b)
			require.Zero(t, want.Mod(want, order).Cmp(value(Group{}.ReduceScalar(b))), "%x", b)
		}
	}
	var s Scalar
	require.True(t, s.Inv(new(Scalar)).Equal(new(Scalar)))
	two, six := new(Scalar).SetInt64(2), new(Scalar).SetInt64(6)
	require.True(t, s.Div(six, two).Equal(new(Scalar).SetInt64(3)))
	require.True(t, six.Div(six, six).Equal(new(Scalar).One()), "aliased")
	require.True(t, six.Zero().Equal(new(Scalar)))
}

// TestHashToCurve holds the first vectors of RFC 9380, Appendix J.1.1.
func TestHashToCurve(t *testing.T) {
	const dst = "QUUX-V01-CS02-with-P256_XMD:SHA-256_SSWU_RO_"
	for msg, want := range map[string]string{
		"":                 "032c15230b26dbc6fc9a37051158c95b79656e17a1a920b11394ca91c44247d3e4",
		"abc":              "020bb8b87485551aa43ed54f009230450b492fead5f1cc91658775dac4a3388a0f",
		"abcdef0123456789": "0365038ac8f2b1def042a5df0b33b1f4eca6bff7cb0f9c6c1526811864e544ed80",
	} {
		require.Equal(t, want, Group{}.HashToPoint(dst, []byte(msg)).String())
	}
}

// TestAliases holds that receivers may be operands, and that operands which
// are not receivers stay as they are.
func TestAliases(t *testing.T) {
	p, q := Group{}.HashToPoint("alias", []byte{1}), Group{}.HashToPoint("alias", []byte{2})
	s := Group{}.ReduceScalar(random(rand.NewChaCha8([32]byte{4}), 48))
	before := append(encodePoint(t, p), encodePoint(t, q)...)
	for name, op := range map[string]func(r, a, b kyber.Point) kyber.Point{
		"add": func(r, a, b kyber.Point) kyber.Point { return r.Add(a, b) },
		"sub": func(r, a, b kyber.Point) kyber.Point { return r.Sub(a, b) },
		"neg": func(r, a, _ kyber.Point) kyber.Point { return r.Neg(a) },
		"mul": func(r, a, _ kyber.Point) kyber.Point { return r.Mul(s, a) },
	} {
		want := op(NewPoint(), p, q)
		a, b := p.Clone(), q.Clone()
		require.True(t, want.Equal(op(a, a, q)), name)
		require.True(t, want.Equal(op(b, p, b)), name)
		require.Equal(t, before, append(encodePoint(t, p), encodePoint(t, q)...), name)
	}
	p.Clone().Null()
	NewPoint().Set(p).Base()
	e := new(Scalar).Set(s)
	e.One()
	f := s.Clone()
	f.Zero()
	require.Equal(t, before[:PointLen], encodePoint(t, p))
	require.False(t, s.Equal(e) || s.Equal(f))
	g := NewPoint().Base()
	want := g.String()
	g.Add(p, p)
	require.Equal(t, want, NewPoint().Base().String(), "the generator was written to")
	require.True(t, NewPoint().Equal(NewPoint().Null()))
}

func TestStreams(t *testing.T) {
	p := Group{}.HashToPoint("stream", nil)
	s := Group{}.ReduceScalar([]byte("some scalar"))
	var buf bytes.Buffer
	n, err := p.MarshalTo(&buf)
	require.NoError(t, err)
	require.Equal(t, p.MarshalSize(), n)
	n, err = s.MarshalTo(&buf)
	require.NoError(t, err)
	require.Equal(t, s.MarshalSize(), n)
	p2, s2 := NewPoint(), new(Scalar)
	_, err = p2.UnmarshalFrom(&buf)
	require.NoError(t, err)
	_, err = s2.UnmarshalFrom(&buf)
	require.NoError(t, err)
	require.True(t, p2.Equal(p) && s2.Equal(s))
	_, err = p2.UnmarshalFrom(&buf)
	require.ErrorIs(t, err, io.EOF)
	_, err = s2.UnmarshalFrom(bytes.NewReader(make([]byte, 5)))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	_, err = p2.UnmarshalFrom(bytes.NewReader(bytes.Repeat([]byte{1}, 33)))
	require.ErrorIs(t, err, reason.ErrEncoding)
	_, err = s2.UnmarshalFrom(bytes.NewReader(bytes.Repeat([]byte{0xff}, 32)))
	require.ErrorIs(t, err, reason.ErrEncoding)

	stream := func() cipher.Stream { return blake2xb.New([]byte("seed")) }
	n, err = p2.UnmarshalFrom(blake2xb.New([]byte("seed")))
	require.NoError(t, err)
	require.Equal(t, -1, n)
	require.True(t, p2.Equal(NewPoint().Pick(stream())), "the stream decides alone")
	n, err = s2.UnmarshalFrom(blake2xb.New([]byte("seed")))
	require.NoError(t, err)
	require.Equal(t, -1, n)
	require.True(t, s2.Equal(new(Scalar).Pick(stream())))
}

func TestEmbedding(t *testing.T) {
	rng := rand.NewChaCha8([32]byte{5})
	require.Equal(t, EmbedLen, NewPoint().EmbedLen())
	for n := range EmbedLen + 10 {
		data := random(rng, n)
		want := data[:min(n, EmbedLen)]
		a, b := Group{}.EmbedLowest(data), Group{}.EmbedLowestVarTime(data)
		require.True(t, a.Equal(b))
		c := NewPoint().Embed(data, blake2xb.New(data))
		for _, p := range []kyber.Point{a, c} {
			got, err := p.Data()
			require.NoError(t, err)
			require.Equal(t, append([]byte{}, want...), append([]byte{}, got...))
		}
		_, err := NewPoint().Neg(a).Data()
		require.ErrorIs(t, err, reason.ErrEncoding)
	}
	_, err := NewPoint().Base().Data()
	require.ErrorIs(t, err, reason.ErrEncoding)
	_, err = NewPoint().Data()
	require.ErrorIs(t, err, reason.ErrEncoding)
	// Bytes behind the announced length.
	for counter := uint16(0); ; counter++ {
		var b [PointLen]byte
		candidate(&b, []byte("abc"), counter)
		b[20] = 7
		var p Point
		if p.UnmarshalBinary(b[:]) == nil {
			_, err := p.Data()
			require.ErrorIs(t, err, reason.ErrEncoding)
			break
		}
	}
}

// TestScalarsAreNeverPrinted is attack P89 for this package.
func TestScalarsAreNeverPrinted(t *testing.T) {
	s := new(Scalar)
	s.SetInt64(0x6b6e6f776e)
	holder := struct{ S kyber.Scalar }{s}
	byValue := struct{ S Scalar }{*s}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		require.Equal(t, "P-256 scalar (redacted)", fmt.Sprintf(verb, s), verb)
		require.Equal(t, "P-256 scalar (redacted)", fmt.Sprintf(verb, *s), verb)
		require.Contains(t, fmt.Sprintf(verb, byValue), "redacted", verb)
		require.Contains(t, fmt.Sprintf(verb, holder), "redacted", verb)
	}
	b, err := json.Marshal(holder)
	require.NoError(t, err)
	require.JSONEq(t, `{"S":{}}`, string(b))
}

func FuzzDecodePoint(f *testing.F) {
	f.Add(encodePoint(f, NewPoint()))
	f.Add(encodePoint(f, NewPoint().Base()))
	f.Add(append([]byte{2}, make([]byte, 32)...))
	f.Add(append([]byte{3}, bytes.Repeat([]byte{0xff}, 32)...))
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Group{}.DecodePoint(b)
		if err != nil {
			require.ErrorIs(t, err, reason.ErrEncoding)
			require.Nil(t, p)
			return
		}
		require.Equal(t, b, encodePoint(t, p))
		if !p.Equal(NewPoint()) {
			x, y := elliptic.UnmarshalCompressed(elliptic.P256(), b)
			require.NotNil(t, x)
			require.NotNil(t, y)
		}
		require.True(t, NewPoint().Sub(NewPoint().Add(p, p), p).Equal(p))
	})
}

func FuzzDecodeScalar(f *testing.F) {
	f.Add(make([]byte, 32))
	f.Add(encodeScalar(f, new(Scalar).SetInt64(-1)))
	f.Add(bytes.Repeat([]byte{0xff}, 32))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Group{}.DecodeScalar(b)
		if err != nil {
			require.ErrorIs(t, err, reason.ErrEncoding)
			require.Nil(t, s)
			return
		}
		require.Equal(t, b, encodeScalar(t, s))
	})
}

func BenchmarkPoint(b *testing.B) {
	s := Group{}.ReduceScalar(bytes.Repeat([]byte{0x5a}, 48))
	p := Group{}.HashToPoint("bench", nil)
	q := NewPoint().Mul(s, nil) // not normalised
	enc := encodePoint(b, p)
	dst := make([]byte, 0, PointLen)
	for name, op := range map[string]func(){
		"op=decode":    func() { Group{}.DecodePoint(enc) },
		"op=encode":    func() { q.(*Point).AppendBinary(dst) },
		"op=add":       func() { NewPoint().Add(p, p) },
		"op=mul":       func() { NewPoint().Mul(s, p) },
		"op=basemul":   func() { NewPoint().Mul(s, nil) },
		"op=hash":      func() { Group{}.HashToPoint("bench", enc) },
		"op=embed":     func() { Group{}.EmbedLowest(enc[:29]) },
		"op=scalarmul": func() { new(Scalar).Mul(s, s) },
		"op=scalarinv": func() { new(Scalar).Inv(s) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				op()
			}
		})
	}
}
