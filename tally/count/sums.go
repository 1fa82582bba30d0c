package count

import (
	"cmp"
	"strconv"
)

// sum counts by adding up: weight is what a ballot's mark gives a candidate. Who
// has more comes first; equal totals are a tie, broken by lot.
func (in *input) sum(rule, unit string, weight func(mark int) int64) *Result {
	r := in.result(rule)
	totals := in.totals(weight)
	rows := make([][]string, len(totals))
	for c, t := range totals {
		rows[c] = []string{strconv.FormatInt(t, 10)}
	}
	r.Rounds = []Round{{Action: "The " + unit + " are added up.", Columns: []string{unit}, Rows: rows}}
	in.electFirst(r, in.groups(func(a, b int) int { return cmp.Compare(totals[b], totals[a]) }))
	return r
}

func (in *input) totals(weight func(mark int) int64) []int64 {
	totals := make([]int64, len(in.names))
	for _, b := range in.ballots {
		for c, m := range b.Marks {
			if m > 0 {
				totals[c] += b.Count * weight(m)
			}
		}
	}
	return totals
}

func itself(mark int) int64 { return int64(mark) }
