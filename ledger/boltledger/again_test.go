package boltledger_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
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

// TestDamagedIDs flips bits in the pages that say where an entry is. Appending
// it again gives its index, or an error; or, where the damage hides it, another
// index, at which it then is.
func TestDamagedIDs(t *testing.T) {
	n, flips := 4000, 60
	if testing.Short() {
		flips = 10
	}
	m := made{dir: filepath.Join(t.TempDir(), "ledger")}
	m.signer, m.policy = newKey(t, origin)
	log, err := boltledger.Open(m.dir, m.signer)
	require.NoError(t, err)
	index := appendAll(t, log, n)
	require.NoError(t, log.Close())
	b, err := os.ReadFile(m.path("ledger.db"))
	require.NoError(t, err)
	d := database(b)
	_, free := d.freelist()
	var pages []int
	for i := 2; i < d.count(); i++ {
		p := d.page(i)
		if d.flags(i) == leafFlag && binary.NativeEndian.Uint16(p[10:]) > 8 && !slices.Contains(free, uint64(i)) &&
			binary.NativeEndian.Uint32(p[16+8:]) == 8 && binary.NativeEndian.Uint32(p[16+12:]) == 8 {
			pages = append(pages, i)
		}
	}
	require.NotEmpty(t, pages)
	rng := rand.New(rand.NewPCG(1, 2))
	same, other, refused := 0, 0, 0
	for range flips {
		m := m.copy(t)
		d := database(slices.Clone(d))
		p := d.page(pages[rng.IntN(len(pages))])
		p[rng.IntN(len(p))] ^= 1 << rng.IntN(8)
		require.NoError(t, os.WriteFile(m.path("ledger.db"), d, 0o644))
		log, err := boltledger.Open(m.dir, m.signer)
		if err != nil {
			require.ErrorIs(t, err, ledger.ErrChain)
			require.ErrorContains(t, err, "ledger.db")
			refused++
			continue
		}
		for i := 0; i < n && err == nil; i += 7 {
			if ledger.LeafHash(data(i))[0] > 0x10 { // not one of the parts that are in the database by now
				continue
			}
			var at uint64
			switch at, err = log.Append(t.Context(), data(i)); {
			case err != nil:
				require.ErrorIs(t, err, ledger.ErrChain)
				require.ErrorContains(t, err, "ledger.db")
				refused++
			case at == index[i]:
				same++
			default:
				require.Equal(t, data(i), collect(t, log, at, at+1)[0])
				other++
			}
		}
		require.NoError(t, log.Close())
		require.NoError(t, os.RemoveAll(m.dir))
	}
	require.NotZero(t, same)
	t.Log(same, other, refused)
}
