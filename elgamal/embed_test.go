package elgamal

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEmbedExtract(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		rounds := 60
		if testing.Short() {
			rounds = 10
		}
		rng := rand.NewChaCha8([32]byte{7})
		for i := range rounds {
			b := make([]byte, EmbedLen)
			switch i {
			case 0: // zeros
			case 1:
				b = bytes.Repeat([]byte{0xff}, EmbedLen)
			default:
				rng.Read(b)
			}
			p, err := Embed(g, b)
			require.NoError(t, err)
			require.False(t, g.IsIdentity(p))
			again, err := Embed(g, bytes.Clone(b))
			require.NoError(t, err)
			require.True(t, p.Equal(again), "not deterministic")
			decoded, err := g.DecodePoint(g.AppendPoint(nil, p))
			require.NoError(t, err)
			got, err := Extract(g, decoded)
			require.NoError(t, err)
			require.Equal(t, b, got)
		}
	})
}

// TestEmbedIsPinned holds the layout: a change breaks every mixed ballot that
// was ever cast.
func TestEmbedIsPinned(t *testing.T) {
	for name, want := range map[string]string{
		"ristretto255": "08007477656e74792d6e696e65206279746573206f6620612062616c6c6f741d",
		"P-256":        "021d7477656e74792d6e696e65206279746573206f6620612062616c6c6f740000",
	} {
		g, err := GroupByName(name)
		require.NoError(t, err)
		p, err := Embed(g, []byte("twenty-nine bytes of a ballot"))
		require.NoError(t, err)
		require.Equal(t, want, hex.EncodeToString(g.AppendPoint(nil, p)))
	}
}

func TestEmbedRefusesLengths(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		_, err := Embed(g, make([]byte, EmbedLen))
		require.NoError(t, err)
		for _, n := range []int{0, 1, EmbedLen - 1, EmbedLen + 1, 64} {
			p, err := Embed(g, make([]byte, n))
			require.ErrorIs(t, err, ErrShape)
			require.Nil(t, p)
		}
	})
}

// TestExtractRefusesOtherCounters embeds with every later counter: each is a
// point that carries the bytes, and would be a mark on the ballot.
func TestExtractRefusesOtherCounters(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		data := bytes.Repeat([]byte{0x42}, EmbedLen)
		p, err := Embed(g, data)
		require.NoError(t, err)
		lowest := g.AppendPoint(nil, p)
		low := 0 // where the encoding's counter has its low byte
		if g == P256() {
			low = len(lowest) - 1
		}
		refused := 0
		for v := range 256 {
			b := bytes.Clone(lowest)
			b[low] = byte(v)
			q, err := g.DecodePoint(b)
			if err != nil || bytes.Equal(b, lowest) {
				continue
			}
			raw, err := q.Data()
			require.NoError(t, err)
			require.Equal(t, data, raw, "the other point does not carry the same bytes")
			_, err = Extract(g, q)
			require.ErrorIs(t, err, ErrEncoding)
			refused++
		}
		require.Greater(t, refused, 10)
	})
}

func TestExtractRefusesPoints(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		p, err := Embed(g, make([]byte, EmbedLen))
		require.NoError(t, err)
		_, err = Extract(g, p)
		require.NoError(t, err)
		_, err = Extract(g, g.Point().Neg(p))
		require.ErrorIs(t, err, ErrEncoding)
		_, err = Extract(g, g.Base())
		require.ErrorIs(t, err, ErrEncoding)
		_, err = Extract(g, g.Point())
		require.ErrorIs(t, err, ErrEncoding)
		_, err = Extract(g, nil)
		require.ErrorIs(t, err, ErrGroup)
		_, err = Extract(g, otherGroup(g).Base())
		require.ErrorIs(t, err, ErrGroup)
		// Fewer bytes than a whole point carries.
		short := g.codec.(embedder).EmbedLowest([]byte("short"))
		raw, err := short.Data()
		require.NoError(t, err)
		require.Equal(t, "short", string(raw))
		_, err = Extract(g, short)
		require.ErrorIs(t, err, ErrEncoding)
	})
}

func FuzzEmbed(f *testing.F) {
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff}, EmbedLen))
	for _, g := range []*Group{Ristretto255(), P256()} {
		p, err := Embed(g, make([]byte, EmbedLen))
		require.NoError(f, err)
		f.Add(g.AppendPoint(nil, p))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		data := make([]byte, EmbedLen)
		copy(data, b)
		for _, g := range []*Group{Ristretto255(), P256()} {
			p, err := Embed(g, data)
			require.NoError(t, err)
			got, err := Extract(g, p)
			require.NoError(t, err)
			require.Equal(t, data, got)
			// Any point that is accepted is the one that Embed makes.
			q, err := g.DecodePointOrIdentity(b)
			if err != nil {
				continue
			}
			if got, err := Extract(g, q); err == nil {
				p, err := Embed(g, got)
				require.NoError(t, err)
				require.True(t, p.Equal(q))
			} else {
				require.ErrorIs(t, err, ErrEncoding)
			}
		}
	})
}
