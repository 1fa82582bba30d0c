// Package imports holds the map of the house: which package may import which.
package imports

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/hanpyo/hanpyo/"

// allowed names, for every folder, which of our packages its code may import
// directly. A name that ends in "/" stands for all below it.
var allowed = map[string][]string{
	"internal/":             {"internal/"},
	"elgamal":               {"internal/"},
	"zkp":                   {"internal/", "elgamal"},
	"elgamal/dkg":           {"internal/", "elgamal", "zkp"},
	"mixnet":                {"internal/", "elgamal", "zkp"},
	"ledger":                {"internal/"},
	"ledger/boltledger":     {"internal/", "ledger"},
	"ledger/ledgertest":     {"ledger", "ledger/witness"},
	"ledger/witness":        {"internal/", "ledger"},
	"ballot":                {"internal/", "elgamal", "elgamal/dkg", "zkp", "ledger", "ballot/token"},
	"ballot/identity":       {"internal/"},
	"ballot/token":          {"internal/", "ledger"},
	"tally":                 {"internal/", "elgamal", "elgamal/dkg", "zkp", "mixnet", "ledger", "ballot", "tally/count"},
	"tally/count":           {"internal/reason"},
	"bench":                 {"elgamal", "elgamal/dkg", "zkp", "mixnet", "ledger", "ledger/boltledger", "ballot", "tally"},
	"bench/byzantine":       {"internal/", "elgamal", "elgamal/dkg", "zkp", "mixnet", "ledger", "ballot", "tally"},
	"bench/":                {"elgamal", "elgamal/dkg", "zkp", "ledger", "ledger/boltledger", "ballot", "tally"},
	"bench/mutate":          {"internal/", "elgamal", "elgamal/dkg", "zkp", "mixnet", "ledger", "ballot", "ballot/token", "tally"},
	"examples/":             {"examples/internal/", "elgamal", "elgamal/dkg", "zkp", "ledger", "ledger/boltledger", "ledger/witness", "ballot", "ballot/token", "ballot/identity", "tally", "tally/count"},
	"internal/dudect":       {"elgamal"},
	"internal/tokentest":    {"ballot/token"},
	"internal/electiontest": {"internal/", "elgamal", "elgamal/dkg", "zkp", "ledger", "ballot", "ballot/token"},
}

// testOnly are packages for tests; only tests, each other, and the command that
// attacks tests' elections may import them.
var testOnly = []string{"internal/electiontest", "internal/tokentest", "ledger/ledgertest"}

// noVotes are packages of the ledger, which must not know what it carries.
var noVotes = []string{"ledger", "ledger/boltledger", "ledger/ledgertest", "ledger/witness"}

// thirdParty are the modules that library packages may import.
var thirdParty = []string{
	"filippo.io/bigmod", "filippo.io/edwards25519", "filippo.io/nistec",
	"github.com/cloudflare/circl", "go.dedis.ch/kyber/v3", "go.etcd.io/bbolt",
	"golang.org/x/crypto", "golang.org/x/mod", "golang.org/x/text",
}

type goPackage struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

func packages(t *testing.T) []goPackage {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Standard", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	require.NoError(t, err)
	var list []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		list = append(list, p)
	}
	require.NotEmpty(t, list)
	return list
}

func matches(name string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		return name == p || strings.HasSuffix(p, "/") && strings.HasPrefix(name, p)
	})
}

// rule returns what the package may import: by its own name, else by the
// longest folder above it.
func rule(name string) ([]string, bool) {
	if list, ok := allowed[name]; ok {
		return list, true
	}
	for i := strings.LastIndex(name, "/"); i > 0; i = strings.LastIndex(name[:i], "/") {
		if list, ok := allowed[name[:i+1]]; ok {
			return list, true
		}
	}
	return nil, false
}

func TestWhoImportsWhom(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		list, ok := rule(name)
		require.True(t, ok, "package %s has no place in the map", name)
		for _, i := range p.Imports {
			own, isOwn := strings.CutPrefix(i, module)
			switch {
			case isOwn:
				require.True(t, matches(own, list), "%s imports %s", name, own)
				require.True(t, slices.Contains(testOnly, name) || name == "bench/mutate" || !slices.Contains(testOnly, own), "%s imports a package for tests", name)
			case strings.Contains(strings.SplitN(i, "/", 2)[0], "."):
				require.True(t, slices.Contains(testOnly, name) || slices.ContainsFunc(thirdParty, func(m string) bool {
					return i == m || strings.HasPrefix(i, m+"/")
				}) || strings.HasPrefix(name, "examples/") || strings.HasPrefix(name, "bench"), "%s imports %s", name, i)
			}
			if slices.Contains(noVotes, name) {
				require.NotEqual(t, "internal/entry", own, "%s looks into entries", name)
			}
		}
	}
}
