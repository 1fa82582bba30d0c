package boltledger_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"

	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

// What a directory that somebody handed over can hold, beside what TestDamage
// has of it.

// change changes the database of a closed ledger.
func change(t *testing.T, dir string, f func(tx *bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(dir, "ledger.db"), 0o644, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(f))
	require.NoError(t, db.Close())
}

// TestProofsRefused changes hashes that opening does not come by, and holds
// that no proof is made of what is left.
func TestProofsRefused(t *testing.T) {
	whole := makeLedger(t)
	gone := func(index uint64) func(tx *bbolt.Tx) error {
		return func(tx *bbolt.Tx) error { return tx.Bucket([]byte("hashes")).Delete(number(index)) }
	}
	for name, c := range map[string]struct {
		damage func(tx *bbolt.Tx) error
		prove  func(r *boltledger.Reader) error
		text   string
	}{
		"of the entry": {gone(124), func(r *boltledger.Reader) error {
			_, err := r.Inclusion(t.Context(), 124, whole.cp.Size)
			return err
		}, "hashes of entry 124 are missing"},
		"of the older root": {gone(127), func(r *boltledger.Reader) error {
			_, err := r.Consistency(t.Context(), 128, whole.cp.Size)
			return err
		}, "hashes of entry 127 are missing"},
		"behind the older root": {gone(63), func(r *boltledger.Reader) error {
			_, err := r.Inclusion(t.Context(), 0, 17)
			return err
		}, "hashes of entry 63 are missing"},
		"another past": {func(tx *bbolt.Tx) error {
			h := ledger.LeafHash([]byte("another"))
			return tx.Bucket([]byte("hashes")).Put(number(16), h[:])
		}, func(r *boltledger.Reader) error {
			_, err := r.Inclusion(t.Context(), 3, 17)
			return err
		}, "size 17 is no prefix of size 301"},
	} {
		t.Run(name, func(t *testing.T) {
			m := whole.copy(t)
			change(t, m.dir, c.damage)
			r, err := boltledger.OpenReadOnly(m.dir)
			require.NoError(t, err)
			defer r.Close()
			err = c.prove(r)
			require.ErrorIs(t, err, ledger.ErrChain)
			require.ErrorContains(t, err, "ledger.db: ")
			require.ErrorContains(t, err, c.text)
			_, err = r.Checkpoint(t.Context())
			require.NoError(t, err)
		})
	}
}

// TestCosignedRefused does so with the file of what was cosigned, and with the
// mark of a mirror that was not finished.
func TestCosignedRefused(t *testing.T) {
	whole := makeLedger(t)
	other, _ := newKey(t, "example.org/other")
	foreign, err := ledger.SignCheckpoint(other, whole.cp.Size, whole.cp.Root)
	require.NoError(t, err)
	longer, err := ledger.SignCheckpoint(whole.signer, whole.cp.Size+1, whole.cp.Root)
	require.NoError(t, err)
	for text, cosigned := range map[string][]byte{
		"": whole.cp.Raw,
		"cosigned: ledger: checkpoint: no signature line":  []byte("?"),
		"cosigned: is of \"example.org/other\"":            foreign.Raw,
		"cosigned: is of \"" + origin + "\" with size 302": longer.Raw,
	} {
		m := whole.copy(t)
		require.NoError(t, os.WriteFile(m.path("cosigned"), cosigned, 0o644))
		err := m.readAll(t)
		if text == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, ledger.ErrChain)
		require.ErrorContains(t, err, text)
	}
	m := whole.copy(t)
	change(t, m.dir, func(tx *bbolt.Tx) error { return tx.Bucket([]byte("meta")).Put([]byte("copied"), []byte{1}) })
	err = m.readAll(t)
	require.ErrorIs(t, err, ledger.ErrChain)
	require.ErrorContains(t, err, "number of copied entries")
}

// TestRotateRefuses holds that no ledger is made by rotating a key, and that
// one in use is left alone.
func TestRotateRefuses(t *testing.T) {
	m := makeLedger(t)
	next, _ := newKey(t, origin)
	empty := t.TempDir()
	require.ErrorIs(t, boltledger.Rotate(empty, next), os.ErrNotExist)
	found, err := os.ReadDir(empty)
	require.NoError(t, err)
	require.Empty(t, found)
	r, err := boltledger.OpenReadOnly(m.dir)
	require.NoError(t, err)
	require.ErrorIs(t, boltledger.Rotate(m.dir, next), boltledger.ErrLocked)
	require.NoError(t, r.Close())
	require.NoError(t, boltledger.Rotate(m.dir, next))
}

// TestMirrorStops holds that a mirror ends at what it cannot keep, and that the
// next call goes on.
func TestMirrorStops(t *testing.T) {
	signer, policy := newKey(t, origin)
	source := ledger.NewMemory(signer)
	fill(t, source, 100)

	mixed := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(mixed, "holiday.jpg"), nil, 0o644))
	_, err := boltledger.Mirror(t.Context(), mixed, source, policy)
	require.ErrorIs(t, err, ledger.ErrEncoding)
	require.ErrorContains(t, err, "holds no ledger, but holiday.jpg")

	// No room for the checkpoint.
	dir := filepath.Join(t.TempDir(), "mirror")
	_, err = boltledger.Mirror(t.Context(), dir, brokenOff{source, 50}, policy)
	require.ErrorIs(t, err, errBroken)
	path := filepath.Join(dir, "checkpoint")
	require.NoError(t, os.MkdirAll(filepath.Join(path, "in the way"), 0o755))
	_, err = boltledger.Mirror(t.Context(), dir, source, policy)
	require.ErrorContains(t, err, "checkpoint")
	require.NoError(t, os.RemoveAll(path))
	_, err = boltledger.Mirror(t.Context(), dir, source, policy)
	require.NoError(t, err)
	readMirror(t, dir, policy, collect(t, source, 0, 100))

	// Nor for a large entry.
	large := bytes.Repeat([]byte("large"), 40_000)
	_, err = source.Append(t.Context(), large)
	require.NoError(t, err)
	sum := sha256.Sum256(large)
	path = filepath.Join(dir, "large", hex.EncodeToString(sum[:]))
	require.NoError(t, os.MkdirAll(filepath.Join(path, "in the way"), 0o755))
	_, err = boltledger.Mirror(t.Context(), dir, source, policy)
	require.ErrorContains(t, err, filepath.Base(path))
	require.NoError(t, os.RemoveAll(path))

	// An id that cannot be merged with the first batch of two.
	fill(t, source, 1300)
	whole := collect(t, source, 0, 1300)
	change(t, dir, func(tx *bbolt.Tx) error {
		for _, b := range whole[101:1100] {
			id := ledger.LeafHash(b)
			if part := binary.BigEndian.Uint16(id[:]) >> 6; part >= 3 && part < 16 {
				return tx.Bucket([]byte("indexes")).Put(id[:8], []byte{1})
			}
		}
		return errors.New("no such id")
	})
	_, err = boltledger.Mirror(t.Context(), dir, source, policy)
	require.ErrorIs(t, err, ledger.ErrChain)
	require.ErrorContains(t, err, "index of an entry")
	readMirror(t, dir, policy, whole[:100])
}

// TestNameOfPattern holds that the name of a directory is never a pattern, and
// that a temporary file in it goes away.
func TestNameOfPattern(t *testing.T) {
	signer, _ := newKey(t, origin)
	dir := filepath.Join(t.TempDir(), "a[b")
	for range 2 {
		log, err := boltledger.Open(dir, signer)
		require.NoError(t, err)
		require.NoError(t, log.Close())
		require.NoFileExists(t, filepath.Join(dir, "1234.tmp"))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "1234.tmp"), nil, 0o644))
	}
}
