package ballot

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// The table of what does not show is that of Unicode 15.
func TestHiddenIsUnicode15(t *testing.T) {
	if unicode.Version != "15.0.0" {
		t.Skipf("the standard library has Unicode %s", unicode.Version)
	}
	const braillePatternBlank = '\u2800'
	for r := rune(-1); r <= unicode.MaxRune+1; r++ {
		want := r == ' ' || r != braillePatternBlank && unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.Zs, r) &&
			!unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) && !unicode.Is(unicode.Variation_Selector, r)
		require.Equal(t, want, shows(r), "%U", r)
	}
}

func TestNormalText(t *testing.T) {
	for _, text := range []string{
		"a", "0", ".", "Lady of the Lake", "ليلى حداد", "김하늘", "हिन्दी", "Việt Nam", "ตั้งชื่อ", "नाम", "🚤", "\u0301",
		strings.Repeat("x", 1000), strings.Repeat("\u0323\u0323\u0323\u0323a", 100),
	} {
		text = norm.NFC.String(text)
		got, err := normalText(text, 1000)
		require.NoError(t, err, "%+q", text)
		require.Equal(t, text, got)
		_, err = normalText(text, len(text)-1)
		require.Error(t, err)
		got, err = normalText(norm.NFD.String(text), 1000)
		require.NoError(t, err)
		require.Equal(t, text, got)
	}
	// A library breaks up a long row of marks, which makes another text of it.
	for _, n := range []int{5, 30, 31, 32, 100} {
		_, err := normalText("x"+strings.Repeat("\u0323", n), 1000)
		require.ErrorIs(t, err, reason.ErrEncoding)
	}
	// What is refused is not repeated.
	for _, text := range []string{"secret\x00", " secret", "secret" + strings.Repeat("\u0323", 9), "secret\xff", strings.Repeat("secret", 200)} {
		_, err := normalText(text, 1000)
		require.Error(t, err)
		require.NotContains(t, err.Error(), "secret")
	}
}
