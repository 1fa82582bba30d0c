package count

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The two ways to look back, and narrowing down.
func TestTiesOfStages(t *testing.T) {
	in, err := valid().check("", strict)
	require.NoError(t, err)
	h := history{in: in, stages: [][]int64{{5, 3, 4}, {4, 6, 4}, {7, 7, 7}}}
	all := []int{0, 1, 2}
	var round Round
	require.Equal(t, 1, h.highest(&round, all, latest))
	require.Equal(t, 0, h.highest(&round, all, earliest))
	require.Equal(t, 2, h.lowest(&round, all, latest)) // 0 and 2 at stage 2, 2 at stage 1
	require.Equal(t, 1, h.lowest(&round, all, earliest))
	require.Equal(t, []string{"stage 2", "stage 1", "stage 1", "stage 1"},
		[]string{round.Ties[0].By, round.Ties[1].By, round.Ties[2].By, round.Ties[3].By})
	h.stages = h.stages[2:]
	require.Equal(t, 2, h.highest(&round, all, latest)) // the lot is C, A, B
	require.Equal(t, 1, h.lowest(&round, all, latest))
	require.Equal(t, Tie{Candidates: all, Chosen: []int{1}, By: "lot"}, round.Ties[5])
}

// A and B reach the same surplus at stage 3. A had more at stage 1, B at stage 2:
// in Scotland the most recent stage decides, in Northern Ireland the earliest.
func TestTieOfSurpluses(t *testing.T) {
	e := &Election{Candidates: strings.Split("ABCDFG", ""), Seats: 3}
	for order, n := range map[string]int64{"AF": 10, "BG": 9, "CB": 3, "DAF": 4, "DBG": 2, "F": 11, "G": 12} {
		marks := make([]int, 6)
		for i, c := range order {
			marks[strings.IndexRune("ABCDFG", c)] = i + 1
		}
		e.Ballots = append(e.Ballots, Ballot{Marks: marks, Count: n})
	}
	for name, want := range map[string]Tie{
		"Scottish":         {Candidates: []int{0, 1}, Chosen: []int{1}, By: "stage 2"},
		"Northern Ireland": {Candidates: []int{0, 1}, Chosen: []int{0}, By: "stage 1"},
	} {
		r, err := transferable[name](e)
		require.NoError(t, err)
		require.Equal(t, []Tie{want}, r.Rounds[3].Ties, name)
		require.Contains(t, r.Rounds[3].Action, "The surplus of "+e.Candidates[want.Chosen[0]])
	}
}
