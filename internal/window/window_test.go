package window

import (
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDigits(t *testing.T) {
	rng := rand.NewChaCha8([32]byte{1})
	for n := range 34 {
		for _, fill := range []int{0, 1, 2} {
			le := make([]byte, n)
			switch fill {
			case 1:
				rng.Read(le)
			case 2:
				for i := range le {
					le[i] = 0xff
				}
			}
			be := slices.Clone(le)
			slices.Reverse(be)
			want := new(big.Int).SetBytes(be)
			require.Equal(t, want.BitLen(), BitLen(le))
			for c := 1; c <= 15; c++ {
				const stride = 3
				count := Count(BitLen(le), c)
				digits := make([]int16, stride*count)
				Digits(digits, stride, count, le, c)
				got := new(big.Int)
				for i := count - 1; i >= 0; i-- {
					d := int64(digits[stride*i])
					require.LessOrEqual(t, d, int64(1)<<(c-1))
					require.Greater(t, d, -int64(1)<<(c-1))
					got.Lsh(got, uint(c)).Add(got, big.NewInt(d))
				}
				require.Zero(t, want.Cmp(got), "%x in digits of %d bits", le, c)
			}
		}
	}
}

func TestWidthGrows(t *testing.T) {
	last := 1 // c never falls
	for _, n := range []int{0, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 100_000_000} {
		c, additions := Width(n, 253, 253*int64(n))
		require.GreaterOrEqual(t, additions, int64(n))
		require.GreaterOrEqual(t, c, last)
		last = c
	}
	require.Equal(t, 15, last)
	c, _ := Width(0, 0, 0)
	require.Equal(t, 1, c)
}

// TestOddDigits: the digits add up, are odd or 0, small, and stand apart.
func TestOddDigits(t *testing.T) {
	rng := rand.NewChaCha8([32]byte{7})
	for width := 2; width <= 8; width++ {
		for round := range 200 {
			var le [32]byte
			rng.Read(le[:])
			switch round {
			case 0:
				clear(le[:])
			case 1:
				for i := range le {
					le[i] = 0xff
				}
			}
			le[31] &= 0x7f
			var digits [256]int8
			for i := range digits {
				digits[i] = 77 // what is not written to shows
			}
			OddDigits(&digits, &le, width)
			sum, last := new(big.Int), -width
			for i := 255; i >= 0; i-- {
				sum.Lsh(sum, 1).Add(sum, big.NewInt(int64(digits[i])))
			}
			for i, d := range digits {
				if d == 0 {
					continue
				}
				require.True(t, d&1 == 1 || d&1 == -1, "odd")
				require.True(t, int(d) < 1<<(width-1) && int(d) > -1<<(width-1), "small")
				require.GreaterOrEqual(t, i-last, width, "apart")
				last = i
			}
			slices.Reverse(le[:])
			require.Zero(t, sum.Cmp(new(big.Int).SetBytes(le[:])), "width %d", width)
		}
	}
}
