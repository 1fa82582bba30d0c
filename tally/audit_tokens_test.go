package tally

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
)

// tokenElection runs an election of five voters and two registrars until it is
// open. Voter 4 gets no tokens.
func tokenElection(t *testing.T, g *elgamal.Group) *fixture {
	contests := mixedContests()
	e := electiontest.Prepare(t, &electiontest.Options{
		Group: g, Tokens: true, Voters: 5, Weights: []uint64{1}, Styles: []int{0, 0, 1}, Contests: contests, Mixers: 2,
		BallotStyles: []ballot.Style{
			{ID: "town", Name: "Town", Contests: []int{chair, mayor}},
			{ID: "guests", Name: "Guests", Contests: []int{mayor, motto}},
		},
	})
	e.Publish()
	e.RunCeremony()
	e.PublishIssuers()
	for voter := range 4 {
		e.Serve(voter)
	}
	e.EndIssuance()
	e.Open()
	return &fixture{Election: e}
}

// anyBallot returns a ballot with a proof that holds, whatever tokens the voter
// has: garbage in mixed contests, and the first option of others.
func (f *fixture) anyBallot(t *testing.T, v *ballot.Voter, number uint32) []byte {
	g := f.Group
	style, ok := f.Manifest.StyleIndex(v.Permit.Class.Style)
	require.True(t, ok)
	var points []kyber.Point
	for _, i := range f.Manifest.Styles[style].Contests {
		c := &f.Manifest.Contests[i]
		_, count := c.Columns()
		for column := range count {
			switch {
			case c.Mixed():
				points = append(points, g.Generator("garbage", column+1))
			case column == 0:
				points = append(points, g.Base())
			default:
				points = append(points, g.Point())
			}
		}
	}
	return f.Seal(v, number, points, g.RandomScalar())
}

// tokenVotes are those of the four voters who have tokens.
var tokenVotes = []ballot.Votes{
	{"chair": {"a": 1, "b": 2}, "mayor": {"a": 1}},
	{"chair": {"b": 1, "a": 2}, "mayor": {"b": 1}},
	{"mayor": {"b": 1}, "motto": {"onward": 1}},
	{"chair": {"c": 1}, "mayor": {"a": 1}},
}

func TestAuditOfTokens(t *testing.T) {
	for _, g := range groups {
		t.Run(g.Name(), func(t *testing.T) {
			f := tokenElection(t, g)
			f.Cast(0, tokenVotes[3]) // superseded
			for voter, votes := range tokenVotes {
				f.Cast(voter, votes)
			}
			// A stolen token, one that nobody gave, and one of each registrar for
			// another credential.
			thief := &ballot.Voter{Key: ballot.NewVoterKey(g), Permit: f.Voters[0].Permit}
			alone := f.Stuff(ballot.NewVoterKey(g), f.Class(0))
			for i, tokens := range [][][]byte{
				thief.Permit.Tokens,
				{make([]byte, 384), make([]byte, 384)},
				{f.Voters[1].Permit.Tokens[0], alone.Tokens[1]},
			} {
				v := &ballot.Voter{Key: thief.Key, Permit: ballot.Permit{Class: f.Class(0), Tokens: tokens}}
				f.Append(f.anyBallot(t, v, uint32(i+1)))
			}
			f.close(t)
			f.finish(t)
			report := f.audit(t, f.entries)
			requireReport(t, report, nil, nil)
			require.EqualValues(t, 4, report.Result.Ballots)
			require.EqualValues(t, 4, report.Result.Voters)
			require.EqualValues(t, 3, report.Result.Refused)
			require.Nil(t, report.Check("roll.form"))
			require.Nil(t, report.Check("roll.signed"))
			require.Equal(t, "2 registrars, 2 classes", report.Check(issuance).Summary)
			require.Equal(t, "town of weight 1: 3 used, 3+3 issued, 4+4 eligible; guests of weight 1: 1 used, 1+1 issued, 1+1 eligible",
				report.Check(tokensUsed).Summary)
			require.Len(t, report.Check("ballot.eligible").Findings, 3)
			require.Nil(t, honest(t, g).audit(t, honest(t, g).entries).Check(tokensUsed))

			f.attackIssuance(t)
		})
	}
}

// attackIssuance changes what the registrars have said after the authorities
// have opened with it.
func (f *fixture) attackIssuance(t *testing.T) {
	resigned := func(kind entry.Kind, registrar int, change func([]byte)) [][]byte {
		at := f.at(t, kind, registrar)
		env := parse(t, f.entries[at])
		change(env.Body)
		env.Signatures = nil
		env.Sign(f.Registrars[registrar])
		return replace(f.entries, at, env.Bytes())
	}
	notRun := append(from("phase.open"), "keys.certified", tokensUsed, mixInput, mixChain, mixShuffle, mixQuorum, counted)
	for _, a := range []struct {
		name    string
		entries [][]byte
		reason  error
	}{
		{"no keys of a registrar", replace(f.entries, f.at(t, entry.Issuer, 1), []byte("junk")), ErrState},
		{"no numbers of a registrar", replace(f.entries, f.at(t, entry.Issued, 0), []byte("junk")), ErrState},
		{"one token less", resigned(entry.Issued, 1, func(b []byte) { b[4+4+8+8+7]-- }), ErrChain},
		{"one more who is eligible", resigned(entry.Issued, 0, func(b []byte) { b[4+4+8+7]++ }), ErrChain},
		{"another issuance log", resigned(entry.Issued, 0, func(b []byte) { b[len(b)-1]++ }), ErrChain},
		{"the key of another election", resigned(entry.Issuer, 1, func(b []byte) { b[len(b)-1]++ }), ErrState},
		{"keys that another registrar signed", func() [][]byte {
			at := f.at(t, entry.Issuer, 1)
			env := parse(t, f.entries[at])
			env.Signatures = nil
			env.Sign(f.Registrars[0])
			return replace(f.entries, at, env.Bytes())
		}(), ErrState},
	} {
		t.Run(a.name, func(t *testing.T) {
			report := f.audit(t, a.entries)
			requireReport(t, report, []string{issuance}, notRun)
			require.ErrorIs(t, report.Check(issuance).Findings[0].Err, a.reason)
		})
	}
}

// Registrars who conspire, and give tokens to nobody who was there, are found
// out as soon as more of them are used than they have said. One who does so
// alone gains nothing.
func TestAuditFindsStuffing(t *testing.T) {
	f := tokenElection(t, elgamal.Ristretto255())
	for voter, votes := range tokenVotes {
		f.Cast(voter, votes)
	}
	ghost := &ballot.Voter{Key: ballot.NewVoterKey(f.Group)}
	ghost.Permit = f.Stuff(ghost.Key, f.Class(0))
	f.Voters = append(f.Voters, ghost)
	f.Cast(len(f.Voters)-1, tokenVotes[0])
	f.close(t)
	f.finish(t)
	report := f.audit(t, f.entries)
	requireReport(t, report, []string{tokensUsed}, nil)
	findings := report.Check(tokensUsed).Findings
	require.Len(t, findings, 2, "both registrars")
	require.ErrorIs(t, findings[0].Err, ballot.ErrEligibility)
	require.ErrorContains(t, findings[0].Err, "style town, weight 1: 4 tokens of registrar 1 used, 3 issued")
	require.Contains(t, report.Check(tokensUsed).Summary, "town of weight 1: 4 used, 3+3 issued, 4+4 eligible")
}

// In an election by roll nobody issues tokens, and in one by tokens there is no
// roll: such entries are listed and change nothing.
func TestAuditListsTheOtherEligibility(t *testing.T) {
	byRoll, tokens := honest(t, elgamal.Ristretto255()), tokenElection(t, elgamal.Ristretto255())
	for _, c := range []struct {
		name  string
		f     *fixture
		kind  entry.Kind
		check string
	}{
		{"issuer", byRoll, entry.Issuer, "roll.form"},
		{"roll", tokens, entry.Roll, issuance},
	} {
		t.Run(c.name, func(t *testing.T) {
			entries := c.f.entries
			if entries == nil {
				for _, en := range c.f.Entries() {
					entries = append(entries, en.Data)
				}
			}
			env := entry.Envelope{Kind: c.kind, Election: c.f.Manifest.ID(), Body: []byte("anything")}
			env.Sign(c.f.Registrars[0])
			c.f.entries = entries
			at := c.f.at(t, entry.Open, 0) - 1 // in the place of something that decides nothing
			entries = insert(entries, at+1, env.Bytes())
			report := c.f.audit(t, entries)
			check := report.Check(c.check)
			require.Equal(t, Passed, check.Status, report.Text())
			require.Len(t, check.Findings, 1)
			require.True(t, check.Findings[0].Refused)
			require.ErrorIs(t, check.Findings[0].Err, ErrState)
		})
	}
}
