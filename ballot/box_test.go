package ballot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
)

func TestBox(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		w := open(t, electiontest.New(t, twoStyles(g)))
		box, ctx := w.Box(), t.Context()
		first, second := w.vote(0, nil), w.vote(0, ballot.Votes{"mayor": {"ada": 1}})

		receipt, err := box.Cast(ctx, first)
		require.NoError(t, err)
		require.Equal(t, first.Tracker(), receipt.Tracker)
		require.NoError(t, w.VerifyReceipt(first.Bytes(), receipt))

		// A retry is the very same ballot.
		again, err := box.CastBytes(ctx, first.Bytes())
		require.NoError(t, err)
		require.Equal(t, receipt.Index, again.Index)
		require.NoError(t, w.VerifyReceipt(first.Bytes(), again))
		other := rewrap(t, first.Bytes(), func(env *entry.Envelope) { env.Time += 60 })
		_, err = box.CastBytes(ctx, other)
		require.ErrorIs(t, err, ballot.ErrProof)

		newer, err := box.Cast(ctx, second)
		require.NoError(t, err)
		_, err = box.Cast(ctx, first)
		require.ErrorIs(t, err, ballot.ErrReplay)
		require.ErrorContains(t, err, fmt.Sprintf("superseded by entry %d", newer.Index))
		index, err := box.Status(second.Tracker())
		require.NoError(t, err)
		require.Equal(t, newer.Index, index)
		standing, err := box.Standing(w.Voters[0].Key.Public())
		require.NoError(t, err)
		require.Equal(t, ballot.Standing{Ballots: 2, Counted: newer.Index, Number: 2}, standing)

		// What the rule would refuse does not come onto the ledger.
		size := len(w.Entries())
		bad := ballot.OpenBody(w.e, second)
		bad.Number = 3
		_, err = box.CastBytes(ctx, rewrap(t, second.Bytes(), func(env *entry.Envelope) { env.Body = bad.Bytes() }))
		require.ErrorIs(t, err, ballot.ErrProof)
		_, err = box.Cast(ctx, w.draft(1, 4).Seal(w.e))
		require.ErrorIs(t, err, ballot.ErrRange)
		_, err = box.CastBytes(ctx, second.Bytes()[1:])
		require.Error(t, err)
		_, err = box.CastBytes(ctx, w.close())
		require.ErrorIs(t, err, ballot.ErrEncoding)
		_, err = box.Cast(ctx, nil)
		require.ErrorIs(t, err, ballot.ErrShape)
		_, err = box.Cast(ctx, new(ballot.Ballot))
		require.ErrorIs(t, err, ballot.ErrShape)
		require.Len(t, w.Entries(), size)

		// Challenge: a spoil goes through the box as well.
		third := w.draft(1, 1).Seal(w.e)
		spoil := w.spoil(1, third.Tracker())
		spoiled, err := box.Spoil(ctx, spoil)
		require.NoError(t, err)
		require.NoError(t, w.VerifyReceipt(spoil, spoiled))
		require.ErrorIs(t, w.VerifyReceipt(third.Bytes(), spoiled), ballot.ErrChain)
		_, err = box.Spoil(ctx, rewrap(t, bytes.Clone(spoil), func(env *entry.Envelope) { env.Body[0] ^= 1 }))
		require.ErrorIs(t, err, ballot.ErrProof)
		sameSpoil, err := box.Spoil(ctx, spoil)
		require.NoError(t, err)
		require.Equal(t, spoiled.Index, sameSpoil.Index)
		otherTime := rewrap(t, spoil, func(env *entry.Envelope) { env.Time += 60 })
		_, err = box.Spoil(ctx, otherTime)
		require.ErrorIs(t, err, ballot.ErrProof)
		_, err = box.Spoil(ctx, w.spoil(1, third.Tracker())) // which has another proof
		require.ErrorIs(t, err, ballot.ErrReplay)
		_, err = box.Cast(ctx, third)
		require.ErrorIs(t, err, ballot.ErrState)
		_, err = box.Spoil(ctx, w.spoil(0, second.Tracker()))
		require.ErrorIs(t, err, ballot.ErrState)
		_, err = box.Spoil(ctx, third.Bytes())
		require.ErrorIs(t, err, ballot.ErrEncoding)

		// After the close only what was accepted has a receipt.
		w.Close()
		late := w.draft(1, 2).Seal(w.e)
		_, err = box.Cast(ctx, late)
		require.ErrorIs(t, err, ballot.ErrState) // the ledger decides: the box had not read the close
		_, err = box.Cast(ctx, w.draft(1, 3).Seal(w.e))
		require.ErrorIs(t, err, ballot.ErrState)
		require.Len(t, w.Entries(), size+3) // spoil, close, one late ballot
		_, err = box.Cast(ctx, second)
		require.NoError(t, err)

		// A box that opens later finds the same.
		later, err := ballot.OpenBox(ctx, w.e, w.Log)
		require.NoError(t, err)
		same, err := later.Standing(w.Voters[0].Key.Public())
		require.NoError(t, err)
		require.Equal(t, standing, same)
	})
}

// Two boxes over one ledger see each other's ballots.
func TestTwoBoxes(t *testing.T) {
	w := open(t, electiontest.New(t, twoStyles(nil)))
	one := w.Box()
	two, err := ballot.OpenBox(t.Context(), w.e, w.Log)
	require.NoError(t, err)
	first, second := w.vote(0, nil), w.vote(0, nil)
	_, err = two.Cast(t.Context(), second)
	require.NoError(t, err)
	_, err = one.Cast(t.Context(), first) // appended, and refused there
	require.ErrorIs(t, err, ballot.ErrReplay)
	r, err := one.Cast(t.Context(), second)
	require.NoError(t, err)
	require.NoError(t, w.VerifyReceipt(second.Bytes(), r))
}

func TestBoxConcurrently(t *testing.T) {
	const voters = 64
	w := open(t, electiontest.New(t, &electiontest.Options{
		Trustees: 1, Voters: voters, Contests: electiontest.Contests()[:1],
	}))
	box := w.Box()
	ballots := make([]*ballot.Ballot, voters)
	for i := range ballots {
		ballots[i] = w.vote(i, nil)
	}
	var wait sync.WaitGroup
	receipts, errs := make([]ballot.Receipt, 2*voters), make([]error, 2*voters)
	cheats := make([]error, voters)
	for i := range receipts { // everybody casts twice at the same time
		wait.Go(func() { receipts[i], errs[i] = box.Cast(t.Context(), ballots[i/2]) })
		if i < voters { // and somebody else with a changed number, in the same batches
			bad := ballot.OpenBody(w.e, ballots[i])
			bad.Number++
			data := rewrap(t, ballots[i].Bytes(), func(env *entry.Envelope) { env.Body = bad.Bytes() })
			wait.Go(func() { _, cheats[i] = box.CastBytes(t.Context(), data) })
		}
	}
	wait.Wait()
	for _, err := range cheats {
		require.ErrorIs(t, err, ballot.ErrProof)
	}
	seen := make(map[uint64]bool)
	for i, r := range receipts {
		require.NoError(t, errs[i])
		require.NoError(t, w.VerifyReceipt(ballots[i/2].Bytes(), r))
		require.Equal(t, receipts[i/2*2].Index, r.Index)
		seen[r.Index] = true
	}
	require.Len(t, seen, voters)
	s, err := ballot.Replay(t.Context(), w.e, w.Log, uint64(len(w.Entries())), nil)
	require.NoError(t, err)
	require.Empty(t, s.Refused())
}

// The box's state takes over what the box has examined itself.
func TestBoxVerifiesOnce(t *testing.T) {
	w := open(t, electiontest.New(t, twoStyles(nil)))
	box := w.Box()
	planted := errors.New("planted")
	b := w.vote(0, nil)
	ballot.PlantExamined(box, b.Bytes(), planted)
	w.Append(b.Bytes()) // not through the box, so that it meets it on the ledger
	_, err := box.Cast(t.Context(), w.vote(1, nil))
	require.NoError(t, err)
	_, err = box.Status(b.Tracker())
	require.ErrorIs(t, err, ballot.ErrIncomplete)
}

// dead is a ledger whose appends never end.
type dead struct{ ledger.Ledger }

func (d dead) Append(ctx context.Context, data []byte) (uint64, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

func TestCastCancelled(t *testing.T) {
	w := open(t, electiontest.New(t, twoStyles(nil)))
	box, err := ballot.OpenBox(t.Context(), w.e, dead{w.Log})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = box.Cast(ctx, w.vote(0, nil))
	require.ErrorIs(t, err, context.Canceled)
}

func TestP40P78VerifyReceipt(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		w := open(t, electiontest.New(t, twoStyles(g)))
		votes := ballot.Votes{"mayor": {"grace": 1}}
		b, other := w.vote(0, votes), w.vote(1, votes)
		good, err := w.Box().Cast(t.Context(), b)
		require.NoError(t, err)
		otherReceipt, err := w.Box().Cast(t.Context(), other)
		require.NoError(t, err)
		require.NoError(t, w.VerifyReceipt(b.Bytes(), good))

		for _, test := range []struct {
			name   string
			reason error
			change func(sent *[]byte, r *ballot.Receipt)
		}{
			{"another tracker", ballot.ErrBinding, func(_ *[]byte, r *ballot.Receipt) { r.Tracker = other.Tracker() }},
			{"another ballot", ballot.ErrBinding, func(sent *[]byte, _ *ballot.Receipt) { *sent = other.Bytes() }},
			{"another ballot's receipt", ballot.ErrBinding, func(_ *[]byte, r *ballot.Receipt) { *r = otherReceipt }},
			{"another ballot's proof", ballot.ErrChain, func(_ *[]byte, r *ballot.Receipt) { r.Proof = otherReceipt.Proof }},
			{"another ballot's receipt with this tracker", ballot.ErrChain, func(_ *[]byte, r *ballot.Receipt) {
				*r = otherReceipt
				r.Tracker = b.Tracker()
			}},
			{"another index", ballot.ErrChain, func(_ *[]byte, r *ballot.Receipt) { r.Index++ }},
			{"another index in the proof too", ballot.ErrChain, func(_ *[]byte, r *ballot.Receipt) {
				was := fmt.Appendf(nil, "index %d", r.Index)
				r.Index++
				r.Proof = bytes.Replace(r.Proof, was, fmt.Appendf(nil, "index %d", r.Index), 1)
			}},
			{"another time of the same ballot", ballot.ErrChain, func(sent *[]byte, _ *ballot.Receipt) {
				*sent = rewrap(t, *sent, func(env *entry.Envelope) { env.Time += 60 })
			}},
			{"no proof", ballot.ErrEncoding, func(_ *[]byte, r *ballot.Receipt) { r.Proof = nil }},
			{"signature of another key", ballot.ErrSignature, func(_ *[]byte, r *ballot.Receipt) {
				skey, _, err := note.GenerateKey(nil, "example.org/election")
				require.NoError(t, err)
				signer, err := note.NewSigner(skey)
				require.NoError(t, err)
				log := ledger.NewMemory(signer)
				for _, en := range w.Entries() {
					_, err := log.Append(t.Context(), en.Data)
					require.NoError(t, err)
				}
				r.Proof, err = ledger.Prove(t.Context(), log, r.Index)
				require.NoError(t, err)
			}},
			{"no ballot", ballot.ErrEncoding, func(sent *[]byte, _ *ballot.Receipt) { *sent = nil }},
			{"another kind of entry", ballot.ErrEncoding, func(sent *[]byte, _ *ballot.Receipt) { *sent = w.close() }},
		} {
			t.Run(test.name, func(t *testing.T) {
				sent, r := b.Bytes(), good
				r.Proof = bytes.Clone(r.Proof)
				test.change(&sent, &r)
				require.ErrorIs(t, w.VerifyReceipt(sent, r), test.reason)
			})
		}

		// It shows nothing of the vote.
		text, err := json.Marshal(good)
		require.NoError(t, err)
		require.NotContains(t, string(text), "grace")
	})
}
