package elgamal

import (
	"fmt"
	"math/bits"
	"slices"

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
// of f, Feldman's check of a share (FOCS 1987). The commitments and the position,
// at ≥ 0, are public. By Horner's rule and with positions that are small, that
// is a few additions a term, where a product of points is hundreds.
func EvalCommitments(g *Group, commitments []kyber.Point, at int) kyber.Point {
	if at < 0 {
		panic("elgamal: commitments evaluated at a negative position")
	}
	sum := g.Point()
	for _, c := range slices.Backward(commitments) {
		times := g.Point() // at·sum
		for bit := bits.Len(uint(at)) - 1; bit >= 0; bit-- {
			times.Add(times, times)
			if at>>bit&1 == 1 {
				times.Add(times, sum)
			}
		}
		sum = times.Add(times, c)
	}
	return sum
}
