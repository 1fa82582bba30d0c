package tally

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
)

// Registrars who conspire can sign for so many heavy credentials that nobody
// could find the total, which takes the square root of what it can be. Whoever
// combines or audits says so instead of searching for it.
func TestStuffedWeightIsNotSearchedFor(t *testing.T) {
	e := electiontest.New(t, &electiontest.Options{
		Group: elgamal.Ristretto255(), Tokens: true, Voters: 1, Weights: []uint64{1 << 38},
		Contests: electiontest.Contests()[:1],
		Limits:   ballot.Limits{MaxWeight: 1 << 39},
	})
	f := &fixture{Election: e}
	f.Cast(0, ballot.Votes{"mayor": {"ada": 1}})
	for range 2 {
		ghost := &ballot.Voter{Key: ballot.NewVoterKey(f.Group)}
		ghost.Permit = f.Stuff(ghost.Key, f.Class(0))
		f.Voters = append(f.Voters, ghost)
		f.Cast(len(f.Voters)-1, ballot.Votes{"mayor": {"grace": 1}})
	}
	f.close(t)
	ctx := t.Context()
	require.NoError(t, Pin(ctx, e.Election, f.Log, f.Signers()))
	for _, trustee := range f.Trustees {
		require.NoError(t, Decrypt(ctx, e.Election, f.Log, trustee))
	}
	_, err := Combine(ctx, e.Election, f.Log)
	require.ErrorIs(t, err, ErrRange)
	require.ErrorContains(t, err, "contest mayor: the ballots that count weigh 824633720832, all voters together at most 549755813888")
	require.ErrorIs(t, Publish(ctx, e.Election, f.Log, nil, f.Signers()), ErrRange)
	report, err := Audit(ctx, f.Log, f.Fingerprint, nil)
	require.NoError(t, err)
	require.Equal(t, Failed, report.Check(tokensUsed).Status)
	require.Equal(t, Failed, report.Check("result.decoded").Status)
	require.ErrorIs(t, report.Check("result.decoded").Findings[0].Err, ErrRange)
	require.False(t, report.Verified())
}
