package mdl

import (
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

// The maps of section 8.3.2.1.2.2.
type (
	response struct {
		Version        string          `cbor:"version"`
		Documents      []document      `cbor:"documents"`
		DocumentErrors cbor.RawMessage `cbor:"documentErrors"` // of those that were not sent
		Status         *uint64         `cbor:"status"`
	}
	document struct {
		DocType      string          `cbor:"docType"`
		IssuerSigned issuerSigned    `cbor:"issuerSigned"`
		DeviceSigned deviceSigned    `cbor:"deviceSigned"`
		Errors       cbor.RawMessage `cbor:"errors"` // of elements that were not sent
	}
	issuerSigned struct {
		NameSpaces map[string][]cbor.RawMessage `cbor:"nameSpaces"` // #6.24(bstr .cbor signedItem)
		IssuerAuth cbor.RawMessage              `cbor:"issuerAuth"`
	}
	signedItem struct {
		DigestID          *uint64         `cbor:"digestID"`
		Random            cbor.RawMessage `cbor:"random"`
		ElementIdentifier string          `cbor:"elementIdentifier"`
		ElementValue      cbor.RawMessage `cbor:"elementValue"`
	}
	deviceSigned struct {
		NameSpaces cbor.RawMessage `cbor:"nameSpaces"` // #6.24(bstr .cbor of a map)
		DeviceAuth deviceAuth      `cbor:"deviceAuth"`
	}
	deviceAuth struct {
		Signature cbor.RawMessage `cbor:"deviceSignature"`
		Mac       cbor.RawMessage `cbor:"deviceMac"`
	}
)

// parseResponse reads a response of one document.
func parseResponse(data []byte) (*document, error) {
	var r response
	if err := decode(closed, data, &r); err != nil {
		return nil, err
	}
	switch {
	case r.Version != "1.0":
		return nil, fmt.Errorf("version: %w", identity.ErrType)
	case r.Status == nil || *r.Status != 0:
		return nil, fmt.Errorf("status: %w", identity.ErrEncoding)
	case len(r.Documents) != 1:
		return nil, fmt.Errorf("%d documents, want one: %w", len(r.Documents), identity.ErrShape)
	}
	return &r.Documents[0], nil
}

// elements checks every element that was sent against the digests that the
// issuer signed and returns those that make the subject.
func (v *Verifier) elements(spaces map[string][]cbor.RawMessage, o *securityObject) ([]identity.Claim, error) {
	values := map[string][]byte{} // of our namespace
	for space, items := range spaces {
		used, names := map[uint64]bool{}, map[string]bool{}
		for _, data := range items {
			item, err := o.checkItem(space, data)
			if err != nil {
				return nil, err
			}
			if used[*item.DigestID] || names[item.ElementIdentifier] {
				return nil, identity.ErrDuplicate
			}
			used[*item.DigestID], names[item.ElementIdentifier] = true, true
			if space == v.config.Namespace {
				values[item.ElementIdentifier] = item.ElementValue
			}
		}
	}
	claims := make([]identity.Claim, len(v.config.Elements))
	for i, name := range v.config.Elements {
		text, err := elementText(values[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		claims[i] = identity.Claim{Name: name, Value: text}
	}
	return claims, nil
}
