package p256

import (
	"encoding/binary"

	"filippo.io/nistec"
	"go.dedis.ch/kyber/v3"
)

// WalkVarTime calls visit with i and a key of start + i·step for i from 0 to
// n−1, until visit returns false. A point and its negative have the same key,
// and two other points have different keys but with probability 2⁻⁶⁴: it is the
// low end of the abscissa, 0 for the identity.
func (Group) WalkVarTime(start, step kyber.Point, n uint64, visit func(i, key uint64) bool) {
	var current nistec.P256Point
	current.Set(&start.(*Point).p)
	for i := range n {
		var key uint64
		if x, err := current.BytesX(); err == nil {
			key = binary.BigEndian.Uint64(x[len(x)-8:])
		}
		if !visit(i, key) {
			return
		}
		current.Add(&current, &step.(*Point).p)
	}
}
