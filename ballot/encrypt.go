package ballot

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha512"
	"fmt"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/zkp"
)

// Encrypt encrypts the voter's votes in all contests of the voter's style, and
// signs them. A contest that votes leaves out is one with nothing marked: a
// blank vote where the contest has that, otherwise an error like every vote
// that breaks a rule (ErrShape, ErrRange). It checks the voter's line of the
// roll against the root in the open entry, or the voter's tokens under the keys
// that this root binds (ErrEligibility).
//
// The ballot gets the number after v.Number, which Encrypt then advances, also
// for a ballot that is never cast: of two ballots with one number only the
// first on the ledger could count. ErrRange if the manifest allows no more
// ballots to a credential. A Voter is not safe for concurrent use.
//
// The ballot can only be cast, for nobody keeps what could open it: a voter who
// wants the choice to challenge the device needs [Election.Prepare]. The tracker
// is computed from the ballot's own bytes.
func (e *Election) Encrypt(v *Voter, votes Votes) (*Ballot, Tracker, error) {
	b, _, err := e.encrypt(v, votes)
	if err != nil {
		return nil, Tracker{}, err
	}
	return b, b.tracker, nil
}

// encrypt does what Encrypt does, and returns the seed of the randomness, from
// which with the votes the row can be made again.
func (e *Election) encrypt(v *Voter, votes Votes) (b *Ballot, seed [seedLen]byte, err error) {
	p, err := e.checkVoter(v)
	if err != nil {
		return nil, seed, err
	}
	if limit := e.Manifest.Limits.BallotsPerCredential; v.Number >= limit {
		return nil, seed, fmt.Errorf("ballot: number %d would be above the manifest's %d ballots a credential: %w", v.Number+1, limit, reason.ErrRange)
	}
	content, err := e.Manifest.EncodeVotes(p.style, votes)
	if err != nil {
		return nil, seed, err
	}
	rand.Read(seed[:])
	number := v.Number + 1
	r := e.randomness(seed, p.style, number, v.Key.Public(), content)
	b, err = e.seal(v.Key, p, number, e.voterTime(), content, r)
	if err != nil {
		return nil, seed, err
	}
	v.Number = number
	return b, seed, nil
}

// seal makes the ballot that holds the given content under randomness r.
func (e *Election) seal(key *VoterKey, p permit, number uint32, at int64, content []uint8, r kyber.Scalar) (*Ballot, error) {
	form, err := e.Form(p.style)
	if err != nil {
		return nil, err
	}
	messages, bits, err := e.messages(p.style, content)
	if err != nil {
		return nil, fmt.Errorf("ballot: %w", err)
	}
	credential := key.Public()
	b := &Ballot{permit: p, number: number, time: at, credential: key.public, row: e.styles[p.style].key.Encrypt(messages, r)}
	b.proof, err = form.Prove(b.statement(), zkp.BallotWitness{Randomness: r, Bits: bits, Credential: key.secret})
	if err != nil {
		return nil, fmt.Errorf("ballot: %w", err)
	}
	row := e.encodeRow(b.row)
	var w wire.Writer
	w.Uint16(uint16(p.style))
	w.Uint32(number)
	e.Manifest.encodePermit(&w, p)
	w.Raw(credential)
	w.Raw(row)
	w.Raw(b.proof)
	b.data = e.newVoterEntry(entry.Ballot, at, w.Bytes())
	b.setKeys(e, credential, row)
	return b, nil
}

// encodeRow returns A, then B₁…B_w.
func (e *Election) encodeRow(row elgamal.Ciphertext) []byte {
	data := e.Group.AppendPoint(nil, row.A)
	for _, p := range row.B {
		data = e.Group.AppendPoint(data, p)
	}
	return data
}

// messages returns what the columns of a style's row encrypt, v·G for a slot and
// embedded bytes for a mixed column, and the bits of the slots. The content
// chooses no branch and no address.
func (e *Election) messages(style int, content []uint8) (points []kyber.Point, bits []uint8, err error) {
	base := []kyber.Point{e.Group.Base()}
	for _, i := range e.Manifest.Styles[style].Contests {
		c := &e.Manifest.Contests[i]
		part := content[:c.layout.content()]
		content = content[len(part):]
		if !c.Mixed() {
			for s := range part {
				points = append(points, e.Group.SelectSum(part[s:s+1], base))
			}
			bits = append(bits, part...)
			continue
		}
		embedded, err := embedPlaintext(e.Group, part)
		if err != nil {
			return nil, nil, fmt.Errorf("contest %s: %w", c.ID, err)
		}
		points = append(points, embedded...)
	}
	return points, bits, nil
}

// seedLen is the length of the seed of a ballot's randomness.
const seedLen = 32

// randomness derives r from the seed, by HKDF-SHA512 over everything else that
// makes the ballot another one than all others, so that a seed that repeats
// because a device's random source is broken does not repeat r. The content is
// part of it for the device that has forgotten its number as well: two votes
// under one r show how they differ. A second device that is shown seed and
// votes of a spoiled ballot derives r again. Nothing else comes from the seed:
// the nonces of the proof would reveal k.
func (e *Election) randomness(seed [seedLen]byte, style int, number uint32, credential []byte, content []uint8) kyber.Scalar {
	var info wire.Writer
	info.String("hanpyo/v1 ballot randomness")
	info.String(e.Group.Name())
	info.Raw(e.Fingerprint[:])
	info.String(e.styles[style].id)
	info.Uint32(number)
	info.Var(credential)
	info.Var(content)
	wide, err := hkdf.Key(sha512.New, seed[:], nil, string(info.Bytes()), 64)
	if err != nil {
		panic("ballot: randomness: " + err.Error()) // 64 bytes are not too many
	}
	return e.Group.ReduceScalar(wide)
}
