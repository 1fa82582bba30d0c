package play

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/hanpyo/hanpyo/ballot"
)

// Register makes credentials for n voters and the roll that lists them.
func Register(ctx context.Context, m *ballot.Manifest, n int) ([]*ballot.Voter, *ballot.Roll, error) {
	var voters []*ballot.Voter
	var lines []ballot.RollLine
	for range n {
		if err := context.Cause(ctx); err != nil {
			return nil, nil, err
		}
		v := &ballot.Voter{Key: ballot.NewVoterKey(m.Group)}
		voters = append(voters, v)
		lines = append(lines, ballot.RollLine{Key: v.Key.Public(), Weight: 1})
	}
	roll, err := ballot.NewRoll(m, lines)
	if err != nil {
		return nil, nil, err
	}
	for _, v := range voters {
		if v.Line, err = roll.Find(v.Key.Public()); err != nil {
			return nil, nil, err
		}
	}
	return voters, roll, nil
}

// concurrentVoters is how many voters vote at one time: a ballot box is fast
// when many casts share a commit of the ledger.
const concurrentVoters = 64

// Parallel does n pieces of work, many at a time, until one fails.
func (p *Progress) Parallel(ctx context.Context, n int, work func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next, done atomic.Int64
	var workers sync.WaitGroup
	for range min(concurrentVoters, n) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := work(ctx, i); err != nil {
					cancel(err)
				}
				p.Step(uint64(done.Add(1)), uint64(n))
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}
