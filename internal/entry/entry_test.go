package entry

import (
	"bytes"
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/internal/reason"
)

func key(i byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{i}, ed25519.SeedSize))
}

func public(keys ...ed25519.PrivateKey) (list []ed25519.PublicKey) {
	for _, k := range keys {
		list = append(list, k.Public().(ed25519.PublicKey))
	}
	return list
}

func signed() *Envelope {
	e := &Envelope{Kind: Open, Election: Hash{1}, Time: 1_800_000_000, Body: []byte("body")}
	for i := range byte(3) {
		e.Sign(key(i))
	}
	return e
}

func TestEnvelopeRoundTrip(t *testing.T) {
	e := signed()
	e.Sign(key(1)) // a second time changes nothing
	require.Len(t, e.Signatures, 3)
	p, err := Parse(e.Bytes())
	require.NoError(t, err)
	require.Equal(t, e, p)
	require.NoError(t, p.CheckSigned(public(key(0), key(1), key(2), key(3)), 3))
}

func TestP83ParseRefuses(t *testing.T) {
	whole := signed().Bytes()
	for n := range whole {
		_, err := Parse(whole[:n])
		require.ErrorIs(t, err, reason.ErrEncoding, "cut to %d bytes", n)
	}
	signatures := len(whole) - 3*(32+64)
	for desc, c := range map[string]struct {
		change func([]byte) []byte
		want   error
	}{
		"another version":      {func(b []byte) []byte { b[0]++; return b }, reason.ErrVersion},
		"kind 0":               {func(b []byte) []byte { b[1] = 0; return b }, reason.ErrEncoding},
		"unknown kind":         {func(b []byte) []byte { b[1] = byte(lastKind) + 1; return b }, reason.ErrEncoding},
		"trailing byte":        {func(b []byte) []byte { return append(b, 0) }, reason.ErrEncoding},
		"body length of 4 GiB": {func(b []byte) []byte { b[42] = 0xff; return b }, reason.ErrLimit},
		"too many signatures":  {func(b []byte) []byte { b[signatures-1] = MaxSignatures + 1; return b }, reason.ErrLimit},
		"a signature twice":    {func(b []byte) []byte { copy(b[signatures+96:], b[signatures:signatures+96]); return b }, reason.ErrEncoding},
		"signatures out of order": {func(b []byte) []byte {
			first := bytes.Clone(b[signatures : signatures+96])
			copy(b[signatures:], b[signatures+96:signatures+192])
			copy(b[signatures+96:], first)
			return b
		}, reason.ErrEncoding},
	} {
		p, err := Parse(c.change(bytes.Clone(whole)))
		require.ErrorIs(t, err, c.want, desc)
		require.Nil(t, p, desc)
	}
}

func TestSignaturesCoverEveryField(t *testing.T) {
	keys := public(key(0), key(1), key(2))
	for desc, change := range map[string]func(*Envelope){
		"kind":      func(e *Envelope) { e.Kind = Close },
		"election":  func(e *Envelope) { e.Election[31]++ },
		"time":      func(e *Envelope) { e.Time++ },
		"body":      func(e *Envelope) { e.Body = []byte("bodY") },
		"signature": func(e *Envelope) { e.Signatures[1].Sig[0] ^= 1 },
	} {
		e := signed()
		change(e)
		require.ErrorIs(t, e.CheckSigned(keys, 3), reason.ErrSignature, desc)
	}
	require.ErrorIs(t, signed().CheckSigned(keys[:2], 2), reason.ErrSignature, "a signer too many")
	require.ErrorIs(t, signed().CheckSigned(append(keys, public(key(3))...), 4), reason.ErrQuorum)
}

func FuzzParse(f *testing.F) {
	f.Add(signed().Bytes())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := Parse(data)
		if err != nil {
			require.Nil(t, e)
			return
		}
		require.Equal(t, data, e.Bytes())
	})
}
