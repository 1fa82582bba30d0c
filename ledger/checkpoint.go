package ledger

import (
	"bytes"
	"encoding/base64"
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
}

// maxCheckpoint bounds a checkpoint note, in bytes.
const maxCheckpoint = 4096

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
// signature; use [Policy.Check] for what came from elsewhere. It fails with
// ErrSignature if raw is not a note with exactly one signature line, and with
// ErrEncoding if its text is not exactly an origin, a canonical size and a
// root.
func ParseCheckpoint(raw []byte) (Checkpoint, error) {
	if len(raw) > maxCheckpoint {
		return Checkpoint{}, fmt.Errorf("ledger: checkpoint of %d bytes: %w", len(raw), reason.ErrLimit)
	}
	text, signatures, _ := strings.Cut(string(raw), "\n\n")
	if err := checkSignatureLine(signatures); err != nil {
		return Checkpoint{}, fmt.Errorf("ledger: checkpoint: %w", err)
	}
	lines := strings.Split(text, "\n")
	if len(lines) != 3 || lines[0] == "" {
		return Checkpoint{}, fmt.Errorf("ledger: checkpoint: text is not an origin, a size and a root: %w", reason.ErrEncoding)
	}
	size, err := parseDecimal(lines[1])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("ledger: checkpoint: size: %w", err)
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("ledger: checkpoint: root: %w", err)
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: root, Raw: bytes.Clone(raw)}, nil
}

// checkSignatureLine requires one signature line in the one form in which a
// signer writes it. Package note is laxer: it drops repeated lines and accepts
// several base64 forms of one signature.
func checkSignatureLine(s string) error {
	line, ok := strings.CutSuffix(s, "\n")
	if !ok || strings.ContainsAny(line, "\n\r") {
		return fmt.Errorf("not exactly one signature line: %w", reason.ErrSignature)
	}
	fields := strings.Split(line, " ")
	if len(fields) != 3 || fields[0] != "—" {
		return fmt.Errorf("signature line: %w", reason.ErrSignature)
	}
	if _, err := base64.StdEncoding.Strict().DecodeString(fields[2]); err != nil {
		return fmt.Errorf("signature line: not canonical base64: %w", reason.ErrSignature)
	}
	return nil
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

// Policy says which checkpoints to believe: those of one ledger, signed by one
// key. The zero value believes none.
type Policy struct {
	Origin string // the ledger's name, as in the checkpoint's first line
	Key    string // the ledger's note verifier key: name+hash+base64
}

// Check decodes raw and requires that it is a checkpoint of a ledger that is
// not empty, in the one canonical form, with the origin of p and exactly one
// signature, which verifies with the key of p. Extension lines and signatures
// of others are refused. A policy without origin or key is ErrUnanchored; a
// missing, wrong or further signature and another origin are ErrSignature; a
// malformed text or key is ErrEncoding; an empty ledger is ErrIncomplete.
func (p Policy) Check(raw []byte) (Checkpoint, error) {
	if p.Origin == "" || p.Key == "" {
		return Checkpoint{}, fmt.Errorf("ledger: policy without origin or key: %w", reason.ErrUnanchored)
	}
	v, err := note.NewVerifier(p.Key)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("ledger: policy: verifier key: %w", reason.ErrEncoding)
	}
	c, err := ParseCheckpoint(raw)
	if err != nil {
		return Checkpoint{}, err
	}
	if n, err := note.Open(raw, note.VerifierList(v)); err != nil || len(n.Sigs) != 1 || n.Text != c.text() {
		return Checkpoint{}, fmt.Errorf("ledger: checkpoint: not signed by %s+%08x: %w", v.Name(), v.KeyHash(), reason.ErrSignature)
	}
	if c.Origin != p.Origin {
		return Checkpoint{}, fmt.Errorf("ledger: checkpoint of %.64q, not of %q: %w", c.Origin, p.Origin, reason.ErrSignature)
	}
	if c.Size == 0 {
		return Checkpoint{}, fmt.Errorf("ledger: checkpoint of an empty ledger: %w", reason.ErrIncomplete)
	}
	return c, nil
}

// CheckInclusion checks that the entry with the given leaf hash stands at
// index in the ledger of c (ErrChain).
func (c Checkpoint) CheckInclusion(index uint64, leaf tlog.Hash, proof tlog.RecordProof) error {
	if c.Size > maxSize || index >= c.Size ||
		tlog.CheckRecord(proof, int64(c.Size), c.Root, int64(index), leaf) != nil {
		return &EntryError{index, fmt.Errorf("not in the ledger of size %d: %w", c.Size, reason.ErrChain)}
	}
	return nil
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

// Check returns nil if e proves a fork: both notes satisfy p, and they have
// one size and different roots. It reads nothing but the notes.
func (e *ForkError) Check(p Policy) error {
	a, errA := p.Check(e.A.Raw)
	b, errB := p.Check(e.B.Raw)
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	if a.Size != b.Size || a.Root == b.Root {
		return fmt.Errorf("ledger: checkpoints of size %d and %d do not contradict each other: %w", a.Size, b.Size, reason.ErrProof)
	}
	return nil
}
