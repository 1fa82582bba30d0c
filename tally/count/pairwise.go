package count

import "strconv"

// link is a comparison of two candidates: votes for the first over the second,
// and votes the other way.
type link struct{ won, lost int64 }

// pairwise returns, for every two candidates, how many ballots prefer the one to
// the other. Those not ranked are behind all others, and equal.
func (in *input) pairwise() [][]link {
	n := len(in.names)
	m := make([][]link, n)
	for i := range m {
		m[i] = make([]link, n)
	}
	for _, b := range in.ballots {
		for i, x := range b.Marks {
			if x == 0 {
				continue
			}
			for j, y := range b.Marks {
				if y == 0 || x < y {
					m[i][j].won += b.Count
				}
			}
		}
	}
	for i := range m {
		for j := range m {
			m[i][j].lost = m[j][i].won
		}
	}
	return m
}

// pairRound shows the comparisons of all pairs.
func (in *input) pairRound(m [][]link) Round {
	return in.matrix("The ballots are counted that prefer the candidate of the row to the one of the column.",
		func(i, j int) string { return strconv.FormatInt(m[i][j].won, 10) })
}

func (in *input) matrix(action string, cell func(i, j int) string) Round {
	n := len(in.names)
	round := Round{Action: action, Columns: make([]string, n), Rows: make([][]string, n)}
	for i := range n {
		round.Columns[i] = printable(in.names[i])
		round.Rows[i] = make([]string, n)
		for j := range n {
			round.Rows[i][j] = "-"
			if i != j {
				round.Rows[i][j] = cell(i, j)
			}
		}
	}
	return round
}
