package attacks

import (
	"bytes"
	"crypto/elliptic"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/reason"
)

// eachMessage runs a test on every kind of message that carries elements of the
// group, of every fixture.
func eachMessage(t *testing.T, test func(t *testing.T, f *fixture, m *message)) {
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		for _, m := range f.messages(t) {
			t.Run(m.name, func(t *testing.T) { test(t, f, m) })
		}
	})
}

// variants are changed bodies, each with the reason for which it is refused.
type variants struct {
	bodies [][]byte
	wants  []error
	names  []string
}

func (v *variants) add(want error, body []byte, name string, args ...any) {
	v.bodies, v.wants, v.names = append(v.bodies, body), append(v.wants, want), append(v.names, fmt.Sprintf(name, args...))
}

// requireRefused requires that every one of them is refused for its reason.
func (v *variants) requireRefused(t *testing.T, m *message) {
	t.Helper()
	require.NotEmpty(t, v.bodies)
	for i, err := range m.read(t, v.bodies) {
		requireReason(t, v.wants[i], err, "%s: %s", m.name, v.names[i])
	}
}

// encode writes an integer as the group writes scalars.
func encode(g *elgamal.Group, v *big.Int) []byte {
	b := v.FillBytes(make([]byte, g.ScalarLen()))
	if g.Name() == "ristretto255" {
		slices.Reverse(b)
	}
	return b
}

func decode(g *elgamal.Group, b []byte) *big.Int {
	b = bytes.Clone(b)
	if g.Name() == "ristretto255" {
		slices.Reverse(b)
	}
	return new(big.Int).SetBytes(b)
}

// Every scalar of every message has one encoding.
func TestP05ScalarMalleability(t *testing.T) {
	eachMessage(t, func(t *testing.T, f *fixture, m *message) {
		g, q := f.Group, f.Group.Order()
		var v variants
		for _, x := range m.some() {
			if !x.scalar {
				continue
			}
			z := decode(g, f.bytesOf(m, x))
			all := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
			for name, n := range map[string]*big.Int{
				"q": q, "q + 1": new(big.Int).Add(q, big.NewInt(1)), "z + q": new(big.Int).Add(z, q), "all ones": all,
			} {
				if n.BitLen() <= 256 {
					v.add(reason.ErrEncoding, m.with(x, encode(g, n)), "%s at %d: %s", x.name, x.at, name)
				}
			}
			v.add(reason.ErrProof, m.with(x, encode(g, z.Sub(q, z))), "%s at %d: negative", x.name, x.at)
		}
		if v.bodies == nil {
			return // it has no scalar
		}
		v.requireRefused(t, m)
	})
}

// Proofs of nothing: zeros, and the identity or 0 in any place.
func TestP07Degenerate(t *testing.T) {
	eachMessage(t, func(t *testing.T, f *fixture, m *message) {
		var v variants
		for _, x := range m.some() {
			if zero := make([]byte, len(f.bytesOf(m, x))); x.scalar {
				v.add(reason.ErrProof, m.with(x, zero), "%s at %d is 0", x.name, x.at)
			} else {
				v.add(x.identity, m.with(x, zero), "%s at %d is the identity", x.name, x.at)
			}
		}
		zeros := bytes.Clone(m.body)
		for _, x := range m.fields {
			clear(zeros[x.at : x.at+len(f.bytesOf(m, x))])
		}
		want := reason.ErrGroup
		if m.name == "share of a sum" {
			want = reason.ErrProof // a sum may be the identity, and its decryption then is
		}
		v.add(want, zeros, "all zeros")
		v.requireRefused(t, m)
	})
}

// Nothing may stand behind a message, and nothing may be missing.
func TestP12TrailingBytes(t *testing.T) {
	eachMessage(t, func(t *testing.T, f *fixture, m *message) {
		var v variants
		for n := 1; n <= 64; n++ {
			if testing.Short() && n > 4 && n < 64 {
				continue
			}
			v.add(reason.ErrEncoding, append(bytes.Clone(m.body), make([]byte, n)...), "%d more", n)
			if n < 4 {
				v.add(reason.ErrEncoding, m.body[:len(m.body)-n], "%d fewer", n)
			}
		}
		v.requireRefused(t, m)
	})
	// Nor behind the entry that carries it.
	eachElection(t, func(t *testing.T, f *fixture) {
		log, box := f.open(t)
		data := f.vote(t, f.voter(2), f.votes[2]).Bytes()
		for n := 1; n <= 64; n++ {
			requireRefused(t, reason.ErrEncoding, log, box, append(bytes.Clone(data), make([]byte, n)...))
		}
		_, err := box.CastBytes(t.Context(), data)
		require.NoError(t, err, "control")
	})
}

// notPoints are encodings of P-256 that are none, in 33 bytes.
func notPoints(t *testing.T) (list [][]byte) {
	p := elliptic.P256().Params().P
	x := new(big.Int)
	for x.SetInt64(1); ; x.Add(x, big.NewInt(1)) { // no point has this x
		if px, _ := elliptic.UnmarshalCompressed(elliptic.P256(), append([]byte{2}, x.FillBytes(make([]byte, 32))...)); px == nil {
			break
		}
	}
	at := func(prefix byte, x *big.Int) []byte { return append([]byte{prefix}, x.FillBytes(make([]byte, 32))...) }
	small := new(big.Int).Add(p, big.NewInt(5)) // the x of a point, plus p
	base := elliptic.P256().Params().Gx
	for _, prefix := range []byte{2, 3} {
		list = append(list, at(prefix, x), at(prefix, p), at(prefix, small), append([]byte{prefix}, bytes.Repeat([]byte{0xff}, 32)...))
	}
	for _, prefix := range []byte{0, 1, 4, 5, 6, 7, 0x82, 0xff} {
		list = append(list, at(prefix, base))
	}
	// The identity has one form, of zeros.
	return append(list, at(1, new(big.Int)), at(4, new(big.Int)), at(6, new(big.Int)))
}

// P17: what is no point of P-256 is none wherever it comes in.
func TestP17PointsOfP256(t *testing.T) {
	f := honest(t, elgamal.P256(), true)
	bad := notPoints(t)
	for _, m := range f.messages(t) {
		var v variants
		for i, x := range m.some() {
			if x.scalar {
				continue
			}
			for k, b := range bad {
				if i == 0 || k%7 == i%7 {
					v.add(reason.ErrEncoding, m.with(x, b), "%s at %d: %x", x.name, x.at, b)
				}
			}
		}
		v.requireRefused(t, m)
	}
	// Nor in other lengths, where something has none of its own.
	base := elliptic.P256().Params()
	whole := slices.Concat([]byte{4}, base.Gx.FillBytes(make([]byte, 32)), base.Gy.FillBytes(make([]byte, 32)))
	for _, b := range [][]byte{nil, {0}, whole, whole[:64], append(bytes.Clone(whole), 0), make([]byte, 65)} {
		_, err := f.Group.DecodePointOrIdentity(b)
		requireReason(t, reason.ErrEncoding, err)
		_, err = ballot.NewRoll(f.Manifest, []ballot.RollLine{{Key: b, Weight: 1}})
		requireReason(t, reason.ErrEncoding, err)
		_, err = ballot.ParseVoterKey(f.Group, b)
		requireReason(t, reason.ErrEncoding, err)
	}
}

// notElements are the invalid encodings of RFC 9496, Appendix A.2: not
// canonical, negative, of no point, of points with a negative product, and zero.
var notElements = []string{
	"00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
	"c34c4e1826e5d403b78e246e88aa051c36ccf0aafebffe137d148a2bf9104562",
	"c940e5a4404157cfb1628b108db051a8d439e1a421394ec4ebccb9ec92a8ac78",
	"47cfc5497c53dc8e61c91d17fd626ffb1c49e2bca94eed052281b510b1117a24",
	"f1c6165d33367351b0da8f6e4511010c68174a03b6581212c71c0e1d026c3c72",
	"87260f7a2f12495118360f02c26a470f450dadf34a413d21042b43b9d93e1309",
	"26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
	"4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f",
	"de6a7b00deadc788eb6b6c8d20c0ae96c2f2019078fa604fee5b87d6e989ad7b",
	"bcab477be20861e01e4a0e295284146a510150d9817763caf1a6f4b422d67042",
	"2a292df7e32cababbd9de088d1d1abec9fc0440f637ed2fba145094dc14bea08",
	"f4a9e534fc0d216c44b218fa0c42d99635a0127ee2e53c712f70609649fdff22",
	"8268436f8c4126196cf64b3c7ddbda90746a378625f9813dd9b8457077256731",
	"2810e5cbc2cc4d4eece54f61c6f69758e289aa7ab440b3cbeaa21995c2f4232b",
	"3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
	"a45fdc55c76448c049a1ab33f17023edfb2be3581e9c7aade8a6125215e04220",
	"d483fe813c6ba647ebbfd3ec41adca1c6130c2beeee9d9bf065c8d151c5f396e",
	"8a2e1d30050198c65a54483123960ccc38aef6848e1ec8f5f780e8523769ba32",
	"32888462f8b486c68ad7dd9610be5192bbeaf3b443951ac1a8118419d9fa097b",
	"227142501b9d4355ccba290404bde41575b037693cef1f438c47f8fbf35d1165",
	"5c37cc491da847cfeb9281d407efc41e15144c876e0170b499a96a22ed31e01e",
	"445425117cb8c90edcbc7c1cc0e74f747f2c1efa5630a967c64f287792a48a4b",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
}

// P18: what is no element of ristretto255 is none wherever it comes in.
func TestP18ElementsOfRistretto255(t *testing.T) {
	require.Len(t, notElements, 29)
	f := honest(t, elgamal.Ristretto255(), true)
	for _, m := range f.messages(t) {
		var v variants
		for i, x := range m.some() {
			if x.scalar {
				continue
			}
			for k, s := range notElements {
				b, err := hex.DecodeString(s)
				require.NoError(t, err)
				if i == 0 || k%7 == i%7 {
					v.add(reason.ErrEncoding, m.with(x, b), "%s at %d: %s", x.name, x.at, s)
				}
			}
		}
		v.requireRefused(t, m)
	}
}

// P19: at every ingress, every element of every message is checked to be one of
// the group, and not to be the identity where no honest party sends that. Groups
// of both kinds have prime order, so that what decodes has no part of small order.
func TestP19EveryIngress(t *testing.T) {
	eachMessage(t, func(t *testing.T, f *fixture, m *message) {
		var v variants
		outside := map[string][]byte{}
		if f.Group.Name() == "P-256" {
			outside["off the curve"] = notPoints(t)[0]
		} else {
			outside["of no point"], _ = hex.DecodeString(notElements[12])
			// Of the points of order 2 and 4 of the curve, in its own encoding.
			outside["of order 2"], _ = hex.DecodeString(notElements[28])
		}
		for _, x := range m.fields {
			if x.scalar {
				continue
			}
			v.add(x.identity, m.with(x, f.Group.AppendPoint(nil, f.Group.Point())), "%s at %d: the identity", x.name, x.at)
			for name, b := range outside {
				v.add(reason.ErrEncoding, m.with(x, b), "%s at %d: %s", x.name, x.at, name)
			}
		}
		v.requireRefused(t, m)
	})
}
