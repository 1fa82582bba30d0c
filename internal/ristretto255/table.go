package ristretto255

import (
	"encoding/binary"

	"filippo.io/edwards25519"
	"filippo.io/edwards25519/field"
	"go.dedis.ch/kyber/v3"
)

// The shape of a table: a scalar has tableRows·tableStep signed digits of
// tableBits bits, and there is one row of multiples for every tableStep of
// them. The digits in between take doublings, (tableStep−1)·tableBits for a
// whole sum, which is little beside the digits' additions, and make the table
// smaller and faster to build by tableStep.
const (
	tableBits   = 4
	tableStep   = 4
	tableRows   = 16
	tableDigits = tableRows * tableStep // 256 bits; scalars have 253
	rowLen      = 1 << (tableBits - 1)  // the sizes of a digit, 1 to 8
)

// Table multiplies fixed points by secret scalars in constant time: Brickell,
// Gordon, McCurley and Wilson, "Fast Exponentiation with Precomputation"
// (EUROCRYPT 1992), with signed digits and with doublings between rows as in
// Bernstein, Duif, Lange, Schwabe and Yang, "High-speed high-security
// signatures" (CHES 2011), Section 4. It takes 12 KiB a point, and as long
// to build as two multiplications, of which it saves two thirds.
type Table struct{ points []tablePoint }

// tablePoint holds the multiples of one point. Row i is of the digit i·tableStep.
type tablePoint [tableRows]tableRow

// tableRow holds 1·B, 2·B … 8·B as y+x, y−x and 2dxy of affine coordinates,
// each in canonical form, four words a coordinate: a row is read as a whole
// for each digit, and so it is as small as can be.
type tableRow [3][rowLen][4]uint64

// NewTable returns the multiples of points, in the order given.
func (Group) NewTable(points []kyber.Point) interface {
	Mul(i int, s kyber.Scalar) kyber.Point
	Sum(scalars []kyber.Scalar) kyber.Point
} {
	t := &Table{make([]tablePoint, len(points))}
	for i, p := range points {
		t.points[i].set(p.(*Point))
	}
	return t
}

// set computes the multiples of p. Its time depends on nothing.
func (t *tablePoint) set(p *Point) {
	var list [tableRows * rowLen]extended
	var base extended
	x, y, z, xy := p.p.ExtendedCoordinates()
	base.x, base.y, base.z, base.t = *x, *y, *z, *xy
	for i := range tableRows {
		row := list[i*rowLen : (i+1)*rowLen]
		var q cachedPoint
		q.setExtended(&base)
		row[0] = base
		for j := 1; j < rowLen; j++ {
			row[j] = row[j-1]
			row[j].add(&q)
		}
		base = row[rowLen-1] // 2^(tableBits−1)·B
		for range tableBits*tableStep - (tableBits - 1) {
			base.double()
		}
	}

	// One inversion for all (Montgomery's trick); no Z is zero.
	var products [len(list)]field.Element // Z₀⋯Zᵢ
	products[0] = list[0].z
	for i := 1; i < len(list); i++ {
		products[i].Multiply(&products[i-1], &list[i].z)
	}
	var inverse, zInv field.Element
	inverse.Invert(&products[len(list)-1])
	for i := len(list) - 1; i >= 0; i-- {
		zInv = inverse // 1/(Z₀⋯Zᵢ)
		if i > 0 {
			zInv.Multiply(&inverse, &products[i-1])
			inverse.Multiply(&inverse, &list[i].z)
		}
		var x, y, u field.Element
		x.Multiply(&list[i].x, &zInv)
		y.Multiply(&list[i].y, &zInv)
		row, j := &t[i/rowLen], i%rowLen
		row[0][j] = words(u.Add(&y, &x))
		row[1][j] = words(u.Subtract(&y, &x))
		row[2][j] = words(u.Multiply(u.Multiply(&x, &y), d2))
	}
}

func words(u *field.Element) (w [4]uint64) {
	b := u.Bytes()
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return w
}

// Mul returns s times point i.
func (t *Table) Mul(i int, s kyber.Scalar) kyber.Point {
	return sumTable(t.points[i:i+1], []kyber.Scalar{s})
}

// Sum returns Σ scalars[i]·points[i].
func (t *Table) Sum(scalars []kyber.Scalar) kyber.Point {
	return sumTable(t.points, scalars)
}

func sumTable(points []tablePoint, scalars []kyber.Scalar) kyber.Point {
	ds := make([][tableDigits]int8, len(points))
	for i := range ds {
		signedDigits(&ds[i], &scalars[i].(*Scalar).s)
	}
	var sum extended
	sum.setIdentity()
	var q cachedPoint
	q.affine = true
	for step := tableStep - 1; step >= 0; step-- {
		if step < tableStep-1 {
			for range tableBits {
				sum.double()
			}
		}
		for i := range points {
			for j := range tableRows {
				points[i][j].selectInto(&q, ds[i][j*tableStep+step])
				sum.add(&q)
			}
		}
	}
	clear(ds)
	r := new(Point)
	if _, err := r.p.SetExtendedCoordinates(&sum.x, &sum.y, &sum.z, &sum.t); err != nil {
		panic("ristretto255: sum is off the curve")
	}
	return r
}

// signedDigits sets s = Σ dst[i]·2^(tableBits·i) with −8 ≤ dst[i] < 8, in
// constant time.
func signedDigits(dst *[tableDigits]int8, s *edwards25519.Scalar) {
	b := s.Bytes()
	var w [tableDigits*tableBits/64 + 2]uint64
	for i := range ScalarLen / 8 {
		w[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	carry := int8(0)
	for i := range dst {
		at := i * tableBits
		v := w[at/64]>>(at%64) | w[at/64+1]<<1<<(63-at%64)
		d := int8(v&(1<<tableBits-1)) + carry
		carry = (d + rowLen) >> tableBits
		dst[i] = d - carry<<tableBits
	}
}

// selectInto sets q to digit·B. It reads the whole row, and neither a branch
// nor an address depends on the digit.
func (row *tableRow) selectInto(q *cachedPoint, digit int8) {
	negative := digit >> 7 // all ones or zero
	size := uint64(uint8((digit ^ negative) - negative))
	var masks [rowLen]uint64
	for j := range masks {
		masks[j] = equalMask(size, uint64(j+1))
	}
	// Size 0 stands nowhere in the row; it is the identity, y+x = y−x = 1.
	none := equalMask(size, 0) & 1
	var plus, minus, xy2d, negated field.Element
	unpack(&plus, &row[0], &masks, none)
	unpack(&minus, &row[1], &masks, none)
	unpack(&xy2d, &row[2], &masks, 0)
	negated.Negate(&xy2d)
	sign := int(negative & 1)
	q.yPlusX.Select(&minus, &plus, sign)
	q.yMinusX.Select(&plus, &minus, sign)
	q.t2d.Select(&negated, &xy2d, sign)
}

// unpack sets u to the entry whose mask is all ones, or to none where no mask
// is.
func unpack(u *field.Element, column *[rowLen][4]uint64, masks *[rowLen]uint64, none uint64) {
	a, b, c, d := none, uint64(0), uint64(0), uint64(0)
	for j := range column {
		m := masks[j]
		a |= column[j][0] & m
		b |= column[j][1] & m
		c |= column[j][2] & m
		d |= column[j][3] & m
	}
	var le [PointLen]byte
	binary.LittleEndian.PutUint64(le[0:], a)
	binary.LittleEndian.PutUint64(le[8:], b)
	binary.LittleEndian.PutUint64(le[16:], c)
	binary.LittleEndian.PutUint64(le[24:], d)
	if _, err := u.SetBytes(le[:]); err != nil {
		panic("ristretto255: wrong length of a table's entry")
	}
}

// equalMask returns all ones if a = b and 0 otherwise, for a and b below 2⁶³.
func equalMask(a, b uint64) uint64 { return -(((a ^ b) - 1) >> 63) }
