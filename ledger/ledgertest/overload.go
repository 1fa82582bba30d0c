package ledgertest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ledger"
)

// gate is a signer that waits until it is opened.
type gate struct {
	note.Signer
	opened chan struct{}
}

func (g *gate) Sign(msg []byte) ([]byte, error) {
	<-g.opened
	return g.Signer.Sign(msg)
}

// conformOverload appends far more at a time than can be written, and holds
// that what was turned away was not taken, and everything else is there.
func conformOverload(t *testing.T, open Opener) {
	const writers = 4096
	signer, _ := newKey(t)
	dir := t.TempDir()
	log, err := open(dir, signer) // whose first checkpoint needs no gate
	require.NoError(t, err)
	require.NoError(t, log.Close())
	g := &gate{signer, make(chan struct{})}
	log, err = open(dir, g)
	require.NoError(t, err)

	var mu sync.Mutex
	var wg sync.WaitGroup
	taken := make(map[string]uint64)
	busy := make(map[string]bool)
	for i := range writers {
		wg.Go(func() {
			index, err := log.Append(context.Background(), data(i))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				taken[string(data(i))] = index
			case errors.Is(err, ledger.ErrBusy):
				busy[string(data(i))] = true
			default:
				t.Error(err)
			}
		})
	}
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(taken) == writers || len(busy) > 0
	}, time.Minute, time.Millisecond)
	close(g.opened)
	wg.Wait()

	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, len(taken), cp.Size)
	require.Equal(t, writers, len(taken)+len(busy))
	for i, b := range collect(t, log, 0, cp.Size) {
		at, ok := taken[string(b)]
		require.True(t, ok)
		require.EqualValues(t, i, at)
	}
	for b := range busy { // and may be appended now
		_, err := log.Append(t.Context(), []byte(b))
		require.NoError(t, err)
		break
	}
	require.NoError(t, log.Close())
}
