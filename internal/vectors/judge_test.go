package vectors

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/mixnet"
	"github.com/hanpyo/hanpyo/tally"
	"github.com/hanpyo/hanpyo/zkp"
)

// judge judges vectors with the library, from files alone.
type judge struct {
	testing.TB
	files  files
	loaded map[string]*loaded
}

// loaded is an election of testdata that was read.
type loaded struct {
	file election
	*ballot.Election
	log ledger.Ledger
}

func newJudge(t testing.TB) *judge {
	return &judge{TB: t, files: make(files), loaded: make(map[string]*loaded)}
}

// of says why something is refused; nil if it is accepted. With edit false it
// is asked about what the vector changes, before the change.
func (j *judge) of(v *vector, edit bool) error {
	base := *v
	if !edit {
		base.Edits, base.Also, base.Then, base.Fingerprint = nil, nil, nil, ""
	}
	doc, data, err := base.changed(j.files.open(j, v.Mutates.File))
	require.NoError(j, err, v.ID)
	group, err := elgamal.GroupByName(v.Group)
	require.NoError(j, err, v.ID)
	switch v.Where {
	case "point":
		_, err = group.DecodePoint(data)
	case "point or identity":
		_, err = group.DecodePointOrIdentity(data)
	case "scalar":
		_, err = group.DecodeScalar(data)
	case "proof", "mix":
		head, _, _ := step(v.Mutates.Pointer)
		one, err := value(doc, "/"+head)
		require.NoError(j, err)
		if v.Where == "mix" {
			return verifyMix(as[goldenMix](j, one))
		}
		return verifyProof(group, as[goldenProof](j, one))
	case "ballot":
		e := j.load(v.Mutates.File)
		b, err := e.ParseBallot(data)
		if err != nil {
			return err
		}
		return e.VerifyBallot(b)
	case "spoil":
		e := j.load(v.Mutates.File)
		s, err := e.ParseSpoil(data)
		if err != nil {
			return err
		}
		return e.VerifySpoil(s)
	case "roll":
		env, err := entry.Parse(data)
		if err != nil {
			return err
		}
		_, err = ballot.NewRollReader(j.load(v.Mutates.File).Manifest).Add(env.Body)
		return err
	case "manifest":
		_, err = ballot.ParseManifest(data)
	case "manifest bytes":
		_, err = ballot.ParseManifestBytes(data)
	case "checkpoint":
		_, err = j.load(v.Mutates.File).Manifest.Policy().Check(data)
	case "receipt":
		err = j.receipt(v, doc)
	case "opening":
		err = j.opening(v, doc)
	case "replay":
		err = j.replay(&base, doc)
	case "ceremony":
		err = j.ceremony(&base, doc)
	case "audit":
		err = j.audit(&base, doc)
	default:
		j.Fatalf("%s: judged at %q", v.ID, v.Where)
	}
	return err
}

// load returns an unchanged election.
func (j *judge) load(file string) *loaded {
	if l, ok := j.loaded[file]; ok {
		return l
	}
	l := &loaded{file: as[election](j, j.files.open(j, file))}
	l.log = j.ledger(l.file.TestOnlyKey, l.file.entries(j, -1, nil))
	var err error
	l.Election, err = ballot.Load(context.Background(), l.log, fingerprint(j, l.file.Fingerprint))
	require.NoError(j, err)
	j.loaded[file] = l
	return l
}

func fingerprint(t testing.TB, s string) (fp ballot.Fingerprint) {
	require.NoError(t, fp.UnmarshalText([]byte(s)))
	return fp
}

// entries returns the entries, with others behind one of them. What has become
// empty is left out.
func (e *election) entries(t testing.TB, at int, then []string) (list [][]byte) {
	add := func(s string) {
		data, err := hex.DecodeString(s)
		require.NoError(t, err)
		if len(data) > 0 {
			list = append(list, data)
		}
	}
	for i, s := range e.Entries {
		add(s)
		if i == at {
			for _, s := range then {
				add(s)
			}
		}
	}
	return list
}

// ledger returns a ledger of these entries, signed with the test-only key.
func (j *judge) ledger(key string, entries [][]byte) ledger.Ledger {
	signer, err := note.NewSigner(key)
	require.NoError(j, err)
	log := ledger.NewMemory(signer)
	for _, data := range entries {
		_, err := log.Append(context.Background(), data)
		require.NoError(j, err)
	}
	return log
}

// rebuilt returns the ledger of a changed election, its fingerprint, and where
// on it the entry stands that is judged: the changed one, or the last of those
// that were put behind it.
func (j *judge) rebuilt(v *vector, doc any) (ledger.Ledger, ballot.Fingerprint, uint64) {
	e := as[election](j, doc)
	at := -1
	_, err := fmt.Sscanf(v.Mutates.Pointer, "/entries/%d", &at)
	require.NoError(j, err, v.ID)
	fp := e.Fingerprint
	if v.Fingerprint != "" {
		fp = v.Fingerprint
	}
	return j.ledger(e.TestOnlyKey, e.entries(j, at, v.Then)), fingerprint(j, fp), uint64(at + len(v.Then))
}

// replay returns why the counting rule refuses the entry.
func (j *judge) replay(v *vector, doc any) error {
	ctx := context.Background()
	log, fp, at := j.rebuilt(v, doc)
	e, err := ballot.Load(ctx, log, fp)
	require.NoError(j, err, v.ID)
	cp, err := log.Checkpoint(ctx)
	require.NoError(j, err)
	state, err := ballot.Replay(ctx, e, log, cp.Size, &ballot.ReplayOptions{Workers: 1})
	require.NoError(j, err, v.ID)
	for _, r := range state.Refused() {
		if r.Index == at {
			return r.Err
		}
	}
	return nil
}

// ceremony returns why an entry of the key ceremony is ignored, or its sender
// put out or forked.
func (j *judge) ceremony(v *vector, doc any) error {
	log, _, at := j.rebuilt(v, doc)
	cp, err := log.Checkpoint(context.Background())
	require.NoError(j, err)
	var posted []dkg.Posted
	for en, err := range log.Entries(context.Background(), 0, cp.Size) {
		require.NoError(j, err)
		posted = append(posted, dkg.Posted(en))
	}
	tr, err := j.load(v.Mutates.File).Manifest.Ceremony().Replay(posted)
	require.NoError(j, err, v.ID)
	for _, i := range tr.Ignored {
		if i.Index == at {
			return i.Reason
		}
	}
	for _, c := range tr.Culprits {
		if c.Entries[len(c.Entries)-1] == at {
			return c.Reason
		}
	}
	for _, f := range tr.Forks {
		if slices.ContainsFunc(f.Messages, func(m dkg.Posted) bool { return m.Index == at }) {
			return f
		}
	}
	return nil
}

// audit returns the findings of the vector's check, if the audit does not pass
// it.
func (j *judge) audit(v *vector, doc any) error {
	log, fp, _ := j.rebuilt(v, doc)
	report, err := tally.Audit(context.Background(), log, fp, &tally.AuditOptions{Workers: 1})
	require.NoError(j, err, v.ID)
	if report.Verified() {
		return nil
	}
	var others []string
	for _, c := range report.Checks {
		if c.Status == tally.Passed {
			continue
		}
		var all []error
		for _, f := range c.Findings {
			if !f.Refused {
				all = append(all, f.Err)
			}
		}
		if c.ID == v.Check && len(all) > 0 {
			return errors.Join(all...)
		}
		others = append(others, fmt.Sprintf("%s %s: %v", c.ID, c.Status, errors.Join(all...)))
	}
	return fmt.Errorf("check %s passed or has no finding; others did not:\n%s", v.Check, strings.Join(others, "\n"))
}

func (j *judge) receipt(v *vector, doc any) error {
	e := j.load(v.Mutates.File)
	var i int
	_, err := fmt.Sscanf(v.Mutates.Pointer, "/receipts/%d/", &i)
	require.NoError(j, err, v.ID)
	r := as[election](j, doc).Receipts[i]
	return e.VerifyReceipt(unhex(e.file.Entries[r.Entry]), r.receipt())
}

func (r receipt) receipt() ballot.Receipt {
	return ballot.Receipt{Index: uint64(r.Index), Tracker: ballot.Tracker(unhex(r.Tracker)), Proof: []byte(r.Proof)}
}

func (j *judge) opening(v *vector, doc any) error {
	e := j.load(v.Mutates.File)
	o := as[election](j, doc).Openings[0]
	_, err := e.CheckOpening(ballot.Tracker(unhex(o.Tracker)), o.Text, unhex(e.file.Entries[o.Receipt.Entry]), o.Receipt.receipt())
	return err
}

// goldenProof is a vector of zkp/testdata.
type goldenProof struct {
	Name    string
	Context struct{ Kind, Election, Position string }
	Proof   string

	Statement struct {
		Base, Image, Base2, Image2 string
		Images, Bases2, Images2    []string
		Key, A                     string
		B                          any // a point, or a ballot's
		Messages                   []string
		Columns                    []goldenColumn
		Rules                      []zkp.Rule
		Credential                 string
		Number                     uint32
		Time                       int64
	}
}

type goldenColumn struct {
	Index int
	Key   string
	Mixed bool
}

// decoder decodes hexadecimal points and keeps the first error.
type decoder struct {
	g   *elgamal.Group
	err error
}

func (d *decoder) bytes(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil && d.err == nil {
		d.err = err
	}
	return b
}

func (d *decoder) point(s string) kyber.Point {
	p, err := d.g.DecodePointOrIdentity(d.bytes(s))
	if err != nil && d.err == nil {
		d.err = err
	}
	return p
}

func (d *decoder) points(list []string) (points []kyber.Point) {
	for _, s := range list {
		points = append(points, d.point(s))
	}
	return points
}

func verifyProof(g *elgamal.Group, v goldenProof) error {
	d := &decoder{g: g}
	c := zkp.Context{Kind: v.Context.Kind, Position: d.bytes(v.Context.Position)}
	if copy(c.Election[:], d.bytes(v.Context.Election)) != len(c.Election) {
		return fmt.Errorf("election: %w", reason.ErrEncoding)
	}
	proof, s := d.bytes(v.Proof), &v.Statement
	var statement interface {
		Verify(g *elgamal.Group, c zkp.Context, proof []byte) error
	}
	switch v.Name {
	case "dlog", "dlog of another base":
		statement = zkp.Dlog{Base: d.point(s.Base), Image: d.point(s.Image)}
	case "dlogs":
		statement = zkp.Dlogs{Base: d.point(s.Base), Images: d.points(s.Images)}
	case "dleq":
		statement = zkp.DLEQ{Base: d.point(s.Base), Image: d.point(s.Image), Base2: d.point(s.Base2), Image2: d.point(s.Image2)}
	case "dleq keys":
		statement = zkp.DLEQKeys{Base: d.point(s.Base), Images: d.points(s.Images), Base2: d.point(s.Base2), Images2: d.points(s.Images2)}
	case "dleq bases":
		statement = zkp.DLEQBases{Base: d.point(s.Base), Image: d.point(s.Image), Bases2: d.points(s.Bases2), Images2: d.points(s.Images2)}
	case "one of":
		b, _ := s.B.(string)
		statement = zkp.OneOf{Key: d.point(s.Key), A: d.point(s.A), B: d.point(b), Messages: d.points(s.Messages)}
	default: // a ballot
		ballot := zkp.BallotStatement{Credential: d.point(s.Credential), Number: s.Number, Time: s.Time, Row: elgamal.Ciphertext{A: d.point(s.A)}}
		for _, b := range s.B.([]any) {
			ballot.Row.B = append(ballot.Row.B, d.point(b.(string)))
		}
		var columns []zkp.Column
		for _, c := range s.Columns {
			columns = append(columns, zkp.Column{Index: c.Index, Key: d.point(c.Key), Mixed: c.Mixed})
		}
		if d.err != nil {
			return d.err
		}
		form, err := zkp.NewForm(g, c.Election, string(c.Position), columns, s.Rules)
		if err != nil {
			return err
		}
		return form.Verify(ballot, proof)
	}
	if d.err != nil {
		return d.err
	}
	return statement.Verify(g, c, proof)
}

// goldenMix is a vector of mixnet/testdata.
type goldenMix struct {
	Group, Election, Contest string
	Step                     int
	Mixer                    string
	Key                      []string
	Rows                     int
	Input, Output, Proof     string
}

func verifyMix(v goldenMix) error {
	g, err := elgamal.GroupByName(v.Group)
	if err != nil {
		return err
	}
	ctx, d := context.Background(), &decoder{g: g}
	place := mixnet.Place{Contest: v.Contest, Step: v.Step, Mixer: d.bytes(v.Mixer)}
	copy(place.Election[:], d.bytes(v.Election))
	keys, input, output, proof := d.points(v.Key), d.bytes(v.Input), d.bytes(v.Output), d.bytes(v.Proof)
	if d.err != nil {
		return d.err
	}
	s := mixnet.Statement{Key: &elgamal.PublicKey{Group: g, Points: keys}}
	for to, data := range map[**mixnet.List][]byte{&s.Input: input, &s.Output: output} {
		*to, err = mixnet.DecodeList(ctx, g, len(keys), v.Rows, data, nil)
		if err != nil {
			return err
		}
	}
	return s.Verify(ctx, place, proof, nil)
}
