package tally

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/mixnet"
)

// mixAttack is a mix that somebody posts before mixer 2's first one.
type mixAttack struct {
	name   string
	mixer  int // who posts it
	change func(t *testing.T, f *fixture, d *draft)
	failed string // the one check that fails; the result stays what it is
	reason error
}

// Whatever a mixer posts that does not hold is named, and changes nothing: the
// others mix and the election goes on.
func TestP47P49P50P51P54P55AttacksOnMixes(t *testing.T) {
	head := func(change func(*mixHead)) func(*testing.T, *fixture, *draft) {
		return func(_ *testing.T, _ *fixture, d *draft) { change(&d.head) }
	}
	place := func(change func(*fixture, *mixnet.Place)) func(*testing.T, *fixture, *draft) {
		return func(t *testing.T, f *fixture, d *draft) {
			change(f, &d.place)
			d.prove(t)
		}
	}
	attacks := []mixAttack{
		{"its rows exchanged after proving", 3, func(t *testing.T, f *fixture, d *draft) {
			d.swapRows(0, 1)
		}, mixShuffle, ErrProof},
		{"a row doubled in place of another", 3, func(t *testing.T, f *fixture, d *draft) {
			rows := d.inputRows()
			rows[1] = d.key.ReEncrypt(rows[0], f.Group.RandomScalar())
			d.over(t, f.Group, rows...)
		}, mixShuffle, ErrProof},
		{"a ballot replaced", 3, func(t *testing.T, f *fixture, d *draft) {
			rows := d.inputRows()
			rows[2] = d.key.Encrypt(slices.Repeat([]kyber.Point{f.Group.Base()}, d.key.Width()), f.Group.RandomScalar())
			d.over(t, f.Group, rows...)
		}, mixShuffle, ErrProof},
		{"a row times a hundred", 3, func(t *testing.T, f *fixture, d *draft) {
			rows, hundred := d.inputRows(), f.Group.Int64Scalar(100)
			rows[0] = elgamal.WeightedSum(f.Group, d.key.Width(), []uint64{100}, rows[:1])
			require.True(t, rows[0].A.Equal(f.Group.Point().Mul(hundred, d.inputRows()[0].A)))
			d.over(t, f.Group, rows...)
		}, mixShuffle, ErrProof},
		{"another row's votes in one column", 3, func(t *testing.T, f *fixture, d *draft) {
			rows := d.inputRows()
			rows[0] = rows[0].Clone()
			rows[0].B[0].Add(rows[0].B[0], f.Group.Base())
			d.over(t, f.Group, rows...)
		}, mixShuffle, ErrProof},
		{"the list as it was", 3, func(t *testing.T, f *fixture, d *draft) {
			d.rows = d.input.Bytes()
		}, mixShuffle, ErrDuplicate},
		{"one row as it was", 3, func(t *testing.T, f *fixture, d *draft) {
			copy(d.row(0), d.input.Bytes())
		}, mixShuffle, ErrDuplicate},
		{"one row twice", 3, func(t *testing.T, f *fixture, d *draft) {
			copy(d.row(0), d.row(1))
		}, mixShuffle, ErrDuplicate},
		{"a point that is none", 3, func(t *testing.T, f *fixture, d *draft) {
			copy(d.row(1), bytes.Repeat([]byte{0xff}, f.Group.PointLen()))
		}, mixChain, ErrEncoding},
		{"the identity for an A", 3, func(t *testing.T, f *fixture, d *draft) {
			copy(d.row(1), make([]byte, f.Group.PointLen()))
		}, mixChain, ErrGroup},
		{"a row too few", 3, func(t *testing.T, f *fixture, d *draft) {
			d.over(t, f.Group, d.inputRows()[1:]...)
		}, mixChain, ErrEncoding},
		{"a byte too many", 3, func(t *testing.T, f *fixture, d *draft) { d.proof = append(d.proof, 0) }, mixChain, ErrEncoding},
		{"a byte too few", 3, func(t *testing.T, f *fixture, d *draft) { d.proof = d.proof[1:] }, mixChain, ErrEncoding},
		{"a scalar that is not reduced", 3, func(t *testing.T, f *fixture, d *draft) {
			copy(d.proof[len(d.proof)-f.Group.ScalarLen():], bytes.Repeat([]byte{0xff}, f.Group.ScalarLen()))
		}, mixShuffle, ErrEncoding},
		{"megabytes of junk", 3, func(t *testing.T, f *fixture, d *draft) { d.rows = make([]byte, 8<<20) }, mixChain, ErrEncoding},
		{"nothing but a contest", 3, func(t *testing.T, f *fixture, d *draft) { d.rows, d.proof = nil, nil }, mixChain, ErrEncoding},

		// P54: other ballots than those that count.
		{"the counted ballots without the last", 3, func(t *testing.T, f *fixture, d *draft) {
			rows := d.inputRows()
			d.over(t, f.Group, rows[:len(rows)-1]...)
			d.head.input = d.input.Digest()
		}, mixInput, ErrChain},
		{"the counted ballots in another order", 3, func(t *testing.T, f *fixture, d *draft) {
			rows := d.inputRows()
			slices.Reverse(rows)
			d.over(t, f.Group, rows...)
			d.head.input = d.input.Digest()
		}, mixInput, ErrChain},
		{"a digest of nothing", 3, head(func(h *mixHead) { h.input = [32]byte{} }), mixInput, ErrChain},

		// The proof is that of another place.
		{"another step", 3, head(func(h *mixHead) { h.step++ }), mixChain, ErrChain},
		{"the largest step", 3, head(func(h *mixHead) { h.step = 1<<32 - 1 }), mixChain, ErrChain},
		{"a proof for another step", 3, place(func(_ *fixture, p *mixnet.Place) { p.Step++ }), mixShuffle, ErrProof},
		{"a proof for another contest", 3, place(func(_ *fixture, p *mixnet.Place) { p.Contest = "motto" }), mixShuffle, ErrProof},
		{"a proof for another election", 3, place(func(_ *fixture, p *mixnet.Place) { p.Election[0] ^= 1 }), mixShuffle, ErrProof},
		{"a proof by another mixer", 3, place(func(f *fixture, p *mixnet.Place) { p.Mixer = f.Manifest.Mixers[0].Signing }), mixShuffle, ErrProof},
		{"a mix of slots", 3, head(func(h *mixHead) { h.contest = mayor }), mixChain, ErrRange},
		{"a mix of a contest that there is not", 3, head(func(h *mixHead) { h.contest = 3 }), mixChain, ErrRange},

		// What an honest mixer may do fails nothing.
		{"the list that mixer 1 had", 3, func(t *testing.T, f *fixture, d *draft) {
			*d = *f.draft(t, f.entries[:f.mixAt(t, 1, chair)], 3, d.head.contest)
		}, "", ErrChain},
		{"a second one", 1, func(*testing.T, *fixture, *draft) {}, "", ErrDuplicate},
		{"a second one that is wrong", 1, func(t *testing.T, f *fixture, d *draft) { d.swapRows(0, 1) }, "", ErrDuplicate},
	}
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		f := honestMixed(t, g)
		for i, a := range attacks {
			contest := []int{chair, motto}[i%2]
			t.Run(a.name, func(t *testing.T) {
				at := f.mixAt(t, 2, chair)
				d := f.draft(t, f.entries[:at], a.mixer, contest)
				a.change(t, f, d)
				report := f.audit(t, insert(f.entries, at, f.signMix(a.mixer, d.body())))
				var failed []string
				if a.failed != "" {
					failed = []string{a.failed}
				}
				requireReport(t, report, failed, nil)
				require.Equal(t, f.result.Bytes(), report.Result.Bytes())
				requireMixFinding(t, report, a.failed, uint64(at), a.reason)
			})
		}
	})
}

// requireMixFinding requires one finding about an entry, under a check that it
// fails, or refused under mix.chain.
func requireMixFinding(t *testing.T, report *Report, failed string, at uint64, reason error) {
	t.Helper()
	refused := failed == ""
	if refused {
		failed = mixChain
	}
	findings := report.Check(failed).Findings
	require.Len(t, findings, 1, report.Text())
	require.EqualValues(t, at, *findings[0].Entry)
	require.Equal(t, refused, findings[0].Refused)
	require.ErrorIs(t, findings[0].Err, reason)
	if !refused {
		require.ErrorContains(t, findings[0].Err, `mixer 3 "Mixer 3": `)
	}
}

// What others post as mixes, and what mixers post when nobody needs it, is
// listed.
func TestP51P75MixesThatAreListed(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		f := honestMixed(t, g)
		first, second, last := f.mixAt(t, 1, chair), f.mixAt(t, 2, chair), len(f.entries)
		for name, c := range map[string]struct {
			at     int
			data   func() []byte
			reason error
		}{
			"nobody's": {second, func() []byte { return f.sign(entry.Mix, f.draft(t, f.entries[:second], 3, chair).body()) }, ErrSignature},
			"an authority's": {second, func() []byte {
				return f.sign(entry.Mix, f.draft(t, f.entries[:second], 3, chair).body(), f.Authorities[0])
			}, ErrSignature},
			"two mixers'": {second, func() []byte {
				return f.sign(entry.Mix, f.draft(t, f.entries[:second], 3, chair).body(), f.Mixers...)
			}, ErrSignature},
			"with a wrong signature": {second, func() []byte {
				data := f.signMix(3, f.draft(t, f.entries[:second], 3, chair).body())
				data[len(data)-1] ^= 1
				return data
			}, ErrSignature},
			"nobody's megabytes": {second, func() []byte { return f.sign(entry.Mix, make([]byte, 8<<20)) }, ErrSignature},
			"of another election": {second, func() []byte {
				env := parse(t, f.entries[second])
				return electionless(t, env.Bytes(), [32]byte{7})
			}, ErrBinding},
			"before the pin":         {f.at(t, entry.Pin, 0), func() []byte { return f.entries[first] }, ErrState},
			"before the pin, junk":   {f.at(t, entry.Pin, 0), func() []byte { return f.signMix(3, nil) }, ErrState},
			"after the last one":     {last, func() []byte { return f.signMix(3, f.draft(t, f.entries, 3, chair).body()) }, ErrState},
			"junk after the last":    {last, func() []byte { return f.signMix(3, nil) }, ErrState},
			"another after the last": {last, func() []byte { return f.signMix(3, mixHead{contest: chair}.body(nil, nil)) }, ErrState},
		} {
			t.Run(name, func(t *testing.T) {
				report := f.audit(t, insert(f.entries, c.at, c.data()))
				requireReport(t, report, nil, nil)
				require.Equal(t, f.result.Bytes(), report.Result.Bytes())
				requireMixFinding(t, report, "", uint64(c.at), c.reason)
			})
		}
		// A mix before the close is none of the election's business.
		closed := f.at(t, entry.Close, 0)
		report := f.audit(t, insert(f.entries, closed, f.entries[first]))
		requireReport(t, report, []string{"phase.pin"}, withMixed("mix.input"))
		requireMixFinding(t, report, "", uint64(closed), ErrState)
	})
}

// P51: a mix that is missing, or of somebody who has mixed already, leaves the
// contest undecrypted, whatever the shares say.
func TestP51TooFewMixes(t *testing.T) {
	notRun := []string{mixQuorum, "tally.sum", "decrypt.quorum", "result.decoded", "result.bounds", "result.minimum", "result.count", counted}
	failed := []string{"tally.target", "result.published"}
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		f := honestMixed(t, g)
		one, two := f.mixAt(t, 1, chair), f.mixAt(t, 2, chair)
		report := f.audit(t, without(f.entries, two))
		requireReport(t, report, failed, notRun)
		require.ErrorIs(t, report.Check(mixQuorum).Findings[0].Err, ErrQuorum)
		require.ErrorContains(t, report.Check(mixQuorum).Findings[0].Err, "contest chair has 1 of 2 mixes")
		require.Len(t, report.Check("tally.target").Findings, 3)
		require.ErrorIs(t, report.Check("tally.target").Findings[0].Err, ErrBinding)
		require.ErrorIs(t, report.Check("decrypt.quorum").Findings[0].Err, ErrQuorum)
		_, err := Combine(t.Context(), f.Election.Election, f.read(t, without(f.entries, two)))
		require.ErrorIs(t, err, ErrQuorum)
		require.ErrorContains(t, err, "contest chair has 1 of 2 mixes")
		require.NotContains(t, err.Error(), "shares")

		// The first one dropped: the second has mixed what nobody knows.
		report = f.audit(t, without(f.entries, one))
		requireReport(t, report, append(slices.Clone(failed), mixInput), append(slices.Clone(notRun), mixChain, mixShuffle))
		require.ErrorIs(t, report.Check(mixInput).Findings[0].Err, ErrChain)
		require.ErrorContains(t, report.Check(mixQuorum).Findings[0].Err,
			fmt.Sprintf(`contest chair has 0 of 2 mixes, missing: mixer 1 "Mixer 1", mixer 2 "Mixer 2" (entry %d: %v), mixer 3 "Mixer 3"`, two-1, ErrChain))

		// Mixer 1 twice is not two mixers.
		again := f.signMix(1, f.draft(t, f.entries[:two], 1, chair).body())
		report = f.audit(t, replace(f.entries, two, again))
		requireReport(t, report, failed, notRun)
		requireMixFinding(t, report, "", uint64(two), ErrDuplicate)

		// The order of two mixes.
		report = f.audit(t, swap(f.entries, one, two))
		require.False(t, report.Verified())
		require.Equal(t, Failed, report.Check(mixInput).Status)

		// None at all.
		none := without(f.entries, one, two, f.mixAt(t, 1, motto), f.mixAt(t, 2, motto))
		report = f.audit(t, none)
		requireReport(t, report, failed, append(slices.Clone(notRun), mixInput, mixChain, mixShuffle))
		require.ErrorIs(t, report.Check(mixInput).Findings[0].Err, ErrIncomplete)
	})
}

// What came after a mix that does not hold is judged as if that had never been:
// to go on from there, or to mix the same list, is no fault of others.
func TestMixesAfterABadOne(t *testing.T) {
	f := honestMixed(t, groups[0])
	first := f.mixAt(t, 1, chair)
	bad := f.draft(t, f.entries[:first], 3, chair)
	bad.swapRows(0, 1)
	entries := insert(f.entries, first, f.signMix(3, bad.body()))
	report := f.audit(t, entries)
	requireReport(t, report, []string{mixShuffle}, nil)
	require.Equal(t, f.result.Bytes(), report.Result.Bytes())
	requireMixFinding(t, report, mixShuffle, uint64(first), ErrProof)

	// Its mixer may think better of it.
	entries = insert(f.entries[:f.mixAt(t, 1, motto)+1], first, f.signMix(3, bad.body()))
	log := f.Fork(entries...)
	require.NoError(t, Mix(t.Context(), f.Election.Election, log, f.Mixers[2], nil))
	c := f.closingOf(t, entriesOf(t, log))
	require.Equal(t, []int{1, 3}, c.mixing.chains[chair].mixers)
	require.Zero(t, c.mixing.chains[motto].missing())
}
