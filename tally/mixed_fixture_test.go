package tally

import (
	"bytes"
	"crypto/ed25519"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/mixnet"
	"github.com/hanpyo/hanpyo/zkp"
)

// The contests of the mixed fixture. Contest motto has two columns.
const (
	chair = iota
	mayor
	motto
)

func mixedContests() []ballot.Contest {
	options := []ballot.Option{{ID: "a", Name: "Ada"}, {ID: "b", Name: "Bo"}, {ID: "c", Name: "Cem"}, {ID: "d", Name: "Dee"}}
	return []ballot.Contest{
		{ID: "chair", Name: "Chair", Kind: "mixed-ranking", CountBy: "scottish-stv", Seats: 2, Plaintexts: "public", Options: options},
		{ID: "mayor", Name: "Mayor", Kind: "choose", Min: 1, Max: 1, Options: options[:2]},
		{ID: "motto", Name: "Motto", Kind: "write-in", Max: 40, Blank: true, Plaintexts: "public", Options: options[:1]},
	}
}

var (
	mixedFixtures = make(map[string]*fixture)
	mixedStyles   = []int{0, 0, 0, 1}
	mixedVotes    = []ballot.Votes{
		{"chair": {"a": 1, "b": 2}, "mayor": {"a": 1}, "motto": {"a": 1}},
		{"chair": {"a": 1, "b": 2}, "mayor": {"a": 1}, "motto": {"a long motto that needs two points": 1}},
		{"chair": {"c": 1, "d": 2, "a": 3}, "mayor": {"b": 1}, "motto": {}},
		{"chair": {"a": 1}}, // a guest
	}
)

// honestMixed returns an honest election with two mixed contests, one of slots
// between them, and two styles: mixed by mixers 1 and 2 of three, decrypted by
// all three trustees. Two have voted twice, and voter 4 has sent garbage. Tests must not change it.
func honestMixed(t *testing.T, g *elgamal.Group) *fixture {
	fixturesMu.Lock()
	defer fixturesMu.Unlock()
	if mixedFixtures[g.Name()] == nil {
		mixedFixtures[g.Name()] = makeMixedFixture(t, g)
	}
	return mixedFixtures[g.Name()]
}

func makeMixedFixture(t *testing.T, g *elgamal.Group) *fixture {
	e := electiontest.New(keep{t, keepDir}, &electiontest.Options{
		Group: g, Voters: 6, Styles: append(mixedStyles, 0, 0), Mixers: 3, Mixes: 2, Contests: mixedContests(),
		BallotStyles: []ballot.Style{
			{ID: "town", Name: "Town", Contests: []int{chair, mayor, motto}},
			{ID: "guests", Name: "Guests", Contests: []int{chair}},
		},
	})
	f := &fixture{Election: e}
	f.Cast(0, mixedVotes[2]) // superseded
	for voter, votes := range mixedVotes {
		f.Cast(voter, votes)
	}
	f.Cast(3, mixedVotes[3]) // as before
	garbage := g.Generator("garbage", 1)
	f.Append(f.handmade(t, 4, []uint8{1, 0}, map[int][]kyber.Point{0: {garbage}, 2: {embed(t, g, "\x00", "stray"), garbage}}))
	f.close(t)
	f.finish(t)
	return f
}

// finish pins, lets mixers 1 and 2 mix and everybody decrypt, and publishes.
func (f *fixture) finish(t *testing.T) {
	ctx, e := t.Context(), f.Election.Election
	require.NoError(t, Pin(ctx, e, f.Log, f.Signers()))
	for _, mixer := range f.Mixers[:f.Manifest.Mixes] {
		require.NoError(t, Mix(ctx, e, f.Log, mixer, nil))
	}
	for _, trustee := range f.Trustees {
		require.NoError(t, Decrypt(ctx, e, f.Log, trustee))
	}
	var err error
	f.result, err = Combine(ctx, e, f.Log)
	require.NoError(t, err)
	require.NoError(t, Publish(ctx, e, f.Log, f.result, f.Signers()))
	f.entries = nil
	for _, en := range f.Entries() {
		f.entries = append(f.entries, en.Data)
	}
	f.closing = f.closingOf(t, f.entries)
}

// closingOf reads a ledger up to its last mix.
func (f *fixture) closingOf(t testing.TB, entries [][]byte) *closing {
	c, err := readClosing(t.Context(), f.Election.Election, f.read(t, entries), work{})
	require.NoError(t, err)
	pin, err := c.pin(t.Context())
	require.NoError(t, err)
	require.NoError(t, c.readMixes(t.Context(), pin))
	return c
}

// embed returns the point that carries the parts, padded with zeros.
func embed(t testing.TB, g *elgamal.Group, parts ...string) kyber.Point {
	b := make([]byte, elgamal.EmbedLen)
	n := 0
	for _, p := range parts {
		n += copy(b[n:], p)
	}
	point, err := elgamal.Embed(g, b)
	require.NoError(t, err)
	return point
}

// handmade makes a voter's ballot with any points in its mixed contests, and a
// proof that holds. The points are given by the contests' positions in the
// style.
func (f *fixture) handmade(t testing.TB, voter int, bits []uint8, mixed map[int][]kyber.Point) []byte {
	v, g := f.Voters[voter], f.Group
	style := v.Line.Style
	var messages []kyber.Point
	left := bits
	for i, contest := range f.Manifest.Styles[style].Contests {
		if f.Manifest.Contests[contest].Mixed() {
			messages = append(messages, mixed[i]...)
			continue
		}
		_, n := f.Manifest.Contests[contest].Columns()
		for _, bit := range left[:n] {
			messages = append(messages, g.Point().Mul(g.Uint64Scalar(uint64(bit)), nil))
		}
		left = left[n:]
	}
	var keys []kyber.Point
	for _, column := range f.Manifest.RowColumns(style) {
		keys = append(keys, f.Outcome.Keys[column])
	}
	key, err := elgamal.NewPublicKey(g, keys)
	require.NoError(t, err)
	form, err := f.Form(style)
	require.NoError(t, err)
	k, err := g.DecodeScalar(v.Key.Bytes())
	require.NoError(t, err)
	r, at := g.RandomScalar(), f.Manifest.RoundTime(f.Manifest.Opens)
	s := zkp.BallotStatement{Credential: g.Point().Mul(k, nil), Number: v.Number + 1, Time: at, Row: key.Encrypt(messages, r)}
	proof, err := form.Prove(s, zkp.BallotWitness{Randomness: r, Bits: bits, Credential: k})
	require.NoError(t, err)
	var w wire.Writer
	w.Uint16(uint16(style))
	w.Uint32(s.Number)
	w.Raw(v.Key.Public())
	w.Raw(g.AppendCiphertext(nil, s.Row))
	w.Raw(proof)
	v.Number++
	env := entry.Envelope{Kind: entry.Ballot, Election: entry.Hash(f.Fingerprint), Time: at, Body: w.Bytes()}
	return env.Bytes()
}

// draft is a mix that somebody is about to post: honest, until a test changes
// it.
type draft struct {
	head   mixHead
	key    *elgamal.PublicKey
	place  mixnet.Place
	input  *mixnet.List
	output *mixnet.List
	secret *mixnet.Secret
	rows   []byte // of the output
	proof  []byte
}

// draft makes the mix that a mixer, a position from 1, would post after the
// given entries.
func (f *fixture) draft(t testing.TB, entries [][]byte, mixer, contest int) *draft {
	ch := f.closingOf(t, entries).mixing.chains[contest]
	d := &draft{
		head: mixHead{contest, uint32(len(ch.mixers)), ch.last.Digest()}, key: ch.key, place: ch.place, input: ch.last,
	}
	d.place.Step, d.place.Mixer = len(ch.mixers), f.Mixers[mixer-1].Public().(ed25519.PublicKey)
	d.make(t)
	return d
}

// make shuffles the input and proves it.
func (d *draft) make(t testing.TB) {
	var err error
	d.output, d.secret, err = mixnet.Shuffle(t.Context(), d.key, d.input, nil)
	require.NoError(t, err)
	d.rows = d.output.Bytes()
	d.prove(t)
}

func (d *draft) prove(t testing.TB) {
	var err error
	d.proof, err = mixnet.Statement{Key: d.key, Input: d.input, Output: d.output}.Prove(t.Context(), d.place, d.secret, nil)
	require.NoError(t, err)
}

// over makes the mix of other rows.
func (d *draft) over(t testing.TB, g *elgamal.Group, rows ...elgamal.Ciphertext) {
	var err error
	d.input, err = mixnet.NewList(t.Context(), g, d.input.Width(), rows, nil)
	require.NoError(t, err)
	d.make(t)
}

// inputRows returns the rows of the input.
func (d *draft) inputRows() (rows []elgamal.Ciphertext) {
	for i := range d.input.Len() {
		rows = append(rows, d.input.Row(i))
	}
	return rows
}

// row returns where row i stands in the encoded output.
func (d *draft) row(i int) []byte {
	size := len(d.rows) / d.output.Len()
	return d.rows[i*size : (i+1)*size]
}

func (d *draft) swapRows(i, j int) {
	a := bytes.Clone(d.row(i))
	copy(d.row(i), d.row(j))
	copy(d.row(j), a)
}

func (d *draft) body() []byte { return d.head.body(d.rows, d.proof) }

// signMix returns the entry of a mix.
func (f *fixture) signMix(mixer int, body []byte) []byte {
	return f.sign(entry.Mix, body, f.Mixers[mixer-1])
}

// mixAt returns where the mix of a contest by a mixer stands.
func (f *fixture) mixAt(t testing.TB, mixer, contest int) int {
	for i, data := range f.entries {
		env, err := entry.Parse(data)
		if err != nil || env.Kind != entry.Mix {
			continue
		}
		head, _, err := parseMixHead(f.Manifest.Contests, env.Body)
		require.NoError(t, err)
		if head.contest == contest && bytes.Equal(env.Signatures[0].Key[:], f.Manifest.Mixers[mixer-1].Signing) {
			return i
		}
	}
	require.Fail(t, "no such mix")
	return 0
}

// totals returns the totals of a result by the ids of its rows, without zeros.
func totals(c ContestResult) map[string]int64 {
	m := make(map[string]int64)
	for _, t := range c.Totals {
		if t.Total != 0 {
			m[t.ID] = t.Total
		}
	}
	return m
}

// withMixed returns the ids with those of the checks of mixed contests.
func withMixed(id string, but ...string) []string {
	var ids []string
	for _, c := range checks {
		optional := isOptional(c.id) && !slices.Contains(mixChecks, c.id)
		if (c.id == id || len(ids) > 0) && !optional {
			ids = append(ids, c.id)
		}
	}
	return slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(but, id) })
}
