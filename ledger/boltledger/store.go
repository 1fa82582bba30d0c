package boltledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"
	"unsafe"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

const (
	databaseName = "ledger.db"
	format       = "hanpyo ledger v1"
)

// The database. Numbers are eight bytes, big-endian.
var (
	metaBucket  = []byte("meta")    // format, origin, key hash and newest checkpoint
	leafBucket  = []byte("leaves")  // index → leaf
	hashBucket  = []byte("hashes")  // index → leaf hash, then the hashes of the subtrees that the leaf completes
	indexBucket = []byte("indexes") // id → index

	formatKey     = []byte("format")
	originKey     = []byte("origin")
	signerKey     = []byte("key")
	checkpointKey = []byte("checkpoint")
	copiedKey     = []byte("copied") // of a mirror that was not finished: how many entries it has
)

// ErrLocked means that somebody else has the ledger open: another process, or
// this one a second time.
var ErrLocked = errors.New("ledger is open elsewhere")

// store is the database of one directory and what goes with it.
type store struct {
	dir, path string
	db        *bbolt.DB
	file      *os.File              // that of db
	broken    atomic.Pointer[error] // why it cannot be used any more
	panicked  atomic.Bool           // see guard

	edge edge // of the tree, while entries are added
	ids  *ids // likewise
}

// openStore opens the database of dir, and creates it unless readOnly.
func openStore(dir string, readOnly bool) (*store, error) {
	s := &store{dir: dir, path: filepath.Join(dir, databaseName)}
	if !readOnly {
		if err := s.createFile(); err != nil {
			return nil, fmt.Errorf("boltledger: %s: %w", s.path, err)
		}
	}
	err := s.guard(func() (err error) {
		s.db, err = bbolt.Open(s.path, 0o644, &bbolt.Options{
			ReadOnly:     readOnly,
			Timeout:      time.Millisecond, // one try: a ledger in use stays in use
			FreelistType: bbolt.FreelistMapType,
			NoStatistics: true,
			OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
				f, err := os.OpenFile(name, flag, mode)
				s.file = f
				return f, err
			},
		})
		return err
	})
	var pathError *fs.PathError
	switch {
	case err == nil:
		return s, nil
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("boltledger: %s: %w", s.path, ErrLocked)
	case errors.As(err, &pathError):
		return nil, fmt.Errorf("boltledger: %w", err)
	case s.panicked.Load():
		_ = s.close()
		return nil, err
	default:
		return nil, fmt.Errorf("boltledger: %s: not a ledger or damaged: %w: %w", s.path, err, reason.ErrChain)
	}
}

// createFile makes an empty database, unless there is a file. bbolt would make
// it in place, and an interruption would leave a part that nobody can open.
// Linking the finished one under its name replaces no other that was made
// meanwhile. Where there are no links bbolt makes the file after all.
func (s *store) createFile() error {
	if _, err := os.Stat(s.path); !errors.Is(err, fs.ErrNotExist) {
		return nil // if something is wrong, opening it says so
	}
	f, err := os.CreateTemp(s.dir, "*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := f.Chmod(0o644); err != nil && runtime.GOOS != "windows" {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	db, err := bbolt.Open(f.Name(), 0o644, nil)
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	_ = os.Link(f.Name(), s.path)
	return nil
}

// guard runs f, which reads or writes the database, unless s is broken. bbolt
// trusts the file that it maps into memory: what a damaged one makes it do,
// panics and memory faults, becomes an error here. After that the database is
// not touched again, for its locks may be held for ever.
func (s *store) guard(f func() error) (err error) {
	if broken := s.broken.Load(); broken != nil {
		return *broken
	}
	return s.catch(f)
}

func (s *store) catch(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = s.damaged("damaged: %v", p)
			s.panicked.Store(true)
			s.fail(err)
		}
	}()
	err = f()
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		return ledger.ErrClosed
	}
	return err
}

// fail makes every later use of s fail with err.
func (s *store) fail(err error) { s.broken.CompareAndSwap(nil, &err) }

func (s *store) view(f func(*bbolt.Tx) error) error {
	return s.guard(func() error { return s.db.View(f) })
}

func (s *store) close() error {
	if s.panicked.Load() {
		return errors.Join(unlock(s.file), s.file.Close())
	}
	return s.catch(s.db.Close)
}

// damaged is an error about the database.
func (s *store) damaged(format string, args ...any) error {
	return fmt.Errorf("boltledger: %s: %s: %w", s.path, fmt.Sprintf(format, args...), reason.ErrChain)
}

func number(n uint64) []byte {
	b := make([]byte, 8)
	binary.BigEndian.PutUint64(b, n)
	return b
}

// tree returns the tree of the given size, which reads its hashes with tx.
func (s *store) tree(tx *bbolt.Tx, size uint64) ledger.Tree {
	c := s.pages(tx)
	read := func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, at := range indexes {
			level, n := tlog.SplitStoredHashIndex(at)
			// A subtree's hash is stored with the last leaf in it.
			stored, err := s.hashes(c, uint64(n+1)<<level-1)
			if err != nil {
				return nil, err
			}
			copy(hashes[i][:], stored[level*tlog.HashSize:])
		}
		return hashes, nil
	}
	return ledger.Tree{Size: size, Hashes: tlog.HashReaderFunc(read)}
}

// hashes returns the stored hashes of the leaf at index, the leaf's own first.
func (s *store) hashes(c *pages, index uint64) ([]byte, error) {
	stored, _, err := s.get(c, hashBucket, number(index))
	if err == nil && len(stored) != (1+bits.TrailingZeros64(index+1))*tlog.HashSize {
		err = s.damaged("hashes of entry %d are missing", index)
	}
	return stored, err
}

// leaves appends to dst a few leaves from lo on and below hi, each checked
// against its hash.
func (s *store) leaves(dst [][]byte, lo, hi uint64) ([][]byte, error) {
	const maxLeaves, maxBytes = 256, 1 << 20
	err := s.view(func(tx *bbolt.Tx) error {
		c, size := s.pages(tx), 0
		for at := lo; at < hi && len(dst) < maxLeaves && size < maxBytes; at++ {
			leaf, err := s.leaf(tx, c, at)
			if err != nil {
				return &ledger.EntryError{Index: at, Err: err}
			}
			dst = append(dst, leaf)
			size += len(leaf)
		}
		return nil
	})
	return dst, err
}

func (s *store) leaf(tx *bbolt.Tx, c *pages, index uint64) ([]byte, error) {
	mapped, found, err := s.get(c, leafBucket, number(index))
	if err == nil && (!found || len(mapped) > ledger.MaxLeaf) {
		err = s.damaged("leaf is missing")
	}
	if err != nil {
		return nil, err
	}
	stored, err := s.hashes(c, index)
	if err != nil {
		return nil, err
	}
	leaf := bytes.Clone(mapped)
	if tlog.RecordHash(leaf) != tlog.Hash(stored[:tlog.HashSize]) {
		return nil, s.damaged("leaf%s differs from its hash%s", s.offset(tx, mapped), s.offset(tx, stored))
	}
	return leaf, nil
}

// offset says where in the file b stands, which bbolt returned: it maps the
// file into memory. It says nothing if b is a copy.
func (s *store) offset(tx *bbolt.Tx, b []byte) string {
	at := uintptr(unsafe.Pointer(unsafe.SliceData(b))) - s.db.Info().Data
	if len(b) == 0 || at >= uintptr(tx.Size()) {
		return ""
	}
	return fmt.Sprintf(" at offset %d", at)
}

// entry returns the data for a checked leaf.
func (s *store) entry(index uint64, leaf []byte) (ledger.Entry, error) {
	data := leaf
	stub, large, err := ledger.ParseLeaf(leaf)
	if err == nil && large {
		data, err = s.getLarge(stub)
	}
	if err != nil {
		return ledger.Entry{}, &ledger.EntryError{Index: index, Err: err}
	}
	return ledger.Entry{Index: index, Data: data}, nil
}

// load reads the newest checkpoint and how many entries there are, and checks
// the database against it, in O(log n). A mirror that was not finished has more
// entries, and at first no checkpoint.
func (s *store) load() (cp ledger.Checkpoint, size uint64, err error) {
	err = s.view(func(tx *bbolt.Tx) error {
		c := s.pages(tx)
		if found, _, err := s.has(c, metaBucket); err != nil {
			return err
		} else if !found {
			return fmt.Errorf("boltledger: %s: a database, but not of a ledger: %w", s.path, reason.ErrVersion)
		}
		f, _, err := s.get(c, metaBucket, formatKey)
		if err != nil {
			return err
		}
		if string(f) != format {
			return fmt.Errorf("boltledger: %s: format %.32q, not %q: %w", s.path, f, format, reason.ErrVersion)
		}
		if _, err := s.last(c, indexBucket); err != nil {
			return err
		}
		copied, unfinished, err := s.copied(c)
		if err != nil {
			return err
		}
		raw, found, err := s.get(c, metaBucket, checkpointKey)
		if err != nil {
			return err
		}
		if unfinished && !found {
			size = copied
			return s.checkEnd(c, size)
		}
		if cp, err = ledger.ParseCheckpoint(raw); err != nil {
			return s.damaged("%v", err)
		}
		if size = cp.Size; unfinished {
			size = copied
		}
		origin, _, err := s.get(c, metaBucket, originKey)
		if err != nil {
			return err
		}
		if string(origin) != cp.Origin {
			return s.damaged("checkpoint of %.64q in the ledger %.64q", cp.Origin, origin)
		}
		if err := s.checkPrefix(tx, cp, cp); err != nil {
			return err
		}
		if size < cp.Size {
			return s.damaged("%d entries under a checkpoint of size %d", size, cp.Size)
		}
		return s.checkEnd(c, size)
	})
	return cp, size, err
}

// loadNewest reads what adding entries to a ledger of the given size needs.
func (s *store) loadNewest(size uint64) error {
	err := s.view(func(tx *bbolt.Tx) (err error) {
		s.edge, err = s.loadEdge(tx, size)
		return err
	})
	if err == nil {
		s.ids, err = s.loadIDs(size)
	}
	return err
}

// checkPrefix checks the stored tree of the size of old against the root of
// old, and against newest where that is larger.
func (s *store) checkPrefix(tx *bbolt.Tx, newest, old ledger.Checkpoint) error {
	tree := s.tree(tx, old.Size)
	root, err := tree.Root()
	if err != nil {
		return err
	}
	if root != old.Root {
		return s.damaged("stored hashes do not give the root of the checkpoint at size %d", old.Size)
	}
	tree.Size = newest.Size
	proof, err := tree.Consistency(old.Size, newest.Size)
	if err != nil {
		return err
	}
	if err := newest.CheckConsistency(old, proof); err != nil {
		return fmt.Errorf("boltledger: %s: %w", s.path, err)
	}
	return nil
}

// checkEnd checks that the database ends with the entry before size.
func (s *store) checkEnd(c *pages, size uint64) error {
	for _, name := range [][]byte{leafBucket, hashBucket} {
		last, err := s.last(c, name)
		if err != nil {
			return err
		}
		if size == 0 && last != nil || size > 0 && !bytes.Equal(last, number(size-1)) {
			return s.damaged("%s do not end at the size of the checkpoint, %d", name, size)
		}
	}
	return nil
}
