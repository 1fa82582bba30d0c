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
		c := Width(n, 253, 253*int64(n))
		require.GreaterOrEqual(t, c, last)
		last = c
	}
	require.Equal(t, 15, last)
	require.Equal(t, 1, Width(0, 0, 0))
}
