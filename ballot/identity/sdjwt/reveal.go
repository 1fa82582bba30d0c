package sdjwt

import (
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"slices"

	"github.com/hanpyo/hanpyo/ballot/identity"
	"github.com/hanpyo/hanpyo/ballot/identity/sdjwt/internal/strict"
)

// The names that RFC 9901 takes for itself.
const (
	digestsKey   = "_sd"
	elementKey   = "..."
	algorithmKey = "_sd_alg"
)

// undisclosable are claims that an issuer must not leave to the holder
// (draft-ietf-oauth-sd-jwt-vc, section 2.2.2): a verifier would believe that
// they are not there.
var undisclosable = []string{"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status", "aud"}

// digestOf returns the digest function that a credential names (section 4.1.1),
// over the characters of a disclosure, in base64url.
func digestOf(claims strict.Object) (func(string) string, error) {
	name := "sha-256"
	if _, ok := claims[algorithmKey]; ok {
		name, _ = claims[algorithmKey].(string)
	}
	switch name {
	case "sha-256":
		return func(s string) string { h := sha256.Sum256([]byte(s)); return base64url.EncodeToString(h[:]) }, nil
	case "sha-384":
		return func(s string) string { h := sha512.Sum384([]byte(s)); return base64url.EncodeToString(h[:]) }, nil
	case "sha-512":
		return func(s string) string { h := sha512.Sum512([]byte(s)); return base64url.EncodeToString(h[:]) }, nil
	}
	return nil, fmt.Errorf("digest: %w", identity.ErrAlgorithm)
}

// disclosure is a claim, or an element of a list, behind a digest.
type disclosure struct {
	element bool
	name    string // of a claim
	value   any
	used    bool
}

// parseDisclosure reads [salt, name, value] or [salt, value] (section 4.2).
func parseDisclosure(encoded string) (*disclosure, error) {
	data, err := decode(encoded)
	if err != nil {
		return nil, err
	}
	v, err := strict.ParseJSON(data)
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok || len(list) != 2 && len(list) != 3 {
		return nil, fmt.Errorf("not a list of two or three: %w", identity.ErrEncoding)
	}
	if _, ok := list[0].(string); !ok {
		return nil, fmt.Errorf("salt is not text: %w", identity.ErrEncoding)
	}
	if len(list) == 2 {
		return &disclosure{element: true, value: list[1]}, nil
	}
	name, ok := list[1].(string)
	if !ok {
		return nil, fmt.Errorf("name is not text: %w", identity.ErrEncoding)
	}
	if name == digestsKey || name == elementKey || name == algorithmKey {
		return nil, fmt.Errorf("name is reserved: %w", identity.ErrDisclosure)
	}
	return &disclosure{name: name, value: list[2]}, nil
}

// revealer puts disclosures in the places of their digests.
type revealer struct {
	disclosures map[string]*disclosure // by digest
	seen        map[string]bool        // digests in the credential, at any depth
}

// reveal returns the claims with the disclosures in their places and without
// digests (section 7.1, step 3). Every disclosure must stand behind exactly
// one digest that the issuer signed, directly or inside another disclosure.
func reveal(claims strict.Object, encoded []string, digest func(string) string) (strict.Object, error) {
	r := revealer{map[string]*disclosure{}, map[string]bool{}}
	for i, e := range encoded {
		d, err := parseDisclosure(e)
		if err != nil {
			return nil, fmt.Errorf("disclosure %d: %w", i+1, err)
		}
		if h := digest(e); r.disclosures[h] == nil {
			r.disclosures[h] = d
		} else {
			return nil, fmt.Errorf("disclosure %d: %w", i+1, identity.ErrDuplicate)
		}
	}
	out, err := r.object(claims, 0)
	if err != nil {
		return nil, err
	}
	for _, e := range encoded {
		if !r.disclosures[digest(e)].used {
			return nil, fmt.Errorf("no digest for a disclosure: %w", identity.ErrDisclosure)
		}
	}
	return out, nil
}

// maxNesting bounds objects inside of disclosures inside of disclosures.
const maxNesting = 64

func (r *revealer) value(v any, depth int) (any, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("more than %d levels: %w", maxNesting, identity.ErrLimit)
	}
	switch v := v.(type) {
	case strict.Object:
		return r.object(v, depth)
	case []any:
		return r.list(v, depth)
	}
	return v, nil
}

func (r *revealer) object(o strict.Object, depth int) (strict.Object, error) {
	out := strict.Object{}
	for name, v := range o {
		switch {
		case name == digestsKey || name == algorithmKey && depth == 0:
			continue
		case name == elementKey || name == algorithmKey:
			return nil, fmt.Errorf("reserved name in an object: %w", identity.ErrDisclosure)
		}
		var err error
		if out[name], err = r.value(v, depth+1); err != nil {
			return nil, err
		}
	}
	digests, ok := o[digestsKey].([]any)
	if _, there := o[digestsKey]; there && !ok {
		return nil, fmt.Errorf("digests are not a list: %w", identity.ErrEncoding)
	}
	for _, v := range digests {
		d, err := r.take(v, false)
		if err != nil {
			return nil, err
		}
		if d == nil {
			continue
		}
		if _, twice := out[d.name]; twice {
			return nil, fmt.Errorf("claim of a name that is there: %w", identity.ErrDuplicate)
		}
		if depth == 0 && slices.Contains(undisclosable, d.name) {
			return nil, fmt.Errorf("claim %s: %w", d.name, identity.ErrDisclosure)
		}
		if out[d.name], err = r.value(d.value, depth+1); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *revealer) list(l []any, depth int) ([]any, error) {
	out := []any{}
	for _, v := range l {
		o, ok := v.(strict.Object)
		if _, hidden := o[elementKey]; ok && hidden {
			if len(o) != 1 {
				return nil, fmt.Errorf("digest of an element with other keys: %w", identity.ErrDisclosure)
			}
			d, err := r.take(o[elementKey], true)
			if err != nil {
				return nil, err
			}
			if d == nil {
				continue
			}
			v = d.value
		}
		v, err := r.value(v, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// take returns the disclosure of a digest, nil if the holder keeps it or the
// digest is a decoy.
func (r *revealer) take(v any, element bool) (*disclosure, error) {
	digest, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("digest is not text: %w", identity.ErrEncoding)
	}
	if r.seen[digest] {
		return nil, fmt.Errorf("digest: %w", identity.ErrDuplicate)
	}
	r.seen[digest] = true
	d := r.disclosures[digest]
	if d == nil {
		return nil, nil
	}
	if d.element != element {
		return nil, fmt.Errorf("claim in a list or element in an object: %w", identity.ErrDisclosure)
	}
	d.used = true
	return d, nil
}
