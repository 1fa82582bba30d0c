package mdl

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

// Issuer is an authority whose documents are accepted.
type Issuer struct {
	// Name is what subjects are made from: that of the authority, and the same
	// when its certificates are renewed.
	Name string
	// Roots are its root certificates, got on a trustworthy way.
	Roots []*x509.Certificate
}

// Config says whose documents are accepted. All fields are needed.
type Config struct {
	Issuers []Issuer
	// DocType is the type of the document, as org.iso.18013.5.1.mDL.
	DocType string
	// Namespace is where the elements are, as org.iso.18013.5.1.
	Namespace string
	// Elements make the subject. They are text or dates. Together they must tell
	// any two people of the issuer apart and stay the same when a document is
	// renewed: a number of the document does not, one of the person does.
	Elements []string
	// Handover is how the document comes: see [Redirect] and [BrowserAPI].
	Handover Handover
	// Pseudonyms makes subjects.
	Pseudonyms *identity.Pseudonyms
	// Nonces knows the nonces that the registrar issued.
	Nonces identity.Nonces
}

// Verifier checks presentations of mobile documents. It is safe for concurrent
// use.
type Verifier struct {
	config Config
	roots  []*x509.CertPool // by issuer
}

var _ identity.Verifier = (*Verifier)(nil)

// New returns a verifier. It fails with ErrShape if a setting is missing.
func New(c Config) (*Verifier, error) {
	if c.DocType == "" || c.Namespace == "" || len(c.Issuers) == 0 || len(c.Elements) == 0 || slices.Contains(c.Elements, "") ||
		c.Handover == nil || c.Pseudonyms == nil || c.Nonces == nil {
		return nil, fmt.Errorf("mdl: config: a field is missing: %w", identity.ErrShape)
	}
	c.Elements, c.Issuers = slices.Clone(c.Elements), slices.Clone(c.Issuers)
	v := &Verifier{config: c}
	for _, i := range c.Issuers {
		if i.Name == "" || len(i.Roots) == 0 || slices.Contains(i.Roots, nil) {
			return nil, fmt.Errorf("mdl: config: issuer without name or root: %w", identity.ErrShape)
		}
		pool := x509.NewCertPool()
		for _, r := range i.Roots {
			pool.AddCert(r)
		}
		v.roots = append(v.roots, pool)
	}
	return v, nil
}

// Verify implements [identity.Verifier]. The presentation is a DeviceResponse
// with one document, in CBOR (what stands in a vp_token, decoded from
// base64url). A wrong audience or nonce shows as ErrHolder: the device signs
// them under a hash together with everything else.
func (v *Verifier) Verify(ctx context.Context, presentation []byte, r identity.Request) (identity.Subject, error) {
	s, err := v.verify(ctx, presentation, r)
	if err != nil {
		return identity.Subject{}, fmt.Errorf("mdl: %w", err)
	}
	return s, nil
}

func (v *Verifier) verify(ctx context.Context, presentation []byte, r identity.Request) (s identity.Subject, err error) {
	now, err := r.Start(presentation)
	if err != nil {
		return s, err
	}
	doc, err := parseResponse(presentation)
	if err != nil {
		return s, fmt.Errorf("response: %w", err)
	}
	if doc.DocType != v.config.DocType {
		return s, fmt.Errorf("document: %w", identity.ErrType)
	}
	object, issuer, err := v.issuerAuth(doc.IssuerSigned.IssuerAuth, now)
	if err != nil {
		return s, fmt.Errorf("issuer: %w", err)
	}
	claims, err := v.elements(doc.IssuerSigned.NameSpaces, object)
	if err != nil {
		return s, fmt.Errorf("elements: %w", err)
	}
	transcript, err := v.config.Handover(r)
	if err != nil {
		return s, fmt.Errorf("session: %w", err)
	}
	if err := checkDevice(doc, object, transcript); err != nil {
		return s, fmt.Errorf("device: %w", err)
	}
	if s, err = v.config.Pseudonyms.Subject(issuer, claims...); err != nil {
		return s, err
	}
	return s, v.config.Nonces.Use(ctx, r.Nonce, now)
}

// issuerAuth checks what the issuer signed: by whom, and whether it is valid
// now (section 9.3.1). It returns the issuer's name.
func (v *Verifier) issuerAuth(data []byte, now time.Time) (*securityObject, string, error) {
	m, err := parseSign1(data)
	if err != nil {
		return nil, "", err
	}
	chain, err := certificates(m)
	if err != nil {
		return nil, "", fmt.Errorf("x5chain: %w", err)
	}
	issuer, err := v.trust(chain, now)
	if err != nil {
		return nil, "", fmt.Errorf("x5chain: %w", err)
	}
	if err := verifySign1(m, chain[0].PublicKey); err != nil {
		return nil, "", err
	}
	o, err := parseSecurityObject(m.Payload)
	if err != nil {
		return nil, "", fmt.Errorf("security object: %w", err)
	}
	if o.DocType != v.config.DocType {
		return nil, "", fmt.Errorf("security object: %w", identity.ErrType)
	}
	if err := o.checkValidity(chain[0], now); err != nil {
		return nil, "", fmt.Errorf("validity: %w", err)
	}
	return o, v.config.Issuers[issuer].Name, nil
}
