package ledger_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ledger"
)

// turning is a witness that has seen another ledger from some time on.
type turning struct {
	key   *ledger.CosigningKey
	other bool
}

func (c *turning) Cosign(_ context.Context, _ uint64, _ tlog.TreeProof, raw []byte) ([]byte, error) {
	cp, err := ledger.ParseCheckpoint(raw)
	if err != nil {
		return nil, err
	}
	if c.other {
		return nil, &ledger.ConflictError{Size: cp.Size + 1}
	}
	return c.key.Cosign(cp, time.Now().Unix())
}

// Whoever waits for the next checkpoint learns that there will be none, with
// the reason, also where a slow ledger stands before the one that knows.
func TestPacedSaysWhyNothingIsPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		secret, public, err := note.GenerateKey(nil, "example.org/paced")
		require.NoError(t, err)
		signer, err := note.NewSigner(secret)
		require.NoError(t, err)
		key, err := ledger.NewCosigningKey(ledger.CosignEd25519, "example.org/witness")
		require.NoError(t, err)
		witness := &turning{key: key}
		inner, err := ledger.Witnessed(t.Context(), ledger.NewMemory(signer),
			ledger.Policy{Origin: "example.org/paced", Key: public, Witnesses: []string{key.Public()}, Quorum: 1}, []ledger.Cosigner{witness}, nil)
		require.NoError(t, err)
		log, err := ledger.Paced(t.Context(), inner, time.Minute)
		require.NoError(t, err)
		defer log.Close()
		add := func(data string) error {
			index, err := log.Append(t.Context(), []byte(data))
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			_, err = log.Await(ctx, index+1)
			return err
		}
		require.NoError(t, add("one"))
		witness.other = true
		require.ErrorIs(t, add("two"), ledger.ErrChain)
		cp, err := log.Checkpoint(t.Context())
		require.NoError(t, err, "what was published stays")
		require.EqualValues(t, 1, cp.Size)
	})
}
