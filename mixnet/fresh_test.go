package mixnet

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// Two shuffles of one list have nothing in common: neither the order, as who
// decrypts sees it, nor any randomness, nor the proof.
func TestShufflesAreFresh(t *testing.T) {
	const n = 50
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		m := makeMix(g, 1, n)
		at := make(map[string]int)
		unshuffled := make([]int, n)
		for i := range n {
			at[string(g.AppendPoint(nil, plaintext(g, 1, i)[0]))] = i
			unshuffled[i] = i
		}
		orders, masks := [][]int{unshuffled}, make(map[string]bool)
		var outputs []*List
		for range 2 {
			output, secret, err := Shuffle(ctx, m.Key, m.Input, nil)
			require.NoError(t, err)
			order := make([]int, n)
			for i := range order {
				plain, err := m.private.Decrypt(output.Row(i))
				require.NoError(t, err)
				order[i] = at[string(g.AppendPoint(nil, plain[0]))]
				mask := g.Point().Sub(output.Row(i).A, m.Input.Row(order[i]).A) // ρᵢ·G
				masks[string(g.AppendPoint(nil, mask))] = true
			}
			require.Equal(t, secret.permutation, order)
			for _, other := range orders {
				require.NotEqual(t, other, order)
			}
			orders, outputs = append(orders, order), append(outputs, output)

			s := Statement{m.Key, m.Input, output}
			first, err := s.Prove(ctx, m.place, secret, nil)
			require.NoError(t, err)
			second, err := s.Prove(ctx, m.place, secret, nil)
			require.NoError(t, err)
			require.NotEqual(t, first[:g.PointLen()], second[:g.PointLen()], "c_a of two proofs from one secret")
			require.NoError(t, s.Verify(ctx, m.place, first, nil))
			require.NoError(t, s.Verify(ctx, m.place, second, nil))
		}
		require.Len(t, masks, 2*n)
		require.NotEqual(t, outputs[0].Digest(), outputs[1].Digest())
	})
}

// The weights of a verifier have 128 random bits, and no two are equal.
func TestP10WeightsAreLong(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		const n = 200
		bits, distinct := make([]byte, g.ScalarLen()), make(map[string]bool)
		for _, weights := range [][]kyber.Scalar{secretWeights(g, n), secretWeights(g, n)} {
			require.Len(t, weights, n)
			for _, w := range weights {
				b := g.AppendScalar(nil, w)
				distinct[string(b)] = true
				for i := range b {
					bits[i] |= b[i]
				}
			}
		}
		require.Len(t, distinct, 2*n)
		slices.Sort(bits) // in some groups the first byte is the least, in some the last
		require.Equal(t, append(make([]byte, g.ScalarLen()-16), slices.Repeat([]byte{0xff}, 16)...), bits)
	})
}

// A secret is of one input and one output.
func TestSecretOfOtherLists(t *testing.T) {
	m := makeMix(elgamal.Ristretto255(), 1, 5)
	other := edited(m.Input, func(r []elgamal.Ciphertext) { r[0], r[1] = r[1], r[0] })
	another := edited(m.Output, func(r []elgamal.Ciphertext) { r[0], r[1] = r[1], r[0] })
	for name, s := range map[string]Statement{
		"input":  {m.Key, other, m.Output},
		"output": {m.Key, m.Input, another},
	} {
		_, err := s.Prove(ctx, m.place, m.secret, nil)
		require.ErrorIs(t, err, ErrProof, name)
	}
}

// A list shares no bytes with who has given them to it or has asked for them.
func TestListsKeepTheirBytes(t *testing.T) {
	m := makeMix(elgamal.Ristretto255(), 1, 3)
	want := m.Input.Bytes()
	given := m.Input.Bytes()
	l, err := DecodeList(ctx, m.Key.Group, 1, 3, given, nil)
	require.NoError(t, err)
	given[0] ^= 1
	require.Equal(t, want, l.Bytes())
	l.Bytes()[0] ^= 1
	require.Equal(t, want, l.Bytes())
	require.Equal(t, string(want[:m.Key.Group.PointLen()]), l.encodedA(0))
}

// Of the numbers below 3·2⁶² a third is below 2⁶², and not the half that comes
// out when nothing is thrown away.
func TestRandomBelowIsUniform(t *testing.T) {
	const n, samples = 3 << 62, 3000
	low := 0
	for range samples {
		v := randomBelow(n)
		require.Less(t, v, uint64(n))
		if v < n/3 {
			low++
		}
	}
	require.InDelta(t, samples/3, low, 250) // more than nine standard deviations
}

// Of several errors the one of the first part is returned, whichever came first.
func TestFirstErrorInOrder(t *testing.T) {
	later := make(chan struct{})
	w := newWork(ctx, &Options{Workers: 2}, 0)
	err := w.each(30, 10, func(lo, hi int) error {
		switch lo {
		case 10:
			defer close(later)
		case 0:
			<-later
		}
		return fmt.Errorf("rows from %d", lo)
	})
	require.EqualError(t, err, "rows from 0")
}
