package ballot

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// FindLine finds the line of a credential on the election's roll and proves
// that it stands there, for whoever has the ledger and no [Roll]. It reads the
// roll's entries once, checked against the ledger's checkpoint and the root in
// the open entry, in memory that does not grow with the roll. A credential that
// is not on it is ErrEligibility; entries that are not the roll of the open
// entry are ErrChain.
func (e *Election) FindLine(ctx context.Context, r ledger.Reader, key []byte) (ProvenLine, error) {
	if e.Manifest.tokens() {
		return ProvenLine{}, errNoRoll
	}
	v, _, err := e.Manifest.Verified(ctx, r)
	if err != nil {
		return ProvenLine{}, err
	}
	roll := newRollRecord(e.Manifest)
	roll.reader.sought = &soughtLine{key: bytes.Clone(key), in: -1}
	for en, err := range v.Entries(ctx, 0, e.Opening.Index) {
		if err != nil {
			return ProvenLine{}, fmt.Errorf("ballot: %w", err)
		}
		if kind, ok := peekKind(en.Data); !ok || kind != entry.Roll {
			continue
		}
		if env, err := entry.Parse(en.Data); err == nil && env.Election == e.Manifest.ID() {
			_, _ = roll.add(env) // what it refuses, the root in the open entry leaves out
		}
	}
	if err := roll.check(&e.Opening); err != nil {
		return ProvenLine{}, err
	}
	line, ok := roll.reader.proven()
	if !ok {
		return ProvenLine{}, fmt.Errorf("ballot: the credential %s is not on the roll: %w", short(key), reason.ErrEligibility)
	}
	if err := e.Opening.Roll.VerifyLine(e.Manifest, line); err != nil {
		return ProvenLine{}, err
	}
	return line, nil
}

// soughtLine follows one line through the tree while a RollReader builds it:
// whenever two subtrees are joined and the line is in one of them, the other
// is the next hash of its proof.
type soughtLine struct {
	key   []byte
	line  RollLine
	index uint64
	in    int         // which of the reader's complete subtrees the line is in; −1 before it is found
	proof []tlog.Hash // from the line up to that subtree
}

func (s *soughtLine) clone() *soughtLine {
	if s == nil {
		return nil
	}
	c := *s
	c.proof = slices.Clone(s.proof)
	return &c
}

// found takes in the next line of the roll.
func (s *soughtLine) found(l RollLine, index uint64) bool {
	if s == nil || !bytes.Equal(s.key, l.Key) {
		return false
	}
	s.line = RollLine{Key: s.key, Weight: l.Weight, Style: l.Style}
	s.index = index
	return true
}

// joined takes in that the reader's subtree number at was joined with a new one
// to its right, and returns whether the line is in the whole. inNew says that
// it is in the new one.
func (s *soughtLine) joined(at int, left, right tlog.Hash, inNew bool) bool {
	switch {
	case inNew:
		s.proof = append(s.proof, left)
	case s != nil && s.in == at:
		s.proof = append(s.proof, right)
	default:
		return false
	}
	return true
}

// proven returns the sought line with its proof in the tree over all lines read
// so far.
func (r *RollReader) proven() (ProvenLine, bool) {
	s := r.sought.clone()
	if s == nil || s.in < 0 {
		return ProvenLine{}, false
	}
	last := len(r.edge) - 1
	root, inRight := r.edge[last], s.in == last
	for i := last - 1; i >= 0; i-- {
		inRight = s.joined(i, r.edge[i], root, inRight)
		root = tlog.NodeHash(r.edge[i], root)
	}
	return ProvenLine{RollLine: s.line, Index: s.index, Proof: s.proof}, true
}
