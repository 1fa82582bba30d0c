package ristretto255

import "go.dedis.ch/kyber/v3"

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
	current := *start.(*Point).plain()
	var add projectivePoint
	add.set(step.(*Point).plain())

	var zs, ts, products [walkBatch]element
	for done := uint64(0); done < n; {
		m := int(min(walkBatch, n-done))
		// products[i] = Z₀⋯Zᵢ; no Z is zero.
		inverse := one
		for i := range m {
			zs[i], ts[i] = current.z, current.t
			products[i].multiply(&inverse, &zs[i])
			inverse = products[i]
			current.add(&add)
		}
		inverse.invert(&inverse)
		for i := m - 1; i >= 0; i-- {
			// inverse = 1/(Z₀⋯Zᵢ)
			if i > 0 {
				ts[i].multiply(&ts[i], &products[i-1])
			}
			ts[i].multiply(&ts[i], &inverse)
			inverse.multiply(&inverse, &zs[i])
		}
		for i := range m {
			ts[i].square(&ts[i])
			if !visit(done, ts[i].reduced()[0]) {
				return
			}
			done++
		}
	}
}
