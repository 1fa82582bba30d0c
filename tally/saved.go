package tally

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/ledger"
)

// saved is what an audit leaves to a later one: of which ledger it has verified
// all proofs but those of some entries.
type saved struct {
	fingerprint ballot.Fingerprint
	checkpoint  ledger.Checkpoint // of the ledger as it was
	size        uint64            // how many entries the counting rule was applied to
	refused     []uint64          // the refused ones of them, ascending
}

func (a *audit) save() *saved {
	s := &saved{fingerprint: a.report.Fingerprint, checkpoint: a.cp}
	if a.state != nil {
		s.size = a.state.Next()
		for _, f := range a.state.Refused() {
			s.refused = append(s.refused, f.Index)
		}
	}
	return s
}

// proven returns which proofs an earlier audit has verified: those of all
// entries that it applied the counting rule to and did not refuse, if this is
// the same ledger.
func (a *audit) proven() func(index uint64) bool {
	s := a.saved
	if s == nil || a.roots[s.checkpoint.Size] != s.checkpoint.Root {
		return nil
	}
	return func(index uint64) bool {
		_, refused := slices.BinarySearch(s.refused, index)
		return index < s.size && !refused
	}
}

const (
	savedLabel = "hanpyo/v1 audit"
	maxSaved   = 64 << 20 // bytes
)

// encode returns the bytes: label, fingerprint, checkpoint, size, refused
// entries, and the SHA-256 of all that against damage.
func (s *saved) encode() []byte {
	var w wire.Writer
	w.String(savedLabel)
	w.Raw(s.fingerprint[:])
	w.Var(s.checkpoint.Raw)
	w.Uint64(s.size)
	w.Uint32(uint32(len(s.refused)))
	for _, index := range s.refused {
		w.Uint64(index)
	}
	sum := sha256.Sum256(w.Bytes())
	w.Raw(sum[:])
	return w.Bytes()
}

// parseSaved reads what encode returns.
func parseSaved(data []byte) (*saved, error) {
	if len(data) > maxSaved {
		return nil, fmt.Errorf("%d bytes, at most %d: %w", len(data), maxSaved, reason.ErrLimit)
	}
	end := max(0, len(data)-sha256.Size)
	if sum := sha256.Sum256(data[:end]); !bytes.Equal(sum[:], data[end:]) {
		return nil, fmt.Errorf("damaged: its end is not the hash of the rest: %w", reason.ErrEncoding)
	}
	r := wire.NewReader(data[:end])
	if label := r.String(len(savedLabel)); r.Err() == nil && label != savedLabel {
		return nil, fmt.Errorf("%q is not %q: %w", label, savedLabel, reason.ErrVersion)
	}
	s := &saved{}
	copy(s.fingerprint[:], r.Raw(len(s.fingerprint)))
	raw := r.Var(maxSaved)
	s.size = r.Uint64()
	for i := range r.Count(maxSaved/8, 8) {
		index := r.Uint64()
		if index >= s.size || i > 0 && index <= s.refused[i-1] {
			return nil, fmt.Errorf("refused entry %d of %d is out of order: %w", index, s.size, reason.ErrEncoding)
		}
		s.refused = append(s.refused, index)
	}
	if err := r.Done(); err != nil {
		return nil, err
	}
	var err error
	if s.checkpoint, err = ledger.ParseCheckpoint(raw); err != nil {
		return nil, err
	}
	if s.size > s.checkpoint.Size {
		return nil, fmt.Errorf("%d entries judged of %d: %w", s.size, s.checkpoint.Size, reason.ErrRange)
	}
	return s, nil
}
