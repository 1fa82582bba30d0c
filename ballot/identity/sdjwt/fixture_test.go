package sdjwt

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/mr-tron/base58"
	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

type object = map[string]any

var (
	now      = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	audience = "x509_san_dns:registrar.example.org"
)

// wallet is a credential and how it is presented. A test changes one thing.
type wallet struct {
	issuer, holder             crypto.Signer
	issuerHeader, holderHeader object
	claims, binding            object
	disclosures                []string
	edit                       func(presentation string) string // after signing
}

func p256(t testing.TB) crypto.Signer {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	return k
}

func ed(t testing.TB) crypto.Signer {
	_, k, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	return k
}

func algorithm(key crypto.Signer) string {
	if _, ok := key.(ed25519.PrivateKey); ok {
		return "EdDSA"
	}
	return "ES256"
}

// didKey names a key, independently of package did.
func didKey(key crypto.Signer) string {
	var b []byte
	switch k := key.Public().(type) {
	case ed25519.PublicKey:
		b = append([]byte{0xed, 0x01}, k...)
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			panic(err)
		}
		b = append([]byte{0x80, 0x24, 2 + point[64]&1}, point[1:33]...)
	}
	return "did:key:z" + base58.Encode(b)
}

func jwk(t testing.TB, key crypto.PublicKey) object {
	data, err := jose.JSONWebKey{Key: key}.MarshalJSON()
	require.NoError(t, err)
	var o object
	require.NoError(t, json.Unmarshal(data, &o))
	return o
}

func encode(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return base64url.EncodeToString(data)
}

func digest(disclosure string) string {
	h := sha256.Sum256([]byte(disclosure))
	return base64url.EncodeToString(h[:])
}

// newWallet holds a credential with a number and a name, both disclosed, an
// address with a disclosed city inside, a list of nationalities with one of
// two disclosed, and a decoy.
func newWallet(t testing.TB, issuer, holder crypto.Signer) *wallet {
	number := encode([]any{"salt-1", "citizen_number", "880101-1234567"})
	name := encode([]any{"salt-2", "family_name", "Kim"})
	city := encode([]any{"salt-3", "city", "Busan"})
	address := encode([]any{"salt-4", "address", object{"_sd": []any{digest(city)}, "country": "KR"}})
	nationality := encode([]any{"salt-5", "KR"})
	return &wallet{
		issuer:       issuer,
		holder:       holder,
		issuerHeader: object{"alg": algorithm(issuer), "typ": "dc+sd-jwt"},
		holderHeader: object{"alg": algorithm(holder), "typ": "kb+jwt"},
		claims: object{
			"iss": didKey(issuer), "vct": "https://id.example.org/citizen", "_sd_alg": "sha-256",
			"iat": now.Add(-time.Hour).Unix(), "nbf": now.Add(-time.Hour).Unix(), "exp": now.Add(time.Hour).Unix(),
			"cnf":           object{"jwk": jwk(t, holder.Public())},
			"_sd":           []any{digest(number), digest(name), digest(address), digest("decoy")},
			"nationalities": []any{object{"...": digest(nationality)}, object{"...": digest("kept")}},
		},
		binding:     object{"iat": now.Unix(), "aud": audience, "nonce": "nonce-1"},
		disclosures: []string{number, name, city, address, nationality},
		edit:        func(p string) string { return p },
	}
}

func sign(t testing.TB, key crypto.Signer, header, claims object) string {
	text := encode(header) + "." + encode(claims)
	return text + "." + signature(t, key, text)
}

func signature(t testing.TB, key crypto.Signer, text string) string {
	var sig []byte
	switch k := key.(type) {
	case ed25519.PrivateKey:
		sig = ed25519.Sign(k, []byte(text))
	case *ecdsa.PrivateKey:
		h := sha256.Sum256([]byte(text))
		r, s, err := ecdsa.Sign(rand.Reader, k, h[:])
		require.NoError(t, err)
		sig = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	return base64url.EncodeToString(sig)
}

func (w *wallet) present(t testing.TB) []byte {
	p := sign(t, w.issuer, w.issuerHeader, w.claims) + "~" + strings.Join(append(w.disclosures, ""), "~")
	if _, set := w.binding["sd_hash"]; !set {
		w.binding["sd_hash"] = digest(p)
	}
	return []byte(w.edit(p + sign(t, w.holder, w.holderHeader, w.binding)))
}

// anyNonce lets every nonce pass once.
type anyNonce map[string]bool

func (n anyNonce) Use(_ context.Context, nonce string, _ time.Time) error {
	if n[nonce] {
		return identity.ErrReplay
	}
	n[nonce] = true
	return nil
}

func pseudonyms(t testing.TB) *identity.Pseudonyms {
	p, err := identity.NewPseudonyms(make([]byte, 32), "election")
	require.NoError(t, err)
	return p
}

func newVerifier(t testing.TB, issuers ...Issuer) *Verifier {
	v, err := New(Config{
		Issuers: issuers, Type: "https://id.example.org/citizen", Claims: []string{"citizen_number"},
		Pseudonyms: pseudonyms(t), Nonces: anyNonce{},
	})
	require.NoError(t, err)
	return v
}

func request() identity.Request {
	return identity.Request{Audience: audience, Nonce: "nonce-1", Now: now}
}

// reasons are all reasons of package identity.
var reasons = []error{
	identity.ErrEncoding, identity.ErrLimit, identity.ErrShape, identity.ErrDuplicate, identity.ErrBinding, identity.ErrSignature,
	identity.ErrReplay, identity.ErrAlgorithm, identity.ErrType, identity.ErrCritical, identity.ErrIssuer, identity.ErrResolve,
	identity.ErrDisclosure, identity.ErrExpired, identity.ErrNotYetValid, identity.ErrAudience, identity.ErrNonce, identity.ErrHolder,
	identity.ErrClaim,
}

// requireReason holds that err is refused for want, what want is a case of,
// and nothing else.
func requireReason(t testing.TB, err, want error) {
	t.Helper()
	require.Error(t, err)
	for _, r := range reasons {
		require.Equal(t, errors.Is(want, r), errors.Is(err, r), "%v is %v", err, r)
	}
}
