package zkp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/big"
	"testing"
	"testing/cryptotest"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// The names P01… are those of the catalogue of attacks in docs/threats.md.

// P01: whatever is changed in the statement after proving, the proof is void.
func TestP01StatementChanged(t *testing.T) {
	eachFixture(t, func(t *testing.T, f *fixture) {
		for _, c := range f.changed {
			require.ErrorIs(t, c.statement.Verify(f.group, f.context, f.proof), c.reason, c.name)
		}
	})
}

// simulate makes a conversation about any statement, true or false, for
// challenges that the attacker chose; it returns the proof.
func simulate(t *testing.T, f *fixture, s statement, src *stream) []byte {
	g := f.group
	d := &dialogue{group: g}
	write := func(points []kyber.Point, scalars ...kyber.Scalar) []byte {
		for _, p := range points {
			d.writePoint(p)
		}
		for _, z := range scalars {
			d.writeScalar(z)
		}
		return d.proof
	}
	minus := func(p kyber.Point, e kyber.Scalar, q kyber.Point) kyber.Point {
		return g.Point().Sub(p, times(g, e, q))
	}
	if r, _, ok := relationOf(t, g, f.context, s); ok {
		tr := relationTranscript{e: src.scalar(), z: src.scalars(r.scalars)}
		for j, p := range r.apply(tr.z) {
			tr.commitments = append(tr.commitments, minus(p, tr.e, r.image(r.equations[j])))
		}
		h := holdRelation(r, tr)
		require.True(t, all(h.equations(h.points, h.scalars)), "control: it holds with the chosen challenge")
		return write(h.points, h.scalars...)
	}
	switch s := s.(type) {
	case OneOf:
		tr := oneOfTranscript{e: g.Scalar()}
		for _, m := range s.Messages {
			sub, z := src.scalar(), src.scalar()
			tr.e.Add(tr.e, sub)
			tr.sub, tr.z = append(tr.sub, sub), append(tr.z, z)
			tr.commitments = append(tr.commitments,
				minus(times(g, z, nil), sub, s.A), minus(times(g, z, s.Key), sub, g.Point().Sub(s.B, m)))
		}
		h := holdOneOf(g, s, tr)
		require.True(t, all(h.equations(h.points, h.scalars)), "control")
		return write(h.points, h.scalars...)
	case ballotClaim:
		form := must(s.form(g, f.context))
		m, ch := simulateBallot(form, s.ballot, src)
		require.True(t, all(form.equations(s.ballot, m, ch)), "control")
		h := holdBallot(form, s.ballot, m, ch)
		return write(h.points, h.scalars...)
	}
	t.Fatalf("statement %T", s)
	return nil
}

// simulateBallot is the simulator of docs/protocol.md §4: everything is as in
// a real conversation but e, which is chosen first.
func simulateBallot(f *Form, st BallotStatement, src *stream) (m ballotMessages, ch ballotChallenges) {
	g := f.group
	e := g.ReduceScalar(g.AppendScalar(nil, src.scalar())[:16])
	m.zr, m.zv, m.zc, m.zk = src.scalar(), src.scalar(), src.scalar(), src.scalar()
	solve := func(right, times_ kyber.Point) kyber.Point { return g.Point().Sub(right, times(g, e, times_)) }
	m.R = solve(times(g, m.zr, nil), st.Row.A)
	m.Q = solve(times(g, m.zk, nil), st.Credential)
	if len(f.slots) == 0 {
		ch.e = e
		return m, ch
	}
	m.f = src.scalars(len(f.slots))
	m.V, m.C1 = src.point(), src.point()
	m.S = solve(f.openings.Sum(append([]kyber.Scalar{m.zv}, m.f...)), m.V)
	d := f.open(st, nil)
	d.writePoint(m.V)
	d.writePoint(m.S)
	ch = f.firstChallenges(d)
	ch.e = e
	opened := g.Scalar()
	for i := range m.f {
		opened.Add(opened, g.Scalar().Mul(ch.lambda[i], m.f[i]))
	}
	right := g.Point().Add(times(g, opened, nil), times(g, m.zr, g.MultiScalarMul(ch.lambda, f.keys)))
	m.L = solve(right, g.MultiScalarMul(ch.lambda, f.slotColumns(st)))
	m.C0 = solve(f.productSide(m.f, m.zc, ch), m.C1)
	return m, ch
}

// productSide is the right side of (4).
func (f *Form) productSide(fs []kyber.Scalar, zc kyber.Scalar, ch ballotChallenges) kyber.Point {
	g := f.group
	sum := g.Scalar()
	for i, fi := range fs {
		x := g.Scalar().Sub(ch.e, fi)
		x.Mul(x, fi)
		sum.Add(sum, x.Mul(x, ch.mu[i]))
	}
	for j, r := range f.rules {
		x := g.Scalar().Sub(r.value(g, fs), g.Scalar().Mul(ch.e, r.sum))
		x.Mul(x, ch.theta[j])
		sum.Add(sum, x.Mul(x, ch.e))
	}
	return g.Point().Add(times(g, sum, nil), times(g, zc, f.h))
}

// P04: the challenge is computed, never taken from whoever made the proof.
func TestP04ChosenChallenge(t *testing.T) {
	eachFixture(t, func(t *testing.T, f *fixture) {
		src := &stream{group: f.group, name: "P04"}
		proof := simulate(t, f, f.statement, src)
		reason := ErrProof
		require.ErrorIs(t, f.statement.Verify(f.group, f.context, proof), reason, "true statement")
		tried := 0
		for _, c := range f.changed {
			if c.reason != ErrProof || c.name == "image is the identity" || c.name == "base 2 is the identity" {
				continue
			}
			tried++
			proof := simulate(t, f, c.statement, src)
			require.ErrorIs(t, c.statement.Verify(f.group, f.context, proof), ErrProof, c.name)
		}
		require.Positive(t, tried)
	})
}

// P01, P13: an attacker who chooses the messages and the challenge first, and
// then the part of the statement that makes the equations hold.
func TestP01P13StatementLast(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		src := &stream{group: g, name: "statement last"}
		c := testContext()
		e, z, w := src.scalar(), src.scalar(), src.scalar()
		inverse := func(s kyber.Scalar) kyber.Scalar { return g.Scalar().Inv(s) }
		// (right − left)/s
		solve := func(right, left kyber.Point, s kyber.Scalar) kyber.Point {
			return times(g, inverse(s), g.Point().Sub(right, left))
		}
		proofOf := func(points []kyber.Point, scalars ...kyber.Scalar) []byte {
			d := &dialogue{group: g}
			for _, p := range points {
				d.writePoint(p)
			}
			for _, s := range scalars {
				d.writeScalar(s)
			}
			return d.proof
		}
		check := func(name string, s statement, points []kyber.Point, scalars ...kyber.Scalar) {
			t.Helper()
			if r, _, ok := relationOf(t, g, c, s); ok {
				if _, list := s.(DLEQKeys); !list {
					h := holdRelation(r, relationTranscript{points, e, scalars})
					require.True(t, all(h.equations(points, scalars)), "%s: control", name)
				}
			}
			require.ErrorIs(t, s.Verify(g, c, proofOf(points, scalars...)), ErrProof, name)
		}
		A, A2 := times(g, w, nil), src.point()
		base2 := src.point()
		image := solve(times(g, z, nil), A, e)
		check("dlog: image", Dlog{g.Base(), image}, []kyber.Point{A}, z)
		check("dlog: base", Dlog{times(g, inverse(z), g.Point().Add(A2, times(g, e, base2))), base2}, []kyber.Point{A2}, z)
		check("dlogs: image", Dlogs{g.Base(), []kyber.Point{image, image}}, []kyber.Point{A, A}, z, z)
		check("dleq: image 2", DLEQ{g.Base(), image, base2, solve(times(g, z, base2), A2, e)}, []kyber.Point{A, A2}, z)
		image2 := src.point()
		check("dleq: base 2", DLEQ{g.Base(), image, times(g, inverse(z), g.Point().Add(A2, times(g, e, image2))), image2}, []kyber.Point{A, A2}, z)

		// Lists: the inner statement is right for the weights of another list.
		keys := DLEQKeys{Base: g.Base(), Images: []kyber.Point{src.point(), src.point()}, Base2: base2,
			Images2: []kyber.Point{src.point(), src.point()}}
		l := must(keys.combine(g, c))
		combinedImage := g.MultiScalarMulVarTime(l.weights, keys.Images)
		rest := solve(times(g, z, base2), A2, e) // what Σ eₖ·Images2[k] would have to be
		rest.Sub(rest, times(g, l.weights[0], keys.Images2[0]))
		keys.Images2[1] = times(g, inverse(l.weights[1]), rest)
		commit := g.Point().Sub(times(g, z, nil), times(g, e, combinedImage))
		check("dleq keys: image", keys, []kyber.Point{commit, A2}, z)

		oneOf := OneOf{Key: src.point(), A: image, B: src.point()}
		sub, zs := []kyber.Scalar{e, src.scalar()}, []kyber.Scalar{z, src.scalar()}
		var points []kyber.Point
		for i := range sub {
			a := g.Point().Sub(times(g, zs[i], nil), times(g, sub[i], image))
			b := src.point()
			points = append(points, a, b)
			oneOf.Messages = append(oneOf.Messages, g.Point().Sub(oneOf.B, solve(times(g, zs[i], oneOf.Key), b, sub[i])))
		}
		tr := oneOfTranscript{points, g.Scalar().Add(sub[0], sub[1]), sub, zs}
		h := holdOneOf(g, oneOf, tr)
		require.True(t, all(h.equations(h.points, h.scalars)), "control")
		require.ErrorIs(t, oneOf.Verify(g, c, proofOf(h.points, h.scalars...)), ErrProof, "one of: messages")

		for _, name := range []string{"ballot", "ballot mixed only"} {
			ballot := makeBallot(g, name).claim
			form := must(ballot.form(g, c))
			m, ch := simulateBallot(form, ballot.ballot, src)
			for _, last := range []string{"A", "K"} {
				st := ballot.ballot
				if last == "A" {
					m.R = src.point()
					st.Row.A = solve(times(g, m.zr, nil), m.R, ch.e)
				} else {
					m.Q = src.point()
					st.Credential = solve(times(g, m.zk, nil), m.Q, ch.e)
				}
				m, ch := m, ch
				if last == "K" {
					m.R = g.Point().Sub(times(g, m.zr, nil), times(g, ch.e, st.Row.A))
				}
				require.True(t, all(form.equations(st, m, ch)), "control")
				h := holdBallot(form, st, m, ch)
				require.ErrorIs(t, form.Verify(st, proofOf(h.points, h.scalars...)), ErrProof, last)
			}
		}
	})
}

// P02: a proof for one context is void in every other. At this level the
// reason is ErrProof: a context that cannot be seen cannot be named.
func TestP02Context(t *testing.T) {
	eachFixture(t, func(t *testing.T, f *fixture) {
		for _, edit := range contextEdits {
			c := f.context
			if edit.edit(&c); edit.name == "kind" {
				if _, ballot := f.statement.(ballotClaim); ballot {
					continue // a form has one kind
				}
			}
			require.ErrorIs(t, f.statement.Verify(f.group, c, f.proof), ErrProof, edit.name)
		}
	})
}

var contextEdits = []struct {
	name string
	edit func(*Context)
}{
	{"kind", func(c *Context) { c.Kind = "other" }},
	{"election, first byte", func(c *Context) { c.Election[0] ^= 1 }},
	{"election, last byte", func(c *Context) { c.Election[31] ^= 0x80 }},
	{"no election", func(c *Context) { c.Election = [32]byte{} }},
	{"position", func(c *Context) { c.Position = []byte("positioN") }},
	{"longer position", func(c *Context) { c.Position = append(c.Position[:len(c.Position):len(c.Position)], 0) }},
	{"no position", func(c *Context) { c.Position = nil }},
}

// P03: the group is bound, its base too.
func TestP03GroupParameters(t *testing.T) {
	real := elgamal.Ristretto255()
	two := real.Uint64Scalar(2)
	other, err := elgamal.NewGroup("ristretto255", rebased{real.Kyber(), two}, rebasedCodec{real, two})
	require.NoError(t, err)
	s := &stream{group: real, name: "P03"}
	c, x := testContext(), s.scalar()
	base := times(real, two, nil)
	st := Dlog{base, times(real, x, base)} // true in both groups
	moved := func(p kyber.Point) kyber.Point {
		return rebasedPoint{p, two}
	}
	proof, err := Dlog{moved(st.Base), moved(st.Image)}.Prove(other, c, x)
	require.NoError(t, err)
	require.NoError(t, Dlog{moved(st.Base), moved(st.Image)}.Verify(other, c, proof))
	require.ErrorIs(t, st.Verify(real, c, proof), ErrProof)
	require.NotEqual(t, session(real, protocolBallot, "", c, nil), session(other, protocolBallot, "", c, nil))
	require.NotEqual(t, session(real, protocolBallot, "", c, nil), session(elgamal.P256(), protocolBallot, "", c, nil))
}

// rebased is a group with another base under the same name.
type rebased struct {
	kyber.Group
	by kyber.Scalar
}

func (r rebased) Point() kyber.Point { return rebasedPoint{r.Group.Point(), r.by} }

type rebasedPoint struct {
	kyber.Point
	by kyber.Scalar
}

func inner(p kyber.Point) kyber.Point { return p.(rebasedPoint).Point }

func (p rebasedPoint) Base() kyber.Point                { p.Point.Base(); p.Point.Mul(p.by, p.Point); return p }
func (p rebasedPoint) Null() kyber.Point                { p.Point.Null(); return p }
func (p rebasedPoint) Equal(q kyber.Point) bool         { return p.Point.Equal(inner(q)) }
func (p rebasedPoint) Set(q kyber.Point) kyber.Point    { p.Point.Set(inner(q)); return p }
func (p rebasedPoint) Clone() kyber.Point               { return rebasedPoint{p.Point.Clone(), p.by} }
func (p rebasedPoint) Add(a, b kyber.Point) kyber.Point { p.Point.Add(inner(a), inner(b)); return p }
func (p rebasedPoint) Sub(a, b kyber.Point) kyber.Point { p.Point.Sub(inner(a), inner(b)); return p }
func (p rebasedPoint) Neg(a kyber.Point) kyber.Point    { p.Point.Neg(inner(a)); return p }
func (p rebasedPoint) Mul(s kyber.Scalar, q kyber.Point) kyber.Point {
	if q == nil {
		q = rebasedPoint{p.Point.Clone(), p.by}.Base()
	}
	p.Point.Mul(s, inner(q))
	return p
}

type rebasedCodec struct {
	*elgamal.Group
	by kyber.Scalar
}

func (c rebasedCodec) DecodePoint(b []byte) (kyber.Point, error) {
	p, err := c.Group.DecodePointOrIdentity(b)
	return rebasedPoint{p, c.by}, err
}

func (c rebasedCodec) HashToPoint(domain string, msg []byte) kyber.Point {
	return rebasedPoint{c.Group.HashToPoint(domain, msg), c.by}
}

func (c rebasedCodec) MultiScalarMul(s []kyber.Scalar, points []kyber.Point) kyber.Point {
	list := make([]kyber.Point, len(points))
	for i, p := range points {
		list[i] = inner(p)
	}
	return rebasedPoint{c.Group.MultiScalarMul(s, list), c.by}
}

func (c rebasedCodec) SelectSum(bits []uint8, points []kyber.Point) kyber.Point {
	list := make([]kyber.Point, len(points))
	for i, p := range points {
		list[i] = inner(p)
	}
	return rebasedPoint{c.Group.SelectSum(bits, list), c.by}
}

func (c rebasedCodec) MultiScalarMulVarTime(s []kyber.Scalar, points []kyber.Point) kyber.Point {
	return c.MultiScalarMul(s, points)
}

// scalarAt returns where scalar i of a fixture's proof stands.
func (f *fixture) scalarAt(i int) (from, to int) {
	n := f.group.ScalarLen()
	from = f.points*f.group.PointLen() + i*n
	return from, from + n
}

// P05: a scalar has one encoding.
func TestP05ScalarMalleability(t *testing.T) {
	eachFixture(t, func(t *testing.T, f *fixture) {
		q, n := f.group.Order(), f.group.ScalarLen()
		little := f.group.Name() == "ristretto255"
		write := func(dst []byte, v *big.Int) {
			v.FillBytes(dst)
			if little {
				for i := range n / 2 {
					dst[i], dst[n-1-i] = dst[n-1-i], dst[i]
				}
			}
		}
		for i := range f.scalars {
			from, to := f.scalarAt(i)
			s := f.proof[from:to]
			value := new(big.Int).SetBytes(s)
			if little {
				value = littleEndian(s)
			}
			plusQ := new(big.Int).Add(value, q)
			all1 := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(8*n)), big.NewInt(1))
			for name, v := range map[string]*big.Int{"q": q, "q+1": new(big.Int).Add(q, big.NewInt(1)), "z+q": plusQ, "all ones": all1} {
				if v.BitLen() > 8*n {
					continue // does not fit, on P-256 as good as always
				}
				proof := bytes.Clone(f.proof)
				write(proof[from:to], v)
				require.ErrorIs(t, f.statement.Verify(f.group, f.context, proof), ErrEncoding, "scalar %d: %s", i, name)
			}
			minus := bytes.Clone(f.proof)
			write(minus[from:to], new(big.Int).Sub(q, value))
			require.ErrorIs(t, f.statement.Verify(f.group, f.context, minus), ErrProof, "scalar %d: negative", i)
		}
	})
}

// A point has one encoding, too.
func TestP17P18PointMalleability(t *testing.T) {
	eachFixture(t, func(t *testing.T, f *fixture) {
		n := f.group.PointLen()
		for i := range f.points {
			bad := map[string][]byte{}
			p := f.proof[i*n : (i+1)*n]
			edit := func(name string, e func(b []byte)) {
				b := bytes.Clone(p)
				e(b)
				bad[name] = b
			}
			if f.group.Name() == "ristretto255" {
				edit("negative s", func(b []byte) { // p − s
					v := new(big.Int).Sub(new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19)), littleEndian(b))
					copy(b, serializeUint(v, new(big.Int).Lsh(big.NewInt(1), 255)))
				})
				edit("high bit", func(b []byte) { b[31] |= 0x80 })
				edit("not on the curve", func(b []byte) { clear(b); b[0] = 0xed; b[31] = 0x7f; b[30] = 0xff })
			} else {
				edit("hybrid", func(b []byte) { b[0] += 4 })
				edit("uncompressed", func(b []byte) { b[0] = 4 })
				edit("x ≥ p", func(b []byte) {
					for i := range b[1:] {
						b[1+i] = 0xff
					}
				})
				edit("SEC 1 infinity", func(b []byte) { b[0] = 0 })
			}
			for name, b := range bad {
				proof := bytes.Clone(f.proof)
				copy(proof[i*n:], b)
				require.ErrorIs(t, f.statement.Verify(f.group, f.context, proof), ErrEncoding, "point %d: %s", i, name)
			}
		}
	})
}

// P06: what is special to disjunctions.
func TestP06OneOf(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		var f *fixture
		for _, f = range fixtures(g) {
			if f.name == "one of" {
				break
			}
		}
		st := f.statement.(OneOf)
		n := g.ScalarLen()
		edit := func(e func(proof []byte) []byte) error {
			return st.Verify(g, f.context, e(bytes.Clone(f.proof)))
		}
		at := func(i int) int { from, _ := f.scalarAt(i); return from }
		swap := func(b []byte, i, j, n int) {
			x := bytes.Clone(b[i : i+n])
			copy(b[i:i+n], b[j:j+n])
			copy(b[j:j+n], x)
		}
		require.ErrorIs(t, edit(func(b []byte) []byte { swap(b, at(0), at(2), n); return b }), ErrProof, "challenges swapped")
		require.ErrorIs(t, edit(func(b []byte) []byte { swap(b, at(0), at(2), 2*n); return b }), ErrProof, "answers swapped")
		require.ErrorIs(t, edit(func(b []byte) []byte { swap(b, 0, 2*g.PointLen(), 2*g.PointLen()); return b }), ErrProof, "commitments swapped")

		// All of the challenge in the branch that is easy, nothing elsewhere.
		d, err := st.open(g, f.context, f.proof)
		require.NoError(t, err)
		tr, err := st.read(d)
		require.NoError(t, err)
		require.ErrorIs(t, edit(func(b []byte) []byte {
			copy(b[at(0):], g.AppendScalar(nil, tr.e))
			clear(b[at(2) : at(2)+n])
			clear(b[at(4) : at(4)+n])
			return b
		}), ErrProof, "(e, 0, 0)")
		require.ErrorIs(t, edit(func(b []byte) []byte {
			copy(b[at(0):], g.AppendScalar(nil, g.Scalar().Add(tr.sub[0], g.Scalar().One())))
			return b
		}), ErrProof, "challenges do not add up")

		branch := 2*g.PointLen() + 2*n
		require.ErrorIs(t, edit(func(b []byte) []byte { return b[:2*branch] }), ErrShape, "branch missing")
		require.ErrorIs(t, edit(func(b []byte) []byte { return append(b, b[:branch]...) }), ErrShape, "branch too many")
		require.ErrorIs(t, edit(func(b []byte) []byte { return nil }), ErrShape, "no branch")

		// A value that is not in the list: the best is to simulate every branch.
		bad := st
		bad.B = g.Point().Add(bad.B, times(g, g.Uint64Scalar(5), nil))
		_, err = bad.Prove(g, f.context, OneOfWitness{Index: 1, Randomness: (&stream{group: g, name: "one of", n: 1}).scalar()})
		require.ErrorIs(t, err, ErrProof, "the prover refuses")
	})
}

// P07: degenerate proofs.
func TestP07Degenerate(t *testing.T) {
	eachFixture(t, func(t *testing.T, f *fixture) {
		g, n := f.group, f.group.PointLen()
		_, own := f.statement.(ballotClaim)
		if _, ok := f.statement.(OneOf); ok {
			own = true
		}
		reason := ErrGroup // the drafts allow no identity
		if own {
			reason = ErrProof
		}
		require.ErrorIs(t, f.statement.Verify(g, f.context, make([]byte, len(f.proof))), reason, "zeros")
		require.ErrorIs(t, f.statement.Verify(g, f.context, nil), map[bool]error{true: ErrEncoding, false: ErrShape}[f.name != "one of"], "nothing")
		for i := range f.points {
			proof := bytes.Clone(f.proof)
			copy(proof[i*n:(i+1)*n], g.AppendPoint(nil, g.Point()))
			require.ErrorIs(t, f.statement.Verify(g, f.context, proof), reason, "point %d is the identity", i)
		}
		for i := range f.scalars {
			from, to := f.scalarAt(i)
			proof := bytes.Clone(f.proof)
			clear(proof[from:to])
			require.ErrorIs(t, f.statement.Verify(g, f.context, proof), ErrProof, "scalar %d is zero", i)
		}
		// A conversation for the challenge 0 needs no witness.
		if r, _, ok := relationOf(t, g, f.context, f.statement); ok {
			z := (&stream{group: g, name: "P07"}).scalars(r.scalars)
			d := &dialogue{group: g}
			for _, p := range r.apply(z) {
				d.writePoint(p)
			}
			for _, s := range z {
				d.writeScalar(s)
			}
			require.ErrorIs(t, f.statement.Verify(g, f.context, d.proof), ErrProof, "challenge 0")
		}
	})
}

// P08: no two different inputs have one encoding, wherever the bytes move
// between neighbouring fields.
func TestP08Injective(t *testing.T) {
	var words []string
	for _, n := range []int{0, 1, 2, 3} {
		for v := range 1 << n {
			words = append(words, fmt.Sprintf("%0*b", n, v)[:n])
		}
	}
	if testing.Short() {
		words = words[:7]
	}
	g := elgamal.Ristretto255()
	seen := map[string]bool{}
	for _, protocol := range words {
		for _, statement := range words {
			for _, kind := range words {
				for _, position := range words {
					tag := string(sessionTag(g, protocol, statement, Context{Kind: kind, Position: []byte(position)}, nil))
					require.False(t, seen[tag], "%q %q %q %q", protocol, statement, kind, position)
					seen[tag] = true
				}
			}
			for _, extra := range words {
				if extra != "" {
					tag := string(sessionTag(g, protocol, statement, Context{}, []byte(extra)))
					require.False(t, seen[tag])
					seen[tag] = true
				}
			}
		}
	}
	require.Greater(t, len(seen), 2000)

	// Frames: two messages with labels, cut anywhere.
	squeezed := map[string]bool{}
	for _, a := range words {
		for _, b := range words {
			for _, c := range words {
				s := newSponge([32]byte{})
				absorbFrame(s, a, []byte(b))
				absorbFrame(s, "", []byte(c))
				out := string(s.squeeze(32))
				require.False(t, squeezed[out], "%q %q %q", a, b, c)
				squeezed[out] = true
			}
		}
	}

	// Lists: [x, y], [] is not [x], [y].
	src := &stream{group: g, name: "P08"}
	x, y := src.point(), src.point()
	lists := [][][]kyber.Point{{{x, y}, {}}, {{x}, {y}}, {{}, {x, y}}, {{y, x}, {}}, {{x, y}}, {{x}, {y}, {}}}
	sessions := map[[32]byte]bool{}
	for _, l := range lists {
		id := newCombined(g, Context{}, "", l, 2).session
		require.False(t, sessions[id])
		sessions[id] = true
	}
}

// P09: a proof of one kind is void as a proof of any other.
func TestP09OtherKinds(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		list := fixtures(g)
		for _, made := range list {
			for _, shown := range list {
				if made == shown {
					continue
				}
				err := shown.statement.Verify(g, shown.context, made.proof)
				require.Error(t, err)
				if len(made.proof) == len(shown.proof) {
					require.ErrorIs(t, err, ErrProof, "%s as %s", made.name, shown.name)
				}
			}
		}
		// The same claim in another shape.
		s := &stream{group: g, name: "P09"}
		c, x := testContext(), s.scalar()
		image := times(g, x, nil)
		proof, err := Dlog{g.Base(), image}.Prove(g, c, x)
		require.NoError(t, err)
		require.ErrorIs(t, Dlogs{g.Base(), []kyber.Point{image}}.Verify(g, c, proof), ErrProof)
		base2 := s.point()
		proof, err = DLEQ{g.Base(), image, base2, times(g, x, base2)}.Prove(g, c, x)
		require.NoError(t, err)
		one, image2 := []kyber.Point{image}, []kyber.Point{times(g, x, base2)}
		require.ErrorIs(t, DLEQKeys{g.Base(), one, base2, image2}.Verify(g, c, proof), ErrProof)
		require.ErrorIs(t, DLEQBases{g.Base(), image, []kyber.Point{base2}, image2}.Verify(g, c, proof), ErrProof)
	})
}

// P12: nothing may stand behind a proof, and nothing may be missing.
func TestP12TrailingBytes(t *testing.T) {
	eachFixture(t, func(t *testing.T, f *fixture) {
		for n := 1; n <= 64; n++ {
			long := append(bytes.Clone(f.proof), make([]byte, n)...)
			require.ErrorIs(t, f.statement.Verify(f.group, f.context, long), ErrEncoding, "%d more", n)
			require.ErrorIs(t, f.statement.Verify(f.group, f.context, f.proof[:len(f.proof)-n]), ErrEncoding, "%d less", n)
		}
		require.ErrorIs(t, f.statement.Verify(f.group, f.context, append([]byte{0}, f.proof...)), ErrEncoding)
	})
}

// P15, P87: nonces come from randomness, witness and statement, so that a
// random source that repeats itself gives nothing away.
func TestP15P87HedgedNonces(t *testing.T) {
	eachFixture(t, func(t *testing.T, f *fixture) {
		n := f.points * f.group.PointLen()
		seen := map[string]bool{}
		for i := range 20 {
			cryptotest.SetGlobalRandom(t, 1) // the same for every proof
			c := f.context
			c.Position = binary.BigEndian.AppendUint32(nil, uint32(i))
			commitments := f.prove(c)[:n]
			for ; len(commitments) > 0; commitments = commitments[f.group.PointLen():] {
				p := string(commitments[:f.group.PointLen()])
				require.False(t, seen[p], "a commitment stands twice")
				seen[p] = true
			}
		}
		// One context, one random source: the same proof, hence one nonce for
		// one challenge.
		cryptotest.SetGlobalRandom(t, 1)
		first := f.prove(f.context)
		cryptotest.SetGlobalRandom(t, 1)
		require.Equal(t, first, f.prove(f.context))
		cryptotest.SetGlobalRandom(t, 2)
		require.NotEqual(t, first, f.prove(f.context))
	})
	// Another witness for the same statement bytes cannot exist; that the
	// witness is absorbed shows in the private sponge.
	g := elgamal.Ristretto255()
	s := &stream{group: g, name: "P87"}
	at := newSponge([32]byte{})
	a := newNonces(g, at, [32]byte{}, s.scalars(2)).next()
	b := newNonces(g, at, [32]byte{}, s.scalars(2)).next()
	require.False(t, a.Equal(b))
}

// P15: no commitment is used twice over many proofs.
func TestP15CommitmentsDoNotRepeat(t *testing.T) {
	g := elgamal.Ristretto255()
	s := &stream{group: g, name: "P15"}
	x := s.scalar()
	st, n := Dlog{g.Base(), times(g, x, nil)}, 2000
	if testing.Short() {
		n = 100
	}
	seen := map[string]bool{}
	for range n {
		proof, err := st.Prove(g, testContext(), x)
		require.NoError(t, err)
		require.False(t, seen[string(proof[:g.PointLen()])])
		seen[string(proof[:g.PointLen()])] = true
	}
}

// P16: a proof of decryption is about the ciphertext it was made for.
func TestP16OtherCiphertext(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		s := &stream{group: g, name: "P16"}
		x, y := s.scalar(), s.scalar()
		target := func(b []byte) Context { return Context{Kind: "decryption", Position: b} }
		a, other := s.point(), s.point()
		st := DLEQKeys{g.Base(), []kyber.Point{times(g, x, nil), times(g, y, nil)}, a, []kyber.Point{times(g, x, a), times(g, y, a)}}
		proof, err := st.Prove(g, target([]byte("contest 1")), []kyber.Scalar{x, y})
		require.NoError(t, err)
		require.NoError(t, st.Verify(g, target([]byte("contest 1")), proof))
		require.ErrorIs(t, st.Verify(g, target([]byte("contest 2")), proof), ErrProof)
		moved := st
		moved.Base2 = other
		require.ErrorIs(t, moved.Verify(g, target([]byte("contest 1")), proof), ErrProof, "another ciphertext")
		moved.Images2 = []kyber.Point{times(g, x, other), times(g, y, other)}
		require.ErrorIs(t, moved.Verify(g, target([]byte("contest 1")), proof), ErrProof, "another ciphertext, decrypted rightly")
	})
}

// A sum of ciphertexts may be the identity: then everybody sees that its
// decryption is, too, and the keys are still proven.
func TestDecryptionOfTheIdentity(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		s := &stream{group: g, name: "identity"}
		xs := s.scalars(2)
		st := DLEQKeys{g.Base(), []kyber.Point{times(g, xs[0], nil), times(g, xs[1], nil)}, g.Point(), []kyber.Point{g.Point(), g.Point()}}
		proof, err := st.Prove(g, testContext(), xs)
		require.NoError(t, err)
		require.NoError(t, st.Verify(g, testContext(), proof))
		st.Images2[1] = s.point()
		require.ErrorIs(t, st.Verify(g, testContext(), proof), ErrProof)
		_, err = st.Prove(g, testContext(), xs)
		require.ErrorIs(t, err, ErrProof)
	})
}

// Provers refuse a witness that is not one.
func TestProversRefuse(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		s := &stream{group: g, name: "refuse"}
		c, x, y := testContext(), s.scalar(), s.scalar()
		p, q := times(g, x, nil), s.point()
		refuse := func(name string, reason error) func([]byte, error) {
			return func(proof []byte, err error) {
				t.Helper()
				require.ErrorIs(t, err, reason, name)
				require.Nil(t, proof, name)
			}
		}
		refuse("dlog", ErrProof)(Dlog{g.Base(), p}.Prove(g, c, y))
		refuse("dlog: nil", ErrGroup)(Dlog{g.Base(), p}.Prove(g, c, nil))
		refuse("dlogs", ErrProof)(Dlogs{g.Base(), []kyber.Point{p, p}}.Prove(g, c, []kyber.Scalar{x, y}))
		refuse("dlogs: one", ErrShape)(Dlogs{g.Base(), []kyber.Point{p, p}}.Prove(g, c, []kyber.Scalar{x}))
		refuse("dleq", ErrProof)(DLEQ{g.Base(), p, q, times(g, y, q)}.Prove(g, c, x))
		refuse("dleq keys", ErrProof)(DLEQKeys{g.Base(), []kyber.Point{p}, q, []kyber.Point{times(g, y, q)}}.Prove(g, c, []kyber.Scalar{x}))
		refuse("dleq keys: none", ErrShape)(DLEQKeys{g.Base(), []kyber.Point{p}, q, []kyber.Point{q}}.Prove(g, c, nil))
		refuse("dleq keys: nil", ErrGroup)(DLEQKeys{g.Base(), []kyber.Point{p}, q, []kyber.Point{q}}.Prove(g, c, []kyber.Scalar{nil}))
		refuse("dleq bases", ErrProof)(DLEQBases{g.Base(), p, []kyber.Point{q}, []kyber.Point{times(g, y, q)}}.Prove(g, c, x))
		one := OneOf{Key: q, A: p, B: g.Point().Add(times(g, x, q), g.Base()), Messages: []kyber.Point{g.Point(), g.Base()}}
		_, err := one.Prove(g, c, OneOfWitness{1, x})
		require.NoError(t, err)
		refuse("one of: index", ErrProof)(one.Prove(g, c, OneOfWitness{0, x}))
		refuse("one of: no index", ErrRange)(one.Prove(g, c, OneOfWitness{2, x}))
		refuse("one of: negative", ErrRange)(one.Prove(g, c, OneOfWitness{-1, x}))
		refuse("one of: randomness", ErrProof)(one.Prove(g, c, OneOfWitness{1, y}))
		refuse("one of: nil", ErrGroup)(one.Prove(g, c, OneOfWitness{1, nil}))
	})
}

// P85: nothing that is nil or of another group makes a verifier panic.
func TestP85NilAndMixed(t *testing.T) {
	c := testContext()
	r, p := elgamal.Ristretto255(), elgamal.P256()
	nils := []statement{
		Dlog{}, Dlogs{}, Dlogs{Base: r.Base()}, Dlogs{r.Base(), []kyber.Point{nil}}, DLEQ{}, DLEQKeys{}, DLEQBases{}, OneOf{},
		DLEQKeys{r.Base(), []kyber.Point{nil}, r.Base(), []kyber.Point{nil}},
		DLEQKeys{r.Base(), []kyber.Point{r.Base()}, nil, []kyber.Point{nil}},
		DLEQBases{r.Base(), r.Base(), []kyber.Point{nil}, []kyber.Point{nil}},
		OneOf{r.Base(), r.Base(), nil, []kyber.Point{r.Base()}}, OneOf{r.Base(), r.Base(), r.Base(), []kyber.Point{nil}},
		ballotClaim{}, ballotClaim{columns: []Column{{}}},
		ballotClaim{columns: []Column{{Key: r.Base()}}, ballot: BallotStatement{Row: elgamal.Ciphertext{B: []kyber.Point{nil}}}},
		Dlog{p.Base(), r.Base()}, Dlog{r.Base(), p.Base()}, DLEQ{r.Base(), r.Base(), r.Base(), p.Base()},
	}
	for _, s := range nils {
		for _, proof := range [][]byte{nil, make([]byte, 64), make([]byte, 96)} {
			require.Error(t, s.Verify(r, c, proof), "%+v", s)
			require.Error(t, s.AddTo(NewBatch(r), c, "", proof), "%+v", s)
		}
		if _, ok := s.(ballotClaim); !ok {
			require.ErrorIs(t, s.Verify(nil, c, nil), ErrGroup)
			require.ErrorIs(t, s.AddTo(NewBatch(nil), c, "", nil), ErrGroup)
		}
	}
	eachFixture(t, func(t *testing.T, f *fixture) {
		other := map[string]*elgamal.Group{"ristretto255": p, "P-256": r}[f.group.Name()]
		require.ErrorIs(t, f.statement.Verify(other, f.context, f.proof), ErrGroup)
	})
}
