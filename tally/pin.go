package tally

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// pinned is what the authorities sign after the close: where the close stands,
// and the root of the ledger up to and including it. All trustees decrypt what
// these entries add up to, and nothing else (docs/protocol.md, Decryption and
// result).
type pinned struct {
	close uint64    // index of the close
	size  uint64    // close + 1: the pinned entries are [0, size)
	root  tlog.Hash // of the Merkle tree of that size
}

// newPin returns the one pin of an election whose close stands at index close.
func newPin(close uint64, root tlog.Hash) pinned { return pinned{close, close + 1, root} }

// body returns the canonical bytes: close, size, root.
func (p pinned) body() []byte {
	var w wire.Writer
	w.Uint64(p.close)
	w.Uint64(p.size)
	w.Raw(p.root[:])
	return w.Bytes()
}

// parsePin reads what body returns. A size other than close + 1 would leave a
// choice where there is none (ErrRange).
func parsePin(body []byte) (pinned, error) {
	r := wire.NewReader(body)
	p := pinned{close: r.Uint64(), size: r.Uint64()}
	copy(p.root[:], r.Raw(len(p.root)))
	if err := r.Done(); err != nil {
		return pinned{}, fmt.Errorf("tally: pin: %w", err)
	}
	if p.size == 0 || p.size-1 != p.close {
		return pinned{}, fmt.Errorf("tally: pin of size %d with the close at entry %d: %w", p.size, p.close, reason.ErrRange)
	}
	return p, nil
}

// check requires that the pin is the one that the ledger gives.
func (p pinned) check(ledger pinned) error {
	switch {
	case p.close != ledger.close:
		return fmt.Errorf("tally: pin names entry %d as the close, it is entry %d: %w", p.close, ledger.close, reason.ErrState)
	case p.root != ledger.root:
		return fmt.Errorf("tally: pin has root %s at size %d, the entries give %s: %w", p.root, p.size, ledger.root, reason.ErrChain)
	}
	return nil
}

// target is what a trustee decrypts: one contest of one election as one pin
// fixes it, and if it is mixed one last list. Every share names its target, and a trustee's file holds it.
type target [sha256.Size]byte

const (
	pinLabel    = "hanpyo/v1 pin"
	targetLabel = "hanpyo/v1 target"
)

// hash identifies the pin of an election.
func (p pinned) hash(fp ballot.Fingerprint) [sha256.Size]byte {
	var w wire.Writer
	w.String(pinLabel)
	w.Raw(fp[:])
	w.Raw(p.body())
	return sha256.Sum256(w.Bytes())
}

// target returns the target of a contest, counted from 0, that is not mixed.
func (p pinned) target(fp ballot.Fingerprint, contest int) target {
	return sha256.Sum256(p.targeted(fp, contest))
}

// rowsTarget returns the target of a mixed contest: the digest of its last list
// belongs to it.
func (p pinned) rowsTarget(fp ballot.Fingerprint, contest int, list [32]byte) target {
	return sha256.Sum256(append(p.targeted(fp, contest), list[:]...))
}

func (p pinned) targeted(fp ballot.Fingerprint, contest int) []byte {
	var w wire.Writer
	w.String(targetLabel)
	w.Raw(fp[:])
	w.Raw(p.body())
	w.Uint32(uint32(contest))
	return w.Bytes()
}

// Pin fixes what will be decrypted: after the close it reads and checks the
// whole ledger and appends the pin with the signatures of the given
// authorities. A ledger that has its valid pin already is left as it is. It
// fails with ErrState before the close, and with ErrQuorum for too few
// authorities.
func Pin(ctx context.Context, e *ballot.Election, log ballot.Log, authorities []ed25519.PrivateKey) error {
	c, err := readClosing(ctx, e, log, work{})
	if err != nil {
		return err
	}
	pins, err := c.pins(ctx)
	if err != nil {
		return err
	}
	if _, err := firstPin(pins); err == nil {
		return nil
	}
	return appendSigned(ctx, e, log, entry.Pin, c.pinned.body(), authorities)
}

// appendSigned appends an entry of the authorities and waits until it is
// published.
func appendSigned(ctx context.Context, e *ballot.Election, log ballot.Log, kind entry.Kind, body []byte, authorities []ed25519.PrivateKey) error {
	env := entry.Envelope{Kind: kind, Election: entry.Hash(e.Fingerprint), Time: time.Now().Unix(), Body: body}
	for _, key := range authorities {
		env.Sign(key)
	}
	if err := env.CheckSigned(e.Manifest.Authorities.Keys, e.Manifest.Authorities.Quorum); err != nil {
		return fmt.Errorf("tally: %w", err)
	}
	_, err := appendPublished(ctx, log, env.Bytes())
	return err
}

// appendPublished appends an entry and waits for a checkpoint that covers it.
func appendPublished(ctx context.Context, log ballot.Log, data []byte) (index uint64, err error) {
	if index, err = log.Append(ctx, data); err != nil {
		return 0, fmt.Errorf("tally: %w", err)
	}
	if _, err := log.Await(ctx, index+1); err != nil {
		return 0, fmt.Errorf("tally: %w", err)
	}
	return index, nil
}
