package ristretto255

import (
	"crypto"
	_ "crypto/sha512" // for the expander
	"fmt"
	"math/big"

	"github.com/cloudflare/circl/expander"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Group is the group as a [kyber.Group]. The zero value is ready to use.
type Group struct{}

// String returns the name of the group.
func (Group) String() string { return "ristretto255" }

// ScalarLen returns the length of an encoded scalar in bytes.
func (Group) ScalarLen() int { return ScalarLen }

// PointLen returns the length of an encoded point in bytes.
func (Group) PointLen() int { return PointLen }

// Scalar returns a new scalar, 0.
func (Group) Scalar() kyber.Scalar { return new(Scalar) }

// Scalars returns n new scalars, 0, which lie in one piece of memory.
func (Group) Scalars(n int) []kyber.Scalar {
	scalars, out := make([]Scalar, n), make([]kyber.Scalar, n)
	for i := range scalars {
		out[i] = &scalars[i]
	}
	return out
}

// ShortScalars returns the little-endian integers of 16 bytes that stand behind
// each other in b, in constant time.
func (g Group) ShortScalars(b []byte) []kyber.Scalar {
	const n = 16
	list := g.Scalars(len(b) / n)
	var wide [ScalarLen]byte
	for i, s := range list {
		copy(wide[:], b[n*i:n*i+n])
		if s.UnmarshalBinary(wide[:]) != nil {
			panic("ristretto255: short scalar is not reduced")
		}
	}
	return list
}

// Point returns a new point, the identity.
func (Group) Point() kyber.Point { return NewPoint() }

// Order returns the order of the group, 2²⁵² + 27742317777372353535851937790883648493.
func (Group) Order() *big.Int { return new(big.Int).Set(order) }

var order = func() *big.Int {
	q, _ := new(big.Int).SetString("27742317777372353535851937790883648493", 10)
	return q.Add(q, new(big.Int).Lsh(big.NewInt(1), 252))
}()

// DecodePoint decodes strictly; the identity is 32 zero bytes.
func (Group) DecodePoint(b []byte) (kyber.Point, error) {
	p := new(Point)
	if err := p.UnmarshalBinary(b); err != nil {
		return nil, err
	}
	return p, nil
}

// DecodeScalar decodes strictly.
func (Group) DecodeScalar(b []byte) (kyber.Scalar, error) {
	s := new(Scalar)
	if err := s.UnmarshalBinary(b); err != nil {
		return nil, err
	}
	return s, nil
}

// HashToPoint is ristretto255_XMD:SHA-512_R255MAP_RO_ of RFC 9380, Appendix B,
// with the domain as its separation tag.
func (Group) HashToPoint(domain string, msg []byte) kyber.Point {
	b := expander.NewExpanderMD(crypto.SHA512, []byte(domain)).Expand(msg, UniformLen)
	return new(Point).fromUniform((*[UniformLen]byte)(b))
}

// ReduceScalar reduces a big-endian integer of any length, in constant time.
func (Group) ReduceScalar(wide []byte) kyber.Scalar { return new(Scalar).setWide(wide) }

// DecodePoints decodes points that stand behind each other, strictly; the
// identity is 32 zero bytes. Several together take less time than one by one.
// The error does not say which one is malformed.
func (Group) DecodePoints(b []byte) ([]kyber.Point, error) {
	if len(b)%PointLen != 0 {
		return nil, fmt.Errorf("ristretto255: points of %d bytes: %w", len(b), reason.ErrEncoding)
	}
	n := len(b) / PointLen
	points, out := make([]Point, n), make([]kyber.Point, n)
	for lo := 0; lo < n; lo += lanes {
		m := min(lanes, n-lo)
		var q [lanes]extended
		var ok [lanes]uint64
		decompress(q[:m], ok[:m], b[lo*PointLen:])
		for i := range m {
			if ok[i] == 0 {
				return nil, errPoint
			}
			p := &points[lo+i]
			p.p, p.known, p.encoding = q[i], true, [PointLen]byte(b[(lo+i)*PointLen:])
			out[lo+i] = p
		}
	}
	return out, nil
}

// RememberPoints is [Point.Remember] for several points, in less time.
func (Group) RememberPoints(list []kyber.Point) {
	var fresh [lanes]*Point
	var points [lanes]*extended
	var out [lanes]*[PointLen]byte
	n := 0
	var halved []*Point
	flush := func() {
		compress(points[:n], out[:n])
		for _, p := range fresh[:n] {
			p.known = true
		}
		n = 0
	}
	for _, k := range list {
		p := k.(*Point)
		if p.known {
			continue
		}
		if p.halved {
			halved = append(halved, p)
			continue
		}
		fresh[n], points[n], out[n] = p, &p.p, &p.encoding
		if n++; n == lanes {
			flush()
		}
	}
	flush()
	rememberDoubles(halved)
}
