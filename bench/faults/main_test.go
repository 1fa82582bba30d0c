package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

// TestSample makes a sample of the faults that need neither strace nor root.
func TestSample(t *testing.T) {
	step := 401
	if testing.Short() {
		step = 4001
	}
	c, err := flips(t.TempDir(), step)
	require.NoError(t, err)
	require.Empty(t, c.harm)
	require.Positive(t, c.reported)
	require.Greater(t, c.faults, 80)

	c, err = torn(t.TempDir(), step/40)
	require.NoError(t, err)
	require.Empty(t, c.harm)
	require.Positive(t, c.faults)
}

// TestHarmIsSeen holds that the checks notice a loss and other entries.
func TestHarmIsSeen(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, makeSmall(dir, 3))
	size, err := checkWhole(dir, 3, 3)
	require.NoError(t, err)
	require.Equal(t, 4, size)
	var wrong wrongContent
	require.ErrorAs(t, readOnly(dir, 7, 7), &wrong, "entries are lost")
	require.ErrorAs(t, readOnly(dir, 0, 4), &wrong, "entries that nobody appended")
	log, err := open(dir)
	require.NoError(t, err)
	_, err = log.Append(t.Context(), []byte("another"))
	require.NoError(t, err)
	require.NoError(t, log.Close())
	require.ErrorAs(t, readOnly(dir, 0, 10), &wrong, "another entry")
	var c count
	c.judge("a loss", dir, wrong)
	c.judge("no file", dir, os.ErrInvalid)
	require.Len(t, c.harm, 2)
}
