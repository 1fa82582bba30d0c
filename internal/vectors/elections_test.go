package vectors

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/tally"
)

// electionFiles are the elections, each with what is in it.
var electionFiles = []struct {
	file string
	make func(testing.TB) *made
}{
	{"sums", func(t testing.TB) *made { return makeElection(t, "sums", electiontest.Options{Voters: 5}, true) }},
	{"mixed", func(t testing.TB) *made {
		return makeElection(t, "mixed", electiontest.Options{Voters: 4, Mixers: 3, Mixes: 2, Contests: []ballot.Contest{mayor, chair}}, false)
	}},
	{"sums-P-256", func(t testing.TB) *made {
		return makeElection(t, "sums-P-256", electiontest.Options{Group: elgamal.P256(), Voters: 4, Contests: []ballot.Contest{mayor}}, true)
	}},
	{"tokens", func(t testing.TB) *made {
		return makeElection(t, "tokens", electiontest.Options{Voters: 4, Tokens: true, Contests: []ballot.Contest{mayor}}, false)
	}},
}

var (
	mayor = electiontest.Contests()[0]
	chair = ballot.Contest{ID: "chair", Name: "Chair", Kind: "mixed-ranking", Max: 2, CountBy: "schulze", Plaintexts: ballot.PlaintextsPublic,
		Options: []ballot.Option{{ID: "ada", Name: "Ada"}, {ID: "grace", Name: "Grace"}, {ID: "kim", Name: "Kim"}}}
)

// counted are the results, added up by hand: the last votes of each voter who
// has voted.
var counted = map[string][]totals{
	"sums":       {{"mayor", map[string]int64{"ada": 2, "grace": 2, "blank": 0}}, {"parks", map[string]int64{"lake": 8, "hill": 4}}},
	"mixed":      {{"mayor", map[string]int64{"ada": 1, "grace": 2, "blank": 0}}, {"chair", map[string]int64{"ada": 1, "grace": 2, "kim": 0, "invalid": 0}}},
	"sums-P-256": {{"mayor", map[string]int64{"ada": 1, "grace": 2, "blank": 0}}},
	"tokens":     {{"mayor", map[string]int64{"ada": 1, "grace": 2, "blank": 0}}},
}

// made is an election with everybody's secrets: what changes need that somebody
// has to sign or prove.
type made struct {
	file election
	raw  [][]byte // the entries
	*electiontest.Election
	sign map[string]func(*entry.Envelope) // by public key
	// spare are ballots and spoils that nobody has sent, by what is wrong with
	// them.
	spare map[string][]byte
}

// makeElection holds an election of two options and more, with a revote, a
// spoil and, if wanted, entries that count for nothing. The last voter stays at
// home.
func makeElection(t testing.TB, name string, o electiontest.Options, junk bool) *made {
	ctx := context.Background()
	o.Limits = ballot.Limits{MaxVoters: 8, MaxWeight: 16}
	m := &made{Election: electiontest.New(t, &o), sign: make(map[string]func(*entry.Envelope)), spare: make(map[string][]byte)}
	votes := func(option string) ballot.Votes {
		v := ballot.Votes{"mayor": {option: 1}}
		for _, c := range m.Manifest.Contests {
			switch c.ID {
			case "parks":
				v["parks"] = ballot.Vote{"lake": 2, "hill": 1}
			case "chair":
				v["chair"] = ballot.Vote{option: 1, "kim": 2}
			}
		}
		return v
	}
	encrypt := func(voter int, option string) *ballot.Ballot {
		b, _, err := m.Encrypt(m.Voters[voter], votes(option))
		require.NoError(t, err)
		return b
	}
	spoil := func(voter int, of ballot.Tracker) []byte {
		s, err := m.NewSpoil(m.Voters[voter], of)
		require.NoError(t, err)
		return s.Bytes()
	}
	first := encrypt(0, "ada")
	m.spare["made before another ballot that stands"] = encrypt(0, "ada").Bytes()
	revote := encrypt(0, "grace")
	challenged := encrypt(1, "ada")
	m.spare["a spoil of another ballot"] = spoil(1, ballot.Tracker{1})
	m.Append(first.Bytes())
	m.Append(spoil(1, challenged.Tracker()))
	if junk {
		m.refuse([]byte("this is no entry"), "version")
		m.refuse(challenged.Bytes(), "state")
	} else {
		m.spare["spoiled"] = challenged.Bytes()
	}
	sent := []*ballot.Ballot{encrypt(1, "grace"), encrypt(2, "ada"), revote}
	if o.Voters > 4 {
		sent = append(sent, encrypt(3, "ada"))
	}
	for _, b := range sent {
		receipt, err := m.Box().Cast(ctx, b)
		require.NoError(t, err)
		m.file.Receipts = append(m.file.Receipts, m.receipt(receipt))
	}
	if junk {
		broken := first.Bytes()
		z := broken[len(broken)-1-32 : len(broken)-1] // the last answer, before the number of signatures
		copy(z, curves[m.Group.Name()].scalarChanges()[2].to(z))
		m.refuse(broken, "proof")
	}
	if name == "sums" {
		m.challenge(t, 3, votes("grace"))
	}
	m.spare["a spoil of a ballot that was cast"] = spoil(0, revote.Tracker())
	m.seals(t, votes("ada"))
	m.Close()
	require.NoError(t, tally.Pin(ctx, m.Election.Election, m.Log, m.Signers()))
	for _, mixer := range m.Mixers[:m.Manifest.Mixes] {
		require.NoError(t, tally.Mix(ctx, m.Election.Election, m.Log, mixer, nil))
	}
	for _, trustee := range m.Trustees[:2] {
		require.NoError(t, tally.Decrypt(ctx, m.Election.Election, m.Log, trustee))
	}
	result, err := tally.Combine(ctx, m.Election.Election, m.Log)
	require.NoError(t, err)
	require.NoError(t, tally.Publish(ctx, m.Election.Election, m.Log, result, m.Signers()))
	m.describe(t, name)
	m.collectKeys()
	return m
}

// challenge lets a voter challenge a ballot.
func (m *made) challenge(t testing.TB, voter int, votes ballot.Votes) {
	draft, err := m.Prepare(m.Voters[voter], votes)
	require.NoError(t, err)
	tracker := draft.Tracker()
	spoil, err := draft.Challenge()
	require.NoError(t, err)
	r, err := m.Box().Spoil(context.Background(), spoil.Bytes())
	require.NoError(t, err)
	text, err := draft.Open(r)
	require.NoError(t, err)
	m.file.Openings = append(m.file.Openings, opening{hex.EncodeToString(tracker[:]), text, m.receipt(r)})
}

// seals makes ballots that no honest device makes. Of a mixed election there
// are none.
func (m *made) seals(t testing.TB, votes ballot.Votes) {
	if slices.ContainsFunc(m.Manifest.Contests, func(c ballot.Contest) bool { return c.Mixed() }) {
		return
	}
	content, err := m.Manifest.EncodeVotes(0, votes)
	require.NoError(t, err)
	var points []kyber.Point
	for _, bit := range content {
		points = append(points, m.Group.Point().Mul(m.Group.Uint64Scalar(uint64(bit)), nil))
	}
	seal := func(name string, v *ballot.Voter, number uint32, r kyber.Scalar) {
		m.spare[name] = m.Seal(v, number, points, r)
	}
	last := m.Voters[len(m.Voters)-1]
	seal("number above the limit", m.Voters[2], m.Manifest.Limits.BallotsPerCredential+1, m.Group.RandomScalar())
	seal("number of a ballot that stands", m.Voters[2], 1, m.Group.RandomScalar())
	stranger := *last
	stranger.Key = ballot.NewVoterKey(m.Group)
	seal("credential of nobody", &stranger, 1, m.Group.RandomScalar())
	if len(m.Issuers) > 0 {
		m.badTokens(seal)
		return
	}
	r := m.Group.RandomScalar()
	seal("first of one r", last, 1, r)
	seal("second of one r", m.Voters[2], 2, r)
}

// badTokens makes ballots whose tokens are none for their credential.
func (m *made) badTokens(seal func(string, *ballot.Voter, uint32, kyber.Scalar)) {
	last, other := m.Voters[len(m.Voters)-1], m.Voters[0].Permit.Tokens
	with := func(name string, tokens ...[]byte) {
		v := *last
		v.Permit.Tokens = tokens
		seal(name, &v, 1, m.Group.RandomScalar())
	}
	mine := last.Permit.Tokens
	with("tokens of another credential", other...)
	with("one token of another credential", mine[0], other[1])
	with("tokens in the wrong order", mine[1], mine[0])
	with("one registrar's token twice", mine[0], mine[0])
	v := *last
	v.Permit.Class.Weight = 2
	seal("tokens of another class", &v, 1, m.Group.RandomScalar())
}

// refuse puts an entry on the ledger that counts for nothing.
func (m *made) refuse(data []byte, reason string) {
	m.file.Refused = append(m.file.Refused, refused{int(m.Append(data)), reason})
}

func (m *made) receipt(r ballot.Receipt) receipt {
	return receipt{Entry: int(r.Index), Index: int(r.Index), Tracker: hex.EncodeToString(r.Tracker[:]), Proof: string(r.Proof)}
}

// describe fills in what the file says of the election.
func (m *made) describe(t testing.TB, name string) {
	cp, err := m.Log.Checkpoint(context.Background())
	require.NoError(t, err)
	e := &m.file
	if e.Refused == nil {
		e.Refused = []refused{}
	}
	e.Name, e.Group, e.Title = name, m.Group.Name(), m.Manifest.Title
	e.Origin, e.Key, e.TestOnlyKey = m.Manifest.Ledger.Origin, m.Manifest.Ledger.Key, m.SignerKey
	e.Fingerprint = m.Fingerprint.String()
	e.Manifest, e.ManifestBody = string(m.Manifest.JSON()), hex.EncodeToString(m.Manifest.Bytes())
	e.Checkpoint = string(cp.Raw)
	for _, en := range m.Entries() {
		e.Entries = append(e.Entries, hex.EncodeToString(en.Data))
		m.raw = append(m.raw, en.Data)
	}
	e.Verdict, e.Result = "verified", counted[name]
}

func figures(r *tally.Result) (list []totals) {
	for _, c := range r.Contests {
		s := totals{Contest: c.ID, Totals: make(map[string]int64)}
		for _, row := range c.Totals {
			s.Totals[row.ID] = row.Total
		}
		list = append(list, s)
	}
	return list
}

// collectKeys collects who can sign.
func (m *made) collectKeys() {
	for _, key := range slices.Concat(m.Authorities, m.Registrars, m.Mixers) {
		m.sign[string(key.Public().(ed25519.PublicKey))] = func(env *entry.Envelope) { env.Sign(key) }
	}
	for i, t := range m.Trustees {
		m.sign[string(m.Manifest.Trustees[i].Signing)] = t.Sign
	}
}

// makeElections makes all elections anew. Their randomness is that of a fixed
// seed and their time stands still, so that they come out the same until a
// format or a prover changes.
func makeElections(t *testing.T) (list []*made) {
	for i, f := range electionFiles {
		synctest.Test(t, func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, uint64(i))
			time.Sleep(time.Until(time.Date(2027, 5, 9, 7, 0, 0, 0, time.UTC)))
			list = append(list, f.make(t))
		})
	}
	return list
}

// writeJSON writes a value; of vectors each in a line.
func writeJSON(t testing.TB, file string, v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if list, ok := v.([]vector); ok {
		for i := range list {
			b.WriteString([]string{"[\n", ",\n"}[min(i, 1)])
			require.NoError(t, e.Encode(list[i]))
			b.Truncate(b.Len() - 1) // the newline
		}
		b.WriteString("\n]\n")
	} else {
		e.SetIndent("", " ")
		require.NoError(t, e.Encode(v))
	}
	require.NoError(t, os.WriteFile(filepath.Join(root, file), b.Bytes(), 0o644))
}

// The elections are what their files say.
func TestElections(t *testing.T) {
	j := newJudge(t)
	for _, f := range electionFiles {
		e := j.load(here + "elections/" + f.file + ".json")
		report, err := tally.Audit(context.Background(), e.log, e.Fingerprint, nil)
		require.NoError(t, err)
		require.Equal(t, "verified", e.file.Verdict)
		require.True(t, report.Verified(), report.Text())
		require.Equal(t, e.file.Result, figures(report.Result))
		require.Equal(t, e.file.Title, report.Title)
		require.Equal(t, e.file.Origin, report.Origin)
		state, err := ballot.Replay(context.Background(), e.Election, e.log, report.Size, nil)
		require.NoError(t, err)
		require.Len(t, state.Refused(), len(e.file.Refused))
		for i, r := range state.Refused() {
			require.Equal(t, e.file.Refused[i].Entry, int(r.Index))
			require.ErrorIs(t, r.Err, reasons[e.file.Refused[i].Reason])
		}
		require.Equal(t, e.file.Manifest, string(e.Manifest.JSON()))
		require.Equal(t, e.file.ManifestBody, hex.EncodeToString(e.Manifest.Bytes()))
		cp, err := e.Manifest.Policy().Check([]byte(e.file.Checkpoint))
		require.NoError(t, err)
		require.Equal(t, report.Root, cp.Root)
		for i := range e.file.Receipts {
			v := vector{ID: "receipt", Mutates: place{File: here + "elections/" + f.file + ".json", Pointer: "/receipts/" + string(rune('0'+i)) + "/proof"}}
			require.NoError(t, j.receipt(&v, j.files.open(t, v.Mutates.File)))
		}
	}
}
