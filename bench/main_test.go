package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// TestMain makes the test program one that holds elections for runScale, as the
// program itself is.
func TestMain(m *testing.M) {
	if os.Getenv(scaleChild) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// tinyPlan has an operation of every sort.
var tinyPlan = plan{
	batch:   3,
	ballots: []subject{{elgamal.Ristretto255(), "1-of-2", 3}, {elgamal.P256(), "1-of-2", 2}},
	replay:  subject{elgamal.Ristretto255(), "1-of-2", 2},
	classic: []string{"1-of-2"},
	mixes:   []mixSize{{1, 5}, {2, 5}},
	neff:    []mixSize{{1, 5}, {2, 5}},
	points:  []int{50, 300},
	without: []int{2},
	bad:     []int{2},
	onCores: []string{"Mix/step=prove/group=ristretto255/w=1/n=5"},
}

// tinyReport measures the tiny plan and elections of a few voters.
func tinyReport(t *testing.T, o *settings) *report {
	t.Helper()
	if o == nil {
		o = &settings{plan: tinyPlan, meter: meter{rounds: 1, budget: 1}, compare: true, scale: true, sizes: []int{8, 24}, scratch: t.TempDir()}
	}
	r := newReport("tiny")
	var stderr bytes.Buffer
	require.NoError(t, r.make(t.Context(), o, &stderr), stderr.String())
	return r
}

func TestRun(t *testing.T) {
	r := tinyReport(t, nil)
	names := make(map[string]*result)
	for _, x := range r.Results {
		require.NotContains(t, names, x.Name)
		require.Regexp(t, regexp.MustCompile(`^[A-Z][A-Za-z]*(/[A-Za-z]+(=[A-Za-z0-9-]+)?)+$`), x.Name)
		require.Positive(t, x.NsPerOp, x.Name)
		require.Positive(t, x.UnitsPerItem, x.Name)
		names[x.Name] = x
	}
	require.Len(t, names, len(tinyPlan.operations()))
	for _, x := range r.Results {
		if x.Ours == "" {
			continue
		}
		require.Contains(t, names, x.Ours, x.Name)
		require.Equal(t, names[x.Ours].Item, x.Item)
		require.InEpsilon(t, x.UnitsPerItem/names[x.Ours].UnitsPerItem, x.Ratio, 1e-9, x.Name)
	}
	require.Len(t, r.Speedups, 2)

	// 1-of-2: five encoded numbers a statement of one of two values, two statements of one.
	classic := names["Classic/Verify/group=kyber-edwards25519/ballot=1-of-2/n=1"]
	require.Equal(t, 2*(2*32+4*32)+2*32, classic.BytesPerItem)
	require.Equal(t, 64, names["Mix/step=shuffle/group=ristretto255/w=1/n=5"].BytesPerItem)

	require.Len(t, r.Scale, 2)
	for i, n := range []int{8, 24} {
		run := r.Scale[i]
		require.Equal(t, n, run.Voters)
		require.Len(t, run.Phases, len(phases))
		for j, p := range run.Phases {
			require.Equal(t, phases[j].name, p.Name)
			require.Positive(t, p.PeakHeld)
			require.Positive(t, p.WallNs)
		}
		require.Positive(t, run.LedgerBytes)
	}

	dir := t.TempDir()
	require.NoError(t, r.deliver(&settings{out: dir}, io.Discard))
	checkFiles(t, r, dir)
	checkUpdate(t, r)
}

// checkFiles holds that what was saved is well-formed and says what was
// measured.
func checkFiles(t *testing.T, r *report, dir string) {
	data, err := os.ReadFile(filepath.Join(dir, "report.json"))
	require.NoError(t, err)
	again := new(report)
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(again))
	require.Equal(t, r, again)

	plots, err := filepath.Glob(filepath.Join(dir, "*.svg"))
	require.NoError(t, err)
	require.Len(t, plots, 5)
	for _, file := range plots {
		svg, err := os.Open(file)
		require.NoError(t, err)
		for d := xml.NewDecoder(svg); ; {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, file)
		}
		require.NoError(t, svg.Close())
	}

	data, err = os.ReadFile(filepath.Join(dir, "report.md"))
	require.NoError(t, err)
	checkMarkdown(t, string(data))
	for _, x := range r.Results {
		require.Contains(t, string(data), "| "+x.Name+" |")
	}
	for _, file := range plots {
		require.Contains(t, string(data), "]("+filepath.Base(file)+")")
	}
	require.Contains(t, string(data), "**extrapolated**")
	require.Regexp(t, `\n\| 1-of-2 \| kyber-edwards25519 \|.*\n\| 1-of-2 \| circl-ristretto255 \|.*\n\| 1-of-2 \| circl-P-256 \|`, string(data))

	data, err = os.ReadFile(filepath.Join(dir, "benchmarks.txt"))
	require.NoError(t, err)
	checkBenchmarks(t, r, string(data))
}

// checkMarkdown holds that all lines of a table have as many columns.
func checkMarkdown(t *testing.T, text string) {
	columns := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		require.True(t, strings.HasSuffix(line, "|\n"), line)
		n := strings.Count(line, "|")
		require.True(t, columns == 0 || columns == n, line)
		require.NotContains(t, line, "NaN")
		columns = n
	}
}

// checkBenchmarks reads lines of a name, a number and pairs of number and unit.
func checkBenchmarks(t *testing.T, r *report, text string) {
	var names []string
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if !strings.HasPrefix(line, "Benchmark") {
			require.Regexp(t, `^[a-z]+: .`, line)
			continue
		}
		require.Zero(t, len(fields)%2, line)
		_, err := strconv.Atoi(fields[1])
		require.NoError(t, err)
		require.Equal(t, "ns/op", fields[3])
		for i := 2; i < len(fields); i += 2 {
			_, err := strconv.ParseFloat(fields[i], 64)
			require.NoError(t, err, line)
		}
		names = append(names, strings.TrimPrefix(fields[0], "Benchmark"))
	}
	want := []string{"Unit/" + unitName}
	for _, x := range r.Results {
		want = append(want, x.Name)
	}
	require.Equal(t, want, names)
}

// checkUpdate holds that only the generated parts of a document change.
func checkUpdate(t *testing.T, r *report) {
	dir := t.TempDir()
	file := filepath.Join(dir, "RESULTS.md")
	before, err := os.ReadFile("RESULTS.md")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, before, 0o644))
	require.NoError(t, r.update(file))
	updated, err := os.ReadFile(file)
	require.NoError(t, err)
	checkMarkdown(t, string(updated))
	require.Contains(t, string(updated), "](plots/ballots.svg)")
	require.FileExists(t, filepath.Join(dir, "plots", "ballots.svg"))
	require.Contains(t, string(updated), "| "+r.Results[0].Name+" |")
	emptied := func(document []byte) string {
		for _, part := range []string{"comparison", "scale"} {
			document, err = replacePart(document, part, "")
			require.NoError(t, err)
		}
		return string(document)
	}
	require.Equal(t, emptied(before), emptied(updated))

	// What was not measured stays.
	require.NoError(t, (&report{UnitNs: 1, Scale: r.Scale}).update(file))
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(after), "| "+r.Results[0].Name+" |")

	require.NoError(t, os.WriteFile(file, []byte("nothing to replace\n"), 0o644))
	require.ErrorContains(t, r.update(file), "no part")
}

func TestOptions(t *testing.T) {
	for args, want := range map[string]func(o *settings) bool{
		"":                   func(o *settings) bool { return o.compare && !o.scale && len(o.plan.neff) == len(usualPlan.neff) },
		"-quick":             func(o *settings) bool { return o.compare && !o.scale && len(o.plan.classic) == 1 },
		"-long":              func(o *settings) bool { return o.compare && !o.scale && len(o.plan.neff) > len(usualPlan.neff) },
		"-scale -sizes 7,80": func(o *settings) bool { return !o.compare && o.scale && o.sizes[1] == 80 && len(o.sizes) == 2 },
		"-all":               func(o *settings) bool { return o.compare && o.scale && len(o.sizes) == 3 },
	} {
		o, err := parseOptions(strings.Fields(args), io.Discard)
		require.NoError(t, err, args)
		require.True(t, want(o), args)
	}
	for _, args := range []string{"-sizes x", "-sizes 0", "more", "-nothing"} {
		require.Equal(t, 1, run(t.Context(), strings.Fields(args), io.Discard, io.Discard), args)
	}
	require.Equal(t, 0, run(t.Context(), []string{"-h"}, io.Discard, io.Discard))
}

// TestPlans: every operation has a name of its own, and what it is compared
// with is measured as well.
func TestPlans(t *testing.T) {
	for _, p := range []plan{quickPlan, usualPlan, longPlan} {
		names := make(map[string]bool)
		for _, o := range p.operations() {
			require.False(t, names[o.name], o.name)
			names[o.name] = true
		}
		for _, o := range p.operations() {
			require.True(t, o.ours == "" || names[o.ours], "%s: no %s", o.name, o.ours)
		}
		for _, name := range p.onCores {
			require.True(t, names[name], name)
		}
	}
	names := make(map[string]bool)
	for _, o := range usualPlan.operations() {
		names[o.name] = true
	}
	for _, target := range targets {
		for _, name := range target.names {
			require.True(t, names[name], name)
		}
	}
}

func TestExtrapolate(t *testing.T) {
	runs := []*scaleRun{
		{Voters: 10, UnitNs: 1, Phases: []phase{{Name: phaseCast, CPUNs: 999, PerCPUNs: 10}}},
		{Voters: 100, UnitNs: 1, Phases: []phase{{Name: phaseCast, CPUNs: 1000, PerCPUNs: 10}}},
		{Voters: 200, UnitNs: 2, Phases: []phase{{Name: phaseCast, CPUNs: 3000, PerCPUNs: 24}}},
	}
	cpu := func(x *scaleRun) float64 { return float64(x.phase(phaseCast).CPUNs) }
	require.InDelta(t, 3000+100*20, extrapolate(runs, 300, cpu), 1e-9)
	require.InDelta(t, 0.2, growth(runs, phaseCast), 1e-9) // in units
}

func TestCompare(t *testing.T) {
	results := []*result{
		{Name: "a", UnitsPerItem: 2, BytesPerItem: 10},
		{Name: "b", UnitsPerItem: 6, BytesPerItem: 5, Ours: "a"},
		{Name: "c", UnitsPerItem: 6, Ours: "missing"},
	}
	compare(results)
	require.Equal(t, 3.0, results[1].Ratio)
	require.Equal(t, 0.5, results[1].BytesRatio)
	require.Zero(t, results[2].Ratio)
	require.Zero(t, results[0].Ratio)
}

// TestWithout: a group that lacks nothing has all that ristretto255 offers,
// whole names all of it that ballots use, and each part is lacking once.
func TestWithout(t *testing.T) {
	methods := func(v any) (names []string) {
		for m := range reflect.TypeOf(v).Methods() {
			names = append(names, m.Name)
		}
		return names
	}
	offered := slices.DeleteFunc(methods(elgamal.Ristretto255().Kyber()), func(name string) bool {
		_, ok := reflect.TypeFor[kyber.Group]().MethodByName(name)
		return ok || strings.HasPrefix(name, "EmbedLowest") || name == "WalkVarTime" || // not for ballots
			name == "Scalars" || name == "ShortScalars" // of the kyber.Group, whatever the Codec is
	})
	list := without()
	require.NotEmpty(t, list, "a part of the group has changed: change whole as well")
	require.Equal(t, "nothing", list[0].off)
	require.Equal(t, offered, methods(list[0].codec), "a new part of a group: add it to whole")
	for _, x := range list[1 : len(list)-1] {
		require.Len(t, methods(x.codec), len(offered)-1, x.off)
	}
	require.Len(t, methods(list[len(list)-1].codec), reflect.TypeFor[elgamal.Codec]().NumMethod())
}
