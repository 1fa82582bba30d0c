package bench

import (
	"bytes"
	"errors"
	"math/big"

	"go.dedis.ch/kyber/v3"
	"go.dedis.ch/kyber/v3/group/edwards25519"

	"github.com/hanpyo/hanpyo/elgamal"
)

// kyberEdwards returns kyber's own edwards25519 as a group: what one has
// without hanpyo. The curve has points outside of the subgroup of prime order;
// to check for them costs a multiplication a point, and most programs do not.
// That is not safe, and here only so that nobody is compared with a check that
// they leave out.
func kyberEdwards(checked bool) *elgamal.Group {
	name := "kyber-edwards25519"
	if !checked {
		name += "-unchecked"
	}
	suite := edwards25519.NewBlakeSHA256Ed25519()
	g, err := elgamal.NewGroup(name, suite, edwardsCodec{suite, checked})
	if err != nil {
		panic("bench: " + err.Error())
	}
	return g
}

// edwardsCodec decodes points of kyber's edwards25519, strictly if checked.
type edwardsCodec struct {
	suite   *edwards25519.SuiteEd25519
	checked bool
}

var (
	errCanonical = errors.New("bench: point is not canonical")
	errSubgroup  = errors.New("bench: point is not of prime order")
)

func (c edwardsCodec) DecodePoint(b []byte) (kyber.Point, error) {
	p := c.suite.Point()
	if err := p.UnmarshalBinary(b); err != nil {
		return nil, err
	}
	if again, err := p.MarshalBinary(); err != nil || !bytes.Equal(again, b) {
		return nil, errCanonical
	}
	// (q − 1)·P = −P if and only if q·P is the identity.
	minusOne := c.suite.Scalar().SetInt64(-1)
	if c.checked && !c.suite.Point().Mul(minusOne, p).Equal(c.suite.Point().Neg(p)) {
		return nil, errSubgroup
	}
	return p, nil
}

func (c edwardsCodec) HashToPoint(domain string, msg []byte) kyber.Point {
	seed := append([]byte{byte(len(domain))}, domain...)
	return c.suite.Point().Pick(c.suite.XOF(append(seed, msg...)))
}

func (edwardsCodec) Order() *big.Int { return elgamal.Ristretto255().Order() }
