// Package did finds the keys of issuers that are named by decentralized
// identifiers (W3C DID Core): did:key, which is the key, and did:web, which is
// a document on a web server.
package did

import (
	"context"
	"crypto"
	"fmt"
	"net/http"
	"strings"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

// Resolver finds keys. The zero value works.
type Resolver struct {
	// Client fetches the documents of did:web; nil stands for one of the
	// package's own. Its policy for redirects and its cookies are not used.
	Client *http.Client
}

// Key returns the key with which the issuer signs credentials: P-256 or
// Ed25519. keyID is the "kid" of the token, a DID URL or its fragment. did:key
// can do without. It fails with ErrResolve if there is no such key.
//
// A did:web document is fetched at every call. Who checks many presentations
// keeps the answers for a while, in a resolver around this one.
func (r *Resolver) Key(ctx context.Context, issuer, keyID string) (crypto.PublicKey, error) {
	switch {
	case strings.HasPrefix(issuer, keyPrefix):
		return parseKey(issuer, keyID)
	case strings.HasPrefix(issuer, webPrefix):
		return r.web(ctx, issuer, keyID)
	}
	return nil, fmt.Errorf("did: neither did:key nor did:web: %w", identity.ErrResolve)
}

// absolute returns the DID URL that an identifier in a document or token of
// this DID stands for.
func absolute(did, id string) string {
	if strings.HasPrefix(id, "#") {
		return did + id
	}
	return id
}
