package play

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProgress(t *testing.T) {
	var out strings.Builder
	p := newProgress(&out)
	require.False(t, p.terminal)
	require.NoError(t, p.run("counting", func() error { p.Step(1, 3); return nil }))
	require.Regexp(t, `^counting +0\.\d s\n$`, out.String())

	out.Reset()
	p.terminal = true
	require.Error(t, p.run("counting", func() error {
		p.shown = p.began.AddDate(0, 0, -1)
		p.Step(1, 3)
		p.Say("hello")
		return errors.New("no")
	}))
	require.Equal(t, "counting …\r\x1b[Kcounting … 1 of 3\r\x1b[Khello\n\r\x1b[K", out.String())
}

// TestHold holds that parts are done in order until one fails, which is named.
func TestHold(t *testing.T) {
	no := errors.New("no")
	var done []string
	part := func(name string, err error) Part {
		return Part{name, func(context.Context) error { done = append(done, name); return err }}
	}
	p := newProgress(io.Discard)
	require.NoError(t, p.Hold(t.Context(), part("a", nil), part("b", nil)))
	err := p.Hold(t.Context(), part("c", nil), part("d", no), part("e", nil))
	require.ErrorIs(t, err, no)
	require.EqualError(t, err, "d: no")
	require.Equal(t, []string{"a", "b", "c", "d"}, done)
}

func TestWait(t *testing.T) {
	require.NoError(t, Wait(t.Context(), time.Now().Add(-time.Hour)))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	require.ErrorIs(t, Wait(ctx, time.Now().Add(time.Hour)), context.Canceled)
}

// TestParallel holds that all work is done once, and that the first failure
// ends it.
func TestParallel(t *testing.T) {
	p := newProgress(io.Discard)
	done := make([]int, 1000)
	require.NoError(t, p.Parallel(t.Context(), len(done), func(_ context.Context, i int) error { done[i]++; return nil }))
	for i, n := range done {
		require.Equal(t, 1, n, i)
	}
	require.NoError(t, p.Parallel(t.Context(), 0, nil))

	no := errors.New("no")
	err := p.Parallel(t.Context(), 1000, func(ctx context.Context, i int) error {
		if i == 17 {
			return no
		}
		if i > 17 {
			<-ctx.Done()
		}
		return nil
	})
	require.ErrorIs(t, err, no)
}
