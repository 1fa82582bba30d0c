package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// counts is how mutants ended.
type counts struct{ tried, caught, excluded, otherwise, failed int }

func (c *counts) add(o outcome) {
	c.tried++
	switch {
	case o.wrong != "":
		c.failed++
	case o.excluded != "":
		c.excluded++
	default:
		c.caught++
		if !o.expected {
			c.otherwise++
		}
	}
}

// summary is what a run found.
type summary struct {
	seed     uint64
	all      counts
	none     int // draws that gave no mutant
	by       [4]map[string]*counts
	reasons  map[string]int // that caught mutants of L3 and L4
	excluded map[string]int
	failures []string
	other    map[string]int // reasons that are not among those expected
	time     time.Duration
}

var tables = [4]string{"field", "operator", "layer", "base"}

// run tries mutants from to n−1. Failures are printed as they come; it stops
// after most of them.
func (h *harness) run(w io.Writer, from, n, most int) *summary {
	s := &summary{seed: h.seed, reasons: make(map[string]int), excluded: make(map[string]int), other: make(map[string]int)}
	for i := range s.by {
		s.by[i] = make(map[string]*counts)
	}
	begin := time.Now()
	for _, b := range h.bases {
		for _, index := range b.refuses {
			if !b.honest.refused[index] {
				line := fmt.Sprintf("%s, entry %d: counts in the base", b.name, index)
				s.all.failed++
				s.failures = append(s.failures, line)
				fmt.Fprintln(w, line)
			}
		}
	}
	for k := from; k < n && len(s.failures) < most; k++ {
		m := h.draw(k)
		if m == nil {
			s.none++
			continue
		}
		o := m.verdict()
		s.all.add(o)
		for i, name := range []string{string(m.kind), m.op.name + " " + m.op.what, m.layer.String(), m.name} {
			if s.by[i][name] == nil {
				s.by[i][name] = &counts{}
			}
			s.by[i][name].add(o)
		}
		switch {
		case o.wrong != "":
			line := fmt.Sprintf("%s: %s\n  repeat: go run ./bench/mutate -seed %d -only %d", m, o.wrong, h.seed, k)
			s.failures = append(s.failures, line)
			fmt.Fprintln(w, line)
		case o.excluded != "":
			s.excluded[o.excluded]++
		default:
			if m.layer >= operated {
				s.reasons[o.reason]++
			}
			if !o.expected {
				s.other[fmt.Sprintf("%s of %s at %s, -only %d: %s", m.op.name, m.field, m.layer, k, o.reason)]++
			}
		}
	}
	s.time = time.Since(begin)
	return s
}

// write prints Markdown tables.
func (s *summary) write(w io.Writer) {
	fmt.Fprintf(w, "%d mutants of seed %d in %v: %d caught, %d of them for a reason that was not expected, %d excluded, **%d accepted or worse**; %d draws gave none.\n",
		s.all.tried, s.seed, s.time.Round(time.Second), s.all.caught, s.all.otherwise, s.all.excluded, s.all.failed, s.none)
	for i, by := range s.by {
		fmt.Fprintf(w, "\n| %s | mutants | caught | otherwise | excluded | failed |\n|---|---:|---:|---:|---:|---:|\n", tables[i])
		for _, name := range slices.SortedFunc(maps.Keys(by), natural) {
			c := by[name]
			fmt.Fprintf(w, "| %s | %d | %d | %d | %d | %d |\n", name, c.tried, c.caught, c.otherwise, c.excluded, c.failed)
		}
	}
	fmt.Fprintf(w, "\n| caught at L3 and L4 by | mutants |\n|---|---:|\n")
	writeCounts(w, s.reasons)
	if len(s.excluded) > 0 {
		fmt.Fprintf(w, "\n| no attack because | mutants |\n|---|---:|\n")
		writeCounts(w, s.excluded)
	}
	for _, o := range slices.Sorted(maps.Keys(s.other)) {
		fmt.Fprintf(w, "\nnot expected: %s", o)
	}
	fmt.Fprintln(w)
}

func writeCounts(w io.Writer, m map[string]int) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		fmt.Fprintf(w, "| %s | %d |\n", name, m[name])
	}
}

// natural puts M2 before M10.
func natural(a, b string) int {
	key := func(s string) string {
		first, _, _ := strings.Cut(s, " ")
		if len(first) < 3 {
			first = first[:1] + "0" + first[1:]
		}
		return first
	}
	return strings.Compare(key(a), key(b))
}
