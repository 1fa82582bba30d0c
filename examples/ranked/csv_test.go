package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

func read(t testing.TB, path string) string {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

// sharedFile is the path of a file of real votes, which lie beside the
// repository where there are any.
func sharedFile(t *testing.T, name string) string {
	path := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not here: %v", name, err)
	}
	return path
}

func TestReadTable(t *testing.T) {
	got, err := readRankings("testdata/table.csv")
	require.NoError(t, err)
	require.Equal(t, &rankings{
		Source: "table.csv", Candidates: []string{"Ada", "Bora", "Cem", "Ada2"}, Places: 4,
		Ballots: [][]int{{0, 1}, {0, 2, 3}, {1, 0}, {1, 2}, {2, 3}, {2}, {0, 1}, nil, {2, 1, 0, 3}, {3}, {0, 2}, {1, 3}},
		Cleaned: 2, // ballots 6 and 7
	}, got)
}

func TestReadNames(t *testing.T) {
	got, err := readRankings("testdata/names.csv")
	require.NoError(t, err)
	require.Equal(t, &rankings{
		Source: "names.csv", Candidates: []string{"Ada", "Bora", `Cem "the baker" Öz`, "UWI"}, Places: 3,
		Ballots: [][]int{{0, 1}, {2, 0, 1}, {0, 1}, {0}, {0, 1}, nil, nil, {1, 0}, {0}, {3, 1, 0}, {2, 1}, {1, 0}},
		Cleaned: 5, // ballots 3 to 6, and 8
	}, got)
}

func TestParseTolerates(t *testing.T) {
	for _, file := range []string{"table.csv", "names.csv"} {
		plain := strings.TrimPrefix(strings.ReplaceAll(read(t, "testdata/"+file), "\r\n", "\n"), "\ufeff")
		want, err := parseRankings("x.csv", []byte(plain))
		require.NoError(t, err)
		for name, same := range map[string]string{
			"a byte order mark":        "\ufeff" + plain,
			"Windows line ends":        strings.ReplaceAll(plain, "\n", "\r\n"),
			"no newline at the end":    strings.TrimSuffix(plain, "\n"),
			"an empty line":            strings.Replace(plain, "\n", "\n\n", 1),
			"other heads of the ranks": strings.Replace(plain, "rank1,Rank2,rank3", "Rank 1,RANK 2,rank3", 1),
			"letters and their dots":   norm.NFD.String(plain),
			"quotes without need":      strings.ReplaceAll(plain, "Bora", `"Bora"`),
			"other numbers of ballots": strings.Replace(plain, "\n2,", "\nx,", 1),
		} {
			got, err := parseRankings("x.csv", []byte(same))
			require.NoError(t, err, name)
			require.Equal(t, want, got, name)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tc := range []struct{ name, file, old, new, want string }{
		{"empty file", "names", "*", "", "x.csv: empty"},
		{"neither form", "names", "rank1", "first", "x.csv: the first line is neither"},
		{"a head of one empty cell", "names", "*", "\"\"\n1\n", "x.csv: the first line is neither"},
		{"ranks out of order", "names", "rank1,Rank2", "Rank2,rank1", "x.csv: the first line is neither"},
		{"rank 0", "names", "rank1,Rank2,rank3", "rank0,rank1,rank2", "x.csv: the first line is neither"},
		{"second byte order mark", "table", "\ufeff", "\ufeff\ufeff", "x.csv: the first line is neither"},
		{"bad UTF-8", "names", "UWI", "U\xff", "x.csv: not valid UTF-8"},
		{"bare quote", "names", "UWI", `U"WI`, `x.csv:11: bare "`},
		{"open quote", "names", "UWI", `"UWI`, `x.csv:11: extraneous or missing "`},
		{"a cell too many", "table", "3,2,1,,", "3,2,1,,,", "x.csv:4: wrong number of fields"},
		{"a cell too few", "names", "UWI,", "", "x.csv:11: wrong number of fields"},
		{"a candidate without a name", "table", "Cem", "", "x.csv: candidate 3 has no name"},
		{"nobody at a rank", "names", "UWI,Bora", "UWI, ", "x.csv: ballot 10: nothing at rank 2"},
		{"rank 0 for a candidate", "table", "3,2,1,,", "3,0,1,,", `x.csv: ballot 3: "0" is not a rank from 1 to 4`},
		{"a rank too many", "table", "3,2,1,,", "3,5,1,,", `x.csv: ballot 3: "5" is not a rank`},
		{"a negative rank", "table", "3,2,1,,", "3,-2,1,,", `x.csv: ballot 3: "-2" is not a rank`},
		{"a rank with a sign", "table", "3,2,1,,", "3,+2,1,,", `x.csv: ballot 3: "+2" is not a rank`},
		{"a rank with a zero", "table", "3,2,1,,", "3,02,1,,", `x.csv: ballot 3: "02" is not a rank`},
		{"a rank with a space", "table", "3,2,1,,", "3, 2,1,,", `x.csv: ballot 3: " 2" is not a rank`},
		{"a huge rank", "table", "3,2,1,,", "3,99999999999999999999,1,,", "is not a rank"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			data := tc.new
			if tc.old != "*" {
				good := read(t, "testdata/"+tc.file+".csv")
				_, err := parseRankings("x.csv", []byte(good))
				require.NoError(t, err)
				require.Contains(t, good, tc.old)
				data = strings.Replace(good, tc.old, tc.new, 1)
			}
			got, err := parseRankings("x.csv", []byte(data))
			require.ErrorContains(t, err, tc.want)
			require.Nil(t, got)
		})
	}
	_, err := readRankings("testdata/absent.csv")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestUnused(t *testing.T) {
	var all []string
	for _, name := range []string{"FF", "FG", "FF2", "FF", "FF", "FG"} {
		all = append(all, unused(name, all))
	}
	require.Equal(t, []string{"FF", "FG", "FF2", "FF3", "FF4", "FG2"}, all)
}

func TestClean(t *testing.T) {
	for _, tc := range []struct {
		ranks, want []int
		cleaned     bool
	}{
		{nil, nil, false},
		{[]int{nobody, nobody}, nil, false},
		{[]int{4, nobody, nobody}, []int{4}, false},
		{[]int{4, 0, 2}, []int{4, 0, 2}, false},
		{[]int{nobody, 4}, []int{4}, true},
		{[]int{several}, nil, true},
		{[]int{4, several, nobody}, []int{4}, true},
		{[]int{several, 4}, []int{4}, true},
		{[]int{4, 4}, []int{4}, true},
		{[]int{4, 0, 4, 2}, []int{4, 0, 2}, true},
	} {
		got, cleaned := clean(tc.ranks)
		require.Equal(t, tc.want, got, tc.ranks)
		require.Equal(t, tc.cleaned, cleaned, tc.ranks)
	}
}

// FuzzParseRankings holds that no byte string panics, and that what is accepted
// are rankings of distinct candidates.
func FuzzParseRankings(f *testing.F) {
	f.Add([]byte(read(f, "testdata/table.csv")))
	f.Add([]byte(read(f, "testdata/names.csv")))
	f.Add([]byte(",A\n1,\n"))
	f.Add([]byte("rank 1\novervote"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseRankings("x.csv", data)
		if err != nil {
			require.Nil(t, r)
			require.True(t, strings.HasPrefix(err.Error(), "x.csv:"), err)
			return
		}
		require.True(t, utf8.Valid(data))
		for _, name := range r.Candidates {
			require.True(t, norm.NFC.IsNormalString(name))
		}
		names := slices.Clone(r.Candidates)
		slices.Sort(names)
		require.Len(t, slices.Compact(names), len(r.Candidates))
		require.NotContains(t, names, "")
		require.LessOrEqual(t, r.Places, len(names))
		require.LessOrEqual(t, r.Cleaned, len(r.Ballots))
		for _, ranking := range r.Ballots {
			require.LessOrEqual(t, len(ranking), r.Places)
			for i, candidate := range ranking {
				require.True(t, 0 <= candidate && candidate < len(names))
				require.NotContains(t, ranking[:i], candidate)
			}
		}
	})
}
