package ballot

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha512"
	"fmt"
	"slices"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/zkp"
)

// CodeShare is the public part of a voter's code: Kᵢ = kᵢ·G, where kᵢ follows
// from the code, and the proof that the registrar knows kᵢ. The sum of the
// shares of all registrars is the credential key K for the roll, and the sum
// of the kᵢ, which the voter's device alone computes, is its secret: fewer
// than all registrars together cannot vote for the voter. docs/protocol.md §9.6.
type CodeShare struct {
	Registrar ed25519.PublicKey // one of the manifest's
	Voter     string            // what the registrars call the voter: an id
	Key       []byte            // the encoding of Kᵢ
	Proof     []byte            // of its logarithm
}

// NewCodeShare makes the share of one registrar of the manifest for a code and
// for the voter whom all registrars call by the same id. ErrEligibility if the
// registrar is none of the manifest's, ErrEncoding or ErrLimit for an id that
// is not like those of a manifest, ErrShape for the zero Code, which everybody
// knows.
func NewCodeShare(m *Manifest, registrar ed25519.PublicKey, voter string, code Code) (*CodeShare, error) {
	if code.isZero() {
		return nil, fmt.Errorf("ballot: code share: no code: %w", reason.ErrShape)
	}
	return newCodeShare(m, registrar, voter, code.secret(m, registrar, voter))
}

func newCodeShare(m *Manifest, registrar ed25519.PublicKey, voter string, k kyber.Scalar) (*CodeShare, error) {
	image := m.Group.Point().Mul(k, m.Group.Base())
	s := &CodeShare{Registrar: bytes.Clone(registrar), Voter: voter, Key: m.Group.AppendPoint(nil, image)}
	err := s.checkNames(m)
	if err == nil {
		s.Proof, err = zkp.Dlog{Base: m.Group.Base(), Image: image}.Prove(m.Group, s.context(m), k)
	}
	if err != nil {
		return nil, fmt.Errorf("ballot: code share: %w", err)
	}
	return s, nil
}

// secret derives kᵢ by HKDF-SHA512, bound to everything that it is for.
func (c Code) secret(m *Manifest, registrar ed25519.PublicKey, voter string) kyber.Scalar {
	var info wire.Writer
	info.String("hanpyo/v1 code share")
	info.String(m.Group.Name())
	id := m.ID()
	info.Raw(id[:])
	info.Raw(registrar)
	info.String(voter)
	wide, err := hkdf.Key(sha512.New, c.symbols[:], nil, string(info.Bytes()), 64)
	if err != nil {
		panic("ballot: code: " + err.Error()) // 64 bytes are not too many
	}
	return m.Group.ReduceScalar(wide)
}

func (s *CodeShare) checkNames(m *Manifest) error {
	listed := func(key ed25519.PublicKey) bool { return bytes.Equal(key, s.Registrar) }
	if !slices.ContainsFunc(m.Registrars.Keys, listed) {
		return fmt.Errorf("registrar is none of the manifest's: %w", reason.ErrEligibility)
	}
	if err := checkID(s.Voter); err != nil {
		return fmt.Errorf("voter: %w", err)
	}
	return nil
}

// context binds the proof to election, registrar and voter.
func (s *CodeShare) context(m *Manifest) zkp.Context {
	var position wire.Writer
	position.Raw(s.Registrar)
	position.String(s.Voter)
	return zkp.Context{Kind: "code share", Election: m.ID(), Position: position.Bytes()}
}

// Bytes returns the share for the other registrars: registrar, voter, key,
// proof.
func (s *CodeShare) Bytes() []byte {
	var w wire.Writer
	w.Raw(s.Registrar)
	w.String(s.Voter)
	w.Raw(s.Key)
	w.Raw(s.Proof)
	return w.Bytes()
}

// ParseCodeShare reads what Bytes returned, and checks it like CombineShares.
func ParseCodeShare(m *Manifest, b []byte) (*CodeShare, error) {
	r := wire.NewReader(b)
	s := &CodeShare{
		Registrar: bytes.Clone(r.Raw(ed25519.PublicKeySize)),
		Voter:     r.String(maxID),
		Key:       bytes.Clone(r.Raw(m.Group.PointLen())),
		Proof:     bytes.Clone(r.Raw(m.Group.PointLen() + m.Group.ScalarLen())),
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("ballot: code share: %w", err)
	}
	if _, err := s.verify(m); err != nil {
		return nil, err
	}
	return s, nil
}

// verify checks a share by itself and returns Kᵢ.
func (s *CodeShare) verify(m *Manifest) (kyber.Point, error) {
	if err := s.checkNames(m); err != nil {
		return nil, fmt.Errorf("ballot: code share: %w", err)
	}
	image, err := m.Group.DecodePoint(s.Key)
	if err == nil {
		err = zkp.Dlog{Base: m.Group.Base(), Image: image}.Verify(m.Group, s.context(m), s.Proof)
	}
	if err != nil {
		return nil, fmt.Errorf("ballot: code share of registrar %.4x… for voter %s: %w", []byte(s.Registrar), s.Voter, err)
	}
	return image, nil
}

// CombineShares returns the voter's credential key for the roll. There must be
// one share of every registrar of the manifest (ErrIncomplete, ErrDuplicate,
// ErrEligibility), all for this voter (ErrBinding), each with its proof
// (ErrEncoding, ErrGroup, ErrProof), and a sum that is not the identity
// (ErrGroup).
func CombineShares(m *Manifest, voter string, shares []*CodeShare) ([]byte, error) {
	sum := m.Group.Point()
	seen := make(map[string]bool)
	for i, s := range shares {
		switch {
		case s == nil:
			return nil, fmt.Errorf("ballot: code share %d: nil: %w", i, reason.ErrShape)
		case s.Voter != voter:
			return nil, fmt.Errorf("ballot: code share %d: is for another voter: %w", i, reason.ErrBinding)
		case seen[string(s.Registrar)]:
			return nil, fmt.Errorf("ballot: code share %d: a second one of registrar %.4x…: %w", i, []byte(s.Registrar), reason.ErrDuplicate)
		}
		image, err := s.verify(m)
		if err != nil {
			return nil, err
		}
		seen[string(s.Registrar)] = true
		sum.Add(sum, image)
	}
	if len(seen) != len(m.Registrars.Keys) {
		return nil, fmt.Errorf("ballot: code shares of %d registrars, the manifest has %d: %w", len(seen), len(m.Registrars.Keys), reason.ErrIncomplete)
	}
	if m.Group.IsIdentity(sum) {
		return nil, fmt.Errorf("ballot: code shares add up to the identity: %w", reason.ErrGroup)
	}
	return m.Group.AppendPoint(nil, sum), nil
}

// VoterKeyFromCodes is the voter's device's part: the credential from one code
// of each registrar of the manifest, in the manifest's order (ErrShape, also
// for a zero Code). Two
// codes in the wrong order give a key that is not on the roll.
func VoterKeyFromCodes(m *Manifest, voter string, codes []Code) (*VoterKey, error) {
	if len(codes) != len(m.Registrars.Keys) {
		return nil, fmt.Errorf("ballot: voter key: %d codes, the manifest has %d registrars: %w", len(codes), len(m.Registrars.Keys), reason.ErrShape)
	}
	if err := checkID(voter); err != nil {
		return nil, fmt.Errorf("ballot: voter key: voter: %w", err)
	}
	sum := m.Group.Scalar()
	for i, c := range codes {
		if c.isZero() {
			return nil, fmt.Errorf("ballot: voter key: code %d: no code: %w", i+1, reason.ErrShape)
		}
		sum.Add(sum, c.secret(m, m.Registrars.Keys[i], voter))
	}
	return newVoterKey(m.Group, sum), nil
}
