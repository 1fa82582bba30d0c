package boltledger_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

// made is a closed ledger on disk: 300 small entries and, at largeAt, a large
// one.
type made struct {
	dir    string
	signer note.Signer
	policy ledger.Policy
	cp     ledger.Checkpoint
}

const largeAt = 300

func (m made) path(name string) string { return filepath.Join(m.dir, name) }

func (m made) large(t testing.TB) string {
	files, err := filepath.Glob(m.path("large/*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	return files[0]
}

func makeLedger(t testing.TB) made {
	t.Helper()
	m := made{dir: filepath.Join(t.TempDir(), "ledger")}
	m.signer, m.policy = newKey(t, origin)
	log, err := boltledger.Open(m.dir, m.signer)
	require.NoError(t, err)
	fill(t, log, largeAt)
	_, err = log.Append(t.Context(), bytes.Repeat([]byte("large"), 40_000))
	require.NoError(t, err)
	m.cp, err = log.Checkpoint(t.Context())
	require.NoError(t, err)
	require.NoError(t, log.Close())
	return m
}

// copy returns a copy of m to damage.
func (m made) copy(t testing.TB) made {
	dir := filepath.Join(t.TempDir(), "ledger")
	require.NoError(t, os.CopyFS(dir, os.DirFS(m.dir)))
	m.dir = dir
	return m
}

// readAll reads everything in m as an auditor does.
func (m made) readAll(t testing.TB) error {
	r, err := boltledger.OpenReadOnly(m.dir)
	if err != nil {
		return err
	}
	defer r.Close()
	v, err := ledger.Verified(r, m.policy, m.cp)
	require.NoError(t, err)
	n, err := entriesError(t.Context(), v, 0, m.cp.Size)
	if err == nil {
		require.EqualValues(t, m.cp.Size, n)
	}
	return err
}

func TestReopen(t *testing.T) {
	m := makeLedger(t)
	require.NoError(t, m.readAll(t))
	for i := range 5 {
		log, err := boltledger.Open(m.dir, m.signer)
		require.NoError(t, err)
		cp, err := log.Checkpoint(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, largeAt+1+i, cp.Size)
		proof, err := log.Consistency(t.Context(), m.cp.Size, cp.Size)
		require.NoError(t, err)
		require.NoError(t, cp.CheckConsistency(m.cp, proof))
		index, err := log.Append(t.Context(), data(7)) // known from before
		require.NoError(t, err)
		require.Less(t, index, uint64(largeAt))
		index, err = log.Append(t.Context(), data(1000+i))
		require.NoError(t, err)
		require.EqualValues(t, largeAt+1+i, index)
		require.NoError(t, log.Close())
	}
	require.NoError(t, m.readAll(t)) // also from the older checkpoint
}

func TestOpenTwice(t *testing.T) {
	m := makeLedger(t)
	log, err := boltledger.Open(m.dir, m.signer)
	require.NoError(t, err)
	_, err = boltledger.Open(m.dir, m.signer)
	require.ErrorIs(t, err, boltledger.ErrLocked)
	require.ErrorContains(t, err, "ledger.db")
	_, err = boltledger.OpenReadOnly(m.dir)
	require.ErrorIs(t, err, boltledger.ErrLocked)
	require.NoError(t, log.Close())

	a, err := boltledger.OpenReadOnly(m.dir)
	require.NoError(t, err)
	b, err := boltledger.OpenReadOnly(m.dir)
	require.NoError(t, err)
	_, err = boltledger.Open(m.dir, m.signer)
	require.ErrorIs(t, err, boltledger.ErrLocked)
	require.NoError(t, a.Close())
	require.NoError(t, b.Close())
	log, err = boltledger.Open(m.dir, m.signer)
	require.NoError(t, err)
	require.NoError(t, log.Close())
}

func TestReadOnly(t *testing.T) {
	m := makeLedger(t)
	before := tree(t, m.dir)
	r, err := boltledger.OpenReadOnly(m.dir)
	require.NoError(t, err)
	cp, err := r.Checkpoint(t.Context())
	require.NoError(t, err)
	require.Equal(t, m.cp, cp)
	_, err = r.Await(t.Context(), cp.Size+1)
	require.ErrorIs(t, err, ledger.ErrIncomplete, "waiting would be for ever")
	require.Len(t, collect(t, r, 0, cp.Size), largeAt+1)
	require.NoError(t, r.Close())
	require.Equal(t, before, tree(t, m.dir))
}

// tree returns the files below dir with their content.
func tree(t testing.TB, dir string) map[string]string {
	files := make(map[string]string)
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			files[path] = "directory"
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, path))
		files[path] = string(b)
		return err
	}))
	return files
}

func TestNoLedger(t *testing.T) {
	signer, _ := newKey(t, origin)
	parent := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(parent, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
		return filepath.Dir(path)
	}
	other := filepath.Join(parent, "other")
	require.NoError(t, os.Mkdir(other, 0o755))
	db, err := bbolt.Open(filepath.Join(other, "ledger.db"), 0o644, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("accounts"))
		return err
	}))
	require.NoError(t, db.Close())
	require.NoError(t, os.MkdirAll(filepath.Join(parent, "nothing in it"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(parent, "folder", "ledger.db"), 0o755))

	for _, c := range []struct {
		name, dir   string
		reads, want error // of OpenReadOnly and Open; nil: Open makes a ledger
		text        string
	}{
		{"missing", filepath.Join(parent, "none"), fs.ErrNotExist, nil, "ledger.db"},
		{"nothing in it", filepath.Join(parent, "nothing in it"), fs.ErrNotExist, nil, "ledger.db"},
		{"empty file", write("empty/ledger.db", ""), ledger.ErrIncomplete, nil, "ledger.db"},
		{"folder", filepath.Join(parent, "folder"), ledger.ErrEncoding, errSystem, "ledger.db"},
		{"text", write("text/ledger.db", "Dear diary"), ledger.ErrChain, ledger.ErrChain, "ledger.db: not a ledger"},
		{"long text", write("long/ledger.db", string(make([]byte, 1<<16))), ledger.ErrChain, ledger.ErrChain, "ledger.db: not a ledger"},
		{"other files", write("files/holiday.jpg", "?"), fs.ErrNotExist, ledger.ErrEncoding, ""},
		{"other database", other, ledger.ErrVersion, ledger.ErrVersion, "ledger.db: a database"},
		{"no room for large entries", write("room/large", "?"), fs.ErrNotExist, errSystem, "ledger.db"},
		{"only a checkpoint", write("lost/checkpoint", "?"), fs.ErrNotExist, ledger.ErrChain, "ledger.db"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := tree(t, parent)
			_, err := boltledger.OpenReadOnly(c.dir)
			require.ErrorIs(t, err, c.reads)
			require.ErrorContains(t, err, c.text)
			require.Equal(t, before, tree(t, parent), "reading changed something")
			log, err := boltledger.Open(c.dir, signer)
			switch c.want {
			case nil:
				require.NoError(t, err)
				require.NoError(t, log.Close())
			case errSystem:
				require.Error(t, err)
				require.NotErrorIs(t, err, ledger.ErrChain)
			default:
				require.ErrorIs(t, err, c.want)
				require.ErrorContains(t, err, c.text)
			}
		})
	}
}

var errSystem = errors.New("whatever the system says")

func TestOtherSigner(t *testing.T) {
	m := makeLedger(t)
	for _, name := range []string{origin, "example.org/other"} {
		signer, _ := newKey(t, name)
		_, err := boltledger.Open(m.dir, signer)
		require.ErrorIs(t, err, ledger.ErrSignature)
		require.ErrorContains(t, err, "ledger.db")
	}
	require.NoError(t, m.readAll(t))
}

// TestDamage changes one thing in a whole ledger each time.
func TestDamage(t *testing.T) {
	edit := func(name string, f func(b []byte) []byte) func(*testing.T, made) {
		return func(t *testing.T, m made) {
			b, err := os.ReadFile(m.path(name))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(m.path(name), f(b), 0o644))
		}
	}
	update := func(f func(tx *bbolt.Tx) error) func(*testing.T, made) {
		return func(t *testing.T, m made) {
			db, err := bbolt.Open(m.path("ledger.db"), 0o644, nil)
			require.NoError(t, err)
			require.NoError(t, db.Update(f))
			require.NoError(t, db.Close())
		}
	}
	whole := makeLedger(t)
	for _, c := range []struct {
		name    string
		damage  func(*testing.T, made)
		want    error
		text    string
		opening bool // found when opening, not when reading
	}{
		{"none", func(*testing.T, made) {}, nil, "", false},
		{"newest meta page", edit("ledger.db", damageNewestMeta), ledger.ErrChain, "entries are lost", true},
		{"both meta pages", edit("ledger.db", func(b []byte) []byte { clear(b[:2*os.Getpagesize()]); return b }),
			ledger.ErrChain, "ledger.db: not a ledger or damaged", true},
		{"database cut short", edit("ledger.db", func(b []byte) []byte { return b[:3*os.Getpagesize()] }), ledger.ErrChain, "ledger.db", true},
		{"database cut in the middle", edit("ledger.db", func(b []byte) []byte { return b[:12*os.Getpagesize()] }), ledger.ErrChain, "ledger.db", true},
		{"database of zeroes", edit("ledger.db", func(b []byte) []byte { clear(b[2*os.Getpagesize():]); return b }),
			ledger.ErrChain, "ledger.db", true},
		{"checkpoint missing", func(t *testing.T, m made) { require.NoError(t, os.Remove(m.path("checkpoint"))) },
			ledger.ErrChain, "checkpoint: missing", true},
		{"checkpoint empty", edit("checkpoint", func([]byte) []byte { return nil }), ledger.ErrChain, "no signature line", true},
		{"checkpoint with another root", func(t *testing.T, m made) {
			cp, err := ledger.SignCheckpoint(m.signer, m.cp.Size, [32]byte{1})
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(m.path("checkpoint"), cp.Raw, 0o644))
		}, ledger.ErrChain, "checkpoint", true},
		{"older checkpoint with another root", func(t *testing.T, m made) {
			cp, err := ledger.SignCheckpoint(m.signer, 17, [32]byte{1})
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(m.path("checkpoint"), cp.Raw, 0o644))
		}, ledger.ErrChain, "checkpoint", true},
		{"checkpoint of another ledger", func(t *testing.T, m made) {
			signer, _ := newKey(t, "example.org/other")
			cp, err := ledger.SignCheckpoint(signer, m.cp.Size, m.cp.Root)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(m.path("checkpoint"), cp.Raw, 0o644))
		}, ledger.ErrChain, "checkpoint: is of \"example.org/other\"", true},
		{"format", update(func(tx *bbolt.Tx) error {
			return tx.Bucket([]byte("meta")).Put([]byte("format"), []byte("hanpyo ledger v2"))
		}),
			ledger.ErrVersion, "ledger.db", true},
		{"stored checkpoint", update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("checkpoint"), []byte("?")) }),
			ledger.ErrChain, "no signature line", true},
		{"stored origin", update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("origin"), []byte("?")) }),
			ledger.ErrChain, "ledger.db", true},
		{"older checkpoint of another history", func(t *testing.T, m made) {
			// The operator signs another past, and makes the hashes fit it.
			r, err := boltledger.OpenReadOnly(m.dir)
			require.NoError(t, err)
			past := new(ledger.Range)
			for i, b := range collect(t, r, 0, 17) {
				if i == 16 {
					b = []byte("another")
				}
				past.Append(ledger.LeafHash(b))
			}
			require.NoError(t, r.Close())
			root, err := past.Root()
			require.NoError(t, err)
			cp, err := ledger.SignCheckpoint(m.signer, 17, root)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(m.path("checkpoint"), cp.Raw, 0o644))
			update(func(tx *bbolt.Tx) error {
				h := ledger.LeafHash([]byte("another"))
				return tx.Bucket([]byte("hashes")).Put(number(16), h[:])
			})(t, m)
		}, ledger.ErrChain, "size 17 is no prefix of size 301", true},
		{"leaf changed", update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("leaves")).Put(number(123), []byte("another")) }),
			ledger.ErrChain, "entry 123", false},
		{"leaf and its hash changed", update(func(tx *bbolt.Tx) error {
			h := ledger.LeafHash([]byte("another"))
			return errors.Join(tx.Bucket([]byte("leaves")).Put(number(122), []byte("another")), tx.Bucket([]byte("hashes")).Put(number(122), h[:]))
		}), ledger.ErrChain, "entry 122", false},
		{"leaf gone", update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("leaves")).Delete(number(123)) }),
			ledger.ErrChain, "leaf is missing", false},
		{"last leaf gone", update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("leaves")).Delete(number(largeAt)) }),
			ledger.ErrChain, "leaves do not end", true},
		{"leaf too many", update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("leaves")).Put(number(largeAt+1), []byte("x")) }),
			ledger.ErrChain, "leaves do not end", true},
		{"hashes gone", update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("hashes")).Delete(number(123)) }),
			ledger.ErrChain, "entry 123", true},
		{"subtree hash", update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("hashes")).Put(number(255), make([]byte, 9*32)) }),
			ledger.ErrChain, "ledger.db", true},
		{"bucket gone", update(func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("hashes")) }), ledger.ErrChain, "no bucket hashes", true},
		{"ids gone", update(func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("indexes")) }), ledger.ErrChain, "no bucket indexes", true},
		{"large entry gone", func(t *testing.T, m made) { require.NoError(t, os.Remove(m.large(t))) },
			ledger.ErrIncomplete, "entry 300", false},
		{"large entry cut short", func(t *testing.T, m made) { require.NoError(t, os.Truncate(m.large(t), 100_000)) },
			ledger.ErrChain, "entry 300", false},
		{"large entry changed", func(t *testing.T, m made) {
			b, err := os.ReadFile(m.large(t))
			require.NoError(t, err)
			b[77_777] ^= 1
			require.NoError(t, os.WriteFile(m.large(t), b, 0o644))
		}, ledger.ErrChain, "entry 300", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := whole.copy(t)
			c.damage(t, m)
			check := func(err error) {
				t.Helper()
				if c.want == nil {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, c.want)
				require.ErrorContains(t, err, c.text)
			}
			check(m.readAll(t))
			log, err := boltledger.Open(m.dir, m.signer)
			if c.opening {
				check(err)
				_, err = boltledger.Open(m.dir, m.signer) // and is not still locked
				check(err)
				return
			}
			require.NoError(t, err)
			_, err = entriesError(t.Context(), log, 0, m.cp.Size)
			if c.name != "leaf and its hash changed" { // only the root tells
				check(err)
			}
			require.NoError(t, log.Close())
		})
	}
}

// TestOffset holds that a damaged leaf is named with its place in the file.
func TestOffset(t *testing.T) {
	m := makeLedger(t)
	b, err := os.ReadFile(m.path("ledger.db"))
	require.NoError(t, err)
	at := bytes.LastIndex(b, []byte("entry 17"))
	copy(b[at:], "entry 71")
	require.NoError(t, os.WriteFile(m.path("ledger.db"), b, 0o644))
	err = m.readAll(t)
	if err == nil { // that was an old copy, in a free page
		t.Skip("the entry has two copies")
	}
	require.ErrorIs(t, err, ledger.ErrChain)
	require.ErrorContains(t, err, fmt.Sprintf("ledger.db: leaf at offset %d differs from its hash at offset ", at))
}

// damageNewestMeta flips a bit in the meta page with the higher transaction
// id, as a torn write may.
func damageNewestMeta(b []byte) []byte {
	const txid = 16 + 4 + 4 + 4 + 4 + 16 + 8 + 8 // page header; magic, version, page size, flags, root, freelist, pgid
	page := os.Getpagesize()
	if binary.NativeEndian.Uint64(b[txid:]) < binary.NativeEndian.Uint64(b[page+txid:]) {
		b[page+txid] ^= 1
	} else {
		b[txid] ^= 1
	}
	return b
}

// TestCircle holds that pages which form a circle, or a web without end, do not
// end the process of who reads the ledger.
func TestCircle(t *testing.T) {
	whole := makeLedger(t)
	page := os.Getpagesize()
	branches := func(b []byte) (at []int) {
		for i := 2 * page; i < len(b); i += page {
			if binary.NativeEndian.Uint64(b[i:]) == uint64(i/page) && binary.NativeEndian.Uint16(b[i+8:]) == 1 {
				at = append(at, i)
			}
		}
		return at
	}
	for name, damage := range map[string]func(b []byte, at int){
		"own child": func(b []byte, at int) {
			for e := at + 16; e < at+16+16*int(binary.NativeEndian.Uint16(b[at+10:])); e += 16 {
				binary.NativeEndian.PutUint64(b[e+8:], uint64(at/page))
			}
		},
		"one child for all": func(b []byte, at int) {
			for e := at + 16; e < at+16+16*int(binary.NativeEndian.Uint16(b[at+10:])); e += 16 {
				copy(b[e+8:e+16], b[at+16+8:])
			}
		},
		"child far away":       func(b []byte, at int) { binary.NativeEndian.PutUint64(b[at+16+8:], 1<<40) },
		"child is a meta page": func(b []byte, at int) { binary.NativeEndian.PutUint64(b[at+16+8:], 1) },
		"child of another name": func(b []byte, at int) {
			child := int(binary.NativeEndian.Uint64(b[at+16+8:])) * page
			b[child]++
		},
	} {
		t.Run(name, func(t *testing.T) {
			m := whole.copy(t)
			b, err := os.ReadFile(m.path("ledger.db"))
			require.NoError(t, err)
			at := branches(b)
			require.NotEmpty(t, at)
			for _, i := range at {
				damage(b, i)
			}
			require.NoError(t, os.WriteFile(m.path("ledger.db"), b, 0o644))
			err = m.readAll(t)
			require.ErrorIs(t, err, ledger.ErrChain)
			require.ErrorContains(t, err, "ledger.db: ")
			log, err := boltledger.Open(m.dir, m.signer)
			if err == nil {
				_, err = entriesError(t.Context(), log, 0, m.cp.Size)
				require.NoError(t, log.Close())
			}
			require.ErrorIs(t, err, ledger.ErrChain)
			require.ErrorContains(t, err, "ledger.db: ")
		})
	}
}

// TestUnreadableCheckpoint holds that a checkpoint that cannot be read is the
// system's error, not a finding about the ledger.
func TestUnreadableCheckpoint(t *testing.T) {
	m := makeLedger(t)
	require.NoError(t, os.Remove(m.path("checkpoint")))
	require.NoError(t, os.Mkdir(m.path("checkpoint"), 0o755))
	err := m.readAll(t)
	require.ErrorContains(t, err, "checkpoint")
	require.NotErrorIs(t, err, ledger.ErrChain)
}

// TestDamagedIndex holds that an entry which is there is not acknowledged at
// another one's place.
func TestDamagedIndex(t *testing.T) {
	whole := makeLedger(t)
	for name, at := range map[string][]byte{"other entry": number(largeAt), "beyond": number(1 << 40), "short": {1}} {
		m := whole.copy(t)
		db, err := bbolt.Open(m.path("ledger.db"), 0o644, nil)
		require.NoError(t, err)
		require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
			id := ledger.LeafHash(data(7))
			return tx.Bucket([]byte("indexes")).Put(id[:8], at)
		}))
		require.NoError(t, db.Close())
		log, err := boltledger.Open(m.dir, m.signer)
		require.NoError(t, err)
		_, err = log.Append(t.Context(), data(8))
		require.NoError(t, err)
		_, err = log.Append(t.Context(), data(7))
		require.ErrorIs(t, err, ledger.ErrChain, name)
		require.ErrorContains(t, err, "ledger.db")
		require.NoError(t, log.Close())
	}
}

func TestDirIsFile(t *testing.T) {
	signer, _ := newKey(t, origin)
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte("?"), 0o644))
	_, err := boltledger.Open(path, signer)
	require.ErrorContains(t, err, path)
	_, err = boltledger.OpenReadOnly(path)
	require.ErrorContains(t, err, path)
}

// TestDamagedWhileOpen damages pages while they are read, and holds that this
// is an error each time, and that the ledger can be closed and opened again.
func TestDamagedWhileOpen(t *testing.T) {
	m := makeLedger(t)
	b, err := os.ReadFile(m.path("ledger.db"))
	require.NoError(t, err)
	f, err := os.OpenFile(m.path("ledger.db"), os.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	r, err := boltledger.OpenReadOnly(m.dir)
	require.NoError(t, err)
	page := os.Getpagesize()
	for at := 2 * page; at < len(b); at += page {
		if bytes.Contains(b[at:at+page], []byte("entry ")) && bytes.Contains(b[at:at+page], number(20)) {
			_, err := f.WriteAt([]byte{b[at] + 1}, int64(at)) // its id
			require.NoError(t, err)
		}
	}
	for range 2 {
		_, err = entriesError(t.Context(), r, 0, m.cp.Size)
		require.ErrorIs(t, err, ledger.ErrChain)
		require.ErrorContains(t, err, "says that it is page")
	}
	require.NoError(t, r.Close())
	for range 2 {
		log, err := boltledger.Open(m.dir, m.signer)
		require.NoError(t, err) // O(log n): it has not come there
		_, err = entriesError(t.Context(), log, 0, m.cp.Size)
		require.ErrorIs(t, err, ledger.ErrChain)
		require.ErrorContains(t, err, "says that it is page")
		require.NoError(t, log.Close())
	}
}

func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// TestRandomDamage holds that a hurt database gives errors or what was in it,
// and never a panic or something else.
func TestRandomDamage(t *testing.T) {
	n := 150
	if testing.Short() {
		n = 20
	}
	m := makeLedger(t)
	whole, err := os.ReadFile(m.path("ledger.db"))
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range n {
		b := bytes.Clone(whole)
		for range 1 + rng.IntN(3) {
			at := rng.IntN(len(b))
			for i := at; i < min(at+1+rng.IntN(64), len(b)); i++ {
				b[i] = byte(rng.Uint32())
			}
		}
		require.NoError(t, os.WriteFile(m.path("ledger.db"), b, 0o644))
		if err := m.readAll(t); err != nil { // which checks every byte that it reads
			found++
		}
		if log, err := boltledger.Open(m.dir, m.signer); err == nil {
			_, _ = log.Append(t.Context(), []byte("more"))
			_ = log.Close()
			require.NoError(t, os.WriteFile(m.path("checkpoint"), m.cp.Raw, 0o644))
		}
	}
	require.NotZero(t, found)
}

// TestRolledBack puts an older copy of the database in place, whose checkpoint
// is in order by itself.
func TestRolledBack(t *testing.T) {
	m := makeLedger(t)
	older, err := os.ReadFile(m.path("ledger.db"))
	require.NoError(t, err)
	log, err := boltledger.Open(m.dir, m.signer)
	require.NoError(t, err)
	_, err = log.Append(t.Context(), []byte("one more"))
	require.NoError(t, err)
	require.NoError(t, log.Close())
	require.NoError(t, os.WriteFile(m.path("ledger.db"), older, 0o644))
	_, err = boltledger.Open(m.dir, m.signer)
	require.ErrorIs(t, err, ledger.ErrChain)
	require.ErrorContains(t, err, "entries are lost")
}

// TestUnpublished opens what a crash between commit and publication leaves: a
// database ahead of the checkpoint file.
func TestUnpublished(t *testing.T) {
	m := makeLedger(t)
	log, err := boltledger.Open(m.dir, m.signer)
	require.NoError(t, err)
	_, err = log.Append(t.Context(), []byte("one more"))
	require.NoError(t, err)
	require.NoError(t, log.Close())
	require.NoError(t, os.WriteFile(m.path("checkpoint"), m.cp.Raw, 0o644))
	require.NoError(t, os.WriteFile(m.path("large/1234.tmp"), []byte("half"), 0o644))
	require.NoError(t, m.readAll(t))
	log, err = boltledger.Open(m.dir, m.signer)
	require.NoError(t, err)
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	require.Equal(t, m.cp.Size+1, cp.Size)
	require.NoError(t, log.Close())
	published, err := os.ReadFile(m.path("checkpoint"))
	require.NoError(t, err)
	require.Equal(t, cp.Raw, published)
	m.large(t) // and the temporary file is gone
}

// slowSigner signs when it is let.
type slowSigner struct {
	note.Signer
	asked, let chan struct{}
}

func (s *slowSigner) Sign(msg []byte) ([]byte, error) {
	s.asked <- struct{}{}
	if _, ok := <-s.let; !ok {
		return nil, errors.New("out of order")
	}
	return s.Signer.Sign(msg)
}

// openSlow opens a ledger whose first commit is under way, for the entry
// "first".
func openSlow(t *testing.T) (dir string, log ledger.Ledger, s *slowSigner, first chan error) {
	dir = t.TempDir()
	signer, _ := newKey(t, origin)
	log, err := boltledger.Open(dir, signer)
	require.NoError(t, err)
	require.NoError(t, log.Close())
	s = &slowSigner{signer, make(chan struct{}), make(chan struct{})}
	log, err = boltledger.Open(dir, s)
	require.NoError(t, err)
	first = make(chan error, 1)
	go func() {
		_, err := log.Append(context.Background(), []byte("first"))
		first <- err
	}()
	<-s.asked
	return dir, log, s, first
}

func TestBusy(t *testing.T) {
	_, log, s, first := openSlow(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	taken, busy := 0, 0
	for i := range 2500 {
		wg.Go(func() {
			_, err := log.Append(context.Background(), data(i))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				taken++
			case errors.Is(err, ledger.ErrBusy):
				busy++
			default:
				t.Error(err)
			}
		})
	}
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return busy == 2500-2048
	}, 10*time.Second, time.Millisecond)
	drain(t, s)
	wg.Wait()
	require.NoError(t, <-first)
	require.Equal(t, 2048, taken)
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1+2048, cp.Size)
	require.NoError(t, log.Close())
}

// drain lets s sign from now on.
func drain(t *testing.T, s *slowSigner) {
	go func() {
		for {
			select {
			case s.let <- struct{}{}:
			case <-s.asked:
			case <-t.Context().Done():
				return
			}
		}
	}()
}

// TestCancelledMidway holds that a cancelled append may have taken place, that
// its bytes are the ledger's own, and that appending again is safe.
func TestCancelledMidway(t *testing.T) {
	_, log, s, first := openSlow(t)
	ctx, cancel := context.WithCancel(t.Context())
	second := make(chan error, 1)
	b := []byte("second")
	go func() {
		_, err := log.Append(ctx, b)
		second <- err
	}()
	time.Sleep(20 * time.Millisecond) // let it be queued; if it is not, the test holds all the same
	cancel()
	require.ErrorIs(t, <-second, context.Canceled)
	copy(b, "unused")
	drain(t, s)
	require.NoError(t, <-first)
	index, err := log.Append(t.Context(), []byte("second"))
	require.NoError(t, err)
	require.EqualValues(t, 1, index)
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 2, cp.Size)
	require.NoError(t, log.Close())
}

// TestSignerFails holds that a failed commit leaves nothing behind and stops
// the ledger until it is opened again.
func TestSignerFails(t *testing.T) {
	dir, log, s, first := openSlow(t)
	close(s.let)
	require.ErrorContains(t, <-first, "out of order")
	_, err := log.Append(t.Context(), []byte("second"))
	require.ErrorContains(t, err, "out of order")
	_, err = log.Checkpoint(t.Context())
	require.ErrorContains(t, err, "out of order")
	require.NoError(t, log.Close())
	log, err = boltledger.Open(dir, s.Signer)
	require.NoError(t, err)
	index, err := log.Append(t.Context(), []byte("second"))
	require.NoError(t, err)
	require.Zero(t, index)
	require.NoError(t, log.Close())
}

// TestDamagedTile holds that no hash is handed out, or served, that does not
// fit the root.
func TestDamagedTile(t *testing.T) {
	m := makeLedger(t)
	db, err := bbolt.Open(m.path("ledger.db"), 0o644, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte("hashes"))
		changed := bytes.Clone(b.Get(number(124)))
		changed[7] ^= 1
		return b.Put(number(124), changed)
	}))
	require.NoError(t, db.Close())
	r, err := boltledger.OpenReadOnly(m.dir)
	require.NoError(t, err)
	defer r.Close()
	_, err = r.Hashes(t.Context(), 0, 256, 300)
	require.NoError(t, err)
	for range 2 {
		_, err = r.Hashes(t.Context(), 0, 0, 256)
		require.ErrorIs(t, err, ledger.ErrChain)
		require.ErrorContains(t, err, "ledger.db: ")
		require.ErrorContains(t, err, "do not fit the root")
	}
	rec := httptest.NewRecorder()
	ledger.Handler(r).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/tile/0/000", nil))
	require.Equal(t, http.StatusInternalServerError, rec.Code)
}
