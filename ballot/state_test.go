package ballot_test

import (
	"crypto/ed25519"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
)

var groups = []*elgamal.Group{elgamal.Ristretto255(), elgamal.P256()}

// onGroups runs a test on both groups.
func onGroups(t *testing.T, test func(t *testing.T, g *elgamal.Group)) {
	for _, g := range groups {
		t.Run(g.Name(), func(t *testing.T) { test(t, g) })
	}
}

// twoStyles is an election with two styles, of which voters 0 and 1 have the
// first and voters 2 and 3 the second, and at most three ballots a credential.
func twoStyles(g *elgamal.Group) *electiontest.Options {
	return &electiontest.Options{
		Group: g, Trustees: 1,
		Styles: []int{0, 0, 1, 1},
		BallotStyles: []ballot.Style{
			{ID: "city", Name: "City", Contests: []int{0, 1}},
			{ID: "country", Name: "Country", Contests: []int{0}},
		},
		Limits: ballot.Limits{BallotsPerCredential: 3},
	}
}

// world applies entries to a state, without a ledger.
type world struct {
	*electiontest.Election
	t *testing.T
	e *ballot.Election
	s *ballot.State
}

// open returns the state of an election that has just been opened.
func open(t *testing.T, e *electiontest.Election) *world {
	w := &world{e, t, e.Election, ballot.NewState(e.Election)}
	for _, en := range e.Entries()[:e.Opening.Index+1] {
		refusal, err := w.s.Apply(en)
		require.NoError(t, err)
		require.Nil(t, refusal)
	}
	return w
}

// apply applies an entry and returns why it is refused.
func (w *world) apply(data []byte) error {
	w.t.Helper()
	refusal, err := w.s.Apply(ledger.Entry{Index: w.s.Next(), Data: data})
	require.NoError(w.t, err)
	if refusal == nil {
		return nil
	}
	require.Equal(w.t, w.s.Next()-1, refusal.Index)
	return refusal.Err
}

func (w *world) accept(data []byte) uint64 {
	w.t.Helper()
	require.NoError(w.t, w.apply(data))
	return w.s.Next() - 1
}

func (w *world) refuse(reason error, data []byte) {
	w.t.Helper()
	require.ErrorIs(w.t, w.apply(data), reason)
}

// counted returns the indices of the ballots that count.
func (w *world) counted() []uint64 {
	list := []uint64{}
	for c := range w.s.Counted() {
		list = append(list, c.Index)
	}
	return list
}

func (w *world) vote(voter int, votes ballot.Votes) *ballot.Ballot {
	w.t.Helper()
	b, tracker, err := w.Encrypt(w.Voters[voter], votes)
	require.NoError(w.t, err)
	require.Equal(w.t, b.Tracker(), tracker)
	return b
}

// draft is a ballot of a voter with one number.
func (w *world) draft(voter int, number uint32) ballot.Unsealed {
	v := w.Voters[voter]
	content, err := w.Manifest.EncodeVotes(v.Line.Style, nil)
	require.NoError(w.t, err)
	return ballot.Unsealed{Key: v.Key, Style: v.Line.Style, Number: number, Content: content}
}

func (w *world) spoil(voter int, tracker ballot.Tracker) []byte {
	s, err := w.NewSpoil(w.Voters[voter], tracker)
	require.NoError(w.t, err)
	return s.Bytes()
}

// officialEntry signs an entry of this election.
func (w *world) officialEntry(kind entry.Kind, body []byte, keys ...ed25519.PrivateKey) []byte {
	env := entry.Envelope{Kind: kind, Election: entry.Hash(w.Fingerprint), Time: 1, Body: body}
	if kind <= entry.Open {
		env.Election = w.Manifest.ID()
	}
	for _, k := range keys {
		env.Sign(k)
	}
	return env.Bytes()
}

func (w *world) close() []byte { return w.officialEntry(entry.Close, nil, w.Signers()...) }

// rewrap returns an entry after change, with no thought for its signatures.
func rewrap(t *testing.T, data []byte, change func(*entry.Envelope)) []byte {
	env, err := entry.Parse(data)
	require.NoError(t, err)
	change(env)
	return env.Bytes()
}

func TestCountingRule(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		e := electiontest.New(t, twoStyles(g))
		for _, test := range []struct {
			name string
			test func(*world)
		}{
			{"the last accepted ballot counts", func(w *world) {
				w.accept(w.draft(0, 1).Seal(w.e).Bytes())
				other := w.accept(w.draft(1, 1).Seal(w.e).Bytes())
				last := w.accept(w.draft(0, 3).Seal(w.e).Bytes())
				require.Equal(w.t, []uint64{other, last}, w.counted())
				require.Empty(w.t, w.s.Refused())
			}},
			{"style and weight", func(w *world) {
				at := w.accept(w.draft(2, 1).Seal(w.e).Bytes())
				for c := range w.s.Counted() {
					require.Equal(w.t, ballot.CountedBallot{Index: at, Weight: 1, Style: 1}, c)
				}
			}},
			{"a withheld old ballot cannot win", func(w *world) {
				old := w.draft(0, 1).Seal(w.e)
				counted := w.accept(w.draft(0, 2).Seal(w.e).Bytes())
				w.refuse(ballot.ErrReplay, old.Bytes())
				require.Equal(w.t, []uint64{counted}, w.counted())
			}},
			{"nor one with the same number", func(w *world) {
				w.accept(w.draft(0, 2).Seal(w.e).Bytes())
				w.refuse(ballot.ErrReplay, w.draft(0, 2).Seal(w.e).Bytes())
			}},
			{"nor the same ballot again after another one", func(w *world) {
				old := w.draft(0, 1).Seal(w.e).Bytes()
				w.accept(old)
				counted := w.accept(w.draft(0, 2).Seal(w.e).Bytes())
				w.refuse(ballot.ErrReplay, old)
				w.refuse(ballot.ErrProof, rewrap(w.t, old, func(env *entry.Envelope) { env.Time += 60 }))
				require.Equal(w.t, []uint64{counted}, w.counted())
			}},
			{"junk in a voter's name cancels nothing", func(w *world) {
				counted := w.accept(w.draft(0, 1).Seal(w.e).Bytes())
				body := ballot.OpenBody(w.e, w.draft(1, 3).Seal(w.e))
				body.Credential = w.Voters[0].Key.Public()
				junk := w.draft(0, 3).Seal(w.e).Bytes()
				w.refuse(ballot.ErrProof, rewrap(w.t, junk, func(env *entry.Envelope) { env.Body = body.Bytes() }))
				w.refuse(ballot.ErrEncoding, junk[:len(junk)-1])
				require.Equal(w.t, []uint64{counted}, w.counted())
				w.accept(w.draft(0, 2).Seal(w.e).Bytes())
			}},
			{"number above the limit", func(w *world) {
				w.refuse(ballot.ErrRange, w.draft(0, 4).Seal(w.e).Bytes())
				w.refuse(ballot.ErrRange, w.draft(0, math.MaxUint32).Seal(w.e).Bytes())
				w.accept(w.draft(0, 3).Seal(w.e).Bytes())
			}},
			{"credential that is not on the roll", func(w *world) {
				d := w.draft(0, 1)
				d.Key = ballot.NewVoterKey(g)
				w.refuse(ballot.ErrEligibility, d.Seal(w.e).Bytes())
			}},
			{"style of another voter", func(w *world) {
				d := w.draft(2, 1)
				d.Key = w.Voters[0].Key
				w.refuse(ballot.ErrEligibility, d.Seal(w.e).Bytes())
			}},
			{"A of an accepted ballot", func(w *world) {
				d, copied := w.draft(0, 1), w.draft(1, 1)
				d.R = g.RandomScalar()
				copied.R = d.R
				w.accept(d.Seal(w.e).Bytes())
				w.refuse(ballot.ErrDuplicate, copied.Seal(w.e).Bytes())
				copied = w.draft(0, 2)
				copied.R = d.R
				w.refuse(ballot.ErrDuplicate, copied.Seal(w.e).Bytes())
			}},
			{"A of a refused ballot counts for nothing", func(w *world) {
				d, copied := w.draft(0, 1), w.draft(1, 4)
				d.R = g.RandomScalar()
				copied.R = d.R
				w.refuse(ballot.ErrRange, copied.Seal(w.e).Bytes())
				w.accept(d.Seal(w.e).Bytes())
			}},
			{"A of a superseded ballot still does", func(w *world) {
				d, copied := w.draft(0, 1), w.draft(1, 1)
				d.R = g.RandomScalar()
				copied.R = d.R
				w.accept(d.Seal(w.e).Bytes())
				w.accept(w.draft(0, 2).Seal(w.e).Bytes())
				w.refuse(ballot.ErrDuplicate, copied.Seal(w.e).Bytes())
			}},
			{"spoiled, then cast", func(w *world) {
				b := w.draft(0, 1).Seal(w.e)
				w.accept(w.spoil(0, b.Tracker()))
				w.refuse(ballot.ErrState, b.Bytes())
				w.accept(w.draft(0, 2).Seal(w.e).Bytes())
			}},
			{"cast, then spoiled", func(w *world) {
				b := w.draft(0, 1).Seal(w.e)
				at := w.accept(b.Bytes())
				w.refuse(ballot.ErrState, w.spoil(0, b.Tracker()))
				require.Equal(w.t, []uint64{at}, w.counted())
				w.accept(w.draft(0, 2).Seal(w.e).Bytes())
				w.refuse(ballot.ErrState, w.spoil(0, b.Tracker())) // superseded, still cast
			}},
			{"spoiled by another voter", func(w *world) {
				b := w.draft(0, 1).Seal(w.e)
				w.accept(w.spoil(1, b.Tracker()))
				w.accept(b.Bytes())
			}},
			{"spoiled by another voter, then by its own", func(w *world) {
				b := w.draft(0, 1).Seal(w.e)
				w.accept(w.spoil(1, b.Tracker()))
				w.accept(w.spoil(0, b.Tracker()))
				w.refuse(ballot.ErrState, b.Bytes())
			}},
			{"spoiled twice", func(w *world) {
				b := w.draft(0, 1).Seal(w.e)
				w.accept(w.spoil(0, b.Tracker()))
				w.refuse(ballot.ErrReplay, w.spoil(0, b.Tracker()))
			}},
			{"spoil that is not signed", func(w *world) {
				b := w.draft(0, 1).Seal(w.e)
				other := w.spoil(0, ballot.Tracker{1})
				w.refuse(ballot.ErrProof, rewrap(w.t, other, func(env *entry.Envelope) {
					tracker := b.Tracker()
					copy(env.Body, tracker[:])
				}))
				w.accept(b.Bytes())
			}},
			{"spoil of nobody on the roll", func(w *world) {
				body := w.spoil(0, ballot.Tracker{1})
				other := electiontest.New(w.t, twoStyles(g)) // its voters are not on this roll
				v := *other.Voters[0]
				foreign := *w.e
				foreign.Opening = other.Opening
				s, err := foreign.NewSpoil(&v, ballot.Tracker{1})
				require.NoError(w.t, err)
				w.refuse(ballot.ErrEligibility, s.Bytes())
				w.accept(body)
			}},
			{"the first check that fails is the reason", func(w *world) {
				d, stranger := w.draft(0, 9), w.draft(2, 9)
				stranger.Key = ballot.NewVoterKey(g)
				d.R = g.RandomScalar()
				wrongStyle := stranger
				wrongStyle.Key, wrongStyle.R = w.Voters[1].Key, d.R
				first := w.draft(0, 3)
				first.R = d.R
				w.accept(first.Seal(w.e).Bytes())

				// Proof, credential, number.
				bad := ballot.OpenBody(w.e, stranger.Seal(w.e))
				bad.Number++
				w.refuse(ballot.ErrProof, rewrap(w.t, stranger.Seal(w.e).Bytes(), func(env *entry.Envelope) { env.Body = bad.Bytes() }))
				// Credential, number. Style, spoil, A, number.
				w.refuse(ballot.ErrEligibility, stranger.Seal(w.e).Bytes())
				b := wrongStyle.Seal(w.e)
				w.accept(w.spoil(1, b.Tracker()))
				w.refuse(ballot.ErrEligibility, b.Bytes())
				// Spoil, A, number. A, number. Limit, not newer.
				b = d.Seal(w.e)
				w.accept(w.spoil(0, b.Tracker()))
				w.refuse(ballot.ErrState, b.Bytes())
				w.refuse(ballot.ErrDuplicate, d.Seal(w.e).Bytes())
				w.accept(w.draft(1, 3).Seal(w.e).Bytes())
				w.refuse(ballot.ErrRange, w.draft(1, 4).Seal(w.e).Bytes())
				w.refuse(ballot.ErrReplay, w.draft(1, 3).Seal(w.e).Bytes())
				// Close before all of them.
				w.accept(w.close())
				w.refuse(ballot.ErrState, d.Seal(w.e).Bytes())
			}},
			{"close without signature", func(w *world) {
				w.refuse(ballot.ErrQuorum, w.officialEntry(entry.Close, nil))
				w.refuse(ballot.ErrQuorum, w.officialEntry(entry.Close, nil, w.Authorities[0]))
				w.refuse(ballot.ErrSignature, w.officialEntry(entry.Close, nil, w.Authorities[0], w.Registrars[0]))
				w.refuse(ballot.ErrSignature, rewrap(w.t, w.close(), func(env *entry.Envelope) { env.Time++ }))
				w.refuse(ballot.ErrEncoding, w.officialEntry(entry.Close, []byte{0}, w.Signers()...))
				_, closed := w.s.Closed()
				require.False(w.t, closed)
				w.accept(w.draft(0, 1).Seal(w.e).Bytes())
			}},
			{"after the close", func(w *world) {
				late, spoil := w.draft(0, 1).Seal(w.e).Bytes(), w.spoil(1, ballot.Tracker{1})
				at := w.accept(w.close())
				w.refuse(ballot.ErrState, late)
				w.refuse(ballot.ErrState, spoil)
				w.refuse(ballot.ErrState, w.officialEntry(entry.Close, nil, w.Authorities...))
				w.refuse(ballot.ErrState, rewrap(w.t, late, func(env *entry.Envelope) { env.Body = nil }))
				got, closed := w.s.Closed()
				require.True(w.t, closed)
				require.Equal(w.t, at, got)
				require.Empty(w.t, w.counted())
			}},
			{"what comes after the close", func(w *world) {
				pin := w.officialEntry(entry.Pin, []byte("pin"), w.Signers()...)
				for _, kind := range []entry.Kind{entry.Pin, entry.Mix, entry.Share, entry.Result} {
					w.refuse(ballot.ErrState, w.officialEntry(kind, nil, w.Signers()...))
				}
				require.Empty(w.t, w.s.Pins())
				w.accept(w.close())
				w.refuse(ballot.ErrQuorum, w.officialEntry(entry.Pin, nil))
				at := w.accept(pin)
				require.Equal(w.t, []uint64{at}, w.s.Pins())
				for _, kind := range []entry.Kind{entry.Share, entry.Result} {
					w.accept(w.officialEntry(kind, nil))
				}
			}},
			{"what comes before the open", func(w *world) {
				for _, en := range w.Entries()[:w.Opening.Index+1] {
					w.refuse(ballot.ErrState, en.Data)
				}
				w.refuse(ballot.ErrState, w.officialEntry(entry.Roll, nil, w.Registrars...))
				w.refuse(ballot.ErrState, w.officialEntry(entry.Commit, nil))
				w.refuse(ballot.ErrQuorum, w.officialEntry(entry.Open, nil))
			}},
			{"no entry", func(w *world) {
				w.refuse(ballot.ErrEncoding, nil)
				w.refuse(ballot.ErrVersion, []byte("junk"))
				require.Equal(w.t, "unknown", w.s.Refused()[1].Kind)
			}},
			{"another election", func(w *world) {
				other := open(w.t, electiontest.New(w.t, twoStyles(g)))
				v := other.vote(0, nil).Bytes()
				w.refuse(ballot.ErrBinding, v)
				w.refuse(ballot.ErrEligibility, open(w.t, w.Election).rebind(other.draft(0, 1)))
				w.refuse(ballot.ErrProof, rewrap(w.t, v, func(env *entry.Envelope) { env.Election = entry.Hash(w.Fingerprint) }))
				w.refuse(ballot.ErrBinding, other.close())
				w.refuse(ballot.ErrBinding, other.spoil(0, ballot.Tracker{1}))
				w.refuse(ballot.ErrQuorum, rewrap(w.t, other.close(), func(env *entry.Envelope) {
					env.Election, env.Signatures = entry.Hash(w.Fingerprint), nil
				}))
			}},
			{"times decide nothing", func(w *world) {
				for i, at := range []time.Time{time.Unix(0, 0), time.Unix(-3600, 0), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)} {
					d := w.draft(0, uint32(i+1))
					d.Time = at.Unix()
					w.accept(d.Seal(w.e).Bytes())
				}
			}},
			{"out of order", func(w *world) {
				_, err := w.s.Apply(ledger.Entry{Index: w.s.Next() + 1, Data: w.close()})
				require.ErrorIs(w.t, err, ballot.ErrChain)
				w.accept(w.close())
			}},
		} {
			t.Run(test.name, func(t *testing.T) { test.test(open(t, e)) })
		}
	})
}

// rebind seals another election's draft for this one.
func (w *world) rebind(d ballot.Unsealed) []byte { return d.Seal(w.e).Bytes() }

// Ballots before the open can exist: who has the signed open entry before it
// is on the ledger knows the fingerprint.
func TestBeforeOpen(t *testing.T) {
	e := electiontest.New(t, twoStyles(nil))
	w := open(t, e)
	entries := e.Entries()
	at := int(e.Opening.Index)
	var data [][]byte
	for _, en := range entries[:at] {
		data = append(data, en.Data)
	}
	early := w.draft(0, 1).Seal(e.Election).Bytes()
	data = append(data, early, w.spoil(1, ballot.Tracker{1}), w.close(), entries[at].Data)
	log := e.Fork(data...)

	moved, err := ballot.Load(t.Context(), log, e.Fingerprint)
	require.NoError(t, err)
	s, err := ballot.Replay(t.Context(), moved, log, uint64(len(data)), nil)
	require.NoError(t, err)
	require.Len(t, s.Refused(), 3)
	for i, r := range s.Refused() {
		require.Equal(t, uint64(at+i), r.Index)
		require.ErrorIs(t, r.Err, ballot.ErrState)
	}

	// The box does not take the same bytes as a new ballot either.
	box, err := ballot.OpenBox(t.Context(), moved, log)
	require.NoError(t, err)
	_, err = box.CastBytes(t.Context(), early)
	require.ErrorIs(t, err, ballot.ErrState)
}

func TestStatus(t *testing.T) {
	w := open(t, electiontest.New(t, twoStyles(nil)))
	first, second := w.vote(0, nil), w.vote(0, nil)
	_, err := w.s.Status(first.Tracker())
	require.ErrorIs(t, err, ballot.ErrIncomplete)
	at := w.accept(first.Bytes())
	got, err := w.s.Status(first.Tracker())
	require.NoError(t, err)
	require.Equal(t, at, got)

	last := w.accept(second.Bytes())
	got, err = w.s.Status(first.Tracker())
	require.ErrorIs(t, err, ballot.ErrReplay)
	require.ErrorContains(t, err, fmt.Sprintf("superseded by entry %d", last))
	require.Equal(t, at, got)
	_, err = w.s.Status(second.Tracker())
	require.NoError(t, err)

	// The voter sees how many ballots there are in her name.
	standing, err := w.s.Standing(w.Voters[0].Key.Public())
	require.NoError(t, err)
	require.Equal(t, ballot.Standing{Ballots: 2, Counted: last, Number: 2}, standing)
	standing, err = w.s.Standing(w.Voters[1].Key.Public())
	require.NoError(t, err)
	require.Zero(t, standing)
	_, err = w.s.Standing(nil)
	require.ErrorIs(t, err, ballot.ErrEligibility)
}
