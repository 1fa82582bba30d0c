package ballot_test

import (
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
)

// TestOfficials goes through an election step by step. At each stage the steps
// that come too early are refused, and those made already change nothing.
func TestOfficials(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		e, ctx := electiontest.Prepare(t, &electiontest.Options{Group: g}), t.Context()
		m := e.Manifest
		var fp ballot.Fingerprint
		steps := []struct {
			name string
			do   func(signers, registrars []ed25519.PrivateKey) error
		}{
			{"publish", func(s, _ []ed25519.PrivateKey) error { return ballot.Publish(ctx, e.Log, m, s) }},
			{"commit", func(s, _ []ed25519.PrivateKey) error { return ballot.EndRound(ctx, e.Log, m, dkg.Committing, s) }},
			{"deal", func(s, _ []ed25519.PrivateKey) error { return ballot.EndRound(ctx, e.Log, m, dkg.Dealing, s) }},
			{"confirm", func(s, _ []ed25519.PrivateKey) error { return ballot.EndRound(ctx, e.Log, m, dkg.Confirming, s) }},
			{"certify", func(s, _ []ed25519.PrivateKey) error { return ballot.EndRound(ctx, e.Log, m, dkg.Certifying, s) }},
			{"roll", func(_, r []ed25519.PrivateKey) error { return ballot.PublishRoll(ctx, e.Log, m, e.Roll, r) }},
			{"open", func(s, _ []ed25519.PrivateKey) (err error) { fp, err = ballot.Open(ctx, e.Log, m, s); return err }},
			{"close", func(s, _ []ed25519.PrivateKey) error { return ballot.Close(ctx, e.Log, fp, s) }},
		}
		strangers := []ed25519.PrivateKey{e.Authorities[0], e.Registrars[0]}
		for i, step := range steps {
			t.Log(step.name)
			for _, later := range steps[i+1:] {
				if later.name == "close" {
					require.ErrorIs(t, later.do(e.Signers(), e.Registrars), ballot.ErrUnanchored)
					continue
				}
				require.ErrorIs(t, later.do(e.Signers(), e.Registrars), ballot.ErrState, later.name)
			}
			switch step.name {
			case "commit", "deal", "certify":
				// Too few have posted: ending the round would end the ceremony.
				require.ErrorIs(t, step.do(e.Signers(), nil), ballot.ErrQuorum)
				e.PostTrustees()
			case "confirm": // where silence is no complaint
				e.PostTrustees()
			}
			before := len(e.Entries())
			require.ErrorIs(t, step.do(nil, nil), ballot.ErrQuorum)
			if step.name != "roll" {
				require.ErrorIs(t, step.do(e.Signers()[:1], e.Registrars), ballot.ErrQuorum)
			}
			require.ErrorIs(t, step.do(strangers, e.Authorities), ballot.ErrSignature)
			require.ErrorIs(t, step.do([]ed25519.PrivateKey{nil}, []ed25519.PrivateKey{nil}), ballot.ErrShape)
			require.Len(t, e.Entries(), before)

			require.NoError(t, step.do(e.Signers(), e.Registrars))
			require.Len(t, e.Entries(), before+1)
			for _, again := range steps[:i+1] {
				was := fp
				require.NoError(t, again.do(e.Signers(), e.Registrars), again.name)
				require.NoError(t, again.do(e.Authorities, e.Registrars), again.name)
				require.Equal(t, was, fp)
			}
			require.Len(t, e.Entries(), before+1)
		}
		_, err := ballot.Load(ctx, e.Log, fp)
		require.NoError(t, err)
	})
}

// What is no phase puts nothing on the ledger, whoever signs it.
func TestEndRoundOfNoPhase(t *testing.T) {
	e := electiontest.Prepare(t, nil)
	e.Publish()
	size := len(e.Entries())
	for phase := dkg.Committing; phase < dkg.Complete; phase++ {
		e.PostTrustees()
		for _, none := range []dkg.Phase{0, dkg.Complete, 6, 255} {
			require.ErrorIs(t, ballot.EndRound(t.Context(), e.Log, e.Manifest, none, e.Signers()), ballot.ErrRange)
		}
		require.NoError(t, ballot.EndRound(t.Context(), e.Log, e.Manifest, phase, e.Signers()))
	}
	require.ErrorIs(t, ballot.EndRound(t.Context(), e.Log, e.Manifest, dkg.Complete, e.Signers()), ballot.ErrRange)
	require.Len(t, e.Entries(), size+4*4)
}

// A ceremony that has failed stays so.
func TestEndRoundAfterFailure(t *testing.T) {
	e := electiontest.Prepare(t, &electiontest.Options{Trustees: 1})
	e.Publish()
	e.Append(dkg.NewRound(e.Manifest.Ceremony(), dkg.Committing, 1, e.Signers()...))
	for _, phase := range []dkg.Phase{dkg.Committing, dkg.Dealing} {
		require.ErrorIs(t, ballot.EndRound(t.Context(), e.Log, e.Manifest, phase, e.Signers()), ballot.ErrQuorum)
	}
	require.ErrorIs(t, ballot.PublishRoll(t.Context(), e.Log, e.Manifest, e.Roll, e.Registrars), ballot.ErrQuorum)
	_, err := ballot.Open(t.Context(), e.Log, e.Manifest, e.Signers())
	require.ErrorIs(t, err, ballot.ErrQuorum)
}

func TestPublishRoll(t *testing.T) {
	const voters = 2001
	e := electiontest.Prepare(t, &electiontest.Options{Voters: voters, Trustees: 1, Contests: electiontest.Contests()[:1]})
	e.Publish()
	e.RunCeremony()
	ctx := t.Context()

	// Another roll than the one of which the first lines stand there.
	var lines []ballot.RollLine
	for _, v := range e.Voters {
		if v.Line.Index > 0 {
			lines = append(lines, v.Line.RollLine)
		}
	}
	shorter, err := ballot.NewRoll(e.Manifest, lines)
	require.NoError(t, err)
	stop := &failing{Ledger: e.Log, after: 1}
	require.ErrorIs(t, ballot.PublishRoll(ctx, stop, e.Manifest, e.Roll, e.Registrars), errFailing)
	size := len(e.Entries())
	require.ErrorIs(t, ballot.PublishRoll(ctx, e.Log, e.Manifest, shorter, e.Registrars), ballot.ErrDuplicate)
	require.Len(t, e.Entries(), size)

	// A roll that is there in part is completed.
	e.PublishRoll()
	require.Len(t, e.Entries(), size+2)
	e.PublishRoll()
	require.Len(t, e.Entries(), size+2)
	require.ErrorIs(t, ballot.PublishRoll(ctx, e.Log, e.Manifest, shorter, e.Registrars), ballot.ErrDuplicate)

	e.Open()
	require.EqualValues(t, voters, e.Opening.Roll.Size)
	require.NoError(t, ballot.PublishRoll(ctx, e.Log, e.Manifest, e.Roll, e.Registrars))
	require.ErrorIs(t, ballot.PublishRoll(ctx, e.Log, e.Manifest, shorter, e.Registrars), ballot.ErrState)
	s, err := ballot.Replay(ctx, e.Election, e.Log, uint64(len(e.Entries())), nil)
	require.NoError(t, err)
	require.Empty(t, s.Refused())
}

func TestOpenChecks(t *testing.T) {
	ready := func(t *testing.T, o electiontest.Options) *electiontest.Election {
		o.Trustees = 1
		e := electiontest.Prepare(t, &o)
		e.Publish()
		e.RunCeremony()
		e.PublishRoll()
		return e
	}
	openIt := func(e *electiontest.Election) error {
		_, err := ballot.Open(t.Context(), e.Log, e.Manifest, e.Signers())
		return err
	}
	t.Run("minimum group", func(t *testing.T) {
		require.NoError(t, openIt(ready(t, electiontest.Options{Voters: 4, Limits: ballot.Limits{MinGroup: 4}})))
		small := ready(t, electiontest.Options{Voters: 3, Limits: ballot.Limits{MinGroup: 4}})
		before := len(small.Entries())
		require.ErrorIs(t, openIt(small), ballot.ErrState)
		require.Len(t, small.Entries(), before, "nothing is posted that would not hold")
	})
	t.Run("minimum group of each weight", func(t *testing.T) {
		require.NoError(t, openIt(ready(t, electiontest.Options{Voters: 4, Weights: []uint64{1, 2}, Limits: ballot.Limits{MinGroup: 2}})))
		require.ErrorIs(t, openIt(ready(t, electiontest.Options{Voters: 4, Weights: []uint64{1, 1, 1, 2}, Limits: ballot.Limits{MinGroup: 2}})), ballot.ErrState)
	})
	t.Run("roll that nobody signed", func(t *testing.T) {
		e := electiontest.Prepare(t, &electiontest.Options{Trustees: 1})
		e.Publish()
		e.RunCeremony()
		for body := range e.Roll.Bodies() {
			env := entry.Envelope{Kind: entry.Roll, Election: e.Manifest.ID(), Body: body}
			e.Append(env.Bytes())
			env.Sign(e.Authorities[0])
			e.Append(env.Bytes())
		}
		require.ErrorIs(t, openIt(e), ballot.ErrState)
	})
	t.Run("lines of the roll after the open entry was signed", func(t *testing.T) {
		e := ready(t, electiontest.Options{})
		log := &interposing{Ledger: e.Log, data: func() []byte {
			body := func() (last []byte) {
				for b := range e.Roll.Bodies() {
					last = b
				}
				return last
			}()
			// A roll goes on only after a full entry, so this one is refused.
			env := entry.Envelope{Kind: entry.Roll, Election: e.Manifest.ID(), Time: 7, Body: body}
			env.Sign(e.Registrars[0])
			return env.Bytes()
		}}
		_, err := ballot.Open(t.Context(), log, e.Manifest, e.Signers())
		require.NoError(t, err)
	})
	t.Run("somebody opened first", func(t *testing.T) {
		e := ready(t, electiontest.Options{})
		var first []byte
		log := &interposing{Ledger: e.Log, data: func() []byte { return first }}
		// The same open entry of another time, made on another ledger.
		var data [][]byte
		for _, en := range e.Entries() {
			data = append(data, en.Data)
		}
		elsewhere := e.Fork(data...)
		_, err := ballot.Open(t.Context(), elsewhere, e.Manifest, e.Signers())
		require.NoError(t, err)
		for en, err := range elsewhere.Entries(t.Context(), uint64(len(data)), uint64(len(data)+1)) {
			require.NoError(t, err)
			first = rewrap(t, en.Data, func(env *entry.Envelope) {
				env.Time, env.Signatures = 7, nil
				for _, k := range e.Signers() {
					env.Sign(k)
				}
			})
		}
		fp, err := ballot.Open(t.Context(), log, e.Manifest, e.Signers())
		require.NoError(t, err)
		require.Equal(t, ballot.Fingerprint(entry.ID(first)), fp)
	})
	t.Run("a ledger that loses the open entry", func(t *testing.T) {
		e := ready(t, electiontest.Options{})
		_, err := ballot.Open(t.Context(), losing{e.Log}, e.Manifest, e.Signers())
		require.ErrorIs(t, err, ballot.ErrIncomplete)
	})
	t.Run("another ledger", func(t *testing.T) {
		e, other := ready(t, electiontest.Options{}), ready(t, electiontest.Options{})
		e.Log = other.Log
		require.ErrorIs(t, openIt(e), ballot.ErrSignature)

		// An empty one shows whose it is only once something stands on it.
		e, other = electiontest.Prepare(t, nil), electiontest.Prepare(t, nil)
		require.ErrorIs(t, ballot.Publish(t.Context(), other.Log, e.Manifest, e.Signers()), ballot.ErrSignature)
	})
}

var errFailing = &ledger.EntryError{Err: ballot.ErrIncomplete}

// failing is a ledger whose connection breaks after some appends.
type failing struct {
	ledger.Ledger
	after int
}

func (f *failing) Append(ctx ctx, data []byte) (uint64, error) {
	if f.after == 0 {
		return 0, errFailing
	}
	f.after--
	return f.Ledger.Append(ctx, data)
}

// losing is a ledger that says it has appended.
type losing struct{ ledger.Ledger }

func (losing) Append(ctx, []byte) (uint64, error) { return 0, nil }

// interposing is a ledger on which somebody else appends just before.
type interposing struct {
	ledger.Ledger
	data func() []byte
}

func (l *interposing) Append(ctx ctx, data []byte) (uint64, error) {
	if _, err := l.Ledger.Append(ctx, l.data()); err != nil {
		return 0, err
	}
	return l.Ledger.Append(ctx, data)
}
