package attacks

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/tally"
)

// fixture is an honest election from its manifest to its published result, as
// the entries of its ledger, with everybody's secrets. Tests must not change
// it; they change copies of the entries, or fork the ledger.
type fixture struct {
	*electiontest.Election
	name    string
	mixed   bool // its contests are mixed, but for one; else all are added up
	tokens  bool // its voters are let in by tokens, else by a roll
	entries [][]byte
	result  *tally.Result
	opened  int // how many entries it had when it had been opened
	votes   []ballot.Votes
	// meanwhile, if not nil, is called after every vote of the election: what
	// others post while it goes on.
	meanwhile func(t testing.TB, votes int)
}

// keep makes an election outlive the test that made it.
type keep struct{ testing.TB }

func (keep) Context() context.Context { return context.Background() }

var (
	fixtures   = make(map[string]*fixture)
	fixturesMu sync.Mutex
)

func groups() []*elgamal.Group { return []*elgamal.Group{elgamal.Ristretto255(), elgamal.P256()} }

// eachGroup runs a test on both groups.
func eachGroup(t *testing.T, test func(t *testing.T, g *elgamal.Group)) {
	for _, g := range groups() {
		t.Run(g.Name(), func(t *testing.T) {
			if testing.Short() && g.Name() != groups()[0].Name() {
				t.Skip("one group in the short run")
			}
			test(t, g)
		})
	}
}

// eachElection runs a test on both groups with an election whose votes are
// added up and one whose votes are mixed; in the short run with the second
// only, which has a contest that is added up, too.
func eachElection(t *testing.T, test func(t *testing.T, f *fixture)) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) { elections(t, g, test) })
}

// eachBallotBox is eachElection with one more, whose voters are let in by
// tokens: for attacks on what voters send.
func eachBallotBox(t *testing.T, test func(t *testing.T, f *fixture)) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		elections(t, g, test)
		f := anonymous(t, g)
		t.Run(f.name, func(t *testing.T) { test(t, f) })
	})
}

func elections(t *testing.T, g *elgamal.Group, test func(t *testing.T, f *fixture)) {
	for _, mixed := range []bool{false, true} {
		if mixed || !testing.Short() {
			f := honest(t, g, mixed)
			t.Run(f.name, func(t *testing.T) { test(t, f) })
		}
	}
}

// honest returns the fixture of a group.
func honest(t testing.TB, g *elgamal.Group, mixed bool) *fixture {
	return built(t, g, fixture{name: map[bool]string{false: "sums", true: "mixed"}[mixed], mixed: mixed})
}

// anonymous returns the fixture of a group whose voters have tokens.
func anonymous(t testing.TB, g *elgamal.Group) *fixture {
	return built(t, g, fixture{name: "tokens", tokens: true})
}

func built(t testing.TB, g *elgamal.Group, as fixture) *fixture {
	fixturesMu.Lock()
	defer fixturesMu.Unlock()
	f := fixtures[g.Name()+as.name]
	if f == nil {
		f = &as
		f.build(t, g)
		fixtures[g.Name()+as.name] = f
	}
	return f
}

// The contests of a mixed fixture. The plaintexts of motto take two columns.
const (
	chair = iota
	mayor
	motto
)

func mixedContests() []ballot.Contest {
	options := []ballot.Option{{ID: "a", Name: "Ada"}, {ID: "b", Name: "Bo"}, {ID: "c", Name: "Cem"}}
	return []ballot.Contest{
		{ID: "chair", Name: "Chair", Kind: "mixed-ranking", CountBy: "schulze", Plaintexts: ballot.PlaintextsPublic, Options: options},
		{ID: "mayor", Name: "Mayor", Kind: "choose", Min: 1, Max: 1, Options: options[:2]},
		{ID: "motto", Name: "Motto", Kind: "write-in", Max: 40, Plaintexts: ballot.PlaintextsPublic, Options: options[:1]},
	}
}

// build runs the election. Voters 0 to 2 have all contests, voters 3 and 4 only
// the first. Voter 0 votes twice, and voter 1 spoils a ballot first; voter 4
// stays at home.
func (f *fixture) build(t testing.TB, g *elgamal.Group) {
	o := &electiontest.Options{
		Group: g, Voters: 5, Styles: []int{0, 0, 0, 1, 1},
		BallotStyles: []ballot.Style{
			{ID: "town", Name: "Town", Contests: []int{0, 1}},
			{ID: "guests", Name: "Guests", Contests: []int{0}},
		},
		Limits: ballot.Limits{MaxWeight: 20, BallotsPerCredential: 4},
	}
	if f.mixed {
		o.Contests, o.Mixers, o.Mixes = mixedContests(), 3, 2
		o.BallotStyles[0].Contests = []int{chair, mayor, motto}
		all := ballot.Votes{"chair": {"a": 1, "b": 2}, "mayor": {"a": 1}, "motto": {"a long motto that needs two points": 1}}
		f.votes = []ballot.Votes{
			all, {"chair": {"c": 1}, "mayor": {"b": 1}, "motto": {"a": 1}},
			{"chair": {"b": 1, "a": 2, "c": 3}, "mayor": {"a": 1}, "motto": {"short": 1}}, {"chair": {"a": 1}},
		}
	} else {
		if o.Tokens = f.tokens; !f.tokens {
			o.Weights = []uint64{1, 3}
		}
		f.votes = []ballot.Votes{
			{"mayor": {"ada": 1}, "parks": {"lake": 2, "hill": 1}}, {"mayor": {}, "parks": {"hill": 3}},
			{"mayor": {"grace": 1}, "parks": {}}, {"mayor": {"ada": 1}},
		}
	}
	f.Election = electiontest.New(keep{t}, o)
	f.opened = len(f.Entries())
	f.Cast(0, f.votes[2])
	_, tracker, err := f.Encrypt(f.Voters[1], f.votes[0])
	require.NoError(t, err)
	spoil, err := f.NewSpoil(f.Voters[1], tracker)
	require.NoError(t, err)
	_, err = f.Box().Spoil(t.Context(), spoil.Bytes())
	require.NoError(t, err)
	for voter, votes := range f.votes {
		f.Cast(voter, votes)
		if f.meanwhile != nil {
			f.meanwhile(t, voter)
		}
	}
	// At the announced hour, whenever the test runs.
	f.Append(f.sign(entry.Close, nil, f.Signers()...))
	f.finish(t, f.Log)
	f.entries = entriesOf(t, f.Log)
	f.result, err = tally.Combine(t.Context(), f.Election.Election, f.Log)
	require.NoError(t, err)
	require.True(t, f.audit(t, f.entries).Verified())
}

// finish takes an election that is closed to its result.
func (f *fixture) finish(t testing.TB, log ledger.Ledger) {
	ctx, e := t.Context(), f.Election.Election
	require.NoError(t, tally.Pin(ctx, e, log, f.Signers()))
	for _, mixer := range f.Mixers[:f.Manifest.Mixes] {
		require.NoError(t, tally.Mix(ctx, e, log, mixer, nil))
	}
	for _, trustee := range f.Trustees {
		require.NoError(t, tally.Decrypt(ctx, e, log, trustee))
	}
	result, err := tally.Combine(ctx, e, log)
	require.NoError(t, err)
	require.NoError(t, tally.Publish(ctx, e, log, result, f.Signers()))
}

func entriesOf(t testing.TB, r ledger.Reader) (list [][]byte) {
	cp, err := r.Checkpoint(t.Context())
	require.NoError(t, err)
	for en, err := range r.Entries(t.Context(), 0, cp.Size) {
		require.NoError(t, err)
		list = append(list, en.Data)
	}
	return list
}

// size returns how many entries a ledger has.
func size(t testing.TB, r ledger.Reader) int {
	cp, err := r.Checkpoint(t.Context())
	require.NoError(t, err)
	return int(cp.Size)
}

// at returns the index of entry n of a kind, counted from 0.
func (f *fixture) at(t testing.TB, kind entry.Kind, n int) int {
	for i, data := range f.entries {
		if parse(t, data).Kind == kind {
			if n--; n < 0 {
				return i
			}
		}
	}
	require.Fail(t, "no such entry", "%s", kind)
	return 0
}

// by returns the index of entry n of a kind that somebody signed.
func (f *fixture) by(t testing.TB, key ed25519.PublicKey, kind entry.Kind, n int) int {
	for i, data := range f.entries {
		env := parse(t, data)
		if env.Kind == kind && slices.Equal(env.Signatures[0].Key[:], key) {
			if n--; n < 0 {
				return i
			}
		}
	}
	require.Fail(t, "no such entry", "%s", kind)
	return 0
}

// open returns a ledger with the election just opened, and its ballot box.
func (f *fixture) open(t testing.TB, more ...[]byte) (ledger.Ledger, *ballot.Box) {
	log := f.Fork(slices.Concat(f.entries[:f.opened], more)...)
	box, err := ballot.OpenBox(t.Context(), f.Election.Election, log)
	require.NoError(t, err)
	return log, box
}

// audit audits a ledger with other entries.
func (f *fixture) audit(t testing.TB, entries [][]byte) *tally.Report {
	report, err := tally.Audit(t.Context(), f.signed(t, entries), f.Fingerprint, nil)
	require.NoError(t, err)
	return report
}

// sign returns an entry of this election, signed by whoever.
func (f *fixture) sign(kind entry.Kind, body []byte, keys ...ed25519.PrivateKey) []byte {
	env := entry.Envelope{Kind: kind, Election: entry.Hash(f.Fingerprint), Time: f.Manifest.Closes.Unix(), Body: body}
	if kind <= entry.Open {
		env.Election = f.Manifest.ID()
	}
	for _, key := range keys {
		env.Sign(key)
	}
	return env.Bytes()
}

// signAs returns an entry like another one with another body, signed again by a
// trustee, counted from 0.
func (f *fixture) signAs(t testing.TB, trustee int, data, body []byte) []byte {
	env := parse(t, data)
	env.Body, env.Signatures = body, nil
	f.Trustees[trustee].Sign(env)
	return env.Bytes()
}

// trustee returns the signing key of a trustee, counted from 0.
func (f *fixture) trustee(i int) ed25519.PublicKey { return f.Manifest.Trustees[i].Signing }

// voter returns a copy of a voter, whose numbers go on from the fixture's.
func (f *fixture) voter(i int) *ballot.Voter {
	v := *f.Voters[i]
	return &v
}

// permit returns what the ballots of a voter have between number and
// credential: nothing, or the weight and the tokens.
func (f *fixture) permit(voter int) (b []byte) {
	if f.tokens {
		p := f.Voters[voter].Permit
		b = append(binary.BigEndian.AppendUint64(nil, p.Class.Weight), slices.Concat(p.Tokens...)...)
	}
	return b
}

// credentialAt is where a ballot's body has the credential.
func (f *fixture) credentialAt() int { return 6 + len(f.permit(0)) }

// styleOf returns the style of a voter.
func (f *fixture) styleOf(t testing.TB, voter int) int {
	v := f.Voters[voter]
	if !f.tokens {
		return v.Line.Style
	}
	style, ok := f.Manifest.StyleIndex(v.Permit.Class.Style)
	require.True(t, ok)
	return style
}

// vote returns a new ballot of a voter.
func (f *fixture) vote(t testing.TB, v *ballot.Voter, votes ballot.Votes) *ballot.Ballot {
	b, _, err := f.Encrypt(v, votes)
	require.NoError(t, err)
	return b
}

// posted returns entries as the key ceremony reads them.
func posted(entries [][]byte) (list []dkg.Posted) {
	for i, data := range entries {
		list = append(list, dkg.Posted{Index: uint64(i), Data: data})
	}
	return list
}

func parse(t testing.TB, data []byte) *entry.Envelope {
	env, err := entry.Parse(slices.Clone(data))
	require.NoError(t, err)
	return env
}

// rewrap returns an entry after a change, with no thought for its signatures.
func rewrap(t testing.TB, data []byte, change func(*entry.Envelope)) []byte {
	env := parse(t, data)
	change(env)
	return env.Bytes()
}

// Edits of a list of entries. None changes the list it is given.

func without(entries [][]byte, at ...int) [][]byte {
	var kept [][]byte
	for i, data := range entries {
		if !slices.Contains(at, i) {
			kept = append(kept, data)
		}
	}
	return kept
}

func insert(entries [][]byte, at int, data ...[]byte) [][]byte {
	return slices.Insert(slices.Clone(entries), at, data...)
}

func replace(entries [][]byte, at int, data []byte) [][]byte {
	entries = slices.Clone(entries)
	entries[at] = data
	return entries
}

// times returns x·P, and x·G for nil.
func times(g *elgamal.Group, x kyber.Scalar, p kyber.Point) kyber.Point { return g.Point().Mul(x, p) }

// reasons are all reasons there are.
var reasons = []error{
	reason.ErrEncoding, reason.ErrGroup, reason.ErrBinding, reason.ErrProof, reason.ErrRange, reason.ErrShape,
	reason.ErrDuplicate, reason.ErrReplay, reason.ErrEligibility, reason.ErrState, reason.ErrChain, reason.ErrSignature,
	reason.ErrFork, reason.ErrQuorum, reason.ErrLimit, reason.ErrIncomplete, reason.ErrUnanchored, reason.ErrVersion,
}

// requireReason requires that an error wraps exactly one reason, this one.
func requireReason(t testing.TB, want, err error, what ...any) {
	t.Helper()
	require.ErrorIs(t, err, want, what...)
	for _, r := range reasons {
		require.Equal(t, r == want, errors.Is(err, r), "%v: reason %v", err, r)
	}
}

// requireRefused requires that the box refuses an entry and writes nothing.
func requireRefused(t testing.TB, want error, log ledger.Ledger, box *ballot.Box, data []byte, what ...any) {
	t.Helper()
	before := size(t, log)
	cast := box.CastBytes
	if env, err := entry.Parse(data); err == nil && env.Kind == entry.Spoil {
		cast = box.Spoil
	}
	_, err := cast(t.Context(), data)
	requireReason(t, want, err, what...)
	require.Equal(t, before, size(t, log), what...)
}

// requireFinding requires that a check has a finding about an entry, for one
// reason; a negative index stands for none in particular.
func requireFinding(t testing.TB, report *tally.Report, check string, at int, want error) {
	t.Helper()
	require.NotNil(t, report.Check(check), check)
	for _, finding := range report.Check(check).Findings {
		if finding.Entry == nil && at < 0 || finding.Entry != nil && int(*finding.Entry) == at {
			requireReason(t, want, finding.Err, "%s", check)
			return
		}
	}
	require.Fail(t, "no such finding", "%s, entry %d\n%s", check, at, report.Text())
}

// requireSame requires that an election is verified and has the honest result.
func (f *fixture) requireSame(t testing.TB, report *tally.Report) {
	t.Helper()
	require.True(t, report.Verified(), report.Text())
	require.Equal(t, f.result.Bytes(), report.Result.Bytes())
}

func TestFixtures(t *testing.T) {
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		f.requireSame(t, f.audit(t, f.entries))
		require.EqualValues(t, 4, f.result.Ballots)
	})
}
