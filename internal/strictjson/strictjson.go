// Package strictjson reads JSON in which nothing can hide: RFC 8259 with
// everything refused that two readers may understand differently. It refuses
// duplicate keys (also when they differ in case only), invalid UTF-8, lone
// surrogates, null, numbers that are not plain integers of at most 53 bits,
// trailing data, and whatever is too long or too deep. A document read with
// [Parse] is walked with [Value.Field] and its sisters; [Value.Done] refuses
// the keys that nobody asked for.
//
// encoding/json does none of this: it lets the last of several equal keys win
// and replaces what is not UTF-8.
package strictjson

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Limits of a document, so that a small one cannot cost much memory.
const (
	MaxDepth  = 16      // of objects and lists in one another
	MaxValues = 1 << 18 // in all
	MaxText   = 4096    // bytes of one text or key
)

// MaxInteger is the largest magnitude of a number: 2⁵³ − 1, what every reader
// of JSON represents exactly (RFC 8259, section 6).
const MaxInteger = 1<<53 - 1

// Parse reads one document of at most limit bytes.
func Parse(data []byte, limit int) (*Value, error) {
	if len(data) > limit {
		return nil, fmt.Errorf("json: %d bytes, at most %d: %w", len(data), limit, reason.ErrLimit)
	}
	p := &parser{data: data}
	root := &Value{failure: new(failure)}
	p.value(root, 0)
	p.space()
	if p.err == nil && p.at < len(data) {
		p.fail(root, "trailing data")
	}
	if p.err != nil {
		return nil, p.err
	}
	return root, nil
}

type parser struct {
	data   []byte
	at     int
	values int
	err    error
}

// fail makes parsing fail at the current byte, inside v.
func (p *parser) fail(v *Value, format string, args ...any) {
	p.failWith(reason.ErrEncoding, v, format, args...)
}

func (p *parser) failWith(why error, v *Value, format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("json: %sat byte %d: %s: %w", v.prefix(), p.at, fmt.Sprintf(format, args...), why)
	}
}

func (p *parser) space() {
	for p.at < len(p.data) && strings.IndexByte(" \t\r\n", p.data[p.at]) >= 0 {
		p.at++
	}
}

// next returns the next byte that is not white space, without taking it; zero
// at the end.
func (p *parser) next() byte {
	p.space()
	if p.at >= len(p.data) {
		return 0
	}
	return p.data[p.at]
}

// value reads one value into v.
func (p *parser) value(v *Value, depth int) {
	if p.values++; p.values > MaxValues {
		p.failWith(reason.ErrLimit, v, "more than %d values", MaxValues)
		return
	}
	if depth > MaxDepth {
		p.failWith(reason.ErrLimit, v, "deeper than %d", MaxDepth)
		return
	}
	switch c := p.next(); {
	case c == '{':
		v.kind = object
		p.object(v, depth)
	case c == '[':
		v.kind = list
		p.items(v, ']', func() { p.value(v.child(""), depth+1) })
	case c == '"':
		v.kind = text
		v.text = p.text(v)
	case c == '-' || '0' <= c && c <= '9':
		v.kind = number
		v.number = p.number(v)
	case p.word("true"):
		v.kind, v.number = boolean, 1
	case p.word("false"):
		v.kind = boolean
	case p.word("null"):
		p.fail(v, "null is no value")
	default:
		p.fail(v, "no JSON value")
	}
}

func (p *parser) word(w string) bool {
	if !strings.HasPrefix(string(p.data[p.at:min(len(p.data), p.at+len(w))]), w) {
		return false
	}
	p.at += len(w)
	return true
}

// items calls item for each element between the brackets of v.
func (p *parser) items(v *Value, end byte, item func()) {
	p.at++
	if p.next() == end {
		p.at++
		return
	}
	for p.err == nil {
		item()
		if p.err != nil {
			return
		}
		switch p.next() {
		case ',':
			p.at++
		case end:
			p.at++
			return
		default:
			p.fail(v, "expected a comma or %q", end)
		}
	}
}

func (p *parser) object(v *Value, depth int) {
	seen := make(map[string]string)
	p.items(v, '}', func() {
		if p.next() != '"' {
			p.fail(v, "expected a key")
			return
		}
		key := p.text(v)
		if p.err != nil {
			return
		}
		child := v.child(key)
		folded := fold(key)
		if first, ok := seen[folded]; ok {
			p.fail(child, "key %.64q after key %.64q", key, first)
			return
		}
		seen[folded] = key
		if p.next() != ':' {
			p.fail(child, "expected a colon")
			return
		}
		p.at++
		p.value(child, depth+1)
	})
}

// fold maps all strings that are equal under Unicode simple case folding, as
// in strings.EqualFold, to one: the smallest rune of each orbit.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, s)
}

// number reads an integer: no fraction, exponent, leading zero or minus zero.
func (p *parser) number(v *Value) int64 {
	start := p.at
	for p.at < len(p.data) && strings.IndexByte("+-.0123456789eE", p.data[p.at]) >= 0 {
		p.at++
	}
	s := string(p.data[start:p.at])
	digits := strings.TrimPrefix(s, "-")
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case strings.ContainsAny(s, ".eE+") || digits == "" || strings.Contains(digits, "-"):
		p.fail(v, "%.32s is not a plain integer", s)
	case digits[0] == '0' && s != "0":
		p.fail(v, "%.32s is not the plain form of an integer", s)
	case err != nil || n > MaxInteger || n < -MaxInteger:
		p.fail(v, "%.32s is above 2^53-1", s)
	}
	return n
}

func (p *parser) text(v *Value) string {
	var b strings.Builder
	p.at++
	for p.err == nil {
		if p.at >= len(p.data) {
			p.fail(v, "text without end")
			break
		}
		if b.Len() > MaxText {
			p.failWith(reason.ErrLimit, v, "text of more than %d bytes", MaxText)
			break
		}
		c := p.data[p.at]
		switch {
		case c == '"':
			p.at++
			return b.String()
		case c < 0x20:
			p.fail(v, "control character %#x in text", c)
		case c == '\\':
			b.WriteRune(p.escape(v))
		default:
			r, size := utf8.DecodeRune(p.data[p.at:])
			if r == utf8.RuneError && size == 1 {
				p.fail(v, "text is not UTF-8")
			}
			b.WriteRune(r)
			p.at += size
		}
	}
	return ""
}

const plainEscapes = "\"\\/bfnrt"

func (p *parser) escape(v *Value) rune {
	p.at++
	if p.at >= len(p.data) {
		p.fail(v, "text without end")
		return 0
	}
	c := p.data[p.at]
	if i := strings.IndexByte(plainEscapes, c); i >= 0 {
		p.at++
		return rune("\"\\/\b\f\n\r\t"[i])
	}
	if c != 'u' {
		p.fail(v, "unknown escape")
		return 0
	}
	p.at++
	r := p.hex(v)
	if !utf16.IsSurrogate(r) {
		return r
	}
	if p.at+1 < len(p.data) && p.data[p.at] == '\\' && p.data[p.at+1] == 'u' {
		p.at += 2
		if pair := utf16.DecodeRune(r, p.hex(v)); pair != utf8.RuneError {
			return pair
		}
	}
	p.fail(v, "lone surrogate")
	return 0
}

func (p *parser) hex(v *Value) rune {
	if p.at+4 > len(p.data) {
		p.fail(v, "text without end")
		return 0
	}
	n, err := strconv.ParseUint(string(p.data[p.at:p.at+4]), 16, 16)
	if err != nil {
		p.fail(v, "escape without four hex digits")
	}
	p.at += 4
	return rune(n)
}
