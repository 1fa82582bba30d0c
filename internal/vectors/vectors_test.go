package vectors

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every vector is refused for its reason, and what it changes is accepted. The
// test reads the files and nothing else. A short run takes one in five.
func TestVectors(t *testing.T) {
	list := readVectors(t)
	require.GreaterOrEqual(t, len(list), 300)
	j := newJudge(t)
	accepted := make(map[string]bool)
	ids := make(map[string]bool)
	for i := range list {
		v := &list[i]
		require.NotEmpty(t, v.ID)
		require.False(t, ids[v.ID], "%s stands twice", v.ID)
		ids[v.ID] = true
		require.Contains(t, reasons, v.Reason, v.ID)
		require.True(t, len(v.Edits)+len(v.Then) > 0, "%s changes nothing", v.ID)
		require.NotEmpty(t, v.Field, v.ID)
		require.NotEmpty(t, v.Change, v.ID)
		if testing.Short() && i%5 != 0 {
			continue
		}

		base := fmt.Sprint(v.Where, v.Mutates)
		if !accepted[base] {
			require.NoError(t, j.of(v, false), "%s: what it changes", v.ID)
			accepted[base] = true
		}
		err := j.of(v, true)
		if !errors.Is(err, reasons[v.Reason]) {
			t.Errorf("%s (%s, %s): expected %q, got: %v", v.ID, v.Field, v.Change, v.Reason, err)
		}
	}
}

// The names of the reasons, and what judges, stand in docs/vectors.md.
func TestNamesAreDocumented(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "vectors.md"))
	require.NoError(t, err)
	for name := range reasons {
		require.Contains(t, string(page), "| `"+name+"` |")
	}
	for _, v := range readVectors(t) {
		require.Contains(t, string(page), "`"+v.Where+"`")
	}
}
