package main

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/hanpyo/hanpyo/elgamal"
)

// classicOperations encrypt and verify a ballot as others do, with every
// library. Our verification in a batch is what they are compared with.
func classicOperations(k kind, batch int) (list []operation) {
	list = append(list, classicIn(kyberEdwards(), k, batch)...)
	list = append(list, classicIn(kyberEdwardsVarTime(), k, batch)...)
	list = append(list, classicIn(kyberEdwardsChecked(), k, batch)...)
	list = append(list, classicIn(circlRistretto(), k, batch)...)
	list = append(list, classicIn(circlP256(), k, batch)...)
	list = append(list, classicIn(hanpyoLibrary(elgamal.Ristretto255()), k, batch)...)
	return append(list, classicIn(hanpyoLibrary(elgamal.P256()), k, batch)...)
}

func classicIn[P, S any](l library[P, S], k kind, batch int) []operation {
	made := sync.OnceValues(func() (*classic[P, S], []byte) {
		c := newClassic(l, k.classic)
		return c, c.newBallot(k.classic)
	})
	name := fmt.Sprintf("group=%s/ballot=%s", l.name, k.name)
	ours := fmt.Sprintf("group=%s/ballot=%s", l.ours, k.name)
	return []operation{
		{
			name: "Classic/Encrypt/" + name, item: "ballot", n: 1, ours: "Encrypt/" + ours,
			prepare: func(context.Context) (prepared, error) {
				c, b := made()
				return prepared{bytes: len(b), do: func() error {
					c.newBallot(k.classic)
					return nil
				}}, nil
			},
		}, {
			name: "Classic/Verify/" + name + "/n=1", item: "ballot", n: 1, ours: fmt.Sprintf("VerifyBatch/%s/n=%d", ours, batch),
			prepare: func(context.Context) (prepared, error) {
				c, b := made()
				return prepared{bytes: len(b), do: func() error { return c.verifyBallot(k.classic, b) }}, nil
			},
		},
	}
}

// classic is the classic way to vote, in the group of a library.
type classic[P, S any] struct {
	library[P, S]
	y      P   // the key
	values []P // 0·G, 1·G, … as far as they are needed
}

func newClassic[P, S any](l library[P, S], votes classicVotes) *classic[P, S] {
	c := &classic[P, S]{library: l, y: l.base(l.random())}
	for v := range len(votes.options) + 1 {
		c.values = append(c.values, l.base(l.number(v)))
	}
	return c
}

// pair is a ciphertext r·G, v·G + r·Y.
type pair[P any] struct{ a, b P }

// newBallot returns a ballot as Helios, Belenios and ElectionGuard have it:
// one ciphertext an option under one key, each with a disjunctive proof that it
// holds 0 or 1, and one more for the sum of each contest. The proofs are those
// of Cramer, Damgård and Schoenmakers, "Proofs of Partial Knowledge and
// Simplified Design of Witness Hiding Protocols" (CRYPTO '94), of challenges
// and responses only. It is not signed.
func (c *classic[P, S]) newBallot(votes classicVotes) (out []byte) {
	var rows []pair[P]
	var random []S
	for i, v := range votes.options {
		r := c.random()
		row := pair[P]{c.base(r), c.plus(c.values[v], c.times(r, c.y))}
		rows, random = append(rows, row), append(random, r)
		out = append(append(out, c.encode(row.a)...), c.encode(row.b)...)
		out = append(out, c.proveRange(i, row, 0, 1, int(v), r)...)
	}
	for i, s := range votes.sums {
		total, r := int(votes.options[s.options[0]]), random[s.options[0]]
		for _, o := range s.options[1:] {
			total += int(votes.options[o])
			r = c.add(r, random[o])
		}
		out = append(out, c.proveRange(len(rows)+i, c.sumOf(rows, s), s.low, s.high, total, r)...)
	}
	return out
}

var errClassic = errors.New("bench: classic ballot does not hold")

// verifyBallot decodes the ballot and checks its proofs one by one.
func (c *classic[P, S]) verifyBallot(votes classicVotes, ballot []byte) error {
	if len(ballot) != c.ballotLen(votes) {
		return errClassic
	}
	cut := func(n int) (b []byte) {
		b, ballot = ballot[:n], ballot[n:]
		return b
	}
	var rows []pair[P]
	for i := range votes.options {
		a, err := c.decode(cut(c.pointLen))
		if err != nil {
			return err
		}
		b, err := c.decode(cut(c.pointLen))
		if err != nil {
			return err
		}
		row := pair[P]{a, b}
		rows = append(rows, row)
		if err := c.verifyRange(i, row, 0, 1, cut(c.rangeLen(0, 1))); err != nil {
			return err
		}
	}
	for i, s := range votes.sums {
		if err := c.verifyRange(len(rows)+i, c.sumOf(rows, s), s.low, s.high, cut(c.rangeLen(s.low, s.high))); err != nil {
			return err
		}
	}
	return nil
}

func (c *classic[P, S]) ballotLen(votes classicVotes) int {
	n := len(votes.options) * (2*c.pointLen + c.rangeLen(0, 1))
	for _, s := range votes.sums {
		n += c.rangeLen(s.low, s.high)
	}
	return n
}

func (c *classic[P, S]) sumOf(rows []pair[P], s classicSum) pair[P] {
	sum := rows[s.options[0]]
	for _, o := range s.options[1:] {
		sum = pair[P]{c.plus(sum.a, rows[o].a), c.plus(sum.b, rows[o].b)}
	}
	return sum
}

// rangeLen is the length of a proof that a number is low to high: a challenge
// and a response for each value.
func (c *classic[P, S]) rangeLen(low, high int) int { return (high - low + 1) * 2 * c.scalarLen }

// proveRange proves that row holds one of the numbers low to high. It is value,
// encrypted with r; the proofs for the others are simulated.
func (c *classic[P, S]) proveRange(position int, row pair[P], low, high, value int, r S) (proof []byte) {
	values := high - low + 1
	challenges, responses, commitments := make([]S, values), make([]S, values), make([]pair[P], values)
	nonce, others := c.random(), c.number(0)
	for i := range values {
		if low+i == value {
			commitments[i] = pair[P]{c.base(nonce), c.times(nonce, c.y)}
			continue
		}
		challenges[i], responses[i] = c.random(), c.random()
		others = c.add(others, challenges[i])
		commitments[i] = c.commitment(row, low+i, challenges[i], responses[i])
	}
	at := value - low
	challenges[at] = c.sub(c.rangeChallenge(position, row, low, commitments), others)
	responses[at] = c.add(nonce, c.mul(challenges[at], r))
	for i := range values {
		proof = append(append(proof, c.encodeScalar(challenges[i])...), c.encodeScalar(responses[i])...)
	}
	return proof
}

// verifyRange checks such a proof.
func (c *classic[P, S]) verifyRange(position int, row pair[P], low, high int, proof []byte) error {
	commitments, sum := make([]pair[P], high-low+1), c.number(0)
	for i := range commitments {
		e, err := c.decodeScalar(proof[:c.scalarLen])
		if err != nil {
			return err
		}
		z, err := c.decodeScalar(proof[c.scalarLen : 2*c.scalarLen])
		if err != nil {
			return err
		}
		proof = proof[2*c.scalarLen:]
		commitments[i] = c.commitment(row, low+i, e, z)
		sum = c.add(sum, e)
	}
	if !bytes.Equal(c.encodeScalar(sum), c.encodeScalar(c.rangeChallenge(position, row, low, commitments))) {
		return errClassic
	}
	return nil
}

// commitment returns z·G − e·A, z·Y − e·(B − value·G).
func (c *classic[P, S]) commitment(row pair[P], value int, e, z S) pair[P] {
	b := row.b
	if value != 0 {
		b = c.minus(b, c.values[value])
	}
	return pair[P]{c.onBase(z, e, row.a), c.verify(z, e, c.y, b)}
}

func (c *classic[P, S]) rangeChallenge(position int, row pair[P], low int, commitments []pair[P]) S {
	h := sha512.New()
	fmt.Fprintf(h, "classic ballot %s", c.name)
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(position)))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(low)))
	h.Write(c.encode(c.y))
	for _, p := range append([]pair[P]{row}, commitments...) {
		h.Write(c.encode(p.a))
		h.Write(c.encode(p.b))
	}
	return c.challenge(h.Sum(nil))
}
