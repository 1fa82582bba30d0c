package ledgertest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/witness"
)

// conformRollback is the operator who restores an old backup and goes on with
// other votes: the witness cosigns nothing of it, nothing of it is published,
// and whoever has seen both has the evidence.
func conformRollback(t *testing.T, open Opener) {
	signer, policy := newKey(t)
	key, err := ledger.NewCosigningKey(ledger.CosignEd25519, "example.org/witness")
	require.NoError(t, err)
	observer, err := witness.Open(t.TempDir(), []*ledger.CosigningKey{key}, []string{policy.Key})
	require.NoError(t, err)
	defer observer.Close()
	policy.Witnesses, policy.Quorum = []string{key.Public()}, 1

	// run appends five entries and then others up to a size, and returns what
	// is published of that with the witness, and what the ledger has signed.
	run := func(name string, size int) (published, signed ledger.Checkpoint, err error) {
		log, err := open(t.TempDir(), signer)
		require.NoError(t, err)
		for i := range size {
			b := data(i)
			if i >= 5 {
				b = fmt.Appendf(nil, "%s %d", name, i)
			}
			index, err := log.Append(t.Context(), b)
			require.NoError(t, err)
			require.EqualValues(t, i, index)
		}
		signed, err = log.Checkpoint(t.Context())
		require.NoError(t, err)
		shown, err := ledger.Witnessed(t.Context(), log, policy, []ledger.Cosigner{observer}, nil)
		require.NoError(t, err)
		published, err = shown.Await(t.Context(), uint64(size))
		require.NoError(t, shown.Close())
		return published, signed, err
	}
	before, _, err := run("mine", 5)
	require.NoError(t, err)
	require.Len(t, before.Cosigned, 1)
	honest, _, err := run("mine", 9)
	require.NoError(t, err)
	require.EqualValues(t, 9, honest.Size)
	for size, want := range map[int]error{5: ledger.ErrChain, 6: ledger.ErrChain, 9: ledger.ErrFork, 12: ledger.ErrChain} {
		_, forged, err := run("yours", size)
		require.ErrorIs(t, err, want, "size %d", size)
		_, err = policy.Check(forged.Raw)
		require.ErrorIs(t, err, ledger.ErrQuorum)
		if size == 9 {
			var fork *ledger.ForkError
			require.ErrorAs(t, honest.CheckConsistency(forged, nil), &fork)
			require.NoError(t, fork.Check(policy), "both signatures verify")
		}
	}
	more, _, err := run("mine", 12) // and the witness has not lost its way
	require.NoError(t, err)
	require.EqualValues(t, 12, more.Size)
}
