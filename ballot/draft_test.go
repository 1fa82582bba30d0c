package ballot_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
)

func (w *world) prepare(voter int, votes ballot.Votes) *ballot.Draft {
	w.t.Helper()
	d, err := w.Prepare(w.Voters[voter], votes)
	require.NoError(w.t, err)
	return d
}

// challenged challenges a draft, on the ledger too.
func (w *world) challenged(d *ballot.Draft) (spoil *ballot.Spoil, receipt ballot.Receipt) {
	w.t.Helper()
	spoil, err := d.Challenge()
	require.NoError(w.t, err)
	receipt, err = w.Box().Spoil(w.t.Context(), spoil.Bytes())
	require.NoError(w.t, err)
	return spoil, receipt
}

func TestDraftThatIsCast(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		w := open(t, electiontest.New(t, twoStyles(g)))
		d := w.prepare(0, ballot.Votes{"mayor": {"ada": 1}})
		require.EqualValues(t, 1, w.Voters[0].Number)
		secret := ballot.SecretBytes(d)
		require.NotZero(t, secret)

		b, err := d.Cast()
		require.NoError(t, err)
		require.Equal(t, d.Tracker(), b.Tracker())
		again, err := d.Cast()
		require.NoError(t, err)
		require.Same(t, b, again)
		receipt, err := w.Box().Cast(t.Context(), b)
		require.NoError(t, err)
		require.NoError(t, w.VerifyReceipt(b.Bytes(), receipt))

		// It has forgotten the seed, and opens for nobody.
		require.Equal(t, make([]byte, len(secret)), secret)
		require.Equal(t, [3]bool{true, false, false}, ballot.Remembers(d))
		_, err = d.Challenge()
		require.ErrorIs(t, err, ballot.ErrState)
		_, err = d.Open(receipt)
		require.ErrorIs(t, err, ballot.ErrState)
		_, err = w.Box().Spoil(t.Context(), w.spoil(0, b.Tracker()))
		require.ErrorIs(t, err, ballot.ErrState)
	})
}

func TestDraftThatIsChallenged(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		w := open(t, electiontest.New(t, twoStyles(g)))
		votes := ballot.Votes{"mayor": {"ada": 1}, "parks": {"lake": 2}}
		d := w.prepare(0, votes)
		b := ballot.BallotOf(d)
		other := w.cast(1)
		_, err := d.Open(other)
		require.ErrorIs(t, err, ballot.ErrState)

		spoil, err := d.Challenge()
		require.NoError(t, err)
		require.Equal(t, d.Tracker(), spoil.Tracker())
		again, err := d.Challenge()
		require.NoError(t, err)
		require.Same(t, spoil, again)
		_, err = d.Cast()
		require.ErrorIs(t, err, ballot.ErrState)

		// It opens for the spoil's receipt only.
		_, err = d.Open(ballot.Receipt{})
		require.ErrorIs(t, err, ballot.ErrBinding)
		_, err = d.Open(other)
		require.ErrorIs(t, err, ballot.ErrBinding)
		other.Tracker = d.Tracker()
		_, err = d.Open(other)
		require.ErrorIs(t, err, ballot.ErrChain)
		receipt, err := w.Box().Spoil(t.Context(), spoil.Bytes())
		require.NoError(t, err)
		text, err := d.Open(receipt)
		require.NoError(t, err)
		found, err := w.CheckOpening(d.Tracker(), text, spoil.Bytes(), receipt)
		require.NoError(t, err)
		require.Equal(t, &ballot.Challenged{Tracker: d.Tracker(), Number: 1, Credential: w.Voters[0].Key.Public(), Votes: votes}, found)

		// It has forgotten the ballot, and what counts refuses it everywhere.
		require.Equal(t, [3]bool{false, true, false}, ballot.Remembers(d))
		_, err = w.Box().Cast(t.Context(), b)
		require.ErrorIs(t, err, ballot.ErrState)
		at := w.Append(b.Bytes())
		s, err := ballot.Replay(t.Context(), w.e, w.Log, at+1, nil)
		require.NoError(t, err)
		require.Len(t, s.Refused(), 1)
		require.Equal(t, at, s.Refused()[0].Index)
		require.ErrorIs(t, s.Refused()[0].Err, ballot.ErrState)
		require.ErrorContains(t, s.Refused()[0].Err, fmt.Sprintf("spoiled by entry %d", receipt.Index))

		// The voter goes on with the next number.
		next, err := w.prepare(0, votes).Cast()
		require.NoError(t, err)
		require.EqualValues(t, 2, next.Number())
		_, err = w.Box().Cast(t.Context(), next)
		require.NoError(t, err)
	})
}

// A challenge that fails decides nothing.
func TestChallengeFails(t *testing.T) {
	w := open(t, electiontest.New(t, twoStyles(nil)))
	d := w.prepare(0, nil)
	proof := w.Voters[0].Line.Proof
	proof[0][0] ^= 1
	_, err := d.Challenge()
	require.ErrorIs(t, err, ballot.ErrChain)
	require.Equal(t, [3]bool{true, true, true}, ballot.Remembers(d))
	proof[0][0] ^= 1
	_, err = d.Challenge()
	require.NoError(t, err)
}

// cast casts a blank ballot.
func (w *world) cast(voter int) ballot.Receipt {
	r, err := w.Box().Cast(w.t.Context(), w.vote(voter, nil))
	require.NoError(w.t, err)
	return r
}

// Prepare has the conditions of Encrypt.
func TestPrepareRefuses(t *testing.T) {
	w := open(t, electiontest.New(t, twoStyles(nil)))
	_, err := w.Prepare(nil, nil)
	require.ErrorIs(t, err, ballot.ErrShape)
	_, err = w.Prepare(w.Voters[2], ballot.Votes{"parks": {"lake": 1}})
	require.ErrorIs(t, err, ballot.ErrShape)
	stranger := &ballot.Voter{Key: w.Voters[0].Key, Line: w.Voters[1].Line}
	_, err = w.Prepare(stranger, nil)
	require.ErrorIs(t, err, ballot.ErrEligibility)
	require.Zero(t, w.Voters[2].Number)
	w.Voters[2].Number = w.Manifest.Limits.BallotsPerCredential
	_, err = w.Prepare(w.Voters[2], nil)
	require.ErrorIs(t, err, ballot.ErrRange)

	none := new(ballot.Draft)
	_, err = none.Cast()
	require.ErrorIs(t, err, ballot.ErrShape)
	_, err = none.Challenge()
	require.ErrorIs(t, err, ballot.ErrShape)
	_, err = none.Open(ballot.Receipt{})
	require.ErrorIs(t, err, ballot.ErrState)
}

func TestDraftIsRedacted(t *testing.T) {
	w := open(t, electiontest.New(t, twoStyles(nil)))
	d := w.prepare(0, ballot.Votes{"mayor": {"grace": 1}})
	list := []any{d, []*ballot.Draft{d}, struct{ D *ballot.Draft }{d}, struct{ d *ballot.Draft }{d}}
	var printed strings.Builder
	for _, x := range list {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
			fmt.Fprintf(&printed, verb+"\n", x)
		}
		text, err := json.Marshal(x)
		require.NoError(t, err)
		printed.Write(text)
		slog.New(slog.NewTextHandler(&printed, nil)).Info("draft", "d", x)
	}
	require.Contains(t, printed.String(), "[redacted]")
	seed := ballot.OriginOf(w.e, ballot.SecretOf(d)).Seed
	for _, canary := range []string{
		"grace", fmt.Sprintf("%x", seed[:4]), fmt.Sprintf("%d %d", seed[0], seed[1]),
		fmt.Sprintf("%#x", seed[0]) + ", " + fmt.Sprintf("%#x", seed[1]), string(seed[:4]), "HANPYO/OPENING",
	} {
		require.NotContains(t, printed.String(), canary)
	}
}

// Of 50 goroutines that cast or challenge one draft all that agree with the
// first get what they want, and nobody else does.
func TestDraftIsDecidedOnce(t *testing.T) {
	w := open(t, electiontest.New(t, &electiontest.Options{Trustees: 1, Contests: electiontest.Contests()[:1], Limits: ballot.Limits{BallotsPerCredential: 20}}))
	for range 20 {
		d := w.prepare(0, nil)
		var casts, challenges atomic.Int32
		var wait sync.WaitGroup
		for i := range 50 {
			wait.Go(func() {
				if i%2 == 0 {
					if _, err := d.Cast(); err == nil {
						casts.Add(1)
					}
				} else if _, err := d.Challenge(); err == nil {
					challenges.Add(1)
				}
			})
		}
		wait.Wait()
		require.ElementsMatch(t, []int32{0, 25}, []int32{casts.Load(), challenges.Load()})
	}
}

// Of cast and spoil of one ballot, sent by 50 goroutines to two boxes over one
// ledger, exactly one stands.
func TestP39CastAndSpoilRace(t *testing.T) {
	w := open(t, electiontest.New(t, &electiontest.Options{Trustees: 1, Contests: electiontest.Contests()[:1], Limits: ballot.Limits{BallotsPerCredential: 20}}))
	other, err := ballot.OpenBox(t.Context(), w.e, w.Log)
	require.NoError(t, err)
	boxes := []*ballot.Box{w.Box(), other}
	outcome := make(map[ballot.Tracker]bool) // whether it was cast
	for range 12 {
		b := w.vote(0, nil)
		spoil := w.spoil(0, b.Tracker())
		receipts, errs := make([]ballot.Receipt, 50), make([]error, 50)
		var wait sync.WaitGroup
		for i := range receipts {
			wait.Go(func() {
				if i%2 == 0 {
					receipts[i], errs[i] = boxes[i/2%2].Cast(t.Context(), b)
				} else {
					receipts[i], errs[i] = boxes[i/2%2].Spoil(t.Context(), spoil)
				}
			})
		}
		wait.Wait()
		for i, err := range errs {
			sent := [][]byte{b.Bytes(), spoil}[i%2]
			if err == nil {
				require.NoError(t, w.VerifyReceipt(sent, receipts[i]))
				cast, known := outcome[b.Tracker()]
				require.True(t, !known || cast == (i%2 == 0), "both stand")
				outcome[b.Tracker()] = i%2 == 0
			} else if !isAny(err, ballot.ErrState, ballot.ErrReplay) {
				require.NoError(t, err)
			}
		}
		require.Contains(t, outcome, b.Tracker())
	}
	s, err := ballot.Replay(t.Context(), w.e, w.Log, uint64(len(w.Entries())), nil)
	require.NoError(t, err)
	for tracker, cast := range outcome {
		_, err := s.Status(tracker)
		if cast {
			require.False(t, isAny(err, ballot.ErrIncomplete))
		} else {
			require.ErrorIs(t, err, ballot.ErrIncomplete)
		}
	}
}

// Where voters are let in by tokens a challenge is the same, and shows nobody
// but the credential.
func TestChallengeByTokens(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		w := open(t, electiontest.New(t, &electiontest.Options{Group: g, Tokens: true, Trustees: 1, Contests: electiontest.Contests()[:1]}))
		votes := ballot.Votes{"mayor": {"ada": 1}}
		d := w.prepare(0, votes)
		b := ballot.BallotOf(d)
		x := w.opened(d)
		found, err := w.CheckOpening(x.tracker, x.text, x.spoil, x.receipt)
		require.NoError(t, err)
		require.Equal(t, &ballot.Challenged{Tracker: x.tracker, Number: 1, Credential: w.Voters[0].Key.Public(), Votes: votes}, found)
		_, err = w.Box().Cast(t.Context(), b)
		require.ErrorIs(t, err, ballot.ErrState)

		lied := w.prepare(0, ballot.Votes{"mayor": {"grace": 1}})
		told := ballot.OriginOf(w.e, ballot.SecretOf(lied))
		told.Votes = votes
		require.ErrorIs(t, w.check(w.lie(0, ballot.BallotOf(lied), told)), ballot.ErrBinding)

		b, err = w.prepare(0, votes).Cast()
		require.NoError(t, err)
		_, err = w.Box().Cast(t.Context(), b)
		require.NoError(t, err)
	})
}
