package elgamal

import (
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"
)

// TestMulTable holds a table against plain products, before it is built and
// after.
func TestMulTable(t *testing.T) {
	allGroups(t, func(t *testing.T, g *Group) {
		rng := rand.New(rand.NewPCG(5, 6))
		p := g.HashToPoint("test", []byte("p"))
		points := []kyber.Point{p, g.Point(), g.Base(), p, g.Point().Neg(p)}
		special := []kyber.Scalar{g.Scalar(), g.Int64Scalar(1), g.Int64Scalar(-1), testScalar(g, rng, 252), testScalar(g, rng, 128)}
		table := g.NewMulTable(points)
		for round := range 2 * tableAfter {
			if round == 1 {
				require.Equal(t, g == Ristretto255(), table.fast != nil)
			}
			for _, s := range special {
				before := g.AppendScalar(nil, s)
				each := table.MulEach(s)
				require.Len(t, each, len(points))
				for i, q := range points {
					want := g.Point().Mul(s, q)
					require.True(t, want.Equal(each[i]), "round %d point %d", round, i)
					require.True(t, want.Equal(table.Mul(i, s)), "round %d point %d", round, i)
				}
				require.Equal(t, before, g.AppendScalar(nil, s))
			}
			for at := range special {
				scalars := append(special[at:len(special):len(special)], special[:at]...)
				require.True(t, slowSum(g, scalars, points).Equal(table.Sum(scalars)), "round %d", round)
			}
		}
		require.True(t, p.Equal(g.HashToPoint("test", []byte("p"))), "points were written to")
		// What is returned belongs to the caller.
		table.Mul(0, special[3]).Null()
		require.True(t, g.Point().Mul(special[3], p).Equal(table.Mul(0, special[3])))

		require.Panics(t, func() { table.Sum(special[1:]) })
		require.Panics(t, func() { table.Mul(len(points), special[0]) })
		none := g.NewMulTable(nil)
		require.Empty(t, none.MulEach(special[3]))
		require.True(t, g.IsIdentity(none.Sum(nil)))
	})
}

// TestMulTableWaits: whoever multiplies seldom does not pay for tables.
func TestMulTableWaits(t *testing.T) {
	g := Ristretto255()
	points := []kyber.Point{g.Base(), g.Generator("test", 1)}
	key, err := NewPublicKey(g, points)
	require.NoError(t, err)
	for n := range 4 {
		key.Encrypt(points, g.RandomScalar())
		require.Equal(t, n >= tableAfter, key.table.fast != nil, "encryption %d", n+1)
	}
	table := g.NewMulTable(points)
	for n := range 2*tableAfter + 2 {
		table.Mul(0, g.RandomScalar())
		require.Equal(t, n >= 2*tableAfter, table.fast != nil, "product %d", n+1)
	}
	points = testPoints(g, rand.New(rand.NewPCG(9, 10)), 2*sumShare)
	table = g.NewMulTable(points)
	scalars := make([]kyber.Scalar, len(points))
	for i := range scalars {
		scalars[i] = g.RandomScalar()
	}
	for range 3 * tableAfter {
		table.Sum(scalars)
	}
	require.Nil(t, table.fast, "sums save less")
	for range 3 * tableAfter * sumShare {
		table.Sum(scalars)
	}
	require.NotNil(t, table.fast)
}

// TestMulTableConcurrent: goroutines that come while the tables are built get
// the same products. It is for the race detector.
func TestMulTableConcurrent(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		points := testPoints(g, rand.New(rand.NewPCG(7, 8)), 3)
		key, err := NewPublicKey(g, points)
		require.NoError(t, err)
		r := g.RandomScalar()
		scalars := []kyber.Scalar{r, g.Int64Scalar(-1), r}
		sum, row := slowSum(g, scalars, points), slowEncrypt(key, points, r)
		table := g.NewMulTable(points)
		var wg sync.WaitGroup
		ok := make([]bool, 8)
		for i := range ok {
			wg.Go(func() {
				ok[i] = true
				for range 4 {
					got := key.Encrypt(points, r)
					ok[i] = ok[i] && table.Sum(scalars).Equal(sum) && table.Mul(1, r).Equal(g.Point().Mul(r, points[1]))
					ok[i] = ok[i] && string(g.AppendCiphertext(nil, got)) == string(row)
				}
			})
		}
		wg.Wait()
		require.NotContains(t, ok, false)
	})
}

// slowEncrypt is the encoding of what Encrypt returns, by its definition.
func slowEncrypt(k *PublicKey, messages []kyber.Point, r kyber.Scalar) []byte {
	g := k.Group
	b := g.AppendPoint(nil, g.Point().Mul(r, nil))
	for i, y := range k.Points {
		p := g.Point().Mul(r, y)
		b = g.AppendPoint(b, p.Add(p, messages[i]))
	}
	return b
}

func TestEncryptMatchesReference(t *testing.T) {
	allGroups(t, func(t *testing.T, g *Group) {
		key := GenerateKey(g, 3).Public()
		messages := []kyber.Point{g.Point(), g.Base(), g.Generator("test", 0)}
		for _, r := range []kyber.Scalar{g.Int64Scalar(1), g.Int64Scalar(-1), g.RandomScalar(), g.RandomScalar()} {
			for range 2 {
				require.Equal(t, slowEncrypt(key, messages, r), g.AppendCiphertext(nil, key.Encrypt(messages, r)))
			}
		}
	})
}

func TestSelectSum(t *testing.T) {
	allGroups(t, func(t *testing.T, g *Group) {
		p := g.HashToPoint("test", []byte("p"))
		points := []kyber.Point{p, p, g.Point(), g.Base(), g.Point().Neg(p)}
		for set := range 1 << len(points) {
			bits, want := make([]uint8, len(points)), g.Point()
			for i := range bits {
				if bits[i] = uint8(set >> i & 1); bits[i] == 1 {
					want.Add(want, points[i])
				}
			}
			require.True(t, want.Equal(g.SelectSum(bits, points)), bits)
		}
		require.True(t, p.Equal(g.HashToPoint("test", []byte("p"))), "points were written to")
		require.Panics(t, func() { g.SelectSum([]uint8{1}, points) })
	})
}
