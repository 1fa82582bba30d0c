package ristretto255

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"
)

func walkKeys(start, step kyber.Point, n uint64) []uint64 {
	var keys []uint64
	Group{}.WalkVarTime(start, step, n, func(i, key uint64) bool {
		if i != uint64(len(keys)) {
			panic("steps out of order")
		}
		keys = append(keys, key)
		return true
	})
	return keys
}

// TestWalkKeys holds that a key depends on the element only, is the same for
// its negative, and differs for others.
func TestWalkKeys(t *testing.T) {
	const n = 2*walkBatch + 5
	p, step := Group{}.HashToPoint("walk", nil), Group{}.HashToPoint("step", nil)
	keys := walkKeys(p, step, n)
	require.Len(t, keys, n)
	negative := walkKeys(NewPoint().Neg(p), NewPoint().Neg(step), n)
	require.Equal(t, keys, negative)

	other := p
	for range 3 {
		other = NewPoint().Add(other, torsion())
		require.Equal(t, keys, walkKeys(other, step, n))
	}

	seen := map[uint64]bool{}
	q := p.Clone()
	for i, key := range keys {
		require.False(t, seen[key])
		seen[key] = true
		require.Equal(t, []uint64{key}, walkKeys(q, step, 1), "step %d", i)
		q.Add(q, step)
	}
	require.Equal(t, []uint64{0, 0, 0}, walkKeys(torsion(), NewPoint(), 3), "the identity")
}

func TestWalkStops(t *testing.T) {
	for _, last := range []uint64{0, 1, walkBatch - 1, walkBatch, walkBatch + 1} {
		visits := uint64(0)
		Group{}.WalkVarTime(NewPoint(), NewPoint().Base(), 10*walkBatch, func(i, _ uint64) bool {
			visits++
			return i < last
		})
		require.Equal(t, last+1, visits)
	}
	Group{}.WalkVarTime(NewPoint(), NewPoint().Base(), 0, func(uint64, uint64) bool {
		t.Fatal("no step was asked for")
		return false
	})
}
