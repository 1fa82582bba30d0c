package mixnet

import (
	"sync"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// generatorLabel is the list of the generators of shuffles: number 0 is H,
// number i is Gᵢ. Whoever verifies derives them and takes them from nobody: who
// knows their logarithms can open a commitment to anything, which broke the
// shuffle proofs of Swiss Post's system of 2019.
const generatorLabel = "hanpyo shuffle"

// generators are those of one group as far as they have been needed.
type generators struct {
	mu   sync.Mutex
	list []kyber.Point
}

var generatorCache sync.Map // *elgamal.Group → *generators

// deriveGenerators returns H, G₁…G_n. They are kept: deriving one costs as much
// as some multiplications.
func deriveGenerators(w *work, g *elgamal.Group, n int) ([]kyber.Point, error) {
	value, _ := generatorCache.LoadOrStore(g, new(generators))
	cache := value.(*generators)
	cache.mu.Lock()
	defer cache.mu.Unlock()
	have := len(cache.list)
	if missing := n + 1 - have; missing > 0 {
		fresh := make([]kyber.Point, missing)
		quiet := &work{ctx: w.ctx, workers: w.workers} // no progress of the work itself
		err := quiet.each(missing, 256, func(lo, hi int) error {
			for i := lo; i < hi; i++ {
				fresh[i] = g.Generator(generatorLabel, have+i)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		cache.list = append(cache.list, fresh...)
	}
	return cache.list[: n+1 : n+1], nil
}
