package tally

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
)

// shareEntry is a share on the ledger and what is wrong with it.
type shareEntry struct {
	index   uint64
	trustee int // who signed it, a position from 1; 0 if no trustee did
	contest int // -1 if it cannot be read
	share   *share
	err     error
}

// resultEntry is a result on the ledger and what is wrong with it. Whether its
// numbers are right is not judged here.
type resultEntry struct {
	index  uint64
	signed bool    // by a quorum of the authorities
	result *Result // nil if the entry cannot be read
	err    error
}

// shareBook is what trustees and authorities have posted after the close, in
// ledger order and judged. Of each trustee the first share of a contest that
// holds counts; what is wrong in one entry takes nothing from another.
type shareBook struct {
	c       *closing
	pin     uint64 // index of the pin
	next    uint64 // index of the entry to read next
	keys    map[[2]int][]kyber.Point
	shares  []shareEntry
	results []resultEntry
	good    []map[int]*share // for each contest, by trustee
}

func (c *closing) newShareBook(pin uint64) *shareBook {
	b := &shareBook{pin: pin, next: c.pinned.size, keys: make(map[[2]int][]kyber.Point), good: make([]map[int]*share, len(c.sums))}
	for i := range b.good {
		b.good[i] = make(map[int]*share)
	}
	return b
}

// readShares reads and judges everything after the close that was not read yet.
// pin is the index of the pin. What is judged stays so while the ledger grows.
func (c *closing) readShares(ctx context.Context, pin uint64) (*shareBook, error) {
	if err := c.readMixes(ctx, pin); err != nil {
		return nil, err
	}
	if c.book == nil {
		c.book = c.newShareBook(pin)
	}
	b := c.book
	b.c = c
	for en, err := range c.r.Entries(ctx, b.next, c.size) {
		if err != nil {
			return nil, fmt.Errorf("tally: %w", err)
		}
		// What is no entry of this election, the counting rule has refused.
		env, err := entry.Parse(en.Data)
		if err == nil && ballot.Fingerprint(env.Election) == c.e.Fingerprint {
			if err := b.read(ctx, en.Index, env); err != nil {
				return nil, err
			}
		}
		b.next = en.Index + 1
	}
	return b, nil
}

// read reads an entry of the election. The error is that of ctx.
func (b *shareBook) read(ctx context.Context, index uint64, env *entry.Envelope) error {
	switch env.Kind {
	case entry.Share:
		s := b.judge(ctx, index, env)
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("tally: %w", err) // and nobody is to blame
		}
		if s.err == nil {
			b.good[s.contest][s.trustee] = s.share
		} else {
			s.share = nil // it may be long
		}
		b.shares = append(b.shares, s)
	case entry.Result:
		b.results = append(b.results, b.judgeResult(index, env))
	}
	return nil
}

// judge checks a share entry: signed by a trustee, well formed, of a contest
// that is to be decrypted, for its one target, after the pin and not after the
// result, the trustee's first, with a proof that holds. What decrypts what it
// must not is evidence whenever it was posted. Everything else about a share
// that comes too early, too late or twice, its form and proof included, is left
// aside: otherwise a trustee could spoil an audit after the result.
func (b *shareBook) judge(ctx context.Context, index uint64, env *entry.Envelope) shareEntry {
	s := shareEntry{index: index, contest: -1}
	if s.trustee, s.err = b.signer(env); s.err != nil {
		return s
	}
	if s.share, s.err = parseShare(b.c.e.Group, b.c.e.Manifest.Contests, env.Body); s.err != nil {
		if err := b.timely(index); err != nil {
			s.err = err
		}
		return s
	}
	s.contest = s.share.contest
	s.err = b.check(ctx, index, s.trustee, s.share)
	return s
}

func (b *shareBook) signer(env *entry.Envelope) (int, error) {
	if len(env.Signatures) != 1 {
		return 0, fmt.Errorf("tally: share with %d signatures, must be 1: %w", len(env.Signatures), reason.ErrSignature)
	}
	for i, t := range b.c.e.Manifest.Trustees {
		if !bytes.Equal(t.Signing, env.Signatures[0].Key[:]) {
			continue
		}
		if err := env.CheckSigned([]ed25519.PublicKey{t.Signing}, 1); err != nil {
			return 0, fmt.Errorf("tally: %w", err)
		}
		return i + 1, nil
	}
	return 0, fmt.Errorf("tally: share of somebody who is no trustee: %w", reason.ErrSignature)
}

func (b *shareBook) check(ctx context.Context, index uint64, trustee int, s *share) error {
	c := b.c
	contest := &c.e.Manifest.Contests[s.contest]
	switch c.disposition(s.contest) {
	case empty:
		return fmt.Errorf("tally: contest %s has no counted ballot: %w", contest.ID, reason.ErrState)
	case withheld:
		return fmt.Errorf("tally: contest %s has %d of %d ballots and is withheld: %w",
			contest.ID, c.sums[s.contest].smallest, c.e.Manifest.Limits.MinGroup, reason.ErrState)
	}
	want, ok := c.targetBefore(index, s.contest)
	if !ok {
		return fmt.Errorf("tally: share before the last mix of contest %s: %w", contest.ID, reason.ErrBinding)
	}
	if s.target != want {
		return fmt.Errorf("tally: share names target %x…, contest %s has %x…: %w", s.target[:4], contest.ID, want[:4], reason.ErrBinding)
	}
	if err := b.timely(index); err != nil {
		return err
	}
	if b.good[s.contest][trustee] != nil {
		return fmt.Errorf("tally: the trustee has a share of contest %s already: %w", contest.ID, reason.ErrDuplicate)
	}
	if contest.Mixed() {
		return b.checkRows(ctx, trustee, s)
	}
	statement := s.statement(c.e.Group, c.sums[s.contest].row.A, b.trusteeKeys(trustee, s.contest))
	if err := statement.Verify(c.e.Group, s.context(c.e.Fingerprint, trustee, contest.Results()), s.proof); err != nil {
		return fmt.Errorf("tally: share: %w", err)
	}
	return nil
}

// checkRows reads the rows of a share and checks their proofs. It keeps the
// points if there are not enough shares yet.
func (b *shareBook) checkRows(ctx context.Context, trustee int, s *share) error {
	g, st := b.c.e.Group, b.c.rowStatement(trustee, s.contest, s.target)
	rows, err := parseRowShare(ctx, g, st.list.Len(), st.list.Width(), st.workers, s.rest)
	if err == nil {
		err = st.verify(ctx, g, rows)
	}
	s.rows, s.rest = &rowShare{}, nil
	if err == nil && len(b.good[s.contest]) < b.c.e.Manifest.Threshold {
		s.rows.points = rows.points
	}
	return err
}

// timely requires a share between the pin and the result.
func (b *shareBook) timely(index uint64) error {
	if index < b.pin {
		return fmt.Errorf("tally: share before the pin, entry %d: %w", b.pin, reason.ErrState)
	}
	if r := b.published(); r != nil {
		return fmt.Errorf("tally: share after the result, entry %d: %w", r.index, reason.ErrState)
	}
	return nil
}

// trusteeKeys returns V_k = Σᵢ ℓ_kᵢ·Yᵢ over a trustee's verification keys, for
// the result rows of a contest.
func (b *shareBook) trusteeKeys(trustee, contest int) []kyber.Point {
	at := [2]int{trustee, contest}
	if b.keys[at] == nil {
		b.keys[at] = b.c.rowKeys(contest, b.c.e.Outcome.Verification[trustee-1])
	}
	return b.keys[at]
}

// rowKeys combines keys of all the manifest's columns for the result rows of a
// contest.
func (c *closing) rowKeys(contest int, columns []kyber.Point) []kyber.Point {
	first, slots := c.e.Manifest.Contests[contest].Columns()
	var keys []kyber.Point
	for _, row := range c.e.Manifest.Contests[contest].Results() {
		keys = append(keys, combine(c.e.Group, row, columns[first:first+slots]))
	}
	return keys
}

// complete says whether every contest that is to be decrypted has enough
// shares, and which one lacks whose.
func (b *shareBook) complete() error {
	var missing []string
	for contest := range b.good {
		if err := b.quorum(contest); err != nil {
			missing = append(missing, err.Error())
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("tally: %s: %w", strings.Join(missing, "; "), reason.ErrQuorum)
}

// quorum says which trustees' shares a contest lacks, if they are too few, or
// that it is not mixed enough for any.
func (b *shareBook) quorum(contest int) error {
	m := b.c.e.Manifest
	if b.c.disposition(contest) != decrypted || len(b.good[contest]) >= m.Threshold {
		return nil
	}
	if ch := b.c.mixing.chains[contest]; ch != nil && ch.missing() > 0 {
		return errors.New(ch.lack())
	}
	var missing []string
	for i, t := range m.Trustees {
		if b.good[contest][i+1] == nil {
			missing = append(missing, fmt.Sprintf("trustee %d %q%s", i+1, t.Name, b.refusedBecause(i+1, contest)))
		}
	}
	return fmt.Errorf("contest %s has %d of %d shares, missing: %s",
		m.Contests[contest].ID, len(b.good[contest]), m.Threshold, strings.Join(missing, ", "))
}

func (b *shareBook) refusedBecause(trustee, contest int) string {
	for _, s := range b.shares {
		if s.trustee == trustee && (s.contest == contest || s.contest < 0) && s.err != nil {
			return fmt.Sprintf(" (entry %d: %v)", s.index, root(s.err))
		}
	}
	return ""
}

// root returns the reason at the end of an error.
func root(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// judgeResult checks the form of a result entry: signed, for the pin of this
// election, and not before there were shares to compute it from.
func (b *shareBook) judgeResult(index uint64, env *entry.Envelope) resultEntry {
	m := b.c.e.Manifest
	r := resultEntry{index: index}
	if err := env.CheckSigned(m.Authorities.Keys, m.Authorities.Quorum); err != nil {
		r.err = fmt.Errorf("tally: %w", err)
		return r
	}
	r.signed = true
	if err := b.complete(); err != nil {
		r.err = fmt.Errorf("tally: result before its shares (%v): %w", err, reason.ErrState)
		return r
	}
	if r.result, r.err = parseResult(b.c.e, env.Body); r.err != nil {
		return r
	}
	if want := b.c.pinned.hash(b.c.e.Fingerprint); r.result.Pin != want {
		r.err = fmt.Errorf("tally: result names pin %x…, the ledger has %x…: %w", r.result.Pin[:4], want[:4], reason.ErrBinding)
	}
	return r
}

// published returns the first result entry without fault, or nil.
func (b *shareBook) published() *resultEntry {
	for i := range b.results {
		if b.results[i].err == nil {
			return &b.results[i]
		}
	}
	return nil
}
