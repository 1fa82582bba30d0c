package did

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hanpyo/hanpyo/ballot/identity"
	"github.com/hanpyo/hanpyo/ballot/identity/sdjwt/internal/strict"
	"github.com/hanpyo/hanpyo/internal/reason"
)

const webPrefix = "did:web:"

// Bounds of what a server can cost.
const (
	maxDocument  = 1 << 16
	maxRedirects = 3
	timeout      = 10 * time.Second
)

// web fetches the document of a did:web and picks the key.
func (r *Resolver) web(ctx context.Context, did, keyID string) (crypto.PublicKey, error) {
	url, err := webURL(did)
	if err != nil {
		return nil, fmt.Errorf("did:web: %w", err)
	}
	data, err := r.fetch(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("did:web: %w: %w", identity.ErrResolve, reason.Foreign(err))
	}
	key, err := documentKey(data, did, keyID)
	if err != nil {
		return nil, fmt.Errorf("did:web: document: %w", err)
	}
	return key, nil
}

// webURL returns where the document is: https://host/.well-known/did.json, or
// https://host/a/b/did.json for did:web:host:a:b. The host is a domain name,
// with %3A and a port if need be (did:web Method, section 2).
func webURL(did string) (string, error) {
	parts := strings.Split(strings.TrimPrefix(did, webPrefix), ":")
	host, port, hasPort := strings.Cut(parts[0], "%3A")
	if !domain(host) {
		return "", fmt.Errorf("not a domain name: %w", identity.ErrResolve)
	}
	if hasPort {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 || strconv.FormatUint(n, 10) != port {
			return "", fmt.Errorf("not a port: %w", identity.ErrResolve)
		}
		host = net.JoinHostPort(host, port)
	}
	if len(parts) == 1 {
		return "https://" + host + "/.well-known/did.json", nil
	}
	for _, p := range parts[1:] {
		if p == "" || p == "." || p == ".." || strings.Trim(p, letters+"._-") != "" {
			return "", fmt.Errorf("not a path: %w", identity.ErrResolve)
		}
	}
	return "https://" + host + "/" + strings.Join(parts[1:], "/") + "/did.json", nil
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// domain reports whether s is a name of two labels or more, and no address:
// the last label begins with a letter. (127.0.0.0x1 is one to some resolvers.)
func domain(s string) bool {
	labels := strings.Split(s, ".")
	last := labels[len(labels)-1]
	return len(s) <= 253 && len(labels) >= 2 && last != "" && strings.Contains(letters[:52], last[:1]) &&
		!slices.ContainsFunc(labels, func(l string) bool {
			return l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.Trim(l, letters+"-") != ""
		})
}

// fetch gets a document over HTTPS from the host of the URL and no other.
func (r *Resolver) fetch(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/did+json, application/json")
	client := http.Client{CheckRedirect: sameHost}
	if r.Client != nil {
		client.Transport, client.Timeout = r.Client.Transport, r.Client.Timeout
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxDocument+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxDocument {
		return nil, fmt.Errorf("document of more than %d bytes", maxDocument)
	}
	return data, nil
}

func sameHost(to *http.Request, via []*http.Request) error {
	if to.URL.Scheme != "https" || to.URL.Host != via[0].URL.Host || len(via) > maxRedirects {
		return errors.New("redirected elsewhere or too often")
	}
	return nil
}

// documentKey returns the verification method of that name, which must be one
// for assertions (DID Core, section 5.3.2): the issuer's other keys, for
// example for logging in, sign no credentials.
func documentKey(data []byte, did, keyID string) (crypto.PublicKey, error) {
	doc, err := strict.ParseObject(data)
	if err != nil {
		return nil, err
	}
	if doc["id"] != did {
		return nil, fmt.Errorf("of another subject: %w", identity.ErrResolve)
	}
	if keyID == "" {
		return nil, fmt.Errorf("token names no key: %w", identity.ErrResolve)
	}
	want := absolute(did, keyID)
	var found []strict.Object
	for _, v := range list(doc["verificationMethod"]) {
		if m, ok := v.(strict.Object); ok && named(m, did, want) {
			found = append(found, m)
		}
	}
	asserts := false
	for _, v := range list(doc["assertionMethod"]) {
		switch m := v.(type) {
		case string:
			asserts = asserts || absolute(did, m) == want
		case strict.Object: // a method that is written out in place
			if named(m, did, want) {
				asserts = true
				found = append(found, m)
			}
		}
	}
	switch {
	case len(found) == 0 || !asserts:
		return nil, fmt.Errorf("no such key for assertions: %w", identity.ErrResolve)
	case len(found) > 1:
		return nil, fmt.Errorf("two keys of one name: %w", identity.ErrDuplicate)
	}
	return methodKey(found[0], did)
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func named(m strict.Object, did, want string) bool {
	id, _ := m["id"].(string)
	return absolute(did, id) == want
}

// methodKey reads the key of a verification method, in either of its forms.
func methodKey(m strict.Object, did string) (crypto.PublicKey, error) {
	if m["controller"] != did {
		return nil, fmt.Errorf("key: controlled by somebody else: %w", identity.ErrResolve)
	}
	jwk, isJWK := m["publicKeyJwk"].(strict.Object)
	text, isText := m["publicKeyMultibase"].(string)
	switch {
	case isJWK && !isText:
		return strict.PublicKey(jwk)
	case isText && !isJWK:
		return multikey(text)
	}
	return nil, fmt.Errorf("key: not in one form: %w", identity.ErrEncoding)
}
