package boltledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ledger"
)

// TestWindow holds that the ids which the database lacks are of the newest
// entries, however the ledger grows.
func TestWindow(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, most := range []int{1, idStep, maxBatch} {
		n := new(ids)
		var size uint64
		for size < 3*idWindow/2 {
			from := size
			for range 1 + rng.IntN(most) {
				n.add(tlog.Hash(sha256.Sum256(binary.BigEndian.AppendUint64(nil, size))), size)
				size++
			}
			for _, part := range n.due(from, size) {
				clear(part)
			}
			for step := size/idStep + 1; step < size/idStep+3; step++ { // those with the oldest
				last := lastDue(step%idParts, size)
				for _, index := range n[step%idParts] {
					if index < last || index+idWindow < size {
						t.Fatal(index, last, size)
					}
				}
			}
			if from/(10*maxBatch) == size/(10*maxBatch) {
				continue
			}
			count := 0
			for _, part := range n {
				count += len(part)
			}
			require.Less(t, count, idWindow*2/3) // about half
		}
	}
}

// TestCollisions holds that entries are told apart whose ids begin alike. Who
// appends can find such entries with some effort; here the ids are made up.
func TestCollisions(t *testing.T) {
	secret, _, err := note.GenerateKey(nil, "example.org/2027-council")
	require.NoError(t, err)
	signer, err := note.NewSigner(secret)
	require.NoError(t, err)
	dir := t.TempDir()
	require.NoError(t, prepare(dir))
	s, err := openStore(dir, false)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.close()) }()
	_, err = s.loadOrCreate(signer)
	require.NoError(t, err)
	require.NoError(t, s.loadNewest(0))

	alike := func(i byte) tlog.Hash { return tlog.Hash{1: 0x40, 7: 9, 8: i} } // of part 1
	require.EqualValues(t, 1, partOf(alike(0)))
	other := func(i byte) tlog.Hash { return tlog.Hash{0: 0x80, 31: i} }
	add := func(want []uint64, list ...tlog.Hash) {
		t.Helper()
		var batch []*request
		for _, id := range list {
			batch = append(batch, &request{id: id, leaf: id[:]})
		}
		err := s.db.Update(func(tx *bbolt.Tx) error {
			_, err := s.add(tx, ledger.Checkpoint{Size: s.edge.size}, batch, signer)
			return err
		})
		if !errors.Is(err, errNothingNew) {
			require.NoError(t, err)
		}
		for i := range want {
			require.Equal(t, want[i], batch[i].index)
		}
	}
	keys := func() (long, short int) {
		require.NoError(t, s.view(func(tx *bbolt.Tx) error {
			return tx.Bucket(indexBucket).ForEach(func(k, _ []byte) error {
				if bytes.HasPrefix(k, []byte{0, 0x40}) {
					long += len(k) / tlog.HashSize
					short += idKey / len(k)
				}
				return nil
			})
		}))
		return long, short
	}
	merge := func() {
		require.NoError(t, s.db.Update(func(tx *bbolt.Tx) error {
			check, err := s.checkEnds(tx)
			require.NoError(t, err)
			return s.mergeIDs(tx, check, idWindow, idWindow+idStep)
		}))
	}
	add([]uint64{0, 1, 2, 1}, alike(1), alike(2), alike(3), alike(2))
	add([]uint64{2, 0, 1}, alike(3), alike(1), alike(2)) // all in memory
	for i := range byte(idStep) {
		add(nil, other(i))
	}
	long, short := keys() // the part was due at idStep
	require.Equal(t, []int{2, 1}, []int{long, short})
	const n = 3 + idStep
	for range 2 { // with the new one in memory, and in the database
		add([]uint64{2, 0, n, 1, 3}, alike(3), alike(1), alike(4), alike(2), other(0))
		merge()
	}
	long, short = keys()
	require.Equal(t, []int{3, 1}, []int{long, short})
	require.NoError(t, s.loadNewest(s.edge.size)) // as if opened again: what is merged already is merged once
	s.ids.add(alike(2), 1)
	merge()
	again, _ := keys()
	require.Equal(t, long, again)
	add([]uint64{2, 0, n, 1, 3}, alike(3), alike(1), alike(4), alike(2), other(0))
}
