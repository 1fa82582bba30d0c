package mdl

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"
	"github.com/veraison/go-cose"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

// TestHandoverFails holds that a presentation is not judged by a session that
// could not be told: the device signed none.
func TestHandoverFails(t *testing.T) {
	w := newWallet(t, p256(t), p256(t))
	v := newVerifier(t, w.authority.root)
	w.transcript = []byte{0xf6}
	v.config.Handover = func(identity.Request) ([]byte, error) { return w.transcript, nil }
	_, err := v.Verify(t.Context(), w.present(t), request())
	require.NoError(t, err)
	v.config.Nonces = anyNonce{}
	failed := errors.New("no such session")
	v.config.Handover = func(identity.Request) ([]byte, error) { return w.transcript, failed }
	_, err = v.Verify(t.Context(), w.present(t), request())
	require.ErrorIs(t, err, failed)
	require.Empty(t, v.config.Nonces)
}

// TestTwice says one thing twice in every map that is read.
func TestTwice(t *testing.T) {
	into := func(mode cbor.DecMode, v any) func([]byte) error {
		return func(b []byte) error { return decode(mode, b, v) }
	}
	object1 := func(name string) func(any) any { return func(v any) any { return object{name: v} } }
	as := func(v any) any { return v }
	signature := []byte("signature")
	var added map[string]map[string]cbor.RawMessage
	for name, c := range map[string]struct {
		read func([]byte) error
		in   func(any) any // where the map stands
		m    any
	}{
		"response":                 {into(closed, new(response)), as, object{"version": "1.0"}},
		"document":                 {into(closed, new(document)), as, object{"docType": licence}},
		"issuer signed":            {into(closed, new(issuerSigned)), as, object{"issuerAuth": 0}},
		"name spaces":              {into(closed, new(issuerSigned)), object1("nameSpaces"), object{"a": []any{}}},
		"element":                  {into(closed, new(signedItem)), as, object{"digestID": 7}},
		"device signed":            {into(closed, new(deviceSigned)), as, object{"nameSpaces": 0}},
		"device authentication":    {into(closed, new(deviceAuth)), as, object{"deviceMac": 0}},
		"added by the device":      {into(closed, &added), as, object{"a": object{}}},
		"added in a name space":    {into(closed, &added), object1("a"), object{"b": 1}},
		"security object":          {into(open, new(securityObject)), as, object{"docType": licence}},
		"security object, unknown": {into(open, new(securityObject)), as, object{"status": 1}},
		"digests":                  {into(open, new(securityObject)), object1("valueDigests"), object{"a": object{}}},
		"digests of a name space":  {into(open, new(securityObject)), func(v any) any { return object{"valueDigests": object{"a": v}} }, map[int]any{7: signature}},
		"device key information":   {into(open, new(securityObject)), object1("deviceKeyInfo"), object{"deviceKey": 1}},
		"validity":                 {into(open, new(securityObject)), object1("validityInfo"), object{"signed": 1}},
		"device key":               {into(open, new(deviceKey)), as, map[int]any{-2: signature}},
		"device key, unknown":      {into(open, new(deviceKey)), as, map[int]any{4: 1}},
		"protected header":         {new(cose.UntaggedSign1Message).UnmarshalCBOR, func(v any) any { return []any{encode(v), object{}, nil, signature} }, map[int]any{1: -7}},
		"unprotected header":       {new(cose.UntaggedSign1Message).UnmarshalCBOR, func(v any) any { return []any{[]byte{}, v, nil, signature} }, map[int]any{4: signature}},
	} {
		require.NoError(t, c.read(encode(c.in(c.m))), name)
		for _, long := range []bool{false, true} {
			require.Error(t, c.read(encode(c.in(twice(t, encode(c.m), long)))), "%s %v", name, long)
		}
	}
}

// twice is the map m in CBOR with its only key a second time; if long is set,
// then with the head of the key written longer.
func twice(t testing.TB, m []byte, long bool) cbor.RawMessage {
	require.Equal(t, byte(1), m[0]&0x1f)
	var key cbor.RawMessage
	value, err := cbor.UnmarshalFirst(m[1:], &key)
	require.NoError(t, err)
	if long {
		require.Less(t, key[0]&0x1f, byte(24))
		key = append([]byte{key[0]&0xe0 | 25, 0, key[0] & 0x1f}, key[1:]...)
	}
	return append(append(append([]byte{m[0] + 1}, m[1:]...), key...), value...)
}

// TestChains holds which chains are believed.
func TestChains(t *testing.T) {
	below := func(parent *authority, name string, edit func(c *x509.Certificate)) *authority {
		key := p256(t)
		c := &x509.Certificate{
			Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		}
		edit(c)
		return &authority{rootKey: key, root: parent.certificate(t, key.Public(), c)}
	}
	as := func(*x509.Certificate) {}
	for name, c := range map[string]struct {
		chain func(w *wallet) any
		want  error
	}{
		"two in between": {func(w *wallet) any {
			a := below(w.authority, "A", as)
			b := below(a, "B", as)
			return []any{b.certificate(t, w.authority.key.Public(), signer()).Raw, b.root.Raw, a.root.Raw, w.authority.root.Raw}
		}, nil},
		"one is left out": {func(w *wallet) any {
			a := below(w.authority, "A", as)
			b := below(a, "B", as)
			return []any{b.certificate(t, w.authority.key.Public(), signer()).Raw, b.root.Raw}
		}, identity.ErrIssuer},
		"below a signer of documents": {func(w *wallet) any {
			a := below(w.authority, "A", func(c *x509.Certificate) { *c = *signer() })
			return []any{a.certificate(t, w.authority.key.Public(), signer()).Raw, a.root.Raw}
		}, identity.ErrIssuer},
		"below who signs no certificates": {func(w *wallet) any {
			a := below(w.authority, "A", func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageDigitalSignature })
			return []any{a.certificate(t, w.authority.key.Public(), signer()).Raw, a.root.Raw}
		}, identity.ErrIssuer},
		"longer than an authority may": {func(w *wallet) any {
			a := below(w.authority, "A", func(c *x509.Certificate) { c.MaxPathLenZero = true })
			b := below(a, "B", as)
			return []any{b.certificate(t, w.authority.key.Public(), signer()).Raw, b.root.Raw, a.root.Raw}
		}, identity.ErrIssuer},
		"below one that expired": {func(w *wallet) any {
			a := below(w.authority, "A", func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(-9*time.Hour), now.Add(-time.Second) })
			return []any{a.certificate(t, w.authority.key.Public(), signer()).Raw, a.root.Raw}
		}, identity.ErrIssuer},
		"critical extension": {func(w *wallet) any {
			c := signer()
			c.ExtraExtensions = []pkix.Extension{{Id: []int{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
			return w.authority.certificate(t, w.authority.key.Public(), c).Raw
		}, identity.ErrIssuer},
		"the root": {func(w *wallet) any { return w.authority.root.Raw }, identity.ErrIssuer},
		"name of the root": {func(w *wallet) any { // signed by a stranger with the root's name
			a := newAuthority(t, p256(t))
			c := signer()
			c.AuthorityKeyId = w.authority.root.SubjectKeyId
			return a.certificate(t, w.authority.key.Public(), c).Raw
		}, identity.ErrIssuer},
	} {
		w := newWallet(t, p256(t), p256(t))
		v := newVerifier(t, w.authority.root)
		w.chain = c.chain(w)
		_, err := v.Verify(t.Context(), w.present(t), request())
		if c.want == nil {
			require.NoError(t, err, name)
		} else {
			requireReason(t, err, c.want)
		}
	}
}

// TestOtherType holds that who signs other documents need not be a signer of
// licences, and is none.
func TestOtherType(t *testing.T) {
	w := newWallet(t, p256(t), p256(t))
	w.docType, w.security["docType"] = "org.example.citizen", "org.example.citizen"
	c := signer()
	c.UnknownExtKeyUsage = nil
	w.chain = w.authority.certificate(t, w.authority.key.Public(), c).Raw
	v := newVerifier(t, w.authority.root)
	_, err := v.Verify(t.Context(), w.present(t), request())
	requireReason(t, err, identity.ErrType)
	v.config.DocType = "org.example.citizen"
	_, err = v.Verify(t.Context(), w.present(t), request())
	require.NoError(t, err)
	w.docType, w.security["docType"], v.config.DocType = licence, licence, licence
	_, err = v.Verify(t.Context(), w.present(t), request())
	requireReason(t, err, identity.ErrIssuer)
}

// TestSignerKeys holds that a root's word is not enough for a key of another
// algorithm, whatever the header says.
func TestSignerKeys(t *testing.T) {
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	for name, key := range map[string]crypto.Signer{"P-384": p384, "RSA": rsaKey, "Ed25519 under ES256": ed(t)} {
		w := newWallet(t, p256(t), p256(t))
		w.chain = w.authority.certificate(t, key.Public(), signer()).Raw
		_, err := newVerifier(t, w.authority.root).Verify(t.Context(), w.present(t), request())
		require.ErrorIs(t, err, identity.ErrAlgorithm, name)
	}
}
