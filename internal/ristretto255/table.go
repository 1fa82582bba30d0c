package ristretto255

import (
	"sync"

	"filippo.io/edwards25519"
	"go.dedis.ch/kyber/v3"
)

// A table has one row of multiples for every step of the digits of a scalar. The
// digits in between take doublings, (step−1)·mulBits for a whole sum, and make
// the table smaller and faster to build by step.
const (
	tableStep = 4 // of a table of points that a caller gives
	baseStep  = 1 // of the generator's
)

// Table multiplies fixed points by secret scalars in constant time: Brickell,
// Gordon, McCurley and Wilson, "Fast Exponentiation with Precomputation"
// (EUROCRYPT 1992), with signed digits and with doublings between rows as in
// Bernstein, Duif, Lange, Schwabe and Yang, "High-speed high-security
// signatures" (CHES 2011), Section 4. It takes 12 KiB a point.
//
// Digits of five bits make fewer additions, but as many nanoseconds: twice as
// much of the table has to be read for each.
type Table struct {
	step   int
	points [][]tableRow // row i of a point is of the digit i·step
}

// tableRow holds y − x, y + x and 2d·xy of 1·B, 2·B … 8·B, those of one limb side
// by side.
type tableRow [3][4][mulSizes]uint64

// NewTable returns the multiples of points, in the order given.
func (Group) NewTable(points []kyber.Point) interface {
	Mul(i int, s kyber.Scalar) kyber.Point
	Sum(scalars []kyber.Scalar) kyber.Point
} {
	list := make([]*extended, len(points))
	for i, p := range points {
		list[i] = p.(*Point).plain()
	}
	return newTable(tableStep, list)
}

// baseTable returns the table of the generator, 48 KiB, which is made when it is
// first needed.
var baseTable = sync.OnceValue(func() *Table { return newTable(baseStep, []*extended{&generator}) })

func newTable(step int, points []*extended) *Table {
	t := &Table{step: step, points: make([][]tableRow, len(points))}
	for i, p := range points {
		t.points[i] = tableRows(p, step)
	}
	return t
}

// tableRows computes the multiples of p. Its time depends on nothing.
func tableRows(p *extended, step int) []tableRow {
	rows := make([]tableRow, mulDigits/step)
	list := make([]extended, len(rows)*mulSizes)
	pointers := make([]*extended, len(list))
	for i := range pointers {
		pointers[i] = &list[i]
	}
	base := *p
	for i := range rows {
		row := list[i*mulSizes : (i+1)*mulSizes]
		var q projectivePoint
		q.set(&base)
		row[0] = base
		for j := 1; j < mulSizes; j++ {
			row[j] = row[j-1]
			row[j].add(&q)
		}
		base = row[mulSizes-1] // 2^(mulBits−1)·B
		base.doubleTimes(mulBits*step - (mulBits - 1))
	}
	for i, q := range affinePoints(pointers) {
		row, j := &rows[i/mulSizes], i%mulSizes
		for k := range row[0] {
			row[0][k][j], row[1][k][j], row[2][k][j] = q.sides[0][k], q.sides[1][k], q.xy2d[k]
		}
	}
	return rows
}

// Mul returns s times point i.
func (t *Table) Mul(i int, s kyber.Scalar) kyber.Point {
	one := Table{t.step, t.points[i : i+1]}
	p, half := new(Point), one.halfSum([]kyber.Scalar{s})
	p.setHalf(&half)
	return p
}

// Sum returns Σ scalars[i]·points[i].
func (t *Table) Sum(scalars []kyber.Scalar) kyber.Point {
	p, half := new(Point), t.halfSum(scalars)
	p.setHalf(&half)
	return p
}

// halfSum returns Σ (scalars[i]/2)·points[i]; see Point.
func (t *Table) halfSum(scalars []kyber.Scalar) extended {
	digits := make([][mulDigits]int8, len(t.points))
	for i := range digits {
		var s edwards25519.Scalar
		digits[i] = signedDigits(s.Multiply(&scalars[i].(*Scalar).s, &half))
	}
	sum, q := neutral, affinePoint{}
	for at := t.step - 1; at >= 0; at-- {
		if at < t.step-1 {
			sum.doubleTimes(mulBits)
		}
		for i, rows := range t.points {
			for j := range rows {
				rows[j].choose(&q, digits[i][j*t.step+at])
				sum.addAffine(&q, 0)
			}
		}
	}
	clear(digits)
	return sum
}

// choose sets q to digit·B. It reads the whole row, and neither a branch nor an
// address depends on the digit.
func (row *tableRow) choose(q *affinePoint, digit int8) {
	sign, size := signAndSize(digit)
	a, b, c, d := equalMask(size, 1), equalMask(size, 2), equalMask(size, 3), equalMask(size, 4)
	e, f, g, h := equalMask(size, 5), equalMask(size, 6), equalMask(size, 7), equalMask(size, 8)
	// Size 0 stands nowhere in the row; it is the identity, y − x = y + x = 1.
	v, w := equalMask(size, 0)&1, equalMask(size, 0)&1
	// All limbs here and no loop, or the masks would not stay in registers.
	v |= pick(&row[0][0], a, b, c, d, e, f, g, h)
	w |= pick(&row[1][0], a, b, c, d, e, f, g, h)
	q.sides[0][0], q.sides[1][0] = swapIf(sign, v, w)
	v = pick(&row[0][1], a, b, c, d, e, f, g, h)
	w = pick(&row[1][1], a, b, c, d, e, f, g, h)
	q.sides[0][1], q.sides[1][1] = swapIf(sign, v, w)
	v = pick(&row[0][2], a, b, c, d, e, f, g, h)
	w = pick(&row[1][2], a, b, c, d, e, f, g, h)
	q.sides[0][2], q.sides[1][2] = swapIf(sign, v, w)
	v = pick(&row[0][3], a, b, c, d, e, f, g, h)
	w = pick(&row[1][3], a, b, c, d, e, f, g, h)
	q.sides[0][3], q.sides[1][3] = swapIf(sign, v, w)
	q.xy2d[0] = pick(&row[2][0], a, b, c, d, e, f, g, h)
	q.xy2d[1] = pick(&row[2][1], a, b, c, d, e, f, g, h)
	q.xy2d[2] = pick(&row[2][2], a, b, c, d, e, f, g, h)
	q.xy2d[3] = pick(&row[2][3], a, b, c, d, e, f, g, h)
	q.xy2d.negateIf(sign)
}

// pick returns the limb whose mask is all ones, or 0.
func pick(l *[mulSizes]uint64, a, b, c, d, e, f, g, h uint64) uint64 {
	return l[0]&a | l[1]&b | l[2]&c | l[3]&d | l[4]&e | l[5]&f | l[6]&g | l[7]&h
}
