package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/tally"
)

// vote is Haneul's morning. Her phone and her brother's tablet have the
// fingerprint from the poster, and trust nothing else.
func (s *story) vote(ctx context.Context) error {
	phone, err := ballot.Load(ctx, s.Log, s.fingerprint)
	if err != nil {
		return err
	}
	tablet, err := ballot.Load(ctx, s.Log, s.fingerprint)
	if err != nil {
		return err
	}
	if err := s.challenge(ctx, phone, tablet, vote("park")); err != nil {
		return err
	}
	s.say("\nHaneul votes for the park")
	if s.first, err = s.cast(ctx, phone, vote("park")); err != nil {
		return err
	}
	s.say("\nHaneul changes her mind, and votes for the library")
	if s.second, err = s.cast(ctx, phone, vote("library")); err != nil {
		return err
	}
	_, err = s.box.Status(s.first.receipt.Tracker)
	var superseded *ballot.SupersededError
	if !errors.As(err, &superseded) {
		return fmt.Errorf("the first ballot is not superseded: %v", err)
	}
	s.say("  the first one   superseded by entry %d", superseded.By)
	return nil
}

// challenge looks into what the phone encrypts. The phone shows the tracker
// before it knows that it will be challenged.
func (s *story) challenge(ctx context.Context, phone, tablet *ballot.Election, votes ballot.Votes) error {
	draft, err := phone.Prepare(s.haneul, votes)
	if err != nil {
		return err
	}
	tracker := draft.Tracker() // which the tablet takes down
	s.say("\nHaneul challenges her phone\n  tracker         %s", tracker)

	spoil, err := draft.Challenge()
	if err != nil {
		return err
	}
	receipt, err := s.box.Spoil(ctx, spoil.Bytes())
	if err != nil {
		return err
	}
	opening, err := draft.Open(receipt) // a QR code on the phone
	if err != nil {
		return err
	}
	s.say("  opening         %.40s… (%d characters)", opening, len(opening))

	found, err := tablet.CheckOpening(tracker, opening, spoil.Bytes(), receipt)
	if err != nil {
		return err
	}
	s.say("  the tablet      says that the ballot was for %v", chosen(tablet, found.Votes))
	if _, err := draft.Cast(); err == nil {
		return errors.New("a challenged ballot can be cast")
	}
	s.spoiled = sent{spoil.Bytes(), receipt}
	return nil
}

// cast has the phone encrypt a vote and cast it, and checks the receipt: that
// takes the phone and nobody else.
func (s *story) cast(ctx context.Context, phone *ballot.Election, votes ballot.Votes) (sent, error) {
	draft, err := phone.Prepare(s.haneul, votes)
	if err != nil {
		return sent{}, err
	}
	s.say("  tracker         %s", draft.Tracker())
	b, err := draft.Cast()
	if err != nil {
		return sent{}, err
	}
	receipt, err := s.box.Cast(ctx, b)
	if err != nil {
		return sent{}, err
	}
	if err := phone.VerifyReceipt(b.Bytes(), receipt); err != nil {
		return sent{}, err
	}
	s.say("  receipt         holds: entry %d", receipt.Index)
	return sent{b.Bytes(), receipt}, nil
}

// chosen returns the names of the options that are marked.
func chosen(e *ballot.Election, votes ballot.Votes) (names []string) {
	for i := range e.Manifest.Contests {
		c := &e.Manifest.Contests[i]
		for _, o := range c.Options {
			if votes[c.ID][o.ID] != 0 {
				names = append(names, o.Name)
			}
		}
	}
	return names
}

// trace asks the ledger, after the count, what became of all that she has sent.
func (s *story) trace(ctx context.Context) error {
	s.say("\nHaneul looks again")
	for _, x := range []struct {
		name string
		sent
		want tally.Verdict
	}{
		{"the challenge", s.spoiled, tally.Spoiled},
		{"the first vote", s.first, tally.Superseded},
		{"the second vote", s.second, tally.Counted},
	} {
		got, err := tally.Trace(ctx, s.Log, s.fingerprint, x.data, x.receipt)
		if err != nil {
			return err
		}
		s.say("  %-15s %s", x.name, got)
		if got.Verdict != x.want {
			return fmt.Errorf("%s is %s", x.name, got.Verdict)
		}
	}
	return nil
}
