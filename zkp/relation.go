package zkp

import (
	"encoding/binary"
	"fmt"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// relation is a linear relation of draft-irtf-cfrg-sigma-protocols-03, §3: a
// list of equations
//
//	Σ coefficient·element = Σ coefficient·witness·element
//
// whose left sides are public. Its proof is the one of Maurer, "Unifying
// Zero-Knowledge Proofs of Knowledge" (AFRICACRYPT 2009), in the draft's
// batchable form:
//
//	P → V   Aⱼ = Mⱼ(w)          one per equation, w random
//	V → P   e                   uniform mod q
//	P → V   zᵢ = wᵢ + e·xᵢ      one per witness scalar
//
// V accepts if Aⱼ + e·Imageⱼ = Mⱼ(z) for every equation j. docs/protocol.md §7.
type relation struct {
	group     *elgamal.Group
	elements  []kyber.Point // elements[0] is the group's base
	equations []equation
	scalars   int // how many witness scalars there are
}

type equation struct {
	image []imageTerm
	terms []witnessTerm
}

type imageTerm struct {
	element     int
	coefficient kyber.Scalar // nil is 1
}

type witnessTerm struct {
	scalar, element int
	coefficient     kyber.Scalar // nil is 1
}

func newRelation(g *elgamal.Group, scalars int) *relation {
	return &relation{group: g, elements: []kyber.Point{g.Base()}, scalars: scalars}
}

// element adds an element and returns its index. The base stands at index 0
// only, as in the draft.
func (r *relation) element(p kyber.Point) int {
	if p.Equal(r.elements[0]) {
		return 0
	}
	r.elements = append(r.elements, p)
	return len(r.elements) - 1
}

// equal adds the equation image = scalar·base.
func (r *relation) equal(image, scalar, base int) {
	r.equations = append(r.equations, equation{
		image: []imageTerm{{element: image}},
		terms: []witnessTerm{{scalar: scalar, element: base}},
	})
}

// validate is the draft's ValidateInstance (§3.5), checks 1–10. Check 7 holds
// by construction.
func (r *relation) validate() error {
	if len(r.equations) == 0 || r.scalars <= 0 {
		return fmt.Errorf("relation without equations or witness: %w", ErrShape) // 1
	}
	usedElements := make([]bool, len(r.elements))
	usedElements[0] = true
	constrained := make([]bool, r.scalars)
	for j, eq := range r.equations {
		if len(eq.image) == 0 || len(eq.terms) == 0 {
			return fmt.Errorf("equation %d is empty: %w", j, ErrShape) // 2
		}
		for _, t := range eq.image {
			if t.element < 0 || t.element >= len(r.elements) {
				return fmt.Errorf("equation %d has no element %d: %w", j, t.element, ErrShape) // 3, 4
			}
			usedElements[t.element] = true
		}
		for _, t := range eq.terms {
			if t.element < 0 || t.element >= len(r.elements) || t.scalar < 0 || t.scalar >= r.scalars {
				return fmt.Errorf("equation %d has no term (%d, %d): %w", j, t.scalar, t.element, ErrShape) // 3, 4
			}
			usedElements[t.element] = true
			// 6 and 10: some column of this scalar is not the identity.
			if !constrained[t.scalar] {
				constrained[t.scalar] = !r.group.IsIdentity(r.column(eq, t.scalar))
			}
		}
	}
	for i, used := range usedElements {
		if !used {
			return fmt.Errorf("element %d is not used: %w", i, ErrShape) // 5
		}
	}
	for i, ok := range constrained {
		if !ok {
			return fmt.Errorf("witness scalar %d is not constrained: %w", i, ErrShape) // 6, 10
		}
	}
	for i, p := range r.elements {
		if err := checkPoint(r.group, "element", i, p); err != nil {
			return err // 8
		}
	}
	for j, eq := range r.equations {
		if r.group.IsIdentity(r.image(eq)) {
			return fmt.Errorf("image of equation %d is the identity: %w", j, ErrGroup) // 9
		}
	}
	return nil
}

// column is Σ coefficient·element over the terms of one scalar.
func (r *relation) column(eq equation, scalar int) kyber.Point {
	var terms []imageTerm
	for _, t := range eq.terms {
		if t.scalar == scalar {
			terms = append(terms, imageTerm{t.element, t.coefficient})
		}
	}
	return r.image(equation{image: terms})
}

func (r *relation) image(eq equation) kyber.Point {
	if len(eq.image) == 1 && eq.image[0].coefficient == nil {
		return r.elements[eq.image[0].element]
	}
	sum := r.group.Point()
	for _, t := range eq.image {
		p := r.elements[t.element]
		if t.coefficient != nil {
			p = r.group.Point().Mul(t.coefficient, p)
		}
		sum = sum.Add(sum, p)
	}
	return sum
}

// apply evaluates the right sides of the equations, in constant time.
func (r *relation) apply(scalars []kyber.Scalar) []kyber.Point {
	out := make([]kyber.Point, len(r.equations))
	for j, eq := range r.equations {
		sum := r.group.Point()
		for _, t := range eq.terms {
			s := scalars[t.scalar]
			if t.coefficient != nil {
				s = r.group.Scalar().Mul(s, t.coefficient)
			}
			sum = sum.Add(sum, mulSecret(r.group, s, t.element, r.elements[t.element]))
		}
		out[j] = sum
	}
	return out
}

// mulSecret is s·p in constant time; element 0 is the base, which has tables.
func mulSecret(g *elgamal.Group, s kyber.Scalar, element int, p kyber.Point) kyber.Point {
	if element == 0 {
		return g.Point().Mul(s, nil)
	}
	return g.MultiScalarMul([]kyber.Scalar{s}, []kyber.Point{p})
}

// encode is the draft's SerializeLinearRelation (§3.6).
func (r *relation) encode() []byte {
	one := r.group.AppendScalar(nil, r.group.Scalar().One())
	var b []byte
	count := func(n int) { b = binary.LittleEndian.AppendUint32(b, uint32(n)) }
	coefficient := func(s kyber.Scalar) {
		if s == nil {
			b = append(b, one...)
		} else {
			b = r.group.AppendScalar(b, s)
		}
	}
	count(len(r.equations))
	for _, eq := range r.equations {
		count(len(eq.image))
		for _, t := range eq.image {
			count(t.element)
			coefficient(t.coefficient)
		}
		count(len(eq.terms))
		for _, t := range eq.terms {
			count(t.scalar)
			count(t.element)
			coefficient(t.coefficient)
		}
	}
	for _, p := range r.elements[1:] {
		b = r.group.AppendPoint(b, p)
	}
	return b
}

// open starts the dialogue of prover or verifier: the statement is absorbed
// first.
func (r *relation) open(session [32]byte, proof []byte) *dialogue {
	d := &dialogue{group: r.group, sponge: newSponge(session), proof: proof}
	d.sponge.absorb(r.encode())
	return d
}

// prove makes the proof. fresh is 32 bytes of randomness used for nothing else.
func (r *relation) prove(session [32]byte, witness []kyber.Scalar, fresh [32]byte) ([]byte, error) {
	if err := r.validate(); err != nil {
		return nil, err
	}
	if len(witness) != r.scalars {
		return nil, fmt.Errorf("%d witness scalars for %d: %w", len(witness), r.scalars, ErrShape)
	}
	for i, x := range witness {
		if err := checkScalar(r.group, "witness", i+1, x); err != nil {
			return nil, err
		}
	}
	for j, p := range r.apply(witness) {
		if !p.Equal(r.image(r.equations[j])) {
			return nil, fmt.Errorf("witness does not satisfy equation %d: %w", j+1, ErrProof)
		}
	}
	d := r.open(session, nil)
	random := newNonces(r.group, d.sponge, fresh, witness)
	w := make([]kyber.Scalar, r.scalars)
	for i := range w {
		w[i] = random.next()
	}
	for _, p := range r.apply(w) {
		d.writePoint(p)
	}
	e := d.challenge("")
	for i, x := range witness {
		z := r.group.Scalar().Mul(e, x)
		d.writeScalar(z.Add(z, w[i]))
	}
	return d.proof, nil
}

// relationTranscript is what passes between prover and verifier.
type relationTranscript struct {
	commitments []kyber.Point  // Aⱼ
	e           kyber.Scalar   // the challenge
	z           []kyber.Scalar // the responses
}

// addTo reads a proof and puts its equations into a batch.
func (r *relation) addTo(b *Batch, session [32]byte, subject string, proof []byte) error {
	t, err := r.read(session, proof)
	if err != nil {
		return err
	}
	b.begin(subject)
	r.collect(b, t, secretWeights(r.group, len(r.equations)))
	b.end()
	return nil
}

// read reads the prover's messages and derives the challenge between them.
func (r *relation) read(session [32]byte, proof []byte) (t relationTranscript, err error) {
	if err := r.validate(); err != nil {
		return t, err
	}
	if want := len(r.equations)*r.group.PointLen() + r.scalars*r.group.ScalarLen(); len(proof) != want {
		return t, fmt.Errorf("proof of %d bytes, not %d: %w", len(proof), want, ErrEncoding)
	}
	d := r.open(session, proof)
	for j := range r.equations {
		t.commitments = append(t.commitments, d.readPoint("commitment", j+1, false))
	}
	t.e = d.challenge("")
	for i := range r.scalars {
		t.z = append(t.z, d.readScalar("response", i+1))
	}
	return t, d.err
}

// collect adds weight[j] times (Aⱼ + e·Imageⱼ − Mⱼ(z)) for every equation j.
// Each element collects one scalar.
func (r *relation) collect(b *Batch, tr relationTranscript, weight []kyber.Scalar) {
	g := r.group
	total := make([]kyber.Scalar, len(r.elements))
	for i := range total {
		total[i] = g.Scalar().Zero()
	}
	t := g.Scalar()
	for j, eq := range r.equations {
		b.add(weight[j], tr.commitments[j])
		for _, im := range eq.image {
			t.Mul(weight[j], tr.e)
			if im.coefficient != nil {
				t.Mul(t, im.coefficient)
			}
			total[im.element].Add(total[im.element], t)
		}
		for _, term := range eq.terms {
			t.Mul(weight[j], tr.z[term.scalar])
			if term.coefficient != nil {
				t.Mul(t, term.coefficient)
			}
			total[term.element].Sub(total[term.element], t)
		}
	}
	b.addFixed(b.base, total[0])
	for i, p := range r.elements[1:] {
		b.add(total[i+1], p)
	}
}
