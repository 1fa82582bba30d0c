package ballot

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"slices"
	"time"

	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// Log is what officials and ballot boxes need of a ledger: reading it, and an
// append function. A [ledger.Ledger] is one, a client of a remote ledger can
// be one.
type Log interface {
	ledger.Reader
	ledger.Appender
}

// The functions of this file are the officials' steps, in the order of an
// election. Each reads what stands on the ledger first, checked against the
// ledger's signed checkpoint. A step that has been made already is not made
// again, so that an official whose connection broke may simply repeat it; a
// step out of order is refused with ErrState.

// Publish puts the manifest on the ledger, signed by the given authorities.
// ErrQuorum if they are too few, ErrSignature if one is none of the manifest's
// or the ledger is not the one that the manifest names.
func Publish(ctx context.Context, log Log, m *Manifest, authorities []ed25519.PrivateKey) error {
	rec, err := readAll(ctx, log, m, nil)
	if err != nil {
		return err
	}
	if rec.published {
		return nil
	}
	_, err = post(ctx, log, m, m.Authorities, authorities, &entry.Envelope{Kind: entry.Manifest, Election: m.ID(), Body: m.Bytes()})
	return err
}

// EndRound ends a phase of the key ceremony with a round entry signed by the
// given authorities. It names the phase so that a repeated call never ends the
// next one: a phase that has ended already is nil, one that has not begun is
// ErrState, and what is no phase is ErrRange. ErrQuorum if ending the phase now
// would end the ceremony, because fewer trustees than the threshold have posted
// in it.
func EndRound(ctx context.Context, log Log, m *Manifest, phase dkg.Phase, authorities []ed25519.PrivateKey) error {
	if phase < dkg.Committing || phase > dkg.Certifying {
		return fmt.Errorf("ballot: round: phase %d does not end: %w", phase, reason.ErrRange)
	}
	rec, err := readPublished(ctx, log, m, nil)
	if err != nil {
		return err
	}
	posted := rec.ceremony.Posted()
	tr, err := m.Ceremony().Replay(posted)
	if err != nil {
		return fmt.Errorf("ballot: round: %w", err)
	}
	switch {
	case tr.Failure != nil:
		return fmt.Errorf("ballot: round: the key ceremony failed: %w", tr.Failure)
	case tr.Phase > phase:
		return nil
	case tr.Phase < phase:
		return fmt.Errorf("ballot: round: the key ceremony is in phase %s, not %s: %w", tr.Phase, phase, reason.ErrState)
	}
	if err := checkKeys(entry.Round, authorities); err != nil {
		return err
	}
	data := dkg.NewRound(m.Ceremony(), phase, time.Now().Unix(), authorities...)
	env, err := entry.Parse(data)
	if err == nil {
		err = env.CheckSigned(m.Authorities.Keys, m.Authorities.Quorum)
	}
	if err != nil {
		return fmt.Errorf("ballot: %w", err)
	}
	after, err := m.Ceremony().Replay(append(slices.Clip(posted), dkg.Posted{Index: nextIndex(posted), Data: data}))
	if err == nil {
		err = after.Failure
	}
	if err != nil {
		return fmt.Errorf("ballot: round: ending phase %s now would end the key ceremony: %w", phase, err)
	}
	_, err = appendAwait(ctx, log, m, entry.Round, data)
	return err
}

func nextIndex(posted []dkg.Posted) uint64 {
	if len(posted) == 0 {
		return 0
	}
	return posted[len(posted)-1].Index + 1
}

// PublishRoll puts the roll on the ledger, in entries of at most 1,000 lines
// signed by the given registrars, once the key ceremony is complete. A roll
// of which the ledger has the first lines already is completed; another roll
// than the one on the ledger is ErrDuplicate.
func PublishRoll(ctx context.Context, log Log, m *Manifest, roll *Roll, registrars []ed25519.PrivateKey) error {
	if m.tokens() {
		return errNoRoll
	}
	onLedger := newRollRecord(m)
	rec, err := readPublished(ctx, log, m, onLedger)
	if err != nil {
		return err
	}
	if rec.opening != nil {
		if rec.opening.Roll.Root == roll.Totals().Root {
			return nil
		}
		return fmt.Errorf("ballot: roll: entry %d opened the election with another roll: %w", rec.opening.Index, reason.ErrState)
	}
	if _, err := rec.outcome(); err != nil {
		return err
	}
	have, mine := onLedger.reader, NewRollReader(m)
	matched := false // mine has come to where the ledger ends
	for body := range roll.Bodies() {
		if !matched && mine.totals.Size >= have.totals.Size {
			if !sameLines(mine, have) {
				break
			}
			matched = true
		}
		if _, err := mine.Add(body); err != nil {
			return err // it is a roll for another manifest
		}
		if matched {
			env := &entry.Envelope{Kind: entry.Roll, Election: m.ID(), Body: body}
			if _, err := post(ctx, log, m, m.Registrars, registrars, env); err != nil {
				return err
			}
		}
	}
	if !matched && !sameLines(mine, have) {
		return fmt.Errorf("ballot: roll: the ledger has %d lines that are not the first ones of this roll: %w", have.totals.Size, reason.ErrDuplicate)
	}
	return nil
}

// sameLines reports whether two readers have read the same lines.
func sameLines(a, b *RollReader) bool {
	if a.totals.Size == 0 || b.totals.Size == 0 {
		return a.totals.Size == b.totals.Size
	}
	ta, errA := a.Totals()
	tb, errB := b.Totals()
	return errA == nil && errB == nil && ta.Root == tb.Root && ta.Size == tb.Size
}

// Open opens the election: it requires the complete and certified outcome of
// the key ceremony, a roll or tokens issued by all registrars, in either case
// with at least the manifest's minimum group for each style and weight (all
// ErrState) and no more than the manifest's limits (ErrRange), and puts the open
// entry on the ledger, signed by the given authorities. Its hash is the
// fingerprint that voters and auditors are given.
//
// The roll is what stands on the ledger. Whether that is all of it no ledger
// can tell: call Open once PublishRoll has returned, or PublishIssued of every
// registrar.
func Open(ctx context.Context, log Log, m *Manifest, authorities []ed25519.PrivateKey) (Fingerprint, error) {
	rec, err := readPublished(ctx, log, m, newRollRecord(m))
	if err != nil {
		return Fingerprint{}, err
	}
	outcome, err := rec.outcome()
	if err != nil {
		return Fingerprint{}, err
	}
	if rec.opening == nil {
		totals, err := rec.totals()
		if err != nil {
			return Fingerprint{}, err
		}
		o := &Opening{Outcome: outcome.Hash(), Keys: outcome.Keys, Roll: totals}
		if err := o.check(m); err != nil {
			return Fingerprint{}, fmt.Errorf("ballot: open: %w", err)
		}
		env := &entry.Envelope{Kind: entry.Open, Election: m.ID(), Body: o.body(m)}
		if _, err := post(ctx, log, m, m.Authorities, authorities, env); err != nil {
			return Fingerprint{}, err
		}
		// Somebody else may have opened, or posted to the roll, just before.
		if rec, err = readPublished(ctx, log, m, newRollRecord(m)); err != nil {
			return Fingerprint{}, err
		}
		if rec.opening == nil {
			return Fingerprint{}, fmt.Errorf("ballot: open: the entry is not on the ledger: %w", rec.reasonOr(reason.ErrIncomplete))
		}
	}
	err = rec.opening.checkOutcome(m.Group, outcome)
	if err == nil {
		err = rec.checkVoters()
	}
	if err != nil {
		return Fingerprint{}, fmt.Errorf("ballot: open: entry %d opened the election wrongly: %w", rec.opening.Index, err)
	}
	return Fingerprint(rec.open), nil
}

// Close ends the voting with a close entry signed by the given authorities:
// what stands behind it does not count. The first valid close stands.
func Close(ctx context.Context, log Log, fp Fingerprint, authorities []ed25519.PrivateKey) error {
	e, err := Load(ctx, log, fp)
	if err != nil {
		return err
	}
	r, cp, err := e.Manifest.Verified(ctx, log)
	if err != nil {
		return err
	}
	for en, err := range r.Entries(ctx, e.Opening.Index, cp.Size) {
		if err != nil {
			return fmt.Errorf("ballot: close: %w", err)
		}
		if kind, ok := peekKind(en.Data); !ok || kind != entry.Close {
			continue
		}
		if env, err := entry.Parse(en.Data); err == nil && e.checkClose(env) == nil {
			return nil
		}
	}
	_, err = post(ctx, log, e.Manifest, e.Manifest.Authorities, authorities, &entry.Envelope{Kind: entry.Close, Election: entry.Hash(fp)})
	return err
}

// checkClose checks a close entry: it says nothing but that it stands there.
func (e *Election) checkClose(env *entry.Envelope) error {
	if err := e.checkAuthorities(env); err != nil {
		return err
	}
	if len(env.Body) != 0 {
		return fmt.Errorf("ballot: close: a body of %d bytes: %w", len(env.Body), reason.ErrEncoding)
	}
	return nil
}

// checkAuthorities requires an entry of this election, signed by a quorum of
// its authorities.
func (e *Election) checkAuthorities(env *entry.Envelope) error {
	if Fingerprint(env.Election) != e.Fingerprint {
		return fmt.Errorf("ballot: %s is for election %s: %w", env.Kind, short(env.Election[:]), reason.ErrBinding)
	}
	if err := env.CheckSigned(e.Manifest.Authorities.Keys, e.Manifest.Authorities.Quorum); err != nil {
		return fmt.Errorf("ballot: %w", err)
	}
	return nil
}

// peekKind returns the kind that an entry says it is, without parsing it.
func peekKind(data []byte) (entry.Kind, bool) {
	if len(data) < 2 || data[0] != entry.Version {
		return 0, false
	}
	return entry.Kind(data[1]), true
}

// readAll reads what the whole published ledger says about a manifest. A
// ledger without entries says nothing, and has no checkpoint to believe.
func readAll(ctx context.Context, log Log, m *Manifest, roll *rollRecord) (*record, error) {
	cp, err := log.Checkpoint(ctx)
	if err != nil {
		return nil, fmt.Errorf("ballot: %w", err)
	}
	if cp.Size == 0 {
		return newRecord(m, roll), nil
	}
	r, cp, err := m.Verified(ctx, log)
	if err != nil {
		return nil, err
	}
	return readRecord(ctx, r, m, cp.Size, roll)
}

// readPublished is readAll for steps that need the manifest on the ledger.
func readPublished(ctx context.Context, log Log, m *Manifest, roll *rollRecord) (*record, error) {
	rec, err := readAll(ctx, log, m, roll)
	if err == nil && !rec.published {
		err = fmt.Errorf("ballot: the manifest is not on the ledger (%v): %w", rec.reasonOr(reason.ErrIncomplete), reason.ErrState)
	}
	return rec, err
}

// post signs an entry, appends it, and waits until it is published on the
// ledger that the manifest names.
func post(ctx context.Context, log Log, m *Manifest, signers Signers, keys []ed25519.PrivateKey, env *entry.Envelope) (uint64, error) {
	env.Time = time.Now().Unix()
	if err := checkKeys(env.Kind, keys); err != nil {
		return 0, err
	}
	for _, k := range keys {
		env.Sign(k)
	}
	if err := env.CheckSigned(signers.Keys, signers.Quorum); err != nil {
		return 0, fmt.Errorf("ballot: %w", err)
	}
	return appendAwait(ctx, log, m, env.Kind, env.Bytes())
}

func appendAwait(ctx context.Context, log Log, m *Manifest, kind entry.Kind, data []byte) (uint64, error) {
	index, err := log.Append(ctx, data)
	if err != nil {
		return 0, fmt.Errorf("ballot: %s: %w", kind, err)
	}
	cp, err := log.Await(ctx, index+1)
	var p ledger.Policy
	if err == nil {
		p, err = m.PolicyOn(ctx, log, cp)
	}
	if err == nil {
		_, err = p.Check(cp.Raw)
	}
	if err != nil {
		return 0, fmt.Errorf("ballot: %s, entry %d: %w", kind, index, err)
	}
	return index, nil
}

// checkKeys refuses what would panic in package ed25519.
func checkKeys(kind entry.Kind, keys []ed25519.PrivateKey) error {
	for _, k := range keys {
		if len(k) != ed25519.PrivateKeySize {
			return fmt.Errorf("ballot: %s: a signing key of %d bytes: %w", kind, len(k), reason.ErrShape)
		}
	}
	return nil
}
