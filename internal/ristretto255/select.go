package ristretto255

import "go.dedis.ch/kyber/v3"

// SelectSum returns the sum of the points whose bit is 1, in time that depends
// on their number only. Bits are 0 or 1.
func (Group) SelectSum(bits []uint8, points []kyber.Point) kyber.Point {
	sum := NewPoint()
	p := sum.write()
	for i, bit := range bits {
		var q projectivePoint
		q.set(&points[i].(*Point).p)
		with := *p
		with.add(&q)
		p.choose(&with, p, -uint64(bit&1))
	}
	return sum
}
