package count

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever the marks are, a rule refuses or counts; it does not panic, and votes
// do not come from nowhere.
func FuzzRules(f *testing.F) {
	f.Add(byte(3), byte(2), []byte{1, 2, 3, 0, 1, 0, 2, 1, 0})
	f.Add(byte(4), byte(1), []byte{1, 1, 0, 0, 4, 3, 2, 1})
	f.Add(byte(2), byte(3), []byte{255, 0})
	f.Fuzz(func(t *testing.T, candidates, seats byte, marks []byte) {
		n := 1 + int(candidates%8)
		e := &Election{Seats: int(seats % 5)}
		for c := range n {
			e.Candidates = append(e.Candidates, string(rune('A'+c)))
		}
		for len(marks) >= n && len(e.Ballots) < 100 {
			b := Ballot{Marks: make([]int, n)}
			for c := range n {
				b.Marks[c] = int(marks[c] % 9)
			}
			e.Ballots, marks = append(e.Ballots, b), marks[n:]
		}
		for name, rule := range rules {
			r, err := rule.count(e)
			if err != nil {
				require.Nil(t, r)
				continue
			}
			require.NotEmpty(t, r.String())
			for _, round := range r.Rounds {
				require.NotContains(t, round.Rest, "-", name)
			}
		}
	})
}
