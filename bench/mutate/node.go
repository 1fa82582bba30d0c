package main

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// fieldKind is what a field of an entry is, as attackers see it.
type fieldKind string

// The kinds of fields. Records and lists have fields of their own.
const (
	point     fieldKind = "point"
	scalar    fieldKind = "scalar"
	hash      fieldKind = "hash"
	signature fieldKind = "signature"
	id        fieldKind = "id" // of an election, a ballot, a signer
	number    fieldKind = "count"
	enum      fieldKind = "enum"
	timeField fieldKind = "time"
	text      fieldKind = "text"
	opaque    fieldKind = "bytes" // ciphertexts of the key ceremony, junk
	list      fieldKind = "list"
	record    fieldKind = "record"
)

// node is a field of an entry: a leaf with its bytes, or a list or record of
// other fields.
type node struct {
	kind fieldKind
	name string // "ballot/proof/V", without positions in lists
	data []byte
	kids []*node
	// counts, of a list or of what stands behind its length, is the field in
	// front that says how many there are: fields if it is a list, else bytes.
	counts *node
}

func (n *node) leaf() bool { return n.kids == nil && n.kind != list && n.kind != record }

// appendTo appends the node's bytes.
func (n *node) appendTo(b []byte) []byte {
	if n.leaf() {
		return append(b, n.data...)
	}
	for _, k := range n.kids {
		b = k.appendTo(b)
	}
	return b
}

func (n *node) bytes() []byte { return n.appendTo(nil) }

// clone returns a copy that shares nothing with n.
func (n *node) clone() *node {
	return n.copied(make(map[*node]*node))
}

func (n *node) copied(copies map[*node]*node) *node {
	c := &node{kind: n.kind, name: n.name, data: slices.Clone(n.data)}
	copies[n] = c
	for _, k := range n.kids {
		c.kids = append(c.kids, k.copied(copies))
	}
	if n.counts != nil { // it stands before what it counts
		if c.counts = copies[n.counts]; c.counts == nil {
			c.counts = n.counts
		}
	}
	return c
}

// all returns the node and everything in it, in the order of their bytes.
func (n *node) all() []*node {
	nodes := []*node{n}
	for _, k := range n.kids {
		nodes = append(nodes, k.all()...)
	}
	return nodes
}

// repair sets all counts and lengths in n to what they count, the inner ones
// first.
func (n *node) repair() {
	for _, k := range n.kids {
		k.repair()
	}
	if n.counts == nil {
		return
	}
	count := uint64(len(n.kids))
	if n.kind != list {
		count = uint64(len(n.bytes()))
	}
	var wide [8]byte
	binary.BigEndian.PutUint64(wide[:], count)
	if have := len(n.counts.data); have <= 8 {
		copy(n.counts.data, wide[8-have:])
	}
}

// walker cuts bytes into fields. After its first failure it reads nothing.
type walker struct {
	rest []byte
	path string
	in   *node // what is being filled
	err  error
}

// newWalker returns a walker over b whose fields become those of a record.
func newWalker(name string, b []byte) (*walker, *node) {
	root := &node{kind: record, name: name}
	return &walker{rest: b, path: name, in: root}, root
}

func (w *walker) fail(format string, args ...any) {
	if w.err == nil {
		w.err = fmt.Errorf("%s: %s", w.path, fmt.Sprintf(format, args...))
	}
}

// field reads a leaf of n bytes.
func (w *walker) field(kind fieldKind, name string, n int) *node {
	leaf := &node{kind: kind, name: w.path + "/" + name}
	if w.err == nil && (n < 0 || n > len(w.rest)) {
		w.fail("%s: %d bytes, %d left", name, n, len(w.rest))
	}
	if w.err == nil {
		leaf.data, w.rest = slices.Clone(w.rest[:n]), w.rest[n:]
		w.in.kids = append(w.in.kids, leaf)
	}
	return leaf
}

// number reads a leaf and returns it as a number.
func (w *walker) number(kind fieldKind, name string, n int) uint64 {
	v, _ := w.counted(kind, name, n)
	return v
}

func (w *walker) counted(kind fieldKind, name string, n int) (uint64, *node) {
	leaf := w.field(kind, name, n)
	var wide [8]byte
	copy(wide[8-len(leaf.data):], leaf.data)
	return binary.BigEndian.Uint64(wide[:]), leaf
}

// group reads what fields reads into a list or record of its own.
func (w *walker) group(kind fieldKind, name string, counts *node, fields func()) {
	outer, path := w.in, w.path
	inner := &node{kind: kind, name: path + "/" + name, counts: counts, kids: []*node{}}
	if w.err == nil {
		outer.kids = append(outer.kids, inner)
	}
	w.in, w.path = inner, path+"/"+name
	fields()
	w.in, w.path = outer, path
}

// list reads a list of n items; counts is the field that says so, or nil if it
// follows from elsewhere.
func (w *walker) list(name string, counts *node, n uint64, item func()) {
	w.group(list, name, counts, func() {
		for range n {
			if w.err != nil {
				return
			}
			item()
		}
	})
}

// points and scalars read lists of one kind.
func (w *walker) leaves(kind fieldKind, name, item string, n, size int) {
	w.list(name, nil, uint64(max(n, 0)), func() { w.field(kind, item, size) })
}

// text reads a text behind its length of four bytes.
func (w *walker) text(name string) string {
	n, length := w.counted(number, name+" length", 4)
	leaf := w.field(text, name, int(min(n, 1<<30)))
	leaf.counts = length
	return string(leaf.data)
}

// lines reads the lines of a note, of which the last name is that of all others.
func (w *walker) lines(names ...string) {
	for i, line := range strings.SplitAfter(string(w.rest), "\n") {
		if line != "" {
			w.field(text, names[min(i, len(names)-1)], len(line))
		}
	}
}

// done returns the failure, or that bytes are left.
func (w *walker) done() error {
	if w.err == nil && len(w.rest) > 0 {
		w.fail("%d bytes left", len(w.rest))
	}
	return w.err
}
