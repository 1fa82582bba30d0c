package p256

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWalk(t *testing.T) {
	p, step := Group{}.HashToPoint("walk", nil), Group{}.HashToPoint("step", nil)
	var keys, negative []uint64
	Group{}.WalkVarTime(p, step, 300, func(i, key uint64) bool {
		require.Equal(t, uint64(len(keys)), i)
		keys = append(keys, key)
		return true
	})
	Group{}.WalkVarTime(NewPoint().Neg(p), NewPoint().Neg(step), 300, func(_, key uint64) bool {
		negative = append(negative, key)
		return true
	})
	require.Len(t, keys, 300)
	require.Equal(t, keys, negative)
	seen := map[uint64]bool{}
	for _, key := range keys {
		require.False(t, seen[key])
		seen[key] = true
	}
	visits := 0
	Group{}.WalkVarTime(NewPoint(), step, 300, func(i, key uint64) bool {
		visits++
		require.Equal(t, i == 0, key == 0, "0 is the key of the identity")
		return i < 7
	})
	require.Equal(t, 8, visits)
}
