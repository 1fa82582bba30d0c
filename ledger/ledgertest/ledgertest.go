// Package ledgertest holds what every ledger promises, as tests for its
// implementations:
//
//	func TestLedger(t *testing.T) {
//		ledgertest.Run(t, func(dir string, s note.Signer) (ledger.Ledger, error) { … })
//	}
//
// [Run] is for all of them, [Durable] for those that outlive their process.
// Only tests may import it.
package ledgertest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ledger"
)

const origin = "example.org/2027-council"

// Opener opens the ledger of signer in dir, an empty directory of its own the
// first time. An implementation need not use it.
type Opener func(dir string, signer note.Signer) (ledger.Ledger, error)

// newKey returns the signer of a ledger and the policy that believes it.
func newKey(t testing.TB) (note.Signer, ledger.Policy) {
	t.Helper()
	secret, public, err := note.GenerateKey(nil, origin)
	require.NoError(t, err)
	signer, err := note.NewSigner(secret)
	require.NoError(t, err)
	return signer, ledger.Policy{Origin: origin, Key: public}
}

// Run holds what every ledger promises: order and idempotence, proofs, tail,
// cancellation, large entries, overload, that its tiles, served over HTTP and
// read back, are the same ledger, and that a witness holds its operator to what
// was published.
func Run(t *testing.T, open Opener) {
	fresh := func(t testing.TB) (ledger.Ledger, ledger.Policy) {
		signer, policy := newKey(t)
		log, err := open(t.TempDir(), signer)
		require.NoError(t, err)
		t.Cleanup(func() { _ = log.Close() })
		return log, policy
	}
	for name, test := range map[string]func(*testing.T, ledger.Ledger, ledger.Policy){
		"empty":       conformEmpty,
		"order":       conformOrder,
		"concurrent":  conformConcurrent,
		"refused":     conformRefused,
		"proofs":      conformProofs,
		"spans":       conformSpans,
		"tail":        conformTail,
		"large":       conformLarge,
		"cancelled":   conformCancelled,
		"aliasing":    conformAliasing,
		"close":       conformClose,
		"verified":    conformVerified,
		"early break": conformBreak,
		"http":        conformHTTP,
	} {
		t.Run(name, func(t *testing.T) {
			log, policy := fresh(t)
			test(t, log, policy)
		})
	}
	t.Run("overload", func(t *testing.T) { conformOverload(t, open) })
	t.Run("rolled back", func(t *testing.T) { conformRollback(t, open) })
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

func conformEmpty(t *testing.T, log ledger.Ledger, policy ledger.Policy) {
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	require.Zero(t, cp.Size)
	require.Equal(t, tlog.Hash(sha256.Sum256(nil)), cp.Root)
	require.Empty(t, collect(t, log, 0, 0))
	_, err = policy.Check(cp.Raw)
	require.ErrorIs(t, err, ledger.ErrIncomplete)
	proof, err := log.Consistency(t.Context(), 0, 0)
	require.NoError(t, err)
	require.Empty(t, proof)
	_, err = log.Inclusion(t.Context(), 0, 0)
	require.ErrorIs(t, err, ledger.ErrRange)
}

func conformOrder(t *testing.T, log ledger.Ledger, policy ledger.Policy) {
	var sizes []ledger.Checkpoint
	for i := range 20 {
		index, err := log.Append(t.Context(), data(i))
		require.NoError(t, err)
		require.EqualValues(t, i, index)
		cp, err := log.Checkpoint(t.Context())
		require.NoError(t, err)
		checked, err := policy.Check(cp.Raw)
		require.NoError(t, err)
		require.Equal(t, cp, checked)
		require.EqualValues(t, i+1, cp.Size)
		sizes = append(sizes, cp)
	}
	for i := range 20 { // the same again
		index, err := log.Append(t.Context(), data(i))
		require.NoError(t, err)
		require.EqualValues(t, i, index)
	}
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	require.Equal(t, sizes[19], cp)
	for i, b := range collect(t, log, 0, 20) {
		require.Equal(t, data(i), b)
	}
}

func conformConcurrent(t *testing.T, log ledger.Ledger, _ ledger.Policy) {
	const writers, each = 8, 40
	index := make([][each]uint64, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				n, err := log.Append(t.Context(), data(i/2*writers+w/2)) // every entry four times
				if err != nil {
					t.Error(err)
					return
				}
				index[w][i] = n
			}
		})
	}
	wg.Wait()
	all := collect(t, log, 0, writers/2*each/2)
	for w := range writers {
		for i, n := range index[w] {
			require.Equal(t, data(i/2*writers+w/2), all[n])
		}
	}
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, len(all), cp.Size)
}

func conformRefused(t *testing.T, log ledger.Ledger, _ ledger.Policy) {
	for _, c := range []struct {
		name string
		data []byte
		want error
	}{
		{"empty", nil, ledger.ErrTooLarge},
		{"64 MiB and a byte", make([]byte, ledger.MaxEntry+1), ledger.ErrTooLarge},
		{"begins like a stub", []byte("hanpyo/v1 large entry\nand more"), ledger.ErrEncoding},
		{"a stub", ledger.Stub{Size: 1 << 20}.Leaf(), ledger.ErrEncoding},
	} {
		_, err := log.Append(t.Context(), c.data)
		require.ErrorIs(t, err, c.want, c.name)
	}
	require.ErrorIs(t, ledger.ErrTooLarge, ledger.ErrLimit)
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	require.Zero(t, cp.Size)
}

func conformProofs(t *testing.T, log ledger.Ledger, policy ledger.Policy) {
	const n = 37
	var cps []ledger.Checkpoint
	var stored []tlog.Hash // the tree that package tlog makes, entry by entry
	read := tlog.HashReaderFunc(func(at []int64) (out []tlog.Hash, _ error) {
		for _, i := range at {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for i := range n {
		_, err := log.Append(t.Context(), data(i))
		require.NoError(t, err)
		cp, err := log.Checkpoint(t.Context())
		require.NoError(t, err)
		cps = append(cps, cp)
		hashes, err := tlog.StoredHashes(int64(i), data(i), read)
		require.NoError(t, err)
		stored = append(stored, hashes...)
		root, err := tlog.TreeHash(int64(i+1), read)
		require.NoError(t, err)
		require.Equal(t, root, cp.Root)
	}
	for size := range uint64(n + 1) {
		for old := range size + 1 {
			proof, err := log.Consistency(t.Context(), old, size)
			require.NoError(t, err)
			if old == 0 {
				require.Empty(t, proof)
				continue
			}
			require.NoError(t, cps[size-1].CheckConsistency(cps[old-1], proof))
			want, err := tlog.ProveTree(int64(size), int64(old), read)
			require.NoError(t, err)
			require.ElementsMatch(t, want, proof)
		}
		for index := range size {
			proof, err := log.Inclusion(t.Context(), index, size)
			require.NoError(t, err)
			require.NoError(t, tlog.CheckRecord(proof, int64(size), cps[size-1].Root, int64(index), ledger.LeafHash(data(int(index)))))
		}
	}
	receipt, err := ledger.Prove(t.Context(), log, 11)
	require.NoError(t, err)
	proven, err := ledger.VerifyProof(policy, data(11), receipt)
	require.NoError(t, err)
	require.Equal(t, ledger.Proven{Index: 11, Checkpoint: cps[n-1]}, proven)
}

func conformSpans(t *testing.T, log ledger.Ledger, _ ledger.Policy) {
	fill(t, log, 600)
	all := collect(t, log, 0, 600)
	for range 50 {
		lo := rand.Uint64N(601)
		hi := lo + rand.Uint64N(601-lo)
		require.Equal(t, len(all[lo:hi]), len(collect(t, log, lo, hi)))
	}
	require.Equal(t, all[255:514], collect(t, log, 255, 514))
	for _, c := range []struct {
		lo, hi uint64
		want   error
	}{
		{0, 601, ledger.ErrIncomplete}, {601, 601, ledger.ErrIncomplete}, {0, 1 << 63, ledger.ErrIncomplete},
		{2, 1, ledger.ErrRange}, {1 << 63, 1, ledger.ErrRange},
	} {
		n, err := entriesError(t.Context(), log, c.lo, c.hi)
		require.ErrorIs(t, err, c.want)
		require.Zero(t, n)
	}
	_, err := log.Inclusion(t.Context(), 600, 600)
	require.ErrorIs(t, err, ledger.ErrRange)
	_, err = log.Inclusion(t.Context(), 0, 601)
	require.ErrorIs(t, err, ledger.ErrIncomplete)
	_, err = log.Consistency(t.Context(), 7, 6)
	require.ErrorIs(t, err, ledger.ErrRange)
	_, err = log.Consistency(t.Context(), 7, 601)
	require.ErrorIs(t, err, ledger.ErrIncomplete)
}

func conformTail(t *testing.T, log ledger.Ledger, _ ledger.Policy) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	fill(t, log, 5)
	var appending sync.WaitGroup
	defer appending.Wait() // the last append may return after its entry is published
	appending.Go(func() {
		for i := range 30 {
			if _, err := log.Append(t.Context(), data(100+i)); err != nil {
				t.Error(err)
			}
		}
	})
	next := uint64(3)
	for e, err := range ledger.Tail(ctx, log, 3) {
		if next == 35 {
			require.ErrorIs(t, err, context.Canceled)
			return
		}
		require.NoError(t, err)
		require.Equal(t, next, e.Index)
		if next++; next == 35 {
			cancel()
		}
	}
	t.Fatal("ended without an error")
}

func conformLarge(t *testing.T, log ledger.Ledger, policy ledger.Policy) {
	ordinary := bytes.Repeat([]byte{1}, ledger.MaxLeaf)
	large := bytes.Repeat([]byte{2}, ledger.MaxLeaf+1)
	larger := make([]byte, 3<<20)
	places := []uint64{0, 1, 2, 3, 1} // the last is there already
	for i, b := range [][]byte{ordinary, large, larger, []byte("end"), large} {
		index, err := log.Append(t.Context(), b)
		require.NoError(t, err)
		require.Equal(t, places[i], index)
	}
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	r, err := ledger.Verified(log, policy, cp)
	require.NoError(t, err)
	all := collect(t, r, 0, 4)
	for i, want := range [][]byte{ordinary, large, larger, []byte("end")} {
		require.True(t, bytes.Equal(want, all[i]), i)
		receipt, err := ledger.Prove(t.Context(), log, uint64(i))
		require.NoError(t, err)
		_, err = ledger.VerifyProof(policy, want, receipt)
		require.NoError(t, err)
	}
	require.Equal(t, tlog.RecordHash(ordinary), ledger.LeafHash(ordinary))
	require.Equal(t, tlog.RecordHash(ledger.Stub{Hash: sha256.Sum256(large), Size: 65536}.Leaf()), ledger.LeafHash(large))
}

func conformCancelled(t *testing.T, log ledger.Ledger, _ ledger.Policy) {
	ctx, cancel := context.WithCancel(t.Context())
	fill(t, log, 3)
	cancel()
	_, err := log.Append(ctx, []byte("late"))
	require.ErrorIs(t, err, context.Canceled)
	_, err = log.Checkpoint(ctx)
	require.ErrorIs(t, err, context.Canceled)
	_, err = log.Await(ctx, 10)
	require.ErrorIs(t, err, context.Canceled)
	_, err = entriesError(ctx, log, 0, 3)
	require.ErrorIs(t, err, context.Canceled)
	_, err = log.Inclusion(ctx, 0, 3)
	require.ErrorIs(t, err, context.Canceled)
	_, err = log.Consistency(ctx, 1, 3)
	require.ErrorIs(t, err, context.Canceled)

	waiting, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	_, err = log.Await(waiting, 4)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func conformAliasing(t *testing.T, log ledger.Ledger, policy ledger.Policy) {
	b := []byte("mine")
	_, err := log.Append(t.Context(), b)
	require.NoError(t, err)
	copy(b, "your")
	got := collect(t, log, 0, 1)[0]
	require.Equal(t, "mine", string(got))
	copy(got, "your")
	require.Equal(t, "mine", string(collect(t, log, 0, 1)[0]))
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	clear(cp.Raw)
	cp, err = log.Checkpoint(t.Context())
	require.NoError(t, err)
	_, err = policy.Check(cp.Raw)
	require.NoError(t, err)
}

func conformClose(t *testing.T, log ledger.Ledger, _ ledger.Policy) {
	const n = 600
	fill(t, log, n)
	waited := make(chan error)
	go func() {
		_, err := log.Await(context.Background(), n+1)
		waited <- err
	}()
	var last error
	for e, err := range log.Entries(t.Context(), 0, n) { // closing in the middle of a reading
		if last = err; err == nil && e.Index == 0 {
			require.NoError(t, log.Close())
		}
	}
	require.ErrorIs(t, last, ledger.ErrClosed)
	require.ErrorIs(t, <-waited, ledger.ErrClosed)
	ctx := t.Context()
	_, err := log.Append(ctx, []byte("late"))
	require.ErrorIs(t, err, ledger.ErrClosed)
	_, err = log.Checkpoint(ctx)
	require.ErrorIs(t, err, ledger.ErrClosed)
	_, err = entriesError(ctx, log, 0, 2)
	require.ErrorIs(t, err, ledger.ErrClosed)
	_, err = log.Inclusion(ctx, 0, 2)
	require.ErrorIs(t, err, ledger.ErrClosed)
	_, err = log.Consistency(ctx, 1, 2)
	require.ErrorIs(t, err, ledger.ErrClosed)
	require.ErrorIs(t, log.Close(), ledger.ErrClosed)
}

func conformVerified(t *testing.T, log ledger.Ledger, policy ledger.Policy) {
	fill(t, log, 50)
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	r, err := ledger.Verified(log, policy, cp)
	require.NoError(t, err)
	all := collect(t, log, 0, 50)
	for lo := range uint64(51) {
		for hi := lo; hi <= 50; hi += 7 {
			require.Equal(t, len(all[lo:hi]), len(collect(t, r, lo, hi)))
		}
	}
	fill(t, log, 60)
	_, err = entriesError(t.Context(), r, 0, 60)
	require.ErrorIs(t, err, ledger.ErrIncomplete)
	cp, err = r.Await(t.Context(), 60)
	require.NoError(t, err)
	require.EqualValues(t, 60, cp.Size)
	require.Equal(t, collect(t, log, 0, 60), collect(t, r, 0, 60))
}

func conformBreak(t *testing.T, log ledger.Ledger, _ ledger.Policy) {
	fill(t, log, 10)
	for e, err := range log.Entries(t.Context(), 0, 10) {
		require.NoError(t, err)
		if e.Index == 3 {
			// A reading that was left, or is under way, keeps nobody from writing.
			_, err := log.Append(t.Context(), []byte("meanwhile"))
			require.NoError(t, err)
			break
		}
	}
	_, err := log.Append(t.Context(), []byte("after"))
	require.NoError(t, err)
}
