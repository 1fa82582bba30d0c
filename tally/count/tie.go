package count

import (
	"cmp"
	"fmt"
	"slices"
)

// history has the votes of every candidate at the end of each stage so far, the
// present one last, to break ties by.
type history struct {
	in     *input
	stages [][]int64
}

// The two ways of the laws to look back: to the most recent stage at which the
// candidates differ, or to the earliest one.
const (
	latest = iota
	earliest
)

// lowest returns the one of the candidates with fewest votes now, of equal ones
// the one with fewest at the stage that decides; if there is none, the one drawn
// last in the lot. It reports a tie in the round.
func (h *history) lowest(round *Round, candidates []int, way int) int {
	return h.extreme(round, candidates, way, -1)
}

// highest is lowest for the most votes, and the first in the lot.
func (h *history) highest(round *Round, candidates []int, way int) int {
	return h.extreme(round, candidates, way, 1)
}

// extreme narrows the candidates down. Of three that are equal now, two may be
// equal at the stage that tells them from the third; the search goes on among
// these two.
func (h *history) extreme(round *Round, candidates []int, way, sign int) int {
	now := len(h.stages) - 1
	tied := h.narrow(candidates, now, sign)
	if len(tied) == 1 {
		return tied[0]
	}
	left, by := tied, "lot"
	for i := range now {
		stage := i
		if way == latest {
			stage = now - 1 - i
		}
		if left = h.narrow(left, stage, sign); len(left) == 1 {
			by = fmt.Sprintf("stage %d", stage+1)
			break
		}
	}
	chosen := left[0]
	if len(left) > 1 {
		drawn := h.in.byLot(left)
		chosen = drawn[0]
		if sign < 0 {
			chosen = drawn[len(drawn)-1]
		}
	}
	round.Ties = append(round.Ties, Tie{Candidates: tied, Chosen: []int{chosen}, By: by})
	return chosen
}

// narrow keeps the candidates with most votes at a stage, or fewest.
func (h *history) narrow(candidates []int, stage, sign int) []int {
	votes := h.stages[stage]
	best := slices.MaxFunc(candidates, func(a, b int) int { return sign * cmp.Compare(votes[a], votes[b]) })
	return slices.DeleteFunc(slices.Clone(candidates), func(c int) bool { return votes[c] != votes[best] })
}
