package did

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"fmt"
	"strings"

	"github.com/mr-tron/base58"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

const keyPrefix = "did:key:"

// The multicodec prefixes of public keys, as varints
// (https://github.com/multiformats/multicodec, table.csv).
const (
	codecEd25519 = "\xed\x01"
	codecP256    = "\x80\x24"
)

// maxMultikey is more than the text of any key here has.
const maxMultikey = 64

// parseKey reads did:key: (W3C CCG, The did:key Method v0.7, section 3.1).
func parseKey(did, keyID string) (crypto.PublicKey, error) {
	text := strings.TrimPrefix(did, keyPrefix)
	if keyID != "" && absolute(did, keyID) != did+"#"+text {
		return nil, fmt.Errorf("did:key: key identifier of another key: %w", identity.ErrResolve)
	}
	key, err := multikey(text)
	if err != nil {
		return nil, fmt.Errorf("did:key: %w", err)
	}
	return key, nil
}

// multikey reads a key in base58btc behind its multibase letter and its
// multicodec prefix (W3C Controlled Identifiers 1.0, section 2.2.2).
func multikey(text string) (crypto.PublicKey, error) {
	if len(text) > maxMultikey || !strings.HasPrefix(text, "z") {
		return nil, fmt.Errorf("multikey: not base58btc: %w", identity.ErrEncoding)
	}
	data, err := base58.Decode(text[1:])
	if err != nil || base58.Encode(data) != text[1:] {
		return nil, fmt.Errorf("multikey: not base58btc: %w", identity.ErrEncoding)
	}
	if raw, ok := strings.CutPrefix(string(data), codecEd25519); ok && len(raw) == ed25519.PublicKeySize {
		return ed25519.PublicKey(raw), nil
	}
	if raw, ok := strings.CutPrefix(string(data), codecP256); ok && len(raw) == 33 {
		x, y := elliptic.UnmarshalCompressed(elliptic.P256(), []byte(raw))
		if x == nil {
			return nil, fmt.Errorf("multikey: not a point of P-256: %w", identity.ErrEncoding)
		}
		point := make([]byte, 65)
		point[0] = 4
		x.FillBytes(point[1:33])
		y.FillBytes(point[33:])
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	}
	return nil, fmt.Errorf("multikey: neither P-256 nor Ed25519: %w", identity.ErrAlgorithm)
}
