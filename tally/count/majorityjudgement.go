package count

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// MajorityJudgement orders the candidates by their median grades. grades are the
// names of the grades, the best first; a ballot gives every candidate one, by
// number: 1 is the best.
//
// Source: M. Balinski and R. Laraki, "A theory of measuring, electing, and
// ranking", PNAS 104 (2007): the majority grade is the median, the lower one of
// two; of candidates with equal ones it is taken away once from each, and the
// medians of what is left are compared, and so on. Ties: candidates with the same
// number of every grade; lot.
func MajorityJudgement(e *Election, grades []string) (*Result, error) {
	if len(grades) < 2 || len(grades) > 100 {
		return nil, fmt.Errorf("count: majority judgement: %d grades, 2 to 100: %w", len(grades), ErrRange)
	}
	in, err := e.check("majority judgement", func(marks []int) error {
		for c, m := range marks {
			if m == 0 {
				return fmt.Errorf("candidate %d: no grade: %w", c, ErrShape)
			}
		}
		return upTo(len(grades))(marks)
	})
	if err != nil {
		return nil, err
	}
	r := in.result("Majority judgement")
	g := newGradings(in, len(grades))
	order := in.groups(g.compare)
	r.Rounds = []Round{g.round(grades), g.separations(grades, order)}
	in.electFirst(r, order)
	return r, nil
}

// gradings has, for every candidate and grade, how many grades are at least that
// good. The grades of a candidate, sorted with the best first, stand at places 1
// to n.
type gradings struct {
	n    int64
	upTo [][]int64
}

func newGradings(in *input, grades int) *gradings {
	g := &gradings{n: in.papers, upTo: make([][]int64, len(in.names))}
	for c := range g.upTo {
		g.upTo[c] = make([]int64, grades+1) // 0 stands for no grade
	}
	for _, b := range in.ballots {
		for c, m := range b.Marks {
			g.upTo[c][m] += b.Count
		}
	}
	for _, row := range g.upTo {
		for i := 1; i < len(row); i++ {
			row[i] += row[i-1]
		}
	}
	return g
}

// at returns the grade that a candidate has at a place.
func (g *gradings) at(c int, place int64) int {
	grade, _ := slices.BinarySearch(g.upTo[c], place)
	return grade
}

// median is the place of the majority grade. The best grades come first, so the
// lower one of two medians has the higher place.
func (g *gradings) median() int64 { return g.n/2 + 1 }

// removals is how many medians go before the grade at a place does. They are
// taken away outwards from the middle, on one side and the other in turn. If the
// number of grades is odd, an even number is left after the first, of which the
// lower median is on the worse side; if it is even, the next is the middle of an
// odd number, on the better side.
func (g *gradings) removals(place int64) int64 {
	m := g.median()
	if g.n%2 == 0 { // m, m−1, m+1, m−2, m+2, …
		if place <= m {
			return max(0, 2*(m-place)-1)
		}
		return 2 * (place - m)
	}
	if place >= m { // m, m+1, m−1, m+2, m−2, …
		return max(0, 2*(place-m)-1)
	}
	return 2 * (m - place)
}

// differ returns after how many removals the grades of two candidates first
// differ, and the place of these; place 0 if they never do.
func (g *gradings) differ(a, b int) (removed, place int64) {
	for grade := 1; grade < len(g.upTo[a]); grade++ {
		// From lo to hi one of them has this grade or a better one and the other
		// has not. The place nearest to the middle goes first.
		x, y := g.upTo[a][grade], g.upTo[b][grade]
		lo, hi := min(x, y)+1, max(x, y)
		if lo > hi {
			continue
		}
		nearest := min(max(lo, g.median()), hi)
		if k := g.removals(nearest); place == 0 || k < removed {
			removed, place = k, nearest
		}
	}
	return removed, place
}

// compare puts the better candidate first.
func (g *gradings) compare(a, b int) int {
	_, place := g.differ(a, b)
	if place == 0 {
		return 0
	}
	return cmp.Compare(g.at(a, place), g.at(b, place))
}

func (g *gradings) round(grades []string) Round {
	round := Round{Action: "The grades are counted; the median is the majority grade."}
	for _, name := range grades {
		round.Columns = append(round.Columns, printable(name))
	}
	round.Columns = append(round.Columns, "majority grade")
	for c, upTo := range g.upTo {
		var row []string
		for i := 1; i < len(upTo); i++ {
			row = append(row, strconv.FormatInt(upTo[i]-upTo[i-1], 10))
		}
		name := "none"
		if g.n > 0 {
			name = printable(grades[g.at(c, g.median())-1])
		}
		round.Rows = append(round.Rows, append(row, name))
	}
	return round
}

// separations shows for each candidate when and how it falls behind the one
// before it in the order.
func (g *gradings) separations(grades []string, order [][]int) Round {
	round := Round{Action: "Medians are taken away until they differ from those of the candidate before.",
		Columns: []string{"place", "medians taken away", "grade then", "grade of the one before"},
		Rows:    make([][]string, len(g.upTo))}
	place := 1
	for i, group := range order {
		row := []string{strconv.Itoa(place), "", "", ""}
		if i > 0 {
			before, c := order[i-1][0], group[0]
			removed, at := g.differ(before, c)
			row = []string{row[0], strconv.FormatInt(removed, 10),
				printable(grades[g.at(c, at)-1]), printable(grades[g.at(before, at)-1])}
		}
		for _, c := range group {
			round.Rows[c] = row
		}
		place += len(group)
	}
	return round
}
