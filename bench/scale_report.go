package main

import (
	"fmt"
	"slices"
	"strings"
)

// phase returns what a part of the election took, or zeroes.
func (r *scaleRun) phase(name string) phase {
	i := slices.IndexFunc(r.Phases, func(p phase) bool { return p.Name == name })
	if i < 0 {
		return phase{Name: name}
	}
	return r.Phases[i]
}

// phases are what the tables of elections have, in their order, and for how
// many parties each is.
var phases = []struct{ name, text string }{
	{phaseRegister, "credentials, roll, key ceremony, opening"},
	{phaseEncrypt, "the voters' devices: encrypt, prove and sign, into a file"},
	{phaseCast, "the ballot box: verify, make durable, give a receipt, 256 voters at a time"},
	{phaseClose, "close and pin: verify and add up"},
	{phaseVerify, "open the ledger, load the election, verify all that was cast"},
	{phaseAggregate, "add up what was verified"},
	{phaseDecrypt, "two trustees, one after the other, and the result: each verifies and adds up"},
	{phaseAudit, "open the ledger and audit all of it from the fingerprint"},
}

// What is aimed at: how much memory a phase may take, and how much the cost of a
// ballot may grow.
const (
	memoryLimit = 1 << 30
	maxGrowth   = 0.2
)

// growth is how much a cost per ballot grows from the smallest election to the
// largest: 0.05 is 5 %.
func growth(runs []*scaleRun, name string) float64 {
	first, last := runs[0].phase(name), runs[len(runs)-1].phase(name)
	return (last.PerCPUNs/runs[len(runs)-1].UnitNs)/(first.PerCPUNs/runs[0].UnitNs) - 1
}

// extrapolate continues the line through the two largest elections to n voters.
func extrapolate(runs []*scaleRun, n int, of func(*scaleRun) float64) float64 {
	a, b := runs[len(runs)-2], runs[len(runs)-1]
	slope := (of(b) - of(a)) / float64(b.Voters-a.Voters)
	return of(b) + slope*float64(n-b.Voters)
}

// extrapolated is how many voters the tables are extrapolated to.
const extrapolated = 10_000_000

// scaleTables returns the tables of whole elections.
func (r *report) scaleTables(plots []plotFile) string {
	if len(r.Scale) == 0 {
		return ""
	}
	runs := slices.Clone(r.Scale)
	slices.SortFunc(runs, func(a, b *scaleRun) int { return a.Voters - b.Voters })
	last := runs[len(runs)-1]
	canExtrapolate := len(runs) > 1 && last.Voters < extrapolated
	var b strings.Builder
	fmt.Fprintf(&b, "## Whole elections on the durable ledger\n\nOne of five, %d bytes a ballot, %d of %d trustees, ristretto255, all cores. Each size is a process of its own. "+
		"Memory is the most that was not a file's, looked at every 5 ms; pages of the ledger's file that the system keeps, and drops when somebody needs the room, come on top.",
		last.BallotBytes, threshold, trustees)
	if canExtrapolate {
		fmt.Fprintf(&b, " The columns of %s voters are **extrapolated**, on the line through the two largest elections, and were not run.", thousands(extrapolated))
	}
	b.WriteString("\n\n| phase | what is done |\n|---|---|\n")
	for _, p := range phases {
		fmt.Fprintf(&b, "| %s | %s |\n", p.name, p.text)
	}

	table := func(title, note string, cell func(*scaleRun, phase) string, guess func(name string) string) {
		fmt.Fprintf(&b, "\n%s\n\n| phase |", title)
		for _, x := range runs {
			fmt.Fprintf(&b, " %s |", thousands(x.Voters))
		}
		if note != "" {
			fmt.Fprintf(&b, " %s |", note)
		}
		b.WriteString("\n|---|" + strings.Repeat("--:|", len(runs)))
		if note != "" {
			b.WriteString("--:|")
		}
		b.WriteByte('\n')
		for _, p := range phases {
			fmt.Fprintf(&b, "| %s |", p.name)
			for _, x := range runs {
				fmt.Fprintf(&b, " %s |", cell(x, x.phase(p.name)))
			}
			if note != "" {
				fmt.Fprintf(&b, " %s |", guess(p.name))
			}
			b.WriteByte('\n')
		}
	}
	later := ""
	if canExtrapolate {
		later = thousands(extrapolated) + ", extrapolated"
	}
	guess := func(of func(phase) float64, scale float64) func(string) string {
		return func(name string) string {
			return number(extrapolate(runs, extrapolated, func(x *scaleRun) float64 { return of(x.phase(name)) }) / scale)
		}
	}
	wall := func(p phase) float64 { return float64(p.WallNs) }
	cpu := func(p phase) float64 { return float64(p.CPUNs) }
	held := func(p phase) float64 { return float64(p.PeakHeld) }
	grown := ""
	if len(runs) > 1 {
		grown = fmt.Sprintf("growth from %s to %s", thousands(runs[0].Voters), thousands(last.Voters))
	}
	table("Processor time a ballot in µs (units):", grown,
		func(x *scaleRun, p phase) string {
			return fmt.Sprintf("%s (%s)", number(p.PerCPUNs/1e3), number(p.PerCPUNs/x.UnitNs))
		},
		func(name string) string { return fmt.Sprintf("%+.0f %%", 100*growth(runs, name)) })
	table("Seconds on the clock:", later, func(_ *scaleRun, p phase) string { return number(wall(p) / 1e9) }, guess(wall, 1e9))
	table("Seconds of processor time:", later, func(_ *scaleRun, p phase) string { return number(cpu(p) / 1e9) }, guess(cpu, 1e9))
	table("Memory at most, MiB:", later, func(_ *scaleRun, p phase) string { return number(held(p) / (1 << 20)) }, guess(held, 1<<20))
	b.WriteString("\n| voters | ledger on disk, MiB | largest resident set with mapped files, MiB |\n|--:|--:|--:|\n")
	for _, x := range runs {
		var all uint64
		for _, p := range x.Phases {
			all = max(all, p.PeakAll)
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", thousands(x.Voters), number(float64(x.LedgerBytes)/(1<<20)), number(float64(all)/(1<<20)))
	}
	b.WriteString("\n" + verdict(runs))
	return b.String() + "\n" + images(plots, []string{"scale-cost.svg", "scale-memory.svg"})
}

// verdict holds the elections against what was aimed at.
func verdict(runs []*scaleRun) string {
	most, where := 0.0, ""
	for _, name := range []string{phaseCast, phaseVerify, phaseAggregate, phaseAudit} {
		if g := growth(runs, name); where == "" || g > most {
			most, where = g, name
		}
	}
	last := runs[len(runs)-1]
	held, in := uint64(0), ""
	for _, p := range last.Phases {
		if p.PeakHeld >= held {
			held, in = p.PeakHeld, p.Name
		}
	}
	yes := map[bool]string{true: "met", false: "**missed**"}
	text := fmt.Sprintf("Memory below %d MiB at %s voters: %s, %s MiB at most, in %s.\n", memoryLimit>>20, thousands(last.Voters),
		yes[held < memoryLimit], number(float64(held)/(1<<20)), in)
	if len(runs) > 1 {
		text = fmt.Sprintf("Cost a ballot of casting, verifying, aggregating and auditing within 20 %% from %s to %s voters: %s, %+.0f %% at most, in %s.\n",
			thousands(runs[0].Voters), thousands(last.Voters), yes[most <= maxGrowth], 100*most, where) + text
	}
	return text
}

// thousands prints a number with its thousands apart.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
