package main

import (
	"bytes"
	"context"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVoter(t *testing.T) {
	var out, errs bytes.Buffer
	require.Zero(t, run(context.Background(), nil, &out, &errs), "%s%s", out.String(), errs.String())
	require.Regexp(t, regexp.MustCompile(`(?s)^Haneul gets a token, and no second one
  the registrar   token: desk: the subject was served before: duplicate

Haneul challenges her phone
  tracker         [0-9a-f-]{71}
  opening         HANPYO/OPENING/1/[A-Z2-7]{23}… \(203 characters\)
  the tablet      says that the ballot was for \[A park\]

Haneul votes for the park
  tracker         [0-9a-f-]{71}
  receipt         holds: entry 32

Haneul changes her mind, and votes for the library
  tracker         [0-9a-f-]{71}
  receipt         holds: entry 33
  the first one   superseded by entry 33

The audit
.*everyone of weight 1: 12 used, 12 issued, 12 eligible.*
VERIFIED: \d+ checks passed.

Haneul looks again
  the challenge   entry 31 spoils the ballot, pinned by entry 35
  the first vote  entry 32 is superseded by entry 33, pinned by entry 35
  the second vote entry 33 counts, pinned by entry 35
$`), out.String())
}

func TestVoterTakesNoArguments(t *testing.T) {
	var out, errs bytes.Buffer
	require.Equal(t, 1, run(context.Background(), []string{"-h"}, &out, &errs))
	require.Empty(t, out.String())
	require.Contains(t, errs.String(), "takes no arguments")
}
