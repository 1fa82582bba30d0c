package tally

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// Verdict is what a ledger says about an entry of a voter.
type Verdict uint8

// The verdicts.
const (
	Absent     Verdict = iota // the ledger does not go on from where the receipt was given
	Refused                   // the entry is there and counts for nothing
	Superseded                // the ballot was accepted, and a later one of its credential counts
	Counted                   // the ballot counts
	Spoiled                   // the entry is a spoil, and no ballot of its credential with the tracker can ever count
)

func (v Verdict) String() string {
	return [...]string{"absent", "refused", "superseded", "counted", "spoiled"}[v]
}

// MarshalText is the verdict in JSON.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Traced is what became of a ballot or spoil, as far as the ledger goes.
type Traced struct {
	Verdict Verdict
	Tracker ballot.Tracker
	Entry   uint64 // where it stands; of a ballot that was accepted always that entry, also if this is a copy or a stranger's spoil
	By      uint64 // the entry that counts instead of a superseded one
	Pin     uint64 // the pin after which nothing changes any more; 0 before there is one
	Size    uint64 // how many entries the answer is from
	Err     error  // why it is refused or absent; wraps the reason
}

// String returns the answer in a line for the voter.
func (t *Traced) String() string {
	switch t.Verdict {
	case Counted, Superseded, Spoiled:
		says := map[Verdict]string{
			Counted:    fmt.Sprintf("entry %d counts", t.Entry),
			Superseded: fmt.Sprintf("entry %d is superseded by entry %d", t.Entry, t.By),
			Spoiled:    fmt.Sprintf("entry %d spoils the ballot", t.Entry),
		}[t.Verdict]
		if t.Pin != 0 {
			return fmt.Sprintf("%s, pinned by entry %d", says, t.Pin)
		}
		return fmt.Sprintf("%s, by the first %d entries", says, t.Size)
	case Refused:
		return fmt.Sprintf("entry %d is refused: %v", t.Entry, t.Err)
	}
	return fmt.Sprintf("not on this ledger of %d entries: %v", t.Size, t.Err)
}

// Trace says what became of a ballot or spoil that a voter's device has sent and
// has a receipt for. It first checks the receipt itself, with the errors of
// [ballot.Election.VerifyReceipt]; then it reads the whole ledger and applies the
// counting rule to it, one time, and answers from that: for many voters keep a
// [ballot.State] instead.
//
// A spoil must be by the ballot's own credential, which its tracker does not
// show: [ballot.Election.CheckOpening] compares them. Where a stranger's spoil
// is traced and the ballot was accepted, the verdict is the ballot's.
//
// The ledger is checked from the fingerprint down, and against the checkpoint in
// the receipt. If it has fewer entries than that, or others, the verdict is
// Absent, with ErrIncomplete or ErrFork; in the second case the receipt and the
// ledger together convict whoever has signed both. The error is that of
// [ballot.Load] or [ballot.Replay].
func Trace(ctx context.Context, r ledger.Reader, fp ballot.Fingerprint, sent []byte, receipt ballot.Receipt) (*Traced, error) {
	e, err := ballot.Load(ctx, r, fp)
	if err != nil {
		return nil, err
	}
	if err := e.VerifyReceipt(sent, receipt); err != nil {
		return nil, err
	}
	v, cp, err := e.Manifest.Verified(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("tally: %w", err)
	}
	policy, err := e.Manifest.PolicyOn(ctx, r, cp)
	if err != nil {
		return nil, fmt.Errorf("tally: %w", err)
	}
	given, err := ledger.VerifyProof(policy, sent, receipt.Proof)
	if err != nil {
		return nil, fmt.Errorf("tally: receipt: %w", err)
	}
	old := given.Checkpoint
	t := &Traced{Tracker: receipt.Tracker, Entry: receipt.Index, Size: cp.Size}
	if cp.Size < old.Size {
		t.Err = fmt.Errorf("tally: the ledger has %d entries, the receipt is of one with %d: %w", cp.Size, old.Size, reason.ErrIncomplete)
		return t, nil
	}
	state, roots, err := replayRoots(ctx, e, v, cp.Size, old.Size)
	if err != nil {
		return nil, err
	}
	if roots[old.Size] != old.Root {
		t.Err = fmt.Errorf("tally: the receipt's checkpoint has root %s at size %d, the ledger's entries give %s: %w", old.Root, old.Size, roots[old.Size], reason.ErrFork)
		return t, nil
	}
	if t.Pin, err = validPin(ctx, v, state, roots); err != nil {
		return nil, err
	}
	t.judge(state, len(sent) > 1 && entry.Kind(sent[1]) == entry.Spoil)
	return t, nil
}

// judge takes over what the counting rule says of the entry, and of a spoil
// that stands what it says of the ballot, which a spoil by another credential
// does not stop.
func (t *Traced) judge(state *ballot.State, spoil bool) {
	refused := state.Refused()
	at, isRefused := slices.BinarySearchFunc(refused, t.Entry, func(r ballot.Refusal, index uint64) int { return cmp.Compare(r.Index, index) })
	index, err := state.Status(t.Tracker)
	var superseded *ballot.SupersededError
	switch {
	case spoil && isRefused:
		t.Verdict, t.Err = Refused, refused[at].Err
	case err == nil:
		t.Verdict, t.Entry = Counted, index
	case errors.As(err, &superseded):
		t.Verdict, t.Entry, t.By = Superseded, superseded.Index, superseded.By
	case isRefused:
		t.Verdict, t.Err = Refused, refused[at].Err
	default:
		t.Verdict = Spoiled
	}
}

// replayRoots replays a ledger and returns its roots at one size, and at that of
// the pin if the election is closed.
func replayRoots(ctx context.Context, e *ballot.Election, r ledger.Reader, size, at uint64) (*ballot.State, map[uint64]tlog.Hash, error) {
	state, tree, roots := ballot.NewState(e), ledger.NewRange(0), make(map[uint64]tlog.Hash)
	var rootErr error
	err := state.Advance(ctx, r, size, &ballot.ReplayOptions{Applied: func(entries []ledger.Entry, _ []ballot.AcceptedBallot) {
		closed, isClosed := state.Closed()
		for _, en := range entries {
			tree.Append(ledger.LeafHash(en.Data))
			if n := tree.End(); n == at || isClosed && n == closed+1 {
				root, err := tree.Root()
				roots[n], rootErr = root, cmp.Or(rootErr, err)
			}
		}
	}})
	if err = cmp.Or(err, rootErr); err != nil {
		return nil, nil, fmt.Errorf("tally: %w", err)
	}
	return state, roots, nil
}

// validPin returns the index of the first pin that holds, or 0.
func validPin(ctx context.Context, r ledger.Reader, state *ballot.State, roots map[uint64]tlog.Hash) (uint64, error) {
	closed, _ := state.Closed()
	right := newPin(closed, roots[closed+1])
	for _, index := range state.Pins() {
		env, err := readEntry(ctx, r, index)
		if err != nil {
			return 0, err
		}
		p, err := parsePin(env.Body)
		if err == nil && p.check(right) == nil {
			return index, nil
		}
	}
	return 0, nil
}
