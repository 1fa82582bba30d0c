package token_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/internal/tokentest"
)

func FuzzParsePublicKey(f *testing.F) {
	good := publicKey(f, 0, aContext(city)).Bytes()
	f.Add(good)
	f.Add(good[:token.Size])
	f.Add(slices.Concat(good[:token.Size], make([]byte, token.PublicKeySize-token.Size)))
	f.Fuzz(func(t *testing.T, b []byte) {
		pk, err := token.ParsePublicKey(b, aContext(city))
		if err != nil {
			require.Nil(t, pk)
			return
		}
		require.Equal(t, b, pk.Bytes())
	})
}

func FuzzParseIssuerKey(f *testing.F) {
	good := tokentest.Key(0).Bytes()
	f.Add(good)
	f.Add(slices.Concat(good[token.Size/2:], good[:token.Size/2]))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := token.ParseIssuerKey(b)
		if err != nil {
			require.Nil(t, k)
			return
		}
		require.Equal(t, b, k.Bytes())
	})
}

func FuzzParseRequest(f *testing.F) {
	s := newSession(f, 0, aContext(city), "K")
	good := s.request.Bytes()
	f.Add(good)
	f.Add(good[:len(good)-32])
	f.Add(append([]byte{0xff, 0xff, 0xff, 0xff}, good...))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := token.ParseRequest(s.key, b)
		if err != nil {
			require.Nil(t, r)
			return
		}
		require.Equal(t, b, r.Bytes())
	})
}

func FuzzRecord(f *testing.F) {
	f.Add(token.BeginRecord([16]byte{1}, deskKeys(f)))
	f.Add(token.IssueRecord(1, subject(1), [32]byte{1}))
	f.Add(token.EndRecord())
	f.Add([]byte{2, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		again, err := token.RewriteRecord(b)
		if err == nil {
			require.Equal(t, b, again)
		}
	})
}

func FuzzToken(f *testing.F) {
	s := newSession(f, 0, aContext(city), "K")
	f.Add(s.message, s.result)
	f.Add([]byte{}, s.answer)
	f.Add(s.message, []byte{})
	f.Fuzz(func(t *testing.T, message, b []byte) {
		if s.key.Verify(message, b) == nil {
			require.Equal(t, s.message, message)
			require.Len(t, b, token.Size)
		}
		if got, err := s.request.Finish(b); err == nil {
			require.NoError(t, s.key.Verify(s.message, got))
		}
	})
}

func FuzzSign(f *testing.F) {
	key, pk := tokentest.Key(0), publicKey(f, 0, aContext(city))
	f.Add(blinded(1))
	f.Add(bytesOf(one))
	f.Add(make([]byte, token.Size))
	f.Add(bytesOf(modulus(pk)))
	f.Fuzz(func(t *testing.T, b []byte) {
		answer, err := key.Sign(b)
		if err != nil {
			require.Nil(t, answer)
			return
		}
		root := number(answer)
		require.Equal(t, b, bytesOf(root.Exp(root, e, modulus(pk))))
	})
}
