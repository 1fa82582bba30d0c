package vectors

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write testdata anew")

// TestUpdate writes the files anew. The reasons that it writes are those of the
// tables in this package, in which a person has put them; whether the library
// agrees is for TestVectors.
func TestUpdate(t *testing.T) {
	if !*update {
		t.Skip("testdata are written anew with -update")
	}
	g := &generator{TB: t, files: make(files), made: make(map[string]*made)}
	for _, m := range makeElections(t) {
		file := here + "elections/" + m.file.Name + ".json"
		writeJSON(t, file, m.file)
		g.made[file] = m
	}
	g.encodings()
	g.proofs()
	g.mixes()
	g.entries()
	g.notes()
	g.openings()
	g.manifests()
	writeJSON(t, negativeFile, g.list)
}

// generator collects vectors.
type generator struct {
	testing.TB
	files files
	made  map[string]*made // by file
	list  []vector
}

// target is where a table's changes are made.
type target struct {
	id, group, where string
	place
}

// field is a part of the bytes at a target.
type field struct {
	name  string
	at, n int
}

// data returns the bytes at a place.
func (g *generator) data(p place) []byte {
	v, err := value(g.files.open(g, p.File), p.Pointer)
	require.NoError(g, err)
	b, err := octets(v)
	require.NoError(g, err)
	return b
}

// add adds the vector of a change of a field.
func (g *generator) add(t target, f field, c change) {
	old := g.data(t.place)[f.at : f.at+f.n]
	to := c.to(bytes.Clone(old))
	require.NotEqual(g, old, to, "%s: %s, %s changes nothing", t.id, f.name, c.what)
	g.put(vector{
		ID: t.id + "/" + slug(f.name) + "/" + slug(c.what), Group: t.group, Where: t.where, Mutates: t.place,
		Field: f.name, Change: c.what, Edits: []edit{{At: f.at, Remove: f.n, Insert: hex.EncodeToString(to)}}, Reason: c.reason,
	})
}

func (g *generator) put(v vector) {
	require.Contains(g, reasons, v.Reason, v.ID)
	require.False(g, slices.ContainsFunc(g.list, func(w vector) bool { return w.ID == v.ID }), "%s stands twice", v.ID)
	g.list = append(g.list, v)
}

func slug(s string) string { return strings.ReplaceAll(s, " ", "-") }

// whole are the changes of the length of something whose length is fixed.
func (g *generator) whole(t target, name, reason string) {
	g.cut(t, name, reason)
	g.add(t, field{name, 0, len(g.data(t.place))}, change{"empty", constant(nil), reason})
}

// cut are the changes by a byte.
func (g *generator) cut(t target, name, reason string) {
	n := len(g.data(t.place))
	g.add(t, field{name, n - 1, 1}, change{"without its last byte", constant(nil), reason})
	g.add(t, field{name, n - 1, 1}, change{"with a byte more", func(old []byte) []byte { return append(old, 0) }, reason})
}

// encodings are those of points and scalars by themselves.
func (g *generator) encodings() {
	for _, name := range []string{"ristretto255", "P-256"} {
		c := curves[name]
		at := func(where, pointer string) target {
			return target{"encoding/" + name + "/" + slug(where), name, where, place{"zkp/testdata/proofs_" + name + ".json", pointer}}
		}
		point, scalar := at("point", "/1/statement/image"), at("scalar", "/1/challenges/e/0")
		all := field{"point", 0, c.point}
		for _, e := range slices.Concat(c.notOnCurve, c.malformed) {
			g.add(point, all, change{e.what, constant(unhex(e.hex)), "encoding"})
		}
		g.add(point, all, change{"the non-canonical twin", c.twin, "encoding"})
		g.add(point, all, change{"the identity", constant(make([]byte, c.point)), "group"})
		g.whole(point, "point", "encoding")
		either := at("point or identity", "/1/statement/image")
		g.add(either, all, change{"a byte less of the identity", constant(make([]byte, c.point-1)), "encoding"})
		g.add(either, all, change{"the identity in one byte", constant([]byte{0}), "encoding"})
		g.add(either, all, change{c.malformed[0].what, constant(unhex(c.malformed[0].hex)), "encoding"})
		one := field{"scalar", 0, c.scalar}
		g.add(scalar, one, change{"the order", constant(c.scalarBytes(c.order)), "encoding"})
		g.add(scalar, one, change{"not reduced", c.unreduced, "encoding"})
		g.add(scalar, one, change{"all bits", constant(bytes.Repeat([]byte{0xff}, c.scalar)), "encoding"})
		if name == "ristretto255" { // big-endian, which is above q when read as it should be
			g.add(scalar, one, change{"the order less one in the other order of bytes", func([]byte) []byte {
				return new(big.Int).Sub(c.order, big.NewInt(1)).FillBytes(make([]byte, c.scalar))
			}, "encoding"})
		}
		g.whole(scalar, "scalar", "encoding")
	}
}

// layout is a number of points and scalars behind each other.
type layout struct {
	*curve
	points, scalars []field
	end             int
}

func (l *layout) point(names ...string) *layout {
	for _, name := range names {
		l.points = append(l.points, field{name, l.end, l.curve.point})
		l.end += l.curve.point
	}
	return l
}

func (l *layout) scalar(names ...string) *layout {
	for _, name := range names {
		l.scalars = append(l.scalars, field{name, l.end, l.curve.scalar})
		l.end += l.curve.scalar
	}
	return l
}

func numbered(format string, n int) (names []string) {
	for i := range n {
		names = append(names, fmt.Sprintf(format, i+1))
	}
	return names
}

// swapped returns the change of two neighbours of one length into each other.
func swapped(what, reason string, n int) change {
	return change{what, func(old []byte) []byte { return append(old[n:len(old):len(old)], old[:n]...) }, reason}
}
