package ristretto255

import (
	"crypto/rand"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestShortScalars: they are those that are reduced one by one, and lie apart.
func TestShortScalars(t *testing.T) {
	var g Group
	b := make([]byte, 16*5)
	rand.Read(b)
	copy(b[16:], slices.Repeat([]byte{0}, 16))
	copy(b[32:], slices.Repeat([]byte{0xff}, 16))
	list := g.ShortScalars(b)
	require.Len(t, list, 5)
	for i, s := range list {
		wide := slices.Clone(b[16*i : 16*i+16])
		slices.Reverse(wide)
		require.True(t, g.ReduceScalar(wide).Equal(s), "%d", i)
	}
	require.Empty(t, g.ShortScalars(nil))

	zeros := g.Scalars(3)
	zeros[1].One()
	for i, one := range []bool{false, true, false} {
		require.Equal(t, one, zeros[i].Equal(g.Scalar().One()))
		require.Equal(t, !one, zeros[i].Equal(g.Scalar()))
	}
}
