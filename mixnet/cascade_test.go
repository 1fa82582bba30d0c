package mixnet

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/elgamal"
)

// makeCascade makes a cascade of some mixes.
func makeCascade(g *elgamal.Group, w, n, mixes int) Cascade {
	m := makeMix(g, w, n)
	c := Cascade{Key: m.Key, Input: m.Input}
	input := m.Input
	for step := range mixes {
		output, secret, err := Shuffle(ctx, m.Key, input, nil)
		must(output, err)
		place := m.place
		place.Step, place.Mixer = step, fmt.Append(nil, "mixer ", step)
		proof := must(Statement{m.Key, input, output}.Prove(ctx, place, secret, nil))
		c.Mixes = append(c.Mixes, Mix{place, output, proof})
		input = output
	}
	return c
}

func TestCascades(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		for _, n := range []int{0, 1, 2, 5} {
			for mixes := range 4 {
				c := makeCascade(g, 2, n, mixes)
				require.NoError(t, c.Verify(ctx, nil), "%d rows, %d mixes", n, mixes)
			}
		}
	})
}

func TestCascadeNamesTheBadMix(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		good := makeCascade(g, 1, 5, 4)
		require.NoError(t, good.Verify(ctx, nil))
		another := makeCascade(g, 1, 5, 1)
		last := len(good.Mixes[0].Proof) - 1
		for name, c := range map[string]struct {
			edit   func(c *Cascade)
			mix    int
			reason error
		}{
			"reordered":           {func(c *Cascade) { c.Mixes[1], c.Mixes[2] = c.Mixes[2], c.Mixes[1] }, 1, ErrProof},
			"the first dropped":   {func(c *Cascade) { c.Mixes = c.Mixes[1:] }, 0, ErrProof},
			"one dropped":         {func(c *Cascade) { c.Mixes = slices.Delete(c.Mixes, 2, 3) }, 2, ErrProof},
			"one twice":           {func(c *Cascade) { c.Mixes = slices.Insert(c.Mixes, 2, c.Mixes[1]) }, 2, ErrDuplicate},
			"a proof reused":      {func(c *Cascade) { c.Mixes[3].Proof = c.Mixes[2].Proof }, 3, ErrProof},
			"another mixer":       {func(c *Cascade) { c.Mixes[2].Place.Mixer = c.Mixes[1].Place.Mixer }, 2, ErrProof},
			"another step":        {func(c *Cascade) { c.Mixes[0].Place.Step = 1 }, 0, ErrProof},
			"another input":       {func(c *Cascade) { c.Input = another.Input }, 0, ErrProof},
			"the last row missed": {func(c *Cascade) { c.Input = listOf(g, 1, c.Input.rows[:4]) }, 0, ErrShape},
			"malformed":           {func(c *Cascade) { c.Mixes[2].Proof = c.Mixes[2].Proof[1:] }, 2, ErrEncoding},
			"no output":           {func(c *Cascade) { c.Mixes[3].Output = nil }, 3, ErrShape},
			"bad before malformed": {func(c *Cascade) {
				c.Mixes[1].Proof = slices.Clone(c.Mixes[1].Proof)
				c.Mixes[1].Proof[last] ^= 1
				c.Mixes[2].Proof = nil
			}, 1, ErrProof},
			"two bad": {func(c *Cascade) {
				for _, i := range []int{3, 1} {
					c.Mixes[i].Proof = slices.Clone(c.Mixes[i].Proof)
					c.Mixes[i].Proof[last] ^= 1
				}
			}, 1, ErrProof},
		} {
			bad := good
			bad.Mixes = slices.Clone(good.Mixes)
			c.edit(&bad)
			err := bad.Verify(ctx, nil)
			require.ErrorIs(t, err, c.reason, name)
			var e *MixError
			require.True(t, errors.As(err, &e), name)
			require.Equal(t, c.mix, e.Mix, name)
		}
	})
}

// Errors of two mixes must not cancel: each equation of each has its weight.
func TestErrorsOfTwoMixesDoNotCancel(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		c := makeCascade(g, 1, 3, 2)
		var checked []checkedMix
		input := c.Input
		for i, m := range c.Mixes {
			mix := must(readMix(ctx, Statement{c.Key, input, m.Output}, m))
			mix.cA = g.Point().Add(mix.cA, g.Point().Mul(g.Int64Scalar(int64(1-2*i)), nil)) // +G and −G
			checked = append(checked, mix)
			input = m.Output
		}
		require.ErrorIs(t, verifyMixes(newWork(ctx, nil, 0), checked), ErrProof)
	})
}
