package ballot

import (
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/zkp"
)

// compiled returns the contest with n options called a, b, c, …
func compiled(t testing.TB, c Contest, n int) *Contest {
	t.Helper()
	c.ID = "it"
	for i := range n {
		id := string(rune('a' + i))
		c.Options = append(c.Options, Option{ID: id, Name: "Option " + id})
	}
	require.NoError(t, c.compile(0))
	return &c
}

// smallContests are contests of every kind, small enough to try all bits.
func smallContests(t testing.TB) []*Contest {
	var all []*Contest
	for _, blank := range []bool{false, true} {
		for n := 1; n <= 4; n++ {
			for most := 1; most <= n; most++ {
				least := 0
				if blank {
					least = 1
				}
				for ; least <= most; least++ {
					all = append(all, compiled(t, Contest{Kind: "choose", Min: least, Max: most, Blank: blank}, n))
				}
				all = append(all, compiled(t, Contest{Kind: "approval", Max: most, Blank: blank}, n))
			}
			all = append(all, compiled(t, Contest{Kind: "approval", Blank: blank}, n))
		}
		for n := 1; n <= 3; n++ {
			for _, exact := range []bool{false, true} {
				for points := 1; points <= 5; points++ {
					for most := 1; most <= points; most++ {
						if exact && n*most < points {
							continue
						}
						all = append(all, compiled(t, Contest{Kind: "points", Points: points, Max: most, Exact: exact, Blank: blank}, n))
					}
				}
				for ranks := 1; ranks <= min(n, 2); ranks++ {
					values := []int{5, 2}[:ranks]
					all = append(all, compiled(t, Contest{Kind: "ranked-points", Values: values, Exact: exact, Blank: blank}, n))
				}
				all = append(all, compiled(t, Contest{Kind: "referendum", Exact: exact, Blank: blank}, n))
			}
			for most := 1; most <= 3; most++ {
				all = append(all, compiled(t, Contest{Kind: "score", Max: most, Blank: blank}, n))
				if n == 2 || n == 3 && most == 1 {
					all = append(all, compiled(t, Contest{Kind: "star", Max: most, Blank: blank}, n))
				}
			}
			for points := 1; points <= 9; points++ {
				for most := 1; most*most <= points && n*most < 9; most++ {
					all = append(all, compiled(t, Contest{Kind: "quadratic", Points: points, Max: most, Blank: blank}, n))
				}
			}
			for most := 1; most <= n; most++ {
				for least := 0; least <= most; least++ {
					all = append(all, compiled(t, Contest{Kind: "ranking", Min: least, Max: most, Blank: blank}, n))
				}
			}
			for grades := 2; grades <= 3; grades++ {
				all = append(all, compiled(t, Contest{Kind: "judgement", Grades: testGrades[:grades], Blank: blank}, n))
			}
		}
		for n := 2; n <= 4; n++ {
			all = append(all, compiled(t, Contest{Kind: "pairwise", Exact: true, Blank: blank}, n))
		}
		all = append(all, compiled(t, Contest{Kind: "pairwise", Blank: blank}, 2))
		if !testing.Short() { // 2²¹ bit vectors
			all = append(all, compiled(t, Contest{Kind: "pairwise", Blank: blank}, 3))
		}
		for most := 1; most <= 3; most++ {
			for _, panachage := range []bool{false, true} {
				for _, lists := range [][]List{
					{{"R", "Red", []int{0, 1}}, {"G", "Green", []int{2}}},
					{{"R", "Red", []int{0, 1, 2}}, {"G", "Green", nil}},
				} {
					all = append(all, compiled(t, Contest{Kind: "lists", Lists: lists, Max: most, Panachage: panachage, Blank: blank}, 3))
				}
			}
		}
	}
	for _, c := range equationContests() {
		all = append(all, compiled(t, c, 4))
	}
	return all
}

var testGrades = []Option{{"good", "Good"}, {"fair", "Fair"}, {"poor", "Poor"}}

// equationContests are contests over four options.
func equationContests() []Contest {
	terms := func(coefficients ...int64) (terms []zkp.Term) {
		for slot, c := range coefficients {
			if c != 0 {
				terms = append(terms, zkp.Term{Slot: slot, Coefficient: c})
			}
		}
		return terms
	}
	return []Contest{
		{Kind: "equations", Rows: []Row{{"x", "X", terms(1, 2, -3)}}},
		{Kind: "equations", Rows: []Row{{"x", "X", terms(1)}, {"y", "Y", terms(0, 5, -5)}}, Witness: Vote{"a": 1, "b": 0},
			Equations: []Equation{{terms(1, 1, 1, 1), 1, 1}}},
		{Kind: "equations", Rows: []Row{{"x", "X", terms(1, 2, 4, 8)}}, Witness: Vote{"c": 1},
			Equations: []Equation{{terms(1, -1), -1, 0}, {terms(2, 3, -1, -2), -2, -1}, {terms(1, 1), -9, 9}}},
	}
}

func describe(c *Contest) string {
	return fmt.Sprintf("%s/n=%d/min=%d/max=%d/points=%d/values=%v/exact=%t/blank=%t/grades=%d/lists=%v/panachage=%t/equations=%v",
		c.Kind, len(c.Options), c.Min, c.Max, c.Points, c.Values, c.Exact, c.Blank, len(c.Grades), c.Lists, c.Panachage, c.Equations)
}

// allowed is the meaning of a contest, said once more and differently.
func allowed(c *Contest, v Vote) bool {
	sum, marked, most := 0, 0, 0
	var marks []int
	for _, mark := range v {
		if mark != 0 {
			marked++
			marks = append(marks, mark)
		}
		sum += mark
		most = max(most, mark)
	}
	if c.Blank && marked == 0 {
		return true
	}
	slices.Sort(marks)
	switch c.Kind {
	case "choose":
		return most <= 1 && c.Min <= sum && sum <= c.Max
	case "approval":
		return most <= 1 && sum <= c.Max
	case "points":
		return most <= c.Max && sum <= c.Points && (sum == c.Points || !c.Exact)
	case "ranked-points":
		return most <= len(c.Values) && len(slices.Compact(marks)) == marked && (marked == len(c.Values) || !c.Exact)
	case "score", "star":
		return most <= c.Max
	case "quadratic":
		squares := 0
		for _, m := range marks {
			squares += m * m
		}
		return most <= c.Max && squares <= c.Points
	case "judgement":
		return marked == len(c.Options) && most <= len(c.Grades)
	case "referendum":
		return most <= 1 && (marked == len(c.Options) || !c.Exact)
	case "ranking": // 1, 2, 3, … and no other marks
		for i, m := range marks {
			if m != i+1 {
				return false
			}
		}
		return c.Min <= marked && marked <= c.Max
	case "pairwise":
		return most <= len(c.Options) && (!c.Exact || len(slices.Compact(marks)) == len(c.Options))
	case "lists":
		onList := []int{v["a"], v["b"], v["c"]} // how many of R and G, by candidate
		red := 2
		if len(c.Lists[0].Options) == 3 {
			red = 3
		}
		candidates := v["a"] + v["b"] + v["c"]
		if most > 1 || v["R"]+v["G"] > 1 || candidates > c.Max {
			return false
		}
		ofRed := 0
		for _, x := range onList[:red] {
			ofRed += x
		}
		return c.Panachage || (ofRed == 0 || v["R"] == 1) && (candidates == ofRed || v["G"] == 1)
	case "equations":
		switch len(c.Equations) {
		case 0:
			return most <= 1
		case 1:
			return most <= 1 && marked == 1
		}
		below := v["c"] + 2*v["d"] - 2*v["a"] - 3*v["b"]
		return most <= 1 && v["a"] <= v["b"] && (below == 1 || below == 2)
	}
	panic(c.Kind)
}

// everyVote returns all votes with marks up to one more than makes sense.
func everyVote(c *Contest) iter.Seq[Vote] {
	top := max(1, c.Max, len(c.Values), len(c.Grades)) + 1
	if c.Kind == "pairwise" {
		top = len(c.Options) + 1
	}
	bottom := 0
	if c.Kind == "referendum" {
		bottom = No
	}
	var ids []string
	for _, o := range c.Options {
		ids = append(ids, o.ID)
	}
	for _, list := range c.Lists {
		ids, top = append(ids, list.ID), 2
	}
	return func(yield func(Vote) bool) {
		marks := make([]int, len(ids))
		for i := range marks {
			marks[i] = bottom
		}
		for {
			v := make(Vote)
			for i, id := range ids {
				if marks[i] != 0 {
					v[id] = marks[i]
				}
			}
			if !yield(v) {
				return
			}
			i := 0
			for ; i < len(marks) && marks[i] == top; i++ {
				marks[i] = bottom
			}
			if i == len(marks) {
				return
			}
			marks[i]++
		}
	}
}

func one(v Vote, weight uint64) iter.Seq2[Vote, uint64] {
	return func(yield func(Vote, uint64) bool) { yield(v, weight) }
}

func holds(c *Contest, row []uint8) bool {
	for _, rule := range c.Rules() {
		if sum(rule.Terms, row) != rule.Sum {
			return false
		}
	}
	return true
}

func mapped(c *Contest, row []uint8) []int64 {
	var rows []int64
	for _, r := range c.Results() {
		rows = append(rows, sum(r.Terms, row))
	}
	return rows
}

// The bit vectors that satisfy a contest's rules are the encodings of its
// valid votes and others that mean one of them: nothing else has a proof.
func TestRulesAdmitExactlyTheValidVotes(t *testing.T) {
	for _, c := range smallContests(t) {
		t.Run(describe(c), func(t *testing.T) {
			meanings := make(map[string]bool)
			for v := range everyVote(c) {
				row, err := c.Encode(v)
				if !allowed(c, v) {
					require.Error(t, err, "%v", v)
					require.Nil(t, row)
					continue
				}
				require.NoError(t, err, "%v", v)
				require.True(t, holds(c, row), "%v gives %v", v, row)
				counted, err := c.Count(one(v, 1))
				require.NoError(t, err)
				require.Equal(t, counted, mapped(c, row), "%v", v)
				meanings[fmt.Sprint(counted)] = true
			}
			require.NotEmpty(t, meanings)
			_, slots := c.Columns()
			require.LessOrEqual(t, slots, 24, "too many slots to try")
			low, high := make([]int64, len(c.Results())), make([]int64, len(c.Results()))
			for i := range low {
				low[i], high[i] = 1<<40, -1<<40
			}
			blank, row := make([]uint8, slots), make([]uint8, slots)
			if c.Blank {
				blank[c.layout.blank.slot()] = 1
			}
			for bits := range 1 << slots {
				for i := range row {
					row[i] = uint8(bits >> i & 1)
				}
				if !holds(c, row) {
					continue
				}
				if c.Blank && row[c.layout.blank.slot()] == 1 {
					require.Equal(t, blank, row, "nothing stands beside a blank vote")
				}
				result := mapped(c, row)
				require.True(t, meanings[fmt.Sprint(result)], "%v satisfies the rules and means %v", row, result)
				for i, r := range result {
					low[i], high[i] = min(low[i], r), max(high[i], r)
				}
			}
			for i, r := range c.Results() {
				if c.Kind == "equations" { // bounds only
					require.LessOrEqual(t, r.Low, low[i], "least of %s", r.ID)
					require.GreaterOrEqual(t, r.High, high[i], "most of %s", r.ID)
					continue
				}
				require.Equal(t, low[i], r.Low, "least of %s", r.ID)
				require.Equal(t, high[i], r.High, "most of %s", r.ID)
			}
		})
	}
}

// A blank vote leaves no slot but its own.
func TestBlankForcesEverythingElseToZero(t *testing.T) {
	for _, c := range smallContests(t) {
		if !c.Blank {
			continue
		}
		row, err := c.Encode(nil)
		require.NoError(t, err)
		blank := c.Results()[len(c.Results())-1].Terms[0].Slot
		for i, bit := range row {
			require.Equal(t, i == blank, bit == 1, describe(c))
		}
		for i := range row { // and nothing can stand beside it
			if i != blank {
				row[i] = 1
				require.False(t, holds(c, row), "%s: slot %d", describe(c), i)
				row[i] = 0
			}
		}
	}
}

func TestWeightsCoverExactly(t *testing.T) {
	require.Equal(t, []int64{1, 2, 2}, weights(5))
	for most := range 70 {
		w := weights(most)
		reached := make(map[int64]bool)
		for bits := range 1 << len(w) {
			var s int64
			for i, x := range w {
				s += x * int64(bits>>i&1)
			}
			reached[s] = true
		}
		require.Len(t, reached, most+1, "for %d", most)
		require.True(t, reached[int64(most)])
		var d digits = make(digits, len(w))
		for i := range w {
			d[i].Slot, d[i].Coefficient = i, w[i]
		}
		for v := range int64(most) + 1 {
			row := make([]uint8, len(w))
			d.put(v, row)
			require.Equal(t, v, sum(d, row))
		}
		require.Panics(t, func() { d.put(int64(most)+1, make([]uint8, len(w))) })
		require.Panics(t, func() { d.put(-1, make([]uint8, len(w))) })
	}
}

// Whatever kind compiles to it, a layout stays within the proof's bounds.
func TestLayoutBounds(t *testing.T) {
	for _, c := range []int64{maxCoefficient, -maxCoefficient} {
		l := layout{slots: maxColumns, rules: []zkp.Rule{{Terms: []zkp.Term{{Slot: 0, Coefficient: c}}, Sum: c}}}
		require.NoError(t, l.check())
		l.slots++
		require.ErrorIs(t, l.check(), reason.ErrLimit)
		l.slots--
		l.rules[0].Sum += c / maxCoefficient
		require.ErrorIs(t, l.check(), reason.ErrRange)
		l.rules[0].Sum = 0
		l.rules[0].Terms[0].Coefficient += c / maxCoefficient
		require.ErrorIs(t, l.check(), reason.ErrRange)
	}
}

// What a contest costs is part of what its kind promises.
func TestSlots(t *testing.T) {
	for _, test := range []struct {
		contest Contest
		options int
		slots   int
		rules   int
	}{
		{Contest{Kind: "choose", Min: 1, Max: 1}, 5, 5, 1},
		{Contest{Kind: "choose", Min: 1, Max: 1, Blank: true}, 5, 6, 1},
		{Contest{Kind: "choose", Max: 5}, 5, 5, 0},
		{Contest{Kind: "choose", Max: 5}, 20, 23, 1},
		{Contest{Kind: "choose", Min: 2, Max: 5}, 20, 22, 1},
		{Contest{Kind: "approval"}, 9, 9, 0},
		{Contest{Kind: "approval", Blank: true}, 9, 14, 1}, // slack 0…8
		{Contest{Kind: "points", Points: 3}, 46, 94, 1},
		{Contest{Kind: "points", Points: 10, Max: 5, Exact: true}, 4, 12, 1},
		{Contest{Kind: "points", Points: 100, Max: 3}, 4, 8, 0}, // 100 is never reached
		{Contest{Kind: "ranked-points", Values: []int{3, 2, 1}, Exact: true}, 25, 100, 28},
		{Contest{Kind: "ranked-points", Values: []int{3, 2, 1}, Exact: true}, 3, 9, 6},
		{Contest{Kind: "ranked-points", Values: []int{3, 2}}, 3, 11, 5},
		{Contest{Kind: "ranked-points", Values: []int{3, 2}, Blank: true}, 3, 13, 6},
		{Contest{Kind: "ranked-points", Values: []int{3}, Exact: true, Blank: true}, 3, 4, 1},
		{Contest{Kind: "score", Max: 10}, 5, 20, 0},
		{Contest{Kind: "score", Max: 10, Blank: true}, 5, 27, 1},
		{Contest{Kind: "star", Max: 5}, 5, 105, 30},
		{Contest{Kind: "star", Max: 1}, 3, 12, 9},
		{Contest{Kind: "judgement", Grades: testGrades}, 5, 15, 5},
		{Contest{Kind: "referendum"}, 3, 9, 3},
		{Contest{Kind: "referendum", Exact: true}, 3, 6, 3},
		{Contest{Kind: "ranking", Min: 5}, 5, 25, 10},
		{Contest{Kind: "ranking"}, 5, 35, 10},
		{Contest{Kind: "pairwise", Exact: true}, 10, 210, 165},
		{Contest{Kind: "pairwise", Exact: true}, 17, 952, 816},
		{Contest{Kind: "pairwise"}, 10, 535, 135},
		{Contest{Kind: "quadratic", Points: 100, Max: 5}, 10, 57, 1},
		{Contest{Kind: "lists", Lists: []List{{"R", "Red", []int{0, 1}}, {"G", "Green", []int{2, 3}}}}, 4, 11, 3},
		{Contest{Kind: "lists", Lists: []List{{"R", "Red", []int{0, 1}}, {"G", "Green", []int{2, 3}}}, Panachage: true}, 4, 7, 1},
	} {
		c := compiled(t, test.contest, test.options)
		_, slots := c.Columns()
		require.Equal(t, test.slots, slots, describe(c))
		require.Len(t, c.Rules(), test.rules, describe(c))
	}
}

func TestInvalidVotesSayWhy(t *testing.T) {
	choose := Contest{Kind: "choose", Min: 1, Max: 2}
	points := Contest{Kind: "points", Points: 5, Max: 3}
	ranked := Contest{Kind: "ranked-points", Values: []int{3, 2}}
	exact := func(c Contest) Contest { c.Exact = true; return c }
	star := Contest{Kind: "star", Max: 5}
	quadratic := Contest{Kind: "quadratic", Points: 10}
	judgement := Contest{Kind: "judgement", Grades: testGrades}
	ranking := Contest{Kind: "ranking", Min: 1}
	pairwise := Contest{Kind: "pairwise"}
	lists := Contest{Kind: "lists", Lists: []List{{"R", "Red", []int{0, 1}}, {"G", "Green", []int{2}}}, Max: 1}
	panachage := lists
	panachage.Panachage = true
	all := Vote{"a": 1, "b": 2, "c": 3}
	equations := Contest{Kind: "equations", Witness: Vote{"a": 1}, Rows: []Row{{"x", "X", []zkp.Term{{Slot: 0, Coefficient: 1}}}},
		Equations: []Equation{{[]zkp.Term{{Slot: 0, Coefficient: 1}, {Slot: 1, Coefficient: 2}}, 1, 2}}}
	for _, test := range []struct {
		contest     Contest
		valid, vote Vote
		reason      error
		text        string
	}{
		{choose, Vote{"a": 1}, Vote{"a": 1, "b": 1, "c": 1}, reason.ErrRange, "contest it: 3 options chosen, at most 2 allowed: out of range"},
		{choose, Vote{"a": 1}, nil, reason.ErrRange, "contest it: 0 options chosen, at least 1 required: out of range"},
		{choose, Vote{"a": 1}, Vote{"a": 0}, reason.ErrRange, "contest it: 0 options chosen, at least 1 required: out of range"},
		{choose, Vote{"a": 1}, Vote{"a": 2}, reason.ErrRange, "contest it: option a is marked 2, it can be marked 1 or not: out of range"},
		{choose, Vote{"a": 1}, Vote{"a": -1}, reason.ErrRange, "contest it: option a is marked -1, it can be marked 1 or not: out of range"},
		{choose, Vote{"a": 1}, Vote{"a": 1, "z": 1}, reason.ErrShape, `contest it: there is no option "z": wrong shape`},
		{choose, Vote{"a": 1}, Vote{"a": 1, "z": 0}, reason.ErrShape, `contest it: there is no option "z": wrong shape`},
		{Contest{Kind: "approval", Max: 1}, Vote{"a": 1}, Vote{"a": 1, "b": 1}, reason.ErrRange, "contest it: 2 options approved, at most 1 allowed: out of range"},
		{Contest{Kind: "approval"}, Vote{"a": 1}, Vote{"a": 3}, reason.ErrRange, "contest it: option a is marked 3, it can be marked 1 or not: out of range"},
		{points, Vote{"a": 3}, Vote{"a": 4}, reason.ErrRange, "contest it: option a has 4 points, at most 3 allowed: out of range"},
		{points, Vote{"a": 3}, Vote{"a": -4}, reason.ErrRange, "contest it: option a has -4 points, fewer than none: out of range"},
		{points, Vote{"a": 3, "b": 2}, Vote{"a": 3, "b": 3}, reason.ErrRange, "contest it: 6 points given, at most 5 allowed: out of range"},
		{exact(points), Vote{"a": 3, "b": 2}, Vote{"a": 1}, reason.ErrRange, "contest it: 1 point given, exactly 5 required: out of range"},
		{ranked, Vote{"a": 1, "b": 2}, Vote{"a": 1, "b": 1}, reason.ErrDuplicate, "contest it: options a and b both have rank 1: duplicate"},
		{ranked, Vote{"a": 1, "b": 2}, Vote{"a": 3}, reason.ErrRange, "contest it: option a has rank 3, ranks go from 1 to 2: out of range"},
		{ranked, Vote{"a": 1, "b": 2}, Vote{"a": -1}, reason.ErrRange, "contest it: option a has rank -1, ranks go from 1 to 2: out of range"},
		{exact(ranked), Vote{"a": 1, "b": 2}, Vote{"a": 1}, reason.ErrRange, "contest it: 1 option ranked, exactly 2 required: out of range"},
		{Contest{Kind: "score", Max: 5}, Vote{"a": 5}, Vote{"a": 6}, reason.ErrRange, "contest it: option a has score 6, scores go from 0 to 5: out of range"},
		{star, Vote{"a": 5}, Vote{"a": -1}, reason.ErrRange, "contest it: option a has score -1, scores go from 0 to 5: out of range"},
		{quadratic, Vote{"a": 3, "b": 1}, Vote{"a": 3, "b": 2}, reason.ErrRange, "contest it: the votes cost 13 points, their squares together, at most 10 allowed: out of range"},
		{quadratic, Vote{"a": 3}, Vote{"a": 4}, reason.ErrRange, "contest it: option a has 4 votes, at most 3 allowed: out of range"},
		{quadratic, Vote{"a": 3}, Vote{"a": -3}, reason.ErrRange, "contest it: option a has -3 votes, fewer than none: out of range"},
		{judgement, all, Vote{"a": 1, "b": 2}, reason.ErrShape, "contest it: option c has no grade, every option needs one: wrong shape"},
		{judgement, all, Vote{"a": 1, "b": 2, "c": 4}, reason.ErrRange, "contest it: option c has grade 4, grades go from 1 to 3: out of range"},
		{Contest{Kind: "referendum"}, Vote{"a": No}, Vote{"a": 2}, reason.ErrRange, "contest it: question a is marked 2, it can be marked 1 for yes or -1 for no: out of range"},
		{Contest{Kind: "referendum", Exact: true}, Vote{"a": No, "b": Yes, "c": Yes}, Vote{"a": No}, reason.ErrShape, "contest it: question b is left open, every question needs an answer: wrong shape"},
		{ranking, Vote{"b": 1}, Vote{"b": 2}, reason.ErrShape, "contest it: option b has rank 2, but only 1 option is ranked: ranks must not be left out: wrong shape"},
		{ranking, Vote{"b": 1}, Vote{}, reason.ErrRange, "contest it: 0 options ranked, at least 1 required: out of range"},
		{ranking, all, Vote{"a": 1, "b": 1}, reason.ErrDuplicate, "contest it: options a and b both have rank 1: duplicate"},
		{pairwise, Vote{"a": 1, "b": 1}, Vote{"a": 4}, reason.ErrRange, "contest it: option a has rank 4, ranks go from 1 to 3: out of range"},
		{exact(pairwise), all, Vote{"a": 1, "b": 2}, reason.ErrRange, "contest it: 2 options ranked, all 3 required: out of range"},
		{exact(pairwise), all, Vote{"a": 1, "b": 2, "c": 2}, reason.ErrDuplicate, "contest it: options b and c both have rank 2: duplicate"},
		{lists, Vote{"R": 1, "a": 1}, Vote{"a": 1}, reason.ErrShape, "contest it: candidate a is on list R, which is not marked: wrong shape"},
		{lists, Vote{"R": 1, "a": 1}, Vote{"R": 1, "c": 1}, reason.ErrShape, "contest it: candidate c is on list G, which is not marked: wrong shape"},
		{lists, Vote{"R": 1, "a": 1}, Vote{"R": 1, "a": 1, "b": 1}, reason.ErrRange, "contest it: 2 candidates chosen, at most 1 allowed: out of range"},
		{lists, Vote{"R": 1}, Vote{"R": 2}, reason.ErrRange, "contest it: list R is marked 2, it can be marked 1 or not: out of range"},
		{panachage, Vote{"R": 1, "c": 1}, Vote{"R": 1, "G": 1}, reason.ErrRange, "contest it: 2 lists marked, at most 1 allowed: out of range"},
		{equations, Vote{"b": 1}, Vote{"a": 1, "b": 1}, reason.ErrRange, "contest it: equation 1 gives 3, at most 2 allowed: out of range"},
		{equations, Vote{"b": 1}, Vote{"c": 1}, reason.ErrRange, "contest it: equation 1 gives 0, at least 1 required: out of range"},
		{equations, Vote{"b": 1}, Vote{"b": 2}, reason.ErrRange, "contest it: option b is marked 2, it can be marked 1 or not: out of range"},
	} {
		c := compiled(t, test.contest, 3)
		_, err := c.Encode(test.valid)
		require.NoError(t, err)
		row, err := c.Encode(test.vote)
		require.ErrorIs(t, err, test.reason)
		require.EqualError(t, err, test.text)
		require.Nil(t, row)
		_, err = c.Count(one(test.vote, 1))
		require.ErrorIs(t, err, test.reason)
	}
}

func TestUncheckedContestRefusesVotes(t *testing.T) {
	_, err := (&Contest{ID: "it", Kind: "approval"}).Encode(nil)
	require.ErrorIs(t, err, reason.ErrState)
}

func TestCountWeighs(t *testing.T) {
	c := compiled(t, Contest{Kind: "ranked-points", Values: []int{3, 1}, Blank: true}, 3)
	rows, err := c.Count(func(yield func(Vote, uint64) bool) {
		_ = yield(Vote{"a": 1, "c": 2}, 10) && yield(nil, 7) && yield(Vote{"c": 1}, 1)
	})
	require.NoError(t, err)
	require.Equal(t, []int64{30, 0, 13, 7}, rows)
}

// Totals that would not fit are refused, not wrapped.
func TestCountRefusesOverflow(t *testing.T) {
	c := compiled(t, Contest{Kind: "score", Max: 4}, 1)
	for _, test := range []struct {
		weights []uint64
		total   int64
		err     error
	}{
		{[]uint64{1 << 60}, 1 << 62, nil},
		{[]uint64{1<<60 + 1}, 0, reason.ErrRange},
		{[]uint64{1 << 60, 1}, 0, reason.ErrRange},
		{[]uint64{1 << 60, 1 << 60}, 0, reason.ErrRange},
		{[]uint64{1 << 62}, 0, reason.ErrRange}, // times 4 is 0 in 64 bits
		{[]uint64{1<<64 - 1}, 0, reason.ErrRange},
	} {
		rows, err := c.Count(func(yield func(Vote, uint64) bool) {
			for _, w := range test.weights {
				if !yield(Vote{"a": 4}, w) {
					return
				}
			}
		})
		require.ErrorIs(t, err, test.err)
		if test.err == nil {
			require.Equal(t, []int64{test.total}, rows)
		}
	}
	blank := compiled(t, Contest{Kind: "approval", Blank: true}, 1)
	_, err := blank.Count(one(nil, 1<<62+1))
	require.ErrorIs(t, err, reason.ErrRange)
	below := compiled(t, Contest{Kind: "equations", Rows: []Row{{"x", "X", []zkp.Term{{Slot: 0, Coefficient: -2}}}}}, 1)
	rows, err := below.Count(one(Vote{"a": 1}, 1<<61))
	require.NoError(t, err)
	require.Equal(t, []int64{-1 << 62}, rows)
	_, err = below.Count(one(Vote{"a": 1}, 1<<61+1))
	require.ErrorIs(t, err, reason.ErrRange)
}

// A person can read what a row of the result is about.
func TestResultRows(t *testing.T) {
	lists := []List{{"R", "Red", []int{0, 1}}, {"G", "Green", []int{2}}}
	for _, test := range []struct {
		contest    Contest
		options    int
		ids, label []string
	}{
		{Contest{Kind: "star", Max: 5, Blank: true}, 2, []string{"a", "b", "a>b", "b>a", "blank"}, []string{"Option a", "Option b", "Option a > Option b", "Option b > Option a", "blank"}},
		{Contest{Kind: "pairwise", Exact: true}, 2, []string{"a>b", "b>a"}, []string{"Option a > Option b", "Option b > Option a"}},
		{Contest{Kind: "judgement", Grades: testGrades[:2]}, 2, []string{"a:good", "a:fair", "b:good", "b:fair"}, []string{"Option a: Good", "Option a: Fair", "Option b: Good", "Option b: Fair"}},
		{Contest{Kind: "referendum"}, 1, []string{"a:yes", "a:no"}, []string{"Option a: yes", "Option a: no"}},
		{Contest{Kind: "ranking"}, 2, []string{"a:1", "a:2", "b:1", "b:2"}, []string{"Option a: 1", "Option a: 2", "Option b: 1", "Option b: 2"}},
		{Contest{Kind: "lists", Lists: lists, Blank: true}, 3, []string{"R", "a", "b", "G", "c", "blank"}, []string{"Red", "Option a", "Option b", "Green", "Option c", "blank"}},
		{equationContests()[1], 4, []string{"x", "y"}, []string{"X", "Y"}},
	} {
		c := compiled(t, test.contest, test.options)
		var ids, labels []string
		for _, row := range c.Results() {
			ids, labels = append(ids, row.ID), append(labels, row.Label)
		}
		require.Equal(t, test.ids, ids)
		require.Equal(t, test.label, labels)
	}
}
