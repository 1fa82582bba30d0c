package zkp_test

import (
	"errors"
	"fmt"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/zkp"
)

// A trustee proves that it decrypted with the key it is known for.
func Example() {
	g := elgamal.Ristretto255()
	where := zkp.Context{Kind: "example decryption", Election: [32]byte{1}, Position: []byte("contest 7")}

	// The trustee holds x and publishes x·A.
	x := g.RandomScalar()
	a := g.HashToPoint("example", []byte("first part of a ciphertext"))
	claim := zkp.DLEQ{
		Base: g.Base(), Image: g.Point().Mul(x, nil),
		Base2: a, Image2: g.Point().Mul(x, a),
	}
	proof, err := claim.Prove(g, where, x)
	fmt.Println(len(proof), "bytes,", err)

	// Anybody checks it.
	fmt.Println(claim.Verify(g, where, proof))

	// It says nothing about another contest, nor about another factor.
	where.Position = []byte("contest 8")
	fmt.Println(claim.Verify(g, where, proof))
	claim.Image2 = g.Point().Add(claim.Image2, g.Base())
	fmt.Println(errors.Is(claim.Verify(g, where, proof), zkp.ErrProof))
	// Output:
	// 96 bytes, <nil>
	// <nil>
	// zkp: dleq: proof does not hold
	// true
}

// A ballot of two slots of which exactly one is chosen, and a box that checks
// ballots together.
func ExampleForm() {
	g := elgamal.Ristretto255()
	election := [32]byte{1}

	// What all ballots of the style have in common.
	yes, no := g.Point().Mul(g.RandomScalar(), nil), g.Point().Mul(g.RandomScalar(), nil)
	form, err := zkp.NewForm(g, election, "everybody",
		[]zkp.Column{{Index: 0, Key: yes}, {Index: 1, Key: no}},
		[]zkp.Rule{{Terms: []zkp.Term{{Slot: 0, Coefficient: 1}, {Slot: 1, Coefficient: 1}}, Sum: 1}})
	if err != nil {
		panic(err)
	}

	// A voter says yes.
	key, err := elgamal.NewPublicKey(g, []kyber.Point{yes, no})
	if err != nil {
		panic(err)
	}
	k, r := g.RandomScalar(), g.RandomScalar()
	ballot := zkp.BallotStatement{
		Credential: g.Point().Mul(k, nil),
		Number:     1,
		Row:        key.Encrypt([]kyber.Point{g.Base(), g.Point()}, r),
	}
	proof, err := form.Prove(ballot, zkp.BallotWitness{Randomness: r, Bits: []uint8{1, 0}, Credential: k})
	fmt.Println(len(proof), "bytes,", err)
	_, err = form.Prove(ballot, zkp.BallotWitness{Randomness: r, Bits: []uint8{1, 1}, Credential: k})
	fmt.Println(err)

	// The box checks many at once and finds the one that was changed.
	batch := zkp.NewBatch(g)
	fmt.Println(form.AddTo(batch, ballot, "the ballot", proof))
	ballot.Number = 2
	fmt.Println(form.AddTo(batch, ballot, "its copy", proof))
	fmt.Println(batch.Verify())
	// Output:
	// 416 bytes, <nil>
	// zkp: ballot: rule 1 does not hold: proof does not hold
	// <nil>
	// <nil>
	// zkp: batch: item 1 (its copy): proof does not hold
}
