package main

import (
	"fmt"
	"math"
	"strings"
)

// header says what was run, and where.
func (r *report) header() string {
	return fmt.Sprintf(`    %s

Commit %s, %s %s, %s, on %d cores of %s; load average before the run %s; it took %.0f s.
Times are processor time of the whole process, on one core unless said. The unit is one %s, here %.1f µs, measured between
the operations; compare units across machines, and nanoseconds only within a table.

`, r.Command, r.Commit, r.Go, r.System, r.Start.Format("2006-01-02 15:04 MST"), r.Cores, r.CPU, r.Load, r.Seconds, r.Unit, r.UnitNs/1e3)
}

// section is a table of results, those whose names begin with one of names.
type section struct {
	title, text string
	names       []string
	plots       []string
}

var sections = []section{
	{"Ballots", "Encrypt is all that a voter's device does, from the votes to the signed entry. The others begin with the bytes on the ledger. " +
		"Audit is of a whole election of n voters, with key ceremony, roll and decryption. Decrypt is once an election: one trustee's share " +
		"with its proofs, and the check and combination of two.",
		[]string{"Encrypt/", "Verify/", "VerifyBatch/", "Aggregate/", "Audit/", "Replay/", "Decrypt/"}, nil},
	{"Beside the classic proofs", "One ciphertext an option, each with a disjunctive proof that it holds 0 or 1, and one for the sum of each contest, " +
		"verified one by one, with the library's own multiplications: what Helios, Belenios and ElectionGuard do. These ballots are not signed; ours are. " +
		"Verification is compared with ours in a batch, encryption with ours. kyber-edwards25519 takes points outside of the subgroup of prime order, " +
		"which is not safe; -checked refuses them; -vartime is kyber's fastest.",
		[]string{"Classic/"}, []string{"ballots.svg"}},
	{"Beside Neff's shuffle", "A mixer shuffles and proves; the verifier decodes the output and verifies. The bytes of a row are, at shuffle, those of the output, and at " +
		"prove those of the proof. kyber's proof is verified without the batching that ours has, and its rows of width w have w first elements where ours share one. " +
		"Its cost is in proportion to the rows, so that it is measured only as far as it takes minutes.",
		[]string{"Mix/", "Neff/"}, []string{"shuffles.svg"}},
	{"Beside another sum of products", "Σ xᵢ·Pᵢ of public values, with scalars of 253 and of 128 bits. curve25519-voi has vector code on amd64, which -tags purego leaves out; ours is pure Go.",
		[]string{"Sum/"}, []string{"sums.svg"}},
	{"With parts turned off", "A ballot of 1 of as many slots, without an election around it, over ristretto255 as it is, and lacking some of what a group may offer: " +
		"tables of fixed points; sums of points by secret bits; sums of products of public values of its own, in place of the generic code; " +
		"decoding and encoding of many points together; all of these and of a few others. " +
		"What verifying together buys is the difference between Verify and VerifyBatch above.",
		[]string{"Without/"}, nil},
	{"With bad ballots among them", "A batch of ballots of 1 of as many slots, decoded, verified together, and searched for those that do not hold, which lie evenly among the others.",
		[]string{"Bad/"}, nil},
}

// tables returns the comparison.
func (r *report) tables(plots []plotFile) string {
	if len(r.Results) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString(r.targets())
	b.WriteString(r.steps())
	for _, s := range sections {
		var rows []*result
		for _, x := range r.Results {
			for _, name := range s.names {
				if strings.HasPrefix(x.Name, name) {
					rows = append(rows, x)
				}
			}
		}
		if len(rows) == 0 {
			continue
		}
		fmt.Fprintf(&b, "## %s\n\n%s\n\n%s", s.title, s.text, resultTable(rows))
		b.WriteString(images(plots, s.plots))
	}
	b.WriteString(r.cores())
	return b.String()
}

func images(plots []plotFile, names []string) string {
	var b strings.Builder
	for _, name := range names {
		for _, p := range plots {
			if p.file == name || strings.HasSuffix(p.file, "/"+name) {
				fmt.Fprintf(&b, "![%s](%s)\n\n", p.title, p.file)
			}
		}
	}
	return b.String()
}

func resultTable(rows []*result) string {
	var b strings.Builder
	b.WriteString("| operation | n | µs an op | units an item | items/s on one core | allocs an item | B an item | × ours, time | × ours, bytes |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, x := range rows {
		n, perSecond, size := "", "", ""
		if x.Item != "" {
			n, perSecond = fmt.Sprint(x.N), number(x.ItemsPerSecond)+" "+x.Item+"s"
		}
		if x.BytesPerItem > 0 {
			size = fmt.Sprint(x.BytesPerItem)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", x.Name, n, number(x.NsPerOp/1e3), number(x.UnitsPerItem),
			perSecond, number(x.Allocs/x.perItem()), size, times(x.Ratio), times(x.BytesRatio))
	}
	b.WriteByte('\n')
	return b.String()
}

// times prints a ratio, if there is one.
func times(ratio float64) string {
	if ratio == 0 {
		return ""
	}
	return number(ratio)
}

// number prints three digits that count, or all before the point.
func number(v float64) string {
	switch {
	case v == 0:
		return "0"
	case math.Abs(v) >= 100:
		return fmt.Sprintf("%.0f", v)
	case math.Abs(v) >= 10:
		return fmt.Sprintf("%.1f", v)
	case math.Abs(v) >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// target is what an operation should cost at most, in units an item. The costs
// of several are added up.
type target struct {
	what  string
	names []string
	units float64
}

var targets = []target{
	{"verify 1-of-5, a ballot of 1,000 together", []string{"VerifyBatch/group=ristretto255/ballot=1-of-5/n=1000"}, 2},
	{"verify one contest of 50 slots, a ballot of 1,000 together", []string{"VerifyBatch/group=ristretto255/ballot=1-of-50/n=1000"}, 10},
	{"encrypt and prove 1-of-5, signed and encoded", []string{"Encrypt/group=ristretto255/ballot=1-of-5"}, 5},
	{"sum of products, 253 bits, a point of 100,000", []string{"Sum/library=hanpyo/bits=253/n=100000"}, 0.065},
	{"sum of products, 128 bits, a point of 100,000", []string{"Sum/library=hanpyo/bits=128/n=100000"}, 0.036},
	{"shuffle and prove, a row of 10,000 of width 1", []string{"Mix/step=shuffle/group=ristretto255/w=1/n=10000", "Mix/step=prove/group=ristretto255/w=1/n=10000"}, 1.8},
	{"decode and verify a shuffle, a row of 10,000 of width 1", []string{"Mix/step=verify/group=ristretto255/w=1/n=10000"}, 1},
}

// targets returns the table of what was aimed at.
func (r *report) targets() string {
	byName := r.byName()
	var b strings.Builder
	b.WriteString("## Against the targets\n\n| what | at most, units | here |\n|---|--:|--:|\n")
	rows := 0
	for _, t := range targets {
		sum := 0.0
		for _, name := range t.names {
			if x := byName[name]; x != nil {
				sum += x.UnitsPerItem
			} else {
				sum = math.NaN()
			}
		}
		if !math.IsNaN(sum) {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", t.what, number(t.units), number(sum))
			rows++
		}
	}
	if x := byName["Mix/step=prove/group=ristretto255/w=1/n=10000"]; x != nil {
		fmt.Fprintf(&b, "| proof of a shuffle of 10,000 rows of width 1, bytes a row | 100 | %d |\n", x.BytesPerItem)
		rows++
	}
	for _, s := range r.Speedups[min(1, len(r.Speedups)):] {
		fmt.Fprintf(&b, "| %s, times faster on %d cores (at least) | 1.85 | %s |\n", s.Name, s.Cores, number(s.Times))
		rows++
	}
	if rows == 0 {
		return ""
	}
	return b.String() + "\n"
}

func (r *report) byName() map[string]*result {
	byName := make(map[string]*result)
	for _, x := range r.Results {
		byName[x.Name] = x
	}
	return byName
}

// steps returns how one gets from the classic proofs to ours, and what each
// step gains in the verification of a ballot.
func (r *report) steps() string {
	byName := r.byName()
	var b strings.Builder
	for _, k := range kinds {
		for _, libraries := range [][2]string{{"kyber-edwards25519", "ristretto255"}, {"circl-ristretto255", "ristretto255"}, {"circl-P-256", "P-256"}} {
			theirs := byName[fmt.Sprintf("Classic/Verify/group=%s/ballot=%s/n=1", libraries[0], k.name)]
			classic := byName[fmt.Sprintf("Classic/Verify/group=%s/ballot=%s/n=1", libraries[1], k.name)]
			one := byName[fmt.Sprintf("Verify/group=%s/ballot=%s/n=1", libraries[1], k.name)]
			if theirs == nil || classic == nil || one == nil || byName[theirs.Ours] == nil {
				continue
			}
			together := byName[theirs.Ours]
			fmt.Fprintf(&b, "| %s | %s | %s | ÷ %s | %s | ÷ %s | %s | ÷ %s | %s | %s |\n", k.name, libraries[0],
				number(theirs.UnitsPerItem), number(theirs.UnitsPerItem/classic.UnitsPerItem),
				number(classic.UnitsPerItem), number(classic.UnitsPerItem/one.UnitsPerItem),
				number(one.UnitsPerItem), number(one.UnitsPerItem/together.UnitsPerItem),
				number(together.UnitsPerItem), number(theirs.UnitsPerItem/together.UnitsPerItem))
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "## From the classic proofs to ours\n\nVerification, in units a ballot. Each step changes one thing: the library of the group, the proof, whether many are verified together.\n\n" +
		"| ballot | library | classic | our group | classic on ours | our proof | one by one | batching | together | times in all |\n" +
		"|---|---|--:|--:|--:|--:|--:|--:|--:|--:|\n" + b.String() + "\n"
}

func (r *report) cores() string {
	if len(r.Speedups) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("## One core and several\n\nTime on the clock, the least of rounds in turns; what else runs on the machine takes from it. The first line is what the machine gave at best, with nothing to share. " +
		"The last column is the processor time on all cores divided by that on one.\n\n" +
		"| operation | one core, ms | cores | ms | times faster | processor time, × |\n|---|--:|--:|--:|--:|--:|\n")
	for _, s := range r.Speedups {
		fmt.Fprintf(&b, "| %s | %s | %d | %s | %s | %s |\n", s.Name, number(s.WallNs1/1e6), s.Cores, number(s.WallNs/1e6), number(s.Times), number(s.Overhead))
	}
	return b.String() + "\n"
}
