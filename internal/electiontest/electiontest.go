// Package electiontest runs small elections for tests: the whole way from keys
// to an open election over an in-memory ledger, with everybody's secrets at
// hand.
package electiontest

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/ledger"
)

// Options say which election to run. Each zero field has a default; nil is
// all of them.
type Options struct {
	Group *elgamal.Group // ristretto255

	Voters  int      // 4
	Weights []uint64 // of the voters, from the first again when they run out; 1
	Styles  []int    // of the voters, likewise; 0

	Trustees, Threshold int // 3 and 2; a threshold that needs words gets them
	Mixers, Mixes       int // 2 and all of them, if a contest is mixed; 1 gets its word
	Authorities, Quorum int // 3 and 2

	Tokens      bool // let voters in by tokens, not by a roll
	Registrars  int  // 1, or 2 who issue tokens
	FirstIssuer int  // the first of tokentest's keys, of which each registrar takes one a class; 0

	Contests     []ballot.Contest // Contests()
	BallotStyles []ballot.Style   // one with all contests
	Limits       ballot.Limits    // minimum group 1, as many voters and as much weight as there are
	Rounding     time.Duration    // a minute

	// Ledger makes the ledger; the one in memory.
	Ledger func(note.Signer) (ledger.Ledger, error)
	// Witnesses cosign it, all but one of them are required; none.
	Witnesses []*ledger.CosigningKey
}

// witness cosigns whatever it is shown.
type witness struct{ *ledger.CosigningKey }

func (w witness) Cosign(_ context.Context, _ uint64, _ tlog.TreeProof, raw []byte) ([]byte, error) {
	cp, err := ledger.ParseCheckpoint(raw)
	if err != nil {
		return nil, err
	}
	return w.CosigningKey.Cosign(cp, time.Now().Unix())
}

// witnessed returns log as its witnesses cosign it.
func (e *Election) witnessed(log ledger.Ledger, named ballot.Ledger) ledger.Ledger {
	p := ledger.Policy{Origin: named.Origin, Key: named.Key, Witnesses: named.Witnesses, Quorum: named.Quorum}
	var cosigners []ledger.Cosigner
	for _, key := range e.o.Witnesses {
		cosigners = append(cosigners, witness{key})
	}
	log, err := ledger.Witnessed(e.t.Context(), log, p, cosigners, nil)
	require.NoError(e.t, err)
	return log
}

// Contests are two contests, one of one choice with a blank vote and one of
// three points.
func Contests() []ballot.Contest {
	return []ballot.Contest{
		{ID: "mayor", Name: "Mayor", Kind: "choose", Min: 1, Max: 1, Blank: true, Options: []ballot.Option{
			{ID: "ada", Name: "Ada"}, {ID: "grace", Name: "Grace"},
		}},
		{ID: "parks", Name: "Parks", Kind: "points", Points: 3, Options: []ballot.Option{
			{ID: "lake", Name: "Lake"}, {ID: "hill", Name: "Hill"},
		}},
	}
}

// Election is an election with everybody's secrets.
type Election struct {
	*ballot.Election // nil until Open

	Log         ledger.Ledger
	Signer      note.Signer // of the ledger
	SignerKey   string      // the same as a text, for another process
	Manifest    *ballot.Manifest
	Authorities []ed25519.PrivateKey
	Registrars  []ed25519.PrivateKey
	Trustees    []*dkg.Trustee
	Mixers      []ed25519.PrivateKey
	Issuers     []*Registrar // the registrars, of an election by tokens
	Roll        *ballot.Roll // of an election by roll
	Voters      []*ballot.Voter

	t   testing.TB
	o   Options
	box *ballot.Box
}

// New runs an election until it is open.
func New(t testing.TB, o *Options) *Election {
	e := Prepare(t, o)
	e.Publish()
	e.RunCeremony()
	e.PublishRoll()
	e.Open()
	return e
}

// Prepare makes everybody's keys, the manifest, the roll, and a ledger with
// nothing on it.
func Prepare(t testing.TB, o *Options) *Election {
	t.Helper()
	e := &Election{t: t}
	if o != nil {
		e.o = *o
	}
	e.setDefaults()
	e.Authorities, e.Registrars = keys(e.o.Authorities), keys(e.o.Registrars)
	skey, vkey, err := note.GenerateKey(nil, "example.org/election")
	require.NoError(t, err)
	e.SignerKey = skey
	e.Signer, err = note.NewSigner(skey)
	require.NoError(t, err)
	e.Log, err = e.o.Ledger(e.Signer)
	require.NoError(t, err)
	named := ballot.Ledger{Origin: "example.org/election", Key: vkey}
	if len(e.o.Witnesses) > 0 {
		for _, key := range e.o.Witnesses {
			named.Witnesses = append(named.Witnesses, key.Public())
		}
		named.Quorum = max(1, len(named.Witnesses)-1)
		e.Log = e.witnessed(e.Log, named)
	}
	e.makeManifest(named)
	e.makeVoters()
	return e
}

func (e *Election) setDefaults() {
	o := &e.o
	if o.Group == nil {
		o.Group = elgamal.Ristretto255()
	}
	orElse := func(value *int, is int) {
		if *value == 0 {
			*value = is
		}
	}
	orElse(&o.Voters, 4)
	orElse(&o.Trustees, 3)
	orElse(&o.Threshold, o.Trustees/2+1)
	orElse(&o.Authorities, 3)
	orElse(&o.Quorum, o.Authorities/2+1)
	if o.Tokens {
		orElse(&o.Registrars, 2)
	}
	orElse(&o.Registrars, 1)
	if o.Weights == nil {
		o.Weights = []uint64{1}
	}
	if o.Styles == nil {
		o.Styles = []int{0}
	}
	if o.Contests == nil {
		o.Contests = Contests()
	}
	if slices.ContainsFunc(o.Contests, func(c ballot.Contest) bool { return c.Mixed() }) {
		orElse(&o.Mixers, 2)
		orElse(&o.Mixes, o.Mixers)
	}
	if o.BallotStyles == nil {
		all := ballot.Style{ID: "all", Name: "All"}
		for i := range o.Contests {
			all.Contests = append(all.Contests, i)
		}
		o.BallotStyles = []ballot.Style{all}
	}
	if o.Rounding == 0 {
		o.Rounding = time.Minute
	}
	if o.Ledger == nil {
		o.Ledger = func(s note.Signer) (ledger.Ledger, error) { return ledger.NewMemory(s), nil }
	}
	if o.Limits.MinGroup == 0 {
		o.Limits.MinGroup = 1
	}
	if o.Limits.MaxVoters == 0 {
		o.Limits.MaxVoters = uint64(o.Voters)
	}
	if o.Limits.MaxWeight == 0 {
		for i := range o.Voters {
			o.Limits.MaxWeight += o.Weights[i%len(o.Weights)]
		}
		o.Limits.MaxWeight = max(o.Limits.MaxWeight, o.Limits.MaxVoters)
	}
}

func keys(n int) (list []ed25519.PrivateKey) {
	for range n {
		_, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			panic(err)
		}
		list = append(list, key)
	}
	return list
}

func signers(keys []ed25519.PrivateKey, quorum int) ballot.Signers {
	s := ballot.Signers{Quorum: quorum}
	for _, k := range keys {
		s.Keys = append(s.Keys, k.Public().(ed25519.PublicKey))
	}
	return s
}

func (e *Election) makeManifest(named ballot.Ledger) {
	o := &e.o
	var trustees []dkg.TrusteeKeys
	for i := range o.Trustees {
		name := fmt.Sprintf("Trustee %d", i+1)
		trustee := dkg.NewMemoryTrustee(o.Group)
		e.Trustees = append(e.Trustees, trustee)
		trustees = append(trustees, trustee.Keys(name))
	}
	e.Mixers = keys(o.Mixers)
	var mixers []ballot.Mixer
	for i, key := range e.Mixers {
		mixers = append(mixers, ballot.Mixer{Name: fmt.Sprintf("Mixer %d", i+1), Signing: key.Public().(ed25519.PublicKey)})
	}
	now := time.Now().Truncate(time.Second)
	eligibility, registrars := ballot.EligibilityRoll, 1
	if o.Tokens {
		eligibility, registrars = ballot.EligibilityTokens, o.Registrars
	}
	var err error
	e.Manifest, err = ballot.NewManifest(ballot.Manifest{
		Group:              o.Group,
		Title:              "Test",
		Ledger:             named,
		Authorities:        signers(e.Authorities, o.Quorum),
		Registrars:         signers(e.Registrars, registrars),
		Eligibility:        eligibility,
		Trustees:           trustees,
		Threshold:          o.Threshold,
		MinorityThreshold:  2*o.Threshold <= o.Trustees,
		EveryTrusteeNeeded: o.Threshold == o.Trustees && o.Trustees > 1,
		Mixers:             mixers,
		Mixes:              o.Mixes,
		SingleMixer:        o.Mixes == 1,
		Contests:           o.Contests,
		Styles:             o.BallotStyles,
		Limits:             o.Limits,
		Opens:              now.Add(-time.Second),
		Closes:             now, // so that it may be closed at any time
		Rounding:           o.Rounding,
	})
	require.NoError(e.t, err)
}

// makeVoters makes the voters, and the roll or the desks that know them.
func (e *Election) makeVoters() {
	o := &e.o
	if o.Tokens {
		for range o.Voters {
			e.Voters = append(e.Voters, &ballot.Voter{Key: ballot.NewVoterKey(o.Group)})
		}
		e.makeRegistrars()
		return
	}
	var lines []ballot.RollLine
	for i := range o.Voters {
		v := &ballot.Voter{Key: ballot.NewVoterKey(o.Group)}
		e.Voters = append(e.Voters, v)
		lines = append(lines, ballot.RollLine{
			Key: v.Key.Public(), Weight: o.Weights[i%len(o.Weights)], Style: o.Styles[i%len(o.Styles)],
		})
	}
	var err error
	e.Roll, err = ballot.NewRoll(e.Manifest, lines)
	require.NoError(e.t, err)
	for _, v := range e.Voters {
		v.Line, err = e.Roll.Find(v.Key.Public())
		require.NoError(e.t, err)
	}
}

// Signers returns as many authorities as must sign.
func (e *Election) Signers() []ed25519.PrivateKey { return e.Authorities[:e.o.Quorum] }

// Publish puts the manifest on the ledger.
func (e *Election) Publish() {
	require.NoError(e.t, ballot.Publish(e.t.Context(), e.Log, e.Manifest, e.Signers()))
}

// Posted returns the ledger as the trustees read it.
func (e *Election) Posted() (posted []dkg.Posted) {
	for _, en := range e.Entries() {
		posted = append(posted, dkg.Posted(en))
	}
	return posted
}

// Entries returns all entries of the ledger.
func (e *Election) Entries() (entries []ledger.Entry) {
	cp, err := e.Log.Checkpoint(e.t.Context())
	require.NoError(e.t, err)
	for en, err := range e.Log.Entries(e.t.Context(), 0, cp.Size) {
		require.NoError(e.t, err)
		entries = append(entries, en)
	}
	return entries
}

// Fork returns another ledger of the same name and key, in memory, with the
// given entries.
func (e *Election) Fork(entries ...[]byte) ledger.Ledger {
	log := ledger.NewMemory(e.Signer)
	for _, data := range entries {
		_, err := log.Append(e.t.Context(), data)
		require.NoError(e.t, err)
	}
	return log
}

// Append puts data on the ledger, whatever it is, and returns its index.
func (e *Election) Append(data []byte) uint64 {
	e.t.Helper()
	index, err := e.Log.Append(e.t.Context(), data)
	require.NoError(e.t, err)
	_, err = e.Log.Await(e.t.Context(), index+1)
	require.NoError(e.t, err)
	return index
}

// PostTrustees lets every trustee post what it has to say. It returns how many
// are done with the ceremony.
func (e *Election) PostTrustees() (done int) {
	posted := e.Posted()
	for _, t := range e.Trustees {
		message, isDone, err := t.Next(e.Manifest.Ceremony(), posted)
		require.NoError(e.t, err)
		if message != nil {
			e.Append(message)
		}
		if isDone {
			done++
		}
	}
	return done
}

// RunCeremony makes the election's keys.
func (e *Election) RunCeremony() {
	for phase := dkg.Committing; phase < dkg.Complete; phase++ {
		e.PostTrustees()
		require.NoError(e.t, ballot.EndRound(e.t.Context(), e.Log, e.Manifest, phase, e.Signers()))
	}
	require.Equal(e.t, len(e.Trustees), e.PostTrustees())
}

// PublishRoll puts the roll on the ledger. In an election by tokens it issues
// them instead: see Issue.
func (e *Election) PublishRoll() {
	if e.o.Tokens {
		e.Issue()
		return
	}
	require.NoError(e.t, ballot.PublishRoll(e.t.Context(), e.Log, e.Manifest, e.Roll, e.Registrars))
}

// Open opens the election and loads it.
func (e *Election) Open() {
	fp, err := ballot.Open(e.t.Context(), e.Log, e.Manifest, e.Signers())
	require.NoError(e.t, err)
	e.Election, err = ballot.Load(e.t.Context(), e.Log, fp)
	require.NoError(e.t, err)
}

// Box returns the election's ballot box.
func (e *Election) Box() *ballot.Box {
	if e.box == nil {
		var err error
		e.box, err = ballot.OpenBox(e.t.Context(), e.Election, e.Log)
		require.NoError(e.t, err)
	}
	return e.box
}

// Cast lets a voter, counted from 0, vote.
func (e *Election) Cast(voter int, votes ballot.Votes) ballot.Receipt {
	e.t.Helper()
	b, _, err := e.Encrypt(e.Voters[voter], votes)
	require.NoError(e.t, err)
	r, err := e.Box().Cast(e.t.Context(), b)
	require.NoError(e.t, err)
	return r
}

// Close closes the election.
func (e *Election) Close() {
	require.NoError(e.t, ballot.Close(e.t.Context(), e.Log, e.Fingerprint, e.Signers()))
}
