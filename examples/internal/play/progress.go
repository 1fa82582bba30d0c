package play

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Progress says on standard error what the program is at: one line that is
// written over and over on a terminal, a line now and then elsewhere.
type Progress struct {
	out      io.Writer
	terminal bool

	mu           sync.Mutex
	name         string
	began, shown time.Time
}

func newProgress(out io.Writer) *Progress {
	p := &Progress{out: out}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// Part is a part of an election.
type Part struct {
	Name string
	Do   func(context.Context) error
}

// Hold does the parts one after the other, until one fails.
func (p *Progress) Hold(ctx context.Context, parts ...Part) error {
	for _, part := range parts {
		if err := p.run(part.Name, func() error { return part.Do(ctx) }); err != nil {
			return fmt.Errorf("%s: %w", part.Name, err)
		}
	}
	return nil
}

// Wait waits for an announced hour.
func Wait(ctx context.Context, hour time.Time) error {
	select {
	case <-time.After(time.Until(hour)):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// run does one part of the work and says how long it took.
func (p *Progress) run(name string, work func() error) error {
	p.mu.Lock()
	p.name, p.began = name, time.Now()
	p.shown = p.began
	if p.terminal {
		fmt.Fprintf(p.out, "%s …", name)
	}
	p.mu.Unlock()
	err := work()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
	if err == nil {
		fmt.Fprintf(p.out, "%-40s %8.1f s\n", name, time.Since(p.began).Seconds())
	}
	return err
}

// Say says something in between.
func (p *Progress) Say(a ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
	fmt.Fprintln(p.out, a...)
}

// Step says how far the current part has come.
func (p *Progress) Step(done, total uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	pause := 10 * time.Second
	if p.terminal {
		pause = time.Second / 5
	}
	if time.Since(p.shown) < pause {
		return
	}
	p.shown = time.Now()
	if p.terminal {
		fmt.Fprintf(p.out, "\r\x1b[K%s … %d of %d", p.name, done, total)
	} else {
		fmt.Fprintf(p.out, "%s: %d of %d\n", p.name, done, total)
	}
}

// StepOf is Step for a part that does several things.
func (p *Progress) StepOf(_ string, done, total uint64) { p.Step(done, total) }
