package sdjwt

import (
	"context"
	"crypto"
	"fmt"
	"slices"
	"time"

	"github.com/hanpyo/hanpyo/ballot/identity"
	"github.com/hanpyo/hanpyo/ballot/identity/sdjwt/did"
	"github.com/hanpyo/hanpyo/ballot/identity/sdjwt/internal/strict"
)

// Resolver finds the key with which an issuer signs. keyID is the "kid" of the
// token, empty if it has none. [did.Resolver] is one.
type Resolver interface {
	Key(ctx context.Context, issuer, keyID string) (crypto.PublicKey, error)
}

// Issuer is one whose credentials are accepted.
type Issuer struct {
	// ID is the "iss" of its tokens, for example did:web:id.example.org.
	ID string
	// Name is what subjects are made from, ID if empty. Issuers of one name
	// speak of one population: give a new key's did:key the name of the old
	// one, or everybody can vote a second time.
	Name string
}

// Config says whose credentials are accepted. All fields but Keys are needed.
type Config struct {
	Issuers []Issuer
	// Keys finds the issuers' keys; nil stands for did:key and did:web.
	Keys Resolver
	// Type is the "vct" of the credential.
	Type string
	// Claims are the top-level claims that make the subject. Together they must
	// tell any two people of the issuer apart and stay the same when a
	// credential is renewed, as a citizen's number does.
	Claims []string
	// Pseudonyms makes subjects.
	Pseudonyms *identity.Pseudonyms
	// Nonces knows the nonces that the registrar issued.
	Nonces identity.Nonces
}

// Verifier checks SD-JWT presentations. It is safe for concurrent use.
type Verifier struct {
	config Config
	names  map[string]string // of issuers by their ID
}

var _ identity.Verifier = (*Verifier)(nil)

// New returns a verifier. It fails with ErrShape if a setting is missing.
func New(c Config) (*Verifier, error) {
	if c.Type == "" || len(c.Issuers) == 0 || len(c.Claims) == 0 || slices.Contains(c.Claims, "") || c.Pseudonyms == nil || c.Nonces == nil {
		return nil, fmt.Errorf("sdjwt: config: type, issuers, claims, pseudonyms and nonces are needed: %w", identity.ErrShape)
	}
	if c.Keys == nil {
		c.Keys = &did.Resolver{}
	}
	c.Claims = slices.Clone(c.Claims)
	v := &Verifier{config: c, names: map[string]string{}}
	for _, i := range c.Issuers {
		if _, twice := v.names[i.ID]; twice || i.ID == "" {
			return nil, fmt.Errorf("sdjwt: config: issuer without ID or twice: %w", identity.ErrShape)
		}
		v.names[i.ID] = i.ID
		if i.Name != "" {
			v.names[i.ID] = i.Name
		}
	}
	return v, nil
}

// Verify implements [identity.Verifier]. The presentation is an SD-JWT+KB in
// compact serialization.
func (v *Verifier) Verify(ctx context.Context, presentation []byte, r identity.Request) (identity.Subject, error) {
	s, err := v.verify(ctx, presentation, r)
	if err != nil {
		return identity.Subject{}, fmt.Errorf("sdjwt: %w", err)
	}
	return s, nil
}

func (v *Verifier) verify(ctx context.Context, presentation []byte, r identity.Request) (s identity.Subject, err error) {
	now, err := r.Start(presentation)
	if err != nil {
		return s, err
	}
	p, err := split(string(presentation))
	if err != nil {
		return s, err
	}
	c, err := v.credential(ctx, p, now)
	if err != nil {
		return s, err
	}
	if aud, ok := c.claims["aud"]; ok && aud != r.Audience {
		return s, fmt.Errorf("issuer token: %w", identity.ErrAudience)
	}
	if err := checkHolder(p, c, r, now); err != nil {
		return s, fmt.Errorf("key binding: %w", err)
	}
	if s, err = v.subject(c); err != nil {
		return s, err
	}
	return s, v.config.Nonces.Use(ctx, r.Nonce, now)
}

// types are the media types of an SD-JWT VC: the name of today and the one of
// before November 2024, which the draft asks verifiers to know for a while.
var types = []string{"dc+sd-jwt", "vc+sd-jwt"}

// credential is what an issuer signed.
type credential struct {
	issuer string              // its name
	claims strict.Object       // with the disclosed ones in their places
	digest func(string) string // that it names
}

// credential checks what the issuer signed.
func (v *Verifier) credential(ctx context.Context, p parts, now time.Time) (credential, error) {
	t, err := parseToken(p.issuer, types)
	if err != nil {
		return credential{}, fmt.Errorf("issuer token: %w", err)
	}
	name, err := v.authenticate(ctx, t)
	if err != nil {
		return credential{}, fmt.Errorf("issuer token: %w", err)
	}
	if t.claims["vct"] != v.config.Type {
		return credential{}, fmt.Errorf("issuer token: vct: %w", identity.ErrType)
	}
	if err := checkTimes(t.claims, now); err != nil {
		return credential{}, fmt.Errorf("issuer token: %w", err)
	}
	digest, err := digestOf(t.claims)
	if err != nil {
		return credential{}, fmt.Errorf("issuer token: %w", err)
	}
	claims, err := reveal(t.claims, p.disclosures, digest)
	if err != nil {
		return credential{}, fmt.Errorf("disclosures: %w", err)
	}
	return credential{name, claims, digest}, nil
}

// authenticate returns the name of the issuer that signed the token.
func (v *Verifier) authenticate(ctx context.Context, t token) (string, error) {
	iss, err := strict.Text(t.claims, "iss")
	if err != nil {
		return "", err
	}
	name, trusted := v.names[iss]
	if !trusted {
		return "", identity.ErrIssuer
	}
	key, err := v.config.Keys.Key(ctx, iss, t.keyID)
	if err != nil {
		return "", err
	}
	return name, t.verify(key)
}

func (v *Verifier) subject(c credential) (identity.Subject, error) {
	list := make([]identity.Claim, len(v.config.Claims))
	for i, name := range v.config.Claims {
		text, ok := c.claims[name].(string)
		if !ok {
			return identity.Subject{}, fmt.Errorf("claim %q: %w", name, identity.ErrClaim)
		}
		list[i] = identity.Claim{Name: name, Value: text}
	}
	return v.config.Pseudonyms.Subject(c.issuer, list...)
}
