package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/zkp"
)

// badOperations verify a batch of ballots of 1 of n of which none, one, a
// hundredth, a tenth, a third (the worst for the search) and all do not hold,
// evenly among the others, and find them.
func badOperations(g *elgamal.Group, n, batch int) (list []operation) {
	made := sync.OnceValues(func() (*slotsBallot, error) { return newSlotsBallot(g, n) })
	name := func(bad int) string {
		return fmt.Sprintf("Bad/group=%s/slots=%d/bad=%d/n=%d", g.Name(), n, bad, batch)
	}
	for _, bad := range slices.Compact([]int{0, 1, max(1, batch/100), max(1, batch/10), max(1, batch/3), batch}) {
		o := operation{name: name(bad), item: "ballot", n: batch, prepare: func(context.Context) (prepared, error) {
			b, err := made()
			if err != nil {
				return prepared{}, err
			}
			wrong, err := b.wrongProof()
			return prepared{do: func() error { return b.verifyBad(batch, bad, wrong) }}, err
		}}
		if bad > 0 {
			o.ours = name(0)
		}
		list = append(list, o)
	}
	return list
}

// wrongProof returns the proof with its last answer made larger by one.
func (b *slotsBallot) wrongProof() ([]byte, error) {
	at := len(b.proof) - b.group.ScalarLen()
	z, err := b.group.DecodeScalar(b.proof[at:])
	if err != nil {
		return nil, err
	}
	return b.group.AppendScalar(b.proof[:at:at], z.Add(z, b.group.Scalar().One())), nil
}

// verifyBad decodes and verifies n ballots, of which so many are bad.
func (b *slotsBallot) verifyBad(n, bad int, wrong []byte) error {
	batch := zkp.NewBatch(b.group)
	for i := range n {
		proof := b.proof
		if (i+1)*bad/n > i*bad/n {
			proof = wrong
		}
		if err := b.addTo(batch, proof); err != nil {
			return err
		}
	}
	err := batch.Verify()
	var found *zkp.BatchError
	if errors.As(err, &found) && len(found.Bad) == bad {
		return nil
	}
	if bad > 0 {
		return fmt.Errorf("%d bad ballots, but: %v", bad, err)
	}
	return err
}
