package ledger_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ledger"
)

func pacedSigner(t *testing.T) note.Signer {
	secret, _, err := note.GenerateKey(nil, "example.org/paced")
	require.NoError(t, err)
	signer, err := note.NewSigner(secret)
	require.NoError(t, err)
	return signer
}

func TestPacedPublishesAtMultiples(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(90 * time.Second) // the fake clock starts at a multiple
		signer := pacedSigner(t)
		log, err := ledger.Paced(t.Context(), ledger.NewMemory(signer), time.Hour)
		require.NoError(t, err)
		cp, err := log.Checkpoint(t.Context())
		require.NoError(t, err)
		require.Zero(t, cp.Size)
		for hour := range uint64(3) {
			for i := range byte(5) {
				index, err := log.Append(t.Context(), []byte{byte(hour), i, 'x'})
				require.NoError(t, err)
				require.Equal(t, 5*hour+uint64(i), index)
				time.Sleep(time.Minute)
			}
			cp, err := log.Checkpoint(t.Context())
			require.NoError(t, err)
			require.Equal(t, 5*hour, cp.Size, "what came since is not published")
			for _, err := range log.Entries(t.Context(), 5*hour, 5*hour+1) {
				require.ErrorIs(t, err, ledger.ErrIncomplete)
			}
			_, err = log.Inclusion(t.Context(), 5*hour, 5*hour+1)
			require.ErrorIs(t, err, ledger.ErrIncomplete)
			_, err = log.Consistency(t.Context(), 5*hour, 5*hour+1)
			require.ErrorIs(t, err, ledger.ErrIncomplete)

			cp, err = log.Await(t.Context(), 5*hour+1)
			require.NoError(t, err)
			require.Equal(t, 5*(hour+1), cp.Size)
			require.Zero(t, time.Now().Unix()%3600)
			for _, err := range log.Entries(t.Context(), 5*hour, cp.Size) {
				require.NoError(t, err)
			}
			time.Sleep(time.Second)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour/2)
		defer cancel()
		_, err = log.Await(ctx, 16)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		waiting := make(chan error)
		go func() { _, err := log.Await(t.Context(), 16); waiting <- err }()
		synctest.Wait()
		require.NoError(t, log.Close())
		require.ErrorIs(t, <-waiting, ledger.ErrClosed)
		_, err = log.Checkpoint(t.Context())
		require.ErrorIs(t, err, ledger.ErrClosed)
	})
}

func TestPacedEndsWithItsLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		signer := pacedSigner(t)
		inner := ledger.NewMemory(signer)
		log, err := ledger.Paced(t.Context(), inner, time.Minute)
		require.NoError(t, err)
		require.NoError(t, inner.Close())
		_, err = log.Await(t.Context(), 1)
		require.ErrorIs(t, err, ledger.ErrClosed)
		require.ErrorIs(t, log.Close(), ledger.ErrClosed)

		_, err = ledger.Paced(t.Context(), inner, time.Minute)
		require.ErrorIs(t, err, ledger.ErrClosed)
		_, err = ledger.Paced(t.Context(), inner, time.Second-1)
		require.ErrorIs(t, err, ledger.ErrRange)
	})
}
