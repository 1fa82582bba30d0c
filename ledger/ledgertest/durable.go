package ledgertest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ledger"
)

// The environment of a child that appends until it is killed.
const (
	crashDir = "HANPYO_LEDGERTEST_DIR"
	crashKey = "HANPYO_LEDGERTEST_KEY"
)

// Durable holds what a ledger that outlives its process promises besides: it
// continues where it was closed, or killed, and is open once at a time; locked
// is the error of a second opener. To kill it, Durable runs the test binary
// again, with the test that calls it: that may do nothing else before.
func Durable(t *testing.T, open Opener, locked error) {
	if dir := os.Getenv(crashDir); dir != "" {
		fmt.Fprintln(os.Stderr, appendForever(open, dir, os.Getenv(crashKey)))
		os.Exit(1)
	}
	t.Run("reopened", func(t *testing.T) { durableReopened(t, open) })
	t.Run("opened twice", func(t *testing.T) { durableTwice(t, open, locked) })
	parent := t.Name()
	t.Run("killed", func(t *testing.T) { durableKilled(t, open, parent) })
}

func durableReopened(t *testing.T, open Opener) {
	signer, policy := newKey(t)
	dir := t.TempDir()
	var old ledger.Checkpoint
	large := bytes.Repeat([]byte("large"), 40_000)
	for run := range 5 {
		log, err := open(dir, signer)
		require.NoError(t, err)
		cp, err := log.Checkpoint(t.Context())
		require.NoError(t, err)
		if run > 0 {
			require.Equal(t, old, cp)
			r, err := ledger.Verified(log, policy, cp)
			require.NoError(t, err)
			require.True(t, bytes.Equal(large, collect(t, r, 0, cp.Size)[0]))
		}
		index, err := log.Append(t.Context(), large)
		require.NoError(t, err)
		require.Zero(t, index)
		index, err = log.Append(t.Context(), data(run))
		require.NoError(t, err)
		require.EqualValues(t, run+1, index)
		old, err = log.Checkpoint(t.Context())
		require.NoError(t, err)
		require.NoError(t, log.Close())
	}
}

func durableTwice(t *testing.T, open Opener, locked error) {
	signer, _ := newKey(t)
	dir := t.TempDir()
	log, err := open(dir, signer)
	require.NoError(t, err)
	_, err = open(dir, signer)
	require.ErrorIs(t, err, locked)
	_, err = log.Append(t.Context(), data(0))
	require.NoError(t, err, "the refused opener broke it")
	require.NoError(t, log.Close())
	log, err = open(dir, signer)
	require.NoError(t, err)
	require.NoError(t, log.Close())
}

// crashData is what writer w of the given run appends as its i-th entry; some
// are large.
func crashData(run, w, i int) []byte {
	b := fmt.Appendf(nil, "run %d writer %d entry %d\n", run, w, i)
	if i%16 == 15 {
		b = bytes.Repeat(b, 70_000/len(b)+1)
	}
	return b
}

// appendForever appends from several goroutines and prints every acknowledged
// index with what was appended there.
func appendForever(open Opener, dir, key string) error {
	signer, err := note.NewSigner(key)
	if err != nil {
		return err
	}
	log, err := open(dir, signer)
	if err != nil {
		return err
	}
	cp, err := log.Checkpoint(context.Background())
	if err != nil {
		return err
	}
	run := int(cp.Size)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				index, err := log.Append(context.Background(), crashData(run, w, i))
				mu.Lock()
				if err != nil {
					fmt.Println("error", err)
				} else {
					fmt.Println("acked", index, run, w, i)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return errors.New("ended")
}

// durableKilled kills a process in the middle of appending, again and again:
// nothing acknowledged is lost, and nothing that nobody appended is there.
func durableKilled(t *testing.T, open Opener, test string) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := t.TempDir()
	secret, public, err := note.GenerateKey(nil, origin)
	require.NoError(t, err)
	signer, err := note.NewSigner(secret)
	require.NoError(t, err)
	policy := ledger.Policy{Origin: origin, Key: public}
	acked := make(map[uint64][]byte)
	var old ledger.Checkpoint
	for run := range 5 {
		cmd := exec.Command(os.Args[0], "-test.run=^"+strings.ReplaceAll(test, "/", "$/^")+"$")
		cmd.Env = append(os.Environ(), crashDir+"="+dir, crashKey+"="+secret)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(out)
		for n := 0; lines.Scan(); n++ {
			if n == 40+61*run {
				require.NoError(t, cmd.Process.Kill())
			}
			var index uint64
			var run, w, i int
			if _, err := fmt.Sscanf(lines.Text(), "acked %d %d %d %d", &index, &run, &w, &i); err != nil {
				require.False(t, strings.HasPrefix(lines.Text(), "error"), lines.Text())
				continue // the last line may be cut
			}
			acked[index] = crashData(run, w, i)
		}
		require.Error(t, cmd.Wait())

		log, err := open(dir, signer)
		require.NoError(t, err)
		cp, err := log.Checkpoint(t.Context())
		require.NoError(t, err)
		require.GreaterOrEqual(t, cp.Size, old.Size+40)
		if run > 0 {
			proof, err := log.Consistency(t.Context(), old.Size, cp.Size)
			require.NoError(t, err)
			require.NoError(t, cp.CheckConsistency(old, proof))
		}
		old = cp
		r, err := ledger.Verified(log, policy, cp)
		require.NoError(t, err)
		seen := 0
		for e, err := range r.Entries(t.Context(), 0, cp.Size) {
			require.NoError(t, err)
			if want, ok := acked[e.Index]; ok {
				require.True(t, bytes.Equal(want, e.Data), "entry %d", e.Index)
				seen++
			}
			require.True(t, bytes.HasPrefix(e.Data, []byte("run ")))
		}
		require.Len(t, acked, seen)
		require.NoError(t, log.Close())
	}
}
