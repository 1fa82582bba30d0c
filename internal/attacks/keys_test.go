package attacks

import (
	"bytes"
	"crypto/ed25519"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"math/big"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/reason"
)

// Every label that separates one use of a hash from another stands in one place
// of the code. That of ballots and that of shuffles name the proof as well as
// its generators, which are hashed in another way.
func TestP09LabelsAreUnique(t *testing.T) {
	where := make(map[string][]string)
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains([]string{"bench", "examples", "dudect", "electiontest", "ledgertest", "testdata"}, d.Name()) {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if x, ok := n.(*ast.BasicLit); ok && x.Kind == token.STRING {
				if s, err := strconv.Unquote(x.Value); err == nil && strings.HasPrefix(s, "hanpyo") {
					where[s] = append(where[s], filepath.ToSlash(path))
				}
			}
			return true
		})
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, len(where), 20)
	for _, generators := range [][]string{
		{"hanpyo ballot", "../../zkp/context.go", "../../zkp/form.go", "../../zkp/form.go"},
		{"hanpyo shuffle", "../../mixnet/generators.go", "../../mixnet/proof.go"},
	} {
		require.ElementsMatch(t, generators[1:], where[generators[0]])
		delete(where, generators[0])
	}
	for label, files := range where {
		require.Len(t, files, 1, "%q", label)
	}
}

// An election names its group, one of two; nothing else of it can be chosen.
func TestP20UnregisteredGroups(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		f := honest(t, g, false)
		view, name := f.Manifest.JSON(), `"group": "`+g.Name()+`"`
		require.Contains(t, string(view), name)
		encoded := append([]byte{0, 0, 0, byte(len(g.Name()))}, g.Name()...)
		require.Equal(t, 1, bytes.Count(f.Manifest.Bytes(), encoded))
		for _, other := range []string{"", "modp-256", "modp-2048", "edwards25519", "P256", "p-256", "ristretto255 ", "secp256k1"} {
			_, err := ballot.ParseManifest(bytes.Replace(view, []byte(name), []byte(`"group": "`+other+`"`), 1))
			requireReason(t, reason.ErrVersion, err, other)
			_, err = ballot.ParseManifestBytes(bytes.Replace(f.Manifest.Bytes(), encoded, append([]byte{0, 0, 0, byte(len(other))}, other...), 1))
			requireReason(t, reason.ErrVersion, err, other)
		}
		// One of the same name that somebody has made, with whatever base.
		made, err := elgamal.NewGroup(g.Name(), g.Kyber(), g.Kyber().(elgamal.Codec))
		require.NoError(t, err)
		d := *f.Manifest
		d.Group = made
		_, err = ballot.NewManifest(d)
		requireReason(t, reason.ErrVersion, err)
	})
}

// A plaintext is a point of the group whatever it says, so that no character of
// a larger group tells anything of it.
func TestP21PlaintextsLieInTheGroup(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		f := honest(t, g, true)
		minusOne := g.Scalar().Neg(g.Scalar().One())
		order := g.Order()
		require.True(t, order.ProbablyPrime(20))
		for _, voter := range []int{0, 1, 2} {
			for _, points := range f.device(t, voter, f.votes[voter]).mixed {
				for _, p := range points {
					// q·P = (q−1)·P + P.
					require.True(t, g.IsIdentity(g.Point().Add(times(g, minusOne, p), p)))
					_, err := g.DecodePoint(g.AppendPoint(nil, p))
					require.NoError(t, err)
				}
			}
		}
		// No bit of a ciphertext leans to one of two votes.
		key := &elgamal.PublicKey{Group: g, Points: f.Opening.Keys[:1]}
		a, b := f.device(t, 0, f.votes[0]).mixed[chair], f.device(t, 1, f.votes[1]).mixed[chair]
		const n = 400
		for at := 1; at < 4; at++ {
			ones := [2]int{}
			for range n {
				for k, p := range []elgamal.Ciphertext{key.Encrypt(a, g.RandomScalar()), key.Encrypt(b, g.RandomScalar())} {
					bits := g.AppendPoint(nil, p.B[0])
					ones[k] += int(bits[at*7]>>1) & 1
				}
			}
			for _, c := range ones { // within nine standard deviations
				require.InDelta(t, n/2, c, 90)
			}
		}
	})
}

// Nobody knows a relation between two generators, with G, or with a key: they
// are derived from their names alone.
func TestP22IndependentGenerators(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		g := f.Group
		seen := map[string]string{string(g.AppendPoint(nil, g.Base())): "G"}
		add := func(name string, b []byte) {
			require.NotContains(t, seen, string(b), name)
			seen[string(b)] = name
		}
		for _, label := range []string{"hanpyo ballot", "hanpyo ballot product", "hanpyo shuffle"} {
			for i := range 40 {
				p := g.Generator(label, i)
				require.False(t, g.IsIdentity(p))
				add(label, g.AppendPoint(nil, p))
				add("minus "+label, g.AppendPoint(nil, g.Point().Neg(p)))
			}
		}
		for _, k := range f.Opening.Keys {
			add("key", g.AppendPoint(nil, k))
		}
		for _, trustee := range f.Manifest.Trustees {
			add("trustee", g.AppendPoint(nil, trustee.Encryption))
		}
	})
}

// Keys that are the identity, or that two have.
func TestP23Keys(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		g := f.Group
		manifest := func(want error, what string, change func([]dkg.TrusteeKeys)) {
			d := *f.Manifest
			d.Trustees = slices.Clone(d.Trustees)
			_, err := ballot.NewManifest(d)
			require.NoError(t, err, "control")
			change(d.Trustees)
			m, err := ballot.NewManifest(d)
			requireReason(t, want, err, what)
			require.Nil(t, m)
		}
		manifest(reason.ErrGroup, "identity", func(k []dkg.TrusteeKeys) { k[1].Encryption = g.Point() })
		manifest(reason.ErrGroup, "none", func(k []dkg.TrusteeKeys) { k[1].Encryption = nil })
		manifest(reason.ErrDuplicate, "two with one encryption key", func(k []dkg.TrusteeKeys) { k[1].Encryption = k[0].Encryption })
		manifest(reason.ErrDuplicate, "two with one signing key", func(k []dkg.TrusteeKeys) { k[1].Signing = k[0].Signing })

		// Signing keys of small order, under which anybody signs anything, and
		// such as are no keys.
		for name, key := range map[string]ed25519.PublicKey{
			"the identity": append([]byte{1}, make([]byte, 31)...),
			"of order 2":   append([]byte{0xec}, append(bytes.Repeat([]byte{0xff}, 30), 0x7f)...),
			"of order 4":   make([]byte, 32),
			"of order 8":   {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
		} {
			for role, change := range map[string]func(d *ballot.Manifest){
				"authority": func(d *ballot.Manifest) { d.Authorities.Keys[0] = key },
				"registrar": func(d *ballot.Manifest) { d.Registrars.Keys[0] = key },
				"trustee":   func(d *ballot.Manifest) { d.Trustees[0].Signing = key },
				"mixer":     func(d *ballot.Manifest) { d.Mixers[0].Signing = key },
			} {
				if role == "mixer" && !f.mixed {
					continue
				}
				d := *f.Manifest
				d.Authorities.Keys, d.Registrars.Keys = slices.Clone(d.Authorities.Keys), slices.Clone(d.Registrars.Keys)
				d.Trustees, d.Mixers = slices.Clone(d.Trustees), slices.Clone(d.Mixers)
				change(&d)
				_, err := ballot.NewManifest(d)
				requireReason(t, reason.ErrGroup, err, "%s: %s", role, name)
			}
		}

		// Two columns with one key, in the open entry.
		open := f.openEntry(t)
		body := open.with(open.fields[1], f.bytesOf(open, open.fields[0]))
		requireReason(t, reason.ErrBinding, open.read(t, [][]byte{body})[0], "two columns with one key, which the ceremony does not make")
		body = open.with(open.fields[0], g.AppendPoint(nil, g.Generator("attack", 0)))
		requireReason(t, reason.ErrBinding, open.read(t, [][]byte{body})[0], "a key that nobody made")

		// Credentials.
		roll := f.rollEntry(t)
		refused := roll.read(t, [][]byte{
			roll.with(roll.fields[0], make([]byte, g.PointLen())),
			roll.with(roll.fields[1], f.bytesOf(roll, roll.fields[0])),
		})
		requireReason(t, reason.ErrGroup, refused[0])
		requireReason(t, reason.ErrDuplicate, refused[1])
		_, err := ballot.ParseVoterKey(g, encode(g, new(big.Int)))
		requireReason(t, reason.ErrRange, err)
	})
}
