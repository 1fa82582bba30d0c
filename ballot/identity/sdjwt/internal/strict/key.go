package strict

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

// PublicKey reads a JSON Web Key (RFC 7517) for ES256 or EdDSA: a point of
// P-256 or an Ed25519 key, for signatures, without a private part.
func PublicKey(o Object) (crypto.PublicKey, error) {
	data, err := json.Marshal(o)
	if err != nil {
		return nil, fmt.Errorf("jwk: %w", identity.ErrEncoding)
	}
	var k jose.JSONWebKey
	if k.UnmarshalJSON(data) != nil || !k.Valid() || !k.IsPublic() {
		return nil, fmt.Errorf("jwk: not a public key: %w", identity.ErrEncoding)
	}
	alg, err := Algorithm(k.Key)
	if err != nil {
		return nil, fmt.Errorf("jwk: %w", err)
	}
	if k.Algorithm != "" && k.Algorithm != string(alg) || k.Use != "" && k.Use != "sig" {
		return nil, fmt.Errorf("jwk: for another use: %w", identity.ErrAlgorithm)
	}
	return k.Key, nil
}

// Algorithm returns the one algorithm that a key may be used with.
func Algorithm(key crypto.PublicKey) (jose.SignatureAlgorithm, error) {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if k != nil && k.Curve == elliptic.P256() {
			return jose.ES256, nil
		}
	case ed25519.PublicKey:
		if len(k) == ed25519.PublicKeySize {
			return jose.EdDSA, nil
		}
	}
	return "", fmt.Errorf("key: neither P-256 nor Ed25519: %w", identity.ErrAlgorithm)
}
