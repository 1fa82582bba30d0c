package tally

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
)

// model is the counting rule as one would write it who has time: lists, and
// every check by looking through all of them. It takes nothing from State.
type model struct {
	e        *electiontest.Election
	accepted []modelBallot
	spoiled  []modelBallot
	refused  []uint64
	closed   bool
}

type modelBallot struct {
	index      uint64
	number     uint32
	tracker    ballot.Tracker
	credential []byte
	mask       []byte // A
}

func (m *model) apply(en ledger.Entry) {
	if !m.stands(en) {
		m.refused = append(m.refused, en.Index)
	}
}

func (m *model) stands(en ledger.Entry) bool {
	env, err := entry.Parse(en.Data)
	if err != nil || env.Election != entry.Hash(m.e.Fingerprint) || m.closed {
		return false
	}
	x, n := modelBallot{index: en.Index}, m.e.Group.PointLen()
	switch env.Kind {
	case entry.Ballot:
		b, err := m.e.ParseBallot(en.Data)
		if err != nil || m.e.VerifyBallot(b) != nil {
			return false
		}
		x.number, x.tracker = b.Number(), b.Tracker()
		x.credential, x.mask = env.Body[6:6+n], env.Body[6+n:6+2*n]
		if !m.registered(x.credential) || b.Number() > m.e.Manifest.Limits.BallotsPerCredential {
			return false
		}
		for _, s := range m.spoiled {
			if s.tracker == x.tracker && bytes.Equal(s.credential, x.credential) {
				return false
			}
		}
		for _, a := range m.accepted {
			if a.tracker == x.tracker || bytes.Equal(a.mask, x.mask) || bytes.Equal(a.credential, x.credential) && x.number <= a.number {
				return false
			}
		}
		m.accepted = append(m.accepted, x)
	case entry.Spoil:
		s, err := m.e.ParseSpoil(en.Data)
		if err != nil || m.e.VerifySpoil(s) != nil {
			return false
		}
		x.tracker, x.credential = s.Tracker(), env.Body[32:32+n]
		if !m.registered(x.credential) || slices.ContainsFunc(m.accepted, func(a modelBallot) bool { return a.tracker == x.tracker }) {
			return false
		}
		for _, s := range m.spoiled {
			if s.tracker == x.tracker && bytes.Equal(s.credential, x.credential) {
				return false
			}
		}
		m.spoiled = append(m.spoiled, x)
	case entry.Close:
		m.closed = true
	default:
		return false
	}
	return true
}

func (m *model) registered(credential []byte) bool {
	return slices.ContainsFunc(m.e.Voters, func(v *ballot.Voter) bool { return bytes.Equal(v.Key.Public(), credential) })
}

// standing returns what State.Standing must return.
func (m *model) standing(credential []byte) (s ballot.Standing) {
	for _, a := range m.accepted {
		if bytes.Equal(a.credential, credential) {
			s = ballot.Standing{Ballots: s.Ballots + 1, Counted: a.index, Number: a.number}
		}
	}
	return s
}

// verdict returns what Trace must say of the entry with a tracker.
func (m *model) verdict(t ballot.Tracker, index uint64) (v Verdict, by uint64) {
	for _, a := range m.accepted {
		if a.tracker == t {
			if last := m.standing(a.credential).Counted; last != a.index {
				return Superseded, last
			}
			return Counted, 0
		}
	}
	if slices.Contains(m.refused, index) {
		return Refused, 0
	}
	return Spoiled, 0
}

// racing is an election in which everybody does everything at the same time.
type racing struct {
	*electiontest.Election
	t     *testing.T
	rand  *rand.Rand
	boxes []*ballot.Box

	mu       sync.Mutex
	plain    map[ballot.Tracker]ballot.Votes
	receipts []racingReceipt
	held     []*ballot.Ballot // withheld by who should have sent them
	todo     []func()
}

type racingReceipt struct {
	sent []byte
	ballot.Receipt
}

// Two hundred casts and casts again of forty voters through two boxes at the
// same time, with ballots that are withheld, sent again, spoiled, and junk in
// the voters' names that does not go through a box. Afterwards everybody who
// reads the ledger agrees with the model.
func TestP30P31P39Races(t *testing.T) {
	const voters, ballots = 40, 5
	e := electiontest.New(t, &electiontest.Options{
		Trustees: 1, Voters: voters, Contests: electiontest.Contests()[:1], Limits: ballot.Limits{BallotsPerCredential: ballots + 1},
	})
	other, err := ballot.OpenBox(t.Context(), e.Election, e.Log)
	require.NoError(t, err)
	r := &racing{Election: e, t: t, rand: rand.New(rand.NewPCG(30, 31)), boxes: []*ballot.Box{e.Box(), other}, plain: make(map[ballot.Tracker]ballot.Votes)}
	for v := range voters {
		for n := range ballots {
			r.plan(v, n)
		}
	}
	r.run()
	require.Greater(t, len(r.receipts), 2*voters)
	require.NotEmpty(t, r.held)
	for _, b := range r.held { // too late for all who have voted since
		r.todo = append(r.todo, func() { r.post(b.Bytes()) })
	}
	r.run()
	e.Close()
	r.agree()
}

// plan makes a ballot and says what is done with it.
func (r *racing) plan(voter, n int) {
	v := r.Voters[voter]
	votes := ballot.Votes{"mayor": electiontest.RandomVote(r.rand, &r.Manifest.Contests[0])}
	if n == 3 && voter%4 == 0 { // the voter challenges the device
		d, err := r.Prepare(v, votes)
		require.NoError(r.t, err)
		s, err := d.Challenge()
		require.NoError(r.t, err)
		r.todo = append(r.todo, func() { r.answer(s.Bytes())(r.boxes[voter%2].Spoil(r.t.Context(), s.Bytes())) })
		return
	}
	b, tracker, err := r.Encrypt(v, votes)
	require.NoError(r.t, err)
	r.plain[tracker] = votes
	box, again := r.boxes[r.rand.IntN(2)], r.boxes[r.rand.IntN(2)]
	cast := func(box *ballot.Box) func() {
		return func() { r.answer(b.Bytes())(box.Cast(r.t.Context(), b)) }
	}
	switch r.rand.IntN(10) {
	case 0: // withheld
		r.held = append(r.held, b)
		return
	case 1: // sent again
		r.todo = append(r.todo, cast(again))
	case 2: // posted past the boxes as well
		r.todo = append(r.todo, func() { r.post(b.Bytes()) })
	case 3: // and spoiled at the same time
		s, err := r.NewSpoil(v, tracker)
		require.NoError(r.t, err)
		r.todo = append(r.todo, func() { r.answer(s.Bytes())(again.Spoil(r.t.Context(), s.Bytes())) })
	case 4: // while others post junk in the voter's name
		r.todo = append(r.todo, func() { r.post(flip(b.Bytes(), -1)) }, func() { r.post(flip(b.Bytes(), 50)) }, func() { r.post(b.Bytes()[:100]) })
	}
	r.todo = append(r.todo, cast(box))
}

// run does everything that is to be done, all at once.
func (r *racing) run() {
	todo := r.todo
	r.todo = nil
	r.rand.Shuffle(len(todo), func(i, j int) { todo[i], todo[j] = todo[j], todo[i] })
	var wait sync.WaitGroup
	for _, do := range todo {
		wait.Go(do)
	}
	wait.Wait()
}

func (r *racing) post(data []byte) {
	if _, err := r.Log.Append(r.t.Context(), data); err != nil {
		r.t.Error(err)
	}
}

// answer takes a box's answer to what was sent.
func (r *racing) answer(sent []byte) func(ballot.Receipt, error) {
	return func(receipt ballot.Receipt, err error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if err == nil {
			r.receipts = append(r.receipts, racingReceipt{sent, receipt})
		} else if !errors.Is(err, ballot.ErrReplay) && !errors.Is(err, ballot.ErrState) {
			r.t.Error(err)
		}
	}
}

// agree holds state, standings, receipts, traces and audit against the model.
func (r *racing) agree() {
	t, ctx := r.t, r.t.Context()
	m := &model{e: r.Election}
	entries := r.Entries()
	for _, en := range entries[r.Opening.Index+1:] {
		m.apply(en)
	}
	state, err := ballot.Replay(ctx, r.Election.Election, r.Log, uint64(len(entries)), nil)
	require.NoError(t, err)
	var refused, counted []uint64
	for _, x := range state.Refused() {
		refused = append(refused, x.Index)
	}
	require.Equal(t, m.refused, refused)
	require.NotEmpty(t, m.spoiled)
	require.Greater(t, len(refused), 20)
	for c := range state.Counted() {
		counted = append(counted, c.Index)
	}
	var want []uint64
	plain := make(map[ballot.Tracker]ballot.Votes)
	for _, a := range m.accepted {
		if m.standing(a.credential).Counted == a.index {
			want = append(want, a.index)
			plain[a.tracker] = r.plain[a.tracker]
		}
	}
	require.Equal(t, want, counted)
	for _, v := range r.Voters {
		s, err := state.Standing(v.Key.Public())
		require.NoError(t, err)
		require.Equal(t, m.standing(v.Key.Public()), s)
	}

	// What a box has given a receipt for was accepted.
	for i, x := range r.receipts {
		require.NoError(t, r.VerifyReceipt(x.sent, x.Receipt))
		verdict, by := m.verdict(x.Tracker, x.Index)
		require.NotEqual(t, Refused, verdict)
		if i%16 != 0 { // a trace reads the whole ledger
			continue
		}
		got, err := Trace(ctx, r.Log, r.Fingerprint, x.sent, x.Receipt)
		require.NoError(t, err)
		require.Equal(t, &Traced{Verdict: verdict, Tracker: x.Tracker, Entry: x.Index, By: by, Size: uint64(len(entries))}, got)
	}

	// The audit, and the votes of the ballots that count.
	require.NoError(t, Pin(ctx, r.Election.Election, r.Log, r.Signers()))
	require.NoError(t, Decrypt(ctx, r.Election.Election, r.Log, r.Trustees[0]))
	result, err := Combine(ctx, r.Election.Election, r.Log)
	require.NoError(t, err)
	require.NoError(t, Publish(ctx, r.Election.Election, r.Log, result, r.Signers()))
	report, err := Audit(ctx, r.Log, r.Fingerprint, nil)
	require.NoError(t, err)
	require.True(t, report.Verified(), report.Text())
	require.EqualValues(t, len(want), report.Result.Ballots)
	totals, err := r.Manifest.Contests[0].Count(func(yield func(ballot.Vote, uint64) bool) {
		for _, votes := range plain {
			if !yield(votes["mayor"], 1) {
				return
			}
		}
	})
	require.NoError(t, err)
	for i, total := range report.Result.Contests[0].Totals {
		require.Equal(t, totals[i], total.Total, fmt.Sprint(total))
	}
}
