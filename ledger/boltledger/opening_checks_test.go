package boltledger

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

func testSigner(t *testing.T) (note.Signer, ledger.Policy) {
	secret, public, err := note.GenerateKey(nil, "example.org/2027-council")
	require.NoError(t, err)
	signer, err := note.NewSigner(secret)
	require.NoError(t, err)
	return signer, ledger.Policy{Origin: signer.Name(), Key: public}
}

// update changes the meta bucket of a closed ledger.
func update(t *testing.T, dir string, f func(meta *bbolt.Bucket) error) {
	db, err := bbolt.Open(filepath.Join(dir, databaseName), 0o644, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error { return f(tx.Bucket(metaBucket)) }))
	require.NoError(t, db.Close())
}

// hurt makes the key of one element of the meta bucket have no bytes. Others
// are put beside it, so that the bucket has a page of its own and a search
// comes by the element only for what is near.
func hurt(t *testing.T, dir, key string, others ...string) {
	update(t, dir, func(meta *bbolt.Bucket) error {
		for _, k := range others {
			if err := meta.Put([]byte(k), make([]byte, 3000/len(others))); err != nil {
				return err
			}
		}
		return nil
	})
	s, err := openStore(dir, true)
	require.NoError(t, err)
	var at int64
	require.NoError(t, s.view(func(tx *bbolt.Tx) error {
		c, id := s.pages(tx), uint64(0)
		p, err := c.bucket(metaBucket, []byte(key), true, func(page uint64) { id = page })
		require.NoError(t, err)
		require.NotZero(t, id, "the bucket stands in the root")
		i, exact, err := p.search([]byte(key))
		require.True(t, exact)
		at = int64(id)*c.size + pageHeader + int64(i)*pageElement + 8
		return err
	}))
	require.NoError(t, s.close())
	f, err := os.OpenFile(s.path, os.O_RDWR, 0)
	require.NoError(t, err)
	_, err = f.WriteAt(make([]byte, 4), at)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// TestMetaRefused damages what leads to one value of the meta bucket, and holds
// that the value is not taken for missing.
func TestMetaRefused(t *testing.T) {
	signer, policy := testSigner(t)
	source := ledger.NewMemory(signer)
	for i := range uint64(3) {
		_, err := source.Append(t.Context(), number(i))
		require.NoError(t, err)
	}
	read := func(dir string) error {
		r, err := OpenReadOnly(dir)
		if err == nil {
			require.NoError(t, r.Close())
		}
		return err
	}
	write := func(dir string) error {
		log, err := Open(dir, signer)
		if err == nil {
			_, err = log.Append(t.Context(), []byte("more"))
			require.NoError(t, log.Close())
		}
		return err
	}
	mirror := func(dir string) error {
		_, err := source.Append(t.Context(), []byte(dir))
		require.NoError(t, err)
		_, err = Mirror(t.Context(), dir, source, policy)
		return err
	}
	unfinished := func(meta *bbolt.Bucket) error { // before its first checkpoint
		return errors.Join(meta.Delete(checkpointKey), meta.Put(copiedKey, number(0)))
	}
	behind := []string{"zza", "zzb", "zzc", "zzd"}
	for name, c := range map[string]struct {
		change func(meta *bbolt.Bucket) error
		key    string
		others []string
		open   func(dir string) error
		text   string
	}{
		"format":               {nil, "format", behind, read, "element 1 lies outside"},
		"checkpoint":           {nil, "a7", []string{"a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7"}, read, "element 7 lies outside"},
		"origin":               {nil, "origin", []string{"g0", "g1", "g2", "g3"}, read, "element 7 lies outside"},
		"key":                  {nil, "g3", []string{"g0", "g1", "g2", "g3"}, write, "element 5 lies outside"},
		"page written":         {nil, "zzd", behind, write, "element 7 lies outside"},
		"page written: mirror": {nil, "zzd", behind, mirror, "element 7 lies outside"},
		"origin, unfinished":   {unfinished, "origin", []string{"zzz"}, mirror, "element 3 lies outside"},
		"signer, unfinished":   {unfinished, "origin", []string{"zzz"}, write, "element 3 lies outside"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			log, err := Open(dir, signer)
			require.NoError(t, err)
			require.NoError(t, log.Close())
			if c.change != nil {
				update(t, dir, c.change)
			}
			hurt(t, dir, c.key, c.others...)
			err = c.open(dir)
			require.ErrorIs(t, err, reason.ErrChain)
			require.ErrorContains(t, err, databaseName)
			require.ErrorContains(t, err, c.text)
		})
	}
}

// TestMergeRefused holds that a batch is refused as a whole if an id that is
// merged with it cannot be, and that nothing new makes no checkpoint; and that
// a mirror keeps no checkpoint that its entries do not give.
func TestMergeRefused(t *testing.T) {
	signer, _ := testSigner(t)
	dir := t.TempDir()
	require.NoError(t, prepare(dir))
	s, err := openStore(dir, false)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.close()) }()
	_, err = s.loadOrCreate(signer)
	require.NoError(t, err)
	require.NoError(t, s.loadNewest(0))
	entry := func(i byte) *request {
		id := tlog.Hash{0: 0x80, 31: i}
		return &request{id: id, leaf: id[:]}
	}
	add := func(old uint64, batch ...*request) error {
		return s.db.Update(func(tx *bbolt.Tx) error {
			_, err := s.add(tx, ledger.Checkpoint{Size: old}, batch, signer)
			return err
		})
	}
	for i := range byte(idStep - 1) {
		require.NoError(t, add(uint64(i), entry(i)))
	}
	require.ErrorIs(t, add(idStep-1, entry(3)), errNothingNew)

	due := tlog.Hash{1: 0x40} // of part 1, whose turn is at idStep
	hurt := func(at []byte) {
		require.NoError(t, s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(indexBucket).Put(due[:idKey], at) }))
		require.NoError(t, s.loadNewest(idStep-1))
		s.ids.add(due, 5)
	}
	hurt([]byte{5})
	require.ErrorContains(t, add(idStep-1, entry(100)), "index of an entry")
	hurt([]byte{5})
	require.ErrorContains(t, s.keep(idStep-1, []*request{entry(100)}, ledger.Checkpoint{Size: 1000}), "index of an entry")

	require.NoError(t, s.loadNewest(idStep-1))
	err = s.keep(idStep-1, []*request{entry(100)}, ledger.Checkpoint{Size: idStep})
	require.ErrorIs(t, err, reason.ErrChain)
	require.ErrorContains(t, err, "does not have the root of the ledger at size 64")
	require.NoError(t, s.loadNewest(idStep-1))
	require.NoError(t, s.keep(idStep-1, []*request{entry(100)}, ledger.Checkpoint{Size: idStep + 1}))

	// A bucket stands where the second of two ids that begin alike belongs.
	first, second := tlog.Hash{1: 0x42, 31: 1}, tlog.Hash{1: 0x42, 31: 2}
	require.NoError(t, s.db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.Bucket(indexBucket).CreateBucket(second[:])
		return err
	}))
	s.ids.add(first, 5)
	s.ids.add(second, 6)
	err = s.db.Update(func(tx *bbolt.Tx) error { return s.mergeIDs(tx, s.pages(tx), idStep-1, idStep) })
	require.ErrorIs(t, err, berrors.ErrIncompatibleValue)
	require.NoError(t, s.loadNewest(idStep))

	// The page that is written is checked as a whole, not only where searched.
	require.NoError(t, s.db.Update(func(tx *bbolt.Tx) error {
		var err error
		for i := range byte(100) {
			err = errors.Join(err, tx.Bucket(indexBucket).Put([]byte{0xff, i}, number(0)))
		}
		return err
	}))
	merge := func() error {
		s.ids.add(tlog.Hash{1: 0x41}, 5)
		return s.db.Update(func(tx *bbolt.Tx) error {
			c := s.pages(tx)
			if p, err := c.bucket(indexBucket, lastKey, false, nil); err == nil {
				last := int64(cap(c.data)-cap(p.b)) + pageHeader + int64(p.elements()-1)*pageElement
				_, err = s.file.WriteAt(make([]byte, 4), last+8)
				require.NoError(t, err)
			}
			return s.mergeIDs(tx, c, idStep-1, idStep)
		})
	}
	require.ErrorContains(t, merge(), "lies outside")
}

// mute is a signer that signs nothing.
type mute struct{ note.Signer }

var errMute = errors.New("signs nothing")

func (mute) Sign([]byte) ([]byte, error) { return nil, errMute }

// TestFirstCheckpoint holds that without its first checkpoint there is no
// ledger yet.
func TestFirstCheckpoint(t *testing.T) {
	signer, _ := testSigner(t)
	dir := t.TempDir()
	_, err := Open(dir, mute{signer})
	require.ErrorIs(t, err, errMute)
	log, err := Open(dir, signer)
	require.NoError(t, err)
	require.NoError(t, log.Close())
}

// TestLoadRefuses holds that the hashes are checked against the newest
// checkpoint before anything else is compared with it.
func TestLoadRefuses(t *testing.T) {
	signer, _ := testSigner(t)
	dir := t.TempDir()
	log, err := Open(dir, signer)
	require.NoError(t, err)
	for i := range uint64(3) {
		_, err := log.Append(t.Context(), number(i))
		require.NoError(t, err)
	}
	require.NoError(t, log.Close())
	load := func() error {
		s, err := openStore(dir, false)
		require.NoError(t, err)
		_, _, err = s.load()
		require.NoError(t, s.close())
		return err
	}
	require.NoError(t, load())
	db, err := bbolt.Open(filepath.Join(dir, databaseName), 0o644, nil)
	require.NoError(t, err)
	require.NoError(t, db.Update(func(tx *bbolt.Tx) error {
		return tx.Bucket(hashBucket).Put(binary.BigEndian.AppendUint64(nil, 2), make([]byte, tlog.HashSize))
	}))
	require.NoError(t, db.Close())
	require.ErrorContains(t, load(), "stored hashes do not give the root")
}
