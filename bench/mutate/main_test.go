package main

import (
	"go/parser"
	"go/token"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/internal/entry"
)

// TestMutants holds that none of 2,000 mutants is accepted.
func TestMutants(t *testing.T) {
	n := 2000
	if testing.Short() {
		n = 150
	}
	h := newHarness(1)
	s := h.run(io.Discard, 0, n, 10)
	require.Empty(t, s.failures)
	require.Greater(t, s.all.caught, n*9/10)
	require.LessOrEqual(t, s.all.otherwise, s.all.tried/20, "%v", s.other)
	require.Less(t, s.all.excluded, n/20)
	deep := s.by[2]["L2"].tried + s.by[2]["L3"].tried + s.by[2]["L4"].tried
	require.Greater(t, deep, s.all.tried/2)
	if !testing.Short() {
		require.Len(t, s.by[0], 12, "kinds of fields")
		require.Len(t, s.by[1], 16, "operators")
	}

	t.Run("every byte", func(t *testing.T) { everyByte(t, h) })
	t.Run("same draws", func(t *testing.T) { sameDraws(t, h) })
	t.Run("honest", func(t *testing.T) { goingOnHonestly(t, h) })
}

// everyByte holds that the fields of an entry are its bytes, that every kind of
// entry is cut, and that nothing is one lump but ciphertexts and what is no
// entry of the election.
func everyByte(t *testing.T, h *harness) {
	seen := make(map[string]bool)
	for _, b := range h.bases {
		lumps := 0
		for i, tree := range b.trees {
			require.Equal(t, b.entries[i], tree.bytes(), "%s, entry %d", b.name, i)
			seen[tree.name] = true
			repaired := tree.clone()
			repaired.repair()
			require.Equal(t, b.entries[i], repaired.bytes(), "%s, entry %d: counts", b.name, i)
			for _, n := range tree.all() {
				if strings.HasSuffix(n.name, "/body/bytes") || n.name == "junk/all" {
					lumps++
				}
			}
		}
		if b.refused {
			require.Equal(t, 1, lumps, b.name)
		} else {
			require.Zero(t, lumps, b.name)
		}
	}
	for kind := entry.Manifest; kind <= entry.Issued; kind++ {
		require.True(t, seen[kind.String()], "no base has a %s", kind)
	}
}

// sameDraws holds that a seed gives the same mutants over other keys.
func sameDraws(t *testing.T, h *harness) {
	again := newHarness(h.seed)
	same, all := 0, 0
	for k := range 40 {
		m, n := h.draw(k), again.draw(k)
		if m != nil && n != nil {
			if all++; m.String() == n.String() {
				same++
			}
		}
	}
	require.GreaterOrEqual(t, same, all*9/10, "of %d", all)
}

// goingOnHonestly holds that the harness itself adds nothing: elections that
// officials have gone on with after an entry which is none are verified, with
// the same result.
func goingOnHonestly(t *testing.T, h *harness) {
	for _, b := range h.bases {
		m := &mutant{base: b, index: b.closed, at: b.closed, fp: b.Fingerprint, stands: true}
		entries := append(append(append([][]byte{}, b.entries[:b.closed]...), []byte("none")), b.entries[b.closed:]...)
		m.goesOn(entries, b.closed)
		o := m.verdict()
		require.True(t, o.caught, "%s: %s", b.name, o.wrong)
		require.Equal(t, "ballot.form: unsupported version or parameters", o.reason)

		along := b.goAlong(b.entries[:b.closed+2], b.closed+1)
		j := b.judge(b.read(along), b.Fingerprint)
		require.True(t, j.report.Verified(), "%s\n%s", b.name, j.report.Text())
		require.Equal(t, b.honest.result, j.result)
	}
}

// TestBugsStillMatch holds that the text that each planted bug replaces is
// still there.
func TestBugsStillMatch(t *testing.T) {
	root, err := moduleRoot()
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(plantedBugs), 25)
	for _, p := range plantedBugs {
		data, err := p.plant(root)
		require.NoError(t, err)
		_, err = parser.ParseFile(token.NewFileSet(), p.file, data, 0)
		require.NoError(t, err, p.name)
	}
}
