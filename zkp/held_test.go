package zkp

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// held is a conversation with its challenges held fixed: it tells which
// equations hold when messages change and challenges do not.
type held struct {
	points  []kyber.Point
	scalars []kyber.Scalar
	names   []string // of points, then scalars
	// equations evaluates every equation by itself.
	equations func(points []kyber.Point, scalars []kyber.Scalar) []bool
}

// alone evaluates n equations, each by itself, by giving all others weight 0.
func alone(g *elgamal.Group, n int, collect func(b *Batch, weight []kyber.Scalar)) []bool {
	out := make([]bool, n)
	for j := range out {
		weight := make([]kyber.Scalar, n)
		for i := range weight {
			weight[i] = g.Scalar()
		}
		weight[j] = g.Scalar().One()
		out[j] = holds(g, func(b *Batch) { collect(b, weight) })
	}
	return out
}

// holds says whether what collect puts into a batch sums up to the identity.
func holds(g *elgamal.Group, collect func(b *Batch)) bool {
	b := NewBatch(g)
	b.begin("")
	collect(b)
	b.end()
	return b.Verify() == nil
}

func all(list []bool) bool {
	for _, ok := range list {
		if !ok {
			return false
		}
	}
	return true
}

// relationOf returns the linear relation of a statement that has one.
func relationOf(t *testing.T, g *elgamal.Group, c Context, s statement) (*relation, [32]byte, bool) {
	t.Helper()
	var r *relation
	var id [32]byte
	var err error
	var l *combined
	switch s := s.(type) {
	case Dlog:
		r, id, err = s.relation(g, c)
	case Dlogs:
		r, id, err = s.relation(g, c)
	case DLEQ:
		r, id, err = s.relation(g, c)
	case DLEQKeys:
		if l, err = s.combine(g, c); err == nil {
			r, id = l.relation, l.session
		}
	case DLEQBases:
		if l, err = s.combine(g, c); err == nil {
			r, id = l.relation, l.session
		}
	default:
		return nil, id, false
	}
	require.NoError(t, err)
	return r, id, true
}

// hold opens a fixture's proof, for the fixture's or another statement.
func hold(t *testing.T, f *fixture, s statement, proof []byte) *held {
	t.Helper()
	if r, id, ok := relationOf(t, f.group, f.context, s); ok {
		tr, err := r.read(id, proof)
		require.NoError(t, err)
		return holdRelation(r, tr)
	}
	switch s := s.(type) {
	case OneOf:
		d, err := s.open(f.group, f.context, proof)
		require.NoError(t, err)
		tr, err := s.read(d)
		require.NoError(t, err)
		return holdOneOf(f.group, s, tr)
	case ballotClaim:
		form := must(s.form(f.group, f.context))
		d := form.open(s.ballot, proof)
		m, ch := form.read(d)
		require.NoError(t, d.err)
		return holdBallot(form, s.ballot, m, ch)
	}
	t.Fatalf("statement %T", s)
	return nil
}

func holdRelation(r *relation, tr relationTranscript) *held {
	return &held{points: tr.commitments, scalars: tr.z,
		equations: func(points []kyber.Point, scalars []kyber.Scalar) []bool {
			return alone(r.group, len(r.equations), func(b *Batch, weight []kyber.Scalar) {
				r.collect(b, relationTranscript{points, tr.e, scalars}, weight)
			})
		}}
}

func holdOneOf(g *elgamal.Group, s OneOf, tr oneOfTranscript) *held {
	h := &held{points: tr.commitments}
	for i := range tr.sub {
		h.scalars = append(h.scalars, tr.sub[i], tr.z[i])
	}
	h.equations = func(points []kyber.Point, scalars []kyber.Scalar) []bool {
		again := oneOfTranscript{commitments: points}
		sum := g.Scalar()
		for i := 0; i < len(scalars); i += 2 {
			again.sub, again.z = append(again.sub, scalars[i]), append(again.z, scalars[i+1])
			sum.Add(sum, scalars[i])
		}
		return append(alone(g, len(points), func(b *Batch, weight []kyber.Scalar) {
			s.collect(b, again, weight)
		}), sum.Equal(tr.e))
	}
	return h
}

func holdBallot(f *Form, st BallotStatement, m ballotMessages, ch ballotChallenges) *held {
	h := &held{points: []kyber.Point{m.R, m.Q}, scalars: []kyber.Scalar{m.zr, m.zk}, names: []string{"R", "Q", "z_r", "z_k"}}
	if len(f.slots) > 0 {
		h.points = []kyber.Point{m.V, m.S, m.R, m.L, m.C1, m.C0, m.Q}
		h.scalars = append(append([]kyber.Scalar{}, m.f...), m.zr, m.zv, m.zc, m.zk)
		h.names = []string{"V", "S", "R", "L", "C1", "C0", "Q"}
		for range m.f {
			h.names = append(h.names, "f")
		}
		h.names = append(h.names, "z_r", "z_v", "z_c", "z_k")
	}
	h.equations = func(p []kyber.Point, s []kyber.Scalar) []bool {
		again := ballotMessages{R: p[0], Q: p[1], zr: s[0], zk: s[1]}
		if n := len(f.slots); n > 0 {
			again = ballotMessages{V: p[0], S: p[1], R: p[2], L: p[3], C1: p[4], C0: p[5], Q: p[6],
				f: s[:n], zr: s[n], zv: s[n+1], zc: s[n+2], zk: s[n+3]}
		}
		return f.equations(st, again, ch)
	}
	return h
}

// equations evaluates (1) to (5), each by itself.
func (f *Form) equations(st BallotStatement, m ballotMessages, ch ballotChallenges) []bool {
	return alone(f.group, 5, func(b *Batch, weight []kyber.Scalar) { f.collect(b, st, m, ch, weight) })
}

// Whatever is altered in a proof, an equation fails, and not only the hash.
func TestAlteredMessagesFailAnEquation(t *testing.T) {
	eachFixture(t, func(t *testing.T, f *fixture) {
		g := f.group
		h := hold(t, f, f.statement, f.proof)
		require.Len(t, h.points, f.points)
		require.Len(t, h.scalars, f.scalars)
		require.True(t, all(h.equations(h.points, h.scalars)), "control")
		for i := range h.points {
			points := append([]kyber.Point{}, h.points...)
			points[i] = g.Point().Add(points[i], g.Base())
			require.False(t, all(h.equations(points, h.scalars)), "point %d", i)
		}
		for i := range h.scalars {
			scalars := append([]kyber.Scalar{}, h.scalars...)
			scalars[i] = g.Scalar().Add(scalars[i], g.Scalar().One())
			require.False(t, all(h.equations(h.points, scalars)), "scalar %d", i)
		}
	})
}

// Each message of a ballot proof is in exactly the equations of the protocol.
func TestBallotMessagesStandInTheirEquations(t *testing.T) {
	fails := map[string][]bool{ // which equations notice
		"V":   {false, false, true, false, false},
		"S":   {false, false, true, false, false},
		"R":   {true, false, false, false, false},
		"L":   {false, true, false, false, false},
		"C1":  {false, false, false, true, false},
		"C0":  {false, false, false, true, false},
		"Q":   {false, false, false, false, true},
		"f":   {false, true, true, true, false},
		"z_r": {true, true, false, false, false},
		"z_v": {false, false, true, false, false},
		"z_c": {false, false, false, true, false},
		"z_k": {false, false, false, false, true},
		"A":   {true, false, false, false, false},
		"B":   {false, true, false, false, false},
		"K":   {false, false, false, false, true},
	}
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		for _, f := range fixtures(g) {
			claim, ok := f.statement.(ballotClaim)
			if !ok {
				continue
			}
			form := must(claim.form(g, f.context))
			d := form.open(claim.ballot, f.proof)
			m, ch := form.read(d)
			h := holdBallot(form, claim.ballot, m, ch)
			noticed := func(held []bool) (out []bool) {
				for _, ok := range held {
					out = append(out, !ok)
				}
				return out
			}
			want := func(name string) []bool {
				list := append([]bool{}, fails[name]...)
				if len(form.slots) == 0 {
					list[1], list[2], list[3] = false, false, false
				}
				return list
			}
			for i, name := range h.names {
				points, scalars := append([]kyber.Point{}, h.points...), append([]kyber.Scalar{}, h.scalars...)
				if i < len(points) {
					points[i] = g.Point().Add(points[i], g.Base())
				} else {
					scalars[i-len(points)] = g.Scalar().Add(scalars[i-len(points)], g.Scalar().One())
				}
				require.Equal(t, want(name), noticed(h.equations(points, scalars)), "%s: %s", f.name, name)
			}
			for i := range len(claim.columns) + 2 {
				st, name := claim.ballot, "B"
				st.Row = st.Row.Clone()
				switch {
				case i == 0:
					name, st.Row.A = "A", g.Point().Add(st.Row.A, g.Base())
				case i == 1:
					name, st.Credential = "K", g.Point().Add(st.Credential, g.Base())
				default:
					st.Row.B[i-2] = g.Point().Add(st.Row.B[i-2], g.Base())
					if claim.columns[i-2].Mixed {
						name = "" // stands in the hash only
					}
				}
				expected := make([]bool, 5)
				if name != "" {
					expected = want(name)
				}
				require.Equal(t, expected, noticed(form.equations(st, m, ch)), "%s: %s", f.name, name)
			}
		}
	})
}
