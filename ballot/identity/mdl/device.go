package mdl

import (
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

// checkDevice checks that the key which the issuer put into the document signed
// this session (sections 9.1.3.4 and 9.1.3.6).
func checkDevice(doc *document, o *securityObject, transcript []byte) error {
	auth := doc.DeviceSigned.DeviceAuth
	if auth.Mac != nil {
		return fmt.Errorf("authentication by MAC: %w", identity.ErrAlgorithm)
	}
	if auth.Signature == nil {
		return identity.ErrHolder
	}
	m, err := parseSign1(auth.Signature)
	if err != nil {
		return err
	}
	if m.Payload != nil {
		return fmt.Errorf("payload is not detached: %w", identity.ErrEncoding)
	}
	key, err := parseKey(o.DeviceKeyInfo.DeviceKey)
	if err != nil {
		return fmt.Errorf("key: %w", err)
	}
	if m.Payload, err = deviceAuthentication(doc, transcript); err != nil {
		return err
	}
	if err := verifySign1(m, key); errors.Is(err, identity.ErrSignature) {
		return identity.ErrHolder
	} else if err != nil {
		return err
	}
	return nil
}

// deviceAuthentication returns the DeviceAuthenticationBytes that the device
// signs: over the session, the type of the document and the elements that the
// device adds.
func deviceAuthentication(doc *document, transcript []byte) ([]byte, error) {
	inner, err := embedded(doc.DeviceSigned.NameSpaces)
	if err != nil {
		return nil, fmt.Errorf("name spaces: %w", err)
	}
	var added map[string]map[string]cbor.RawMessage
	if err := decode(closed, inner, &added); err != nil || !isMajor(inner, majorMap) {
		return nil, fmt.Errorf("name spaces: %w", identity.ErrEncoding)
	}
	data, err := cbor.Marshal([]any{
		"DeviceAuthentication", cbor.RawMessage(transcript), doc.DocType, doc.DeviceSigned.NameSpaces,
	})
	if err != nil {
		return nil, fmt.Errorf("session transcript: %w", identity.ErrEncoding)
	}
	return embed(data)
}
