package boltledger

import (
	"encoding/binary"
	"fmt"
	"io"

	"go.etcd.io/bbolt"
)

// What of bbolt's file format checkPages knows. Integers are in the byte order
// of the machine that wrote the file.
const (
	pageHeader  = 16 // id (8), flags (2), count (2), overflow (4)
	pageElement = 16 // branch: position, key size, child (8); leaf: flags, position, key size, value size

	branchPage = 1
	leafPage   = 2
	bucketLeaf = 1 // flag of a leaf element whose value is a bucket: root (8), sequence (8), page if root is 0

	maxDepth = 40
)

// checkPages checks that the pages of the database form a tree in which every
// page stands once. bbolt follows pages without end where they form a circle,
// until the stack overflows, and that is the one thing that guard cannot catch.
// It reads the header of every page and the whole of branch pages.
func (s *store) checkPages() error {
	return s.view(func(tx *bbolt.Tx) error {
		info, err := s.file.Stat()
		if err != nil {
			return err
		}
		// How many pages there are the file itself says, not what stands in it.
		size := int64(s.db.Info().PageSize)
		w := pageWalk{file: s.file, size: size, pages: uint64(info.Size() / size)}
		w.seen = make([]uint64, w.pages/64+1)
		if err := w.walk(uint64(tx.Cursor().Bucket().Root()), 0, true); err != nil {
			return s.damaged("%v (a page is %d bytes)", err, size)
		}
		return nil
	})
}

type pageWalk struct {
	file  io.ReaderAt
	size  int64
	pages uint64
	seen  []uint64 // a bit for each page
}

// walk checks the tree below a page. top is set for the tree of buckets.
func (w *pageWalk) walk(page uint64, depth int, top bool) error {
	if page >= w.pages || depth > maxDepth {
		return fmt.Errorf("page %d at depth %d", page, depth)
	}
	bit := uint64(1) << (page % 64)
	if w.seen[page/64]&bit != 0 {
		return fmt.Errorf("page %d stands twice", page)
	}
	w.seen[page/64] |= bit
	var head [pageHeader]byte
	if err := w.read(page, 0, head[:]); err != nil {
		return err
	}
	id, flags := binary.NativeEndian.Uint64(head[:]), binary.NativeEndian.Uint16(head[8:])
	switch {
	case id != page:
		return fmt.Errorf("page %d says that it is page %d", page, id)
	case flags == leafPage && !top:
		return nil
	case flags != leafPage && flags != branchPage:
		return fmt.Errorf("page %d has flags %x", page, flags)
	}
	elements := make([]byte, int(binary.NativeEndian.Uint16(head[10:]))*pageElement)
	if err := w.read(page, pageHeader, elements); err != nil {
		return err
	}
	for at := int64(0); at < int64(len(elements)); at += pageElement {
		e := elements[at:]
		var err error
		switch {
		case flags == branchPage:
			err = w.walk(binary.NativeEndian.Uint64(e[8:]), depth+1, top)
		case binary.NativeEndian.Uint32(e)&bucketLeaf != 0:
			position, key := binary.NativeEndian.Uint32(e[4:]), binary.NativeEndian.Uint32(e[8:])
			err = w.bucket(page, pageHeader+at+int64(position)+int64(key), depth)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bucket checks the tree of the bucket whose value is at an offset of a page.
func (w *pageWalk) bucket(page uint64, offset int64, depth int) error {
	var value [16 + pageHeader]byte
	if err := w.read(page, offset, value[:]); err != nil {
		return err
	}
	if root := binary.NativeEndian.Uint64(value[:]); root != 0 {
		return w.walk(root, depth+1, false)
	}
	if flags := binary.NativeEndian.Uint16(value[16+8:]); flags != leafPage {
		return fmt.Errorf("page %d has a bucket with flags %x", page, flags)
	}
	return nil
}

func (w *pageWalk) read(page uint64, offset int64, b []byte) error {
	if _, err := w.file.ReadAt(b, int64(page)*w.size+offset); err != nil {
		return fmt.Errorf("page %d: %w", page, err)
	}
	return nil
}
