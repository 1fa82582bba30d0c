package ristretto255

import (
	"crypto"
	_ "crypto/sha512" // for the expander
	"math/big"

	"filippo.io/edwards25519"
	"github.com/cloudflare/circl/expander"
	"go.dedis.ch/kyber/v3"
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

// MultiScalarMul returns Σ scalars[i]·points[i] in constant time.
func (Group) MultiScalarMul(scalars []kyber.Scalar, points []kyber.Point) kyber.Point {
	ss := make([]*edwards25519.Scalar, len(scalars))
	for i, s := range scalars {
		ss[i] = &s.(*Scalar).s
	}
	ps := make([]*edwards25519.Point, len(points))
	for i, p := range points {
		ps[i] = &p.(*Point).p
	}
	// A fresh receiver: earlier versions of the dependency were wrong with
	// any other (CVE-2026-26958).
	r := NewPoint()
	r.write().MultiScalarMult(ss, ps)
	return r
}
