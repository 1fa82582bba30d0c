package ledger_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ledger"
)

// stuck is a ledger that will not publish more than one entry, and knows it.
type stuck struct{ ledger.Ledger }

func (s stuck) Await(ctx context.Context, size uint64) (ledger.Checkpoint, error) {
	if size > 1 {
		return ledger.Checkpoint{}, fmt.Errorf("somebody has seen another one: %w", ledger.ErrFork)
	}
	return s.Ledger.Await(ctx, size)
}

// Whoever waits for the next checkpoint learns that there will be none, with
// the reason.
func TestPacedSaysWhyNothingIsPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, err := ledger.Paced(t.Context(), stuck{ledger.NewMemory(pacedSigner(t))}, time.Minute)
		require.NoError(t, err)
		defer log.Close()
		await := func(size uint64) error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			_, err = log.Await(ctx, size)
			return err
		}
		_, err = log.Append(t.Context(), []byte("an entry"))
		require.NoError(t, err)
		require.NoError(t, await(1))
		require.ErrorIs(t, await(2), ledger.ErrFork)
		require.NoError(t, await(1), "what was published stays")
	})
}

// clocked is a witness that cosigns everything.
type clocked struct{ key *ledger.CosigningKey }

func (c clocked) Cosign(_ context.Context, _ uint64, _ tlog.TreeProof, raw []byte) ([]byte, error) {
	cp, err := ledger.ParseCheckpoint(raw)
	if err != nil {
		return nil, err
	}
	return c.key.Cosign(cp, time.Now().Unix())
}

// A cosignature has a time, to the second, and must not be that of an entry.
func TestPacedHoldsWitnessesBackToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		secret, public, err := note.GenerateKey(nil, "example.org/paced")
		require.NoError(t, err)
		signer, err := note.NewSigner(secret)
		require.NoError(t, err)
		key, err := ledger.NewCosigningKey(ledger.CosignEd25519, "example.org/witness")
		require.NoError(t, err)
		policy := ledger.Policy{Origin: "example.org/paced", Key: public, Witnesses: []string{key.Public()}, Quorum: 1}
		witnessed := func(log ledger.Ledger) ledger.Ledger {
			w, err := ledger.Witnessed(t.Context(), log, policy, []ledger.Cosigner{clocked{key}}, nil)
			require.NoError(t, err)
			return w
		}
		wrong := witnessed(ledger.NewMemory(signer))
		defer wrong.Close()
		_, err = ledger.Paced(t.Context(), wrong, time.Hour)
		require.ErrorIs(t, err, ledger.ErrShape)

		paced, err := ledger.Paced(t.Context(), ledger.NewMemory(signer), time.Hour)
		require.NoError(t, err)
		log := witnessed(paced)
		defer log.Close()
		time.Sleep(17*time.Minute + 23*time.Second)
		index, err := log.Append(t.Context(), []byte("a ballot"))
		require.NoError(t, err)
		published, err := log.Await(t.Context(), index+1)
		require.NoError(t, err)
		checked, err := policy.Check(published.Raw)
		require.NoError(t, err)
		require.Len(t, checked.Cosigned, 1)
		require.Zero(t, checked.Cosigned[0].Time%3600)
	})
}
