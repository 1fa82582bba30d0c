package bench

import (
	"encoding/binary"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/zkp"
)

// classicBallot is a ballot as Helios, Belenios and ElectionGuard have it: one
// ciphertext an option under one key, each with a disjunctive proof that it
// holds 0 or 1, and one more for the sum of each contest. It is not signed.
type classicBallot struct {
	group  *elgamal.Group
	key    kyber.Point
	sums   []classicSum
	rows   []byte   // the encoded ciphertexts
	proofs [][]byte // of the options, then of the sums
}

// newClassicBallot encrypts and proves.
func newClassicBallot(g *elgamal.Group, key *elgamal.PublicKey, votes classicVotes) (*classicBallot, error) {
	b := &classicBallot{group: g, key: key.Points[0], sums: votes.sums}
	var rows []elgamal.Ciphertext
	var random []kyber.Scalar
	for i, v := range votes.options {
		r := g.RandomScalar()
		message := g.Point().Mul(g.Uint64Scalar(uint64(v)), nil)
		row := key.Encrypt([]kyber.Point{message}, r)
		rows, random = append(rows, row), append(random, r)
		b.rows = g.AppendCiphertext(b.rows, row)
		if err := b.prove(i, row, 0, 1, int(v), r); err != nil {
			return nil, err
		}
	}
	for i, s := range b.sums {
		total, r := 0, g.Scalar()
		for _, o := range s.options {
			total += int(votes.options[o])
			r.Add(r, random[o])
		}
		if err := b.prove(len(rows)+i, sumOf(rows, s), s.low, s.high, total, r); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *classicBallot) prove(i int, row elgamal.Ciphertext, low, high, value int, r kyber.Scalar) error {
	proof, err := b.statement(row, low, high).Prove(b.group, position(i), zkp.OneOfWitness{Index: value - low, Randomness: r})
	b.proofs = append(b.proofs, proof)
	return err
}

// verify decodes the ballot and checks its proofs one by one.
func (b *classicBallot) verify() error {
	g := b.group
	var rows []elgamal.Ciphertext
	size := g.CiphertextLen(1)
	for at := 0; at < len(b.rows); at += size {
		row, err := g.DecodeCiphertext(b.rows[at:at+size], 1)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	for i, row := range rows {
		if err := b.statement(row, 0, 1).Verify(g, position(i), b.proofs[i]); err != nil {
			return err
		}
	}
	for i, s := range b.sums {
		at := len(rows) + i
		if err := b.statement(sumOf(rows, s), s.low, s.high).Verify(g, position(at), b.proofs[at]); err != nil {
			return err
		}
	}
	return nil
}

// size returns the length of ciphertexts and proofs in bytes.
func (b *classicBallot) size() int {
	n := len(b.rows)
	for _, p := range b.proofs {
		n += len(p)
	}
	return n
}

// statement says that a ciphertext encrypts a number between low and high.
func (b *classicBallot) statement(row elgamal.Ciphertext, low, high int) zkp.OneOf {
	s := zkp.OneOf{Key: b.key, A: row.A, B: row.B[0]}
	for v := low; v <= high; v++ {
		s.Messages = append(s.Messages, b.group.Point().Mul(b.group.Uint64Scalar(uint64(v)), nil))
	}
	return s
}

func sumOf(rows []elgamal.Ciphertext, s classicSum) elgamal.Ciphertext {
	sum := rows[s.options[0]]
	for _, o := range s.options[1:] {
		sum = sum.Add(rows[o])
	}
	return sum
}

func position(i int) zkp.Context {
	return zkp.Context{Kind: "classic ballot", Position: binary.BigEndian.AppendUint32(nil, uint32(i))}
}
