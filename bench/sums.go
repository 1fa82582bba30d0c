package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/oasisprotocol/curve25519-voi/curve"
	"github.com/oasisprotocol/curve25519-voi/curve/scalar"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// terms are the same scalars and points for two libraries.
type terms struct {
	scalars    []kyber.Scalar
	points     []kyber.Point
	voiScalars []*scalar.Scalar
	voiPoints  []*curve.RistrettoPoint
}

// sumOperations are sums of products with scalars of full length and of half,
// on ours and on curve25519-voi, which on amd64 has vector code.
func sumOperations(n int) (list []operation) {
	for _, bits := range []int{253, 128} {
		made := sync.OnceValues(func() (*terms, error) { return newTerms(n, bits) })
		name := func(library string) string { return fmt.Sprintf("Sum/library=%s/bits=%d/n=%d", library, bits, n) }
		list = append(list, operation{
			name: name("hanpyo"), item: "point", n: n,
			prepare: func(context.Context) (prepared, error) {
				t, err := made()
				return prepared{do: func() error {
					elgamal.Ristretto255().MultiScalarMulVarTime(t.scalars, t.points)
					return nil
				}}, err
			},
		}, operation{
			name: name("curve25519-voi"), item: "point", n: n, ours: name("hanpyo"),
			prepare: func(context.Context) (prepared, error) {
				t, err := made()
				return prepared{do: func() error {
					curve.NewRistrettoPoint().MultiscalarMulVartime(t.voiScalars, t.voiPoints)
					return nil
				}}, err
			},
		})
	}
	return list
}

// newTerms makes random scalars and points that nobody has multiplied before.
func newTerms(n, bits int) (*terms, error) {
	g, t := elgamal.Ristretto255(), &terms{}
	point := g.HashToPoint("bench", randomBytes(32))
	for range n {
		b := randomBytes((bits + 7) / 8)
		if r := bits % 8; r > 0 {
			b[0] &= 1<<r - 1
		}
		s := g.ReduceScalar(b)
		t.scalars, t.points = append(t.scalars, s), append(t.points, point)
		vs, err := scalar.NewFromCanonicalBytes(g.AppendScalar(nil, s))
		if err != nil {
			return nil, err
		}
		vp := curve.NewRistrettoPoint()
		if err := vp.UnmarshalBinary(g.AppendPoint(nil, point)); err != nil {
			return nil, err
		}
		t.voiScalars, t.voiPoints = append(t.voiScalars, vs), append(t.voiPoints, vp)
		point = g.Point().Add(point, point)
	}
	return t, t.check()
}

// check holds that the two libraries agree.
func (t *terms) check() error {
	g := elgamal.Ristretto255()
	ours := g.AppendPoint(nil, g.MultiScalarMulVarTime(t.scalars, t.points))
	theirs, err := curve.NewRistrettoPoint().MultiscalarMulVartime(t.voiScalars, t.voiPoints).MarshalBinary()
	if err != nil || !bytes.Equal(ours, theirs) {
		return errors.Join(err, errors.New("bench: the sums of two libraries differ"))
	}
	return nil
}
