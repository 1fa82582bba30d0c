package count

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A majority is one of the ballots that name somebody left: 4 of 7, though there
// are 9.
func TestInstantRunoffMajorityOfTheBallotsLeft(t *testing.T) {
	r, err := InstantRunoff(&Election{Candidates: []string{"A", "B", "C"}, Ballots: []Ballot{
		{Marks: []int{1, 0, 0}, Count: 4}, {Marks: []int{0, 1, 0}, Count: 3}, {Marks: []int{0, 0, 1}, Count: 2},
	}})
	require.NoError(t, err)
	require.Len(t, r.Rounds, 2)
	require.Equal(t, []int{2}, r.Rounds[0].Excluded)
	require.Equal(t, "2", r.Rounds[1].Rest)
	require.Equal(t, []int{0}, r.Rounds[1].Elected)
	require.Equal(t, []int{0}, r.Elected)
}
