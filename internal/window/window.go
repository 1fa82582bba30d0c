// Package window cuts scalars into the signed digits of Pippenger's algorithm
// and chooses their width. Its time depends on the scalars.
package window

import "math/bits"

// BitLen returns the length in bits of a little-endian integer.
func BitLen(le []byte) int {
	for i := len(le) - 1; i >= 0; i-- {
		if le[i] != 0 {
			return 8*i + bits.Len8(le[i])
		}
	}
	return 0
}

// Count returns how many digits of c bits a scalar of bitLen bits needs; the
// highest one takes the carry.
func Count(bitLen, c int) int { return bitLen/c + 1 }

// Digits writes len(dst) signed digits of c ≤ 16 bits of a little-endian
// integer, the lowest first:
//
//	le = Σ dst[i]·2^(c·i)    −2^(c−1) < dst[i] ≤ 2^(c−1)
func Digits(dst []int32, le []byte, c int) {
	carry := int32(0)
	for i := range dst {
		v := carry + bitsAt(le, i*c, c)
		carry = 0
		if v > 1<<(c-1) {
			v -= 1 << c
			carry = 1
		}
		dst[i] = v
	}
}

// bitsAt returns n ≤ 16 bits of le from bit at on; beyond the end there are
// zeros.
func bitsAt(le []byte, at, n int) int32 {
	v := uint32(0)
	for i := range 3 {
		if k := at/8 + i; k < len(le) {
			v |= uint32(le[k]) << (8 * i)
		}
	}
	return int32(v >> (at % 8) & (1<<n - 1))
}

// Width returns the digit width with the fewest additions for n scalars of at
// most maxBits bits, of totalBits bits together.
func Width(n, maxBits, totalBits int) int {
	best, bestCost := 1, -1
	for c := 1; c <= maxWidth; c++ {
		// One addition for each digit of each scalar, and two for each bucket
		// of each window.
		cost := totalBits/c + n + Count(maxBits, c)<<c
		if bestCost < 0 || cost < bestCost {
			best, bestCost = c, cost
		}
	}
	return best
}

// maxWidth bounds the memory for buckets: 2¹⁵ of them.
const maxWidth = 16
