package main

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMain lets the test's own executable be the trustees' processes.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "trustee" || os.Getenv("PLAY") != "" {
		os.Unsetenv("PLAY")
		main()
		return
	}
	os.Exit(m.Run())
}

func TestPlay(t *testing.T) {
	if testing.Short() {
		t.Skip("makes and opens 28 key files")
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PLAY=1", "TMPDIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "Done: 5 dealers, 5 holders of shares, 0 culprits.")
	require.Contains(t, string(out), `Trustees [1 2 4] decrypt it: "`+secret+`".`)
}
