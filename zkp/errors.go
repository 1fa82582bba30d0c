package zkp

import (
	"fmt"
	"reflect"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/reason"
)

// The reasons for which this package refuses a statement, a witness or a
// proof. A proof made for another context or statement is ErrProof: a verifier
// cannot tell it from one that never held.
var (
	ErrEncoding  = reason.ErrEncoding  // a proof has another length, or a point or scalar in it is not canonical
	ErrGroup     = reason.ErrGroup     // a point is not of the group, or is the identity where that is not allowed
	ErrProof     = reason.ErrProof     // a proof does not hold, or a witness does not satisfy the statement
	ErrRange     = reason.ErrRange     // a coefficient, sum or index is outside its bounds
	ErrShape     = reason.ErrShape     // a list has the wrong length
	ErrDuplicate = reason.ErrDuplicate // a column, key or slot stands twice
)

// checkGroup refuses a nil group.
func checkGroup(g *elgamal.Group) error {
	if g == nil {
		return fmt.Errorf("no group: %w", ErrGroup)
	}
	return nil
}

// numbered is the name of number i of a list, or just the name for i = 0.
func numbered(name string, i int) string {
	if i > 0 {
		return fmt.Sprintf("%s %d", name, i)
	}
	return name
}

// checkPoint refuses a point of another group, which kyber would panic on, and
// the identity.
func checkPoint(g *elgamal.Group, name string, i int, p kyber.Point) error {
	if err := checkType(g, name, i, p); err != nil {
		return err
	}
	if g.IsIdentity(p) {
		return fmt.Errorf("%s: identity: %w", numbered(name, i), ErrGroup)
	}
	return nil
}

// checkType is checkPoint with the identity allowed.
func checkType(g *elgamal.Group, name string, i int, p kyber.Point) error {
	if err := g.CheckPoint(p); err != nil {
		return fmt.Errorf("%s: %w", numbered(name, i), err)
	}
	return nil
}

// checkPoints is checkPoint for a list.
func checkPoints(g *elgamal.Group, name string, list []kyber.Point) error {
	for i, p := range list {
		if err := checkPoint(g, name, i+1, p); err != nil {
			return err
		}
	}
	return nil
}

// checkScalar refuses a nil scalar and a scalar of another group.
func checkScalar(g *elgamal.Group, name string, i int, s kyber.Scalar) error {
	v := reflect.ValueOf(s)
	if !v.IsValid() || v.Type() != reflect.TypeOf(g.Scalar()) || v.Kind() == reflect.Pointer && v.IsNil() {
		return fmt.Errorf("%s: not a scalar of %s: %w", numbered(name, i), g.Name(), ErrGroup)
	}
	return nil
}
