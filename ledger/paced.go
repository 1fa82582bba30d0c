package ledger

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Paced returns a ledger that publishes at most one checkpoint in every
// interval: at the multiples of the interval since 1970 whatever log has
// published by then, and at once what it has now. Append stays as durable as it
// is with log; Await waits for the next multiple. So whoever follows the ledger
// learns of an entry in which interval it came, and not when.
//
// Reading goes through the ledger that Paced returns: what log shows by itself,
// such as the files of its directory, is not held back.
//
// Where witnesses cosign, [Witnessed] goes around a paced ledger. The other way
// round cosignatures would tell to the second when the newest entry came, and
// that is refused (ErrShape).
//
// Closing the ledger closes log. ErrRange for an interval below a second.
func Paced(ctx context.Context, log Ledger, interval time.Duration) (Ledger, error) {
	if interval < time.Second {
		return nil, fmt.Errorf("ledger: paced: an interval of %v, at least a second: %w", interval, reason.ErrRange)
	}
	if _, ok := log.(*witnessed); ok {
		return nil, fmt.Errorf("ledger: paced: the times of cosignatures would not be held back: %w", reason.ErrShape)
	}
	newest, err := log.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	p := &paced{interval: interval, published: newest, grown: make(chan struct{}), done: make(chan struct{})}
	p.shown = shown{log, p.current}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p.cancel = cancel
	go p.run(run)
	return p, nil
}

type paced struct {
	shown
	interval time.Duration
	cancel   context.CancelFunc
	done     chan struct{} // closed when run has ended

	mu        sync.Mutex
	published Checkpoint
	failure   error         // why run has ended
	grown     chan struct{} // closed when one of these changes
}

// run publishes at every multiple of the interval until ctx ends or log fails.
func (p *paced) run(ctx context.Context) {
	defer close(p.done)
	for {
		next := time.NewTimer(p.interval - time.Duration(time.Now().UnixNano()%int64(p.interval)))
		select {
		case <-ctx.Done():
			next.Stop()
			p.publish(Checkpoint{}, ErrClosed)
			return
		case <-next.C:
		}
		newest, err := p.Ledger.Checkpoint(ctx)
		if ctx.Err() != nil {
			err = ErrClosed
		}
		if p.publish(newest, err); err != nil {
			return
		}
	}
}

func (p *paced) publish(newest Checkpoint, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.failure = err
	} else {
		p.published = newest
	}
	close(p.grown)
	p.grown = make(chan struct{})
}

func (p *paced) current() Checkpoint {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.published
}

func (p *paced) Checkpoint(ctx context.Context) (Checkpoint, error) { return p.Await(ctx, 0) }

func (p *paced) Await(ctx context.Context, size uint64) (Checkpoint, error) {
	// The ledger behind knows why it will never publish so much.
	if p.current().Size < size {
		if _, err := p.Ledger.Await(ctx, size); err != nil {
			return Checkpoint{}, err
		}
	}
	for {
		p.mu.Lock()
		newest, failure, grown := p.published, p.failure, p.grown
		p.mu.Unlock()
		switch {
		case ctx.Err() != nil:
			return Checkpoint{}, ctx.Err()
		case failure != nil:
			return Checkpoint{}, failure
		case newest.Size >= size:
			newest.Raw = bytes.Clone(newest.Raw)
			return newest, nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
		}
	}
}

func (p *paced) Close() error {
	p.cancel()
	<-p.done
	return p.Ledger.Close()
}
