package zkp_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"

	"go.dedis.ch/kyber/v3"
	"go.dedis.ch/kyber/v3/group/edwards25519"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/zkp"
)

// edwardsCodec makes kyber's edwards25519, which accepts encodings that are not
// canonical and points outside the subgroup of prime order, strict.
type edwardsCodec struct{ suite *edwards25519.SuiteEd25519 }

func (edwardsCodec) Order() *big.Int {
	q, _ := new(big.Int).SetString("27742317777372353535851937790883648493", 10)
	return q.Add(q, new(big.Int).Lsh(big.NewInt(1), 252))
}

func (c edwardsCodec) DecodePoint(b []byte) (kyber.Point, error) {
	p := c.suite.Point()
	if err := p.UnmarshalBinary(b); err != nil {
		return nil, errors.Join(zkp.ErrEncoding, err)
	}
	if again, err := p.MarshalBinary(); err != nil || !bytes.Equal(b, again) {
		return nil, fmt.Errorf("not canonical: %w", zkp.ErrEncoding)
	}
	// The order is no scalar, but one less than it is: (q−1)·P + P = 0.
	minusOne := c.suite.Scalar().SetInt64(-1)
	if q := c.suite.Point().Mul(minusOne, p); !q.Add(q, p).Equal(c.suite.Point().Null()) {
		return nil, fmt.Errorf("outside the subgroup: %w", zkp.ErrGroup)
	}
	return p, nil
}

// HashToPoint tries encodings in variable time; its input is public. Pick
// multiplies by the cofactor.
func (c edwardsCodec) HashToPoint(domain string, msg []byte) kyber.Point {
	seed := binary.BigEndian.AppendUint64(nil, uint64(len(domain)))
	seed = append(append(seed, domain...), msg...)
	return c.suite.Point().Pick(c.suite.XOF(seed))
}

// A research prototype on a group from kyber: ballots of two slots of which
// exactly one is chosen are encrypted, proven, verified, added and decrypted.
func ExampleForm_otherGroup() {
	suite := edwards25519.NewBlakeSHA256Ed25519()
	g, err := elgamal.NewGroup("kyber edwards25519", suite, edwardsCodec{suite})
	if err != nil {
		panic(err)
	}
	key := elgamal.GenerateKey(g, 2)
	form, err := zkp.NewForm(g, [32]byte{1}, "everybody",
		[]zkp.Column{{Index: 0, Key: key.Public().Points[0]}, {Index: 1, Key: key.Public().Points[1]}},
		[]zkp.Rule{{Terms: []zkp.Term{{Slot: 0, Coefficient: 1}, {Slot: 1, Coefficient: 1}}, Sum: 1}})
	if err != nil {
		panic(err)
	}

	// Voters encrypt and prove.
	batch := zkp.NewBatch(g)
	var rows []elgamal.Ciphertext
	for _, bits := range [][]uint8{{1, 0}, {0, 1}, {1, 0}} {
		k, r := g.RandomScalar(), g.RandomScalar()
		messages := make([]kyber.Point, len(bits))
		for i, bit := range bits {
			messages[i] = g.Point().Mul(g.Uint64Scalar(uint64(bit)), nil)
		}
		ballot := zkp.BallotStatement{
			Credential: g.Point().Mul(k, nil), Number: 1, Row: key.Public().Encrypt(messages, r),
		}
		proof, err := form.Prove(ballot, zkp.BallotWitness{Randomness: r, Bits: bits, Credential: k})
		if err != nil {
			panic(err)
		}
		if err := form.AddTo(batch, ballot, "", proof); err != nil {
			panic(err)
		}
		rows = append(rows, ballot.Row)
	}
	fmt.Println(batch.Len(), "ballots,", batch.Verify())

	// Their sum is decrypted.
	sum := rows[0].Add(rows[1]).Add(rows[2])
	messages, err := key.Decrypt(sum)
	if err != nil {
		panic(err)
	}
	table := elgamal.NewLogTable(g, 4)
	for _, m := range messages {
		fmt.Println(table.Log(m, 0, 3))
	}

	// What is not in the group does not get in.
	torsion := make([]byte, 32) // the point (√−1, 0), of order 4
	_, err = g.DecodePoint(torsion)
	fmt.Println(errors.Is(err, zkp.ErrGroup))
	// Output:
	// 3 ballots, <nil>
	// 2 <nil>
	// 1 <nil>
	// true
}
