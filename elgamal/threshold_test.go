package elgamal

import (
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"
)

func TestThreshold(t *testing.T) {
	allGroups(t, func(t *testing.T, g *Group) {
		for _, c := range []struct {
			threshold int
			positions []int
		}{
			{1, []int{1}}, {1, []int{9}}, {2, []int{1, 2}}, {3, []int{5, 1, 3}}, {4, []int{2, 3, 5, 7, 11, 1000}},
		} {
			coefficients := make([]kyber.Scalar, c.threshold)
			commitments := make([]kyber.Point, c.threshold)
			for i := range coefficients {
				coefficients[i] = g.RandomScalar()
				commitments[i] = g.Point().Mul(coefficients[i], nil)
			}
			lagrange, err := LagrangeAtZero(g, c.positions)
			require.NoError(t, err)
			secret := g.Scalar()
			for k, j := range c.positions {
				share := EvalPolynomial(g, coefficients, j)
				require.True(t, EvalCommitments(g, commitments, j).Equal(g.Point().Mul(share, nil)))
				secret.Add(secret, g.Scalar().Mul(lagrange[k], share))
			}
			require.True(t, secret.Equal(coefficients[0]))
			require.True(t, EvalPolynomial(g, coefficients, 0).Equal(coefficients[0]))
			if c.threshold > 1 { // one share too few gives another secret
				few, err := LagrangeAtZero(g, c.positions[:c.threshold-1])
				require.NoError(t, err)
				wrong := g.Scalar()
				for k, l := range few {
					wrong.Add(wrong, g.Scalar().Mul(l, EvalPolynomial(g, coefficients, c.positions[k])))
				}
				require.False(t, wrong.Equal(coefficients[0]))
			}
		}
		require.True(t, EvalPolynomial(g, nil, 3).Equal(g.Scalar()))
		require.True(t, g.IsIdentity(EvalCommitments(g, nil, 3)))
	})
}

func TestEvalCommitments(t *testing.T) {
	allGroups(t, func(t *testing.T, g *Group) {
		for _, powers := range []int{1, 2, 5} {
			var commitments []kyber.Point
			for i := range powers {
				commitments = append(commitments, g.Generator("test", i))
			}
			for _, at := range []int{0, 1, 2, 3, 17, 63, 64, 1 << 20} {
				var scalars []kyber.Scalar
				power := g.Scalar().One()
				for range powers {
					scalars = append(scalars, power)
					power = g.Scalar().Mul(power, g.Int64Scalar(int64(at)))
				}
				want := g.MultiScalarMulVarTime(scalars, commitments)
				require.True(t, EvalCommitments(g, commitments, at).Equal(want), "%d powers at %d", powers, at)
			}
			require.True(t, commitments[0].Equal(g.Generator("test", 0)), "nothing is written to")
		}
		require.Panics(t, func() { EvalCommitments(g, nil, -1) })
	})
}

// TestPolynomialOnIntegers compares with the definition on big integers.
func TestPolynomialOnIntegers(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		coefficients := []kyber.Scalar{g.Int64Scalar(-5), g.Int64Scalar(0), g.Int64Scalar(3), g.RandomScalar()}
		for _, at := range []int{0, 1, 2, 1 << 20} {
			want, x, power := new(big.Int), big.NewInt(int64(at)), big.NewInt(1)
			for _, c := range coefficients {
				want.Add(want, new(big.Int).Mul(g.scalarInt(c), power))
				power.Mul(power, x)
			}
			require.Zero(t, want.Mod(want, g.Order()).Cmp(g.scalarInt(EvalPolynomial(g, coefficients, at))))
		}
	})
}

func TestP60LagrangeRefuses(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		_, err := LagrangeAtZero(g, []int{1, 2, 3})
		require.NoError(t, err)
		for desc, c := range map[string]struct {
			positions []int
			want      error
		}{
			"none": {nil, ErrShape}, "zero": {[]int{1, 0, 3}, ErrRange}, "negative": {[]int{1, -2, 3}, ErrRange}, "twice": {[]int{1, 2, 1}, ErrDuplicate},
		} {
			_, err := LagrangeAtZero(g, c.positions)
			require.ErrorIs(t, err, c.want, desc)
		}
	})
}
