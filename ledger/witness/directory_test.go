package witness

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

// What readers of a directory are shown must be of the ledger in it.
func TestCosignedFile(t *testing.T) {
	signer, logKey := newSigner(t, origin)
	elsewhere, _ := newSigner(t, "example.org/elsewhere")
	policy := policyOf(logKey, 0, newKeys(t, 1)...)
	dir := t.TempDir()
	log, err := boltledger.OpenWitnessed(t.Context(), dir, signer, policy, nil)
	require.NoError(t, err)
	add(t, log, 0, 4, "shared")
	add(t, log, 4, 6, "mine")
	await(t, log, policy, 6)
	require.NoError(t, log.Close())
	mine, yours := newHistory(t, signer, "mine", 4, 9), newHistory(t, signer, "yours", 4, 9)
	other := *mine
	other.signer = elsewhere
	path := filepath.Join(dir, "cosigned")
	for name, c := range map[string]struct {
		note []byte
		want error
	}{
		"newest":         {mine.at(6), nil},
		"a prefix":       {mine.at(5), nil},
		"larger":         {mine.at(7), reason.ErrChain},
		"another root":   {yours.at(6), reason.ErrChain},
		"no prefix":      {yours.at(5), reason.ErrChain},
		"another ledger": {other.at(5), reason.ErrChain},
		"no note":        {[]byte("junk"), reason.ErrChain},
	} {
		require.NoError(t, os.WriteFile(path, c.note, 0o644))
		r, err := boltledger.OpenReadOnly(dir)
		require.ErrorIs(t, err, c.want, name)
		if err == nil {
			cp := await(t, r, policy, 0)
			require.Equal(t, c.note, cp.Raw, name)
			require.NoError(t, r.Close())
			continue
		}
		require.ErrorContains(t, err, path, name)
		w, err := boltledger.OpenWitnessed(t.Context(), dir, signer, policy, nil)
		require.Error(t, err, name)
		require.Nil(t, w)
	}
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Mkdir(path, 0o755))
	_, err = boltledger.OpenReadOnly(dir)
	require.Error(t, err)
	_, err = boltledger.OpenWitnessed(t.Context(), dir, signer, policy, nil)
	require.Error(t, err)
	require.NoError(t, os.Remove(path))
	_, err = boltledger.OpenWitnessed(t.Context(), dir, elsewhere, policy, nil)
	require.ErrorIs(t, err, reason.ErrSignature)
}

// A ledger that ends below its witnesses ends for who waits, too.
func TestLogEnds(t *testing.T) {
	signer, logKey := newSigner(t, origin)
	log := ledger.NewMemory(signer)
	w, err := ledger.Witnessed(t.Context(), log, policyOf(logKey, 0, newKeys(t, 1)...), nil, nil)
	require.NoError(t, err)
	require.NoError(t, log.Close())
	_, err = w.Await(t.Context(), 1)
	require.ErrorIs(t, err, ledger.ErrClosed)
	require.ErrorIs(t, w.Close(), ledger.ErrClosed)
}
