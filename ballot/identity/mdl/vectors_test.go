package mdl

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

func read(t testing.TB, file string) []byte {
	data, err := os.ReadFile("testdata/" + file)
	require.NoError(t, err)
	return data
}

// TestHandoverVectors holds the examples of OpenID4VP 1.0, sections B.2.6.1 and
// B.2.6.2.
func TestHandoverVectors(t *testing.T) {
	key, err := hex.DecodeString("4283ec927ae0f208daaa2d026a814f2b22dca52cf85ffa8f3f8626c6bd669047")
	require.NoError(t, err)
	r := identity.Request{Audience: "x509_san_dns:example.com", Nonce: "exc7gBkxjx1rdc9udRrveKvSsJIq80avlXeLHhGwqtA", ResponseKey: key}
	got, err := Redirect("https://example.com/response")(r)
	require.NoError(t, err)
	require.Equal(t, "83f6f682714f70656e494434565048616e646f7665725820048bc053c00442af9b8eed494cefdd9d95240d254b046b11b68013722aad38ac", hex.EncodeToString(got))

	for _, r.Audience = range []string{"https://example.com", "origin:https://example.com"} {
		got, err = BrowserAPI()(r)
		require.NoError(t, err)
		require.Equal(t, "83f6f682764f70656e4944345650444341504948616e646f7665725820fbece366f4212f9762c74cfdbf83b8c69e371d5d68cea09cb4c48ca6daab761a", hex.EncodeToString(got))
	}
}

// TestHandoverWithoutKey holds that an answer which is not encrypted has null
// in place of the thumbprint.
func TestHandoverWithoutKey(t *testing.T) {
	got, err := Redirect("u")(identity.Request{Audience: "a", Nonce: "n"})
	require.NoError(t, err)
	h := sha256.Sum256([]byte("\x84\x61a\x61n\xf6\x61u"))
	require.Equal(t, "\x83\xf6\xf6\x82\x71OpenID4VPHandover\x58\x20"+string(h[:]), string(got))
}

// TestOtherWallet accepts presentations of another implementation over both
// handovers, each only over its own.
func TestOtherWallet(t *testing.T) {
	root, err := x509.ParseCertificate(read(t, "mdoc-ts-root.der"))
	require.NoError(t, err)
	want, err := pseudonyms(t).Subject("KR",
		identity.Claim{Name: "administrative_number", Value: "880101-1234567"}, identity.Claim{Name: "birth_date", Value: "1988-01-01"})
	require.NoError(t, err)
	browser := request()
	browser.Audience = "origin:https://registrar.example.org"
	for _, c := range []struct {
		file            string
		handover, other Handover
		request         identity.Request
	}{
		{"mdoc-ts-redirect.cbor", Redirect(responseURI), BrowserAPI(), request()},
		{"mdoc-ts-browser.cbor", BrowserAPI(), Redirect(responseURI), browser},
	} {
		v := newVerifier(t, root)
		v.config.Handover = c.handover
		s, err := v.Verify(t.Context(), read(t, c.file), c.request)
		require.NoError(t, err, c.file)
		require.True(t, s == want)

		v.config.Nonces = anyNonce{}
		v.config.Handover = c.other
		_, err = v.Verify(t.Context(), read(t, c.file), c.request)
		requireReason(t, err, identity.ErrHolder)
	}
}

// TestISOExample holds what of the standard's own example can be held: signer,
// signature, validity and the digests of all six elements. Its device
// authentication is a MAC and is refused as such.
func TestISOExample(t *testing.T) {
	data := read(t, "iso18013-5-d4.1.2.cbor")
	doc, err := parseResponse(data)
	require.NoError(t, err)
	m, err := parseSign1(doc.IssuerSigned.IssuerAuth)
	require.NoError(t, err)
	chain, err := certificates(m)
	require.NoError(t, err)
	require.Len(t, chain, 1)
	require.Equal(t, "utopia ds", chain[0].Subject.CommonName)

	c := config(t, chain[0]) // the root is not in the response: trust the signer
	c.Elements = []string{"family_name", "document_number", "expiry_date"}
	v, err := New(c)
	require.NoError(t, err)
	at := time.Date(2020, 12, 1, 0, 0, 0, 0, time.UTC)
	o, issuer, err := v.issuerAuth(doc.IssuerSigned.IssuerAuth, at)
	require.NoError(t, err)
	require.Equal(t, "KR", issuer)
	claims, err := v.elements(doc.IssuerSigned.NameSpaces, o)
	require.NoError(t, err)
	require.Len(t, doc.IssuerSigned.NameSpaces[namespace], 6)
	require.Equal(t, []identity.Claim{
		{Name: "family_name", Value: "Doe"}, {Name: "document_number", Value: "123456789"}, {Name: "expiry_date", Value: "2024-10-20"},
	}, claims)
	key, err := parseKey(o.DeviceKeyInfo.DeviceKey)
	require.NoError(t, err)
	require.NotNil(t, key)

	r := request()
	r.Now = at
	_, err = v.Verify(t.Context(), data, r)
	requireReason(t, err, identity.ErrAlgorithm)
	require.ErrorContains(t, err, "MAC")
	r.Now = at.AddDate(1, 0, 0)
	_, err = v.Verify(t.Context(), data, r)
	requireReason(t, err, identity.ErrIssuer) // the signer's certificate ended with it
}
