// Command ranked holds an election in which voters rank the candidates, on one
// machine, and plays everybody in it: officials, trustees, mixers, voters and
// an auditor.
//
//	go run ./examples/ranked [-votes FILE.csv] [-seats N] [-count RULE] [-mixers N]
//	                         [-voters N] [-trustees N] [-threshold T]
//	                         [-ledger DIR] [-json FILE]
//
// Rankings cannot be added up under encryption. Instead the mixers, one after
// the other, shuffle the encrypted ballots and prove that they did nothing
// else; then the trustees, of whom only as many come as it takes, decrypt every
// ballot, which nobody can tell from whom it is as long as one mixer forgets
// its permutation. What is decrypted is counted in rounds.
//
// Without flags 300 voters fill three seats; with -votes they are those of a
// file: a table that has the rank of each candidate in each line, as the
// electronic votes of Ireland were published, or lines of names, the first
// preference first, as in Minneapolis. Ranks that are skipped, that several
// candidates share ("overvote") or that repeat a candidate are passed over, as
// Minneapolis does; write-ins are the candidates that they are in the file. The
// count is instant runoff for one seat and Scottish STV for more, unless -count
// names another rule. -ledger keeps the ledger, of package boltledger, for
// examples/audit.
//
// The exit status is 0 if the election verified and its count is that of the
// plain votes, 1 if not, and 2 for bad input; then nothing was written.
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

	options     *options
	rankings    *rankings  // how everybody votes
	poll        *play.Poll // the same for the ballot
	fingerprint ballot.Fingerprint
	voters      []*ballot.Voter
	opened      *ballot.Election // what everybody has who starts from the fingerprint
	report      *tally.Report
}

// run is the program. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	e := &election{Stage: play.NewStage(stderr)}
	defer e.Close()
	err := e.prepare(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "ranked:", err)
		return 2
	}
	if err = e.hold(ctx); err == nil {
		err = e.show(stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "ranked:", err)
		return 1
	}
	return 0
}

// prepare makes what has to be there before the election can start.
func (e *election) prepare(args []string, stderr io.Writer) (err error) {
	if e.options, err = parseOptions(args, stderr); err != nil {
		return err
	}
	if e.poll, e.rankings, err = newPoll(e.options); err != nil {
		return err
	}
	return e.Prepare(e.poll, &e.options.Options)
}

// hold holds the election.
func (e *election) hold(ctx context.Context) error {
	return e.Hold(ctx,
		play.Part{Name: "key ceremony", Do: e.makeKey},
		play.Part{Name: "roll and opening", Do: e.open},
		play.Part{Name: "voting", Do: e.vote},
		play.Part{Name: "close", Do: e.closePolls},
		play.Part{Name: "mixing", Do: e.mix},
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

// vote has everybody vote, many at once: a voter's device encrypts, sends and
// checks the receipt.
func (e *election) vote(ctx context.Context) error {
	box, err := ballot.OpenBox(ctx, e.opened, e.Log)
	if err != nil {
		return err
	}
	return e.Parallel(ctx, len(e.voters), func(ctx context.Context, i int) error {
		b, _, err := e.opened.Encrypt(e.voters[i], e.poll.Cast[i])
		if err != nil {
			return err
		}
		receipt, err := box.Cast(ctx, b)
		if err != nil {
			return err
		}
		return e.opened.VerifyReceipt(b.Bytes(), receipt)
	})
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

// mix has every mixer shuffle what the one before it left.
func (e *election) mix(ctx context.Context) error {
	for _, mixer := range e.Staff.Mixers {
		if err := tally.Mix(ctx, e.opened, e.Log, mixer, &tally.MixOptions{Progress: e.StepOf}); err != nil {
			return err
		}
	}
	return nil
}

// decrypt has as many trustees as it takes decrypt the shuffled ballots.
func (e *election) decrypt(ctx context.Context) error {
	trustees, err := e.Staff.OpenTrustees()
	if err != nil {
		return err
	}
	e.Say(e.Manifest.Threshold, "of", len(trustees), "trustees decrypt.")
	present := trustees[len(trustees)-e.Manifest.Threshold:]
	for i, t := range present {
		if err := tally.Decrypt(ctx, e.opened, e.Log, t); err != nil {
			return err
		}
		e.Step(uint64(i+1), uint64(len(present)))
	}
	return nil
}

// publish combines the trustees' shares, counts what they open, and publishes
// the result.
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
