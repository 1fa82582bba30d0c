package ballot

import (
	"fmt"

	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// VerifyReceipt checks a receipt for the entry that a voter's device sent, a
// ballot's or a spoil's Bytes: that the entry is of this election, that the
// receipt names the tracker which follows from the entry's own bytes
// (ErrBinding), and that a checkpoint of the manifest's ledger, signed and with
// a quorum of its witnesses, has the entry at the receipt's index (ErrSignature,
// ErrQuorum, ErrChain), after the open entry (ErrState). It reads nothing but its arguments, so a receipt can be
// checked offline, on any device. Only a receipt that was given after the
// ledger's key was rotated needs an election that was loaded since.
//
// A receipt proves that the entry is on the ledger. That it was accepted there
// is what a ballot box says by giving it, and whether a ballot still counts
// only the ledger knows: a later one of the same credential supersedes it. State
// and package tally's Trace answer from the ledger.
func (e *Election) VerifyReceipt(sent []byte, r Receipt) error {
	tracker, err := e.trackerOf(sent)
	if err != nil {
		return err
	}
	if tracker != r.Tracker {
		return fmt.Errorf("ballot: receipt: names tracker %s, the entry's is %s: %w", r.Tracker, tracker, reason.ErrBinding)
	}
	proven, err := ledger.VerifyProof(e.policy, sent, r.Proof)
	if err != nil {
		return fmt.Errorf("ballot: receipt: %w", err)
	}
	if r.Index <= e.Opening.Index {
		return fmt.Errorf("ballot: receipt: for entry %d, and the election opens at entry %d: %w", r.Index, e.Opening.Index, reason.ErrState)
	}
	if proven.Index != r.Index {
		return fmt.Errorf("ballot: receipt: for entry %d, its proof is for entry %d: %w", r.Index, proven.Index, reason.ErrChain)
	}
	return nil
}

func (e *Election) trackerOf(sent []byte) (Tracker, error) {
	if kind, ok := peekKind(sent); ok && kind == entry.Spoil {
		s, err := e.ParseSpoil(sent)
		if err != nil {
			return Tracker{}, err
		}
		return s.tracker, nil
	}
	b, err := e.ParseBallot(sent)
	if err != nil {
		return Tracker{}, err
	}
	return b.tracker, nil
}
