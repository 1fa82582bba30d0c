package attacks

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/tokentest"
	"github.com/hanpyo/hanpyo/ledger"
	witnesses "github.com/hanpyo/hanpyo/ledger/witness"
	"github.com/hanpyo/hanpyo/mixnet"
	"github.com/hanpyo/hanpyo/tally"
	"github.com/hanpyo/hanpyo/zkp"
)

// reader is an exported function to which bytes come from outside.
type reader struct {
	name  string // folder.Type.Function
	valid []byte // is accepted
	// read reads and, if what it has read can be written, writes it again.
	read func(b []byte) (again []byte, err error)
	// other says that reading is not exact: a text has other forms, a seal
	// other contents, or the function takes any bytes at all.
	other bool
}

// one returns a reader that writes nothing again.
func one(name string, valid []byte, read func(b []byte) error) reader {
	return reader{name, valid, func(b []byte) ([]byte, error) { return nil, read(b) }, true}
}

// exact returns a reader of one encoding.
func exact[T any](name string, valid []byte, read func([]byte) (T, error), write func(T) []byte) reader {
	return reader{name, valid, func(b []byte) ([]byte, error) {
		v, err := read(b)
		if err != nil {
			return nil, err
		}
		return write(v), nil
	}, false}
}

// readers returns all of them, for a fixture.
func (f *fixture) readers(t *testing.T) []reader {
	list := slices.Concat(f.groupReaders(), f.proofReaders(t), f.ledgerReaders(t), f.ballotReaders(t))
	if f.mixed && f.Group == groups()[0] { // tokens know nothing of groups and contests
		list = append(list, f.tokenReaders(t)...)
	}
	return list
}

func (f *fixture) tokenReaders(t *testing.T) []reader {
	ctx, class := t.Context(), token.Class{Style: "town", Weight: 1}
	c := token.Context{Election: f.Manifest.ID(), Registrar: f.Manifest.Registrars.Keys[0], Class: class}
	issuer := tokentest.Key(0)
	public := must(issuer.Public(c))
	message := token.Message(c.Election, class, f.Voters[0].Line.Key)
	request := must(token.NewRequest(public, message))
	answer := must(issuer.Sign(request.Blinded()))
	signed := must(request.Finish(answer))
	desk := must(token.OpenDesk(ctx, ledger.NewMemory(f.Signer), token.DeskConfig{
		Election: c.Election, Registrar: c.Registrar, Keys: map[token.Class]*token.IssuerKey{class: issuer},
		Eligible: func(context.Context, [32]byte) (token.Class, error) { return class, nil },
	}))
	subject := byte(0)
	return []reader{
		exact("ballot/token.ParsePublicKey", public.Bytes(), func(b []byte) (*token.PublicKey, error) { return token.ParsePublicKey(b, c) }, (*token.PublicKey).Bytes),
		one("ballot/token.ParseIssuerKey", issuer.Bytes(), func(b []byte) error { _, err := token.ParseIssuerKey(b); return err }),
		one("ballot/token.ParseRequest", request.Bytes(), func(b []byte) error { _, err := token.ParseRequest(public, b); return err }),
		one("ballot/token.IssuerKey.Sign", request.Blinded(), func(b []byte) error { _, err := issuer.Sign(b); return err }),
		one("ballot/token.PublicKey.Verify", signed, func(b []byte) error { return public.Verify(message, b) }),
		one("ballot/token.NewRequest", message, func(b []byte) error { _, err := token.NewRequest(public, b); return err }),
		one("ballot/token.Request.Finish", answer, func(b []byte) error { _, err := request.Finish(b); return err }),
		one("ballot/token.Message", nil, func(b []byte) error { token.Message(c.Election, class, b); return nil }),
		one("ballot/token.Desk.Issue", request.Blinded(), func(b []byte) error {
			subject++
			_, err := desk.Issue(ctx, [32]byte{subject}, class, b)
			return err
		}),
	}
}

func (f *fixture) groupReaders() []reader {
	g := f.Group
	c := elgamal.Ciphertext{A: g.Base(), B: f.Opening.Keys[:2]}
	point, row := g.AppendPoint(nil, f.Opening.Keys[0]), g.AppendCiphertext(nil, c)
	writePoint := func(p kyber.Point) []byte { return g.AppendPoint(nil, p) }
	writeRow := func(c elgamal.Ciphertext) []byte { return g.AppendCiphertext(nil, c) }
	points := func(list []kyber.Point) (b []byte) {
		for _, p := range list {
			b = g.AppendPoint(b, p)
		}
		return b
	}
	return []reader{
		exact("elgamal.Group.DecodePoint", point, g.DecodePoint, writePoint),
		exact("elgamal.Group.DecodePointOrIdentity", point, g.DecodePointOrIdentity, writePoint),
		exact("elgamal.Group.DecodePointsOrIdentity", slices.Concat(point, point), g.DecodePointsOrIdentity, points),
		exact("elgamal.Group.DecodeScalar", f.Voters[0].Key.Bytes(), g.DecodeScalar, func(s kyber.Scalar) []byte { return g.AppendScalar(nil, s) }),
		exact("elgamal.Group.DecodeCiphertext", row, func(b []byte) (elgamal.Ciphertext, error) { return g.DecodeCiphertext(b, 2) }, writeRow),
		exact("elgamal.Group.DecodeCiphertextOrIdentity", row, func(b []byte) (elgamal.Ciphertext, error) { return g.DecodeCiphertextOrIdentity(b, 2) }, writeRow),
		exact("mixnet.DecodeList", slices.Concat(row, row), func(b []byte) (*mixnet.List, error) {
			return mixnet.DecodeList(context.Background(), g, 2, 2, b, nil)
		}, (*mixnet.List).Bytes),
		exact("elgamal.Embed", make([]byte, elgamal.EmbedLen), func(b []byte) (kyber.Point, error) { return elgamal.Embed(g, b) }, func(p kyber.Point) []byte {
			b, err := elgamal.Extract(g, p)
			if err != nil {
				return nil
			}
			return b
		}),
		one("elgamal.Group.HashToPoint", nil, func(b []byte) error { return g.CheckPoint(g.HashToPoint("test", b)) }),
		one("elgamal.Group.ReduceScalar", []byte{1}, func(b []byte) error {
			_, err := g.DecodeScalar(g.AppendScalar(nil, g.ReduceScalar(b)))
			return err
		}),
	}
}

// must returns what is there.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (f *fixture) proofReaders(t *testing.T) (list []reader) {
	g := f.Group
	c := zkp.Context{Kind: "test", Election: f.Fingerprint}
	x, y := g.Uint64Scalar(3), g.Uint64Scalar(4)
	base, base2 := g.Base(), g.Generator("test", 1)
	of := func(s kyber.Scalar, p kyber.Point) kyber.Point { return g.Point().Mul(s, p) }
	add := func(name string, proof []byte, verify func(proof []byte) error, addTo func(b *zkp.Batch, proof []byte) error) {
		list = append(list, one("zkp."+name+".Verify", proof, verify), one("zkp."+name+".AddTo", proof, func(proof []byte) error {
			b := zkp.NewBatch(g)
			return errors.Join(addTo(b, proof), b.Verify())
		}))
	}
	dlog := zkp.Dlog{Base: base, Image: of(x, base)}
	add("Dlog", must(dlog.Prove(g, c, x)), func(p []byte) error { return dlog.Verify(g, c, p) },
		func(b *zkp.Batch, p []byte) error { return dlog.AddTo(b, c, "", p) })
	dlogs := zkp.Dlogs{Base: base, Images: []kyber.Point{of(x, base), of(y, base)}}
	add("Dlogs", must(dlogs.Prove(g, c, []kyber.Scalar{x, y})), func(p []byte) error { return dlogs.Verify(g, c, p) },
		func(b *zkp.Batch, p []byte) error { return dlogs.AddTo(b, c, "", p) })
	dleq := zkp.DLEQ{Base: base, Image: of(x, base), Base2: base2, Image2: of(x, base2)}
	add("DLEQ", must(dleq.Prove(g, c, x)), func(p []byte) error { return dleq.Verify(g, c, p) },
		func(b *zkp.Batch, p []byte) error { return dleq.AddTo(b, c, "", p) })
	keys := zkp.DLEQKeys{Base: base, Images: dlogs.Images, Base2: base2, Images2: []kyber.Point{of(x, base2), of(y, base2)}}
	add("DLEQKeys", must(keys.Prove(g, c, []kyber.Scalar{x, y})), func(p []byte) error { return keys.Verify(g, c, p) },
		func(b *zkp.Batch, p []byte) error { return keys.AddTo(b, c, "", p) })
	bases := zkp.DLEQBases{Base: base, Image: of(x, base), Bases2: []kyber.Point{base2, f.Opening.Keys[0]}}
	for _, b := range bases.Bases2 {
		bases.Images2 = append(bases.Images2, of(x, b))
	}
	add("DLEQBases", must(bases.Prove(g, c, x)), func(p []byte) error { return bases.Verify(g, c, p) },
		func(b *zkp.Batch, p []byte) error { return bases.AddTo(b, c, "", p) })
	oneOf := zkp.OneOf{Key: base2, A: of(x, base), B: g.Point().Add(base, of(x, base2)), Messages: []kyber.Point{g.Point(), base}}
	add("OneOf", must(oneOf.Prove(g, c, zkp.OneOfWitness{Randomness: x, Index: 1})), func(p []byte) error { return oneOf.Verify(g, c, p) },
		func(b *zkp.Batch, p []byte) error { return oneOf.AddTo(b, c, "", p) })

	slot := zkp.Column{Index: 0, Key: f.Opening.Keys[0]}
	form := must(zkp.NewForm(g, f.Fingerprint, "test", []zkp.Column{slot}, nil))
	key := must(elgamal.NewPublicKey(g, f.Opening.Keys[:1]))
	s := zkp.BallotStatement{Credential: of(y, base), Number: 1, Row: key.Encrypt([]kyber.Point{base}, x)}
	add("Form", must(form.Prove(s, zkp.BallotWitness{Randomness: x, Bits: []uint8{1}, Credential: y})),
		func(p []byte) error { return form.Verify(s, p) }, func(b *zkp.Batch, p []byte) error { return form.AddTo(b, s, "", p) })

	ctx := context.Background()
	input := must(mixnet.NewList(ctx, g, 1, []elgamal.Ciphertext{s.Row, key.Encrypt([]kyber.Point{base2}, y)}, nil))
	output, secret, err := mixnet.Shuffle(ctx, key, input, nil)
	require.NoError(t, err)
	st, place := mixnet.Statement{Key: key, Input: input, Output: output}, mixnet.Place{Election: f.Fingerprint, Contest: "c"}
	proof := must(st.Prove(ctx, place, secret, nil))
	return append(list,
		one("mixnet.Statement.Verify", proof, func(p []byte) error { return st.Verify(ctx, place, p, nil) }),
		one("mixnet.Cascade.Verify", proof, func(p []byte) error {
			return mixnet.Cascade{Key: key, Input: input, Mixes: []mixnet.Mix{{Place: place, Output: output, Proof: p}}}.Verify(ctx, nil)
		}),
		one("zkp.NewTranscript", nil, func(p []byte) error {
			d := zkp.NewTranscript(g, "test", "test", c, p)
			d.ReadPoint("A", 0)
			d.ReadScalar("z", 0)
			return d.Err()
		}),
		one("zkp.Transcript.Absorb", proof, func(p []byte) error {
			zkp.NewTranscript(g, "test", "test", c, nil).Absorb("part", p)
			return nil
		}))
}

func (f *fixture) ledgerReaders(t *testing.T) []reader {
	ctx := t.Context()
	cp := must(f.Log.Checkpoint(ctx))
	proof := must(ledger.Prove(ctx, f.Log, 3))
	edge := ledger.NewRange(1)
	for _, data := range f.entries[1:9] {
		edge.Append(ledger.LeafHash(data))
	}
	rotation := ledger.Rotation{Old: f.Manifest.Ledger.Key, New: f.Manifest.Ledger.Key, Size: 4}
	require.NoError(t, rotation.Sign(f.Signer))
	witness := must(ledger.NewCosigningKey(ledger.CosignEd25519, "example.org/w"))
	policy := f.Manifest.Policy()
	w, err := witnesses.Open(t.TempDir(), []*ledger.CosigningKey{witness}, []string{f.Manifest.Ledger.Key})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close()) })
	nobody := &witnesses.Client{URL: "http://127.0.0.1:0"}
	// On a ledger whose only entry it is.
	alone := func(read func(log ledger.Ledger) error) func(b []byte) error {
		return func(b []byte) error {
			log := ledger.NewMemory(f.Signer)
			if _, err := log.Append(ctx, b); err != nil {
				return err
			}
			return read(log)
		}
	}
	entryBytes := f.entries[f.opened]
	return []reader{
		exact("internal/entry.Parse", entryBytes, func(b []byte) (*entry.Envelope, error) { return entry.Parse(slices.Clone(b)) }, (*entry.Envelope).Bytes),
		exact("ledger.ParseCheckpoint", cp.Raw, ledger.ParseCheckpoint, func(c ledger.Checkpoint) []byte { return c.Raw }),
		exact("ledger.Policy.Check", cp.Raw, policy.Check, func(c ledger.Checkpoint) []byte { return c.Raw }),
		exact("ledger.ParseRange", edge.Bytes(), ledger.ParseRange, (*ledger.Range).Bytes),
		exact("ledger.ParseRotation", rotation.Bytes(), ledger.ParseRotation, ledger.Rotation.Bytes),
		exact("ledger.ParseCosigningKey", []byte(witness.Secret()), func(b []byte) (*ledger.CosigningKey, error) { return ledger.ParseCosigningKey(string(b)) },
			func(k *ledger.CosigningKey) []byte { return []byte(k.Secret()) }),
		one("ledger.ParseLeaf", ledger.Leaf(entryBytes), func(b []byte) error { _, _, err := ledger.ParseLeaf(b); return err }),
		one("ledger.Leaf", entryBytes, func(b []byte) error { ledger.Leaf(b); return nil }),
		one("ledger.LeafHash", entryBytes, func(b []byte) error { ledger.LeafHash(b); return nil }),
		one("ledger.CheckEntry", entryBytes, ledger.CheckEntry),
		one("ledger.Stub.Check", nil, func(b []byte) error { _ = ledger.Stub{}.Check(b); return nil }),
		one("ledger.VerifyProof", proof, func(b []byte) error { _, err := ledger.VerifyProof(policy, f.entries[3], b); return err }),
		one("ledger.Rotation.Add", rotation.Bytes(), func(b []byte) error {
			r := rotation
			r.Add(b)
			_, _ = policy.Rotate(r)
			return nil
		}),
		one("ledger/witness.Witness.Cosign", nil, func(b []byte) error { _, err := w.Cosign(ctx, 0, nil, b); return err }),
		one("ledger/witness.Client.Cosign", nil, func(b []byte) error { _, err := nobody.Cosign(ctx, 0, nil, b); return err }),
		one("elgamal/dkg.Trustee.Pin", []byte("pin"), func(b []byte) error { return dkg.NewMemoryTrustee(f.Group).Pin("target", b) }),
		one("ballot.Load", nil, alone(func(log ledger.Ledger) error { _, err := ballot.Load(ctx, log, f.Fingerprint); return err })),
		one("ballot.OpenBox", nil, alone(func(log ledger.Ledger) error {
			_, err := ballot.OpenBox(ctx, f.Election.Election, log)
			return err
		})),
		one("tally.Follow", nil, func(b []byte) error {
			for _, err := range tally.Follow(ctx, f.Log, f.Fingerprint, b, nil) {
				return err
			}
			return nil
		}),
	}
}

func (f *fixture) ballotReaders(t *testing.T) []reader {
	ctx, e, m := t.Context(), f.Election.Election, f.Manifest
	sent := f.vote(t, f.voter(0), f.votes[0])
	challenged := must(e.Prepare(f.voter(1), f.votes[1]))
	spoil := must(challenged.Challenge())
	log, box := f.open(t)
	receipt := must(box.Cast(ctx, sent))
	spoilReceipt := must(box.Spoil(ctx, spoil.Bytes()))
	opening := must(challenged.Open(spoilReceipt))
	code := ballot.NewCode()
	share := must(ballot.NewCodeShare(m, m.Registrars.Keys[0], "voter-1", code))
	tracker := sent.Tracker()
	text := func(read func(string) error) func([]byte) error {
		return func(b []byte) error { return read(string(b)) }
	}
	return []reader{
		exact("ballot.ParseManifestBytes", m.Bytes(), ballot.ParseManifestBytes, (*ballot.Manifest).Bytes),
		one("ballot.ParseManifest", m.JSON(), func(b []byte) error { _, err := ballot.ParseManifest(b); return err }),
		one("ballot.ManifestID", m.Bytes(), func(b []byte) error { ballot.ManifestID(b); return nil }),
		exact("ballot.Election.ParseBallot", sent.Bytes(), e.ParseBallot, (*ballot.Ballot).Bytes),
		exact("ballot.Election.ParseSpoil", spoil.Bytes(), e.ParseSpoil, (*ballot.Spoil).Bytes),
		one("ballot.Election.VerifyReceipt", sent.Bytes(), func(b []byte) error { return e.VerifyReceipt(b, receipt) }),
		one("ballot.Box.CastBytes", sent.Bytes(), func(b []byte) error { _, err := box.CastBytes(ctx, b); return err }),
		one("ballot.Box.Submit", sent.Bytes(), func(b []byte) error { _, err := box.Submit(ctx, b); return err }),
		one("ballot.Box.Spoil", spoil.Bytes(), func(b []byte) error { _, err := box.Spoil(ctx, b); return err }),
		one("ballot.Box.Standing", f.Voters[0].Line.Key, func(b []byte) error { _, err := box.Standing(b); return err }),
		one("ballot.State.Standing", nil, func(b []byte) error { _, err := ballot.NewState(e).Standing(b); return err }),
		one("ballot.Roll.Find", f.Voters[0].Line.Key, func(b []byte) error { _, err := f.Roll.Find(b); return err }),
		one("ballot.Election.FindLine", f.Voters[0].Line.Key, func(b []byte) error { _, err := e.FindLine(ctx, log, b); return err }),
		one("ballot.RollReader.Add", firstOf(f.Roll.Bodies()), func(b []byte) error { _, err := ballot.NewRollReader(m).Add(b); return err }),
		exact("ballot.ParseVoterKey", f.Voters[0].Key.Bytes(), func(b []byte) (*ballot.VoterKey, error) { return ballot.ParseVoterKey(f.Group, b) }, (*ballot.VoterKey).Bytes),
		exact("ballot.ParseFingerprint", []byte(f.Fingerprint.String()), func(b []byte) (ballot.Fingerprint, error) { return ballot.ParseFingerprint(string(b)) },
			func(fp ballot.Fingerprint) []byte { return []byte(fp.String()) }),
		exact("ballot.ParseTracker", []byte(tracker.String()), func(b []byte) (ballot.Tracker, error) { return ballot.ParseTracker(string(b)) },
			func(tr ballot.Tracker) []byte { return []byte(tr.String()) }),
		one("ballot.Fingerprint.UnmarshalText", []byte(f.Fingerprint.String()), new(ballot.Fingerprint).UnmarshalText),
		one("ballot.Tracker.UnmarshalText", []byte(tracker.String()), new(ballot.Tracker).UnmarshalText),
		exact("ballot.ParseCodeShare", share.Bytes(), func(b []byte) (*ballot.CodeShare, error) { return ballot.ParseCodeShare(m, b) }, (*ballot.CodeShare).Bytes),
		one("ballot.ParseCode", []byte(code.Text()), text(func(s string) error { _, err := ballot.ParseCode(s); return err })),
		one("ballot.Election.CheckOpening", spoil.Bytes(), func(b []byte) error {
			_, err := e.CheckOpening(challenged.Tracker(), opening, b, spoilReceipt)
			return err
		}),
		one("ballot.Election.CheckOpening", []byte(opening), func(b []byte) error {
			_, err := e.CheckOpening(challenged.Tracker(), string(b), spoil.Bytes(), spoilReceipt)
			return err
		}),
		one("tally.Trace", sent.Bytes(), func(b []byte) error { _, err := tally.Trace(ctx, log, f.Fingerprint, b, receipt); return err }),
		one("elgamal.GroupByName", []byte(f.Group.Name()), text(func(s string) error { _, err := elgamal.GroupByName(s); return err })),
	}
}

func firstOf(bodies func(func([]byte) bool)) (first []byte) {
	for b := range bodies {
		return b
	}
	return nil
}

// exempt are exported functions with bytes among their parameters that come from
// the caller itself, each with what it is.
var exempt = map[string]string{
	"elgamal.Group.AppendPoint":      "what is appended to",
	"elgamal.Group.AppendScalar":     "what is appended to",
	"elgamal.Group.AppendCiphertext": "what is appended to",
	"elgamal/dkg.CreateTrustee":      "the trustee's own passphrase",
	"elgamal/dkg.OpenTrustee":        "the trustee's own passphrase; FuzzVault tries the file",
}

// byteFunctions returns the exported functions of the library's packages that
// take bytes, or read something by their name.
func byteFunctions(t *testing.T, root string) (names []string) {
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := filepath.ToSlash(must(filepath.Rel(root, path)))
		if d.IsDir() {
			for _, skipped := range []string{"internal", "bench", "examples", "ledger/ledgertest", ".git"} {
				if name == skipped || strings.Contains(name, "/internal") {
					return filepath.SkipDir
				}
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Name.IsExported() && takesBytes(f) {
				if typ, ok := receiver(f); ok {
					names = append(names, strings.TrimPrefix(filepath.ToSlash(filepath.Dir(name)), "./")+"."+typ+f.Name.Name)
				}
			}
		}
		return nil
	})
	require.NoError(t, err)
	return names
}

// receiver returns the name of an exported receiver with a dot, or nothing for
// a function.
func receiver(f *ast.FuncDecl) (name string, ok bool) {
	if f.Recv == nil {
		return "", true
	}
	typ := f.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	id, ok := typ.(*ast.Ident)
	return fmt.Sprint(typ) + ".", ok && id.IsExported()
}

func takesBytes(f *ast.FuncDecl) bool {
	for _, p := range f.Type.Params.List {
		if list, ok := p.Type.(*ast.ArrayType); ok && list.Len == nil {
			if elt, ok := list.Elt.(*ast.Ident); ok && elt.Name == "byte" {
				return true
			}
		}
	}
	return false
}

// hostile are bytes that are nothing in particular.
func hostile() (list [][]byte) {
	list = append(list, nil, []byte{}, []byte("\n"), []byte("{}"), []byte("null"), []byte("hanpyo"))
	for _, n := range []int{1, 2, 3, 4, 5, 31, 32, 33, 34, 63, 64, 65, 66, 96, 128, 1000} {
		for _, b := range []byte{0, 1, 0x7f, 0xff} {
			list = append(list, slices.Repeat([]byte{b}, n))
		}
		random := sha256.Sum256([]byte{byte(n)})
		list = append(list, slices.Repeat(random[:], n/32+1)[:n])
	}
	return list
}

// Whatever comes in, nothing panics, and what has one encoding is read from no
// other one. A function that takes bytes and is not tried here fails the test.
func TestP85NoPanic(t *testing.T) {
	tried := make(map[string]bool)
	eachElection(t, func(t *testing.T, f *fixture) {
		list := f.readers(t)
		for i, r := range list {
			tried[r.name] = true
			if r.valid != nil {
				again, err := r.read(r.valid)
				require.NoError(t, err, r.name)
				require.True(t, r.other || slices.Equal(again, r.valid), r.name)
			}
			for k, b := range slices.Concat(hostile(), [][]byte{
				r.valid[:len(r.valid)/2], append(slices.Clone(r.valid), 0), list[(i+1)%len(list)].valid, list[(i+len(list)/2)%len(list)].valid,
			}) {
				again, err := r.read(b)
				if err == nil && !r.other {
					require.True(t, slices.Equal(b, again), "%s, %d: %x", r.name, k, b)
				}
			}
		}
	})
	var untried []string
	for _, name := range byteFunctions(t, "../..") {
		if !tried[name] && exempt[name] == "" && !strings.HasPrefix(name, "ballot/identity") { // which has tests of its own
			untried = append(untried, name)
		}
	}
	require.Empty(t, untried, "functions that take bytes and are not tried: readers_test.go lists them")
}
