package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/hanpyo/hanpyo/ballot"
)

// cheat tries what must not work, and fails if it does.
func (e *election) cheat(ctx context.Context, box *ballot.Box) error {
	altered := e.first.Bytes()
	altered[len(altered)-8] ^= 1 // in the proof
	_, err := box.CastBytes(ctx, altered)
	if !errors.Is(err, ballot.ErrProof) {
		return fmt.Errorf("an altered ballot was not refused as such: %v", err)
	}
	e.Say("The box refused:", err)
	if len(e.poll.Revotes) > 0 {
		_, err := box.Cast(ctx, e.first)
		if !errors.Is(err, ballot.ErrReplay) {
			return fmt.Errorf("a ballot that its voter had replaced was not refused as such: %v", err)
		}
		e.Say("The box refused:", err)
	}
	// Whoever writes to the ledger can pass the box by, but not the counting
	// rule: the audit lists this one.
	_, err = e.Log.Append(ctx, altered)
	return err
}
