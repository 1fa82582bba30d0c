package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// argued are branches without which all tests pass, each with the reason why it
// stays: "file: function: condition ## reason".
//
//go:embed testdata/argued.txt
var arguedText string

func argued() map[string]string {
	m := make(map[string]string)
	for line := range strings.Lines(arguedText) {
		if key, why, ok := strings.Cut(strings.TrimSpace(line), " ## "); ok {
			m[key] = why
		}
	}
	return m
}

// pkg is a package of this module.
type pkg struct {
	Dir, ImportPath, Name string
	GoFiles               []string
	Deps                  []string
	TestImports           []string
	XTestImports          []string
}

func listPackages(root string, patterns ...string) (list []pkg, err error) {
	cmd := exec.Command("go", append([]string{"list", "-json=Dir,ImportPath,Name,GoFiles,Deps,TestImports,XTestImports"}, patterns...)...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); err == io.EOF {
			return list, nil
		} else if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
}

// deleter deletes the branches of one package.
type deleter struct {
	root, dir, overlay string
	pkg                pkg
	branches           []branch
}

// newDeleter instruments a package in an overlay below dir.
func newDeleter(root, dir string, p pkg) (*deleter, error) {
	d := &deleter{root: root, dir: dir, pkg: p}
	files := make(map[string][]byte)
	for _, name := range p.GoFiles {
		path := filepath.Join(p.Dir, name)
		src, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		short, err := filepath.Rel(root, path)
		if err != nil {
			return nil, err
		}
		out, found, err := instrument(short, src, len(d.branches))
		if err != nil {
			return nil, err
		}
		files[path] = out
		d.branches = append(d.branches, found...)
	}
	files[filepath.Join(p.Dir, "kept_by_mutate.go")] = fmt.Appendf(nil, keeper, p.Name, max(1, len(d.branches)))
	var err error
	d.overlay, err = overlay(dir, files)
	return d, err
}

// tests is the test binary of a package over the deleter's overlay.
type tests struct {
	binary, dir string
	took        map[string]time.Duration
	reaching    map[int][]string // tests by branch, the quick ones first
}

// build compiles a package's tests, and runs each alone to see which branches
// it takes. Tests that fail or run for more than most are left out.
func (d *deleter) build(w io.Writer, p pkg, most time.Duration) (*tests, error) {
	t := &tests{dir: p.Dir, took: make(map[string]time.Duration), reaching: make(map[int][]string)}
	t.binary = filepath.Join(d.dir, strings.ReplaceAll(p.ImportPath, "/", "_")+".test")
	cmd := exec.Command("go", "test", "-c", "-overlay", d.overlay, "-o", t.binary, p.ImportPath)
	cmd.Dir = d.root
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	if _, err := os.Stat(t.binary); err != nil {
		return t, nil // no tests
	}
	list := exec.Command(t.binary, "-test.list", ".")
	list.Dir = t.dir
	out, err := list.Output()
	if err != nil {
		return nil, err
	}
	for _, name := range strings.Fields(string(out)) {
		if strings.HasPrefix(name, "Benchmark") {
			continue
		}
		reached := filepath.Join(d.dir, "reached")
		_ = os.Remove(reached)
		begin := time.Now()
		if !t.run(name, most, "MUTATE_REACHED="+reached) {
			fmt.Fprintf(w, "left out: %s of %s fails by itself, or takes more than %v\n", name, p.ImportPath, most)
			continue
		}
		t.took[name] = time.Since(begin)
		data, err := os.ReadFile(reached)
		if err != nil {
			continue
		}
		for _, line := range strings.Fields(string(data)) {
			if k, err := strconv.Atoi(line); err == nil {
				t.reaching[k] = append(t.reaching[k], name)
			}
		}
	}
	for _, names := range t.reaching {
		slices.SortFunc(names, func(a, b string) int { return cmp.Compare(t.took[a], t.took[b]) })
	}
	return t, nil
}

// run runs one test and reports whether it passes.
func (t *tests) run(name string, most time.Duration, env string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	cmd := exec.CommandContext(ctx, t.binary, "-test.run", "^"+name+"$", "-test.failfast", "-test.short")
	cmd.Dir, cmd.Env = t.dir, append(os.Environ(), env)
	return cmd.Run() == nil
}

// kills reports whether some test notices that a branch is gone.
func (t *tests) kills(k int) bool {
	for _, name := range t.reaching[k] {
		if !t.run(name, 10*t.took[name]+20*time.Second, fmt.Sprintf("MUTATE_DELETED=%d", k)) {
			return true
		}
	}
	return false
}

// deletions deletes every rejecting branch of the packages in turn, and prints
// those that the tests of the package, and unless own is set those of the
// packages of this module that use it, do not miss. It returns how many those are, without the
// argued ones.
func deletions(w io.Writer, own bool, patterns []string) (survivors int, err error) {
	root, err := moduleRoot()
	if err != nil {
		return 0, err
	}
	packages, err := listPackages(root, patterns...)
	if err != nil {
		return 0, err
	}
	all, err := listPackages(root, "./...")
	if err != nil {
		return 0, err
	}
	begin, total, why := time.Now(), 0, argued()
	for _, p := range packages {
		dir, err := os.MkdirTemp("", "deletions-")
		if err != nil {
			return survivors, err
		}
		d, err := newDeleter(root, dir, p)
		if err == nil {
			total += len(d.branches)
			d.stale(w, why)
			var left []branch
			others := d.importers(all)
			if own {
				others = nil
			}
			left, err = d.survivors(w, others)
			for _, b := range left {
				if reason := why[b.key()]; reason != "" {
					fmt.Fprintf(w, "argued    %s (%s)\n", b, reason)
					continue
				}
				survivors++
				fmt.Fprintf(w, "SURVIVES  %s\n", b)
			}
		}
		_ = os.RemoveAll(dir)
		if err != nil {
			return survivors, fmt.Errorf("%s: %w", p.ImportPath, err)
		}
	}
	fmt.Fprintf(w, "%d branches, %d survive, %v\n", total, survivors, time.Since(begin).Round(time.Second))
	return survivors, nil
}

// stale prints the arguments for branches of the package that are not there any
// more.
func (d *deleter) stale(w io.Writer, why map[string]string) {
	there := make(map[string]bool)
	for _, b := range d.branches {
		there[b.key()] = true
	}
	folder, err := filepath.Rel(d.root, d.pkg.Dir)
	if err != nil {
		return
	}
	for key := range why {
		if file, _, _ := strings.Cut(key, ": "); filepath.Dir(file) == folder && !there[key] {
			fmt.Fprintf(w, "gone      %s\n", key)
		}
	}
}

// mostAlone is how long one test may take by itself.
const mostAlone = time.Minute

// survivors returns the branches that no test misses.
// The tests are those of its own package, and then of others.
func (d *deleter) survivors(w io.Writer, others []pkg) ([]branch, error) {
	left := d.branches
	for i, p := range append([]pkg{d.pkg}, others...) {
		if len(left) == 0 {
			break
		}
		begin := time.Now()
		t, err := d.build(w, p, mostAlone)
		if err != nil {
			return nil, err
		}
		n := len(left)
		left = slices.DeleteFunc(slices.Clone(left), func(b branch) bool { return t.kills(b.number) })
		what := "by the tests of " + p.Name
		if i == 0 {
			what = "by its own tests"
		}
		fmt.Fprintf(w, "%s: %d of %d missed %s, %v\n", d.pkg.ImportPath, n-len(left), n, what, time.Since(begin).Round(time.Second))
	}
	return left, nil
}

// importers returns the packages whose tests are built on the package, those
// with the fewest dependencies first.
func (d *deleter) importers(all []pkg) (list []pkg) {
	for _, p := range all {
		uses := slices.Contains(slices.Concat(p.Deps, p.TestImports, p.XTestImports), d.pkg.ImportPath)
		if uses && p.ImportPath != d.pkg.ImportPath && !strings.Contains(p.ImportPath, "/examples") && p.Name != "main" {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b pkg) int { return cmp.Compare(len(a.Deps), len(b.Deps)) })
	return list
}
