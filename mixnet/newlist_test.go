package mixnet

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/elgamal"
)

// TestNoList holds that a list without a group or of no width is none.
func TestNoList(t *testing.T) {
	_, err := NewList(t.Context(), nil, 1, nil, nil)
	require.ErrorIs(t, err, ErrGroup)
	for _, width := range []int{-1, 0, 1<<16 + 1} {
		_, err = NewList(t.Context(), elgamal.Ristretto255(), width, nil, nil)
		require.ErrorIs(t, err, ErrShape)
	}
}
