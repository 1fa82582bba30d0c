package elgamal

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"
)

func multiple(g *Group, x int64) kyber.Point { return g.Point().Mul(g.Int64Scalar(x), nil) }

func TestLogEveryValue(t *testing.T) {
	allGroups(t, func(t *testing.T, g *Group) {
		for _, width := range []uint64{1, 2, 3, 10, 100, 401} {
			table := NewLogTable(g, width)
			for _, lo := range []int64{0, -7, 1000, -100_000} {
				hi := lo + int64(width) - 1
				p := multiple(g, lo-1)
				for x := lo - 1; x <= hi+1; x++ {
					got, err := table.Log(p, lo, hi)
					if x < lo || x > hi {
						require.ErrorIs(t, err, ErrRange, "%d in [%d,%d]", x, lo, hi)
					} else {
						require.NoError(t, err, "%d in [%d,%d]", x, lo, hi)
						require.Equal(t, x, got)
					}
					p.Add(p, g.Base())
				}
			}
		}
	})
}

func TestLogSmallerRange(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		table := NewLogTable(g, 1000)
		for _, r := range [][2]int64{{0, 0}, {5, 5}, {-3, 3}, {0, 999}} {
			for x := r[0] - 2; x <= r[1]+2; x += 1 + (r[1]-r[0])/7 {
				got, err := table.Log(multiple(g, x), r[0], r[1])
				if x < r[0] || x > r[1] {
					require.ErrorIs(t, err, ErrRange)
				} else {
					require.NoError(t, err)
					require.Equal(t, x, got)
				}
			}
		}
		_, err := table.Log(g.HashToPoint("no small logarithm", nil), -500, 499)
		require.ErrorIs(t, err, ErrRange)
	})
}

func TestLogRefusesRanges(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		table := NewLogTable(g, 1000)
		p := multiple(g, 5)
		got, err := table.Log(p, 0, 999)
		require.NoError(t, err)
		require.Equal(t, int64(5), got)
		for _, r := range [][2]int64{{0, 1000}, {6, 5}, {math.MinInt64, math.MaxInt64}, {math.MaxInt64, math.MinInt64}, {0, math.MaxInt64}} {
			_, err := table.Log(p, r[0], r[1])
			require.ErrorIs(t, err, ErrRange, "%v", r)
		}
		for _, p := range []kyber.Point{nil, otherGroup(g).Base()} {
			_, err := table.Log(p, 0, 999)
			require.ErrorIs(t, err, ErrGroup)
		}
		_, err = NewLogTable(g, 0).Log(g.Point(), 0, 0)
		require.ErrorIs(t, err, ErrRange)
	})
}

func TestLogAtTheEndsOfInt64(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		table := NewLogTable(g, 500)
		for _, r := range [][2]int64{{math.MinInt64, math.MinInt64 + 499}, {math.MaxInt64 - 499, math.MaxInt64}, {-250, 249}} {
			for _, x := range []int64{r[0], r[0] + 1, r[0] + 250, r[1] - 1, r[1]} {
				got, err := table.Log(multiple(g, x), r[0], r[1])
				require.NoError(t, err)
				require.Equal(t, x, got)
			}
		}
	})
}

// TestP45LogChecksWholeElement gives the table a point whose key is that of a
// baby step, and which is another point.
func TestP45LogChecksWholeElement(t *testing.T) {
	g := Ristretto255()
	table := NewLogTable(g, 10_000)
	p := g.HashToPoint("collision", nil)
	start := g.Point().Sub(p, multiple(g, int64(table.reach)))
	table.walk(start, g.Base(), 1, func(_, key uint64) bool {
		i := key & table.mask
		for table.slots[i] != 0 {
			i = (i + 1) & table.mask
		}
		table.slots[i] = key>>tableIndexBits<<tableIndexBits | 1
		return false
	})
	_, err := table.Log(p, 0, 9999)
	require.ErrorIs(t, err, ErrRange)
}

func TestLogRandom(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *Group) {
		width := uint64(1) << 24
		if testing.Short() {
			width = 1 << 16
		}
		table := NewLogTable(g, width)
		rng := rand.New(rand.NewPCG(5, 6))
		for range 20 {
			lo := rng.Int64N(1<<40) - 1<<39
			x := lo + rng.Int64N(int64(width))
			p := multiple(g, x)
			before := g.AppendPoint(nil, p)
			got, err := table.Log(p, lo, lo+int64(width)-1)
			require.NoError(t, err)
			require.Equal(t, x, got)
			require.Equal(t, before, g.AppendPoint(nil, p))
		}
	})
}

func TestLogConcurrent(t *testing.T) {
	g := Ristretto255()
	table := NewLogTable(g, 1<<16)
	var wg sync.WaitGroup
	for w := range int64(8) {
		wg.Go(func() {
			for x := w; x < 1<<16; x += 9999 {
				got, err := table.Log(multiple(g, x), 0, 1<<16-1)
				if err != nil || got != x {
					t.Errorf("%d: %d, %v", x, got, err)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkLog(b *testing.B) {
	for _, g := range []*Group{Ristretto255(), P256()} {
		for _, bits := range []int{20, 30, 40} {
			width := int64(1) << bits
			var table *LogTable
			b.Run(fmt.Sprintf("group=%s/bits=%d/table", g.Name(), bits), func(b *testing.B) {
				for b.Loop() {
					table = NewLogTable(g, uint64(width))
				}
				b.ReportMetric(float64(8*len(table.slots)), "B/table")
			})
			b.Run(fmt.Sprintf("group=%s/bits=%d/log", g.Name(), bits), func(b *testing.B) {
				p := multiple(g, width-1) // the last step
				for b.Loop() {
					if _, err := table.Log(p, 0, width-1); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
