package mixnet

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/elgamal"
)

// FuzzVerify gives any bytes for a proof: none but the proof itself holds, none
// panics, and every refusal has its reason. That nothing is a shuffle of nothing
// is no secret, and proved by zeros too.
func FuzzVerify(f *testing.F) {
	mixes := []*mixed{
		makeMix(elgamal.Ristretto255(), 1, 0), makeMix(elgamal.Ristretto255(), 2, 1),
		makeMix(elgamal.Ristretto255(), 1, 3), makeMix(elgamal.P256(), 1, 2),
	}
	for i, m := range mixes {
		f.Add(uint8(i), m.proof)
		f.Add(uint8(i), m.proof[1:])
		f.Add(uint8(i), make([]byte, len(m.proof)))
	}
	f.Fuzz(func(t *testing.T, which uint8, proof []byte) {
		m := mixes[int(which)%len(mixes)]
		switch err := m.Verify(ctx, m.place, proof, nil); {
		case err == nil && m.Input.Len() > 0:
			require.Equal(t, m.proof, proof)
		case err != nil && !errors.Is(err, ErrProof) && !errors.Is(err, ErrEncoding):
			t.Fatal(err)
		}
	})
}

// FuzzDecodeList holds that a list has one encoding.
func FuzzDecodeList(f *testing.F) {
	for _, g := range groups() {
		m := makeMix(g, 2, 2)
		f.Add(g.Name() == "P-256", uint8(2), uint8(2), m.Output.Bytes())
	}
	f.Add(false, uint8(1), uint8(0), []byte{})
	f.Fuzz(func(t *testing.T, nist bool, width, count uint8, b []byte) {
		g := elgamal.Ristretto255()
		if nist {
			g = elgamal.P256()
		}
		l, err := DecodeList(ctx, g, int(width), int(count), b, nil)
		if err != nil {
			require.Nil(t, l)
			return
		}
		require.Equal(t, len(b), len(l.Bytes()))
		again := listOf(g, int(width), l.rows)
		require.Equal(t, b, append([]byte{}, again.encoded...))
		require.Equal(t, l.Digest(), again.Digest())
	})
}
