package zkp

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/ristretto255"
)

func TestBatchHolds(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		b := NewBatch(g)
		require.NoError(t, b.Verify(), "empty")
		for range 3 {
			for _, f := range fixtures(g) {
				require.NoError(t, f.statement.AddTo(b, f.context, f.name, f.proof))
			}
		}
		require.Equal(t, 3*len(fixtures(g)), b.Len())
		require.NoError(t, b.Verify())
		require.NoError(t, b.Verify(), "again")
	})
}

// mutants returns proofs that differ from a fixture's in one byte, one message
// or by being made for something else. Some of them do not parse.
func mutants(f *fixture) (list [][]byte) {
	step := 7
	if testing.Short() {
		step = 31
	}
	for i := 0; i < len(f.proof); i += step {
		for _, bit := range []byte{1, 0x10} {
			proof := bytes.Clone(f.proof)
			proof[i] ^= bit
			list = append(list, proof)
		}
	}
	g, n := f.group, f.group.PointLen()
	for i := range f.points {
		p := must(g.DecodePoint(f.proof[i*n : (i+1)*n]))
		for _, q := range []kyber.Point{g.Point().Add(p, g.Base()), g.Point().Neg(p), g.Base()} {
			proof := bytes.Clone(f.proof)
			copy(proof[i*n:], g.AppendPoint(nil, q))
			list = append(list, proof)
		}
	}
	for i := range f.scalars {
		from, to := f.scalarAt(i)
		s := must(g.DecodeScalar(f.proof[from:to]))
		for _, z := range []kyber.Scalar{g.Scalar().Add(s, g.Scalar().One()), g.Scalar().Neg(s)} {
			proof := bytes.Clone(f.proof)
			copy(proof[from:], g.AppendScalar(nil, z))
			list = append(list, proof)
		}
	}
	c := f.context
	c.Election[3] ^= 1
	return append(list, f.prove(c), f.prove(f.context), f.proof)
}

// A batch finds exactly the proofs that fail by themselves.
func TestBatchIsOneByOne(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		b := NewBatch(g)
		var want []BadItem
		for _, f := range fixtures(g) {
			for i, proof := range mutants(f) {
				subject := fmt.Sprintf("%s, mutant %d", f.name, i)
				single := f.statement.Verify(g, f.context, proof)
				added := f.statement.AddTo(b, f.context, subject, proof)
				if added != nil {
					require.EqualError(t, single, added.Error(), subject)
					continue
				}
				if single != nil {
					require.ErrorIs(t, single, ErrProof, subject)
					want = append(want, BadItem{b.Len() - 1, subject})
				}
			}
		}
		require.Greater(t, b.Len(), len(want))
		require.NotEmpty(t, want)
		err := b.Verify()
		require.ErrorIs(t, err, ErrProof)
		var bad *BatchError
		require.ErrorAs(t, err, &bad)
		require.Equal(t, want, bad.Bad)
	})
}

// P14: errors in two proofs that would cancel in an unweighted sum.
func TestP14Cancelling(t *testing.T) {
	eachFixture(t, func(t *testing.T, f *fixture) {
		g := f.group
		from, to := f.scalarAt(f.scalars - 1)
		z := must(g.DecodeScalar(f.proof[from:to]))
		plus, minus := bytes.Clone(f.proof), bytes.Clone(f.proof)
		copy(plus[from:], g.AppendScalar(nil, g.Scalar().Add(z, g.Scalar().One())))
		copy(minus[from:], g.AppendScalar(nil, g.Scalar().Sub(z, g.Scalar().One())))

		b := NewBatch(g)
		require.NoError(t, f.statement.AddTo(b, f.context, "good", f.proof))
		require.NoError(t, f.statement.AddTo(b, f.context, "plus", plus))
		require.NoError(t, f.statement.AddTo(b, f.context, "minus", minus))
		var bad *BatchError
		require.ErrorAs(t, b.Verify(), &bad)
		require.Equal(t, []BadItem{{1, "plus"}, {2, "minus"}}, bad.Bad)
	})
	// Control: the same errors cancel where the weights are equal.
	g := elgamal.Ristretto255()
	f := fixtures(g)[0]
	r, id, _ := relationOf(t, g, f.context, f.statement)
	tr := must(r.read(id, f.proof))
	one := []kyber.Scalar{g.Scalar().One()}
	require.True(t, holds(g, func(b *Batch) {
		up, down := tr, tr
		up.z = []kyber.Scalar{g.Scalar().Add(tr.z[0], one[0])}
		down.z = []kyber.Scalar{g.Scalar().Sub(tr.z[0], one[0])}
		r.collect(b, up, one)
		r.collect(b, down, one)
	}))
}

// P14 inside one proof: errors in two equations that would cancel.
func TestP14CancellingEquations(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		for _, f := range fixtures(g) {
			n := g.PointLen()
			for i := range f.points {
				for j := range i {
					shift := (&stream{group: g, name: "P14"}).point()
					proof := bytes.Clone(f.proof)
					pi, pj := must(g.DecodePoint(proof[i*n:(i+1)*n])), must(g.DecodePoint(proof[j*n:(j+1)*n]))
					points := hold(t, f, f.statement, f.proof)
					list := append([]kyber.Point{}, points.points...)
					list[i], list[j] = g.Point().Add(pi, shift), g.Point().Sub(pj, shift)
					require.False(t, all(points.equations(list, points.scalars)), "%s: %d and %d", f.name, i, j)
				}
			}
		}
	})
}

// ballotsFor makes one ballot per number; those in bad hold a wrong scalar.
func ballotsFor(t testing.TB, form *Form, n int, bad map[int]bool) ([]BallotStatement, [][]byte) {
	c := newCheater(form, scalarsOf(form.group, make([]int64, len(form.slots))...)...)
	c.values[0] = form.group.Scalar().One()
	messages := make([]kyber.Point, len(c.values))
	for i, v := range c.values {
		messages[i] = times(form.group, v, nil)
	}
	var ballots []BallotStatement
	var proofs [][]byte
	for i := range n {
		r := c.randomness.scalar()
		st := BallotStatement{Credential: times(form.group, c.k, nil), Number: uint32(i + 1), Row: encryptRow(form.group, form.columns, messages, r)}
		proof := form.proveAny(st, r, c.values, c.k, freshBytes())
		if bad[i] {
			last := len(proof) - form.group.ScalarLen()
			z := must(form.group.DecodeScalar(proof[last:]))
			copy(proof[last:], form.group.AppendScalar(nil, z.Add(z, form.group.Scalar().One())))
		}
		ballots, proofs = append(ballots, st), append(proofs, proof)
	}
	return ballots, proofs
}

// Every bad one is named, wherever it stands, and the result does not depend
// on how many goroutines filled the batch.
func TestBatchNamesTheBad(t *testing.T) {
	g := elgamal.Ristretto255()
	form := slotsForm(g, 2, sumRule(2, 1))
	const n = 13
	ballots, proofs := ballotsFor(t, form, n, map[int]bool{})
	_, spoiled := ballotsFor(t, form, n, map[int]bool{0: true, 1: true, 2: true, 3: true, 4: true, 5: true, 6: true, 7: true, 8: true, 9: true, 10: true, 11: true, 12: true})
	for _, bad := range [][]int{{}, {0}, {12}, {6}, {0, 12}, {5, 6}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}} {
		var want []BadItem
		isBad := map[int]bool{}
		for _, i := range bad {
			isBad[i] = true
			want = append(want, BadItem{i, fmt.Sprint("ballot ", i)})
		}
		for _, workers := range []int{1, 2, 5, n} {
			parts := make([]*Batch, workers)
			var wait sync.WaitGroup
			for w := range workers {
				parts[w] = NewBatch(g)
				wait.Go(func() {
					for i := w * n / workers; i < (w+1)*n/workers; i++ {
						proof := proofs[i]
						if isBad[i] {
							proof = spoiled[i]
						}
						if err := form.AddTo(parts[w], ballots[i], fmt.Sprint("ballot ", i), proof); err != nil {
							panic(err)
						}
					}
				})
			}
			wait.Wait()
			b := NewBatch(g)
			for _, part := range parts {
				b.Merge(part)
			}
			require.Equal(t, n, b.Len())
			err := b.Verify()
			if len(want) == 0 {
				require.NoError(t, err)
				continue
			}
			var e *BatchError
			require.ErrorAs(t, err, &e)
			require.Equal(t, want, e.Bad)
			require.True(t, errors.Is(err, ErrProof))
		}
	}
}

// counting is ristretto255, and counts the terms of public sums.
type counting struct {
	ristretto255.Group
	terms *int
}

func (c counting) MultiScalarMulVarTime(scalars []kyber.Scalar, points []kyber.Point) kyber.Point {
	*c.terms += len(points)
	return c.Group.MultiScalarMulVarTime(scalars, points)
}

// The search finds exactly what is bad, few or many, and takes no more than it
// may: for one about another batch, and for all about as much as one by one.
func TestSearchForTheBad(t *testing.T) {
	terms := 0
	g := must(elgamal.NewGroup("ristretto255", ristretto255.Group{}, counting{terms: &terms}))
	form := slotsForm(g, 2, sumRule(2, 1))
	ballots, good := ballotsFor(t, form, 1, nil)
	spoiled, wrong := ballotsFor(t, form, 1, map[int]bool{0: true})
	const n = 128
	search := func(isBad func(i int) bool) (batch, all int) {
		b := NewBatch(g)
		var want []BadItem
		for i := range n {
			if isBad(i) {
				want = append(want, BadItem{i, ""})
				require.NoError(t, form.AddTo(b, spoiled[0], "", wrong[0]))
			} else {
				require.NoError(t, form.AddTo(b, ballots[0], "", good[0]))
			}
		}
		terms = 0
		err := b.Verify()
		if want == nil {
			require.NoError(t, err)
		} else {
			require.Equal(t, &BatchError{want}, err)
		}
		return len(b.points) + len(b.fixedPoints), terms
	}
	batch, all := search(func(int) bool { return false })
	require.Equal(t, batch, all)
	for _, at := range []int{0, 1, 63, 64, 126, 127} {
		_, all = search(func(i int) bool { return i == at })
		require.LessOrEqual(t, 10*all, 22*batch, "bad: %d", at)
	}
	batch, all = search(func(int) bool { return true })
	single := batch / n // and the fixed points, of which each sum has its own
	require.LessOrEqual(t, all, 2*batch+n*(single+7), "the batch, the way to the first ones, and one by one")
	for _, every := range []int{2, 3, 4, 10, 30} {
		search(func(i int) bool { return i%every == 1 })
		search(func(i int) bool { return i < n/every })
		search(func(i int) bool { return i >= n-n/every })
		search(func(i int) bool { return rand.IntN(every) == 0 })
	}
}

// Batches with several forms, merged in both orders, share their fixed points.
func TestBatchOfManyForms(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		b := slotsForm(g, 4, sumRule(4, 1))
		keys := &stream{group: g, name: "other keys"}
		a := must(NewForm(g, testContext().Election, "other style", []Column{
			{Index: 7, Key: keys.point()}, {Index: 2, Key: b.columns[2].Key},
		}, nil))
		aBallots, aProofs := ballotsFor(t, a, 2, map[int]bool{1: true})
		bBallots, bProofs := ballotsFor(t, b, 2, nil)
		one, two := NewBatch(g), NewBatch(g)
		for i := range 2 {
			require.NoError(t, a.AddTo(one, aBallots[i], "a", aProofs[i]))
			require.NoError(t, b.AddTo(two, bBallots[i], "b", bProofs[i]))
			require.NoError(t, a.AddTo(two, aBallots[0], "a again", aProofs[0]))
		}
		two.Merge(one)
		// G, H, G₀; the keys and generators of b; of a those that b does not have.
		require.Len(t, two.fixedPoints, 3+8+2)
		err := two.Verify()
		var e *BatchError
		require.ErrorAs(t, err, &e)
		require.Equal(t, []BadItem{{5, "a"}}, e.Bad)
		require.EqualError(t, err, "zkp: batch: item 5 (a): proof does not hold")
		require.NoError(t, a.AddTo(two, aBallots[1], "third", aProofs[1]))
		require.EqualError(t, two.Verify(), "zkp: batch: 2 items, the first is 5 (a): proof does not hold")
	})
}

func TestBatchOfOtherGroup(t *testing.T) {
	f := slotsForm(elgamal.Ristretto255(), 1)
	ballots, proofs := ballotsFor(t, f, 1, nil)
	require.ErrorIs(t, f.AddTo(NewBatch(elgamal.P256()), ballots[0], "", proofs[0]), ErrGroup)
	require.Panics(t, func() { NewBatch(elgamal.P256()).Merge(NewBatch(elgamal.Ristretto255())) })
}

// What could not be added leaves no trace.
func TestRefusedProofsAreNotInTheBatch(t *testing.T) {
	eachFixture(t, func(t *testing.T, f *fixture) {
		b := NewBatch(f.group)
		require.Error(t, f.statement.AddTo(b, f.context, "", f.proof[1:]))
		require.Zero(t, b.Len())
		require.NoError(t, f.statement.AddTo(b, f.context, "", f.proof))
		require.NoError(t, b.Verify())
	})
}
