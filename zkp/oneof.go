package zkp

import (
	"crypto/subtle"
	"fmt"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// maxMessages bounds the list of a OneOf.
const maxMessages = 1 << 16

// OneOf states that the ciphertext (A, B) under Key encrypts one of Messages,
// and that the prover knows its randomness r.
//
// The proof is the disjunction by Cramer, Damgård and Schoenmakers, "Proofs of
// Partial Knowledge" (CRYPTO 1994), of the claims that (G, A; Key, B − Mᵢ) have
// one logarithm, as Helios, Belenios and ElectionGuard use it, non-interactive
// over the whole statement. With j the branch that is true:
//
//	P → V   aᵢ = zᵢ·G − cᵢ·A, bᵢ = zᵢ·Key − cᵢ·(B − Mᵢ)    all zᵢ, cᵢ random
//	V → P   e
//	P → V   cᵢ, zᵢ; in branch j first cⱼ grows by e − Σ cᵢ and zⱼ by that times r
//
// V accepts if Σ cᵢ = e (0) and for every i aᵢ + cᵢ·A = zᵢ·G (1) and
// bᵢ + cᵢ·(B − Mᵢ) = zᵢ·Key (2). docs/protocol.md §7.4.
type OneOf struct {
	Key, A, B kyber.Point
	Messages  []kyber.Point // at least one; the identity is allowed
}

// OneOfWitness is what the encrypting party knows. It must be kept secret.
type OneOfWitness struct {
	Index      int          // which of the messages
	Randomness kyber.Scalar // r
}

// String and GoString keep the witness out of logs.
func (OneOfWitness) String() string   { return "zkp.OneOfWitness(redacted)" }
func (OneOfWitness) GoString() string { return "zkp.OneOfWitness(redacted)" }

// Format keeps the witness out of every verb of package fmt.
func (w OneOfWitness) Format(s fmt.State, _ rune) { fmt.Fprint(s, w.String()) }

// MarshalJSON keeps the witness out of JSON.
func (w OneOfWitness) MarshalJSON() ([]byte, error) { return []byte(`"redacted"`), nil }

// Prove makes a proof.
func (s OneOf) Prove(g *elgamal.Group, c Context, w OneOfWitness) ([]byte, error) {
	proof, err := s.prove(g, c, w, freshBytes())
	return proof, wrap("one of", err)
}

func (s OneOf) prove(g *elgamal.Group, c Context, w OneOfWitness, fresh [32]byte) ([]byte, error) {
	d, err := s.open(g, c, nil)
	if err != nil {
		return nil, err
	}
	if err := s.checkWitness(g, w); err != nil {
		return nil, err
	}
	n := len(s.Messages)
	index := g.Uint64Scalar(uint64(w.Index))
	random := newNonces(g, d.sponge, fresh, []kyber.Scalar{w.Randomness, index})
	// Every branch is simulated in the same way, the true one too, so that
	// nothing but the masks below depends on which one it is.
	z, sub := make([]kyber.Scalar, n), make([]kyber.Scalar, n)
	for i, m := range s.Messages {
		z[i], sub[i] = random.next(), random.next()
		minus := g.Scalar().Neg(sub[i])
		a := g.Point().Mul(z[i], nil)
		d.writePoint(a.Add(a, g.MultiScalarMul([]kyber.Scalar{minus}, []kyber.Point{s.A})))
		rest := g.Point().Sub(s.B, m)
		d.writePoint(g.MultiScalarMul([]kyber.Scalar{z[i], minus}, []kyber.Point{s.Key, rest}))
	}
	grow := d.challenge("commitments")
	for i := range sub {
		grow.Sub(grow, sub[i])
	}
	growZ := g.Scalar().Mul(grow, w.Randomness)
	for i := range sub {
		mask := g.Uint64Scalar(uint64(subtle.ConstantTimeEq(int32(i), int32(w.Index))))
		sub[i].Add(sub[i], g.Scalar().Mul(mask, grow))
		z[i].Add(z[i], g.Scalar().Mul(mask, growZ))
	}
	for i := range sub {
		d.writeScalar(sub[i])
		d.writeScalar(z[i])
	}
	return d.proof, nil
}

// Verify checks a proof.
func (s OneOf) Verify(g *elgamal.Group, c Context, proof []byte) error {
	return verifyOne(g, "one of", func(b *Batch) error { return s.AddTo(b, c, "", proof) })
}

// AddTo puts a proof into a batch, like [Dlog.AddTo]. A proof with another
// number of branches than the statement is ErrShape; sub-challenges that do
// not add up are ErrProof at once.
func (s OneOf) AddTo(b *Batch, c Context, subject string, proof []byte) error {
	d, err := s.open(b.group, c, proof)
	if err != nil {
		return wrap("one of", err)
	}
	t, err := s.read(d)
	if err != nil {
		return wrap("one of", err)
	}
	b.begin(subject)
	s.collect(b, t, secretWeights(b.group, len(t.commitments)))
	b.end()
	return nil
}

// oneOfTranscript is what passes between prover and verifier.
type oneOfTranscript struct {
	commitments []kyber.Point // a₁, b₁, a₂, b₂, …
	e           kyber.Scalar
	sub, z      []kyber.Scalar // cᵢ, zᵢ
}

// read reads the prover's messages, derives the challenge between them and
// checks (0).
func (s OneOf) read(d *dialogue) (t oneOfTranscript, err error) {
	g, n := d.group, len(s.Messages)
	branch := 2*g.PointLen() + 2*g.ScalarLen()
	if len(d.proof) != n*branch {
		if len(d.proof)%branch == 0 {
			return t, fmt.Errorf("proof of %d branches, not %d: %w", len(d.proof)/branch, n, ErrShape)
		}
		return t, fmt.Errorf("proof of %d bytes, not %d: %w", len(d.proof), n*branch, ErrEncoding)
	}
	for i := range 2 * n {
		t.commitments = append(t.commitments, d.readPoint("commitment", i+1, true))
	}
	t.e = d.challenge("commitments")
	for i := range n {
		t.sub = append(t.sub, d.readScalar("challenge", i+1))
		t.z = append(t.z, d.readScalar("response", i+1))
	}
	if d.err != nil {
		return t, d.err
	}
	sum := g.Scalar().Zero()
	for _, c := range t.sub {
		sum.Add(sum, c)
	}
	if !sum.Equal(t.e) {
		return t, fmt.Errorf("challenges do not add up: %w", ErrProof)
	}
	return t, nil
}

// collect adds weight[2i]·(1) + weight[2i+1]·(2) of every branch i.
func (s OneOf) collect(b *Batch, tr oneOfTranscript, weight []kyber.Scalar) {
	g := b.group
	onA, onB, onKey, onG := g.Scalar().Zero(), g.Scalar().Zero(), g.Scalar().Zero(), g.Scalar().Zero()
	t := g.Scalar()
	for i, m := range s.Messages {
		w1, w2 := weight[2*i], weight[2*i+1]
		b.add(w1, tr.commitments[2*i])
		b.add(w2, tr.commitments[2*i+1])
		onA.Add(onA, t.Mul(w1, tr.sub[i]))
		onG.Sub(onG, t.Mul(w1, tr.z[i]))
		wc := g.Scalar().Mul(w2, tr.sub[i])
		onB.Add(onB, wc)
		b.add(wc.Neg(wc), m)
		onKey.Sub(onKey, t.Mul(w2, tr.z[i]))
	}
	b.add(onA, s.A)
	b.add(onB, s.B)
	b.add(onKey, s.Key)
	b.addFixed(b.base, onG)
}

// open checks the statement, absorbs it and starts the dialogue.
func (s OneOf) open(g *elgamal.Group, c Context, proof []byte) (*dialogue, error) {
	if err := checkGroup(g); err != nil {
		return nil, err
	}
	if len(s.Messages) == 0 || len(s.Messages) > maxMessages {
		return nil, fmt.Errorf("%d messages, not 1 to %d: %w", len(s.Messages), maxMessages, ErrShape)
	}
	if err := checkPoint(g, "key", 0, s.Key); err != nil {
		return nil, err
	}
	if err := checkPoint(g, "A", 0, s.A); err != nil {
		return nil, err
	}
	if err := checkType(g, "B", 0, s.B); err != nil {
		return nil, err
	}
	var b []byte
	for _, p := range []kyber.Point{s.Key, s.A, s.B} {
		b = g.AppendPoint(b, p)
	}
	for i, m := range s.Messages {
		if err := checkType(g, "message", i+1, m); err != nil {
			return nil, err
		}
		b = g.AppendPoint(b, m)
	}
	d := &dialogue{group: g, sponge: newSponge(session(g, protocolOneOf, "one of", c, nil)), framed: true, proof: proof}
	absorbFrame(d.sponge, "statement", b)
	return d, nil
}

func (s OneOf) checkWitness(g *elgamal.Group, w OneOfWitness) error {
	if err := checkScalar(g, "randomness", 0, w.Randomness); err != nil {
		return err
	}
	if w.Index < 0 || w.Index >= len(s.Messages) {
		return fmt.Errorf("index is not of the list: %w", ErrRange)
	}
	masked := g.MultiScalarMul([]kyber.Scalar{w.Randomness}, []kyber.Point{s.Key})
	ok := 0
	for i, m := range s.Messages {
		match := 0
		if g.Point().Sub(s.B, m).Equal(masked) {
			match = 1
		}
		ok |= match & subtle.ConstantTimeEq(int32(i), int32(w.Index))
	}
	if ok == 0 || !g.Point().Mul(w.Randomness, nil).Equal(s.A) {
		return fmt.Errorf("the ciphertext is not made with this witness: %w", ErrProof)
	}
	return nil
}
