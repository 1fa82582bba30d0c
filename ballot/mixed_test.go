package ballot_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
)

// mixedContests are a ranking and a write-in.
func mixedContests() []ballot.Contest {
	return []ballot.Contest{
		{ID: "chair", Name: "Chair", Kind: "mixed-ranking", CountBy: "instant-runoff", Plaintexts: ballot.PlaintextsPublic, Options: []ballot.Option{
			{ID: "ada", Name: "Ada"}, {ID: "grace", Name: "Grace"}, {ID: "emmy", Name: "Emmy"},
		}},
		{ID: "name", Name: "Name of the ship", Kind: "write-in", Max: 40, Blank: true, Plaintexts: ballot.PlaintextsPublic, Options: []ballot.Option{
			{ID: "hope", Name: "Hope"},
		}},
	}
}

func TestEncryptMixed(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		for name, contests := range map[string][]ballot.Contest{
			"alone":  mixedContests(),
			"beside": append(electiontest.Contests(), mixedContests()...),
			"before": append(mixedContests(), electiontest.Contests()...),
		} {
			w := open(t, electiontest.New(t, &electiontest.Options{Group: g, Contests: contests}))
			b := w.vote(0, ballot.Votes{"chair": {"emmy": 1, "ada": 2}, "name": {"Ferry McFerryface": 1}})
			require.NoError(t, w.VerifyBallot(b), name)
			w.accept(b.Bytes())
		}
	})
}
