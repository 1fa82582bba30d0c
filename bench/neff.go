package main

import (
	"context"
	"fmt"

	"go.dedis.ch/kyber/v3"
	"go.dedis.ch/kyber/v3/group/edwards25519"
	"go.dedis.ch/kyber/v3/proof"
	"go.dedis.ch/kyber/v3/shuffle"

	"github.com/hanpyo/hanpyo/elgamal"
)

// neff is a shuffle of kyber's: that of Neff, "Verifiable Mixing (Shuffling) of
// ElGamal Pairs" (2004), made non-interactive by proof.HashProve. A row of
// width w is a sequence of w pairs, each with an A of its own.
type neff struct {
	mixSize
	suite      *edwards25519.SuiteEd25519
	key        kyber.Point
	x, y       [][]kyber.Point // the input, by column
	xbar, ybar [][]kyber.Point
	prover     func(e []kyber.Scalar) (proof.Prover, error)
	proof      []byte
}

const neffName = "PairShuffle"

// neffOperations are the steps of such a mix, compared with ours. As ours, the
// verifier decodes the output first, the way kyber does, which is not strict.
func neffOperations(s mixSize) []operation {
	x := newNeff(s)
	ours := mixed{mixSize: s, group: elgamal.Ristretto255()}
	of := func(step string, prepare func() (func() error, int, error)) operation {
		return operation{
			name: fmt.Sprintf("Neff/step=%s/group=kyber-edwards25519/w=%d/n=%d", step, s.w, s.n),
			item: "row", n: s.n, ours: ours.name(step),
			prepare: func(context.Context) (p prepared, err error) {
				x.fill()
				p.do, p.bytes, err = prepare()
				return p, err
			},
		}
	}
	return []operation{
		of("shuffle", func() (func() error, int, error) {
			return x.shuffle, 2 * s.w * x.suite.PointLen(), nil
		}),
		of("prove", func() (func() error, int, error) {
			if err := x.shuffle(); err != nil {
				return nil, 0, err
			}
			err := x.prove() // once, to know how long it is
			return x.prove, (len(x.proof) + s.n/2) / s.n, err
		}),
		of("verify", func() (func() error, int, error) {
			output := x.output()
			return func() error { return x.verify(output) }, 0, nil
		}),
	}
}

func newNeff(s mixSize) *neff { return &neff{mixSize: s, suite: edwards25519.NewBlakeSHA256Ed25519()} }

// fill makes the input.
func (x *neff) fill() {
	if x.x != nil {
		return
	}
	random := x.suite.RandomStream()
	x.key = x.suite.Point().Pick(random)
	for range x.w {
		a, b := x.suite.Point().Pick(random), x.suite.Point().Pick(random)
		as, bs := make([]kyber.Point, x.n), make([]kyber.Point, x.n)
		for i := range x.n {
			as[i], bs[i] = a, b
			a, b = x.suite.Point().Add(a, a), x.suite.Point().Add(b, b)
		}
		x.x, x.y = append(x.x, as), append(x.y, bs)
	}
}

func (x *neff) shuffle() error {
	x.xbar, x.ybar, x.prover = shuffle.SequencesShuffle(x.suite, nil, x.key, x.x, x.y, x.suite.RandomStream())
	return nil
}

// weights returns the challenge that makes one pair of each sequence. It is
// hashed from the output, as the fixed name stands for the rest.
func (x *neff) weights() (e []kyber.Scalar) {
	xof := x.suite.XOF([]byte(neffName))
	for _, columns := range [][][]kyber.Point{x.xbar, x.ybar} {
		for _, column := range columns {
			for _, p := range column {
				_, _ = p.MarshalTo(xof)
			}
		}
	}
	for range x.w {
		e = append(e, x.suite.Scalar().Pick(xof))
	}
	return e
}

func (x *neff) prove() error {
	prover, err := x.prover(x.weights())
	if err != nil {
		return err
	}
	x.proof, err = proof.HashProve(x.suite, neffName, prover)
	return err
}

// output returns the encoded output, by column.
func (x *neff) output() (columns [2][][]byte) {
	for i, side := range [][][]kyber.Point{x.xbar, x.ybar} {
		for _, column := range side {
			for _, p := range column {
				columns[i] = append(columns[i], mustMarshal(p))
			}
		}
	}
	return columns
}

func (x *neff) verify(output [2][][]byte) error {
	var decoded [2][][]kyber.Point
	for i, side := range output {
		for len(side) > 0 {
			column := make([]kyber.Point, x.n)
			for j := range column {
				column[j] = x.suite.Point()
				if err := column[j].UnmarshalBinary(side[j]); err != nil {
					return err
				}
			}
			decoded[i], side = append(decoded[i], column), side[x.n:]
		}
	}
	xup, yup, xdown, ydown := shuffle.GetSequenceVerifiable(x.suite, x.x, x.y, decoded[0], decoded[1], x.weights())
	verifier := shuffle.Verifier(x.suite, nil, x.key, xup, yup, xdown, ydown)
	return proof.HashVerify(x.suite, neffName, verifier, x.proof)
}
