package boltledger

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// handmade returns page 2 with the given elements: keys and values of a leaf
// page, or keys of a branch page that all lead to page 3.
func handmade(size int, flags uint16, elements ...[2]string) []byte {
	b := make([]byte, size)
	binary.NativeEndian.PutUint64(b, 2)
	binary.NativeEndian.PutUint16(b[8:], flags)
	binary.NativeEndian.PutUint16(b[10:], uint16(len(elements)))
	at := pageHeader + len(elements)*pageElement
	for i, kv := range elements {
		start := pageHeader + i*pageElement
		e := b[start:]
		if flags == branchPage {
			binary.NativeEndian.PutUint32(e, uint32(at-start))
			binary.NativeEndian.PutUint32(e[4:], uint32(len(kv[0])))
			binary.NativeEndian.PutUint64(e[8:], 3)
		} else {
			binary.NativeEndian.PutUint32(e[4:], uint32(at-start))
			binary.NativeEndian.PutUint32(e[8:], uint32(len(kv[0])))
			binary.NativeEndian.PutUint32(e[12:], uint32(len(kv[1])))
		}
		at += copy(b[at:], kv[0]+kv[1])
	}
	return b
}

// TestPagesRefused changes one thing of a page that is read, and holds what is
// said of it.
func TestPagesRefused(t *testing.T) {
	const size = 128
	two := [][2]string{{"a", "1"}, {"b", "2"}}
	open := func(content []byte) *pages {
		data := make([]byte, 4*size)
		copy(data[2*size:], content)
		return &pages{data: data, size: size, count: 4, root: 2, read: make(map[uint64]page), roots: make(map[string]bucketRoot)}
	}
	p, err := open(handmade(size, leafPage, two...)).load(2, true)
	require.NoError(t, err)
	value, found, err := p.get([]byte("b"))
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, "2", string(value))

	change := func(flags uint16, at int, v uint32) func() []byte {
		return func() []byte {
			b := handmade(size, flags, two...)
			binary.NativeEndian.PutUint32(b[at:], v)
			return b
		}
	}
	second := pageHeader + pageElement
	for name, c := range map[string]struct {
		page func() []byte
		text string
	}{
		"another page":         {change(leafPage, 0, 3), "says that it is page 3"},
		"longer than the file": {change(leafPage, 12, 2), "has 384 bytes"},
		"longer than any":      {change(leafPage, 12, 1<<32-1), "has 549755813888 bytes"},
		"longer than it needs": {change(leafPage, 12, 1), "has 256 bytes for"},
		"another kind":         {func() []byte { return handmade(size, 0x10, two...) }, "flags 10"},
		"no children":          {func() []byte { return handmade(size, branchPage) }, "has no children"},
		"more than it holds":   {change(leafPage, 8, 100<<16|leafPage), "100 elements in 128 bytes"},
		"no key":               {change(leafPage, second+8, 0), "element 1 lies outside"},
		"key outside":          {change(leafPage, second+4, size), "element 1 lies outside"},
		"value outside":        {change(leafPage, second+12, size), "element 1 lies outside"},
		"branch outside":       {change(branchPage, second, size), "element 1 lies outside"},
		"falling keys":         {func() []byte { return handmade(size, leafPage, two[1], two[0]) }, "element 1 is out of order"},
		"equal keys":           {func() []byte { return handmade(size, leafPage, two[0], two[0]) }, "element 1 is out of order"},
	} {
		_, err := open(c.page()).load(2, true)
		require.ErrorContains(t, err, c.text, name)
	}
	_, err = newPage(make([]byte, pageHeader-1), false)
	require.ErrorContains(t, err, "cut short")
	broken := open(handmade(size, leafPage, two...))
	broken.err = errors.New("a list of free pages that is none")
	_, err = broken.load(2, true)
	require.ErrorIs(t, err, broken.err)

	// What searching looks at is checked, also where the page is not.
	for _, flags := range []uint16{leafPage, branchPage} {
		at := map[uint16]int{leafPage: second + 4, branchPage: second}[flags]
		p, err := open(change(flags, at, size)()).load(2, false)
		require.NoError(t, err)
		_, _, err = p.get([]byte("b"))
		require.ErrorContains(t, err, "element 1 lies outside")
		_, err = p.child([]byte("b"))
		require.ErrorContains(t, err, "element 1 lies outside")
	}
	_, err = open(change(branchPage, second, size)()).descend(2, []byte("b"), false, nil)
	require.ErrorContains(t, err, "element 1 lies outside")
}

// TestBucketsRefused is the same for the buckets that stand in a root page.
func TestBucketsRefused(t *testing.T) {
	const size = 128
	inline := func(flags uint16) string { return string(append(make([]byte, 16), handmade(pageHeader, flags)...)) }
	bucket := func(value string, whole bool, change func(b []byte)) error {
		data := make([]byte, 4*size)
		b := handmade(size, leafPage, [2]string{"meta", value})
		if change != nil {
			change(b)
		}
		copy(data[2*size:], b)
		c := &pages{data: data, size: size, count: 4, root: 2, read: make(map[uint64]page), roots: make(map[string]bucketRoot)}
		_, err := c.bucket([]byte("meta"), []byte("key"), whole, nil)
		return err
	}
	require.NoError(t, bucket(inline(leafPage), true, nil))
	require.ErrorContains(t, bucket(inline(leafPage)[:15], true, nil), "bucket meta is cut short")
	require.ErrorContains(t, bucket(inline(leafPage)[:17], true, nil), "bucket meta: cut short")
	require.ErrorContains(t, bucket(inline(branchPage), true, nil), "bucket meta: flags 1")
	require.ErrorContains(t, bucket(inline(0x10), true, nil), "bucket meta: flags 10")
	require.ErrorContains(t, bucket(inline(leafPage), true, func(b []byte) { b[pageHeader+pageElement] = 'n' }), "no bucket meta")
	require.ErrorContains(t, bucket(inline(leafPage), false, func(b []byte) {
		binary.NativeEndian.PutUint32(b[pageHeader+12:], size)
	}), "element 0 lies outside")
}
