package identity

import (
	"context"
	"fmt"
	"time"
)

// Verifier checks presentations of one format. The adapters implement it.
type Verifier interface {
	// Verify returns whose presentation this is. It refuses with one of the
	// reasons of this package. A presentation that was accepted once is refused
	// afterwards, and what was refused uses up no nonce.
	Verify(ctx context.Context, presentation []byte, r Request) (Subject, error)
}

// Request is what the registrar asked the wallet for in this session.
type Request struct {
	// Audience names the registrar: the client identifier of OpenID4VP, or
	// "origin:" and the web origin for the Digital Credentials API.
	Audience string
	// Nonce is fresh for this session: see [Memory.Issue].
	Nonce string
	// ResponseKey is the SHA-256 thumbprint (RFC 7638) of the key to which the
	// wallet encrypted its answer, nil if it was not encrypted. Only mobile
	// documents bind it.
	ResponseKey []byte
	// Now is the time to judge by; the zero value stands for the present.
	Now time.Time
}

const (
	// MaxPresentation is how many bytes a presentation may have.
	MaxPresentation = 1 << 16
	// Skew is how far the clocks of issuer, wallet and registrar may differ.
	Skew = time.Minute
	// MaxAge is how old a holder's signature may be.
	MaxAge = 10 * time.Minute
)

// The longest audience and nonce, in bytes.
const (
	maxAudience = 2048
	maxNonce    = 256
)

// Start checks the sizes of presentation and request, and returns the time to
// judge by. Every adapter starts with it.
func (r Request) Start(presentation []byte) (time.Time, error) {
	switch {
	case r.Audience == "" || len(r.Audience) > maxAudience:
		return time.Time{}, fmt.Errorf("identity: request: audience of %d bytes: %w", len(r.Audience), ErrShape)
	case r.Nonce == "" || len(r.Nonce) > maxNonce:
		return time.Time{}, fmt.Errorf("identity: request: nonce of %d bytes: %w", len(r.Nonce), ErrShape)
	case r.ResponseKey != nil && len(r.ResponseKey) != 32:
		return time.Time{}, fmt.Errorf("identity: request: thumbprint of %d bytes: %w", len(r.ResponseKey), ErrShape)
	case len(presentation) == 0:
		return time.Time{}, fmt.Errorf("identity: presentation: empty: %w", ErrEncoding)
	case len(presentation) > MaxPresentation:
		return time.Time{}, fmt.Errorf("identity: presentation: %d bytes, at most %d: %w", len(presentation), MaxPresentation, ErrLimit)
	}
	if r.Now.IsZero() {
		return time.Now(), nil
	}
	return r.Now, nil
}
