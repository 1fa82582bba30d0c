package ledger

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"filippo.io/edwards25519"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// verifierKey is a key that signs lines of a note: that of a ledger, or a
// cosigner's.
type verifierKey struct {
	name string
	id   [4]byte
	kind CosignatureType // or logKey
	key  []byte
}

// logKey is the type of the key that signs a ledger: Ed25519 over the text.
const logKey CosignatureType = 1

// parseKey decodes a verifier key, name+hash+base64, in its one form.
func parseKey(text string) (verifierKey, error) {
	fields := strings.SplitN(text, "+", 3) // base64 may contain a plus
	if len(fields) != 3 {
		return verifierKey{}, fmt.Errorf("verifier key %.100q: %w", text, reason.ErrEncoding)
	}
	key, err := base64.StdEncoding.Strict().DecodeString(fields[2])
	if err != nil || len(key) == 0 {
		return verifierKey{}, fmt.Errorf("verifier key of %.100q: not canonical base64: %w", fields[0], reason.ErrEncoding)
	}
	v := verifierKey{name: fields[0], kind: CosignatureType(key[0]), key: key[1:]}
	switch v.kind {
	case logKey, CosignEd25519, CosignMLDSA44:
	default:
		return verifierKey{}, fmt.Errorf("verifier key of %.100q: signature type %d: %w", v.name, v.kind, reason.ErrVersion)
	}
	if size, _ := v.kind.sizes(); len(v.key) != size || !isKeyName(v.name) {
		return verifierKey{}, fmt.Errorf("verifier key of %.100q: name or length: %w", v.name, reason.ErrEncoding)
	}
	if v.kind != CosignMLDSA44 && !isEd25519(v.key) {
		return verifierKey{}, fmt.Errorf("verifier key of %.100q: not an Ed25519 key, or one of small order: %w", v.name, reason.ErrGroup)
	}
	v.setID()
	if v.String() != text {
		return verifierKey{}, fmt.Errorf("verifier key of %.100q: not in its plain form: %w", v.name, reason.ErrEncoding)
	}
	return v, nil
}

// isEd25519 refuses what is no canonical point, and the eight points of small
// order, under which anybody can make signatures: who rotates to such a key
// could deny every fork.
func isEd25519(key []byte) bool {
	p, err := new(edwards25519.Point).SetBytes(key)
	return err == nil && bytes.Equal(p.Bytes(), key) && new(edwards25519.Point).MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) == 0
}

// parseCosigner is parseKey for the key of a cosigner.
func parseCosigner(text string) (verifierKey, error) {
	v, err := parseKey(text)
	switch {
	case err != nil:
		return verifierKey{}, err
	case v.kind == logKey:
		return verifierKey{}, fmt.Errorf("verifier key of %.100q: signs ledgers, not cosignatures: %w", v.name, reason.ErrEncoding)
	case len(v.name) > maxCosigner:
		return verifierKey{}, fmt.Errorf("verifier key with a name of %d bytes, at most %d: %w", len(v.name), maxCosigner, reason.ErrLimit)
	}
	return v, nil
}

// isKeyName reports whether name is one that a note can have.
func isKeyName(name string) bool {
	return name != "" && utf8.ValidString(name) && !strings.ContainsFunc(name, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || r == '+'
	})
}

func (v *verifierKey) setID() {
	h := sha256.New()
	h.Write([]byte(v.name + "\n"))
	h.Write([]byte{byte(v.kind)})
	h.Write(v.key)
	copy(v.id[:], h.Sum(nil))
}

func (v verifierKey) String() string {
	return fmt.Sprintf("%s+%x+%s", v.name, v.id, base64.StdEncoding.EncodeToString(slices.Concat([]byte{byte(v.kind)}, v.key)))
}

// short names the key in errors.
func (v verifierKey) short() string { return fmt.Sprintf("%.64s+%x", v.name, v.id) }

// made reports whether the key has the name and id of a line.
func (v verifierKey) made(l noteLine) bool { return v.name == l.name && v.id == l.id }

// verifyText checks a signature over the text of a note (ErrSignature).
func (v verifierKey) verifyText(text string, signature []byte) error {
	if !ed25519.Verify(v.key, []byte(text), signature) {
		return fmt.Errorf("signature of %s: %w", v.short(), reason.ErrSignature)
	}
	return nil
}

// noteLine is one signature line of a note.
type noteLine struct {
	name      string
	id        [4]byte
	signature []byte
}

const linePrefix = "— "

func (l noteLine) bytes() []byte {
	return fmt.Appendf(nil, "%s%s %s\n", linePrefix, l.name, base64.StdEncoding.EncodeToString(slices.Concat(l.id[:], l.signature)))
}

// maxLines is how many signature lines a note may have.
const maxLines = 1 + MaxWitnesses

// parseLines decodes signature lines, each in the one form in which a signer
// writes it and none twice (ErrSignature). Package note is laxer: it drops
// repeated lines and accepts several base64 forms of one signature.
func parseLines(s string) ([]noteLine, error) {
	var lines []noteLine
	for s != "" {
		text, rest, ok := strings.Cut(s, "\n")
		if !ok {
			return nil, fmt.Errorf("signature line without end: %w", reason.ErrSignature)
		}
		l, err := parseLine(text)
		if err != nil {
			return nil, fmt.Errorf("signature line %d: %w", len(lines)+1, err)
		}
		for _, other := range lines {
			if other.name == l.name && other.id == l.id {
				return nil, fmt.Errorf("signature line %d: %.64s+%x has signed already: %w", len(lines)+1, l.name, l.id, reason.ErrSignature)
			}
		}
		if lines = append(lines, l); len(lines) > maxLines {
			return nil, fmt.Errorf("more than %d signature lines: %w", maxLines, reason.ErrLimit)
		}
		s = rest
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("no signature line: %w", reason.ErrSignature)
	}
	return lines, nil
}

func parseLine(text string) (noteLine, error) {
	rest, ok := strings.CutPrefix(text, linePrefix)
	name, encoded, found := strings.Cut(rest, " ")
	if !ok || !found || !isKeyName(name) {
		return noteLine{}, fmt.Errorf("%.32s is none: %w", strconv.Quote(text), reason.ErrSignature)
	}
	b, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") || len(b) < 5 {
		return noteLine{}, fmt.Errorf("of %.64s: not canonical base64: %w", name, reason.ErrSignature)
	}
	return noteLine{name, [4]byte(b), b[4:]}, nil
}
