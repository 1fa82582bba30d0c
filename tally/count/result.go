package count

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"
)

// Result is the outcome of a count, with everything that leads to it. It prints
// as text and marshals to JSON.
type Result struct {
	Rule       string   `json:"rule"`
	Candidates []string `json:"candidates"` // names; all else gives positions in this list
	Papers     int64    `json:"papers"`     // ballots that were counted
	Blank      int64    `json:"blank"`      // ballots without a mark, which were not
	Quota      string   `json:"quota,omitempty"`
	Rounds     []Round  `json:"rounds"`
	// Elected are the candidates elected, or the projects funded, in the order
	// in which that was decided. For lists it is nil: see Allocation.
	Elected []int `json:"elected,omitempty"`
	// Order has all candidates, best first, where the rule gives an order.
	// Those that the rule itself cannot tell apart stand in one group.
	Order [][]int `json:"order,omitempty"`
	// Allocation has the seats of each list.
	Allocation []int `json:"allocation,omitempty"`
}

// Round is one step of a count: what was done, and how things stood after it.
type Round struct {
	Action string `json:"action"`
	// Columns are the heads of Rows, which has one row for each candidate; the
	// row of a candidate of whom there is no more to say is nil. Numbers are
	// exact: integers, decimals with all places of the rule, or fractions.
	Columns  []string   `json:"columns,omitempty"`
	Rows     [][]string `json:"rows,omitempty"`
	Rest     string     `json:"rest,omitempty"` // votes that are with no candidate any more
	Elected  []int      `json:"elected,omitempty"`
	Excluded []int      `json:"excluded,omitempty"`
	Ties     []Tie      `json:"ties,omitempty"`
}

// Tie is a tie that had to be broken.
type Tie struct {
	Candidates []int  `json:"candidates"` // who were equal
	Chosen     []int  `json:"chosen"`     // on whom the decision of this round fell
	By         string `json:"by"`         // what decided: an earlier stage, or the lot
}

// result starts the report of a count.
func (in *input) result(rule string) *Result {
	return &Result{Rule: rule, Candidates: slices.Clone(in.names), Papers: in.papers, Blank: in.blank}
}

// byLot returns the candidates in the order of the lot.
func (in *input) byLot(c []int) []int {
	c = slices.Clone(c)
	slices.SortFunc(c, func(a, b int) int { return cmp.Compare(in.drawn[a], in.drawn[b]) })
	return c
}

// groups returns all candidates in groups, the best first: compare is negative
// if a is better than b, zero if they are equal.
func (in *input) groups(compare func(a, b int) int) [][]int {
	all := make([]int, len(in.names))
	for c := range all {
		all[c] = c
	}
	slices.SortStableFunc(all, compare)
	var out [][]int
	for i, c := range all {
		if i > 0 && compare(all[i-1], c) == 0 {
			out[len(out)-1] = append(out[len(out)-1], c)
		} else {
			out = append(out, []int{c})
		}
	}
	return out
}

// electFirst elects the first of an order, by lot within a group, and reports
// that as the last round.
func (in *input) electFirst(r *Result, order [][]int) {
	r.Order = order
	round := Round{Action: "The first are elected."}
	for _, group := range order {
		free := in.seats - len(r.Elected)
		if free <= 0 {
			break
		}
		drawn := in.byLot(group)
		if len(drawn) > free {
			drawn = drawn[:free]
			round.Ties = append(round.Ties, Tie{Candidates: group, Chosen: drawn, By: "lot"})
		}
		r.Elected = append(r.Elected, drawn...)
	}
	round.Elected = slices.Clone(r.Elected)
	r.Rounds = append(r.Rounds, round)
}

// String is the whole count as text, round by round.
func (r *Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%d ballots counted, %d blank", r.Rule, r.Papers, r.Blank)
	if r.Quota != "" {
		fmt.Fprintf(&b, ", quota %s", r.Quota)
	}
	b.WriteByte('\n')
	for i, round := range r.Rounds {
		fmt.Fprintf(&b, "\n%d. %s\n", i+1, round.Action)
		r.writeRows(&b, round)
		for _, t := range round.Ties {
			fmt.Fprintf(&b, "   tie of %s: %s by %s\n", r.list(t.Candidates, ", "), r.list(t.Chosen, ", "), t.By)
		}
		if len(round.Excluded) > 0 {
			fmt.Fprintf(&b, "   excluded: %s\n", r.list(round.Excluded, ", "))
		}
		if len(round.Elected) > 0 {
			fmt.Fprintf(&b, "   elected: %s\n", r.list(round.Elected, ", "))
		}
	}
	if r.Order != nil {
		groups := make([]string, len(r.Order))
		for i, group := range r.Order {
			groups[i] = r.list(group, " = ")
		}
		fmt.Fprintf(&b, "\nOrder: %s", strings.Join(groups, " > "))
	}
	switch {
	case r.Allocation != nil:
		b.WriteString("\nSeats:")
		for c, n := range r.Allocation {
			if c > 0 {
				b.WriteByte(',')
			}
			fmt.Fprintf(&b, " %s %d", printable(r.Candidates[c]), n)
		}
		b.WriteByte('\n')
	case len(r.Elected) == 0:
		b.WriteString("\nElected: nobody\n")
	default:
		fmt.Fprintf(&b, "\nElected: %s\n", r.list(r.Elected, ", "))
	}
	return b.String()
}

func (r *Result) writeRows(b *strings.Builder, round Round) {
	if len(round.Columns) == 0 {
		return
	}
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(cells ...string) { fmt.Fprintf(w, " \t%s\t\n", strings.Join(cells, "\t")) }
	line(append([]string{""}, round.Columns...)...)
	for c, row := range round.Rows {
		if row != nil {
			line(append([]string{printable(r.Candidates[c])}, row...)...)
		}
	}
	if round.Rest != "" {
		rest := make([]string, len(round.Columns))
		rest[max(0, slices.Index(round.Columns, "votes"))] = round.Rest
		line(append([]string{"no candidate"}, rest...)...)
	}
	w.Flush()
	for line := range strings.Lines(table.String()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
}

func (r *Result) list(candidates []int, between string) string {
	names := make([]string, len(candidates))
	for i, c := range candidates {
		names[i] = printable(r.Candidates[c])
	}
	return strings.Join(names, between)
}

// printable keeps a name from moving the cursor or breaking a table.
func printable(name string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return '?'
		}
		return c
	}, name)
}
