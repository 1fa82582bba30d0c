package ristretto255

import (
	"encoding/binary"
	"math/bits"

	"filippo.io/edwards25519"
	"go.dedis.ch/kyber/v3"
)

// generator is the one of RFC 9496, the base of Ed25519: y = 4/5, and x even.
var generator = func() (p extended) {
	inverse := inverseOf(&element{5})
	p.y = productOf(&element{4}, &inverse)
	yy := productOf(&p.y, &p.y)
	u, v := sumOf(&yy, &minusOne), productOf(&yy, &d)
	v.add(&v, &one)
	p.x, _ = sqrtRatio(&u, &v)
	p.z = one
	p.t = productOf(&p.x, &p.y)
	return p
}()

// half is 1/2 modulo the order.
var half = func() edwards25519.Scalar {
	two := new(Scalar).SetInt64(2)
	return new(Scalar).Inv(two).(*Scalar).s
}()

// halfGenerator is half of the generator.
var halfGenerator = func() extended {
	g := new(Point)
	*g.write() = generator
	return multiScalarMul([]kyber.Scalar{&Scalar{half}}, []kyber.Point{g})
}()

// MultiScalarMul returns Σ scalars[i]·points[i] in constant time.
func (Group) MultiScalarMul(scalars []kyber.Scalar, points []kyber.Point) kyber.Point {
	p := new(Point)
	p.p = multiScalarMul(scalars, points)
	return p
}

// The shape of all multiplication by secret scalars: signed digits of mulBits
// bits, which select one of the multiples 1·P … 8·P.
const (
	mulBits   = 4
	mulDigits = 64 // 256 bits; scalars have 253
	mulSizes  = 1 << (mulBits - 1)
)

// multiScalarMul adds, digit by digit from the top, a multiple of each point
// that it selects in constant time: Straus, "Addition chains of vectors" (Amer.
// Math. Monthly 1964), with signed digits.
func multiScalarMul(scalars []kyber.Scalar, points []kyber.Point) extended {
	digits := make([][mulDigits]int8, len(scalars))
	tables := make([][mulSizes]projectivePoint, len(points))
	for i := range digits {
		digits[i] = signedDigits(&scalars[i].(*Scalar).s)
		tables[i] = multiplesOf(points[i].(*Point).plain())
	}
	sum := neutral
	for k := mulDigits - 1; k >= 0; k-- {
		sum.doubleTimes(mulBits)
		for i := range tables {
			q := selectMultiple(&tables[i], digits[i][k])
			sum.add(&q)
		}
	}
	clear(digits)
	return sum
}

// multiplesOf returns 1·p, 2·p … 8·p.
func multiplesOf(p *extended) (table [mulSizes]projectivePoint) {
	table[0].set(p)
	for j := 1; j < mulSizes; j++ {
		sum := *p
		sum.add(&table[j-1])
		table[j].set(&sum)
	}
	return table
}

// selectMultiple returns digit·P. It reads the whole table, and neither a branch
// nor an address depends on the digit.
func selectMultiple(table *[mulSizes]projectivePoint, digit int8) projectivePoint {
	negative, size := signAndSize(digit)
	q := projectivePoint{affinePoint{sides: [2]element{one, one}}, element{2}}
	for j := range table {
		mask := equalMask(size, uint64(j+1))
		q.sides[0].choose(&table[j].sides[0], &q.sides[0], mask)
		q.sides[1].choose(&table[j].sides[1], &q.sides[1], mask)
		q.xy2d.choose(&table[j].xy2d, &q.xy2d, mask)
		q.z2.choose(&table[j].z2, &q.z2, mask)
	}
	q.negateIf(negative)
	return q
}

// negateIf sets q to −q if mask is all ones.
func (q *affinePoint) negateIf(mask uint64) {
	for i := range q.xy2d {
		q.sides[0][i], q.sides[1][i] = swapIf(mask, q.sides[0][i], q.sides[1][i])
	}
	q.xy2d.negateIf(mask)
}

// swapIf returns a and b, or b and a if mask is all ones.
func swapIf(mask, a, b uint64) (uint64, uint64) {
	swap := mask & (a ^ b)
	return a ^ swap, b ^ swap
}

// negateIf sets v to −v if mask is all ones. −v is 2²⁵⁶ − 38 − v, which is all
// bits of v turned, minus 37.
func (v *element) negateIf(mask uint64) {
	r0, c := bits.Sub64(v[0]^mask, mask&(fold-1), 0)
	r1, c := bits.Sub64(v[1]^mask, 0, c)
	r2, c := bits.Sub64(v[2]^mask, 0, c)
	r3, c := bits.Sub64(v[3]^mask, 0, c)
	v[0], v[1], v[2], v[3] = r0-(-c&fold), r1, r2, r3
}

// signedDigits returns s = Σ digits[i]·16^i with −8 ≤ digits[i] < 8, in constant
// time: s + Σ 8·16^i has the digits that are 8 more.
func signedDigits(s *edwards25519.Scalar) (digits [mulDigits]int8) {
	b := s.Bytes()
	var carry uint64
	for i := range ScalarLen / 8 {
		var w uint64
		w, carry = bits.Add64(binary.LittleEndian.Uint64(b[8*i:]), 0x8888888888888888, carry)
		for k := range 16 {
			digits[16*i+k] = int8(w>>(4*k)&15) - 8
		}
	}
	return digits
}

// signAndSize returns all ones or 0, and |digit|.
func signAndSize(digit int8) (negative, size uint64) {
	sign := digit >> 7
	return uint64(int64(sign)), uint64(uint8((digit ^ sign) - sign))
}

// equalMask returns all ones if a = b and 0 otherwise, for a and b below 2⁶³.
func equalMask(a, b uint64) uint64 { return -(((a ^ b) - 1) >> 63) }
