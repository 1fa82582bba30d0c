// Package witness is a witness of ledgers after [c2sp.org/tlog-witness]: it
// remembers the newest checkpoint that it has seen of each ledger, and cosigns
// only what extends that. An operator who shows different ledgers to different
// people, or restores an old backup and goes on from there, finds no witness
// for it.
//
// A [Witness] is an [http.Handler]; a [Client] asks one, for a ledger that
// publishes through [ledger.Witnessed]. One small machine can witness many
// ledgers: run it where neither the ledger's operator nor the other witnesses
// have access.
//
// [c2sp.org/tlog-witness]: https://c2sp.org/tlog-witness
package witness

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// ErrUnknown is a checkpoint of a ledger that the witness does not know.
var ErrUnknown = errors.New("ledger is not known here")

// Witness cosigns the growth of ledgers. It is safe for concurrent use, and
// implements [ledger.Cosigner] for a ledger in the same process.
type Witness struct {
	keys   []*ledger.CosigningKey
	logs   map[string][]note.Verifier // by origin
	unlock func()

	mu    sync.Mutex
	state *state
}

// Open returns the witness that keeps in dir what it has seen, and signs with
// all the given keys. logs are the verifier keys of the ledgers that it
// witnesses, each named like its ledger; a ledger may have several.
//
// Keys that do not fit together fail as in [ledger.Policy.Validate]. It fails
// with ErrLocked if another process has dir open, and with ErrChain if the file
// in dir is damaged or, in a dir that was open before, lost: then nobody knows
// any more what the witness has signed, and only a copy of the file, or its
// operator, can say.
func Open(dir string, keys []*ledger.CosigningKey, logs []string) (*Witness, error) {
	if len(keys) == 0 || slices.Contains(keys, nil) {
		return nil, fmt.Errorf("witness: no key: %w", reason.ErrShape)
	}
	w := &Witness{keys: keys, logs: make(map[string][]note.Verifier)}
	for _, text := range logs {
		origin, _, _ := strings.Cut(text, "+")
		for _, k := range keys { // one policy each, for a witness may have keys of both types
			p := ledger.Policy{Origin: origin, Key: text, Witnesses: []string{k.Public()}}
			if err := p.Validate(); err != nil {
				return nil, fmt.Errorf("witness: %w", err)
			}
		}
		v, err := note.NewVerifier(text)
		if err != nil {
			return nil, fmt.Errorf("witness: %.100q (%v): %w", text, err, reason.ErrEncoding)
		}
		for _, other := range w.logs[origin] {
			if other.KeyHash() == v.KeyHash() {
				return nil, fmt.Errorf("witness: %.100q stands twice: %w", text, reason.ErrDuplicate)
			}
		}
		w.logs[origin] = append(w.logs[origin], v)
	}
	var err error
	if w.state, w.unlock, err = openState(dir); err != nil {
		return nil, err
	}
	return w, nil
}

// Close releases the directory.
func (w *Witness) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unlock()
	w.unlock, w.state = func() {}, nil
	return nil
}

// Cosign checks that a checkpoint extends the newest one of its ledger that
// the witness has cosigned, of size old, writes it down durably, and returns a
// signature line for each key. ErrUnknown: not a ledger of this witness.
// ErrSignature: signed by no key of that. ErrEncoding or ErrLimit: not a
// checkpoint, or one with extension lines. ErrRange: old is above its size. A
// [*ledger.ConflictError], which wraps ErrChain: the witness stands elsewhere
// than at old, or saw another root there. ErrChain: the proof does not hold.
func (w *Witness) Cosign(_ context.Context, old uint64, proof tlog.TreeProof, checkpoint []byte) ([]byte, error) {
	cp, err := w.check(checkpoint)
	if err != nil {
		return nil, err
	}
	if old > cp.Size {
		return nil, fmt.Errorf("witness: from size %d to size %d: %w", old, cp.Size, reason.ErrRange)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state == nil {
		return nil, ledger.ErrClosed
	}
	seen := w.state.get(cp.Origin)
	if old != seen.Size {
		return nil, &ledger.ConflictError{Size: seen.Size}
	}
	switch err := cp.CheckConsistency(seen, proof); {
	case errors.Is(err, reason.ErrFork):
		return nil, &ledger.ConflictError{Size: seen.Size}
	case err != nil:
		return nil, fmt.Errorf("witness: %w", err)
	}
	if err := w.state.put(cp); err != nil {
		return nil, err
	}
	var lines []byte
	for _, k := range w.keys {
		line, err := k.Cosign(cp, time.Now().Unix())
		if err != nil {
			return nil, fmt.Errorf("witness: %w", err)
		}
		lines = append(lines, line...)
	}
	return lines, nil
}

// check requires a checkpoint with the signature of a ledger's key. Signature
// lines of others are ignored, as c2sp.org/tlog-witness wants it; a wrong one of
// the ledger's keys spoils the note, as c2sp.org/signed-note advises.
func (w *Witness) check(raw []byte) (ledger.Checkpoint, error) {
	origin, _, _ := strings.Cut(string(raw), "\n")
	known, ok := w.logs[origin]
	signed, err := note.Open(raw, note.VerifierList(known...))
	var unverified *note.UnverifiedNoteError
	var wrong *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified) && !ok:
		return ledger.Checkpoint{}, fmt.Errorf("witness: %.100q: %w", origin, ErrUnknown)
	case errors.As(err, &unverified) || errors.As(err, &wrong):
		return ledger.Checkpoint{}, fmt.Errorf("witness: checkpoint of %.100q (%v): %w", origin, err, reason.ErrSignature)
	case err != nil:
		return ledger.Checkpoint{}, fmt.Errorf("witness: checkpoint (%v): %w", err, reason.ErrEncoding)
	}
	own := []byte(signed.Text + "\n")
	for _, s := range signed.Sigs {
		own = fmt.Appendf(own, "— %s %s\n", s.Name, s.Base64)
	}
	cp, err := ledger.ParseCheckpoint(own)
	if err != nil {
		if errors.Is(err, reason.ErrSignature) { // a line in another form than its own, not a wrong signature
			err = fmt.Errorf("%v: %w", err, reason.ErrEncoding)
		}
		return ledger.Checkpoint{}, fmt.Errorf("witness: %w", err)
	}
	return cp, nil
}

// Recover is for the day on which a ledger's key has been stolen, and only
// the witness's operator may call it, after having agreed with the ledger's
// authorities on size, root and new key. It adds the witness's signatures to
// the rotation and goes back (or forward) to its size, so that only what the
// new key signs from there on is cosigned. The witness must know the new key
// and not the old one (ErrState).
func (w *Witness) Recover(r *ledger.Rotation) error {
	origin, _, _ := strings.Cut(r.New, "+")
	next, err := note.NewVerifier(r.New)
	if err != nil {
		return fmt.Errorf("witness: recover: %.100q (%v): %w", r.New, err, reason.ErrEncoding)
	}
	known := false
	for _, v := range w.logs[origin] {
		old := strings.HasPrefix(r.Old, fmt.Sprintf("%s+%08x+", v.Name(), v.KeyHash()))
		if old {
			return fmt.Errorf("witness: recover: the old key of %.100q is still known here: %w", origin, reason.ErrState)
		}
		known = known || v.Name() == next.Name() && v.KeyHash() == next.KeyHash()
	}
	if !known {
		return fmt.Errorf("witness: recover: the new key of %.100q is not known here: %w", origin, reason.ErrState)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state == nil {
		return ledger.ErrClosed
	}
	if err := w.state.put(ledger.Checkpoint{Origin: origin, Size: r.Size, Root: r.Root}); err != nil {
		return err
	}
	for _, k := range w.keys {
		if err := r.Cosign(k, time.Now().Unix()); err != nil {
			return fmt.Errorf("witness: %w", err)
		}
	}
	return nil
}
