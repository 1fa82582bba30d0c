package count

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// shared returns a file of the folder beside the module that may hold other
// people's data, and skips the test if it is not there.
func shared(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", name))
	if os.IsNotExist(err) {
		t.Skipf("../shared/%s is not here; testdata has smaller elections of our own", name)
	}
	require.NoError(t, err)
	return data
}

// readRanks reads a table of ranks: a line for each ballot, its number first. The
// candidates are the heads of the columns; equal ones get their number added.
func readRanks(t *testing.T, data []byte) *Election {
	t.Helper()
	text := strings.TrimPrefix(string(data), "\ufeff")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	e := &Election{}
	seen := map[string]int{}
	for _, name := range rows[0][1:] {
		if seen[name]++; seen[name] > 1 {
			name += strconv.Itoa(seen[name])
		}
		e.Candidates = append(e.Candidates, name)
	}
	for _, row := range rows[1:] {
		b := Ballot{Marks: make([]int, len(row)-1)}
		for i, cell := range row[1:] {
			if cell != "" {
				b.Marks[i], err = strconv.Atoi(cell)
				require.NoError(t, err)
			}
		}
		e.Ballots = append(e.Ballots, b)
	}
	return e
}

// readChoices reads lines of names, first choice first. "undervote", "overvote"
// and a second mark for the same candidate are passed over.
func readChoices(t *testing.T, data []byte) *Election {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
	require.NoError(t, err)
	e := &Election{}
	at := map[string]int{}
	for _, row := range rows[1:] {
		for _, name := range row {
			if _, known := at[name]; !known && name != "undervote" && name != "overvote" {
				at[name] = len(e.Candidates)
				e.Candidates = append(e.Candidates, name)
			}
		}
	}
	for _, row := range rows[1:] {
		b := Ballot{Marks: make([]int, len(e.Candidates))}
		rank := 0
		for _, name := range row {
			if c, ok := at[name]; ok && b.Marks[c] == 0 {
				rank++
				b.Marks[c] = rank
			}
		}
		e.Ballots = append(e.Ballots, b)
	}
	return e
}

// readPabulib reads a file of the participatory budgeting library, and which
// projects it says were selected.
func readPabulib(t *testing.T, data []byte) (b *Budget, rule string, selected []int) {
	t.Helper()
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(data), "\ufeff")))
	r.Comma, r.FieldsPerRecord = ';', -1
	rows, err := r.ReadAll()
	require.NoError(t, err)
	b = &Budget{}
	at := map[string]int{}
	var section string
	var head []string
	for _, row := range rows {
		switch {
		case len(row) == 1 && (row[0] == "META" || row[0] == "PROJECTS" || row[0] == "VOTES"):
			section, head = row[0], nil
			continue
		case head == nil:
			head = row
			continue
		}
		field := map[string]string{}
		for i, cell := range row {
			field[head[i]] = cell
		}
		number := func(text string) int {
			n, err := strconv.Atoi(text)
			require.NoError(t, err)
			return n
		}
		switch {
		case section == "META" && field["key"] == "budget":
			b.Limit = int64(number(field["value"]))
		case section == "META" && field["key"] == "rule":
			rule = field["value"]
		case section == "PROJECTS":
			at[field["project_id"]] = len(b.Projects)
			if field["selected"] == "1" {
				selected = append(selected, len(b.Projects))
			}
			b.Projects = append(b.Projects, field["project_id"])
			b.Costs = append(b.Costs, int64(number(field["cost"])))
		case section == "VOTES":
			marks := make([]int, len(b.Projects))
			points := strings.Split(field["points"], ",")
			for i, id := range strings.Split(field["vote"], ",") {
				marks[at[id]] = 1
				if field["points"] != "" {
					marks[at[id]] = number(points[i])
				}
			}
			b.Ballots = append(b.Ballots, Ballot{Marks: marks})
		}
	}
	return b, rule, selected
}

// vector is an input of belenios-tool with what it answered.
type vector struct {
	Ballots [][]int `json:"ballots"`
	Choices int     `json:"nchoices"`
	Grades  int     `json:"ngrades"`
	Seats   int     `json:"nseats"`

	Expected struct {
		Raw       [][]int64         `json:"raw"`
		Blank     int64             `json:"blank"`
		Valid     int64             `json:"valid"`
		Invalid   [][]int           `json:"invalid"`
		Beatpaths [][][2]int64      `json:"beatpaths"`
		Winners   json.RawMessage   `json:"winners"`
		Ballots   [][]int           `json:"ballots"`
		Events    []json.RawMessage `json:"events"`
	} `json:"expected"`
}

// vectors returns the files of a kind by name.
func vectors(t *testing.T, kind string) map[string]*vector {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "vectors", "counting", kind+"-*.json"))
	require.NoError(t, err)
	if len(names) == 0 {
		t.Skip("../shared/vectors/counting is not here; testdata has smaller elections of our own")
	}
	out := map[string]*vector{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		v := new(vector)
		require.NoError(t, json.Unmarshal(data, v))
		out[strings.TrimSuffix(filepath.Base(name), ".json")] = v
	}
	return out
}

// election leaves out the ballots that the vector calls invalid.
func (v *vector) election() *Election {
	e := &Election{Seats: v.Seats}
	for c := range len(v.Ballots[0]) {
		e.Candidates = append(e.Candidates, string(rune('A'+c)))
	}
	invalid := map[string]bool{}
	for _, b := range v.Expected.Invalid {
		text, _ := json.Marshal(b)
		invalid[string(text)] = true
	}
	for _, b := range v.Ballots {
		if text, _ := json.Marshal(b); !invalid[string(text)] {
			e.Ballots = append(e.Ballots, Ballot{Marks: b})
		}
	}
	return e
}
