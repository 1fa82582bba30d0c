package main

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/elgamal"
)

func TestWelch(t *testing.T) {
	require.InDelta(t, -1, welch([]float64{1, 2, 3, 4, 5}, []float64{2, 3, 4, 5, 6}), 1e-12)
	require.Zero(t, welch([]float64{1, 1}, []float64{1, 1}))
	rng := rand.New(rand.NewPCG(1, 2))
	sample := func(mean float64) (list []float64) {
		for range 10_000 {
			list = append(list, mean+100*rng.NormFloat64())
		}
		return list
	}
	require.Less(t, math.Abs(welch(sample(1000), sample(1000))), 5.0)
	require.Greater(t, math.Abs(welch(sample(1000), sample(1020))), float64(threshold))
}

// TestP88Rows runs every operation once for each class, and finds the controls; what
// is constant time is for the command to look at, on a machine that is quiet.
func TestP88Rows(t *testing.T) {
	for _, g := range []*elgamal.Group{elgamal.Ristretto255(), elgamal.P256()} {
		controls := 0
		for _, r := range rows(g) {
			r.prepare(true)()
			r.prepare(false)()
			if r.leaks {
				controls++
			}
		}
		require.Equal(t, 1, controls)
	}
}
