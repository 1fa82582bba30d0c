package mixnet

import (
	"context"
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/p256"
	"github.com/hanpyo/hanpyo/internal/ristretto255"
)

// stream gives the scalars of a fixture: fixed by a name, so that fixtures and
// golden vectors do not depend on a random source.
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

func (s *stream) point() kyber.Point { return s.group.Point().Mul(s.scalar(), nil) }

func groups() []*elgamal.Group { return []*elgamal.Group{elgamal.Ristretto255(), elgamal.P256()} }

func eachGroup(t *testing.T, test func(t *testing.T, g *elgamal.Group)) {
	for _, g := range groups() {
		t.Run(g.Name(), func(t *testing.T) { test(t, g) })
	}
}

// otherGroup is a group of the same points as g that is a value of its own, with
// generators of its own in the cache.
func otherGroup(g *elgamal.Group) *elgamal.Group {
	if g.Name() == "P-256" {
		return must(elgamal.NewGroup(g.Name(), p256.Group{}, p256.Group{}))
	}
	return must(elgamal.NewGroup(g.Name(), ristretto255.Group{}, ristretto255.Group{}))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var ctx = context.Background()

// mixed is a mix that holds, with its secrets.
type mixed struct {
	Statement
	place   Place
	secret  *Secret
	private *elgamal.PrivateKey
	proof   []byte
	random  *stream
}

// makeMix shuffles n rows of width w. Order and randomness, but not the key,
// are the same every time; the row of voter i encrypts the points (i·w+k+1)·G.
func makeMix(g *elgamal.Group, w, n int) *mixed {
	m := &mixed{place: testPlace(), private: elgamal.GenerateKey(g, w), random: &stream{group: g, name: fmt.Sprint(w, n)}}
	m.Key = m.private.Public()
	m.fill(n)
	return m
}

func (m *mixed) fill(n int) {
	g, w := m.Key.Group, m.Key.Width()
	rows := make([]elgamal.Ciphertext, n)
	for i := range rows {
		rows[i] = m.Key.Encrypt(plaintext(g, w, i), m.random.scalar())
	}
	m.Input = listOf(g, w, rows)
	m.secret = &Secret{}
	for i := range n {
		m.secret.permutation = append(m.secret.permutation, (i*7+3)%n) // a permutation unless 7 divides n
		m.secret.randomness = append(m.secret.randomness, m.random.scalar())
	}
	m.Output = must(m.secret.apply(newWork(ctx, nil, 0), m.Key, m.Input))
	m.proof = must(m.prove(newWork(ctx, nil, 0), m.place, m.secret, sha256.Sum256([]byte("fresh"))))
}

func plaintext(g *elgamal.Group, w, i int) []kyber.Point {
	list := make([]kyber.Point, w)
	for k := range list {
		list[k] = g.Point().Mul(g.Uint64Scalar(uint64(i*w+k+1)), nil)
	}
	return list
}

func testPlace() Place {
	return Place{Election: sha256.Sum256([]byte("election")), Contest: "mayor", Step: 1, Mixer: []byte("mixer")}
}

func listOf(g *elgamal.Group, w int, rows []elgamal.Ciphertext) *List {
	return must(NewList(ctx, g, w, rows, nil))
}

// edited returns a copy of a list with some rows changed.
func edited(l *List, edit func(rows []elgamal.Ciphertext)) *List {
	rows := make([]elgamal.Ciphertext, l.Len())
	for i := range rows {
		rows[i] = l.rows[i].Clone()
	}
	edit(rows)
	return listOf(l.group, l.width, rows)
}

func (m *mixed) verify() error { return m.Verify(ctx, m.place, m.proof, nil) }

// read decodes the proof with the challenges it has.
func (m *mixed) held() (messages, challenges) {
	msg, ch, err := m.read(ctx, m.place, m.proof)
	if err != nil {
		panic(err)
	}
	return msg, ch
}

// failing returns which of the equations a, b, c, d0, d1, … do not hold, or f
// alone, for given challenges.
func failing(s Statement, m messages, ch challenges) (list []string) {
	c, err := complete(ctx, s, m, ch)
	if err != nil {
		return []string{"f"}
	}
	g := s.Key.Group
	names := []string{"a", "b", "c"}
	for k := range s.Key.Width() + 1 {
		names = append(names, fmt.Sprint("d", k))
	}
	for i, name := range names {
		weights := make([]kyber.Scalar, len(names))
		for j := range weights {
			weights[j] = g.Scalar()
		}
		weights[i] = g.Scalar().One()
		if !g.IsIdentity(must(sumMixes(newWork(ctx, nil, 0), []checkedMix{c}, [][]kyber.Scalar{weights}))) {
			list = append(list, name)
		}
	}
	return list
}

// cheat runs the prover like Statement.prove, and lets a cheater change what it
// holds before each message and each challenge.
func cheat(s Statement, place Place, secret *Secret, interfere func(after string, p *prover)) []byte {
	t := s.open(place, nil)
	p := must(s.newProver(newWork(ctx, nil, 0), secret, t, [32]byte{1}))
	check := func(err error, after string) {
		if err != nil {
			panic(err)
		}
		interfere(after, p)
	}
	check(p.commitOrder(), "order")
	t.WritePoint(p.ca)
	s.drawU(t, &p.challenges)
	check(p.commitPermuted(), "permuted")
	t.WritePoint(p.cb)
	drawYZ(t, &p.challenges)
	check(p.commitMasks(), "masks")
	for _, c := range append([]kyber.Point{p.cd, p.cdelta, p.cDelta, p.cA}, p.E0...) {
		t.WritePoint(c)
	}
	drawX(t, &p.challenges)
	p.respond()
	check(nil, "responses")
	for _, list := range [][]kyber.Scalar{p.at, p.Pt, {p.rt, p.st}, p.a, {p.r, p.tau}} {
		for _, x := range list {
			t.WriteScalar(x)
		}
	}
	return t.Proof()
}

func TestCheatWithoutInterferenceIsTheProver(t *testing.T) {
	m := makeMix(elgamal.Ristretto255(), 2, 5)
	proof := cheat(m.Statement, m.place, m.secret, func(string, *prover) {})
	require.NoError(t, m.Verify(ctx, m.place, proof, nil))
	require.Equal(t, must(m.prove(newWork(ctx, nil, 0), m.place, m.secret, [32]byte{1})), proof)
}
