package sdjwt

import (
	"context"
	"crypto"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot/identity"
	"github.com/hanpyo/hanpyo/ballot/identity/sdjwt/internal/strict"
)

// fixedKey is the key of whichever issuer.
type fixedKey string

func (k fixedKey) Key(context.Context, string, string) (crypto.PublicKey, error) {
	o, err := strict.ParseObject([]byte(k))
	if err != nil {
		return nil, err
	}
	return strict.PublicKey(o)
}

// TestVectors accepts what others made (testdata/README.md says who), shows
// what comes out of the disclosures, and refuses it with any byte changed.
func TestVectors(t *testing.T) {
	for _, c := range []struct {
		file, issuer, vct, key string
		request                identity.Request
		claim, value           string // for the subject
		claims                 string // all, but keys and times
	}{
		{
			file: "rfc9901-a3.txt", issuer: "https://pid-issuer.bund.de.example", vct: "urn:eudi:pid:de:1",
			key:     `{"kty":"EC","crv":"P-256","x":"b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ","y":"Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8"}`,
			request: identity.Request{Audience: "https://verifier.example.org", Nonce: "1234567890", Now: time.Unix(1748537300, 0)},
			claim:   "vct", value: "urn:eudi:pid:de:1",
			claims: `{"age_equal_or_over": {"18": true}, "nationalities": ["DE"]}`,
		},
		{
			file: "sd-jwt-python.txt", issuer: "did:key:zDnaeai6g5o889MbvfipympakgQP3QGM1sgueVwMF9fxyabj5", vct: "https://id.example.org/citizen",
			request: request(),
			claim:   "citizen_number", value: "880101-1234567",
			claims: `{"citizen_number": "880101-1234567", "address": {"city": "부산"}, "nationalities": ["KR"]}`,
		},
	} {
		t.Run(c.file, func(t *testing.T) {
			data, err := os.ReadFile("testdata/" + c.file)
			require.NoError(t, err)
			var keys Resolver // for did:key
			if c.key != "" {
				keys = fixedKey(c.key)
			}
			v, err := New(Config{
				Issuers: []Issuer{{ID: c.issuer}}, Keys: keys, Type: c.vct, Claims: []string{c.claim},
				Pseudonyms: pseudonyms(t), Nonces: anyNonce{},
			})
			require.NoError(t, err)
			s, err := v.Verify(t.Context(), data, c.request)
			require.NoError(t, err)
			want, err := pseudonyms(t).Subject(c.issuer, identity.Claim{Name: c.claim, Value: c.value})
			require.NoError(t, err)
			require.True(t, s == want)

			p, err := split(string(data))
			require.NoError(t, err)
			got, err := v.credential(t.Context(), p, c.request.Now)
			require.NoError(t, err)
			for _, name := range []string{"iss", "vct", "iat", "exp", "cnf"} {
				require.Contains(t, got.claims, name)
				delete(got.claims, name)
			}
			text, err := json.Marshal(got.claims)
			require.NoError(t, err)
			require.JSONEq(t, c.claims, string(text))

			for i := 0; i < len(data); i += 3 { // a third of the bytes
				v.config.Nonces = anyNonce{}
				_, err := v.Verify(t.Context(), []byte(flip(string(data), i)), c.request)
				require.Error(t, err, "byte %d", i)
			}
		})
	}
}
