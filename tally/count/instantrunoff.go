package count

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// InstantRunoff elects one candidate by excluding, round by round, the one who is
// first on fewest ballots, until somebody is first on more than half of those
// that still name a candidate left. A ballot ranks candidates 1, 2, 3, … without
// equal ranks or gaps.
//
// Source: the alternative vote, W. R. Ware (about 1870); the rounds are those of
// [ScottishSTV] for one seat, with a majority of the ballots left instead of a
// quota of all. Ties as there: who had fewer in the most recent round in which
// they differed is excluded, else lot.
func InstantRunoff(e *Election) (*Result, error) {
	in, err := e.check("instant runoff", strict)
	if err != nil {
		return nil, err
	}
	if in.seats != 1 {
		return nil, fmt.Errorf("count: instant runoff: %d seats: %w", in.seats, ErrRange)
	}
	r := in.result("Instant runoff")
	out := make([]bool, len(in.names))
	orders := make([][]int, len(in.ballots))
	for i, b := range in.ballots {
		orders[i] = order(b.Marks)
	}
	h := history{in: in}
	for {
		votes, rest := in.firsts(orders, out)
		h.stages = append(h.stages, votes)
		var left []int
		rows := make([][]string, len(out))
		for c := range out {
			if !out[c] {
				left = append(left, c)
				rows[c] = []string{strconv.FormatInt(votes[c], 10)}
			}
		}
		round := Round{Columns: []string{"votes"}, Rows: rows, Rest: strconv.FormatInt(rest, 10)}
		leader := slices.MaxFunc(left, func(a, b int) int { return cmp.Compare(votes[a], votes[b]) })
		if len(left) == 1 || 2*votes[leader] > in.papers-rest {
			round.Action = fmt.Sprintf("%s has a majority.", printable(in.names[leader]))
			round.Elected, r.Elected = []int{leader}, []int{leader}
			r.Rounds = append(r.Rounds, round)
			return r, nil
		}
		loser := h.lowest(&round, left, latest)
		round.Action = fmt.Sprintf("Nobody has a majority; %s has fewest.", printable(in.names[loser]))
		round.Excluded = []int{loser}
		out[loser] = true
		r.Rounds = append(r.Rounds, round)
	}
}

// firsts counts the ballots by the first candidate on them who is not out, and
// those that name none.
func (in *input) firsts(orders [][]int, out []bool) (votes []int64, rest int64) {
	votes = make([]int64, len(out))
	for i, o := range orders {
		at := slices.IndexFunc(o, func(c int) bool { return !out[c] })
		if at < 0 {
			rest += in.ballots[i].Count
			continue
		}
		votes[o[at]] += in.ballots[i].Count
	}
	return votes, rest
}
