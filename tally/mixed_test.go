package tally

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/elgamal"
)

func eachGroup(t *testing.T, test func(t *testing.T, g *elgamal.Group)) {
	for _, g := range groups {
		t.Run(g.Name(), func(t *testing.T) {
			if testing.Short() && g != groups[0] {
				t.Skip("P-256 in the long run")
			}
			test(t, g)
		})
	}
}

func TestMixedElection(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		f := honestMixed(t, g)
		r := f.result
		require.EqualValues(t, 5, r.Ballots)
		require.EqualValues(t, 0, r.Refused, "garbage is a vote that is invalid, not a ballot that is refused")
		require.EqualValues(t, 5, r.Contests[chair].Ballots)
		require.EqualValues(t, 4, r.Contests[motto].Ballots)
		require.Equal(t, map[string]int64{"a": 3, "c": 1, "invalid": 1}, totals(r.Contests[chair]))
		require.Equal(t, map[string]int64{"a": 3, "b": 1}, totals(r.Contests[mayor]))
		require.Equal(t, map[string]int64{"a": 1, "written": 1, "blank": 1, "invalid": 1}, totals(r.Contests[motto]))
		require.Equal(t, []string{"a", "c"}, r.Contests[chair].Elected)
		require.EqualValues(t, 4, r.Contests[chair].Rounds.Papers)
		require.Equal(t, []TextTotal{{"a long motto that needs two points", 1}}, r.Contests[motto].Texts)

		// What is mixed is the rows of the counted ballots, in ledger order.
		c := f.closingOf(t, f.entries[:f.mixAt(t, 1, chair)])
		require.Len(t, slices.Collect(c.state.Counted()), 5)
		for _, contest := range []int{chair, motto} {
			var rows []byte
			for counted := range c.state.Counted() {
				b, err := f.ParseBallot(f.entries[counted.Index])
				require.NoError(t, err)
				first, ok := f.Manifest.RowStart(counted.Style, contest)
				if !ok {
					continue
				}
				_, columns := f.Manifest.Contests[contest].Columns()
				rows = g.AppendCiphertext(rows, elgamal.Ciphertext{A: b.Row().A, B: b.Row().B[first : first+columns]})
			}
			require.Equal(t, rows, c.mixing.chains[contest].last.Bytes())
		}

		report := f.audit(t, f.entries)
		requireReport(t, report, nil, nil)
		require.Equal(t, r, report.Result)
		require.Equal(t, "4 of 4", report.Check(mixChain).Summary)
		require.Equal(t, "2 of 3 mixers, 2 contests", report.Check(mixQuorum).Summary)
	})
}
