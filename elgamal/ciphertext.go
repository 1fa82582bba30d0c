package elgamal

import (
	"fmt"
	"slices"

	"go.dedis.ch/kyber/v3"
)

// Ciphertext is a row: w messages for w keys under one random r,
//
//	A = r·G    Bᵢ = Mᵢ + r·Yᵢ
//
// the multi-recipient ElGamal of Kurosawa, "Multi-recipient Public-Key
// Encryption with Shortened Ciphertext" (PKC 2002). With w = 1 it is ordinary
// ElGamal. Encoded it is A and then B₁…B_w, without any length: the width
// follows from the key.
type Ciphertext struct {
	A kyber.Point
	B []kyber.Point
}

// Encrypt encrypts one message for each column with randomness r, which must be
// uniform, secret, other than 0 and never used again. Constant time for the two
// built-in groups. A number of messages other than the width of the key is a
// bug and panics.
func (k *PublicKey) Encrypt(messages []kyber.Point, r kyber.Scalar) Ciphertext {
	if len(messages) != len(k.Points) {
		panic("elgamal: as many messages as columns are needed")
	}
	c := k.mask(r)
	for i, m := range messages {
		c.B[i].Add(c.B[i], m)
	}
	// A row is encoded for a proof's transcript and again to be sent.
	k.Group.RememberPoints(append([]kyber.Point{c.A}, c.B...))
	return c
}

// ReEncrypt returns c + Enc(0; r): another ciphertext of the same messages. The
// conditions on r are those of [PublicKey.Encrypt].
func (k *PublicKey) ReEncrypt(c Ciphertext, r kyber.Scalar) Ciphertext {
	if len(c.B) != len(k.Points) {
		panic("elgamal: row and key of different width")
	}
	out := k.mask(r)
	out.A.Add(out.A, c.A)
	for i, b := range c.B {
		out.B[i].Add(out.B[i], b)
	}
	return out
}

// mask returns Enc(0; r).
func (k *PublicKey) mask(r kyber.Scalar) Ciphertext {
	k.once.Do(func() { k.table = k.Group.NewMulTable(k.Points) })
	return Ciphertext{A: k.Group.kyber.Point().Mul(r, nil), B: k.table.MulEach(r)}
}

// Add returns the row that encrypts the sums of the messages of c and d. Rows
// of different width are a bug and panic.
func (c Ciphertext) Add(d Ciphertext) Ciphertext {
	if len(c.B) != len(d.B) {
		panic("elgamal: rows of different width")
	}
	sum := Ciphertext{A: c.A.Clone().Add(c.A, d.A), B: make([]kyber.Point, len(c.B))}
	for i := range c.B {
		sum.B[i] = c.B[i].Clone().Add(c.B[i], d.B[i])
	}
	return sum
}

// WeightedSum returns Σ weights[j]·rows[j], a row of width w whose points are
// the identity for no rows. It takes time that depends on the weights, which
// are public. Lists of different length and rows of another width are bugs and
// panic.
func WeightedSum(g *Group, w int, weights []uint64, rows []Ciphertext) Ciphertext {
	if len(weights) != len(rows) {
		panic("elgamal: as many weights as rows are needed")
	}
	scalars := make([]kyber.Scalar, len(rows))
	for j, row := range rows {
		if len(row.B) != w {
			panic("elgamal: row of another width")
		}
		scalars[j] = g.Uint64Scalar(weights[j])
	}
	column := func(point func(row Ciphertext) kyber.Point) kyber.Point {
		sum := g.NewSumVarTime()
		for j, row := range rows {
			sum.Add(scalars[j], point(row))
		}
		return sum.Value()
	}
	sum := Ciphertext{A: column(func(row Ciphertext) kyber.Point { return row.A }), B: make([]kyber.Point, w)}
	for i := range w {
		sum.B[i] = column(func(row Ciphertext) kyber.Point { return row.B[i] })
	}
	return sum
}

// Clone returns a copy that shares nothing with c.
func (c Ciphertext) Clone() Ciphertext {
	d := Ciphertext{A: c.A.Clone(), B: make([]kyber.Point, len(c.B))}
	for i, b := range c.B {
		d.B[i] = b.Clone()
	}
	return d
}

// check returns an error unless all points are of g.
func (c Ciphertext) check(g *Group) error {
	if err := g.CheckPoint(c.A); err != nil {
		return fmt.Errorf("elgamal: row: A: %w", err)
	}
	for i, b := range c.B {
		if err := g.CheckPoint(b); err != nil {
			return fmt.Errorf("elgamal: row: B %d: %w", i+1, err)
		}
	}
	return nil
}

// CiphertextLen returns the length of an encoded row of width w in bytes.
func (g *Group) CiphertextLen(w int) int { return (1 + w) * g.PointLen() }

// AppendCiphertext appends the encoding of c.
func (g *Group) AppendCiphertext(dst []byte, c Ciphertext) []byte {
	dst = g.AppendPoint(dst, c.A)
	for _, b := range c.B {
		dst = g.AppendPoint(dst, b)
	}
	return dst
}

// DecodeCiphertext decodes a row of width w, as in a ballot: no point may be the
// identity. Errors: ErrEncoding for a wrong length or a malformed point,
// ErrGroup for an identity.
func (g *Group) DecodeCiphertext(b []byte, w int) (Ciphertext, error) {
	return g.decodeCiphertext(b, w, true)
}

// DecodeCiphertextOrIdentity is DecodeCiphertext for the outputs of mixers,
// where Bᵢ may be the identity by chance; A may not.
func (g *Group) DecodeCiphertextOrIdentity(b []byte, w int) (Ciphertext, error) {
	return g.decodeCiphertext(b, w, false)
}

func (g *Group) decodeCiphertext(b []byte, w int, strict bool) (Ciphertext, error) {
	n := g.PointLen()
	// Nothing is allocated for a width that the input does not have.
	if w < 0 || len(b)%n != 0 || len(b)/n != w+1 {
		return Ciphertext{}, fmt.Errorf("elgamal: row of %d bytes for %d columns: %w", len(b), w, ErrEncoding)
	}
	// All together, which is faster; what is wrong follows from one by one.
	if points, err := g.DecodePointsOrIdentity(b); err == nil && !g.anyIdentity(points[:1]) && !(strict && g.anyIdentity(points)) {
		return Ciphertext{A: points[0], B: points[1:]}, nil
	}
	decodeB := g.DecodePointOrIdentity
	if strict {
		decodeB = g.DecodePoint
	}
	a, err := g.DecodePoint(b[:n])
	if err != nil {
		return Ciphertext{}, fmt.Errorf("elgamal: row: A: %w", err)
	}
	c := Ciphertext{A: a, B: make([]kyber.Point, w)}
	for i := range w {
		if c.B[i], err = decodeB(b[(i+1)*n : (i+2)*n]); err != nil {
			return Ciphertext{}, fmt.Errorf("elgamal: row: B %d: %w", i+1, err)
		}
	}
	return c, nil
}

func (g *Group) anyIdentity(points []kyber.Point) bool {
	return slices.ContainsFunc(points, g.IsIdentity)
}
