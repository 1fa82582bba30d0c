package ballot

import (
	"runtime"
	"sync"
)

// verifier checks the proofs of ballots and spoils that are cast at the same
// time in one batch, which costs less than one by one: those that come while
// all cores are busy wait, and whoever is done takes all of them together.
type verifier struct {
	e *Election

	mu      sync.Mutex
	waiting []*verification
	running int // batches being checked
}

type verification struct {
	x    examined
	err  error // the batch failed as such
	done chan struct{}
}

// verify checks the proof of one examined entry.
func (v *verifier) verify(x examined) (examined, error) {
	one := &verification{x: x, done: make(chan struct{})}
	v.mu.Lock()
	v.waiting = append(v.waiting, one)
	start := v.running < runtime.GOMAXPROCS(0)
	if start {
		v.running++
	}
	v.mu.Unlock()
	if start {
		go v.run()
	}
	<-one.done
	return one.x, one.err
}

// run checks batches until nobody waits.
func (v *verifier) run() {
	for {
		v.mu.Lock()
		batch := v.waiting
		v.waiting = nil
		if len(batch) == 0 {
			v.running--
			v.mu.Unlock()
			return
		}
		v.mu.Unlock()

		list := make([]*examined, len(batch))
		for i, one := range batch {
			list[i] = &one.x
		}
		err := v.e.verifyAll(list)
		for _, one := range batch {
			one.err = err
			one.x.dropPoints()
			close(one.done)
		}
	}
}
