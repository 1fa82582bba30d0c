package reason

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIs(t *testing.T) {
	for _, r := range all {
		require.True(t, Is(fmt.Errorf("zkp: %w", r)))
	}
	require.False(t, Is(nil))
	require.False(t, Is(fmt.Errorf("tally: %w", context.Canceled)))
	f, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, 0)
	require.NoError(t, err)
	declared := 0
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
			declared += len(g.Specs)
		}
	}
	require.Len(t, all, declared, "every reason is listed")
}
