package count

import (
	"cmp"
	"fmt"
)

// Schulze orders the candidates by the strengths of the strongest paths between
// them. A ballot ranks candidates; equal ranks and gaps are allowed, and those
// not ranked are behind all others.
//
// Source: M. Schulze, "A new monotonic, clone-independent, reversal symmetric,
// and condorcet-consistent single-winner election method", Social Choice and
// Welfare 36 (2011), section 2, with the strength of a link measured by winning
// votes: more votes for it, then fewer against it. The first group of the order
// are the unbeaten candidates, the second the unbeaten ones of the rest, and so
// on. Ties within a group: lot.
func Schulze(e *Election) (*Result, error) {
	in, err := e.check("Schulze", anyRanks)
	if err != nil {
		return nil, err
	}
	r := in.result("Schulze method, winning votes")
	pairs := in.pairwise()
	paths := strongest(pairs)
	r.Rounds = append(r.Rounds, in.pairRound(pairs),
		in.matrix("The strongest path from row to column is as strong as its weakest link: votes for and against.",
			func(i, j int) string {
				if paths[i][j].won == 0 {
					return "none"
				}
				return fmt.Sprintf("%d:%d", paths[i][j].won, paths[i][j].lost)
			}))
	in.electFirst(r, unbeaten(paths))
	return r, nil
}

// compareLinks orders links by strength, D in section 2.1 of the paper.
func compareLinks(a, b link) int {
	return cmp.Or(cmp.Compare(a.won, b.won), cmp.Compare(b.lost, a.lost))
}

// strongest returns the strengths of the strongest paths of victories, by the
// algorithm of Floyd and Warshall (section 2.3). The zero link is no path.
func strongest(pairs [][]link) [][]link {
	n := len(pairs)
	p := make([][]link, n)
	for i := range p {
		p[i] = make([]link, n)
		for j, l := range pairs[i] {
			if l.won > l.lost {
				p[i][j] = l
			}
		}
	}
	for k := range n {
		for i := range n {
			if i == k || p[i][k] == (link{}) {
				continue
			}
			for j := range n {
				if j == i {
					continue
				}
				through := p[i][k]
				if compareLinks(p[k][j], through) < 0 {
					through = p[k][j]
				}
				if compareLinks(through, p[i][j]) > 0 {
					p[i][j] = through
				}
			}
		}
	}
	return p
}

// unbeaten peels off the candidates to whom nobody left has a stronger path than
// they have back. The relation is transitive, so there always are some.
func unbeaten(paths [][]link) [][]int {
	var out [][]int
	left := make(map[int]bool, len(paths))
	for c := range paths {
		left[c] = true
	}
	for len(left) > 0 {
		var group []int
		for c := range paths {
			if !left[c] {
				continue
			}
			beaten := false
			for d := range left {
				beaten = beaten || compareLinks(paths[d][c], paths[c][d]) > 0
			}
			if !beaten {
				group = append(group, c)
			}
		}
		for _, c := range group {
			delete(left, c)
		}
		out = append(out, group)
	}
	return out
}
