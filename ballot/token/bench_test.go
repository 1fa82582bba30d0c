package token_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/internal/tokentest"
)

func BenchmarkVerify(b *testing.B) {
	s := newSession(b, 0, aContext(city), "K")
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := s.key.Verify(s.message, s.result); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkSign(b *testing.B) {
	for b.Loop() {
		_, err := tokentest.Key(0).Sign(blinded(1))
		require.NoError(b, err)
	}
}

func BenchmarkParsePublicKey(b *testing.B) {
	encoded := publicKey(b, 0, aContext(city)).Bytes()
	for b.Loop() {
		_, err := token.ParsePublicKey(encoded, aContext(city))
		require.NoError(b, err)
	}
}

func BenchmarkRequest(b *testing.B) {
	pk := publicKey(b, 0, aContext(city))
	for b.Loop() {
		_, err := token.NewRequest(pk, []byte("message"))
		require.NoError(b, err)
	}
}
