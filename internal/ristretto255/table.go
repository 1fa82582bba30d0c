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
	tableBits   = 5
	tableDigits = 52 // 260 bits; scalars have 253
	rowLen      = 1 << (tableBits - 1)

	tableStep = 4 // of a table of points that a caller gives
	baseStep  = 1 // of the generator's
)

// Table multiplies fixed points by secret scalars in constant time: Brickell,
// Gordon, McCurley and Wilson, "Fast Exponentiation with Precomputation"
// (EUROCRYPT 1992), with signed digits and with doublings between rows as in
// Bernstein, Duif, Lange, Schwabe and Yang, "High-speed high-security
// signatures" (CHES 2011), Section 4. It takes 20 KB a point.
type Table struct {
	step   int
	points [][]tableRow // row i of a point is of the digit i·step
}

// tableRow holds y − x, y + x and 2d·xy of 1·B, 2·B … 16·B.
type tableRow [3][rowLen]element

// NewTable returns the multiples of points, in the order given.
func (Group) NewTable(points []kyber.Point) interface {
	Mul(i int, s kyber.Scalar) kyber.Point
	Sum(scalars []kyber.Scalar) kyber.Point
	SumVarTime(scalars []kyber.Scalar) kyber.Point
} {
	list := make([]*extended, len(points))
	for i, p := range points {
		list[i] = &p.(*Point).p
	}
	return newTable(tableStep, list)
}

// baseTable returns the table of the generator, 80 KB, which is made when it is
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
	sum := neutral
	for at := t.step - 1; at >= 0; at-- {
		if at < t.step-1 {
			sum.doubleTimes(tableBits)
		}
		for i, rows := range t.points {
			for j := range rows {
				q := rows[j].choose(digits[i][j*t.step+at])
				sum.addAffine(&q, 0)
			}
		}
	}
	clear(digits)
	return sum
}

// SumVarTime is Sum for public scalars; short ones cost in proportion to their
// length.
func (t *Table) SumVarTime(scalars []kyber.Scalar) kyber.Point {
	digits := make([][tableDigits]int8, len(t.points))
	for i := range digits {
		signedDigits(digits[i][:], &scalars[i].(*Scalar).s, tableBits)
	}
	p := new(Point)
	p.p = neutral
	for at := t.step - 1; at >= 0; at-- {
		if at < t.step-1 {
			p.p.doubleTimes(tableBits)
		}
		for i, rows := range t.points {
			for j := range rows {
				if d := digits[i][j*t.step+at]; d != 0 {
					sign := d >> 7
					k := (d ^ sign) - sign - 1
					q := affinePoint{sides: [2]element{rows[j][0][k], rows[j][1][k]}, xy2d: rows[j][2][k]}
					p.p.addAffine(&q, int(sign&1))
				}
			}
		}
	}
	return p
}

// choose returns digit·B. It reads the whole row, and neither a branch nor an
// address depends on the digit.
func (row *tableRow) choose(digit int8) (q affinePoint) {
	negative, size := signAndSize(digit)
	var masks [rowLen]uint64
	for j := range masks {
		masks[j] = equalMask(size, uint64(j+1))
	}
	q.sides[0], q.sides[1], q.xy2d = gather(&row[0], &masks), gather(&row[1], &masks), gather(&row[2], &masks)
	// Size 0 stands nowhere in the row; it is the identity, y − x = y + x = 1.
	none := equalMask(size, 0) & 1
	q.sides[0][0] |= none
	q.sides[1][0] |= none
	q.negateIf(negative)
	return q
}

// gather returns the element of a column whose mask is all ones, or 0.
func gather(column *[rowLen]element, masks *[rowLen]uint64) (v element) {
	for j := 0; j < rowLen; j += 4 {
		m, e := (*[4]uint64)(masks[j:]), (*[4]element)(column[j:])
		v[0] |= e[0][0]&m[0] | e[1][0]&m[1] | e[2][0]&m[2] | e[3][0]&m[3]
		v[1] |= e[0][1]&m[0] | e[1][1]&m[1] | e[2][1]&m[2] | e[3][1]&m[3]
		v[2] |= e[0][2]&m[0] | e[1][2]&m[1] | e[2][2]&m[2] | e[3][2]&m[3]
		v[3] |= e[0][3]&m[0] | e[1][3]&m[1] | e[2][3]&m[2] | e[3][3]&m[3]
	}
	return v
}
