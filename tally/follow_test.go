package tally

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
)

// growing is a ledger that has grown whenever somebody waits for it.
type growing struct {
	*operator
	stages []*operator
}

func (g *growing) Await(ctx context.Context, size uint64) (ledger.Checkpoint, error) {
	for g.cp.Size < size && len(g.stages) > 0 {
		g.operator, g.stages = g.stages[0], g.stages[1:]
	}
	return g.operator.Await(ctx, size)
}

func (f *fixture) growing(t testing.TB, entries [][]byte, sizes ...int) *growing {
	g := &growing{}
	for _, size := range sizes {
		g.stages = append(g.stages, f.read(t, entries[:size]))
	}
	g.operator, g.stages = g.stages[0], g.stages[1:]
	return g
}

func TestFollow(t *testing.T) {
	f := honest(t, groups[0])
	requireFollows(t, f, f.at(t, entry.Close, 0)-2)
}

func TestFollowMixes(t *testing.T) {
	f := honestMixed(t, groups[0])
	requireFollows(t, f, f.mixAt(t, 1, chair), f.mixAt(t, 1, motto), f.mixAt(t, 2, chair)+1, f.mixAt(t, 2, motto)+1)
}

// requireFollows requires that an election that is followed gives the reports of
// audits, at some sizes of its ledger and at given ones.
func requireFollows(t *testing.T, f *fixture, more ...int) {
	open, closed, all := f.at(t, entry.Open, 0), f.at(t, entry.Close, 0), len(f.entries)
	sizes := append([]int{1, open, open + 1, closed, closed + 1, all - 6, all - 1, all}, more...)
	slices.Sort(sizes)
	var states [][]byte
	for p, err := range Follow(t.Context(), f.growing(t, f.entries, sizes...), f.Fingerprint, nil, nil) {
		require.NoError(t, err)
		n := sizes[len(states)]
		states = append(states, p.State())
		require.Equal(t, f.audit(t, f.entries[:n]), p.Report, "at size %d", n)
	}
	require.Len(t, states, len(sizes))
	require.Nil(t, states[1], "before the election is open there is nobody to believe")

	for i, state := range states {
		if state == nil {
			continue
		}
		brought := f.read(t, f.entries[:sizes[i]]).cp.Raw
		want, err := Audit(t.Context(), f.read(t, f.entries), f.Fingerprint, &AuditOptions{Checkpoints: [][]byte{brought}})
		require.NoError(t, err)
		require.True(t, want.Verified())
		n := 0
		for p, err := range Follow(t.Context(), f.read(t, f.entries), f.Fingerprint, state, &AuditOptions{Workers: 1}) {
			require.NoError(t, err)
			require.Equal(t, want, p.Report, "from size %d", sizes[i])
			n++
		}
		require.Equal(t, 1, n)
	}
	for range Follow(t.Context(), f.growing(t, f.entries, sizes...), f.Fingerprint, nil, nil) {
		break // the caller may stop
	}
}

// A ballot whose proof an earlier audit has verified is not verified again, on
// this ledger and on no other.
func TestFollowTrustsItsState(t *testing.T) {
	f := honest(t, groups[0])
	var last *Progress
	for p, err := range Follow(t.Context(), f.read(t, f.entries), f.Fingerprint, nil, nil) {
		require.NoError(t, err)
		last = p
	}
	bad := uint64(0)
	for _, finding := range last.Report.Check("ballot.proof").Findings {
		bad = *finding.Entry
	}
	require.Contains(t, last.saved.refused, bad)
	forged := *last.saved
	forged.refused = slices.DeleteFunc(slices.Clone(forged.refused), func(i uint64) bool { return i == bad })
	follow := func(entries [][]byte) (report *Report) {
		for p, err := range Follow(t.Context(), f.read(t, entries), f.Fingerprint, forged.encode(), nil) {
			require.NoError(t, err)
			report = p.Report
		}
		return report
	}
	require.Empty(t, follow(f.entries).Check("ballot.proof").Findings)

	other := append(swap(f.entries, len(f.entries)-3, len(f.entries)-2), []byte("one more"))
	report := follow(other)
	require.Equal(t, Failed, report.Check(continuity).Status)
	require.Len(t, report.Check("ballot.proof").Findings, 1)
}

func TestFollowRefuses(t *testing.T) {
	f := honest(t, groups[0])
	collect := func(r ledger.Reader, fp ballot.Fingerprint, state []byte) (reports []*Report, last error) {
		for p, err := range Follow(t.Context(), r, fp, state, nil) {
			if err != nil {
				require.Nil(t, p)
				require.NoError(t, last)
				last = err
				continue
			}
			reports = append(reports, p.Report)
		}
		return reports, last
	}
	_, err := collect(f.read(t, f.entries), ballot.Fingerprint{}, nil)
	require.ErrorIs(t, err, ErrUnanchored)
	_, err = collect(f.read(t, f.entries), f.Fingerprint, []byte("junk"))
	require.ErrorIs(t, err, ErrEncoding)

	// A ledger that is rewritten while it is followed.
	half := len(f.entries) / 2
	g := f.growing(t, f.entries, half)
	g.stages = []*operator{f.read(t, swap(f.entries, half-2, half-3))}
	reports, err := collect(g, f.Fingerprint, nil)
	require.ErrorIs(t, err, ErrChain)
	require.Len(t, reports, 2)
	require.Equal(t, Failed, reports[1].Check("ledger.checkpoint").Status)

	// One that does not grow though it says so.
	reports, err = collect(unmoved{f.read(t, f.entries)}, f.Fingerprint, nil)
	require.ErrorIs(t, err, ErrChain)
	require.Len(t, reports, 1)

	// The reader's and the caller's own errors come through.
	ctx, cancel := context.WithCancel(t.Context())
	for _, err := range Follow(ctx, f.read(t, f.entries), f.Fingerprint, nil, &AuditOptions{Progress: func(string, uint64, uint64) { cancel() }}) {
		require.ErrorIs(t, err, context.Canceled)
	}
	for _, err := range Follow(ctx, f.read(t, f.entries), f.Fingerprint, nil, nil) {
		require.ErrorIs(t, err, context.Canceled)
	}
}

type unmoved struct{ *operator }

func (s unmoved) Await(context.Context, uint64) (ledger.Checkpoint, error) { return s.cp, nil }

func TestSaved(t *testing.T) {
	f := honest(t, groups[0])
	valid := func() *saved {
		return &saved{fingerprint: f.Fingerprint, checkpoint: f.closingCheckpoint(t), size: 7, refused: []uint64{2, 6}}
	}
	got, err := parseSaved(valid().encode())
	require.NoError(t, err)
	require.Equal(t, valid(), got)
	sealed := func(change func(*saved)) []byte {
		s := valid()
		change(s)
		return s.encode()
	}
	resum := func(data []byte) []byte {
		data = data[:len(data)-sha256.Size]
		sum := sha256.Sum256(data)
		return append(data, sum[:]...)
	}
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"nothing":            {nil, ErrEncoding},
		"a bit":              {flip(valid().encode(), 30), ErrEncoding},
		"cut":                {valid().encode()[:80], ErrEncoding},
		"too long":           {make([]byte, maxSaved+1), ledger.ErrLimit},
		"label":              {resum(flip(valid().encode(), 5)), ledger.ErrVersion},
		"no label":           {resum(make([]byte, sha256.Size)), ErrEncoding},
		"more":               {resum(append(valid().encode()[:len(valid().encode())-sha256.Size], make([]byte, 33)...)), ErrEncoding},
		"no checkpoint":      {sealed(func(s *saved) { s.checkpoint.Raw = []byte("junk") }), ErrSignature},
		"size above":         {sealed(func(s *saved) { s.size = s.checkpoint.Size + 1 }), ErrRange},
		"refused above":      {sealed(func(s *saved) { s.refused[1] = 7 }), ErrEncoding},
		"refused twice":      {sealed(func(s *saved) { s.refused[1] = 2 }), ErrEncoding},
		"refused descending": {sealed(func(s *saved) { s.refused = []uint64{6, 2} }), ErrEncoding},
	} {
		_, err := parseSaved(c.data)
		require.ErrorIs(t, err, c.want, name)
	}
	for _, err := range Follow(t.Context(), f.read(t, f.entries), f.Fingerprint, sealed(func(s *saved) { s.fingerprint[0] ^= 1 }), nil) {
		require.ErrorIs(t, err, ErrBinding)
	}
}

func (f *fixture) closingCheckpoint(t testing.TB) ledger.Checkpoint {
	cp, err := ledger.ParseCheckpoint(f.read(t, f.entries).cp.Raw)
	require.NoError(t, err)
	return cp
}

func FuzzSaved(f *testing.F) {
	s := &saved{size: 1, refused: []uint64{0}}
	s.checkpoint.Raw = []byte("example.org/log\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n— example.org/log AAAAAAA=\n")
	f.Add(s.encode()[:len(s.encode())-sha256.Size])
	s.refused = nil
	f.Add(s.encode()[:len(s.encode())-sha256.Size])
	f.Fuzz(func(t *testing.T, data []byte) {
		sum := sha256.Sum256(data) // or nothing would get past it
		data = append(slices.Clip(data), sum[:]...)
		if s, err := parseSaved(data); err == nil {
			require.Equal(t, data, s.encode())
		}
	})
}

// stumbling fails once: the n-th time that entries are asked for.
type stumbling struct {
	*growing
	calls *int
	n     int
}

func (s stumbling) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	if *s.calls++; *s.calls != s.n {
		return s.growing.Entries(ctx, lo, hi)
	}
	return func(yield func(ledger.Entry, error) bool) { yield(ledger.Entry{}, errForgotten) }
}

// After a read that failed, at any place, following either ends with the
// reader's error or says of the ledger as it grew what an audit says of it.
func TestFollowStumbles(t *testing.T) {
	for _, f := range []*fixture{honest(t, groups[0]), honestMixed(t, groups[0])} {
		pin, closed := f.at(t, entry.Pin, 0), f.at(t, entry.Close, 0)
		wrong := f.closing.pinned
		wrong.root[0] ^= 1
		for _, entries := range [][][]byte{f.entries, insert(f.entries, pin+1, f.sign(entry.Pin, wrong.body(), f.Signers()...))} {
			want := f.audit(t, entries).Text()
			sizes := []int{closed - 3, closed + 1, pin + 1, pin + 2, pin + 4, len(entries) - 2, len(entries)}
			for n := 1; ; n++ {
				calls := 0
				var last *Report
				var ended error
				for p, err := range Follow(t.Context(), stumbling{f.growing(t, entries, sizes...), &calls, n}, f.Fingerprint, nil, nil) {
					if ended = err; err == nil {
						last = p.Report
					}
				}
				if calls < n {
					break
				}
				if ended != nil {
					require.ErrorIs(t, ended, errForgotten)
				} else if len(last.Checks) > 0 && calls > n+5 { // the last report was not the one that failed
					require.Equal(t, want, last.Text(), "the %d-th read failed", n)
				}
			}
		}
	}
}

// counting counts the entries that are read.
type counting struct {
	*growing
	entries *int
}

func (s counting) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for en, err := range s.growing.Entries(ctx, lo, hi) {
			*s.entries++
			if !yield(en, err) {
				return
			}
		}
	}
}

// What follows after the close is read when it comes.
func TestFollowReadsWhatIsNew(t *testing.T) {
	f := honestMixed(t, groups[0])
	const n = 40
	entries, sizes := f.entries, []int{len(f.entries)}
	for i := range n {
		entries = append(slices.Clip(entries), fmt.Appendf(nil, "junk %d", i))
		sizes = append(sizes, len(entries))
	}
	read := make(map[int]int) // entries by how many more came one at a time
	for _, grown := range []int{1, n} {
		count := 0
		for _, err := range Follow(t.Context(), counting{f.growing(t, entries, sizes[:1+grown]...), &count}, f.Fingerprint, nil, nil) {
			require.NoError(t, err)
		}
		read[grown] = count
	}
	require.Less(t, read[n]-read[1], 8*n)
}
