//go:build linux

package boltledger_test

import (
	"encoding/binary"
	"hash/fnv"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

// TestP84HostileDirectory holds that a directory made to exhaust memory or to be
// waited for is an error that names the file. The first two would need more
// memory than there is, which ends the process.
func TestP84HostileDirectory(t *testing.T) {
	whole := makeLedger(t)
	pages := func(t *testing.T, m made) {
		b, err := os.ReadFile(m.path("ledger.db"))
		require.NoError(t, err)
		const header, pgid, checksum = 16, 40, 56
		for _, at := range []int{0, os.Getpagesize()} {
			meta := b[at+header:]
			binary.NativeEndian.PutUint64(meta[pgid:], 1<<50)
			h := fnv.New64a()
			h.Write(meta[:checksum])
			binary.NativeEndian.PutUint64(meta[checksum:], h.Sum64())
		}
		require.NoError(t, os.WriteFile(m.path("ledger.db"), b, 0o644))
	}
	huge := func(name string) func(*testing.T, made) {
		return func(t *testing.T, m made) {
			require.NoError(t, os.WriteFile(m.path(name), nil, 0o644))
			require.NoError(t, os.Truncate(m.path(name), 1<<42))
		}
	}
	pipe := func(name string) func(*testing.T, made) {
		return func(t *testing.T, m made) {
			_ = os.Remove(m.path(name))
			require.NoError(t, syscall.Mkfifo(m.path(name), 0o644))
		}
	}
	endless := func(t *testing.T, m made) {
		require.NoError(t, os.Remove(m.path("checkpoint")))
		require.NoError(t, os.Symlink("/dev/zero", m.path("checkpoint")))
	}
	for name, c := range map[string]struct {
		damage func(*testing.T, made)
		want   error
		file   string
	}{
		"more pages than any memory": {pages, nil, ""}, // none of them is there to be read
		"huge checkpoint":            {huge("checkpoint"), ledger.ErrChain, "checkpoint"},
		"huge cosigned":              {huge("cosigned"), ledger.ErrChain, "cosigned"},
		"pipe for a checkpoint":      {pipe("checkpoint"), ledger.ErrEncoding, "checkpoint"},
		"pipe for a cosigned":        {pipe("cosigned"), ledger.ErrEncoding, "cosigned"},
		"endless checkpoint":         {endless, ledger.ErrEncoding, "checkpoint"},
		"pipe for a large entry": {func(t *testing.T, m made) {
			path := m.large(t)
			require.NoError(t, os.Remove(path))
			require.NoError(t, syscall.Mkfifo(path, 0o644))
		}, ledger.ErrEncoding, "large/"},
	} {
		t.Run(name, func(t *testing.T) {
			m := whole.copy(t)
			c.damage(t, m)
			r, err := boltledger.OpenReadOnly(m.dir)
			if err == nil {
				_, err = entriesError(t.Context(), r, 0, m.cp.Size)
				require.NoError(t, r.Close())
			}
			require.ErrorIs(t, err, c.want)
			if c.want != nil {
				require.ErrorContains(t, err, c.file)
			}
		})
	}
}

// TestUnreachableDatabase holds that nothing is made beside a database that
// cannot be reached.
func TestUnreachableDatabase(t *testing.T) {
	signer, _ := newKey(t, origin)
	dir := t.TempDir()
	require.NoError(t, os.Symlink("ledger.db", dir+"/ledger.db"))
	_, err := boltledger.Open(dir, signer)
	require.ErrorIs(t, err, syscall.ELOOP)
	require.NoDirExists(t, dir+"/large")
}
