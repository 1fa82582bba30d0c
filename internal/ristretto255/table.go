package ristretto255

import (
	"sync"

	"go.dedis.ch/kyber/v3"
)

// The shape of a table: a scalar has tableDigits signed digits of tableBits
// bits, and there is one row of multiples for every step of them. The digits in
// between take doublings, (step−1)·tableBits for a whole sum, and make the table
// smaller and faster to build by step.
const (
	tableBits   = 4
	tableDigits = 64 // 256 bits; scalars have 253
	rowLen      = 1 << (tableBits - 1)

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

// tableRow holds y − x, y + x and 2d·xy of 1·B, 2·B … 8·B.
type tableRow [3][rowLen]element

// NewTable returns the multiples of points, in the order given.
func (Group) NewTable(points []kyber.Point) interface {
	Mul(i int, s kyber.Scalar) kyber.Point
	Sum(scalars []kyber.Scalar) kyber.Point
} {
	list := make([]*extended, len(points))
	for i, p := range points {
		list[i] = &p.(*Point).p
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
	rows := make([]tableRow, tableDigits/step)
	list := make([]extended, len(rows)*rowLen)
	pointers := make([]*extended, len(list))
	for i := range pointers {
		pointers[i] = &list[i]
	}
	base := *p
	for i := range rows {
		row := list[i*rowLen : (i+1)*rowLen]
		var q projectivePoint
		q.set(&base)
		row[0] = base
		for j := 1; j < rowLen; j++ {
			row[j] = row[j-1]
			row[j].add(&q)
		}
		base = row[rowLen-1] // 2^(tableBits−1)·B
		base.doubleTimes(tableBits*step - (tableBits - 1))
	}
	for i, q := range affinePoints(pointers) {
		row, j := &rows[i/rowLen], i%rowLen
		row[0][j], row[1][j], row[2][j] = q.sides[0], q.sides[1], q.xy2d
	}
	return rows
}

// Mul returns s times point i.
func (t *Table) Mul(i int, s kyber.Scalar) kyber.Point {
	one := Table{t.step, t.points[i : i+1]}
	p := new(Point)
	p.p = one.sum([]kyber.Scalar{s})
	return p
}

// Sum returns Σ scalars[i]·points[i].
func (t *Table) Sum(scalars []kyber.Scalar) kyber.Point {
	p := new(Point)
	p.p = t.sum(scalars)
	return p
}

func (t *Table) sum(scalars []kyber.Scalar) extended {
	digits := make([][tableDigits]int8, len(t.points))
	for i := range digits {
		signedDigits(digits[i][:], &scalars[i].(*Scalar).s, tableBits)
	}
	sum, q := neutral, affinePoint{}
	for at := t.step - 1; at >= 0; at-- {
		if at < t.step-1 {
			sum.doubleTimes(tableBits)
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
	negative, size := signAndSize(digit)
	var masks [rowLen]uint64
	for j := range masks {
		masks[j] = equalMask(size, uint64(j+1))
	}
	gather(&q.sides[0], &row[0], &masks)
	gather(&q.sides[1], &row[1], &masks)
	gather(&q.xy2d, &row[2], &masks)
	// Size 0 stands nowhere in the row; it is the identity, y − x = y + x = 1.
	none := equalMask(size, 0) & 1
	q.sides[0][0] |= none
	q.sides[1][0] |= none
	q.negateIf(negative)
}

// gather sets v to the element of a column whose mask is all ones, or to 0.
func gather(v *element, column *[rowLen]element, masks *[rowLen]uint64) {
	m, e := masks, column
	v[0] = e[0][0]&m[0] | e[1][0]&m[1] | e[2][0]&m[2] | e[3][0]&m[3] | e[4][0]&m[4] | e[5][0]&m[5] | e[6][0]&m[6] | e[7][0]&m[7]
	v[1] = e[0][1]&m[0] | e[1][1]&m[1] | e[2][1]&m[2] | e[3][1]&m[3] | e[4][1]&m[4] | e[5][1]&m[5] | e[6][1]&m[6] | e[7][1]&m[7]
	v[2] = e[0][2]&m[0] | e[1][2]&m[1] | e[2][2]&m[2] | e[3][2]&m[3] | e[4][2]&m[4] | e[5][2]&m[5] | e[6][2]&m[6] | e[7][2]&m[7]
	v[3] = e[0][3]&m[0] | e[1][3]&m[1] | e[2][3]&m[2] | e[3][3]&m[3] | e[4][3]&m[4] | e[5][3]&m[5] | e[6][3]&m[6] | e[7][3]&m[7]
}
