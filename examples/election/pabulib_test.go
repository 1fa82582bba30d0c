package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestReadPabulib(t *testing.T) {
	p, err := readPabulib("testdata/approval.pb")
	require.NoError(t, err)
	require.Equal(t, &pabulib{
		Source: "approval.pb", Title: "Little library, what shall it buy?", VoteType: approvalVote, MinLength: 1, MaxLength: 3,
		Projects: []project{
			{"A1", `"Novels"; and short stories`, 6, -1},
			{"A2", "Książki po polsku 📚", 5, -1},
			{"A3", "한국어 그림책", 3, -1},
			{"A4", "A reading room", 3, -1},
		},
		Votes: []pabulibVote{
			{"A1": 1}, {"A1": 1, "A2": 1}, {"A1": 1, "A2": 1, "A3": 1}, {"A4": 1}, {"A1": 1}, {"A2": 1, "A3": 1},
			{"A2": 1}, {"A1": 1, "A4": 1}, {"A3": 1}, {"A1": 1, "A2": 1, "A4": 1},
		},
	}, p)

	p, err = readPabulib("testdata/cumulative.pb")
	require.NoError(t, err)
	require.Equal(t, 3, p.MaxSum, "the largest sum in the file")
	require.Equal(t, project{"P/1", "Trees", 6, 13}, p.Projects[0])
	require.Equal(t, pabulibVote{"P/1": 2, "P/2": 1}, p.Votes[1])

	p, err = readPabulib("testdata/ordinal.pb")
	require.NoError(t, err)
	require.Equal(t, 3, p.MaxLength)
	require.Equal(t, pabulibVote{"1": 2, "3": 1, "4": 3}, p.Votes[2])

	_, err = readPabulib("testdata/absent.pb")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestParsePabulibTolerates(t *testing.T) {
	plain := read(t, "testdata/cumulative.pb")
	want, err := parsePabulib("x.pb", []byte(plain))
	require.NoError(t, err)
	for name, same := range map[string]string{
		"a byte order mark":      "\ufeff" + plain,
		"Windows line ends":      strings.ReplaceAll(plain, "\n", "\r\n"),
		"blanks around fields":   strings.ReplaceAll(plain, ";", " ; "),
		"no newline at the end":  strings.TrimSuffix(plain, "\n"),
		"an empty line":          strings.Replace(plain, "PROJECTS\n", "\nPROJECTS\n", 1),
		"quotes without need":    strings.Replace(plain, ";P/3;", `;"P/3";`, 2),
		"a longer max_length":    strings.Replace(plain, "vote_type", "max_length;9\nvote_type", 1),
		"the sum in META":        strings.Replace(plain, "vote_type", "max_sum_points;3\nvote_type", 1),
		"blanks within the name": strings.Replace(plain, "A pond", "\"A\n\u200b pond\"", 1),
	} {
		got, err := parsePabulib("x.pb", []byte(same))
		require.NoError(t, err, name)
		require.Equal(t, want, got, name)
	}
}

func TestParsePabulibRefuses(t *testing.T) {
	for _, tc := range []struct{ name, file, old, new, want string }{
		{"empty file", "approval", "*", "", "x.pb:1: section META is missing"},
		{"title only", "approval", "*", "META\n", "x.pb:1: column key is missing"},
		{"no META", "approval", "META\n", "", "x.pb:1: section META is missing"},
		{"no PROJECTS", "approval", "PROJECTS\n", "", "x.pb:8: 5 fields where the section has 2 columns"},
		{"no VOTES", "approval", "VOTES\nvoter_id;vote\n1;A1\n2;A1,A2\n3;A2,A1,A3\n4;A4\n5;A1\n6;A2,A3\n7;A2\n8;A1,A4\n9;A3\n10;A1,A2,A4\n", "", "x.pb:13: section VOTES is missing"},
		{"VOTES before PROJECTS", "approval", "PROJECTS\n", "VOTES\n", "x.pb:8: 1 fields where the section has 2 columns"},
		{"VOTES twice", "approval", "4;A4\n", "VOTES\n", "x.pb:19: 1 fields where the section has 2 columns"},
		{"bad UTF-8", "approval", "reading", "\xff", "x.pb:13: not valid UTF-8"},
		{"overlong UTF-8", "approval", "library", "\xc0\x80", "x.pb:3: not valid UTF-8"},
		{"UTF-16", "approval", "META", "\xff\xfeM\x00E\x00", "x.pb:1: not valid UTF-8"},
		{"second byte order mark", "approval", "META", "\ufeff\ufeffMETA", "x.pb:1: section META is missing"},
		{"bare quote", "approval", "A reading", `A "reading`, `x.pb:13: bare " in non-quoted-field`},
		{"open quote", "approval", "A reading", `"A reading`, `x.pb:13: extraneous or missing " in quoted-field`},
		{"comma-separated", "approval", "key;value", "key,value", "x.pb:2: column key is missing"},
		{"column twice", "approval", "cost;votes", "votes;votes", `x.pb:9: column "votes" stands twice`},
		{"no project_id", "approval", "project_id", "id", "x.pb:9: column project_id is missing"},
		{"no voter_id", "approval", "voter_id", "voter", "x.pb:15: column voter_id is missing"},
		{"no vote column", "approval", "voter_id;vote", "voter_id;votes", "x.pb:15: column vote is missing"},
		{"field too many", "approval", "4;A4", "4;A4;9", "x.pb:19: 3 fields where the section has 2 columns"},
		{"field too few", "approval", "4;A4", "4", "x.pb:19: 1 fields where the section has 2 columns"},

		{"META key twice", "approval", "max_length;3", "num_votes;10", `x.pb:7: key "num_votes" stands twice`},
		{"no vote_type", "approval", "vote_type;approval\n", "", "key vote_type is missing"},
		{"unknown vote_type", "approval", ";approval", ";scoring", `x.pb:6: vote_type "scoring" is not one of approval, cumulative, ordinal`},
		{"vote_type in capitals", "approval", ";approval", ";Approval", `x.pb:6: vote_type "Approval" is not one of`},
		{"no num_projects", "approval", "num_projects;4\n", "", "key num_projects is missing"},
		{"no num_votes", "approval", "num_votes;10\n", "", "key num_votes is missing"},
		{"num_projects too large", "approval", "num_projects;4", "num_projects;5", "x.pb:4: num_projects is 5, but the file has 4"},
		{"num_votes too small", "approval", "num_votes;10", "num_votes;9", "x.pb:5: num_votes is 9, but the file has 10"},
		{"num_votes zero", "approval", "num_votes;10", "num_votes;0", "x.pb:5: num_votes: 0 is not allowed"},
		{"num_votes in words", "approval", "num_votes;10", "num_votes;six", `x.pb:5: num_votes: "six" is not a number`},
		{"min over max", "approval", "max_length;3", "max_length;3\nmin_length;4", "x.pb:8: min_length 4 exceeds the 3 projects"},
		{"rule not held", "approval", "max_length;3", "max_sum_cost;1000", "x.pb:7: max_sum_cost: votes under this rule are not supported"},

		{"project twice", "approval", "A2;250", "A1;250", `x.pb:11: project "A1" stands twice`},
		{"project without id", "approval", "A2;250", ";250", "x.pb:11: project without project_id"},
		{"comma in an id", "approval", "A2;250", "A,2;250", `x.pb:11: project_id "A,2" is not at most 64 ASCII letters and digits`},
		{"control character in an id", "approval", "A2;250", "A\x002;250", `x.pb:11: project_id "A\x002" is not`},
		{"long id", "approval", "A2;250", strings.Repeat("A", 65) + ";250", "is not at most 64 ASCII letters"},
		{"projects that differ in case", "approval", "A2;250", "a1;250", `x.pb:11: project "a1" stands twice`},
		{"zero-width id", "approval", "A2;250", "A\u200b2;250", "x.pb:11: project_id"},
		{"votes not a number", "approval", "100;6", "100;6.0", `x.pb:10: votes of project "A1": "6.0" is not a number`},

		{"voter twice", "approval", "4;A4", "3;A4", `x.pb:19: voter "3" stands twice`},
		{"voter without id", "approval", "4;A4", ";A4", "x.pb:19: vote without voter_id"},
		{"unknown project", "approval", "4;A4", "4;A5", `x.pb:19: unknown project "A5"`},
		{"blank in the list", "approval", "2;A1,A2", "2;A1, A2", `x.pb:17: unknown project " A2"`},
		{"comma at the end", "approval", "2;A1,A2", "2;A1,A2,", `x.pb:17: unknown project ""`},
		{"project twice in a vote", "approval", "2;A1,A2", "2;A1,A1", `x.pb:17: project "A1" stands twice in one vote`},
		{"empty vote", "approval", "2;A1,A2", "2;", "x.pb:17: vote names 0 projects, not 1 to 3"},
		{"overvote", "approval", "2;A1,A2", "2;A1,A2,A3,A4", "x.pb:17: vote names 4 projects, not 1 to 3"},

		{"no points", "cumulative", "vote;points", "vote;weight", "x.pb:14: column points is missing"},
		{"points in an approval vote", "cumulative", ";cumulative", ";approval", "x.pb:15: points in an approval vote"},
		{"points missing", "cumulative", "2,1", "2", "x.pb:16: 2 projects but 1 points"},
		{"points too many", "cumulative", "2,1", "1,1,1", "x.pb:16: 2 projects but 3 points"},
		{"points empty", "cumulative", "P/1;2\n", "P/1;\n", "x.pb:19: 1 projects but 0 points"},
		{"points in between", "cumulative", "2,1", "2,,1", "x.pb:16: 2 projects but 3 points"},
		{"points zero", "cumulative", "2,1", "2,0", `x.pb:16: points for project "P/2": 0 is not allowed`},
		{"points negative", "cumulative", "2,1", "2,-1", `"-1" is not a number`},
		{"points with a sign", "cumulative", "2,1", "2,+1", `"+1" is not a number`},
		{"points with a leading zero", "cumulative", "2,1", "2,01", `"01" is not a number`},
		{"points with a fraction", "cumulative", "2,1", "2,1.0", `"1.0" is not a number`},
		{"points in hexadecimal", "cumulative", "2,1", "2,0x1", `"0x1" is not a number`},
		{"points with an underscore", "cumulative", "2,1", "2,1_0", `"1_0" is not a number`},
		{"points in other digits", "cumulative", "2,1", "2,١", `"١" is not a number`},
		{"points with a blank", "cumulative", "2,1", "2, 1", `" 1" is not a number`},
		{"points huge", "cumulative", "2,1", "2,18446744073709551617", `x.pb:16: points for project "P/2": "18446744073709551617" is not a number`},
		{"sum over the limit", "cumulative", "vote_type", "max_sum_points;2\nvote_type", "x.pb:16: 3 points, but max_sum_points is 2"},

		{"ranks in another order", "ordinal", "3,2,1", "1,2,3", "x.pb:18: rank 1 is worth 3 points, not 1"},
		{"rank missing", "ordinal", "1,2,3;3,2,1", "1,2;3,2", "x.pb:18: vote names 2 projects, not 3 to 3"},
		{"rank too many", "ordinal", "1,2,3;3,2,1", "1,2,3,4;4,3,2,1", "x.pb:18: vote names 4 projects, not 3 to 3"},
		{"project ranked twice", "ordinal", "1,2,3;", "1,2,1;", `x.pb:18: project "1" stands twice in one vote`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			good := read(t, "testdata/"+tc.file+".pb")
			bad := strings.Replace(good, tc.old, tc.new, 1)
			if tc.old == "*" {
				bad = tc.new
			}
			require.NotEqual(t, good, bad, "the case changes nothing")
			p, err := parsePabulib("x.pb", []byte(bad))
			require.ErrorContains(t, err, tc.want)
			require.Nil(t, p)
		})
	}
}

func TestTitle(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"", ""},
		{"  two\t\n words ", "two words"},
		{"MAGNOLIE 🌸 w Bieńczycach", "MAGNOLIE 🌸 w Bieńczycach"},
		{"한글 공원", "한글 공원"},
		{"Olecho\u0301w", "Olechów"},
		{"a heart \u2764\ufe0f", "a heart \u2764"},
		{"right \u202eto left", "right to left"},
		{"zero\u200bwidth\u3164", "zerowidth"},
		{"nul\x00, bell\a", "nul , bell"},
		{"\u0301first", "first"},
		{"e" + strings.Repeat("\u0323", 9), "ẹ" + strings.Repeat("\u0323", 4)},
		{"\u2800", ""},
		{strings.Repeat("é", 200), strings.Repeat("é", 200)},
		{strings.Repeat("é", 201), strings.Repeat("é", 199) + "…"},
	} {
		require.Equal(t, tc.want, title(tc.in))
	}
}

// FuzzParsePabulib holds that no byte string panics and that what is accepted
// keeps the rules that the contest made of it relies on.
func FuzzParsePabulib(f *testing.F) {
	for _, kind := range []string{approvalVote, cumulativeVote, ordinalVote} {
		f.Add([]byte(read(f, "testdata/"+kind+".pb")))
	}
	f.Add([]byte("META\nkey;value\nnum_projects;1\nnum_votes;1\nvote_type;ordinal\nPROJECTS\nproject_id\na\nVOTES\nvoter_id;vote\n1;a"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parsePabulib("x.pb", data)
		if err != nil {
			require.Nil(t, p)
			require.True(t, strings.HasPrefix(err.Error(), "x.pb:"), err)
			return
		}
		require.True(t, utf8.Valid(data))
		require.NotEmpty(t, p.Projects)
		require.NotEmpty(t, p.Votes)
		ids := map[string]bool{}
		for _, pr := range p.Projects {
			require.False(t, ids[pr.ID])
			ids[pr.ID] = true
			require.Equal(t, pr.Name, title(pr.Name))
		}
		for _, v := range p.Votes {
			require.LessOrEqual(t, p.MinLength, len(v))
			require.LessOrEqual(t, len(v), p.MaxLength)
			sum, ranks := 0, make([]bool, len(v)+1)
			for id, n := range v {
				require.True(t, ids[id])
				require.Positive(t, n)
				sum += n
				if p.VoteType == ordinalVote {
					require.LessOrEqual(t, n, len(v))
					require.False(t, ranks[n])
					ranks[n] = true
				}
			}
			if p.VoteType == cumulativeVote {
				require.LessOrEqual(t, sum, p.MaxSum)
			}
		}
	})
}

// TestPublishedPabulib reads the files of real votes beside the repository.
func TestPublishedPabulib(t *testing.T) {
	for _, want := range []struct {
		file, voteType  string
		projects, votes int
	}{
		{"katowice-2021.pb", cumulativeVote, 47, 36370},
		{"krakow-bienczyce-2022.pb", ordinalVote, 26, 1490},
		{"lodz-olechow-2022.pb", approvalVote, 12, 2843},
	} {
		p, err := readPabulib(sharedFile(t, want.file))
		require.NoError(t, err)
		require.Equal(t, want.voteType, p.VoteType)
		require.Len(t, p.Projects, want.projects)
		require.Len(t, p.Votes, want.votes)
	}
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

func read(t testing.TB, path string) string {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))
}
