package main

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"go.dedis.ch/kyber/v3"
	"golang.org/x/crypto/chacha20poly1305"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/zkp"
)

// villain is a trustee that was written from docs/wire.md, not from package
// dkg. It can do what it should, and anything else.
type villain struct {
	c          *dkg.Ceremony
	position   int
	signing    ed25519.PrivateKey
	encryption kyber.Scalar
	dealt      []byte           // the entry that it commits to
	polynomial [][]kyber.Scalar // [column][power], of that entry
	friend     func(position int) bool
	quiet      bool // friends do not complain about its deal
}

func newVillain(g *elgamal.Group) *villain {
	_, signing, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return &villain{signing: signing, encryption: g.RandomScalar()}
}

func (v *villain) keys(g *elgamal.Group, name string) dkg.TrusteeKeys {
	return dkg.TrusteeKeys{Name: name, Signing: v.signing.Public().(ed25519.PublicKey), Encryption: g.Point().Mul(v.encryption, nil)}
}

// sign returns an entry of the villain.
func (v *villain) sign(kind entry.Kind, body []byte) []byte {
	e := entry.Envelope{Kind: kind, Election: v.c.ID, Body: body}
	e.Sign(v.signing)
	return e.Bytes()
}

// draft is a deal in the making. The proof is added by body.
type draft struct {
	c           *dkg.Ceremony
	dealer      int
	polynomials [][]kyber.Scalar
	rho         kyber.Scalar

	columns, powers, recipients int // as the head says
	commitments                 [][]kyber.Point
	ephemeral                   kyber.Point
	shares                      [][]byte
	context                     [32]byte // the ceremony that the proof is for
}

// draft makes an honest deal with polynomials of so many coefficients.
func (v *villain) draft(powers int) *draft {
	c := v.c
	g := c.Group
	d := &draft{
		c: c, dealer: v.position, rho: g.RandomScalar(),
		columns: c.Columns, powers: powers, recipients: len(c.Trustees), context: c.ID,
	}
	d.ephemeral = g.Point().Mul(d.rho, nil)
	for range c.Columns {
		var f []kyber.Scalar
		var points []kyber.Point
		for range powers {
			a := g.RandomScalar()
			f, points = append(f, a), append(points, g.Point().Mul(a, nil))
		}
		d.polynomials, d.commitments = append(d.polynomials, f), append(d.commitments, points)
	}
	for j := range c.Trustees {
		d.shares = append(d.shares, d.seal(j+1, d.shareOf(j+1)))
	}
	return d
}

// shareOf returns the scalars for a recipient, one after the other.
func (d *draft) shareOf(recipient int) (plain []byte) {
	for _, f := range d.polynomials {
		plain = d.c.Group.AppendScalar(plain, elgamal.EvalPolynomial(d.c.Group, f, recipient))
	}
	return plain
}

// seal encrypts what a recipient gets.
func (d *draft) seal(recipient int, plain []byte) []byte {
	secret := d.c.Group.Point().Mul(d.rho, d.c.Trustees[recipient-1].Encryption)
	return aeadOf(shareKey(d.c, d.dealer, recipient, d.ephemeral, secret)).Seal(nil, make([]byte, 12), plain, nil)
}

// body returns the deal with its proof, as good as it gets.
func (d *draft) body() []byte {
	g := d.c.Group
	var w wire.Writer
	w.Uint16(uint16(d.columns))
	w.Uint8(uint8(d.powers))
	w.Uint8(uint8(d.recipients))
	statement := zkp.Dlogs{Base: g.Base()}
	var witness []kyber.Scalar
	for k, column := range d.commitments {
		for _, p := range column {
			w.Raw(g.AppendPoint(nil, p))
		}
		if len(column) > 0 {
			witness = append(witness, d.polynomials[k][0])
		}
	}
	w.Raw(g.AppendPoint(nil, d.ephemeral))
	for _, s := range d.shares {
		w.Raw(s)
	}
	witness = append(witness, d.rho)
	for _, x := range witness { // what can be proven, whatever the deal says
		statement.Images = append(statement.Images, g.Point().Mul(x, nil))
	}
	var at wire.Writer
	hash := sha256.Sum256(w.Bytes())
	at.Uint16(uint16(d.dealer))
	at.Raw(hash[:])
	proof, err := statement.Prove(g, zkp.Context{Kind: "dkg deal", Election: d.context, Position: at.Bytes()}, witness)
	if err != nil { // an identity among the images
		proof = make([]byte, len(witness)*(g.PointLen()+g.ScalarLen()))
	}
	w.Raw(proof)
	return w.Bytes()
}

// shareKey is the key of one dealer's shares for one trustee.
func shareKey(c *dkg.Ceremony, dealer, recipient int, ephemeral, secret kyber.Point) []byte {
	g := c.Group
	var w wire.Writer
	w.String("hanpyo/v1 dkg share")
	w.Raw(c.ID[:])
	w.Uint16(uint16(dealer))
	w.Uint16(uint16(recipient))
	w.Raw(g.AppendPoint(nil, ephemeral))
	w.Raw(g.AppendPoint(nil, c.Trustees[recipient-1].Encryption))
	key, err := hkdf.Key(sha256.New, g.AppendPoint(nil, secret), nil, string(w.Bytes()), chacha20poly1305.KeySize)
	if err != nil {
		panic(err) // of the length alone
	}
	return key
}

func aeadOf(key []byte) interface {
	Seal(dst, nonce, plain, data []byte) []byte
	Open(dst, nonce, sealed, data []byte) ([]byte, error)
} {
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		panic(err) // of the length alone
	}
	return aead
}

// posted is a deal as anybody reads it.
type postedDeal struct {
	dealer      int
	id          entry.Hash
	commitments [][]kyber.Point
	ephemeral   kyber.Point
	shares      [][]byte
}

// readDeal reads a deal that was found to be good.
func readDeal(c *dkg.Ceremony, dealer int, data []byte) (*postedDeal, error) {
	g := c.Group
	e, err := entry.Parse(data)
	if err != nil {
		return nil, err
	}
	r := wire.NewReader(e.Body)
	d := &postedDeal{dealer: dealer, id: entry.ID(data)}
	r.Raw(4)
	for range c.Columns {
		var column []kyber.Point
		for range c.Threshold {
			p, err := g.DecodePoint(r.Raw(g.PointLen()))
			if err != nil {
				return nil, err
			}
			column = append(column, p)
		}
		d.commitments = append(d.commitments, column)
	}
	if d.ephemeral, err = g.DecodePoint(r.Raw(g.PointLen())); err != nil {
		return nil, err
	}
	for range c.Trustees {
		d.shares = append(d.shares, r.Raw(c.Columns*g.ScalarLen()+chacha20poly1305.Overhead))
	}
	return d, r.Err()
}

// open decrypts what a deal has for a recipient and checks it column by column.
func (d *postedDeal) open(c *dkg.Ceremony, recipient int, secret kyber.Point) ([]kyber.Scalar, error) {
	g := c.Group
	plain, err := aeadOf(shareKey(c, d.dealer, recipient, d.ephemeral, secret)).Open(nil, make([]byte, 12), d.shares[recipient-1], nil)
	if err != nil {
		return nil, err
	}
	var share []kyber.Scalar
	for k, column := range d.commitments {
		x, err := g.DecodeScalar(plain[k*g.ScalarLen() : (k+1)*g.ScalarLen()])
		if err != nil {
			return nil, err
		}
		if !g.Point().Mul(x, nil).Equal(elgamal.EvalCommitments(g, column, recipient)) {
			return nil, fmt.Errorf("share of column %d does not fit", k)
		}
		share = append(share, x)
	}
	return share, nil
}

// secretOf returns what the villain shares with the dealer.
func (v *villain) secretOf(d *postedDeal) kyber.Point {
	return v.c.Group.Point().Mul(v.encryption, d.ephemeral)
}

// complaint is one of a confirm.
type complaint struct {
	dealer int
	secret kyber.Point
	proof  []byte
}

// complain opens a deal to everybody, truly if secret is what it should be.
func (v *villain) complain(d *postedDeal, secret kyber.Point) complaint {
	g := v.c.Group
	var at wire.Writer
	at.Uint16(uint16(v.position))
	at.Uint16(uint16(d.dealer))
	at.Raw(d.id[:])
	s := zkp.DLEQ{ // what can be proven, whatever the complaint says
		Base: g.Base(), Image: g.Point().Mul(v.encryption, nil), Base2: d.ephemeral, Image2: v.secretOf(d),
	}
	proof, err := s.Prove(g, zkp.Context{Kind: "dkg complaint", Election: v.c.ID, Position: at.Bytes()}, v.encryption)
	if err != nil {
		panic(err) // the statement is true
	}
	return complaint{d.dealer, secret, proof}
}

func confirmBody(g *elgamal.Group, transcript [32]byte, complaints ...complaint) []byte {
	var w wire.Writer
	w.Raw(transcript[:])
	w.Uint8(uint8(len(complaints)))
	for _, k := range complaints {
		w.Uint8(uint8(k.dealer))
		w.Raw(g.AppendPoint(nil, k.secret))
		w.Var(k.proof)
	}
	return w.Bytes()
}
