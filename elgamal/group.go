// Package elgamal is threshold ElGamal encryption of rows in groups of prime
// order: the groups themselves with strict decoding, multi-recipient keys and
// ciphertexts, embedding of bytes, bounded logarithms, and the algebra of
// shared keys. It contains no proofs.
//
// Most users want package ballot instead.
package elgamal

import (
	"crypto/rand"
	"encoding"
	"encoding/binary"
	"fmt"
	"math/big"
	"reflect"
	"slices"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/internal/p256"
	"github.com/hanpyo/hanpyo/internal/ristretto255"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// Group is a group of prime order q, written additively, with a base G. It
// wraps a [kyber.Group] with what protocols over hostile input need. A Group
// is immutable and safe for concurrent use; so is every point and scalar that
// nobody writes to, and nothing in this library writes to one that it was
// given or has given out.
//
// Points and scalars of different groups do not mix: kyber's methods panic.
// What was decoded by one Group belongs to it; [Group.CheckPoint] tells about
// values of other origin. Kyber takes a nil point in Mul for the base; that is
// how to multiply G fast.
type Group struct {
	name      string
	kyber     kyber.Group
	codec     Codec
	order     *big.Int
	littleEnd bool // scalars are encoded little-endian
	point     reflect.Type
	identity  kyber.Point
}

// Codec is what [NewGroup] needs beyond a kyber.Group, whose own decoding is
// often lax. Implementations are safe for concurrent use.
//
// A Codec may also have some of the following methods, of which the group then
// makes use; without them it is slower, and not constant time:
//
//	DecodeScalar(b []byte) (kyber.Scalar, error)
//	ReduceScalar(wide []byte) kyber.Scalar
//	MultiScalarMul(scalars []kyber.Scalar, points []kyber.Point) kyber.Point
//	MultiScalarMulVarTime(scalars []kyber.Scalar, points []kyber.Point) kyber.Point
//	SelectSum(bits []uint8, points []kyber.Point) kyber.Point
//	NewTable(points []kyber.Point) interface {
//		Mul(i int, s kyber.Scalar) kyber.Point
//		Sum(scalars []kyber.Scalar) kyber.Point
//	}
//	DecodePoints(b []byte) ([]kyber.Point, error)
//	RememberPoints(points []kyber.Point)
//	EmbedLowest(data []byte) kyber.Point
//	EmbedLowestVarTime(data []byte) kyber.Point
//	WalkVarTime(start, step kyber.Point, n uint64, visit func(i, key uint64) bool)
//
// The first five have the meaning of the methods of Group. NewTable returns the
// tables of a [MulTable], constant time in the scalars and safe for concurrent
// use. DecodePoints decodes as many points as b is long, as
// DecodePoint would one after the other; its error need not say which one is
// malformed. RememberPoints lets fresh points compute their encodings together.
// The next two embed bytes with the lowest counter, see [Embed].
// WalkVarTime calls visit with a key of start + i·step for i below n until
// visit returns false; a point and its negative have the same key, and it makes
// [LogTable] fast.
type Codec interface {
	// DecodePoint decodes strictly: b must be the canonical encoding of a point
	// in the subgroup of prime order. The identity is allowed if it has an
	// encoding.
	DecodePoint(b []byte) (kyber.Point, error)
	// HashToPoint hashes msg to a point whose logarithm nobody knows. Domains
	// separate its uses.
	HashToPoint(domain string, msg []byte) kyber.Point
	// Order returns the order of the group, a prime.
	Order() *big.Int
}

type (
	scalarDecoder interface {
		DecodeScalar(b []byte) (kyber.Scalar, error)
	}
	scalarReducer interface {
		ReduceScalar(wide []byte) kyber.Scalar
	}
	pointsRememberer interface {
		RememberPoints(points []kyber.Point)
	}
	pointsDecoder interface {
		DecodePoints(b []byte) ([]kyber.Point, error)
	}
)

var (
	ristretto255Group = mustGroup("ristretto255", ristretto255.Group{})
	p256Group         = mustGroup("P-256", p256.Group{})
)

func mustGroup(name string, g interface {
	kyber.Group
	Codec
}) *Group {
	group, err := NewGroup(name, g, g)
	if err != nil {
		panic(err)
	}
	return group
}

// Ristretto255 returns the group ristretto255 of RFC 9496, the default.
func Ristretto255() *Group { return ristretto255Group }

// P256 returns the group of NIST P-256, for those who must use a NIST curve.
// The identity, which SEC 1 encodes in one byte, is 33 zero bytes here.
func P256() *Group { return p256Group }

// GroupByName returns the group with this name, "ristretto255" or "P-256". The
// error for any other is ErrVersion.
func GroupByName(name string) (*Group, error) {
	for _, g := range []*Group{ristretto255Group, p256Group} {
		if g.name == name {
			return g, nil
		}
	}
	return nil, fmt.Errorf("elgamal: group %q: %w", name, ErrVersion)
}

// NewGroup wraps any other kyber.Group. It checks that the order is prime and
// that g and c agree on it and on the encoding of G; the error is ErrVersion.
// That c is strict cannot be checked here.
func NewGroup(name string, g kyber.Group, c Codec) (*Group, error) {
	fail := func(what string) (*Group, error) {
		return nil, fmt.Errorf("elgamal: group %q: %s: %w", name, what, ErrVersion)
	}
	if name == "" || g == nil || c == nil {
		return fail("no name, group or codec")
	}
	order := c.Order()
	if order == nil || order.Cmp(big.NewInt(3)) < 0 || !order.ProbablyPrime(32) {
		return fail("order is not an odd prime")
	}
	group := &Group{
		name:     name,
		kyber:    g,
		codec:    c,
		order:    new(big.Int).Set(order),
		point:    reflect.TypeOf(g.Point()),
		identity: g.Point().Null(),
	}
	one, err := g.Scalar().One().MarshalBinary()
	if err != nil || len(one) != g.ScalarLen() || len(one) == 0 {
		return fail("scalar 1 has no encoding of the announced length")
	}
	group.littleEnd = one[0] == 1 && len(one) > 1
	minusOne := new(big.Int).Sub(order, big.NewInt(1))
	if group.scalarInt(g.Scalar().SetInt64(-1)).Cmp(minusOne) != 0 {
		return fail("scalars are not modulo the order")
	}
	base := g.Point().Base()
	if base.Equal(group.identity) || !g.Point().Mul(g.Scalar().SetInt64(-1), nil).Equal(g.Point().Neg(base)) {
		return fail("base does not have the order")
	}
	b, err := base.MarshalBinary()
	if err != nil || len(b) != g.PointLen() {
		return fail("base has no encoding of the announced length")
	}
	if p, err := group.DecodePoint(b); err != nil || !p.Equal(base) {
		return fail("base does not decode")
	}
	return group, nil
}

// Name returns the name of the group, which goes into every transcript.
func (g *Group) Name() string { return g.name }

// Kyber returns the group that is wrapped.
func (g *Group) Kyber() kyber.Group { return g.kyber }

// Order returns q, a copy.
func (g *Group) Order() *big.Int { return new(big.Int).Set(g.order) }

// PointLen returns the length of every encoded point in bytes.
func (g *Group) PointLen() int { return g.kyber.PointLen() }

// ScalarLen returns the length of every encoded scalar in bytes.
func (g *Group) ScalarLen() int { return g.kyber.ScalarLen() }

// Point returns the identity, fresh.
func (g *Group) Point() kyber.Point { return g.kyber.Point().Null() }

// Scalar returns 0, fresh.
func (g *Group) Scalar() kyber.Scalar { return g.kyber.Scalar().Zero() }

// Base returns a fresh copy of G.
func (g *Group) Base() kyber.Point { return g.kyber.Point().Base() }

// IsIdentity reports whether p is the identity.
func (g *Group) IsIdentity(p kyber.Point) bool { return p.Equal(g.identity) }

// CheckPoint returns ErrGroup unless p is a point of the Go type that this
// group works with. It does not look at the value: points that were decoded
// or computed are in the group.
func (g *Group) CheckPoint(p kyber.Point) error {
	v := reflect.ValueOf(p)
	if !v.IsValid() || v.Type() != g.point || v.Kind() == reflect.Pointer && v.IsNil() {
		return fmt.Errorf("elgamal: %T is not a point of %s: %w", p, g.name, ErrGroup)
	}
	return nil
}

// DecodePoint decodes a point other than the identity. Errors: ErrEncoding for
// anything but a canonical encoding, ErrGroup for the identity.
func (g *Group) DecodePoint(b []byte) (kyber.Point, error) {
	p, err := g.DecodePointOrIdentity(b)
	if err != nil {
		return nil, err
	}
	if g.IsIdentity(p) {
		return nil, fmt.Errorf("elgamal: %s point: identity: %w", g.name, ErrGroup)
	}
	return p, nil
}

// DecodePointOrIdentity is DecodePoint where the identity is allowed: in
// commitments inside proofs, sums, outputs of mixers and partial decryptions.
func (g *Group) DecodePointOrIdentity(b []byte) (kyber.Point, error) {
	if len(b) != g.PointLen() {
		return nil, fmt.Errorf("elgamal: %s point: %d bytes instead of %d: %w", g.name, len(b), g.PointLen(), ErrEncoding)
	}
	p, err := g.codec.DecodePoint(b)
	if err != nil {
		return nil, fmt.Errorf("elgamal: %s point: %w", g.name, err)
	}
	return p, nil
}

// DecodePointsOrIdentity decodes points that stand behind each other, each as
// DecodePointOrIdentity would, but for ristretto255 in less time. The error says
// which one is malformed, counted from 1; or that b is no number of points.
func (g *Group) DecodePointsOrIdentity(b []byte) ([]kyber.Point, error) {
	n := g.PointLen()
	if len(b)%n != 0 {
		return nil, fmt.Errorf("elgamal: %s points: %d bytes, not a multiple of %d: %w", g.name, len(b), n, ErrEncoding)
	}
	if c, ok := g.codec.(pointsDecoder); ok {
		if points, err := c.DecodePoints(b); err == nil {
			return points, nil
		} // which one it is follows from decoding them one by one
	}
	points := make([]kyber.Point, len(b)/n)
	for i := range points {
		var err error
		if points[i], err = g.DecodePointOrIdentity(b[i*n : (i+1)*n]); err != nil {
			return nil, fmt.Errorf("point %d: %w", i+1, err)
		}
	}
	return points, nil
}

// DecodeScalar decodes a scalar below q, of exact length; it may be 0. The
// encoding is that of the wrapped group: little-endian for ristretto255,
// big-endian for P-256. The error is ErrEncoding.
func (g *Group) DecodeScalar(b []byte) (kyber.Scalar, error) {
	if len(b) != g.ScalarLen() {
		return nil, fmt.Errorf("elgamal: %s scalar: %d bytes instead of %d: %w", g.name, len(b), g.ScalarLen(), ErrEncoding)
	}
	if c, ok := g.codec.(scalarDecoder); ok {
		s, err := c.DecodeScalar(b)
		if err != nil {
			return nil, fmt.Errorf("elgamal: %s scalar: %w", g.name, err)
		}
		return s, nil
	}
	if g.bytesInt(b).Cmp(g.order) >= 0 {
		return nil, fmt.Errorf("elgamal: %s scalar: not reduced: %w", g.name, ErrEncoding)
	}
	return g.mustScalar(b), nil
}

// AppendPoint appends the canonical encoding of p.
func (g *Group) AppendPoint(dst []byte, p kyber.Point) []byte { return appendBinary(dst, p) }

// RememberPoints lets fresh points keep their encodings, if they can, for all
// who will append them. It writes to the points, and so is for whoever has just
// computed them.
func (g *Group) RememberPoints(points []kyber.Point) {
	if c, ok := g.codec.(pointsRememberer); ok {
		c.RememberPoints(points)
	}
}

// AppendScalar appends the canonical encoding of s.
func (g *Group) AppendScalar(dst []byte, s kyber.Scalar) []byte { return appendBinary(dst, s) }

func appendBinary(dst []byte, m encoding.BinaryMarshaler) []byte {
	var err error
	if a, ok := m.(encoding.BinaryAppender); ok {
		dst, err = a.AppendBinary(dst)
	} else {
		var b []byte
		b, err = m.MarshalBinary()
		dst = append(dst, b...)
	}
	if err != nil {
		panic("elgamal: a point or scalar without an encoding")
	}
	return dst
}

// RandomScalar returns a uniform scalar other than 0. It panics where 0 comes
// up: that does not happen but by a random source that gives zeros for ever.
func (g *Group) RandomScalar() kyber.Scalar {
	b := make([]byte, (g.order.BitLen()+128+7)/8)
	rand.Read(b) // crashes the program rather than fail
	s := g.ReduceScalar(b)
	if s.Equal(g.Scalar()) {
		panic("elgamal: the random source gives zeros")
	}
	return s
}

// ReduceScalar returns the big-endian integer wide, of any length, modulo q.
// For a uniform result wide must be uniform and 16 bytes longer than q. It is
// constant time for the two built-in groups.
func (g *Group) ReduceScalar(wide []byte) kyber.Scalar {
	if c, ok := g.codec.(scalarReducer); ok {
		return c.ReduceScalar(wide)
	}
	v := new(big.Int).SetBytes(wide)
	b := v.Mod(v, g.order).FillBytes(make([]byte, g.ScalarLen()))
	if g.littleEnd {
		slices.Reverse(b)
	}
	return g.mustScalar(b)
}

// Uint64Scalar returns v as a scalar.
func (g *Group) Uint64Scalar(v uint64) kyber.Scalar {
	return g.ReduceScalar(binary.BigEndian.AppendUint64(nil, v))
}

// Int64Scalar returns v as a scalar, q − |v| if it is negative.
func (g *Group) Int64Scalar(v int64) kyber.Scalar { return g.kyber.Scalar().SetInt64(v) }

// HashToPoint hashes msg to a point other than the identity, whose logarithm
// nobody knows. Every use has a domain of its own. ristretto255 and P-256 use
// the suites ristretto255_XMD:SHA-512_R255MAP_RO_ and P256_XMD:SHA-256_SSWU_RO_
// of RFC 9380, with the domain as separation tag.
func (g *Group) HashToPoint(domain string, msg []byte) kyber.Point {
	p := g.codec.HashToPoint(domain, msg)
	for g.IsIdentity(p) { // nobody will see this happen in a large group
		msg = append(slices.Clip(msg), 0)
		p = g.codec.HashToPoint(domain, msg)
	}
	return p
}

// generatorDomain separates Generator from other uses of HashToPoint.
const generatorDomain = "hanpyo v1 independent generator"

// Generator returns the generator number i ≥ 0 of the list called label. Nobody
// knows a relation between generators of different number or label, or with G:
// each is hashed from the name of the group, the label and the number.
func (g *Group) Generator(label string, i int) kyber.Point {
	if i < 0 {
		panic("elgamal: negative number of a generator")
	}
	var w wire.Writer
	w.String(g.name)
	w.String(label)
	w.Uint64(uint64(i))
	return g.HashToPoint(generatorDomain, w.Bytes())
}

// scalarInt returns the value of a public scalar.
func (g *Group) scalarInt(s kyber.Scalar) *big.Int { return g.bytesInt(appendBinary(nil, s)) }

// bytesInt returns the integer of which b is an encoded scalar.
func (g *Group) bytesInt(b []byte) *big.Int {
	if g.littleEnd {
		b = slices.Clone(b)
		slices.Reverse(b)
	}
	return new(big.Int).SetBytes(b)
}

// mustScalar decodes a scalar that is known to be reduced.
func (g *Group) mustScalar(b []byte) kyber.Scalar {
	s := g.kyber.Scalar()
	if err := s.UnmarshalBinary(b); err != nil {
		panic("elgamal: a reduced scalar does not decode")
	}
	return s
}
