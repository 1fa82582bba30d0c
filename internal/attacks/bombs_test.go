package attacks

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
	witnesses "github.com/hanpyo/hanpyo/ledger/witness"
	"github.com/hanpyo/hanpyo/tally"
)

// allocated returns how many bytes act takes from the heap, freed or not.
func allocated(act func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	act()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// mebibyte is what reading a message of a few hundred bytes may take at most,
// whatever the message says of itself.
const mebibyte = 1 << 20

// No count or length that a message states is believed before that much is
// there. Four bytes here and there in everything that is read say 2³²−1 and 2²⁴−1:
// enough for gigabytes, or 16 million elements.
func TestP82Bombs(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		for _, r := range f.readers(t) {
			honest := allocated(func() { _, _ = r.read(r.valid) })
			places := countsAt(len(r.valid))
			if n := len(places); n > 8 && r.other && r.name != "ballot.RollReader.Add" { // whose lengths follow from something else
				places = slices.Concat(places[:4], places[n-4:])
			}
			for _, at := range places {
				for _, count := range []string{"\xff\xff\xff\xff", "\x00\xff\xff\xff"} {
					b := slices.Clone(r.valid)
					copy(b[at:], count)
					took := allocated(func() { _, _ = r.read(b) })
					require.Less(t, took, 4*honest+mebibyte, "%s, byte %d", r.name, at)
				}
			}
		}
		// The bodies of what officials, trustees and mixers sign.
		for _, m := range f.messages(t) {
			var bodies [][]byte
			for at := 0; at < 48; at += 4 {
				b := slices.Clone(m.body)
				copy(b[at:], "\xff\xff\xff\xff")
				bodies = append(bodies, b)
			}
			honest := allocated(func() { m.read(t, [][]byte{m.body}) })
			took := allocated(func() { m.read(t, bodies) })
			require.Less(t, took, uint64(len(bodies))*(4*honest+mebibyte), m.name)
		}
	})
}

// Nor is a count believed because officials have signed it: no pin, result,
// close or end of a round makes an audit, a trustee or whoever combines panic or
// take memory out of proportion.
func TestP82SignedBombs(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		e, ctx := f.Election.Election, t.Context()
		honest := allocated(func() { f.audit(t, f.entries) })
		for _, kind := range []entry.Kind{entry.Pin, entry.Result, entry.Close, entry.Round} {
			at := f.at(t, kind, 0)
			body := parse(t, f.entries[at]).Body
			changed := [][]byte{nil, {0}, slices.Repeat([]byte{0xff}, len(body)), make([]byte, len(body)), append(slices.Clone(body), 0)}
			for i := 0; i+8 <= len(body) && i < 64; i += 8 {
				b := slices.Clone(body)
				copy(b[i:], "\xff\xff\xff\xff\xff\xff\xff\xff")
				changed = append(changed, b)
			}
			for i, b := range changed {
				if slices.Equal(b, body) { // a close has none
					continue
				}
				entries := replace(f.entries, at, f.sign(kind, b, f.Signers()...))
				took := allocated(func() {
					report := f.audit(t, entries)
					require.False(t, report.Verified(), "%s %d", kind, i)
					log := f.Fork(entries...)
					_, _ = tally.Combine(ctx, e, log)
					_ = tally.Decrypt(ctx, e, log, f.Trustees[0])
				})
				require.Less(t, took, 4*3*honest+mebibyte, "%s %d", kind, i)
			}
		}
	})
}

// countsAt returns where in n bytes a count may stand: anywhere near the front,
// and in some places behind.
func countsAt(n int) (list []int) {
	for at := 0; at+4 <= n; at++ {
		if at < 48 || at%(1+n/12) == 0 {
			list = append(list, at)
		}
	}
	return list
}

// What is larger than its limit is refused before it is read.
func TestP82Limits(t *testing.T) {
	f := honest(t, groups()[0], false)
	huge := make([]byte, ledger.MaxEntry+1)
	for name, c := range map[string]struct {
		want error
		read func() error
	}{
		"an entry": {ledger.ErrTooLarge, func() error { return ledger.CheckEntry(huge) }},
		"an entry appended": {ledger.ErrTooLarge, func() error {
			_, err := f.Fork().Append(t.Context(), huge)
			return err
		}},
		"a manifest":          {reason.ErrLimit, func() error { _, err := ballot.ParseManifest(huge); return err }},
		"a manifest's bytes":  {reason.ErrLimit, func() error { _, err := ballot.ParseManifestBytes(huge); return err }},
		"a checkpoint":        {reason.ErrLimit, func() error { _, err := ledger.ParseCheckpoint(huge); return err }},
		"a rotation":          {reason.ErrLimit, func() error { _, err := ledger.ParseRotation(huge); return err }},
		"a checkpoint of one": {reason.ErrLimit, func() error { _, err := f.Manifest.Policy().Check(huge); return err }},
		"a receipt":           {reason.ErrLimit, func() error { _, err := ledger.VerifyProof(f.Manifest.Policy(), f.entries[3], huge); return err }},
		"a ballot":            {reason.ErrVersion, func() error { _, err := f.ParseBallot(huge); return err }},
		"a ballot's row": {reason.ErrEncoding, func() error {
			b := rewrap(t, f.entries[f.opened], func(e *entry.Envelope) { e.Body = append(e.Body, huge[:32<<20]...) })
			_, err := f.ParseBallot(b)
			return err
		}},
		"a text of a gigabyte that is not there": {reason.ErrLimit, func() error {
			_, err := ballot.ParseManifest([]byte(`{"title": "` + strings.Repeat("x", 2<<20)))
			return err
		}},
	} {
		var err error
		took := allocated(func() { err = c.read() })
		requireOnly(t, c.want, err, name)
		require.LessOrEqual(t, took, uint64(64<<20+4*len(huge)), name)
	}
}

// requireOnly is requireReason for reasons that have a name of their own.
func requireOnly(t *testing.T, want, err error, what ...any) {
	t.Helper()
	require.ErrorIs(t, err, want, what...)
}

// An answer that is small on the wire and unpacks to a gigabyte is read no
// further than its limit.
func TestP82Unpacking(t *testing.T) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	require.NoError(t, err)
	zeros := make([]byte, 1<<20)
	for range 128 {
		_, err := w.Write(zeros)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Encoding", "gzip")
		_, _ = rw.Write(packed.Bytes())
	}))
	defer server.Close()
	f := honest(t, groups()[0], false)
	took := allocated(func() {
		remote, err := ledger.OpenHTTP(server.URL, f.Manifest.Policy(), nil)
		require.NoError(t, err)
		_, err = remote.Checkpoint(t.Context())
		requireReason(t, reason.ErrLimit, err)
		_, err = (&witnesses.Client{URL: server.URL}).Cosign(context.Background(), 0, nil, nil)
		require.Error(t, err)
	})
	require.Less(t, took, uint64(32<<20), "of 128 MiB")
}

// Nothing has two encodings: of everything that is read one bit of every byte is
// turned (of long ones every few bytes), and what is still accepted is written
// as it came. What is hashed and signed is what was received, so that nobody can
// post it anew in another form.
func TestP83Canonical(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		for _, r := range f.readers(t) {
			if r.other {
				continue
			}
			require.NotEmpty(t, r.valid, r.name)
			for i := 0; i < len(r.valid); i += 1 + len(r.valid)/500 {
				b := slices.Clone(r.valid)
				b[i] ^= 1 << (i % 8)
				again, err := r.read(b)
				if err == nil {
					require.True(t, slices.Equal(b, again), "%s, byte %d", r.name, i)
				}
			}
			for _, b := range [][]byte{append(slices.Clone(r.valid), 0), append([]byte{0}, r.valid...), append(slices.Clone(r.valid), r.valid...), r.valid[:len(r.valid)-1]} {
				again, err := r.read(b)
				require.True(t, err != nil || slices.Equal(b, again), r.name)
			}
		}
	})
}
