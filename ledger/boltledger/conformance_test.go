package boltledger_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
	"github.com/hanpyo/hanpyo/ledger/ledgertest"
)

func TestLedger(t *testing.T)  { ledgertest.Run(t, boltledger.Open) }
func TestDurable(t *testing.T) { ledgertest.Durable(t, boltledger.Open, boltledger.ErrLocked) }

func FuzzLedgerModel(f *testing.F) { ledgertest.FuzzModel(f, boltledger.Open, true) }

const origin = "example.org/2027-council"

// newKey returns the signer of a ledger and the policy that believes it.
func newKey(t testing.TB, name string) (note.Signer, ledger.Policy) {
	t.Helper()
	secret, public, err := note.GenerateKey(nil, name)
	require.NoError(t, err)
	signer, err := note.NewSigner(secret)
	require.NoError(t, err)
	return signer, ledger.Policy{Origin: name, Key: public}
}

func data(i int) []byte { return fmt.Appendf(nil, "entry %d", i) }

func fill(t testing.TB, log ledger.Ledger, n int) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for w := range errs { // concurrent, for the speed of group commit; the order is not i's
		wg.Go(func() {
			for i := w; i < n && errs[w] == nil; i += len(errs) {
				_, errs[w] = log.Append(t.Context(), data(i))
			}
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
}

func collect(t testing.TB, r ledger.Reader, lo, hi uint64) [][]byte {
	t.Helper()
	var all [][]byte
	for e, err := range r.Entries(t.Context(), lo, hi) {
		require.NoError(t, err)
		require.Equal(t, lo+uint64(len(all)), e.Index)
		all = append(all, e.Data)
	}
	require.Len(t, all, int(hi-lo))
	return all
}

// entriesError returns the error with which Entries ends.
func entriesError(ctx context.Context, r ledger.Reader, lo, hi uint64) (n int, err error) {
	for _, err = range r.Entries(ctx, lo, hi) {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
