// Package strict reads what JOSE leaves to the reader: JSON in which nothing
// stands twice, and public keys of the two algorithms that are allowed.
package strict

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

// Limits of a document.
const (
	maxDepth  = 16
	maxValues = 1 << 12
)

// Object is a JSON object.
type Object = map[string]any

// ParseJSON reads one value: Object, []any, string, json.Number, bool or nil.
// Unlike encoding/json it refuses objects with two keys of one name, text that
// is not UTF-8, and whatever is deep or long without need (RFC 7519, section 4,
// and RFC 8725, section 2.6, say why).
func ParseJSON(data []byte) (any, error) {
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil, fmt.Errorf("json: not well formed: %w", identity.ErrEncoding)
	}
	p := parser{json.NewDecoder(bytes.NewReader(data)), 0}
	p.UseNumber()
	return p.value(0)
}

// ParseObject reads one object.
func ParseObject(data []byte) (Object, error) {
	v, err := ParseJSON(data)
	if err != nil {
		return nil, err
	}
	o, ok := v.(Object)
	if !ok {
		return nil, fmt.Errorf("json: not an object: %w", identity.ErrEncoding)
	}
	return o, nil
}

type parser struct {
	*json.Decoder
	values int
}

func (p *parser) value(depth int) (any, error) {
	if p.values++; p.values > maxValues || depth > maxDepth {
		return nil, fmt.Errorf("json: more than %d values or %d levels: %w", maxValues, maxDepth, identity.ErrLimit)
	}
	t, err := p.Token()
	if err != nil {
		return nil, fmt.Errorf("json: not well formed: %w", identity.ErrEncoding)
	}
	switch t {
	case json.Delim('['):
		list := []any{}
		for p.More() {
			v, err := p.value(depth + 1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = p.Token()
		return list, err
	case json.Delim('{'):
		return p.object(depth)
	}
	return t, nil
}

func (p *parser) object(depth int) (any, error) {
	o := Object{}
	for p.More() {
		k, err := p.Token()
		if err != nil {
			return nil, fmt.Errorf("json: not well formed: %w", identity.ErrEncoding)
		}
		name := k.(string) // the data are valid, so that a key is text
		if _, twice := o[name]; twice {
			return nil, fmt.Errorf("json: key stands twice: %w", identity.ErrDuplicate)
		}
		if o[name], err = p.value(depth + 1); err != nil {
			return nil, err
		}
	}
	_, err := p.Token()
	return o, err
}

// Text returns the member of that name. It fails if it is not text.
func Text(o Object, name string) (string, error) {
	s, ok := o[name].(string)
	if !ok || s == "" {
		return "", fmt.Errorf("json: %s: missing or not text: %w", name, identity.ErrEncoding)
	}
	return s, nil
}
