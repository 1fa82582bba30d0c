package main

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/witness"
)

// start runs the command and returns its key, its URL and how to stop it.
func start(t *testing.T, args ...string) (key, url string, stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, args, w)
		w.CloseWithError(io.EOF)
		done <- err
	}()
	lines := bufio.NewScanner(r)
	require.True(t, lines.Scan())
	key, _ = strings.CutPrefix(lines.Text(), "key ")
	require.True(t, lines.Scan())
	url, _ = strings.CutPrefix(lines.Text(), "listening on ")
	return key, url, func() {
		cancel()
		require.NoError(t, <-done)
	}
}

func TestWitness(t *testing.T) {
	secret, logKey, err := note.GenerateKey(nil, "example.org/log")
	require.NoError(t, err)
	signer, err := note.NewSigner(secret)
	require.NoError(t, err)
	for _, kind := range []string{"-ed25519", "-ed25519=false"} {
		args := []string{"-listen", "127.0.0.1:0", "-dir", t.TempDir(), kind, "-log", logKey}
		key, url, stop := start(t, args...)
		policy := ledger.Policy{Origin: "example.org/log", Key: logKey, Witnesses: []string{key}, Quorum: 1}
		log, err := ledger.Witnessed(t.Context(), ledger.NewMemory(signer), policy, []ledger.Cosigner{&witness.Client{URL: url}}, nil)
		require.NoError(t, err)
		_, err = log.Append(t.Context(), []byte("an entry"))
		require.NoError(t, err)
		cp, err := log.Await(t.Context(), 1)
		require.NoError(t, err)
		_, err = policy.Check(cp.Raw)
		require.NoError(t, err)
		require.NoError(t, log.Close())
		stop()

		// It remembers its key and what it has seen.
		again, url, stop := start(t, args...)
		require.Equal(t, key, again)
		fork, err := ledger.Witnessed(t.Context(), ledger.NewMemory(signer), policy, []ledger.Cosigner{&witness.Client{URL: url}}, nil)
		require.NoError(t, err)
		_, err = fork.Append(t.Context(), []byte("another entry"))
		require.NoError(t, err)
		_, err = fork.Await(t.Context(), 1)
		require.ErrorIs(t, err, ledger.ErrFork)
		require.NoError(t, fork.Close())
		stop()
	}
	require.Error(t, run(t.Context(), []string{"-dir", t.TempDir()}, io.Discard))
	require.Error(t, run(t.Context(), []string{"-log", logKey}, io.Discard))
	require.Error(t, run(t.Context(), []string{"-dir", t.TempDir(), "-log", "junk"}, io.Discard))
	require.Error(t, run(t.Context(), []string{"-dir", t.TempDir(), "-log", logKey, "-listen", "nowhere"}, io.Discard))
}
