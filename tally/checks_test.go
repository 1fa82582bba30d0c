package tally

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// docs/checks.md explains exactly the checks that there are, in their order.
func TestChecksAreDocumented(t *testing.T) {
	docs, err := os.ReadFile("../docs/checks.md")
	require.NoError(t, err)
	var documented, inCode []string
	for _, m := range regexp.MustCompile("(?m)^### `([a-z.]+)`$").FindAllSubmatch(docs, -1) {
		documented = append(documented, string(m[1]))
	}
	for _, c := range checks {
		inCode = append(inCode, c.id)
	}
	require.Equal(t, inCode, documented)

	// The functions it names are there.
	var code []byte
	for _, file := range must(filepath.Glob("*.go")) {
		code = append(code, must(os.ReadFile(file))...)
	}
	named := regexp.MustCompile("`(audit|closing|shareBook|chain)\\.([a-zA-Z]+)`").FindAllSubmatch(docs, -1)
	require.NotEmpty(t, named)
	for _, m := range named {
		require.Regexp(t, fmt.Sprintf(`(?m)^func \(\w+ \*%s\) %s\(`, m[1], m[2]), string(code))
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// A check that nobody has called done has not run, and a fault stays one.
func TestChecklist(t *testing.T) {
	report := &Report{}
	l := newChecklist(report)
	l.include(continuity)
	l.pass("ledger.checkpoint", "")
	l.pass("ledger.origin", "")
	l.fail("ledger.origin", nil, ErrBinding)
	l.fail("manifest.form", nil, ErrEncoding)
	l.pass("manifest.form", "")
	l.missing(ErrIncomplete, "ledger.checkpoint", "ledger.origin", "ledger.continuity")
	l.refuse("roll.form", 7, ErrSignature)
	l.finish()
	for id, want := range map[string]Status{
		"ledger.checkpoint": Passed, "ledger.origin": Failed, "manifest.form": Failed,
		"ledger.continuity": NotRun, "roll.form": NotRun, "result.published": NotRun,
	} {
		require.Equal(t, want, report.Check(id).Status, id)
	}
	require.Empty(t, report.Check("ledger.checkpoint").Findings)
	require.Nil(t, report.Check("ledger.rotation"))
	require.False(t, report.Verified())
	require.False(t, (&Report{}).Verified(), "a report without checks")
}
