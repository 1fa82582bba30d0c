package tally

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
)

// withCeremony runs an election whose third trustee posts something of its own
// in a phase of the key ceremony: instead of its message, or after it.
func withCeremony(t *testing.T, phase dkg.Phase, kind entry.Kind, after bool) *fixture {
	ctx := t.Context()
	e := electiontest.Prepare(t, nil)
	e.Publish()
	out := false
	for p := dkg.Committing; p < dkg.Complete; p++ {
		posted := e.Posted()
		for i, trustee := range e.Trustees {
			cheats := p == phase && i == 2
			if out && i == 2 {
				continue
			}
			if !cheats || after {
				m, _, err := trustee.Next(e.Manifest.Ceremony(), posted)
				require.NoError(t, err)
				e.Append(m)
			}
			if cheats {
				env := entry.Envelope{Kind: kind, Election: entry.Hash(e.Manifest.ID()), Body: []byte("cheating")}
				trustee.Sign(&env)
				e.Append(env.Bytes())
				out = !after
			}
		}
		require.NoError(t, ballot.EndRound(ctx, e.Log, e.Manifest, p, e.Signers()))
	}
	for _, trustee := range e.Trustees[:2] {
		_, done, err := trustee.Next(e.Manifest.Ceremony(), e.Posted())
		require.NoError(t, err)
		require.True(t, done)
	}
	e.PublishRoll()
	e.Open()
	f := &fixture{Election: e}
	for i := range e.Voters {
		e.Cast(i, ballot.Votes{"mayor": {"ada": 1}, "parks": {"lake": 3}})
	}
	f.close(t)
	require.NoError(t, Pin(ctx, e.Election, e.Log, e.Signers()))
	for _, trustee := range e.Trustees[:2] {
		require.NoError(t, Decrypt(ctx, e.Election, e.Log, trustee))
	}
	r, err := Combine(ctx, e.Election, e.Log)
	require.NoError(t, err)
	require.EqualValues(t, 4, r.Contests[0].Totals[0].Total)
	require.NoError(t, Publish(ctx, e.Election, e.Log, r, e.Signers()))
	return f
}

// A trustee who was put out of the ceremony is named, and fails nothing: the
// others have made the key without it.
func TestAuditNamesCulpritsOfTheCeremony(t *testing.T) {
	f := withCeremony(t, dkg.Dealing, entry.Deal, false)
	report, err := Audit(t.Context(), f.Log, f.Fingerprint, nil)
	require.NoError(t, err)
	requireReport(t, report, nil, nil)
	c := report.Check("keys.ceremony")
	require.Len(t, c.Findings, 1)
	require.ErrorContains(t, c.Findings[0].Err, `trustee 3 "Trustee 3": deal`)
	require.False(t, c.Findings[0].Refused)
	require.Equal(t, entry.Deal, parse(t, f.Entries()[*c.Findings[0].Entry].Data).Kind)
	require.Equal(t, "2 of 3 dealt", c.Summary)
}

// A trustee who signs two messages of one phase is named with both; the first
// counts, and no audit fails for the second.
func TestAuditNamesTrusteesWhoSignTwice(t *testing.T) {
	f := withCeremony(t, dkg.Certifying, entry.Certify, true)
	report, err := Audit(t.Context(), f.Log, f.Fingerprint, nil)
	require.NoError(t, err)
	requireReport(t, report, nil, nil)
	findings := report.Check("keys.ceremony").Findings
	require.Len(t, findings, 1, "said once")
	require.ErrorIs(t, findings[0].Err, ErrFork)
	require.Equal(t, entry.Certify, parse(t, f.Entries()[*findings[0].Entry].Data).Kind)
}

// What changed nothing in the ceremony is listed.
func TestAuditListsWhatTheCeremonyIgnored(t *testing.T) {
	f := withCeremony(t, dkg.Committing, entry.Deal, true)
	report, err := Audit(t.Context(), f.Log, f.Fingerprint, nil)
	require.NoError(t, err)
	requireReport(t, report, nil, nil)
	c := report.Check("keys.ceremony")
	require.Len(t, c.Findings, 1)
	require.True(t, c.Findings[0].Refused)
	require.ErrorIs(t, c.Findings[0].Err, ErrState)
}
