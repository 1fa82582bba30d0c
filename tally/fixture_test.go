package tally

import (
	"context"
	"crypto/ed25519"
	"iter"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
)

var groups = []*elgamal.Group{elgamal.Ristretto255(), elgamal.P256()}

// operator is a ledger whose operator may do what it likes with the entries,
// and signs whatever comes out.
type operator struct {
	entries [][]byte
	hashes  operatorHashes
	cp      ledger.Checkpoint
}

type operatorHashes []tlog.Hash

func (h operatorHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		hashes[i] = h[at]
	}
	return hashes, nil
}

func newOperator(t testing.TB, signer note.Signer, entries [][]byte) *operator {
	o := &operator{entries: entries}
	for i, data := range entries {
		more, err := tlog.StoredHashesForRecordHash(int64(i), ledger.LeafHash(data), o.hashes)
		require.NoError(t, err)
		o.hashes = append(o.hashes, more...)
	}
	root, err := o.tree().Root()
	require.NoError(t, err)
	o.cp, err = ledger.SignCheckpoint(signer, uint64(len(entries)), root)
	require.NoError(t, err)
	return o
}

func (o *operator) tree() ledger.Tree {
	return ledger.Tree{Size: uint64(len(o.entries)), Hashes: o.hashes}
}

func (o *operator) Checkpoint(ctx context.Context) (ledger.Checkpoint, error) { return o.cp, ctx.Err() }

func (o *operator) Await(ctx context.Context, size uint64) (ledger.Checkpoint, error) {
	if size > o.cp.Size {
		return ledger.Checkpoint{}, ErrIncomplete
	}
	return o.cp, ctx.Err()
}

func (o *operator) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for i := lo; i < hi; i++ {
			if err := ctx.Err(); err != nil || i >= uint64(len(o.entries)) {
				if err == nil {
					err = ErrIncomplete
				}
				yield(ledger.Entry{}, err)
				return
			}
			if !yield(ledger.Entry{Index: i, Data: o.entries[i]}, nil) {
				return
			}
		}
	}
}

func (o *operator) Inclusion(_ context.Context, index, size uint64) (tlog.RecordProof, error) {
	return o.tree().Inclusion(index, size)
}

func (o *operator) Consistency(_ context.Context, old, size uint64) (tlog.TreeProof, error) {
	return o.tree().Consistency(old, size)
}

// keep makes an election's files last longer than the test that made it.
type keep struct {
	testing.TB
	dir string
}

func (k keep) TempDir() string {
	dir, err := os.MkdirTemp(k.dir, "")
	if err != nil {
		k.Fatal(err)
	}
	return dir
}

func (k keep) Context() context.Context { return context.Background() }

var keepDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "tally")
	if err != nil {
		panic(err)
	}
	keepDir = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// fixture is an honest election from the first entry to the published result,
// with three trustees of whom two decrypt and all did. Tests change copies of
// its entries.
type fixture struct {
	*electiontest.Election
	entries [][]byte
	result  *Result
	plain   map[string][]int64 // totals by contest, counted in the clear
	closing *closing
}

var (
	fixtures   = make(map[string]*fixture)
	fixturesMu sync.Mutex
)

// honest returns the fixture of a group, which tests must not change.
func honest(t *testing.T, g *elgamal.Group) *fixture {
	fixturesMu.Lock()
	defer fixturesMu.Unlock()
	if fixtures[g.Name()] == nil {
		fixtures[g.Name()] = makeFixture(t, g)
	}
	return fixtures[g.Name()]
}

func contests() []ballot.Contest {
	options := []ballot.Option{{ID: "a", Name: "Ada"}, {ID: "b", Name: "Bo"}, {ID: "c", Name: "Cem"}}
	return []ballot.Contest{
		{ID: "mayor", Name: "Mayor", Kind: "choose", Min: 1, Max: 1, Blank: true, Options: options},
		{ID: "parks", Name: "Parks", Kind: "points", Points: 5, Options: options[:2]},
		{ID: "clubs", Name: "Clubs", Kind: "approval", Options: options},
		// Every ballot gives every option something: totals are never near 0.
		{ID: "board", Name: "Board", Kind: "ranked-points", Values: []int{3, 2, 1}, Exact: true, Options: options},
	}
}

// vote is a voter's last ballot.
type vote struct {
	voter int
	votes ballot.Votes
}

var (
	fixtureWeights = []uint64{1, 3}
	fixtureStyles  = []int{0, 0, 0, 0, 1, 1}
	fixtureVotes   = []vote{
		{0, ballot.Votes{"mayor": {"a": 1}, "parks": {"a": 2, "b": 3}, "clubs": {"a": 1, "c": 1}, "board": {"a": 1, "b": 2, "c": 3}}},
		{1, ballot.Votes{"mayor": {}, "parks": {}, "clubs": {}, "board": {"a": 3, "b": 2, "c": 1}}},
		{2, ballot.Votes{"mayor": {"b": 1}, "parks": {"a": 5}, "clubs": {"a": 1, "b": 1, "c": 1}, "board": {"a": 2, "b": 1, "c": 3}}},
		// Voter 3 stays at home.
		{4, ballot.Votes{"mayor": {"a": 1}, "clubs": {"b": 1}}},
		{5, ballot.Votes{"mayor": {"c": 1}, "clubs": {}}},
	}
)

func makeFixture(t *testing.T, g *elgamal.Group) *fixture {
	e := electiontest.New(keep{t, keepDir}, &electiontest.Options{
		Group: g, Voters: 6, Weights: fixtureWeights, Styles: fixtureStyles, Contests: contests(),
		BallotStyles: []ballot.Style{
			{ID: "town", Name: "Town", Contests: []int{0, 1, 2, 3}},
			{ID: "guests", Name: "Guests", Contests: []int{0, 2}},
		},
	})
	f := &fixture{Election: e}
	f.castAll(t)
	f.close(t)
	ctx := t.Context()
	require.NoError(t, Pin(ctx, e.Election, e.Log, e.Signers()))
	for _, trustee := range e.Trustees {
		require.NoError(t, Decrypt(ctx, e.Election, e.Log, trustee))
	}
	var err error
	f.result, err = Combine(ctx, e.Election, e.Log)
	require.NoError(t, err)
	require.NoError(t, Publish(ctx, e.Election, e.Log, f.result, e.Signers()))
	for _, en := range e.Entries() {
		f.entries = append(f.entries, en.Data)
	}
	f.plain = f.count(t)
	f.closing, err = readClosing(ctx, e.Election, f.read(t, f.entries), work{})
	require.NoError(t, err)
	return f
}

// castAll casts the fixture's votes, and some ballots that do not count.
func (f *fixture) castAll(t *testing.T) {
	ctx, votes := t.Context(), fixtureVotes
	old, _, err := f.Encrypt(f.Voters[0], votes[2].votes)
	require.NoError(t, err)
	_, err = f.Box().Cast(ctx, old) // superseded below
	require.NoError(t, err)
	spoiled, tracker, err := f.Encrypt(f.Voters[1], votes[0].votes)
	require.NoError(t, err)
	spoil, err := f.NewSpoil(f.Voters[1], tracker)
	require.NoError(t, err)
	_, err = f.Box().Spoil(ctx, spoil.Bytes())
	require.NoError(t, err)
	for _, v := range votes {
		f.Cast(v.voter, v.votes)
	}
	f.Append(spoiled.Bytes())                           // refused
	f.Append(flip(spoiled.Bytes(), -1))                 // refused: the proof does not hold
	f.Append([]byte("an entry that is none"))           // refused
	f.Append(electionless(t, old.Bytes(), [32]byte{1})) // refused: of another election
}

// count counts the fixture's votes in the clear.
func (f *fixture) count(t *testing.T) map[string][]int64 {
	plain := make(map[string][]int64)
	for i := range f.Manifest.Contests {
		c := &f.Manifest.Contests[i]
		totals, err := c.Count(func(yield func(ballot.Vote, uint64) bool) {
			for _, v := range fixtureVotes {
				if slices.Contains(f.Manifest.Styles[fixtureStyles[v.voter]].Contests, i) {
					if !yield(v.votes[c.ID], fixtureWeights[v.voter%2]) {
						return
					}
				}
			}
		})
		require.NoError(t, err)
		plain[c.ID] = totals
	}
	return plain
}

// close closes the election at the announced hour.
func (f *fixture) close(t *testing.T) {
	env := entry.Envelope{Kind: entry.Close, Election: entry.Hash(f.Fingerprint), Time: f.Manifest.Closes.Unix()}
	for _, key := range f.Signers() {
		env.Sign(key)
	}
	f.Append(env.Bytes())
}

// flip returns data with the lowest bit of one byte changed, counted from the
// end if at is negative. The signature count at the end of a ballot is not
// counted.
func flip(data []byte, at int) []byte {
	data = slices.Clone(data)
	if at < 0 {
		at += len(data) - 1
	}
	data[at] ^= 1
	return data
}

// electionless returns an entry as one of another election.
func electionless(t *testing.T, data []byte, election [32]byte) []byte {
	env := parse(t, data)
	env.Election = election
	return env.Bytes()
}

func parse(t testing.TB, data []byte) *entry.Envelope {
	env, err := entry.Parse(slices.Clone(data))
	require.NoError(t, err)
	return env
}

// at returns the index of the n-th entry of a kind, counted from 0.
func (f *fixture) at(t testing.TB, kind entry.Kind, n int) int {
	for i, data := range f.entries {
		if env, err := entry.Parse(data); err == nil && env.Kind == kind && env.Election != [32]byte{1} {
			if n--; n < 0 {
				return i
			}
		}
	}
	require.Fail(t, "no such entry", "%s", kind)
	return 0
}

// read returns the ledger with the given entries, with a checkpoint that its
// operator has signed.
func (f *fixture) read(t testing.TB, entries [][]byte) *operator {
	return newOperator(t, f.Signer, entries)
}

// audit audits a ledger with the given entries.
func (f *fixture) audit(t testing.TB, entries [][]byte) *Report {
	report, err := Audit(t.Context(), f.read(t, entries), f.Fingerprint, nil)
	require.NoError(t, err)
	return report
}

// requireReport requires that exactly the given checks have failed and exactly
// the given ones have not run.
func requireReport(t testing.TB, report *Report, failed, notRun []string) {
	t.Helper()
	var gotFailed, gotNotRun []string
	for _, c := range report.Checks {
		switch c.Status {
		case Failed:
			gotFailed = append(gotFailed, c.ID)
		case NotRun:
			gotNotRun = append(gotNotRun, c.ID)
		}
	}
	require.ElementsMatch(t, failed, gotFailed, "failed checks\n%s", report.Text())
	require.ElementsMatch(t, notRun, gotNotRun, "checks that have not run\n%s", report.Text())
	require.Equal(t, len(failed)+len(notRun) == 0, report.Verified())
}

// from returns the ids of the checks from one on, without the optional ones,
// which tests ask for on purpose.
func from(id string, but ...string) []string {
	var ids []string
	for _, c := range checks {
		if (c.id == id || len(ids) > 0) && !isOptional(c.id) {
			ids = append(ids, c.id)
		}
	}
	return slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(but, id) })
}

// sign returns an entry signed by authorities.
func (f *fixture) sign(kind entry.Kind, body []byte, authorities ...ed25519.PrivateKey) []byte {
	env := entry.Envelope{Kind: kind, Election: entry.Hash(f.Fingerprint), Time: f.Manifest.Closes.Unix(), Body: body}
	for _, key := range authorities {
		env.Sign(key)
	}
	return env.Bytes()
}

// share makes the honest share of a trustee, a position from 1, with fresh
// randomness.
func (f *fixture) share(t testing.TB, trustee, contest int) *share {
	secrets, err := f.Trustees[trustee-1].Shares(f.Manifest.Ceremony(), f.Outcome)
	require.NoError(t, err)
	s, err := f.closing.decrypt(t.Context(), contest, trustee, secrets)
	require.NoError(t, err)
	return s
}

// signShare returns the entry of a share.
func (f *fixture) signShare(trustee int, body []byte) []byte {
	env := entry.Envelope{Kind: entry.Share, Election: entry.Hash(f.Fingerprint), Body: body}
	f.Trustees[trustee-1].Sign(&env)
	return env.Bytes()
}

// shareAt returns where the share of a trustee for a contest stands.
func (f *fixture) shareAt(t testing.TB, trustee, contest int) int {
	return f.at(t, entry.Share, (trustee-1)*len(f.Manifest.Contests)+contest)
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

func swap(entries [][]byte, i, j int) [][]byte {
	entries = slices.Clone(entries)
	entries[i], entries[j] = entries[j], entries[i]
	return entries
}
