package count

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
)

// DHondt gives seats to lists, one after the other, each to the list whose votes
// divided by 1, 2, 3, … (its seats so far, and one) are most. A ballot marks one
// list with 1.
//
// Source: V. D'Hondt, "Système pratique et raisonné de représentation
// proportionnelle" (1882); as law, for instance, article 163 of the Spanish
// electoral law (Ley Orgánica 5/1985). Ties: the list with more votes, as there,
// then lot. (There lists with equal votes win later ties in turn; here it is the
// same lot each time.) A list without votes gets no seat.
func DHondt(e *Election) (*Result, error) {
	return highestAverages(e, "D'Hondt", func(seats int64) int64 { return seats + 1 })
}

// SainteLague gives seats to lists like [DHondt], but divides by 1, 3, 5, … A
// ballot marks one list with 1.
//
// Source: A. Sainte-Laguë, "La représentation proportionnelle et la méthode des
// moindres carrés" (1910). Ties: the list with more votes, then lot.
func SainteLague(e *Election) (*Result, error) {
	return highestAverages(e, "Sainte-Laguë", func(seats int64) int64 { return 2*seats + 1 })
}

func highestAverages(e *Election, name string, divisor func(seats int64) int64) (*Result, error) {
	in, err := e.check(name, one)
	if err != nil {
		return nil, err
	}
	r := in.result(name + " method")
	votes := in.totals(itself)
	r.Allocation = make([]int, len(votes))
	for seat := range in.seats {
		average := func(c int) *big.Rat { return big.NewRat(votes[c], divisor(int64(r.Allocation[c]))) }
		round := Round{Columns: []string{"votes", "seats", "average"}, Rows: make([][]string, len(votes))}
		var best []int
		for c, v := range votes {
			round.Rows[c] = []string{fmt.Sprint(v), fmt.Sprint(r.Allocation[c]), average(c).RatString()}
			if v == 0 {
				continue
			}
			if len(best) > 0 {
				order := average(c).Cmp(average(best[0]))
				if order < 0 {
					continue
				}
				if order > 0 {
					best = nil
				}
			}
			best = append(best, c)
		}
		if best == nil { // nobody has voted: no list has a claim to a seat
			break
		}
		winner := in.settle(&round, best, votes)
		round.Action = fmt.Sprintf("Seat %d goes to %s.", seat+1, printable(in.names[winner]))
		r.Allocation[winner]++
		r.Rounds = append(r.Rounds, round)
	}
	return r, nil
}

// settle returns the list, of those with equal averages, that has more votes,
// then the first in the lot.
func (in *input) settle(round *Round, equal []int, votes []int64) int {
	if len(equal) == 1 {
		return equal[0]
	}
	most := slices.MaxFunc(equal, func(a, b int) int { return cmp.Compare(votes[a], votes[b]) })
	left := slices.DeleteFunc(slices.Clone(equal), func(c int) bool { return votes[c] < votes[most] })
	by := "votes"
	if len(left) > 1 {
		by = "lot"
	}
	winner := in.byLot(left)[0]
	round.Ties = []Tie{{Candidates: equal, Chosen: []int{winner}, By: by}}
	return winner
}
