package elgamal

import (
	"bytes"
	"crypto/elliptic"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"
	"go.dedis.ch/kyber/v3/group/edwards25519"
	"go.dedis.ch/kyber/v3/group/nist"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// eachGroup runs a test over both built-in groups.
func eachGroup(t *testing.T, test func(t *testing.T, g *Group)) {
	t.Helper()
	for _, g := range []*Group{Ristretto255(), P256()} {
		t.Run(g.Name(), func(t *testing.T) { test(t, g) })
	}
}

// allGroups runs a test over those and one without any fast path.
func allGroups(t *testing.T, test func(t *testing.T, g *Group)) {
	t.Helper()
	eachGroup(t, test)
	g := slowGroup(t)
	t.Run(g.Name(), func(t *testing.T) { test(t, g) })
}

func otherGroup(g *Group) *Group {
	if g == Ristretto255() {
		return P256()
	}
	return Ristretto255()
}

// slowCodec is a strict codec for kyber's own P-256, with what a Codec must
// have and nothing else.
type slowCodec struct{ group kyber.Group }

func (c slowCodec) DecodePoint(b []byte) (kyber.Point, error) {
	if len(b) != 65 || b[0] != 4 {
		return nil, fmt.Errorf("not an uncompressed point: %w", reason.ErrEncoding)
	}
	p := c.group.Point()
	if err := p.UnmarshalBinary(b); err != nil {
		return nil, fmt.Errorf("%v: %w", err, reason.ErrEncoding)
	}
	if again, err := p.MarshalBinary(); err != nil || !bytes.Equal(again, b) {
		return nil, fmt.Errorf("not canonical: %w", reason.ErrEncoding)
	}
	return p, nil
}

func (c slowCodec) HashToPoint(domain string, msg []byte) kyber.Point {
	b := P256().AppendPoint(nil, P256().HashToPoint(domain, msg))
	x, y := elliptic.UnmarshalCompressed(elliptic.P256(), b)
	b = append(append([]byte{4}, x.FillBytes(make([]byte, 32))...), y.FillBytes(make([]byte, 32))...)
	p := c.group.Point()
	if err := p.UnmarshalBinary(b); err != nil {
		panic(err)
	}
	return p
}

func (c slowCodec) Order() *big.Int { return P256().Order() }

func slowGroup(t testing.TB) *Group {
	t.Helper()
	suite := nist.NewBlakeSHA256P256()
	g, err := NewGroup("kyber P-256", suite, slowCodec{suite})
	require.NoError(t, err)
	return g
}

func TestGroupsByName(t *testing.T) {
	for name, want := range map[string]*Group{"ristretto255": Ristretto255(), "P-256": P256()} {
		g, err := GroupByName(name)
		require.NoError(t, err)
		require.Same(t, want, g)
		require.Equal(t, name, g.Name())
	}
	for _, name := range []string{"", "p-256", "P256", "ristretto255 ", "edwards25519"} {
		g, err := GroupByName(name)
		require.ErrorIs(t, err, ErrVersion, name)
		require.Nil(t, g)
	}
}

// wrongCodec changes one thing of a codec that works.
type wrongCodec struct {
	Codec
	order  *big.Int
	decode func([]byte) (kyber.Point, error)
}

func (c wrongCodec) Order() *big.Int { return c.order }
func (c wrongCodec) DecodePoint(b []byte) (kyber.Point, error) {
	if c.decode != nil {
		return c.decode(b)
	}
	return c.Codec.DecodePoint(b)
}

// wrongGroup changes one thing of a group that works.
type wrongGroup struct {
	kyber.Group
	extraScalar, extraPoint int
	identityBase, otherBase bool
}

func (g wrongGroup) ScalarLen() int { return g.Group.ScalarLen() + g.extraScalar }
func (g wrongGroup) PointLen() int  { return g.Group.PointLen() + g.extraPoint }
func (g wrongGroup) Point() kyber.Point {
	if g.identityBase {
		return identityBase{g.Group.Point()}
	}
	if g.otherBase {
		return otherBase{g.Group.Point(), g.Scalar()}
	}
	return g.Group.Point()
}

type identityBase struct{ kyber.Point }

func (p identityBase) Base() kyber.Point { return p.Null() }

// otherBase multiplies another point than its Base.
type otherBase struct {
	kyber.Point
	s kyber.Scalar
}

func (p otherBase) Mul(s kyber.Scalar, q kyber.Point) kyber.Point {
	if q == nil {
		s = p.s.Add(s, s)
	}
	return p.Point.Mul(s, q)
}

// TestP20NewGroupRefusesParameters is attack P20 as far as it meets this package.
func TestP20NewGroupRefusesParameters(t *testing.T) {
	suite := nist.NewBlakeSHA256P256()
	q := P256().Order()
	valid := wrongCodec{Codec: slowCodec{suite}, order: q}
	_, err := NewGroup("valid", suite, valid)
	require.NoError(t, err)
	composite := new(big.Int).Add(q, big.NewInt(1))
	for desc, c := range map[string]Codec{
		"no codec":        nil,
		"no order":        wrongCodec{Codec: valid},
		"zero order":      wrongCodec{Codec: valid, order: new(big.Int)},
		"negative order":  wrongCodec{Codec: valid, order: new(big.Int).Neg(q)},
		"composite order": wrongCodec{Codec: valid, order: composite},
		"another order":   wrongCodec{Codec: valid, order: Ristretto255().Order()},
		"base refused": wrongCodec{Codec: valid, order: q, decode: func([]byte) (kyber.Point, error) {
			return nil, errors.New("no")
		}},
		"base misread": wrongCodec{Codec: valid, order: q, decode: func([]byte) (kyber.Point, error) {
			return suite.Point().Null(), nil
		}},
	} {
		_, err := NewGroup("name", suite, c)
		require.ErrorIs(t, err, ErrVersion, desc)
	}
	_, err = NewGroup("valid", wrongGroup{Group: suite}, valid)
	require.NoError(t, err)
	for g, text := range map[wrongGroup]string{
		{Group: suite, extraScalar: 1}:     "scalar 1 has no encoding of the announced length",
		{Group: suite, extraScalar: -1}:    "scalar 1 has no encoding of the announced length",
		{Group: suite, extraPoint: 1}:      "base has no encoding of the announced length",
		{Group: suite, identityBase: true}: "base does not have the order",
		{Group: suite, otherBase: true}:    "base does not have the order",
	} {
		_, err = NewGroup("name", g, valid)
		require.ErrorIs(t, err, ErrVersion)
		require.ErrorContains(t, err, text)
	}
	_, err = NewGroup("", suite, valid)
	require.ErrorIs(t, err, ErrVersion)
	_, err = NewGroup("name", nil, valid)
	require.ErrorIs(t, err, ErrVersion)
	_, err = NewGroup("another group", edwards25519.NewBlakeSHA256Ed25519(), valid)
	require.ErrorIs(t, err, ErrVersion)
}

func TestGroupBasics(t *testing.T) {
	allGroups(t, func(t *testing.T, g *Group) {
		require.True(t, g.IsIdentity(g.Point()))
		require.False(t, g.IsIdentity(g.Base()))
		g.Order().SetInt64(5)
		g.Base().Add(g.Base(), g.Base())
		require.Equal(t, 256, (g.Order().BitLen()+7)/8*8)
		require.True(t, g.Point().Mul(g.Int64Scalar(1), nil).Equal(g.Base()))

		b := g.AppendPoint([]byte("prefix"), g.Base())
		require.Equal(t, "prefix", string(b[:6]))
		require.Len(t, b[6:], g.PointLen())
		s := g.RandomScalar()
		require.False(t, s.Equal(g.RandomScalar()))
		b = g.AppendScalar([]byte("prefix"), s)
		require.Len(t, b[6:], g.ScalarLen())
		again, err := g.DecodeScalar(b[6:])
		require.NoError(t, err)
		require.True(t, again.Equal(s))
		require.True(t, g.Scalar().Equal(g.Uint64Scalar(0)))

		p := g.Point().Mul(s, nil)
		decoded, err := g.DecodePoint(g.AppendPoint(nil, p))
		require.NoError(t, err)
		require.True(t, decoded.Equal(p))
	})
}

func TestIntegerScalars(t *testing.T) {
	allGroups(t, func(t *testing.T, g *Group) {
		for _, v := range []int64{0, 1, -1, 77, math.MaxInt64, math.MinInt64} {
			want := new(big.Int).Mod(big.NewInt(v), g.Order())
			require.Zero(t, want.Cmp(g.scalarInt(g.Int64Scalar(v))), "%d", v)
		}
		for _, v := range []uint64{0, 1, math.MaxUint64} {
			require.Zero(t, new(big.Int).SetUint64(v).Cmp(g.scalarInt(g.Uint64Scalar(v))))
		}
		for n := range 100 {
			wide := bytes.Repeat([]byte{0xf1}, n)
			want := new(big.Int).SetBytes(wide)
			require.Zero(t, want.Mod(want, g.Order()).Cmp(g.scalarInt(g.ReduceScalar(wide))))
			require.Equal(t, bytes.Repeat([]byte{0xf1}, n), wide)
		}
	})
}

// TestP05DecodeScalarStrict is attack P05.
func TestP05DecodeScalarStrict(t *testing.T) {
	allGroups(t, func(t *testing.T, g *Group) {
		encode := func(v *big.Int) []byte {
			b := v.FillBytes(make([]byte, g.ScalarLen()))
			if g.littleEnd {
				for i := range len(b) / 2 {
					b[i], b[len(b)-1-i] = b[len(b)-1-i], b[i]
				}
			}
			return b
		}
		q := g.Order()
		for _, v := range []*big.Int{big.NewInt(0), big.NewInt(1), new(big.Int).Sub(q, big.NewInt(1))} {
			s, err := g.DecodeScalar(encode(v))
			require.NoError(t, err)
			require.Zero(t, v.Cmp(g.scalarInt(s)))
		}
		z := g.scalarInt(g.Uint64Scalar(12345))
		all := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
		for desc, v := range map[string]*big.Int{
			"q": q, "q+1": new(big.Int).Add(q, big.NewInt(1)), "z+q": z.Add(z, q), "2²⁵⁶−1": all,
		} {
			s, err := g.DecodeScalar(encode(v))
			require.ErrorIs(t, err, ErrEncoding, desc)
			require.Nil(t, s, desc)
		}
		valid := encode(big.NewInt(1))
		for desc, b := range map[string][]byte{
			"nil": nil, "short": valid[:len(valid)-1], "trailing byte": append(bytes.Clone(valid), 0), "twice": append(bytes.Clone(valid), valid...),
		} {
			_, err := g.DecodeScalar(b)
			require.ErrorIs(t, err, ErrEncoding, desc)
		}
	})
}

// TestP12P17P18DecodePointStrict is attacks P12, P17 and P18 at the door of the package;
// the encodings of the curves themselves are tested with the curves.
func TestP12P17P18DecodePointStrict(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		valid := g.AppendPoint(nil, g.Generator("test", 0))
		_, err := g.DecodePoint(valid)
		require.NoError(t, err)

		identity := g.AppendPoint(nil, g.Point())
		require.Equal(t, make([]byte, g.PointLen()), identity)
		_, err = g.DecodePoint(identity)
		require.ErrorIs(t, err, ErrGroup)
		require.NotErrorIs(t, err, ErrEncoding)
		p, err := g.DecodePointOrIdentity(identity)
		require.NoError(t, err)
		require.True(t, g.IsIdentity(p))

		type decoder func([]byte) (kyber.Point, error)
		for _, decode := range []decoder{g.DecodePoint, g.DecodePointOrIdentity} {
			for extra := 1; extra <= 64; extra++ {
				_, err := decode(append(bytes.Clone(valid), make([]byte, extra)...))
				require.ErrorIs(t, err, ErrEncoding)
			}
			for n := range valid {
				_, err := decode(valid[:n])
				require.ErrorIs(t, err, ErrEncoding)
			}
			for _, b := range [][]byte{nil, {0}, make([]byte, 65), bytes.Repeat([]byte{0xff}, g.PointLen())} {
				p, err := decode(b)
				require.ErrorIs(t, err, ErrEncoding)
				require.Nil(t, p)
			}
		}
	})
}

// TestDecodePointsOrIdentity is the same for several points together.
func TestDecodePointsOrIdentity(t *testing.T) {
	allGroups(t, func(t *testing.T, g *Group) {
		n := g.PointLen()
		b := g.AppendPoint(g.AppendPoint(nil, g.Base()), g.Generator("test", 0))
		points, err := g.DecodePointsOrIdentity(b)
		require.NoError(t, err)
		require.Len(t, points, 2)
		require.True(t, points[1].Equal(g.Generator("test", 0)))
		for _, c := range [][]byte{b[:1], b[:n-1], b[:n+1], b[:2*n-1], append(bytes.Clone(b), 0)} {
			points, err := g.DecodePointsOrIdentity(c)
			require.ErrorIs(t, err, ErrEncoding)
			require.ErrorContains(t, err, fmt.Sprintf("points: %d bytes, not a multiple of %d", len(c), n))
			require.Nil(t, points)
		}
		for i := range b[n:] {
			b[n+i] = 0xff
		}
		_, err = g.DecodePointsOrIdentity(b)
		require.ErrorIs(t, err, ErrEncoding)
		require.ErrorContains(t, err, "point 2: ")
	})
}

// TestLengthIsCheckedBeforeTheCodec uses a codec that accepts any length.
func TestLengthIsCheckedBeforeTheCodec(t *testing.T) {
	suite := nist.NewBlakeSHA256P256()
	lax := wrongCodec{Codec: slowCodec{suite}, order: P256().Order(), decode: func([]byte) (kyber.Point, error) {
		return suite.Point().Base(), nil
	}}
	g, err := NewGroup("lax", suite, lax)
	require.NoError(t, err)
	_, err = g.DecodePoint(make([]byte, 65))
	require.NoError(t, err)
	for _, n := range []int{0, 1, 64, 66} {
		_, err = g.DecodePoint(make([]byte, n))
		require.ErrorIs(t, err, ErrEncoding)
	}
}

func TestCheckPoint(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		require.NoError(t, g.CheckPoint(g.Base()))
		require.NoError(t, g.CheckPoint(g.Point()))
		require.ErrorIs(t, g.CheckPoint(nil), ErrGroup)
		require.ErrorIs(t, g.CheckPoint(otherGroup(g).Base()), ErrGroup)
		require.ErrorIs(t, g.CheckPoint(nist.NewBlakeSHA256P256().Point().Base()), ErrGroup)
	})
}

func TestHashToPoint(t *testing.T) {
	allGroups(t, func(t *testing.T, g *Group) {
		msg := []byte("message")
		p := g.HashToPoint("domain a", msg)
		require.True(t, p.Equal(g.HashToPoint("domain a", []byte("message"))))
		require.False(t, p.Equal(g.HashToPoint("domain b", msg)))
		require.False(t, p.Equal(g.HashToPoint("domain a", append(msg, 0))))
		require.False(t, p.Equal(g.HashToPoint("domain a", nil)))
	})
}

// unluckyCodec hashes to the identity unless the message ends in a zero.
type unluckyCodec struct{ slowCodec }

func (c unluckyCodec) HashToPoint(domain string, msg []byte) kyber.Point {
	if len(msg) == 0 || msg[len(msg)-1] != 0 {
		return c.group.Point().Null()
	}
	return c.slowCodec.HashToPoint(domain, msg)
}

func TestHashToPointIsNeverTheIdentity(t *testing.T) {
	suite := nist.NewBlakeSHA256P256()
	g, err := NewGroup("unlucky", suite, unluckyCodec{slowCodec{suite}})
	require.NoError(t, err)
	backing := []byte("abc!")
	require.False(t, g.IsIdentity(g.HashToPoint("domain", backing[:3])))
	require.Equal(t, "abc!", string(backing))
}

func TestP22Generators(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		seen := map[string]string{string(g.AppendPoint(nil, g.Base())): "G"}
		for _, label := range []string{"", "a", "b", "ab", "a\x00"} {
			for i := range 20 {
				p := g.Generator(label, i)
				require.False(t, g.IsIdentity(p))
				require.True(t, p.Equal(g.Generator(label, i)))
				b := string(g.AppendPoint(nil, p))
				require.NotContains(t, seen, b, "%q %d", label, i)
				seen[b] = label
			}
		}
		require.Panics(t, func() { g.Generator("a", -1) })
	})
	// Pinned: a change of these breaks every ledger that was ever written.
	require.Equal(t, "a293769576246b05b4fb3873875dca86fd1e57fdc8a62bafa0c55ad377117d0a", hex.EncodeToString(Ristretto255().AppendPoint(nil, Ristretto255().Generator("bits", 7))))
	require.Equal(t, "0330c94cd6b3fb1cdea2735bec97cba6b1be63900242eb6737c554061226009e71", hex.EncodeToString(P256().AppendPoint(nil, P256().Generator("bits", 7))))
}

func TestSlowGroupAgreesWithP256(t *testing.T) {
	slow, fast := slowGroup(t), P256()
	s := fast.RandomScalar()
	t1, err := slow.DecodeScalar(fast.AppendScalar(nil, s))
	require.NoError(t, err)
	x := slow.AppendPoint(nil, slow.Point().Mul(t1, nil))[1:33]
	require.Equal(t, fast.AppendPoint(nil, fast.Point().Mul(s, nil))[1:], x)
	_, err = Embed(slow, make([]byte, EmbedLen))
	require.ErrorIs(t, err, ErrVersion)
	_, err = Extract(slow, slow.Base())
	require.ErrorIs(t, err, ErrVersion)
}

func FuzzDecodePoint(f *testing.F) {
	for _, g := range []*Group{Ristretto255(), P256()} {
		f.Add(g.AppendPoint(nil, g.Base()))
		f.Add(g.AppendPoint(nil, g.Point()))
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, g := range []*Group{Ristretto255(), P256()} {
			lax, errLax := g.DecodePointOrIdentity(b)
			p, err := g.DecodePoint(b)
			switch {
			case errLax != nil:
				require.ErrorIs(t, errLax, ErrEncoding)
				require.ErrorIs(t, err, ErrEncoding)
				require.Nil(t, lax)
				require.Nil(t, p)
			case g.IsIdentity(lax):
				require.ErrorIs(t, err, ErrGroup)
				require.Nil(t, p)
			default:
				require.NoError(t, err)
				require.Equal(t, b, g.AppendPoint(nil, p))
			}
		}
	})
}

func FuzzDecodeScalar(f *testing.F) {
	for _, g := range []*Group{Ristretto255(), P256()} {
		f.Add(g.AppendScalar(nil, g.Int64Scalar(-1)))
	}
	f.Add(make([]byte, 32))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, g := range []*Group{Ristretto255(), P256()} {
			s, err := g.DecodeScalar(b)
			require.Equal(t, err == nil, len(b) == g.ScalarLen() && g.bytesInt(b).Cmp(g.order) < 0)
			if err != nil {
				require.ErrorIs(t, err, ErrEncoding)
				require.Nil(t, s)
				continue
			}
			require.Equal(t, b, g.AppendScalar(nil, s))
		}
	})
}

func BenchmarkGroup(b *testing.B) {
	for _, g := range []*Group{Ristretto255(), P256()} {
		p, s := g.Generator("bench", 0), g.RandomScalar()
		enc := g.AppendPoint(nil, p)
		dst := make([]byte, 0, len(enc))
		for _, op := range []struct {
			name string
			run  func()
		}{
			{"decode", func() { g.DecodePoint(enc) }},
			{"encode", func() { g.AppendPoint(dst, p) }},
			{"add", func() { g.Point().Add(p, p) }},
			{"mul", func() { g.Point().Mul(s, p) }},
			{"basemul", func() { g.Point().Mul(s, nil) }},
		} {
			b.Run(fmt.Sprintf("group=%s/op=%s", g.Name(), op.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					op.run()
				}
			})
		}
	}
}
