package main

import (
	"context"
	"fmt"
	"sync"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/zkp"
)

// What elgamal.Codec offers besides its methods: a group that lacks one of them
// computes the same, slower.
type (
	scalarCodec interface {
		DecodeScalar(b []byte) (kyber.Scalar, error)
		ReduceScalar(wide []byte) kyber.Scalar
	}
	secretSums interface {
		MultiScalarMul(scalars []kyber.Scalar, points []kyber.Point) kyber.Point
	}
	publicSums interface {
		MultiScalarMulVarTime(scalars []kyber.Scalar, points []kyber.Point) kyber.Point
	}
	bitSums interface {
		SelectSum(bits []uint8, points []kyber.Point) kyber.Point
	}
	tables interface {
		NewTable(points []kyber.Point) interface {
			Mul(i int, s kyber.Scalar) kyber.Point
			Sum(scalars []kyber.Scalar) kyber.Point
		}
	}
	decodesTogether interface {
		DecodePoints(b []byte) ([]kyber.Point, error)
	}
	encodesTogether interface {
		RememberPoints(points []kyber.Point)
	}
	// whole is all of it that takes part in ballots.
	whole interface {
		elgamal.Codec
		scalarCodec
		secretSums
		publicSums
		bitSums
		tables
		decodesTogether
		encodesTogether
	}
)

// strict is a Codec and nothing else.
type strict struct{ elgamal.Codec }

// lacking is ristretto255 without some part.
type lacking struct {
	off   string
	codec elgamal.Codec
}

// without lists ristretto255 with all of it, and lacking a part; nothing if it
// no longer offers these parts.
func without() []lacking {
	w, ok := elgamal.Ristretto255().Kyber().(whole)
	if !ok {
		return nil
	}
	base := strict{w}
	return []lacking{
		{"nothing", struct {
			strict
			scalarCodec
			secretSums
			publicSums
			bitSums
			tables
			decodesTogether
			encodesTogether
		}{base, w, w, w, w, w, w, w}},
		{"tables", struct {
			strict
			scalarCodec
			secretSums
			publicSums
			bitSums
			decodesTogether
			encodesTogether
		}{base, w, w, w, w, w, w}},
		{"bit-sums", struct {
			strict
			scalarCodec
			secretSums
			publicSums
			tables
			decodesTogether
			encodesTogether
		}{base, w, w, w, w, w, w}},
		{"public-sums", struct {
			strict
			scalarCodec
			secretSums
			bitSums
			tables
			decodesTogether
			encodesTogether
		}{base, w, w, w, w, w, w}},
		{"decode-together", struct {
			strict
			scalarCodec
			secretSums
			publicSums
			bitSums
			tables
			encodesTogether
		}{base, w, w, w, w, w, w}},
		{"encode-together", struct {
			strict
			scalarCodec
			secretSums
			publicSums
			bitSums
			tables
			decodesTogether
		}{base, w, w, w, w, w, w}},
		{"everything", base},
	}
}

// withoutOperations encrypt and prove, and verify, 1 of n, with a group that
// lacks what its name says.
func withoutOperations(n, batch int) (list []operation) {
	for _, x := range without() {
		name := func(op, off string) string {
			return fmt.Sprintf("Without/op=%s/slots=%d/off=%s", op, n, off)
		}
		made := sync.OnceValues(func() (*slotsBallot, error) {
			g, err := elgamal.NewGroup("ristretto255", elgamal.Ristretto255().Kyber(), x.codec)
			if err != nil {
				return nil, err
			}
			return newSlotsBallot(g, n)
		})
		encrypt := operation{
			name: name("encrypt", x.off), item: "ballot", n: 1,
			prepare: func(context.Context) (prepared, error) {
				b, err := made()
				return prepared{do: b.encrypt}, err
			},
		}
		verify := operation{
			name: fmt.Sprintf("%s/n=%d", name("verify", x.off), batch), item: "ballot", n: batch,
			prepare: func(context.Context) (prepared, error) {
				b, err := made()
				return prepared{do: func() error { return b.verify(batch) }}, err
			},
		}
		if x.off != "nothing" {
			encrypt.ours = name("encrypt", "nothing")
			verify.ours = fmt.Sprintf("%s/n=%d", name("verify", "nothing"), batch)
		}
		list = append(list, encrypt, verify)
	}
	return list
}

// slotsBallot is a ballot of one choice, without an election around it.
type slotsBallot struct {
	group   *elgamal.Group
	key     *elgamal.PublicKey
	form    *zkp.Form
	witness zkp.BallotWitness
	voter   kyber.Point

	row, proof []byte
}

func newSlotsBallot(g *elgamal.Group, n int) (b *slotsBallot, err error) {
	b = &slotsBallot{group: g}
	b.key = elgamal.GenerateKey(b.group, n).Public()
	columns := make([]zkp.Column, n)
	rule := zkp.Rule{Sum: 1}
	for i := range columns {
		columns[i] = zkp.Column{Index: i, Key: b.key.Points[i]}
		rule.Terms = append(rule.Terms, zkp.Term{Slot: i, Coefficient: 1})
	}
	if b.form, err = zkp.NewForm(b.group, [32]byte{}, "style", columns, []zkp.Rule{rule}); err != nil {
		return b, err
	}
	b.witness.Credential = b.group.RandomScalar()
	b.voter = b.group.Point().Mul(b.witness.Credential, nil)
	b.witness.Bits = make([]uint8, n)
	b.witness.Bits[n-1] = 1
	for range 20 { // until there are tables
		if err := b.encrypt(); err != nil {
			return b, err
		}
	}
	return b, b.verify(1)
}

// encrypt does what package ballot does, but for the entry's other fields.
func (b *slotsBallot) encrypt() (err error) {
	g := b.group
	b.witness.Randomness = g.RandomScalar()
	messages, base := make([]kyber.Point, len(b.witness.Bits)), []kyber.Point{g.Base()}
	for i := range messages {
		messages[i] = g.SelectSum(b.witness.Bits[i:i+1], base)
	}
	row := b.key.Encrypt(messages, b.witness.Randomness)
	b.row = g.AppendCiphertext(nil, row)
	b.proof, err = b.form.Prove(b.statement(row), b.witness)
	return err
}

func (b *slotsBallot) statement(row elgamal.Ciphertext) zkp.BallotStatement {
	return zkp.BallotStatement{Credential: b.voter, Number: 1, Row: row}
}

// verify decodes and verifies the ballot n times over. A batch does not know
// equal ballots from others.
func (b *slotsBallot) verify(n int) error {
	batch := zkp.NewBatch(b.group)
	for range n {
		if err := b.addTo(batch, b.proof); err != nil {
			return err
		}
	}
	return batch.Verify()
}

// addTo decodes the ballot and puts it into a batch.
func (b *slotsBallot) addTo(batch *zkp.Batch, proof []byte) error {
	row, err := b.group.DecodeCiphertext(b.row, len(b.witness.Bits))
	if err != nil {
		return err
	}
	return b.form.AddTo(batch, b.statement(row), "", proof)
}
