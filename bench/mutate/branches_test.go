package main

import (
	"go/parser"
	"go/token"
	"testing"

	"github.com/stretchr/testify/require"
)

const someCode = `package p

func a(x int) (int, error) {
	if x == 0 {
		return 0, errZero
	}
	y, err := b(x)
	if err != nil {
		return 0, err
	}
	if y > 3 { // no error
		return y, nil
	}
	switch {
	case y == 1, x == 1:
		return 0, errOne
	case y == 2:
		x++
	}
	f := func() bool {
		if x > 7 {
			return false
		}
		return true
	}
	if r := c(); r.bad() || !f() {
		r.Fail(errBad)
		return x, nil
	}
	return x, nil
}
`

// TestInstrument holds which branches are found, and that the code with keepers
// is Go.
func TestInstrument(t *testing.T) {
	out, found, err := instrument("p.go", []byte(someCode), 5)
	require.NoError(t, err)
	var lines []string
	for i, b := range found {
		require.Equal(t, 5+i, b.number)
		lines = append(lines, b.String())
	}
	require.Equal(t, []string{
		"p.go:4: a: if x == 0",
		"p.go:8: a: if y, err := b(x); err != nil",
		"p.go:15: a: if y == 1, x == 1",
		"p.go:26: a: if r := c(); r.bad() || !f()",
	}, lines)
	require.Contains(t, string(out), "if (x == 0) && keptByMutate(5) {")
	require.Contains(t, string(out), "case (y == 1) && keptByMutate(7), (x == 1) && keptByMutate(7):")
	_, err = parser.ParseFile(token.NewFileSet(), "p.go", out, 0)
	require.NoError(t, err)
}
