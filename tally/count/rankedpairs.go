package count

import (
	"cmp"
	"fmt"
	"slices"
)

// RankedPairs orders the candidates by locking in majorities, the largest first,
// each unless it contradicts those before it. A ballot ranks candidates; equal
// ranks and gaps are allowed, and those not ranked are behind all others.
//
// Source: T. N. Tideman, "Independence of clones as a criterion for voting
// rules", Social Choice and Welfare 4 (1987); a majority is measured by its
// margin. Ties, in the spirit of T. M. Zavist and Tideman, "Complete independence
// of clones in the ranked pairs rule" (1989), by an order of the candidates: of
// equal majorities the one whose winner is drawn earlier in the lot comes first
// (among those of one winner the order makes no difference); two candidates that
// are equal count as a majority of 0 for the one drawn earlier.
func RankedPairs(e *Election) (*Result, error) {
	in, err := e.check("ranked pairs", anyRanks)
	if err != nil {
		return nil, err
	}
	r := in.result("Ranked pairs (Tideman), margins")
	votes := in.pairwise()
	r.Rounds = append(r.Rounds, in.pairRound(votes))

	n := len(in.names)
	above := make([][]bool, n) // above[a][b]: a is above b by what is locked in
	for i := range above {
		above[i] = make([]bool, n)
	}
	for _, m := range in.majorities(votes) {
		verdict := "locked in"
		if above[m.loser][m.winner] {
			verdict = "contradicts what is locked in, left out"
		} else {
			lock(above, m.winner, m.loser)
		}
		r.Rounds = append(r.Rounds, Round{Action: fmt.Sprintf("%s over %s by %d: %s.",
			printable(in.names[m.winner]), printable(in.names[m.loser]), m.margin, verdict)})
	}
	in.electFirst(r, in.groups(func(a, b int) int {
		switch {
		case above[a][b]:
			return -1
		case above[b][a]:
			return 1
		}
		return 0
	}))
	return r, nil
}

type majority struct {
	winner, loser int
	margin        int64
}

// majorities returns one majority for every two candidates, the first to be
// locked in first.
func (in *input) majorities(votes [][]link) []majority {
	var out []majority
	for a := range votes {
		for b := range votes {
			margin := votes[a][b].won - votes[a][b].lost
			if margin > 0 || margin == 0 && in.drawn[a] < in.drawn[b] {
				out = append(out, majority{winner: a, loser: b, margin: margin})
			}
		}
	}
	slices.SortFunc(out, func(x, y majority) int {
		return cmp.Or(cmp.Compare(y.margin, x.margin),
			cmp.Compare(in.drawn[x.winner], in.drawn[y.winner]),
			cmp.Compare(in.drawn[x.loser], in.drawn[y.loser]))
	})
	return out
}

// lock puts a above b, with all that follows.
func lock(above [][]bool, a, b int) {
	if above[a][b] {
		return
	}
	for x := range above {
		if x != a && !above[x][a] {
			continue
		}
		above[x][b] = true
		for y, below := range above[b] {
			if below {
				above[x][y] = true
			}
		}
	}
}
