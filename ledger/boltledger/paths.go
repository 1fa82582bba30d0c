package boltledger

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"go.etcd.io/bbolt"
)

// maxPage bounds a page with what overflows it, in bytes. Leaves are at most
// 65,535 bytes, so that no page needs more.
const maxPage = 1 << 20

// pathCheck checks the pages on the way to a key before bbolt goes there, which
// follows numbers and offsets in a page wherever they lead: in a circle, or into
// memory of the Go runtime, and then the process ends and no guard helps. What
// it checks it remembers, for one transaction. A ledger that is open for reading
// only needs none: all its pages were checked.
type pathCheck struct {
	file  io.ReaderAt
	size  int64  // of a page
	pages uint64 // in the database
	root  uint64 // page of the tree of buckets
	read  map[uint64]page
}

type page struct {
	branch bool
	b      []byte
}

func (s *store) newPathCheck(tx *bbolt.Tx) *pathCheck {
	size := int64(s.db.Info().PageSize)
	return &pathCheck{s.file, size, uint64(tx.Size() / size), uint64(tx.Cursor().Bucket().Root()), make(map[uint64]page)}
}

// lastKey is behind every key.
var lastKey = bytes.Repeat([]byte{0xff}, 33)

// checkRoot checks the tree of buckets.
func (s *store) checkRoot(tx *bbolt.Tx) error {
	if s.readOnly {
		return nil
	}
	c := s.newPathCheck(tx)
	leaf, err := c.descend(c.root, metaBucket, nil)
	if err != nil {
		return s.damaged("%v", err)
	}
	if _, ok := leaf.search(metaBucket); !ok {
		return nil // not a ledger, or a new one
	}
	return s.checkPath(c, metaBucket, checkpointKey)
}

// checkPath checks the pages on the way to a key of a bucket.
func (s *store) checkPath(c *pathCheck, bucket, key []byte) error {
	if s.readOnly {
		return nil
	}
	if err := c.bucket(bucket, key, nil); err != nil {
		return s.damaged("%v", err)
	}
	return nil
}

// checkEnds checks the pages that adding entries to leaves and hashes reads.
func (s *store) checkEnds(tx *bbolt.Tx) (*pathCheck, error) {
	if err := s.checkRoot(tx); err != nil {
		return nil, err
	}
	check := s.newPathCheck(tx)
	for _, name := range [][]byte{leafBucket, hashBucket} {
		if err := s.checkPath(check, name, lastKey); err != nil {
			return nil, err
		}
	}
	return check, nil
}

// checkFree checks that no page in the list of free pages is in use: bbolt
// would write over it. What a page was used for last stands in it; it is in
// use if looking for its first key leads to it.
func (s *store) checkFree() error {
	return s.view(func(tx *bbolt.Tx) error {
		c := s.newPathCheck(tx)
		free, err := c.free()
		if err != nil {
			return s.damaged("%v", err)
		}
		for i, id := range free {
			if id < 2 || id >= c.pages || i > 0 && id <= free[i-1] {
				return s.damaged("list of free pages has page %d of %d", id, c.pages)
			}
			for owner := id; owner >= 2 && int64(id-owner) < maxPage/c.size; owner-- {
				if p, err := c.load(owner); err == nil && int64(len(p.b)) > int64(id-owner)*c.size && c.inUse(owner, p) {
					return s.damaged("page %d at offset %d is in use, but in the list of free pages", id, int64(id)*c.size)
				}
			}
		}
		return nil
	})
}

// inUse reports whether looking for the first key of a page leads to it.
func (c *pathCheck) inUse(id uint64, p page) bool {
	if id == c.root {
		return true
	}
	key := p.key(0)
	for _, name := range [][]byte{leafBucket, hashBucket, indexBucket} {
		found := false
		if c.bucket(name, key, func(at uint64) { found = found || at == id }) == nil && found {
			return true
		}
	}
	return false
}

// free reads the list of free pages of the newest meta page.
func (c *pathCheck) free() ([]uint64, error) {
	const freelistPage, rootAt, freelistAt, txidAt = 0x10, 16 + 16, 16 + 32, 16 + 48
	var list, newest uint64
	for i := range int64(2) {
		meta := make([]byte, 80)
		if _, err := c.file.ReadAt(meta, i*c.size); err != nil {
			return nil, err
		}
		if txid := binary.NativeEndian.Uint64(meta[txidAt:]); binary.NativeEndian.Uint64(meta[rootAt:]) == c.root && txid >= newest {
			newest, list = txid, binary.NativeEndian.Uint64(meta[freelistAt:])
		}
	}
	if list < 2 || list >= c.pages {
		return nil, fmt.Errorf("list of free pages is page %d of %d", list, c.pages)
	}
	head := make([]byte, pageHeader+8)
	if _, err := c.file.ReadAt(head, int64(list)*c.size); err != nil {
		return nil, err
	}
	count, at := uint64(binary.NativeEndian.Uint16(head[10:])), int64(pageHeader)
	if count == 0xffff { // more than fit into two bytes: the first number says how many
		count, at = binary.NativeEndian.Uint64(head[pageHeader:]), pageHeader+8
	}
	if binary.NativeEndian.Uint64(head) != list || binary.NativeEndian.Uint16(head[8:]) != freelistPage || count > c.pages ||
		at+8*int64(count) > c.size*(1+int64(binary.NativeEndian.Uint32(head[12:]))) {
		return nil, fmt.Errorf("page %d at offset %d is no list of free pages", list, int64(list)*c.size)
	}
	b := make([]byte, 8*count)
	if _, err := c.file.ReadAt(b, int64(list)*c.size+at); err != nil {
		return nil, err
	}
	ids := make([]uint64, count)
	for i := range ids {
		ids[i] = binary.NativeEndian.Uint64(b[8*i:])
	}
	return ids, nil
}

// bucket checks the pages from the root to where key stands, or would stand,
// in a bucket, and calls visit with each page of the bucket.
func (c *pathCheck) bucket(name, key []byte, visit func(id uint64)) error {
	leaf, err := c.descend(c.root, name, nil)
	if err != nil {
		return err
	}
	at, ok := leaf.search(name)
	if !ok {
		return fmt.Errorf("no bucket %s", name)
	}
	value := leaf.value(at)
	if len(value) < 16 {
		return fmt.Errorf("bucket %s is cut short", name)
	}
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		_, err = c.descend(root, key, visit)
		return err
	}
	if err := checkElements(value[16:]); err != nil {
		return fmt.Errorf("bucket %s: %w", name, err)
	}
	return nil
}

// descend follows key from a page down to a leaf.
func (c *pathCheck) descend(id uint64, key []byte, visit func(uint64)) (page, error) {
	for range maxDepth {
		p, err := c.load(id)
		if err != nil {
			return page{}, err
		}
		if visit != nil {
			visit(id)
		}
		if !p.branch {
			return p, nil
		}
		i, found := p.search(key)
		if !found && i > 0 {
			i--
		}
		id = binary.NativeEndian.Uint64(p.b[pageHeader+i*pageElement+8:])
	}
	return page{}, fmt.Errorf("page %d at depth %d", id, maxDepth)
}

// load reads and checks a branch or leaf page.
func (c *pathCheck) load(id uint64) (page, error) {
	if p, ok := c.read[id]; ok {
		return p, nil
	}
	if id < 2 || id >= c.pages {
		return page{}, fmt.Errorf("page %d of %d", id, c.pages)
	}
	at := int64(id) * c.size
	b := make([]byte, c.size)
	if _, err := c.file.ReadAt(b, at); err != nil {
		return page{}, err
	}
	length := (1 + int64(binary.NativeEndian.Uint32(b[12:]))) * c.size
	if length > maxPage || at+length > int64(c.pages)*c.size {
		return page{}, fmt.Errorf("page %d at offset %d has %d bytes", id, at, length)
	}
	if length > c.size {
		b = make([]byte, length)
		if _, err := c.file.ReadAt(b, at); err != nil {
			return page{}, err
		}
	}
	if got := binary.NativeEndian.Uint64(b); got != id {
		return page{}, fmt.Errorf("page %d at offset %d says that it is page %d", id, at, got)
	}
	if err := checkElements(b); err != nil {
		return page{}, fmt.Errorf("page %d at offset %d: %w", id, at, err)
	}
	p := page{binary.NativeEndian.Uint16(b[8:]) == branchPage, b}
	if p.branch && p.count() == 0 {
		return page{}, fmt.Errorf("page %d at offset %d has no children", id, at)
	}
	c.read[id] = p
	return p, nil
}

// checkElements checks that b is a branch or leaf page whose elements lie in
// it, with keys that rise.
func checkElements(b []byte) error {
	if len(b) < pageHeader {
		return fmt.Errorf("cut short")
	}
	p := page{binary.NativeEndian.Uint16(b[8:]) == branchPage, b}
	if flags := binary.NativeEndian.Uint16(b[8:]); flags != branchPage && flags != leafPage {
		return fmt.Errorf("flags %x", flags)
	}
	if pageHeader+p.count()*pageElement > len(b) {
		return fmt.Errorf("%d elements in %d bytes", p.count(), len(b))
	}
	for i := range p.count() {
		at, key, value := p.element(i)
		if key == 0 || uint64(at)+uint64(key)+uint64(value) > uint64(len(b)) {
			return fmt.Errorf("element %d lies outside", i)
		}
		if i > 0 && bytes.Compare(p.key(i-1), p.key(i)) >= 0 {
			return fmt.Errorf("element %d is out of order", i)
		}
	}
	return nil
}

func (p page) count() int { return int(binary.NativeEndian.Uint16(p.b[10:])) }

// element returns where the key of element i begins, and how long key and value
// are.
func (p page) element(i int) (at uint64, key, value uint32) {
	start := pageHeader + i*pageElement
	e := p.b[start:]
	if p.branch {
		return uint64(start) + uint64(binary.NativeEndian.Uint32(e)), binary.NativeEndian.Uint32(e[4:]), 0
	}
	return uint64(start) + uint64(binary.NativeEndian.Uint32(e[4:])), binary.NativeEndian.Uint32(e[8:]), binary.NativeEndian.Uint32(e[12:])
}

func (p page) key(i int) []byte {
	if p.count() == 0 {
		return nil
	}
	at, key, _ := p.element(i)
	return p.b[at : at+uint64(key)]
}

func (p page) value(i int) []byte {
	at, key, value := p.element(i)
	return p.b[at+uint64(key):][:value]
}

// search returns the first element whose key is not below key, and whether it
// is that.
func (p page) search(key []byte) (int, bool) {
	lo, hi := 0, p.count()
	for lo < hi {
		if mid := (lo + hi) / 2; bytes.Compare(p.key(mid), key) < 0 {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < p.count() && bytes.Equal(p.key(lo), key)
}
