package ballot

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"sync"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Draft is an encrypted ballot of which the voter has not decided yet: it will
// be cast, or the device will be challenged to show what it encrypted, never
// both (docs/protocol.md §9.4). [Election.Prepare] makes it. The device shows
// the tracker first and asks then, so that it cannot know which ballots will be
// looked into.
//
// A draft lives in memory only and must be kept secret: with its seed it would
// prove a vote. A device that crashes has lost it and makes another one, with
// the next number. What a device may write down is Voter.Number before it shows
// the tracker, after Cast the ballot's bytes and after Challenge the spoil's,
// to send them again. Of a challenge without an opening the voter can only think
// that the device was caught, whatever it says.
//
// It prints as redacted and is safe for concurrent use.
type Draft struct {
	e       *Election
	tracker Tracker

	mu     sync.Mutex
	voter  *Voter  // to sign the spoil; nil once the ballot is cast
	ballot *Ballot // nil once it is challenged
	secret *secret // the opening; nil once the ballot is cast
	spoil  *Spoil  // nil unless it is challenged
}

// secret is an opening that is not yet a text. Drafts point to it, so that even
// what prints the fields of a draft that stands in another structure does not
// print this.
type secret struct{ data []byte }

// Prepare encrypts the voter's votes like [Election.Encrypt], under the same
// conditions, as a ballot that the voter may challenge. It fails with ErrLimit
// where an opening does not fit a QR code, which mixed contests with very long
// texts can bring about: such a ballot cannot be challenged.
//
// A ballot that is challenged has used up its number like one that is cast, so
// that who challenges as often as the manifest's limit has none left to vote
// with: a device says so in time.
func (e *Election) Prepare(v *Voter, votes Votes) (*Draft, error) {
	b, seed, err := e.encrypt(v, votes)
	if err != nil {
		return nil, err
	}
	voter := *v
	data, err := e.encodeOrigin(&origin{
		style: b.style, number: b.number, credential: v.Key.Public(),
		seed: seed, proof: sha256.Sum256(b.proof), votes: votes,
	})
	clear(seed[:])
	if err != nil {
		v.Number-- // nobody has seen the ballot
		return nil, err
	}
	return &Draft{e: e, tracker: b.tracker, voter: &voter, ballot: b, secret: &secret{data}}, nil
}

// Tracker returns the ballot's tracker, computed from its own bytes. The voter
// notes it, or shows it to the second device, before saying what is to be done
// with the ballot.
func (d *Draft) Tracker() Tracker { return d.tracker }

// Cast decides that the ballot is cast, and returns it: the same one if asked
// again. The draft forgets the seed and can never be challenged or opened.
// ErrState if it was challenged.
func (d *Draft) Cast() (*Ballot, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.spoil != nil:
		return nil, fmt.Errorf("ballot: draft %s was challenged: %w", d.tracker, reason.ErrState)
	case d.ballot == nil:
		return nil, errNoDraft
	}
	if d.secret != nil {
		clear(d.secret.data)
	}
	d.secret, d.voter = nil, nil
	return d.ballot, nil
}

// Challenge decides that the ballot is not cast, and returns the spoil that says
// so on the ledger: the same one if asked again. The draft forgets the ballot,
// which nobody can make a second time. ErrState if it was cast.
func (d *Draft) Challenge() (*Spoil, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.spoil != nil:
		return d.spoil, nil
	case d.ballot == nil:
		return nil, errNoDraft
	case d.secret == nil:
		return nil, fmt.Errorf("ballot: draft %s was cast: %w", d.tracker, reason.ErrState)
	}
	spoil, err := d.e.NewSpoil(d.voter, d.tracker)
	if err != nil {
		return nil, err
	}
	d.spoil, d.ballot, d.voter = spoil, nil, nil
	return spoil, nil
}

// Open returns the opening of a challenged ballot, for a second device to check
// with [Election.CheckOpening]: a text of at most 4,296 characters that QR codes
// have a compact form for. It holds the votes and the seed, and is for the voter
// alone. The receipt must be that of the spoil, whose errors are those of
// [Election.VerifyReceipt]; ErrState if the draft is not challenged.
func (d *Draft) Open(r Receipt) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.spoil == nil {
		return "", fmt.Errorf("ballot: draft %s is not challenged: %w", d.tracker, reason.ErrState)
	}
	if err := d.e.VerifyReceipt(d.spoil.data, r); err != nil {
		return "", err
	}
	return openingText(d.secret.data), nil
}

var errNoDraft = fmt.Errorf("ballot: no draft: %w", reason.ErrShape)

func (d *Draft) String() string               { return "ballot.Draft" + redacted }
func (d *Draft) GoString() string             { return d.String() }
func (d *Draft) Format(f fmt.State, _ rune)   { fmt.Fprint(f, d.String()) }
func (d *Draft) LogValue() slog.Value         { return slog.StringValue(d.String()) }
func (d *Draft) MarshalText() ([]byte, error) { return []byte(redacted), nil }
