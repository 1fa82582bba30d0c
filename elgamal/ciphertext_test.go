package elgamal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"
)

func testMessages(g *Group, w int) []kyber.Point {
	messages := make([]kyber.Point, w)
	for i := range messages {
		messages[i] = g.Generator("messages", i)
	}
	return messages
}

func requireMessages(t *testing.T, want, got []kyber.Point) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		require.True(t, want[i].Equal(got[i]), "message %d", i+1)
	}
}

func TestEncryptDecrypt(t *testing.T) {
	allGroups(t, func(t *testing.T, g *Group) {
		for _, w := range []int{1, 2, 5} {
			k := GenerateKey(g, w)
			require.Equal(t, w, k.Public().Width())
			messages := testMessages(g, w)
			r := g.RandomScalar()
			c := k.Public().Encrypt(messages, r)
			require.True(t, c.A.Equal(g.Point().Mul(r, nil)))
			got, err := k.Decrypt(c)
			require.NoError(t, err)
			requireMessages(t, messages, got)

			d := k.Public().ReEncrypt(c, g.RandomScalar())
			require.False(t, d.A.Equal(c.A))
			require.False(t, d.B[w-1].Equal(c.B[w-1]))
			got, err = k.Decrypt(d)
			require.NoError(t, err)
			requireMessages(t, messages, got)

			got, err = k.Decrypt(c.Add(d))
			require.NoError(t, err)
			for i := range messages {
				messages[i] = g.Point().Add(messages[i], messages[i])
			}
			requireMessages(t, messages, got)
			got, err = GenerateKey(g, w).Decrypt(c)
			require.NoError(t, err)
			require.False(t, got[0].Equal(messages[0]))
		}
	})
}

func TestWeightedSum(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		const w = 3
		k := GenerateKey(g, w)
		table := NewLogTable(g, 1000)
		weights := []uint64{1, 5, 0, 7, 1}
		votes := [][]int64{{1, 0, 0}, {0, 1, 0}, {1, 1, 1}, {1, 0, 1}, {0, 0, 1}}
		want := make([]int64, w)
		rows := make([]Ciphertext, len(votes))
		for j, v := range votes {
			messages := make([]kyber.Point, w)
			for i := range v {
				messages[i] = multiple(g, v[i])
				want[i] += int64(weights[j]) * v[i]
			}
			rows[j] = k.Public().Encrypt(messages, g.RandomScalar())
		}
		before := g.AppendCiphertext(nil, rows[1])
		sum := WeightedSum(g, w, weights, rows)
		require.Equal(t, before, g.AppendCiphertext(nil, rows[1]))
		messages, err := k.Decrypt(sum)
		require.NoError(t, err)
		for i, m := range messages {
			got, err := table.Log(m, 0, 999)
			require.NoError(t, err)
			require.Equal(t, want[i], got)
		}
		plain := rows[0]
		for _, row := range rows[1:] {
			plain = plain.Add(row)
		}
		ones := WeightedSum(g, w, []uint64{1, 1, 1, 1, 1}, rows)
		require.Equal(t, g.AppendCiphertext(nil, plain), g.AppendCiphertext(nil, ones))

		huge := WeightedSum(g, w, []uint64{math.MaxUint64}, rows[:1])
		require.True(t, huge.A.Equal(g.Point().Mul(g.Uint64Scalar(math.MaxUint64), rows[0].A)))

		empty := WeightedSum(g, w, nil, nil)
		require.True(t, g.IsIdentity(empty.A))
		require.Len(t, empty.B, w)
		for _, b := range empty.B {
			require.True(t, g.IsIdentity(b))
		}
	})
}

// TestNothingIsAliased writes to everything that goes in and comes out.
func TestNothingIsAliased(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		const w = 2
		k := GenerateKey(g, w)
		spoil := func(points ...kyber.Point) {
			for _, p := range points {
				p.Null()
			}
		}
		keyPoints := []kyber.Point{g.Generator("key", 0), g.Generator("key", 1)}
		pub, err := NewPublicKey(g, keyPoints)
		require.NoError(t, err)
		spoil(keyPoints...)
		require.True(t, pub.Points[0].Equal(g.Generator("key", 0)))

		key := append(g.AppendPoint(nil, k.Public().Points[0]), g.AppendPoint(nil, k.Public().Points[1])...)
		messages, r := testMessages(g, w), g.RandomScalar()
		rBytes := g.AppendScalar(nil, r)
		c := k.Public().Encrypt(messages, r)
		want := g.AppendCiphertext(nil, c)
		requireMessages(t, testMessages(g, w), messages)

		outputs := []Ciphertext{k.Public().ReEncrypt(c, r), c.Add(c), WeightedSum(g, w, []uint64{1}, []Ciphertext{c}), c.Clone()}
		for _, out := range outputs {
			spoil(append(out.B, out.A)...)
			require.Equal(t, want, g.AppendCiphertext(nil, c))
		}
		opened, err := k.Decrypt(c)
		require.NoError(t, err)
		spoil(opened...)
		spoil(messages...)
		require.Equal(t, want, g.AppendCiphertext(nil, c))
		require.Equal(t, rBytes, g.AppendScalar(nil, r))
		require.Equal(t, key, append(g.AppendPoint(nil, k.Public().Points[0]), g.AppendPoint(nil, k.Public().Points[1])...))

		decoded, err := g.DecodeCiphertext(want, w)
		require.NoError(t, err)
		b := bytes.Clone(want)
		clear(want)
		require.Equal(t, b, g.AppendCiphertext(nil, decoded))

		spoil(g.Base(), g.HashToPoint("d", nil), g.Generator("l", 0))
		require.False(t, g.IsIdentity(g.Base()))
		g.Point().Base()
		require.True(t, g.IsIdentity(g.Point()))
		g.Scalar().One()
		require.True(t, g.Scalar().Equal(g.Int64Scalar(0)))
	})
}

func TestP23NewPublicKeyRefuses(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		a, b := g.Generator("key", 0), g.Generator("key", 1)
		_, err := NewPublicKey(g, []kyber.Point{a, b})
		require.NoError(t, err)
		for desc, c := range map[string]struct {
			points []kyber.Point
			want   error
		}{
			"none":          {nil, ErrShape},
			"identity":      {[]kyber.Point{a, g.Point()}, ErrGroup},
			"nil":           {[]kyber.Point{a, nil}, ErrGroup},
			"another group": {[]kyber.Point{a, otherGroup(g).Base()}, ErrGroup},
			"equal":         {[]kyber.Point{a, b, a.Clone()}, ErrDuplicate},
		} {
			k, err := NewPublicKey(g, c.points)
			require.ErrorIs(t, err, c.want, desc)
			require.Nil(t, k, desc)
		}
	})
	require.Panics(t, func() { GenerateKey(P256(), 0) })
}

func TestDecryptRefuses(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		k := GenerateKey(g, 2)
		c := k.Public().Encrypt(testMessages(g, 2), g.RandomScalar())
		_, err := k.Decrypt(c)
		require.NoError(t, err)
		for desc, d := range map[string]struct {
			row  Ciphertext
			want error
		}{
			"zero value":       {Ciphertext{}, ErrShape},
			"too short":        {Ciphertext{c.A, c.B[:1]}, ErrShape},
			"too long":         {Ciphertext{c.A, append(c.B[:2:2], c.A)}, ErrShape},
			"no A":             {Ciphertext{nil, c.B}, ErrGroup},
			"nil B":            {Ciphertext{c.A, []kyber.Point{c.B[0], nil}}, ErrGroup},
			"A of other group": {Ciphertext{otherGroup(g).Base(), c.B}, ErrGroup},
		} {
			_, err := k.Decrypt(d.row)
			require.ErrorIs(t, err, d.want, desc)
		}
	})
}

func TestMismatchesPanic(t *testing.T) {
	g := Ristretto255()
	k := GenerateKey(g, 2).Public()
	c := k.Encrypt(testMessages(g, 2), g.RandomScalar())
	one := Ciphertext{c.A, c.B[:1]}
	require.Panics(t, func() { k.Encrypt(testMessages(g, 1), g.RandomScalar()) })
	require.Panics(t, func() { k.ReEncrypt(one, g.RandomScalar()) })
	require.Panics(t, func() { c.Add(one) })
	require.Panics(t, func() { one.Add(c) })
	require.Panics(t, func() { WeightedSum(g, 2, []uint64{1}, nil) })
	require.Panics(t, func() { WeightedSum(g, 2, []uint64{1, 1}, []Ciphertext{c, one}) })
	require.Panics(t, func() { WeightedSum(g, 1, []uint64{1, 1}, []Ciphertext{c, one}) })
}

func TestDecodeCiphertextStrict(t *testing.T) {
	allGroups(t, func(t *testing.T, g *Group) {
		const w = 3
		n := g.PointLen()
		k := GenerateKey(g, w)
		c := k.Public().Encrypt(testMessages(g, w), g.RandomScalar())
		valid := g.AppendCiphertext(nil, c)
		require.Len(t, valid, g.CiphertextLen(w))
		decoded, err := g.DecodeCiphertext(valid, w)
		require.NoError(t, err)
		require.Equal(t, valid, g.AppendCiphertext(nil, decoded))
		_, err = g.DecodeCiphertextOrIdentity(valid, w)
		require.NoError(t, err)

		replaced := func(i int, point []byte) []byte {
			b := bytes.Clone(valid)
			copy(b[i*n:(i+1)*n], point)
			return b
		}
		type decoder func([]byte, int) (Ciphertext, error)
		for _, decode := range []decoder{g.DecodeCiphertext, g.DecodeCiphertextOrIdentity} {
			for length := range len(valid) {
				_, err := decode(valid[:length], w)
				require.ErrorIs(t, err, ErrEncoding)
			}
			for extra := 1; extra <= 2*n; extra++ {
				_, err := decode(append(bytes.Clone(valid), make([]byte, extra)...), w)
				require.ErrorIs(t, err, ErrEncoding)
			}
			for _, width := range []int{-1, 0, w - 1, w + 1, math.MaxInt, math.MinInt, math.MaxInt / n} {
				c, err := decode(valid, width)
				require.ErrorIs(t, err, ErrEncoding, width)
				require.Equal(t, Ciphertext{}, c)
			}
			for i := range w + 1 {
				_, err := decode(replaced(i, bytes.Repeat([]byte{0xff}, n)), w)
				require.ErrorIs(t, err, ErrEncoding)
			}
			_, err := decode(nil, w)
			require.ErrorIs(t, err, ErrEncoding)
		}
	})
}

// TestIdentityInRows is attack P34 at this door: where protocol.md, section 3
// refuses the identity and where not.
func TestIdentityInRows(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		const w = 2
		k := GenerateKey(g, w)
		c := k.Public().Encrypt(testMessages(g, w), g.RandomScalar())
		identityA, identityB := c.Clone(), c.Clone()
		identityA.A = g.Point()
		identityB.B[1] = g.Point()
		_, err := g.DecodeCiphertext(g.AppendCiphertext(nil, c), w)
		require.NoError(t, err)
		_, err = g.DecodeCiphertext(g.AppendCiphertext(nil, identityA), w)
		require.ErrorIs(t, err, ErrGroup)
		require.ErrorContains(t, err, "row: A:")
		_, err = g.DecodeCiphertext(g.AppendCiphertext(nil, identityB), w)
		require.ErrorIs(t, err, ErrGroup)
		require.ErrorContains(t, err, "row: B 2:")
		_, err = g.DecodeCiphertextOrIdentity(g.AppendCiphertext(nil, identityA), w)
		require.ErrorIs(t, err, ErrGroup)
		d, err := g.DecodeCiphertextOrIdentity(g.AppendCiphertext(nil, identityB), w)
		require.NoError(t, err)
		require.True(t, g.IsIdentity(d.B[1]))
	})
}

// TestP89PrivateKeyIsNeverPrinted is attack P89.
func TestP89PrivateKeyIsNeverPrinted(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		k := GenerateKey(g, 1)
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
			require.Equal(t, "ElGamal private key (redacted)", fmt.Sprintf(verb, k), verb)
			require.Equal(t, "ElGamal private key (redacted)", fmt.Sprintf(verb, *k), verb)
			require.Contains(t, fmt.Sprintf(verb, struct{ K PrivateKey }{*k}), "redacted", verb)
		}
		for _, v := range []any{k, *k} {
			b, err := json.Marshal(v)
			require.NoError(t, err)
			require.JSONEq(t, `"ElGamal private key (redacted)"`, string(b))
		}
	})
}

func FuzzDecodeCiphertext(f *testing.F) {
	for _, g := range []*Group{Ristretto255(), P256()} {
		k := GenerateKey(g, 2).Public()
		b := g.AppendCiphertext(nil, k.Encrypt(testMessages(g, 2), g.Int64Scalar(7)))
		f.Add(b, 2)
		f.Add(b[:len(b)-1], 2)
		f.Add(make([]byte, 3*g.PointLen()), 2)
	}
	f.Add([]byte{}, -1)
	f.Fuzz(func(t *testing.T, b []byte, w int) {
		for _, g := range []*Group{Ristretto255(), P256()} {
			strict, err := g.DecodeCiphertext(b, w)
			lax, errLax := g.DecodeCiphertextOrIdentity(b, w)
			if err == nil {
				require.NoError(t, errLax)
				require.Equal(t, b, g.AppendCiphertext(nil, strict))
			} else {
				require.Equal(t, Ciphertext{}, strict)
			}
			if errLax == nil {
				require.Equal(t, b, g.AppendCiphertext(nil, lax))
			}
		}
	})
}

func BenchmarkCiphertext(b *testing.B) {
	for _, g := range []*Group{Ristretto255(), P256()} {
		const w = 100
		k := GenerateKey(g, w).Public()
		messages := testPoints(g, rand.New(rand.NewPCG(9, 9)), w)
		r := g.RandomScalar()
		enc := g.AppendCiphertext(nil, k.Encrypt(messages, r))
		b.Run(fmt.Sprintf("group=%s/w=%d/op=encrypt", g.Name(), w), func(b *testing.B) {
			for b.Loop() {
				k.Encrypt(messages, r)
			}
		})
		b.Run(fmt.Sprintf("group=%s/w=%d/op=decode", g.Name(), w), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := g.DecodeCiphertext(enc, w); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
