package zkp

import (
	"fmt"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// Dlog states that Image = x·Base for an x the prover knows.
//
// The proof is that of Schnorr, "Efficient Signature Generation by Smart
// Cards" (J. Cryptology 1991), non-interactive over the whole statement:
//
//	P → V   A = w·Base          w random
//	V → P   e
//	P → V   z = w + e·x
//
// V accepts if z·Base = A + e·Image (1). docs/protocol.md §7.1.
type Dlog struct{ Base, Image kyber.Point }

// Prove makes a proof from the witness x.
func (s Dlog) Prove(g *elgamal.Group, c Context, x kyber.Scalar) ([]byte, error) {
	r, id, err := s.relation(g, c)
	if err != nil {
		return nil, fmt.Errorf("zkp: dlog: %w", err)
	}
	proof, err := r.prove(id, []kyber.Scalar{x}, freshBytes())
	return proof, wrap("dlog", err)
}

// Verify checks a proof.
func (s Dlog) Verify(g *elgamal.Group, c Context, proof []byte) error {
	return verifyOne(g, "dlog", func(b *Batch) error { return s.AddTo(b, c, "", proof) })
}

// AddTo puts a proof into a batch. What is malformed is refused at once; the
// rest is known when the batch is verified.
func (s Dlog) AddTo(b *Batch, c Context, subject string, proof []byte) error {
	r, id, err := s.relation(b.group, c)
	if err == nil {
		err = r.addTo(b, id, subject, proof)
	}
	return wrap("dlog", err)
}

func (s Dlog) relation(g *elgamal.Group, c Context) (*relation, [32]byte, error) {
	r, err := equalities(g, s.Base, []kyber.Point{s.Image})
	if err != nil {
		return nil, [32]byte{}, err
	}
	return r, session(g, protocolSigma, "dlog", c, nil), nil
}

// Dlogs states that Images[i] = xᵢ·Base for every i, and that the prover knows
// all the xᵢ. It is the conjunction of as many [Dlog] with one challenge:
//
//	P → V   Aᵢ = wᵢ·Base        wᵢ random
//	V → P   e
//	P → V   zᵢ = wᵢ + e·xᵢ
//
// V accepts if zᵢ·Base = Aᵢ + e·Imagesᵢ for every i (i). docs/protocol.md §7.1.
type Dlogs struct {
	Base   kyber.Point
	Images []kyber.Point // at least one
}

// Prove makes a proof from the witnesses xs, one per image.
func (s Dlogs) Prove(g *elgamal.Group, c Context, xs []kyber.Scalar) ([]byte, error) {
	return s.ProveSeeded(g, c, xs, freshBytes())
}

// ProveSeeded is Prove with given bytes in the place of fresh randomness, for
// messages that must come out the same after a restart (docs/protocol.md §8).
// The seed must be secret and uniform; statement and witness are absorbed as
// well, so that one seed may serve several proofs.
func (s Dlogs) ProveSeeded(g *elgamal.Group, c Context, xs []kyber.Scalar, seed [32]byte) ([]byte, error) {
	r, id, err := s.relation(g, c)
	if err != nil {
		return nil, fmt.Errorf("zkp: dlogs: %w", err)
	}
	proof, err := r.prove(id, xs, seed)
	return proof, wrap("dlogs", err)
}

// Verify checks a proof.
func (s Dlogs) Verify(g *elgamal.Group, c Context, proof []byte) error {
	return verifyOne(g, "dlogs", func(b *Batch) error { return s.AddTo(b, c, "", proof) })
}

// AddTo puts a proof into a batch, like [Dlog.AddTo].
func (s Dlogs) AddTo(b *Batch, c Context, subject string, proof []byte) error {
	r, id, err := s.relation(b.group, c)
	if err == nil {
		err = r.addTo(b, id, subject, proof)
	}
	return wrap("dlogs", err)
}

func (s Dlogs) relation(g *elgamal.Group, c Context) (*relation, [32]byte, error) {
	r, err := equalities(g, s.Base, s.Images)
	if err != nil {
		return nil, [32]byte{}, err
	}
	return r, session(g, protocolSigma, "dlogs", c, nil), nil
}

// equalities is the relation imageᵢ = xᵢ·base.
func equalities(g *elgamal.Group, base kyber.Point, images []kyber.Point) (*relation, error) {
	if err := checkGroup(g); err != nil {
		return nil, err
	}
	if err := checkPoint(g, "base", 0, base); err != nil {
		return nil, err
	}
	if err := checkPoints(g, "image", images); err != nil {
		return nil, err
	}
	r := newRelation(g, len(images))
	at := r.element(base)
	for i, image := range images {
		r.equal(r.element(image), i, at)
	}
	return r, nil
}

// wrap puts the package and the statement in front of an error.
func wrap(statement string, err error) error {
	if err != nil {
		return fmt.Errorf("zkp: %s: %w", statement, err)
	}
	return nil
}

// verifyOne is the whole of every Verify: a batch of one.
func verifyOne(g *elgamal.Group, statement string, add func(*Batch) error) error {
	if err := checkGroup(g); err != nil {
		return wrap(statement, err)
	}
	b := NewBatch(g)
	if err := add(b); err != nil {
		return err
	}
	if b.Verify() != nil {
		return wrap(statement, ErrProof)
	}
	return nil
}
