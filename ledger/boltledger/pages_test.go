package boltledger_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

// Flags of bbolt's pages.
const (
	branchFlag = 1
	leafFlag   = 2
	freeFlag   = 0x10
)

// database is a bbolt file to damage, page by page.
type database []byte

func (d database) count() int        { return len(d) / os.Getpagesize() }
func (d database) page(i int) []byte { return d[i*os.Getpagesize():][:os.Getpagesize()] }
func (d database) flags(i int) uint16 {
	return binary.NativeEndian.Uint16(d.page(i)[8:])
}

// newest returns the offset of a field of the newest meta page.
func (d database) newest(field int) []byte {
	const txid = 16 + 48
	if binary.NativeEndian.Uint64(d.page(0)[txid:]) > binary.NativeEndian.Uint64(d.page(1)[txid:]) {
		return d.page(0)[field:]
	}
	return d.page(1)[field:]
}

// freelist returns the page of the list of free pages, and the list.
func (d database) freelist() (page []byte, ids []uint64) {
	page = d.page(int(binary.NativeEndian.Uint64(d.newest(16 + 32))))
	for i := range int(binary.NativeEndian.Uint16(page[10:])) {
		ids = append(ids, binary.NativeEndian.Uint64(page[16+8*i:]))
	}
	return page, ids
}

func (d database) setFree(ids []uint64) {
	page, _ := d.freelist()
	for i, id := range ids {
		binary.NativeEndian.PutUint64(page[16+8*i:], id)
	}
}

// TestDamagedPages damages what bbolt follows when it writes, and holds that a
// writer is told so before anything is written.
func TestDamagedPages(t *testing.T) {
	whole := makeLedger(t)
	b, err := os.ReadFile(whole.path("ledger.db"))
	require.NoError(t, err)
	d := database(b)
	_, free := d.freelist()
	require.Greater(t, len(free), 3)
	root := int(binary.NativeEndian.Uint64(d.newest(16 + 16)))
	require.EqualValues(t, leafFlag, d.flags(root))
	live := 0 // a branch page in use
	for i := 2; i < d.count(); i++ {
		if d.flags(i) == branchFlag && binary.NativeEndian.Uint64(d.page(i)) == uint64(i) && !slices.Contains(free, uint64(i)) {
			live = i
		}
	}
	require.NotZero(t, live)

	for _, c := range []struct {
		name   string
		damage func(d database)
		text   string
		append bool // found when appending, not when opening
	}{
		{"live page is free", func(d database) {
			ids := slices.Concat(free[1:], []uint64{uint64(live)})
			slices.Sort(ids)
			d.setFree(ids)
		}, "is in use, but in the list of free pages", false},
		{"root is free", func(d database) {
			ids := slices.Concat(free[1:], []uint64{uint64(root)})
			slices.Sort(ids)
			d.setFree(ids)
		}, "is in use, but in the list of free pages", false},
		{"meta page is free", func(d database) { d.setFree(append([]uint64{1}, free[1:]...)) }, "list of free pages has page 1", false},
		{"free page beyond", func(d database) { d.setFree(append(slices.Clone(free[:len(free)-1]), 1<<40)) }, "list of free pages has page", false},
		{"free page twice", func(d database) { d.setFree([]uint64{free[1]}) }, "", false},
		{"no list", func(d database) { page, _ := d.freelist(); page[8] = leafFlag }, "ledger.db", false},
		{"list too long", func(d database) { page, _ := d.freelist(); binary.NativeEndian.PutUint16(page[10:], 0xfff0) }, "ledger.db", false},
		{"element outside", func(d database) { binary.NativeEndian.PutUint32(d.page(live)[16:], 1<<30) }, "at offset", true},
		{"key of no bytes", func(d database) { binary.NativeEndian.PutUint32(d.page(live)[16+4:], 0) }, "", true},
		{"too many elements", func(d database) { binary.NativeEndian.PutUint16(d.page(live)[10:], 5000) }, "", true},
		{"no elements", func(d database) { binary.NativeEndian.PutUint16(d.page(live)[10:], 0) }, "", true},
		{"overflow", func(d database) { binary.NativeEndian.PutUint32(d.page(live)[12:], 1<<20) }, "", true},
		{"child beyond", func(d database) {
			for i := range int(binary.NativeEndian.Uint16(d.page(live)[10:])) {
				binary.NativeEndian.PutUint64(d.page(live)[16+16*i+8:], 1<<40)
			}
		}, "", true},
		{"own child", func(d database) {
			for i := range int(binary.NativeEndian.Uint16(d.page(live)[10:])) {
				binary.NativeEndian.PutUint64(d.page(live)[16+16*i+8:], uint64(live))
			}
		}, "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := whole.copy(t)
			d := slices.Clone(d)
			c.damage(d)
			require.NoError(t, os.WriteFile(m.path("ledger.db"), d, 0o644))
			log, err := boltledger.Open(m.dir, m.signer)
			if err == nil {
				require.True(t, c.append, "opened")
				for i := 0; err == nil && i < 50; i++ { // ids lead to different pages
					_, err = log.Append(t.Context(), data(5000+i))
				}
				require.NoError(t, log.Close())
			}
			require.ErrorIs(t, err, ledger.ErrChain)
			require.ErrorContains(t, err, c.text)
			require.ErrorContains(t, err, "ledger.db")
		})
	}
}

// TestOverflow holds that nothing is lost where a page is said to be longer
// than it is: bbolt frees what a page takes up when it writes the page anew,
// and so would write over its neighbour.
func TestOverflow(t *testing.T) {
	whole := makeLedger(t)
	b, err := os.ReadFile(whole.path("ledger.db"))
	require.NoError(t, err)
	d := database(b)
	_, free := d.freelist()
	list := int(binary.NativeEndian.Uint64(d.newest(16 + 32)))
	end := int(binary.NativeEndian.Uint64(d.newest(16 + 40))) // of the pages that were ever used
	refused := 0
	for i := 2; i < end-1; i++ {
		overflow := d.page(i)[12:16]
		live := binary.NativeEndian.Uint64(d.page(i)) == uint64(i) && !slices.Contains(free, uint64(i)) && (d.flags(i) <= leafFlag || i == list)
		if !live || binary.NativeEndian.Uint32(overflow) != 0 {
			continue
		}
		m := whole.copy(t)
		binary.NativeEndian.PutUint32(overflow, 1)
		require.NoError(t, os.WriteFile(m.path("ledger.db"), d, 0o644))
		binary.NativeEndian.PutUint32(overflow, 0)
		log, err := boltledger.Open(m.dir, m.signer)
		if err == nil {
			for n := 0; err == nil && n < 40; n++ {
				_, err = log.Append(t.Context(), data(5000+n))
			}
			require.NoError(t, log.Close())
		}
		if err != nil {
			refused++
			require.ErrorIs(t, err, ledger.ErrChain)
			require.ErrorContains(t, err, "at offset")
		}
		require.NoError(t, m.readAll(t), "page %d", i)
	}
	require.Greater(t, refused, 3)
}

// TestFreeCheckpoint holds that the page of the checkpoint is not written over
// either, if it has one: beside a short name it stands in the root.
func TestFreeCheckpoint(t *testing.T) {
	secret, _, err := note.GenerateKey(nil, strings.Repeat("long.", 50)+"example.org")
	require.NoError(t, err)
	signer, err := note.NewSigner(secret)
	require.NoError(t, err)
	dir := t.TempDir()
	log, err := boltledger.Open(dir, signer)
	require.NoError(t, err)
	for i := range 3 {
		_, err = log.Append(t.Context(), data(i))
		require.NoError(t, err)
	}
	require.NoError(t, log.Close())
	path := filepath.Join(dir, "ledger.db")
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	d := database(b)
	_, free := d.freelist()
	checkpoint := 0
	for i := 2; i < d.count(); i++ {
		if d.flags(i) == leafFlag && !slices.Contains(free, uint64(i)) && bytes.Contains(d.page(i), []byte("formathanpyo ledger v1")) {
			checkpoint = i
		}
	}
	require.NotZero(t, checkpoint)
	free[0] = uint64(checkpoint)
	slices.Sort(free)
	d.setFree(free)
	require.NoError(t, os.WriteFile(path, d, 0o644))
	_, err = boltledger.Open(dir, signer)
	require.ErrorIs(t, err, ledger.ErrChain)
	require.ErrorContains(t, err, "is in use, but in the list of free pages")
}

// TestDifferentCheckpoints holds that the signature of the newest checkpoint
// is not taken from a damaged copy: the database and the file hold it.
func TestDifferentCheckpoints(t *testing.T) {
	m := makeLedger(t)
	raw := slices.Clone(m.cp.Raw)
	if at := len(raw) - 10; raw[at] == 'A' {
		raw[at] = 'B'
	} else {
		raw[at] = 'A'
	}
	require.NoError(t, os.WriteFile(m.path("checkpoint"), raw, 0o644))
	require.ErrorIs(t, m.readAll(t), ledger.ErrChain)
	_, err := boltledger.Open(m.dir, m.signer)
	require.ErrorIs(t, err, ledger.ErrChain)
	require.ErrorContains(t, err, "one of them is damaged")
}
