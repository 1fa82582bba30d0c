package tally

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// Progress is an audit of an election's ledger as far as it has grown.
type Progress struct {
	Report *Report // what Audit says of the ledger at this size

	saved *saved
}

// State returns what [Follow] needs to go on from here another time: the
// checkpoint, and eight bytes for each refused entry. It is nil if the ledger
// was not to be believed. Whoever can write it can make a later audit overlook
// ballots that are not valid, so keep it as you keep the fingerprint.
func (p *Progress) State() []byte {
	if p.saved == nil {
		return nil
	}
	return p.saved.encode()
}

// Follow audits an election while it goes on: it yields a report for the ledger
// as it is, and another one whenever it has grown, until ctx ends, the caller
// does, or the reader says that nothing can follow. Each report is the one that
// [Audit] would make. Only new entries are read, and, after the close, ballots
// that their voters have superseded.
//
// state, if not nil, is what [Progress.State] returned earlier: then the entries
// up to there are read again, but no proof that was verified is verified again,
// and the reports say, like that of an audit that was brought the checkpoint of
// then, whether the ledger extends it. If it does not, everything is verified.
// A state that is damaged is ErrEncoding, one of another election ErrBinding.
//
// The last pair is an error if there is one: that of ctx or of the reader, as
// for Audit, or, after a report that says why, ErrChain if the ledger is not
// the one that was followed or its checkpoint is not to be believed.
func Follow(ctx context.Context, r ledger.Reader, fp ballot.Fingerprint, state []byte, o *AuditOptions) iter.Seq2[*Progress, error] {
	return func(yield func(*Progress, error) bool) {
		f, err := newFollower(r, fp, state, o)
		if err != nil {
			yield(nil, err)
			return
		}
		cp, err := r.Checkpoint(ctx)
		for {
			var p *Progress
			if err == nil {
				p, err = f.audit(ctx, cp)
			}
			if err != nil {
				yield(nil, fmt.Errorf("tally: follow: %w", err))
				return
			}
			if !yield(p, nil) {
				return
			}
			cp, err = f.next(ctx)
			if errors.Is(err, errLast) {
				return
			}
		}
	}
}

// errLast means that the ledger will not grow.
var errLast = errors.New("the ledger will not grow")

// follower is what an audit of the grown ledger starts from.
type follower struct {
	r        ledger.Reader
	fp       ballot.Fingerprint
	o        AuditOptions
	evidence evidence
	kept     []func(*checklist)
	size     uint64
	unsound  bool  // the last checkpoint was not to be believed
	failed   error // the reader's, at the last checkpoint
}

func newFollower(r ledger.Reader, fp ballot.Fingerprint, state []byte, o *AuditOptions) (*follower, error) {
	if fp == (ballot.Fingerprint{}) {
		return nil, fmt.Errorf("tally: following the zero fingerprint: %w", reason.ErrUnanchored)
	}
	f := &follower{r: r, fp: fp}
	if o != nil {
		f.o = *o
	}
	if state == nil {
		return f, nil
	}
	s, err := parseSaved(state)
	if err == nil && s.fingerprint != fp {
		err = fmt.Errorf("of election %s, not of %s: %w", s.fingerprint, fp, reason.ErrBinding)
	}
	if err != nil {
		return nil, fmt.Errorf("tally: saved state: %w", err)
	}
	f.evidence.saved = s
	f.o.Checkpoints = append(slices.Clip(f.o.Checkpoints), s.checkpoint.Raw)
	return f, nil
}

// audit audits the ledger at a checkpoint.
func (f *follower) audit(ctx context.Context, cp ledger.Checkpoint) (*Progress, error) {
	a := newAudit(f.r, cp, f.fp, &f.o)
	a.evidence, a.kept = f.evidence, f.kept
	for _, finding := range f.kept {
		finding(a.checklist)
	}
	if err := a.make(ctx); err != nil {
		return nil, err
	}
	f.evidence, f.kept, f.size = a.evidence, a.kept, a.cp.Size
	p := &Progress{Report: a.report}
	switch {
	case a.report.Check("ledger.checkpoint").Status == Passed:
		p.saved = a.save()
	case a.m == nil: // before the election is open there is no key to check with
	case a.scanErr != nil && a.report.Check("ledger.checkpoint").Status == NotRun:
		f.failed = a.scanErr
	default:
		f.unsound = true
	}
	return p, nil
}

// next waits until the ledger has grown.
func (f *follower) next(ctx context.Context) (ledger.Checkpoint, error) {
	if f.failed != nil {
		return ledger.Checkpoint{}, f.failed
	}
	if f.unsound {
		return ledger.Checkpoint{}, fmt.Errorf("the ledger of size %d is not to be believed: %w", f.size, reason.ErrChain)
	}
	cp, err := f.r.Await(ctx, f.size+1)
	switch {
	case errors.Is(err, reason.ErrIncomplete):
		return ledger.Checkpoint{}, errLast
	case err == nil && cp.Size <= f.size:
		return ledger.Checkpoint{}, fmt.Errorf("asked for size %d, got %d: %w", f.size+1, cp.Size, reason.ErrChain)
	}
	return cp, err
}
