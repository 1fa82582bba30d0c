package mdl

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/x509"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzVerify holds that only the seed itself is accepted, and that nothing
// panics. (The device's ECDSA signature (r, s) has a twin (r, −s), which is
// valid and which no fuzzer finds. The nonce makes it harmless.)
func FuzzVerify(f *testing.F) {
	root, err := x509.ParseCertificate(read(f, "mdoc-ts-root.der"))
	require.NoError(f, err)
	data := read(f, "mdoc-ts-redirect.cbor")
	f.Add(data)
	f.Add(read(f, "iso18013-5-d4.1.2.cbor"))
	f.Fuzz(func(t *testing.T, presentation []byte) {
		s, err := newVerifier(t, root).Verify(t.Context(), presentation, request())
		require.Equal(t, string(presentation) == string(data), err == nil)
		require.Equal(t, err != nil, s.IsZero())
	})
}

// FuzzIssuer reads what lies behind the issuer's signature, without it.
func FuzzIssuer(f *testing.F) {
	for _, file := range []string{"mdoc-ts-redirect.cbor", "iso18013-5-d4.1.2.cbor"} {
		doc, err := parseResponse(read(f, file))
		require.NoError(f, err)
		m, err := parseSign1(doc.IssuerSigned.IssuerAuth)
		require.NoError(f, err)
		f.Add([]byte(doc.IssuerSigned.IssuerAuth), m.Payload, []byte(doc.IssuerSigned.NameSpaces[namespace][0]))
	}
	f.Fuzz(func(t *testing.T, auth, payload, item []byte) {
		if m, err := parseSign1(auth); err == nil {
			if chain, err := certificates(m); err == nil {
				require.NotEmpty(t, chain)
				_ = verifySign1(m, chain[0].PublicKey)
			}
		}
		o, err := parseSecurityObject(payload)
		if err != nil {
			require.Nil(t, o)
			return
		}
		_ = o.checkValidity(&x509.Certificate{NotBefore: now, NotAfter: now}, now)
		if key, err := parseKey(o.DeviceKeyInfo.DeviceKey); err == nil {
			wellFormed(t, key)
		}
		if it, err := o.checkItem(namespace, item); err == nil {
			require.NotNil(t, it.DigestID)
			_, _ = elementText(it.ElementValue)
		}
	})
}

// FuzzKey reads keys of devices.
func FuzzKey(f *testing.F) {
	f.Add(encode(coseKey(p256(f).Public())))
	f.Add(encode(coseKey(ed(f).Public())))
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := parseKey(data)
		if err != nil {
			require.Nil(t, key)
			return
		}
		wellFormed(t, key)
	})
}

func wellFormed(t *testing.T, key crypto.PublicKey) {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		_, err := k.ECDH()
		require.NoError(t, err)
	case ed25519.PublicKey:
		require.Len(t, k, ed25519.PublicKeySize)
	default:
		t.Fatalf("%T", key)
	}
}
