// Command fuzz runs every fuzz target of this repository, of all its modules,
// one after the other:
//
//	go run ./bench/fuzz [-time 20s] [-run REGEXP] [-dir DIR]
//
// It finds them by reading the sources, so that none is forgotten, and prints
// how often each was called and how many inputs it found that do something new.
// go test keeps these in its cache, so that the next run goes on from there. An
// input that makes a target fail it writes to the package's testdata/fuzz; then
// it is a seed that every go test runs.
//
// The exit status is 1 if a target failed, 2 if there is none to run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, goTest))
}

// run is the program. It returns the exit status; test runs one target.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, test func(context.Context, target, time.Duration) (string, error)) int {
	f := flag.NewFlagSet("fuzz", flag.ContinueOnError)
	f.SetOutput(stderr)
	each := f.Duration("time", 20*time.Second, "how long each target runs")
	pattern := f.String("run", "", "run only targets whose package and name match")
	dir := f.String("dir", ".", "the root of the repository")
	if err := f.Parse(args); err != nil || f.NArg() > 0 {
		return 2
	}
	match, err := regexp.Compile(*pattern)
	if err != nil {
		fmt.Fprintln(stderr, "fuzz:", err)
		return 2
	}
	all, err := targets(*dir)
	if err != nil {
		fmt.Fprintln(stderr, "fuzz:", err)
		return 2
	}
	status, ran, failed := 0, 0, 0
	fmt.Fprintf(stdout, "%-34s %-28s %10s %8s %8s\n", "package", "target", "calls", "new", "inputs")
	for _, t := range all {
		if !match.MatchString(t.folder + " " + t.name) {
			continue
		}
		if ctx.Err() != nil {
			break
		}
		ran++
		output, err := test(ctx, t, *each)
		s := parse(output)
		fmt.Fprintf(stdout, "%-34s %-28s %10s %8s %8s", t.folder, t.name, s.calls, s.found, s.inputs)
		if err != nil && ctx.Err() == nil {
			fmt.Fprintf(stdout, "  FAILED: %v\n%s\n", err, output)
			status, failed = 1, failed+1
			continue
		}
		fmt.Fprintln(stdout)
	}
	fmt.Fprintf(stdout, "%d targets, %d failed.\n", ran, failed)
	if ran == 0 {
		return 2
	}
	return status
}

// goTest fuzzes a target for some time and returns what go test says. Making an
// input smaller is given up soon: of targets that draw random numbers no input
// does the same twice, and go test would try for a minute.
func goTest(ctx context.Context, t target, each time.Duration) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", each.String(), "-fuzzminimizetime", "10x", ".")
	cmd.Dir = t.path
	// An interrupted go test writes what it was about to write.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	output, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = errors.New("go test " + exit.String())
	}
	return string(output), err
}

// stats is the last line of progress of go test.
type stats struct{ calls, found, inputs string }

var progress = regexp.MustCompile(`execs: (\d+) .*new interesting: (\d+) \(total: (\d+)\)`)

func parse(output string) stats {
	s := stats{"-", "-", "-"}
	for line := range strings.Lines(output) {
		if m := progress.FindStringSubmatch(line); m != nil {
			s = stats{m[1], m[2], m[3]}
		}
	}
	return s
}
