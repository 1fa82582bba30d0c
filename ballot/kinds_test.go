package ballot

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// KindNames returns the names of all kinds, for tests from outside.
func KindNames() []string { return slices.Sorted(maps.Keys(kinds)) }

// Every kind has its section in the manual and stands in a worked manifest.
func TestEveryKindIsExplained(t *testing.T) {
	manual, err := os.ReadFile("../docs/manifest.md")
	require.NoError(t, err)
	files, err := filepath.Glob("../examples/manifests/*.json")
	require.NoError(t, err)
	worked := make(map[string]bool)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		m, err := ParseManifest(data)
		require.NoError(t, err)
		for i := range m.Contests {
			worked[m.Contests[i].Kind] = true
		}
		require.True(t, bytes.Contains(manual, []byte("../examples/manifests/"+filepath.Base(file))), file)
	}
	for name := range kinds {
		require.True(t, bytes.Contains(manual, []byte("\n### `"+name+"`: ")), "docs/manifest.md says nothing of %s", name)
		require.True(t, worked[name], "no worked manifest of %s", name)
	}
}

// Each changes one thing in what a worked manifest says of its kind.
func TestParseManifestRefusesParameters(t *testing.T) {
	for _, test := range []struct {
		file, old, new string
		reason         error
		text           string
	}{
		{"lists", `"options": ["amrein", "bucher"]`, `"options": ["amrein", "nobody"]`, reason.ErrShape, `contests[0].lists[0].options[1]: there is no option "nobody"`},
		{"lists", `"options": ["amrein", "bucher"]`, `"options": ["amrein", "bucher", "amrein"]`, reason.ErrDuplicate, "contests[0].lists[0].options have amrein, who is on list lake"},
		{"lists", `"name": "Lake and Meadow", "options"`, `"name": "Lake and Meadow", "candidates"`, reason.ErrEncoding, `contests[0].lists[0]: has no "options"`},
		{"judgement", `{"id": "good", "name": "Good"}`, `{"id": "good", "name": "Good", "value": 3}`, reason.ErrEncoding, "contests[0].grades[1].value: unknown key"},
		{"judgement", `"kind": "judgement"`, `"kind": "referendum"`, reason.ErrEncoding, "contests[0].grades: unknown key"},
		{"equations", `{"dive": 1, "boat": -1}`, `{"dive": 1, "ship": -1}`, reason.ErrShape, `contests[0].equations[2].terms.ship: there is no option "ship"`},
		{"equations", `{"dive": 1, "boat": -1}`, `{"dive": 1, "boat": -65537}`, reason.ErrRange, "contests[0].equations[2].terms.boat: -65537 is not between -65536 and 65536"},
		{"equations", `{"dive": 1, "boat": -1}`, `{"dive": 1, "dive": -1}`, reason.ErrEncoding, "contests[0].equations[2].terms.dive"},
		{"equations", `{"dive": 1, "boat": -1}`, `{"dive": 1, "boat": 0}`, reason.ErrRange, "contests[0].equations[2].terms.boat is 0"},
		{"equations", `{"dive": 1, "boat": -1}`, `{}`, reason.ErrShape, "contests[0].equations[2].terms are none"},
		{"equations", `{"dive": 1, "boat": -1}`, `["dive", "boat"]`, reason.ErrEncoding, "contests[0].equations[2].terms: is a list and must be an object"},
		{"equations", `"low": -1, "high": 0`, `"low": -1`, reason.ErrEncoding, `contests[0].equations[2]: has no "high"`},
		{"equations", `"low": -1, "high": 0`, `"low": -1, "high": 0, "sum": 0`, reason.ErrEncoding, "contests[0].equations[2].sum: unknown key"},
		{"equations", `"witness": {"hike": 1, "cinema": 1}`, `"witness": {"hike": 1}`, reason.ErrRange, "contests[0].witness equation 1 gives 1, at least 2 required"},
		{"equations", `"witness": {"hike": 1, "cinema": 1},`, ``, reason.ErrEncoding, `contests[0]: has no "witness"`},
	} {
		data, err := os.ReadFile("../examples/manifests/" + test.file + ".json")
		require.NoError(t, err)
		require.Contains(t, string(data), test.old)
		m, err := ParseManifest([]byte(strings.Replace(string(data), test.old, test.new, 1)))
		require.ErrorIs(t, err, test.reason, test.new)
		require.ErrorContains(t, err, test.text)
		require.Nil(t, m)
	}
}
