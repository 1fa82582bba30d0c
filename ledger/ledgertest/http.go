package ledgertest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ledger"
)

// conformHTTP serves a ledger and reads everything back: with OpenHTTP, and
// tile by tile as package tlog makes them.
func conformHTTP(t *testing.T, log ledger.Ledger, policy ledger.Policy) {
	server := httptest.NewServer(ledger.Handler(log))
	defer server.Close()
	remote, err := ledger.OpenHTTP(server.URL, policy, nil)
	require.NoError(t, err)
	_, err = remote.Checkpoint(t.Context())
	require.ErrorIs(t, err, ledger.ErrIncomplete, "an empty ledger")

	large := bytes.Repeat([]byte("large"), 50_000)
	for n, size := range []uint64{1, 2, 255, 256, 257, 513, 600} {
		fill(t, log, int(size)-1)
		_, err := log.Append(t.Context(), large)
		require.NoError(t, err)
		cp, err := remote.Await(t.Context(), size)
		require.NoError(t, err)
		require.Equal(t, size, cp.Size)
		want := collect(t, log, 0, size)
		require.Equal(t, want, collect(t, remote, 0, size))
		if n > 1 {
			require.Equal(t, want[size/2:size-1], collect(t, remote, size/2, size-1))
		}
		checkTiles(t, server.URL, want)
	}
	for old := uint64(1); old <= 600; old += 33 {
		want, err := log.Consistency(t.Context(), old, 599)
		require.NoError(t, err)
		got, err := remote.Consistency(t.Context(), old, 599)
		require.NoError(t, err)
		require.Equal(t, want, got)
		receipt, err := ledger.Prove(t.Context(), remote, old-1)
		require.NoError(t, err)
		_, err = ledger.VerifyProof(policy, collect(t, log, old-1, old)[0], receipt)
		require.NoError(t, err)
	}
	if r, ok := log.(ledger.HashReader); ok {
		conformHashes(t, log, r)
		checkTiles(t, httptestServe(t, struct{ ledger.Reader }{log}), collect(t, log, 0, 600)) // by proofs
	}
	again, err := ledger.OpenHTTP(server.URL, policy, nil)
	require.NoError(t, err)
	served, err := ledger.OpenHTTP(httptestServe(t, again), policy, nil)
	require.NoError(t, err)
	require.Equal(t, collect(t, log, 100, 400), collect(t, served, 100, 400), "a reader of a reader")
}

// conformHashes is for a ledger of 600 entries.
func conformHashes(t *testing.T, log ledger.Ledger, r ledger.HashReader) {
	leaf, err := r.Hashes(t.Context(), 0, 17, 18)
	require.NoError(t, err)
	require.Equal(t, []tlog.Hash{ledger.LeafHash(collect(t, log, 17, 18)[0])}, leaf)
	pair, err := r.Hashes(t.Context(), 1, 298, 300)
	require.NoError(t, err)
	quad, err := r.Hashes(t.Context(), 2, 149, 150)
	require.NoError(t, err)
	require.Equal(t, []tlog.Hash{tlog.NodeHash(pair[0], pair[1])}, quad)
	none, err := r.Hashes(t.Context(), 9, 1, 1)
	require.NoError(t, err)
	require.Empty(t, none)
	for _, c := range []struct {
		level      int
		begin, end uint64
		want       error
	}{
		{-1, 0, 1, ledger.ErrRange}, {64, 0, 0, ledger.ErrRange}, {0, 2, 1, ledger.ErrRange}, {0, 1 << 63, 1, ledger.ErrRange},
		{0, 600, 601, ledger.ErrIncomplete}, {0, 0, 1 << 63, ledger.ErrIncomplete}, {3, 74, 76, ledger.ErrIncomplete},
		{10, 0, 1, ledger.ErrIncomplete}, {60, 0, 1, ledger.ErrIncomplete},
	} {
		_, err := r.Hashes(t.Context(), c.level, c.begin, c.end)
		require.ErrorIs(t, err, c.want, c)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = r.Hashes(ctx, 0, 0, 1)
	require.ErrorIs(t, err, context.Canceled)
}

func httptestServe(t testing.TB, r ledger.Reader) string {
	server := httptest.NewServer(ledger.Handler(r))
	t.Cleanup(server.Close)
	return server.URL
}

// checkTiles compares every tile that a log of these entries has with what is
// served.
func checkTiles(t testing.TB, base string, entries [][]byte) {
	var stored []tlog.Hash
	hashes := tlog.HashReaderFunc(func(at []int64) (out []tlog.Hash, _ error) {
		for _, i := range at {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for i, e := range entries {
		more, err := tlog.StoredHashes(int64(i), ledger.Leaf(e), hashes)
		require.NoError(t, err)
		stored = append(stored, more...)
	}
	for _, tile := range tlog.NewTiles(8, 0, int64(len(entries))) {
		want, err := tlog.ReadTileData(tile, hashes)
		require.NoError(t, err)
		require.Equal(t, want, fetch(t, base, strings.Replace(tile.Path(), "tile/8/", "/tile/", 1)), tile.Path())
		if tile.L > 0 {
			continue
		}
		var bundle []byte
		for i := range tile.W {
			leaf := ledger.Leaf(entries[int(tile.N)*256+i])
			bundle = append(bundle, byte(len(leaf)>>8), byte(len(leaf)))
			bundle = append(bundle, leaf...)
		}
		require.Equal(t, bundle, fetch(t, base, strings.Replace(tile.Path(), "tile/8/0/", "/tile/entries/", 1)), tile.Path())
	}
}

func fetch(t testing.TB, base, path string) []byte {
	resp, err := http.Get(base + path)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode, path)
	b, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return b
}
