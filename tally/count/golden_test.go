package count

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the reports in testdata anew")

// golden is an election of testdata with its known outcome. The .txt beside it
// has the whole report.
type golden struct {
	Source   string // where the outcome is known from
	Rule     string
	Election Election
	Costs    []int64 // for budgets, whose projects are the candidates
	Limit    int64
	Grades   []string
	Elected  []string
	Seats    []int // of lists
}

func (g *golden) count() (*Result, error) {
	e := &g.Election
	b := &Budget{Projects: e.Candidates, Costs: g.Costs, Limit: g.Limit, Ballots: e.Ballots, Lot: e.Lot}
	switch g.Rule {
	case "Score":
		return Score(e, 10)
	case "MajorityJudgement":
		return MajorityJudgement(e, g.Grades)
	case "Greedy":
		return Greedy(b)
	case "EqualShares":
		return EqualShares(b)
	}
	return map[string]func(*Election) (*Result, error){
		"Plurality": Plurality, "Approval": Approval, "Borda": Borda, "InstantRunoff": InstantRunoff,
		"ScottishSTV": ScottishSTV, "NorthernIrelandSTV": NorthernIrelandSTV, "Schulze": Schulze,
		"RankedPairs": RankedPairs, "DHondt": DHondt, "SainteLague": SainteLague,
	}[g.Rule](e)
}

func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			g := new(golden)
			require.NoError(t, json.Unmarshal(data, g))
			r, err := g.count()
			require.NoError(t, err)
			seen[g.Rule] = true
			if g.Seats != nil {
				require.Equal(t, g.Seats, r.Allocation)
			} else {
				require.Equal(t, g.Elected, names(r.Candidates, r.Elected))
			}
			text := strings.TrimSuffix(file, ".json") + ".txt"
			if *update {
				require.NoError(t, os.WriteFile(text, []byte(r.String()), 0o644))
			}
			want, err := os.ReadFile(text)
			require.NoError(t, err)
			require.Equal(t, string(want), r.String())
		})
	}
	require.Len(t, seen, 14) // every rule has one
}

// The examples in the documentation are parts of these reports.
func TestDocumentation(t *testing.T) {
	doc, err := os.ReadFile("../../docs/counting.md")
	require.NoError(t, err)
	var reports strings.Builder
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		reports.Write(text)
	}
	blocks := strings.Split(string(doc), "```\n")
	require.Greater(t, len(blocks), 28)
	for i := 1; i < len(blocks); i += 2 {
		require.Contains(t, reports.String(), blocks[i])
	}
}
