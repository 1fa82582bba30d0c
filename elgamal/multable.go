package elgamal

import (
	"sync"
	"sync/atomic"

	"go.dedis.ch/kyber/v3"
)

type (
	tabulator interface {
		NewTable(points []kyber.Point) interface {
			Mul(i int, s kyber.Scalar) kyber.Point
			Sum(scalars []kyber.Scalar) kyber.Point
		}
	}
	selector interface {
		SelectSum(bits []uint8, points []kyber.Point) kyber.Point
	}
)

// Tables are built when each point has been multiplied tableAfter times, on
// average: for ristretto255 they cost what two and a half multiplications with
// them save. A term of a sum, which shares its doublings with the others, counts
// only 1/sumShare, because it saves less.
const (
	tableAfter = 2
	sumShare   = 8
)

// MulTable multiplies the same points by secret scalars again and again, in
// constant time for the two built-in groups. The first times it multiplies
// plainly; then it builds tables, with which multiplying takes a third of the
// time. They take 12 KiB a point for ristretto255. For P-256 and for groups
// whose [Codec] has no tables, multiplying is always plain.
//
// A MulTable is safe for concurrent use. The points must not be changed.
type MulTable struct {
	group  *Group
	points []kyber.Point
	used   atomic.Int64 // multiplications, while there are no tables
	once   sync.Once
	fast   interface {
		Mul(i int, s kyber.Scalar) kyber.Point
		Sum(scalars []kyber.Scalar) kyber.Point
	}
}

// NewMulTable returns a MulTable of points of g. It computes nothing yet.
func (g *Group) NewMulTable(points []kyber.Point) *MulTable {
	return &MulTable{group: g, points: points}
}

// ready reports whether to use the tables. If not it counts n multiplications.
func (t *MulTable) ready(n int) bool {
	c, ok := t.group.codec.(tabulator)
	if !ok {
		return false
	}
	if t.used.Load() < int64(tableAfter*len(t.points)) {
		t.used.Add(int64(n))
		return false
	}
	t.once.Do(func() { t.fast = c.NewTable(t.points) })
	return true
}

// Tabulates reports whether multiplying will be from tables once there are any:
// whether the group has some.
func (t *MulTable) Tabulates() bool {
	_, ok := t.group.codec.(tabulator)
	return ok
}

// Mul returns s times point i, counted from 0.
func (t *MulTable) Mul(i int, s kyber.Scalar) kyber.Point {
	if t.ready(1) {
		return t.fast.Mul(i, s)
	}
	return t.group.kyber.Point().Mul(s, t.points[i])
}

// MulEach returns s times each point.
func (t *MulTable) MulEach(s kyber.Scalar) []kyber.Point {
	ready := t.ready(len(t.points))
	products := make([]kyber.Point, len(t.points))
	for i, p := range t.points {
		if ready {
			products[i] = t.fast.Mul(i, s)
		} else {
			products[i] = t.group.kyber.Point().Mul(s, p)
		}
	}
	return products
}

// Sum returns Σ scalars[i]·points[i]. A number of scalars other than that of
// the points is a bug and panics.
func (t *MulTable) Sum(scalars []kyber.Scalar) kyber.Point {
	if len(scalars) != len(t.points) {
		panic("elgamal: as many scalars as points are needed")
	}
	if t.ready(1 + len(t.points)/sumShare) {
		return t.fast.Sum(scalars)
	}
	return t.group.MultiScalarMul(scalars, t.points)
}

// SelectSum returns the sum of the points whose bit is 1. The bits are secret,
// 0 or 1 each; it is constant time in them for the two built-in groups. Lists of
// different length are a bug and panic.
func (g *Group) SelectSum(bits []uint8, points []kyber.Point) kyber.Point {
	if len(bits) != len(points) {
		panic("elgamal: as many bits as points are needed")
	}
	if c, ok := g.codec.(selector); ok {
		return c.SelectSum(bits, points)
	}
	scalars := make([]kyber.Scalar, len(bits))
	for i, bit := range bits {
		scalars[i] = g.Uint64Scalar(uint64(bit & 1))
	}
	return g.MultiScalarMul(scalars, points)
}
