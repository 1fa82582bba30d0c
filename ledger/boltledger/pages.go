package boltledger

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"unsafe"

	"go.etcd.io/bbolt"
)

// What of bbolt's file format is known here. Integers are in the byte order of
// the machine that wrote the file.
const (
	pageHeader  = 16 // id (8), flags (2), count (2), overflow (4)
	pageElement = 16 // branch: position, key size, child (8); leaf: flags, position, key size, value size

	branchPage = 1
	leafPage   = 2

	maxDepth = 40
	maxPage  = 1 << 20 // bytes of a page with what overflows it: leaves are at most 65,535
)

// pages reads the database, for one transaction. bbolt follows numbers and
// offsets in a page wherever they lead: in a circle, or into memory of the Go
// runtime, and then the process ends and no guard helps. So what is read is read
// here, where everything is checked that is looked at; and the pages on the way
// to what is written are checked as a whole before bbolt goes there.
type pages struct {
	err   error // why nothing can be read
	file  io.ReaderAt
	data  []byte // the same file, mapped into memory
	size  int64  // of a page
	count uint64 // in the database
	root  uint64 // page of the tree of buckets
	read  map[uint64]page
	roots map[string]bucketRoot
}

// bucketRoot is the first page of a bucket, or, if it is 0, the page itself.
type bucketRoot struct {
	page   uint64
	inline []byte
}

type page struct {
	branch  bool
	checked bool // all its elements
	b       []byte
	used    int64 // bytes that it was written with, if checked
}

func (s *store) pages(tx *bbolt.Tx) *pages {
	// How much of the file there is the file itself says, not what stands in
	// it. All of that bbolt has mapped.
	mapped, length := s.db.Info(), int64(0)
	info, err := s.file.Stat()
	if err == nil {
		length = min(info.Size(), tx.Size())
	}
	data := unsafe.Slice((*byte)(*(*unsafe.Pointer)(unsafe.Pointer(&mapped.Data))), length)
	size := int64(mapped.PageSize)
	return &pages{err, s.file, data, size, uint64(length / size), uint64(tx.Cursor().Bucket().Root()), make(map[uint64]page), make(map[string]bucketRoot)}
}

// lastKey is behind every key.
var lastKey = bytes.Repeat([]byte{0xff}, 33)

// has reports whether there is a bucket, and whether there is nothing at all in
// the database.
func (s *store) has(c *pages, bucket []byte) (found, empty bool, err error) {
	leaf, err := c.descend(c.root, bucket, false, nil)
	if err == nil {
		_, found, err = leaf.get(bucket)
	}
	if err != nil {
		return false, false, s.damaged("%v", err)
	}
	return found, leaf.elements() == 0, nil
}

// get returns the value of a key of a bucket, as it is in the file.
func (s *store) get(c *pages, bucket, key []byte) (value []byte, found bool, err error) {
	leaf, err := c.bucket(bucket, key, false, nil)
	if err == nil {
		value, found, err = leaf.get(key)
	}
	if err != nil {
		return nil, false, s.damaged("%v", err)
	}
	return value, found, nil
}

// last returns the last key of a bucket, or nil.
func (s *store) last(c *pages, bucket []byte) (key []byte, err error) {
	leaf, err := c.bucket(bucket, lastKey, false, nil)
	if err == nil && leaf.elements() > 0 {
		key, _, err = leaf.element(leaf.elements() - 1)
	}
	if err != nil {
		return nil, s.damaged("%v", err)
	}
	return key, nil
}

// checkPath checks the pages on the way to a key of a bucket.
func (s *store) checkPath(c *pages, bucket, key []byte) error {
	if _, err := c.bucket(bucket, key, true, nil); err != nil {
		return s.damaged("%v", err)
	}
	return nil
}

// checkEnds checks the pages that adding an entry changes, but for its id.
func (s *store) checkEnds(tx *bbolt.Tx) (*pages, error) {
	c := s.pages(tx)
	if err := s.checkPath(c, metaBucket, checkpointKey); err != nil {
		return nil, err
	}
	for _, name := range [][]byte{leafBucket, hashBucket} {
		if err := s.checkPath(c, name, lastKey); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// checkFree checks that no page in the list of free pages is in use, nor one of
// those that the list itself is said to take up: bbolt would write over it.
// What a page was used for last stands in it; it is in use if looking for its
// first key leads to it.
func (s *store) checkFree() error {
	return s.view(func(tx *bbolt.Tx) error {
		c := s.pages(tx)
		free, own, err := c.free()
		if err != nil {
			return s.damaged("%v", err)
		}
		for i, id := range free {
			if id < 2 || id >= c.count || i > 0 && id <= free[i-1] {
				return s.damaged("list of free pages has page %d of %d", id, c.count)
			}
		}
		for _, id := range own {
			if _, found := slices.BinarySearch(free, id); found {
				return s.damaged("page %d at offset %d is in the list of free pages and of that list", id, int64(id)*c.size)
			}
		}
		for _, id := range slices.Concat(free, own) {
			for owner := id; owner >= 2 && int64(id-owner) < maxPage/c.size; owner-- {
				if p, err := c.load(owner, true); err == nil && int64(len(p.b)) > int64(id-owner)*c.size && c.inUse(owner, p) {
					return s.damaged("page %d at offset %d is in use, but in the list of free pages", id, int64(id)*c.size)
				}
			}
		}
		return nil
	})
}

// inUse reports whether looking for the first key of a page leads to it.
func (c *pages) inUse(id uint64, p page) bool {
	if id == c.root {
		return true
	}
	var key []byte
	if p.elements() > 0 {
		key, _, _ = p.element(0) // of which load has seen that it is there
	}
	for _, name := range [][]byte{metaBucket, leafBucket, hashBucket, indexBucket} {
		found := false
		if _, err := c.bucket(name, key, true, func(at uint64) { found = found || at == id }); err == nil && found {
			return true
		}
	}
	return false
}

// free reads the list of free pages of the newest meta page, and says in which
// pages it stands.
func (c *pages) free() (ids, own []uint64, err error) {
	const freelistPage, rootAt, freelistAt, txidAt = 0x10, 16 + 16, 16 + 32, 16 + 48
	var list, newest uint64
	for i := range int64(2) {
		meta := make([]byte, 80)
		if _, err := c.file.ReadAt(meta, i*c.size); err != nil {
			return nil, nil, err
		}
		if txid := binary.NativeEndian.Uint64(meta[txidAt:]); binary.NativeEndian.Uint64(meta[rootAt:]) == c.root && txid >= newest {
			newest, list = txid, binary.NativeEndian.Uint64(meta[freelistAt:])
		}
	}
	if list < 2 || list >= c.count {
		return nil, nil, fmt.Errorf("list of free pages is page %d of %d", list, c.count)
	}
	head := make([]byte, pageHeader+8)
	if _, err := c.file.ReadAt(head, int64(list)*c.size); err != nil {
		return nil, nil, err
	}
	count, at := uint64(binary.NativeEndian.Uint16(head[10:])), int64(pageHeader)
	if count == 0xffff { // more than fit into two bytes: the first number says how many
		count, at = binary.NativeEndian.Uint64(head[pageHeader:]), pageHeader+8
	}
	overflow := uint64(binary.NativeEndian.Uint32(head[12:]))
	if binary.NativeEndian.Uint64(head) != list || binary.NativeEndian.Uint16(head[8:]) != freelistPage || count > c.count ||
		overflow >= c.count-list || at+8*int64(count) > c.size*(1+int64(overflow)) {
		return nil, nil, fmt.Errorf("page %d at offset %d is no list of free pages", list, int64(list)*c.size)
	}
	b := make([]byte, 8*count)
	if _, err := c.file.ReadAt(b, int64(list)*c.size+at); err != nil {
		return nil, nil, err
	}
	ids = make([]uint64, count)
	for i := range ids {
		ids[i] = binary.NativeEndian.Uint64(b[8*i:])
	}
	for id := list; id <= list+overflow; id++ {
		own = append(own, id)
	}
	return ids, own, nil
}

// bucket checks the pages from the root to where key stands, or would stand,
// in a bucket, and returns the last. It calls visit with each page of the
// bucket. It looks at the whole pages, or only at what searching them does.
func (c *pages) bucket(name, key []byte, whole bool, visit func(id uint64)) (page, error) {
	root, ok := c.roots[string(name)]
	if !ok {
		leaf, err := c.descend(c.root, name, whole, nil)
		if err != nil {
			return page{}, err
		}
		value, found, err := leaf.get(name)
		switch {
		case err != nil:
			return page{}, err
		case !found:
			return page{}, fmt.Errorf("no bucket %s", name)
		case len(value) < 16:
			return page{}, fmt.Errorf("bucket %s is cut short", name)
		}
		root = bucketRoot{binary.NativeEndian.Uint64(value), value[16:]}
		c.roots[string(name)] = root
	}
	if root.page != 0 {
		return c.descend(root.page, key, whole, visit)
	}
	p, err := newPage(root.inline, true)
	if err == nil && p.branch {
		err = fmt.Errorf("flags %x", branchPage)
	}
	if err != nil {
		return page{}, fmt.Errorf("bucket %s: %w", name, err)
	}
	return p, nil
}

// descend follows key from a page down to a leaf.
func (c *pages) descend(id uint64, key []byte, whole bool, visit func(uint64)) (page, error) {
	for range maxDepth {
		p, err := c.load(id, whole)
		if err != nil {
			return page{}, err
		}
		if visit != nil {
			visit(id)
		}
		if !p.branch {
			return p, nil
		}
		if id, err = p.child(key); err != nil {
			return page{}, err
		}
	}
	return page{}, fmt.Errorf("page %d at depth %d", id, maxDepth)
}

// load reads and checks a branch or leaf page, its elements if whole is set.
func (c *pages) load(id uint64, whole bool) (page, error) {
	if p, ok := c.read[id]; ok && (p.checked || !whole) {
		return p, nil
	}
	if c.err != nil {
		return page{}, c.err
	}
	if id < 2 || id >= c.count {
		return page{}, fmt.Errorf("page %d of %d", id, c.count)
	}
	at := int64(id) * c.size
	length := (1 + int64(binary.NativeEndian.Uint32(c.data[at+12:]))) * c.size
	if length > maxPage || at+length > int64(c.count)*c.size {
		return page{}, fmt.Errorf("page %d at offset %d has %d bytes", id, at, length)
	}
	if got := binary.NativeEndian.Uint64(c.data[at:]); got != id {
		return page{}, fmt.Errorf("page %d at offset %d says that it is page %d", id, at, got)
	}
	p, err := newPage(c.data[at:at+length], whole)
	if err != nil {
		return page{}, fmt.Errorf("page %d at offset %d: %w", id, at, err)
	}
	if p.branch && p.elements() == 0 {
		return page{}, fmt.Errorf("page %d at offset %d has no children", id, at)
	}
	if whole && length != (p.used+c.size-1)/c.size*c.size { // bbolt would free what is not this page's
		return page{}, fmt.Errorf("page %d at offset %d has %d bytes for %d", id, at, length, p.used)
	}
	c.read[id] = p
	return p, nil
}

// newPage checks that b is a branch or leaf page with room for its elements;
// if whole is set, that these lie in it, with keys that rise.
func newPage(b []byte, whole bool) (page, error) {
	if len(b) < pageHeader {
		return page{}, fmt.Errorf("cut short")
	}
	flags := binary.NativeEndian.Uint16(b[8:])
	p := page{flags == branchPage, whole, b, pageHeader}
	if flags != branchPage && flags != leafPage {
		return page{}, fmt.Errorf("flags %x", flags)
	}
	if pageHeader+p.elements()*pageElement > len(b) {
		return page{}, fmt.Errorf("%d elements in %d bytes", p.elements(), len(b))
	}
	var last []byte
	for i := 0; whole && i < p.elements(); i++ {
		key, value, err := p.element(i)
		if err != nil {
			return page{}, err
		}
		p.used += pageElement + int64(len(key)+len(value))
		if bytes.Compare(last, key) >= 0 {
			return page{}, fmt.Errorf("element %d is out of order", i)
		}
		last = key
	}
	return p, nil
}

func (p page) elements() int { return int(binary.NativeEndian.Uint16(p.b[10:])) }

// element returns key and value of element i.
func (p page) element(i int) (key, value []byte, err error) {
	start := pageHeader + i*pageElement
	e := p.b[start : start+pageElement]
	var at, keySize, valueSize uint64
	if p.branch {
		at, keySize = uint64(binary.NativeEndian.Uint32(e)), uint64(binary.NativeEndian.Uint32(e[4:]))
	} else {
		at, keySize, valueSize = uint64(binary.NativeEndian.Uint32(e[4:])), uint64(binary.NativeEndian.Uint32(e[8:])), uint64(binary.NativeEndian.Uint32(e[12:]))
	}
	at += uint64(start)
	if keySize == 0 || at+keySize+valueSize > uint64(len(p.b)) {
		return nil, nil, fmt.Errorf("page %d: element %d lies outside", binary.NativeEndian.Uint64(p.b), i)
	}
	return p.b[at:][:keySize], p.b[at+keySize:][:valueSize], nil
}

// child returns the page to which key leads from a branch page.
func (p page) child(key []byte) (uint64, error) {
	i, exact, err := p.search(key)
	if err != nil {
		return 0, err
	}
	if !exact && i > 0 {
		i--
	}
	return binary.NativeEndian.Uint64(p.b[pageHeader+i*pageElement+8:]), nil
}

// get returns the value of key in a leaf page.
func (p page) get(key []byte) (value []byte, found bool, err error) {
	i, _, err := p.search(key)
	if err != nil || i == p.elements() {
		return nil, false, err
	}
	k, value, err := p.element(i)
	if err != nil || !bytes.Equal(k, key) {
		return nil, false, err
	}
	return value, true, nil
}

// search returns the first element whose key is not below key, and whether it
// met key itself. It looks at the elements that bbolt looks at, and checks these.
func (p page) search(key []byte) (i int, exact bool, err error) {
	lo, hi := 0, p.elements()
	for lo < hi {
		mid := (lo + hi) / 2
		k, _, err := p.element(mid)
		if err != nil {
			return 0, false, err
		}
		if order := bytes.Compare(k, key); order < 0 {
			lo = mid + 1
		} else {
			hi, exact = mid, exact || order == 0
		}
	}
	return lo, exact, nil
}
