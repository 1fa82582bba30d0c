package ballot_test

import (
	"context"
	"crypto/ed25519"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
)

type ctx = context.Context

func TestLoad(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		e := electiontest.New(t, &electiontest.Options{Group: g, Trustees: 1})
		var good [][]byte
		for _, en := range e.Entries() {
			good = append(good, en.Data)
		}
		at := int(e.Opening.Index)
		kind := func(i int) entry.Kind {
			env, err := entry.Parse(good[i])
			require.NoError(t, err)
			return env.Kind
		}
		find := func(k entry.Kind) int {
			for i := range good {
				if kind(i) == k {
					return i
				}
			}
			panic("no such entry")
		}
		sign := func(env *entry.Envelope, keys ...ed25519.PrivateKey) []byte {
			env.Signatures = nil
			for _, k := range keys {
				env.Sign(k)
			}
			return env.Bytes()
		}
		// with is the ledger with one entry replaced by others.
		with := func(i int, data ...[]byte) [][]byte {
			list := append([][]byte(nil), good[:i]...)
			return append(append(list, data...), good[i+1:]...)
		}
		reopened := func(change func(*ballot.Opening)) ([][]byte, ballot.Fingerprint) {
			data := sign(ballot.OpenEntry(e.Election, change), e.Signers()...)
			return with(at, data), ballot.Fingerprint(entry.ID(data))
		}
		none := func(*ballot.Opening) {}
		for _, test := range []struct {
			name   string
			reason error
			make   func() ([][]byte, ballot.Fingerprint)
		}{
			{"as it is", nil, func() ([][]byte, ballot.Fingerprint) { return good, e.Fingerprint }},
			{"an open entry made again", nil, func() ([][]byte, ballot.Fingerprint) { return reopened(none) }},
			{"junk everywhere", nil, func() ([][]byte, ballot.Fingerprint) {
				list := [][]byte{[]byte("junk")}
				for i, data := range good {
					list = append(list, data, []byte{entry.Version, byte(kind(i))})
				}
				return list, e.Fingerprint
			}},
			{"zero fingerprint", ballot.ErrUnanchored, func() ([][]byte, ballot.Fingerprint) { return good, ballot.Fingerprint{} }},
			{"another fingerprint", ballot.ErrIncomplete, func() ([][]byte, ballot.Fingerprint) { return good, ballot.Fingerprint{1} }},
			{"fingerprint of an entry that is no open", ballot.ErrIncomplete, func() ([][]byte, ballot.Fingerprint) {
				return good, ballot.Fingerprint(entry.ID(good[0]))
			}},
			{"no open entry", ballot.ErrIncomplete, func() ([][]byte, ballot.Fingerprint) { return good[:at], e.Fingerprint }},
			{"no manifest", ballot.ErrIncomplete, func() ([][]byte, ballot.Fingerprint) { return with(find(entry.Manifest)), e.Fingerprint }},
			{"manifest with one signature", ballot.ErrQuorum, func() ([][]byte, ballot.Fingerprint) {
				i := find(entry.Manifest)
				return with(i, rewrap(t, good[i], func(env *entry.Envelope) { env.Signatures = env.Signatures[:1] })), e.Fingerprint
			}},
			{"manifest with a byte changed", ballot.ErrIncomplete, func() ([][]byte, ballot.Fingerprint) {
				i := find(entry.Manifest)
				return with(i, rewrap(t, good[i], func(env *entry.Envelope) { env.Body = append([]byte(nil), env.Body...); env.Body[50] ^= 1 })), e.Fingerprint
			}},
			{"a manifest that is none", ballot.ErrVersion, func() ([][]byte, ballot.Fingerprint) {
				junk := []byte("no manifest")
				open := ballot.OpenEntry(e.Election, none)
				open.Election = ballot.ManifestID(junk)
				data := sign(open, e.Signers()...)
				manifest := &entry.Envelope{Kind: entry.Manifest, Election: open.Election, Body: junk}
				return append(append([][]byte(nil), good...), sign(manifest, e.Signers()...), data), ballot.Fingerprint(entry.ID(data))
			}},
			{"open entry with one signature", ballot.ErrQuorum, func() ([][]byte, ballot.Fingerprint) {
				data := sign(ballot.OpenEntry(e.Election, none), e.Authorities[0])
				return with(at, data), ballot.Fingerprint(entry.ID(data))
			}},
			{"open entry signed by somebody else too", ballot.ErrSignature, func() ([][]byte, ballot.Fingerprint) {
				data := sign(ballot.OpenEntry(e.Election, none), append(e.Signers(), e.Registrars[0])...)
				return with(at, data), ballot.Fingerprint(entry.ID(data))
			}},
			{"open entry that names another outcome", ballot.ErrBinding, func() ([][]byte, ballot.Fingerprint) {
				return reopened(func(o *ballot.Opening) { o.Outcome[0] ^= 1 })
			}},
			{"open entry with a key of the authorities' making", ballot.ErrBinding, func() ([][]byte, ballot.Fingerprint) {
				return reopened(func(o *ballot.Opening) { o.Keys[0] = g.Base() })
			}},
			{"open entry with a key too few", ballot.ErrShape, func() ([][]byte, ballot.Fingerprint) {
				return reopened(func(o *ballot.Opening) { o.Keys = o.Keys[1:] })
			}},
			{"open entry whose roll is too large", ballot.ErrRange, func() ([][]byte, ballot.Fingerprint) {
				return reopened(func(o *ballot.Opening) { o.Roll.Size++; o.Roll.Groups[0].Lines++; o.Roll.Weight++ })
			}},
			{"open entry whose roll does not add up", ballot.ErrRange, func() ([][]byte, ballot.Fingerprint) {
				return reopened(func(o *ballot.Opening) { o.Roll.Groups[0].Lines-- })
			}},
			{"open entry with a style that there is not", ballot.ErrRange, func() ([][]byte, ballot.Fingerprint) {
				return reopened(func(o *ballot.Opening) { o.Roll.Groups[0].Style = 1 })
			}},
			{"opened twice, the second", ballot.ErrFork, func() ([][]byte, ballot.Fingerprint) {
				data := sign(ballot.OpenEntry(e.Election, func(o *ballot.Opening) { o.Time++ }), e.Signers()...)
				return append(append([][]byte(nil), good...), data), ballot.Fingerprint(entry.ID(data))
			}},
			{"opened twice, the first", nil, func() ([][]byte, ballot.Fingerprint) {
				data := sign(ballot.OpenEntry(e.Election, func(o *ballot.Opening) { o.Time++ }), e.Signers()...)
				return append(append([][]byte(nil), good...), data), e.Fingerprint
			}},
			{"no certificate", ballot.ErrQuorum, func() ([][]byte, ballot.Fingerprint) { return with(find(entry.Certify)), e.Fingerprint }},
			{"no end of the last round", ballot.ErrState, func() ([][]byte, ballot.Fingerprint) { return with(at - 2), e.Fingerprint }},
		} {
			t.Run(test.name, func(t *testing.T) {
				data, fp := test.make()
				got, err := ballot.Load(t.Context(), e.Fork(data...), fp)
				if test.reason == nil {
					require.NoError(t, err)
					require.Equal(t, fp, got.Fingerprint)
					return
				}
				require.ErrorIs(t, err, test.reason)
				require.Nil(t, got)
			})
		}
	})
}

// The log key is the manifest's: who copies the election onto another ledger
// does not get a voter's device to follow.
func TestLoadFromAnotherLedger(t *testing.T) {
	e := electiontest.New(t, &electiontest.Options{Trustees: 1})
	other := electiontest.Prepare(t, &electiontest.Options{Trustees: 1})
	for _, en := range e.Entries() {
		other.Append(en.Data)
	}
	_, err := ballot.Load(t.Context(), other.Log, e.Fingerprint)
	require.ErrorIs(t, err, ballot.ErrSignature)
	_, err = ballot.OpenBox(t.Context(), e.Election, other.Log)
	require.ErrorIs(t, err, ballot.ErrSignature)
	_, err = ballot.Replay(t.Context(), e.Election, other.Log, uint64(len(e.Entries())), nil)
	require.ErrorIs(t, err, ballot.ErrSignature)
}

// tampering is a ledger that shows one entry with a bit changed.
type tampering struct {
	ledger.Ledger
	at uint64
}

func (l tampering) Entries(ctx ctx, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for en, err := range l.Ledger.Entries(ctx, lo, hi) {
			if err == nil && en.Index == l.at {
				en.Data = append([]byte(nil), en.Data...)
				en.Data[len(en.Data)-1] ^= 1
			}
			if !yield(en, err) {
				return
			}
		}
	}
}

func TestForm(t *testing.T) {
	e := electiontest.New(t, twoStyles(nil))
	for _, style := range []int{-1, 2} {
		_, err := e.Form(style)
		require.ErrorIs(t, err, ballot.ErrRange)
	}
	one, err := e.Form(0)
	require.NoError(t, err)
	again, err := e.Form(0)
	require.NoError(t, err)
	require.Same(t, one, again)
}
