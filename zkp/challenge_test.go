package zkp

import (
	"crypto/sha3"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

func bigOf(g *elgamal.Group, s kyber.Scalar) *big.Int {
	b := g.AppendScalar(nil, s)
	if g.Name() == "ristretto255" {
		return littleEndian(b)
	}
	return new(big.Int).SetBytes(b)
}

// P10: challenges are as long and as uniform as docs/protocol.md §2 says,
// computed here from SHAKE128 and big integers: modulo q from 16 bytes more than
// q has, or from 64, so that the bias is below 2⁻¹²⁸; and 128 bits of weights.
func TestP10ChallengesFromTheSponge(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		id := [32]byte{1, 2, 3}
		stream := func(n int, absorbed ...[]byte) []byte {
			h := sha3.NewSHAKE128()
			h.Write(append(id[:], make([]byte, 168-32)...))
			for _, b := range absorbed {
				h.Write(b)
			}
			out := make([]byte, n)
			h.Read(out)
			return out
		}
		frame := []byte("\x00\x00\x00\x05label\x00\x00\x00\x07message")
		start := func(framed bool) *dialogue {
			return &dialogue{group: g, sponge: newSponge(id), framed: framed, proof: []byte("message"), at: 7}
		}
		mod := func(b []byte) *big.Int { return new(big.Int).Mod(littleEndian(b), g.Order()) }

		n := g.ScalarLen() + 16
		require.GreaterOrEqual(t, 8*n, g.Order().BitLen()+128)
		require.Zero(t, mod(stream(n, []byte("message"))).Cmp(bigOf(g, start(false).challenge(""))))
		require.Zero(t, mod(stream(n, frame)).Cmp(bigOf(g, start(true).challenge("label"))))
		for i, w := range start(true).weights("label", 5) {
			want := littleEndian(stream(16*5, frame)[16*i : 16*i+16])
			require.Zero(t, want.Cmp(bigOf(g, w)))
		}
		for i, x := range (&Transcript{*start(true)}).Challenges("label", 3) {
			require.Zero(t, mod(stream(64*3, frame)[64*i:64*i+64]).Cmp(bigOf(g, x)))
		}
	})
}

// P10: the challenge of every kind of proof is one of those.
func TestP10ChallengesAreLong(t *testing.T) {
	eachFixture(t, func(t *testing.T, f *fixture) {
		most, full := 0, f.group.Order().BitLen()
		for range 20 {
			proof := f.prove(f.context)
			var e kyber.Scalar
			if r, id, ok := relationOf(t, f.group, f.context, f.statement); ok {
				e = must(r.read(id, proof)).e
			} else if s, ok := f.statement.(OneOf); ok {
				e = must(s.read(must(s.open(f.group, f.context, proof)))).e
			} else {
				b := f.statement.(ballotClaim)
				form := must(b.form(f.group, f.context))
				_, ch := form.read(form.open(b.ballot, proof))
				e, full = ch.e, 128
			}
			most = max(most, bigOf(f.group, e).BitLen())
		}
		require.LessOrEqual(t, most, full)
		require.Greater(t, most, full-20, "20 challenges of %d bits", full)
	})
}
