package electiontest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/zkp"
)

// Kinds are the kinds of contests that are compiled to slots.
var Kinds = []string{
	"choose", "approval", "referendum", "points", "score", "star", "quadratic", "judgement",
	"ranked-points", "ranking", "pairwise", "lists", "equations",
}

// MixedKinds are the kinds of contests that are mixed.
var MixedKinds = []string{"mixed-ranking", "write-in"}

// RandomContest returns a contest of a kind with up to most options, or two if
// that is more.
func RandomContest(r *rand.Rand, kind, id string, most int) ballot.Contest {
	c := ballot.Contest{ID: id, Name: "Contest " + id, Kind: kind, Blank: r.IntN(2) == 0}
	n := 1 + r.IntN(most)
	if kind == "star" || kind == "pairwise" || kind == "mixed-ranking" {
		n = max(n, 2)
	}
	for i := range n {
		c.Options = append(c.Options, ballot.Option{ID: fmt.Sprint(i), Name: fmt.Sprintf("Choice %c", 'A'+i)})
	}
	flag := func() bool { return r.IntN(2) == 0 }
	least := 0 // of options marked
	if c.Blank {
		least = 1
	}
	switch kind {
	case "choose":
		c.Max = 1 + r.IntN(n)
		c.Min = max(least, r.IntN(c.Max+1))
	case "approval":
		c.Max = r.IntN(n + 1)
	case "referendum", "pairwise":
		c.Exact = flag()
	case "points":
		c.Points = 1 + r.IntN(30)
		c.Max = 1 + r.IntN(c.Points)
		c.Exact = n*c.Max >= c.Points && flag()
	case "score", "star":
		c.Max = 1 + r.IntN(10)
	case "quadratic":
		c.Points = 1 + r.IntN(30)
	case "judgement":
		for i := range 2 + r.IntN(4) {
			c.Grades = append(c.Grades, ballot.Option{ID: fmt.Sprint(i), Name: fmt.Sprintf("Grade %c", 'A'+i)})
		}
	case "ranked-points":
		c.Exact = flag()
		for range 1 + r.IntN(n) {
			c.Values = append(c.Values, 1+r.IntN(100))
		}
		slices.SortFunc(c.Values, func(a, b int) int { return b - a })
	case "ranking":
		c.Max = 1 + r.IntN(n)
		c.Min = r.IntN(c.Max + 1)
	case "mixed-ranking":
		c.Max = 1 + r.IntN(n)
		c.Min = r.IntN(c.Max + 1)
		c.CountBy, c.Plaintexts = "schulze", ballot.PlaintextsPublic
	case "write-in":
		c.Options = c.Options[:r.IntN(n+1)]
		c.Max, c.Plaintexts = 8+r.IntN(60), ballot.PlaintextsPublic
	case "lists":
		c.Panachage = flag()
		c.Max = r.IntN(n + 1)
		c.Lists = []ballot.List{{ID: "red", Name: "Red"}, {ID: "green", Name: "Green"}}
		for i := range n {
			list := &c.Lists[r.IntN(2)]
			list.Options = append(list.Options, i)
		}
	case "equations":
		c.Blank = false
		randomEquations(r, &c)
	}
	return c
}

// randomEquations states a few equations around a random vote.
func randomEquations(r *rand.Rand, c *ballot.Contest) {
	c.Witness = make(ballot.Vote)
	for _, o := range c.Options {
		c.Witness[o.ID] = r.IntN(2)
	}
	terms := func() (terms []zkp.Term, value int) {
		for i, o := range c.Options {
			if k := r.IntN(7) - 3; k != 0 {
				terms = append(terms, zkp.Term{Slot: i, Coefficient: int64(k)})
				value += k * c.Witness[o.ID]
			}
		}
		if terms == nil {
			return []zkp.Term{{Slot: 0, Coefficient: 1}}, c.Witness[c.Options[0].ID]
		}
		return terms, value
	}
	for range r.IntN(3) {
		t, value := terms()
		c.Equations = append(c.Equations, ballot.Equation{Terms: t, Low: value - r.IntN(3), High: value + r.IntN(3)})
	}
	for i := range 1 + r.IntN(3) {
		t, _ := terms()
		c.Rows = append(c.Rows, ballot.Row{ID: fmt.Sprint(i), Name: fmt.Sprintf("Row %c", 'A'+i), Terms: t})
	}
}

// RandomVote returns a vote that a contest of a manifest allows, one in four
// of them blank if there is a blank vote.
func RandomVote(r *rand.Rand, c *ballot.Contest) ballot.Vote {
	if c.Blank && r.IntN(4) == 0 {
		return nil
	}
	for {
		if v := randomMarks(r, c); c.Check(v) == nil {
			return v
		}
	}
}

// randomMarks returns a vote that is often allowed.
func randomMarks(r *rand.Rand, c *ballot.Contest) ballot.Vote {
	v := make(ballot.Vote)
	order := r.Perm(len(c.Options))
	id := func(i int) string { return c.Options[order[i]].ID }
	ranked := func(min, max int) {
		for i := range min + r.IntN(max-min+1) {
			v[id(i)] = i + 1
		}
	}
	switch c.Kind {
	case "choose", "approval":
		for i := range c.Min + r.IntN(c.Max-c.Min+1) {
			v[id(i)] = 1
		}
	case "points":
		left := c.Points
		if !c.Exact {
			left = r.IntN(c.Points + 1)
		}
		for i := range order {
			v[id(i)] = min(left, c.Max)
			left -= v[id(i)]
		}
	case "score", "star", "quadratic":
		for i := range order {
			v[id(i)] = r.IntN(c.Max + 1)
		}
	case "judgement":
		for i := range order {
			v[id(i)] = 1 + r.IntN(len(c.Grades))
		}
	case "referendum":
		for i := range order {
			v[id(i)] = r.IntN(3) - 1
		}
	case "ranked-points":
		if c.Exact {
			ranked(len(c.Values), len(c.Values))
		} else {
			ranked(0, len(c.Values))
		}
	case "ranking", "mixed-ranking":
		ranked(c.Min, c.Max)
	case "write-in":
		if len(order) > 0 && r.IntN(2) == 0 {
			return ballot.Vote{id(0): 1}
		}
		return ballot.Vote{strings.Repeat("é", 1+r.IntN(c.Max/2)): 1}
	case "pairwise":
		if c.Exact {
			ranked(len(order), len(order))
			break
		}
		for i := range order {
			v[id(i)] = r.IntN(len(order) + 1)
		}
	case "lists":
		list := c.Lists[r.IntN(len(c.Lists))]
		v[list.ID] = r.IntN(2)
		for _, o := range list.Options {
			v[c.Options[o].ID] = v[list.ID] * r.IntN(2)
		}
		if c.Panachage {
			v[id(0)] = 1
		}
	case "equations":
		if r.IntN(8) == 0 {
			return c.Witness
		}
		for i := range order {
			v[id(i)] = r.IntN(2)
		}
	default:
		panic("electiontest: kind " + c.Kind)
	}
	return v
}
