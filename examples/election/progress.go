package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// progress says on standard error what the program is at: one line that is
// written over and over on a terminal, a line now and then elsewhere.
type progress struct {
	out      io.Writer
	terminal bool

	mu           sync.Mutex
	name         string
	began, shown time.Time
}

func newProgress(out io.Writer) *progress {
	p := &progress{out: out}
	if f, ok := out.(*os.File); ok {
		info, err := f.Stat()
		p.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// run does one part of the work and says how long it took.
func (p *progress) run(name string, work func() error) error {
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

// say says something in between.
func (p *progress) say(a ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
	fmt.Fprintln(p.out, a...)
}

// step says how far the current part has come.
func (p *progress) step(done, total uint64) {
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

// stepOf is step for a part that does several things.
func (p *progress) stepOf(_ string, done, total uint64) { p.step(done, total) }
