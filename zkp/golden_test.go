package zkp

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

var update = flag.Bool("update", false, "write testdata anew")

// goldenProof is one proof with all that leads to it: points and scalars are
// hex in the group's encoding, Fresh stands in for the prover's randomness.
type goldenProof struct {
	Name       string              `json:"name"`
	Context    goldenContext       `json:"context"`
	Statement  map[string]any      `json:"statement"`
	Fresh      hexBytes            `json:"fresh"`
	Session    hexBytes            `json:"session"`
	Challenges map[string][]string `json:"challenges"`
	Proof      hexBytes            `json:"proof"`
}

type goldenContext struct {
	Kind     string   `json:"kind"`
	Election hexBytes `json:"election"`
	Position hexBytes `json:"position"`
}

// Proofs come out the same to the byte, challenges included. The files in
// testdata are for other implementations as well.
func TestGolden(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		var list []goldenProof
		for _, f := range fixtures(g) {
			list = append(list, golden(t, f))
		}
		out, err := json.MarshalIndent(list, "", " ")
		require.NoError(t, err)
		out = append(out, '\n')
		file := filepath.Join("testdata", "proofs_"+g.Name()+".json")
		if *update {
			require.NoError(t, os.WriteFile(file, out, 0o644))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, out), "proofs differ from %s", file)

		var stored []goldenProof
		require.NoError(t, json.Unmarshal(want, &stored))
		require.Len(t, stored, len(fixtures(g)))
		for i, f := range fixtures(g) {
			require.Equal(t, f.name, stored[i].Name)
			require.NoError(t, f.statement.Verify(g, f.context, stored[i].Proof), f.name)
		}
	})
}

func golden(t *testing.T, f *fixture) goldenProof {
	g := f.group
	scalars := func(list ...kyber.Scalar) (out []string) {
		for _, s := range list {
			out = append(out, hex.EncodeToString(g.AppendScalar(nil, s)))
		}
		return out
	}
	points := func(list ...kyber.Point) (out []string) {
		for _, p := range list {
			out = append(out, hex.EncodeToString(g.AppendPoint(nil, p)))
		}
		return out
	}
	fresh := sha256.Sum256([]byte(f.name))
	out := goldenProof{
		Name:       f.name,
		Context:    goldenContext{f.context.Kind, f.context.Election[:], f.context.Position},
		Fresh:      fresh[:],
		Challenges: map[string][]string{},
		Proof:      f.proof,
	}
	if r, id, ok := relationOf(t, g, f.context, f.statement); ok {
		tr, err := r.read(id, f.proof)
		require.NoError(t, err)
		out.Session = id[:]
		out.Challenges["e"] = scalars(tr.e)
	}
	switch s := f.statement.(type) {
	case Dlog:
		out.Statement = map[string]any{"base": points(s.Base)[0], "image": points(s.Image)[0]}
	case Dlogs:
		out.Statement = map[string]any{"base": points(s.Base)[0], "images": points(s.Images...)}
	case DLEQ:
		out.Statement = map[string]any{"base": points(s.Base)[0], "image": points(s.Image)[0],
			"base2": points(s.Base2)[0], "image2": points(s.Image2)[0]}
	case DLEQKeys:
		out.Statement = map[string]any{"base": points(s.Base)[0], "images": points(s.Images...),
			"base2": points(s.Base2)[0], "images2": points(s.Images2...)}
		out.Challenges["weights"] = scalars(must(s.combine(g, f.context)).weights...)
	case DLEQBases:
		out.Statement = map[string]any{"base": points(s.Base)[0], "image": points(s.Image)[0],
			"bases2": points(s.Bases2...), "images2": points(s.Images2...)}
		out.Challenges["weights"] = scalars(must(s.combine(g, f.context)).weights...)
	case OneOf:
		out.Statement = map[string]any{"key": points(s.Key)[0], "A": points(s.A)[0], "B": points(s.B)[0], "messages": points(s.Messages...)}
		d := must(s.open(g, f.context, f.proof))
		out.Challenges["e"] = scalars(must(s.read(d)).e)
		id := session(g, protocolOneOf, "one of", f.context, nil)
		out.Session = id[:]
	case ballotClaim:
		var columns []map[string]any
		for _, c := range s.columns {
			columns = append(columns, map[string]any{"index": c.Index, "key": points(c.Key)[0], "mixed": c.Mixed})
		}
		out.Statement = map[string]any{"columns": columns, "rules": s.rules, "credential": points(s.ballot.Credential)[0],
			"number": s.ballot.Number, "time": s.ballot.Time, "A": points(s.ballot.Row.A)[0], "B": points(s.ballot.Row.B...)}
		form := must(s.form(g, f.context))
		d := form.open(s.ballot, f.proof)
		_, ch := form.read(d)
		require.NoError(t, d.err)
		out.Challenges["lambda"], out.Challenges["mu"] = scalars(ch.lambda...), scalars(ch.mu...)
		out.Challenges["theta"], out.Challenges["e"] = scalars(ch.theta...), scalars(ch.e)
		out.Context.Kind = "ballot" // a form's kind is its own
		id := session(g, protocolBallot, "ballot", Context{"ballot", f.context.Election, f.context.Position}, nil)
		out.Session = id[:]
	}
	return out
}
