package ristretto255

import (
	"encoding/binary"
	"math/bits"
)

// element is an integer modulo p = 2²⁵⁵ − 19 in four limbs of 64 bits, the
// lowest first. Any value below 2²⁵⁶ is allowed, so a number has two or three
// forms; only bytes, isNegative and equal look at the number itself. No method
// has a branch or an address that depends on a value. All arguments and
// receivers may be the same.
//
// Four full limbs take 16 products where five of 51 bits take 25, and Go's
// compiler makes add-with-carry of [bits.Add64]; it is what makes them faster
// in Go than the assembly of five limbs in filippo.io/edwards25519, against
// which the tests hold them.
type element [4]uint64

// fold is 2²⁵⁶ modulo p.
const fold = 38

// add sets v to a + b.
func (v *element) add(a, b *element) {
	r0, c := bits.Add64(a[0], b[0], 0)
	r1, c := bits.Add64(a[1], b[1], c)
	r2, c := bits.Add64(a[2], b[2], c)
	r3, c := bits.Add64(a[3], b[3], c)
	r0, c = bits.Add64(r0, -c&fold, 0)
	r1, c = bits.Add64(r1, 0, c)
	r2, c = bits.Add64(r2, 0, c)
	r3, c = bits.Add64(r3, 0, c)
	v[0], v[1], v[2], v[3] = r0+-c&fold, r1, r2, r3 // after a second carry r0 < 38
}

// subtract sets v to a − b.
func (v *element) subtract(a, b *element) {
	r0, c := bits.Sub64(a[0], b[0], 0)
	r1, c := bits.Sub64(a[1], b[1], c)
	r2, c := bits.Sub64(a[2], b[2], c)
	r3, c := bits.Sub64(a[3], b[3], c)
	r0, c = bits.Sub64(r0, -c&fold, 0)
	r1, c = bits.Sub64(r1, 0, c)
	r2, c = bits.Sub64(r2, 0, c)
	r3, c = bits.Sub64(r3, 0, c)
	v[0], v[1], v[2], v[3] = r0-(-c&fold), r1, r2, r3 // after a second borrow r0 ≥ 2⁶⁴ − 38
}

// negate sets v to −a.
func (v *element) negate(a *element) { v.subtract(&element{}, a) }

// addSubtract sets sum to a + b and difference to a − b.
func addSubtract(sum, difference, a, b *element) {
	a0, a1, a2, a3 := a[0], a[1], a[2], a[3]
	b0, b1, b2, b3 := b[0], b[1], b[2], b[3]
	r0, c := bits.Add64(a0, b0, 0)
	r1, c := bits.Add64(a1, b1, c)
	r2, c := bits.Add64(a2, b2, c)
	r3, c := bits.Add64(a3, b3, c)
	r0, c = bits.Add64(r0, -c&fold, 0)
	r1, c = bits.Add64(r1, 0, c)
	r2, c = bits.Add64(r2, 0, c)
	r3, c = bits.Add64(r3, 0, c)
	sum[0], sum[1], sum[2], sum[3] = r0+-c&fold, r1, r2, r3
	r0, c = bits.Sub64(a0, b0, 0)
	r1, c = bits.Sub64(a1, b1, c)
	r2, c = bits.Sub64(a2, b2, c)
	r3, c = bits.Sub64(a3, b3, c)
	r0, c = bits.Sub64(r0, -c&fold, 0)
	r1, c = bits.Sub64(r1, 0, c)
	r2, c = bits.Sub64(r2, 0, c)
	r3, c = bits.Sub64(r3, 0, c)
	difference[0], difference[1], difference[2], difference[3] = r0-(-c&fold), r1, r2, r3
}

// multiply sets v to a·b: row by row, and then the upper half times 38 onto the
// lower. What is known of the lower half is written to v at once, behind the
// reading of a and of that limb of b: or the compiler would compute all sixteen
// products first and keep them in memory, which takes a tenth longer.
func (v *element) multiply(a, b *element) {
	a0, a1, a2, a3 := a[0], a[1], a[2], a[3]
	var c uint64

	y := b[0]
	h0, r0 := bits.Mul64(a0, y)
	h1, l1 := bits.Mul64(a1, y)
	h2, l2 := bits.Mul64(a2, y)
	h3, l3 := bits.Mul64(a3, y)
	r1, c := bits.Add64(h0, l1, 0)
	r2, c := bits.Add64(h1, l2, c)
	r3, c := bits.Add64(h2, l3, c)
	r4, _ := bits.Add64(h3, 0, c)

	y = b[1]
	v[0] = r0
	h0, l0 := bits.Mul64(a0, y)
	h1, l1 = bits.Mul64(a1, y)
	h2, l2 = bits.Mul64(a2, y)
	h3, l3 = bits.Mul64(a3, y)
	r1, c = bits.Add64(r1, l0, 0)
	r2, c = bits.Add64(r2, l1, c)
	r3, c = bits.Add64(r3, l2, c)
	r4, c = bits.Add64(r4, l3, c)
	r5, _ := bits.Add64(h3, 0, c)
	v[1] = r1
	r2, c = bits.Add64(r2, h0, 0)
	r3, c = bits.Add64(r3, h1, c)
	r4, c = bits.Add64(r4, h2, c)
	r5, _ = bits.Add64(r5, 0, c)

	y = b[2]
	h0, l0 = bits.Mul64(a0, y)
	h1, l1 = bits.Mul64(a1, y)
	h2, l2 = bits.Mul64(a2, y)
	h3, l3 = bits.Mul64(a3, y)
	r2, c = bits.Add64(r2, l0, 0)
	r3, c = bits.Add64(r3, l1, c)
	r4, c = bits.Add64(r4, l2, c)
	r5, c = bits.Add64(r5, l3, c)
	r6, _ := bits.Add64(h3, 0, c)
	v[2] = r2
	r3, c = bits.Add64(r3, h0, 0)
	r4, c = bits.Add64(r4, h1, c)
	r5, c = bits.Add64(r5, h2, c)
	r6, _ = bits.Add64(r6, 0, c)

	y = b[3]
	h0, l0 = bits.Mul64(a0, y)
	h1, l1 = bits.Mul64(a1, y)
	h2, l2 = bits.Mul64(a2, y)
	h3, l3 = bits.Mul64(a3, y)
	r3, c = bits.Add64(r3, l0, 0)
	r4, c = bits.Add64(r4, l1, c)
	r5, c = bits.Add64(r5, l2, c)
	r6, c = bits.Add64(r6, l3, c)
	r7, _ := bits.Add64(h3, 0, c)
	r4, c = bits.Add64(r4, h0, 0)
	r5, c = bits.Add64(r5, h1, c)
	r6, c = bits.Add64(r6, h2, c)
	r7, _ = bits.Add64(r7, 0, c)

	// The same lines stand in square: as a function of their own they would not
	// be inlined, and a call is a tenth of a product.
	h0, l0 = bits.Mul64(r4, fold)
	h1, l1 = bits.Mul64(r5, fold)
	h2, l2 = bits.Mul64(r6, fold)
	h3, l3 = bits.Mul64(r7, fold)
	r0, c = bits.Add64(v[0], l0, 0)
	r1, c = bits.Add64(v[1], l1, c)
	r2, c = bits.Add64(v[2], l2, c)
	r3, c = bits.Add64(r3, l3, c)
	r4, _ = bits.Add64(h3, 0, c)
	r1, c = bits.Add64(r1, h0, 0)
	r2, c = bits.Add64(r2, h1, c)
	r3, c = bits.Add64(r3, h2, c)
	r4, _ = bits.Add64(r4, 0, c) // at most 38
	r0, c = bits.Add64(r0, r4*fold, 0)
	r1, c = bits.Add64(r1, 0, c)
	r2, c = bits.Add64(r2, 0, c)
	r3, c = bits.Add64(r3, 0, c)
	v[0], v[1], v[2], v[3] = r0+-c&fold, r1, r2, r3 // after a carry r0 < 38²
}

// square sets v to a².
func (v *element) square(a *element) {
	a0, a1, a2, a3 := a[0], a[1], a[2], a[3]
	var c uint64

	// What stands beside the diagonal, twice.
	h01, r1 := bits.Mul64(a0, a1)
	h02, l02 := bits.Mul64(a0, a2)
	h03, l03 := bits.Mul64(a0, a3)
	h13, l13 := bits.Mul64(a1, a3)
	h23, l23 := bits.Mul64(a2, a3)
	r2, c := bits.Add64(h01, l02, 0)
	r3, c := bits.Add64(h02, l03, c)
	r4, c := bits.Add64(h03, l13, c)
	r5, c := bits.Add64(h13, l23, c)
	r6, _ := bits.Add64(h23, 0, c)
	h12, l12 := bits.Mul64(a1, a2)
	r3, c = bits.Add64(r3, l12, 0)
	r4, c = bits.Add64(r4, h12, c)
	r5, c = bits.Add64(r5, 0, c)
	r6, _ = bits.Add64(r6, 0, c)
	r1, c = bits.Add64(r1, r1, 0)
	r2, c = bits.Add64(r2, r2, c)
	r3, c = bits.Add64(r3, r3, c)
	r4, c = bits.Add64(r4, r4, c)
	r5, c = bits.Add64(r5, r5, c)
	r6, c = bits.Add64(r6, r6, c)
	r7, _ := bits.Add64(0, 0, c)

	// The diagonal.
	h0, r0 := bits.Mul64(a0, a0)
	h1, l1 := bits.Mul64(a1, a1)
	h2, l2 := bits.Mul64(a2, a2)
	h3, l3 := bits.Mul64(a3, a3)
	r1, c = bits.Add64(r1, h0, 0)
	r2, c = bits.Add64(r2, l1, c)
	r3, c = bits.Add64(r3, h1, c)
	r4, c = bits.Add64(r4, l2, c)
	r5, c = bits.Add64(r5, h2, c)
	r6, c = bits.Add64(r6, l3, c)
	r7, _ = bits.Add64(r7, h3, c)

	// As in multiply.
	h0, l0 := bits.Mul64(r4, fold)
	h1, l1 = bits.Mul64(r5, fold)
	h2, l2 = bits.Mul64(r6, fold)
	h3, l3 = bits.Mul64(r7, fold)
	r0, c = bits.Add64(r0, l0, 0)
	r1, c = bits.Add64(r1, l1, c)
	r2, c = bits.Add64(r2, l2, c)
	r3, c = bits.Add64(r3, l3, c)
	r4, _ = bits.Add64(h3, 0, c)
	r1, c = bits.Add64(r1, h0, 0)
	r2, c = bits.Add64(r2, h1, c)
	r3, c = bits.Add64(r3, h2, c)
	r4, _ = bits.Add64(r4, 0, c)
	r0, c = bits.Add64(r0, r4*fold, 0)
	r1, c = bits.Add64(r1, 0, c)
	r2, c = bits.Add64(r2, 0, c)
	r3, c = bits.Add64(r3, 0, c)
	v[0], v[1], v[2], v[3] = r0+-c&fold, r1, r2, r3
}

// choose sets v to a if mask is all ones, and to b if it is 0.
func (v *element) choose(a, b *element, mask uint64) {
	v[0] = b[0] ^ mask&(a[0]^b[0])
	v[1] = b[1] ^ mask&(a[1]^b[1])
	v[2] = b[2] ^ mask&(a[2]^b[2])
	v[3] = b[3] ^ mask&(a[3]^b[3])
}

// reduced returns the form of v below p.
func (v *element) reduced() element {
	// Without the top bit, times 19 onto the lowest limb: below 2²⁵⁵ + 19.
	r0, c := bits.Add64(v[0], v[3]>>63*19, 0)
	r1, c := bits.Add64(v[1], 0, c)
	r2, c := bits.Add64(v[2], 0, c)
	r3 := v[3]&^(1<<63) + c
	// v ≥ p if v + 19 ≥ 2²⁵⁵, and then v + 19 − 2²⁵⁵ is v − p.
	t0, c := bits.Add64(r0, 19, 0)
	t1, c := bits.Add64(r1, 0, c)
	t2, c := bits.Add64(r2, 0, c)
	t3 := r3 + c
	var out element
	out.choose(&element{t0, t1, t2, t3 &^ (1 << 63)}, &element{r0, r1, r2, r3}, -(t3 >> 63))
	return out
}

// bytes returns the 32 bytes of v below p, little-endian.
func (v *element) bytes() (b [32]byte) {
	for i, limb := range v.reduced() {
		binary.LittleEndian.PutUint64(b[8*i:], limb)
	}
	return b
}

// setBytes sets v to a little-endian integer.
func (v *element) setBytes(b *[32]byte) {
	for i := range v {
		v[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
}

// isCanonical returns all ones if v is in its form below p and 0 otherwise.
func (v *element) isCanonical() uint64 {
	r := v.reduced()
	return sameLimbs(&r, v)
}

// equal returns all ones if a and b are the same number and 0 otherwise.
func (a *element) equal(b *element) uint64 {
	r := b.reduced()
	return a.equalReduced(&r)
}

// equalReduced is equal for a b below p.
func (a *element) equalReduced(b *element) uint64 {
	r := a.reduced()
	return sameLimbs(&r, b)
}

func sameLimbs(x, y *element) uint64 {
	different := (x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3])
	return ^uint64(int64(different|-different) >> 63)
}

// isNegative returns all ones if v is odd and 0 otherwise; RFC 9496, Section 4.1.
func (v *element) isNegative() uint64 {
	r := v.reduced()
	return -(r[0] & 1)
}

// absolute sets v to a or −a, whichever is not negative.
func (v *element) absolute(a *element) {
	var minus element
	minus.negate(a)
	v.choose(&minus, a, a.isNegative())
}
