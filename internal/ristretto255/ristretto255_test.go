package ristretto255

import (
	"bytes"
	"crypto/cipher"
	"encoding/binary"
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

// encodePoint encodes p, and holds that the encoding which a point remembers
// from its decoding is the one that follows from its coordinates.
func encodePoint(t testing.TB, p kyber.Point) []byte {
	b, err := p.MarshalBinary()
	require.NoError(t, err)
	var computed Point
	computed.p = *p.(*Point).plain()
	fresh, err := computed.MarshalBinary()
	require.NoError(t, err)
	require.Equal(t, fresh, b, "remembered encoding")
	return b
}

func encodeScalar(t testing.TB, s kyber.Scalar) []byte {
	b, err := s.MarshalBinary()
	require.NoError(t, err)
	return b
}

// pair is one value in both implementations.
type pair struct {
	p kyber.Point
	q group.Element
	s kyber.Scalar
	u group.Scalar
}

// TestMatchesCircl compares with circl's implementation of the group on random
// values: what is computed from them by both must be encoded alike.
func TestMatchesCircl(t *testing.T) {
	const perRound = 14
	rounds := 100_000/perRound + 1
	if testing.Short() {
		rounds /= 10
	}
	rng := rand.NewChaCha8([32]byte{1})
	oracle := group.Ristretto255
	operations := 0
	samePoint := func(p kyber.Point, q group.Element) {
		want, err := q.MarshalBinary()
		if err != nil || !bytes.Equal(want, encodePoint(t, p)) {
			require.Equal(t, want, encodePoint(t, p), "operation %d", operations)
		}
		operations++
	}
	sameScalar := func(s kyber.Scalar, u group.Scalar) {
		want, err := u.MarshalBinary()
		if err != nil || !bytes.Equal(want, encodeScalar(t, s)) {
			require.Equal(t, want, encodeScalar(t, s), "operation %d", operations)
		}
		operations++
	}
	fresh := func() (v pair) {
		msg := random(rng, 20)
		v.p, v.q = Group{}.HashToPoint("test domain", msg), oracle.HashToElement(msg, []byte("test domain"))
		wide := random(rng, 48)
		v.s = Group{}.ReduceScalar(wide)
		v.u = oracle.NewScalar().SetBigInt(new(big.Int).SetBytes(wide))
		return v
	}
	a := fresh()
	for range rounds {
		b := fresh()
		samePoint(b.p, b.q)  // hash-to-group
		sameScalar(b.s, b.u) // reduction
		p, q, s, u := NewPoint(), oracle.NewElement(), new(Scalar), oracle.NewScalar()
		samePoint(p.Add(a.p, b.p), q.Add(a.q, b.q))
		samePoint(p.Sub(a.p, b.p), q.Add(a.q, oracle.NewElement().Neg(b.q)))
		samePoint(p.Neg(b.p), q.Neg(b.q))
		samePoint(p.Mul(b.s, nil), q.MulGen(b.u))
		sameScalar(s.Add(a.s, b.s), u.Add(a.u, b.u))
		sameScalar(s.Sub(a.s, b.s), u.Sub(a.u, b.u))
		sameScalar(s.Mul(a.s, b.s), u.Mul(a.u, b.u))
		sameScalar(s.Neg(b.s), u.Neg(b.u))
		sameScalar(s.Inv(b.s), u.Inv(b.u))
		samePoint(p.Mul(b.s, a.p), q.Mul(a.q, b.u))
		// Decoding of what the other encoded, and of noise.
		enc, err := q.MarshalBinary()
		require.NoError(t, err)
		decoded, err := Group{}.DecodePoint(enc)
		require.NoError(t, err)
		samePoint(decoded, q)
		noise := random(rng, PointLen)
		noise[0] &^= 1
		noise[31] &= 0x7f
		noisy := oracle.NewElement()
		_, err = Group{}.DecodePoint(noise)
		require.Equal(t, noisy.UnmarshalBinary(noise) == nil, err == nil, "%x", noise)
		operations++
		a = pair{p: decoded, q: q, s: s, u: u}
	}
	if !testing.Short() {
		require.GreaterOrEqual(t, operations, 100_000)
	}
}

// TestEqualityIsOfTheQuotient adds 4-torsion to representatives: the element
// and its encoding stay the same, the points of the curve do not.
func TestEqualityIsOfTheQuotient(t *testing.T) {
	rng := rand.NewChaCha8([32]byte{2})
	points := []kyber.Point{NewPoint(), NewPoint().Base()}
	for range 50 {
		points = append(points, Group{}.HashToPoint("torsion", random(rng, 8)))
	}
	for i, p := range points {
		q := p.Clone().(*Point)
		for range 3 {
			q.Add(q, torsion())
			require.Equal(t, 0, reference(t, q).Equal(reference(t, p)), "the representative has changed")
			require.True(t, p.Equal(q) && q.Equal(p))
			require.Equal(t, encodePoint(t, p), encodePoint(t, q))
		}
		other := points[(i+1)%len(points)]
		require.False(t, q.Equal(other))
		require.False(t, other.Equal(q))
		if i > 0 {
			require.False(t, q.Equal(NewPoint().Neg(q)))
		}
	}
}

// TestP05ScalarEncodings is attack P05.
func TestP05ScalarEncodings(t *testing.T) {
	little := func(v *big.Int) []byte {
		b := v.FillBytes(make([]byte, ScalarLen))
		for i := range 16 {
			b[i], b[31-i] = b[31-i], b[i]
		}
		return b
	}
	q := Group{}.Order()
	add := func(n int64) *big.Int { return new(big.Int).Add(q, big.NewInt(n)) }
	for _, v := range []*big.Int{big.NewInt(0), big.NewInt(1), add(-1)} {
		s, err := Group{}.DecodeScalar(little(v))
		require.NoError(t, err)
		require.Equal(t, little(v), encodeScalar(t, s))
	}
	all := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	for _, v := range []*big.Int{q, add(1), add(math.MaxInt64), new(big.Int).Lsh(big.NewInt(1), 255), all} {
		_, err := Group{}.DecodeScalar(little(v))
		require.ErrorIs(t, err, reason.ErrEncoding, "%v", v)
	}
	for n := range 66 {
		if n != ScalarLen {
			_, err := Group{}.DecodeScalar(make([]byte, n))
			require.ErrorIs(t, err, reason.ErrEncoding)
			require.ErrorContains(t, err, fmt.Sprintf("scalar of %d bytes", n))
			_, err = Group{}.DecodePoint(make([]byte, n))
			require.ErrorIs(t, err, reason.ErrEncoding)
		}
	}
	_, err := Group{}.DecodePoint(nil)
	require.ErrorIs(t, err, reason.ErrEncoding)
}

func TestScalarIntegers(t *testing.T) {
	q := Group{}.Order()
	require.Equal(t, "7237005577332262213973186563042994240857116359379907606001950938285454250989", q.String())
	value := func(s kyber.Scalar) *big.Int {
		b := encodeScalar(t, s)
		for i := range 16 {
			b[i], b[31-i] = b[31-i], b[i]
		}
		return new(big.Int).SetBytes(b)
	}
	for _, v := range []int64{0, 1, -1, 2, 1 << 40, math.MaxInt64, math.MinInt64, math.MinInt64 + 1} {
		want := new(big.Int).Mod(big.NewInt(v), q)
		require.Zero(t, want.Cmp(value(new(Scalar).SetInt64(v))), "%d", v)
	}
	rng := rand.NewChaCha8([32]byte{3})
	for n := range 200 {
		for _, b := range [][]byte{random(rng, n), bytes.Repeat([]byte{0xff}, n)} {
			want := new(big.Int).SetBytes(b)
			require.Zero(t, want.Mod(want, q).Cmp(value(Group{}.ReduceScalar(b))), "%x", b)
			le := append([]byte(nil), b...)
			for i := range n / 2 {
				le[i], le[n-1-i] = le[n-1-i], le[i]
			}
			require.True(t, Group{}.ReduceScalar(b).Equal(new(Scalar).SetBytes(le)))
		}
	}
	var s Scalar
	require.True(t, s.Inv(new(Scalar)).Equal(new(Scalar)))
	two, six := new(Scalar).SetInt64(2), new(Scalar).SetInt64(6)
	require.True(t, s.Div(six, two).Equal(new(Scalar).SetInt64(3)))
	require.True(t, six.Div(six, six).Equal(new(Scalar).One()), "aliased")
}

// TestAliases holds that receivers may be operands, and that operands which
// are not receivers stay as they are.
func TestAliases(t *testing.T) {
	rng := rand.NewChaCha8([32]byte{4})
	p, q := Group{}.HashToPoint("alias", random(rng, 8)), Group{}.HashToPoint("alias", random(rng, 8))
	s := Group{}.ReduceScalar(random(rng, 48))
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
	c := p.Clone()
	c.Null()
	d := NewPoint().Set(p)
	d.Base()
	e := new(Scalar).Set(s)
	e.One()
	f := s.Clone()
	f.Zero()
	require.Equal(t, before[:PointLen], encodePoint(t, p))
	require.False(t, s.Equal(e) || s.Equal(f))
	NewPoint().Base().Add(p, p)
	require.Equal(t, multiples[1], NewPoint().Base().String(), "the generator was written to")
	require.Equal(t, multiples[0], NewPoint().String(), "the identity was written to")
}

// TestRememberedEncodings holds that a point forgets what it was decoded from
// when anything is written to it.
func TestRememberedEncodings(t *testing.T) {
	b := unhex(t, multiples[2])
	s := new(Scalar).SetInt64(3)
	stream := blake2xb.New([]byte("forget"))
	for name, change := range map[string]func(p, q *Point){
		"nothing":        func(_, _ *Point) {},
		"null":           func(p, _ *Point) { p.Null() },
		"base":           func(p, _ *Point) { p.Base() },
		"set":            func(p, q *Point) { p.Set(q) },
		"set to itself":  func(p, _ *Point) { p.Set(p) },
		"set to decoded": func(p, q *Point) { require.NoError(t, q.UnmarshalBinary(unhex(t, multiples[5]))); p.Set(q) },
		"add":            func(p, q *Point) { p.Add(p, q) },
		"sub":            func(p, q *Point) { p.Sub(q, p) },
		"neg":            func(p, _ *Point) { p.Neg(p) },
		"mul":            func(p, _ *Point) { p.Mul(s, p) },
		"mul base":       func(p, _ *Point) { p.Mul(s, nil) },
		"pick":           func(p, _ *Point) { p.Pick(stream) },
		"decode":         func(p, _ *Point) { require.NoError(t, p.UnmarshalBinary(unhex(t, multiples[4]))) },
		"read": func(p, _ *Point) {
			_, err := p.UnmarshalFrom(bytes.NewReader(unhex(t, multiples[4])))
			require.NoError(t, err)
		},
		"fail to decode": func(p, _ *Point) { require.Error(t, p.UnmarshalBinary(unhex(t, invalid[0].encodings[0]))) },
	} {
		p, q := NewPoint(), NewPoint()
		require.NoError(t, p.UnmarshalBinary(b))
		q.Mul(s, nil)
		clone := p.Clone()
		change(p, q)
		encodePoint(t, p)
		require.Equal(t, b, encodePoint(t, clone), name)
		clone.Add(clone, q)
		encodePoint(t, clone)
	}
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
	_, err = p2.UnmarshalFrom(bytes.NewReader(bytes.Repeat([]byte{1}, 32)))
	require.ErrorIs(t, err, reason.ErrEncoding)
	_, err = s2.UnmarshalFrom(bytes.NewReader(bytes.Repeat([]byte{0xff}, 32)))
	require.ErrorIs(t, err, reason.ErrEncoding)

	stream := func() cipher.Stream { return blake2xb.New([]byte("seed")) }
	xof := blake2xb.New([]byte("seed"))
	n, err = p2.UnmarshalFrom(xof)
	require.NoError(t, err)
	require.Equal(t, -1, n)
	require.True(t, p2.Equal(NewPoint().Pick(stream())), "the stream decides alone")
	n, err = s2.UnmarshalFrom(xof)
	require.NoError(t, err)
	require.Equal(t, -1, n)
	require.False(t, s2.Equal(new(Scalar).Pick(stream())))
	require.False(t, new(Scalar).Pick(stream()).Equal(new(Scalar)))
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
	}
	_, err := NewPoint().Base().Data()
	require.ErrorIs(t, err, reason.ErrEncoding)
	// Lengths that a point cannot carry.
	for _, n := range []byte{EmbedLen + 1, EmbedLen + 2, 127} {
		for counter := uint16(1); ; counter++ {
			var b [PointLen]byte
			candidate(&b, nil, counter)
			b[31] = n
			var p Point
			if p.decode(&b) {
				_, err := p.Data()
				require.ErrorIs(t, err, reason.ErrEncoding, n)
				break
			}
		}
	}
	// Bytes behind the announced length.
	for counter := uint16(1); ; counter++ {
		var b [PointLen]byte
		candidate(&b, []byte("abc"), counter)
		b[20] = 7
		var p Point
		if p.decode(&b) {
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
		require.Equal(t, "ristretto255 scalar (redacted)", fmt.Sprintf(verb, s), verb)
		require.Equal(t, "ristretto255 scalar (redacted)", fmt.Sprintf(verb, *s), verb)
		require.Contains(t, fmt.Sprintf(verb, byValue), "redacted", verb)
		require.Contains(t, fmt.Sprintf(verb, holder), "redacted", verb)
	}
	b, err := json.Marshal(holder)
	require.NoError(t, err)
	require.JSONEq(t, `{"S":{}}`, string(b))
}

func TestOtherGroupsPanic(t *testing.T) {
	require.Panics(t, func() { NewPoint().Add(NewPoint(), nil) })
	require.Panics(t, func() { NewPoint().Equal(nil) })
	require.Panics(t, func() { new(Scalar).Add(nil, new(Scalar)) })
}

func FuzzDecodePoint(f *testing.F) {
	for _, s := range multiples[:3] {
		f.Add(unhex(f, s))
	}
	for _, class := range invalid {
		f.Add(unhex(f, class.encodings[0]))
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Group{}.DecodePoint(b)
		oracle := group.Ristretto255.NewElement()
		if err != nil {
			require.ErrorIs(t, err, reason.ErrEncoding)
			require.Nil(t, p)
			require.True(t, len(b) != PointLen || oracle.UnmarshalBinary(b) != nil)
			return
		}
		require.NoError(t, oracle.UnmarshalBinary(b))
		require.Equal(t, b, encodePoint(t, p))
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
	var wide [48]byte
	binary.BigEndian.PutUint64(wide[:], 0x123456789abcdef)
	s := Group{}.ReduceScalar(wide[:])
	p := Group{}.HashToPoint("bench", nil)
	enc := encodePoint(b, p)
	dst := make([]byte, 0, PointLen)
	for name, op := range map[string]func(){
		"op=decode":  func() { Group{}.DecodePoint(enc) },
		"op=encode":  func() { p.(*Point).AppendBinary(dst) },
		"op=add":     func() { NewPoint().Add(p, p) },
		"op=mul":     func() { NewPoint().Mul(s, p) },
		"op=basemul": func() { NewPoint().Mul(s, nil) },
		"op=equal":   func() { p.Equal(p) },
		"op=hash":    func() { Group{}.HashToPoint("bench", enc) },
		"op=embed":   func() { Group{}.EmbedLowest(enc[:29]) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				op()
			}
		})
	}
}
