package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/hanpyo/hanpyo/ballot"
)

// register makes every voter's credential and the roll that lists them.
func (e *election) register() (*ballot.Roll, error) {
	var lines []ballot.RollLine
	for range e.poll.Cast {
		v := &ballot.Voter{Key: ballot.NewVoterKey(e.manifest.Group)}
		e.voters = append(e.voters, v)
		lines = append(lines, ballot.RollLine{Key: v.Key.Public(), Weight: 1})
	}
	roll, err := ballot.NewRoll(e.manifest, lines)
	for _, v := range e.voters {
		if err == nil {
			v.Line, err = roll.Find(v.Key.Public())
		}
	}
	return roll, err
}

// concurrentVoters is how many voters vote at one time: a ballot box is fast
// when many casts share a commit of the ledger.
const concurrentVoters = 64

// parallel does n pieces of work, many at a time, until one fails.
func (e *election) parallel(ctx context.Context, n int, work func(ctx context.Context, i int) error) error {
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
				e.step(uint64(done.Add(1)), uint64(n))
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// cheat tries what must not work, and fails if it does.
func (e *election) cheat(ctx context.Context, box *ballot.Box) error {
	altered := e.first.Bytes()
	altered[len(altered)-8] ^= 1 // in the proof
	_, err := box.CastBytes(ctx, altered)
	if !errors.Is(err, ballot.ErrProof) {
		return fmt.Errorf("an altered ballot was not refused as such: %v", err)
	}
	e.say("The box refused:", err)
	if len(e.poll.Revotes) > 0 {
		_, err := box.Cast(ctx, e.first)
		if !errors.Is(err, ballot.ErrReplay) {
			return fmt.Errorf("a ballot that its voter had replaced was not refused as such: %v", err)
		}
		e.say("The box refused:", err)
	}
	// Whoever writes to the ledger can pass the box by, but not the counting
	// rule: the audit lists this one.
	_, err = e.log.Append(ctx, altered)
	return err
}
