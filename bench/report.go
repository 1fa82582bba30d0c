package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// report is one run of the program.
type report struct {
	Command string    `json:"command"`
	Start   time.Time `json:"start"`
	Seconds float64   `json:"seconds"`

	Commit string `json:"commit"`
	Go     string `json:"go"`
	System string `json:"system"` // operating system and architecture
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Load   string `json:"load"` // before the run, where the system tells

	Unit   string  `json:"unit"`   // what UnitNs are of
	UnitNs float64 `json:"unitNs"` // the middle one of all measured

	Results  []*result   `json:"results,omitempty"`
	Speedups []*speedup  `json:"speedups,omitempty"`
	Scale    []*scaleRun `json:"scale,omitempty"`
}

func newReport(command string) *report {
	return &report{
		Command: command, Start: time.Now().UTC().Truncate(time.Second),
		Commit: commit(), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, CPU: processor(), Cores: runtime.NumCPU(), Load: loadAverage(),
		Unit: unitName,
	}
}

// commit returns the commit of the working directory, with a mark if it has
// been changed since; of the program, if there is no such directory.
func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty", "--abbrev=7", "--match=").Output()
	if err == nil {
		return strings.TrimSpace(string(out))
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return s.Value
			}
		}
	}
	return "unknown"
}

func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(info)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return "unknown"
}

func loadAverage() string {
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(load), " ")
	return one
}

// save writes the report into dir: report.json; report.md with the plots beside
// it; and benchmarks.txt, in the format of go test -bench, for benchstat.
func (r *report) save(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	view, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	plots, err := r.plots()
	if err != nil {
		return err
	}
	files := map[string][]byte{
		"report.json":    append(view, '\n'),
		"report.md":      []byte(r.header() + r.tables(plots) + r.scaleTables(plots)),
		"benchmarks.txt": r.benchmarks(),
	}
	for _, p := range plots {
		files[p.file] = p.svg
	}
	return writeFiles(dir, files)
}

func writeFiles(dir string, files map[string][]byte) error {
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// benchmarks returns the results in the format of go test -bench
// (https://go.dev/design/14313-benchmark-format). The times are those of the
// processor.
func (r *report) benchmarks() []byte {
	var b bytes.Buffer
	goos, goarch, _ := strings.Cut(r.System, "/")
	fmt.Fprintf(&b, "goos: %s\ngoarch: %s\npkg: github.com/hanpyo/hanpyo/bench\ncpu: %s\ncommit: %s\n", goos, goarch, r.CPU, r.Commit)
	fmt.Fprintf(&b, "BenchmarkUnit/%s \t1\t%.4g ns/op\n", r.Unit, r.UnitNs)
	for _, x := range r.Results {
		fmt.Fprintf(&b, "Benchmark%s \t%d\t%.4g ns/op\t%.4g units/op\t%.4g allocs/op", x.Name, x.Calls, x.NsPerOp, x.NsPerOp/x.UnitNs, x.Allocs)
		if x.Item != "" {
			fmt.Fprintf(&b, "\t%.4g %ss/s", x.ItemsPerSecond, x.Item)
		}
		if x.BytesPerItem > 0 {
			fmt.Fprintf(&b, "\t%d B/%s", x.BytesPerItem, x.Item)
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// The generated parts of a document stand between lines like these, with the
// name of the part; all else in it is written by hand and stays.
const (
	partBegins = "<!-- begin %s: go run ./bench writes what stands here -->\n"
	partEnds   = "<!-- end %s -->\n"
)

// replacePart puts text between the lines of a part.
func replacePart(document []byte, part, text string) ([]byte, error) {
	begin, end := fmt.Sprintf(partBegins, part), fmt.Sprintf(partEnds, part)
	before, rest, ok := bytes.Cut(document, []byte(begin))
	_, after, ok2 := bytes.Cut(rest, []byte(end))
	if !ok || !ok2 {
		return nil, fmt.Errorf("there is no part between %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return bytes.Join([][]byte{before, []byte(begin), []byte(text), []byte(end), after}, nil), nil
}

// update writes the tables into the document, each into its part, and the plots
// into the folder plots beside it. What was not measured stays as it was.
func (r *report) update(file string) error {
	document, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	plots, err := r.plots()
	if err != nil {
		return err
	}
	files := make(map[string][]byte)
	for i := range plots {
		files[plots[i].file] = plots[i].svg
		plots[i].file = "plots/" + plots[i].file
	}
	if len(r.Results) > 0 {
		if document, err = replacePart(document, "comparison", r.header()+r.tables(plots)); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	if len(r.Scale) > 0 {
		if document, err = replacePart(document, "scale", r.header()+r.scaleTables(plots)); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	dir := filepath.Join(filepath.Dir(file), "plots")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := writeFiles(dir, files); err != nil {
		return err
	}
	return os.WriteFile(file, document, 0o644)
}
