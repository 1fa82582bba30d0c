package p256

import (
	"filippo.io/nistec"
	"go.dedis.ch/kyber/v3"
)

// SelectSum returns the sum of the points whose bit is 1, in time that depends
// on their number only. Bits are 0 or 1.
func (Group) SelectSum(bits []uint8, points []kyber.Point) kyber.Point {
	sum := NewPoint()
	var with nistec.P256Point
	for i, bit := range bits {
		with.Add(&sum.p, &points[i].(*Point).p)
		sum.p.Select(&with, &sum.p, int(bit&1))
	}
	return sum
}
