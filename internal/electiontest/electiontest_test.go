package electiontest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
)

func TestElectionByTokens(t *testing.T) {
	for _, g := range []*elgamal.Group{elgamal.Ristretto255(), elgamal.P256()} {
		t.Run(g.Name(), func(t *testing.T) {
			e := New(t, &Options{Group: g, Tokens: true, Weights: []uint64{1, 2}})
			for i := range e.Voters {
				e.Cast(i, ballot.Votes{"mayor": {"ada": 1}, "parks": {"lake": 2, "hill": 1}})
			}
			e.Cast(1, nil)
			e.Close()
			s, err := ballot.Replay(t.Context(), e.Election, e.Log, uint64(len(e.Entries())), nil)
			require.NoError(t, err)
			require.Empty(t, s.Refused())
			weight := uint64(0)
			for c := range s.Counted() {
				weight += c.Weight
			}
			require.EqualValues(t, 1+2+1+2, weight)
		})
	}
}

func TestElection(t *testing.T) {
	for _, g := range []*elgamal.Group{elgamal.Ristretto255(), elgamal.P256()} {
		t.Run(g.Name(), func(t *testing.T) {
			e := New(t, &Options{Group: g, Weights: []uint64{1, 2}})
			r := e.Cast(0, ballot.Votes{"mayor": {"ada": 1}, "parks": {"lake": 2, "hill": 1}})
			require.EqualValues(t, e.Opening.Index+1, r.Index)
			e.Cast(1, nil)
			e.Close()
			s, err := ballot.Replay(t.Context(), e.Election, e.Log, uint64(len(e.Entries())), nil)
			require.NoError(t, err)
			require.Empty(t, s.Refused())
			n := 0
			for range s.Counted() {
				n++
			}
			require.Equal(t, 2, n)
		})
	}
}
