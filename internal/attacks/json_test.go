package attacks

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// requireManifestRefused requires that a manifest with one thing changed is
// refused for one reason.
func (f *fixture) requireManifestRefused(t *testing.T, want error, old, new, name string) {
	t.Helper()
	text := string(f.Manifest.JSON())
	require.Contains(t, text, old, name)
	m, err := ballot.ParseManifest([]byte(strings.Replace(text, old, new, 1)))
	requireReason(t, want, err, name)
	require.Nil(t, m)
}

// What encoding/json of Go reads without complaint, and others read otherwise:
// a manifest is refused if two readers could see two elections in it.
func TestP79AmbiguousJSON(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		text := string(f.Manifest.JSON())
		m, err := ballot.ParseManifest([]byte(text))
		require.NoError(t, err)
		require.Equal(t, f.Manifest.ID(), m.ID())

		title := regexp.MustCompile(`"title": *"Test"`).FindString(text)
		threshold := regexp.MustCompile(`"threshold": *2`).FindString(text)
		number := func(s string) string { return strings.TrimSuffix(threshold, "2") + s }
		for name, c := range map[string]struct{ old, new string }{
			"a key twice":                    {title, title + `, "title": "Other"`},
			"a key twice by case":            {title, title + `, "TITLE": "Other"`},
			"a key twice by an escape":       {title, title + `, "tit\u006ce": "Other"`},
			"a key in capitals":              {title, `"Title": "Test"`},
			"a key with a long s":            {`"limits"`, `"limitſ"`},
			"a key with a Kelvin sign":       {`"kind"`, "\"\u212aind\""},
			"a key that nobody knows":        {title, title + `, "secret": 1`},
			"null":                           {title, `"title": null`},
			"text for a number":              {threshold, number(`"2"`)},
			"a fraction":                     {threshold, number("2.0")},
			"an exponent":                    {threshold, number("2e0")},
			"minus zero":                     {threshold, number("-0")},
			"2^53 + 1":                       {threshold, number("9007199254740993")},
			"2^64":                           {threshold, number("18446744073709551616")},
			"bad UTF-8":                      {title, "\"title\": \"Te\xffst\""},
			"a lone surrogate":               {title, `"title": "Te\ud800st"`},
			"a surrogate in UTF-8":           {title, "\"title\": \"Te\xed\xa0\x80st\""},
			"a byte order mark":              {text[:1], "\ufeff" + text[:1]},
			"a comment":                      {title, "/* */" + title},
			"a comma too many":               {title, title + ","},
			"something behind it":            {text, text + "{}"},
			"the same again":                 {text, text + text},
			"a NUL behind it":                {text, text + "\x00"},
			"a control character in a text":  {title, "\"title\": \"Te\x01st\""},
			"a line end in a text":           {title, "\"title\": \"Te\nst\""},
			"a list for an object":           {text, "[" + text + "]"},
			"nothing":                        {text, ""},
			"half":                           {text, text[:len(text)/2]},
			"an object for a text":           {title, `"title": {}`},
			"a boolean for a number":         {threshold, number("true")},
			"a key left out":                 {title + ",", ""},
			"a number of the largest double": {threshold, number("1" + strings.Repeat("0", 309))},
		} {
			f.requireManifestRefused(t, reason.ErrEncoding, c.old, c.new, name)
		}
		deep := strings.Repeat(`{"a":`, 100_000)
		f.requireManifestRefused(t, reason.ErrLimit, text, deep, "100,000 levels")
		f.requireManifestRefused(t, reason.ErrLimit, text, strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000), "100,000 lists")

		// What applications keep as JSON reads strictly as well.
		var tracker ballot.Tracker
		for _, s := range []string{`""`, `null`, `1`, `{}`, `"zz"`, `"` + f.Fingerprint.String() + `0"`} {
			err := json.Unmarshal([]byte(s), &tracker)
			if s == "null" { // which encoding/json itself leaves alone
				require.Zero(t, tracker)
				continue
			}
			require.Error(t, err, s)
			var fp ballot.Fingerprint
			require.Error(t, json.Unmarshal([]byte(s), &fp), s)
			require.Zero(t, fp)
		}
	})
}

// Two names that people or programs take for one, and texts that show
// something else than they are, are refused when the manifest is made.
func TestP80Names(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		c := f.Manifest.Contests[0]
		first, second := c.Options[0].Name, c.Options[1].Name
		named := func(a, b string) error {
			text := strings.Replace(string(f.Manifest.JSON()), `"`+first+`"`, `"`+a+`"`, 1)
			text = strings.Replace(text, `"`+second+`"`, `"`+b+`"`, 1)
			_, err := ballot.ParseManifest([]byte(text))
			return err
		}
		require.NoError(t, named("Zoë", "Zoé"))
		for name, pair := range map[string][2]string{
			"the same":                 {"Zoë", "Zoë"},
			"NFC and NFD":              {norm.NFC.String("Zoë"), norm.NFD.String("Zoë")},
			"NFD and NFC":              {norm.NFD.String("Zoë"), norm.NFC.String("Zoë")},
			"case":                     {"Zoë", "ZOË"},
			"Latin and Cyrillic":       {"Ava", "\u0410v\u0430"},
			"Latin and Greek":          {"NOAH", "\u039dO\u0391H"},
			"ligature":                 {"Sofia", "So\ufb01a"},
			"fullwidth":                {"Ana", "Ａｎａ"},
			"one and el":               {"List 1", "List l"},
			"hyphens":                  {"Ana-Li", "Ana\u2010Li"},
			"Hangul, composed and not": {"한표", norm.NFD.String("한표")},
		} {
			requireReason(t, reason.ErrDuplicate, named(pair[0], pair[1]), name)
		}
		for name, text := range map[string]string{
			"right-to-left override": "Ana\u202eboB",
			"right-to-left isolate":  "Ana\u2067B",
			"zero-width space":       "An\u200ba",
			"zero-width joiner":      "An\u200da",
			"soft hyphen":            "An\u00ada",
			"Hangul filler":          "Ana\u3164",
			"tags":                   "Ana\U000e0041",
			"a space in front":       " Ana",
			"two spaces":             "Ana  B",
			"nothing":                "",
			"private use":            "Ana\ue000",
		} {
			requireReason(t, reason.ErrEncoding, named(text, second), name)
			f.requireManifestRefused(t, reason.ErrEncoding, `"Test"`, `"`+text+`"`, "title: "+name)
			f.requireManifestRefused(t, reason.ErrEncoding, `"Trustee 2"`, `"`+text+`"`, "trustee: "+name)
		}
		f.requireManifestRefused(t, reason.ErrDuplicate, `"Trustee 2"`, `"trustee 1"`, "two trustees")
		id := `"` + c.Options[1].ID + `"`
		f.requireManifestRefused(t, reason.ErrDuplicate, id, `"`+c.Options[0].ID+`"`, "two ids")
		f.requireManifestRefused(t, reason.ErrEncoding, id, `"gra\u0441e"`, "Cyrillic in an id")
	})
}

// An integer is written in one way.
func TestP81Integers(t *testing.T) {
	integers := []string{"02", "+2", " +2", "0x2", "2.", "2.0", "2e0", "٢", "２", "2_0", "2n", "-2-", "--2", "", "--", "2 0", "00"}
	eachElection(t, func(t *testing.T, f *fixture) {
		threshold := regexp.MustCompile(`"threshold": *2`).FindString(string(f.Manifest.JSON()))
		for _, s := range integers {
			f.requireManifestRefused(t, reason.ErrEncoding, threshold, strings.TrimSuffix(threshold, "2")+s, s)
		}
	})
	// In a checkpoint and in a receipt.
	f := honest(t, groups()[0], false)
	cp, err := f.Log.Checkpoint(t.Context())
	require.NoError(t, err)
	proof, err := ledger.Prove(t.Context(), f.Log, 7)
	require.NoError(t, err)
	_, err = ledger.VerifyProof(f.Manifest.Policy(), f.entries[7], proof)
	require.NoError(t, err)
	_, err = ledger.ParseCheckpoint(cp.Raw)
	require.NoError(t, err)
	for _, s := range append(integers, "7 ", " 7", "-7", "07", "18446744073709551623") {
		lines := strings.SplitN(string(cp.Raw), "\n", 3)
		lines[1] = s
		parsed, err := ledger.ParseCheckpoint([]byte(strings.Join(lines, "\n")))
		require.Error(t, err, "%q", s)
		require.Zero(t, parsed)
		other := strings.Replace(string(proof), "index 7\n", "index "+s+"\n", 1)
		require.NotEqual(t, string(proof), other)
		_, err = ledger.VerifyProof(f.Manifest.Policy(), f.entries[7], []byte(other))
		requireReason(t, reason.ErrEncoding, err, "%q", s)
	}
}
