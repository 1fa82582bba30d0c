package boltledger_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

// brokenOff is a reader whose entries end with an error at an index.
type brokenOff struct {
	ledger.Reader
	at uint64
}

var errBroken = errors.New("line is down")

func (b brokenOff) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for e, err := range b.Reader.Entries(ctx, lo, hi) {
			if e.Index == b.at {
				yield(ledger.Entry{}, errBroken)
				return
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// changed is a reader that shows another entry at an index.
type changed struct {
	ledger.Reader
	at uint64
}

func (c changed) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for e, err := range c.Reader.Entries(ctx, lo, hi) {
			if err == nil && e.Index == c.at {
				e.Data = []byte("changed")
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func readMirror(t *testing.T, dir string, policy ledger.Policy, want [][]byte) {
	t.Helper()
	m, err := boltledger.OpenReadOnly(dir)
	require.NoError(t, err)
	defer m.Close()
	cp, err := m.Checkpoint(t.Context())
	require.NoError(t, err)
	v, err := ledger.Verified(m, policy, cp)
	require.NoError(t, err)
	got := collect(t, v, 0, cp.Size)
	require.Len(t, got, len(want))
	for i := range want {
		require.True(t, bytes.Equal(want[i], got[i]), "entry %d", i)
	}
	receipt, err := ledger.Prove(t.Context(), m, cp.Size/2)
	require.NoError(t, err)
	_, err = ledger.VerifyProof(policy, want[cp.Size/2], receipt)
	require.NoError(t, err)
}

// TestMirror copies a growing ledger over HTTP, with interruptions.
func TestMirror(t *testing.T) {
	signer, policy := newKey(t, origin)
	log := ledger.NewMemory(signer)
	server := httptest.NewServer(ledger.Handler(log))
	defer server.Close()
	remote, err := ledger.OpenHTTP(server.URL, policy, nil)
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "mirror")
	_, err = boltledger.Mirror(t.Context(), dir, remote, policy)
	require.ErrorIs(t, err, ledger.ErrIncomplete, "an empty ledger")
	require.NoDirExists(t, dir)

	fill(t, log, 1500)
	_, err = log.Append(t.Context(), bytes.Repeat([]byte("large"), 40_000))
	require.NoError(t, err)
	fill(t, log, 3000)
	_, err = boltledger.Mirror(t.Context(), dir, brokenOff{remote, 2500}, policy)
	require.ErrorIs(t, err, errBroken)
	_, err = boltledger.OpenReadOnly(dir)
	require.ErrorIs(t, err, ledger.ErrIncomplete, "no checkpoint yet")
	require.ErrorContains(t, err, "ledger.db: a mirror without a checkpoint")
	_, err = boltledger.Open(dir, signer)
	require.ErrorIs(t, err, ledger.ErrIncomplete)
	require.ErrorContains(t, err, "not finished")
	_, err = boltledger.Mirror(t.Context(), dir, changed{remote, 2700}, policy)
	require.ErrorIs(t, err, ledger.ErrChain)
	require.ErrorContains(t, err, "entry 2700")

	cp, err := boltledger.Mirror(t.Context(), dir, remote, policy)
	require.NoError(t, err)
	require.EqualValues(t, 3001, cp.Size)
	readMirror(t, dir, policy, collect(t, log, 0, 3001))

	fill(t, log, 5000)
	_, err = boltledger.Mirror(t.Context(), dir, brokenOff{remote, 4900}, policy)
	require.ErrorIs(t, err, errBroken)
	readMirror(t, dir, policy, collect(t, log, 0, 3001)) // as before
	fill(t, log, 5500)                                   // and it grows meanwhile
	for range 2 {
		cp, err = boltledger.Mirror(t.Context(), dir, remote, policy)
		require.NoError(t, err)
		require.EqualValues(t, 5501, cp.Size)
		readMirror(t, dir, policy, collect(t, log, 0, 5501))
	}

	// A mirror of a mirror; and its maker, who has lost everything else, goes
	// on from it.
	m, err := boltledger.OpenReadOnly(dir)
	require.NoError(t, err)
	second := filepath.Join(t.TempDir(), "second")
	_, err = boltledger.Mirror(t.Context(), second, m, policy)
	require.NoError(t, err)
	require.NoError(t, m.Close())
	readMirror(t, second, policy, collect(t, log, 0, 5501))
	again, err := boltledger.Open(dir, signer)
	require.NoError(t, err)
	index, err := again.Append(t.Context(), []byte("after the loss"))
	require.NoError(t, err)
	require.EqualValues(t, 5501, index)
	index, err = again.Append(t.Context(), data(4321))
	require.NoError(t, err)
	require.Less(t, index, uint64(5501))
	require.NoError(t, again.Close())
}

// TestMirrorRefuses changes what a mirror is shown, or what it has, each time.
func TestMirrorRefuses(t *testing.T) {
	signer, policy := newKey(t, origin)
	make := func(n int, extra string) ledger.Ledger {
		log := ledger.NewMemory(signer)
		for i := range n {
			_, err := log.Append(t.Context(), data(i))
			require.NoError(t, err)
		}
		if extra != "" {
			_, err := log.Append(t.Context(), []byte(extra))
			require.NoError(t, err)
		}
		return log
	}
	whole := filepath.Join(t.TempDir(), "whole")
	first, err := boltledger.Mirror(t.Context(), whole, make(300, ""), policy)
	require.NoError(t, err)
	otherSigner, otherPolicy := newKey(t, "example.org/other")
	other := ledger.NewMemory(otherSigner)
	fill(t, other, 400)
	_, samePolicy := newKey(t, origin)
	update := func(f func(meta *bbolt.Bucket) error) func(dir string) {
		return func(dir string) {
			db, err := bbolt.Open(filepath.Join(dir, "ledger.db"), 0o644, nil)
			require.NoError(t, err)
			require.NoError(t, db.Update(func(tx *bbolt.Tx) error { return f(tx.Bucket([]byte("meta"))) }))
			require.NoError(t, db.Close())
		}
	}
	for _, c := range []struct {
		name   string
		from   ledger.Reader
		policy ledger.Policy
		damage func(dir string)
		want   error
		text   string
	}{
		{"nothing", make(310, ""), policy, nil, nil, ""},
		{"another fork", make(299, "fork"), policy, nil, ledger.ErrFork, "has roots"},
		{"a longer fork", make(299, "fork and more"), policy, nil, ledger.ErrFork, ""},
		{"rolled back", make(200, ""), policy, nil, ledger.ErrIncomplete, "has 300 entries, but is shown a ledger of size 200"},
		{"rolled back and other entries", make(200, "fork"), policy, nil, ledger.ErrChain, "ledger.db"},
		{"another ledger", other, otherPolicy, nil, ledger.ErrSignature, "mirror of "},
		{"another key", make(310, ""), samePolicy, nil, ledger.ErrSignature, "checkpoint"},
		{"no policy", make(310, ""), ledger.Policy{}, nil, ledger.ErrUnanchored, ""},
		{"copied number malformed", make(310, ""), policy, update(func(m *bbolt.Bucket) error { return m.Put([]byte("copied"), []byte{1}) }), ledger.ErrChain, "number of copied entries"},
		{"meta page in the list of free pages", make(310, ""), policy, func(dir string) {
			b, err := os.ReadFile(filepath.Join(dir, "ledger.db"))
			require.NoError(t, err)
			_, free := database(b).freelist()
			require.NotEmpty(t, free)
			database(b).setFree(append([]uint64{1}, free[1:]...))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "ledger.db"), b, 0o644))
		}, ledger.ErrChain, "list of free pages has page 1"},
		{"copied number too small", make(310, ""), policy, update(func(m *bbolt.Bucket) error { return m.Put([]byte("copied"), number(299)) }), ledger.ErrChain, "299 entries under a checkpoint of size 300"},
		{"copied number too large", make(310, ""), policy, update(func(m *bbolt.Bucket) error { return m.Put([]byte("copied"), number(301)) }), ledger.ErrChain, "do not end"},
		{"checkpoint file gone", make(310, ""), policy, func(dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "checkpoint"))) }, ledger.ErrChain, "checkpoint: missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "mirror")
			require.NoError(t, os.CopyFS(dir, os.DirFS(whole)))
			if c.damage != nil {
				c.damage(dir)
			}
			_, err := boltledger.Mirror(t.Context(), dir, c.from, c.policy)
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, c.want)
			require.ErrorContains(t, err, c.text)
			if c.damage != nil {
				return
			}
			m, err := boltledger.OpenReadOnly(dir)
			require.NoError(t, err)
			cp, err := m.Checkpoint(t.Context())
			require.NoError(t, err)
			require.Equal(t, first, cp, "the mirror was changed")
			require.NoError(t, m.Close())
		})
	}
	open, err := boltledger.OpenReadOnly(whole)
	require.NoError(t, err)
	_, err = boltledger.Mirror(t.Context(), whole, make(310, ""), policy)
	require.ErrorIs(t, err, boltledger.ErrLocked)
	require.NoError(t, open.Close())
}

// TestMirrorCopiesDuplicates mirrors a foreign log in which one entry stands
// twice.
func TestMirrorCopiesDuplicates(t *testing.T) {
	signer, policy := newKey(t, origin)
	twice := ledger.NewMemory(signer)
	fill(t, twice, 10)
	r := doubled{twice, signer}
	dir := filepath.Join(t.TempDir(), "mirror")
	cp, err := boltledger.Mirror(t.Context(), dir, r, policy)
	require.NoError(t, err)
	require.EqualValues(t, 2, cp.Size)
	readMirror(t, dir, policy, [][]byte{data(1), data(1)})
}

// doubled is a log of two equal entries.
type doubled struct {
	ledger.Reader
	signer interface {
		Name() string
		KeyHash() uint32
		Sign([]byte) ([]byte, error)
	}
}

func (d doubled) Checkpoint(context.Context) (ledger.Checkpoint, error) {
	r := ledger.NewRange(0)
	r.Append(ledger.LeafHash(data(1)))
	r.Append(ledger.LeafHash(data(1)))
	root, err := r.Root()
	if err != nil {
		return ledger.Checkpoint{}, err
	}
	return ledger.SignCheckpoint(d.signer, 2, root)
}

func (d doubled) Entries(_ context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for ; lo < hi; lo++ {
			if !yield(ledger.Entry{Index: lo, Data: data(1)}, nil) {
				return
			}
		}
	}
}
