package tally

import (
	"testing"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
)

// Tokens are verified with the proofs, and so not again by who goes on from a
// saved state; those that did not hold are not believed then either.
func TestFollowTokens(t *testing.T) {
	f := tokenElection(t, elgamal.Ristretto255())
	for voter, votes := range tokenVotes {
		f.Cast(voter, votes)
	}
	thief := &ballot.Voter{Key: ballot.NewVoterKey(f.Group), Permit: f.Voters[0].Permit}
	f.Append(f.anyBallot(t, thief, 1))
	f.close(t)
	f.finish(t)
	requireFollows(t, f, f.at(t, entry.Issuer, 1), f.at(t, entry.Issued, 1))
}
