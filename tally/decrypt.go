package tally

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
)

// Decrypt posts a trustee's shares of the result, one entry for each contest
// that is decrypted (docs/protocol.md, Decryption and result).
//
// The trustee believes nobody. It reads the whole ledger against its signed
// checkpoint, applies the counting rule, adds up the counted ballots and
// compares the root of what it has read with the pin's. Before it computes
// anything it writes the pin, and then the target of each contest, durably
// into its own file, and from then on refuses every other one (ErrFork). A
// contest that has no counted ballot, or fewer than the manifest's minimum of
// some weight, is not decrypted. Of a mixed contest the trustee verifies every
// mix itself, and decrypts the last list and no other.
//
// A trustee whose shares are on the ledger already adds nothing. The error is
// ErrState before the close and the pin and after the result, ErrChain if the
// pin is of another ledger. While mixes are missing of some contests it posts
// the shares of the others, and the error is ErrState and says how many.
func Decrypt(ctx context.Context, e *ballot.Election, log ballot.Log, t *dkg.Trustee) error {
	ceremony := e.Manifest.Ceremony()
	position, err := t.Position(ceremony)
	if err != nil {
		return fmt.Errorf("tally: %w", err)
	}
	c, err := readClosing(ctx, e, log, work{})
	if err != nil {
		return err
	}
	pin, err := c.pin(ctx)
	if err != nil {
		return err
	}
	hash := c.pinned.hash(e.Fingerprint)
	if err := t.Pin("pin", hash[:]); err != nil {
		return fmt.Errorf("tally: %w", err)
	}
	book, err := c.readShares(ctx, pin)
	if err != nil {
		return err
	}
	// A restored backup does not know what was decrypted since; the ledger does.
	for _, s := range book.shares {
		if s.trustee == position && errors.Is(s.err, reason.ErrBinding) {
			return fmt.Errorf("tally: this trustee has signed entry %d for another target: %w", s.index, reason.ErrFork)
		}
	}
	secrets, err := t.Shares(ceremony, e.Outcome)
	if err != nil {
		return fmt.Errorf("tally: %w", err)
	}
	var unmixed []string
	for contest := range c.sums {
		if c.disposition(contest) != decrypted || book.good[contest][position] != nil {
			continue
		}
		if r := book.published(); r != nil {
			return fmt.Errorf("tally: the result is published, entry %d: %w", r.index, reason.ErrState)
		}
		target, ok := c.targetBefore(c.size, contest)
		if !ok {
			unmixed = append(unmixed, c.mixing.chains[contest].lack())
			continue
		}
		if err := t.Pin(fmt.Sprintf("target %d", contest), target[:]); err != nil {
			return fmt.Errorf("tally: %w", err)
		}
		s, err := c.decrypt(ctx, contest, position, secrets)
		if err != nil {
			return err
		}
		env := entry.Envelope{Kind: entry.Share, Election: entry.Hash(e.Fingerprint),
			Time: time.Now().Unix(), Body: s.body(e.Group)}
		t.Sign(&env)
		if _, err := appendPublished(ctx, log, env.Bytes()); err != nil {
			return err
		}
	}
	if len(unmixed) > 0 {
		return fmt.Errorf("tally: %s: %w", strings.Join(unmixed, "; "), reason.ErrState)
	}
	return nil
}

// decrypt computes the share of the trustee at a position, who has the given
// secret for every column of the manifest.
func (c *closing) decrypt(ctx context.Context, contest, position int, secrets []kyber.Scalar) (*share, error) {
	g, m := c.e.Group, c.e.Manifest
	first, slots := m.Contests[contest].Columns()
	s := &share{contest: contest}
	s.target, _ = c.targetBefore(c.size, contest)
	if m.Contests[contest].Mixed() {
		var err error
		s.rows, err = c.rowStatement(position, contest, s.target).decrypt(ctx, g, secrets[first:first+slots])
		if err != nil {
			return nil, fmt.Errorf("tally: contest %s: %w", m.Contests[contest].ID, err)
		}
		return s, nil
	}
	rows := m.Contests[contest].Results()
	a := c.sums[contest].row.A
	var xs []kyber.Scalar
	for _, row := range rows {
		x := combineSecret(g, row, secrets[first:first+slots])
		xs = append(xs, x)
		s.points = append(s.points, g.Point().Mul(x, a))
	}
	statement := s.statement(g, a, c.rowKeys(contest, c.e.Outcome.Verification[position-1]))
	var err error
	if s.proof, err = statement.Prove(g, s.context(c.e.Fingerprint, position, rows), xs); err != nil {
		return nil, fmt.Errorf("tally: contest %s: %w", m.Contests[contest].ID, err)
	}
	return s, nil
}
