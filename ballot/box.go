package ballot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// Box is a ballot box: it takes ballots and spoils, puts them on the ledger and
// gives receipts. It refuses early, as a courtesy, what the counting rule would
// refuse; the rule decides. It is safe for concurrent use, and fast when used
// so: casts share the ledger's commits.
type Box struct {
	e   *Election
	log Log
	r   ledger.Reader // log, checked against its checkpoints

	following sync.Mutex // held by who reads the ledger into state

	mu    sync.Mutex
	state *State
	// verified holds entries that are being cast, by id, so that the state
	// does not verify them again when they come back from the ledger.
	verified map[entry.Hash]examined
}

// Receipt says where on the ledger a ballot or spoil stands, with a proof that
// anybody can check offline: see Election.VerifyReceipt.
type Receipt struct {
	Index   uint64
	Tracker Tracker
	Proof   []byte // c2sp.org/tlog-proof text
}

// OpenBox opens the ballot box of e over its ledger. It replays what is on the
// ledger already.
func OpenBox(ctx context.Context, e *Election, log Log) (*Box, error) {
	r, err := verifiedReader(ctx, log, e.Manifest)
	if err != nil {
		return nil, err
	}
	b := &Box{e: e, log: log, r: r, state: NewState(e), verified: make(map[entry.Hash]examined)}
	cp, err := r.Checkpoint(ctx)
	if err != nil {
		return nil, fmt.Errorf("ballot: box: %w", err)
	}
	if err := b.follow(ctx, cp.Size); err != nil {
		return nil, err
	}
	return b, nil
}

// Cast checks the ballot, appends it to the ledger and returns the receipt once
// a published checkpoint covers it. A refusal wraps the reason of the counting
// rule and leaves nothing on the ledger, or, where the ledger moved on in
// between (a close, another ballot of the voter), a refused entry.
//
// The very same ballot again is a retry and returns the receipt for the first,
// or ErrReplay and the entry that supersedes it. After any other error, that of
// ctx included, the outcome is unknown: cast the same ballot again.
func (b *Box) Cast(ctx context.Context, ballot *Ballot) (Receipt, error) {
	if ballot == nil || ballot.data == nil {
		return Receipt{}, fmt.Errorf("ballot: cast without a ballot: %w", reason.ErrShape)
	}
	return b.CastBytes(ctx, ballot.data)
}

// CastBytes is Cast for a ballot as it comes from a voter's device.
func (b *Box) CastBytes(ctx context.Context, data []byte) (Receipt, error) {
	x, err := b.examine(data, entry.Ballot)
	if err != nil {
		return Receipt{}, err
	}
	if x.err == nil {
		if r, done, err := b.retry(ctx, data, x.ballot.tracker); done || err != nil {
			return r, err
		}
		x.err = b.e.VerifyBallot(x.ballot)
	}
	r, err := b.put(ctx, data, x, (*State).checkBallot)
	if errors.Is(err, reason.ErrReplay) {
		// Perhaps the same ballot, cast at the same time, came first.
		if r, done, err := b.retry(ctx, data, x.ballot.tracker); done {
			return r, err
		}
	}
	return r, err
}

// Spoil puts a spoil on the ledger, under the same conditions as Cast. Only
// after checking its receipt may a device open the ballot to another one.
func (b *Box) Spoil(ctx context.Context, data []byte) (Receipt, error) {
	x, err := b.examine(data, entry.Spoil)
	if err != nil {
		return Receipt{}, err
	}
	if x.err == nil {
		x.err = b.e.VerifySpoil(x.spoil)
	}
	return b.put(ctx, data, x, (*State).checkSpoil)
}

// examine examines an entry of this election that must be of the given kind.
func (b *Box) examine(data []byte, kind entry.Kind) (examined, error) {
	x := b.e.examine(bytes.Clone(data))
	switch {
	case x.foreign != nil:
		return x, x.foreign
	case x.kind != kind:
		return x, fmt.Errorf("ballot: entry is a %s, not a %s: %w", x.kind, kind, reason.ErrEncoding)
	}
	return x, nil
}

// Status says whether the ballot with tracker t counts, as far as the box has
// read the ledger: see State.Status.
func (b *Box) Status(t Tracker) (index uint64, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state.Status(t)
}

// Standing says where a voter stands, as far as the box has read the ledger:
// see State.Standing.
func (b *Box) Standing(credential []byte) (Standing, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state.Standing(credential)
}

// retry answers for a ballot that was accepted before: the very same one.
func (b *Box) retry(ctx context.Context, data []byte, t Tracker) (Receipt, bool, error) {
	index, err := b.Status(t)
	switch {
	case errors.Is(err, reason.ErrIncomplete):
		return Receipt{}, false, nil
	case err != nil:
		return Receipt{}, true, err
	}
	// The tracker leaves out the envelope's time, the receipt does not.
	for en, err := range b.r.Entries(ctx, index, index+1) {
		if err != nil {
			return Receipt{}, true, fmt.Errorf("ballot: box: %w", err)
		}
		if !bytes.Equal(en.Data, data) {
			return Receipt{}, true, fmt.Errorf("ballot: stands already as entry %d, with another time: %w", index, reason.ErrReplay)
		}
	}
	r, err := b.receipt(ctx, index, t)
	return r, true, err
}

// put asks the counting rule about an entry whose proof has been checked,
// appends it, and waits for what the rule says there.
func (b *Box) put(ctx context.Context, data []byte, x examined, check func(*State, uint64, examined) error) (Receipt, error) {
	var t Tracker
	switch {
	case x.ballot != nil:
		t = x.ballot.tracker
		x.ballot = x.ballot.withoutPoints()
	case x.spoil != nil:
		t = x.spoil.tracker
	}
	id := entry.ID(data)
	b.mu.Lock()
	if err := check(b.state, b.state.next, x); err != nil {
		b.mu.Unlock()
		return Receipt{}, err
	}
	b.verified[id] = x
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		delete(b.verified, id)
		b.mu.Unlock()
	}()

	index, err := b.log.Append(ctx, data)
	if err != nil {
		return Receipt{}, fmt.Errorf("ballot: box: %w", err)
	}
	if _, err := b.log.Await(ctx, index+1); err != nil {
		return Receipt{}, fmt.Errorf("ballot: box: entry %d: %w", index, err)
	}
	if err := b.follow(ctx, index+1); err != nil {
		return Receipt{}, err
	}
	b.mu.Lock()
	err = b.state.refusal(index)
	b.mu.Unlock()
	if err != nil {
		return Receipt{}, err
	}
	return b.receipt(ctx, index, t)
}

func (b *Box) receipt(ctx context.Context, index uint64, t Tracker) (Receipt, error) {
	proof, err := ledger.Prove(ctx, b.r, index)
	if err != nil {
		return Receipt{}, fmt.Errorf("ballot: box: receipt for entry %d: %w", index, err)
	}
	return Receipt{Index: index, Tracker: t, Proof: proof}, nil
}

// follow brings the state to at least size entries. Whoever comes first reads
// all that is published; the others find it done.
func (b *Box) follow(ctx context.Context, size uint64) error {
	b.following.Lock()
	defer b.following.Unlock()
	cp, err := b.r.Await(ctx, size)
	if err != nil {
		return fmt.Errorf("ballot: box: %w", err)
	}
	return b.state.advance(ctx, b.r, cp.Size, advanceOptions{lock: &b.mu, known: b.known})
}

func (b *Box) known(id entry.Hash) (examined, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	x, ok := b.verified[id]
	return x, ok
}
