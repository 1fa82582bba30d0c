package mixnet

import (
	"context"
	"crypto/rand"
	"fmt"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/zkp"
)

// The shuffle proof: the output rows are the input rows, re-encrypted and in
// another order.
//
// Statement: G; keys Y₁…Y_w, Y₀ = G; N; rows Cᵢ = (C_{i,0}…C_{i,w}) of the input
// and C'ᵢ of the output, i from 1 to N; column 0 is A.
// Witness: π a permutation of 1…N, ρᵢ, with C'ᵢ = C_π(i) + Enc(0; ρᵢ).
// Commitments: com(x; r) = r·H + Σ xᵢ·Gᵢ; a list shorter than N ends in zeros.
//
//	P → V   c_a = com(π(1)…π(N); r_a)                      r_a random
//	V → P   uᵢ                                             128 bits each
//	P → V   c_b = com(u_π(1)…u_π(N); r_b)                  r_b random
//	V → P   y, z                                           uniform mod q
//	        Dᵢ = y·π(i) + u_π(i) − z,  Pᵢ = Π_{j≤i} Dⱼ
//	P → V   c_d = com(d̃; r_d)                              d̃ᵢ, δᵢ, a₀ᵢ, r_d, s_δ, s_Δ, r₀, τ₀ random but
//	        c_δ = com((−δᵢ·d̃ᵢ₊₁)_{i<N}; s_δ)               δ₁ = d̃₁, δ_N = 0 and so d̃₁ = 0 for N = 1
//	        c_Δ = com((δᵢ₊₁ − Dᵢ₊₁·δᵢ − Pᵢ·d̃ᵢ₊₁)_{i<N}; s_Δ)
//	        c_A = com(a₀; r₀)
//	        E₀ = Enc(0; τ₀) + Σ a₀ᵢ·C'ᵢ                    w+1 points
//	V → P   x                                              uniform mod q
//	P → V   ãᵢ = x·Dᵢ + d̃ᵢ
//	        P̃ᵢ = x·Pᵢ + δᵢ for 1 < i < N
//	        r̃ = x·(y·r_a + r_b) + r_d,  s̃ = x·s_Δ + s_δ
//	        aᵢ = a₀ᵢ + x·u_π(i),  r = r₀ + x·r_b,  τ = τ₀ − x·Σ u_π(i)·ρᵢ
//
// V sets P = Π (y·i + uᵢ − z), P̃₁ = ã₁ and, for N ≥ 2, P̃_N = x·P. It accepts if
//
//	(a) x·(y·c_a + c_b − z·ΣGᵢ) + c_d = com(ã; r̃)
//	(b) x·c_Δ + c_δ = com((x·P̃ᵢ₊₁ − P̃ᵢ·ãᵢ₊₁)_{i<N}; s̃)
//	(c) c_A + x·c_b = com(a; r)
//	(d) E₀,k + x·Σ uᵢ·C_{i,k} = τ·Y_k + Σ aᵢ·C'_{i,k}, for each k from 0 to w
//	(e) the C'_{i,0} are distinct, and none is a C_{j,0}
//	(f) ã₁ = x·P, if N = 1
//
// docs/protocol.md §6 has the proof that this is sound and zero-knowledge.

// Statement claims that Output is a shuffle of Input under Key.
type Statement struct {
	Key           *elgamal.PublicKey
	Input, Output *List
}

// Place says where a mix stands; its proof holds nowhere else.
type Place struct {
	Election [32]byte // fingerprint of the election
	Contest  string   // whose rows are mixed
	Step     int      // how many mixes stand before it
	Mixer    []byte   // whose mix it is: its public signing key
}

// context is the place as a proof binds it.
func (p Place) context() zkp.Context {
	var w wire.Writer
	w.String(p.Contest)
	w.Uint64(uint64(p.Step))
	w.Var(p.Mixer)
	return zkp.Context{Kind: "mix", Election: p.Election, Position: w.Bytes()}
}

// protocol is the identifier of this proof in session identifiers.
const protocol = "hanpyo shuffle"

// ProofLen returns the length of a proof over n rows of width w in bytes.
func ProofLen(g *elgamal.Group, w, n int) int {
	return (7+w)*g.PointLen() + (4+2*n+max(0, n-2))*g.ScalarLen()
}

// Prove makes a proof from the secret of the shuffle, in the form that ends
// docs/protocol.md §6. Progress counts rows, several times each. Errors:
// ErrShape and ErrGroup if the statement does not fit together, ErrProof if the
// secret is not of these lists, and that of the context.
func (s Statement) Prove(ctx context.Context, p Place, secret *Secret, o *Options) ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("mixnet: %w", err)
	}
	if secret == nil || secret.input != s.Input.digest || secret.output != s.Output.digest {
		return nil, fmt.Errorf("mixnet: the secret is of other lists: %w", ErrProof)
	}
	var fresh [32]byte
	rand.Read(fresh[:]) // never fails
	return s.prove(newWork(ctx, o, (7+s.Key.Width())*s.Input.Len()), p, secret, fresh)
}

// Verify checks the proof of one mix: a cascade of one.
func (s Statement) Verify(ctx context.Context, p Place, proof []byte, o *Options) error {
	m := Mix{Place: p, Output: s.Output, Proof: proof}
	return Cascade{Key: s.Key, Input: s.Input, Mixes: []Mix{m}}.Verify(ctx, o)
}

// check refuses lists that cannot be a shuffle of one another.
func (s Statement) check() error {
	if err := checkKey(s.Key, s.Input); err != nil {
		return fmt.Errorf("input: %w", err)
	}
	if err := checkKey(s.Key, s.Output); err != nil {
		return fmt.Errorf("output: %w", err)
	}
	if s.Input.Len() != s.Output.Len() {
		return fmt.Errorf("output of %d rows for an input of %d: %w", s.Output.Len(), s.Input.Len(), ErrShape)
	}
	return nil
}

// open starts the transcript of prover or verifier.
func (s Statement) open(p Place, proof []byte) *zkp.Transcript {
	t := zkp.NewTranscript(s.Key.Group, protocol, "shuffle", p.context(), proof)
	var w wire.Writer
	w.Uint32(uint32(s.Key.Width()))
	w.Uint32(uint32(s.Input.Len()))
	for _, y := range s.Key.Points {
		w.Raw(s.Key.Group.AppendPoint(nil, y))
	}
	w.Raw(s.Input.digest[:])
	w.Raw(s.Output.digest[:])
	t.Absorb("statement", w.Bytes())
	return t
}

// messages are the messages of the prover.
type messages struct {
	ca                 kyber.Point
	cb                 kyber.Point
	cd, cdelta, cDelta kyber.Point // c_d, c_δ, c_Δ
	cA                 kyber.Point
	E0                 []kyber.Point
	at                 []kyber.Scalar // ã
	Pt                 []kyber.Scalar // P̃₂…P̃_{N−1}
	rt, st             kyber.Scalar   // r̃, s̃
	a                  []kyber.Scalar
	r, tau             kyber.Scalar
}

// challenges are the messages of the verifier.
type challenges struct {
	u       []kyber.Scalar
	y, z, x kyber.Scalar
}

func (s Statement) drawU(t *zkp.Transcript, ch *challenges) {
	ch.u = t.Weights("permutation", s.Input.Len())
}

func drawYZ(t *zkp.Transcript, ch *challenges) {
	yz := t.Challenges("permuted challenges", 2)
	ch.y, ch.z = yz[0], yz[1]
}

func drawX(t *zkp.Transcript, ch *challenges) { ch.x = t.Challenges("commitments", 1)[0] }

// prove runs the prover for any secret, whether or not it is a permutation.
func (s Statement) prove(w *work, place Place, secret *Secret, fresh [32]byte) ([]byte, error) {
	t := s.open(place, nil)
	p, err := s.newProver(w, secret, t, fresh)
	if err != nil {
		return nil, err
	}
	defer func() { <-p.drawn }()
	if err := p.commitOrder(); err != nil {
		return nil, err
	}
	t.WritePoint(p.ca)
	s.drawU(t, &p.challenges)
	if err := p.commitPermuted(); err != nil {
		return nil, err
	}
	t.WritePoint(p.cb)
	drawYZ(t, &p.challenges)
	if err := p.commitMasks(); err != nil {
		return nil, err
	}
	for _, c := range append([]kyber.Point{p.cd, p.cdelta, p.cDelta, p.cA}, p.E0...) {
		t.WritePoint(c)
	}
	drawX(t, &p.challenges)
	if err := p.respond(); err != nil {
		return nil, err
	}
	for _, list := range [][]kyber.Scalar{p.at, p.Pt, {p.rt, p.st}, p.a, {p.r, p.tau}} {
		for _, x := range list {
			t.WriteScalar(x)
		}
	}
	return t.Proof(), nil
}

// read reads the prover's messages and derives the verifier's between them.
func (s Statement) read(ctx context.Context, place Place, proof []byte) (m messages, ch challenges, err error) {
	n, width := s.Input.Len(), s.Key.Width()
	if want := ProofLen(s.Key.Group, width, n); len(proof) != want {
		return m, ch, fmt.Errorf("proof of %d bytes, not %d: %w", len(proof), want, ErrEncoding)
	}
	t := s.open(place, proof)
	m.ca = t.ReadPoint("c_a", 0)
	s.drawU(t, &ch)
	m.cb = t.ReadPoint("c_b", 0)
	drawYZ(t, &ch)
	m.cd, m.cdelta, m.cDelta = t.ReadPoint("c_d", 0), t.ReadPoint("c_δ", 0), t.ReadPoint("c_Δ", 0)
	m.cA = t.ReadPoint("c_A", 0)
	m.E0 = make([]kyber.Point, width+1)
	for k := range m.E0 {
		m.E0[k] = t.ReadPoint("E₀", k+1)
	}
	drawX(t, &ch)
	scalars := func(name string, n int) []kyber.Scalar {
		list := make([]kyber.Scalar, n)
		for i := range list {
			if err == nil {
				err = stopped(ctx, i)
			}
			if err != nil {
				return nil
			}
			list[i] = t.ReadScalar(name, i+1)
		}
		return list
	}
	m.at, m.Pt = scalars("ã", n), scalars("P̃", max(0, n-2))
	m.rt, m.st = t.ReadScalar("r̃", 0), t.ReadScalar("s̃", 0)
	m.a = scalars("a", n)
	m.r, m.tau = t.ReadScalar("r", 0), t.ReadScalar("τ", 0)
	if err == nil {
		err = t.Err()
	}
	return m, ch, err
}
