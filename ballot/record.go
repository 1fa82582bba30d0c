package ballot

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// record is what a ledger says about one manifest, up to its opening.
type record struct {
	m         *Manifest
	published bool
	ceremony  *dkg.Collector
	roll      *rollRecord // nil if not asked for
	issuance  *Issuance   // of an election by tokens
	opening   *Opening    // the first valid one
	open      entry.Hash  // its entry's id
	refused   error       // why the last manifest or open entry is none
}

func newRecord(m *Manifest, roll *rollRecord) *record {
	return &record{m: m, ceremony: m.Ceremony().NewCollector(), roll: roll, issuance: newIssuance(m)}
}

// readRecord reads the first size entries, or up to the opening if that comes
// before, from a reader that checks them. roll, if any, takes the roll.
func readRecord(ctx context.Context, r ledger.Reader, m *Manifest, size uint64, roll *rollRecord) (*record, error) {
	rec := newRecord(m, roll)
	for en, err := range r.Entries(ctx, 0, size) {
		if err != nil {
			return nil, fmt.Errorf("ballot: %w", err)
		}
		env, err := entry.Parse(en.Data)
		if err != nil || env.Election != m.ID() {
			continue
		}
		if rec.add(en, env); rec.opening != nil {
			break
		}
	}
	return rec, nil
}

// add takes in one entry of the manifest.
func (rec *record) add(en ledger.Entry, env *entry.Envelope) {
	switch env.Kind {
	case entry.Manifest:
		if err := checkManifestEntry(rec.m, env); err != nil {
			rec.refused = err
			return
		}
		rec.published = true
	case entry.Round, entry.Commit, entry.Deal, entry.Confirm, entry.Certify:
		_ = rec.ceremony.Add(dkg.Posted(en)) // what it does not keep decides nothing
	case entry.Roll:
		if rec.roll != nil {
			rec.roll.add(env) // what it refuses, the root in the open entry leaves out
		}
	case entry.Issuer, entry.Issued:
		_ = rec.issuance.add(env) // likewise
	case entry.Open:
		o, err := parseOpening(rec.m, env, en.Index)
		if err != nil {
			rec.refused = err
			return
		}
		rec.opening, rec.open = o, entry.ID(en.Data)
	}
}

// totals returns what an open entry says of the voters.
func (rec *record) totals() (RollTotals, error) {
	if rec.m.tokens() {
		return rec.issuance.totals()
	}
	t, err := rec.roll.reader.Totals()
	if err != nil {
		return RollTotals{}, fmt.Errorf("ballot: open: no roll: %w", reason.ErrState)
	}
	return t, nil
}

// checkVoters requires that the open entry names the roll or the issuance that
// stands before it. The roll must have been asked for.
func (rec *record) checkVoters() error {
	if rec.m.tokens() {
		return rec.issuance.check(rec.opening)
	}
	return rec.roll.check(rec.opening)
}

// reasonOr returns why the last manifest or open entry was refused, or err.
func (rec *record) reasonOr(err error) error {
	if rec.refused != nil {
		return rec.refused
	}
	return err
}

// outcome returns the certified outcome of the ceremony.
func (rec *record) outcome() (*dkg.Outcome, error) {
	tr, err := rec.m.Ceremony().Replay(rec.ceremony.Posted())
	switch {
	case err != nil:
		return nil, fmt.Errorf("ballot: %w", err)
	case tr.Outcome != nil:
		return tr.Outcome, nil
	case tr.Failure != nil:
		return nil, fmt.Errorf("ballot: the key ceremony failed: %w", tr.Failure)
	}
	return nil, fmt.Errorf("ballot: the key ceremony is in phase %s: %w", tr.Phase, reason.ErrState)
}

// checkManifestEntry checks that an entry is the manifest's, signed by a
// quorum of its authorities.
func checkManifestEntry(m *Manifest, env *entry.Envelope) error {
	if !slices.Equal(env.Body, m.encoded) {
		return fmt.Errorf("ballot: manifest: not the bytes with this id: %w", reason.ErrBinding)
	}
	if err := env.CheckSigned(m.Authorities.Keys, m.Authorities.Quorum); err != nil {
		return fmt.Errorf("ballot: %w", err)
	}
	return nil
}

// rollRecord reads a roll from its entries. An entry that is not signed, or
// does not go on where the one before ends, is refused and changes nothing, so
// that a registrar may post again what an earlier attempt has posted already.
type rollRecord struct {
	m      *Manifest
	reader *RollReader
}

func newRollRecord(m *Manifest) *rollRecord { return &rollRecord{m, NewRollReader(m)} }

// add returns the lines of the entry, whose keys alias it.
func (r *rollRecord) add(env *entry.Envelope) ([]RollLine, error) {
	if r.m.tokens() {
		return nil, errNoRoll
	}
	if err := env.CheckSigned(r.m.Registrars.Keys, r.m.Registrars.Quorum); err != nil {
		return nil, fmt.Errorf("ballot: %w", err)
	}
	next := r.reader.clone()
	lines, err := next.Add(env.Body)
	if err != nil {
		return nil, err
	}
	r.reader = next
	return lines, nil
}

func (r *RollReader) clone() *RollReader {
	c := *r
	c.last, c.edge, c.groups = slices.Clone(r.last), slices.Clone(r.edge), maps.Clone(r.groups)
	c.sought = r.sought.clone()
	return &c
}

// errNoRoll refuses what is about a roll where voters are let in by tokens.
var errNoRoll = fmt.Errorf("ballot: roll in an election by %s: %w", EligibilityTokens, reason.ErrState)

// check requires that the lines on the ledger are those of the open entry.
func (r *rollRecord) check(o *Opening) error {
	got, err := r.reader.Totals()
	if err != nil {
		return err
	}
	switch {
	case got.Size != o.Roll.Size:
		return fmt.Errorf("ballot: roll: %d lines on the ledger, the open entry names %d: %w", got.Size, o.Roll.Size, reason.ErrChain)
	case got.Root != o.Roll.Root:
		return fmt.Errorf("ballot: roll: its root is %s, the open entry names %s: %w", got.Root, o.Roll.Root, reason.ErrChain)
	case got.Weight != o.Roll.Weight || !slices.Equal(got.Groups, o.Roll.Groups):
		return fmt.Errorf("ballot: roll: its weights and styles are not those of the open entry: %w", reason.ErrChain)
	}
	return nil
}
