package mixnet

import (
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/zkp"
)

// prover is one proof being made. Indices run from 0 here, so that π(i) is
// secret.permutation[i] + 1. It keeps seven scalars for each row beside what
// it sends.
type prover struct {
	work   *work
	group  *elgamal.Group
	key    *elgamal.PublicKey
	output *List
	pi     []int
	rho    []kyber.Scalar
	gens   []kyber.Point // H, G₁…G_N
	drawn  chan struct{} // closed when all that is random has been drawn

	messages
	challenges
	ra, rb, rd, sdelta, sDelta, r0, tau0 kyber.Scalar // r_a, r_b, r_d, s_δ, s_Δ, r₀, τ₀
	b, D, P, d, delta, a0                []kyber.Scalar
}

func (s Statement) newProver(w *work, secret *Secret, t *zkp.Transcript, fresh [32]byte) (*prover, error) {
	g := s.Key.Group
	gens, err := deriveGenerators(w, g, s.Input.Len())
	if err != nil {
		return nil, err
	}
	p := &prover{
		work: w, group: g, key: s.Key, output: s.Output, gens: gens,
		pi: secret.permutation, rho: secret.randomness,
	}
	witness := make([]kyber.Scalar, 0, 2*len(p.pi))
	for _, j := range p.pi {
		witness = append(witness, p.number(j))
	}
	random := t.Nonces(fresh, append(witness, p.rho...))
	p.ra, p.rb = random(), random()
	p.drawn = make(chan struct{})
	go p.drawMasks(random)
	return p, nil
}

// drawMasks draws what commitMasks needs, from a stream that comes one after the
// other, while the first two sums are computed. It stops with the context.
func (p *prover) drawMasks(random func() kyber.Scalar) {
	defer close(p.drawn)
	p.d, p.delta, p.a0 = make([]kyber.Scalar, len(p.pi)), make([]kyber.Scalar, len(p.pi)), make([]kyber.Scalar, len(p.pi))
	for _, list := range [][]kyber.Scalar{p.d, p.delta, p.a0} { // a₀ is never d̃: ã and a together would tell π
		for i := range list {
			if stopped(p.work.ctx, i) != nil {
				return
			}
			list[i] = random()
		}
	}
	p.rd, p.sdelta, p.sDelta, p.r0, p.tau0 = random(), random(), random(), random(), random()
}

// number returns the number of a row, from 1, as a scalar.
func (p *prover) number(i int) kyber.Scalar { return p.group.Uint64Scalar(uint64(i) + 1) }

// commitVarTime returns com(x; r). The sum over the list takes time that
// depends on it: whoever could read that off a mixer's machine would read the
// order from its memory accesses too. See the package comment.
func (p *prover) commitVarTime(x []kyber.Scalar, r kyber.Scalar) (kyber.Point, error) {
	c, err := p.work.sumVarTime(p.group, len(x),
		func(i int) kyber.Scalar { return x[i] },
		func(i int) kyber.Point { return p.gens[1+i] })
	if err != nil {
		return nil, err
	}
	return c.Add(c, p.group.MultiScalarMul([]kyber.Scalar{r}, p.gens[:1])), nil
}

// commitOrder makes c_a.
func (p *prover) commitOrder() (err error) {
	order := make([]kyber.Scalar, len(p.pi))
	for i, j := range p.pi {
		order[i] = p.number(j)
	}
	p.ca, err = p.commitVarTime(order, p.ra)
	return err
}

// commitPermuted makes c_b, for the challenges u.
func (p *prover) commitPermuted() (err error) {
	p.b = make([]kyber.Scalar, len(p.pi))
	for i, j := range p.pi {
		p.b[i] = p.u[j]
	}
	p.cb, err = p.commitVarTime(p.b, p.rb)
	return err
}

// commitMasks makes c_d, c_δ, c_Δ, c_A and E₀, for the challenges y and z.
func (p *prover) commitMasks() (err error) {
	g, n := p.group, len(p.pi)
	if err := p.products(); err != nil {
		return err
	}
	<-p.drawn
	if err := p.work.ctx.Err(); err != nil {
		return err
	}
	if n == 1 {
		p.d[0] = g.Scalar()
	}
	if n > 0 {
		p.delta[0] = p.d[0]
		p.delta[n-1] = g.Scalar() // for N = 1 it is d̃₁, which is 0
	}

	low, high := make([]kyber.Scalar, max(0, n-1)), make([]kyber.Scalar, max(0, n-1))
	err = p.work.rows(len(low), func(i int) {
		low[i] = g.Scalar().Mul(p.delta[i], p.d[i+1])
		low[i].Neg(low[i])
		high[i] = g.Scalar().Sub(p.delta[i+1], g.Scalar().Mul(p.D[i+1], p.delta[i]))
		high[i].Sub(high[i], g.Scalar().Mul(p.P[i], p.d[i+1]))
	})
	if err != nil {
		return err
	}
	for _, c := range []struct {
		to *kyber.Point
		x  []kyber.Scalar
		r  kyber.Scalar
	}{{&p.cd, p.d, p.rd}, {&p.cdelta, low, p.sdelta}, {&p.cDelta, high, p.sDelta}, {&p.cA, p.a0, p.r0}} {
		if *c.to, err = p.commitVarTime(c.x, c.r); err != nil {
			return err
		}
	}
	p.E0 = make([]kyber.Point, p.key.Width()+1)
	for k := range p.E0 {
		sum, err := p.work.sumVarTime(g, n,
			func(i int) kyber.Scalar { return p.a0[i] },
			func(i int) kyber.Point { return p.output.point(i, k) })
		if err != nil {
			return err
		}
		p.E0[k] = sum.Add(sum, g.MultiScalarMul([]kyber.Scalar{p.tau0}, []kyber.Point{keyPoint(p.key, k)}))
	}
	return nil
}

// products fills D and P.
func (p *prover) products() error {
	g := p.group
	p.D, p.P = make([]kyber.Scalar, len(p.pi)), make([]kyber.Scalar, len(p.pi))
	err := p.work.rows(len(p.pi), func(i int) {
		p.D[i] = g.Scalar().Mul(p.y, p.number(p.pi[i]))
		p.D[i].Add(p.D[i], p.b[i])
		p.D[i].Sub(p.D[i], p.z)
	})
	if err != nil {
		return err
	}
	product := g.Scalar().One()
	for i, D := range p.D {
		product = g.Scalar().Mul(product, D)
		p.P[i] = product
	}
	return nil
}

// respond makes the last message, for the challenge x.
func (p *prover) respond() error {
	g, n := p.group, len(p.pi)
	answer := func(secret, mask kyber.Scalar) kyber.Scalar { // x·secret + mask
		s := g.Scalar().Mul(p.x, secret)
		return s.Add(s, mask)
	}
	p.at, p.a, p.Pt = make([]kyber.Scalar, n), make([]kyber.Scalar, n), make([]kyber.Scalar, max(0, n-2))
	products := make([]kyber.Scalar, n) // u_π(i)·ρᵢ
	err := p.work.rows(n, func(i int) {
		p.at[i] = answer(p.D[i], p.d[i])
		p.a[i] = answer(p.b[i], p.a0[i])
		products[i] = g.Scalar().Mul(p.b[i], p.rho[i])
		if i < len(p.Pt) {
			p.Pt[i] = answer(p.P[i+1], p.delta[i+1])
		}
	})
	if err != nil {
		return err
	}
	total := g.Scalar()
	for _, x := range products {
		total.Add(total, x)
	}
	yr := g.Scalar().Mul(p.y, p.ra)
	p.rt = answer(yr.Add(yr, p.rb), p.rd)
	p.st = answer(p.sDelta, p.sdelta)
	p.r = answer(p.rb, p.r0)
	p.tau = answer(total.Neg(total), p.tau0)
	return nil
}

// keyPoint returns Y_k, with Y₀ = G.
func keyPoint(key *elgamal.PublicKey, k int) kyber.Point {
	if k == 0 {
		return key.Group.Base()
	}
	return key.Points[k-1]
}
