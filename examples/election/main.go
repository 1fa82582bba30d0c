// Command election holds a complete election on one machine and plays
// everybody in it: officials, trustees, voters and an auditor.
//
//	go run ./examples/election [-voters N] [-trustees N] [-threshold T]
//	                           [-ledger DIR] [-votes FILE.pb] [-json FILE]
//
// Without flags 1,000 voters vote in five contests; with -votes the election
// is one of https://pabulib.org, with the votes that were cast in it. -ledger
// keeps the ledger, of package boltledger, for examples/audit. The exit status is 0 if the election verified and its totals are those of
// the plain votes, 1 if not, and 2 for bad input; then nothing was written.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/tally"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	e := &election{progress: newProgress(stderr)}
	defer e.close()
	o, err := parseOptions(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		err = e.prepare(o)
	}
	if err != nil {
		fmt.Fprintln(stderr, "election:", err)
		return 2
	}
	if err = e.hold(ctx); err == nil {
		err = e.show(stdout, o.json)
	}
	if err != nil {
		fmt.Fprintln(stderr, "election:", err)
		return 1
	}
	return 0
}

// hold holds the election.
func (e *election) hold(ctx context.Context) error {
	for _, part := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"key ceremony", e.makeKey},
		{"roll and opening", e.open},
		{"voting", e.vote},
		{"close", e.closePolls},
		{"decryption", e.decrypt},
		{"result", e.publish},
		{"audit", e.audit},
	} {
		if err := e.run(part.name, func() error { return part.do(ctx) }); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// makeKey posts the manifest, upon which the trustees make the key so that
// nobody ever has it: in each phase they read what is posted and answer.
func (e *election) makeKey(ctx context.Context) error {
	if err := ballot.Publish(ctx, e.log, e.manifest, e.staff.quorum()); err != nil {
		return err
	}
	trustees, err := e.staff.openTrustees()
	if err != nil {
		return err
	}
	for phase := dkg.Committing; ; phase++ {
		for _, t := range trustees {
			if err := e.answer(ctx, t); err != nil {
				return err
			}
		}
		if phase == dkg.Complete {
			return nil
		}
		if err := ballot.EndRound(ctx, e.log, e.manifest, phase, e.staff.quorum()); err != nil {
			return err
		}
	}
}

// open posts the roll of all voters' credentials and opens the election at the
// announced hour. The hash of that entry is the fingerprint.
func (e *election) open(ctx context.Context) error {
	roll, err := e.register()
	if err != nil {
		return err
	}
	if err := ballot.PublishRoll(ctx, e.log, e.manifest, roll, e.staff.registrars); err != nil {
		return err
	}
	time.Sleep(time.Until(e.manifest.Opens))
	if e.fingerprint, err = ballot.Open(ctx, e.log, e.manifest, e.staff.quorum()); err != nil {
		return err
	}
	e.opened, err = ballot.Load(ctx, e.log, e.fingerprint)
	return err
}

// vote has everybody vote, many at once, and then tries what must not work.
func (e *election) vote(ctx context.Context) error {
	box, err := ballot.OpenBox(ctx, e.opened, e.log)
	if err != nil {
		return err
	}
	if err := e.parallel(ctx, len(e.voters), func(ctx context.Context, i int) error {
		b, err := e.cast(ctx, box, e.voters[i], e.poll.Cast[i])
		if i == 0 {
			e.first = b
		}
		if again, ok := e.poll.Revotes[i]; ok && err == nil {
			_, err = e.cast(ctx, box, e.voters[i], again)
		}
		return err
	}); err != nil {
		return err
	}
	return e.cheat(ctx, box)
}

// cast is what a voter's device does: encrypt, send, check the receipt.
func (e *election) cast(ctx context.Context, box *ballot.Box, v *ballot.Voter, votes ballot.Votes) (*ballot.Ballot, error) {
	b, _, err := e.opened.Encrypt(v, votes)
	if err != nil {
		return nil, err
	}
	receipt, err := box.Cast(ctx, b)
	if err != nil {
		return nil, err
	}
	return b, e.opened.VerifyReceipt(b.Bytes(), receipt)
}

// closePolls ends the voting at the announced hour and fixes what is counted.
func (e *election) closePolls(ctx context.Context) error {
	time.Sleep(time.Until(e.manifest.Closes))
	if err := ballot.Close(ctx, e.log, e.fingerprint, e.staff.quorum()); err != nil {
		return err
	}
	return tally.Pin(ctx, e.opened, e.log, e.staff.quorum())
}

// decrypt has the trustees decrypt the sums of what was cast. Where they are
// more than enough, one of them stays away.
func (e *election) decrypt(ctx context.Context) error {
	trustees, err := e.staff.openTrustees()
	if err != nil {
		return err
	}
	if len(trustees) > e.manifest.Threshold {
		e.say("Trustee 1 stays away.")
		trustees = trustees[1:]
	}
	for _, t := range trustees {
		if err := tally.Decrypt(ctx, e.opened, e.log, t); err != nil {
			return err
		}
	}
	return nil
}

// publish combines the trustees' shares into the result.
func (e *election) publish(ctx context.Context) error {
	result, err := tally.Combine(ctx, e.opened, e.log)
	if err != nil {
		return err
	}
	return tally.Publish(ctx, e.opened, e.log, result, e.staff.quorum())
}

// audit is what anybody can do who has the ledger and the fingerprint.
func (e *election) audit(ctx context.Context) (err error) {
	e.report, err = tally.Audit(ctx, e.log, e.fingerprint, &tally.AuditOptions{Progress: e.stepOf})
	return err
}
