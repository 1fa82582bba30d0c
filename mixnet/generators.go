package mixnet

import (
	"sync"
	"time"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// generatorLabel is the list of the generators of shuffles: number 0 is H,
// number i is Gᵢ. Whoever verifies derives them and takes them from nobody: who
// knows their logarithms can open a commitment to anything, which broke the
// shuffle proofs of Swiss Post's system of 2019.
const generatorLabel = "hanpyo shuffle"

// Generators are kept, because deriving one costs as much as some
// multiplications, until nobody has needed any for a while: those of a million
// rows take 200 MB.
const (
	generatorSlice = 4096 // derived at a time
	keepGenerators = 10 * time.Minute
)

// generators are those of one group as far as they have been needed.
type generators struct {
	turn chan struct{} // holds an element while somebody works with list: a lock that can be waited for with a context
	list []kyber.Point
	free *time.Timer // empties list
}

var generatorCache sync.Map // *elgamal.Group → *generators

func generatorsOf(g *elgamal.Group) *generators {
	value, _ := generatorCache.LoadOrStore(g, &generators{turn: make(chan struct{}, 1)})
	return value.(*generators)
}

// deriveGenerators returns H, G₁…G_n. Work that was done before an interruption
// is kept, and who needs few does not wait for who needs many.
func deriveGenerators(w *work, g *elgamal.Group, n int) ([]kyber.Point, error) {
	for {
		list, err := generatorsOf(g).derive(w, g, n+1)
		if err != nil || list != nil {
			return list, err
		}
	}
}

// derive returns the first generators, or derives some of those that are missing.
func (c *generators) derive(w *work, g *elgamal.Group, count int) ([]kyber.Point, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-w.ctx.Done():
		return nil, w.ctx.Err()
	}
	have := len(c.list)
	if have < count {
		fresh := make([]kyber.Point, min(count-have, generatorSlice))
		quiet := &work{ctx: w.ctx, workers: w.workers} // no progress of the work itself
		err := quiet.each(len(fresh), 256, func(lo, hi int) error {
			for i := lo; i < hi; i++ {
				fresh[i] = g.Generator(generatorLabel, have+i)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		c.list = append(c.list, fresh...)
	}
	if c.free == nil {
		c.free = time.AfterFunc(keepGenerators, c.forget)
	} else {
		c.free.Reset(keepGenerators)
	}
	if len(c.list) < count {
		return nil, nil
	}
	return c.list[:count:count], nil
}

// forget lets the list go. Who still works with it keeps it.
func (c *generators) forget() {
	c.turn <- struct{}{}
	c.list = nil
	<-c.turn
}
