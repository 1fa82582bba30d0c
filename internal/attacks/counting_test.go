package attacks

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/mixnet"
	"github.com/hanpyo/hanpyo/tally"
)

// An operator who changes what is added up, and signs the ledger that comes
// out, is shown by the pin; whoever adds up ranges cannot leave one out.
func TestP41AnotherAggregate(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		at, closed := f.at(t, entry.Ballot, 3), f.at(t, entry.Close, 0)
		newer := f.vote(t, f.voter(4), f.votes[3]).Bytes()
		for name, c := range map[string]struct {
			entries [][]byte
			want    error
		}{
			"dropped":    {without(f.entries, at), reason.ErrState},
			"added":      {insert(f.entries, closed, newer), reason.ErrState},
			"duplicated": {insert(f.entries, at, f.entries[at]), reason.ErrState},
			"replaced":   {replace(f.entries, at, newer), reason.ErrChain},
			"moved":      {replace(replace(f.entries, at, f.entries[at+1]), at+1, f.entries[at]), reason.ErrChain},
		} {
			report := f.audit(t, c.entries)
			require.False(t, report.Verified(), name)
			require.Nil(t, report.Result, name)
			require.Equal(t, tally.Failed, report.Check("phase.pin").Status, name)
			shift := len(c.entries) - len(f.entries)
			requireFinding(t, report, "phase.pin", f.at(t, entry.Pin, 0)+shift, c.want)
			_, err := tally.Combine(t.Context(), f.Election.Election, f.signed(t, c.entries))
			require.Error(t, err, name)
		}

		// Ranges.
		state, err := ballot.Replay(t.Context(), f.Election.Election, f.Log, uint64(len(f.entries)), nil)
		require.NoError(t, err)
		sum := func(entries [][]byte, lo, hi int) *tally.Partial {
			p, err := tally.SumRange(t.Context(), f.Election.Election, f.signed(t, entries), state, uint64(lo), uint64(hi))
			require.NoError(t, err)
			return p
		}
		whole := sum(f.entries, 0, closed+1)
		right, err := whole.Root()
		require.NoError(t, err)
		parts := func() *tally.Partial { return sum(f.entries, 0, at) }
		for name, next := range map[string]*tally.Partial{
			"a gap": sum(f.entries, at+1, closed+1), "an overlap": sum(f.entries, at-1, closed+1), "the same": parts(),
		} {
			p := parts()
			requireReason(t, reason.ErrRange, p.Merge(next), name)
			require.EqualValues(t, at, p.End(), "nothing is changed")
		}
		p := parts()
		require.NoError(t, p.Merge(sum(f.entries, at, closed+1)))
		merged, err := p.Root()
		require.NoError(t, err)
		require.Equal(t, right, merged)
		// Another entry that counts for nothing shows in the root all the same.
		spoil := f.at(t, entry.Spoil, 0)
		changed, err := sum(replace(f.entries, spoil, []byte("junk")), 0, closed+1).Root()
		require.NoError(t, err)
		require.NotEqual(t, right, changed)
		_, err = tally.SumRange(t.Context(), f.Election.Election, f.signed(t, replace(f.entries, at, []byte("junk"))), state, uint64(at), uint64(at+1))
		requireReason(t, reason.ErrChain, err, "a counted ballot replaced")
	})
}

// publish returns the ledger with another result, signed by the authorities.
func (f *fixture) publish(t *testing.T, change func(r *tally.Result)) (entries [][]byte, at int) {
	r := *f.result
	r.Contests = slices.Clone(r.Contests)
	for i := range r.Contests {
		r.Contests[i].Totals = slices.Clone(r.Contests[i].Totals)
	}
	change(&r)
	at = f.at(t, entry.Result, 0)
	return replace(f.entries, at, f.sign(entry.Result, r.Bytes(), f.Signers()...)), at
}

// A ballot that was superseded or challenged, or one twice, in the count of the
// authorities or in the list of a mixer.
func TestP42CountedAllTheSame(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		const contest = 1 // is added up in both elections
		wrong := func(name, check string, want error, change func(r *tally.Result)) {
			entries, at := f.publish(t, change)
			report := f.audit(t, entries)
			require.False(t, report.Verified(), name)
			requireFinding(t, report, check, at, want)
			require.Equal(t, f.result.Bytes(), report.Result.Bytes(), "the audit counts by itself")
		}
		// Voter 0's first ballot was like voter 2's.
		wrong("superseded", "tally.sum", reason.ErrProof, func(r *tally.Result) {
			r.Contests[contest].Totals[0].Total--
			r.Contests[contest].Totals[1].Total++
		})
		wrong("one twice", "result.count", reason.ErrProof, func(r *tally.Result) {
			r.Ballots++
			r.Contests[contest].Ballots++
		})
		wrong("a refused one", "result.count", reason.ErrProof, func(r *tally.Result) { r.Weight++ })

		// A ballot twice on the ledger counts once.
		state := f.requireOnce(t)
		require.Len(t, slices.Collect(state.Counted()), 4)

		if !f.mixed {
			return
		}
		// Mixers mix what counts: with the superseded row, without the last
		// one, with one twice.
		m := f.mix(t, chair)
		first := f.by(t, f.Manifest.Mixers[0].Signing, entry.Mix, 0)
		for name, rows := range map[string]func(rows []elgamal.Ciphertext) []elgamal.Ciphertext{
			"superseded": func(rows []elgamal.Ciphertext) []elgamal.Ciphertext {
				return append(f.rowsOf(t, chair, 0), rows[1:]...)
			},
			"without the last": func(rows []elgamal.Ciphertext) []elgamal.Ciphertext { return rows[:len(rows)-1] },
			"one twice":        func(rows []elgamal.Ciphertext) []elgamal.Ciphertext { return append(rows, rows[0]) },
		} {
			list, err := mixnet.NewList(t.Context(), f.Group, 1, rows(f.rowsOf(t, chair, 1, 2, 3, 4)), nil)
			require.NoError(t, err)
			digest := list.Digest()
			body := slices.Concat(m.body[:4], []byte{0, 0, 0, 0}, digest[:], m.body[40:])
			report := f.audit(t, insert(f.entries, first, f.sign(entry.Mix, body, f.Mixers[2])))
			require.Equal(t, tally.Failed, report.Check("mix.input").Status, name)
			requireFinding(t, report, "mix.input", first, reason.ErrChain)
			require.Equal(t, f.result.Bytes(), report.Result.Bytes())
		}
	})
}

// requireOnce posts every ballot of the election twice.
func (f *fixture) requireOnce(t *testing.T) *ballot.State {
	var data [][]byte
	var want []error
	for _, e := range f.entries[f.opened:f.at(t, entry.Close, 0)] {
		data, want = append(data, e, e), append(want, nil, reason.ErrReplay)
	}
	log := f.signed(t, slices.Concat(f.entries[:f.opened], data))
	state, err := ballot.Replay(t.Context(), f.Election.Election, log, log.cp.Size, nil)
	require.NoError(t, err)
	refused := make(map[int]error)
	for _, r := range state.Refused() {
		refused[int(r.Index)-f.opened] = r.Err
	}
	for i := range data {
		if want[i] == nil {
			require.NoError(t, refused[i])
		} else {
			requireReason(t, want[i], refused[i])
		}
	}
	return state
}

// rowsOf returns the rows of a contest's first column of ballots, counted from 0
// on the ledger.
func (f *fixture) rowsOf(t *testing.T, contest int, ballots ...int) (rows []elgamal.Ciphertext) {
	for _, i := range ballots {
		b, err := f.ParseBallot(f.entries[f.at(t, entry.Ballot, i)])
		require.NoError(t, err)
		start, ok := f.Manifest.RowStart(b.Style(), contest)
		require.True(t, ok)
		rows = append(rows, elgamal.Ciphertext{A: b.Row().A, B: b.Row().B[start : start+1]})
	}
	return rows
}

// Totals that could wrap around, or that nobody could decrypt, are refused when
// the election is described.
func TestP43Overflow(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		with := func(change func(d *ballot.Manifest)) error {
			d := *f.Manifest
			d.Contests = slices.Clone(d.Contests)
			change(&d)
			m, err := ballot.NewManifest(d)
			require.Equal(t, err == nil, m != nil)
			return err
		}
		require.NoError(t, with(func(*ballot.Manifest) {}), "control")
		for _, weight := range []uint64{1<<40 + 1, 1 << 62, 1 << 63, math.MaxUint64} {
			requireReason(t, reason.ErrRange, with(func(d *ballot.Manifest) { d.Limits.MaxWeight = weight }), weight)
			requireReason(t, reason.ErrRange, with(func(d *ballot.Manifest) { d.Limits.MaxVoters, d.Limits.MaxWeight = weight, weight }), weight)
		}
		if f.mixed {
			return
		}
		// From the least to the most that a row can be are at most 2^40.
		points := func(points int, weight uint64) error {
			return with(func(d *ballot.Manifest) {
				d.Contests[1].Points, d.Contests[1].Max = points, points
				d.Limits.MaxWeight = weight
			})
		}
		require.NoError(t, points(1<<16, 1<<24), "control")
		requireReason(t, reason.ErrRange, points(1<<16, 1<<24+1))
		requireReason(t, reason.ErrRange, points(1<<16, 1<<40))
		requireReason(t, reason.ErrRange, points(1<<16+1, 1))
		// And at the opening, with the weight that the roll then has.
		open := f.openEntry(t)
		at := 68 + f.Manifest.Columns()*f.Group.PointLen() + 32
		body := slices.Clone(open.body)
		for i := range 8 {
			body[at+8+i] = 0xff
		}
		requireReason(t, reason.ErrRange, open.read(t, [][]byte{body})[0])
	})
}

// A published number that is not the decrypted one, is less than nothing, or
// more than there are.
func TestP44AnnouncedResult(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		const contest = 1
		for name, c := range map[string]struct {
			change func(total *int64)
			check  string
			want   error
		}{
			"one more":           {func(n *int64) { *n++ }, "tally.sum", reason.ErrProof},
			"one less":           {func(n *int64) { *n-- }, "tally.sum", reason.ErrProof},
			"less than nothing":  {func(n *int64) { *n = -1 }, "result.bounds", reason.ErrRange},
			"the least there is": {func(n *int64) { *n = math.MinInt64 }, "result.bounds", reason.ErrRange},
			"more than all":      {func(n *int64) { *n = 100 }, "result.bounds", reason.ErrRange},
			"the most there is":  {func(n *int64) { *n = math.MaxInt64 }, "result.bounds", reason.ErrRange},
		} {
			entries, at := f.publish(t, func(r *tally.Result) { c.change(&r.Contests[contest].Totals[0].Total) })
			report := f.audit(t, entries)
			require.False(t, report.Verified(), name)
			requireFinding(t, report, c.check, at, c.want)
			require.Equal(t, tally.Failed, report.Check("tally.sum").Status, name)
			// Nor do honest authorities sign it.
			wrong := *f.result
			wrong.Contests = slices.Clone(wrong.Contests)
			wrong.Contests[contest].Totals = slices.Clone(wrong.Contests[contest].Totals)
			c.change(&wrong.Contests[contest].Totals[0].Total)
			log := f.Fork(f.entries[:f.at(t, entry.Result, 0)]...)
			requireReason(t, reason.ErrProof, tally.Publish(t.Context(), f.Election.Election, log, &wrong, f.Signers()), name)
			require.Equal(t, f.at(t, entry.Result, 0), size(t, log))
		}
		if f.mixed {
			// More votes for the options of a ranking than there are ballots.
			entries, at := f.publish(t, func(r *tally.Result) { r.Contests[chair].Totals[0].Total += 3 })
			report := f.audit(t, entries)
			require.False(t, report.Verified())
			requireFinding(t, report, "tally.sum", at, reason.ErrProof)
		}
	})
}

// The search for a total is bounded by what the counted ballots can give: an
// exponent outside of it is no endless tally, and costs what the last one in it
// does.
func TestP45UndecodableExponent(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		const width = 1 << 20
		table := elgamal.NewLogTable(g, width)
		far := times(g, g.Int64Scalar(width-1), nil)
		honest := allocated(func() {
			n, err := table.Log(far, 0, width-1)
			require.NoError(t, err)
			require.EqualValues(t, width-1, n)
		})
		for name, p := range map[string]kyber.Point{
			"above": times(g, g.Int64Scalar(width), nil), "below": times(g, g.Int64Scalar(-1), nil), "anywhere": g.Generator("attack", 3),
		} {
			took := allocated(func() {
				_, err := table.Log(p, 0, width-1)
				requireReason(t, reason.ErrRange, err, name)
			})
			require.Less(t, took, 4*honest+1<<16, name)
		}
	})
}

// A contest with too few ballots is not decrypted; who decrypts it nevertheless
// is shown.
func TestP46FewBallots(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		f := honest(t, g, false)
		// The minimum is the manifest's word, and is not lowered afterwards.
		d := *f.Manifest
		d.Limits.MinGroup = 0
		m, err := ballot.NewManifest(d)
		require.NoError(t, err)
		require.EqualValues(t, 10, m.Limits.MinGroup, "unless somebody chooses less, which the manifest then says")
		require.NotEqual(t, f.Manifest.ID(), m.ID())
		// A style or weight that few share keeps the election from opening.
		totals := f.Roll.Totals()
		requireReason(t, reason.ErrState, totals.CheckGroups(m))
	})
}
