package tally

import (
	"context"
	"crypto/ed25519"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
)

func TestMixRefuses(t *testing.T) {
	f := honestMixed(t, groups[0])
	e, ctx := f.Election.Election, t.Context()
	closed, pin := f.at(t, entry.Close, 0), f.at(t, entry.Pin, 0)
	for name, c := range map[string]struct {
		entries [][]byte
		mixer   ed25519.PrivateKey
		reason  error
	}{
		"before the close":     {f.entries[:closed], f.Mixers[0], ErrState},
		"before the pin":       {f.entries[:pin], f.Mixers[0], ErrState},
		"an authority":         {f.entries[:pin+1], f.Authorities[0], ErrSignature},
		"nobody":               {f.entries[:pin+1], nil, ErrSignature},
		"a pin over something": {append(f.entries[:pin:pin], wrongPin(f)), f.Mixers[0], ErrChain},
	} {
		log := f.Fork(c.entries...)
		require.ErrorIs(t, Mix(ctx, e, log, c.mixer, nil), c.reason, name)
		require.Equal(t, len(c.entries), size(t, log), name)
	}
	// There is nothing to do for who has mixed, or when all is mixed.
	for _, mixer := range f.Mixers {
		log := f.Fork(f.entries...)
		require.NoError(t, Mix(ctx, e, log, mixer, nil))
		require.Equal(t, len(f.entries), size(t, log))
	}
	half := f.entries[:f.mixAt(t, 1, motto)+1]
	log := f.Fork(half...)
	require.NoError(t, Mix(ctx, e, log, f.Mixers[0], nil))
	require.Equal(t, len(half), size(t, log))

	ended, cancel := context.WithCancel(ctx)
	steps := make(map[string]bool)
	err := Mix(ended, e, log, f.Mixers[2], &MixOptions{Workers: 1, Progress: func(step string, done, all uint64) {
		require.LessOrEqual(t, done, all)
		if steps[step] = true; step == "prove" {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, len(half), size(t, log))
	for _, step := range []string{"verify", "add", "mix", "shuffle"} {
		require.True(t, steps[step], step)
	}
}

func wrongPin(f *fixture) []byte {
	wrong := f.closing.pinned
	wrong.root[0] ^= 1
	return f.sign(entry.Pin, wrong.body(), f.Signers()...)
}

// hooked is a ledger on which something happens before, or instead of, an
// append.
type hooked struct {
	ledger.Ledger
	before func(data []byte) []byte
}

func (h *hooked) Append(ctx context.Context, data []byte) (uint64, error) {
	return h.Ledger.Append(ctx, h.before(data))
}

// A mixer that was too slow mixes what the faster one has made.
func TestMixersRace(t *testing.T) {
	f := honestMixed(t, groups[0])
	e, ctx := f.Election.Election, t.Context()
	pinned := f.entries[:f.at(t, entry.Pin, 0)+1]
	for races := range 3 {
		log := f.Fork(pinned...)
		faster := f.Mixers[:races]
		slow := &hooked{Ledger: log, before: func(data []byte) []byte {
			if len(faster) > 0 {
				mixer := faster[0]
				faster = faster[1:]
				require.NoError(t, Mix(ctx, e, log, mixer, nil))
			}
			return data
		}}
		require.NoError(t, Mix(ctx, e, slow, f.Mixers[2], nil))
		c := f.closingOf(t, entriesOf(t, log))
		var errs []error
		for _, x := range c.mixes() {
			require.Empty(t, x.failed)
			errs = append(errs, x.err)
		}
		errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
		require.Len(t, errs, races, "with %d faster mixers", races)
		for _, contest := range []int{chair, motto} {
			ch := c.mixing.chains[contest]
			require.Equal(t, max(0, 1-races), ch.missing(), "with %d faster mixers", races)
			require.Equal(t, races < 2, slices.Contains(ch.mixers, 3))
		}
		for _, err := range errs {
			require.True(t, errors.Is(err, ErrChain) || errors.Is(err, ErrState))
		}
	}
}

// A ledger that does not keep what is posted does not keep a mixer busy.
func TestMixOnALedgerThatLies(t *testing.T) {
	f := honestMixed(t, groups[0])
	pinned := f.entries[:f.at(t, entry.Pin, 0)+1]
	for name, c := range map[string]struct {
		instead func(data []byte) []byte
		reason  error
	}{
		"junk":              {func([]byte) []byte { return []byte("junk") }, ErrChain},
		"a wrong signature": {func(data []byte) []byte { data[len(data)-1] ^= 1; return data }, ErrChain},
		"a wrong proof": {func(data []byte) []byte {
			env := parse(t, data)
			body := env.Body
			body[len(body)-1] ^= 1
			return f.signMix(1, body)
		}, ErrProof},
	} {
		log := &hooked{Ledger: f.Fork(pinned...), before: c.instead}
		err := Mix(t.Context(), f.Election.Election, log, f.Mixers[0], nil)
		require.ErrorIs(t, err, c.reason, name)
		require.Equal(t, len(pinned)+1, size(t, log), name)
	}
}

func entriesOf(t *testing.T, log ledger.Reader) (entries [][]byte) {
	for en, err := range log.Entries(t.Context(), 0, uint64(size(t, log))) {
		require.NoError(t, err)
		entries = append(entries, en.Data)
	}
	return entries
}

// A trustee decrypts what is mixed enough, and one last list of it only.
func TestP66TrusteeWaitsForTheMixers(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		f := honestMixed(t, g)
		e, ctx, trustee := f.Election.Election, t.Context(), f.Trustees[0]
		pin, second := f.at(t, entry.Pin, 0), f.mixAt(t, 2, motto)
		for entries, want := range map[int]string{
			pin + 1: `contest chair has 0 of 2 mixes, missing: mixer 1 "Mixer 1", mixer 2 "Mixer 2", mixer 3 "Mixer 3"; contest motto has 0 of 2 mixes`,
			second:  `contest motto has 1 of 2 mixes, missing: mixer 2 "Mixer 2", mixer 3 "Mixer 3": wrong phase`,
		} {
			log := f.Fork(f.entries[:entries]...)
			err := Decrypt(ctx, e, log, trustee)
			require.ErrorIs(t, err, ErrState)
			require.ErrorContains(t, err, want)
			posted := size(t, log) - entries
			require.Equal(t, map[int]int{pin + 1: 1, second: 2}[entries], posted, "shares of the others")
		}
		// Another mix in the place of the last one: the target is another one.
		other := f.signMix(3, f.draft(t, f.entries[:second], 3, motto).body())
		log := f.Fork(append(f.entries[:second:second], other)...)
		require.ErrorIs(t, Decrypt(ctx, e, log, trustee), ErrFork)
		require.Equal(t, second+3, size(t, log), "the shares of chair and mayor, which are as they were")

		// A restored backup does not know what it has signed, the ledger does.
		early := f.shareAfter(t, 1, motto, second)
		log = f.Fork(append(f.entries[:second:second], f.signShare(1, early.body(f.Group)))...)
		require.ErrorIs(t, Decrypt(ctx, e, log, trustee), ErrFork)
	})
}

// Lists of no, one and two rows, and one below the minimum.
func TestP52FewBallots(t *testing.T) {
	for _, g := range groups {
		for voted := range 4 {
			e := electiontest.New(t, &electiontest.Options{
				Group: g, Voters: 4, Contests: mixedContests(), Trustees: 1, Mixers: 1, Limits: ballot.Limits{MinGroup: 1 + uint64(voted)/3*3},
			})
			f := &fixture{Election: e}
			for i := range voted {
				f.Cast(i, mixedVotes[i])
			}
			f.close(t)
			f.finish(t)
			requireReport(t, f.audit(t, f.entries), nil, nil)
			r := f.result.Contests[chair]
			switch voted {
			case 0:
				require.Empty(t, totals(r))
				require.Empty(t, r.Elected)
				require.Nil(t, r.Rounds)
				require.Contains(t, f.result.Text(), "elected: nobody\n")
			case 3:
				require.True(t, r.Withheld)
				require.Empty(t, r.Totals)
				require.EqualValues(t, 3, r.Smallest)
			default:
				require.Equal(t, map[string]int64{"a": int64(voted)}, totals(r))
				require.Equal(t, []string{"a", "b"}, r.Elected)
			}
			for _, en := range f.entries {
				env, err := entry.Parse(en)
				require.NoError(t, err)
				require.False(t, env.Kind == entry.Mix && (voted == 0 || voted == 3), "nothing to mix")
			}
			// Whoever mixes what is not decrypted is listed.
			if voted == 3 {
				at := f.at(t, entry.Result, 0)
				report := f.audit(t, insert(f.entries, at, f.signMix(1, mixHead{contest: chair}.body(nil, nil))))
				requireReport(t, report, nil, nil)
				require.ErrorIs(t, report.Check(mixChain).Findings[0].Err, ErrState)
			}
		}
	}
}

// lagging is a ledger whose readers see nothing new.
type lagging struct {
	ledger.Ledger
	old ledger.Checkpoint
}

func (l *lagging) Checkpoint(context.Context) (ledger.Checkpoint, error) { return l.old, nil }

// A ledger that is slow to show what was posted is not accused of anything.
func TestMixOnALedgerThatLags(t *testing.T) {
	f := honestMixed(t, groups[0])
	log := f.Fork(f.entries[:f.at(t, entry.Pin, 0)+1]...)
	old, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	err = Mix(t.Context(), f.Election.Election, &lagging{log, old}, f.Mixers[0], nil)
	require.ErrorIs(t, err, ErrIncomplete)
	require.NotErrorIs(t, err, ErrChain)
	require.NoError(t, Mix(t.Context(), f.Election.Election, log, f.Mixers[0], nil), "it goes on from what was posted")
}
