package tally

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/electiontest"
)

func TestFirst(t *testing.T) {
	e := electiontest.New(t, nil)
	for i := range 4 {
		e.Cast(i, ballot.Votes{"mayor": {"ada": 1}, "parks": {"lake": 2, "hill": 1}})
	}
	e.Close()
	ctx := t.Context()
	require.NoError(t, Pin(ctx, e.Election, e.Log, e.Signers()))
	for _, tr := range e.Trustees[:2] {
		require.NoError(t, Decrypt(ctx, e.Election, e.Log, tr))
	}
	r, err := Combine(ctx, e.Election, e.Log)
	require.NoError(t, err)
	t.Log(r.Text())
	require.NoError(t, Publish(ctx, e.Election, e.Log, r, e.Signers()))
	rep, err := Audit(ctx, e.Log, e.Fingerprint, nil)
	require.NoError(t, err)
	t.Log(rep.Text())
}
