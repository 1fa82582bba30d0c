package boltledger_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

// The environment of a child that appends until it is killed.
const (
	crashDir = "HANPYO_TEST_LEDGER"
	crashKey = "HANPYO_TEST_KEY"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		fmt.Fprintln(os.Stderr, appendForever(dir, os.Getenv(crashKey)))
		os.Exit(1)
	}
	os.Exit(m.Run())
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
func appendForever(dir, key string) error {
	signer, err := note.NewSigner(key)
	if err != nil {
		return err
	}
	log, err := boltledger.Open(dir, signer)
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
					fmt.Println(index, run, w, i)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return nil
}

// TestKilled kills a process in the middle of appending, again and again:
// nothing acknowledged is lost, and nothing that nobody appended is there.
func TestKilled(t *testing.T) {
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
		cmd := exec.Command(os.Args[0])
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
			if _, err := fmt.Sscan(lines.Text(), &index, &run, &w, &i); err != nil {
				continue // the last line may be cut
			}
			require.False(t, strings.HasPrefix(lines.Text(), "error"))
			acked[index] = crashData(run, w, i)
		}
		require.Error(t, cmd.Wait())

		log, err := boltledger.Open(dir, signer)
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
