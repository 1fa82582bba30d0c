package mdl

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/veraison/go-cose"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

// maxChain is how many certificates a chain may have.
const maxChain = 4

// certificates returns the chain in the header x5chain (RFC 9360), the
// signer's first.
func certificates(m *cose.UntaggedSign1Message) ([]*x509.Certificate, error) {
	var raw []any
	switch h := m.Headers.Unprotected[cose.HeaderLabelX5Chain].(type) {
	case []byte:
		raw = []any{h}
	case []any:
		raw = h
	}
	if len(raw) == 0 || len(raw) > maxChain {
		return nil, fmt.Errorf("%d certificates, want 1 to %d: %w", len(raw), maxChain, identity.ErrEncoding)
	}
	chain := make([]*x509.Certificate, len(raw))
	for i, r := range raw {
		der, _ := r.([]byte)
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", i+1, identity.ErrEncoding)
		}
		chain[i] = c
	}
	return chain, nil
}

// licence is the document type whose signers carry an extended key usage of
// their own (Annex B.1.4).
const licence = "org.iso.18013.5.1.mDL"

var licenceSigner = asn1.ObjectIdentifier{1, 0, 18013, 5, 1, 2}

// trust returns the issuer from one of whose roots the chain comes.
func (v *Verifier) trust(chain []*x509.Certificate, now time.Time) (int, error) {
	signer := chain[0]
	if signer.IsCA || signer.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return 0, fmt.Errorf("not for signing documents: %w", identity.ErrIssuer)
	}
	if v.config.DocType == licence && !slices.ContainsFunc(signer.UnknownExtKeyUsage, licenceSigner.Equal) {
		return 0, fmt.Errorf("not for signing licences: %w", identity.ErrIssuer)
	}
	intermediates := x509.NewCertPool()
	for _, c := range chain[1:] {
		intermediates.AddCert(c)
	}
	for i, roots := range v.roots {
		_, err := signer.Verify(x509.VerifyOptions{
			Roots: roots, Intermediates: intermediates, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		})
		if err == nil {
			return i, nil
		}
	}
	return 0, fmt.Errorf("from no root: %w", identity.ErrIssuer)
}

// securityObject is what the issuer signs (section 9.1.2.4).
type securityObject struct {
	Version         string                       `cbor:"version"`
	DigestAlgorithm string                       `cbor:"digestAlgorithm"`
	ValueDigests    map[string]map[uint64][]byte `cbor:"valueDigests"`
	DeviceKeyInfo   struct {
		DeviceKey cbor.RawMessage `cbor:"deviceKey"`
	} `cbor:"deviceKeyInfo"`
	DocType      string `cbor:"docType"`
	ValidityInfo struct {
		Signed     cbor.RawMessage `cbor:"signed"`
		ValidFrom  cbor.RawMessage `cbor:"validFrom"`
		ValidUntil cbor.RawMessage `cbor:"validUntil"`
	} `cbor:"validityInfo"`
}

func parseSecurityObject(payload []byte) (*securityObject, error) {
	data, err := embedded(payload)
	if err != nil {
		return nil, err
	}
	var o securityObject
	if err := decode(open, data, &o); err != nil {
		return nil, err
	}
	if o.Version != "1.0" {
		return nil, fmt.Errorf("version: %w", identity.ErrType)
	}
	if o.digest(nil) == nil {
		return nil, fmt.Errorf("digest: %w", identity.ErrAlgorithm)
	}
	return &o, nil
}

// digest returns nil if the algorithm is not one of table 21.
func (o *securityObject) digest(data []byte) []byte {
	switch o.DigestAlgorithm {
	case "SHA-256":
		h := sha256.Sum256(data)
		return h[:]
	case "SHA-384":
		h := sha512.Sum384(data)
		return h[:]
	case "SHA-512":
		h := sha512.Sum512(data)
		return h[:]
	}
	return nil
}

// checkItem reads an element and checks its digest.
func (o *securityObject) checkItem(space string, data []byte) (*signedItem, error) {
	inner, err := embedded(data)
	if err != nil {
		return nil, err
	}
	var item signedItem
	if err := decode(closed, inner, &item); err != nil {
		return nil, err
	}
	if item.DigestID == nil || item.ElementIdentifier == "" || !isMajor(item.Random, majorBytes) || len(item.ElementValue) == 0 {
		return nil, fmt.Errorf("item lacks a field: %w", identity.ErrEncoding)
	}
	want, ok := o.ValueDigests[space][*item.DigestID]
	if !ok || !bytes.Equal(o.digest(data), want) {
		return nil, fmt.Errorf("digest %d: %w", *item.DigestID, identity.ErrDisclosure)
	}
	return &item, nil
}

// checkValidity checks the times, and that the issuer's signer was entitled
// when it signed (section 9.3.1).
func (o *securityObject) checkValidity(signer *x509.Certificate, now time.Time) error {
	signed, err := parseTime(o.ValidityInfo.Signed)
	if err != nil {
		return err
	}
	from, err := parseTime(o.ValidityInfo.ValidFrom)
	if err != nil {
		return err
	}
	until, err := parseTime(o.ValidityInfo.ValidUntil)
	if err != nil {
		return err
	}
	switch {
	case signed.Before(signer.NotBefore) || signed.After(signer.NotAfter):
		return fmt.Errorf("signed outside of the signer's time: %w", identity.ErrIssuer)
	case now.Add(identity.Skew).Before(signed) || now.Add(identity.Skew).Before(from):
		return identity.ErrNotYetValid
	case !now.Before(until.Add(identity.Skew)):
		return identity.ErrExpired
	}
	return nil
}
