package vectors

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/internal/entry"
)

// bodyAt is where the body of an entry begins (docs/wire.md, The envelope).
const bodyAt = 1 + 1 + 32 + 8 + 4

// signedBy says who signs what was changed.
type signedBy int

const (
	asItWas   signedBy = iota // nobody: the signatures are the old ones
	again                     // those who signed the entry before
	authority                 // somebody else: one of the authorities
)

// entries is a table's view of an election.
type entriesOf struct {
	*generator
	*made
	*curve
	name, path string
	where      string
	check      string
}

// entries changes the elections' entries.
func (g *generator) entries() {
	for _, f := range electionFiles {
		path := here + "elections/" + f.file + ".json"
		m := g.made[path]
		e := &entriesOf{generator: g, made: m, curve: curves[m.Group.Name()], name: f.file, path: path}
		e.ballots()
		e.order()
		e.opening()
		e.afterClose()
		if e.full() || e.name == "tokens" {
			e.spoils()
		}
		if e.full() {
			e.ceremony()
		}
	}
}

// full reports whether this is one of the elections of which everything is
// changed: of the other two it is what they have and these have not.
func (e *entriesOf) full() bool { return e.name == "sums" || e.name == "sums-P-256" }

// at returns the index of the nth entry of a kind, from 0.
func (m *made) at(kind entry.Kind, nth int) int {
	for i, data := range m.raw {
		if len(data) > bodyAt && entry.Kind(data[1]) == kind {
			if nth == 0 {
				return i
			}
			nth--
		}
	}
	panic(fmt.Sprintf("%s has no %s %d", m.file.Name, kind, nth))
}

func (e *entriesOf) envelope(index int) *entry.Envelope {
	env, err := entry.Parse(bytes.Clone(e.raw[index]))
	require.NoError(e, err)
	return env
}

// row is one line of a table of changes of an entry.
func (e *entriesOf) row(index int, f field, c change, by signedBy) {
	v := e.vector(index, f.name, c)
	v.Edits = e.edits(index, f, c, by)
	e.put(v)
}

// edits are those of a change of an entry.
func (e *entriesOf) edits(index int, f field, c change, by signedBy) []edit {
	old := e.raw[index]
	data := bytes.Clone(old)
	edits := []edit{{At: f.at, Remove: f.n, Insert: hex.EncodeToString(c.to(bytes.Clone(old[f.at : f.at+f.n])))}}
	var err error
	if data, err = apply(data, edits); err != nil {
		e.Fatal(err)
	}
	require.NotEqual(e, old, data, "%s: %s", f.name, c.what)
	if by != asItWas {
		edits = e.resigned(old, data, edits, by)
	}
	return edits
}

// vector is one without its edits.
func (e *entriesOf) vector(index int, name string, c change) vector {
	kind := "junk"
	if data := e.raw[index]; len(data) > bodyAt {
		kind = entry.Kind(data[1]).String()
	}
	return vector{
		ID: fmt.Sprintf("%s/%s/%d-%s/%s/%s", slug(e.where), e.name, index, kind, slug(name), slug(c.what)), Group: e.curve.name, Where: e.where,
		Mutates: place{e.path, fmt.Sprintf("/entries/%d", index)}, Field: kind + ": " + name, Change: c.what, Check: e.check, Reason: c.reason,
	}
}

// resigned adds the edits that make the length before the body right, and sign.
func (e *entriesOf) resigned(old, data []byte, edits []edit, by signedBy) []edit {
	was, err := entry.Parse(bytes.Clone(old))
	require.NoError(e, err)
	tail := 1 + len(was.Signatures)*96
	body := data[bodyAt : len(data)-tail]
	if len(body) != len(was.Body) {
		length := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
		edits = append([]edit{{At: bodyAt - 4, Remove: 4, Insert: hex.EncodeToString(length)}}, edits...)
	}
	env := &entry.Envelope{Kind: entry.Kind(data[1]), Election: entry.Hash(data[2:34]), Time: int64(binary.BigEndian.Uint64(data[34:42])), Body: body}
	e.signLike(env, was, by)
	return append(edits, edit{At: bodyAt + len(was.Body), Remove: tail, Insert: hex.EncodeToString(env.Bytes()[bodyAt+len(body):])})
}

func (e *entriesOf) signLike(env, was *entry.Envelope, by signedBy) {
	env.Signatures = nil
	for _, s := range was.Signatures {
		if by == authority {
			env.Sign(e.Authorities[2])
			break
		}
		e.sign[string(s.Key[:])](env)
	}
}

// body is a field of the body, and last the end of it.
func body(name string, at, n int) field { return field{name, bodyAt + at, n} }

func bit(b []byte) []byte { b[len(b)-1] ^= 1; return b }

func plus(by uint64) func([]byte) []byte {
	return func(b []byte) []byte {
		wide := append(make([]byte, 8-len(b)), b...)
		binary.BigEndian.PutUint64(wide, binary.BigEndian.Uint64(wide)+by)
		return wide[8-len(b):]
	}
}

func is(b ...byte) func([]byte) []byte { return constant(b) }

// lengths are the changes of a body's length.
func (e *entriesOf) lengths(index int, by signedBy, reason string) {
	n := len(e.envelope(index).Body)
	e.row(index, body("body", n-1, 1), change{"without its last byte", constant(nil), reason}, by)
	e.row(index, body("body", n, 0), change{"with a byte more", is(0), reason}, by)
}

// envelopes are the changes of what stands around a body that is not signed
// for, but bound by its proof.
func (e *entriesOf) envelopes(index int) {
	data := e.raw[index]
	n := len(data)
	e.row(index, field{"version", 0, 1}, change{"2", is(2), "version"}, asItWas)
	e.row(index, field{"kind", 1, 1}, change{"0", is(0), "encoding"}, asItWas)
	e.row(index, field{"kind", 1, 1}, change{"not known", is(200), "encoding"}, asItWas)
	e.row(index, field{"kind", 1, 1}, change{"that of a close", is(11), "encoding"}, asItWas)
	e.row(index, field{"election", 2, 32}, change{"another", bit, "binding"}, asItWas)
	e.row(index, field{"time", 34, 8}, change{"a second later, which the rounding does not make", plus(1), "encoding"}, asItWas)
	e.row(index, field{"time", 34, 8}, change{"one rounding later", plus(60), "proof"}, asItWas)
	e.row(index, field{"length of the body", 42, 4}, change{"one more", plus(1), "encoding"}, asItWas)
	e.row(index, field{"length of the body", 42, 4}, change{"more than may be", is(0xff, 0xff, 0xff, 0xff), "limit"}, asItWas)
	e.row(index, field{"number of signatures", n - 1, 1}, change{"1, and none", is(1), "encoding"}, asItWas)
	e.row(index, field{"number of signatures", n - 1, 1}, change{"65", is(65), "limit"}, asItWas)
	e.row(index, field{"signatures", n, 0}, change{"a byte behind the end", is(0), "encoding"}, asItWas)
	e.row(index, field{"all", 0, n}, change{"half of it", func(b []byte) []byte { return b[:n/2] }, "encoding"}, asItWas)
	e.row(index, field{"signatures", n - 1, 1}, change{"one of an authority", func([]byte) []byte {
		env := e.envelope(index)
		env.Sign(e.Authorities[0])
		return append([]byte{1}, env.Bytes()[n:]...)
	}, "encoding"}, asItWas)
	e.lengthOfBody(index)
}

// lengthOfBody cuts and extends a body, with the length before it.
func (e *entriesOf) lengthOfBody(index int) { e.lengths(index, again, "encoding") }

// ballots changes a ballot that counts.
func (e *entriesOf) ballots() {
	e.where, e.check = "ballot", ""
	index := e.file.Receipts[1].Entry
	if e.full() {
		e.envelopes(index)
	}
	n := 2 + 4
	e.row(index, body("style", 0, 2), change{"that there is not", is(0, 1), "range"}, asItWas)
	e.row(index, body("number", 2, 4), change{"0", is(0, 0, 0, 0), "range"}, asItWas)
	e.row(index, body("number", 2, 4), change{"one more", plus(1), "proof"}, asItWas)
	if len(e.Issuers) > 0 {
		e.row(index, body("weight", n, 8), change{"2", plus(1), "proof"}, asItWas)
		e.row(index, body("token of the first registrar", n+8, 384), change{"another", bit, "proof"}, asItWas)
		e.row(index, body("tokens", n+8, 768), swapped("exchanged", "proof", 384), asItWas)
		n += 8 + 768
	}
	columns := len(e.Manifest.RowColumns(0))
	l := &layout{curve: e.curve, end: n}
	l.point("credential", "A").point(numbered("B_%d", columns)...)
	if !e.full() { // a column of a mixed contest is bound like the others
		f := l.points[len(l.points)-1]
		for _, c := range e.pointChanges("group", "proof") {
			e.row(index, body(f.name, f.at, f.n), c, asItWas)
		}
		return
	}
	for _, f := range l.points {
		for _, c := range e.pointChanges("group", "proof") {
			e.row(index, body(f.name, f.at, f.n), c, asItWas)
		}
	}
	p := &layout{curve: e.curve, end: l.end}
	p.point("proof, V", "proof, S", "proof, R", "proof, L", "proof, C_1", "proof, C_0", "proof, Q")
	p.scalar(numbered("proof, f_%d", columns)...).scalar("proof, z_r", "proof, z_v", "proof, z_c", "proof, z_k")
	require.Equal(e, len(e.envelope(index).Body), p.end)
	for _, f := range p.points {
		for _, c := range e.pointChanges("proof", "proof")[:3] {
			e.row(index, body(f.name, f.at, f.n), c, asItWas)
		}
	}
	for _, f := range p.scalars {
		for _, c := range e.scalarChanges() {
			e.row(index, body(f.name, f.at, f.n), c, asItWas)
		}
	}
	if columns > 1 {
		e.row(index, body("B_1 and B_2", l.points[2].at, 2*e.curve.point), swapped("exchanged", "proof", e.curve.point), asItWas)
	}
	other := e.envelope(e.file.Receipts[0].Entry).Body
	e.row(index, body("row", l.points[1].at, l.end-l.points[1].at), change{"that of another ballot", constant(other[l.points[1].at:l.end]), "proof"}, asItWas)
	e.row(index, body("credential", l.points[0].at, e.curve.point), change{"that of another voter", constant(other[l.points[0].at:l.points[1].at]), "proof"}, asItWas)
	e.row(index, body("proof", l.end, p.end-l.end), change{"that of another ballot", constant(other[l.end:]), "proof"}, asItWas)
}

// spoils changes the spoil.
func (e *entriesOf) spoils() {
	e.where = "spoil"
	index := e.at(entry.Spoil, 0)
	if e.name == "sums" {
		e.envelopes(index)
	}
	e.row(index, body("tracker", 0, 32), change{"another", bit, "proof"}, asItWas)
	n := 32
	if len(e.Issuers) > 0 {
		e.row(index, body("style", n, 2), change{"that there is not", is(0, 1), "range"}, asItWas)
		e.row(index, body("token of the second registrar", n+2+8+384, 384), change{"another", bit, "proof"}, asItWas)
		n += 2 + 8 + 768
	}
	l := (&layout{curve: e.curve, end: n}).point("credential", "proof, A").scalar("proof, z")
	for _, f := range l.points {
		for _, c := range e.pointChanges("group", "proof") {
			e.row(index, body(f.name, f.at, f.n), c, asItWas)
		}
	}
	for _, c := range e.scalarChanges() {
		e.row(index, body("proof, z", l.scalars[0].at, e.curve.scalar), c, asItWas)
	}
}

// then puts entries behind one of the ledger.
func (e *entriesOf) then(index int, name, what, reason string, entries ...[]byte) {
	v := e.vector(index, name, change{what: what, reason: reason})
	for _, data := range entries {
		v.Then = append(v.Then, hex.EncodeToString(data))
	}
	e.put(v)
}

// later is an entry signed again by the same for another time.
func (e *entriesOf) later(index int, change func(*entry.Envelope)) []byte {
	was := e.envelope(index)
	env := *was
	env.Time += 60
	if change != nil {
		env.Body = bytes.Clone(env.Body)
		change(&env)
	}
	e.signLike(&env, was, again)
	return env.Bytes()
}

// order has what depends on where an entry stands and what stands before it:
// docs/protocol.md §9.3.
func (e *entriesOf) order() {
	e.where, e.check = "replay", ""
	last := e.file.Receipts[len(e.file.Receipts)-1].Entry // behind which only junk comes before the close
	closed := e.at(entry.Close, 0)
	before := e.at(entry.Open, 0) - 1
	ballotAt := e.file.Receipts[0].Entry
	for _, s := range []struct{ name, reason string }{
		{"number above the limit", "range"},
		{"number of a ballot that stands", "replay"},
		{"made before another ballot that stands", "replay"},
		{"credential of nobody", "eligibility"},
		{"spoiled", "state"},
		{"tokens of another credential", "eligibility"},
		{"one token of another credential", "eligibility"},
		{"tokens in the wrong order", "eligibility"},
		{"one registrar's token twice", "eligibility"},
		{"tokens of another class", "eligibility"},
	} {
		if data := e.spare[s.name]; data != nil {
			e.then(last, "a ballot more before the close", s.name, s.reason, data)
		}
	}
	if data := e.spare["second of one r"]; data != nil {
		e.then(last, "two ballots more before the close", "the second has the first one's A", "duplicate", e.spare["first of one r"], data)
	}
	spare := e.spare["made before another ballot that stands"]
	e.then(closed, "a ballot more", "after the close", "state", spare)
	e.then(before, "a ballot more", "before the open", "state", spare)
	e.then(last, "a spoil more", "of a ballot that was cast", "state", e.spare["a spoil of a ballot that was cast"])
	e.then(closed, "a spoil more", "after the close", "state", e.spare["a spoil of another ballot"])
	e.then(closed, "a close more", "after the close", "state", e.later(closed, nil))
	e.then(before, "a close more", "before the open", "state", e.later(closed, nil))
	e.then(before+1, "an open more", "after the open", "state", e.later(before+1, nil))
	e.then(before+1, "a round more", "after the open", "state", e.later(e.at(entry.Round, 0), nil))
	e.then(before+1, "a manifest more", "after the open", "state", e.later(0, nil))
	e.then(before+1, "a certificate more", "after the open", "state", e.later(e.at(entry.Certify, 0), nil))
	e.then(last, "a pin", "before the close", "state", e.later(e.at(entry.Pin, 0), nil))
	e.then(last, "a share", "before the close", "state", e.later(e.at(entry.Share, 0), nil))
	e.then(last, "a result", "before the close", "state", e.later(e.at(entry.Result, 0), nil))
	if e.name == "sums" {
		other := e.generator.made[here+"elections/tokens.json"]
		e.then(last, "an entry of another election", "a ballot", "binding", other.raw[other.file.Receipts[0].Entry])
		e.then(last, "an entry of another election", "a close", "binding", other.raw[other.at(entry.Close, 0)])
	}
	e.then(ballotAt, "junk", "a byte", "version", []byte{0})
	e.then(ballotAt, "junk", "a version and nothing", "encoding", []byte{1})
	e.row(closed, body("body", 0, 0), change{"with a byte", is(0), "encoding"}, again)
	if e.name == "sums" {
		e.officials(closed, "")
	}
	if len(e.Issuers) > 0 {
		e.issuance()
		for _, kind := range []entry.Kind{entry.Issuer, entry.Issued} {
			e.then(before, "the same once more, "+kind.String(), "at another time", "replay", e.later(e.at(kind, 0), nil))
		}
		e.then(before, "issued once more", "one token less", "duplicate", e.later(e.at(entry.Issued, 0), func(env *entry.Envelope) { env.Body[4+4+8+8+7]-- }))
		e.then(before+1, "issued once more", "after the open", "state", e.later(e.at(entry.Issued, 0), nil))
		return
	}
	roll := e.at(entry.Roll, 0)
	e.then(before+1, "a roll more", "after the open", "state", e.later(roll, nil))
	e.then(before, "a roll more", "that begins again at line 0", "chain", e.later(roll, nil))
	e.roll(roll)
}

// officials changes the signatures of an entry that a quorum of two has signed.
// If the entry is not refused by itself but missed, that is the reason.
func (e *entriesOf) officials(index int, missed string) {
	reason := func(r string) string {
		if missed != "" {
			return missed
		}
		return r
	}
	n := len(e.raw[index])
	one := func(env *entry.Envelope) []byte { return env.Bytes()[n-2*96-1:] }
	e.row(index, field{"signatures", n - 2*96 - 1, 2*96 + 1}, change{"one less", func([]byte) []byte {
		env := e.envelope(index)
		env.Signatures = env.Signatures[:1]
		return one(env)
	}, reason("quorum")}, asItWas)
	e.row(index, field{"signatures", n - 2*96 - 1, 2*96 + 1}, change{"none", is(0), reason("quorum")}, asItWas)
	e.row(index, field{"second signature", n - 64, 64}, change{"another S", bit, reason("signature")}, asItWas)
	e.row(index, field{"signatures", n - 2*96 - 1, 2*96 + 1}, change{"one more, of a trustee", func([]byte) []byte {
		env := e.envelope(index)
		e.Trustees[0].Sign(env)
		return one(env)
	}, reason("signature")}, asItWas)
	e.row(index, field{"signatures", n - 2*96, 2 * 96}, swapped("in descending order of their keys", reason("encoding"), 96), asItWas)
	e.row(index, field{"time", 34, 8}, change{"a second later, not signed for", plus(1), reason("signature")}, asItWas)
	e.row(index, field{"signatures", n - 2*96, 2 * 96}, change{"one twice", func(b []byte) []byte {
		return append(b[:96:96], b[:96]...)
	}, reason("encoding")}, asItWas)
}

// roll changes the body of the roll's entry, judged as a roll of its own.
func (e *entriesOf) roll(index int) {
	e.where = "roll"
	line := e.curve.point + 8 + 4
	e.row(index, body("first", 0, 8), change{"1", plus(1), "chain"}, again)
	e.row(index, body("lines", 8, 4), change{"0", is(0, 0, 0, 0), "encoding"}, again)
	e.row(index, body("lines", 8, 4), change{"one more", plus(1), "encoding"}, again)
	e.row(index, body("lines", 8, 4), change{"one less", plus(^uint64(0)), "encoding"}, again)
	e.row(index, body("lines", 8, 4), change{"1,001", is(0, 0, 3, 0xe9), "limit"}, again)
	second := 12 + line
	e.row(index, body("line 2, credential", second, e.curve.point), change{"the non-canonical twin", e.twin, "encoding"}, again)
	e.row(index, body("line 1, credential", 12, e.curve.point), change{"the identity", constant(make([]byte, e.curve.point)), "group"}, again)
	e.row(index, body("line 2, credential", second, e.curve.point), change{"that of line 1", constant(e.envelope(index).Body[12 : 12+e.curve.point]), "duplicate"}, again)
	e.row(index, body("lines 1 and 2", 12, 2*line), swapped("exchanged", "encoding", line), again)
	e.row(index, body("line 1, weight", 12+e.curve.point, 8), change{"0", is(make([]byte, 8)...), "range"}, again)
	e.row(index, body("line 1, weight", 12+e.curve.point, 8), change{"above max_weight", plus(16), "range"}, again)
	e.row(index, body("line 1, style", 12+e.curve.point+8, 4), change{"that there is not", plus(1), "range"}, again)
	e.lengths(index, again, "encoding")
	if e.name == "mixed" {
		e.row(index, body("line 1, weight", 12+e.curve.point, 8), change{"2, and the style has a mixed contest", plus(1), "range"}, again)
	}
}
