package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Rotation hands a ledger from one key to the next: up to a size, where the
// ledger has a root, the old key signs, and above it the new one. It is itself
// a note, signed by the old key or, where that is lost or stolen, by a quorum
// of the ledger's witnesses. Who else must agree, the ledger does not know.
type Rotation struct {
	Old, New string // verifier keys of one name: name+hash+base64
	Size     uint64 // the largest that the old key may sign
	Root     tlog.Hash
	lines    []byte // the signature lines
}

// RotationPrefix begins the origin of every rotation, and of no ledger: a
// rotation looks like the checkpoint of a ledger of its own, so that
// cosignatures of both types can be made over it. The rest of the origin is
// the SHA-256 of the two keys, in hex.
const RotationPrefix = "hanpyo/v1/rotation/"

func (r Rotation) head() Checkpoint {
	sum := sha256.Sum256([]byte(r.Old + "\n" + r.New + "\n"))
	return Checkpoint{Origin: RotationPrefix + hex.EncodeToString(sum[:]), Size: r.Size, Root: r.Root}
}

func (r Rotation) text() string { return r.head().text() + r.Old + "\n" + r.New + "\n" }

// Sign adds the signature of the old key.
func (r *Rotation) Sign(old note.Signer) error {
	n, err := note.Sign(&note.Note{Text: r.text()}, old)
	if err != nil {
		return fmt.Errorf("ledger: rotation: %w", err)
	}
	r.lines = append(r.lines, n[len(r.text())+1:]...)
	return nil
}

// Cosign adds the signature of a witness, at a time in seconds since 1970. A
// witness does this only when asked by people it knows: see
// docs/ledger.md, Rotation.
func (r *Rotation) Cosign(k *CosigningKey, time int64) error {
	line, err := k.cosign(r.text(), r.head(), time)
	if err != nil {
		return err
	}
	r.lines = append(r.lines, line...)
	return nil
}

// Add adds signature lines that others have made over the same rotation.
func (r *Rotation) Add(lines []byte) { r.lines = append(r.lines, lines...) }

// Bytes returns the note.
func (r Rotation) Bytes() []byte { return slices.Concat([]byte(r.text()+"\n"), r.lines) }

// ParseRotation decodes a rotation strictly and checks no signature: see
// [Policy.Rotate]. It fails as [ParseCheckpoint] does, and with ErrBinding if
// the origin is not that of the two keys.
func ParseRotation(raw []byte) (Rotation, error) {
	if len(raw) > maxCheckpoint {
		return Rotation{}, fmt.Errorf("ledger: rotation of %d bytes: %w", len(raw), reason.ErrLimit)
	}
	text, signatures, _ := strings.Cut(string(raw), "\n\n")
	if _, err := parseLines(signatures); err != nil {
		return Rotation{}, fmt.Errorf("ledger: rotation: %w", err)
	}
	lines := strings.Split(text, "\n")
	if len(lines) != 5 {
		return Rotation{}, fmt.Errorf("ledger: rotation: text is not an origin, a size, a root and two keys: %w", reason.ErrEncoding)
	}
	head, err := parseTreeHead(lines)
	if err != nil {
		return Rotation{}, fmt.Errorf("ledger: rotation: %w", err)
	}
	r := Rotation{Old: lines[3], New: lines[4], Size: head.Size, Root: head.Root, lines: []byte(signatures)}
	for _, text := range []string{r.Old, r.New} {
		if v, err := parseKey(text); err != nil {
			return Rotation{}, fmt.Errorf("ledger: rotation: %w", err)
		} else if v.kind != logKey {
			return Rotation{}, fmt.Errorf("ledger: rotation: verifier key of %.64q is not one of a ledger: %w", v.name, reason.ErrEncoding)
		}
	}
	if head.Origin != r.head().Origin {
		return Rotation{}, fmt.Errorf("ledger: rotation: origin %.100q is not that of its keys: %w", head.Origin, reason.ErrBinding)
	}
	return r, nil
}

// Rotate returns the policy by which r has been carried out. The old key of r
// must be the newest of p, the new one must not have been in use and belong to
// the same ledger (ErrBinding, ErrDuplicate); its size must be above that of
// the rotation before (ErrRange); and the old key or a quorum of the witnesses
// must have signed it, everybody whose signature it has rightly (ErrSignature,
// ErrQuorum). Whether the ledger has that root at that size is for
// [Checkpoint.CheckConsistency] to say.
func (p Policy) Rotate(r Rotation) (Policy, error) {
	k, err := p.keys()
	if err != nil {
		return Policy{}, err
	}
	old := k.log[len(k.log)-1]
	if r.Old != old.String() {
		return Policy{}, fmt.Errorf("ledger: rotation: from key %.100q, the ledger has %s: %w", r.Old, old.short(), reason.ErrBinding)
	}
	if next, err := parseKey(r.New); err != nil || next.name != old.name {
		return Policy{}, fmt.Errorf("ledger: rotation: to key %.100q, of another ledger than %s: %w", r.New, old.short(), reason.ErrBinding)
	}
	p.Handovers = append(slices.Clip(p.Handovers), Handover{Size: r.Size, Root: r.Root, Key: r.New})
	if err := p.Validate(); err != nil {
		return Policy{}, err
	}
	lines, err := parseLines(string(r.lines))
	if err != nil {
		return Policy{}, fmt.Errorf("ledger: rotation: %w", err)
	}
	signed, cosigned, err := checkLines(lines, old, k.witnesses, r.text(), r.head())
	switch {
	case err != nil:
		return Policy{}, fmt.Errorf("ledger: rotation: %w", err)
	case signed:
	case p.Quorum == 0 || len(cosigned) < p.Quorum:
		return Policy{}, fmt.Errorf("ledger: rotation: signed by %d of %d witnesses and not by %s: %w", len(cosigned), len(p.Witnesses), old.short(), reason.ErrQuorum)
	}
	return p, nil
}
