package ballot

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// Ballot is one encrypted ballot: all contests of its style in one row of
// ciphertexts, with one proof that every slot is a bit, that every rule of the
// contests holds and that the voter's credential signed it. It is immutable.
// Encrypt and ParseBallot make them.
type Ballot struct {
	permit
	number     uint32
	time       int64 // of the entry
	credential kyber.Point
	row        elgamal.Ciphertext
	proof      []byte

	data          []byte // the ledger entry
	tracker       Tracker
	credentialKey pointKey
	maskKey       pointKey // of A, which no two accepted ballots share
}

// Bytes returns the ledger entry that casts the ballot. A retry must send
// these very bytes again.
func (b *Ballot) Bytes() []byte { return bytes.Clone(b.data) }

// Tracker returns the ballot's tracker, computed from its own bytes.
func (b *Ballot) Tracker() Tracker { return b.tracker }

// Style returns the ballot's style, an index into the manifest's styles.
func (b *Ballot) Style() int { return b.style }

// Number returns the ballot's number, 1 or more. Of two ballots of one voter
// the later one has the greater number.
func (b *Ballot) Number() uint32 { return b.number }

// Row returns the ciphertexts, one column for each column of the style's
// contests, in order. The caller must not change them.
func (b *Ballot) Row() elgamal.Ciphertext { return b.row }

// String returns the tracker: the rest of a ballot is for machines.
func (b *Ballot) String() string { return "ballot " + b.tracker.String() }

// ParseBallot reads a ledger entry as a ballot of this election. It refuses
// what is not canonical, another election (ErrBinding), a style that the
// manifest does not have, a number 0 (ErrRange) and points outside the group
// or at its identity (ErrGroup). All lengths follow from the style. It does
// not check the proof: see VerifyBallot.
func (e *Election) ParseBallot(data []byte) (*Ballot, error) {
	data = bytes.Clone(data)
	env, err := entry.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("ballot: %w", err)
	}
	return e.parseBallot(env, data)
}

func (e *Election) parseBallot(env *entry.Envelope, data []byte) (*Ballot, error) {
	if err := e.checkVoterEntry(env, entry.Ballot); err != nil {
		return nil, err
	}
	r := wire.NewReader(env.Body)
	style, number := int(r.Uint16()), r.Uint32()
	b := &Ballot{permit: e.Manifest.decodePermit(r, style), number: number, time: env.Time, data: data}
	switch {
	case r.Err() != nil:
		return nil, fmt.Errorf("ballot: %w", r.Err())
	case b.style >= len(e.styles):
		return nil, fmt.Errorf("ballot: style %d of %d: %w", b.style, len(e.styles), reason.ErrRange)
	case b.number == 0:
		return nil, fmt.Errorf("ballot: number 0: %w", reason.ErrRange)
	}
	info := &e.styles[b.style]
	form, err := e.Form(b.style)
	if err != nil {
		return nil, err
	}
	n := e.Group.PointLen()
	points, proof := r.Raw(n*(2+len(info.columns))), r.Raw(form.ProofLen())
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("ballot: %w", err)
	}
	decoded, err := e.decodePoints(info, points)
	if err != nil {
		return nil, err
	}
	b.credential, b.row = decoded[0], elgamal.Ciphertext{A: decoded[1], B: decoded[2:]}
	b.proof = proof
	b.setKeys(e, points[:n], points[n:])
	return b, nil
}

// decodePoints reads the credential, A, and one B for each column of the style,
// none of which is the identity. All together they decode faster; one by one
// they say which is malformed.
func (e *Election) decodePoints(style *styleInfo, data []byte) ([]kyber.Point, error) {
	g := e.Group
	points, err := g.DecodePointsOrIdentity(data)
	if err == nil && !slices.ContainsFunc(points, g.IsIdentity) {
		return points, nil
	}
	n := g.PointLen()
	for i := range len(data) / n {
		if _, err := g.DecodePoint(data[i*n : (i+1)*n]); err != nil {
			name := "credential"
			if i == 1 {
				name = "A"
			} else if i > 1 {
				name = fmt.Sprintf("column %d", style.columns[i-2].Index)
			}
			return nil, fmt.Errorf("ballot: %s: %w", name, err)
		}
	}
	return nil, fmt.Errorf("ballot: %w", err)
}

// setKeys computes what is looked up by later from the encodings.
func (b *Ballot) setKeys(e *Election, credential, row []byte) {
	b.tracker = newTracker(e.Fingerprint, e.styles[b.style].id, b.number, credential, row, b.proof)
	b.credentialKey = newPointKey(credential)
	b.maskKey = newPointKey(row[:e.Group.PointLen()])
}

// withoutPoints returns what the counting rule needs of a ballot whose proof
// has been checked.
func (b *Ballot) withoutPoints() *Ballot {
	return &Ballot{
		permit: permit{style: b.style, weight: b.weight}, number: b.number, tracker: b.tracker,
		credentialKey: b.credentialKey, maskKey: b.maskKey,
	}
}

// checkVoterEntry checks the envelope of a ballot or spoil: its kind, its
// election, a time that the manifest's rounding can have made, and that no
// signature is attached, which anybody could strip or add.
func (e *Election) checkVoterEntry(env *entry.Envelope, kind entry.Kind) error {
	switch {
	case env.Kind != kind:
		return fmt.Errorf("ballot: entry is a %s, not a %s: %w", env.Kind, kind, reason.ErrEncoding)
	case Fingerprint(env.Election) != e.Fingerprint:
		return fmt.Errorf("ballot: %s is for election %s: %w", kind, short(env.Election[:]), reason.ErrBinding)
	case len(env.Signatures) != 0:
		return fmt.Errorf("ballot: %s carries %d signatures: %w", kind, len(env.Signatures), reason.ErrEncoding)
	case env.Time%e.Manifest.rounding() != 0:
		return fmt.Errorf("ballot: %s has a time that is not a multiple of %v: %w", kind, e.Manifest.Rounding, reason.ErrEncoding)
	}
	return nil
}

// voterTime is the time of a ballot or spoil that is made now, rounded down as
// the manifest says. It decides nothing. The proof binds it, so that nobody can
// post a ballot again in other bytes.
func (e *Election) voterTime() int64 { return e.Manifest.RoundTime(time.Now()) }

// newVoterEntry makes the entry of a ballot or spoil.
func (e *Election) newVoterEntry(kind entry.Kind, at int64, body []byte) []byte {
	env := entry.Envelope{Kind: kind, Election: entry.Hash(e.Fingerprint), Time: at, Body: body}
	return env.Bytes()
}
