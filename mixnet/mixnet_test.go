package mixnet

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

func TestHonestMixesHold(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		for _, n := range []int{0, 1, 2, 3, 17, 100} {
			for w := 1; w <= 3; w++ {
				if testing.Short() && n == 100 {
					continue
				}
				t.Run(fmt.Sprintf("n=%d/w=%d", n, w), func(t *testing.T) {
					private := elgamal.GenerateKey(g, w)
					rows := make([]elgamal.Ciphertext, n)
					want := map[string]int{}
					for i := range rows {
						rows[i] = private.Public().Encrypt(plaintext(g, w, i%11), g.RandomScalar()) // some are equal
						want[fmt.Sprint(plaintext(g, w, i%11))]++
					}
					s := Statement{Key: private.Public(), Input: listOf(g, w, rows)}
					output, secret, err := Shuffle(ctx, s.Key, s.Input, nil)
					require.NoError(t, err)
					s.Output = output
					proof, err := s.Prove(ctx, testPlace(), secret, nil)
					require.NoError(t, err)
					require.Len(t, proof, ProofLen(g, w, n))
					require.NoError(t, s.Verify(ctx, testPlace(), proof, nil))

					got := map[string]int{}
					for i := range output.Len() {
						plain, err := private.Decrypt(output.Row(i))
						require.NoError(t, err)
						got[fmt.Sprint(plain)]++
					}
					require.Equal(t, want, got)

					proof[0] ^= 2
					require.Error(t, s.Verify(ctx, testPlace(), proof, nil))
				})
			}
		}
	})
}

func TestResultDoesNotDependOnWorkers(t *testing.T) {
	m := makeMix(elgamal.Ristretto255(), 1, 600) // two parts of a sum
	for _, workers := range []int{1, 3} {
		w := newWork(ctx, &Options{Workers: workers}, 0)
		proof, err := m.prove(w, m.place, m.secret, [32]byte{7})
		require.NoError(t, err)
		if workers == 1 {
			m.proof = proof
		}
		require.Equal(t, m.proof, proof)
		require.NoError(t, m.Verify(ctx, m.place, proof, &Options{Workers: workers}))
	}
	m.proof[len(m.proof)-1] ^= 1
	require.ErrorIs(t, m.Verify(ctx, m.place, m.proof, &Options{Workers: 3}), ErrProof)
}

func TestProgressReachesItsTotal(t *testing.T) {
	m := makeMix(elgamal.Ristretto255(), 2, 50)
	o := func(last *[2]int) *Options {
		return &Options{Progress: func(done, total int) {
			require.Greater(t, done, last[0])
			*last = [2]int{done, total}
		}}
	}
	for name, run := range map[string]func(o *Options) error{
		"shuffle": func(o *Options) error { _, _, err := Shuffle(ctx, m.Key, m.Input, o); return err },
		"verify":  func(o *Options) error { return m.Verify(ctx, m.place, m.proof, o) },
		"list":    func(o *Options) error { _, err := NewList(ctx, m.Key.Group, 2, m.Input.rows, o); return err },
		"decode":  func(o *Options) error { _, err := DecodeList(ctx, m.Key.Group, 2, 50, m.Input.Bytes(), o); return err },
	} {
		last := [2]int{}
		require.NoError(t, run(o(&last)), name)
		require.Positive(t, last[1], name)
		require.Equal(t, last[1], last[0], name)
	}
	last := [2]int{}
	_, err := m.Prove(ctx, m.place, m.secret, o(&last))
	require.NoError(t, err)
	require.Positive(t, last[0])
	require.LessOrEqual(t, last[0], last[1])
}

func TestCancelled(t *testing.T) {
	m := makeMix(elgamal.Ristretto255(), 1, 10)
	stopped, stop := context.WithCancel(ctx)
	stop()
	_, _, err := Shuffle(stopped, m.Key, m.Input, nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = m.Prove(stopped, m.place, m.secret, nil)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, m.Verify(stopped, m.place, m.proof, nil), context.Canceled)
	_, err = NewList(stopped, m.Key.Group, 1, m.Input.rows, nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = DecodeList(stopped, m.Key.Group, 1, 10, m.Input.Bytes(), nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestPermutationsAreUniform(t *testing.T) {
	const samples = 12000
	count := map[string]float64{}
	for range samples {
		count[fmt.Sprint(randomPermutation(4))]++
	}
	require.Len(t, count, 24)
	expected := float64(samples) / 24
	for p, n := range count {
		require.Less(t, math.Abs(n-expected), 8*math.Sqrt(expected), p)
	}
	long := randomPermutation(1000)
	require.NotEqual(t, long, randomPermutation(1000))
	slices.Sort(long)
	for i, j := range long {
		require.Equal(t, i, j)
	}
	require.Empty(t, randomPermutation(0))
}

func TestP89SecretIsRedacted(t *testing.T) {
	m := makeMix(elgamal.Ristretto255(), 1, 3)
	for _, s := range []any{m.secret, *m.secret} {
		asJSON, err := json.Marshal(s)
		require.NoError(t, err)
		require.Equal(t, `"redacted"`, string(asJSON))
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		require.Equal(t, "mixnet.Secret(redacted)", fmt.Sprintf(verb, m.secret), verb)
		require.Equal(t, "mixnet.Secret(redacted)", fmt.Sprintf(verb, *m.secret), verb)
		require.Contains(t, fmt.Sprintf(verb, struct{ S Secret }{*m.secret}), "mixnet.Secret(redacted)", verb)
	}
}

func TestGenerators(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		w := newWork(ctx, nil, 0)
		long, err := deriveGenerators(w, otherGroup(g), 20)
		require.NoError(t, err)
		short, err := deriveGenerators(w, otherGroup(g), 3)
		require.NoError(t, err)
		require.Len(t, short, 4)
		seen := map[string]bool{string(g.AppendPoint(nil, g.Base())): true}
		for i, p := range long {
			require.True(t, p.Equal(g.Generator("hanpyo shuffle", i)))
			if i < len(short) {
				require.True(t, p.Equal(short[i]))
			}
			b := string(g.AppendPoint(nil, p))
			require.False(t, seen[b])
			seen[b] = true
		}
	})
}

// No two random scalars of a prover are equal, but for δ₁ = d̃₁: with a₀ = d̃ the
// answers ã and a would tell the order.
func TestMasksAreIndependent(t *testing.T) {
	m := makeMix(elgamal.Ristretto255(), 1, 10)
	cheat(m.Statement, m.place, m.secret, func(after string, p *prover) {
		if after != "masks" {
			return
		}
		seen := map[string]bool{}
		n := 0
		for _, list := range [][]kyber.Scalar{p.d, p.a0, p.delta[1:], {p.ra, p.rb, p.rd, p.sdelta, p.sDelta, p.r0, p.tau0}} {
			for _, x := range list {
				seen[string(p.group.AppendScalar(nil, x))] = true
				n++
			}
		}
		require.Len(t, seen, n)
		require.True(t, p.delta[0].Equal(p.d[0]))
		require.True(t, p.delta[len(p.delta)-1].Equal(p.group.Scalar()))
	})
}

func TestProveRefusesAnotherSecret(t *testing.T) {
	g := elgamal.Ristretto255()
	m, other := makeMix(g, 1, 5), makeMix(g, 1, 5)
	_, err := m.Prove(ctx, m.place, m.secret, nil)
	require.NoError(t, err)
	_, err = m.Prove(ctx, m.place, other.secret, nil)
	require.ErrorIs(t, err, ErrProof)
	_, err = m.Prove(ctx, m.place, nil, nil)
	require.ErrorIs(t, err, ErrProof)
	_, err = Statement{m.Key, m.Input, nil}.Prove(ctx, m.place, m.secret, nil)
	require.ErrorIs(t, err, ErrShape)
}

func TestLists(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		m := makeMix(g, 2, 3)
		l := m.Input
		b := l.Bytes()
		again, err := DecodeList(ctx, g, 2, 3, b, nil)
		require.NoError(t, err)
		require.Equal(t, l.Digest(), again.Digest())
		require.Equal(t, b, again.Bytes())
		require.Equal(t, 3, again.Len())
		require.Equal(t, 2, again.Width())
		require.True(t, again.Row(1).B[1].Equal(l.Row(1).B[1]))

		n := g.PointLen()
		bad := func(edit func(b []byte)) []byte {
			c := slices.Clone(b)
			edit(c)
			return c
		}
		identity := g.AppendPoint(nil, g.Point())
		for name, c := range map[string]struct {
			bytes  []byte
			width  int
			count  int
			reason error
		}{
			"one byte less":      {b[:len(b)-1], 2, 3, ErrEncoding},
			"one byte more":      {append(slices.Clone(b), 0), 2, 3, ErrEncoding},
			"one row less":       {b[:6*n], 2, 3, ErrEncoding},
			"another count":      {b, 2, 4, ErrEncoding},
			"another width":      {b, 1, 3, ErrEncoding},
			"no width":           {b, 0, 3, ErrShape},
			"negative width":     {b, -1, 3, ErrShape},
			"negative count":     {b, 2, -1, ErrLimit},
			"too many rows":      {b, 2, MaxRows + 1, ErrLimit},
			"malformed A":        {bad(func(b []byte) { copy(b[3*n:], slices.Repeat([]byte{0xff}, n)) }), 2, 3, ErrEncoding},
			"malformed B":        {bad(func(b []byte) { copy(b[5*n:], slices.Repeat([]byte{0xff}, n)) }), 2, 3, ErrEncoding},
			"A is the identity":  {bad(func(b []byte) { copy(b[3*n:], identity) }), 2, 3, ErrGroup},
			"no row of one wide": {nil, 1, 1, ErrEncoding},
		} {
			_, err := DecodeList(ctx, g, c.width, c.count, c.bytes, nil)
			require.ErrorIs(t, err, c.reason, name)
		}
		_, err = DecodeList(ctx, g, 2, 3, bad(func(b []byte) { copy(b[4*n:], identity) }), nil)
		require.NoError(t, err, "a B may be the identity")
		_, err = DecodeList(ctx, nil, 2, 3, b, nil)
		require.ErrorIs(t, err, ErrGroup)

		other := groups()[0]
		if other == g {
			other = groups()[1]
		}
		for name, c := range map[string]struct {
			row    elgamal.Ciphertext
			reason error
		}{
			"ragged":            {elgamal.Ciphertext{A: g.Base(), B: []kyber.Point{g.Base()}}, ErrShape},
			"nil A":             {elgamal.Ciphertext{B: []kyber.Point{g.Base(), g.Base()}}, ErrGroup},
			"nil B":             {elgamal.Ciphertext{A: g.Base(), B: []kyber.Point{g.Base(), nil}}, ErrGroup},
			"other group":       {elgamal.Ciphertext{A: g.Base(), B: []kyber.Point{g.Base(), other.Base()}}, ErrGroup},
			"A is the identity": {elgamal.Ciphertext{A: g.Point(), B: []kyber.Point{g.Base(), g.Base()}}, ErrGroup},
		} {
			_, err := NewList(ctx, g, 2, []elgamal.Ciphertext{l.Row(0), c.row}, nil)
			require.ErrorIs(t, err, c.reason, name)
		}

		digests := map[[32]byte]bool{l.Digest(): true}
		for _, o := range []*List{
			listOf(g, 2, nil), listOf(g, 1, nil), listOf(other, 1, nil), listOf(g, 2, l.rows[:2]),
			edited(l, func(r []elgamal.Ciphertext) { r[0], r[1] = r[1], r[0] }),
			edited(l, func(r []elgamal.Ciphertext) { r[2].B[1] = g.Base() }),
		} {
			require.False(t, digests[o.Digest()])
			digests[o.Digest()] = true
		}
	})
}
