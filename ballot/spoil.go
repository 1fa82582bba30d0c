package ballot

import (
	"bytes"
	"fmt"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/zkp"
)

// Spoil says on the ledger that a ballot, named by its tracker, will never be
// cast, so that its opening may be shown to a second device that checks what
// the first one encrypted. It is signed by the ballot's credential. Of cast
// and spoil the first on the ledger stands.
type Spoil struct {
	permit     // zero in an election by roll
	tracker    Tracker
	time       int64 // of the entry
	credential kyber.Point
	proof      []byte

	data          []byte
	credentialKey pointKey
}

// Bytes returns the ledger entry.
func (s *Spoil) Bytes() []byte { return bytes.Clone(s.data) }

// Tracker returns the tracker of the ballot that is spoiled.
func (s *Spoil) Tracker() Tracker { return s.tracker }

// NewSpoil signs the spoil of the voter's ballot with tracker t. The same
// credential must have made the ballot; a spoil by another one changes
// nothing.
func (e *Election) NewSpoil(v *Voter, t Tracker) (*Spoil, error) {
	p, err := e.checkVoter(v)
	if err != nil {
		return nil, err
	}
	return e.sealSpoil(v.Key, p, t)
}

// sealSpoil makes the spoil of a tracker.
func (e *Election) sealSpoil(key *VoterKey, p permit, t Tracker) (*Spoil, error) {
	s := &Spoil{permit: p, tracker: t, time: e.voterTime(), credential: key.public}
	statement, context := e.spoilStatement(s)
	var err error
	s.proof, err = statement.Prove(e.Group, context, key.secret)
	if err != nil {
		return nil, fmt.Errorf("ballot: spoil: %w", err)
	}
	credential := key.Public()
	var w wire.Writer
	w.Raw(t[:])
	if e.Manifest.tokens() {
		w.Uint16(uint16(p.style))
		e.Manifest.encodePermit(&w, p)
	}
	w.Raw(credential)
	w.Raw(s.proof)
	s.data, s.credentialKey = e.newVoterEntry(entry.Spoil, s.time, w.Bytes()), newPointKey(credential)
	return s, nil
}

// ParseSpoil reads a ledger entry as a spoil of this election, strictly. It
// does not check the proof: see VerifySpoil.
func (e *Election) ParseSpoil(data []byte) (*Spoil, error) {
	data = bytes.Clone(data)
	env, err := entry.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("ballot: spoil: %w", err)
	}
	return e.parseSpoil(env, data)
}

func (e *Election) parseSpoil(env *entry.Envelope, data []byte) (*Spoil, error) {
	if err := e.checkVoterEntry(env, entry.Spoil); err != nil {
		return nil, err
	}
	r := wire.NewReader(env.Body)
	s := &Spoil{time: env.Time, data: data}
	copy(s.tracker[:], r.Raw(len(s.tracker)))
	if e.Manifest.tokens() {
		s.permit = e.Manifest.decodePermit(r, int(r.Uint16()))
	}
	credential := r.Raw(e.Group.PointLen())
	s.proof = r.Raw(e.Group.PointLen() + e.Group.ScalarLen())
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("ballot: spoil: %w", err)
	}
	if s.style >= len(e.styles) {
		return nil, fmt.Errorf("ballot: spoil: style %d of %d: %w", s.style, len(e.styles), reason.ErrRange)
	}
	var err error
	if s.credential, err = e.Group.DecodePoint(credential); err != nil {
		return nil, fmt.Errorf("ballot: spoil: credential: %w", err)
	}
	s.credentialKey = newPointKey(credential)
	return s, nil
}

// VerifySpoil checks that the spoil is signed by its credential.
func (e *Election) VerifySpoil(s *Spoil) error {
	if s == nil || s.data == nil {
		return fmt.Errorf("ballot: no spoil: %w", reason.ErrShape)
	}
	statement, context := e.spoilStatement(s)
	if err := statement.Verify(e.Group, context, s.proof); err != nil {
		return fmt.Errorf("ballot: spoil: %w", err)
	}
	return nil
}

// spoilStatement is knowledge of k with K = k·G, bound to the fingerprint, to
// the kind of entry, to the tracker, to the entry's time and to the permit.
func (e *Election) spoilStatement(s *Spoil) (zkp.Dlog, zkp.Context) {
	var position wire.Writer
	position.Raw(s.tracker[:])
	position.Int64(s.time)
	if e.Manifest.tokens() {
		position.Uint16(uint16(s.style))
		position.Raw(s.bound())
	}
	return zkp.Dlog{Base: e.Group.Base(), Image: s.credential},
		zkp.Context{Kind: "spoil", Election: e.Fingerprint, Position: position.Bytes()}
}
