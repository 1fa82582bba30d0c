package count

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Whoever is not ranked is behind all who are, and equal to others not ranked;
// only the order of ranks counts, not how far they are apart.
func TestUnrankedAreLast(t *testing.T) {
	e := &Election{Candidates: []string{"A", "B", "C"}, Ballots: []Ballot{
		{Marks: []int{0, 7, 0}, Count: 5}, {Marks: []int{2, 0, 9}, Count: 3}, {Marks: []int{1, 1, 0}},
	}}
	for name, rule := range map[string]func(*Election) (*Result, error){"Schulze": Schulze, "ranked pairs": RankedPairs} {
		r, err := rule(e)
		require.NoError(t, err, name)
		require.Equal(t, [][]string{{"-", "3", "4"}, {"5", "-", "6"}, {"0", "3", "-"}}, r.Rounds[0].Rows, name)
		require.Equal(t, [][]int{{1}, {0}, {2}}, r.Order, name)
	}
}

// A circle in which two victories have the same votes for them: the one with more
// votes against it, 4 to 3 of C over A, is the weakest. If it were the other one,
// C would be first.
func TestSchulzeFewerAgainst(t *testing.T) {
	r, err := Schulze(&Election{Candidates: []string{"A", "B", "C"}, Ballots: []Ballot{
		{Marks: []int{1, 2, 2}, Count: 3}, {Marks: []int{1, 2, 1}, Count: 2}, {Marks: []int{3, 1, 2}, Count: 4},
	}})
	require.NoError(t, err)
	require.Equal(t, [][]string{{"-", "5", "3"}, {"4", "-", "4"}, {"4", "2", "-"}}, r.Rounds[0].Rows)
	require.Equal(t, [][]string{{"-", "5:4", "4:2"}, {"4:3", "-", "4:2"}, {"4:3", "4:3", "-"}}, r.Rounds[1].Rows)
	require.Equal(t, [][]int{{0}, {1}, {2}}, r.Order)
}
