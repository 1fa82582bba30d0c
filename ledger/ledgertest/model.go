package ledgertest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ledger"
)

// FuzzModel compares a ledger, after any operations, with a list in memory.
// Every two bytes of an input are one operation and its size. A ledger that is
// durable is closed and opened again too.
func FuzzModel(f *testing.F, open Opener, durable bool) {
	every := make([]byte, 0, 4*2*operations)
	for round := range byte(4) {
		for op := range byte(operations) {
			every = append(every, op, 5*op+round)
		}
	}
	f.Add(every)
	f.Add([]byte{2, 255, 9, 0, 4, 200, 2, 40, 6, 77, 9, 1, 5, 31, 11, 0})
	f.Add([]byte{9, 0, 7, 0, 6, 0, 5, 0, 4, 0, 8, 1})
	f.Fuzz(func(t *testing.T, input []byte) {
		signer, policy := newKey(t)
		m := &model{t: t, open: open, dir: t.TempDir(), durable: durable, signer: signer, policy: policy}
		m.reopen()
		defer func() { _ = m.log.Close() }()
		for i := 0; i+1 < len(input) && i < 128; i += 2 {
			m.do(input[i]%operations, int(input[i+1]))
		}
		m.check()
	})
}

// operations is how many kinds there are, see do.
const operations = 12

// model is a ledger and what must be in it.
type model struct {
	t       *testing.T
	open    Opener
	dir     string
	durable bool
	signer  note.Signer
	policy  ledger.Policy

	log     ledger.Ledger
	entries [][]byte
	hashes  modelHashes
	shown   ledger.Checkpoint // the newest one that was seen
}

// modelHashes are the hashes of the tree over the entries.
type modelHashes []tlog.Hash

func (h modelHashes) ReadHashes(indexes []int64) (list []tlog.Hash, err error) {
	for _, i := range indexes {
		list = append(list, h[i])
	}
	return list, nil
}

func (m *model) do(operation byte, size int) {
	ctx, n := m.t.Context(), uint64(len(m.entries))
	switch operation {
	case 0:
		m.append(data(size + 1000*len(m.entries)))
	case 1: // the same again
		if n > 0 {
			at := uint64(size) % n
			index, err := m.log.Append(ctx, m.entries[at])
			require.NoError(m.t, err)
			require.Equal(m.t, at, index)
		}
	case 2:
		m.appendTogether(1 + size%40)
	case 3:
		_, err := m.log.Append(ctx, nil)
		require.ErrorIs(m.t, err, ledger.ErrTooLarge)
	case 4:
		m.read(uint64(size), uint64(3*size%300))
	case 5:
		m.inclusion(uint64(size), n)
	case 6:
		m.consistency(uint64(size), n)
	case 7:
		m.checkpoint(0)
	case 8:
		m.await(uint64(size))
	case 9:
		m.reopen()
	case 10:
		m.receipt(uint64(size))
	case 11:
		m.check()
	}
}

// append appends data that is new.
func (m *model) append(data []byte) {
	index, err := m.log.Append(m.t.Context(), data)
	require.NoError(m.t, err)
	require.EqualValues(m.t, len(m.entries), index)
	m.take(data)
}

// take writes down that data has the next place.
func (m *model) take(data []byte) {
	hashes, err := tlog.StoredHashesForRecordHash(int64(len(m.entries)), ledger.LeafHash(data), m.hashes)
	require.NoError(m.t, err)
	m.entries, m.hashes = append(m.entries, data), append(m.hashes, hashes...)
}

// appendTogether appends from several goroutines at once, two of which append
// the same.
func (m *model) appendTogether(count int) {
	first := len(m.entries)
	indexes, errs := make([]uint64, count+1), make([]error, count+1)
	name := func(i int) []byte { return append(data(min(i, count-1)), byte(first), byte(first>>8), '*') }
	var wg sync.WaitGroup
	for i := range indexes {
		wg.Go(func() { indexes[i], errs[i] = m.log.Append(m.t.Context(), name(i)) })
	}
	wg.Wait()
	for _, err := range errs {
		require.NoError(m.t, err)
	}
	require.Equal(m.t, indexes[count-1], indexes[count])
	for at := range count {
		i := slices.Index(indexes, uint64(first+at))
		require.GreaterOrEqual(m.t, i, 0, "nobody has index %d", first+at)
		m.take(name(i))
	}
}

// read reads a range that may not be there.
func (m *model) read(lo, hi uint64) {
	m.checkpoint(uint64(len(m.entries)))
	switch {
	case lo > hi:
		_, err := entriesError(m.t.Context(), m.log, lo, hi)
		require.ErrorIs(m.t, err, ledger.ErrRange)
	case hi > uint64(len(m.entries)):
		_, err := entriesError(m.t.Context(), m.log, lo, hi)
		require.ErrorIs(m.t, err, ledger.ErrIncomplete)
	default:
		got := collect(m.t, m.log, lo, hi)
		require.Len(m.t, got, int(hi-lo))
		for i := range got {
			require.Equal(m.t, m.entries[lo+uint64(i)], got[i])
		}
	}
}

// inclusion compares a proof with that of the model.
func (m *model) inclusion(index, size uint64) {
	m.checkpoint(size)
	got, err := m.log.Inclusion(m.t.Context(), index, size)
	if index >= size {
		require.Error(m.t, err)
		return
	}
	require.NoError(m.t, err)
	want, err := tlog.ProveRecord(int64(size), int64(index), m.hashes)
	require.NoError(m.t, err)
	require.Equal(m.t, hashTexts(want), hashTexts(got))
}

// consistency compares a proof with that of the model.
func (m *model) consistency(old, size uint64) {
	m.checkpoint(size)
	if size == 0 {
		return
	}
	got, err := m.log.Consistency(m.t.Context(), old, size)
	if old > size {
		require.Error(m.t, err)
		return
	}
	require.NoError(m.t, err)
	if old == 0 {
		require.Empty(m.t, got)
		return
	}
	want, err := tlog.ProveTree(int64(size), int64(old), m.hashes)
	require.NoError(m.t, err)
	require.Equal(m.t, hashTexts(want), hashTexts(got))
}

func hashTexts[T ~[]tlog.Hash](proof T) (list []string) {
	for _, h := range proof {
		list = append(list, h.String())
	}
	return list
}

// checkpoint requires that the newest checkpoint, of at least some size, is that
// of the entries, and that none is taken back.
func (m *model) checkpoint(size uint64) {
	cp, err := m.log.Await(m.t.Context(), size)
	require.NoError(m.t, err)
	require.GreaterOrEqual(m.t, cp.Size, size)
	require.GreaterOrEqual(m.t, cp.Size, m.shown.Size)
	require.LessOrEqual(m.t, cp.Size, uint64(len(m.entries)))
	root, err := tlog.TreeHash(int64(cp.Size), m.hashes)
	require.NoError(m.t, err)
	require.Equal(m.t, root, cp.Root)
	signed, err := m.policy.Check(cp.Raw)
	if cp.Size == 0 { // nobody has to believe that
		require.ErrorIs(m.t, err, ledger.ErrIncomplete)
		return
	}
	require.NoError(m.t, err)
	require.Equal(m.t, cp.Size, signed.Size)
	m.shown = cp
}

// await waits for a size that may never come.
func (m *model) await(size uint64) {
	if size <= uint64(len(m.entries)) {
		m.checkpoint(size)
		return
	}
	ctx, stop := context.WithTimeout(m.t.Context(), time.Millisecond)
	defer stop()
	_, err := m.log.Await(ctx, size)
	require.ErrorIs(m.t, err, context.DeadlineExceeded)
}

// receipt proves an entry to somebody who has the policy alone.
func (m *model) receipt(index uint64) {
	if index >= uint64(len(m.entries)) {
		m.await(index + 1)
		return
	}
	proof, err := ledger.Prove(m.t.Context(), m.log, index)
	require.NoError(m.t, err)
	proven, err := ledger.VerifyProof(m.policy, m.entries[index], proof)
	require.NoError(m.t, err)
	require.Equal(m.t, index, proven.Index)
	_, err = ledger.VerifyProof(m.policy, append(slices.Clone(m.entries[index]), 0), proof)
	require.Error(m.t, err)
}

// reopen closes the ledger, after which it does nothing, and opens it again.
func (m *model) reopen() {
	if m.log != nil {
		if !m.durable {
			return
		}
		require.NoError(m.t, m.log.Close())
		_, err := m.log.Append(m.t.Context(), []byte("closed"))
		require.ErrorIs(m.t, err, ledger.ErrClosed)
		_, err = m.log.Checkpoint(m.t.Context())
		require.ErrorIs(m.t, err, ledger.ErrClosed)
	}
	var err error
	m.log, err = m.open(m.dir, m.signer)
	require.NoError(m.t, err)
	m.checkpoint(uint64(len(m.entries)))
}

// check reads everything through a reader that believes nobody.
func (m *model) check() {
	m.checkpoint(uint64(len(m.entries)))
	if len(m.entries) == 0 {
		return
	}
	r, err := ledger.Verified(m.log, m.policy, m.shown)
	require.NoError(m.t, err)
	got := collect(m.t, r, 0, m.shown.Size)
	require.Len(m.t, got, len(m.entries))
	for i := range got {
		require.Equal(m.t, m.entries[i], got[i])
	}
}
