// Command election holds a complete election on one machine and plays
// everybody in it: officials, trustees, voters and an auditor.
//
//	go run ./examples/election [-voters N] [-trustees N] [-threshold T]
//	                           [-ledger DIR] [-votes FILE.pb] [-json FILE]
//
// Without flags 1,000 voters vote in five contests; with -votes the election
// is one of https://pabulib.org, with the votes that were cast in it. -ledger
// keeps the ledger, of package boltledger, for examples/audit. The exit
// status is 0 if the election verified and its totals are those of the plain
// votes, 1 if not, and 2 for bad input; then nothing was written.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/examples/internal/play"
	"github.com/hanpyo/hanpyo/tally"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// election is everything that this program plays the election with.
type election struct {
	*play.Stage // who runs it, its manifest and its ledger

	poll        *poll // what is voted on, and the plain votes
	fingerprint ballot.Fingerprint
	voters      []*ballot.Voter
	opened      *ballot.Election // what everybody has who starts from the fingerprint
	first       *ballot.Ballot   // of the first voter
	report      *tally.Report
}

// run is the program. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	e := &election{Stage: play.NewStage(stderr)}
	defer e.Close()
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
		err = e.show(stdout, o.JSON)
	}
	if err != nil {
		fmt.Fprintln(stderr, "election:", err)
		return 1
	}
	return 0
}

// prepare makes what has to be there before the election can start.
func (e *election) prepare(o *play.Options) (err error) {
	if e.poll, err = newPoll(o); err != nil {
		return err
	}
	return e.Prepare(&e.poll.Poll, o)
}

// hold holds the election.
func (e *election) hold(ctx context.Context) error {
	return e.Hold(ctx,
		play.Part{Name: "key ceremony", Do: e.makeKey},
		play.Part{Name: "roll and opening", Do: e.open},
		play.Part{Name: "voting", Do: e.vote},
		play.Part{Name: "close", Do: e.closePolls},
		play.Part{Name: "decryption", Do: e.decrypt},
		play.Part{Name: "result", Do: e.publish},
		play.Part{Name: "audit", Do: e.audit},
	)
}

// makeKey posts the manifest, upon which the trustees make the key so that
// nobody ever has it.
func (e *election) makeKey(ctx context.Context) error {
	if err := ballot.Publish(ctx, e.Log, e.Manifest, e.Staff.Quorum()); err != nil {
		return err
	}
	return e.Staff.MakeKey(ctx, e.Log, e.Manifest)
}

// open posts the roll of all voters' credentials and opens the election at the
// announced hour. The hash of that entry is the fingerprint.
func (e *election) open(ctx context.Context) error {
	voters, roll, err := play.Register(ctx, e.Manifest, len(e.poll.Cast))
	if err != nil {
		return err
	}
	if err := ballot.PublishRoll(ctx, e.Log, e.Manifest, roll, e.Staff.Registrars); err != nil {
		return err
	}
	e.voters = voters
	if err := play.Wait(ctx, e.Manifest.Opens); err != nil {
		return err
	}
	if e.fingerprint, err = ballot.Open(ctx, e.Log, e.Manifest, e.Staff.Quorum()); err != nil {
		return err
	}
	e.opened, err = ballot.Load(ctx, e.Log, e.fingerprint)
	return err
}

// vote has everybody vote, many at once, and then tries what must not work.
func (e *election) vote(ctx context.Context) error {
	box, err := ballot.OpenBox(ctx, e.opened, e.Log)
	if err != nil {
		return err
	}
	if err := e.Parallel(ctx, len(e.voters), func(ctx context.Context, i int) error {
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
	if err := play.Wait(ctx, e.Manifest.Closes); err != nil {
		return err
	}
	if err := ballot.Close(ctx, e.Log, e.fingerprint, e.Staff.Quorum()); err != nil {
		return err
	}
	return tally.Pin(ctx, e.opened, e.Log, e.Staff.Quorum())
}

// decrypt has the trustees decrypt the sums of what was cast. Where they are
// more than enough, one of them stays away.
func (e *election) decrypt(ctx context.Context) error {
	trustees, err := e.Staff.OpenTrustees()
	if err != nil {
		return err
	}
	if len(trustees) > e.Manifest.Threshold {
		e.Say("Trustee 1 stays away.")
		trustees = trustees[1:]
	}
	for _, t := range trustees {
		if err := tally.Decrypt(ctx, e.opened, e.Log, t); err != nil {
			return err
		}
	}
	return nil
}

// publish combines the trustees' shares into the result.
func (e *election) publish(ctx context.Context) error {
	result, err := tally.Combine(ctx, e.opened, e.Log)
	if err != nil {
		return err
	}
	return tally.Publish(ctx, e.opened, e.Log, result, e.Staff.Quorum())
}

// audit is what anybody can do who has the ledger and the fingerprint.
func (e *election) audit(ctx context.Context) (err error) {
	e.report, err = tally.Audit(ctx, e.Log, e.fingerprint, &tally.AuditOptions{Progress: e.StepOf})
	return err
}
