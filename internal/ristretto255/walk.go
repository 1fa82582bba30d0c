package ristretto255

import (
	"encoding/binary"

	"filippo.io/edwards25519/field"
	"go.dedis.ch/kyber/v3"
)

// walkBatch is how many points of a walk share one field inversion.
const walkBatch = 256

// WalkVarTime calls visit with i and a key of start + i·step for i from 0 to
// n−1, until visit returns false. An element and its negative have the same
// key, and two other elements have different keys but with probability 2⁻⁶⁴.
//
// The key is the low end of (xy)² = T²/Z². Adding 4-torsion to (x, y) changes
// the sign of xy or nothing, and so does negation; and x²y² determines
// {−x², y²} by the equation of the curve, hence the element up to its sign.
// It needs no square root, and the inversions are batched (Montgomery's trick).
func (Group) WalkVarTime(start, step kyber.Point, n uint64, visit func(i, key uint64) bool) {
	var current extended
	var add cachedPoint
	x, y, z, t := start.(*Point).p.ExtendedCoordinates()
	current.x, current.y, current.z, current.t = *x, *y, *z, *t
	add.set(step.(*Point), false)

	var zs, ts, products [walkBatch]field.Element
	for done := uint64(0); done < n; {
		m := int(min(walkBatch, n-done))
		// products[i] = Z₀⋯Zᵢ; no Z is zero.
		var inverse field.Element
		inverse.One()
		for i := range m {
			zs[i], ts[i] = current.z, current.t
			products[i].Multiply(&inverse, &zs[i])
			inverse = products[i]
			current.add(&add)
		}
		inverse.Invert(&inverse)
		for i := m - 1; i >= 0; i-- {
			// inverse = 1/(Z₀⋯Zᵢ)
			if i > 0 {
				ts[i].Multiply(&ts[i], &products[i-1])
			}
			ts[i].Multiply(&ts[i], &inverse)
			inverse.Multiply(&inverse, &zs[i])
		}
		for i := range m {
			key := binary.LittleEndian.Uint64(ts[i].Square(&ts[i]).Bytes())
			if !visit(done, key) {
				return
			}
			done++
		}
	}
}
