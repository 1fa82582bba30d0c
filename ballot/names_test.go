package ballot

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/hanpyo/hanpyo/internal/reason"
)

func TestP80Names(t *testing.T) {
	for _, name := range []string{
		"김하늘", "Hélène D’Arcy-Müller", "ليلى حداد", "Nguyễn Thị Phượng", "Дмитрий Шостакович", "Ελένη Παπαδοπούλου",
		"שרה כהן", "מִרְיָם", "山田 太郎", "ราเชล สุขใจ", "संध्या", "O'Neill & Söhne (10 %)", "Rozbujane Planty 웃", "przejścia💡", "Place zabaw ✎", "50 % + 1", "½ ①",
	} {
		got, err := normalName(name)
		require.NoError(t, err, name)
		require.Equal(t, norm.NFC.String(name), got)
		decomposed, err := normalName(norm.NFD.String(name))
		require.NoError(t, err, name)
		require.Equal(t, got, decomposed)
	}
	for what, name := range map[string]string{
		"empty":                  "",
		"only space":             " ",
		"space in front":         " Ana",
		"space at the end":       "Ana ",
		"two spaces":             "Ana  Díaz",
		"no-break space":         "Ana\u00a0Díaz",
		"ideographic space":      "山田\u3000太郎",
		"tab":                    "Ana\tDíaz",
		"line end":               "Ana\n",
		"line separator":         "Ana\u2028Díaz",
		"nul":                    "Ana\x00",
		"delete":                 "Ana\x7f",
		"C1 control":             "Ana\u0085Díaz",
		"right-to-left override": "Ana\u202eDíaz",
		"right-to-left isolate":  "Ana\u2067Díaz",
		"right-to-left mark":     "Ana\u200f",
		"Arabic letter mark":     "Ana\u061c",
		"zero-width space":       "Ana\u200bDíaz",
		"zero-width joiner":      "Ana\u200dDíaz",
		"zero-width non-joiner":  "Ana\u200cDíaz",
		"word joiner":            "Ana\u2060Díaz",
		"byte order mark":        "\ufeffAna",
		"soft hyphen":            "A\u00adna",
		"Hangul filler":          "Ana\u3164",
		"Hangul choseong filler": "Ana\u115f",
		"halfwidth filler":       "Ana\uffa0",
		"grapheme joiner":        "A\u034fna",
		"variation selector":     "Ana\ufe0f",
		"ideographic variation":  "山\U000e0100",
		"language tag":           "Ana\U000e0041",
		"Braille blank":          "Ana\u2800",
		"private use":            "Ana\ue000",
		"not a character":        "Ana\ufffe",
		"unassigned":             "Ana\u0378",
		"not UTF-8":              "Ana\xff",
		"surrogate":              "Ana\xed\xa0\x80",
		"mark first":             "\u0301Ana",
		"mark after a space":     "Ana \u0301",
		"five marks":             "q" + strings.Repeat("\u0323", 5),
	} {
		got, err := normalName(name)
		require.ErrorIs(t, err, reason.ErrEncoding, what)
		require.Empty(t, got)
	}
	_, err := normalName(strings.Repeat("é", maxName/2))
	require.NoError(t, err)
	_, err = normalName(strings.Repeat("é", maxName/2) + "e")
	require.ErrorIs(t, err, reason.ErrLimit)
	// U+1D160 is four bytes and becomes twelve.
	_, err = normalName(strings.Repeat("\U0001d160", maxName/4))
	require.ErrorIs(t, err, reason.ErrLimit)
}

func TestIDs(t *testing.T) {
	for _, id := range []string{"a", "7", "W041OJ", "M/34/VIII", "1_x-y.z", strings.Repeat("x", maxID)} {
		require.NoError(t, checkID(id), id)
	}
	for _, id := range []string{"", "-a", "a-", "/", "a b", "é", "a\n", "a\x00b", "٣", "a+b"} {
		require.ErrorIs(t, checkID(id), reason.ErrEncoding, "%q", id)
	}
	require.ErrorIs(t, checkID(strings.Repeat("x", maxID+1)), reason.ErrLimit)
}

func TestP80ConfusableNames(t *testing.T) {
	for _, pair := range [][2]string{
		{"Ana", "Ana"},
		{"Ana", "ANA"},
		{"Straße", "STRASSE"},
		{"Σίσυφος", "ΣΊΣΥΦΟΣ"},
		{"Дом", "ДОМ"},
		{"paypal", "раураl"},         // Cyrillic
		{"NATO", "ΝΑΤΟ"},             // Greek
		{"nato", "ΝΑΤΟ"},             // Greek, other case
		{"ΡΟΜΑ", "РОМА"},             // Greek and Cyrillic
		{"List I", "List l"},         // stroke letters
		{"List 1", "List I"},         //
		{"Room 10", "Room lO"},       //
		{"Anna-Maria", "Anna–Maria"}, // en dash
		{"D'Arcy", "D’Arcy"},         //
		{"file", "ﬁle"},              // ligature
		{"Ana", "Ａｎａ"},               // fullwidth
		{"Ana", "𝐀𝐧𝐚"},               // mathematical bold
		{"x2", "x²"},                 //
		{"علی", "على"},               // Persian and Arabic
		{"۱۲", "١٢"},                 // digits
		{"İ", "I\u0307"},             // one composed
	} {
		d := newDistinct("option")
		first, err := normalName(pair[0])
		require.NoError(t, err)
		second, err := normalName(pair[1])
		require.NoError(t, err)
		require.NoError(t, d.name(first))
		require.ErrorIs(t, d.name(second), reason.ErrDuplicate, "%q, %q", pair[0], pair[1])
		d = newDistinct("option")
		require.NoError(t, d.name(second))
		require.ErrorIs(t, d.name(first), reason.ErrDuplicate, "%q, %q", pair[1], pair[0])
	}
	// Names that only a hasty reader would take for one another stay apart.
	d := newDistinct("option")
	for _, name := range []string{"Kai", "Kal", "Kaï", "Kay", "Ana", "Anna", "Aña", "Smith", "Smyth", "김하늘", "김하눌", "علي", "علا", "Ёлка", "Елка", "modern", "modem", "List 2", "List 3", "+1", "−1"} {
		require.NoError(t, d.name(name))
	}
}

func TestLookAlikesAreReachableAndFinal(t *testing.T) {
	for from, to := range lookAlikes {
		require.Equal(t, string(from), norm.NFKD.String(string(from)), "%U is decomposed before it is looked up", from)
		require.NotContains(t, lookAlikes, to, "%U maps to %U, which maps on", from, to)
		require.Equal(t, string(to), norm.NFKD.String(string(to)))
	}
}
