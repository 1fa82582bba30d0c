package ballot_test

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
)

// verdicts is what follows from a state, in a form to compare.
type verdicts struct {
	counted []ballot.CountedBallot
	refused []string
	closed  uint64
}

func verdictsOf(s *ballot.State) (v verdicts) {
	for c := range s.Counted() {
		v.counted = append(v.counted, c)
	}
	for _, r := range s.Refused() {
		v.refused = append(v.refused, r.Kind+" "+r.Err.Error())
	}
	v.closed, _ = s.Closed()
	return v
}

func TestReplay(t *testing.T) {
	w := open(t, electiontest.New(t, twoStyles(nil)))
	// Ballots good and bad among junk that makes several chunks.
	for i := range 2500 {
		w.Append([]byte{9, byte(i), byte(i >> 8)})
		switch {
		case i%500 == 0:
			w.Append(w.draft(i/500%4, uint32(1+i/1000)).Seal(w.e).Bytes())
		case i%700 == 0:
			b := ballot.OpenBody(w.e, w.draft(0, 3).Seal(w.e))
			b.Number--
			w.Append(rewrap(t, w.draft(0, 3).Seal(w.e).Bytes(), func(env *entry.Envelope) { env.Body = b.Bytes() }))
		case i%900 == 0:
			w.Append(w.spoil(1, ballot.Tracker{byte(i)}))
		}
	}
	w.Append(w.close())
	w.Append(w.draft(1, 3).Seal(w.e).Bytes())
	size := uint64(len(w.Entries()))

	// The slow reference: one entry after the other.
	for _, en := range w.Entries()[w.Opening.Index+1:] {
		_, err := w.s.Apply(en)
		require.NoError(t, err)
	}
	want := verdictsOf(w.s)
	require.Len(t, want.counted, 4)

	for _, workers := range []int{0, 1, 4} {
		var last uint64
		s, err := ballot.Replay(t.Context(), w.e, w.Log, size, &ballot.ReplayOptions{Workers: workers, Progress: func(done, of uint64) {
			require.Greater(t, done, last)
			require.Equal(t, size, of)
			last = done
		}})
		require.NoError(t, err)
		require.Equal(t, size, last)
		require.Equal(t, size, s.Next())
		require.Equal(t, want, verdictsOf(s))
	}

	t.Run("applied", func(t *testing.T) {
		var read uint64
		rows := make(map[uint64]ballot.AcceptedBallot)
		superseded := 0
		_, err := ballot.Replay(t.Context(), w.e, w.Log, size, &ballot.ReplayOptions{Workers: 2, Applied: func(entries []ledger.Entry, accepted []ballot.AcceptedBallot) {
			for _, en := range entries {
				require.Equal(t, read, en.Index)
				read++
			}
			for _, a := range accepted {
				require.Less(t, a.Index, read)
				if a.Supersedes != 0 {
					superseded++
					require.Contains(t, rows, a.Supersedes)
					delete(rows, a.Supersedes)
				}
				rows[a.Index] = a
			}
		}})
		require.NoError(t, err)
		require.Equal(t, size, read)
		require.Equal(t, 1, superseded)
		require.Len(t, rows, len(want.counted))
		for _, c := range want.counted {
			require.Equal(t, c, rows[c.Index].CountedBallot)
			b, err := w.e.ParseBallot(w.Entries()[c.Index].Data)
			require.NoError(t, err)
			row := rows[c.Index].Row
			require.True(t, b.Row().A.Equal(row.A))
			for i, p := range b.Row().B {
				require.True(t, p.Equal(row.B[i]))
			}
		}
	})

	// A shorter ledger is another result.
	s, err := ballot.Replay(t.Context(), w.e, w.Log, size-2, nil)
	require.NoError(t, err)
	require.Zero(t, verdictsOf(s).closed)

	t.Run("size", func(t *testing.T) {
		_, err := ballot.Replay(t.Context(), w.e, w.Log, size+1, nil)
		require.ErrorIs(t, err, ballot.ErrIncomplete)
		require.ErrorContains(t, err, fmt.Sprintf("the ledger has %d", size))
		_, err = ballot.Replay(t.Context(), w.e, w.Log, w.Opening.Index, nil)
		require.ErrorIs(t, err, ballot.ErrIncomplete)
	})
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := ballot.Replay(ctx, w.e, w.Log, size, &ballot.ReplayOptions{Progress: func(uint64, uint64) { cancel() }})
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("tampered", func(t *testing.T) {
		for _, at := range []uint64{0, w.Opening.Index, w.Opening.Index + 3, size - 1} {
			_, err := ballot.Replay(t.Context(), w.e, tampering{w.Log, at}, size, nil)
			require.ErrorIs(t, err, ballot.ErrChain)
		}
	})
}

// large yields entries that are nothing, all of one size, and counts them.
type large struct {
	ledger.Reader
	data []byte
	read atomic.Uint64
}

func (r *large) Entries(_ context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for i := lo; i < hi; i++ {
			r.read.Add(1)
			if !yield(ledger.Entry{Index: i, Data: r.data}, nil) {
				return
			}
		}
	}
}

// Anybody may post large entries. However many there are, only some of them are
// in memory at a time.
func TestReplayBoundsBytesInFlight(t *testing.T) {
	const entries, workers = 60, 8
	w := open(t, electiontest.New(t, twoStyles(nil)))
	start := w.s.Next()
	for _, test := range []struct{ size, most uint64 }{
		{1 << 20, 2*2*workers + 2}, // two are a chunk
		{8 << 20, 2*workers/4 + 1},
		{64 << 20, 2},
	} {
		w := open(t, w.Election)
		r := &large{data: make([]byte, test.size)}
		var peak uint64
		err := ballot.Advance(t.Context(), w.s, r, start+entries, ballot.ReplayOptions{Workers: workers, Progress: func(done, _ uint64) {
			if peak == 0 {
				time.Sleep(50 * time.Millisecond) // the reader goes ahead as far as it may
			}
			peak = max(peak, r.read.Load()-(done-start))
		}})
		require.NoError(t, err)
		require.LessOrEqual(t, peak, test.most, "entries of %d bytes", test.size)
		require.Len(t, w.s.Refused(), entries)
	}
}

// A ledger that differs before the open from the one that was loaded is
// noticed, also if its operator signs it.
func TestReplayOfAnotherHistory(t *testing.T) {
	e := electiontest.New(t, twoStyles(nil))
	var data [][]byte
	for _, en := range e.Entries() {
		data = append(data, en.Data)
	}
	size := uint64(len(data))
	replay := func(data ...[]byte) error {
		_, err := ballot.Replay(t.Context(), e.Election, e.Fork(data...), size, nil)
		return err
	}
	require.NoError(t, replay(data...))
	shifted := append([][]byte{[]byte("junk")}, data...)
	require.ErrorIs(t, replay(shifted...), ballot.ErrChain)

	earlier := ballot.OpenEntry(e.Election, func(o *ballot.Opening) { o.Time++ })
	for _, k := range e.Signers() {
		earlier.Sign(k)
	}
	forked := append([][]byte(nil), data...)
	forked[1] = earlier.Bytes() // in place of a trustee's message
	require.ErrorIs(t, replay(forked...), ballot.ErrFork)
	earlier.Signatures = earlier.Signatures[:1]
	forked[1] = earlier.Bytes()
	require.NoError(t, replay(forked...))
}

// What the open entry says of the roll is held against the roll's entries.
func TestReplayChecksRoll(t *testing.T) {
	e := electiontest.New(t, twoStyles(nil))
	entries := e.Entries()
	at := e.Opening.Index
	for name, change := range map[string]func(*ballot.Opening){
		"root":   func(o *ballot.Opening) { o.Roll.Root[0] ^= 1 },
		"size":   func(o *ballot.Opening) { o.Roll.Size--; o.Roll.Weight--; o.Roll.Groups[0].Lines-- },
		"groups": func(o *ballot.Opening) { o.Roll.Groups[0].Lines--; o.Roll.Groups[1].Lines++ },
	} {
		t.Run(name, func(t *testing.T) {
			env := ballot.OpenEntry(e.Election, change)
			for _, k := range e.Signers() {
				env.Sign(k)
			}
			var data [][]byte
			for _, en := range entries[:at] {
				data = append(data, en.Data)
			}
			log := e.Fork(append(data, env.Bytes())...)
			fp := ballot.Fingerprint(entry.ID(env.Bytes()))
			loaded, err := ballot.Load(t.Context(), log, fp)
			require.NoError(t, err) // a voter's device has no roll
			_, err = ballot.Replay(t.Context(), loaded, log, at+1, nil)
			require.ErrorIs(t, err, ballot.ErrChain)
			if name == "size" {
				require.ErrorContains(t, err, "4 lines on the ledger, the open entry names 3")
			}
			_, err = ballot.Open(t.Context(), log, e.Manifest, e.Signers())
			require.ErrorIs(t, err, ballot.ErrChain)
		})
	}
	var without [][]byte
	for _, en := range entries[:at+1] {
		if entry.Kind(en.Data[1]) != entry.Roll {
			without = append(without, en.Data)
		}
	}
	log := e.Fork(without...)
	loaded, err := ballot.Load(t.Context(), log, e.Fingerprint)
	require.NoError(t, err)
	_, err = ballot.Replay(t.Context(), loaded, log, uint64(len(without)), nil)
	require.ErrorIs(t, err, ballot.ErrShape, "no lines at all")
}
