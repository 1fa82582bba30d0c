package ballot

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/rangetable"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// normalText returns a text that a voter writes in Unicode's normal form C, or
// why it cannot be a vote, without repeating the text. What is decrypted is held against the same rules, by
// everybody who audits, in any year and with any library: they depend on
// nothing that a later version of Unicode may change. Normal form C and
// combining classes of characters that are assigned never do
// (unicode.org/policies/stability_policy.html), and a limit on marks keeps clear
// of libraries that break up long rows of them.
func normalText(s string, most int) (string, error) {
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("is not UTF-8: %w", reason.ErrEncoding)
	}
	s = norm.NFC.String(s)
	if s == "" {
		return "", fmt.Errorf("is empty: %w", reason.ErrEncoding)
	}
	if len(s) > most {
		return "", fmt.Errorf("has %d bytes, at most %d: %w", len(s), most, reason.ErrRange)
	}
	if spaced(s) {
		return "", fmt.Errorf("has spaces at an end or two in a row: %w", reason.ErrEncoding)
	}
	marks := 0
	for i, r := range s {
		if !shows(r) {
			return "", fmt.Errorf("contains %U, which does not show: %w", r, reason.ErrEncoding)
		}
		if norm.NFC.PropertiesString(s[i:]).CCC() == 0 {
			marks = 0
		} else if marks++; marks > maxMarks {
			return "", fmt.Errorf("has more than %d combining marks in a row: %w", maxMarks, reason.ErrEncoding)
		}
	}
	return s, nil
}

// shows reports whether a character has a shape of its own: everything that
// is assigned, except controls, format characters, spaces other than U+0020,
// private characters, and the few letters, marks and symbols that are blank.
// That is said of Unicode 15, whatever is current.
func shows(r rune) bool { return unicode.Is(assigned, r) && !unicode.Is(hidden, r) }

var assigned = rangetable.Assigned("15.0.0")

// hidden is what does not show, with what is not assigned in between.
var hidden = hide(
	0x0, 0x1f, 0x7f, 0xa0, 0xad, 0xad, 0x34f, 0x34f, 0x600, 0x605, 0x61c, 0x61c, 0x6dd, 0x6dd, 0x70f, 0x70f,
	0x890, 0x891, 0x8e2, 0x8e2, 0x115f, 0x1160, 0x1680, 0x1680, 0x17b4, 0x17b5, 0x180b, 0x180f,
	0x2000, 0x200f, 0x2028, 0x202f, 0x205f, 0x206f, 0x2800, 0x2800, 0x3000, 0x3000, 0x3164, 0x3164,
	0xd800, 0xf8ff, 0xfe00, 0xfe0f, 0xfeff, 0xfeff, 0xffa0, 0xffa0, 0xfff9, 0xfffb,
	0x110bd, 0x110bd, 0x110cd, 0x110cd, 0x13430, 0x1343f, 0x1bca0, 0x1bca3, 0x1d173, 0x1d17a, 0xe0001, 0x10fffd,
)

// hide makes a table of the first and last characters of ranges.
func hide(bounds ...uint32) *unicode.RangeTable {
	table := new(unicode.RangeTable)
	for i := 0; i < len(bounds); i += 2 {
		table.R32 = append(table.R32, unicode.Range32{Lo: bounds[i], Hi: bounds[i+1], Stride: 1})
	}
	return table
}
