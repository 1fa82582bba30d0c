package zkp

import (
	"encoding/binary"
	"fmt"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// The ballot proof: every slot of a row encrypts 0 or 1, every rule of the
// form holds, and the holder of the credential signed the row.
//
// Statement: G; keys Y₁…Y_n; A; B₁…B_n; credential K; number; time; rules (aⱼ, bⱼ);
// and what else the ballot's entry carries, if anything.
// Witness: r; vᵢ ∈ {0,1}; k with K = k·G.
//
//	P → V   V = ρ·G₀ + Σ vᵢ·Gᵢ, S = σ·G₀ + Σ tᵢ·Gᵢ       ρ, σ, tᵢ random
//	V → P   λᵢ, μᵢ per slot, θⱼ per rule                   128 bits each
//	P → V   R = s·G, L = Σ λᵢ·(tᵢ·G + s·Yᵢ),
//	        C₁ = c₁·G + γ₁·H, C₀ = c₀·G + γ₀·H, Q = κ·G    s, γ₁, γ₀, κ random
//	        c₁ = Σ μᵢ·tᵢ·(1−2vᵢ) + Σⱼ θⱼ·Σᵢ aⱼᵢ·tᵢ
//	        c₀ = −Σ μᵢ·tᵢ²
//	V → P   e                                              128 bits
//	P → V   fᵢ = tᵢ + e·vᵢ, z_r = s + e·r, z_v = σ + e·ρ,
//	        z_c = γ₀ + e·γ₁, z_k = κ + e·k
//
// V accepts if
//
//	(1) R + e·A = z_r·G
//	(2) L + e·Σ λᵢ·Bᵢ = (Σ λᵢ·fᵢ)·G + z_r·Σ λᵢ·Yᵢ
//	(3) S + e·V = z_v·G₀ + Σ fᵢ·Gᵢ
//	(4) C₀ + e·C₁ = (Σ μᵢ·fᵢ·(e−fᵢ) + e·Σⱼ θⱼ·(Σᵢ aⱼᵢ·fᵢ − e·bⱼ))·G + z_c·H
//	(5) Q + e·K = z_k·G
//
// Mixed columns stand in the statement; only (1) and (5) concern them. A row
// of mixed columns only has R, Q, z_r, z_k and the equations (1) and (5).
// docs/protocol.md §4 has the proof that this is sound and zero-knowledge.

// BallotStatement is one ballot of a form.
type BallotStatement struct {
	Credential kyber.Point        // K
	Number     uint32             // the ballot's number under this credential
	Time       int64              // in seconds since 1970, as the ballot's entry says
	Row        elgamal.Ciphertext // A and one B per column of the form
	Bound      []byte             // what else the entry carries that nobody may exchange; may be nil
}

// BallotWitness is what the voter's device knows. It must be kept secret.
type BallotWitness struct {
	Randomness kyber.Scalar // r
	Bits       []uint8      // the value of each slot, 0 or 1; mixed columns have none
	Credential kyber.Scalar // k
}

// String and GoString keep the witness out of logs.
func (BallotWitness) String() string   { return "zkp.BallotWitness(redacted)" }
func (BallotWitness) GoString() string { return "zkp.BallotWitness(redacted)" }

// Format keeps the witness out of every verb of package fmt.
func (w BallotWitness) Format(s fmt.State, _ rune) { fmt.Fprint(s, w.String()) }

// MarshalJSON keeps the witness out of JSON.
func (w BallotWitness) MarshalJSON() ([]byte, error) { return []byte(`"redacted"`), nil }

// Prove makes a ballot's proof. A witness that does not satisfy the statement
// is refused with ErrProof, one of the wrong length with ErrShape.
func (f *Form) Prove(s BallotStatement, w BallotWitness) ([]byte, error) {
	if err := f.checkStatement(s); err != nil {
		return nil, wrap("ballot", err)
	}
	if err := f.checkWitness(s, w); err != nil {
		return nil, wrap("ballot", err)
	}
	v := make([]kyber.Scalar, len(w.Bits))
	for i, bit := range w.Bits {
		v[i] = f.group.Uint64Scalar(uint64(bit))
	}
	return f.prove(s, w.Randomness, v, f.group.SelectSum(w.Bits, f.gens), w.Credential, freshBytes()), nil
}

// Verify checks a ballot's proof.
func (f *Form) Verify(s BallotStatement, proof []byte) error {
	return verifyOne(f.group, "ballot", func(b *Batch) error { return f.AddTo(b, s, "", proof) })
}

// AddTo puts a ballot's proof into a batch. What is malformed is refused at
// once; the rest is known when the batch is verified.
func (f *Form) AddTo(b *Batch, s BallotStatement, subject string, proof []byte) error {
	if b.group != f.group {
		return fmt.Errorf("zkp: ballot: the batch is of another group: %w", ErrGroup)
	}
	if err := f.checkStatement(s); err != nil {
		return wrap("ballot", err)
	}
	if len(proof) != f.ProofLen() {
		return fmt.Errorf("zkp: ballot: proof of %d bytes, not %d: %w", len(proof), f.ProofLen(), ErrEncoding)
	}
	d := f.open(s, proof)
	m, ch := f.read(d)
	if d.err != nil {
		return wrap("ballot", d.err)
	}
	b.begin(subject)
	f.collect(b, s, m, ch, secretWeights(f.group, 5))
	b.end()
	return nil
}

// checkStatement refuses a row of another shape and the identity, which an
// honest voter sends with probability 1/q.
func (f *Form) checkStatement(s BallotStatement) error {
	if err := checkGroup(f.group); err != nil {
		return err
	}
	if len(s.Row.B) != len(f.columns) {
		return fmt.Errorf("row of %d columns, not %d: %w", len(s.Row.B), len(f.columns), ErrShape)
	}
	if err := checkPoint(f.group, "credential", 0, s.Credential); err != nil {
		return err
	}
	if err := checkPoint(f.group, "A", 0, s.Row.A); err != nil {
		return err
	}
	return checkPoints(f.group, "B", s.Row.B)
}

// checkWitness holds the witness against the form and the statement.
func (f *Form) checkWitness(s BallotStatement, w BallotWitness) error {
	g := f.group
	if len(w.Bits) != len(f.slots) {
		return fmt.Errorf("%d bits for %d slots: %w", len(w.Bits), len(f.slots), ErrShape)
	}
	if err := checkScalar(g, "randomness", 0, w.Randomness); err != nil {
		return err
	}
	if err := checkScalar(g, "credential", 0, w.Credential); err != nil {
		return err
	}
	notBit := uint8(0)
	for _, bit := range w.Bits {
		notBit |= bit &^ 1
	}
	if notBit != 0 {
		return fmt.Errorf("a slot is not 0 or 1: %w", ErrProof)
	}
	for j, r := range f.rules {
		sum := -r.plain.Sum
		for _, t := range r.plain.Terms {
			sum += t.Coefficient * int64(w.Bits[t.Slot])
		}
		if sum != 0 {
			return fmt.Errorf("rule %d does not hold: %w", j+1, ErrProof)
		}
	}
	return f.checkOpening(s, w)
}

// checkOpening holds A, the credential and every slot's column against the
// witness, as one combination with weights u: u₁·A + u₂·K + Σ uᵢ·Bᵢ is
//
//	(u₁·r + u₂·k + Σ uᵢ·vᵢ)·G + r·Σ uᵢ·Yᵢ
//
// with a last point that is the same for every ballot. The weights have 32 bits
// and are the form's, because this is against mistakes: whoever calls Prove with
// a wrong witness gets a proof that nobody accepts, and harms nobody else. Which
// column is wrong stays unsaid.
func (f *Form) checkOpening(s BallotStatement, w BallotWitness) error {
	g, c := f.group, f.check()
	left := append([]kyber.Point{s.Row.A, s.Credential}, f.slotColumns(s)...)
	onG := g.Scalar().Mul(c.weights[0], w.Randomness)
	t := g.Scalar()
	onG.Add(onG, t.Mul(c.weights[1], w.Credential))
	for i, bit := range w.Bits {
		onG.Add(onG, t.Mul(c.weights[2+i], g.Uint64Scalar(uint64(bit))))
	}
	right := g.Point().Mul(onG, nil)
	if len(f.slots) > 0 {
		right.Add(right, c.key.Mul(0, w.Randomness))
	}
	if right.Equal(g.MultiScalarMulVarTime(c.weights, left)) {
		return nil
	}
	if !g.Point().Mul(w.Randomness, nil).Equal(s.Row.A) {
		return fmt.Errorf("component A is not made with this randomness: %w", ErrProof)
	}
	if !g.Point().Mul(w.Credential, nil).Equal(s.Credential) {
		return fmt.Errorf("not the key of this credential: %w", ErrProof)
	}
	return fmt.Errorf("a column does not encrypt its bit: %w", ErrProof)
}

// openingCheck is what checkOpening needs of a form.
type openingCheck struct {
	weights []kyber.Scalar    // of A, the credential and the slots' columns
	key     *elgamal.MulTable // Σ uᵢ·Yᵢ
}

// newOpeningCheck derives the weights from the transcript of the form.
func (f *Form) newOpeningCheck() *openingCheck {
	s := f.start.clone()
	absorbFrame(s, "opening check", nil)
	c := &openingCheck{weights: make([]kyber.Scalar, 2+len(f.slots))}
	for i := range c.weights {
		c.weights[i] = f.group.ReduceScalar(s.squeeze(4))
	}
	c.key = f.group.NewMulTable([]kyber.Point{f.group.MultiScalarMulVarTime(c.weights[2:], f.keys)})
	return c
}

// slotColumns returns the Bᵢ of the slots.
func (f *Form) slotColumns(s BallotStatement) []kyber.Point {
	list := make([]kyber.Point, len(f.slots))
	for i, at := range f.slots {
		list[i] = s.Row.B[at]
	}
	return list
}

// open starts the dialogue of prover or verifier: form and statement are
// absorbed first.
func (f *Form) open(s BallotStatement, proof []byte) *dialogue {
	b := make([]byte, 0, 4+8+(2+len(s.Row.B))*f.group.PointLen())
	b = binary.BigEndian.AppendUint32(b, s.Number)
	b = binary.BigEndian.AppendUint64(b, uint64(s.Time))
	b = f.group.AppendPoint(b, s.Credential)
	b = f.group.AppendPoint(b, s.Row.A)
	for _, p := range s.Row.B {
		b = f.group.AppendPoint(b, p)
	}
	d := &dialogue{group: f.group, sponge: f.start.clone(), framed: true, proof: proof}
	absorbFrame(d.sponge, "statement", b)
	if len(s.Bound) > 0 {
		absorbFrame(d.sponge, "bound", s.Bound)
	}
	return d
}

// ballotMessages are the messages of the prover.
type ballotMessages struct {
	V, S, R, L, C1, C0, Q kyber.Point
	f                     []kyber.Scalar
	zr, zv, zc, zk        kyber.Scalar
}

// ballotChallenges are the messages of the verifier.
type ballotChallenges struct {
	lambda, mu, theta []kyber.Scalar
	e                 kyber.Scalar
}

// firstChallenges derives λ, μ and θ.
func (f *Form) firstChallenges(d *dialogue) (ch ballotChallenges) {
	n := len(f.slots)
	all := d.weights("openings", 2*n+len(f.rules))
	ch.lambda, ch.mu, ch.theta = all[:n], all[n:2*n], all[2*n:]
	return ch
}

// fewSlots is the number of slots up to which L = Σ λᵢ·(tᵢ·G + s·Yᵢ) is faster
// from tables of the keys than as s times one sum with public weights.
const fewSlots = 6

// prove runs the prover for any v, whether or not it satisfies the statement;
// that is what Prove checks. opened is Σ vᵢ·Gᵢ.
func (f *Form) prove(st BallotStatement, r kyber.Scalar, v []kyber.Scalar, opened kyber.Point, k kyber.Scalar, fresh [32]byte) []byte {
	g := f.group
	d := f.open(st, nil)
	random := newNonces(g, d.sponge, fresh, append([]kyber.Scalar{r, k}, v...))
	s, kappa := random.next(), random.next()
	R, Q := g.Point().Mul(s, nil), g.Point().Mul(kappa, nil)
	answer := func(nonce, secret kyber.Scalar, e kyber.Scalar) {
		z := g.Scalar().Mul(e, secret)
		d.writeScalar(z.Add(z, nonce))
	}
	if len(f.slots) == 0 {
		d.writePoints(R, Q)
		e := d.weights("commitments", 1)[0]
		answer(s, r, e)
		answer(kappa, k, e)
		return d.proof
	}

	rho, sigma, gamma1, gamma0 := random.next(), random.next(), random.next(), random.next()
	t := make([]kyber.Scalar, len(v))
	for i := range t {
		t[i] = random.next()
	}
	V := f.blinding.Mul(0, rho)
	d.writePoints(V.Add(V, opened), f.openings.Sum(append([]kyber.Scalar{sigma}, t...)))
	ch := f.firstChallenges(d)

	lt := g.Scalar().Zero() // Σ λᵢ·tᵢ
	for i := range t {
		lt.Add(lt, g.Scalar().Mul(ch.lambda[i], t[i]))
	}
	L := f.maskedKeys(s, ch.lambda)
	L.Add(L, g.Point().Mul(lt, nil))
	c1, c0 := f.productTerms(t, v, ch)
	H := func(c, gamma kyber.Scalar) kyber.Point {
		p := f.blinding.Mul(1, gamma)
		return p.Add(p, g.Point().Mul(c, nil))
	}
	d.writePoints(R, L, H(c1, gamma1), H(c0, gamma0), Q)
	e := d.weights("commitments", 1)[0]

	for i := range v {
		answer(t[i], v[i], e)
	}
	answer(s, r, e)
	answer(sigma, rho, e)
	answer(gamma0, gamma1, e)
	answer(kappa, k, e)
	return d.proof
}

// maskedKeys returns Σ λᵢ·s·Yᵢ for a secret s.
func (f *Form) maskedKeys(s kyber.Scalar, lambda []kyber.Scalar) kyber.Point {
	g := f.group
	if len(f.slots) > fewSlots || !f.masks.Tabulates() {
		return g.Point().Mul(s, g.MultiScalarMulVarTime(lambda, f.keys))
	}
	scalars := make([]kyber.Scalar, len(lambda))
	for i := range scalars {
		scalars[i] = g.Scalar().Mul(lambda[i], s)
	}
	return f.masks.Sum(scalars)
}

// productTerms returns c₁ and c₀, the coefficients of e¹ and e⁰ in the right
// side of (4).
func (f *Form) productTerms(t, v []kyber.Scalar, ch ballotChallenges) (c1, c0 kyber.Scalar) {
	g := f.group
	c1, c0 = g.Scalar().Zero(), g.Scalar().Zero()
	one := g.Scalar().One()
	for i := range v {
		mt := g.Scalar().Mul(ch.mu[i], t[i])
		flip := g.Scalar().Sub(one, v[i])
		flip.Sub(flip, v[i])
		c1.Add(c1, flip.Mul(flip, mt))
		c0.Sub(c0, mt.Mul(mt, t[i]))
	}
	for j, r := range f.rules {
		c1.Add(c1, g.Scalar().Mul(ch.theta[j], r.value(g, t)))
	}
	return c1, c0
}

// value returns Σᵢ aᵢ·xᵢ.
func (r rule) value(g *elgamal.Group, x []kyber.Scalar) kyber.Scalar {
	sum := g.Scalar().Zero()
	for _, t := range r.terms {
		if t.coefficient == nil {
			sum.Add(sum, x[t.slot])
		} else {
			sum.Add(sum, g.Scalar().Mul(t.coefficient, x[t.slot]))
		}
	}
	return sum
}

// read reads the prover's messages and derives the verifier's between them.
func (f *Form) read(d *dialogue) (m ballotMessages, ch ballotChallenges) {
	if len(f.slots) == 0 {
		d.readAhead(2)
		m.R, m.Q = d.readPoint("R", 0, true), d.readPoint("Q", 0, true)
		ch.e = d.weights("commitments", 1)[0]
		m.zr, m.zk = d.readScalar("z_r", 0), d.readScalar("z_k", 0)
		return m, ch
	}
	d.readAhead(7)
	m.V, m.S = d.readPoint("V", 0, true), d.readPoint("S", 0, true)
	ch = f.firstChallenges(d)
	m.R, m.L = d.readPoint("R", 0, true), d.readPoint("L", 0, true)
	m.C1, m.C0 = d.readPoint("C1", 0, true), d.readPoint("C0", 0, true)
	m.Q = d.readPoint("Q", 0, true)
	ch.e = d.weights("commitments", 1)[0]
	m.f = make([]kyber.Scalar, len(f.slots))
	for i := range m.f {
		m.f[i] = d.readScalar("f", i+1)
	}
	m.zr, m.zv = d.readScalar("z_r", 0), d.readScalar("z_v", 0)
	m.zc, m.zk = d.readScalar("z_c", 0), d.readScalar("z_k", 0)
	return m, ch
}

// collect adds weight[0]·(1) + … + weight[4]·(5) to a batch, each equation as
// left side minus right side.
func (f *Form) collect(b *Batch, st BallotStatement, m ballotMessages, ch ballotChallenges, weight []kyber.Scalar) {
	e, fresh := ch.e, newScalars(f.group, 15+3*len(f.slots))
	next := func() (s kyber.Scalar) {
		s, fresh = fresh[0], fresh[1:]
		return s
	}
	we := make([]kyber.Scalar, 5) // weight·e
	for i := range we {
		we[i] = next().Mul(weight[i], e)
	}
	onG := next() // what is subtracted from the scalar of G
	t := next()

	b.add(weight[0], m.R) // (1)
	b.add(we[0], st.Row.A)
	onG.Add(onG, t.Mul(weight[0], m.zr))
	b.add(weight[4], m.Q) // (5)
	b.add(we[4], st.Credential)
	onG.Add(onG, t.Mul(weight[4], m.zk))
	if len(f.slots) > 0 {
		f.collectSlots(b, st, m, ch, weight, we, onG, next)
	}
	b.addFixed(b.base, onG.Neg(onG))
}

// collectSlots is the part of collect that is about slots: (2), (3), (4);
// next gives fresh scalars, 0.
func (f *Form) collectSlots(b *Batch, st BallotStatement, m ballotMessages, ch ballotChallenges, weight, we []kyber.Scalar, onG kyber.Scalar, next func() kyber.Scalar) {
	g, e, at := f.group, ch.e, f.basesIn(b)
	t := next()
	product := next() // Σ μᵢ·fᵢ·(e−fᵢ)
	opened := next()  // Σ λᵢ·fᵢ
	wz := next().Mul(weight[1], m.zr)
	wz.Neg(wz)
	w3 := next().Neg(weight[2])

	b.add(weight[1], m.L) // (2)
	b.add(weight[2], m.S) // (3)
	b.add(we[2], m.V)
	b.add(weight[3], m.C0) // (4)
	b.add(we[3], m.C1)
	for i, fi := range m.f {
		b.add(next().Mul(we[1], ch.lambda[i]), st.Row.B[f.slots[i]]) // (2)
		b.addFixed(at.keys[i], next().Mul(wz, ch.lambda[i]))
		b.addFixed(at.gens[i], next().Mul(w3, fi)) // (3)
		opened.Add(opened, t.Mul(ch.lambda[i], fi))
		t.Sub(e, fi)
		t.Mul(t, fi)
		product.Add(product, t.Mul(t, ch.mu[i]))
	}
	b.addFixed(at.g0, next().Mul(w3, m.zv))
	onG.Add(onG, t.Mul(weight[1], opened))

	rules := next() // Σⱼ θⱼ·(Σᵢ aⱼᵢ·fᵢ − e·bⱼ)
	for j, r := range f.rules {
		d := r.value(g, m.f)
		d.Sub(d, t.Mul(e, r.sum))
		rules.Add(rules, d.Mul(d, ch.theta[j]))
	}
	product.Add(product, rules.Mul(rules, e))
	onG.Add(onG, t.Mul(weight[3], product))
	wc := next().Mul(weight[3], m.zc)
	b.addFixed(at.h, wc.Neg(wc))
}
