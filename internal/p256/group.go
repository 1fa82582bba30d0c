package p256

import (
	"math/big"

	"go.dedis.ch/kyber/v3"
)

// Group is the group as a [kyber.Group]. The zero value is ready to use.
type Group struct{}

// String returns the name of the group.
func (Group) String() string { return "P-256" }

// ScalarLen returns the length of an encoded scalar in bytes.
func (Group) ScalarLen() int { return ScalarLen }

// PointLen returns the length of an encoded point in bytes.
func (Group) PointLen() int { return PointLen }

// Scalar returns a new scalar, 0.
func (Group) Scalar() kyber.Scalar { return new(Scalar) }

// Point returns a new point, the identity.
func (Group) Point() kyber.Point { return NewPoint() }

// Order returns the order of the group.
func (Group) Order() *big.Int { return new(big.Int).Set(order) }

// DecodePoint decodes strictly; the identity is 33 zero bytes.
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

// HashToPoint is P256_XMD:SHA-256_SSWU_RO_ of RFC 9380, Section 8.2, with the
// domain as its separation tag.
func (Group) HashToPoint(domain string, msg []byte) kyber.Point {
	return new(Point).fromHash(domain, msg)
}

// ReduceScalar reduces a big-endian integer of any length, in constant time.
func (Group) ReduceScalar(wide []byte) kyber.Scalar { return new(Scalar).SetBytes(wide) }
