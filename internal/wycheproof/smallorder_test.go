package wycheproof

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"testing"

	"filippo.io/edwards25519"
	"github.com/stretchr/testify/require"
)

// torsion returns the eight points of small order.
func torsion(t *testing.T) []*edwards25519.Point {
	b, err := hex.DecodeString("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
	require.NoError(t, err)
	order8, err := new(edwards25519.Point).SetBytes(b)
	require.NoError(t, err)
	all := []*edwards25519.Point{edwards25519.NewIdentityPoint()}
	for i := range 7 {
		all = append(all, new(edwards25519.Point).Add(all[i], order8))
	}
	for i, p := range all[1:] {
		require.Zero(t, p.Equal(all[0]), "%d", i+1)
	}
	require.Equal(t, 1, new(edwards25519.Point).Add(all[7], order8).Equal(all[0]))
	return all
}

func scalar(t *testing.T, text string) *edwards25519.Scalar {
	wide := sha512.Sum512([]byte(text))
	s, err := new(edwards25519.Scalar).SetUniformBytes(wide[:])
	require.NoError(t, err)
	return s
}

// TestEd25519SmallOrderParts says what verification does where implementations
// differ: keys and commitments with a part of small order. It must hold the
// equation S·B = R + k·A itself, not eight times it, and read encodings as RFC
// 8032 has them, so that nobody reads a signature as valid that another auditor
// refuses. In a batch, or with a cofactor, the answers would be others.
func TestEd25519SmallOrderParts(t *testing.T) {
	points := torsion(t)
	identity := points[0]
	accepted, refused := 0, 0
	for i, ofKey := range points {
		for j, ofR := range points {
			for message := range 16 {
				msg := []byte{byte(message)}
				secret, nonce := scalar(t, fmt.Sprint("key", i)), scalar(t, fmt.Sprint("nonce", i, j, message))
				key := new(edwards25519.Point).Add(new(edwards25519.Point).ScalarBaseMult(secret), ofKey).Bytes()
				r := new(edwards25519.Point).Add(new(edwards25519.Point).ScalarBaseMult(nonce), ofR).Bytes()
				k := scalar(t, string(r)+string(key)+string(msg))
				s := new(edwards25519.Scalar).MultiplyAdd(k, secret, nonce)
				left := new(edwards25519.Point).Add(ofR, new(edwards25519.Point).ScalarMult(k, ofKey)) // what the equation leaves
				holds := left.Equal(identity) == 1
				require.Equal(t, holds, ed25519.Verify(key, msg, append(r, s.Bytes()...)), "key %d, commitment %d, message %d", i, j, message)
				if holds {
					accepted++
				} else {
					refused++
				}
			}
		}
	}
	require.Greater(t, accepted, 64)
	require.Greater(t, refused, 64)
	t.Logf("%d accepted, %d refused", accepted, refused)
}

// TestEd25519Encodings refuses second encodings of the commitment and of S.
func TestEd25519Encodings(t *testing.T) {
	// With an identity for a key, which no policy and no manifest takes, the
	// commitment decides alone: R = identity and S = 0 hold for every message.
	identity := append([]byte{1}, make([]byte, 31)...)
	require.True(t, ed25519.Verify(identity, nil, append(bytes.Clone(identity), make([]byte, 32)...)))
	for _, second := range []string{
		"0100000000000000000000000000000000000000000000000000000000000080", // the sign of x = 0
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // y = p + 1
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	} {
		r, err := hex.DecodeString(second)
		require.NoError(t, err)
		require.False(t, ed25519.Verify(identity, nil, append(r, make([]byte, 32)...)), second)
	}
	order, err := hex.DecodeString("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
	require.NoError(t, err)
	require.False(t, ed25519.Verify(identity, nil, append(bytes.Clone(identity), order...)))
}
