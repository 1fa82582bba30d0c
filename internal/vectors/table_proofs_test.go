package vectors

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
)

// proofLayout is docs/protocol.md §4.1 and §7.
func proofLayout(c *curve, name string) *layout {
	l := &layout{curve: c}
	switch name {
	case "dlog", "dlog of another base":
		return l.point("commitment A").scalar("response z")
	case "dlogs":
		return l.point(numbered("commitment A_%d", 3)...).scalar(numbered("response z_%d", 3)...)
	case "dleq", "dleq keys", "dleq bases":
		return l.point("commitment A", "commitment A2").scalar("response z")
	case "one of":
		for i := range 3 {
			l.point(fmt.Sprintf("commitment a_%d", i+1), fmt.Sprintf("commitment b_%d", i+1))
		}
		for i := range 3 {
			l.scalar(fmt.Sprintf("challenge c_%d", i+1), fmt.Sprintf("response z_%d", i+1))
		}
		return l
	case "ballot", "ballot mixed too":
		return l.point("V", "S", "R", "L", "C_1", "C_0", "Q").scalar(numbered("f_%d", 4)...).scalar("z_r", "z_v", "z_c", "z_k")
	case "ballot mixed only":
		return l.point("R", "Q").scalar("z_r", "z_k")
	}
	panic("a proof without a layout: " + name)
}

// donors are proofs of the same length for other statements.
var donors = map[string]string{
	"dlog": "dlog of another base", "dlog of another base": "dlog", "dleq": "dleq keys", "dleq keys": "dleq bases", "dleq bases": "dleq",
	"ballot": "ballot mixed too", "ballot mixed too": "ballot",
}

// proofs changes every field of the proofs of zkp/testdata, their contexts and
// their statements.
func (g *generator) proofs() {
	for _, name := range []string{"ristretto255", "P-256"} {
		file := "zkp/testdata/proofs_" + name + ".json"
		list := as[[]goldenProof](g, g.files.open(g, file))
		for i, v := range list {
			c := curves[name]
			at := func(pointer string) target {
				return target{"proof/" + name + "/" + slug(v.Name), name, "proof", place{file, fmt.Sprintf("/%d/%s", i, pointer)}}
			}
			g.proofBytes(at("proof"), c, v.Name, func() string {
				other := slices.IndexFunc(list, func(w goldenProof) bool { return w.Name == donors[v.Name] })
				if other < 0 {
					return ""
				}
				return list[other].Proof
			}())
			g.proofContext(at, v)
			g.proofStatement(at, c, v)
		}
	}
}

// proofBytes changes a proof. The identity is allowed as a commitment of §4 and
// §7.4, and the proof does not hold with it; elsewhere it is refused.
func (g *generator) proofBytes(t target, c *curve, name, donor string) {
	l := proofLayout(c, name)
	require.Len(g, g.data(t.place), l.end, name)
	identity := "group"
	if strings.HasPrefix(name, "ballot") || name == "one of" {
		identity = "proof"
	}
	if name == "one of" { // a proof of whole branches has another shape
		g.cut(t, "proof", "encoding")
		g.add(t, field{"proof", 0, l.end}, change{"no branches", constant(nil), "shape"})
		g.add(t, field{"proof", 0, l.end}, change{"a branch less", func(old []byte) []byte { return old[:l.end/3*2] }, "shape"})
	} else {
		g.whole(t, "proof", "encoding")
	}
	if donor != "" {
		g.add(t, field{"proof", 0, l.end}, change{"a proof for another statement", constant(unhex(donor)), "proof"})
	}
	if name == "dlog of another base" || name == "ballot mixed too" {
		return // its fields are those of the one before
	}
	for _, f := range l.points {
		for _, ch := range c.pointChanges(identity, "proof") {
			g.add(t, f, ch)
		}
	}
	for _, f := range l.scalars {
		for _, ch := range c.scalarChanges() {
			g.add(t, f, ch)
		}
	}
	if n := len(l.points); n > 1 {
		g.add(t, field{"commitments", l.points[0].at, 2 * c.point}, swapped("the first two exchanged", "proof", c.point))
	}
	if n := len(l.scalars); n > 1 {
		g.add(t, field{"responses", l.scalars[n-2].at, 2 * c.scalar}, swapped("the last two exchanged", "proof", c.scalar))
		g.put(vector{
			ID: t.id + "/responses/errors-that-cancel", Group: t.group, Where: t.where, Mutates: t.place,
			Field: "responses", Change: "the first is one more, the last one less", Reason: "proof",
			Edits: []edit{g.shift(t, c, l.scalars[0], 1), g.shift(t, c, l.scalars[n-1], -1)},
		})
	}
}

// shift is an edit of a scalar by a small number.
func (g *generator) shift(t target, c *curve, f field, by int64) edit {
	n := c.scalarInt(g.data(t.place)[f.at : f.at+f.n])
	n.Mod(n.Add(n, big.NewInt(by)), c.order)
	return edit{At: f.at, Remove: f.n, Insert: fmt.Sprintf("%x", c.scalarBytes(n))}
}

// proofContext puts the proof into another context.
func (g *generator) proofContext(at func(string) target, v goldenProof) {
	last := func(b []byte) []byte { b[len(b)-1] ^= 1; return b }
	if !strings.HasPrefix(v.Name, "ballot") { // whose kind is fixed
		g.add(at("context/kind"), field{"kind", 0, 4}, change{"another", last, "proof"})
	}
	g.add(at("context/election"), field{"election", 0, 32}, change{"another", last, "proof"})
	n := len(v.Context.Position) / 2
	g.add(at("context/position"), field{"position", 0, n}, change{"another", last, "proof"})
	g.add(at("context/position"), field{"position", n, 0}, change{"with a byte more", constant([]byte{0}), "proof"})
}

// proofStatement holds the proof against another statement.
func (g *generator) proofStatement(at func(string) target, c *curve, v goldenProof) {
	doc := g.files.open(g, at("").File)
	points := func(names ...string) {
		for _, name := range names {
			pointer, _, _ := strings.Cut(name, " ")
			if _, err := value(doc, at("statement/"+pointer).Pointer); err != nil {
				continue
			}
			f := field{strings.NewReplacer("/0", " (the first)", "/1", " (the second)").Replace(pointer), 0, c.point}
			other := constant(unhex(c.other))
			g.add(at("statement/"+pointer), f, change{"another point", other, "proof"})
			if !strings.HasSuffix(name, " may be the identity") {
				g.add(at("statement/"+pointer), f, change{"the identity", constant(make([]byte, c.point)), "group"})
			}
			g.add(at("statement/"+pointer), f, change{"the non-canonical twin", c.twin, "encoding"})
		}
	}
	if !strings.HasPrefix(v.Name, "ballot") {
		if v.Name == "one of" {
			points("key", "A may be the identity", "B may be the identity", "messages/1 may be the identity")
		} else if v.Name != "dlog" {
			base2 := "base2"
			if v.Name == "dleq keys" { // where images2 are not the identity, too, the statement is false
				base2 += " may be the identity"
				g.add(at("statement/base2"), field{"base2", 0, c.point}, change{"the identity", constant(make([]byte, c.point)), "proof"})
			}
			points("base", "image", base2, "image2", "images/0", "images/1", "bases2/1", "images2/1 may be the identity")
		}
		return
	}
	points("credential", "A", "B/0", "B/1", "columns/0/key")
	digits := func(name, pointer string) {
		number, ok := g.number(at("statement/" + pointer))
		if !ok {
			return
		}
		g.add(at("statement/"+pointer), field{name, 0, len(fmt.Sprint(number))},
			change{"one more", constant(fmt.Append(nil, number+1)), "proof"})
	}
	digits("number", "number")
	digits("time", "time")
	digits("number of the last column in the manifest", fmt.Sprintf("columns/%d/index", len(v.Statement.Columns)-1))
	digits("sum of the first rule", "rules/0/Sum")
	digits("a coefficient of the first rule", "rules/0/Terms/1/Coefficient")
}

// number returns a number of a file.
func (g *generator) number(t target) (int64, bool) {
	v, err := value(g.files.open(g, t.File), t.Pointer)
	if err != nil {
		return 0, false
	}
	n, err := v.(json.Number).Int64()
	require.NoError(g, err)
	return n, true
}

// mixes changes the proofs of mixnet/testdata, their places and their lists
// (docs/protocol.md §6.1).
func (g *generator) mixes() {
	const file = "mixnet/testdata/golden.json"
	for i, v := range as[[]goldenMix](g, g.files.open(g, file)) {
		c := curves[v.Group]
		at := func(pointer string) target {
			return target{fmt.Sprintf("mix/%s/%d-rows", v.Group, v.Rows), v.Group, "mix", place{file, fmt.Sprintf("/%d/%s", i, pointer)}}
		}
		n := v.Rows
		l := (&layout{curve: c}).point("c_a", "c_b", "c_d", "c_delta", "c_Delta", "c_A", "E_0 of A", "E_0 of B_1", "E_0 of B_2")
		l.scalar(numbered("~a_%d", n)...)
		for k := 2; k < n; k++ {
			l.scalar(fmt.Sprintf("~P_%d", k))
		}
		l.scalar("~r", "~s").scalar(numbered("a_%d", n)...).scalar("r", "tau")
		require.Len(g, g.data(at("Proof").place), l.end)
		g.whole(at("Proof"), "proof", "encoding")
		if n == 1 || n == 2 {
			g.add(at("Proof"), l.scalars[0], c.scalarChanges()[2])
		}
		if n != 3 {
			continue
		}
		for _, f := range l.points {
			for _, ch := range c.pointChanges("proof", "proof") { // here the identity is allowed
				g.add(at("Proof"), f, ch)
			}
		}
		for _, f := range l.scalars {
			for _, ch := range c.scalarChanges() {
				g.add(at("Proof"), f, ch)
			}
		}
		g.mixStatement(at, c, v)
	}
}

func (g *generator) mixStatement(at func(string) target, c *curve, v goldenMix) {
	last := func(b []byte) []byte { b[len(b)-1] ^= 1; return b }
	g.add(at("Election"), field{"election", 0, 32}, change{"another", last, "proof"})
	g.add(at("Contest"), field{"contest", 0, len(v.Contest)}, change{"another", last, "proof"})
	g.add(at("Mixer"), field{"mixer", 0, len(v.Mixer) / 2}, change{"another", last, "proof"})
	g.add(at("Step"), field{"step", 0, 1}, change{"one more", constant([]byte("2")), "proof"})
	g.add(at("Rows"), field{"rows", 0, 1}, change{"one less", constant([]byte("2")), "encoding"})
	g.add(at("Key/1"), field{"key of a column", 0, c.point}, change{"another", constant(unhex(c.other)), "proof"})
	g.add(at("Key/1"), field{"key of a column", 0, c.point}, change{"the identity", constant(make([]byte, c.point)), "group"})
	row := 3 * c.point
	input := unhex(v.Input)
	for _, list := range []string{"Input", "Output"} {
		g.whole(at(list), strings.ToLower(list), "encoding")
		a, b := field{strings.ToLower(list) + ", A of row 2", row, c.point}, field{strings.ToLower(list) + ", B_1 of row 2", row + c.point, c.point}
		for _, ch := range c.pointChanges("group", "proof") {
			g.add(at(list), a, ch)
		}
		for _, ch := range c.pointChanges("proof", "proof") {
			g.add(at(list), b, ch)
		}
		g.add(at(list), field{strings.ToLower(list) + ", rows 1 and 2", 0, 2 * row}, swapped("exchanged", "proof", row))
	}
	out := field{"output, row 2", row, row}
	g.add(at("Output"), out, change{"a row of the input as it was", constant(input[:row]), "duplicate"})
	g.add(at("Output"), out, change{"the first row again", constant(unhex(v.Output)[:row]), "duplicate"})
	g.add(at("Output"), field{"output, B_1 and B_2 of row 2", row + c.point, 2 * c.point}, swapped("exchanged", "proof", c.point))
}
