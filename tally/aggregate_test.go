package tally

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/ledger"
)

// plainSum is the slow reference for a contest's sum: one loop over the
// counted ballots, one scalar product for each point.
func plainSum(t *testing.T, f *fixture, entries [][]byte, contest int) contestSum {
	g := f.Group
	first, slots := f.Manifest.Contests[contest].Columns()
	sum := contestSum{row: elgamal.Ciphertext{A: g.Point()}}
	for range slots {
		sum.row.B = append(sum.row.B, g.Point())
	}
	groups := make(map[uint64]uint64)
	for c := range f.closing.state.Counted() {
		if !slices.Contains(f.Manifest.Styles[c.Style].Contests, contest) {
			continue
		}
		b, err := f.ParseBallot(entries[c.Index])
		require.NoError(t, err)
		weight := g.Uint64Scalar(c.Weight)
		sum.row.A.Add(sum.row.A, g.Point().Mul(weight, b.Row().A))
		for k, column := range f.Manifest.RowColumns(c.Style) {
			if column >= first && column < first+slots {
				sum.row.B[column-first].Add(sum.row.B[column-first], g.Point().Mul(weight, b.Row().B[k]))
			}
		}
		groups[c.Weight]++
		sum.ballots++
		sum.weight += c.Weight
	}
	for _, n := range groups {
		if sum.smallest == 0 || n < sum.smallest {
			sum.smallest = n
		}
	}
	return sum
}

func requireSum(t *testing.T, want, got contestSum) {
	t.Helper()
	require.Equal(t, want.ballots, got.ballots)
	require.Equal(t, want.weight, got.weight)
	require.Equal(t, want.smallest, got.smallest)
	require.True(t, want.row.A.Equal(got.row.A))
	require.Len(t, got.row.B, len(want.row.B))
	for i := range want.row.B {
		require.True(t, want.row.B[i].Equal(got.row.B[i]))
	}
}

func TestSumIsThatOfThePlainLoop(t *testing.T) {
	for _, g := range groups {
		f := honest(t, g)
		for i := range f.Manifest.Contests {
			requireSum(t, plainSum(t, f, f.entries, i), f.closing.sums[i])
		}
	}
}

// Any cut into ranges and any bracketing of their merges gives the same sums
// and the pinned root; so does any number of workers.
func TestSumDoesNotDependOnRanges(t *testing.T) {
	f := honest(t, groups[0])
	r, size := f.read(t, f.entries), f.closing.pinned.size
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		cuts := []uint64{0, size}
		for range random.IntN(8) {
			cuts = append(cuts, random.Uint64N(size+1))
		}
		slices.Sort(cuts)
		var parts []*Partial
		for i := range len(cuts) - 1 {
			p, err := SumRange(t.Context(), f.Election.Election, r, f.closing.state, cuts[i], cuts[i+1])
			require.NoError(t, err)
			require.Equal(t, cuts[i], p.Begin())
			require.Equal(t, cuts[i+1], p.End())
			parts = append(parts, p)
		}
		for len(parts) > 1 {
			i := random.IntN(len(parts) - 1)
			require.NoError(t, parts[i].Merge(parts[i+1]))
			parts = slices.Delete(parts, i+1, i+2)
		}
		root, err := parts[0].Root()
		require.NoError(t, err)
		require.Equal(t, f.closing.pinned.root, root)
		for i := range f.Manifest.Contests {
			requireSum(t, f.closing.sums[i], parts[0].contest(f.Election.Election, i))
		}
	}
}

func TestMergeJoinsOnlyNeighbours(t *testing.T) {
	f := honest(t, groups[0])
	r := f.read(t, f.entries)
	sum := func(lo, hi uint64) *Partial {
		p, err := SumRange(t.Context(), f.Election.Election, r, f.closing.state, lo, hi)
		require.NoError(t, err)
		return p
	}
	require.NoError(t, sum(0, 22).Merge(sum(22, 31)))
	for desc, next := range map[string]*Partial{
		"a gap": sum(23, 31), "an overlap": sum(21, 31), "the same again": sum(0, 22), "the one before": sum(0, 0),
	} {
		p := sum(0, 22)
		require.ErrorIs(t, p.Merge(next), ErrRange, desc)
		require.EqualValues(t, 22, p.End(), desc)
		requireSum(t, sum(0, 22).contest(f.Election.Election, 0), p.contest(f.Election.Election, 0))
	}
	_, err := sum(22, 31).Root()
	require.ErrorIs(t, err, ErrRange, "the root of a part")
	other := sum(22, 31)
	other.styles = other.styles[:1]
	require.ErrorIs(t, sum(0, 22).Merge(other), ErrRange)
}

// shifted is a reader that leaves out the first entry it is asked for.
type shifted struct{ *operator }

func (r shifted) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	return r.operator.Entries(ctx, lo+1, hi+1)
}

// quiet is a reader that leaves out the last entry it is asked for.
type quiet struct{ *operator }

func (r quiet) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	return r.operator.Entries(ctx, lo, hi-1)
}

// A reader that skips, doubles or exchanges entries is found out at once, or
// by the root.
func TestSumOverAnotherLedger(t *testing.T) {
	f := honest(t, groups[0])
	size := f.closing.pinned.size
	sum := func(entries [][]byte) (*Partial, error) {
		return SumRange(t.Context(), f.Election.Election, f.read(t, entries), f.closing.state, 0, size)
	}
	counted := 0
	for c := range f.closing.state.Counted() {
		counted = int(c.Index)
	}
	_, err := sum(without(f.entries, counted))
	require.ErrorIs(t, err, ErrChain, "a counted ballot is not where it was")
	_, err = sum(f.entries[:size-1])
	require.ErrorIs(t, err, ErrIncomplete)

	_, err = SumRange(t.Context(), f.Election.Election, shifted{f.read(t, f.entries)}, f.closing.state, 0, size)
	require.ErrorIs(t, err, ErrChain, "entries under wrong indices")
	_, err = SumRange(t.Context(), f.Election.Election, quiet{f.read(t, f.entries)}, f.closing.state, 0, size)
	require.ErrorIs(t, err, ErrIncomplete, "fewer entries than asked for, and no error")

	p, err := sum(replace(f.entries, counted, f.entries[counted-1]))
	require.NoError(t, err)
	root, err := p.Root()
	require.NoError(t, err)
	require.NotEqual(t, f.closing.pinned.root, root)
}

// forgetful is a reader that cannot read any entry a second time.
type forgetful struct {
	*operator
	read sync.Map
}

func (r *forgetful) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for en, err := range r.operator.Entries(ctx, lo, hi) {
			if _, again := r.read.LoadOrStore(en.Index, true); again {
				err = fmt.Errorf("entry %d is gone: %w", en.Index, ErrIncomplete)
			}
			if !yield(en, err) || err != nil {
				return
			}
		}
	}
}

// What later ballots supersede is read again to be taken away, and nothing else.
func TestSumReadsAgainWhatIsSuperseded(t *testing.T) {
	f := honest(t, groups[0])
	size := uint64(len(f.entries))
	add := func(r ledger.Reader) (*adder, error) {
		state := ballot.NewState(f.Election.Election)
		sums := newAdder(f.Election.Election, state)
		require.NoError(t, state.Advance(t.Context(), r, size, &ballot.ReplayOptions{Applied: sums.applied}))
		_, err := newClosing(t.Context(), r, size, sums, work{})
		return sums, err
	}
	r := &forgetful{operator: f.read(t, f.entries)}
	sums, err := add(r)
	require.ErrorIs(t, err, ErrIncomplete)
	require.Len(t, sums.superseded, 1)
	require.ErrorContains(t, err, fmt.Sprintf("entry %d is gone", sums.superseded[0].Index))

	// It can be tried again.
	c, err := newClosing(t.Context(), f.read(t, f.entries), size, sums, work{})
	require.NoError(t, err)
	require.Equal(t, f.closing.pinned, c.pinned)
	for i := range c.sums {
		requireSum(t, f.closing.sums[i], c.sums[i])
	}
}

// More entries than a worker takes at a time, of many weights.
func TestSumOfManyRanges(t *testing.T) {
	if testing.Short() {
		t.Skip("a longer ledger in the long run")
	}
	const (
		voters = 12
		junk   = 3000
	)
	e := electiontest.New(t, &electiontest.Options{Voters: voters, Weights: []uint64{1, 2, 1000, 1 << 20}})
	f := &fixture{Election: e}
	for i := range voters {
		for range 1 + i%3 {
			e.Cast(i, ballot.Votes{"mayor": {"ada": 1}, "parks": {"hill": i % 4}})
		}
		for n := range junk / voters {
			e.Append([]byte{byte(i), byte(n), byte(n >> 8)})
		}
	}
	f.close(t)
	var entries [][]byte
	for _, en := range e.Entries() {
		entries = append(entries, en.Data)
	}
	_, cp, err := e.Manifest.Verified(t.Context(), e.Log)
	require.NoError(t, err)
	state, err := ballot.Replay(t.Context(), e.Election, e.Log, cp.Size, nil)
	require.NoError(t, err)
	closed, ok := state.Closed()
	require.True(t, ok)
	tree := ledger.NewRange(0)
	for _, data := range entries[:closed+1] {
		tree.Append(ledger.LeafHash(data))
	}
	root, err := tree.Root()
	require.NoError(t, err)
	f.closing = &closing{state: state}
	for _, workers := range []int{0, 1, 2, 5} {
		var last uint64
		c, err := readClosing(t.Context(), e.Election, e.Log, work{workers, func(step string, done, _ uint64) {
			if step == "verify" {
				last = done
			}
		}})
		require.NoError(t, err)
		require.Equal(t, cp.Size, last)
		require.Equal(t, newPin(closed, root), c.pinned)
		require.EqualValues(t, voters, c.ballots)
		require.EqualValues(t, 3*(1+2+1000+1<<20), c.weight)
		for i := range e.Manifest.Contests {
			requireSum(t, plainSum(t, f, entries, i), c.sums[i])
		}
	}
}
