// Package window cuts scalars into the signed digits of Pippenger's algorithm
// and chooses their width, at most 15 bits. Its time depends on the scalars.
package window

import (
	"encoding/binary"
	"math/bits"
)

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

// Digits writes the count signed digits of c bits of a little-endian integer,
// the lowest first and stride apart:
//
//	le = Σ dst[stride·i]·2^(c·i)    −2^(c−1) < dst[stride·i] ≤ 2^(c−1)
func Digits(dst []int16, stride, count int, le []byte, c int) {
	carry := int32(0)
	for i := range count {
		v := carry + bitsAt(le, i*c, c)
		carry = (v + 1<<(c-1) - 1) >> c // a branch would be mispredicted every other time
		dst[stride*i] = int16(v - carry<<c)
	}
}

// bitsAt returns n ≤ 15 bits of le from bit at on; beyond the end there are
// zeros.
func bitsAt(le []byte, at, n int) int32 {
	k := at / 8
	if k+4 <= len(le) {
		return int32(binary.LittleEndian.Uint32(le[k:]) >> (at % 8) & (1<<n - 1))
	}
	v := uint32(0)
	for i := k; i < len(le); i++ {
		v |= uint32(le[i]) << (8 * (i - k))
	}
	return int32(v >> (at % 8) & (1<<n - 1))
}

// Width returns the digit width with the fewest additions for n scalars of at
// most maxBits bits, of totalBits bits together, and about how many they are.
func Width(n, maxBits int, totalBits int64) (width int, additions int64) {
	best, bestCost := 1, int64(-1)
	for c := 1; c <= maxWidth; c++ {
		// One addition for each digit of each scalar, and two for each bucket
		// of each window.
		cost := totalBits/int64(c) + int64(n) + int64(Count(maxBits, c))<<c
		if bestCost < 0 || cost < bestCost {
			best, bestCost = c, cost
		}
	}
	return best, bestCost
}

// maxWidth keeps digits in 16 bits and buckets in the processor's cache.
const maxWidth = 15

// OddDigits writes a little-endian integer below 2²⁵⁵ as Σ dst[i]·2^i, where
// every digit is 0 or odd and below 2^(width−1) in size, and of width digits in
// a row at most one is not 0. Width is at most 8.
func OddDigits(dst *[256]int8, le *[32]byte, width int) {
	carry := int32(0)
	for i := 0; i < 256; {
		v := carry + bitsAt(le[:], i, 1)
		if v&1 == 0 { // carry and bit are both 0, or both 1 and the carry goes on
			dst[i] = 0
			i++
			continue
		}
		d := carry + bitsAt(le[:], i, width)
		carry = d >> (width - 1)
		dst[i] = int8(d - carry<<width)
		for k := i + 1; k < min(i+width, 256); k++ {
			dst[k] = 0
		}
		i += width
	}
}
