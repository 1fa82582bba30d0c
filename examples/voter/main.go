// Command voter plays an election from the side of one voter, who does not
// believe her phone, the ballot box, or anybody else.
//
//	go run ./examples/voter
//
// Haneul is let in by a registrar that knows who she is and never learns which
// ballot is hers. She has her phone encrypt a vote and challenges it: a second
// device looks into the ballot, which then cannot be cast. She casts another
// one, checks the receipt offline, changes her mind, votes again, and in the
// end finds out from the ledger what became of all three.
//
// The exit status is 0 if everything was as it should be, and 1 if not.
package main

import (
	"context"
	"errors"
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

// run is the program. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	s := &story{Stage: play.NewStage(stderr), out: stdout}
	defer s.Close()
	err := errors.New("there is nothing to choose: it takes no arguments")
	if len(args) == 0 {
		err = s.play(ctx)
	}
	if err != nil {
		fmt.Fprintln(stderr, "voter:", err)
		return 1
	}
	return 0
}

// story is everything that this program plays.
type story struct {
	*play.Stage // who runs the election, its manifest and its ledger

	out         io.Writer
	fingerprint ballot.Fingerprint // printed on a poster in the town hall
	haneul      *ballot.Voter
	others      []*ballot.Voter
	box         *ballot.Box

	spoiled, first, second sent // what Haneul's phone has sent
}

// sent is what a device keeps of what it has sent.
type sent struct {
	data    []byte
	receipt ballot.Receipt
}

// others vote as well: below ten voters nothing would be published.
const others = 11

// play plays the election.
func (s *story) play(ctx context.Context) error {
	poll := &play.Poll{Title: "What shall Haedal build?", Source: "voter", Contests: []ballot.Contest{{
		ID: "site", Name: "On the old market", Kind: "choose", Min: 1, Max: 1, Blank: true,
		Options: []ballot.Option{{ID: "library", Name: "A library"}, {ID: "park", Name: "A park"}},
	}}}
	for i := range 1 + others {
		poll.Cast = append(poll.Cast, vote([]string{"park", "library"}[i%2]))
	}
	if err := s.Prepare(poll, &play.Options{Trustees: 3, Threshold: 2, Tokens: true}); err != nil {
		return err
	}
	return s.Hold(ctx,
		play.Part{Name: "key ceremony", Do: s.makeKey},
		play.Part{Name: "tokens", Do: s.issue},
		play.Part{Name: "opening", Do: s.open},
		play.Part{Name: "everybody else votes", Do: func(ctx context.Context) error { return s.voteOthers(ctx, poll) }},
		play.Part{Name: "Haneul votes", Do: s.vote},
		play.Part{Name: "close and count", Do: s.count},
		play.Part{Name: "audit", Do: s.audit},
		play.Part{Name: "Haneul looks again", Do: s.trace},
	)
}

func vote(option string) ballot.Votes { return ballot.Votes{"site": {option: 1}} }

// say tells the story.
func (s *story) say(format string, a ...any) { fmt.Fprintf(s.out, format+"\n", a...) }

// makeKey posts the manifest, upon which the trustees make the key so that
// nobody ever has it.
func (s *story) makeKey(ctx context.Context) error {
	if err := ballot.Publish(ctx, s.Log, s.Manifest, s.Staff.Quorum()); err != nil {
		return err
	}
	return s.Staff.MakeKey(ctx, s.Log, s.Manifest)
}

// open opens the election at the announced hour, and the ballot box. In a real
// election without a roll the box is on a ledger that [ledger.Paced] slows down,
// so that who watches it live does not see when somebody votes.
func (s *story) open(ctx context.Context) error {
	err := play.Wait(ctx, s.Manifest.Opens)
	if err != nil {
		return err
	}
	if s.fingerprint, err = ballot.Open(ctx, s.Log, s.Manifest, s.Staff.Quorum()); err != nil {
		return err
	}
	e, err := ballot.Load(ctx, s.Log, s.fingerprint)
	if err != nil {
		return err
	}
	s.box, err = ballot.OpenBox(ctx, e, s.Log)
	return err
}

// voteOthers is how those vote who trust their phones.
func (s *story) voteOthers(ctx context.Context, poll *play.Poll) error {
	e, err := ballot.Load(ctx, s.Log, s.fingerprint)
	if err != nil {
		return err
	}
	for i, v := range s.others {
		b, _, err := e.Encrypt(v, poll.Cast[1+i])
		if err != nil {
			return err
		}
		receipt, err := s.box.Cast(ctx, b)
		if err != nil {
			return err
		}
		if err := e.VerifyReceipt(b.Bytes(), receipt); err != nil {
			return err
		}
	}
	return nil
}

// count closes the election, and two of the three trustees decrypt its sums.
func (s *story) count(ctx context.Context) error {
	if err := play.Wait(ctx, s.Manifest.Closes); err != nil {
		return err
	}
	if err := ballot.Close(ctx, s.Log, s.fingerprint, s.Staff.Quorum()); err != nil {
		return err
	}
	e, err := ballot.Load(ctx, s.Log, s.fingerprint)
	if err != nil {
		return err
	}
	if err := tally.Pin(ctx, e, s.Log, s.Staff.Quorum()); err != nil {
		return err
	}
	trustees, err := s.Staff.OpenTrustees()
	if err != nil {
		return err
	}
	for _, t := range trustees[:2] {
		if err := tally.Decrypt(ctx, e, s.Log, t); err != nil {
			return err
		}
	}
	result, err := tally.Combine(ctx, e, s.Log)
	if err != nil {
		return err
	}
	return tally.Publish(ctx, e, s.Log, result, s.Staff.Quorum())
}

// audit is what anybody can do who has the ledger and the fingerprint.
func (s *story) audit(ctx context.Context) error {
	report, err := tally.Audit(ctx, s.Log, s.fingerprint, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "\nThe audit\n\n%s", report.Text())
	if !report.Verified() {
		return errors.New("the election did not verify")
	}
	return nil
}
