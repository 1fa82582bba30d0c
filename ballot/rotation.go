package ballot

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// Rotate puts a rotation of the ledger's key on the ledger, signed by the given
// authorities, as the first entry that the new key signs. The old key of the
// rotation must be the ledger's newest (ErrBinding), and it or a quorum of the
// witnesses must have signed it (ErrSignature, ErrQuorum). A rotation that has
// been made already is left as it is.
func Rotate(ctx context.Context, log Log, m *Manifest, r ledger.Rotation, authorities []ed25519.PrivateKey) error {
	cp, err := log.Checkpoint(ctx)
	if err != nil {
		return fmt.Errorf("ballot: rotation: %w", err)
	}
	if cp.Size < r.Size {
		return fmt.Errorf("ballot: rotation at size %d, the ledger has %d: %w", r.Size, cp.Size, reason.ErrIncomplete)
	}
	// The checkpoint, too, may be one that only this rotation explains.
	p, _, err := m.rotations(ctx, log, cp.Size)
	if err != nil {
		return err
	}
	for _, h := range p.Handovers {
		if h.Key == r.New && h.Size == r.Size && h.Root == r.Root {
			return nil
		}
	}
	if _, err := p.Rotate(r); err != nil {
		return fmt.Errorf("ballot: %w", err)
	}
	_, err = post(ctx, log, m, m.Authorities, authorities, &entry.Envelope{Kind: entry.Rotation, Election: m.ID(), Body: r.Bytes()})
	return err
}

// Rotated applies an entry to the policy p of the manifest's ledger: a rotation
// of this manifest, signed by a quorum of its authorities, that stands at its
// size or behind it, and so is covered by the new key only (ErrState). Of two
// that hand over the same key the first holds (ErrBinding for the second).
func (m *Manifest) Rotated(p ledger.Policy, en ledger.Entry) (ledger.Policy, error) {
	env, err := entry.Parse(en.Data)
	if err != nil {
		return ledger.Policy{}, fmt.Errorf("ballot: rotation: %w", err)
	}
	return m.rotated(p, en.Index, env)
}

func (m *Manifest) rotated(p ledger.Policy, index uint64, env *entry.Envelope) (ledger.Policy, error) {
	if env.Kind != entry.Rotation || env.Election != m.ID() {
		return ledger.Policy{}, fmt.Errorf("ballot: %s of %s is no rotation of this manifest's ledger: %w", env.Kind, short(env.Election[:]), reason.ErrBinding)
	}
	if err := env.CheckSigned(m.Authorities.Keys, m.Authorities.Quorum); err != nil {
		return ledger.Policy{}, fmt.Errorf("ballot: %w", err)
	}
	r, err := ledger.ParseRotation(env.Body)
	if err != nil {
		return ledger.Policy{}, fmt.Errorf("ballot: %w", err)
	}
	if index < r.Size {
		return ledger.Policy{}, fmt.Errorf("ballot: rotation at size %d stands before it: %w", r.Size, reason.ErrState)
	}
	if p, err = p.Rotate(r); err != nil {
		return ledger.Policy{}, fmt.Errorf("ballot: %w", err)
	}
	return p, nil
}

// rotations returns the policy with all rotations among the first size entries,
// and the entries that made it. They carry their own signatures, so that they
// may be read before there is a key to check the ledger with.
func (m *Manifest) rotations(ctx context.Context, r ledger.Reader, size uint64) (p ledger.Policy, made []ledger.Entry, err error) {
	p = m.Policy()
	for en, err := range r.Entries(ctx, 0, size) {
		if err != nil {
			return ledger.Policy{}, nil, fmt.Errorf("ballot: %w", err)
		}
		if kind, ok := peekKind(en.Data); !ok || kind != entry.Rotation {
			continue
		}
		if next, err := m.Rotated(p, en); err == nil {
			p, made = next, append(made, en)
		}
	}
	return p, made, nil
}

// PolicyOn returns the policy by which to check cp, the newest checkpoint of
// the reader r, and what it covers: that of the manifest, or, where another
// key has signed cp, that with the rotations which stand on the ledger. Then
// all of it is read once more. cp must cover the rotations, and have the roots
// that they state (ErrChain). Whether it satisfies the policy is left to the
// caller.
//
// A checkpoint of the manifest's own key is not looked behind: Replay refuses a
// ledger on which that key was retired.
func (m *Manifest) PolicyOn(ctx context.Context, r ledger.Reader, cp ledger.Checkpoint) (ledger.Policy, error) {
	p := m.Policy()
	said, err := ledger.ParseCheckpoint(cp.Raw)
	if err != nil {
		return p, nil
	}
	if _, err := p.Check(cp.Raw); !errors.Is(err, reason.ErrSignature) {
		return p, nil
	}
	rotated, made, err := m.rotations(ctx, r, said.Size)
	if err != nil {
		return ledger.Policy{}, err
	}
	if _, err := rotated.Check(cp.Raw); err != nil {
		return rotated, nil
	}
	for _, en := range made {
		proof, err := r.Inclusion(ctx, en.Index, said.Size)
		if err == nil {
			err = said.CheckInclusion(en.Index, ledger.LeafHash(en.Data), proof)
		}
		if err != nil {
			return ledger.Policy{}, fmt.Errorf("ballot: rotation, entry %d: %w", en.Index, err)
		}
	}
	for _, h := range rotated.Handovers {
		proof, err := r.Consistency(ctx, h.Size, said.Size)
		if err == nil {
			err = said.CheckConsistency(ledger.Checkpoint{Origin: said.Origin, Size: h.Size, Root: h.Root}, proof)
		}
		if err != nil {
			return ledger.Policy{}, fmt.Errorf("ballot: rotation at size %d: %w", h.Size, err)
		}
	}
	return rotated, nil
}

// Verified returns a reader of the manifest's ledger that checks every entry
// against its newest checkpoint, and that checkpoint, as it was signed.
func (m *Manifest) Verified(ctx context.Context, r ledger.Reader) (ledger.Reader, ledger.Checkpoint, error) {
	v, cp, _, err := m.verified(ctx, r)
	return v, cp, err
}

func (m *Manifest) verified(ctx context.Context, r ledger.Reader) (ledger.Reader, ledger.Checkpoint, ledger.Policy, error) {
	cp, err := r.Checkpoint(ctx)
	if err != nil {
		return nil, ledger.Checkpoint{}, ledger.Policy{}, fmt.Errorf("ballot: %w", err)
	}
	p, err := m.PolicyOn(ctx, r, cp)
	if err != nil {
		return nil, ledger.Checkpoint{}, ledger.Policy{}, err
	}
	v, err := ledger.Verified(r, p, cp)
	if err == nil {
		cp, err = v.Checkpoint(ctx)
	}
	if err != nil {
		return nil, ledger.Checkpoint{}, ledger.Policy{}, fmt.Errorf("ballot: %w", err)
	}
	return v, cp, p, nil
}
