package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestTargets holds that the targets are found, in all modules, and that the
// source has no other functions that look like one.
func TestTargets(t *testing.T) {
	list, err := targets("../..")
	require.NoError(t, err)
	require.Greater(t, len(list), 60)
	found := make(map[string]bool)
	for _, x := range list {
		require.False(t, found[x.folder+" "+x.name], "%s twice in %s", x.name, x.folder)
		found[x.folder+" "+x.name] = true
		require.DirExists(t, x.path)
	}
	for _, want := range []string{
		"elgamal/dkg FuzzReplay", "ledger FuzzLedgerModel", "tally FuzzElectionPhases", "ledger/boltledger FuzzLedgerModel", "ballot/identity/mdl FuzzVerify",
	} {
		require.True(t, found[want], want)
	}

	// A target per package has its name once, and only targets look like one.
	for key := range found {
		folder, name, _ := strings.Cut(key, " ")
		files, err := filepath.Glob(filepath.Join("../..", folder, "*_test.go"))
		require.NoError(t, err)
		count := 0
		for _, file := range files {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			count += bytes.Count(data, []byte("\nfunc "+name+"("))
		}
		require.Equal(t, 1, count, key)
	}
}

func TestTargetsOf(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x_test.go")
	require.NoError(t, os.WriteFile(path, []byte(`package x
import "testing"
func FuzzOne(f *testing.F) {}
func FuzzTwo(f *testing.F, n int) {}
func FuzzThree(t *testing.T) {}
func FuzzFour(f testing.F) {}
func (r recv) FuzzFive(f *testing.F) {}
func helper(f *testing.F) {}
func FuzzSix() {}
`), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "testdata"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "testdata", "y_test.go"), []byte("not Go"), 0o600))
	list, err := targets(dir)
	require.NoError(t, err)
	require.Equal(t, []target{{".", dir, "FuzzOne"}}, list)

	require.NoError(t, os.WriteFile(path, []byte("not Go"), 0o600))
	_, err = targets(dir)
	require.Error(t, err)
}

const said = `fuzz: elapsed: 0s, gathering baseline coverage: 0/7 completed
fuzz: elapsed: 0s, gathering baseline coverage: 7/7 completed, now fuzzing with 2 workers
fuzz: elapsed: 3s, execs: 81205 (27064/sec), new interesting: 12 (total: 19)
fuzz: elapsed: 4s, execs: 110822 (26919/sec), new interesting: 14 (total: 21)
PASS
`

func TestRun(t *testing.T) {
	ok := func(context.Context, target, time.Duration) (string, error) { return said, nil }
	fails := func(_ context.Context, x target, _ time.Duration) (string, error) {
		if x.name == "FuzzRound" {
			return "Failing input written to testdata/fuzz/FuzzRound/1\n", errors.New("exit status 1")
		}
		return said, nil
	}
	var out bytes.Buffer
	args := []string{"-dir", "../..", "-run", "elgamal/dkg"}
	require.Equal(t, 0, run(t.Context(), args, &out, &out, ok))
	require.Contains(t, out.String(), "FuzzReplay                       110822       14       21\n")
	require.Contains(t, out.String(), "targets, 0 failed.")
	require.NotContains(t, out.String(), "mixnet")

	out.Reset()
	require.Equal(t, 1, run(t.Context(), args, &out, &out, fails))
	require.Contains(t, out.String(), "testdata/fuzz/FuzzRound/1")
	require.Contains(t, out.String(), "targets, 1 failed.")

	require.Equal(t, 2, run(t.Context(), []string{"-dir", "../..", "-run", "nothing at all"}, &out, &out, ok))
	require.Equal(t, 2, run(t.Context(), []string{"-run", "("}, &out, &out, ok))
	require.Equal(t, 2, run(t.Context(), []string{"-dir", "nowhere"}, &out, &out, ok))
	require.Equal(t, 2, run(t.Context(), []string{"more"}, &out, &out, ok))

	// An interrupt ends it and is nobody's failure.
	ctx, cancel := context.WithCancel(t.Context())
	out.Reset()
	require.Equal(t, 0, run(ctx, args, &out, &out, func(context.Context, target, time.Duration) (string, error) {
		cancel()
		return "", errors.New("interrupted")
	}))
	require.Contains(t, out.String(), "1 targets, 0 failed.")
}
