package boltledger_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

// appendAll appends n entries at once and returns their indexes.
func appendAll(t testing.TB, log ledger.Ledger, n int) []uint64 {
	const writers = 1024
	index, errs := make([]uint64, n), make([]error, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := w; i < n && errs[w] == nil; i += writers {
				index[i], errs[w] = log.Append(t.Context(), data(i))
			}
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	return index
}

// TestAgain appends everything again, after a while and after opening the
// ledger again: what is in the database, what is new, and what is on its way.
func TestAgain(t *testing.T) {
	n := 70_000 // more than one round of merging
	if testing.Short() {
		n = 3000
	}
	dir := t.TempDir()
	signer, _ := newKey(t, origin)
	var want []uint64
	for round := range 3 {
		log, err := boltledger.Open(dir, signer)
		require.NoError(t, err)
		index := appendAll(t, log, n)
		if round == 0 {
			want = index
		}
		require.Equal(t, want, index)
		require.Equal(t, want[:n/10], appendAll(t, log, n/10))
		cp, err := log.Checkpoint(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, n, cp.Size)
		require.NoError(t, log.Close())
	}
}

// TestSingleSteps opens the ledger again for every entry, and appends all that
// came before.
func TestSingleSteps(t *testing.T) {
	dir := t.TempDir()
	signer, _ := newKey(t, origin)
	for i := range 150 {
		log, err := boltledger.Open(dir, signer)
		require.NoError(t, err)
		index, err := log.Append(t.Context(), data(i))
		require.NoError(t, err)
		require.EqualValues(t, i, index)
		for j := i % 50; j <= i; j += 50 {
			index, err := log.Append(t.Context(), data(j))
			require.NoError(t, err)
			require.EqualValues(t, j, index, fmt.Sprint(i))
		}
		require.NoError(t, log.Close())
	}
}
