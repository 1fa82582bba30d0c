package dkg

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha3"
	"fmt"

	"go.dedis.ch/kyber/v3"
	"golang.org/x/crypto/chacha20poly1305"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/zkp"
)

// stream is a trustee's randomness for one use in one ceremony. It follows
// from the seed in the trustee's file, so that a restored backup makes the same
// messages again, byte for byte.
func (c *Ceremony) stream(seed [32]byte, use string) *sha3.SHAKE {
	digest := c.digest()
	var w wire.Writer
	w.String("hanpyo/v1 dkg randomness")
	w.Raw(seed[:])
	w.Raw(digest[:])
	w.String(use)
	s := sha3.NewSHAKE256()
	s.Write(w.Bytes())
	return s
}

// nextScalar reads a scalar that is uniform but for 2⁻²⁵⁶.
func nextScalar(g *elgamal.Group, s *sha3.SHAKE) kyber.Scalar {
	b := make([]byte, 64)
	s.Read(b)
	return g.ReduceScalar(b)
}

func nextSeed(s *sha3.SHAKE) (seed [32]byte) {
	s.Read(seed[:])
	return seed
}

// secretDeal is what a dealer knows about its deal. It must be kept secret.
type secretDeal struct {
	coefficients [][]kyber.Scalar // [column][power]
	ephemeral    kyber.Scalar     // ρ
	proofSeed    [32]byte
}

func (c *Ceremony) secretDeal(seed [32]byte) *secretDeal {
	s := c.stream(seed, "deal")
	d := &secretDeal{coefficients: make([][]kyber.Scalar, c.Columns)}
	for k := range d.coefficients {
		for range c.Threshold {
			d.coefficients[k] = append(d.coefficients[k], nextScalar(c.Group, s))
		}
	}
	d.ephemeral = nextScalar(c.Group, s)
	d.proofSeed = nextSeed(s)
	return d
}

// share returns f_k(j) for every column k.
func (s *secretDeal) share(g *elgamal.Group, j int) []kyber.Scalar {
	share := make([]kyber.Scalar, len(s.coefficients))
	for k, f := range s.coefficients {
		share[k] = elgamal.EvalPolynomial(g, f, j)
	}
	return share
}

// publish commits to the polynomials and encrypts the shares.
func (s *secretDeal) publish(c *Ceremony, dealer int) (*deal, error) {
	g := c.Group
	d := &deal{dealer: dealer, ephemeral: g.Kyber().Point().Mul(s.ephemeral, nil)}
	for _, f := range s.coefficients {
		column := make([]kyber.Point, len(f))
		for m, a := range f {
			column[m] = g.Kyber().Point().Mul(a, nil)
		}
		d.commitments = append(d.commitments, column)
	}
	for i, to := range c.Trustees {
		secret := g.Kyber().Point().Mul(s.ephemeral, to.Encryption)
		sealed, err := c.seal(d, i+1, secret, s.share(g, i+1))
		if err != nil {
			return nil, err
		}
		d.shares = append(d.shares, sealed)
	}
	return d, s.prove(c, d)
}

// prove completes the deal with the proof of knowledge of all constant terms
// and of ρ.
func (s *secretDeal) prove(c *Ceremony, d *deal) (err error) {
	var witness []kyber.Scalar
	for _, f := range s.coefficients {
		witness = append(witness, f[0])
	}
	witness = append(witness, s.ephemeral)
	d.statement = c.appendStatement(d)
	if d.proof, err = c.dlogs(d).ProveSeeded(c.Group, c.dealContext(d), witness, s.proofSeed); err != nil {
		return fmt.Errorf("deal: %w", err)
	}
	return nil
}

func (d *deal) body() []byte { return append(append([]byte(nil), d.statement...), d.proof...) }

// dlogs is the statement of a deal's proof. With the constant terms nobody can
// choose a key that depends on another's (a rogue key); with R nobody can deal
// under another's R and have a complaint open the other's shares.
func (c *Ceremony) dlogs(d *deal) zkp.Dlogs {
	s := zkp.Dlogs{Base: c.Group.Base()}
	for _, column := range d.commitments {
		s.Images = append(s.Images, column[0])
	}
	s.Images = append(s.Images, d.ephemeral)
	return s
}

// dealContext binds the proof to ceremony and dealer, and to the rest of the
// deal as well.
func (c *Ceremony) dealContext(d *deal) zkp.Context {
	var w wire.Writer
	h := sha256.Sum256(d.statement)
	w.Uint16(uint16(d.dealer))
	w.Raw(h[:])
	return zkp.Context{Kind: "dkg deal", Election: c.ID, Position: w.Bytes()}
}

// cipherKey derives the key under which one dealer's shares for one trustee
// stand in the deal, from the secret ρ·Eⱼ = dⱼ·R. It is used once.
func (c *Ceremony) cipherKey(d *deal, recipient int, secret kyber.Point) ([]byte, error) {
	var w wire.Writer
	w.String("hanpyo/v1 dkg share")
	w.Raw(c.ID[:])
	w.Uint16(uint16(d.dealer))
	w.Uint16(uint16(recipient))
	w.Raw(c.Group.AppendPoint(nil, d.ephemeral))
	w.Raw(c.Group.AppendPoint(nil, c.Trustees[recipient-1].Encryption))
	return hkdf.Key(sha256.New, c.Group.AppendPoint(nil, secret), nil, string(w.Bytes()), chacha20poly1305.KeySize)
}

var zeroNonce [chacha20poly1305.NonceSize]byte

func (c *Ceremony) seal(d *deal, recipient int, secret kyber.Point, share []kyber.Scalar) ([]byte, error) {
	key, err := c.cipherKey(d, recipient, secret)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, err
	}
	var plain []byte
	for _, s := range share {
		plain = c.Group.AppendScalar(plain, s)
	}
	return aead.Seal(nil, zeroNonce[:], plain, nil), nil
}

// open decrypts the shares for one trustee and checks them. Its error says what
// is wrong with the deal: the recipient complains about it, and who judges the
// complaint gets the same error.
func (c *Ceremony) open(d *deal, recipient int, secret kyber.Point) ([]kyber.Scalar, error) {
	g := c.Group
	key, err := c.cipherKey(d, recipient, secret)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, err
	}
	subject := fmt.Sprintf("shares of trustee %d for trustee %d", d.dealer, recipient)
	plain, err := aead.Open(nil, zeroNonce[:], d.shares[recipient-1], nil)
	if err != nil {
		return nil, fmt.Errorf("%s do not decrypt: %w", subject, ErrEncoding)
	}
	share := make([]kyber.Scalar, c.Columns)
	for k := range share {
		if share[k], err = g.DecodeScalar(plain[k*g.ScalarLen() : (k+1)*g.ScalarLen()]); err != nil {
			return nil, fmt.Errorf("%s: column %d is not a scalar: %w", subject, k, ErrEncoding)
		}
	}
	if !fits(g, d.commitments, recipient, share) {
		return nil, fmt.Errorf("%s do not fit the commitments: %w", subject, ErrProof)
	}
	return share, nil
}

// fits checks shareₖ·G = Σₘ jᵐ·Cₖₘ for all columns k at once, with a fresh
// random weight of 128 bits for each. (Feldman 1987, with the batching of
// Bellare, Garay and Rabin, EUROCRYPT 1998.)
func fits(g *elgamal.Group, commitments [][]kyber.Point, j int, share []kyber.Scalar) bool {
	var points []kyber.Point
	var scalars []kyber.Scalar
	at := g.Uint64Scalar(uint64(j))
	sum := g.Scalar()
	for k, column := range commitments {
		weight := randomWeight(g)
		sum = g.Scalar().Add(sum, g.Scalar().Mul(weight, share[k]))
		for _, p := range column {
			points, scalars = append(points, p), append(scalars, weight)
			weight = g.Scalar().Mul(weight, at)
		}
	}
	return g.Kyber().Point().Mul(sum, nil).Equal(g.MultiScalarMulVarTime(scalars, points))
}

// randomWeight panics where it is 0, as if the random source had failed: with
// such weights every share holds.
func randomWeight(g *elgamal.Group) kyber.Scalar {
	var b [16]byte
	rand.Read(b[:])
	if b == [16]byte{} {
		panic("dkg: the random source gives zeros")
	}
	return g.ReduceScalar(b[:])
}
