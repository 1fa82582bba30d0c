package tally

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/internal/entry"
)

// An operator removes, doubles or exchanges any entries of an honest election,
// and signs the new tree. Everything up to the close is under the pin, which
// the authorities have signed: no change there goes unseen.
//
// After the close an entry is irrelevant if the others give the same result:
//   - any one trustee's share, because two of three are enough;
//   - a second copy of the close, of the pin, of a share or of the result;
//   - the order of shares, of the pin and the first share, and of the result
//     and the last share: the share that then comes early or late is one of
//     those of which two more stand where they should.
//
// An audit may then verify the ledger, with the same result as before. Whoever
// has an earlier checkpoint sees even that: see TestContinuity.
func TestOperatorCannotChangeTheResult(t *testing.T) {
	f := honest(t, groups[0])
	closed, pin, result := f.at(t, entry.Close, 0), f.at(t, entry.Pin, 0), f.at(t, entry.Result, 0)
	irrelevant := map[string]func(i int) bool{
		"removed": func(i int) bool { return pin < i && i < result },
		"doubled": func(i int) bool { return closed <= i },
		"swapped": func(i int) bool { return pin <= i },
	}
	step := 1
	if testing.Short() {
		step = 5
	}
	for i := 0; i < len(f.entries); i += step {
		for what, entries := range map[string][][]byte{
			"removed": without(f.entries, i),
			"doubled": insert(f.entries, i, f.entries[i]),
			"swapped": swap(f.entries, i, min(i+1, len(f.entries)-1)),
		} {
			if what == "swapped" && i+1 == len(f.entries) {
				continue
			}
			report := f.audit(t, entries)
			name := fmt.Sprintf("entry %d %s\n%s", i, what, report.Text())
			require.Equal(t, irrelevant[what](i), report.Verified(), name)
			if report.Verified() {
				require.Equal(t, f.result.Bytes(), report.Result.Bytes(), name)
			}
		}
	}
	// Any two entries before the pin, and from there on.
	for i := 0; i < pin; i += 7 * step {
		for j := i + 2; j < len(f.entries); j += 3 * step {
			require.False(t, f.audit(t, swap(f.entries, i, j)).Verified(), "entries %d and %d", i, j)
		}
	}
}
