package ballot

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// In trees of every shape the proof that streaming gives is that of the whole
// tree.
func TestSoughtLineInEveryTree(t *testing.T) {
	m := testManifest(t, "ristretto255")
	most := 34
	if testing.Short() {
		most = 18
	}
	for size := 1; size <= most; size++ {
		roll, err := NewRoll(m, rollLines(m, size))
		require.NoError(t, err)
		totals := roll.Totals()
		for i := range size {
			want, err := roll.Line(uint64(i))
			require.NoError(t, err)
			r := NewRollReader(m)
			r.sought = &soughtLine{key: want.Key, in: -1}
			for _, l := range roll.lines { // what each reader keeps is its own
				before := r.clone()
				require.NoError(t, r.addLine(l))
				_, ok := before.proven()
				require.Equal(t, before.totals.Size > uint64(i), ok)
			}
			got, ok := r.proven()
			require.True(t, ok)
			require.Equal(t, want.RollLine, got.RollLine)
			require.Equal(t, want.Index, got.Index)
			require.True(t, slices.Equal(want.Proof, got.Proof))
			require.NoError(t, totals.VerifyLine(m, got))
		}
	}
}

// What a reader keeps does not grow with the roll.
func TestRollReaderStaysSmall(t *testing.T) {
	d := testDescription(t, "ristretto255")
	d.Limits.MaxVoters, d.Limits.MaxWeight = 1<<20, 1<<21
	m, err := NewManifest(d)
	require.NoError(t, err)
	roll, err := NewRoll(m, rollLines(m, 2500))
	require.NoError(t, err)
	r := NewRollReader(m)
	for body := range roll.Bodies() {
		_, err := r.Add(body)
		require.NoError(t, err)
		require.LessOrEqual(t, len(r.edge), 12)
		require.LessOrEqual(t, len(r.groups), 6)
		require.Len(t, r.last, m.Group.PointLen())
	}
	totals, err := r.Totals()
	require.NoError(t, err)
	require.Equal(t, roll.Totals(), totals)
}
