package token

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// ClassCount is how many subjects of a class were served.
type ClassCount struct {
	Class  Class
	Tokens uint64
}

// Issued is what a registrar says of its issuance when that has ended.
type Issued struct {
	Classes []ClassCount // every class that has a key, in ascending order
	Size    uint64       // of the issuance log up to its end record, which is the last
	Root    tlog.Hash    // of the log's tree at that size
}

// Tokens returns how many were issued for a class.
func (s *Issued) Tokens(c Class) uint64 {
	for _, n := range s.Classes {
		if n.Class == c {
			return n.Tokens
		}
	}
	return 0
}

// CheckIssuance checks an issuance log, as an auditor does who has access to
// it, against what the registrar said of it and the registrar's issuer keys
// as they stand on the election's ledger: that the log is of these keys
// (ErrBinding), that no subject is served twice (ErrDuplicate), and that size,
// root and the numbers of every class are those said (ErrChain). It does not
// know who the subjects are, nor that there is no token without a record: what
// bounds the latter is that tokens used are counted against tokens issued.
//
// It holds 64 bytes and more for each subject in memory.
func CheckIssuance(ctx context.Context, r ledger.Reader, keys []*PublicKey, want Issued) error {
	o, err := officeOf(keys)
	if err != nil {
		return fmt.Errorf("token: issuance log: %w", err)
	}
	log := newIssuance(o)
	if err := log.read(ctx, r, want.Size); err != nil {
		return err
	}
	got, err := log.issued()
	switch {
	case err != nil:
		return err
	case got.Size != want.Size:
		return fmt.Errorf("token: issuance log ends at size %d, not %d: %w", got.Size, want.Size, reason.ErrChain)
	case got.Root != want.Root:
		return fmt.Errorf("token: issuance log has another root: %w", reason.ErrChain)
	case !slices.Equal(got.Classes, want.Classes):
		return fmt.Errorf("token: issuance log has other numbers of tokens: %v, not %v: %w", got.Classes, want.Classes, reason.ErrChain)
	}
	return nil
}

// officeOf returns the office to which public keys belong.
func officeOf(keys []*PublicKey) (*office, error) {
	if len(keys) == 0 || slices.ContainsFunc(keys, func(k *PublicKey) bool { return k == nil || k.encoded == nil }) {
		return nil, fmt.Errorf("no public keys: %w", reason.ErrShape)
	}
	sorted := slices.Clone(keys)
	slices.SortFunc(sorted, func(a, b *PublicKey) int { return a.context.Class.Compare(b.context.Class) })
	o := &office{election: keys[0].context.Election, registrar: keys[0].context.Registrar}
	for i, k := range sorted {
		if k.context.Election != o.election || !o.registrar.Equal(k.context.Registrar) {
			return nil, fmt.Errorf("public keys of two registrars or elections: %w", reason.ErrBinding)
		}
		if i > 0 && k.context.Class == sorted[i-1].context.Class {
			return nil, fmt.Errorf("class %v has two keys: %w", k.context.Class, reason.ErrDuplicate)
		}
		o.classes, o.keys = append(o.classes, k.context.Class), append(o.keys, k.ID())
	}
	return o, o.check()
}

// issuance is what an issuance log says so far.
type issuance struct {
	office *office
	served map[[32]byte]tlog.Hash // by subject: the hash of its record
	counts []uint64               // by class
	tree   *ledger.Range
	ended  bool
}

func newIssuance(o *office) *issuance {
	return &issuance{
		office: o,
		served: make(map[[32]byte]tlog.Hash),
		counts: make([]uint64, len(o.classes)),
		tree:   ledger.NewRange(0),
	}
}

// read goes on reading, until size records are read or the log's end is.
func (l *issuance) read(ctx context.Context, r ledger.Reader, size uint64) error {
	if l.ended || l.tree.End() >= size {
		return nil
	}
	for e, err := range r.Entries(ctx, l.tree.End(), size) {
		if err == nil && e.Index != l.tree.End() {
			err = fmt.Errorf("got record %d in its place: %w", e.Index, reason.ErrChain)
		}
		if err == nil {
			err = l.add(e.Data)
		}
		if err != nil {
			return fmt.Errorf("token: issuance log: record %d: %w", l.tree.End(), err)
		}
		if l.ended {
			return nil
		}
	}
	if l.tree.End() != size {
		return fmt.Errorf("token: issuance log: %d records of %d: %w", l.tree.End(), size, reason.ErrIncomplete)
	}
	return nil
}

func (l *issuance) add(data []byte) error {
	rec, err := parseRecord(data)
	switch {
	case err != nil:
		return err
	case rec.begin != nil && !rec.begin.equal(l.office):
		return fmt.Errorf("is for another election, registrar or key: %w", reason.ErrBinding)
	case rec.begin == nil && l.tree.End() == 0:
		return fmt.Errorf("the log does not begin with what it is for: %w", reason.ErrChain)
	case rec.issue != nil && rec.issue.class >= len(l.counts):
		return fmt.Errorf("class %d of %d: %w", rec.issue.class, len(l.counts), reason.ErrRange)
	}
	leaf := ledger.LeafHash(data)
	if rec.issue != nil {
		if _, ok := l.served[rec.issue.subject]; ok {
			return fmt.Errorf("a subject is served twice: %w", reason.ErrDuplicate)
		}
		l.served[rec.issue.subject] = leaf
		l.counts[rec.issue.class]++
	}
	l.tree.Append(leaf)
	l.ended = rec.end
	return nil
}

// issued returns what to say of a log that has ended (ErrIncomplete).
func (l *issuance) issued() (Issued, error) {
	if !l.ended {
		return Issued{}, fmt.Errorf("token: issuance log has not ended: %w", reason.ErrIncomplete)
	}
	root, err := l.tree.Root()
	if err != nil {
		panic("token: issuance log's tree: " + err.Error())
	}
	issued := Issued{Size: l.tree.End(), Root: root}
	for i, class := range l.office.classes {
		issued.Classes = append(issued.Classes, ClassCount{Class: class, Tokens: l.counts[i]})
	}
	return issued, nil
}
