package count

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func won(t *testing.T, r *Result, err error) []string {
	t.Helper()
	require.NoError(t, err)
	return names(r.Candidates, r.Elected)
}

func names(all []string, of []int) []string {
	out := make([]string, len(of))
	for i, c := range of {
		out[i] = all[c]
	}
	return out
}

// The electronic vote of Dublin West in 2002. The seats were filled by the Dáil's
// rule, which moves whole papers taken at random; those elected are the same.
func TestDublinWest2002(t *testing.T) {
	e := readRanks(t, shared(t, "data/dublin-west-2002.csv"))
	e.Seats = 3
	first, err := Plurality(firstOnly(e))
	require.NoError(t, err)
	var votes []string
	for _, group := range first.Order {
		votes = append(votes, first.Rounds[0].Rows[group[0]][0])
	}
	require.Equal(t, []string{"8086", "6442", "3810", "3694", "2404", "2370", "2300", "748", "134"}, votes)
	for name, rule := range transferable {
		r, err := rule(e)
		require.Equal(t, []string{"FF2", "SP", "LB"}, won(t, r, err), name)
		require.EqualValues(t, 29988, r.Papers)
		require.Contains(t, r.Quota, "7498.00")
	}
}

// Dublin North elected Sargent (GP), Ryan (LB), Wright and Glennon (FF).
func TestDublinNorth2002(t *testing.T) {
	e := readRanks(t, shared(t, "data/dublin-north-2002.csv"))
	e.Seats = 4
	for name, rule := range transferable {
		r, err := rule(e)
		require.ElementsMatch(t, []string{"GP", "LB", "FF", "FF3"}, won(t, r, err), name)
		require.EqualValues(t, 43942, r.Papers)
	}
}

// Minneapolis counted by hand for days; Hodges won in the last round against
// Andrew. The threshold was 39,708 of 79,415 valid ballots.
func TestMinneapolis2013(t *testing.T) {
	e := readChoices(t, shared(t, "data/minneapolis-mayor-2013.csv"))
	require.Len(t, e.Candidates, 36) // 35, and undeclared write-ins
	r, err := InstantRunoff(e)
	require.Equal(t, []string{"BETSY HODGES"}, won(t, r, err))
	require.EqualValues(t, 79415, r.Papers)
	stv, err := ScottishSTV(e)
	require.Equal(t, []string{"BETSY HODGES"}, won(t, stv, err))
	require.Equal(t, "39708.00000", stv.Quota)
	last := stv.Rounds[len(stv.Rounds)-1]
	require.Equal(t, "38870.00000", last.Rows[slices.Index(e.Candidates, "BETSY HODGES")][1])
	require.Equal(t, "24972.00000", last.Rows[slices.Index(e.Candidates, "MARK ANDREW")][1])
}

// What the cities funded, and what the method of equal shares would have: the
// projects paid by shares, in this order, are those that pabutools 1.2.3 gives for
// the same points; the others come by completion.
func TestPabulib(t *testing.T) {
	for name, want := range map[string]struct{ shares, rest []string }{
		"katowice-2021": {[]string{"M/43/VIII", "M/16/VIII", "M/11/VIII", "M/13/VIII", "M/25/VIII", "M/19/VIII",
			"M/04/VIII"}, []string{"M/31/VIII", "M/09/VIII", "M/30/VIII"}},
		"krakow-bienczyce-2022": {[]string{"14", "7", "16", "1", "35", "15", "13", "2", "20", "12", "5"},
			[]string{"9", "18"}},
		"lodz-olechow-2022": {[]string{"W021OJ", "W032OJ", "W060OJ", "W063OJ", "W076OJ"}, []string{"W041OJ"}},
	} {
		b, rule, selected := readPabulib(t, shared(t, "data/"+name+".pb"))
		require.Equal(t, "greedy", rule)
		r, err := Greedy(b)
		require.NoError(t, err)
		require.ElementsMatch(t, selected, r.Elected, name)

		r, err = EqualShares(b)
		require.NoError(t, err)
		require.Equal(t, slices.Concat(want.shares, want.rest), names(b.Projects, r.Elected), name)
		require.Contains(t, r.Rounds[len(want.shares)-1].Columns, "price per point")
		require.NotContains(t, r.Rounds[len(want.shares)].Columns, "price per point")
	}
}
