package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"math/big"

	"github.com/cloudflare/circl/group"
	"go.dedis.ch/kyber/v3"
	"go.dedis.ch/kyber/v3/group/edwards25519"

	"github.com/hanpyo/hanpyo/elgamal"
)

// library is a group the way a library offers it, with what the classic proofs
// need of it. The points are P, the scalars S. Functions return fresh values.
type library[P, S any] struct {
	name string
	ours string // our group to compare with

	pointLen, scalarLen int

	random    func() S
	number    func(v int) S
	challenge func(wide []byte) S // of 64 uniform bytes

	add, sub, mul func(a, b S) S // scalars

	base   func(s S) P            // s·G, of a secret
	times  func(s S, p P) P       // s·p, of a secret
	plus   func(p, q P) P         // p + q
	minus  func(p, q P) P         // p − q
	verify func(z, c S, y, p P) P // z·y − c·p of public values
	onBase func(z, c S, p P) P    // z·G − c·p of public values

	encode       func(p P) []byte
	decode       func(b []byte) (P, error)
	encodeScalar func(s S) []byte
	decodeScalar func(b []byte) (S, error)
}

// hanpyoLibrary is our own ristretto255.
func hanpyoLibrary(g *elgamal.Group) library[kyber.Point, kyber.Scalar] {
	l := kyberLibrary(g.Kyber(), g.Name())
	l.name, l.ours = g.Name(), g.Name()
	l.challenge = g.ReduceScalar
	l.decode, l.decodeScalar = g.DecodePoint, g.DecodeScalar
	l.verify = func(z, c kyber.Scalar, y, p kyber.Point) kyber.Point {
		return g.MultiScalarMulVarTime([]kyber.Scalar{z, g.Scalar().Neg(c)}, []kyber.Point{y, p})
	}
	l.onBase = func(z, c kyber.Scalar, p kyber.Point) kyber.Point { return l.verify(z, c, g.Base(), p) }
	return l
}

// kyberLibrary is a group of kyber's as it comes.
func kyberLibrary(g kyber.Group, name string) library[kyber.Point, kyber.Scalar] {
	l := library[kyber.Point, kyber.Scalar]{
		name: name, ours: elgamal.Ristretto255().Name(),
		pointLen: g.PointLen(), scalarLen: g.ScalarLen(),

		number:    func(v int) kyber.Scalar { return g.Scalar().SetInt64(int64(v)) },
		challenge: func(wide []byte) kyber.Scalar { return g.Scalar().SetBytes(wide) },

		add: func(a, b kyber.Scalar) kyber.Scalar { return g.Scalar().Add(a, b) },
		sub: func(a, b kyber.Scalar) kyber.Scalar { return g.Scalar().Sub(a, b) },
		mul: func(a, b kyber.Scalar) kyber.Scalar { return g.Scalar().Mul(a, b) },

		base:  func(s kyber.Scalar) kyber.Point { return g.Point().Mul(s, nil) },
		times: func(s kyber.Scalar, p kyber.Point) kyber.Point { return g.Point().Mul(s, p) },
		plus:  func(p, q kyber.Point) kyber.Point { return g.Point().Add(p, q) },
		minus: func(p, q kyber.Point) kyber.Point { return g.Point().Sub(p, q) },

		encode:       mustMarshal[kyber.Point],
		encodeScalar: mustMarshal[kyber.Scalar],
		decode: func(b []byte) (kyber.Point, error) {
			p := g.Point()
			return p, p.UnmarshalBinary(b)
		},
		decodeScalar: func(b []byte) (kyber.Scalar, error) {
			s := g.Scalar()
			return s, s.UnmarshalBinary(b)
		},
	}
	l.random = func() kyber.Scalar { return l.challenge(randomBytes(64)) }
	l.verify = func(z, c kyber.Scalar, y, p kyber.Point) kyber.Point { return l.minus(l.times(z, y), l.times(c, p)) }
	l.onBase = func(z, c kyber.Scalar, p kyber.Point) kyber.Point { return l.minus(l.base(z), l.times(c, p)) }
	return l
}

// kyberEdwards is kyber's edwards25519, as it comes: its multiplications are
// those for secrets, and its decoding takes points outside of the subgroup of
// prime order, which is not safe.
func kyberEdwards() library[kyber.Point, kyber.Scalar] {
	return kyberLibrary(edwards25519.NewBlakeSHA256Ed25519(), "kyber-edwards25519")
}

// kyberEdwardsVarTime verifies with kyber's multiplications for public values.
// This is kyber at its fastest.
func kyberEdwardsVarTime() library[kyber.Point, kyber.Scalar] {
	l := kyberEdwards()
	l.name += "-vartime"
	suite := edwards25519.NewBlakeSHA256Ed25519()
	times := func(s kyber.Scalar, p kyber.Point) kyber.Point {
		product := suite.Point()
		product.(kyber.AllowsVarTime).AllowVarTime(true)
		return product.Mul(s, p)
	}
	l.verify = func(z, c kyber.Scalar, y, p kyber.Point) kyber.Point { return l.minus(times(z, y), times(c, p)) }
	l.onBase = func(z, c kyber.Scalar, p kyber.Point) kyber.Point { return l.minus(l.base(z), times(c, p)) }
	return l
}

var (
	errCanonical = errors.New("bench: point is not canonical")
	errSubgroup  = errors.New("bench: point is not of prime order")
)

// kyberEdwardsChecked is kyberEdwardsVarTime with strict decoding, which costs
// a multiplication a point.
func kyberEdwardsChecked() library[kyber.Point, kyber.Scalar] {
	l := kyberEdwardsVarTime()
	l.name = "kyber-edwards25519-checked"
	minusOne, loose := l.number(-1), l.decode
	zero := l.base(l.number(0))
	l.decode = func(b []byte) (kyber.Point, error) {
		p, err := loose(b)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(l.encode(p), b) {
			return nil, errCanonical
		}
		// (q − 1)·P = −P if and only if q·P is the identity.
		if !l.verify(minusOne, l.number(0), p, p).Equal(l.minus(zero, p)) {
			return nil, errSubgroup
		}
		return p, nil
	}
	return l
}

// circlLibrary is a group of circl's.
func circlLibrary(g group.Group, name, ours string) library[group.Element, group.Scalar] {
	params := g.Params()
	l := library[group.Element, group.Scalar]{
		name: name, ours: ours,
		pointLen: int(params.CompressedElementLength), scalarLen: int(params.ScalarLength),

		random: func() group.Scalar { return g.RandomScalar(rand.Reader) },
		number: func(v int) group.Scalar { return g.NewScalar().SetBigInt(big.NewInt(int64(v))) },
		challenge: func(wide []byte) group.Scalar {
			return g.NewScalar().SetBigInt(new(big.Int).SetBytes(wide))
		},

		add: func(a, b group.Scalar) group.Scalar { return g.NewScalar().Add(a, b) },
		sub: func(a, b group.Scalar) group.Scalar { return g.NewScalar().Sub(a, b) },
		mul: func(a, b group.Scalar) group.Scalar { return g.NewScalar().Mul(a, b) },

		base:  func(s group.Scalar) group.Element { return g.NewElement().MulGen(s) },
		times: func(s group.Scalar, p group.Element) group.Element { return g.NewElement().Mul(p, s) },
		plus:  func(p, q group.Element) group.Element { return g.NewElement().Add(p, q) },
		minus: func(p, q group.Element) group.Element {
			return g.NewElement().Add(p, g.NewElement().Neg(q))
		},

		encode: func(p group.Element) []byte {
			b, err := p.MarshalBinaryCompress()
			if err != nil {
				panic("bench: " + err.Error())
			}
			return b
		},
		encodeScalar: mustMarshal[group.Scalar],
		decode: func(b []byte) (group.Element, error) {
			p := g.NewElement()
			return p, p.UnmarshalBinary(b)
		},
		decodeScalar: func(b []byte) (group.Scalar, error) {
			s := g.NewScalar()
			return s, s.UnmarshalBinary(b)
		},
	}
	l.verify = func(z, c group.Scalar, y, p group.Element) group.Element {
		return l.minus(l.times(z, y), l.times(c, p))
	}
	l.onBase = func(z, c group.Scalar, p group.Element) group.Element { return l.minus(l.base(z), l.times(c, p)) }
	return l
}

func circlRistretto() library[group.Element, group.Scalar] {
	return circlLibrary(group.Ristretto255, "circl-ristretto255", elgamal.Ristretto255().Name())
}

func circlP256() library[group.Element, group.Scalar] {
	return circlLibrary(group.P256, "circl-P-256", elgamal.P256().Name())
}

func mustMarshal[T interface{ MarshalBinary() ([]byte, error) }](v T) []byte {
	b, err := v.MarshalBinary()
	if err != nil {
		panic("bench: " + err.Error())
	}
	return b
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // crashes the program rather than fail
	return b
}
