package mdl

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"fmt"

	"github.com/fxamacker/cbor/v2"
	"github.com/veraison/go-cose"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

// parseSign1 reads an untagged COSE_Sign1 (RFC 9052, section 4.2) of an allowed
// algorithm.
func parseSign1(data []byte) (*cose.UntaggedSign1Message, error) {
	var m cose.UntaggedSign1Message
	if !isMajor(data, majorArray) || m.UnmarshalCBOR(data) != nil {
		return nil, fmt.Errorf("cose: %w", identity.ErrEncoding)
	}
	if _, ok := m.Headers.Protected[cose.HeaderLabelCritical]; ok {
		return nil, fmt.Errorf("cose: %w", identity.ErrCritical)
	}
	alg, err := m.Headers.Protected.Algorithm()
	if err != nil || alg != cose.AlgorithmES256 && alg != cose.AlgorithmEdDSA {
		return nil, fmt.Errorf("cose: %w", identity.ErrAlgorithm)
	}
	return &m, nil
}

// verifySign1 checks the signature with the one algorithm that the key is for:
// ES256 with P-256, EdDSA with Ed25519.
func verifySign1(m *cose.UntaggedSign1Message, key crypto.PublicKey) error {
	want := cose.AlgorithmReserved
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			want = cose.AlgorithmES256
		}
	case ed25519.PublicKey:
		want = cose.AlgorithmEdDSA
	}
	if alg, err := m.Headers.Protected.Algorithm(); err != nil || alg != want {
		return fmt.Errorf("cose: key is for another: %w", identity.ErrAlgorithm)
	}
	v, err := cose.NewVerifier(want, key)
	if err != nil {
		return fmt.Errorf("cose: key: %w", identity.ErrEncoding)
	}
	if m.Verify(nil, v) != nil {
		return identity.ErrSignature
	}
	return nil
}

// deviceKey is a COSE_Key (RFC 9052, section 7, and RFC 9053, section 7).
type deviceKey struct {
	Type    int64           `cbor:"1,keyasint"`
	Alg     int64           `cbor:"3,keyasint"`
	Curve   int64           `cbor:"-1,keyasint"`
	X       []byte          `cbor:"-2,keyasint"`
	Y       cbor.RawMessage `cbor:"-3,keyasint"`
	Private cbor.RawMessage `cbor:"-4,keyasint"`
}

// parseKey reads a public key of P-256, with both coordinates, or of Ed25519.
func parseKey(data []byte) (crypto.PublicKey, error) {
	var k deviceKey
	if err := decode(open, data, &k); err != nil {
		return nil, err
	}
	switch {
	case k.Private != nil:
		return nil, fmt.Errorf("private: %w", identity.ErrEncoding)
	case k.Type == int64(cose.KeyTypeOKP) && k.Curve == int64(cose.CurveEd25519) && (k.Alg == 0 || k.Alg == int64(cose.AlgorithmEdDSA)):
		if len(k.X) != ed25519.PublicKeySize || k.Y != nil {
			return nil, fmt.Errorf("not an Ed25519 key: %w", identity.ErrEncoding)
		}
		return ed25519.PublicKey(k.X), nil
	case k.Type == int64(cose.KeyTypeEC2) && k.Curve == int64(cose.CurveP256) && (k.Alg == 0 || k.Alg == int64(cose.AlgorithmES256)):
		var y []byte
		if len(k.X) != 32 || !isMajor(k.Y, majorBytes) || decode(closed, k.Y, &y) != nil || len(y) != 32 {
			return nil, fmt.Errorf("not two coordinates: %w", identity.ErrEncoding)
		}
		point, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, k.X...), y...))
		if err != nil {
			return nil, fmt.Errorf("not a point of P-256: %w", identity.ErrEncoding)
		}
		return point, nil
	}
	return nil, fmt.Errorf("neither P-256 nor Ed25519: %w", identity.ErrAlgorithm)
}
