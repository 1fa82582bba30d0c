package ristretto255

import (
	"filippo.io/edwards25519"
	"go.dedis.ch/kyber/v3"
)

// SelectSum returns the sum of the points whose bit is 1, in time that depends
// on their number only. Bits are 0 or 1.
func (Group) SelectSum(bits []uint8, points []kyber.Point) kyber.Point {
	sum := NewPoint()
	p := sum.write()
	var with edwards25519.Point
	for i, bit := range bits {
		with.Add(p, &points[i].(*Point).p)
		p.Select(&with, p, int(bit&1))
	}
	return sum
}
