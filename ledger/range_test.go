package ledger

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// leaves returns n leaf hashes and the tree that package tlog makes of them.
func leaves(t testing.TB, n int) ([]tlog.Hash, storedHashes) {
	var all []tlog.Hash
	var stored storedHashes
	for i := range n {
		h := tlog.RecordHash(fmt.Appendf(nil, "leaf %d", i))
		hashes, err := tlog.StoredHashesForRecordHash(int64(i), h, stored)
		require.NoError(t, err)
		all, stored = append(all, h), append(stored, hashes...)
	}
	return all, stored
}

func rangeOf(begin int, leaves []tlog.Hash) *Range {
	r := NewRange(uint64(begin))
	for _, h := range leaves {
		r.Append(h)
	}
	return r
}

func TestRangeRoot(t *testing.T) {
	all, stored := leaves(t, 300)
	r := new(Range)
	for n := range len(all) + 1 {
		want, err := tlog.TreeHash(int64(n), stored)
		require.NoError(t, err)
		got, err := r.Root()
		require.NoError(t, err)
		require.Equal(t, want, got, n)
		if n < len(all) {
			r.Append(all[n])
		}
	}
}

// TestRangeMerge cuts a tree at random places and merges the parts in a random
// order of bracketing.
func TestRangeMerge(t *testing.T) {
	all, stored := leaves(t, 200)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		n := rng.IntN(len(all) + 1)
		var parts []*Range
		for at := 0; at < n || len(parts) == 0; {
			end := at + rng.IntN(min(n-at, 60)+1) // some are empty
			parts = append(parts, rangeOf(at, all[at:end]))
			at = end
		}
		for len(parts) > 1 {
			i := rng.IntN(len(parts) - 1)
			next := parts[i+1].Clone()
			require.NoError(t, parts[i].Merge(parts[i+1]))
			require.Equal(t, next, parts[i+1], "Merge changed its argument")
			require.Equal(t, rangeOf(int(parts[i].Begin()), all[parts[i].Begin():parts[i].End()]).Bytes(), parts[i].Bytes())
			parts = append(parts[:i+1], parts[i+2:]...)
		}
		want, err := tlog.TreeHash(int64(n), stored)
		require.NoError(t, err)
		got, err := parts[0].Root()
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.EqualValues(t, n, parts[0].End())
		again, err := ParseRange(parts[0].Bytes())
		require.NoError(t, err)
		require.Equal(t, parts[0].Bytes(), again.Bytes())
	}
}

func TestRangeRefuses(t *testing.T) {
	all, _ := leaves(t, 50)
	a, b := rangeOf(0, all[:20]), rangeOf(20, all[20:])
	require.NoError(t, a.Clone().Merge(b))
	before := a.Bytes()
	for name, next := range map[string]*Range{
		"gap":     rangeOf(21, all[21:]),
		"overlap": rangeOf(19, all[19:]),
		"doubled": rangeOf(0, all[:20]),
	} {
		require.ErrorIs(t, a.Merge(next), reason.ErrRange, name)
		require.Equal(t, before, a.Bytes())
	}
	require.ErrorIs(t, a.Merge(a), reason.ErrRange)
	empty := NewRange(20)
	require.NoError(t, empty.Merge(empty))
	require.NoError(t, a.Merge(empty))
	require.Equal(t, before, a.Bytes())
	_, err := b.Root()
	require.ErrorIs(t, err, reason.ErrRange)

	r := rangeOf(3, all[3:30])
	whole := r.Bytes()
	_, err = ParseRange(whole)
	require.NoError(t, err)
	edit := func(begin, end uint64) []byte {
		b := binary.BigEndian.AppendUint64(nil, begin)
		b = binary.BigEndian.AppendUint64(b, end)
		return append(b, whole[16:]...)
	}
	for name, b := range map[string][]byte{
		"nothing":       nil,
		"cut":           whole[:len(whole)-1],
		"hash missing":  whole[:len(whole)-32],
		"trailing byte": append(whole[:len(whole):len(whole)], 0),
		"hash too many": append(whole[:len(whole):len(whole)], make([]byte, 32)...),
		"backwards":     edit(30, 3)[:16],
		"shorter":       edit(3, 28),
		"too large":     edit(0, 1<<63),
		"begin beyond":  edit(maxSize+1, maxSize+1)[:16],
		"overflow":      edit(1<<64-1, 1<<64-1)[:16],
	} {
		_, err := ParseRange(b)
		require.ErrorIs(t, err, reason.ErrEncoding, name)
	}
}

// TestRangeLarge goes to the largest tree there is, and no further.
func TestRangeLarge(t *testing.T) {
	r := NewRange(maxSize - 3)
	for range 3 {
		r.Append(tlog.Hash{1})
	}
	again, err := ParseRange(r.Bytes())
	require.NoError(t, err)
	require.Equal(t, r.Bytes(), again.Bytes())
	require.Panics(t, func() { r.Append(tlog.Hash{1}) })
	require.Panics(t, func() { NewRange(maxSize + 1) })
}

func FuzzParseRange(f *testing.F) {
	all, _ := leaves(f, 20)
	f.Add(rangeOf(0, all).Bytes())
	f.Add(rangeOf(3, all[3:]).Bytes())
	f.Add(NewRange(1 << 40).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseRange(b)
		if err != nil {
			require.Nil(t, r)
			return
		}
		require.Equal(t, b, r.Bytes())
		if r.End() < maxSize {
			r.Append(tlog.Hash{})
			_, err = ParseRange(r.Bytes())
			require.NoError(t, err)
		}
	})
}
