package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/tally/count"
)

// elected counts plain ballots and returns the names of who is elected.
func elected(t *testing.T, r *rankings, rule string, seats int) (*count.Result, []string) {
	counted, err := r.count(&options{seats: seats, count: rule})
	require.NoError(t, err)
	var names []string
	for _, c := range counted.Elected {
		names = append(names, r.Candidates[c])
	}
	return counted, names
}

// TestDublinWest holds the file of 2002 against what was announced then.
func TestDublinWest(t *testing.T) {
	r, err := readRankings(sharedFile(t, "dublin-west-2002.csv"))
	require.NoError(t, err)
	require.Len(t, r.Ballots, 29988)
	require.Zero(t, r.Cleaned)
	firsts, blank := r.firsts()
	slices.Sort(firsts)
	slices.Reverse(firsts)
	require.Equal(t, []int64{8086, 6442, 3810, 3694, 2404, 2370, 2300, 748, 134}, firsts)
	require.Zero(t, blank)
	_, names := elected(t, r, "scottish-stv", 3)
	require.Equal(t, []string{"FF2", "SP", "LB"}, names)
}

func TestDublinNorth(t *testing.T) {
	r, err := readRankings(sharedFile(t, "dublin-north-2002.csv"))
	require.NoError(t, err)
	require.Len(t, r.Ballots, 43942)
	require.Zero(t, r.Cleaned)
	require.Equal(t, []string{"FG", "SP", "SF", "FF", "NP", "FF2", "FG2", "NP2", "LB", "GP", "NP3", "FF3"}, r.Candidates)
	_, names := elected(t, r, "scottish-stv", 4)
	require.ElementsMatch(t, []string{"GP", "LB", "FF", "FF3"}, names)
}

// TestMinneapolis holds the file of 2013 against what the city announced: how
// many ballots were valid, and the last round. With overvotes that end the
// ranking there would be 57 valid ballots fewer.
func TestMinneapolis(t *testing.T) {
	r, err := readRankings(sharedFile(t, "minneapolis-mayor-2013.csv"))
	require.NoError(t, err)
	require.Len(t, r.Ballots, 80101)
	require.Len(t, r.Candidates, 36) // 35, and undeclared write-ins
	require.Equal(t, 3, r.Places)
	_, blank := r.firsts()
	require.EqualValues(t, 79415, int64(len(r.Ballots))-blank)
	counted, names := elected(t, r, "instant-runoff", 1)
	require.Equal(t, []string{"BETSY HODGES"}, names)
	require.EqualValues(t, 79415, counted.Papers)
	last := counted.Rounds[len(counted.Rounds)-1]
	require.Equal(t, "38870", last.Rows[slices.Index(r.Candidates, "BETSY HODGES")][0])
	require.Equal(t, "24972", last.Rows[slices.Index(r.Candidates, "MARK ANDREW")][0])
}

// TestGenerated holds that the generated election has what it should show.
func TestGenerated(t *testing.T) {
	r := generated(300)
	require.Equal(t, r, generated(300), "not reproducible")
	require.NotEqual(t, r.Ballots, generated(301).Ballots[:300])
	require.Len(t, r.Ballots, 300)
	require.Zero(t, r.Cleaned)
	firsts, blank := r.firsts()
	require.Positive(t, blank)
	require.Positive(t, slices.Min(firsts))
	counted, names := elected(t, r, "scottish-stv", 3)
	require.Len(t, names, 3)
	require.Greater(t, len(counted.Rounds), 3, "no rounds to follow")
	for rule := range rules {
		seats := 3
		if rule == "instant-runoff" {
			seats = 1
		}
		_, names := elected(t, r, rule, seats)
		require.Len(t, names, seats, rule)
	}
}
