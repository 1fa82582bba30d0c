package ballot

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"strings"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Code is what one registrar sends a voter, in a letter, say, whose credential
// two or more registrars make together: 130 random bits as text that people
// can type. See [NewCodeShare]. It must be kept secret, also from the other
// registrars; it prints as redacted, and Text is for the letter.
type Code struct{ symbols [codeSymbols]byte } // each of 5 bits

const (
	codeSymbols = 26 // of 5 bits, 130 bits
	codeChecks  = 4  // symbols of checksum
	codeGroup   = 5  // symbols between two hyphens
)

// codeAlphabet is Crockford's base 32: digits and letters without I, L, O, U.
const codeAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewCode makes a code.
func NewCode() Code {
	var c Code
	rand.Read(c.symbols[:]) // never fails, see crypto/rand
	for i := range c.symbols {
		c.symbols[i] &= 31
	}
	return c
}

// isZero reports whether nobody has made the code. NewCode never makes this one.
func (c Code) isZero() bool {
	return subtle.ConstantTimeCompare(c.symbols[:], make([]byte, codeSymbols)) == 1
}

// Text returns the code in six groups of five letters or digits, like
// 3Q2DZ-40TKX-…: 26 symbols and four of a checksum.
func (c Code) Text() string {
	checks := codeChecksum(c.symbols[:])
	var text strings.Builder
	for i, s := range append(c.symbols[:], checks[:]...) {
		if i > 0 && i%codeGroup == 0 {
			text.WriteByte('-')
		}
		text.WriteByte(codeAlphabet[s])
	}
	return text.String()
}

// ParseCode reads a code as somebody has typed it: in capitals or not, with O
// for 0, I or L for 1, and with hyphens and spaces anywhere. Everything else
// is ErrEncoding. The checksum finds up to four wrong symbols in any places,
// hence also two neighbours exchanged, twice, and of more all but one in a
// million. No error quotes the code.
func ParseCode(text string) (Code, error) {
	var c Code
	var typed [codeSymbols + codeChecks]byte
	n := 0
	for i := range len(text) {
		if text[i] == '-' || text[i] == ' ' {
			continue
		}
		s := codeSymbol(text[i])
		if s < 0 {
			return Code{}, fmt.Errorf("ballot: code: character %d is none of a code's: %w", n+1, reason.ErrEncoding)
		}
		if n < len(typed) {
			typed[n] = byte(s)
		}
		n++
	}
	if n != len(typed) {
		return Code{}, fmt.Errorf("ballot: code: %d letters and digits, want %d: %w", n, len(typed), reason.ErrEncoding)
	}
	copy(c.symbols[:], typed[:])
	if codeChecksum(typed[:]) != [codeChecks]byte{} {
		return Code{}, fmt.Errorf("ballot: code: mistyped, the checksum does not fit: %w", reason.ErrEncoding)
	}
	return c, nil
}

// codeSymbol returns the value of a character, -1 if it has none.
func codeSymbol(c byte) int {
	if 'a' <= c && c <= 'z' {
		c -= 'a' - 'A'
	}
	switch c {
	case 'O':
		c = '0'
	case 'I', 'L':
		c = '1'
	}
	return strings.IndexByte(codeAlphabet, c)
}

// codeGenerator is (x − 1)(x − α)(x − α²)(x − α³) over GF(32), where α is a root
// of x⁵ + x² + 1, without its leading 1. α has order 31, so that words of up
// to 31 symbols that it divides are a Reed–Solomon code: two of them differ in
// at least five symbols (Reed and Solomon, J. SIAM 1960).
var codeGenerator = [codeChecks]byte{15, 19, 23, 10}

// codeChecksum returns the remainder of the symbols, times x⁴, by the
// generator: what makes a word when it follows them, and zero for a word.
func codeChecksum(symbols []byte) (r [codeChecks]byte) {
	for _, s := range symbols {
		lead := s ^ r[0]
		copy(r[:], r[1:])
		r[codeChecks-1] = 0
		for i := range r {
			r[i] ^= mulGF32(lead, codeGenerator[i])
		}
	}
	return r
}

// mulGF32 multiplies in GF(2)[x] modulo x⁵ + x² + 1, in constant time.
func mulGF32(a, b byte) (product byte) {
	for range 5 {
		product ^= a & -(b & 1)
		a = a<<1 ^ 0x25&-(a>>4)
		b >>= 1
	}
	return product
}

func (c Code) String() string               { return "ballot.Code" + redacted }
func (c Code) GoString() string             { return c.String() }
func (c Code) Format(f fmt.State, _ rune)   { fmt.Fprint(f, c.String()) }
func (c Code) LogValue() slog.Value         { return slog.StringValue(c.String()) }
func (c Code) MarshalText() ([]byte, error) { return []byte(redacted), nil }
