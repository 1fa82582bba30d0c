package sdjwt

import (
	"errors"
	"fmt"
	"time"

	"github.com/hanpyo/hanpyo/ballot/identity"
	"github.com/hanpyo/hanpyo/ballot/identity/sdjwt/internal/strict"
)

// checkHolder checks the key binding JWT (RFC 9901, sections 4.3 and 7.3): it
// is signed by the key in the claim "cnf" of the credential, over this very
// presentation, for this audience and nonce, and lately.
func checkHolder(p parts, c credential, r identity.Request, now time.Time) error {
	t, err := parseToken(p.holder, []string{"kb+jwt"})
	if err != nil {
		return err
	}
	cnf, _ := c.claims["cnf"].(strict.Object)
	jwk, ok := cnf["jwk"].(strict.Object)
	if !ok {
		return fmt.Errorf("credential names no key of the holder: %w", identity.ErrHolder)
	}
	key, err := strict.PublicKey(jwk)
	if err != nil {
		return fmt.Errorf("cnf: %w", err)
	}
	if err := t.verify(key); errors.Is(err, identity.ErrSignature) {
		return identity.ErrHolder
	} else if err != nil {
		return err
	}
	if t.claims["sd_hash"] != c.digest(p.signed) {
		return fmt.Errorf("sd_hash: %w", identity.ErrBinding)
	}
	if t.claims["aud"] != r.Audience {
		return identity.ErrAudience
	}
	if t.claims["nonce"] != r.Nonce {
		return identity.ErrNonce
	}
	return checkFresh(t.claims, now)
}

// checkFresh demands an iat that is neither old nor to come.
func checkFresh(claims strict.Object, now time.Time) error {
	if err := checkTimes(claims, now); err != nil {
		return err
	}
	iat, ok, err := seconds(claims, "iat")
	switch {
	case err != nil:
		return err
	case !ok:
		return fmt.Errorf("iat: missing: %w", identity.ErrEncoding)
	case now.After(iat.Add(identity.MaxAge)):
		return fmt.Errorf("iat: %w", identity.ErrExpired)
	}
	return nil
}
