package ballot

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"sync"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/zkp"
)

// What tests need of the inside to make what an honest device never makes.

// Unsealed is a ballot before it is encrypted.
type Unsealed struct {
	Key     *VoterKey
	Style   int
	Number  uint32
	Time    int64 // of the entry
	Content []uint8
	R       kyber.Scalar // nil: random
	Permit  Permit       // of an election by tokens; its class's style is not looked at
}

func (d Unsealed) permit() permit {
	return permit{style: d.Style, weight: d.Permit.Class.Weight, tokens: bytes.Join(d.Permit.Tokens, nil)}
}

// Seal makes the ballot, with a valid proof wherever there is one.
func (d Unsealed) Seal(e *Election) *Ballot {
	r := d.R
	if r == nil {
		r = e.Group.RandomScalar()
	}
	b, err := e.seal(d.Key, d.permit(), d.Number, d.Time, d.Content, r)
	if err != nil {
		panic(err)
	}
	return b
}

// Err returns why a ballot cannot be sealed.
func (d Unsealed) Err(e *Election) error {
	_, err := e.seal(d.Key, d.permit(), d.Number, d.Time, d.Content, e.Group.RandomScalar())
	return err
}

// Body is the parts of a ballot's body, to put other ones together.
type Body struct {
	Style      uint16
	Number     uint32
	Credential []byte
	Row        [][]byte // A, B₁…
	Proof      []byte
}

func OpenBody(e *Election, b *Ballot) (x Body) {
	env, err := entry.Parse(b.data)
	if err != nil {
		panic(err)
	}
	n, r := e.Group.PointLen(), wire.NewReader(env.Body)
	x.Style, x.Number, x.Credential = r.Uint16(), r.Uint32(), r.Raw(n)
	for range 1 + len(e.styles[b.style].columns) {
		x.Row = append(x.Row, r.Raw(n))
	}
	x.Proof = r.Raw(r.Rest())
	return x
}

func (x Body) Bytes() []byte {
	var w wire.Writer
	w.Uint16(x.Style)
	w.Uint32(x.Number)
	w.Raw(x.Credential)
	for _, p := range x.Row {
		w.Raw(p)
	}
	w.Raw(x.Proof)
	return w.Bytes()
}

// StatementOf returns what a ballot's proof is about.
func StatementOf(b *Ballot) zkp.BallotStatement { return b.statement() }

// WitnessOf returns the witness of a ballot with some content of style 0.
func WitnessOf(r, credential kyber.Scalar, e *Election, content []uint8) zkp.BallotWitness {
	_, bits, err := e.messages(0, content)
	if err != nil {
		panic(err)
	}
	return zkp.BallotWitness{Randomness: r, Bits: bits, Credential: credential}
}

// OpenEntry returns a well-formed but unsigned open entry like the election's,
// after change.
func OpenEntry(e *Election, change func(*Opening)) *entry.Envelope {
	o := e.Opening
	o.Keys = append([]kyber.Point(nil), o.Keys...)
	o.Roll.Groups = append([]RollGroup(nil), o.Roll.Groups...)
	change(&o)
	return &entry.Envelope{Kind: entry.Open, Election: e.Manifest.ID(), Time: o.Time, Body: o.body(e.Manifest)}
}

// ReencodeOpening reads an open entry's body and writes it again.
func ReencodeOpening(m *Manifest, body []byte) ([]byte, error) {
	o := new(Opening)
	if err := o.parse(m, body); err != nil {
		return nil, err
	}
	return o.body(m), nil
}

// ReencodeIssuer reads an issuer entry's body and writes it again.
func ReencodeIssuer(m *Manifest, registrar ed25519.PublicKey, body []byte) ([]byte, error) {
	_, keys, err := m.decodeIssuer(registrar, body)
	if err != nil {
		return nil, err
	}
	return m.issuerBody(registrar, keys)
}

// ReencodeIssued reads an issued entry's body and writes it again.
func ReencodeIssued(m *Manifest, body []byte) ([]byte, error) {
	_, said, err := m.decodeIssued(body)
	if err != nil {
		return nil, err
	}
	return m.issuedBody(said)
}

// SealSpoil makes the spoil of a voter whose permit nobody has checked.
func SealSpoil(e *Election, key *VoterKey, style int, p Permit, t Tracker) []byte {
	s, err := e.sealSpoil(key, Unsealed{Style: style, Permit: p}.permit(), t)
	if err != nil {
		panic(err)
	}
	return s.data
}

// Remembered returns how many entries a box keeps the examination of.
func Remembered(b *Box) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.verified) + len(b.submitted)
}

// Advance applies what a reader that nobody checks has from s.Next() on.
func Advance(ctx context.Context, s *State, r ledger.Reader, size uint64, o ReplayOptions) error {
	return s.advance(ctx, r, size, advanceOptions{ReplayOptions: o, lock: new(sync.Mutex)})
}

// PlantExamined makes the box believe that an entry was examined with this
// result.
func PlantExamined(b *Box, data []byte, err error) {
	b.verified[entry.ID(data)] = examined{kind: entry.Ballot, err: err}
}

// Randomness derives a ballot's randomness from a seed.
func Randomness(e *Election, seed [32]byte, style int, number uint32, credential []byte, slots ...uint8) kyber.Scalar {
	return e.randomness(seed, style, number, credential, slots)
}
