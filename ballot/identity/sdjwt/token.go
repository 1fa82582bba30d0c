package sdjwt

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/hanpyo/hanpyo/ballot/identity"
	"github.com/hanpyo/hanpyo/ballot/identity/sdjwt/internal/strict"
)

// parts are the pieces of an SD-JWT+KB (RFC 9901, section 4).
type parts struct {
	issuer      string   // the JWT of the issuer
	disclosures []string // in base64url
	holder      string   // the JWT of the holder
	signed      string   // what the holder hashes: all before its own JWT
}

// maxDisclosures is how many claims a presentation may disclose.
const maxDisclosures = 128

func split(presentation string) (parts, error) {
	fields := strings.Split(presentation, "~")
	last := len(fields) - 1
	switch {
	case last < 1:
		return parts{}, fmt.Errorf("presentation: not an SD-JWT: %w", identity.ErrEncoding)
	case fields[last] == "":
		return parts{}, fmt.Errorf("presentation: no key binding: %w", identity.ErrHolder)
	case last-1 > maxDisclosures:
		return parts{}, fmt.Errorf("presentation: more than %d disclosures: %w", maxDisclosures, identity.ErrLimit)
	}
	return parts{
		issuer:      fields[0],
		disclosures: fields[1:last],
		holder:      fields[last],
		signed:      presentation[:len(presentation)-len(fields[last])],
	}, nil
}

// token is a JWT that was read and not yet verified.
type token struct {
	compact string
	alg     string
	keyID   string
	claims  strict.Object
}

// algorithms are those that are allowed (RFC 8725, section 3.1).
var algorithms = []string{string(jose.ES256), string(jose.EdDSA)}

// parseToken reads a JWT of one of the types. Headers that name or carry keys
// (jwk, jku, x5c, x5u) are not looked at: the key comes from elsewhere.
func parseToken(compact string, types []string) (token, error) {
	fields := strings.Split(compact, ".")
	if len(fields) != 3 {
		return token{}, fmt.Errorf("not a JWT: %w", identity.ErrEncoding)
	}
	var raw [3][]byte
	for i, f := range fields {
		var err error
		if raw[i], err = decode(f); err != nil {
			return token{}, err
		}
	}
	header, err := strict.ParseObject(raw[0])
	if err != nil {
		return token{}, fmt.Errorf("header: %w", err)
	}
	t := token{compact: compact}
	t.alg, _ = header["alg"].(string)
	if !slices.Contains(algorithms, t.alg) {
		return token{}, fmt.Errorf("header: %w", identity.ErrAlgorithm)
	}
	if typ, _ := header["typ"].(string); !slices.Contains(types, typ) {
		return token{}, fmt.Errorf("header: %w", identity.ErrType)
	}
	for _, name := range []string{"crit", "b64"} { // RFC 7797, section 7: b64 is not for JWTs, and JOSE would heed it
		if _, ok := header[name]; ok {
			return token{}, fmt.Errorf("header: %s: %w", name, identity.ErrCritical)
		}
	}
	if _, ok := header["kid"]; ok {
		if t.keyID, err = strict.Text(header, "kid"); err != nil {
			return token{}, fmt.Errorf("header: %w", err)
		}
	}
	if t.claims, err = strict.ParseObject(raw[1]); err != nil {
		return token{}, fmt.Errorf("claims: %w", err)
	}
	return t, nil
}

// verify checks the signature, with the one algorithm that the key is for.
func (t token) verify(key crypto.PublicKey) error {
	alg, err := strict.Algorithm(key)
	if err != nil {
		return err
	}
	if t.alg != string(alg) {
		return fmt.Errorf("key is for %s: %w", alg, identity.ErrAlgorithm)
	}
	jws, err := jose.ParseSignedCompact(t.compact, []jose.SignatureAlgorithm{alg})
	if err != nil {
		return fmt.Errorf("not a JWS: %w", identity.ErrEncoding)
	}
	if _, err := jws.Verify(key); err != nil {
		return identity.ErrSignature
	}
	return nil
}

var base64url = base64.RawURLEncoding.Strict()

// decode reads base64url without padding, line breaks or stray bits.
func decode(s string) ([]byte, error) {
	data, err := base64url.DecodeString(s)
	if err != nil || strings.ContainsAny(s, "\r\n") {
		return nil, fmt.Errorf("not base64url: %w", identity.ErrEncoding)
	}
	return data, nil
}

// checkTimes checks exp, nbf and iat as far as they are there (RFC 7519,
// section 4.1). Times with fractions of seconds are refused.
func checkTimes(claims strict.Object, now time.Time) error {
	for _, name := range []string{"exp", "nbf", "iat"} {
		t, ok, err := seconds(claims, name)
		switch {
		case err != nil:
			return err
		case !ok:
		case name == "exp" && !now.Before(t.Add(identity.Skew)):
			return fmt.Errorf("exp: %w", identity.ErrExpired)
		case name != "exp" && now.Add(identity.Skew).Before(t):
			return fmt.Errorf("%s: %w", name, identity.ErrNotYetValid)
		}
	}
	return nil
}

// maxSeconds is the year 9999, so that no time overflows.
const maxSeconds = 253402300799

func seconds(claims strict.Object, name string) (time.Time, bool, error) {
	v, ok := claims[name]
	if !ok {
		return time.Time{}, false, nil
	}
	n, _ := v.(json.Number)
	s, err := strconv.ParseUint(string(n), 10, 64)
	if err != nil || s > maxSeconds {
		return time.Time{}, false, fmt.Errorf("%s: not a time: %w", name, identity.ErrEncoding)
	}
	return time.Unix(int64(s), 0), true, nil
}
