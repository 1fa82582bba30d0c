package ballot_test

import (
	"crypto/rand"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/ledger"
)

// A voter cannot fill a ledger that publishes slowly with ballots of one number,
// none of which the counting rule knows yet, nor any ledger with spoils of
// trackers that are nobody's.
func TestBoxBoundsWhatOneVoterSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := byTokens(nil) // three ballots a credential
		o.Ledger = func(s note.Signer) (ledger.Ledger, error) {
			return ledger.Paced(t.Context(), ledger.NewMemory(s), time.Minute)
		}
		e, ctx := electiontest.New(t, o), t.Context()
		defer e.Log.Close()
		box, flooder := e.Box(), e.Voters[0]
		ballotOf := func() []byte {
			again := *flooder // the device forgets its number
			b, _, err := e.Encrypt(&again, nil)
			require.NoError(t, err)
			return b.Bytes()
		}
		spoilOf := func() []byte {
			var tracker ballot.Tracker
			rand.Read(tracker[:])
			s, err := e.NewSpoil(flooder, tracker)
			require.NoError(t, err)
			return s.Bytes()
		}
		submit := func(data []byte) error { _, err := box.Submit(ctx, data); return err }

		// What is not published yet: the rule would take each by itself.
		first := ballotOf()
		require.NoError(t, submit(first))
		require.NoError(t, submit(ballotOf()))
		spoil := spoilOf()
		require.NoError(t, submit(spoil))
		for range 3 {
			require.ErrorIs(t, submit(ballotOf()), ballot.ErrLimit)
			require.ErrorIs(t, submit(spoilOf()), ballot.ErrLimit)
		}
		require.NoError(t, submit(first), "a retry")
		require.Equal(t, 6, ballot.Remembered(box))
		other, _, err := e.Encrypt(e.Voters[1], nil)
		require.NoError(t, err)
		require.NoError(t, submit(other.Bytes()), "other voters are not concerned")

		// What is published does not count any more, but for spoils.
		receipt, err := box.Receipt(ctx, e.Opening.Index+1)
		require.NoError(t, err)
		require.NoError(t, e.VerifyReceipt(first, receipt))
		require.Zero(t, ballot.Remembered(box))
		require.ErrorIs(t, submit(ballotOf()), ballot.ErrReplay)
		require.NoError(t, submit(spoilOf()))
		require.NoError(t, submit(spoilOf()))
		require.ErrorIs(t, submit(spoilOf()), ballot.ErrLimit)
		time.Sleep(time.Minute)
		require.NoError(t, submit(spoil), "a retry")
		_, err = box.Spoil(ctx, spoilOf())
		require.ErrorIs(t, err, ballot.ErrLimit)
		reopened, err := ballot.OpenBox(ctx, e.Election, e.Log)
		require.NoError(t, err)
		_, err = reopened.Submit(ctx, spoilOf())
		require.ErrorIs(t, err, ballot.ErrLimit, "a restart forgets nothing")
		flooder.Number = 1
		last, _, err := e.Encrypt(flooder, nil)
		require.NoError(t, err)
		require.NoError(t, submit(last.Bytes()), "spoils take no ballot from a voter")
	})
}
