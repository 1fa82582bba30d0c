package sdjwt

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot/identity"
	"github.com/hanpyo/hanpyo/ballot/identity/sdjwt/internal/strict"
)

// FuzzVerify holds that only the seed itself is accepted, and that nothing
// panics. (The holder's ECDSA signature (r, s) has a twin (r, −s), which is
// valid and which no fuzzer finds. The nonce makes it harmless.)
func FuzzVerify(f *testing.F) {
	data, err := os.ReadFile("testdata/rfc9901-a3.txt")
	require.NoError(f, err)
	f.Add(data)
	const key = `{"kty":"EC","crv":"P-256","x":"b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ","y":"Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8"}`
	f.Fuzz(func(t *testing.T, presentation []byte) {
		v, err := New(Config{
			Issuers: []Issuer{{ID: "https://pid-issuer.bund.de.example"}}, Keys: fixedKey(key), Type: "urn:eudi:pid:de:1",
			Claims: []string{"vct"}, Pseudonyms: pseudonyms(t), Nonces: anyNonce{},
		})
		require.NoError(t, err)
		s, err := v.Verify(t.Context(), presentation, identity.Request{
			Audience: "https://verifier.example.org", Nonce: "1234567890", Now: time.Unix(1748537300, 0),
		})
		require.Equal(t, string(presentation) == string(data), err == nil)
		require.Equal(t, err != nil, s.IsZero())
	})
}

// FuzzToken reads tokens that nobody signed.
func FuzzToken(f *testing.F) {
	f.Add([]byte(`{"alg":"ES256","typ":"kb+jwt","kid":"#1"}`), []byte(`{"iat":1748537244,"cnf":{"jwk":{"kty":"OKP"}}}`))
	f.Add([]byte(`{"alg":"EdDSA","typ":"kb+jwt","jwk":{"kty":"EC"}}`), []byte(`{"exp":1e9}`))
	f.Fuzz(func(t *testing.T, header, claims []byte) {
		compact := base64url.EncodeToString(header) + "." + base64url.EncodeToString(claims) + ".AAAA"
		k, err := parseToken(compact, []string{"kb+jwt"})
		if err != nil {
			return
		}
		require.Contains(t, algorithms, k.alg)
		require.Error(t, k.verify(p256Public))
		_ = checkFresh(k.claims, now)
		if cnf, ok := k.claims["cnf"].(strict.Object); ok {
			if key, err := strict.PublicKey(cnf); err == nil {
				_, err := strict.Algorithm(key)
				require.NoError(t, err)
			}
		}
	})
}

var p256Public = p256(&testing.T{}).Public()

// FuzzReveal holds that no digest and no reserved name is left, whatever an
// issuer signed and a holder disclosed.
func FuzzReveal(f *testing.F) {
	f.Add([]byte(`{"_sd":["a"],"x":[{"...":"b"},1],"y":{"_sd":[]}}`), []byte(`["s","n",{"_sd":["b"]}]`), []byte(`["s",[{"...":"c"}]]`))
	f.Fuzz(func(t *testing.T, claims, first, second []byte) {
		o, err := strict.ParseObject(claims)
		if err != nil {
			return
		}
		names := map[string]string{} // a digest that a fuzzer can hit
		encoded := []string{base64url.EncodeToString(first), base64url.EncodeToString(second)}
		names[encoded[0]], names[encoded[1]] = "a", "b"
		out, err := reveal(o, encoded, func(s string) string { return names[s] })
		if err != nil {
			require.Nil(t, out)
			return
		}
		noDigests(t, out)
	})
}

func noDigests(t *testing.T, v any) {
	switch v := v.(type) {
	case strict.Object:
		for name, v := range v {
			require.NotContains(t, []string{digestsKey, elementKey, algorithmKey}, name)
			noDigests(t, v)
		}
	case []any:
		for _, v := range v {
			noDigests(t, v)
		}
	}
}
