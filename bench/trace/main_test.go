package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The trace of one stored proof leads to the session that is stored with it.
func TestTrace(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the tests of two packages")
	}
	var out bytes.Buffer
	require.NoError(t, trace(&out, "^dleq_on_ristretto255$"))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Equal(t, "# dleq, ristretto255", lines[0])
	require.True(t, strings.HasPrefix(lines[1], "1 init 32 "), lines[1])

	root, err := moduleRoot()
	require.NoError(t, err)
	data, err := os.ReadFile(filepath.Join(root, "zkp", "testdata", "proofs_ristretto255.json"))
	require.NoError(t, err)
	var stored []struct{ Name, Session string }
	require.NoError(t, json.Unmarshal(data, &stored))
	for _, proof := range stored {
		if proof.Name == "dleq" {
			require.Contains(t, lines, "1 squeeze 32 "+proof.Session)
			require.Contains(t, lines, "2 init 32 "+proof.Session)
			return
		}
	}
	require.Fail(t, "no such proof is stored")
}

// A source that is no longer the one that is traced is an error, not a trace
// with lines missing.
func TestInstrumentChanged(t *testing.T) {
	root, err := moduleRoot()
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, "zkp", "transcript.go"))
	require.NoError(t, err)
	_, err = instrument(string(text))
	require.NoError(t, err)
	for _, in := range insertions {
		_, err := instrument(strings.Replace(string(text), in.behind, "", 1))
		require.ErrorContains(t, err, "has changed")
	}
}
