package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/tally"
)

// ballotOperations are what happens to a ballot, of an election that is held
// when the first of them is prepared. The first four are the main ones.
func ballotOperations(s subject, batch int) []operation {
	held := sync.OnceValues(func() (*election, error) {
		return hold(context.Background(), s.group, kindNamed(s.kind), s.voters)
	})
	of := func(name, suffix string, n int, prepare func(ctx context.Context, e *election) (func() error, error)) operation {
		o := operation{name: name + "/" + s.name() + suffix, n: n}
		if n > 0 {
			o.item = "ballot"
		}
		o.prepare = func(ctx context.Context) (prepared, error) {
			e, err := held()
			if err != nil {
				return prepared{}, err
			}
			do, err := prepare(ctx, e)
			p := prepared{do: do}
			if n > 0 {
				p.bytes = len(e.ballots[0].Bytes())
			}
			return p, err
		}
		return o
	}
	return []operation{
		of("Encrypt", "", 1, encryptOne(s.kind)),
		of("Verify", "/n=1", 1, verifyOne),
		of("VerifyBatch", fmt.Sprintf("/n=%d", batch), batch, func(_ context.Context, e *election) (func() error, error) {
			entries := e.entries()
			return func() error { return e.verifyBatch(entries, batch) }, nil
		}),
		of("Aggregate", "", s.voters, aggregateAll),
		of("Audit", "", s.voters, auditAll),
		of("Decrypt", "/step=share", 0, decryptShare),
		of("Decrypt", "/step=combine", 0, combineShares),
	}
}

// encryptOne is what a voter's device does: from votes to the entry.
func encryptOne(kind string) func(context.Context, *election) (func() error, error) {
	return func(_ context.Context, e *election) (func() error, error) {
		voter, votes := *e.voters[0], kindNamed(kind).votes(0)
		return func() error {
			voter.Number = 0
			_, _, err := e.Encrypt(&voter, votes)
			return err
		}, nil
	}
}

// verifyOne decodes and verifies one ballot, as a ballot box does.
func verifyOne(_ context.Context, e *election) (func() error, error) {
	entry := e.ballots[0].Bytes()
	return func() error {
		x, err := e.ParseBallot(entry)
		if err != nil {
			return err
		}
		return e.VerifyBallot(x)
	}, nil
}

// aggregateAll reads the counted ballots and adds them up.
func aggregateAll(ctx context.Context, e *election) (func() error, error) {
	cp, err := e.log.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	state, err := ballot.Replay(ctx, e.Election, e.log, cp.Size, nil)
	first := e.Opening.Index + 1
	return func() error {
		_, err := tally.SumRange(ctx, e.Election, e.log, state, first, first+uint64(len(e.ballots)))
		return err
	}, err
}

// auditAll audits a whole election: besides the ballots there are the key
// ceremony, the roll and the decryption to check.
func auditAll(ctx context.Context, e *election) (func() error, error) {
	return func() error {
		report, err := tally.Audit(ctx, e.log, e.Fingerprint, nil)
		if err == nil && !report.Verified() {
			err = fmt.Errorf("not verified:\n%s", report.Text())
		}
		return err
	}, nil
}

// decryptShare is one trustee's share of all results of an election. Neither it
// nor combineShares depends on the number of ballots, but for the range of the
// logarithms.
func decryptShare(_ context.Context, e *election) (func() error, error) {
	secrets, err := e.trustees[0].Shares(e.Manifest.Ceremony(), e.Outcome)
	sum := e.sum()
	return func() error {
		_, err := e.decrypt(0, secrets, sum)
		return err
	}, err
}

// combineShares is the combination of as many shares as are needed, checked,
// into totals.
func combineShares(_ context.Context, e *election) (func() error, error) {
	shares, sum, err := e.shares()
	return func() error {
		_, err := e.combine(shares, sum)
		return err
	}, err
}

// shares returns the shares of as many trustees as are needed.
func (e *election) shares() (list []*share, sum elgamal.Ciphertext, err error) {
	sum = e.sum()
	for j := range threshold {
		secrets, err := e.trustees[j].Shares(e.Manifest.Ceremony(), e.Outcome)
		if err != nil {
			return nil, sum, err
		}
		s, err := e.decrypt(j, secrets, sum)
		if err != nil {
			return nil, sum, err
		}
		list = append(list, s)
	}
	return list, sum, nil
}

// replayOperation applies the counting rule to a whole ledger, which verifies
// batches of ballots on all cores.
func replayOperation(s subject) operation {
	open := sync.OnceValues(func() (*election, error) {
		e, err := openFor(context.Background(), s.group, kindNamed(s.kind), s.voters)
		if err != nil {
			return nil, err
		}
		return e, e.vote(context.Background(), kindNamed(s.kind))
	})
	return operation{
		name: fmt.Sprintf("Replay/%s/n=%d", s.name(), s.voters), item: "ballot", n: s.voters,
		prepare: func(ctx context.Context) (prepared, error) {
			e, err := open()
			if err != nil {
				return prepared{}, err
			}
			cp, err := e.log.Checkpoint(ctx)
			return prepared{bytes: len(e.ballots[0].Bytes()), do: func() error {
				state, err := ballot.Replay(ctx, e.Election, e.log, cp.Size, nil)
				if err == nil && len(state.Refused()) > 0 {
					err = state.Refused()[0].Err
				}
				return err
			}}, err
		},
	}
}
