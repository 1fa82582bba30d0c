package identity

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

const redacted = "identity(redacted)"

// Subject says that two presentations are of the same person, and nothing
// else, to whoever does not hold the key of the [Pseudonyms]. It is comparable
// and prints as redacted. The zero value is nobody.
type Subject struct{ id [32]byte }

// Bytes returns the subject for the registrar's own records.
func (s Subject) Bytes() []byte { return s.id[:] }

// IsZero reports whether s is nobody.
func (s Subject) IsZero() bool { return s == Subject{} }

// ParseSubject reads what [Subject.Bytes] returned.
func ParseSubject(data []byte) (Subject, error) {
	var s Subject
	if len(data) != len(s.id) {
		return Subject{}, fmt.Errorf("identity: subject: %d bytes, want %d: %w", len(data), len(s.id), ErrEncoding)
	}
	copy(s.id[:], data)
	if s.IsZero() {
		return Subject{}, fmt.Errorf("identity: subject: zero: %w", ErrEncoding)
	}
	return s, nil
}

// String, Format and MarshalText keep subjects out of logs.
func (Subject) String() string               { return redacted }
func (Subject) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Subject) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Claim is what an issuer says of a person, as text.
type Claim struct{ Name, Value string }

// Pseudonyms makes subjects. Names, dates of birth and numbers of citizens can
// be guessed, hence the key: without it nobody can try the claims of a known
// person against a list of subjects. Keep it secret for as long as the
// registrar's records exist; who has it can undo them.
type Pseudonyms struct {
	key   [32]byte
	scope string
}

// NewPseudonyms returns the pseudonyms of one scope, normally the fingerprint
// of an election: subjects of different scopes or keys cannot be linked. The
// key has 32 random bytes.
func NewPseudonyms(key []byte, scope string) (*Pseudonyms, error) {
	p := &Pseudonyms{scope: scope}
	switch {
	case len(key) != len(p.key):
		return nil, fmt.Errorf("identity: pseudonyms: key of %d bytes, want %d: %w", len(key), len(p.key), ErrShape)
	case scope == "":
		return nil, fmt.Errorf("identity: pseudonyms: no scope: %w", ErrShape)
	}
	copy(p.key[:], key)
	return p, nil
}

// String, Format and MarshalText keep the key out of output.
func (Pseudonyms) String() string               { return redacted }
func (Pseudonyms) Format(f fmt.State, _ rune)   { io.WriteString(f, redacted) }
func (Pseudonyms) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MaxClaim is how many bytes the name or the value of a claim may have.
const MaxClaim = 1024

// Subject returns the subject of the person of whom the issuer says these
// claims, in whichever order. The format of the credential does not enter, so
// that one person with credentials of two formats and one issuer is one
// subject, and a registrar can compute the subjects of a list of its own.
//
// The subject is HMAC-SHA-256 (RFC 2104) over a domain, the scope, the issuer
// and the claims sorted by name, each behind its length in four bytes. Values
// enter byte by byte: one issuer is expected to write one thing one way.
func (p *Pseudonyms) Subject(issuer string, claims ...Claim) (Subject, error) {
	if issuer == "" || len(claims) == 0 {
		return Subject{}, fmt.Errorf("identity: subject: no issuer or no claims: %w", ErrShape)
	}
	sorted := slices.SortedFunc(slices.Values(claims), func(a, b Claim) int { return cmp.Compare(a.Name, b.Name) })
	fields := []string{"hanpyo/v1/identity/subject", p.scope, issuer}
	for i, c := range sorted {
		switch {
		case i > 0 && c.Name == sorted[i-1].Name:
			return Subject{}, fmt.Errorf("identity: subject: two claims of one name: %w", ErrDuplicate)
		case c.Name == "" || c.Value == "" || !readable(c.Name) || !readable(c.Value):
			return Subject{}, fmt.Errorf("identity: subject: claim is empty, too long or not UTF-8: %w", ErrClaim)
		}
		fields = append(fields, c.Name, c.Value)
	}
	h := hmac.New(sha256.New, p.key[:])
	for _, f := range fields {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(f))))
		io.WriteString(h, f)
	}
	var s Subject
	h.Sum(s.id[:0])
	return s, nil
}

// readable refuses text in which a decoder replaced what it could not read:
// two people could come out the same.
func readable(s string) bool {
	return len(s) <= MaxClaim && utf8.ValidString(s) && !strings.ContainsRune(s, utf8.RuneError)
}
