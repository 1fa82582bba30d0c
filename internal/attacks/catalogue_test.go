package attacks

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// entries is how many attacks the catalogue has, numbered from 1.
const entries = 90

var (
	namedTest = regexp.MustCompile(`^Test((?:P[0-9]{2})+)[A-Z]`)
	number    = regexp.MustCompile(`P[0-9]{2}`)
	// notApplied is a row of the table of attacks that do not apply: the
	// number and why.
	notApplied = regexp.MustCompile(`(?m)^\| (P[0-9]{2}) \| (.+) \|$`)
)

// Every attack of the catalogue has a test by its name, or stands in the list
// of those that do not apply with the reason, and not both without need.
func TestCatalogue(t *testing.T) {
	tests := make(map[string][]string)
	for _, name := range testNames(t, "../..") {
		if m := namedTest.FindStringSubmatch(name); m != nil {
			for _, n := range number.FindAllString(m[1], -1) {
				tests[n] = append(tests[n], name)
			}
		}
	}
	text, err := os.ReadFile("../../docs/threats.md")
	require.NoError(t, err)
	_, section, _ := strings.Cut(string(text), "\n## Attacks that do not apply\n")
	section, _, _ = strings.Cut(section, "\n## ")
	excused := make(map[string]string)
	for _, m := range notApplied.FindAllStringSubmatch(section, -1) {
		require.NotContains(t, excused, m[1], "stands twice in the list of attacks that do not apply")
		excused[m[1]] = m[2]
	}
	var missing []string
	for i := range entries {
		n := fmt.Sprintf("P%02d", i+1)
		if len(tests[n]) == 0 && strings.TrimSpace(excused[n]) == "" {
			missing = append(missing, n)
		}
		delete(tests, n)
		delete(excused, n)
	}
	require.Empty(t, missing, "attacks with neither a test nor a reason why they do not apply")
	require.Empty(t, tests, "tests of attacks that there are not")
	require.Empty(t, excused, "reasons for attacks that there are not")
}

// testNames returns the names of all test functions below a folder.
func testNames(t *testing.T, root string) (names []string) {
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				names = append(names, f.Name.Name)
			}
		}
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, len(names), 100)
	return names
}
