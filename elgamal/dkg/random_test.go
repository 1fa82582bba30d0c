package dkg

import (
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/elgamal"
)

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// TestP86SharesCheckedWithoutRandomness: with weights of 0 any share would hold.
func TestP86SharesCheckedWithoutRandomness(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		w := newWorld(t, g, 3, 2, 2)
		_, d := w.honestDeal(2)
		s := w.c.secretDeal(w.secret(2).seed)
		good, bad := s.share(g, 1), s.share(g, 3)
		require.True(t, fits(g, d.commitments, 1, good))
		require.False(t, fits(g, d.commitments, 1, bad))
		source := rand.Reader
		defer func() { rand.Reader = source }()
		rand.Reader = zeros{}
		require.Panics(t, func() { fits(g, d.commitments, 1, bad) })
	})
}
