package tally

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
)

func TestReportText(t *testing.T) {
	report := &Report{Fingerprint: ballot.Fingerprint{0x5f, 31: 0x02}, Title: "Council 2027", Origin: "example.org/council", Size: 41209}
	l := newChecklist(report)
	report.Checks = report.Checks[:4] // checkpoint, origin, form, fingerprint
	l.pass("ledger.checkpoint", "1 of 1")
	l.pass("ledger.origin", "")
	at := uint64(20117)
	l.refuse("ledger.origin", at, fmt.Errorf("zkp: %w", ErrProof))
	l.pass("manifest.form", "1 of 4")
	l.fail("manifest.form", &at, fmt.Errorf("published 8 114, the ledger gives 8 113: %w", ErrProof))
	l.missing(fmt.Errorf("1 of 2 on the ledger: %w", ErrIncomplete), "manifest.fingerprint")
	l.finish()
	require.Equal(t, `example.org/council   ledger size 41 209   no witnesses   v1
Council 2027
fingerprint 5f00000000000000000000000000000000000000000000000000000000000002
The manifest names no witnesses: one operator could have shown different ledgers to different people.

  ok       ledger.checkpoint     signed, and the root of what was read         1 of 1
  ok       ledger.origin         the ledger that the manifest names
             refused entry 20117   zkp: proof does not hold
  FAILED   manifest.form         well formed, with the id that was opened      1 of 4
             entry 20117   published 8 114, the ledger gives 8 113: proof does not hold
  not run  manifest.fingerprint  opened under the fingerprint, signed
             1 of 2 on the ledger: incomplete

NOT VERIFIED: 1 check failed, 1 could not run.
`, report.Text())
}

// A flood of junk does not make the text unreadable; JSON has all of it.
func TestReportTextIsBounded(t *testing.T) {
	report := &Report{}
	l := newChecklist(report)
	for i := range uint64(shown + 5) {
		l.refuse("ballot.form", i, ErrEncoding)
		l.fail("ballot.proof", nil, ErrProof)
	}
	l.finish()
	text := report.Text()
	require.Contains(t, text, "unknown ledger   ledger size 0")
	require.Contains(t, text, "             refused entry 19   malformed encoding\n             and 5 more refused\n")
	require.Contains(t, text, "             proof does not hold\n             and 5 more\n")
	require.NotContains(t, text, "entry 20")
	require.Len(t, report.Check("ballot.form").Findings, shown+5)
}

func TestResultText(t *testing.T) {
	r := &Result{
		Fingerprint: ballot.Fingerprint{1}, Title: "Council 2027",
		Voters: 12000, VotersWeight: 120000, Ballots: 1, Weight: 10, Refused: 1,
		Contests: []ContestResult{
			{Name: "Mayor", Ballots: 1234, Totals: []Total{{Label: "Ada", Total: 1233000}, {Label: "아홉", Total: -1200}, {Label: "blank"}}},
			{Name: "Budget", Withheld: true, Smallest: 3, Minimum: 10},
		},
		RefusedShares: []RefusedShare{{Entry: 7, Err: ErrSignature}},
	}
	require.Equal(t, `Council 2027
fingerprint 0100000000000000000000000000000000000000000000000000000000000000
1 of 12 000 voted, weight 10 of 120 000; 1 ballot refused

Mayor: 1 234 ballots
 1 233 000  Ada
    -1 200  아홉
         0  blank

Budget: withheld: 3 of 10

refused share, entry 7: signature does not verify
`, r.Text())
	data, err := r.MarshalJSON()
	require.NoError(t, err)
	require.JSONEq(t, `{"fingerprint": "0100000000000000000000000000000000000000000000000000000000000000", "title": "Council 2027",
		"pin": "0000000000000000000000000000000000000000000000000000000000000000", "voters": 12000, "voters_weight": 120000,
		"ballots": 1, "weight": 10, "refused": 1, "contests": [
			{"id": "", "name": "Mayor", "ballots": 1234, "weight": 0, "withheld": false, "smallest": 0, "minimum": 0, "totals": [
				{"id": "", "label": "Ada", "total": 1233000}, {"id": "", "label": "아홉", "total": -1200}, {"id": "", "label": "blank", "total": 0}]},
			{"id": "", "name": "Budget", "ballots": 0, "weight": 0, "withheld": true, "smallest": 3, "minimum": 10}],
		"refused_shares": [{"entry": 7, "trustee": 0, "contest": "", "reason": "signature does not verify"}]}`, string(data))
}
