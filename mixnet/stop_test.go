package mixnet

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// lateContext is cancelled when it has been asked a number of times.
type lateContext struct {
	context.Context
	left atomic.Int64
}

func cancelledAfter(times int64) *lateContext {
	c := &lateContext{Context: ctx}
	c.left.Store(times)
	return c
}

func (c *lateContext) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// junkMix is a statement of n rows that nobody has shuffled, with a proof of the
// right length.
func junkMix(g *elgamal.Group, n int) (Statement, Mix) {
	list := func() *List {
		rows := make([]elgamal.Ciphertext, n)
		p, step := g.Point().Mul(g.RandomScalar(), nil), g.Point().Mul(g.RandomScalar(), nil)
		for i := range rows {
			p = g.Point().Add(p, step)
			rows[i] = elgamal.Ciphertext{A: p, B: []kyber.Point{p}}
		}
		return listOf(g, 1, rows)
	}
	s := Statement{elgamal.GenerateKey(g, 1).Public(), list(), list()}
	return s, Mix{testPlace(), s.Output, make([]byte, ProofLen(g, 1, n))}
}

// Reading a long mix can be stopped in the middle of each of its parts.
func TestReadingStops(t *testing.T) {
	g := elgamal.Ristretto255()
	s, m := junkMix(g, 3*rowsUnasked)
	msg, ch, err := s.read(ctx, m.Place, m.Proof)
	require.NoError(t, err)
	for name, read := range map[string]func(ctx context.Context) error{
		"fresh":    func(ctx context.Context) error { return checkFresh(ctx, s.Input, s.Output) },
		"messages": func(ctx context.Context) error { _, _, err := s.read(ctx, m.Place, m.Proof); return err },
		"product":  func(ctx context.Context) error { _, err := complete(ctx, s, msg, ch); return err },
		"mix":      func(ctx context.Context) error { _, err := readMix(ctx, s, m); return err },
	} {
		require.NoError(t, read(ctx), name)
		for _, times := range []int64{0, 1, 2} {
			require.ErrorIs(t, read(cancelledAfter(times)), context.Canceled, "%s, %d", name, times)
		}
	}
	// What it would have said of a mix is not known, and not said.
	s.Output = edited(s.Output, func(r []elgamal.Ciphertext) { r[len(r)-1] = r[0] })
	err = s.Verify(cancelledAfter(2), m.Place, m.Proof, nil)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorAs(t, err, new(*MixError))
	require.ErrorIs(t, s.Verify(ctx, m.Place, m.Proof, nil), ErrDuplicate)
}

// A derivation that is stopped has not been for nothing, and who waits for
// another one can be stopped too.
func TestGeneratorsStop(t *testing.T) {
	g := otherGroup(elgamal.Ristretto255())
	late := cancelledAfter(30)
	_, err := deriveGenerators(newWork(late, &Options{Workers: 1}, 0), g, 3*generatorSlice)
	require.ErrorIs(t, err, context.Canceled)
	cache := generatorsOf(g)
	require.Len(t, cache.list, generatorSlice)
	all, err := deriveGenerators(newWork(ctx, nil, 0), g, generatorSlice)
	require.NoError(t, err)
	for _, i := range []int{0, 1, generatorSlice - 1, generatorSlice} {
		require.True(t, all[i].Equal(g.Generator(generatorLabel, i)), i)
	}

	cache.turn <- struct{}{} // somebody is at it
	stopped, stop := context.WithCancel(ctx)
	stop()
	_, err = deriveGenerators(newWork(stopped, nil, 0), g, 1)
	require.ErrorIs(t, err, context.Canceled)
	<-cache.turn
}

// What nobody has needed for a while is let go.
func TestGeneratorsAreFreed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := otherGroup(elgamal.Ristretto255())
		w := newWork(ctx, nil, 0)
		held := func() []kyber.Point {
			c := generatorsOf(g)
			c.turn <- struct{}{}
			defer func() { <-c.turn }()
			return c.list
		}
		derive := func() {
			_, err := deriveGenerators(w, g, 3)
			require.NoError(t, err)
			require.NotEmpty(t, held())
		}
		derive()
		time.Sleep(keepGenerators - time.Second)
		derive()
		time.Sleep(keepGenerators - time.Second)
		synctest.Wait()
		require.NotEmpty(t, held(), "it was needed since")
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Empty(t, held())
		derive()
		time.Sleep(2 * keepGenerators) // no timer is left behind
	})
}

// A key that was not made by NewPublicKey is refused and not worked with.
func TestHandMadeKeys(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		m := makeMix(g, 2, 3)
		other := groups()[0]
		if other == g {
			other = groups()[1]
		}
		y := m.Key.Points
		for name, c := range map[string]struct {
			key  *elgamal.PublicKey
			want error
		}{
			"as it is":       {&elgamal.PublicKey{Group: g, Points: y}, nil},
			"no point":       {&elgamal.PublicKey{Group: g, Points: []kyber.Point{y[0], nil}}, ErrGroup},
			"identity":       {&elgamal.PublicKey{Group: g, Points: []kyber.Point{g.Point(), y[1]}}, ErrGroup},
			"other group":    {&elgamal.PublicKey{Group: g, Points: []kyber.Point{y[0], other.Base()}}, ErrGroup},
			"no points":      {&elgamal.PublicKey{Group: g}, ErrShape},
			"no group":       {&elgamal.PublicKey{Points: y}, ErrShape},
			"no key":         {nil, ErrShape},
			"one point less": {&elgamal.PublicKey{Group: g, Points: y[:1]}, ErrShape},
		} {
			s := Statement{c.key, m.Input, m.Output}
			require.ErrorIs(t, s.Verify(ctx, m.place, m.proof, nil), c.want, name)
			_, err := s.Prove(ctx, m.place, m.secret, nil)
			require.ErrorIs(t, err, c.want, name)
			_, _, err = Shuffle(ctx, c.key, m.Input, nil)
			require.ErrorIs(t, err, c.want, name)
		}
	})
}

// The parts of a long sum are shared out evenly: the busiest worker has no more
// than its share, but for rounding and for sums that are too short to be cut.
func TestSumsAreSharedOut(t *testing.T) {
	for workers := 1; workers <= 9; workers++ {
		w := newWork(ctx, &Options{Workers: workers}, 0)
		for _, n := range []int{0, 1, minPart, minPart + 1, 5000, maxPart, maxPart + 1, 100_000, 1<<20 + 7} {
			grain := w.grain(n)
			require.LessOrEqual(t, grain, maxPart)
			rounds := (n + grain*workers - 1) / (grain * workers)
			share := (n + workers - 1) / workers
			require.LessOrEqual(t, rounds*grain, max(minPart, share+rounds), "%d rows, %d workers", n, workers)
		}
	}
}
