package ristretto255

import "go.dedis.ch/kyber/v3"

// SelectSum returns the sum of the points whose bit is 1, in time that depends
// on their number only. Bits are 0 or 1.
func (Group) SelectSum(bits []uint8, points []kyber.Point) kyber.Point {
	halved := true // if all are, the sum is
	for _, p := range points {
		halved = halved && p.(*Point).halved
	}
	sum := NewPoint()
	p := sum.write()
	sum.halved = halved
	for i, bit := range bits {
		term := points[i].(*Point)
		var q projectivePoint
		if halved {
			q.set(&term.p)
		} else {
			q.set(term.plain())
		}
		with := *p
		with.add(&q)
		p.choose(&with, p, -uint64(bit&1))
	}
	return sum
}
