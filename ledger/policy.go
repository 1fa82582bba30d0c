package ledger

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// MaxWitnesses is how many witnesses a policy may name.
const MaxWitnesses = 16

// Policy says which checkpoints to believe: those of one ledger, signed by its
// key and cosigned by enough witnesses. The zero value believes none.
type Policy struct {
	Origin string // the ledger's name, as in the checkpoint's first line
	Key    string // the ledger's first note verifier key: name+hash+base64

	// Witnesses are the verifier keys of those who cosign what they see of the
	// ledger, see [CosigningKey], one for each, and Quorum is how many of them
	// must have cosigned a checkpoint. With a quorum of 0 their cosignatures are checked
	// and reported, and not required.
	Witnesses []string
	Quorum    int

	// Handovers are the ledger's later keys, in order: see [Policy.Rotate].
	Handovers []Handover
}

// Handover says from where on a ledger has another key.
type Handover struct {
	Size uint64    // the largest that the key before may sign
	Root tlog.Hash // of the ledger at that size
	Key  string    // signs all larger sizes
}

// keys are the decoded keys of a policy.
type keys struct {
	log       []verifierKey // the first, and that of each handover
	witnesses []verifierKey
}

// Validate refuses a policy that makes no sense. Without origin or key it is
// ErrUnanchored; malformed keys are ErrEncoding or, for an unknown signature
// type, ErrVersion, and Ed25519 keys of small order ErrGroup; a witness that
// stands twice, by its key or by its name, or has the ledger's own is
// ErrDuplicate; a ledger with the name of a rotation is ErrBinding; more than
// MaxWitnesses witnesses and, with one of type CosignMLDSA44, an origin of more
// than 255 bytes are ErrLimit; a quorum below 0 or above the number of witnesses
// and handovers whose sizes do not grow are ErrRange.
func (p Policy) Validate() error {
	_, err := p.keys()
	return err
}

func (p Policy) keys() (keys, error) {
	if p.Origin == "" || p.Key == "" {
		return keys{}, fmt.Errorf("ledger: policy without origin or key: %w", reason.ErrUnanchored)
	}
	if strings.HasPrefix(p.Origin, RotationPrefix) {
		return keys{}, fmt.Errorf("ledger: policy: origin %.100q is that of a rotation: %w", p.Origin, reason.ErrBinding)
	}
	var k keys
	if err := k.addLog(p.Key); err != nil {
		return keys{}, fmt.Errorf("ledger: policy: %w", err)
	}
	var last uint64
	for _, h := range p.Handovers {
		if h.Size <= last || h.Size > maxSize {
			return keys{}, fmt.Errorf("ledger: policy: key handed over at size %d: %w", h.Size, reason.ErrRange)
		}
		if err := k.addLog(h.Key); err != nil {
			return keys{}, fmt.Errorf("ledger: policy: %w", err)
		}
		last = h.Size
	}
	if len(p.Witnesses) > MaxWitnesses {
		return keys{}, fmt.Errorf("ledger: policy: %d witnesses, at most %d: %w", len(p.Witnesses), MaxWitnesses, reason.ErrLimit)
	}
	if p.Quorum < 0 || p.Quorum > len(p.Witnesses) {
		return keys{}, fmt.Errorf("ledger: policy: quorum %d of %d witnesses: %w", p.Quorum, len(p.Witnesses), reason.ErrRange)
	}
	for _, text := range p.Witnesses {
		w, err := parseCosigner(text)
		if err != nil {
			return keys{}, fmt.Errorf("ledger: policy: witness: %w", err)
		}
		if w.kind == CosignMLDSA44 && len(p.Origin) > maxCosigner { // it could not sign
			return keys{}, fmt.Errorf("ledger: policy: witness %s for an origin of %d bytes: %w", w.short(), len(p.Origin), reason.ErrLimit)
		}
		others := slices.Concat(k.log, k.witnesses)
		if err := fresh(w, others); err != nil {
			return keys{}, fmt.Errorf("ledger: policy: witness: %w", err)
		}
		// A witness that signs with keys of two types is still one.
		if slices.ContainsFunc(others, func(o verifierKey) bool { return o.name == w.name }) {
			return keys{}, fmt.Errorf("ledger: policy: witness: the name %.100q stands twice: %w", w.name, reason.ErrDuplicate)
		}
		k.witnesses = append(k.witnesses, w)
	}
	return k, nil
}

func (k *keys) addLog(text string) error {
	v, err := parseKey(text)
	if err != nil {
		return err
	}
	if v.kind != logKey {
		return fmt.Errorf("verifier key of %.100q: signature type %d signs no ledger: %w", v.name, v.kind, reason.ErrEncoding)
	}
	if strings.HasPrefix(v.name, RotationPrefix) {
		return fmt.Errorf("verifier key of %.100q: the name of a rotation: %w", v.name, reason.ErrBinding)
	}
	if err := fresh(v, k.log); err != nil {
		return err
	}
	k.log = append(k.log, v)
	return nil
}

// fresh refuses a key that stands among others already, under whatever name:
// one party would count for two, and a retired key would come back.
func fresh(v verifierKey, others []verifierKey) error {
	for _, other := range others {
		if bytes.Equal(v.key, other.key) || v.name == other.name && v.id == other.id {
			return fmt.Errorf("verifier key %s stands twice: %w", v.short(), reason.ErrDuplicate)
		}
	}
	return nil
}

// at returns the key that signs the ledger at a size.
func (p Policy) at(k keys, size uint64) verifierKey {
	for i := len(p.Handovers) - 1; i >= 0; i-- {
		if size > p.Handovers[i].Size {
			return k.log[i+1]
		}
	}
	return k.log[0]
}

// Check decodes raw and requires that it is a checkpoint of a ledger that is
// not empty, in the canonical form, with the origin of p, signed by the key
// that p has for its size, and cosigned by at least a quorum of the witnesses.
// Extension lines and signature lines of others are refused. A policy that
// makes no sense fails as in [Policy.Validate]; a missing, wrong, repeated or
// further signature and another origin are ErrSignature; too few cosignatures
// are ErrQuorum; a malformed text is ErrEncoding; an empty ledger is
// ErrIncomplete.
func (p Policy) Check(raw []byte) (Checkpoint, error) {
	c, err := p.check(raw)
	if err != nil {
		return Checkpoint{}, err
	}
	for _, h := range p.Handovers {
		if c.Size == h.Size && c.Root != h.Root {
			return Checkpoint{}, fmt.Errorf("ledger: checkpoint of size %d: not the root at which the key was handed over: %w", c.Size, reason.ErrSignature)
		}
	}
	return c, nil
}

// check is Check, but for which root a key was handed over at.
func (p Policy) check(raw []byte) (Checkpoint, error) {
	k, err := p.keys()
	if err != nil {
		return Checkpoint{}, err
	}
	c, lines, err := parseCheckpoint(raw)
	if err != nil {
		return Checkpoint{}, err
	}
	log := p.at(k, c.Size)
	signed, cosigned, err := checkLines(lines, log, k.witnesses, c.text(), c)
	switch {
	case err != nil:
		return Checkpoint{}, fmt.Errorf("ledger: checkpoint: %w", err)
	case !signed:
		return Checkpoint{}, fmt.Errorf("ledger: checkpoint of size %d: not signed by %s: %w", c.Size, log.short(), reason.ErrSignature)
	case c.Origin != p.Origin:
		return Checkpoint{}, fmt.Errorf("ledger: checkpoint of %.64q, not of %q: %w", c.Origin, p.Origin, reason.ErrSignature)
	case c.Size == 0:
		return Checkpoint{}, fmt.Errorf("ledger: checkpoint of an empty ledger: %w", reason.ErrIncomplete)
	case len(cosigned) < p.Quorum:
		return Checkpoint{}, fmt.Errorf("ledger: checkpoint of size %d: cosigned by %d of %d witnesses, %d required: %w",
			c.Size, len(cosigned), len(p.Witnesses), p.Quorum, reason.ErrQuorum)
	}
	c.Cosigned = cosigned
	return c, nil
}

// checkLines verifies the signature lines of a note whose text is that of c,
// or begins with it. Every line must be the log's or a witness's: a line that
// nobody can check says nothing, and one that fails is a forgery.
func checkLines(lines []noteLine, log verifierKey, witnesses []verifierKey, text string, c Checkpoint) (signed bool, cosigned []Cosignature, err error) {
	at := make([]Cosignature, len(witnesses))
	for _, l := range lines {
		if log.made(l) {
			if err := log.verifyText(text, l.signature); err != nil {
				return false, nil, err
			}
			signed = true
			continue
		}
		i := slices.IndexFunc(witnesses, func(w verifierKey) bool { return w.made(l) })
		if i < 0 {
			return false, nil, fmt.Errorf("signature line of %.64s+%x, which is neither %s nor a witness: %w", l.name, l.id, log.short(), reason.ErrSignature)
		}
		if at[i], err = witnesses[i].verifyCosignature(text, c, l.signature); err != nil {
			return false, nil, err
		}
	}
	for _, s := range at {
		if s.Time > 0 {
			cosigned = append(cosigned, s)
		}
	}
	return signed, cosigned, nil
}
