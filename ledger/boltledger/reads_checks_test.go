package boltledger

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// TestReadsRefused holds that what is asked of a damaged database is an error,
// and never "not there".
func TestReadsRefused(t *testing.T) {
	const size = 1024
	id := tlog.Hash{1, 2, 3}
	bucket := func(name string, elements ...[2]string) [2]string {
		length := pageHeader
		for _, e := range elements {
			length += pageElement + len(e[0]) + len(e[1])
		}
		return [2]string{name, string(append(make([]byte, 16), handmade(length, leafPage, elements...)...))}
	}
	open := func(buckets ...[2]string) *pages {
		data := make([]byte, 3*size)
		copy(data[2*size:], handmade(size, leafPage, buckets...))
		return &pages{data: data, size: size, count: 3, root: 2, read: make(map[uint64]page), roots: make(map[string]bucketRoot)}
	}
	s := &store{path: "ledger.db"}
	hashes := bucket("hashes", [2]string{string(number(7)), string(id[:])})
	index := func(at []byte) [2]string { return bucket("indexes", [2]string{string(id[:idKey]), string(at)}) }
	at, free, err := s.findStored(open(hashes, index(number(7))), id)
	require.NoError(t, err)
	require.Nil(t, free)
	require.EqualValues(t, 7, at)
	found, empty, err := s.has(open(hashes), hashBucket)
	require.NoError(t, err)
	require.Equal(t, []bool{true, false}, []bool{found, empty})
	require.NoError(t, s.checkEnd(open(bucket("hashes"), bucket("leaves")), 0))

	outside := open(hashes)
	binary.NativeEndian.PutUint32(outside.data[2*size+pageHeader+4:], size)
	for name, c := range map[string]struct {
		ask  func() error
		text string
	}{
		"root":             {func() error { _, _, err := s.has(outside, hashBucket); return err }, "element 0 lies outside"},
		"last key":         {func() error { _, err := s.last(open(hashes), indexBucket); return err }, "no bucket indexes"},
		"ids":              {func() error { _, _, err := s.findStored(open(hashes), id); return err }, "no bucket indexes"},
		"index cut short":  {func() error { _, _, err := s.findStored(open(hashes, index([]byte{7})), id); return err }, "index of an entry"},
		"hashes of an id":  {func() error { _, _, err := s.findStored(open(index(number(7))), id); return err }, "no bucket hashes"},
		"copied cut short": {func() error { _, _, err := s.copied(open(bucket("meta", [2]string{"copied", "7"}))); return err }, "number of copied entries"},
		"end":              {func() error { return s.checkEnd(open(bucket("hashes")), 0) }, "no bucket leaves"},
	} {
		err := c.ask()
		require.ErrorIs(t, err, reason.ErrChain, name)
		require.ErrorContains(t, err, "boltledger: ledger.db: ", name)
		require.ErrorContains(t, err, c.text, name)
	}
}

// TestFreeRefused changes one thing of the list of free pages, or of what leads
// to it.
func TestFreeRefused(t *testing.T) {
	const size, list = 128, 3
	free := func(length int, change func(b []byte)) (ids, own []uint64, err error) {
		b := make([]byte, 4*size)
		for i := range 2 {
			meta := b[i*size:]
			binary.NativeEndian.PutUint64(meta[32:], 2)
			binary.NativeEndian.PutUint64(meta[48:], list)
			binary.NativeEndian.PutUint64(meta[64:], uint64(i))
		}
		page := b[list*size:]
		binary.NativeEndian.PutUint64(page, list)
		binary.NativeEndian.PutUint16(page[8:], 0x10)
		binary.NativeEndian.PutUint16(page[10:], 2)
		binary.NativeEndian.PutUint64(page[16:], 8)
		binary.NativeEndian.PutUint64(page[24:], 9)
		if change != nil {
			change(b)
		}
		return (&pages{file: bytes.NewReader(b[:length]), size: size, count: 4, root: 2}).free()
	}
	ids, own, err := free(4*size, nil)
	require.NoError(t, err)
	require.Equal(t, []uint64{8, 9}, ids)
	require.Equal(t, []uint64{list}, own)
	for _, length := range []int{size, list * size, list*size + 24} {
		_, _, err := free(length, nil)
		require.ErrorIs(t, err, io.EOF, length)
	}
	put := func(at int, v byte) func(b []byte) { return func(b []byte) { b[at] = v } }
	for text, changes := range map[string][]func(b []byte){
		"list of free pages is page 1 of 4": {put(size+48, 1)},
		"list of free pages is page 4 of 4": {put(size+48, 4)},
		"is no list of free pages": {
			put(list*size, 2), put(list*size+8, leafPage), put(list*size+10, 5), put(list*size+12, 1),
		},
	} {
		for i, change := range changes {
			_, _, err := free(4*size, change)
			require.ErrorContains(t, err, text, i)
		}
	}
}

// TestStopped holds that a ledger that failed, or is being closed, is left
// alone.
func TestStopped(t *testing.T) {
	s := new(store)
	require.NoError(t, s.guard(func() error { return nil }))
	s.fail(io.ErrUnexpectedEOF)
	require.ErrorIs(t, s.guard(func() error { panic("the database is touched again") }), io.ErrUnexpectedEOF)

	w := &writer{queue: make(chan *request, 2)}
	require.NoError(t, w.submit(new(request)))
	w.closing = true
	require.ErrorIs(t, w.submit(new(request)), ledger.ErrClosed)
}

// TestOverwrite holds that nothing is written over that would be left in part:
// a longer file, or more than a disk writes at once.
func TestOverwrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint")
	require.NoError(t, os.WriteFile(path, []byte("four"), 0o644))
	for _, data := range [][]byte{[]byte("one"), make([]byte, sector+1)} {
		done, err := overwrite(path, data)
		require.NoError(t, err)
		require.False(t, done)
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, "four", string(b))
	}
	done, err := overwrite(path, []byte("three"))
	require.NoError(t, err)
	require.True(t, done)
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "three", string(b))
}
