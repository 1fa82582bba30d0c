package elgamal_test

import (
	"bytes"
	"crypto/elliptic"
	"errors"
	"fmt"
	"math/big"

	"go.dedis.ch/kyber/v3"
	"go.dedis.ch/kyber/v3/group/nist"

	"github.com/hanpyo/hanpyo/elgamal"
)

// Three trustees share a key of two columns, one for each answer. Voters
// encrypt a row, anybody adds the rows, and two trustees decrypt the sum. In an
// election every step comes with a proof.
func Example() {
	g := elgamal.Ristretto255()

	// Setup: a polynomial of degree 1 for each column; the trustee at position
	// j gets its values at j. Package dkg does this without a dealer.
	var keys []kyber.Point
	shares := map[int][]kyber.Scalar{}
	for range 2 {
		polynomial := []kyber.Scalar{g.RandomScalar(), g.RandomScalar()}
		keys = append(keys, g.Point().Mul(polynomial[0], nil))
		for j := 1; j <= 3; j++ {
			shares[j] = append(shares[j], elgamal.EvalPolynomial(g, polynomial, j))
		}
	}
	key, err := elgamal.NewPublicKey(g, keys)
	if err != nil {
		panic(err)
	}

	// Voters: yes, no, yes.
	var rows []elgamal.Ciphertext
	for _, vote := range [][2]int64{{1, 0}, {0, 1}, {1, 0}} {
		yes := g.Point().Mul(g.Int64Scalar(vote[0]), nil)
		no := g.Point().Mul(g.Int64Scalar(vote[1]), nil)
		rows = append(rows, key.Encrypt([]kyber.Point{yes, no}, g.RandomScalar()))
	}

	// Anybody: the sum, of the second row with weight 5.
	sum := elgamal.WeightedSum(g, key.Width(), []uint64{1, 5, 1}, rows)

	// Trustees 1 and 3.
	lagrange, err := elgamal.LagrangeAtZero(g, []int{1, 3})
	if err != nil {
		panic(err)
	}
	table := elgamal.NewLogTable(g, 8)
	for column, name := range []string{"yes", "no"} {
		partial := []kyber.Point{
			g.Point().Mul(shares[1][column], sum.A),
			g.Point().Mul(shares[3][column], sum.A),
		}
		mask := g.MultiScalarMulVarTime(lagrange, partial)
		votes, err := table.Log(g.Point().Sub(sum.B[column], mask), 0, 7)
		if err != nil {
			panic(err)
		}
		fmt.Println(name, votes)
	}
	// Output:
	// yes 2
	// no 5
}

// P256Codec makes kyber's own P-256, which accepts several encodings of a point
// and panics on some input, strict.
type P256Codec struct{ suite *nist.Suite128 }

func (c P256Codec) Order() *big.Int { return elliptic.P256().Params().N }

func (c P256Codec) DecodePoint(b []byte) (kyber.Point, error) {
	if len(b) != c.suite.PointLen() || b[0] != 4 {
		return nil, errors.Join(elgamal.ErrEncoding, errors.New("not an uncompressed point"))
	}
	p := c.suite.Point()
	if err := p.UnmarshalBinary(b); err != nil {
		return nil, errors.Join(elgamal.ErrEncoding, err)
	}
	if again, err := p.MarshalBinary(); err != nil || !bytes.Equal(b, again) {
		return nil, errors.Join(elgamal.ErrEncoding, errors.New("not canonical"))
	}
	return p, nil // the cofactor is 1: every point of the curve is in the group
}

// HashToPoint tries abscissas, in variable time; its input is public.
func (c P256Codec) HashToPoint(domain string, msg []byte) kyber.Point {
	xof := c.suite.XOF([]byte(fmt.Sprintf("%d %s %s", len(domain), domain, msg)))
	return c.suite.Point().Pick(xof)
}

// Any group of prime order that implements kyber's interfaces can be used, if
// its encodings are made strict.
func ExampleNewGroup() {
	suite := nist.NewBlakeSHA256P256()
	g, err := elgamal.NewGroup("kyber P-256", suite, P256Codec{suite})
	if err != nil {
		panic(err)
	}
	key := elgamal.GenerateKey(g, 1)
	seven := g.Point().Mul(g.Int64Scalar(7), nil)
	row := key.Public().Encrypt([]kyber.Point{seven}, g.RandomScalar())
	messages, err := key.Decrypt(row)
	if err != nil {
		panic(err)
	}
	x, err := elgamal.NewLogTable(g, 100).Log(messages[0], -50, 49)
	fmt.Println(x, err)

	encoded := g.AppendCiphertext(nil, row)
	_, err = g.DecodeCiphertext(append(encoded, 0), 1)
	fmt.Println(err)
	// Output:
	// 7 <nil>
	// elgamal: row of 131 bytes for 1 columns: malformed encoding
}
