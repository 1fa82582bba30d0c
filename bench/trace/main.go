// Command trace prints every operation on the transcripts of proofs, so that a
// second implementation that computes another challenge can be compared line by
// line and the first difference seen.
//
//	go run ./bench/trace            all proofs
//	go run ./bench/trace -run dleq  those whose name matches
//
// What is verified are the proofs of zkp/testdata and mixnet/testdata, on both
// groups. A line is a transcript's number, the operation, how many bytes, and the
// bytes in hexadecimal:
//
//	1 init 32 …        a SHAKE128 sponge begins with this session identifier
//	1 absorb 8 …
//	2 copy of 1 0      sponge 2 begins where sponge 1 is
//	1 squeeze 48 …
//
// The library has no code for it: the command builds the tests of both packages
// with lines put into package zkp's sponge.
package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	run := flag.String("run", "", "only proofs whose name matches this regular expression")
	flag.Parse()
	if err := trace(os.Stdout, *run); err != nil {
		fmt.Fprintln(os.Stderr, "trace:", err)
		os.Exit(1)
	}
}

// insertion puts lines behind the one place in transcript.go that has a text.
type insertion struct{ behind, lines string }

var insertions = []insertion{
	{"	squeezed *sha3.SHAKE // nil while absorbing\n", "	number   int\n"},
	{"	s := &sponge{absorbed: *sha3.NewSHAKE128()}\n", "	s.number = traceNumber()\n	Trace(s.number, \"init\", session[:])\n"},
	{"	s.squeezed = nil\n", "	Trace(s.number, \"absorb\", b)\n"},
	{"	s.squeezed.Read(out)\n", "	Trace(s.number, \"squeeze\", out)\n"},
}

// copied is how a sponge is copied, and copiedTraced how it is with a trace.
const (
	copied       = "func (s *sponge) clone() *sponge { return &sponge{absorbed: *cloneSHAKE(&s.absorbed)} }\n"
	copiedTraced = `func (s *sponge) clone() *sponge {
	c := &sponge{absorbed: *cloneSHAKE(&s.absorbed), number: traceNumber()}
	Trace(c.number, fmt.Sprintf("copy of %d", s.number), nil)
	return c
}

// Trace is told of every operation.
var Trace = func(number int, operation string, b []byte) {}

var traced int

// TraceFrom begins to count sponges anew.
func TraceFrom(trace func(number int, operation string, b []byte)) { Trace, traced = trace, 0 }

func traceNumber() int { traced++; return traced }
`
)

// tests are added to the packages for one run.
var (
	//go:embed zkp.txt
	zkpTest string
	//go:embed mixnet.txt
	mixnetTest string
)

func trace(out io.Writer, run string) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	source := filepath.Join(root, "zkp", "transcript.go")
	text, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	changed, err := instrument(string(text))
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "trace")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	replace := make(map[string]string)
	for name, text := range map[string]string{
		source: changed,
		filepath.Join(root, "zkp", "trace_test.go"):    zkpTest,
		filepath.Join(root, "mixnet", "trace_test.go"): mixnetTest,
	} {
		file := filepath.Join(scratch, fmt.Sprint(len(replace), ".go"))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return err
		}
		replace[name] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	file := filepath.Join(scratch, "overlay.json")
	if err := os.WriteFile(file, overlay, 0o600); err != nil {
		return err
	}
	cmd := exec.Command("go", "test", "-count=1", "-overlay", file, "-run", "^TestTrace$/"+run, "-v", "./zkp", "./mixnet")
	cmd.Dir, cmd.Stderr = root, os.Stderr
	lines, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, lines)
	}
	if !strings.Contains(string(lines), "trace: ") {
		return fmt.Errorf("no proof matches %q", run)
	}
	for line := range strings.Lines(string(lines)) {
		if rest, ok := strings.CutPrefix(line, "trace: "); ok {
			fmt.Fprint(out, rest)
		}
	}
	return nil
}

// instrument returns transcript.go with the lines that trace it.
func instrument(text string) (string, error) {
	for _, in := range append(insertions, insertion{copied, ""}) {
		if strings.Count(text, in.behind) != 1 {
			return "", fmt.Errorf("zkp/transcript.go has changed: %q is not there once", in.behind)
		}
		text = strings.Replace(text, in.behind, in.behind+in.lines, 1)
	}
	return strings.Replace(text, copied, copiedTraced, 1), nil
}

func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "zkp", "transcript.go")); missing == nil {
			return dir, nil
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		err = errors.New("run it inside the library's source")
	}
	return "", err
}
