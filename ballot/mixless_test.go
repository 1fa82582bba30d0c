package ballot_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
)

// TestMixOfNothing holds that a mix is listed as refused where nothing is
// mixed, and no part of what package tally reads.
func TestMixOfNothing(t *testing.T) {
	e := electiontest.New(t, nil)
	e.Close()
	env := entry.Envelope{Kind: entry.Mix, Election: entry.Hash(e.Fingerprint)}
	index := e.Append(env.Bytes())
	s, err := ballot.Replay(t.Context(), e.Election, e.Log, index+1, nil)
	require.NoError(t, err)
	require.Len(t, s.Refused(), 1)
	require.Equal(t, index, s.Refused()[0].Index)
	require.ErrorIs(t, s.Refused()[0].Err, reason.ErrRange)
}
