package tally

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/internal/entry"
)

// From the pin on an operator can remove, double or exchange entries that do
// not matter: see TestOperatorCannotChangeTheResult. Mixes that count do, except
// that those of two contests may change places.
func TestOperatorCannotChangeTheMixes(t *testing.T) {
	f := honestMixed(t, groups[0])
	pin, last, result := f.at(t, entry.Pin, 0), f.mixAt(t, 2, motto), f.at(t, entry.Result, 0)
	irrelevant := map[string]func(i int) bool{
		"removed": func(i int) bool { return last < i && i < result },
		"doubled": func(i int) bool { return true },
		// Neighbours are of different contests, but for the pin and the result.
		"swapped": func(i int) bool { return pin < i },
	}
	for i := pin; i < len(f.entries); i++ {
		for what, entries := range map[string][][]byte{
			"removed": without(f.entries, i),
			"doubled": insert(f.entries, i, f.entries[i]),
			"swapped": swap(f.entries, i, min(i+1, len(f.entries)-1)),
		} {
			report := f.audit(t, entries)
			name := fmt.Sprintf("entry %d %s\n%s", i, what, report.Text())
			require.Equal(t, irrelevant[what](i), report.Verified(), name)
			if report.Verified() {
				require.Equal(t, f.result.Bytes(), report.Result.Bytes(), name)
			}
		}
	}
}
