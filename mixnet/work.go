package mixnet

import (
	"context"
	"runtime"
	"sync"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// Options are about how the work is done, never about its result. Nil is the
// default.
type Options struct {
	Workers  int                   // how many goroutines; 0 is one for each processor
	Progress func(done, total int) // called now and then, by one goroutine at a time, done rising to total
}

// work is one long computation.
type work struct {
	ctx      context.Context
	workers  int
	progress func(done, total int)
	total    int

	mu   sync.Mutex
	done int
}

// newWork starts a computation of total units, which are rows passed over.
func newWork(ctx context.Context, o *Options, total int) *work {
	w := &work{ctx: ctx, workers: runtime.GOMAXPROCS(0), total: total}
	if o != nil {
		w.progress = o.Progress
		if o.Workers > 0 {
			w.workers = o.Workers
		}
	}
	return w
}

func (w *work) report(units int) {
	if w.progress == nil || units == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done += units
	w.progress(w.done, w.total)
}

// each calls do for all parts of [0, n), each of at most grain, in parallel. It
// returns the error of the first part in order that has one, or that of the
// context.
func (w *work) each(n, grain int, do func(lo, hi int) error) error {
	parts := (n + grain - 1) / grain
	errs := make([]error, parts)
	var next sync.Mutex
	part := 0
	var group sync.WaitGroup
	for range min(w.workers, parts) {
		group.Go(func() {
			for w.ctx.Err() == nil {
				next.Lock()
				i := part
				part++
				next.Unlock()
				if i >= parts {
					return
				}
				lo, hi := i*grain, min((i+1)*grain, n)
				if errs[i] = do(lo, hi); errs[i] == nil {
					w.report(hi - lo)
				}
			}
		})
	}
	group.Wait()
	if err := w.ctx.Err(); err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// rowsUnasked is how many rows a loop passes over before it asks the context
// again: fewer would cost, more would make it late.
const rowsUnasked = 1024

// stopped returns the error of the context, for which it asks at some rows only.
func stopped(ctx context.Context, row int) error {
	if row%rowsUnasked != 0 {
		return nil
	}
	return ctx.Err()
}

// rows calls do for each i in [0, n), in parallel. It is for what is little work
// beside the sums of products, and so no progress.
func (w *work) rows(n int, do func(i int)) error {
	quiet := &work{ctx: w.ctx, workers: w.workers}
	return quiet.each(n, rowsUnasked, func(lo, hi int) error {
		for i := lo; i < hi; i++ {
			do(i)
		}
		return nil
	})
}

// Long products are cut into parts: as many for each worker, none so long that a
// computation could not be stopped, or so short that the product loses by it.
const (
	minPart = 512
	maxPart = 1 << 15
)

// grain returns the length of the parts of a product of n.
func (w *work) grain(n int) int {
	rounds := (n + w.workers*maxPart - 1) / (w.workers * maxPart)
	parts := max(1, rounds*w.workers)
	return max((n+parts-1)/parts, minPart)
}

// sumVarTime returns Σ scalar(i)·point(i) for i in [0, n).
func (w *work) sumVarTime(g *elgamal.Group, n int, scalar func(int) kyber.Scalar, point func(int) kyber.Point) (kyber.Point, error) {
	grain := w.grain(n)
	parts := make([]kyber.Point, (n+grain-1)/grain)
	err := w.each(n, grain, func(lo, hi int) error {
		sum := g.NewSumVarTime()
		for i := lo; i < hi; i++ {
			sum.Add(scalar(i), point(i))
		}
		parts[lo/grain] = sum.Value()
		return nil
	})
	if err != nil {
		return nil, err
	}
	sum := g.Point()
	for _, p := range parts {
		sum.Add(sum, p)
	}
	return sum, nil
}
