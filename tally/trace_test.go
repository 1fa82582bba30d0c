package tally

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
)

// receipt returns the receipt of an entry, from a ledger of some size.
func (f *fixture) receipt(t *testing.T, entries [][]byte, index int) ballot.Receipt {
	proof, err := ledger.Prove(t.Context(), f.read(t, entries), uint64(index))
	require.NoError(t, err)
	r := ballot.Receipt{Index: uint64(index), Proof: proof}
	if b, err := f.ParseBallot(entries[index]); err == nil {
		r.Tracker = b.Tracker()
	} else if s, err := f.ParseSpoil(entries[index]); err == nil {
		r.Tracker = s.Tracker()
	}
	return r
}

// traced traces an entry on a ledger, with a receipt from when it was new.
func (f *fixture) traced(t *testing.T, entries [][]byte, index int) *Traced {
	got, err := Trace(t.Context(), f.read(t, entries), f.Fingerprint, entries[index], f.receipt(t, entries[:index+1], index))
	require.NoError(t, err)
	require.EqualValues(t, len(entries), got.Size)
	return got
}

func TestTrace(t *testing.T) {
	for _, g := range groups {
		t.Run(g.Name(), func(t *testing.T) {
			f := honest(t, g)
			old, spoil, first := f.at(t, entry.Ballot, 0), f.at(t, entry.Spoil, 0), f.at(t, entry.Ballot, 1)
			closed, pin := f.at(t, entry.Close, 0), f.at(t, entry.Pin, 0)
			spoiled := f.at(t, entry.Ballot, 1+len(fixtureVotes))

			got := f.traced(t, f.entries, first)
			require.Equal(t, &Traced{Verdict: Counted, Tracker: got.Tracker, Entry: uint64(first), Pin: uint64(pin), Size: uint64(len(f.entries))}, got)
			require.Equal(t, fmt.Sprintf("entry %d counts, pinned by entry %d", first, pin), got.String())

			got = f.traced(t, f.entries, old)
			require.Equal(t, &Traced{Verdict: Superseded, Tracker: got.Tracker, Entry: uint64(old), By: uint64(first), Pin: uint64(pin), Size: uint64(len(f.entries))}, got)
			require.Equal(t, fmt.Sprintf("entry %d is superseded by entry %d, pinned by entry %d", old, first, pin), got.String())

			got = f.traced(t, f.entries, spoil)
			require.Equal(t, &Traced{Verdict: Spoiled, Tracker: got.Tracker, Entry: uint64(spoil), Pin: uint64(pin), Size: uint64(len(f.entries))}, got)

			// The ballot that was spoiled, put on the ledger all the same.
			got = f.traced(t, f.entries, spoiled)
			require.Equal(t, Refused, got.Verdict)
			require.ErrorIs(t, got.Err, ErrState)
			require.ErrorContains(t, got.Err, fmt.Sprintf("spoiled by entry %d", spoil))
			require.Equal(t, uint64(pin), got.Pin)
			text, err := json.Marshal(got.Verdict)
			require.NoError(t, err)
			require.Equal(t, `"refused"`, string(text))

			// As the ledger grows: before the second ballot, before the close, before
			// the pin.
			require.Equal(t, Counted, f.traced(t, f.entries[:old+1], old).Verdict)
			got = f.traced(t, f.entries[:closed], old)
			require.Equal(t, Superseded, got.Verdict)
			require.Zero(t, got.Pin)
			require.Equal(t, fmt.Sprintf("entry %d is superseded by entry %d, by the first %d entries", old, first, closed), got.String())
			require.Zero(t, f.traced(t, f.entries[:closed+1], old).Pin)
		})
	}
}

// Entries that stand a second time, too late, or against each other.
func TestTraceOfWhatCameLater(t *testing.T) {
	f := honest(t, elgamal.Ristretto255())
	first, spoil := f.at(t, entry.Ballot, 1), f.at(t, entry.Spoil, 0)
	other := f.at(t, entry.Ballot, 3)
	mine, err := f.NewSpoil(f.Voters[0], f.receipt(t, f.entries, first).Tracker)
	require.NoError(t, err)
	closed := f.at(t, entry.Close, 0)
	wrong := badPin(t, f)
	entries := append([][]byte{}, f.entries[:closed]...)
	entries = append(entries, f.entries[first], f.entries[spoil], mine.Bytes())
	entries = append(entries, f.entries[closed], wrong, f.entries[other])

	got := f.traced(t, entries, closed) // a copy of the first ballot: that one counts
	require.Equal(t, Counted, got.Verdict)
	require.EqualValues(t, first, got.Entry)
	got = f.traced(t, entries, closed+1)
	require.Equal(t, Refused, got.Verdict)
	require.ErrorIs(t, got.Err, ballot.ErrReplay)
	got = f.traced(t, entries, closed+2) // a spoil of the first ballot
	require.Equal(t, Refused, got.Verdict)
	require.ErrorIs(t, got.Err, ErrState)
	require.ErrorContains(t, got.Err, fmt.Sprintf("cast as entry %d", first))
	require.Zero(t, got.Pin, "a pin that does not hold")

	// A ballot that comes after the close.
	entries = replaced(f.entries[:closed+1], other, []byte("nothing"))
	entries = append(entries, rightPin(t, f, entries), f.entries[other])
	got = f.traced(t, entries, closed+2)
	require.Equal(t, Refused, got.Verdict)
	require.ErrorIs(t, got.Err, ErrState)
	require.EqualValues(t, closed+1, got.Pin)
}

// A device that casts a challenged ballot has it spoiled in the name of another
// voter's credential: that spoil stands, and says nothing about the ballot.
func TestTraceOfAStrangersSpoil(t *testing.T) {
	e := electiontest.New(t, &electiontest.Options{Trustees: 1})
	b, tracker, err := e.Encrypt(e.Voters[0], nil)
	require.NoError(t, err)
	trace := func(s *ballot.Spoil, r ballot.Receipt) *Traced {
		got, err := Trace(t.Context(), e.Log, e.Fingerprint, s.Bytes(), r)
		require.NoError(t, err)
		return got
	}
	stranger, err := e.NewSpoil(e.Voters[1], tracker)
	require.NoError(t, err)
	r, err := e.Box().Spoil(t.Context(), stranger.Bytes())
	require.NoError(t, err)
	require.Equal(t, Spoiled, trace(stranger, r).Verdict, "as far as anybody can see")

	cast, err := e.Box().Cast(t.Context(), b)
	require.NoError(t, err)
	got := trace(stranger, r)
	require.Equal(t, Counted, got.Verdict)
	require.Equal(t, cast.Index, got.Entry)
	again := e.Cast(0, nil)
	got = trace(stranger, r)
	require.Equal(t, Superseded, got.Verdict)
	require.Equal(t, cast.Index, got.Entry)
	require.Equal(t, again.Index, got.By)
}

func TestTraceByTokens(t *testing.T) {
	e := electiontest.New(t, &electiontest.Options{Tokens: true, Trustees: 1})
	cast := func() (sent []byte, r ballot.Receipt) {
		b, _, err := e.Encrypt(e.Voters[0], nil)
		require.NoError(t, err)
		r, err = e.Box().Cast(t.Context(), b)
		require.NoError(t, err)
		return b.Bytes(), r
	}
	first, receipt := cast()
	_, second := cast()
	d, err := e.Prepare(e.Voters[1], nil)
	require.NoError(t, err)
	spoil, err := d.Challenge()
	require.NoError(t, err)
	spoilReceipt, err := e.Box().Spoil(t.Context(), spoil.Bytes())
	require.NoError(t, err)

	got, err := Trace(t.Context(), e.Log, e.Fingerprint, first, receipt)
	require.NoError(t, err)
	require.Equal(t, Superseded, got.Verdict)
	require.Equal(t, second.Index, got.By)
	got, err = Trace(t.Context(), e.Log, e.Fingerprint, spoil.Bytes(), spoilReceipt)
	require.NoError(t, err)
	require.Equal(t, Spoiled, got.Verdict)
}

func TestTraceChecksTheReceipt(t *testing.T) {
	f := honest(t, elgamal.Ristretto255())
	first, other := f.at(t, entry.Ballot, 1), f.at(t, entry.Ballot, 2)
	good, otherReceipt := f.receipt(t, f.entries, first), f.receipt(t, f.entries, other)
	stranger, err := note.NewSigner(strangersKey(t))
	require.NoError(t, err)
	forged, err := ledger.Prove(t.Context(), newOperator(t, stranger, f.entries), good.Index)
	require.NoError(t, err)
	for _, test := range []struct {
		name   string
		reason error
		change func(sent *[]byte, r *ballot.Receipt)
	}{
		{"another entry", ErrBinding, func(sent *[]byte, _ *ballot.Receipt) { *sent = f.entries[other] }},
		{"another tracker", ErrBinding, func(_ *[]byte, r *ballot.Receipt) { r.Tracker = otherReceipt.Tracker }},
		{"another proof", ErrChain, func(_ *[]byte, r *ballot.Receipt) { r.Proof = otherReceipt.Proof }},
		{"another index", ErrChain, func(_ *[]byte, r *ballot.Receipt) { r.Index++ }},
		{"an index before the open", ErrState, func(_ *[]byte, r *ballot.Receipt) { r.Index = 1 }},
		{"another ledger", ErrSignature, func(_ *[]byte, r *ballot.Receipt) { r.Proof = forged }},
		{"no proof", ErrEncoding, func(_ *[]byte, r *ballot.Receipt) { r.Proof = nil }},
		{"nothing sent", ErrEncoding, func(sent *[]byte, _ *ballot.Receipt) { *sent = nil }},
		{"another kind of entry", ErrEncoding, func(sent *[]byte, _ *ballot.Receipt) { *sent = f.entries[len(f.entries)-1] }},
	} {
		t.Run(test.name, func(t *testing.T) {
			sent, r := f.entries[first], good
			test.change(&sent, &r)
			got, err := Trace(t.Context(), f.read(t, f.entries), f.Fingerprint, sent, r)
			require.ErrorIs(t, err, test.reason)
			require.Nil(t, got)
		})
	}
	_, err = Trace(t.Context(), f.read(t, f.entries), ballot.Fingerprint{}, f.entries[first], good)
	require.ErrorIs(t, err, ErrUnanchored)
	_, err = Trace(t.Context(), f.read(t, f.entries[:5]), f.Fingerprint, f.entries[first], good)
	require.ErrorIs(t, err, ErrIncomplete)
}

// A ledger that does not go on from where the receipt was given: it is shorter,
// or the operator has signed another one.
func TestTraceOnAnotherLedger(t *testing.T) {
	f := honest(t, elgamal.Ristretto255())
	first := f.at(t, entry.Ballot, 1)
	r := f.receipt(t, f.entries[:first+2], first)
	trace := func(entries [][]byte) *Traced {
		got, err := Trace(t.Context(), f.read(t, entries), f.Fingerprint, f.entries[first], r)
		require.NoError(t, err)
		return got
	}
	require.Equal(t, Counted, trace(f.entries[:first+2]).Verdict)

	got := trace(f.entries[:first+1])
	require.Equal(t, Absent, got.Verdict)
	require.ErrorIs(t, got.Err, ErrIncomplete)
	require.Contains(t, got.String(), fmt.Sprintf("not on this ledger of %d entries: ", first+1))

	for name, entries := range map[string][][]byte{
		"without the ballot":            append(append([][]byte{}, f.entries[:first]...), f.entries[first+1:]...),
		"with another one in its place": replaced(f.entries, first, flip(f.entries[first], -1)),
		"with it, and another before":   replaced(f.entries, first-1, []byte("something else")),
		"of the same size":              replaced(f.entries[:first+2], first+1, []byte("something else")),
	} {
		t.Run(name, func(t *testing.T) {
			got := trace(entries)
			require.Equal(t, Absent, got.Verdict)
			require.ErrorIs(t, got.Err, ErrFork)
			require.Zero(t, got.Pin)
		})
	}
}

func replaced(entries [][]byte, at int, data []byte) [][]byte {
	entries = append([][]byte{}, entries...)
	entries[at] = bytes.Clone(data)
	return entries
}

func strangersKey(t *testing.T) string {
	key, _, err := note.GenerateKey(nil, "example.org/election")
	require.NoError(t, err)
	return key
}

// rightPin signs the pin that follows from entries, of which the last is the
// close, and badPin one of another root.
func rightPin(t *testing.T, f *fixture, entries [][]byte) []byte {
	return signedPin(f, newPin(uint64(len(entries)-1), f.read(t, entries).cp.Root))
}

func badPin(t *testing.T, f *fixture) []byte {
	closed := f.at(t, entry.Close, 0)
	return signedPin(f, newPin(uint64(closed)+3, f.read(t, f.entries[:closed]).cp.Root))
}

func signedPin(f *fixture, p pinned) []byte {
	env := entry.Envelope{Kind: entry.Pin, Election: entry.Hash(f.Fingerprint), Body: p.body()}
	for _, key := range f.Signers() {
		env.Sign(key)
	}
	return env.Bytes()
}

// flaky is a ledger of which one call fails.
type flaky struct {
	*operator
	calls, failing int
}

var errFlaky = errors.New("connection lost")

func (f *flaky) fails() bool {
	f.calls++
	return f.calls == f.failing
}

func (f *flaky) Checkpoint(ctx context.Context) (ledger.Checkpoint, error) {
	if f.fails() {
		return ledger.Checkpoint{}, errFlaky
	}
	return f.operator.Checkpoint(ctx)
}

func (f *flaky) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	if f.fails() {
		return func(yield func(ledger.Entry, error) bool) { yield(ledger.Entry{}, errFlaky) }
	}
	return f.operator.Entries(ctx, lo, hi)
}

// Whatever of the ledger cannot be read, a trace says so and nothing else.
func TestTraceNeedsTheLedger(t *testing.T) {
	f := honest(t, elgamal.Ristretto255())
	first := f.at(t, entry.Ballot, 1)
	r := f.receipt(t, f.entries, first)
	failed := 0
	for {
		log := &flaky{operator: f.read(t, f.entries), failing: failed + 1}
		got, err := Trace(t.Context(), log, f.Fingerprint, f.entries[first], r)
		if log.calls < log.failing {
			require.NoError(t, err)
			require.Equal(t, Counted, got.Verdict)
			break
		}
		require.ErrorIs(t, err, errFlaky, "call %d", log.failing)
		require.Nil(t, got)
		failed++
	}
	require.Greater(t, failed, 6)
}
