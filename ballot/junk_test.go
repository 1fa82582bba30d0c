package ballot_test

import (
	"bytes"
	"context"
	"iter"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
)

// weighed yields entries in memory of their own, like the client of a remote
// ledger, and measures how much is kept of them.
type weighed struct {
	ledger.Ledger
	peak uint64
}

func (r *weighed) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for en, err := range r.Ledger.Entries(ctx, lo, hi) {
			en.Data = bytes.Clone(en.Data)
			if en.Index%16 == 0 {
				r.peak = max(r.peak, heap())
			}
			if !yield(en, err) {
				return
			}
		}
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Anybody may post entries that say they are the ceremony's, and a trustee may
// sign as many as it likes. Loading an election, which every voter's device
// does, must not keep them.
func TestLoadKeepsNoJunkOfTheCeremony(t *testing.T) {
	w := electiontest.Prepare(t, nil)
	w.Publish()
	junk := func(i int) *entry.Envelope {
		return &entry.Envelope{Kind: entry.Deal, Election: w.Manifest.ID(), Time: int64(i), Body: make([]byte, 1<<20)}
	}
	for i := range 32 {
		w.Append(junk(i).Bytes())
	}
	w.RunCeremony()
	for i := range 32 {
		env := junk(i)
		w.Trustees[2].Sign(env)
		w.Append(env.Bytes())
	}
	w.PublishRoll()
	w.Open()
	r := &weighed{Ledger: w.Log}
	before := heap()
	_, err := ballot.Load(t.Context(), r, w.Fingerprint)
	require.NoError(t, err)
	require.Less(t, r.peak, before+16<<20) // 32 MiB if either were kept
}
