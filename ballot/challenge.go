package ballot

import (
	"bytes"
	"fmt"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Challenged is what a second device has found out about a challenged ballot:
// what the voter's device had encrypted. It shows the voter Votes, in the
// contests' and options' names; whether these are the votes that were entered
// on the other device, only the voter can say.
type Challenged struct {
	Tracker    Tracker
	Style      int    // an index into the manifest's styles
	Number     uint32 // the ballot's
	Credential []byte // the encoding of K under which it was made; it must be the voter's own
	Votes      Votes  // those that are marked
}

// CheckOpening is what a second device does with a challenged ballot: t is the
// tracker that the voter was shown before challenging it, text the opening from
// the first device, spoil the entry that the first device has put on the ledger,
// r its receipt. From the opening it makes row and tracker again, and compares
// (ErrBinding); the spoil must be of this tracker, by the opening's credential
// (ErrBinding, ErrProof), and its receipt must hold as in
// [Election.VerifyReceipt]. The election must be one that this device has loaded
// itself, from a fingerprint that does not come from the first device.
//
// An opening is refused if it is too long (ErrLimit), of another version
// (ErrVersion) or election (ErrBinding), not as it is written or badly read
// (ErrEncoding), or if its votes, style or number are none that a ballot can
// have (ErrRange, ErrShape, ErrGroup).
//
// It needs no ledger. Without one it cannot know that the ballot was not cast
// before it was spoiled, by a device that lies: package tally's Trace of the
// spoil says so. Nothing that it is given helps to cast a ballot.
func (e *Election) CheckOpening(t Tracker, text string, spoil []byte, r Receipt) (*Challenged, error) {
	o, err := e.parseOpeningText(text)
	if err != nil {
		return nil, err
	}
	got, err := e.trackerFrom(o)
	if err != nil {
		return nil, err
	}
	if got != t {
		return nil, fmt.Errorf("ballot: opening: gives tracker %s, the voter was shown %s: %w", got, t, reason.ErrBinding)
	}
	s, err := e.ParseSpoil(spoil)
	if err != nil {
		return nil, err
	}
	switch {
	case s.tracker != t:
		return nil, fmt.Errorf("ballot: opening: the spoil is of tracker %s, the ballot has %s: %w", s.tracker, t, reason.ErrBinding)
	case s.credentialKey != newPointKey(o.credential):
		return nil, fmt.Errorf("ballot: opening: the spoil is by another credential than the ballot: %w", reason.ErrBinding)
	}
	if err := e.VerifySpoil(s); err != nil {
		return nil, err
	}
	if err := e.VerifyReceipt(spoil, r); err != nil {
		return nil, err
	}
	return &Challenged{Tracker: t, Style: o.style, Number: o.number, Credential: bytes.Clone(o.credential), Votes: o.votes}, nil
}

// origin is what a ballot was made from, except the voter's secret key: enough
// to make its row and its tracker again, but no proof.
type origin struct {
	style      int
	number     uint32
	credential []byte // K
	seed       [seedLen]byte
	proof      [32]byte // hash of the proof
	votes      Votes
}

// trackerFrom makes the row of a ballot again, and from it the tracker.
func (e *Election) trackerFrom(o *origin) (Tracker, error) {
	content, err := e.Manifest.EncodeVotes(o.style, o.votes)
	if err != nil {
		return Tracker{}, err
	}
	r := e.randomness(o.seed, o.style, o.number, o.credential, content)
	messages, _, err := e.messages(o.style, content)
	if err != nil {
		return Tracker{}, fmt.Errorf("ballot: opening: %w", err)
	}
	style := &e.styles[o.style]
	row := e.encodeRow(style.key.Encrypt(messages, r))
	return newTrackerOf(e.Fingerprint, style.id, o.number, o.credential, row, o.proof), nil
}
