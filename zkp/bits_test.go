package zkp

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// slotsForm is a form of n slots with given rules.
func slotsForm(g *elgamal.Group, n int, rules ...Rule) *Form {
	s := &stream{group: g, name: "keys"}
	var columns []Column
	for i := range n {
		columns = append(columns, Column{Index: i, Key: s.point()})
	}
	return must(NewForm(g, testContext().Election, "style", columns, rules))
}

// sumRule is Σ v = sum over the first n slots.
func sumRule(n int, sum int64) Rule {
	r := Rule{Sum: sum}
	for i := range n {
		r.Terms = append(r.Terms, Term{i, 1})
	}
	return r
}

// cheater is a voter who knows everything an honest one does and follows no
// rules.
type cheater struct {
	form       *Form
	r, k       kyber.Scalar
	values     []kyber.Scalar // what the row encrypts
	ballot     BallotStatement
	randomness *stream
}

func newCheater(f *Form, values ...kyber.Scalar) *cheater {
	g := f.group
	s := &stream{group: g, name: "cheater"}
	c := &cheater{form: f, r: s.scalar(), k: s.scalar(), values: values, randomness: s}
	var messages []kyber.Point
	for _, v := range values {
		messages = append(messages, times(g, v, nil))
	}
	c.ballot = BallotStatement{Credential: times(g, c.k, nil), Number: 1, Row: encryptRow(g, f.columns, messages, c.r)}
	return c
}

// bestEffort is the honest prover run on values that are not allowed.
func (c *cheater) bestEffort() []byte {
	return c.form.proveAny(c.ballot, c.r, c.values, c.k, freshBytes())
}

func scalarsOf(g *elgamal.Group, values ...int64) (list []kyber.Scalar) {
	for _, v := range values {
		list = append(list, g.Int64Scalar(v))
	}
	return list
}

// P24: slots that hold anything but 0 and 1.
func TestP24OutOfRange(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		for name, rules := range map[string][]Rule{"no rules": nil, "sum 1": {sumRule(3, 1)}} {
			form := slotsForm(g, 3, rules...)
			honest := newCheater(form, scalarsOf(g, 0, 1, 0)...)
			require.NoError(t, form.Verify(honest.ballot, honest.bestEffort()), "control")
			for _, values := range [][]int64{
				{2, 0, 0}, {-1, 0, 0}, {-1, 2, 0}, {1000, -999, 0}, {2, -1, 0}, {0, 0, -1}, {0, 0, math.MaxInt64}, {1, 1, -1}, {2, 1, -2},
			} {
				c := newCheater(form, scalarsOf(g, values...)...)
				require.ErrorIs(t, form.Verify(c.ballot, c.bestEffort()), ErrProof, "%s: %v", name, values)
			}
			// Halves: bits nowhere, and yet 2·½ = 1.
			half := g.Scalar().Inv(g.Uint64Scalar(2))
			c := newCheater(form, half, half, g.Scalar())
			require.ErrorIs(t, form.Verify(c.ballot, c.bestEffort()), ErrProof, "halves")
		}
	})
}

// P25: rules that do not hold, are left out or are about other slots.
func TestP25Rules(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		rules := map[string]Rule{
			"choose 1": sumRule(4, 1),
			"weighted": {Terms: []Term{{0, 1}, {1, -2}, {2, 4}, {3, maxCoefficient}}, Sum: 3},
		}
		for name, rule := range rules {
			form, allowed := slotsForm(g, 4, rule), 0
			for mask := range int64(16) {
				bits := []int64{mask & 1, mask >> 1 & 1, mask >> 2 & 1, mask >> 3 & 1}
				sum := int64(0)
				for _, term := range rule.Terms {
					sum += term.Coefficient * bits[term.Slot]
				}
				c := newCheater(form, scalarsOf(g, bits...)...)
				w := BallotWitness{c.r, []uint8{uint8(bits[0]), uint8(bits[1]), uint8(bits[2]), uint8(bits[3])}, c.k}
				_, refused := form.Prove(c.ballot, w)
				if sum == rule.Sum {
					allowed++
					require.NoError(t, refused)
					require.NoError(t, form.Verify(c.ballot, c.bestEffort()), "%s: %v", name, bits)
				} else {
					require.ErrorIs(t, refused, ErrProof)
					require.ErrorIs(t, form.Verify(c.ballot, c.bestEffort()), ErrProof, "%s: %v", name, bits)
				}
			}
			require.Positive(t, allowed)
		}
		// Two over-votes, each within the rule of somebody else.
		over := newCheater(slotsForm(g, 4, sumRule(4, 2)), scalarsOf(g, 1, 1, 0, 0)...)
		proof := over.bestEffort()
		require.NoError(t, over.form.Verify(over.ballot, proof))
		for _, form := range []*Form{slotsForm(g, 4, sumRule(4, 1)), slotsForm(g, 4, sumRule(3, 2)), slotsForm(g, 4), slotsForm(g, 4, sumRule(4, 2), sumRule(4, 2))} {
			require.ErrorIs(t, form.Verify(over.ballot, proof), ErrProof)
		}
	})
}

// verifyWith is the verifier of a weakened protocol: the same equations, with
// challenges and weights as the weakness has them.
func (c *cheater) verifyWith(m ballotMessages, ch ballotChallenges, weight []kyber.Scalar) bool {
	return holds(c.form.group, func(b *Batch) { c.form.collect(b, c.ballot, m, ch, weight) })
}

func (c *cheater) weights() []kyber.Scalar { return secretWeights(c.form.group, 5) }

// messagesFor runs the prover with an opening (opened) in V that need not be
// what the row encrypts. challenges gives λ, μ and θ from the transcript and
// finish e.
func (c *cheater) messagesFor(opened []kyber.Scalar, challenges func(d *dialogue) ballotChallenges) (ballotMessages, ballotChallenges) {
	f, g, s := c.form, c.form.group, c.randomness
	d := f.open(c.ballot, nil)
	rho, sigma, nonce, kappa, gamma1, gamma0 := s.scalar(), s.scalar(), s.scalar(), s.scalar(), s.scalar(), s.scalar()
	t := s.scalars(len(f.slots))
	var m ballotMessages
	m.V = f.openings.Sum(append([]kyber.Scalar{rho}, opened...))
	m.S = f.openings.Sum(append([]kyber.Scalar{sigma}, t...))
	d.writePoint(m.V)
	d.writePoint(m.S)
	ch := challenges(d)

	lt := g.Scalar()
	for i := range t {
		lt.Add(lt, g.Scalar().Mul(ch.lambda[i], t[i]))
	}
	m.R, m.Q = times(g, nonce, nil), times(g, kappa, nil)
	m.L = g.Point().Add(times(g, lt, nil), times(g, nonce, g.MultiScalarMul(ch.lambda, f.keys)))
	c1, c0 := f.productTerms(t, opened, ch)
	m.C1 = g.Point().Add(times(g, c1, nil), times(g, gamma1, f.h))
	m.C0 = g.Point().Add(times(g, c0, nil), times(g, gamma0, f.h))
	for _, p := range []kyber.Point{m.R, m.L, m.C1, m.C0, m.Q} {
		d.writePoint(p)
	}
	ch.e = d.weights("commitments", 1)[0]
	answer := func(nonce, secret kyber.Scalar) kyber.Scalar {
		return g.Scalar().Add(nonce, g.Scalar().Mul(ch.e, secret))
	}
	for i := range t {
		m.f = append(m.f, answer(t[i], opened[i]))
	}
	m.zr, m.zv, m.zc, m.zk = answer(nonce, c.r), answer(sigma, rho), answer(gamma0, gamma1), answer(kappa, c.k)
	return m, ch
}

// encode writes messages as a proof.
func (c *cheater) encode(m ballotMessages) []byte {
	d := &dialogue{group: c.form.group}
	points, scalars := []kyber.Point{m.R, m.Q}, []kyber.Scalar{m.zr, m.zk}
	if len(c.form.slots) > 0 {
		points = []kyber.Point{m.V, m.S, m.R, m.L, m.C1, m.C0, m.Q}
		scalars = append(slices.Clone(m.f), m.zr, m.zv, m.zc, m.zk)
	}
	for _, p := range points {
		d.writePoint(p)
	}
	for _, s := range scalars {
		d.writeScalar(s)
	}
	return d.proof
}

// The honest prover in the clothes of the cheater, so that what the negative
// controls below show is the weakness and not a mistake in the forger.
func TestCheaterCanBeHonest(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		c := newCheater(slotsForm(g, 3, sumRule(3, 1)), scalarsOf(g, 0, 1, 0)...)
		m, ch := c.messagesFor(c.values, c.form.firstChallenges)
		require.True(t, c.verifyWith(m, ch, c.weights()))
		require.NoError(t, c.form.Verify(c.ballot, c.encode(m)))
	})
}

// Negative control: without θ the rules are not checked.
func TestControlThetaMissing(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		c := newCheater(slotsForm(g, 3, sumRule(3, 1)), scalarsOf(g, 1, 1, 1)...)
		m, ch := c.messagesFor(c.values, func(d *dialogue) ballotChallenges {
			ch := c.form.firstChallenges(d)
			for j := range ch.theta {
				ch.theta[j] = g.Scalar() // the weakness
			}
			return ch
		})
		require.True(t, c.verifyWith(m, ch, c.weights()), "the weakened verifier accepts an over-vote")
		require.ErrorIs(t, c.form.Verify(c.ballot, c.encode(m)), ErrProof)
	})
}

// Negative control: if C₁ is not absorbed before e, equation (4) can be solved
// for it.
func TestControlC1AfterTheChallenge(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		c := newCheater(slotsForm(g, 3, sumRule(3, 1)), scalarsOf(g, 5, -2, 7)...)
		m, ch := c.messagesFor(c.values, c.form.firstChallenges)
		// The weakness: e comes from the other messages only.
		d := c.form.open(c.ballot, nil)
		for _, p := range []kyber.Point{m.V, m.S, m.R, m.L, m.C0, m.Q} {
			d.writePoint(p)
		}
		old := ch.e
		ch.e = d.weights("commitments", 1)[0]
		shift := func(z, secret kyber.Scalar) kyber.Scalar { // the same answer for the other challenge
			return g.Scalar().Add(z, g.Scalar().Mul(g.Scalar().Sub(ch.e, old), secret))
		}
		for i := range m.f {
			m.f[i] = shift(m.f[i], c.values[i])
		}
		m.zr, m.zk, m.zv = shift(m.zr, c.r), shift(m.zk, c.k), c.reopen(m, ch.e)
		m.C1 = times(g, g.Scalar().Inv(ch.e), g.Point().Sub(c.form.productSide(m.f, m.zc, ch), m.C0))
		require.True(t, c.verifyWith(m, ch, c.weights()), "the weakened verifier accepts values that are no bits")
		require.ErrorIs(t, c.form.Verify(c.ballot, c.encode(m)), ErrProof)
	})
}

// reopen returns z_v for another challenge. The nonces of messagesFor are the
// first six of the stream after r and k.
func (c *cheater) reopen(_ ballotMessages, e kyber.Scalar) kyber.Scalar {
	g := c.form.group
	s := &stream{group: g, name: "cheater", n: 2}
	rho, sigma := s.scalar(), s.scalar()
	return g.Scalar().Add(sigma, g.Scalar().Mul(e, rho))
}

// Negative control: if λ, μ and θ are known before V, the voter opens V to
// values v' that satisfy the two combinations by chance made to measure:
// Σ λᵢ·v'ᵢ = Σ λᵢ·vᵢ and Σ μᵢ·v'ᵢ·(1−v'ᵢ) + θ·(Σ v'ᵢ − 1)·… = 0.
func TestControlChallengesBeforeV(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		c := newCheater(slotsForm(g, 3, sumRule(3, 1)), scalarsOf(g, 1000, -999, 1)...)
		early := c.form.firstChallenges(c.form.open(c.ballot, nil)) // the weakness
		opened := c.measure(t, early)
		m, ch := c.messagesFor(opened, func(*dialogue) ballotChallenges { return early })
		require.True(t, c.verifyWith(m, ch, c.weights()), "the weakened verifier accepts 1000 votes")
		require.ErrorIs(t, c.form.Verify(c.ballot, c.encode(m)), ErrProof)
		require.False(t, all(c.equationsOf(m)), "it is an equation that fails")
	})
}

// equationsOf evaluates the equations with the real challenges.
func (c *cheater) equationsOf(m ballotMessages) []bool {
	d := c.form.open(c.ballot, c.encode(m))
	m, ch := c.form.read(d)
	return c.form.equations(c.ballot, m, ch)
}

// measure solves, modulo q, for v' with Σ λᵢ·(vᵢ−v'ᵢ) = 0 and
// Σ μᵢ·(v'ᵢ−v'ᵢ²) + θ·(Σ v'ᵢ−1) = 0: v'₃ at random, v'₂ by the first equation,
// v'₁ by the quadratic one that is left.
func (c *cheater) measure(t *testing.T, ch ballotChallenges) []kyber.Scalar {
	g := c.form.group
	q := g.Order()
	toInt := func(s kyber.Scalar) *big.Int { return scalarInt(g, s) }
	mod := func(v *big.Int) *big.Int { return v.Mod(v, q) }
	mul := func(a, b *big.Int) *big.Int { return mod(new(big.Int).Mul(a, b)) }
	add := func(a, b *big.Int) *big.Int { return mod(new(big.Int).Add(a, b)) }
	sub := func(a, b *big.Int) *big.Int { return mod(new(big.Int).Sub(a, b)) }
	var l, mu, v [3]*big.Int
	for i := range 3 {
		l[i], mu[i], v[i] = toInt(ch.lambda[i]), toInt(ch.mu[i]), toInt(c.values[i])
	}
	theta := toInt(ch.theta[0])
	total := add(add(mul(l[0], v[0]), mul(l[1], v[1])), mul(l[2], v[2]))
	inverse := new(big.Int).ModInverse(l[1], q)
	// v'₂ = a + b·x with x = v'₁
	b := sub(new(big.Int), mul(l[0], inverse))
	for range 100 {
		x3 := toInt(c.randomness.scalar())
		a := mul(sub(total, mul(l[2], x3)), inverse)
		// A·x² + B·x + C = 0
		A := sub(new(big.Int), add(mu[0], mul(mu[1], mul(b, b))))
		B := add(mu[0], mul(mu[1], sub(b, mul(big.NewInt(2), mul(a, b)))))
		B = add(B, mul(theta, add(big.NewInt(1), b)))
		C := add(mul(mu[1], sub(a, mul(a, a))), mul(mu[2], sub(x3, mul(x3, x3))))
		C = add(C, mul(theta, sub(add(a, x3), big.NewInt(1))))
		root := new(big.Int).ModSqrt(sub(mul(B, B), mul(big.NewInt(4), mul(A, C))), q)
		if root == nil {
			continue
		}
		x := mul(sub(root, B), new(big.Int).ModInverse(mul(big.NewInt(2), A), q))
		var out []kyber.Scalar
		for _, y := range []*big.Int{x, add(a, mul(b, x)), x3} {
			out = append(out, g.ReduceScalar(y.Bytes()))
		}
		return out
	}
	t.Fatal("no solution")
	return nil
}

func scalarInt(g *elgamal.Group, s kyber.Scalar) *big.Int {
	b := g.AppendScalar(nil, s)
	if g.Name() == "ristretto255" {
		return littleEndian(b)
	}
	return new(big.Int).SetBytes(b)
}

// Negative control: with all λ equal, columns may differ from what V opens to,
// as long as the differences add up to nothing.
func TestControlColumnsUnweighted(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		c := newCheater(slotsForm(g, 3, sumRule(3, 1)), scalarsOf(g, 1000, -999, 0)...)
		m, ch := c.messagesFor(scalarsOf(g, 0, 1, 0), func(d *dialogue) ballotChallenges {
			ch := c.form.firstChallenges(d)
			for i := range ch.lambda {
				ch.lambda[i] = g.Scalar().One() // the weakness
			}
			return ch
		})
		require.True(t, c.verifyWith(m, ch, c.weights()), "the weakened verifier accepts 1000 votes")
		require.ErrorIs(t, c.form.Verify(c.ballot, c.encode(m)), ErrProof)
		require.Equal(t, []bool{true, false, true, true, true}, c.equationsOf(m))
	})
}

// Negative control: if (1) and (5) have one weight, a ballot is signed for the
// credential of somebody else.
func TestControlUnweightedSignature(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		s := &stream{group: g, name: "unweighted signature"}
		victim := s.point() // K of another voter
		columns := []Column{{Index: 0, Key: s.point(), Mixed: true}}
		form := must(NewForm(g, testContext().Election, "style", columns, nil))
		a, nonce, kappa := s.scalar(), s.scalar(), s.scalar()
		c := &cheater{form: form, ballot: BallotStatement{Credential: victim, Number: 1, Row: elgamal.Ciphertext{
			A: g.Point().Sub(times(g, a, nil), victim), // A + K = a·G
			B: []kyber.Point{s.point()},
		}}}
		d := form.open(c.ballot, nil)
		m := ballotMessages{R: times(g, nonce, nil), Q: times(g, kappa, nil)}
		d.writePoint(m.R)
		d.writePoint(m.Q)
		ch := ballotChallenges{e: d.weights("commitments", 1)[0]}
		m.zk = s.scalar()
		m.zr = g.Scalar().Add(nonce, kappa)
		m.zr.Add(m.zr, g.Scalar().Mul(ch.e, a))
		m.zr.Sub(m.zr, m.zk)
		weight := c.weights()
		weight[4] = weight[0] // the weakness
		require.True(t, c.verifyWith(m, ch, weight), "the weakened verifier accepts a ballot for another voter")
		require.ErrorIs(t, form.Verify(c.ballot, c.encode(m)), ErrProof)
	})
}

// Negative control: without a check of V, f is free; what a merged (2) and (3)
// would leave is not enough either.
func TestControlOpeningUnchecked(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		// The opening moves with e: f = t + e·v with v chosen after λ and μ.
		c := newCheater(slotsForm(g, 3, sumRule(3, 1)), scalarsOf(g, 1000, -999, 1)...)
		late := c.randomness.point() // a V that opens to nothing known
		d := c.form.open(c.ballot, nil)
		d.writePoint(late)
		d.writePoint(late)
		early := c.form.firstChallenges(d)
		m, ch := c.messagesFor(c.measure(t, early), func(*dialogue) ballotChallenges { return early })
		m.V, m.S = late, late
		weight := c.weights()
		weight[2] = g.Scalar() // the weakness: (3) is not checked
		require.True(t, c.verifyWith(m, ch, weight))
		require.ErrorIs(t, c.form.Verify(c.ballot, c.encode(m)), ErrProof)
	})
}

// The prover of ballots refuses whatever does not satisfy the statement.
func TestBallotProverRefuses(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		b := makeBallot(g, "ballot mixed too")
		form := must(b.claim.form(g, testContext()))
		s := &stream{group: g, name: "refuse"}
		_, err := form.Prove(b.claim.ballot, b.witness)
		require.NoError(t, err)
		for name, c := range map[string]struct {
			edit   func(*BallotStatement, *BallotWitness)
			reason error
		}{
			"bit too large":      {func(_ *BallotStatement, w *BallotWitness) { w.Bits[1] = 2 }, ErrProof},
			"bit flipped":        {func(_ *BallotStatement, w *BallotWitness) { w.Bits[1] = 0 }, ErrProof},
			"other bits allowed": {func(_ *BallotStatement, w *BallotWitness) { w.Bits[0], w.Bits[1] = 1, 0 }, ErrProof},
			"bit missing":        {func(_ *BallotStatement, w *BallotWitness) { w.Bits = w.Bits[:3] }, ErrShape},
			"no bits":            {func(_ *BallotStatement, w *BallotWitness) { w.Bits = nil }, ErrShape},
			"bit too many":       {func(_ *BallotStatement, w *BallotWitness) { w.Bits = append(w.Bits, 0) }, ErrShape},
			"randomness":         {func(_ *BallotStatement, w *BallotWitness) { w.Randomness = s.scalar() }, ErrProof},
			"no randomness":      {func(_ *BallotStatement, w *BallotWitness) { w.Randomness = nil }, ErrGroup},
			"credential":         {func(_ *BallotStatement, w *BallotWitness) { w.Credential = s.scalar() }, ErrProof},
			"no credential":      {func(_ *BallotStatement, w *BallotWitness) { w.Credential = nil }, ErrGroup},
			"column":             {func(st *BallotStatement, _ *BallotWitness) { st.Row.B[0] = s.point() }, ErrProof},
			"A":                  {func(st *BallotStatement, _ *BallotWitness) { st.Row.A = s.point() }, ErrProof},
			"row too short":      {func(st *BallotStatement, _ *BallotWitness) { st.Row.B = st.Row.B[:2] }, ErrShape},
			"nothing":            {func(st *BallotStatement, w *BallotWitness) { *st, *w = BallotStatement{}, BallotWitness{} }, ErrShape},
		} {
			st, w := b.claim.ballot, b.witness
			st.Row, w.Bits = st.Row.Clone(), slices.Clone(w.Bits)
			c.edit(&st, &w)
			proof, err := form.Prove(st, w)
			require.ErrorIs(t, err, c.reason, name)
			require.Nil(t, proof, name)
		}
	})
	// A row that does hold what the witness says, which is no bit.
	g := elgamal.Ristretto255()
	c := newCheater(slotsForm(g, 3), scalarsOf(g, 2, 0, 1)...)
	_, err := c.form.Prove(c.ballot, BallotWitness{c.r, []uint8{2, 0, 1}, c.k})
	require.ErrorContains(t, err, "a slot is not 0 or 1")
	require.ErrorIs(t, err, ErrProof)

	var zero Form
	_, err = zero.Prove(BallotStatement{}, BallotWitness{})
	require.ErrorIs(t, err, ErrGroup)
	require.ErrorIs(t, zero.Verify(BallotStatement{}, nil), ErrGroup)
	require.ErrorIs(t, zero.AddTo(NewBatch(nil), BallotStatement{}, "", nil), ErrGroup)
}

func TestNewFormChecks(t *testing.T) {
	g := elgamal.Ristretto255()
	s := &stream{group: g, name: "form"}
	key := s.scalars(4)
	columns := func(edit func([]Column)) []Column {
		list := []Column{{Index: 0, Key: times(g, key[0], nil)}, {Index: 1, Key: times(g, key[1], nil)}, {Index: 7, Key: times(g, key[2], nil), Mixed: true}}
		edit(list)
		return list
	}
	same := func([]Column) {}
	rule := func(sum int64, terms ...Term) []Rule { return []Rule{{terms, sum}} }
	many := make([]Column, maxColumns+1)
	for i := range many {
		many[i] = Column{Index: i, Key: g.Base()}
	}
	for name, c := range map[string]struct {
		columns []Column
		rules   []Rule
		reason  error
	}{
		"good":                    {columns(same), rule(1, Term{0, 1}, Term{1, 1}), nil},
		"slots in any order":      {columns(same), rule(1, Term{1, 1}, Term{0, 1}), nil},
		"largest":                 {columns(same), rule(math.MaxInt64-maxCoefficient, Term{0, maxCoefficient}), nil},
		"smallest":                {columns(same), rule(-math.MaxInt64+maxCoefficient, Term{0, -maxCoefficient}), nil},
		"no columns":              {nil, nil, ErrShape},
		"too many columns":        {many, nil, ErrShape},
		"index twice":             {columns(func(c []Column) { c[2].Index = 0 }), nil, ErrDuplicate},
		"index negative":          {columns(func(c []Column) { c[2].Index = -1 }), nil, ErrRange},
		"index too large":         {columns(func(c []Column) { c[2].Index = math.MaxInt32 }), nil, ErrRange},
		"key twice":               {columns(func(c []Column) { c[2].Key = g.Point().Set(c[0].Key) }), nil, ErrDuplicate},
		"key is the identity":     {columns(func(c []Column) { c[0].Key = g.Point() }), nil, ErrGroup},
		"key missing":             {columns(func(c []Column) { c[1].Key = nil }), nil, ErrGroup},
		"key of another group":    {columns(func(c []Column) { c[1].Key = elgamal.P256().Base() }), nil, ErrGroup},
		"rule without terms":      {columns(same), rule(0), ErrShape},
		"rule over a mixed slot":  {columns(same), rule(0, Term{2, 1}), ErrShape},
		"rule over no slot":       {columns(same), rule(0, Term{3, 1}), ErrShape},
		"rule over a negative":    {columns(same), rule(0, Term{-1, 1}), ErrShape},
		"slot twice":              {columns(same), rule(0, Term{0, 1}, Term{0, 1}), ErrDuplicate},
		"slot twice after mixed":  {columns(func(c []Column) { c[0].Mixed, c[2].Mixed = true, false }), rule(0, Term{2, 1}, Term{2, 1}), ErrDuplicate},
		"coefficient zero":        {columns(same), rule(0, Term{0, 0}), ErrRange},
		"coefficient too large":   {columns(same), rule(0, Term{0, maxCoefficient + 1}), ErrRange},
		"coefficient too small":   {columns(same), rule(0, Term{0, -maxCoefficient - 1}), ErrRange},
		"coefficient least int64": {columns(same), rule(0, Term{0, math.MinInt64}), ErrRange},
		"sum too large":           {columns(same), rule(math.MaxInt64-maxCoefficient+1, Term{0, maxCoefficient}), ErrRange},
		"sum too small":           {columns(same), rule(math.MinInt64, Term{0, 1}), ErrRange},
	} {
		f, err := NewForm(g, [32]byte{}, "style", c.columns, c.rules)
		if c.reason == nil {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorIs(t, err, c.reason, name)
		require.Nil(t, f, name)
	}
	_, err := NewForm(nil, [32]byte{}, "style", columns(same), nil)
	require.ErrorIs(t, err, ErrGroup)

	// Rules are bound in one canonical form, and the caller keeps its lists.
	in := rule(1, Term{1, 1}, Term{0, 1})
	a := must(NewForm(g, [32]byte{}, "style", columns(same), in))
	b := must(NewForm(g, [32]byte{}, "style", columns(same), rule(1, Term{0, 1}, Term{1, 1})))
	require.Equal(t, a.encode(), b.encode())
	require.Equal(t, Term{1, 1}, in[0].Terms[0])
}

// P08 for forms: forms that differ have different encodings.
func TestFormEncodingInjective(t *testing.T) {
	g := elgamal.Ristretto255()
	s := &stream{group: g, name: "form"}
	k1, k2 := s.point(), s.point()
	seen := map[string]string{}
	for _, mixed := range []bool{false, true} {
		for _, index := range []int{1, 256} {
			for _, keys := range [][]kyber.Point{{k1, k2}, {k2, k1}} {
				for i, rules := range [][]Rule{nil, {{[]Term{{0, 1}}, 1}}, {{[]Term{{0, 1}}, 1}, {[]Term{{0, 1}}, 1}},
					{{[]Term{{0, 2}}, 1}}, {{[]Term{{0, 1}}, 2}}, {{[]Term{{0, -1}}, 1}}, {{[]Term{{0, 1}}, -1}}} {
					columns := []Column{{Index: 0, Key: keys[0]}, {Index: index, Key: keys[1], Mixed: mixed}}
					f := must(NewForm(g, [32]byte{}, "", columns, rules))
					name := fmt.Sprint(mixed, index, i, keys[0].Equal(k1))
					require.Empty(t, seen[string(f.encode())], name)
					seen[string(f.encode())] = name
				}
			}
		}
	}
}

// The length is that of the protocol: 64·n + 384 bytes with the ciphertext on
// ristretto255.
func TestBallotProofLength(t *testing.T) {
	g := elgamal.Ristretto255()
	for _, n := range []int{1, 2, 5, 50} {
		require.Equal(t, 64*n+384, slotsForm(g, n).ProofLen()+g.CiphertextLen(n))
	}
	eachFixture(t, func(t *testing.T, f *fixture) {
		if claim, ok := f.statement.(ballotClaim); ok {
			require.Len(t, f.proof, must(claim.form(f.group, f.context)).ProofLen())
		}
	})
}

// What is secret is not printed.
func TestP89WitnessIsRedacted(t *testing.T) {
	w := makeBallot(elgamal.Ristretto255(), "ballot").witness
	o := OneOfWitness{Index: 4711, Randomness: w.Randomness}
	for _, v := range []any{w, o, &w, &o} {
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
			out := fmt.Sprintf(format, v)
			require.Contains(t, out, "redacted", format)
			require.NotContains(t, out, "4711")
			require.NotContains(t, out, "[0 1 0 1]")
		}
		out, err := json.Marshal(v)
		require.NoError(t, err)
		require.JSONEq(t, `"redacted"`, string(out))
	}
}

// Proving and verifying change nothing they are given.
func TestStatementsAreNotChanged(t *testing.T) {
	eachFixture(t, func(t *testing.T, f *fixture) {
		before := fmt.Sprintf("%x", snapshot(f))
		proof := f.prove(f.context)
		require.NoError(t, f.statement.Verify(f.group, f.context, proof))
		require.Error(t, f.changed[0].statement.Verify(f.group, f.context, proof))
		require.Equal(t, before, fmt.Sprintf("%x", snapshot(f)))
	})
}

// snapshot encodes all points of a statement.
func snapshot(f *fixture) (out []byte) {
	add := func(list ...kyber.Point) {
		for _, p := range list {
			out = f.group.AppendPoint(out, p)
		}
	}
	switch s := f.statement.(type) {
	case Dlog:
		add(s.Base, s.Image)
	case Dlogs:
		add(append(s.Images, s.Base)...)
	case DLEQ:
		add(s.Base, s.Image, s.Base2, s.Image2)
	case DLEQKeys:
		add(s.Base, s.Base2)
		add(s.Images...)
		add(s.Images2...)
	case DLEQBases:
		add(s.Base, s.Image)
		add(s.Bases2...)
		add(s.Images2...)
	case OneOf:
		add(s.Key, s.A, s.B)
		add(s.Messages...)
	case ballotClaim:
		add(s.ballot.Credential, s.ballot.Row.A)
		add(s.ballot.Row.B...)
		for _, c := range s.columns {
			add(c.Key)
		}
	}
	return out
}
