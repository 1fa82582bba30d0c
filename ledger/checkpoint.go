package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Checkpoint is the state of a ledger that its maker signed, after
// c2sp.org/tlog-checkpoint. Its fields are trustworthy only as the result of
// [Policy.Check].
type Checkpoint struct {
	Origin string    // the name of the ledger
	Size   uint64    // how many entries it has
	Root   tlog.Hash // the root of their Merkle tree
	Raw    []byte    // the signed note that says so

	// Cosigned are the witnesses of the policy that have cosigned the note, in
	// its order. Their times decide nothing.
	Cosigned []Cosignature
}

// maxCheckpoint bounds a checkpoint note, in bytes: enough for the cosignatures
// of MaxWitnesses witnesses of either type.
const maxCheckpoint = 64 << 10

func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
}

// SignCheckpoint makes the checkpoint of a ledger named after its signer.
func SignCheckpoint(signer note.Signer, size uint64, root tlog.Hash) (Checkpoint, error) {
	c := Checkpoint{Origin: signer.Name(), Size: size, Root: root}
	raw, err := note.Sign(&note.Note{Text: c.text()}, signer)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("ledger: signing a checkpoint: %w", err)
	}
	c.Raw = raw
	return c, nil
}

// ParseCheckpoint decodes a checkpoint note strictly and does not check its
// signatures; use [Policy.Check] for what came from elsewhere. It fails with
// ErrSignature if raw is not a note with well-formed signature lines, each of
// another key, and with ErrEncoding if its text is not exactly an origin, a
// canonical size and a root.
func ParseCheckpoint(raw []byte) (Checkpoint, error) {
	c, _, err := parseCheckpoint(raw)
	return c, err
}

func parseCheckpoint(raw []byte) (Checkpoint, []noteLine, error) {
	if len(raw) > maxCheckpoint {
		return Checkpoint{}, nil, fmt.Errorf("ledger: checkpoint of %d bytes: %w", len(raw), reason.ErrLimit)
	}
	if bytes.IndexByte(raw, '\r') >= 0 {
		return Checkpoint{}, nil, fmt.Errorf("ledger: checkpoint: carriage return: lines end with a newline only: %w", reason.ErrEncoding)
	}
	text, signatures, _ := strings.Cut(string(raw), "\n\n")
	signed, err := parseLines(signatures)
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("ledger: checkpoint: %w", err)
	}
	lines := strings.Split(text, "\n")
	if len(lines) != 3 {
		return Checkpoint{}, nil, fmt.Errorf("ledger: checkpoint: text is not an origin, a size and a root: %w", reason.ErrEncoding)
	}
	c, err := parseTreeHead(lines)
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("ledger: checkpoint: %w", err)
	}
	c.Raw = bytes.Clone(raw)
	return c, signed, nil
}

// parseTreeHead decodes the first three lines of a note text.
func parseTreeHead(lines []string) (Checkpoint, error) {
	if lines[0] == "" {
		return Checkpoint{}, fmt.Errorf("no origin: %w", reason.ErrEncoding)
	}
	size, err := parseDecimal(lines[1])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("size: %w", err)
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("root: %w", err)
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: root}, nil
}

// parseDecimal decodes a number of at most maxSize without sign or leading zeroes.
func parseDecimal(s string) (uint64, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || strconv.FormatUint(n, 10) != s || n > maxSize {
		return 0, fmt.Errorf("%.24q is not a canonical number: %w", s, reason.ErrEncoding)
	}
	return n, nil
}

// parseHash decodes the one base64 form of a hash.
func parseHash(s string) (tlog.Hash, error) {
	h, err := tlog.ParseHash(s)
	if err != nil || h.String() != s {
		return tlog.Hash{}, fmt.Errorf("%.48q is not a hash: %w", s, reason.ErrEncoding)
	}
	return h, nil
}

// CheckInclusion checks that the entry with the given leaf hash stands at
// index in the ledger of c (ErrChain).
func (c Checkpoint) CheckInclusion(index uint64, leaf tlog.Hash, proof tlog.RecordProof) error {
	fail := func(format string, args ...any) error {
		return &EntryError{index, fmt.Errorf("not in the ledger of size %d%s: %w", c.Size, fmt.Sprintf(format, args...), reason.ErrChain)}
	}
	if c.Size > maxSize || index >= c.Size {
		return fail("")
	}
	if want := inclusionLength(index, c.Size); len(proof) != want {
		return fail(": proof of %d hashes, not %d", len(proof), want)
	}
	if tlog.CheckRecord(proof, int64(c.Size), c.Root, int64(index), leaf) != nil {
		return fail("")
	}
	return nil
}

// inclusionLength returns how many hashes prove that an entry is in a tree of
// the given size: one for every subtree that the way down to it passes.
func inclusionLength(index, size uint64) (n int) {
	for lo, hi := uint64(0), size; hi-lo > 1; n++ {
		if mid := lo + 1<<leftLevel(hi-lo); index < mid {
			hi = mid
		} else {
			lo = mid
		}
	}
	return n
}

// consistencyLength returns how many hashes prove that a tree of size old > 0
// is a prefix of a tree of the given size (RFC 6962, section 2.1.2).
func consistencyLength(old, size uint64) (n int) {
	lo, hi := uint64(0), size
	for ; old < hi; n++ {
		if mid := lo + 1<<leftLevel(hi-lo); old <= mid {
			hi = mid
		} else {
			lo = mid
		}
	}
	if lo > 0 { // its last subtree is not the whole of it
		n++
	}
	return n
}

// CheckConsistency checks that the ledger of old is a prefix of that of c. Two
// checkpoints of one size and different roots are a *ForkError; everything
// else that does not hold, another origin and an old checkpoint larger than c
// included, is ErrChain.
func (c Checkpoint) CheckConsistency(old Checkpoint, proof tlog.TreeProof) error {
	switch {
	case old.Origin != c.Origin:
		return fmt.Errorf("ledger: checkpoints of %.64q and %.64q: %w", old.Origin, c.Origin, reason.ErrChain)
	case old.Size == c.Size && old.Root != c.Root:
		return &ForkError{old, c}
	case old.Size > c.Size || c.Size > maxSize:
		return fmt.Errorf("ledger: size went from %d to %d: %w", old.Size, c.Size, reason.ErrChain)
	case old.Size == 0:
		if old.Root == emptyRoot && len(proof) == 0 {
			return nil
		}
	case len(proof) != consistencyLength(old.Size, c.Size):
		return fmt.Errorf("ledger: size %d is no prefix of size %d: proof of %d hashes, not %d: %w",
			old.Size, c.Size, len(proof), consistencyLength(old.Size, c.Size), reason.ErrChain)
	case tlog.CheckTree(proof, int64(c.Size), c.Root, int64(old.Size), old.Root) == nil:
		return nil
	}
	return fmt.Errorf("ledger: size %d is no prefix of size %d: %w", old.Size, c.Size, reason.ErrChain)
}

// ForkError is the evidence that the maker of a ledger showed two of them: two
// checkpoints of one origin and size with different roots. The notes in their
// Raw fields convince anybody who has the ledger's key; see [ForkError.Check].
type ForkError struct{ A, B Checkpoint }

func (e *ForkError) Error() string {
	return fmt.Sprintf("ledger: %.64q has roots %s and %s at size %d: %v", e.A.Origin, e.A.Root, e.B.Root, e.A.Size, reason.ErrFork)
}

// Unwrap returns ErrFork.
func (e *ForkError) Unwrap() error { return reason.ErrFork }

// Check returns nil if e proves a fork: both notes are signed by the key that
// p has for them, and they have one size and different roots. It reads nothing
// but the notes, and needs no witness: the signatures are evidence enough. That
// p says which root is believed, where a key was handed over, takes nothing
// from them.
func (e *ForkError) Check(p Policy) error {
	p.Quorum = 0
	a, errA := p.check(e.A.Raw)
	b, errB := p.check(e.B.Raw)
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	if a.Size != b.Size || a.Root == b.Root {
		return fmt.Errorf("ledger: checkpoints of size %d and %d do not contradict each other: %w", a.Size, b.Size, reason.ErrProof)
	}
	return nil
}
