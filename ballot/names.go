package ballot

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Limits of what a manifest calls things.
const (
	maxName = 1000 // bytes of a title or name in UTF-8
	maxID   = 64   // bytes of an id
)

// maxMarks is how many combining marks may stand in a row. Unicode Technical
// Standard 39, section 5.4, draws the line at four.
const maxMarks = 4

// normalName returns a title or name in Unicode's normal form C, or why it
// cannot stand on a ballot: it must show as what it is, so it has no control,
// format (among them zero-width and bidirectional), private, unassigned or
// otherwise invisible characters, and no spaces but single ones inside.
func normalName(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", fmt.Errorf("is not UTF-8: %w", reason.ErrEncoding)
	}
	s = norm.NFC.String(s)
	if s == "" {
		return "", fmt.Errorf("is empty: %w", reason.ErrEncoding)
	}
	if len(s) > maxName {
		return "", fmt.Errorf("has %d bytes, at most %d: %w", len(s), maxName, reason.ErrLimit)
	}
	if spaced(s) {
		return "", fmt.Errorf("%+q has spaces at an end or two in a row: %w", s, reason.ErrEncoding)
	}
	marks := maxMarks // a mark must not come first, nor after a space
	for _, r := range s {
		if !shows(r) {
			return "", fmt.Errorf("%+q contains %U, which does not show: %w", s, r, reason.ErrEncoding)
		}
		switch {
		case r == ' ':
			marks = maxMarks
		case !unicode.In(r, unicode.Mn, unicode.Me):
			marks = 0
		case marks == maxMarks:
			return "", fmt.Errorf("%+q has the combining mark %U without a letter or with too many others: %w", s, r, reason.ErrEncoding)
		default:
			marks++
		}
	}
	return s, nil
}

// spaced reports whether there are spaces at an end or two in a row.
func spaced(s string) bool { return strings.TrimSpace(s) != s || strings.Contains(s, "  ") }

// checkID accepts the names that votes and programs use: ASCII letters and
// digits, and - _ . / between them.
func checkID(id string) error {
	if len(id) > maxID {
		return fmt.Errorf("has %d bytes, at most %d: %w", len(id), maxID, reason.ErrLimit)
	}
	for i := range len(id) {
		c := id[i]
		alnum := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !alnum && (i == 0 || i == len(id)-1 || strings.IndexByte("-_./", c) < 0) {
			return fmt.Errorf("%+q is not of ASCII letters and digits with - _ . / between them: %w", id, reason.ErrEncoding)
		}
	}
	if id == "" {
		return fmt.Errorf("is empty: %w", reason.ErrEncoding)
	}
	return nil
}

// distinct refuses ids and names of which two are equal, differ in case only,
// or look alike.
type distinct struct {
	what  string // what the names belong to, for the error
	ids   map[string]string
	names map[string]string
}

func newDistinct(what string) *distinct {
	return &distinct{what: what, ids: make(map[string]string), names: make(map[string]string)}
}

func (d *distinct) id(id string) error {
	key := strings.ToLower(id)
	if first, ok := d.ids[key]; ok {
		return fmt.Errorf("%s %q stands beside %q: %w", d.what, id, first, reason.ErrDuplicate)
	}
	d.ids[key] = id
	return nil
}

func (d *distinct) name(name string) error {
	for _, key := range skeletons(name) {
		if first, ok := d.names[key]; ok {
			return fmt.Errorf("%s name %q looks like %q: %w", d.what, name, first, reason.ErrDuplicate)
		}
	}
	for _, key := range skeletons(name) {
		d.names[key] = name
	}
	return nil
}

// skeletons returns the keys under which names that a person may take for one
// another collide, in the manner of Unicode Technical Standard 39, section 4:
// compatibility decomposition, a table of look-alikes, case folding. The first
// key is without look-alikes, so that names that differ in case only meet. The
// last also takes I, l, 1 and | for one another, and O and 0.
//
// The table is ours and fixed, not the Unicode data of the day: whether a
// manifest is valid must not change with a release of a library.
// docs/manifest.md says what it covers.
func skeletons(name string) [3]string {
	plain := norm.NFKD.String(name)
	alike := strings.Map(lookAlike, plain)
	strokes := strings.Map(stroke, alike)
	fold := func(s string) string { return norm.NFD.String(cases.Fold().String(s)) }
	return [3]string{"case " + fold(plain), "shape " + fold(alike), "stroke " + fold(strokes)}
}

func lookAlike(r rune) rune {
	if to, ok := lookAlikes[r]; ok {
		return to
	}
	return r
}

func stroke(r rune) rune {
	switch r {
	case 'I', '1', '|':
		return 'l'
	case '0':
		return 'O'
	}
	return r
}

// lookAlikes maps characters to the one they look like. Each pair is a
// character in compatibility decomposition and what it stands for.
var lookAlikes = makeLookAlikes(
	// Greek letters that look Latin.
	"ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX οo νv ρp αa ιi κk υu γy ηn χx",
	// Cyrillic letters that look Latin, then those that look Greek.
	"АA ВB ЕE ЅS ІI ЈJ КK МM НH ОO РP СC ТT УY ҮY ХX ԌG ԚQ ԜW ҺH ԀD ӀI ѴV",
	"аa еe ѕs іi јj кk оo рp сc уy үy хx һh ԁd ԛq ԝw ѵv ӏl гr",
	"ГΓ ПΠ ЛΛ ФΦ фφ",
	// Armenian and Georgian letters, and Latin ones close to plain ones.
	"օo սu հh ցg ՕO ՍU ოo ıi ȷj ɑa ɡg ɩi ǀl ʟl ɪi ĸk ᴏo ᴄc ᴠv ᴡw ᴢz",
	// Digits and letters with one shape in Arabic, Persian and Urdu.
	"۰٠ ۱١ ۲٢ ۳٣ ۷٧ ۸٨ ۹٩ یى کك ہه ھه ەه",
	// Dashes, quotes, dots, slashes.
	"‐- ‒- –- —- ―- −- ⁃- ー- ᅳ- 一-",
	"‘' ’' ‚' ‛' ʹ' ʻ' ʼ' ʽ' ʾ' ʿ' ˈ' ′' ‵' `' ՚' ׳' “\" ”\" „\" ‟\" ״\"",
	"·. •. ∙. ⋅. ・. ‧. ᛫. ٫, ؍, ꞉: ׃: ∶: ։: ː: ⁄/ ∕/ ⧸/ ∣| ׀| ∗* ٭* ∼~",
)

func makeLookAlikes(groups ...string) map[rune]rune {
	table := make(map[rune]rune)
	for _, group := range groups {
		for _, pair := range strings.Fields(group) {
			r := []rune(pair)
			table[r[0]] = r[1]
		}
	}
	return table
}
