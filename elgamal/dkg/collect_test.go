package dkg

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/internal/entry"
)

// However many messages a trustee signs, two of each phase are kept, in the
// order of the ledger.
func TestCollector(t *testing.T) {
	w := newWorld(t, groups[0], 3, 2, 1)
	k := w.c.NewCollector()
	add := func(data []byte) error { return k.Add(Posted{Index: uint64(len(k.Posted())), Data: data}) }
	round := func(p Phase) []byte { return NewRound(w.c, p, 0, w.authorities[:2]...) }
	commit := func(j int, body string) []byte { return w.signed(j, entry.Commit, []byte(body)) }

	require.ErrorIs(t, add(w.signed(1, entry.Deal, nil)), ErrState, "early")
	require.ErrorIs(t, add(round(Dealing)), ErrState, "early")
	require.NoError(t, add(commit(1, "a")))
	require.ErrorIs(t, add(commit(1, "a")), ErrDuplicate)
	require.NoError(t, add(commit(1, "b")))
	for i := range 100 {
		require.ErrorIs(t, add(commit(1, "c"+string(rune(i)))), ErrDuplicate)
	}
	require.ErrorIs(t, add(commit(1, "b")), ErrDuplicate)
	require.NoError(t, add(commit(2, "a")), "another trustee's")
	require.NoError(t, add(round(Committing)))
	require.ErrorIs(t, add(round(Committing)), ErrState, "ended")
	require.ErrorIs(t, add(commit(3, "a")), ErrState, "late")
	require.NoError(t, add(commit(2, "b")), "a fork, whenever it is signed")
	require.NoError(t, add(w.signed(1, entry.Deal, nil)))

	unsigned := entry.Envelope{Kind: entry.Deal, Election: w.c.ID}
	require.ErrorIs(t, add(unsigned.Bytes()), ErrSignature)
	unsigned.Kind = entry.Round
	require.ErrorIs(t, add(unsigned.Bytes()), ErrQuorum)
	unsigned.Kind = entry.Ballot
	require.ErrorIs(t, add(unsigned.Bytes()), ErrEncoding)
	unsigned.Election[0] ^= 1
	require.ErrorIs(t, add(unsigned.Bytes()), ErrBinding)
	require.Error(t, add(nil))

	var kinds []entry.Kind
	for i, p := range k.Posted() {
		e, err := entry.Parse(p.Data)
		require.NoError(t, err)
		require.EqualValues(t, i, p.Index)
		kinds = append(kinds, e.Kind)
	}
	require.Equal(t, []entry.Kind{entry.Commit, entry.Commit, entry.Commit, entry.Round, entry.Commit, entry.Deal}, kinds)
}
