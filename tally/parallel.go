package tally

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// inParts calls do for consecutive parts of [0, n), each of at most size, on
// several workers; zero is one for each CPU. It returns the error of the first
// part in order that has one, or that of ctx.
func inParts(ctx context.Context, workers, n, size int, do func(lo, hi int) error) error {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	parts := (n + size - 1) / size
	errs := make([]error, parts)
	var next atomic.Int64
	var failed atomic.Bool
	var wait sync.WaitGroup
	for range min(workers, parts) {
		wait.Go(func() {
			for !failed.Load() && ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= parts {
					return
				}
				if errs[i] = do(i*size, min((i+1)*size, n)); errs[i] != nil {
					failed.Store(true)
				}
			}
		})
	}
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
