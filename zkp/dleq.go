package zkp

import (
	"fmt"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// DLEQ states that Image = x·Base and Image2 = x·Base2 for one x, which the
// prover knows.
//
// The proof is that of Chaum and Pedersen, "Wallet Databases with Observers"
// (CRYPTO 1992), non-interactive over the whole statement:
//
//	P → V   A = w·Base, A2 = w·Base2     w random
//	V → P   e
//	P → V   z = w + e·x
//
// V accepts if z·Base = A + e·Image (1) and z·Base2 = A2 + e·Image2 (2).
// docs/protocol.md §7.2.
type DLEQ struct{ Base, Image, Base2, Image2 kyber.Point }

// Prove makes a proof from the witness x.
func (s DLEQ) Prove(g *elgamal.Group, c Context, x kyber.Scalar) ([]byte, error) {
	return s.ProveSeeded(g, c, x, freshBytes())
}

// ProveSeeded is Prove with given bytes in the place of fresh randomness; see
// [Dlogs.ProveSeeded].
func (s DLEQ) ProveSeeded(g *elgamal.Group, c Context, x kyber.Scalar, seed [32]byte) ([]byte, error) {
	r, id, err := s.relation(g, c)
	if err != nil {
		return nil, fmt.Errorf("zkp: dleq: %w", err)
	}
	proof, err := r.prove(id, []kyber.Scalar{x}, seed)
	return proof, wrap("dleq", err)
}

// Verify checks a proof.
func (s DLEQ) Verify(g *elgamal.Group, c Context, proof []byte) error {
	return verifyOne(g, "dleq", func(b *Batch) error { return s.AddTo(b, c, "", proof) })
}

// AddTo puts a proof into a batch, like [Dlog.AddTo].
func (s DLEQ) AddTo(b *Batch, c Context, subject string, proof []byte) error {
	r, id, err := s.relation(b.group, c)
	if err == nil {
		err = r.addTo(b, id, subject, proof)
	}
	return wrap("dleq", err)
}

func (s DLEQ) relation(g *elgamal.Group, c Context) (*relation, [32]byte, error) {
	if err := checkGroup(g); err != nil {
		return nil, [32]byte{}, err
	}
	names := [...]string{"base", "image", "base 2", "image 2"}
	for i, p := range []kyber.Point{s.Base, s.Image, s.Base2, s.Image2} {
		if err := checkPoint(g, names[i], 0, p); err != nil {
			return nil, [32]byte{}, err
		}
	}
	return pair(g, s), session(g, protocolSigma, "dleq", c, nil), nil
}

// pair is the relation of a DLEQ whose points have been checked.
func pair(g *elgamal.Group, s DLEQ) *relation {
	r := newRelation(g, 1)
	base, image := r.element(s.Base), r.element(s.Image)
	base2, image2 := r.element(s.Base2), r.element(s.Image2)
	r.equal(image, 0, base)
	r.equal(image2, 0, base2)
	return r
}

// DLEQKeys states that Images[k] = xₖ·Base and Images2[k] = xₖ·Base2 for every
// k: one ciphertext was decrypted under many keys.
//
// The whole list is absorbed, 128-bit weights eₖ are drawn, and one [DLEQ]
// follows for x* = Σ eₖ·xₖ:
//
//	Σ eₖ·Images[k] = x*·Base,   Σ eₖ·Images2[k] = x*·Base2
//
// Weights may collapse a list with one base and many keys, or with one key and
// many bases, never both at once. docs/protocol.md §7.3.
type DLEQKeys struct {
	Base    kyber.Point
	Images  []kyber.Point // at least one
	Base2   kyber.Point   // the identity is allowed; then so is Images2[k], which must be the identity too
	Images2 []kyber.Point // as many as Images
}

// Prove makes a proof from the witnesses xs, one per image.
func (s DLEQKeys) Prove(g *elgamal.Group, c Context, xs []kyber.Scalar) ([]byte, error) {
	proof, err := s.prove(g, c, xs, freshBytes())
	return proof, wrap("dleq keys", err)
}

func (s DLEQKeys) prove(g *elgamal.Group, c Context, xs []kyber.Scalar, fresh [32]byte) ([]byte, error) {
	l, err := s.combine(g, c)
	if err != nil {
		return nil, err
	}
	if len(xs) != len(s.Images) {
		return nil, fmt.Errorf("%d witness scalars for %d keys: %w", len(xs), len(s.Images), ErrShape)
	}
	x := g.Scalar().Zero()
	for k := range xs {
		if err := checkScalar(g, "witness", k+1, xs[k]); err != nil {
			return nil, err
		}
		x.Add(x, g.Scalar().Mul(l.weights[k], xs[k]))
	}
	return l.relation.prove(l.session, []kyber.Scalar{x}, fresh)
}

// Verify checks a proof.
func (s DLEQKeys) Verify(g *elgamal.Group, c Context, proof []byte) error {
	return verifyOne(g, "dleq keys", func(b *Batch) error { return s.AddTo(b, c, "", proof) })
}

// AddTo puts a proof into a batch, like [Dlog.AddTo].
func (s DLEQKeys) AddTo(b *Batch, c Context, subject string, proof []byte) error {
	l, err := s.combine(b.group, c)
	if err == nil {
		err = l.relation.addTo(b, l.session, subject, proof)
	}
	return wrap("dleq keys", err)
}

func (s DLEQKeys) combine(g *elgamal.Group, c Context) (*combined, error) {
	if err := checkGroup(g); err != nil {
		return nil, err
	}
	if len(s.Images) == 0 || len(s.Images2) != len(s.Images) {
		return nil, fmt.Errorf("%d keys, %d images: %w", len(s.Images), len(s.Images2), ErrShape)
	}
	if err := checkPoint(g, "base", 0, s.Base); err != nil {
		return nil, err
	}
	if err := checkPoints(g, "key", s.Images); err != nil {
		return nil, err
	}
	if err := checkType(g, "base 2", 0, s.Base2); err != nil {
		return nil, err
	}
	identity := g.IsIdentity(s.Base2) // which a sum of ciphertexts may be
	for k, p := range s.Images2 {
		if err := checkType(g, "image", k+1, p); err != nil {
			return nil, err
		}
		if g.IsIdentity(p) != identity {
			return nil, fmt.Errorf("image %d: only one of image and base is the identity: %w", k+1, ErrProof)
		}
	}
	l := newCombined(g, c, "dleq keys", [][]kyber.Point{{s.Base}, s.Images, {s.Base2}, s.Images2}, len(s.Images))
	image := g.MultiScalarMulVarTime(l.weights, s.Images)
	if identity {
		r := newRelation(g, 1)
		base := r.element(s.Base)
		r.equal(r.element(image), 0, base)
		l.relation = r
		return l, nil
	}
	l.relation = pair(g, DLEQ{s.Base, image, s.Base2, g.MultiScalarMulVarTime(l.weights, s.Images2)})
	return l, nil
}

// DLEQBases states that Image = x·Base and Images2[i] = x·Bases2[i] for every
// i: many ciphertexts were decrypted under one key.
//
// The whole list is absorbed, 128-bit weights eᵢ are drawn, and one [DLEQ]
// follows:
//
//	Image = x·Base,   Σ eᵢ·Images2[i] = x·Σ eᵢ·Bases2[i]
//
// docs/protocol.md §7.3.
type DLEQBases struct {
	Base, Image kyber.Point
	Bases2      []kyber.Point // at least one
	Images2     []kyber.Point // as many as Bases2
}

// Prove makes a proof from the witness x.
func (s DLEQBases) Prove(g *elgamal.Group, c Context, x kyber.Scalar) ([]byte, error) {
	proof, err := s.prove(g, c, x, freshBytes())
	return proof, wrap("dleq bases", err)
}

func (s DLEQBases) prove(g *elgamal.Group, c Context, x kyber.Scalar, fresh [32]byte) ([]byte, error) {
	l, err := s.combine(g, c)
	if err != nil {
		return nil, err
	}
	return l.relation.prove(l.session, []kyber.Scalar{x}, fresh)
}

// Verify checks a proof.
func (s DLEQBases) Verify(g *elgamal.Group, c Context, proof []byte) error {
	return verifyOne(g, "dleq bases", func(b *Batch) error { return s.AddTo(b, c, "", proof) })
}

// AddTo puts a proof into a batch, like [Dlog.AddTo].
func (s DLEQBases) AddTo(b *Batch, c Context, subject string, proof []byte) error {
	l, err := s.combine(b.group, c)
	if err == nil {
		err = l.relation.addTo(b, l.session, subject, proof)
	}
	return wrap("dleq bases", err)
}

func (s DLEQBases) combine(g *elgamal.Group, c Context) (*combined, error) {
	if err := checkGroup(g); err != nil {
		return nil, err
	}
	if len(s.Bases2) == 0 || len(s.Images2) != len(s.Bases2) {
		return nil, fmt.Errorf("%d bases, %d images: %w", len(s.Bases2), len(s.Images2), ErrShape)
	}
	if err := checkPoint(g, "base", 0, s.Base); err != nil {
		return nil, err
	}
	if err := checkPoint(g, "key", 0, s.Image); err != nil {
		return nil, err
	}
	if err := checkPoints(g, "base", s.Bases2); err != nil {
		return nil, err
	}
	if err := checkPoints(g, "image", s.Images2); err != nil {
		return nil, err
	}
	l := newCombined(g, c, "dleq bases", [][]kyber.Point{{s.Base}, {s.Image}, s.Bases2, s.Images2}, len(s.Bases2))
	l.relation = pair(g, DLEQ{s.Base, s.Image,
		g.MultiScalarMulVarTime(l.weights, s.Bases2), g.MultiScalarMulVarTime(l.weights, s.Images2)})
	return l, nil
}

// combined is a list that transcript weights have turned into one statement.
type combined struct {
	weights  []kyber.Scalar // 128 bits each, drawn after the whole list is absorbed
	relation *relation
	session  [32]byte // of the inner proof; it binds the list again
}

func newCombined(g *elgamal.Group, c Context, statement string, lists [][]kyber.Point, weights int) *combined {
	s := newSponge(session(g, protocolList, statement, c, nil))
	var w wire.Writer
	for _, list := range lists {
		w.Uint32(uint32(len(list)))
		s.absorb(w.Bytes())
		w = wire.Writer{}
		for _, p := range list {
			s.absorb(g.AppendPoint(nil, p))
		}
	}
	l := &combined{weights: shortScalars(g, s.squeeze(16*weights))}
	l.session = session(g, protocolSigma, statement, c, s.squeeze(32))
	return l
}
