package ballot

import (
	"bytes"
	"context"
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
	r   ledger.Reader // log, checked against its checkpoints by policy

	policy ledger.Policy

	verifier  verifier
	following sync.Mutex // held by who reads the ledger into state

	mu    sync.Mutex
	state *State
	// verified holds entries that are being cast, by id, so that the state
	// does not verify them again when they come back from the ledger.
	verified map[entry.Hash]examined
	onTheWay map[pointKey]uint32 // by credential: how many of verified are its
	// submitted has where on the ledger those of them stand that nobody waits
	// for, until the state has come there.
	submitted map[entry.Hash]uint64
}

// Receipt says where on the ledger a ballot or spoil stands, with a proof that
// anybody can check offline: see Election.VerifyReceipt.
type Receipt struct {
	Index   uint64
	Tracker Tracker
	Proof   []byte // c2sp.org/tlog-proof text
}

// OpenBox opens the ballot box of e over its ledger. It replays what is on the
// ledger already. When the ledger's key has been rotated the box must be opened
// anew.
func OpenBox(ctx context.Context, e *Election, log Log) (*Box, error) {
	r, cp, policy, err := e.Manifest.verified(ctx, log)
	if err != nil {
		return nil, err
	}
	b := &Box{e: e, log: log, r: r, verifier: verifier{e: e}, policy: policy, state: NewState(e),
		verified: make(map[entry.Hash]examined), onTheWay: make(map[pointKey]uint32), submitted: make(map[entry.Hash]uint64)}
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
	return b.put(ctx, bytes.Clone(data), entry.Ballot)
}

// Spoil puts a spoil on the ledger, under the same conditions as Cast. Only
// after checking its receipt may a device open the ballot to another one.
func (b *Box) Spoil(ctx context.Context, data []byte) (Receipt, error) {
	return b.put(ctx, bytes.Clone(data), entry.Spoil)
}

// Submit is the first half of Cast and Spoil, for a ledger whose checkpoints
// take long: it checks the entry, appends it, and returns its index as soon as
// it is durable. That is no receipt yet, and the counting rule may still refuse
// the entry if something before it on the ledger is against it: ask with
// [Box.Receipt] when a checkpoint can be expected to cover it.
//
// The very same entry again is a retry and returns the index of the first, or
// ErrReplay and the entry that supersedes it. After an error of the ledger or
// of ctx the outcome is unknown: submit the same entry again.
func (b *Box) Submit(ctx context.Context, data []byte) (index uint64, err error) {
	kind, _ := peekKind(data)
	if kind != entry.Spoil {
		kind = entry.Ballot
	}
	if err := b.catchUp(ctx); err != nil {
		return 0, err
	}
	data = bytes.Clone(data)
	x, err := b.examine(data, kind)
	if err != nil {
		return 0, err
	}
	if err := b.announce(data, x); err != nil {
		if index, ok, err := b.standing(ctx, data, x); ok {
			return index, err
		}
		return 0, err
	}
	index, err = b.log.Append(ctx, data)
	if err != nil {
		b.forget(data)
		return 0, fmt.Errorf("ballot: box: %w", err)
	}
	b.leave(data, index)
	return index, nil
}

// Receipt is the second half: it waits until a published checkpoint covers the
// entry with this index, and returns the receipt for it, or why the counting
// rule has refused it. It needs nothing but the index, so that it answers for
// what was submitted before a restart as well. An entry that is no ballot or
// spoil of this election is ErrEncoding or ErrBinding.
func (b *Box) Receipt(ctx context.Context, index uint64) (Receipt, error) {
	if err := b.accepted(ctx, index); err != nil {
		return Receipt{}, err
	}
	for en, err := range b.r.Entries(ctx, index, index+1) {
		if err != nil {
			return Receipt{}, fmt.Errorf("ballot: box: entry %d: %w", index, err)
		}
		x := b.e.examine(en.Data) // of this election, or it was refused
		if x.ballot == nil && x.spoil == nil {
			return Receipt{}, fmt.Errorf("ballot: box: entry %d is a %s, neither ballot nor spoil: %w", index, x.kind, reason.ErrEncoding)
		}
		return b.receipt(ctx, index, x.tracker())
	}
	return Receipt{}, fmt.Errorf("ballot: box: entry %d: %w", index, reason.ErrIncomplete)
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

// put takes an entry that must be of the given kind: checks it, appends it, and
// waits for what the counting rule says there.
func (b *Box) put(ctx context.Context, data []byte, kind entry.Kind) (Receipt, error) {
	x, err := b.examine(data, kind)
	if err != nil {
		return Receipt{}, err
	}
	if err := b.announce(data, x); err != nil {
		if index, ok, err := b.standing(ctx, data, x); ok {
			if err != nil {
				return Receipt{}, err
			}
			return b.receipt(ctx, index, x.tracker())
		}
		return Receipt{}, err
	}
	defer b.forget(data)

	index, err := b.log.Append(ctx, data)
	if err != nil {
		return Receipt{}, fmt.Errorf("ballot: box: %w", err)
	}
	if err := b.accepted(ctx, index); err != nil {
		return Receipt{}, err
	}
	return b.receipt(ctx, index, x.tracker())
}

// examine examines an entry that must be of the given kind, with its proof.
func (b *Box) examine(data []byte, kind entry.Kind) (examined, error) {
	x := b.e.examine(data)
	switch {
	case x.foreign != nil:
		return examined{}, x.foreign
	case x.kind != kind:
		return examined{}, fmt.Errorf("ballot: entry is a %s, not a %s: %w", x.kind, kind, reason.ErrEncoding)
	}
	return b.verifier.verify(x)
}

// accepted waits until the state has come to an entry, and returns why it was
// refused.
func (b *Box) accepted(ctx context.Context, index uint64) error {
	if _, err := b.log.Await(ctx, index+1); err != nil {
		return fmt.Errorf("ballot: box: entry %d: %w", index, err)
	}
	if err := b.follow(ctx, index+1); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state.refusal(index)
}

// standing returns where an entry stands already: the very same one. The error
// is that a later ballot supersedes it, or that another entry stands there.
func (b *Box) standing(ctx context.Context, data []byte, x examined) (index uint64, stands bool, err error) {
	if x.err != nil {
		return 0, false, nil
	}
	b.mu.Lock()
	index, stands, err = b.state.stands(x)
	b.mu.Unlock()
	if !stands || err != nil {
		return 0, stands, err
	}
	// A ballot with this tracker is the same to the byte, since its proof holds.
	// Of one spoil its voter may have signed two.
	for en, err := range b.r.Entries(ctx, index, index+1) {
		if err != nil {
			return 0, true, fmt.Errorf("ballot: box: %w", err)
		}
		if !bytes.Equal(en.Data, data) {
			return 0, true, fmt.Errorf("ballot: stands already as entry %d, in other bytes: %w", index, reason.ErrReplay)
		}
	}
	return index, true, nil
}

// announce asks the counting rule about an entry, and has it remembered until
// it comes back from the ledger, unless its credential has too many.
func (b *Box) announce(data []byte, x examined) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.state.check(b.state.next, x); err != nil {
		return err
	}
	id := entry.ID(data)
	if _, again := b.verified[id]; again {
		return nil
	}
	credential := x.credential()
	limit, has := b.e.Manifest.Limits.BallotsPerCredential, b.onTheWay[credential]
	if x.spoil != nil {
		has += b.state.spoils[credential]
	}
	if has >= limit {
		return fmt.Errorf("ballot: box: %d entries of the credential are spoils or on their way, at most %d: %w", has, limit, reason.ErrLimit)
	}
	b.verified[id] = x
	b.onTheWay[credential]++
	return nil
}

// drop forgets an entry that announce had remembered. The caller holds mu.
func (b *Box) drop(id entry.Hash) {
	x, ok := b.verified[id]
	if !ok {
		return
	}
	delete(b.verified, id)
	credential := x.credential()
	if b.onTheWay[credential]--; b.onTheWay[credential] == 0 {
		delete(b.onTheWay, credential)
	}
}

func (b *Box) forget(data []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drop(entry.ID(data))
}

// leave has an entry remembered for as long as the state has not come to it.
func (b *Box) leave(data []byte, index uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if index < b.state.next {
		b.drop(entry.ID(data))
		return
	}
	b.submitted[entry.ID(data)] = index
}

// catchUp reads what has been published since, unless somebody is about it:
// where nobody waits for a receipt, nobody else does.
func (b *Box) catchUp(ctx context.Context) error {
	cp, err := b.log.Checkpoint(ctx)
	if err != nil {
		return fmt.Errorf("ballot: box: %w", err)
	}
	b.mu.Lock()
	behind := b.state.next < cp.Size
	b.mu.Unlock()
	if !behind || !b.following.TryLock() {
		return nil
	}
	defer b.following.Unlock()
	return b.advance(ctx, cp.Size)
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
	return b.advance(ctx, size)
}

// advance does what follow does. The caller holds following.
func (b *Box) advance(ctx context.Context, size uint64) error {
	cp, err := b.r.Await(ctx, size)
	if err != nil {
		return fmt.Errorf("ballot: box: %w", err)
	}
	if err := b.state.advance(ctx, b.r, cp.Size, advanceOptions{lock: &b.mu, known: b.known, policy: b.policy}); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, index := range b.submitted {
		if index < b.state.next {
			delete(b.submitted, id)
			b.drop(id)
		}
	}
	return nil
}

func (b *Box) known(id entry.Hash) (examined, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	x, ok := b.verified[id]
	return x, ok
}
