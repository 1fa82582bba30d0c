package main

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"math/big"
	random "math/rand/v2"
	"slices"
	"strings"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// operator is one way to change a field.
type operator struct {
	name, what string
	kinds      []fieldKind
	// apply changes the field, whose parent is given, and reports whether it did.
	apply func(c *cut, n, parent *node) bool
}

var (
	leaves  = []fieldKind{point, scalar, hash, signature, id, number, enum, timeField, text, opaque}
	numbers = []fieldKind{number, enum, timeField}
	every   = append(slices.Clone(leaves), list, record)
)

// operators are M1 to M16.
var operators = []operator{
	{"M1", "flip a bit", leaves, flipBit},
	{"M2", "zero", leaves, func(_ *cut, n, _ *node) bool { return set(n, make([]byte, len(n.data))) }},
	{"M3", "identity or one", []fieldKind{point, scalar, number, enum, timeField}, one},
	{"M4", "minus, plus one, or another form", []fieldKind{point, scalar, signature, number, timeField}, twin},
	{"M5", "no member, small order", []fieldKind{point, id, signature}, nonMember},
	{"M6", "random", leaves, randomValue},
	{"M7", "from elsewhere", leaves, donated},
	{"M8", "swap two", every, swapSiblings},
	{"M9", "duplicate", every, duplicate},
	{"M10", "delete", every, remove},
	{"M11", "reorder", []fieldKind{list}, reorder},
	{"M12", "cut or extend", every, resize},
	{"M13", "boundary", numbers, boundary},
	{"M14", "written differently", []fieldKind{point, text, list, signature, number}, rewrite},
	{"M15", "transplant", []fieldKind{list, record}, transplant},
	{"M16", "two at once", []fieldKind{point, scalar, hash, number}, coupled},
}

// cut is an entry that is being changed.
type cut struct {
	*base
	r      *random.Rand
	root   *node
	donors *donors
}

func set(n *node, data []byte) bool {
	if bytes.Equal(n.data, data) {
		return false
	}
	n.data = data
	return true
}

func flipBit(c *cut, n, _ *node) bool {
	if len(n.data) == 0 {
		return false
	}
	bit := c.r.IntN(8 * len(n.data))
	n.data[bit/8] ^= 1 << (bit % 8)
	return true
}

// putNumber writes the lowest bytes of v.
func putNumber(n *node, v uint64) bool {
	var wide [8]byte
	binary.BigEndian.PutUint64(wide[:], v)
	if len(n.data) > 8 {
		return false
	}
	return set(n, slices.Clone(wide[8-len(n.data):]))
}

func getNumber(n *node) (v uint64) {
	for _, b := range n.data {
		v = v<<8 | uint64(b)
	}
	return v
}

func one(c *cut, n, _ *node) bool {
	switch n.kind {
	case point:
		return set(n, c.Group.AppendPoint(nil, c.Group.Point().Null()))
	case scalar:
		return set(n, c.Group.AppendScalar(nil, c.Group.Scalar().One()))
	}
	return putNumber(n, 1)
}

// wide returns a scalar's integer plus k·q in its encoding, if that fits.
func wide(g *elgamal.Group, data []byte, k int64) ([]byte, bool) {
	little := g.Name() == elgamal.Ristretto255().Name()
	b := slices.Clone(data)
	if little {
		slices.Reverse(b)
	}
	v := new(big.Int).SetBytes(b)
	v.Add(v, new(big.Int).Mul(big.NewInt(k), g.Order()))
	if v.Sign() < 0 || v.BitLen() > 8*len(data) {
		return nil, false
	}
	v.FillBytes(b)
	if little {
		slices.Reverse(b)
	}
	return b, true
}

func twin(c *cut, n, _ *node) bool {
	g := c.Group
	switch n.kind {
	case point:
		p, err := g.DecodePointOrIdentity(n.data)
		if err != nil {
			return false
		}
		switch c.r.IntN(3) {
		case 0:
			return set(n, g.AppendPoint(nil, g.Point().Neg(p)))
		case 1: // what it encrypts, and one more
			return set(n, g.AppendPoint(nil, g.Point().Add(p, g.Base())))
		}
		b := slices.Clone(n.data)
		if len(b) == 33 {
			b[0] ^= 4 // 06 and 07, the hybrid forms
			return set(n, b)
		}
		return set(n, fieldMinus(b))
	case scalar:
		s, err := g.DecodeScalar(n.data)
		if err != nil {
			return false
		}
		if b, ok := wide(g, n.data, 1+c.r.Int64N(14)); ok && c.r.IntN(2) == 0 {
			return set(n, b)
		}
		return set(n, g.AppendScalar(nil, g.Scalar().Neg(s)))
	case signature:
		if len(n.data) != 64 {
			return false // a token
		}
		b, ok := wide(elgamal.Ristretto255(), n.data[32:], 1) // S + L
		return ok && set(n, append(slices.Clone(n.data[:32]), b...))
	}
	return putNumber(n, -getNumber(n))
}

// fieldMinus returns the encoding of minus a field element modulo 2²⁵⁵ − 19.
func fieldMinus(b []byte) []byte {
	slices.Reverse(b)
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	p.Sub(p, new(big.Int).SetBytes(b)).FillBytes(b)
	slices.Reverse(b)
	return b
}

// lowOrder are points of order 8, 4 and 2 of Ed25519, as keys.
var lowOrder = [][]byte{
	{0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
	make([]byte, 32),
	append([]byte{0xec}, append(bytes.Repeat([]byte{0xff}, 30), 0x7f)...),
	append([]byte{1}, make([]byte, 31)...),
}

func nonMember(c *cut, n, _ *node) bool {
	if n.kind != point {
		b := slices.Clone(n.data)
		copy(b, lowOrder[c.r.IntN(len(lowOrder))])
		return set(n, b)
	}
	for {
		b := make([]byte, len(n.data))
		rand.Read(b)
		if len(b) == 33 {
			b[0] = 2 + b[0]&1
		} else {
			b[0], b[31] = b[0]&^1, b[31]&0x7f
		}
		if _, err := c.Group.DecodePoint(b); err != nil {
			return set(n, b)
		}
	}
}

func randomPoint(g *elgamal.Group) kyber.Point { return g.Point().Mul(g.RandomScalar(), nil) }

func randomValue(c *cut, n, _ *node) bool {
	switch {
	case strings.HasSuffix(n.name, "/credential"): // of somebody who can sign
		return set(n, c.stranger.Public())
	case n.kind == point:
		return set(n, c.Group.AppendPoint(nil, randomPoint(c.Group)))
	case n.kind == scalar:
		return set(n, c.Group.AppendScalar(nil, c.Group.RandomScalar()))
	case n.kind == enum:
		return putNumber(n, uint64(c.r.IntN(20)))
	case n.kind == number && c.r.IntN(2) == 0:
		return putNumber(n, uint64(c.r.IntN(20)))
	case n.kind == timeField:
		return putNumber(n, getNumber(n)+uint64(c.r.IntN(1<<20))-1<<19)
	}
	b := make([]byte, len(n.data))
	rand.Read(b)
	return set(n, b)
}

func donated(c *cut, n, _ *node) bool {
	d := c.donors.leaf(c.r, n)
	return d != nil && set(n, slices.Clone(d.data))
}

// position returns where a field stands among its siblings.
func position(n, parent *node) int {
	if parent == nil {
		return -1
	}
	return slices.Index(parent.kids, n)
}

func swapSiblings(c *cut, n, parent *node) bool {
	i := position(n, parent)
	if i < 0 {
		return false
	}
	var others []int
	for j, s := range parent.kids {
		if j != i && s.kind == n.kind && !bytes.Equal(s.bytes(), n.bytes()) {
			others = append(others, j)
		}
	}
	if others == nil {
		return false
	}
	j := others[c.r.IntN(len(others))]
	parent.kids[i], parent.kids[j] = parent.kids[j], parent.kids[i]
	return true
}

func duplicate(c *cut, n, parent *node) bool {
	i := position(n, parent)
	if i < 0 {
		return false
	}
	at := i + c.r.IntN(2)
	if parent.kind == list && c.r.IntN(2) == 0 && len(parent.kids) > 1 { // in the place of another one
		j := (i + 1 + c.r.IntN(len(parent.kids)-1)) % len(parent.kids)
		if bytes.Equal(parent.kids[j].bytes(), n.bytes()) {
			return false
		}
		parent.kids[j] = n.clone()
		return true
	}
	parent.kids = slices.Insert(parent.kids, at, n.clone())
	return len(n.bytes()) > 0
}

func remove(_ *cut, n, parent *node) bool {
	i := position(n, parent)
	if i < 0 || len(n.bytes()) == 0 {
		return false
	}
	parent.kids = slices.Delete(parent.kids, i, i+1)
	return true
}

func reorder(c *cut, n, _ *node) bool {
	before := n.bytes()
	c.r.Shuffle(len(n.kids), func(i, j int) { n.kids[i], n.kids[j] = n.kids[j], n.kids[i] })
	return !bytes.Equal(before, n.bytes())
}

// resize cuts or adds bytes, or an item.
func resize(c *cut, n, parent *node) bool {
	if n.leaf() {
		by := 1 + c.r.IntN(64)
		if c.r.IntN(2) == 0 {
			by = 1
		}
		if c.r.IntN(2) == 0 && len(n.data) > 0 {
			n.data = n.data[:len(n.data)-min(by, len(n.data))]
			return true
		}
		more := make([]byte, by)
		if c.r.IntN(2) == 0 {
			rand.Read(more)
		}
		if parent != nil && c.r.IntN(4) == 0 {
			n.data = append(more, n.data...)
		} else {
			n.data = append(n.data, more...)
		}
		return true
	}
	if len(n.kids) == 0 {
		return false
	}
	if last := len(n.kids) - 1; c.r.IntN(2) == 0 {
		n.kids = n.kids[:last]
	} else {
		n.kids = append(n.kids, n.kids[last].clone())
	}
	return true
}

func boundary(c *cut, n, _ *node) bool {
	top := uint64(1)<<(8*len(n.data)-1) - 1
	v := getNumber(n)
	values := []uint64{0, 1, v + 1, v - 1, v << 1, top, top + 1, 2*top + 1, 2 * top, 255, 256, 1 << 31, 1<<32 - 1, 253402300800}
	return putNumber(n, values[c.r.IntN(len(values))])
}

// rewrite writes the same in another way.
func rewrite(c *cut, n, _ *node) bool {
	switch n.kind {
	case text:
		return set(n, respell(c.r, n.data))
	case list:
		if len(n.kids) < 2 {
			return false
		}
		slices.Reverse(n.kids)
		return true
	case point:
		b := slices.Clone(n.data)
		if len(b) == 33 { // uncompressed, or a wrong first byte
			b[0] = []byte{0, 1, 4, 5, 0x82}[c.r.IntN(5)]
		} else {
			b[31] |= 0x80
		}
		return set(n, b)
	case number: // little-endian
		b := slices.Clone(n.data)
		slices.Reverse(b)
		return set(n, b)
	case signature: // its highest bit, which S never has
		b := slices.Clone(n.data)
		b[63] |= 0x80
		return set(n, b)
	}
	return false
}

// respell writes a text as another one that looks or sorts like it.
func respell(r *random.Rand, b []byte) []byte {
	replace := [][2]string{
		{"a", "A"}, {"A", "a"}, {"e", "é"}, {"Ç", "C\u0327"}, {"o", "о"}, {"\n", "\r\n"}, {" ", "\u00a0"}, {".", "．"},
		{"=", ""}, {"+", "-"}, {"/", "_"}, {"1", "01"}, {"", "\u200b"}, {"", " "}, {"", "\ufeff"}, {"", "\u202e"},
	}
	r.Shuffle(len(replace), func(i, j int) { replace[i], replace[j] = replace[j], replace[i] })
	for _, p := range replace {
		if out := bytes.Replace(b, []byte(p[0]), []byte(p[1]), 1); !bytes.Equal(out, b) {
			return out
		}
	}
	return b
}

func transplant(c *cut, n, parent *node) bool {
	d := c.donors.tree(c.r, n)
	i := position(n, parent)
	if d == nil || i < 0 {
		return false
	}
	d = d.clone()
	if d.counts != nil {
		d.counts = n.counts
	}
	parent.kids[i] = d
	return true
}

// coupled changes two fields so that their sum stays.
func coupled(c *cut, n, _ *node) bool {
	var others []*node
	for _, o := range c.root.all() {
		if o != n && o.kind == n.kind && len(o.data) == len(n.data) {
			others = append(others, o)
		}
	}
	if others == nil {
		return false
	}
	g, o := c.Group, others[c.r.IntN(len(others))]
	switch n.kind {
	case point:
		p, err := g.DecodePointOrIdentity(n.data)
		q, err2 := g.DecodePointOrIdentity(o.data)
		if err != nil || err2 != nil {
			return false
		}
		e := randomPoint(g)
		n.data, o.data = g.AppendPoint(nil, g.Point().Add(p, e)), g.AppendPoint(nil, g.Point().Sub(q, e))
	case scalar:
		p, err := g.DecodeScalar(n.data)
		q, err2 := g.DecodeScalar(o.data)
		if err != nil || err2 != nil {
			return false
		}
		e := g.RandomScalar()
		n.data, o.data = g.AppendScalar(nil, g.Scalar().Add(p, e)), g.AppendScalar(nil, g.Scalar().Sub(q, e))
	case hash:
		n.data[0] ^= 1
		o.data[0] ^= 1
	default:
		return putNumber(n, getNumber(n)+1) && putNumber(o, getNumber(o)-1)
	}
	return true
}
