package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"go.dedis.ch/kyber/v3"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/mixnet"
	"github.com/hanpyo/hanpyo/tally"
)

// tb lets package electiontest run outside of tests. What would fail a test
// ends the program.
type tb struct{ testing.TB }

func (tb) Helper()                   {}
func (tb) Name() string              { return "mutate" }
func (tb) Context() context.Context  { return context.Background() }
func (tb) Cleanup(func())            {}
func (tb) Logf(string, ...any)       {}
func (tb) Errorf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }
func (tb) FailNow()                  { panic("a base election failed") }
func (tb) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }

func must(err error) { mustValue(0, err) }

func mustValue[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("mutate: a base election: %v", err))
	}
	return v
}

// spec describes a base election.
type spec struct {
	name string
	o    electiontest.Options
	// revotes and spoils are how many voters vote twice and spoil a ballot.
	revotes, spoils int
	absent          int  // trustees who never say anything
	refused         bool // entries that count for nothing stand on the ledger
	rotated         bool // the ledger's key is handed over at the end
}

var (
	options  = []ballot.Option{{ID: "a", Name: "Ada"}, {ID: "b", Name: "Bo"}, {ID: "c", Name: "Çem"}}
	mayor    = ballot.Contest{ID: "mayor", Name: "Mayor", Kind: "choose", Min: 1, Max: 1, Blank: true, Options: options[:2]}
	parks    = ballot.Contest{ID: "parks", Name: "Parks", Kind: "points", Points: 3, Options: options[:2]}
	clubs    = ballot.Contest{ID: "clubs", Name: "Clubs", Kind: "approval", Options: options}
	board    = ballot.Contest{ID: "board", Name: "Board", Kind: "ranked-points", Values: []int{2, 1}, Exact: true, Options: options[:2]}
	chair    = ballot.Contest{ID: "chair", Name: "Chair", Kind: "mixed-ranking", CountBy: "schulze", Plaintexts: ballot.PlaintextsPublic, Options: options}
	motto    = ballot.Contest{ID: "motto", Name: "Motto", Kind: "write-in", Max: 34, Blank: true, Plaintexts: ballot.PlaintextsPublic, Options: options[:1]}
	twoTypes = []ballot.Style{{ID: "town", Name: "Town", Contests: []int{0, 1}}, {ID: "guests", Name: "Guests", Contests: []int{0}}}
)

// specs are the base elections. All have three trustees.
func specs() []spec {
	return []spec{
		{name: "sums", o: electiontest.Options{Voters: 6, Contests: []ballot.Contest{mayor, parks}, BallotStyles: twoTypes, Styles: []int{0, 0, 1}}},
		{name: "weights", o: electiontest.Options{Voters: 6, Weights: []uint64{1, 3}, Contests: []ballot.Contest{clubs, board}}},
		{name: "revotes", o: electiontest.Options{Voters: 5, Contests: []ballot.Contest{mayor}}, revotes: 2, spoils: 1, refused: true},
		{name: "absent", o: electiontest.Options{Voters: 5, Contests: []ballot.Contest{clubs}}, absent: 1, rotated: true},
		{name: "mixed", o: electiontest.Options{Voters: 6, Mixers: 3, Contests: []ballot.Contest{chair, mayor, motto}, BallotStyles: []ballot.Style{
			{ID: "town", Name: "Town", Contests: []int{0, 1, 2}}, {ID: "guests", Name: "Guests", Contests: []int{0}}}, Styles: []int{0, 0, 1}}, revotes: 1},
		{name: "tokens", o: electiontest.Options{Voters: 5, Tokens: true, Registrars: 2, Contests: []ballot.Contest{mayor, parks}, BallotStyles: twoTypes, Styles: []int{0, 0, 1}}, revotes: 1, spoils: 1},
		{name: "P-256", o: electiontest.Options{Group: elgamal.P256(), Voters: 4, Contests: []ballot.Contest{mayor}}, revotes: 1},
		{name: "P-256 mixed", o: electiontest.Options{Group: elgamal.P256(), Voters: 4, Mixers: 3, Mixes: 2, Contests: []ballot.Contest{chair}}},
	}
}

// base is an honest election from the first entry to the result, with
// everybody's secrets.
type base struct {
	spec
	*electiontest.Election
	schema     *schema
	entries    [][]byte
	trees      []*node // the same, cut into fields
	open       int     // where the open entry stands, and the close
	closed     int
	witnesses  map[entry.Hash]witness // of the ballots, by id
	sums       []elgamal.Ciphertext   // of the counted ballots, for each contest; of a mixed one nothing
	lists      []*mixnet.List         // the last one of each mixed contest
	secrets    [][]kyber.Scalar       // of the trustees; nil of one who was absent
	signer     note.Signer            // of the ledger, at its end
	newKey     string                 // of the signer, if the key was handed over
	keys       map[string]func(*entry.Envelope)
	stranger   *ballot.VoterKey // who is not on the roll
	checkpoint *node
	refuses    []uint64 // entries that must not count
	honest     judgement
}

// witness is what a ballot's device knows.
type witness struct {
	voter  *ballot.Voter
	r      kyber.Scalar
	bits   []uint8
	points []kyber.Point // that the columns encrypt
}

func newBase(s spec, r *rand.Rand) *base {
	o := s.o
	b := &base{spec: s, witnesses: make(map[entry.Hash]witness), keys: make(map[string]func(*entry.Envelope))}
	b.Election = electiontest.Prepare(tb{}, &o)
	b.schema = newSchema(b.Manifest)
	b.stranger = ballot.NewVoterKey(b.Manifest.Group)
	b.Publish()
	b.ceremony()
	b.PublishRoll()
	b.Open()
	b.vote(r)
	b.finish()
	for _, en := range b.Entries() {
		b.entries = append(b.entries, en.Data)
		b.trees = append(b.trees, b.schema.walk(en.Data))
	}
	b.open = int(b.Opening.Index)
	b.addUp()
	if b.signer = b.Signer; s.rotated {
		next := mustValue(b.rotate(b.entries))
		b.entries = append(b.entries, next)
		b.trees = append(b.trees, b.schema.walk(next))
	}
	b.checkpoint = walkCheckpoint(b.read(b.entries).cp.Raw)
	return b
}

// ceremony makes the keys without the absent trustees.
func (b *base) ceremony() {
	present := b.Trustees[:len(b.Trustees)-b.absent]
	post := func() {
		posted := b.Posted()
		for _, t := range present {
			message, _, err := t.Next(b.Manifest.Ceremony(), posted)
			must(err)
			if message != nil {
				b.Append(message)
			}
		}
	}
	for phase := dkg.Committing; phase < dkg.Complete; phase++ {
		post()
		must(ballot.EndRound(context.Background(), b.Log, b.Manifest, phase, b.Signers()))
	}
	post()
}

// vote casts a ballot of every voter, the last of whom stays at home, and what
// else the base has before its close.
func (b *base) vote(r *rand.Rand) {
	votes := func(v *ballot.Voter) ballot.Votes {
		votes := make(ballot.Votes)
		for _, i := range b.Manifest.Styles[b.style(v)].Contests {
			c := &b.Manifest.Contests[i]
			votes[c.ID] = electiontest.RandomVote(r, c)
		}
		return votes
	}
	var old []byte
	for i, v := range b.Voters[:len(b.Voters)-1] {
		if i < b.revotes {
			old = b.seal(v, votes(v))
			b.Append(old)
		}
		if i < b.spoils {
			spoiled := b.seal(v, votes(v))
			tracker := mustValue(b.ParseBallot(spoiled)).Tracker()
			b.Append(mustValue(b.NewSpoil(v, tracker)).Bytes())
			b.refuses = append(b.refuses, b.Append(spoiled))
		}
		b.Append(b.seal(v, votes(v)))
	}
	if b.refused {
		b.Append([]byte("an entry that is none"))
		for _, change := range []func(*entry.Envelope){
			func(env *entry.Envelope) { env.Election[0] ^= 1 },
			func(env *entry.Envelope) { env.Body[len(env.Body)-1] ^= 1 },
		} {
			env := mustValue(entry.Parse(bytes.Clone(old)))
			change(env)
			b.Append(env.Bytes())
		}
	}
}

// style returns a voter's style, by the roll or by tokens.
func (b *base) style(v *ballot.Voter) int {
	if b.schema.tokens() {
		style, _ := b.Manifest.StyleIndex(v.Permit.Class.Style)
		return style
	}
	return v.Line.Style
}

// seal encrypts votes as a device does, but keeps the randomness.
func (b *base) seal(v *ballot.Voter, votes ballot.Votes) []byte {
	style := b.style(v)
	content := mustValue(b.Manifest.EncodeVotes(style, votes))
	w := witness{voter: v, r: b.Group.RandomScalar()}
	var points []kyber.Point
	for _, i := range b.Manifest.Styles[style].Contests {
		c := &b.Manifest.Contests[i]
		_, columns := c.Columns()
		if !c.Mixed() {
			for _, bit := range content[:columns] {
				points = append(points, b.Group.Point().Mul(b.Group.Uint64Scalar(uint64(bit)), nil))
			}
			w.bits = append(w.bits, content[:columns]...)
			content = content[columns:]
			continue
		}
		n := c.Max
		if c.Kind == "write-in" {
			n++
		}
		padded := make([]byte, columns*elgamal.EmbedLen)
		copy(padded, content[:n])
		content = content[n:]
		for ; len(padded) > 0; padded = padded[elgamal.EmbedLen:] {
			points = append(points, mustValue(elgamal.Embed(b.Group, padded[:elgamal.EmbedLen])))
		}
	}
	v.Number++
	w.points = points
	data := b.Seal(v, v.Number, points, w.r)
	b.witnesses[entry.ID(data)] = w
	return data
}

// finish closes, pins, mixes, decrypts and publishes.
func (b *base) finish() {
	ctx, e := context.Background(), b.Election.Election
	env := entry.Envelope{Kind: entry.Close, Election: entry.Hash(b.Fingerprint), Time: max(b.Manifest.Closes.Unix(), time.Now().Unix())}
	for _, key := range b.Signers() {
		env.Sign(key)
	}
	b.closed = int(b.Append(env.Bytes()))
	must(tally.Pin(ctx, e, b.Log, b.Signers()))
	for _, mixer := range b.Mixers[:b.Manifest.Mixes] {
		must(tally.Mix(ctx, e, b.Log, mixer, nil))
	}
	for _, t := range b.Trustees[:len(b.Trustees)-b.absent] {
		must(tally.Decrypt(ctx, e, b.Log, t))
		b.secrets = append(b.secrets, mustValue(t.Shares(b.Manifest.Ceremony(), b.Outcome)))
	}
	must(tally.Publish(ctx, e, b.Log, mustValue(tally.Combine(ctx, e, b.Log)), b.Signers()))
	for _, list := range [][]ed25519.PrivateKey{b.Authorities, b.Registrars, b.Mixers} {
		for _, key := range list {
			b.keys[string(key.Public().(ed25519.PublicKey))] = func(env *entry.Envelope) { env.Sign(key) }
		}
	}
	for i, t := range b.Trustees {
		b.keys[string(b.Manifest.Trustees[i].Signing)] = t.Sign
	}
}

// addUp computes what the shares decrypt.
func (b *base) addUp() {
	g := b.Group
	b.sums, b.lists = make([]elgamal.Ciphertext, len(b.Manifest.Contests)), make([]*mixnet.List, len(b.Manifest.Contests))
	state := mustValue(ballot.Replay(context.Background(), b.Election.Election, b.Log, uint64(len(b.entries)), nil))
	for c := range state.Counted() {
		t := b.trees[c.Index].find("ballot/body")
		a := mustValue(g.DecodePoint(t.find("ballot/body/A").data))
		a = g.Point().Mul(g.Uint64Scalar(c.Weight), a)
		for _, i := range b.Manifest.Styles[c.Style].Contests {
			if b.sums[i].A == nil {
				b.sums[i].A = g.Point().Null()
			}
			b.sums[i].A = g.Point().Add(b.sums[i].A, a)
		}
	}
	for _, t := range b.trees { // the last mix of each contest
		if t.name != "mix" {
			continue
		}
		contest, output := getNumber(t.find("mix/body/contest")), t.find("mix/body/output")
		_, width := b.Manifest.Contests[contest].Columns()
		b.lists[contest] = mustValue(mixnet.DecodeList(context.Background(), g, width, len(output.kids), output.bytes(), nil))
	}
}

// rotate returns the entry with which the ledger's key is handed over behind
// the given entries.
func (b *base) rotate(entries [][]byte) ([]byte, error) {
	if b.newKey == "" {
		secret, public, err := note.GenerateKey(nil, b.Signer.Name())
		if err != nil {
			return nil, err
		}
		if b.signer, err = note.NewSigner(secret); err != nil {
			return nil, err
		}
		b.newKey = public
	}
	tree := ledger.NewRange(0)
	for _, data := range entries {
		tree.Append(ledger.LeafHash(data))
	}
	root, err := tree.Root()
	if err != nil {
		return nil, err
	}
	r := ledger.Rotation{Size: uint64(len(entries)), Root: root, Old: b.Manifest.Ledger.Key, New: b.newKey}
	if err := r.Sign(b.Signer); err != nil {
		return nil, err
	}
	env := entry.Envelope{Kind: entry.Rotation, Election: b.Manifest.ID(), Body: r.Bytes()}
	for _, key := range b.Signers() {
		env.Sign(key)
	}
	return env.Bytes(), nil
}

// rotateAgain makes the rotation anew where the entries before it are others.
func (b *base) rotateAgain(entries [][]byte) {
	if b.newKey == "" {
		return
	}
	was := b.entries[len(b.entries)-1]
	if i := slices.IndexFunc(entries, func(data []byte) bool { return bytes.Equal(data, was) }); i >= 0 {
		entries[i] = mustValue(b.rotate(entries[:i]))
	}
}

// find returns the first field with a name.
func (n *node) find(name string) *node {
	for _, f := range n.all() {
		if f.name == name {
			return f
		}
	}
	return nil
}
