package mdl

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"
	"github.com/veraison/go-cose"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

type object = map[string]any

const (
	namespace   = "org.iso.18013.5.1"
	audience    = "x509_san_dns:registrar.example.org"
	responseURI = "https://registrar.example.org/response"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

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

// authority is a root and a signer of documents below it.
type authority struct {
	rootKey, key crypto.Signer
	root         *x509.Certificate
}

func newAuthority(t testing.TB, key crypto.Signer) *authority {
	a := &authority{rootKey: p256(t), key: key}
	a.root = a.certificate(t, a.rootKey.Public(), &x509.Certificate{
		Subject: pkix.Name{CommonName: "Root", Country: []string{"KR"}}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	})
	return a
}

// certificate signs with the root.
func (a *authority) certificate(t testing.TB, key crypto.PublicKey, c *x509.Certificate) *x509.Certificate {
	c.SerialNumber = big.NewInt(1)
	if c.NotAfter.IsZero() {
		c.NotBefore, c.NotAfter = now.Add(-48*time.Hour), now.Add(48*time.Hour)
	}
	parent := a.root
	if parent == nil {
		parent = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key, a.rootKey)
	require.NoError(t, err)
	out, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return out
}

// signer is the template of the certificate of a signer of licences.
func signer() *x509.Certificate {
	return &x509.Certificate{
		Subject: pkix.Name{CommonName: "Signer", Country: []string{"KR"}}, KeyUsage: x509.KeyUsageDigitalSignature,
		UnknownExtKeyUsage: []asn1.ObjectIdentifier{licenceSigner},
	}
}

// wallet is a document and how it is presented. A test changes one thing.
type wallet struct {
	authority *authority
	signer    *x509.Certificate
	device    crypto.Signer
	docType   string

	items    map[string][]object // by namespace
	digests  object              // by namespace; filled by present for what is missing
	security object              // without digests
	key      any                 // of the device, in the security object

	issuerHeader, deviceHeader cose.ProtectedHeader
	chain                      any
	added                      object // by the device
	transcript                 []byte
	document, response         object                   // more fields, or others
	sign                       func(payload []byte) any // what stands for the device's signature
}

func algorithm(key crypto.Signer) cose.Algorithm {
	if _, ok := key.(ed25519.PrivateKey); ok {
		return cose.AlgorithmEdDSA
	}
	return cose.AlgorithmES256
}

func coseKey(key crypto.PublicKey) map[int]any {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		b, err := k.Bytes()
		if err != nil {
			panic(err)
		}
		n := (len(b) - 1) / 2
		return map[int]any{1: 2, -1: 1, -2: b[1 : 1+n], -3: b[1+n:]}
	case ed25519.PublicKey:
		return map[int]any{1: 1, -1: 6, -2: []byte(k)}
	}
	panic("key")
}

func tdate(t time.Time) any { return cbor.Tag{Number: 0, Content: t.Format("2006-01-02T15:04:05Z")} }

func item(id int, name string, value any) object {
	return object{"digestID": id, "random": []byte("sixteen bytes of"), "elementIdentifier": name, "elementValue": value}
}

func newWallet(t testing.TB, issuer, device crypto.Signer) *wallet {
	a := newAuthority(t, issuer)
	w := &wallet{
		authority: a,
		device:    device,
		docType:   licence,
		items: map[string][]object{
			namespace: {
				item(0, "administrative_number", "880101-1234567"),
				item(1, "family_name", "Kim"),
				item(7, "birth_date", cbor.Tag{Number: 1004, Content: "1988-01-01"}),
			},
			namespace + ".KR": {item(0, "domestic", 1)},
		},
		digests: object{},
		security: object{
			"version": "1.0", "digestAlgorithm": "SHA-256", "docType": licence,
			"validityInfo": object{"signed": tdate(now.Add(-2 * time.Hour)), "validFrom": tdate(now.Add(-time.Hour)), "validUntil": tdate(now.Add(time.Hour))},
			"status":       object{"status_list": object{"idx": 1}}, // of a later edition
		},
		key:          coseKey(device.Public()),
		issuerHeader: cose.ProtectedHeader{cose.HeaderLabelAlgorithm: algorithm(issuer)},
		deviceHeader: cose.ProtectedHeader{cose.HeaderLabelAlgorithm: algorithm(device)},
		added:        object{},
		document:     object{},
		response:     object{},
	}
	w.signer = a.certificate(t, issuer.Public(), signer())
	w.chain = w.signer.Raw
	w.transcript, _ = Redirect(responseURI)(request())
	return w
}

func encode(v any) []byte {
	mode, err := cbor.EncOptions{Sort: cbor.SortCoreDeterministic}.EncMode() // the same bytes each time
	if err != nil {
		panic(err)
	}
	data, err := mode.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}

func wrap(v any) cbor.RawMessage {
	data, err := embed(encode(v))
	if err != nil {
		panic(err)
	}
	return data
}

// sign1 signs, whatever the header says.
func sign1(t testing.TB, key crypto.Signer, header cose.ProtectedHeader, chain any, payload []byte, detached bool) cbor.RawMessage {
	protected := encode(map[any]any(header))
	text := encode([]any{"Signature1", protected, []byte{}, payload})
	var sig []byte
	switch k := key.(type) {
	case ed25519.PrivateKey:
		sig = ed25519.Sign(k, text)
	case *ecdsa.PrivateKey:
		h := sha256.Sum256(text)
		r, s, err := ecdsa.Sign(rand.Reader, k, h[:])
		require.NoError(t, err)
		sig = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	unprotected := map[int64]any{}
	if chain != nil {
		unprotected[cose.HeaderLabelX5Chain] = chain
	}
	message := []any{protected, unprotected, payload, sig}
	if detached {
		message[2] = nil
	}
	return encode(message)
}

// digestsOf are the digests of a namespace's elements by their numbers.
func (w *wallet) digestsOf(space string) map[any]any {
	ids := map[any]any{}
	for _, it := range w.items[space] {
		h := sha256.Sum256(wrap(it))
		ids[it["digestID"]] = h[:]
	}
	return ids
}

func (w *wallet) present(t testing.TB) []byte {
	spaces := map[string][]cbor.RawMessage{}
	digests := object{}
	for space, items := range w.items {
		for _, it := range items {
			spaces[space] = append(spaces[space], wrap(it))
		}
		digests[space] = w.digestsOf(space)
	}
	for space, ids := range w.digests {
		digests[space] = ids
	}
	security := object{"valueDigests": digests, "deviceKeyInfo": object{"deviceKey": w.key}}
	for k, v := range w.security {
		security[k] = v
	}
	issuerAuth := sign1(t, w.authority.key, w.issuerHeader, w.chain, wrap(security), false)

	added := wrap(w.added)
	payload := wrap([]any{"DeviceAuthentication", cbor.RawMessage(w.transcript), w.docType, added})
	var auth any = object{"deviceSignature": sign1(t, w.device, w.deviceHeader, nil, payload, true)}
	if w.sign != nil {
		auth = w.sign(payload)
	}
	document := object{
		"docType":      w.docType,
		"issuerSigned": object{"nameSpaces": spaces, "issuerAuth": issuerAuth},
		"deviceSigned": object{"nameSpaces": added, "deviceAuth": auth},
	}
	for k, v := range w.document {
		document[k] = v
	}
	response := object{"version": "1.0", "documents": []any{document}, "status": 0}
	for k, v := range w.response {
		response[k] = v
	}
	return encode(response)
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

func config(t testing.TB, roots ...*x509.Certificate) Config {
	return Config{
		Issuers: []Issuer{{Name: "KR", Roots: roots}}, DocType: licence, Namespace: namespace,
		Elements: []string{"administrative_number", "birth_date"}, Handover: Redirect(responseURI),
		Pseudonyms: pseudonyms(t), Nonces: anyNonce{},
	}
}

func newVerifier(t testing.TB, roots ...*x509.Certificate) *Verifier {
	v, err := New(config(t, roots...))
	require.NoError(t, err)
	return v
}

func request() identity.Request {
	return identity.Request{Audience: audience, Nonce: "nonce-1", Now: now, ResponseKey: make([]byte, 32)}
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
