package reason

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestForeign(t *testing.T) {
	plain := fmt.Errorf("Get %q: dial: %w", "http://example.org/é", context.Canceled)
	require.Equal(t, plain.Error(), Foreign(plain).Error())
	require.ErrorIs(t, Foreign(plain), context.Canceled)
	for text, want := range map[string]string{
		"a\x1b[2J\nb\tc\x00d\u202ee": "a·[2J·b·c·d·e",
		"\xff":                       "\ufffd",
		strings.Repeat("é", 1000):    strings.Repeat("é", 300),
	} {
		got := Foreign(errors.New(text)).Error()
		require.Equal(t, want, got)
		require.True(t, utf8.ValidString(got))
	}
}
