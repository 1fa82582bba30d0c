package attacks

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/tally"
)

// attempts are ballots with which somebody may try to stop the tally of an
// election, with the reasons for which they are refused.
func (f *fixture) attempts(t testing.TB) (list [][]byte, reasons []error) {
	g := f.Group
	add := func(want error, data []byte) { list, reasons = append(list, data), append(reasons, want) }
	edited := func(want error, change func(d *device, row *elgamal.Ciphertext)) {
		d := f.device(t, 2, f.votes[2])
		row := d.row()
		change(d, &row)
		add(want, d.entry(row, d.prove(row)))
	}
	edited(reason.ErrGroup, func(d *device, row *elgamal.Ciphertext) { d.r = g.Scalar(); *row = d.row() }) // r = 0
	edited(reason.ErrGroup, func(_ *device, row *elgamal.Ciphertext) { row.A = g.Point() })
	edited(reason.ErrGroup, func(_ *device, row *elgamal.Ciphertext) { row.B[0] = g.Point() })
	edited(reason.ErrGroup, func(_ *device, row *elgamal.Ciphertext) { row.B[len(row.B)-1] = g.Point() })
	edited(reason.ErrGroup, func(_ *device, row *elgamal.Ciphertext) {
		row.A = g.Point()
		for i := range row.B {
			row.B[i] = g.Point()
		}
	})
	edited(reason.ErrGroup, func(d *device, _ *elgamal.Ciphertext) { d.shown = g.Point() })
	edited(reason.ErrEncoding, func(_ *device, row *elgamal.Ciphertext) { row.B = nil })
	edited(reason.ErrProof, func(d *device, row *elgamal.Ciphertext) { // under another key, where that is proven
		for i, column := range d.columns {
			if !f.Manifest.Contests[d.contestOf(column)].Mixed() {
				row.B[i] = g.Point().Add(row.B[i], times(g, d.r, g.Generator("another key", 0)))
			}
		}
	})
	add(reason.ErrEncoding, f.sign(entry.Ballot, nil))
	add(reason.ErrRange, rewrap(t, f.sign(entry.Ballot, make([]byte, 1000)), func(env *entry.Envelope) { env.Time = 0 })) // number 0
	add(reason.ErrVersion, []byte("junk"))
	return list, reasons
}

// Ballots that encrypt nothing, or garbage, or are none, stop no tally, and
// what they are is known before anything is decrypted. What cannot be seen in a
// ballot, because its contest is mixed, is counted as an invalid vote.
func TestP34P35HostileBallotsStopNothing(t *testing.T) {
	eachBallotBox(t, func(t *testing.T, honest *fixture) {
		attempts, reasons := honest.attempts(t)
		log, box := honest.open(t)
		for i, data := range attempts {
			requireRefused(t, reasons[i], log, box, data, i)
		}

		// All of them on the ledger of another election, after the votes of
		// each of its voters.
		f := &fixture{name: honest.name, mixed: honest.mixed, tokens: honest.tokens}
		want := make(map[int]error)
		f.meanwhile = func(t testing.TB, votes int) {
			attempts, reasons := f.attempts(t)
			for i := votes; i < len(attempts); i += len(f.votes) {
				want[int(f.Append(attempts[i]))] = reasons[i]
			}
			if f.mixed && votes == 2 {
				garbage := f.device(t, 4, f.votes[3])
				garbage.mixed[chair] = []kyber.Point{f.Group.Generator("garbage", 0)}
				f.Append(garbage.seal())
			}
		}
		f.build(t, honest.Group) // which audits it, too
		require.Len(t, want, len(attempts))
		report := f.audit(t, f.entries)
		for at, reason := range want {
			requireListed(t, report, at, reason)
		}
		for i, c := range f.result.Contests {
			totals := make(map[string]int64)
			for _, total := range c.Totals {
				totals[total.ID] = total.Total
			}
			for _, total := range honest.result.Contests[i].Totals {
				if f.mixed && i == chair && total.ID == ballot.InvalidID {
					total.Total++
				}
				require.Equal(t, total.Total, totals[total.ID], "%s, %s", c.ID, total.ID)
			}
		}
		// It does not take the audit much more than the honest election.
		require.Less(t, allocated(func() { f.audit(t, f.entries) }), 4*allocated(func() { honest.audit(t, honest.entries) }))
	})
}

// requireListed requires that an entry is listed as one that counts for
// nothing, for one reason.
func requireListed(t *testing.T, report *tally.Report, at int, want error) {
	t.Helper()
	listed := 0
	for _, c := range report.Checks {
		for _, finding := range c.Findings {
			if finding.Entry != nil && int(*finding.Entry) == at {
				require.True(t, finding.Refused)
				requireReason(t, want, finding.Err, c.ID)
				listed++
			}
		}
	}
	require.Equal(t, 1, listed, "entry %d\n%s", at, report.Text())
}

// Marks on votes: what a text may be is bounded before it is encrypted, the
// manifest has to allow that texts and rankings are published at all, and the
// result shows no vote of its own, only how often what was written.
func TestP38MarkedVotes(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		f := honest(t, g, true)
		for text, want := range map[string]error{
			strings.Repeat("x", 41):     reason.ErrRange,
			strings.Repeat("é", 21):     reason.ErrRange,
			"":                          reason.ErrEncoding,
			"a\x00b":                    reason.ErrEncoding,
			"a\u200bb":                  reason.ErrEncoding,
			"a\u202eb":                  reason.ErrEncoding,
			"\ufe0f":                    reason.ErrEncoding,
			"\xff":                      reason.ErrEncoding,
			" a":                        reason.ErrEncoding,
			"a  b":                      reason.ErrEncoding,
			strings.Repeat("\u0323", 9): reason.ErrEncoding,
		} {
			v := f.voter(2)
			_, _, err := f.Encrypt(v, ballot.Votes{"chair": {"a": 1}, "mayor": {"a": 1}, "motto": {text: 1}})
			requireReason(t, want, err, "%q", text)
			require.Equal(t, f.Voters[2].Number, v.Number)
		}
		ranking := ballot.Votes{"chair": {"a": 1, "nobody": 2}, "mayor": {"a": 1}, "motto": {"x": 1}}
		_, _, err := f.Encrypt(f.voter(2), ranking)
		requireReason(t, reason.ErrShape, err)

		d := *f.Manifest
		d.Contests = slices.Clone(d.Contests)
		for _, word := range []string{"", "secret", "Public"} {
			d.Contests[motto].Plaintexts = word
			_, err = ballot.NewManifest(d)
			requireReason(t, reason.ErrRange, err, word)
		}
		d.Contests[motto].Plaintexts = ballot.PlaintextsPublic
		_, err = ballot.NewManifest(d)
		require.NoError(t, err, "control")

		// Of rankings there is no text at all, and texts stand in the order of
		// their numbers and not in that of the ballots.
		view, err := json.Marshal(f.result)
		require.NoError(t, err)
		require.NotContains(t, string(view), "plaintext")
		require.Len(t, f.result.Contests[motto].Texts, 2)
		require.Empty(t, f.result.Contests[chair].Texts)
		require.True(t, slices.IsSortedFunc(f.result.Contests[motto].Texts, func(a, b tally.TextTotal) int {
			return strings.Compare(a.Text, b.Text)
		}))
	})
}
