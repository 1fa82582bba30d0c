package boltledger_test

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

// What the operating system refuses, in ways that can be had without its help.
// The command bench/faults makes every system call fail.

// TestNoRoomForLarge holds that a large entry that cannot be written is not
// taken, and that others still are.
func TestNoRoomForLarge(t *testing.T) {
	m := makeLedger(t)
	log, err := boltledger.Open(m.dir, m.signer)
	require.NoError(t, err)
	defer log.Close()
	require.NoError(t, os.Rename(m.path("large"), m.path("away")))
	b := bytes.Repeat([]byte("other"), 40_000)
	_, err = log.Append(t.Context(), b)
	require.ErrorContains(t, err, "large")
	require.NotErrorIs(t, err, ledger.ErrChain)
	_, err = log.Append(t.Context(), []byte("small"))
	require.NoError(t, err)
	require.NoError(t, os.Rename(m.path("away"), m.path("large")))
	index, err := log.Append(t.Context(), b)
	require.NoError(t, err)
	require.Equal(t, m.cp.Size+1, index)
}

// TestNoCheckpoint holds that an entry whose checkpoint cannot be written is
// not acknowledged, nor anything after it, until the ledger is opened again.
func TestNoCheckpoint(t *testing.T) {
	m := makeLedger(t)
	log, err := boltledger.Open(m.dir, m.signer)
	require.NoError(t, err)
	require.NoError(t, os.Remove(m.path("checkpoint")))
	require.NoError(t, os.MkdirAll(m.path("checkpoint/in the way"), 0o755))
	for range 2 {
		_, err = log.Append(t.Context(), []byte("unknown"))
		require.ErrorContains(t, err, "checkpoint")
		require.NotErrorIs(t, err, ledger.ErrChain)
		_, err = log.Checkpoint(t.Context())
		require.ErrorContains(t, err, "checkpoint")
	}
	require.NoError(t, log.Close())
	_, err = boltledger.Open(m.dir, m.signer)
	require.ErrorContains(t, err, "checkpoint")

	require.NoError(t, os.RemoveAll(m.path("checkpoint")))
	require.NoError(t, os.WriteFile(m.path("checkpoint"), m.cp.Raw, 0o644))
	log, err = boltledger.Open(m.dir, m.signer)
	require.NoError(t, err)
	index, err := log.Append(t.Context(), []byte("unknown"))
	require.NoError(t, err)
	require.Equal(t, m.cp.Size, index)
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	require.Equal(t, m.cp.Size+1, cp.Size)
	require.NoError(t, log.Close())
}

// TestLeftovers holds that what cannot be cleared away is named.
func TestLeftovers(t *testing.T) {
	m := makeLedger(t)
	require.NoError(t, os.MkdirAll(m.path("large/1.tmp/in the way"), 0o755))
	_, err := boltledger.Open(m.dir, m.signer)
	require.ErrorContains(t, err, "1.tmp")
	require.NotErrorIs(t, err, ledger.ErrChain)
	require.NoError(t, m.readAll(t))
}
