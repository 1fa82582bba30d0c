package mixnet

import (
	"context"
	"crypto/rand"
	"fmt"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// checkedMix is a mix whose messages have been read and whose equations (e) and
// (f) hold; what is left is (a), (b), (c) and (d).
type checkedMix struct {
	Statement
	messages
	challenges
	fullPt []kyber.Scalar // P̃₁…P̃_N
}

func readMix(ctx context.Context, s Statement, m Mix) (c checkedMix, err error) {
	if err = s.check(); err != nil {
		return c, err
	}
	if err = checkFresh(ctx, s.Input, s.Output); err != nil {
		return c, err
	}
	msg, ch, err := s.read(ctx, m.Place, m.Proof)
	if err != nil {
		return c, err
	}
	return complete(ctx, s, msg, ch)
}

// complete sets P̃₁ and P̃_N, which are not sent, and checks (f).
func complete(ctx context.Context, s Statement, m messages, ch challenges) (checkedMix, error) {
	g, n := s.Key.Group, s.Input.Len()
	c := checkedMix{Statement: s, messages: m, challenges: ch}
	if n == 0 {
		return c, nil
	}
	xP := ch.x.Clone() // x·Π (y·i + uᵢ − z)
	factor := g.Scalar()
	for i, u := range ch.u {
		if err := stopped(ctx, i); err != nil {
			return c, err
		}
		factor.Mul(ch.y, g.Uint64Scalar(uint64(i)+1))
		factor.Add(factor, u)
		xP.Mul(xP, factor.Sub(factor, ch.z))
	}
	if n == 1 {
		if !m.at[0].Equal(xP) {
			return c, fmt.Errorf("the row's number is not 1: %w", ErrProof)
		}
		c.fullPt = []kyber.Scalar{m.at[0]}
		return c, nil
	}
	c.fullPt = make([]kyber.Scalar, 0, n)
	c.fullPt = append(append(append(c.fullPt, m.at[0]), m.Pt...), xP)
	return c, nil
}

// verifyMixes checks equations (a), (b), (c), (d_0)…(d_w) of a chain of mixes,
// each with a secret random weight of its own.
func verifyMixes(w *work, mixes []checkedMix) error {
	g, width := mixes[0].Key.Group, mixes[0].Key.Width()
	weights := make([][]kyber.Scalar, len(mixes))
	for j := range weights {
		weights[j] = secretWeights(g, 3+width+1)
	}
	sum, err := sumMixes(w, mixes, weights)
	if err != nil {
		return err
	}
	if !g.IsIdentity(sum) {
		return fmt.Errorf("shuffle: %w", ErrProof)
	}
	return nil
}

// secretWeights returns n fresh secret random scalars in [0, 2¹²⁸). It panics
// where one is 0, as if the random source had failed: with such weights
// everything holds.
func secretWeights(g *elgamal.Group, n int) []kyber.Scalar {
	list := make([]kyber.Scalar, n)
	var b [16]byte
	for i := range list {
		rand.Read(b[:]) // never fails
		if b == [16]byte{} {
			panic("mixnet: the random source gives zeros")
		}
		list[i] = g.ReduceScalar(b[:])
	}
	return list
}

// sumMixes returns the weighted sum of the equations of all mixes, each as left
// side minus right side; those of mix j have weights[j], in the order (a), (b),
// (c), (d_0)…(d_w). The input of each mix is the output of the one before.
//
// The challenges uᵢ are short and stay so: the columns of the first list are
// summed with them alone, and the sums multiplied. A list between two mixes has
// one full-size scalar for each point, from (d) of both.
func sumMixes(w *work, mixes []checkedMix, weights [][]kyber.Scalar) (kyber.Point, error) {
	key, n := mixes[0].Key, mixes[0].Input.Len()
	g, last := key.Group, len(mixes)-1
	sum := g.NewSumVarTime()
	add := func(p kyber.Point, factors ...kyber.Scalar) {
		s := g.Scalar().One()
		for _, f := range factors {
			s.Mul(s, f)
		}
		sum.Add(s, p)
	}

	gens, err := deriveGenerators(w, g, n)
	if err != nil {
		return nil, err
	}
	onG := make([]kyber.Scalar, n) // minus the scalars of G₁…G_N
	for i := range onG {
		onG[i] = g.Scalar()
	}
	onH := g.Scalar() // minus the scalar of H
	for j, m := range mixes {
		wa, wb, wc, wd := weights[j][0], weights[j][1], weights[j][2], weights[j][3:]
		add(m.ca, wa, m.x, m.y) // (a)
		add(m.cb, wa, m.x)
		add(m.cd, wa)
		add(m.cDelta, wb, m.x) // (b)
		add(m.cdelta, wb)
		add(m.cA, wc) // (c)
		add(m.cb, wc, m.x)
		for k, e := range m.E0 { // (d)
			add(e, wd[k])
			add(keyPoint(key, k), wd[k], g.Scalar().Neg(m.tau))
		}
		onH.Add(onH, g.Scalar().Mul(wa, m.rt))
		onH.Add(onH, g.Scalar().Mul(wb, m.st))
		onH.Add(onH, g.Scalar().Mul(wc, m.r))
		if err := m.addGenerators(w, onG, wa, wb, wc); err != nil {
			return nil, err
		}
	}
	onGenerators, err := w.sumVarTime(g, n,
		func(i int) kyber.Scalar { return onG[i] },
		func(i int) kyber.Point { return gens[1+i] })
	if err != nil {
		return nil, err
	}
	minusOne := g.Int64Scalar(-1)
	add(onGenerators, minusOne)
	add(gens[0], minusOne, onH)

	for k := range key.Width() + 1 { // (d) on the lists
		column := func(l *List, scalar func(i int) kyber.Scalar) (kyber.Point, error) {
			return w.sumVarTime(g, n, scalar, func(i int) kyber.Point { return l.point(i, k) })
		}
		first, final := mixes[0], mixes[last]
		U, err := column(first.Input, func(i int) kyber.Scalar { return first.u[i] })
		if err != nil {
			return nil, err
		}
		add(U, weights[0][3+k], first.x)
		for j := range last {
			left, right := mixes[j], mixes[j+1]
			minus := g.Scalar().Neg(weights[j][3+k])
			plus := g.Scalar().Mul(weights[j+1][3+k], right.x)
			middle, err := column(left.Output, func(i int) kyber.Scalar {
				s := g.Scalar().Mul(minus, left.a[i])
				return s.Add(s, g.Scalar().Mul(plus, right.u[i]))
			})
			if err != nil {
				return nil, err
			}
			add(middle)
		}
		V, err := column(final.Output, func(i int) kyber.Scalar { return final.a[i] })
		if err != nil {
			return nil, err
		}
		add(V, weights[last][3+k], minusOne)
	}
	return sum.Value(), nil
}

// addGenerators adds to minus what (a), (b), (c) have with G₁…G_N, as right side
// minus left side.
func (m *checkedMix) addGenerators(w *work, minus []kyber.Scalar, wa, wb, wc kyber.Scalar) error {
	g := m.Key.Group
	xz := g.Scalar().Mul(m.x, m.z)
	return w.rows(len(minus), func(i int) {
		sum, t, s := minus[i], g.Scalar(), g.Scalar()
		t.Add(xz, m.at[i]) // (a)
		sum.Add(sum, t.Mul(t, wa))
		if i+1 < len(minus) { // (b)
			t.Mul(m.x, m.fullPt[i+1])
			t.Sub(t, s.Mul(m.fullPt[i], m.at[i+1]))
			sum.Add(sum, t.Mul(t, wb))
		}
		sum.Add(sum, t.Mul(m.a[i], wc)) // (c)
	})
}
