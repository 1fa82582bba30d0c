package count

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func valid() *Election {
	return &Election{Candidates: []string{"A", "B", "C"}, Seats: 2, Lot: []int{2, 0, 1},
		Ballots: []Ballot{{Marks: []int{1, 2, 3}}, {Marks: []int{0, 1, 0}, Count: 4}, {Marks: []int{0, 0, 0}}}}
}

// Each case changes one thing of an accepted election.
func TestRefused(t *testing.T) {
	_, err := ScottishSTV(valid())
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change func(e *Election)
		reason error
		text   string
	}{
		"no candidates":     {func(e *Election) { e.Candidates = nil }, ErrShape, "no candidates"},
		"too many":          {func(e *Election) { e.Candidates = make([]string, MaxCandidates+1) }, ErrLimit, "257 candidates"},
		"no name":           {func(e *Election) { e.Candidates[1] = "" }, ErrShape, "candidate 1 has no name"},
		"name twice":        {func(e *Election) { e.Candidates[1] = "A" }, ErrDuplicate, `candidate "A"`},
		"seats < 0":         {func(e *Election) { e.Seats = -1 }, ErrRange, "-1 seats"},
		"too many seats":    {func(e *Election) { e.Seats = MaxSeats + 1 }, ErrRange, "1001 seats"},
		"lot too short":     {func(e *Election) { e.Lot = []int{0, 1} }, ErrShape, "lot of 2"},
		"lot twice":         {func(e *Election) { e.Lot = []int{0, 1, 1} }, ErrShape, "lot: place 2"},
		"lot outside":       {func(e *Election) { e.Lot[0] = 3 }, ErrShape, "lot: place 0"},
		"lot below":         {func(e *Election) { e.Lot[0] = -1 }, ErrShape, "lot: place 0"},
		"short ballot":      {func(e *Election) { e.Ballots[1].Marks = []int{1, 2} }, ErrShape, "ballot 1: 2 marks for 3"},
		"long ballot":       {func(e *Election) { e.Ballots[0].Marks = []int{1, 2, 3, 4} }, ErrShape, "ballot 0: 4 marks"},
		"short blank":       {func(e *Election) { e.Ballots[2].Marks = []int{0} }, ErrShape, "ballot 2: 1 marks"},
		"count < 0":         {func(e *Election) { e.Ballots[1].Count = -4 }, ErrRange, "ballot 1: count -4"},
		"too many papers":   {func(e *Election) { e.Ballots[1].Count = MaxPapers }, ErrLimit, "ballot 1: more than"},
		"far too many":      {func(e *Election) { e.Ballots[1].Count = math.MaxInt64 }, ErrLimit, "ballot 1: more than"},
		"blank papers":      {func(e *Election) { e.Ballots[2].Count = MaxPapers - 4 }, ErrLimit, "ballot 2: more than"},
		"mark < 0":          {func(e *Election) { e.Ballots[0].Marks[2] = -1 }, ErrRange, "ballot 0: C: mark -1"},
		"mark too large":    {func(e *Election) { e.Ballots[0].Marks[2] = MaxMark + 1 }, ErrRange, "ballot 0: C: mark"},
		"equal ranks":       {func(e *Election) { e.Ballots[0].Marks[2] = 2 }, ErrDuplicate, "ballot 0: candidate 2: rank 2"},
		"gap":               {func(e *Election) { e.Ballots[1].Marks[0] = 3 }, ErrShape, "ballot 1: rank 2 is missing"},
		"no first":          {func(e *Election) { e.Ballots[1].Marks[1] = 2 }, ErrShape, "ballot 1: rank 1 is missing"},
		"rank past the end": {func(e *Election) { e.Ballots[0].Marks[2] = 4 }, ErrShape, "ballot 0: candidate 2: rank 4 of 3"},
		"after blank ones": {func(e *Election) {
			e.Ballots[2].Count = MaxPapers - 5
			e.Ballots = append(e.Ballots, Ballot{Marks: []int{1, 0, 0}})
		}, ErrLimit, "ballot 3: more than"},
	} {
		e := valid()
		c.change(e)
		r, err := ScottishSTV(e)
		require.ErrorIs(t, err, c.reason, name)
		require.ErrorContains(t, err, c.text, name)
		require.ErrorContains(t, err, "count: Scottish STV: ", name)
		require.Nil(t, r, name)
	}
}

func TestRefusedByRule(t *testing.T) {
	two, grades := []Ballot{{Marks: []int{0, 1, 1}}}, []string{"good", "bad"}
	score := func(most int) func(e *Election) (*Result, error) {
		return func(e *Election) (*Result, error) { return Score(e, most) }
	}
	judge := func(grades []string) func(e *Election) (*Result, error) {
		return func(e *Election) (*Result, error) { return MajorityJudgement(e, grades) }
	}
	for name, c := range map[string]struct {
		count   func(*Election) (*Result, error)
		ballots []Ballot
		reason  error
	}{
		"plurality, two marks":   {Plurality, two, ErrDuplicate},
		"plurality, a 2":         {Plurality, []Ballot{{Marks: []int{0, 2, 0}}}, ErrRange},
		"lists, two marks":       {DHondt, two, ErrDuplicate},
		"lists, two marks, too":  {SainteLague, two, ErrDuplicate},
		"approval, a 2":          {Approval, []Ballot{{Marks: []int{0, 2, 0}}}, ErrRange},
		"score, too much":        {score(5), []Ballot{{Marks: []int{0, 6, 0}}}, ErrRange},
		"score, no scale":        {score(0), nil, ErrRange},
		"score, a large scale":   {score(MaxMark + 1), nil, ErrRange},
		"Borda, equal":           {Borda, two, ErrDuplicate},
		"instant, equal":         {InstantRunoff, two, ErrDuplicate},
		"instant, two seats":     {InstantRunoff, nil, ErrRange},
		"judgement, no grade":    {judge(grades), []Ballot{{Marks: []int{0, 2, 1}}}, ErrShape},
		"judgement, other grade": {judge(grades), []Ballot{{Marks: []int{1, 2, 3}}}, ErrRange},
		"judgement, one grade":   {judge(grades[:1]), nil, ErrRange},
		"judgement, 101":         {judge(make([]string, 101)), nil, ErrRange},
	} {
		e := valid()
		e.Ballots = c.ballots
		r, err := c.count(e)
		require.ErrorIs(t, err, c.reason, name)
		require.Nil(t, r, name)
		if c.ballots != nil {
			require.ErrorContains(t, err, "ballot 0: ", name)
		}
	}
	e := valid()
	e.Seats = 1
	_, err := NorthernIrelandSTV(e)
	require.ErrorIs(t, err, ErrRange)
	for _, rule := range []func(*Election) (*Result, error){Schulze, RankedPairs} {
		e := valid()
		e.Ballots = []Ballot{{Marks: []int{2, 2, 7}}} // equal ranks and gaps are fine here
		r, err := rule(e)
		require.NoError(t, err)
		require.EqualValues(t, 1, r.Papers)
	}
}

func TestRefusedBudgets(t *testing.T) {
	for name, c := range map[string]struct {
		change func(b *Budget)
		reason error
	}{
		"costs missing":  {func(b *Budget) { b.Costs = b.Costs[1:] }, ErrShape},
		"for nothing":    {func(b *Budget) { b.Costs[1] = 0 }, ErrRange},
		"too expensive":  {func(b *Budget) { b.Costs[1] = MaxMoney + 1 }, ErrRange},
		"limit < 0":      {func(b *Budget) { b.Limit = -1 }, ErrRange},
		"limit too much": {func(b *Budget) { b.Limit = MaxMoney + 1 }, ErrRange},
		"bad ballot":     {func(b *Budget) { b.Ballots[0].Marks = nil }, ErrShape},
		"bad lot":        {func(b *Budget) { b.Lot = []int{0} }, ErrShape},
		"bad name":       {func(b *Budget) { b.Projects[0] = "B" }, ErrDuplicate},
	} {
		for _, rule := range []func(*Budget) (*Result, error){Greedy, EqualShares} {
			b := &Budget{Projects: []string{"A", "B"}, Costs: []int64{3, 4}, Limit: 5, Ballots: []Ballot{{Marks: []int{1, 1}}}}
			_, err := rule(b)
			require.NoError(t, err)
			c.change(b)
			r, err := rule(b)
			require.ErrorIs(t, err, c.reason, name)
			require.Nil(t, r)
		}
	}
}

// Nobody has voted: every rule still ends, by lot alone, and gives no list a seat
// and no project money.
func TestNoBallots(t *testing.T) {
	for name, rule := range rules {
		e := &Election{Candidates: []string{"A", "B", "C"}, Seats: 2, Lot: []int{2, 0, 1}}
		if rule.one {
			e.Seats = 1
		}
		r, err := rule.count(e)
		require.NoError(t, err, name)
		require.NotEmpty(t, r.String())
		switch name {
		case "D'Hondt", "Lague":
			require.Equal(t, []int{0, 0, 0}, r.Allocation)
		case "greedy", "equal", "equal, 0/1":
			require.Empty(t, r.Elected)
		default:
			require.Equal(t, []int{2, 0}[:e.Seats], r.Elected, name)
		}
	}
}

// The largest elections stay exact.
func TestLargest(t *testing.T) {
	e := &Election{Candidates: []string{"A", "B", "C"}, Seats: 2, Ballots: []Ballot{
		{Marks: []int{1, 2, 3}, Count: MaxPapers - 2}, {Marks: []int{0, 1, 2}}, {Marks: []int{0, 0, 1}}}}
	r, err := ScottishSTV(e)
	require.NoError(t, err)
	require.Equal(t, []int{0, 1}, r.Elected)
	r, err = NorthernIrelandSTV(e)
	require.NoError(t, err)
	require.Equal(t, []int{0, 1}, r.Elected)
	r, err = Score(&Election{Candidates: []string{"A"}, Ballots: []Ballot{{Marks: []int{MaxMark}, Count: MaxPapers}}}, MaxMark)
	require.NoError(t, err)
	require.Equal(t, "1000000000000000000", r.Rounds[0].Rows[0][0])
}

// A name cannot break the report.
func TestNamesPrintSafely(t *testing.T) {
	e := valid()
	e.Candidates[0] = "A\x1b[2J\nElected: A\t"
	r, err := ScottishSTV(e)
	require.NoError(t, err)
	require.NotContains(t, r.String(), "\x1b")
	require.NotContains(t, r.String(), "\nElected: A\t")
}

// The report in JSON has all of the report.
func TestJSON(t *testing.T) {
	for name, rule := range rules {
		e := &Election{Candidates: []string{"A", "B", "C"}, Seats: 1}
		if rule.more {
			e.Seats = 2
		}
		e.Ballots = []Ballot{{Marks: rule.ballot(rand.New(rand.NewPCG(1, 2)), 3)}}
		r, err := rule.count(e)
		require.NoError(t, err, name)
		out, err := json.Marshal(r)
		require.NoError(t, err)
		back := new(Result)
		require.NoError(t, json.Unmarshal(out, back))
		require.Equal(t, r.String(), back.String(), name)
	}
}
