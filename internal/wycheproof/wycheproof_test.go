package wycheproof

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"math/big"
	"slices"
	"testing"

	"github.com/c2sp/wycheproof"
	"github.com/cloudflare/circl/blindsign/blindrsa"
	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/elgamal"
)

// octets are bytes that JSON has in hexadecimal.
type octets []byte

func (o *octets) UnmarshalText(text []byte) (err error) {
	*o, err = hex.DecodeString(string(text))
	return err
}

type vector struct {
	TcID            int
	Comment, Result string
	Flags           []string

	Public, Private, Shared octets // ECDH
	Msg, Sig                octets // signatures
}

type vectors struct {
	NumberOfTests int
	TestGroups    []struct {
		PublicKeyDer octets
		Tests        []vector
	}
}

// load reads a file of vectors, all of which must be there.
func load(t *testing.T, name string) vectors {
	data, err := fs.ReadFile(wycheproof.TestVectors, name)
	require.NoError(t, err)
	var v vectors
	require.NoError(t, json.Unmarshal(data, &v))
	n := 0
	for _, g := range v.TestGroups {
		n += len(g.Tests)
	}
	require.Equal(t, v.NumberOfTests, n)
	require.NotZero(t, n)
	return v
}

// compress returns the one encoding of a point that package elgamal reads, of
// any that SEC 1 gives it.
func compress(point []byte) []byte {
	if len(point) == 65 && point[0] == 4 {
		return append([]byte{2 + point[64]&1}, point[1:33]...)
	}
	return point
}

// TestP256 multiplies the points of all vectors. Those in the uncompressed
// form are never read as they are.
func TestP256(t *testing.T) {
	g := elgamal.P256()
	multiplied, refused := 0, 0
	for _, group := range load(t, "ecdh_secp256r1_ecpoint_test.json").TestGroups {
		for _, v := range group.Tests {
			_, err := g.DecodePoint(v.Public)
			if len(v.Public) != g.PointLen() {
				require.ErrorIs(t, err, elgamal.ErrEncoding, "%d %s", v.TcID, v.Comment)
			}
			if v.Result == "invalid" {
				require.Error(t, err, "%d %s", v.TcID, v.Comment)
				require.True(t, errors.Is(err, elgamal.ErrEncoding) || errors.Is(err, elgamal.ErrGroup), "%d %v", v.TcID, err)
				refused++
				continue
			}
			p, err := g.DecodePoint(compress(v.Public))
			require.NoError(t, err, "%d %s", v.TcID, v.Comment)
			secret := new(big.Int).SetBytes(v.Private)
			s, err := g.DecodeScalar(secret.FillBytes(make([]byte, g.ScalarLen())))
			require.NoError(t, err, "%d %s", v.TcID, v.Comment)
			shared := g.AppendPoint(nil, g.Point().Mul(s, p))
			require.Equal(t, []byte(v.Shared), shared[1:], "%d %s", v.TcID, v.Comment)
			multiplied++
		}
	}
	require.NotZero(t, multiplied)
	require.NotZero(t, refused)
	t.Logf("%d points multiplied, %d refused", multiplied, refused)
}

// signatures checks every vector of a file by verify, which is given the public
// key as x509 reads it.
func signatures(t *testing.T, name string, verify func(key any, msg, sig []byte) bool) {
	accepted, refused := 0, 0
	for _, group := range load(t, name).TestGroups {
		key, err := x509.ParsePKIXPublicKey(group.PublicKeyDer)
		require.NoError(t, err)
		for _, v := range group.Tests {
			if v.Result == "acceptable" {
				continue
			}
			ok := verify(key, v.Msg, v.Sig)
			require.Equal(t, v.Result == "valid", ok, "%d %s %v", v.TcID, v.Comment, v.Flags)
			if ok {
				accepted++
			} else {
				refused++
			}
		}
	}
	require.NotZero(t, accepted)
	require.NotZero(t, refused)
	t.Logf("%d accepted, %d refused", accepted, refused)
}

// TestEd25519 is about what verifies entries, checkpoints and cosignatures.
func TestEd25519(t *testing.T) {
	signatures(t, "ed25519_test.json", func(key any, msg, sig []byte) bool {
		return ed25519.Verify(key.(ed25519.PublicKey), msg, sig)
	})
}

// TestECDSA is about what verifies digital identities: signatures of two numbers
// of 32 bytes, as JOSE and COSE have them.
func TestECDSA(t *testing.T) {
	signatures(t, "ecdsa_secp256r1_sha256_p1363_test.json", func(key any, msg, sig []byte) bool {
		if len(sig) != 64 {
			return false
		}
		hash := sha256.Sum256(msg)
		return ecdsa.Verify(key.(*ecdsa.PublicKey), hash[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:]))
	})
}

// TestPSS is about what verifies tokens. There are no vectors with their length
// of modulus and their hash function, so these have others of the first.
func TestPSS(t *testing.T) {
	for _, name := range []string{"rsa_pss_2048_sha384_mgf1_48_test.json", "rsa_pss_4096_sha384_mgf1_48_test.json"} {
		t.Run(name, func(t *testing.T) {
			signatures(t, name, func(key any, msg, sig []byte) bool {
				verifier, err := blindrsa.NewVerifier(blindrsa.SHA384PSSDeterministic, key.(*rsa.PublicKey))
				require.NoError(t, err)
				return verifier.Verify(slices.Clone(msg), bytes.Clone(sig)) == nil
			})
		})
	}
}
