package zkp

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// statement is what all statements of the package have in common; ballots are
// made to fit by ballotClaim.
type statement interface {
	Verify(g *elgamal.Group, c Context, proof []byte) error
	AddTo(b *Batch, c Context, subject string, proof []byte) error
}

// fixture is one statement with a proof that holds.
type fixture struct {
	name      string
	group     *elgamal.Group
	context   Context
	statement statement
	proof     []byte
	prove     func(Context) []byte // for the same statement
	fresh     func(Context, [32]byte) []byte
	changed   []change // other statements for which the proof must not hold
	points    int      // the proof is points, then scalars, but for oneOf
	scalars   int
}

type change struct {
	name      string
	statement statement
	reason    error
}

// ballotClaim is a ballot together with the form it is checked against.
type ballotClaim struct {
	columns []Column
	rules   []Rule
	ballot  BallotStatement
}

func (b ballotClaim) form(g *elgamal.Group, c Context) (*Form, error) {
	return NewForm(g, c.Election, string(c.Position), b.columns, b.rules)
}

func (b ballotClaim) Verify(g *elgamal.Group, c Context, proof []byte) error {
	f, err := b.form(g, c)
	if err != nil {
		return err
	}
	return f.Verify(b.ballot, proof)
}

func (b ballotClaim) AddTo(batch *Batch, c Context, subject string, proof []byte) error {
	f, err := b.form(batch.group, c)
	if err != nil {
		return err
	}
	return f.AddTo(batch, b.ballot, subject, proof)
}

// stream gives the scalars and points of a fixture: fixed by a name, so that
// fixtures and golden vectors do not depend on a random source.
type stream struct {
	group *elgamal.Group
	name  string
	n     int
}

func (s *stream) scalar() kyber.Scalar {
	s.n++
	a := sha256.Sum256(fmt.Appendf(nil, "hanpyo test %s %s %d", s.group.Name(), s.name, s.n))
	b := sha256.Sum256(a[:])
	return s.group.ReduceScalar(append(a[:], b[:16]...))
}

func (s *stream) scalars(n int) (list []kyber.Scalar) {
	for range n {
		list = append(list, s.scalar())
	}
	return list
}

func (s *stream) point() kyber.Point { return s.group.Point().Mul(s.scalar(), nil) }

func times(g *elgamal.Group, x kyber.Scalar, p kyber.Point) kyber.Point { return g.Point().Mul(x, p) }

func groups() []*elgamal.Group {
	return []*elgamal.Group{elgamal.Ristretto255(), elgamal.P256()}
}

// eachGroup runs a test on both groups.
func eachGroup(t *testing.T, test func(t *testing.T, g *elgamal.Group)) {
	for _, g := range groups() {
		t.Run(g.Name(), func(t *testing.T) { test(t, g) })
	}
}

// eachFixture runs a test on every kind of proof over both groups.
func eachFixture(t *testing.T, test func(t *testing.T, f *fixture)) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		for _, f := range fixtures(g) {
			t.Run(f.name, func(t *testing.T) { test(t, f) })
		}
	})
}

var fixtureCache sync.Map // name of the group → []*fixture

func fixtures(g *elgamal.Group) []*fixture {
	if list, ok := fixtureCache.Load(g.Name()); ok {
		return list.([]*fixture)
	}
	list := []*fixture{
		dlogFixture(g, false), dlogFixture(g, true), dlogsFixture(g), dleqFixture(g), dleqKeysFixture(g), dleqBasesFixture(g),
		oneOfFixture(g), ballotFixture(g, "ballot"), ballotFixture(g, "ballot mixed too"), ballotFixture(g, "ballot mixed only"),
	}
	for _, f := range list {
		f.group = g
		f.context = testContext()
		if f.prove == nil {
			f.prove = func(c Context) []byte { return f.fresh(c, freshBytes()) }
		}
		f.proof = f.fresh(f.context, sha256.Sum256([]byte(f.name)))
	}
	fixtureCache.Store(g.Name(), list)
	return list
}

func testContext() Context {
	return Context{Kind: "test", Election: sha256.Sum256([]byte("election")), Position: []byte("position")}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func dlogFixture(g *elgamal.Group, otherBase bool) *fixture {
	s := &stream{group: g, name: "dlog"}
	x, base := s.scalar(), g.Base()
	name := "dlog"
	if otherBase {
		name, base = "dlog of another base", s.point()
	}
	st := Dlog{base, times(g, x, base)}
	return &fixture{
		name: name, statement: st, points: 1, scalars: 1,
		fresh: func(c Context, fresh [32]byte) []byte {
			r, id, err := st.relation(g, c)
			return must(must(r, err).prove(id, []kyber.Scalar{x}, fresh))
		},
		changed: []change{
			{"base", Dlog{s.point(), st.Image}, ErrProof},
			{"image", Dlog{st.Base, s.point()}, ErrProof},
			{"base is the identity", Dlog{g.Point(), st.Image}, ErrGroup},
			{"image is the identity", Dlog{st.Base, g.Point()}, ErrGroup},
			{"swapped", Dlog{st.Image, st.Base}, ErrProof},
		},
	}
}

func dlogsFixture(g *elgamal.Group) *fixture {
	s := &stream{group: g, name: "dlogs"}
	xs := s.scalars(3)
	images := []kyber.Point{times(g, xs[0], nil), times(g, xs[1], nil), times(g, xs[2], nil)}
	st := Dlogs{g.Base(), images}
	with := func(i int, p kyber.Point) Dlogs {
		list := append([]kyber.Point{}, images...)
		list[i] = p
		return Dlogs{st.Base, list}
	}
	return &fixture{
		name: "dlogs", statement: st, points: 3, scalars: 3,
		fresh: func(c Context, fresh [32]byte) []byte { return must(st.ProveSeeded(g, c, xs, fresh)) },
		changed: []change{
			{"base", Dlogs{s.point(), images}, ErrProof},
			{"image 1", with(0, s.point()), ErrProof},
			{"image 2", with(1, s.point()), ErrProof},
			{"image 3", with(2, s.point()), ErrProof},
			{"image is the identity", with(1, g.Point()), ErrGroup},
			{"swapped", Dlogs{st.Base, []kyber.Point{images[1], images[0], images[2]}}, ErrProof},
			{"one less", Dlogs{st.Base, images[:2]}, ErrEncoding},
			{"one more", Dlogs{st.Base, append(images[:3:3], s.point())}, ErrEncoding},
			{"none", Dlogs{st.Base, nil}, ErrShape},
		},
	}
}

func dleqFixture(g *elgamal.Group) *fixture {
	s := &stream{group: g, name: "dleq"}
	x, base2 := s.scalar(), s.point()
	st := DLEQ{g.Base(), times(g, x, nil), base2, times(g, x, base2)}
	return &fixture{
		name: "dleq", statement: st, points: 2, scalars: 1,
		fresh: func(c Context, fresh [32]byte) []byte { return must(st.ProveSeeded(g, c, x, fresh)) },
		changed: []change{
			{"base", DLEQ{s.point(), st.Image, st.Base2, st.Image2}, ErrProof},
			{"image", DLEQ{st.Base, s.point(), st.Base2, st.Image2}, ErrProof},
			{"base 2", DLEQ{st.Base, st.Image, s.point(), st.Image2}, ErrProof},
			{"image 2", DLEQ{st.Base, st.Image, st.Base2, s.point()}, ErrProof},
			{"halves swapped", DLEQ{st.Base2, st.Image2, st.Base, st.Image}, ErrProof},
			{"images swapped", DLEQ{st.Base, st.Image2, st.Base2, st.Image}, ErrProof},
			{"image is the identity", DLEQ{st.Base, g.Point(), st.Base2, st.Image2}, ErrGroup},
			{"image 2 is the identity", DLEQ{st.Base, st.Image, st.Base2, g.Point()}, ErrGroup},
			{"base 2 is the identity", DLEQ{st.Base, st.Image, g.Point(), st.Image2}, ErrGroup},
		},
	}
}

func dleqKeysFixture(g *elgamal.Group) *fixture {
	s := &stream{group: g, name: "dleq keys"}
	xs, base2 := s.scalars(3), s.point()
	st := DLEQKeys{Base: g.Base(), Base2: base2}
	for _, x := range xs {
		st.Images = append(st.Images, times(g, x, nil))
		st.Images2 = append(st.Images2, times(g, x, base2))
	}
	with := func(edit func(*DLEQKeys)) DLEQKeys {
		c := st
		c.Images = append([]kyber.Point{}, st.Images...)
		c.Images2 = append([]kyber.Point{}, st.Images2...)
		edit(&c)
		return c
	}
	swap := func(l []kyber.Point) { l[0], l[1] = l[1], l[0] }
	return &fixture{
		name: "dleq keys", statement: st, points: 2, scalars: 1,
		fresh: func(c Context, fresh [32]byte) []byte { return must(st.prove(g, c, xs, fresh)) },
		changed: []change{
			{"base", with(func(c *DLEQKeys) { c.Base = s.point() }), ErrProof},
			{"base 2", with(func(c *DLEQKeys) { c.Base2 = s.point() }), ErrProof},
			{"base 2 is the identity", with(func(c *DLEQKeys) { c.Base2 = g.Point() }), ErrProof},
			{"key 1", with(func(c *DLEQKeys) { c.Images[0] = s.point() }), ErrProof},
			{"key 3", with(func(c *DLEQKeys) { c.Images[2] = s.point() }), ErrProof},
			{"key is the identity", with(func(c *DLEQKeys) { c.Images[2] = g.Point() }), ErrGroup},
			{"image 2", with(func(c *DLEQKeys) { c.Images2[1] = s.point() }), ErrProof},
			{"image is the identity", with(func(c *DLEQKeys) { c.Images2[1] = g.Point() }), ErrProof},
			{"keys swapped", with(func(c *DLEQKeys) { swap(c.Images) }), ErrProof},
			{"images swapped", with(func(c *DLEQKeys) { swap(c.Images2) }), ErrProof},
			{"both swapped", with(func(c *DLEQKeys) { swap(c.Images); swap(c.Images2) }), ErrProof},
			{"shifted against each other", with(func(c *DLEQKeys) {
				d := s.point()
				c.Images2[0] = g.Point().Add(c.Images2[0], d)
				c.Images2[1] = g.Point().Sub(c.Images2[1], d)
			}), ErrProof},
			{"one less", with(func(c *DLEQKeys) { c.Images, c.Images2 = c.Images[:2], c.Images2[:2] }), ErrProof},
			{"one image less", with(func(c *DLEQKeys) { c.Images2 = c.Images2[:2] }), ErrShape},
			{"none", with(func(c *DLEQKeys) { c.Images, c.Images2 = nil, nil }), ErrShape},
		},
	}
}

func dleqBasesFixture(g *elgamal.Group) *fixture {
	s := &stream{group: g, name: "dleq bases"}
	x := s.scalar()
	st := DLEQBases{Base: g.Base(), Image: times(g, x, nil)}
	for range 3 {
		p := s.point()
		st.Bases2 = append(st.Bases2, p)
		st.Images2 = append(st.Images2, times(g, x, p))
	}
	with := func(edit func(*DLEQBases)) DLEQBases {
		c := st
		c.Bases2 = append([]kyber.Point{}, st.Bases2...)
		c.Images2 = append([]kyber.Point{}, st.Images2...)
		edit(&c)
		return c
	}
	swap := func(l []kyber.Point) { l[0], l[1] = l[1], l[0] }
	return &fixture{
		name: "dleq bases", statement: st, points: 2, scalars: 1,
		fresh: func(c Context, fresh [32]byte) []byte { return must(st.prove(g, c, x, fresh)) },
		changed: []change{
			{"base", with(func(c *DLEQBases) { c.Base = s.point() }), ErrProof},
			{"key", with(func(c *DLEQBases) { c.Image = s.point() }), ErrProof},
			{"key is the identity", with(func(c *DLEQBases) { c.Image = g.Point() }), ErrGroup},
			{"base 2", with(func(c *DLEQBases) { c.Bases2[2] = s.point() }), ErrProof},
			{"base 2 is the identity", with(func(c *DLEQBases) { c.Bases2[2] = g.Point() }), ErrGroup},
			{"image 2", with(func(c *DLEQBases) { c.Images2[0] = s.point() }), ErrProof},
			{"image 2 is the identity", with(func(c *DLEQBases) { c.Images2[0] = g.Point() }), ErrGroup},
			{"images swapped", with(func(c *DLEQBases) { swap(c.Images2) }), ErrProof},
			{"both swapped", with(func(c *DLEQBases) { swap(c.Bases2); swap(c.Images2) }), ErrProof},
			{"shifted against each other", with(func(c *DLEQBases) {
				d := s.point()
				c.Images2[0] = g.Point().Add(c.Images2[0], d)
				c.Images2[1] = g.Point().Sub(c.Images2[1], d)
			}), ErrProof},
			{"one less", with(func(c *DLEQBases) { c.Bases2, c.Images2 = c.Bases2[:2], c.Images2[:2] }), ErrProof},
			{"one base less", with(func(c *DLEQBases) { c.Bases2 = c.Bases2[:2] }), ErrShape},
			{"none", with(func(c *DLEQBases) { c.Bases2, c.Images2 = nil, nil }), ErrShape},
		},
	}
}

func oneOfFixture(g *elgamal.Group) *fixture {
	s := &stream{group: g, name: "one of"}
	key, r := s.point(), s.scalar()
	st := OneOf{Key: key, A: times(g, r, nil), B: times(g, r, key)}
	for v := range uint64(3) {
		st.Messages = append(st.Messages, times(g, g.Uint64Scalar(v), nil))
	}
	st.B = g.Point().Add(st.B, st.Messages[1])
	with := func(edit func(*OneOf)) OneOf {
		c := st
		c.Messages = append([]kyber.Point{}, st.Messages...)
		edit(&c)
		return c
	}
	return &fixture{
		name: "one of", statement: st, points: 6, scalars: 6,
		fresh: func(c Context, fresh [32]byte) []byte {
			return must(st.prove(g, c, OneOfWitness{Index: 1, Randomness: r}, fresh))
		},
		changed: []change{
			{"key", with(func(c *OneOf) { c.Key = s.point() }), ErrProof},
			{"key is the identity", with(func(c *OneOf) { c.Key = g.Point() }), ErrGroup},
			{"A", with(func(c *OneOf) { c.A = s.point() }), ErrProof},
			{"A is the identity", with(func(c *OneOf) { c.A = g.Point() }), ErrGroup},
			{"B", with(func(c *OneOf) { c.B = s.point() }), ErrProof},
			{"message 1", with(func(c *OneOf) { c.Messages[0] = s.point() }), ErrProof},
			{"message 2", with(func(c *OneOf) { c.Messages[1] = s.point() }), ErrProof},
			{"messages swapped", with(func(c *OneOf) { c.Messages[0], c.Messages[2] = c.Messages[2], c.Messages[0] }), ErrProof},
			{"one less", with(func(c *OneOf) { c.Messages = c.Messages[:2] }), ErrShape},
			{"one more", with(func(c *OneOf) { c.Messages = append(c.Messages, s.point()) }), ErrShape},
			{"none", with(func(c *OneOf) { c.Messages = nil }), ErrShape},
		},
	}
}

// testBallot is a ballot with what its voter knows.
type testBallot struct {
	claim   ballotClaim
	witness BallotWitness
	values  []kyber.Scalar // the bits as scalars
}

// makeBallot makes a ballot over four slots that must hold v₀+v₁+v₂ = 1 and
// 2·v₂ − v₃ = −1 … of which the bits 0, 1, 0, 1 are a solution.
func makeBallot(g *elgamal.Group, name string) testBallot {
	s := &stream{group: g, name: name}
	var b testBallot
	var messages []kyber.Point
	slots := map[string][]int{"ballot mixed too": {0, 2, 3, 5}, "ballot mixed only": nil}[name]
	columns := 6
	switch name {
	case "ballot":
		slots, columns = []int{0, 1, 2, 3}, 4
	case "ballot mixed only":
		columns = 2
	}
	isSlot := map[int]bool{}
	for _, i := range slots {
		isSlot[i] = true
	}
	for i := range columns {
		b.claim.columns = append(b.claim.columns, Column{Index: 10 + i, Key: s.point(), Mixed: !isSlot[i]})
	}
	bits := []uint8{0, 1, 0, 1}
	if len(slots) > 0 {
		b.witness.Bits = bits
		b.claim.rules = []Rule{
			{Terms: []Term{{slots[0], 1}, {slots[1], 1}, {slots[2], 1}}, Sum: 1},
			{Terms: []Term{{slots[2], 2}, {slots[3], -1}}, Sum: -1},
		}
	}
	for i, c := range b.claim.columns {
		switch {
		case c.Mixed:
			messages = append(messages, s.point())
		default:
			v := g.Uint64Scalar(uint64(bits[len(b.values)]))
			b.values = append(b.values, v)
			messages = append(messages, times(g, v, nil))
		}
		_ = i
	}
	b.witness.Randomness, b.witness.Credential = s.scalar(), s.scalar()
	b.claim.ballot = BallotStatement{
		Credential: times(g, b.witness.Credential, nil),
		Number:     3,
		Time:       1809846000,
		Row:        encryptRow(g, b.claim.columns, messages, b.witness.Randomness),
	}
	return b
}

func encryptRow(g *elgamal.Group, columns []Column, messages []kyber.Point, r kyber.Scalar) elgamal.Ciphertext {
	row := elgamal.Ciphertext{A: times(g, r, nil)}
	for i, c := range columns {
		row.B = append(row.B, g.Point().Add(messages[i], times(g, r, c.Key)))
	}
	return row
}

func (b ballotClaim) with(edit func(*ballotClaim)) ballotClaim {
	c := b
	c.columns = append([]Column{}, b.columns...)
	c.rules = nil
	for _, r := range b.rules {
		c.rules = append(c.rules, Rule{append([]Term{}, r.Terms...), r.Sum})
	}
	c.ballot.Row = b.ballot.Row.Clone()
	edit(&c)
	return c
}

func ballotFixture(g *elgamal.Group, name string) *fixture {
	b := makeBallot(g, name)
	st, s := b.claim, &stream{group: g, name: name + " changes"}
	f := &fixture{
		name: name, statement: st, points: 7, scalars: len(b.values) + 4,
		fresh: func(c Context, fresh [32]byte) []byte {
			form := must(st.form(g, c))
			return form.proveAny(st.ballot, b.witness.Randomness, b.values, b.witness.Credential, fresh)
		},
		prove: func(c Context) []byte { return must(must(st.form(g, c)).Prove(st.ballot, b.witness)) },
	}
	last := len(st.columns) - 1
	f.changed = []change{
		{"credential", st.with(func(c *ballotClaim) { c.ballot.Credential = s.point() }), ErrProof},
		{"credential is the identity", st.with(func(c *ballotClaim) { c.ballot.Credential = g.Point() }), ErrGroup},
		{"number", st.with(func(c *ballotClaim) { c.ballot.Number++ }), ErrProof},
		{"something bound", st.with(func(c *ballotClaim) { c.ballot.Bound = append(c.ballot.Bound, 0) }), ErrProof},
		{"time", st.with(func(c *ballotClaim) { c.ballot.Time-- }), ErrProof},
		{"time before 1970", st.with(func(c *ballotClaim) { c.ballot.Time = -c.ballot.Time }), ErrProof},
		{"A", st.with(func(c *ballotClaim) { c.ballot.Row.A = s.point() }), ErrProof},
		{"A is the identity", st.with(func(c *ballotClaim) { c.ballot.Row.A = g.Point() }), ErrGroup},
		{"B 1", st.with(func(c *ballotClaim) { c.ballot.Row.B[0] = s.point() }), ErrProof},
		{"last B", st.with(func(c *ballotClaim) { c.ballot.Row.B[last] = s.point() }), ErrProof},
		{"B is the identity", st.with(func(c *ballotClaim) { c.ballot.Row.B[1] = g.Point() }), ErrGroup},
		{"columns swapped", st.with(func(c *ballotClaim) {
			c.ballot.Row.B[0], c.ballot.Row.B[1] = c.ballot.Row.B[1], c.ballot.Row.B[0]
		}), ErrProof},
		{"re-randomised", st.with(func(c *ballotClaim) {
			r := s.scalar()
			c.ballot.Row.A = g.Point().Add(c.ballot.Row.A, times(g, r, nil))
			for i, col := range c.columns {
				c.ballot.Row.B[i] = g.Point().Add(c.ballot.Row.B[i], times(g, r, col.Key))
			}
		}), ErrProof},
		{"column missing in the row", st.with(func(c *ballotClaim) { c.ballot.Row.B = c.ballot.Row.B[:last] }), ErrShape},
		{"column too many in the row", st.with(func(c *ballotClaim) { c.ballot.Row.B = append(c.ballot.Row.B, s.point()) }), ErrShape},
		{"key 1", st.with(func(c *ballotClaim) { c.columns[0].Key = s.point() }), ErrProof},
		{"last key", st.with(func(c *ballotClaim) { c.columns[last].Key = s.point() }), ErrProof},
		{"index", st.with(func(c *ballotClaim) { c.columns[last].Index++ }), ErrProof},
		{"indices swapped", st.with(func(c *ballotClaim) {
			c.columns[0].Index, c.columns[1].Index = c.columns[1].Index, c.columns[0].Index
		}), ErrProof},
	}
	if name == "ballot mixed only" {
		f.points, f.scalars = 2, 2
		f.changed = append(f.changed,
			change{"a column becomes a slot", st.with(func(c *ballotClaim) { c.columns[0].Mixed = false }), ErrEncoding})
		return f
	}
	f.changed = append(f.changed,
		change{"coefficient", st.with(func(c *ballotClaim) { c.rules[0].Terms[0].Coefficient = 2 }), ErrProof},
		change{"sum", st.with(func(c *ballotClaim) { c.rules[0].Sum = 2 }), ErrProof},
		change{"slot of a rule", st.with(func(c *ballotClaim) { c.rules[0].Terms = c.rules[0].Terms[:2] }), ErrProof},
		change{"rule missing", st.with(func(c *ballotClaim) { c.rules = c.rules[:1] }), ErrProof},
		change{"rule too many", st.with(func(c *ballotClaim) { c.rules = append(c.rules, c.rules[0]) }), ErrProof},
		change{"rules swapped", st.with(func(c *ballotClaim) { c.rules[0], c.rules[1] = c.rules[1], c.rules[0] }), ErrProof},
		change{"no rules", st.with(func(c *ballotClaim) { c.rules = nil }), ErrProof},
		change{"a slot becomes mixed", st.with(func(c *ballotClaim) { c.columns[0].Mixed, c.rules = true, nil }), ErrEncoding},
	)
	return f
}

func TestProofsHold(t *testing.T) {
	eachFixture(t, func(t *testing.T, f *fixture) {
		require.NoError(t, f.statement.Verify(f.group, f.context, f.proof))
		other := f.prove(f.context)
		require.NotEqual(t, f.proof, other)
		require.Len(t, other, len(f.proof))
		require.NoError(t, f.statement.Verify(f.group, f.context, other))
	})
}
