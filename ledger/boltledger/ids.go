package boltledger

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"
)

// What ids does when. An id is the hash of an entry's leaf.
const (
	idKey    = 8    // bytes of an id that are its key, unless another has it
	idParts  = 1024 // of all possible ids, by their first ten bits
	idStep   = 64   // entries from one part to the next
	idWindow = idParts * idStep
)

// ids finds entries by their ids. These are random, so that each would change
// a page of its own: most of what an append would write. Therefore those of the
// newest entries are in memory only, and get into the database part by part:
// wherever the size of the tree passes a multiple of idStep, all new ids of one
// part, which stand close together there, and after idParts such steps it is
// the same part's turn again. So the size alone says which ids the database may
// lack, and that these are of the last idWindow entries: opening the ledger
// finds them beside the leaves.
type ids [idParts]map[tlog.Hash]uint64

func partOf(id tlog.Hash) uint64 { return uint64(binary.BigEndian.Uint16(id[:]) >> 6) }

func (n *ids) add(id tlog.Hash, index uint64) {
	part := &n[partOf(id)]
	if *part == nil {
		*part = make(map[tlog.Hash]uint64)
	}
	if _, ok := (*part)[id]; !ok { // in a mirror an entry may stand twice: the first counts
		(*part)[id] = index
	}
}

// loadIDs returns the ids of a ledger of the given size that the database may
// lack.
func (s *store) loadIDs(size uint64) (*ids, error) {
	n := new(ids)
	err := s.view(func(tx *bbolt.Tx) error {
		check := s.pages(tx)
		for at := size - min(size, idWindow); at < size; {
			leaf, err := check.bucket(hashBucket, number(at), true, nil)
			if err != nil {
				return s.damaged("%v", err)
			}
			begin := at
			i, _, _ := leaf.search(number(at)) // the page was checked
			for ; i < leaf.elements() && at < size; i++ {
				key, stored, _ := leaf.element(i)
				if !bytes.Equal(key, number(at)) || len(stored) < tlog.HashSize {
					break
				}
				if id := tlog.Hash(stored[:tlog.HashSize]); at >= lastDue(partOf(id), size) {
					n.add(id, at)
				}
				at++
			}
			if at == begin {
				return s.damaged("hashes of entry %d are missing", at)
			}
		}
		return nil
	})
	return n, err
}

// lastDue returns the largest size up to the given one at which it was the
// turn of a part, or 0.
func lastDue(part, size uint64) uint64 {
	step := size / idStep
	if step < part {
		return 0
	}
	return (step - (step-part)%idParts) * idStep
}

// find returns the index of the first entry with an id.
func (s *store) find(check *pages, id tlog.Hash) (index uint64, ok bool, err error) {
	index, free, err := s.findStored(check, id)
	if err == nil && free != nil {
		index, ok = s.ids[partOf(id)][id]
		return index, ok, nil
	}
	return index, true, err
}

// findStored returns the index of the entry with an id, if the database had
// it before this transaction, or else the key that was free for it. Two ids may
// begin alike, and whoever chooses entries can make that happen: the second
// has all its bytes for a key.
func (s *store) findStored(check *pages, id tlog.Hash) (index uint64, free []byte, err error) {
	for _, key := range [][]byte{id[:idKey], id[:]} {
		at, found, err := s.get(check, indexBucket, key)
		if err != nil {
			return 0, nil, err
		}
		if !found {
			return 0, key, nil
		}
		if len(at) != 8 {
			return 0, nil, s.damaged("index of an entry")
		}
		index := binary.BigEndian.Uint64(at)
		stored, _, err := s.get(check, hashBucket, at)
		if err != nil {
			return 0, nil, err
		}
		if len(stored) >= tlog.HashSize && bytes.Equal(stored[:tlog.HashSize], id[:]) {
			return index, nil, nil
		}
		if !bytes.HasPrefix(stored, key) {
			return 0, nil, s.damaged("index %d is not that of its entry", index)
		}
	}
	return 0, nil, s.damaged("hashes cut short") // for what begins with all of an id is that id
}

// due returns the parts whose turn it is as the tree grows from a size to
// another.
func (n *ids) due(from, to uint64) (parts []map[tlog.Hash]uint64) {
	for step := from/idStep + 1; step <= to/idStep; step++ {
		parts = append(parts, n[step%idParts])
	}
	return parts
}

// mergeIDs puts into the database the new ids of the parts that are due.
func (s *store) mergeIDs(tx *bbolt.Tx, check *pages, from, to uint64) error {
	indexes := tx.Bucket(indexBucket)
	for _, part := range s.ids.due(from, to) {
		var taken []byte // in this transaction
		for _, id := range slices.SortedFunc(maps.Keys(part), func(a, b tlog.Hash) int { return bytes.Compare(a[:], b[:]) }) {
			_, key, err := s.findStored(check, id)
			if err != nil {
				return err
			}
			if key == nil {
				continue
			}
			if bytes.Equal(key, taken) {
				key = id[:]
			} else if len(key) == idKey {
				taken = key
			}
			if err := s.checkPath(check, indexBucket, key); err != nil {
				return err
			}
			if err := indexes.Put(key, number(part[id])); err != nil {
				return err
			}
		}
		clear(part)
	}
	return nil
}
