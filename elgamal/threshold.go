package elgamal

import (
	"fmt"

	"go.dedis.ch/kyber/v3"
)

// A secret shared by Shamir's scheme is f(0) for a polynomial f over the
// scalars, and the trustee at position j ≥ 1 holds f(j).

// LagrangeAtZero returns the coefficients Lⱼ = Π_{i≠j} i/(i − j) over the
// positions i, with which f(0) = Σ Lⱼ·f(j) for every polynomial f of degree
// less than the number of positions. Errors: ErrShape for no positions,
// ErrRange for one below 1 (or not below q), ErrDuplicate for equal ones.
func LagrangeAtZero(g *Group, positions []int) ([]kyber.Scalar, error) {
	if len(positions) == 0 {
		return nil, fmt.Errorf("elgamal: no positions: %w", ErrShape)
	}
	seen := make(map[int]bool, len(positions))
	at := make([]kyber.Scalar, len(positions))
	for k, j := range positions {
		if j < 1 || g.order.IsInt64() && int64(j) >= g.order.Int64() {
			return nil, fmt.Errorf("elgamal: position %d: %w", j, ErrRange)
		}
		if seen[j] {
			return nil, fmt.Errorf("elgamal: position %d stands twice: %w", j, ErrDuplicate)
		}
		seen[j] = true
		at[k] = g.Int64Scalar(int64(j))
	}
	coefficients := make([]kyber.Scalar, len(positions))
	for k := range at {
		num, den, diff := g.kyber.Scalar().One(), g.kyber.Scalar().One(), g.kyber.Scalar()
		for i := range at {
			if i != k {
				num.Mul(num, at[i])
				den.Mul(den, diff.Sub(at[i], at[k]))
			}
		}
		coefficients[k] = num.Div(num, den)
	}
	return coefficients, nil
}

// EvalPolynomial returns f(at), where coefficients[i] is the coefficient of
// degree i. No coefficients are the polynomial 0.
func EvalPolynomial(g *Group, coefficients []kyber.Scalar, at int) kyber.Scalar {
	x, y := g.Int64Scalar(int64(at)), g.Scalar()
	for i := len(coefficients) - 1; i >= 0; i-- {
		y.Add(y.Mul(y, x), coefficients[i])
	}
	return y
}

// EvalCommitments returns f(at)·G from the commitments cᵢ·G to the coefficients
// of f, Feldman's check of a share (FOCS 1987). The commitments and the position
// are public.
func EvalCommitments(g *Group, commitments []kyber.Point, at int) kyber.Point {
	x, power := g.Int64Scalar(int64(at)), g.kyber.Scalar().One()
	powers := make([]kyber.Scalar, len(commitments))
	for i := range powers {
		powers[i] = power.Clone()
		power.Mul(power, x)
	}
	return g.MultiScalarMulVarTime(powers, commitments)
}
