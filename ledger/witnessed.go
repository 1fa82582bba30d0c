package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Cosigner asks a witness for its cosignature.
type Cosigner interface {
	// Cosign shows a witness a checkpoint note with the proof that it extends
	// the tree of size old, which the witness cosigned last, and returns the
	// witness's signature lines. A witness that has cosigned another size or,
	// at the same size, another root answers with a [*ConflictError]; one that
	// the proof does not convince with an error that wraps ErrChain.
	Cosign(ctx context.Context, old uint64, proof tlog.TreeProof, checkpoint []byte) ([]byte, error)
}

// ConflictError is the answer of a witness that has cosigned a ledger at
// another size than it was told, or with another root at the same size.
type ConflictError struct{ Size uint64 }

func (e *ConflictError) Error() string {
	return fmt.Sprintf("ledger: the witness has cosigned size %d: %v", e.Size, reason.ErrChain)
}

// Unwrap returns ErrChain.
func (e *ConflictError) Unwrap() error { return reason.ErrChain }

// WitnessedOptions say how to publish. nil is the default.
type WitnessedOptions struct {
	// Published is the note of the newest checkpoint that was published
	// before, if any is known, so that it stays published while witnesses are
	// away.
	Published []byte
	// Keep, if set, makes a checkpoint durable before it is published.
	Keep func(note []byte) error
}

// How a ledger waits for its witnesses.
const (
	cosignTimeout = 10 * time.Second       // for one answer
	cosignGrace   = 100 * time.Millisecond // for further ones once the quorum is reached
	firstRetry    = 50 * time.Millisecond  // after a failure, then twice as long each time
	lastRetry     = 5 * time.Second
)

// Witnessed returns a ledger that publishes only checkpoints which satisfy p:
// it shows each new checkpoint of log to the cosigners, all at once, and
// publishes it with their cosignatures as soon as the quorum is reached. Await
// waits for that. Append stays as durable as it is with log, whether or not
// the witnesses can be reached; while they are too few, what was published
// last stays, and asking goes on.
//
// Witnesses that have seen another ledger will not be convinced: when so many
// refuse that the quorum cannot be reached, Await fails, with ErrFork if they
// have another root at the same size and with ErrChain otherwise. Then this
// log was rolled back or rewritten.
//
// Closing the ledger closes log.
func Witnessed(ctx context.Context, log Ledger, p Policy, cosigners []Cosigner, o *WitnessedOptions) (Ledger, error) {
	if o == nil {
		o = &WitnessedOptions{}
	}
	k, err := p.keys()
	if err != nil {
		return nil, err
	}
	newest, err := log.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	w := &witnessed{
		policy: p, keys: k, o: *o,
		seen:  make([]uint64, len(cosigners)),
		grown: make(chan struct{}), done: make(chan struct{}),
	}
	w.shown = shown{log, w.current}
	w.cosigners = slices.Clone(cosigners)
	switch {
	case newest.Size == 0 && o.Published == nil:
		w.published = newest
	case o.Published != nil:
		if err := w.restore(ctx, newest); err != nil {
			return nil, err
		}
	}
	run, cancel := context.WithCancel(context.WithoutCancel(ctx))
	w.cancel = cancel
	go w.run(run)
	return w, nil
}

type witnessed struct {
	shown
	policy    Policy
	keys      keys
	cosigners []Cosigner
	o         WitnessedOptions
	seen      []uint64 // by each cosigner, as far as run knows
	cancel    context.CancelFunc
	done      chan struct{} // closed when run has ended

	mu        sync.Mutex
	published Checkpoint    // Raw is nil as long as there is none
	failure   error         // of the last attempt
	refused   error         // why the quorum will not be reached
	grown     chan struct{} // closed when one of these changes, or at the end
	closed    bool
}

// restore publishes what was published before, if log extends it.
func (w *witnessed) restore(ctx context.Context, newest Checkpoint) error {
	before, err := w.policy.Check(w.o.Published)
	if err != nil {
		return err
	}
	if before.Size > newest.Size {
		return fmt.Errorf("ledger: has size %d, but size %d was published: %w", newest.Size, before.Size, reason.ErrChain)
	}
	var proof tlog.TreeProof
	if before.Size < newest.Size {
		if proof, err = w.Ledger.Consistency(ctx, before.Size, newest.Size); err != nil {
			return err
		}
	}
	if err := newest.CheckConsistency(before, proof); err != nil {
		return err
	}
	w.published = before
	return nil
}

// run publishes what is appended until ctx ends.
func (w *witnessed) run(ctx context.Context) {
	defer close(w.done)
	retry := firstRetry
	for ctx.Err() == nil {
		cp, err := w.Ledger.Await(ctx, w.current().Size+1)
		if err != nil {
			w.fail(err, nil)
			return // log has failed or was closed
		}
		err = w.publish(ctx, cp)
		if err == nil {
			retry = firstRetry
			continue
		}
		if isFinal(err) {
			w.fail(err, err)
			return
		}
		w.fail(err, nil)
		select {
		case <-ctx.Done():
		case <-time.After(retry):
		}
		retry = min(2*retry, lastRetry)
	}
}

// refusalError means that so many witnesses have seen another ledger that the
// quorum cannot be reached.
type refusalError struct{ error }

func (e refusalError) Unwrap() error { return e.error }

func isFinal(err error) bool { return errors.As(err, new(refusalError)) }

// publish collects cosignatures of cp and publishes it.
func (w *witnessed) publish(ctx context.Context, cp Checkpoint) error {
	lines, err := w.collect(ctx, cp)
	if err != nil {
		return err
	}
	note := bytes.Clone(cp.Raw)
	for _, l := range lines {
		note = append(note, l...)
	}
	published, err := w.policy.Check(note)
	if err != nil {
		return err
	}
	if w.o.Keep != nil {
		if err := w.o.Keep(note); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.published, w.failure = published, nil
	w.wake()
	return nil
}

// answer is what one cosigner said: a line for each witness that cosigned.
type answer struct {
	cosigner int
	lines    map[int][]byte // by position in the policy
	seen     uint64
	err      error
}

// collect asks all cosigners at once and returns the signature lines, in the
// order of the policy.
func (w *witnessed) collect(ctx context.Context, cp Checkpoint) ([][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, cosignTimeout)
	defer cancel()
	answers := make(chan answer, len(w.cosigners))
	for i, c := range w.cosigners {
		go func(seen uint64) {
			a := w.ask(ctx, c, seen, cp)
			a.cosigner = i
			answers <- a
		}(w.seen[i])
	}
	lines := make([][]byte, len(w.policy.Witnesses))
	have := 0
	var failures, refusals []error
	for range w.cosigners {
		a := <-answers
		w.seen[a.cosigner] = a.seen
		if a.err != nil {
			failures = append(failures, a.err)
			if errors.Is(a.err, reason.ErrChain) || errors.Is(a.err, reason.ErrFork) {
				refusals = append(refusals, a.err)
			}
		}
		for i, line := range a.lines {
			if lines[i] == nil {
				lines[i] = line
				have++
			}
		}
		if have >= w.policy.Quorum {
			time.AfterFunc(cosignGrace, cancel)
		}
	}
	if have >= w.policy.Quorum {
		return slices.DeleteFunc(lines, func(l []byte) bool { return l == nil }), nil
	}
	err := fmt.Errorf("ledger: checkpoint of size %d: cosigned by %d of %d witnesses, %d required (%w): %w",
		cp.Size, have, len(w.policy.Witnesses), w.policy.Quorum, errors.Join(failures...), reason.ErrQuorum)
	if len(w.cosigners)-len(refusals) < w.policy.Quorum && len(refusals) > 0 {
		return nil, refusalError{fmt.Errorf("ledger: the witnesses have seen another ledger: %w", errors.Join(refusals...))}
	}
	return nil, err
}

// ask asks one cosigner. The first time it may have to be told by the witness
// where that stands.
func (w *witnessed) ask(ctx context.Context, c Cosigner, seen uint64, cp Checkpoint) answer {
	for tries := 0; ; tries++ {
		var proof tlog.TreeProof
		if 0 < seen && seen < cp.Size {
			var err error
			if proof, err = w.Ledger.Consistency(ctx, seen, cp.Size); err != nil {
				return answer{seen: seen, err: err}
			}
		}
		lines, err := c.Cosign(ctx, seen, proof, bytes.Clone(cp.Raw))
		var conflict *ConflictError
		switch {
		case err == nil:
			return w.accept(lines, cp)
		case !errors.As(err, &conflict):
			return answer{seen: seen, err: err}
		case conflict.Size > cp.Size:
			return answer{seen: seen, err: fmt.Errorf("ledger: the witness has cosigned size %d, this ledger has %d: %w", conflict.Size, cp.Size, reason.ErrChain)}
		case conflict.Size == seen && seen == cp.Size:
			return answer{seen: seen, err: fmt.Errorf("ledger: the witness has cosigned another root at size %d: %w", seen, reason.ErrFork)}
		case tries == 2:
			return answer{seen: seen, err: fmt.Errorf("ledger: the witness keeps changing its mind about what it has cosigned (%d, then %d): %w", seen, conflict.Size, reason.ErrState)}
		}
		seen = conflict.Size
	}
}

// accept takes from what a cosigner answered the lines of witnesses of the
// policy that hold, and no others.
func (w *witnessed) accept(lines []byte, cp Checkpoint) answer {
	a := answer{seen: cp.Size, lines: make(map[int][]byte)}
	parsed, err := parseLines(string(lines))
	if err != nil {
		a.err = fmt.Errorf("ledger: answer of a witness: %w", err)
		return a
	}
	for _, l := range parsed {
		i := slices.IndexFunc(w.keys.witnesses, func(v verifierKey) bool { return v.made(l) })
		if i < 0 {
			continue
		}
		if _, err := w.keys.witnesses[i].verifyCosignature(cp.text(), cp, l.signature); err != nil {
			a.err = fmt.Errorf("ledger: answer of a witness: %w", err)
			return a
		}
		a.lines[i] = l.bytes()
	}
	if len(a.lines) == 0 {
		a.err = fmt.Errorf("ledger: answer of a witness: from none of the policy's: %w", reason.ErrSignature)
	}
	return a
}

// fail records why publishing has failed, and refused if it always will.
func (w *witnessed) fail(err, refused error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failure = err
	if refused != nil {
		w.refused = refused
		w.wake()
	}
}

func (w *witnessed) wake() {
	close(w.grown)
	w.grown = make(chan struct{})
}

func (w *witnessed) current() Checkpoint {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.published
}

// Checkpoint waits until there is one.
func (w *witnessed) Checkpoint(ctx context.Context) (Checkpoint, error) { return w.Await(ctx, 0) }

func (w *witnessed) Await(ctx context.Context, size uint64) (Checkpoint, error) {
	for {
		w.mu.Lock()
		cp, failure, refused, grown, closed := w.published, w.failure, w.refused, w.grown, w.closed
		w.mu.Unlock()
		switch {
		case closed:
			return Checkpoint{}, ErrClosed
		case ctx.Err() != nil && failure != nil:
			return Checkpoint{}, fmt.Errorf("%w (%w)", ctx.Err(), failure)
		case ctx.Err() != nil:
			return Checkpoint{}, ctx.Err()
		case cp.Raw != nil && cp.Size >= size:
			cp.Raw = bytes.Clone(cp.Raw)
			return cp, nil
		case refused != nil:
			return Checkpoint{}, refused
		}
		select {
		case <-grown:
		case <-ctx.Done():
		case <-w.done:
			return Checkpoint{}, w.ended()
		}
	}
}

// ended returns why nothing more will be published.
func (w *witnessed) ended() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return ErrClosed
	}
	return w.failure
}

func (w *witnessed) Close() error {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		w.wake()
	}
	w.mu.Unlock()
	w.cancel()
	<-w.done
	return w.Ledger.Close()
}
