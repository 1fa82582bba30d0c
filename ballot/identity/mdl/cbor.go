package mdl

import (
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

// decoder reads CBOR in which nothing stands twice and everything has a
// length. closed refuses unknown keys too, open is for maps that later editions
// of the standard may add to and that a signature covers.
var closed, open = decoders()

func decoders() (closed, open cbor.DecMode) {
	o := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		MaxNestedLevels:   16,
		MaxArrayElements:  1 << 10,
		MaxMapPairs:       1 << 10,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		UTF8:              cbor.UTF8RejectInvalid,
	}
	open = must(o.DecMode())
	o.ExtraReturnErrors = cbor.ExtraDecErrorUnknownField
	return must(o.DecMode()), open
}

func must(m cbor.DecMode, err error) cbor.DecMode {
	if err != nil {
		panic("mdl: " + err.Error())
	}
	return m
}

// decode reads exactly one value. The library's errors may quote the input,
// which holds people's data, and are not handed on.
func decode(mode cbor.DecMode, data []byte, v any) error {
	if mode.Unmarshal(data, v) != nil {
		return fmt.Errorf("cbor: %w", identity.ErrEncoding)
	}
	return nil
}

// Major types of CBOR, in the first three bits of a value (RFC 8949, section 3.1).
const (
	majorBytes = 2
	majorText  = 3
	majorArray = 4
	majorMap   = 5
)

func isMajor(data []byte, major byte) bool { return len(data) > 0 && data[0]>>5 == major }

// Tags of CBOR.
const (
	tagDateTime = 0    // RFC 8949, section 3.4.1
	tagEncoded  = 24   // RFC 8949, section 3.4.5.1
	tagDate     = 1004 // RFC 8943
)

// untag returns what is behind a tag, if it is of that major type.
func untag(data []byte, tag uint64, major byte) ([]byte, error) {
	var t cbor.RawTag
	if err := decode(closed, data, &t); err != nil {
		return nil, err
	}
	if t.Number != tag || !isMajor(t.Content, major) {
		return nil, fmt.Errorf("cbor: not tag %d: %w", tag, identity.ErrEncoding)
	}
	return t.Content, nil
}

// embedded returns the encoded value inside #6.24(bstr).
func embedded(data []byte) ([]byte, error) {
	content, err := untag(data, tagEncoded, majorBytes)
	if err != nil {
		return nil, err
	}
	var inner []byte
	return inner, decode(closed, content, &inner)
}

// embed returns #6.24(bstr) of an encoded value.
func embed(data []byte) ([]byte, error) {
	return cbor.Marshal(cbor.Tag{Number: tagEncoded, Content: data})
}

// parseTime reads a tdate, without fractions of seconds and in UTC (section 7.1).
func parseTime(data []byte) (time.Time, error) {
	content, err := untag(data, tagDateTime, majorText)
	if err != nil {
		return time.Time{}, err
	}
	var text string
	if err := decode(closed, content, &text); err != nil {
		return time.Time{}, err
	}
	t, err := time.Parse("2006-01-02T15:04:05Z", text)
	if err != nil || t.Format("2006-01-02T15:04:05Z") != text {
		return time.Time{}, fmt.Errorf("cbor: not a time: %w", identity.ErrEncoding)
	}
	return t, nil
}

// elementText returns the text of an element that is text or a date.
func elementText(data []byte) (string, error) {
	for _, tag := range []uint64{tagDate, tagDateTime} {
		if content, err := untag(data, tag, majorText); err == nil {
			data = content
		}
	}
	var text string
	if !isMajor(data, majorText) || decode(closed, data, &text) != nil {
		return "", identity.ErrClaim
	}
	return text, nil
}
