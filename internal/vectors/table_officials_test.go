package vectors

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/hanpyo/hanpyo/internal/entry"
)

// ceremony changes messages of the key ceremony: docs/protocol.md §8, docs/wire.md.
func (e *entriesOf) ceremony() {
	e.where, e.check = "ceremony", ""
	commit, deal := e.at(entry.Commit, 1), e.at(entry.Deal, 1)
	confirm, certify, round := e.at(entry.Confirm, 1), e.at(entry.Certify, 1), e.at(entry.Round, 0)
	if e.name == "sums" {
		for _, index := range []int{commit, confirm} {
			e.oneSigner(index)
		}
		e.row(commit, field{"election", 2, 32}, change{"another", bit, "binding"}, again)
		e.lengths(commit, again, "encoding")
		e.then(commit, "a commit more", "of the same trustee", "fork", e.later(commit, bitOf(0)))
		e.then(round, "a confirm", "before its round", "state", e.later(confirm, nil))
	}
	e.row(round, body("ends", 0, 1), change{"9", is(9), "range"}, again)
	e.row(round, body("ends", 0, 1), change{"another round", is(2), "state"}, again)
	e.lengths(round, again, "encoding")
	if e.name == "sums" {
		e.officials(round, "")
	}
	e.deal(commit, deal)
	e.row(confirm, body("transcript", 0, 32), change{"another", bit, "fork"}, again)
	e.row(confirm, body("complaints", 32, 1), change{"1, and none", is(1), "encoding"}, again)
	e.row(confirm, body("body", 33, 0), change{"a byte more", is(0), "encoding"}, again)
	complaint := func(what string, dealer byte, d []byte, proof int, reason string) {
		b := slices.Concat([]byte{1, dealer}, d, []byte{0, 0, byte(proof >> 8), byte(proof)}, make([]byte, proof))
		e.row(confirm, body("complaints", 32, 1), change{what, constant(b), reason}, again)
	}
	whole := 2*e.curve.point + e.curve.scalar
	complaint("one with the identity as D", 1, make([]byte, e.curve.point), whole, "group")
	complaint("one with a D that is not canonical", 1, e.twin(unhex(e.base)), whole, "encoding")
	complaint("one with a proof of zeros", 1, unhex(e.base), whole, "group")
	complaint("one with a proof of 1,025 bytes", 1, unhex(e.base), 1025, "limit")
	e.row(certify, body("transcript", 0, 32), change{"another", bit, "fork"}, again)
	e.row(certify, body("outcome", 32, 32), change{"another", bit, "binding"}, again)
	e.lengths(certify, again, "encoding")
}

func bitOf(at int) func(*entry.Envelope) {
	return func(env *entry.Envelope) { env.Body[at] ^= 1 }
}

// oneSigner changes the signature of an entry that one trustee signs.
func (e *entriesOf) oneSigner(index int) {
	n := len(e.raw[index])
	e.row(index, field{"signatures", n - 97, 97}, change{"none", is(0), "signature"}, asItWas)
	e.row(index, field{"signature", n - 64, 64}, change{"another S", bit, "signature"}, asItWas)
	e.row(index, field{"signatures", n - 97, 97}, change{"two", func([]byte) []byte {
		env := e.envelope(index)
		e.Trustees[0].Sign(env)
		return env.Bytes()[n-97:]
	}, "signature"}, asItWas)
	e.row(index, field{"time", 34, 8}, change{"a second later, signed by an authority", plus(1), "signature"}, authority)
}

// deal changes a dealer's deal, and the commit to it with it.
func (e *entriesOf) deal(commit, deal int) {
	e.row(deal, field{"time", 34, 8}, change{"a second later, not committed to", plus(1), "binding"}, again)
	data := e.raw[deal]
	size, n := len(e.envelope(deal).Body), len(e.Manifest.Trustees)
	columns, t := e.Manifest.Columns(), e.Manifest.Threshold
	l := (&layout{curve: e.curve, end: 4}).point(numbered("commitment C_%d", columns*t)...).point("R")
	shares := l.end
	l.end += n * (columns*e.curve.scalar + 16)
	p := (&layout{curve: e.curve, end: l.end}).point(numbered("proof, A_%d", columns+1)...).scalar(numbered("proof, z_%d", columns+1)...)
	if p.end != size {
		e.Fatalf("a deal of %d bytes, not %d", size, p.end)
	}
	committed := func(f field, c change) {
		e.row(deal, f, c, again)
		v := &e.list[len(e.list)-1]
		changed, err := apply(data, v.Edits)
		if err != nil {
			e.Fatal(err)
		}
		id := sha256.Sum256(changed)
		old := e.raw[commit]
		edits := []edit{{At: bodyAt, Remove: 32, Insert: hex.EncodeToString(id[:])}}
		other, err := apply(bytes.Clone(old), edits)
		if err != nil {
			e.Fatal(err)
		}
		edits = e.resigned(old, other, edits, again)
		v.Also = []also{{Pointer: fmt.Sprintf("/entries/%d", commit), Edits: edits}}
	}
	committed(body("columns", 0, 2), change{"one more", plus(1), "shape"})
	committed(body("commitments per column", 2, 1), change{"one more", plus(1), "shape"})
	committed(body("recipients", 3, 1), change{"one less", plus(^uint64(0)), "shape"})
	for _, f := range []field{l.points[0], l.points[1], l.points[len(l.points)-1], p.points[0], p.points[columns]} {
		for _, c := range e.pointChanges("group", "proof") {
			committed(body(f.name, f.at, f.n), c)
		}
	}
	committed(body("shares, the first", shares, e.curve.scalar), change{"another, which the proof binds", bit, "proof"})
	for _, f := range []field{p.scalars[0], p.scalars[columns]} {
		for _, c := range e.scalarChanges() {
			committed(body(f.name, f.at, f.n), c)
		}
	}
	committed(body("body", size-1, 1), change{"without its last byte", constant(nil), "encoding"})
	committed(body("body", size, 0), change{"with a byte more", is(0), "encoding"})
}

// opening changes what the election begins with; the fingerprint is that of the
// changed open entry.
func (e *entriesOf) opening() {
	e.where = "audit"
	index := e.at(entry.Open, 0)
	n := len(e.raw[index])
	anchored := func(check string, f field, c change, by signedBy) {
		e.check = check
		e.row(index, f, c, by)
		v := &e.list[len(e.list)-1]
		changed, err := apply(e.raw[index], v.Edits)
		if err != nil {
			e.Fatal(err)
		}
		id := sha256.Sum256(changed)
		v.Fingerprint = hex.EncodeToString(id[:])
	}
	keys := 32 + 32 + 4
	point := e.curve.point
	columns := e.Manifest.Columns()
	roll := keys + columns*point
	eligible := "roll.form"
	if len(e.Issuers) > 0 {
		eligible = "eligibility.issuance"
	}
	anchored(eligible, body("root", roll, 32), change{"another", bit, "chain"}, again)
	e.eligible(eligible)
	if e.name != "sums" {
		return
	}
	e.check = "manifest.fingerprint"
	e.row(index, field{"time", 34, 8}, change{"a second later, so that the fingerprint is another", plus(1), "incomplete"}, again)
	anchored("manifest.fingerprint", field{"second signature", n - 64, 64}, change{"another S", bit, "signature"}, asItWas)
	anchored("manifest.fingerprint", field{"signatures", n - 2*96 - 1, 2*96 + 1}, change{"one less", func([]byte) []byte {
		env := e.envelope(index)
		env.Signatures = env.Signatures[:1]
		return env.Bytes()[n-2*96-1:]
	}, "quorum"}, asItWas)
	anchored("keys.certified", body("outcome", 32, 32), change{"another", bit, "binding"}, again)
	anchored("keys.certified", body("key 1", keys, point), change{"the base", constant(unhex(e.base)), "binding"}, again)
	if columns > 1 {
		anchored("keys.certified", body("keys 1 and 2", keys, 2*point), swapped("exchanged", "binding", point), again)
	}
	anchored("phase.open", body("key 1", keys, point), change{"the identity", constant(make([]byte, point)), "group"}, again)
	anchored("phase.open", body("key 1", keys, point), change{"the non-canonical twin", e.twin, "encoding"}, again)
	anchored("phase.open", body("keys", 64, 4), change{"one more", plus(1), "shape"}, again)
	anchored("keys.certified", body("manifest", 0, 32), change{"another, with other keys", bit, "binding"}, again)
	anchored("phase.open", body("lines", roll+32, 8), change{"one more", plus(1), "range"}, again)
	anchored("phase.open", body("weight", roll+40, 8), change{"one more", plus(1), "range"}, again)
	anchored("phase.open", body("groups", roll+48, 4), change{"one more", plus(1), "encoding"}, again)
	anchored("phase.open", body("group 1, style", roll+52, 4), change{"that there is not", plus(1), "range"}, again)
	anchored("phase.open", body("group 1, lines", roll+64, 8), change{"0", is(make([]byte, 8)...), "range"}, again)
	anchored("phase.open", body("body", roll+72, 0), change{"with a byte more", is(0), "encoding"}, again)

	e.check = "phase.open"
	e.then(index-1, "an open", "before the open of this fingerprint", "fork", e.later(index, nil))
	e.check = "manifest.fingerprint"
	m := len(e.raw[0])
	e.row(0, field{"second signature", m - 64, 64}, change{"another S", bit, "signature"}, asItWas)
	e.row(0, field{"signatures", m - 2*96 - 1, 2*96 + 1}, change{"one less", func([]byte) []byte {
		env := e.envelope(0)
		env.Signatures = env.Signatures[:1]
		return env.Bytes()[m-2*96-1:]
	}, "quorum"}, asItWas)
	e.check = "manifest.form"
	e.row(0, body("version", 0, 1), change{"2, which makes it another manifest", is(2), "incomplete"}, again)
	e.row(0, field{"all", 0, m}, change{"left out", constant(nil), "incomplete"}, asItWas)
	e.check = "keys.ceremony"
	e.row(e.at(entry.Round, 3), field{"all", 0, len(e.raw[e.at(entry.Round, 3)])}, change{"left out", constant(nil), "incomplete"}, asItWas)
	e.row(e.at(entry.Deal, 0), field{"time", 34, 8}, change{"a second later, not committed to", plus(1), "quorum"}, again)
	e.check = "keys.certified"
	e.row(e.at(entry.Certify, 2), body("transcript", 0, 32), change{"another", bit, "fork"}, again)
}

// eligible changes what the open entry's root is of.
func (e *entriesOf) eligible(check string) {
	e.check = check
	point := e.curve.point
	if len(e.Issuers) == 0 {
		r := e.at(entry.Roll, 0)
		if e.name != "mixed" { // where such a line has the roll's entry refused
			e.row(r, body("line 1, weight", 12+point, 8), change{"one more", plus(1), "chain"}, again)
		}
		e.row(r, field{"all", 0, len(e.raw[r])}, change{"left out, so that there are no lines", constant(nil), "shape"}, asItWas)
		e.row(r, field{"signature", len(e.raw[r]) - 64, 64}, change{"another S, so that there are no lines", bit, "shape"}, asItWas)
		return
	}
	issued := e.at(entry.Issued, 1)
	e.row(issued, body("class 1, issued", 4+4+8+8, 8), change{"one less", plus(^uint64(0)), "chain"}, again)
	e.row(issued, body("class 1, eligible", 4+4+8, 8), change{"one more", plus(1), "chain"}, again)
	e.row(issued, body("size", 4+28, 8), change{"one more", plus(1), "chain"}, again)
	e.row(issued, body("root", 4+28+8, 32), change{"another", bit, "chain"}, again)
}

// afterClose changes pins, mixes, shares and results.
func (e *entriesOf) afterClose() {
	e.where = "audit"
	if e.name == "mixed" {
		e.mixEntries()
		e.rowShares()
		e.mixedResults(e.at(entry.Result, 0))
	}
	if !e.full() {
		return
	}
	e.shares()
	if e.name != "sums" {
		return
	}
	e.pins()
	e.results()
	e.check = "phase.close"
	closed := e.at(entry.Close, 0)
	e.row(closed, field{"all", 0, len(e.raw[closed])}, change{"left out", constant(nil), "incomplete"}, asItWas)
	e.check = "phase.hours"
	e.row(closed, field{"time", 34, 8}, change{"an hour before the one that was announced", plus(^uint64(3599)), "state"}, again)
	e.check = "phase.pin"
	b := e.file.Receipts[1].Entry
	e.row(b, field{"all", 0, len(e.raw[b])}, change{"left out", constant(nil), "state"}, asItWas)
	e.row(b, field{"time", 34, 8}, change{"one rounding later", plus(60), "chain"}, asItWas)
}

func (e *entriesOf) pins() {
	e.check = "phase.pin"
	index := e.at(entry.Pin, 0)
	e.row(index, body("close", 0, 8), change{"one more", plus(1), "range"}, again)
	e.row(index, body("size", 8, 8), change{"one more", plus(1), "range"}, again)
	e.row(index, body("close and size", 0, 16), change{"one more each", func(b []byte) []byte {
		return append(plus(1)(b[:8:8]), plus(1)(b[8:])...)
	}, "state"}, again)
	e.row(index, body("root", 16, 32), change{"another", bit, "chain"}, again)
	e.lengths(index, again, "encoding")
	e.officials(index, "incomplete")
	e.then(index, "a pin more", "of another root", "fork", e.later(index, bitOf(20)))
}

// shares changes the first share of sums.
func (e *entriesOf) shares() {
	index := e.at(entry.Share, 0)
	point := e.curve.point
	contest := &e.Manifest.Contests[0]
	e.check = "tally.target"
	e.row(index, body("target", 4, 32), change{"another", bit, "binding"}, again)
	e.check = "decrypt.shares"
	e.row(index, body("contest", 0, 4), change{"that there is not", is(0, 0, 0, 9), "range"}, again)
	rows := len(contest.Results())
	l := (&layout{curve: e.curve, end: 36}).point(numbered("D_%d", rows)...)
	for _, f := range []field{l.points[0], l.points[rows-1]} {
		for _, c := range e.pointChanges("proof", "proof") { // D may be the identity
			e.row(index, body(f.name, f.at, f.n), c, again)
		}
	}
	e.row(index, body("D_1 and D_2", 36, 2*point), swapped("exchanged", "proof", point), again)
	p := (&layout{curve: e.curve, end: l.end}).point("proof, A", "proof, A2").scalar("proof, z")
	for _, f := range p.points {
		for _, c := range e.pointChanges("group", "proof") {
			e.row(index, body(f.name, f.at, f.n), c, again)
		}
	}
	for _, c := range e.scalarChanges() {
		e.row(index, body("proof, z", p.scalars[0].at, e.curve.scalar), c, again)
	}
	e.lengths(index, again, "encoding")
	var other int // the other trustee's share of the contest
	for i := index + 1; ; i++ {
		if en := e.envelope(i); en.Kind == entry.Share && bytes.Equal(en.Body[:4], e.envelope(index).Body[:4]) {
			other = i
			break
		}
	}
	theirs := e.envelope(other).Body
	e.row(index, body("D and proof", 36, len(theirs)-36), change{"those of another trustee", constant(theirs[36:]), "proof"}, again)
	e.check = "decrypt.quorum"
	n := len(e.raw[index])
	e.row(index, field{"all", 0, n}, change{"left out", constant(nil), "quorum"}, asItWas)
	e.row(index, field{"signature", n - 64, 64}, change{"another S", bit, "quorum"}, asItWas)
	e.row(index, field{"signatures", n - 97, 97}, change{"none", is(0), "quorum"}, asItWas)
}

// results changes the result.
func (e *entriesOf) results() {
	index := e.at(entry.Result, 0)
	e.check = "result.published"
	e.row(index, body("pin", 0, 32), change{"another", bit, "binding"}, again)
	e.lengths(index, again, "encoding")
	first := 32 + 5*8
	e.row(index, body("contest 1, withheld", first+24, 1), change{"2", is(2), "encoding"}, again)
	e.row(index, body("contest 1, withheld", first+24, 1), change{"1, and the totals are there", is(1), "encoding"}, again)
	e.officials(index, "incomplete")
	e.row(index, field{"all", 0, len(e.raw[index])}, change{"left out", constant(nil), "incomplete"}, asItWas)
	e.then(index, "a result more", "with another total", "fork", e.later(index, func(env *entry.Envelope) { env.Body[first+25+7]++ }))
	e.check = "result.count"
	for i, name := range []string{"voters", "weight of the voters", "ballots", "weight of the ballots", "refused"} {
		e.row(index, body(name, 32+8*i, 8), change{"one more", plus(1), "proof"}, again)
	}
	e.row(index, body("contest 1, ballots", first, 8), change{"one more", plus(1), "proof"}, again)
	e.row(index, body("contest 1, weight", first+8, 8), change{"one more", plus(1), "proof"}, again)
	e.row(index, body("contest 1, smallest", first+16, 8), change{"one more", plus(1), "proof"}, again)
	e.check = "tally.sum"
	e.row(index, body("contest 1, total 1", first+25, 8), change{"one more", plus(1), "proof"}, again)
	e.row(index, body("contest 1, totals 2 and 3", first+33, 16), swapped("exchanged", "proof", 8), again)
	e.check = "result.bounds"
	e.row(index, body("contest 1, total 1", first+25, 8), change{"more than there are ballots", is(0, 0, 0, 0, 0, 0, 0, 100), "range"}, again)
	e.row(index, body("contest 1, total 1", first+25, 8), change{"below 0", is(bytes.Repeat([]byte{0xff}, 8)...), "range"}, again)
}

func (e *entriesOf) mixedResults(index int) {
	size := len(e.envelope(index).Body)
	e.check = "tally.sum"
	e.row(index, body("contest 2, plaintexts", size-32, 32), change{"another digest", bit, "proof"}, again)
	e.check = "result.counted"
	e.row(index, body("contest 2, elected", size-36, 4), change{"somebody else", plus(1), "proof"}, again)
	e.check = "result.published"
	e.row(index, body("contest 2, elected", size-36, 4), change{"nobody's number", plus(9), "range"}, again)
}

// mixEntries changes the first mix.
func (e *entriesOf) mixEntries() {
	index := e.at(entry.Mix, 0)
	point := e.curve.point
	w, rows := 1, len(e.file.Receipts)
	e.check = "mix.chain"
	e.row(index, body("contest", 0, 4), change{"that there is not", is(0, 0, 0, 9), "range"}, again)
	e.row(index, body("contest", 0, 4), change{"one that is not mixed", is(0, 0, 0, 0), "range"}, again)
	e.row(index, body("step", 4, 4), change{"one more", plus(1), "chain"}, again)
	e.lengths(index, again, "encoding")
	row := (1 + w) * point
	l := (&layout{curve: e.curve, end: 40}).point("output, A of row 1", "output, B of row 1")
	e.row(index, body(l.points[0].name, 40, point), change{"the non-canonical twin", e.twin, "encoding"}, again)
	e.row(index, body(l.points[0].name, 40, point), change{"the identity", constant(make([]byte, point)), "group"}, again)
	e.row(index, body(l.points[1].name, 40+point, point), change{e.notOnCurve[0].what, constant(unhex(e.notOnCurve[0].hex)), "encoding"}, again)
	e.check = "mix.input"
	e.row(index, body("input", 8, 32), change{"another", bit, "chain"}, again)
	e.check = "mix.shuffle"
	e.row(index, body(l.points[0].name, 40, point), change{"the base", constant(unhex(e.base)), "proof"}, again)
	e.row(index, body(l.points[1].name, 40+point, point), change{"the identity", constant(make([]byte, point)), "proof"}, again)
	e.row(index, body("output, rows 1 and 2", 40, 2*row), swapped("exchanged", "proof", row), again)
	e.row(index, body("output, row 2", 40+row, row), change{"row 1 again", constant(e.envelope(index).Body[40 : 40+row]), "duplicate"}, again)
	counted := e.envelope(e.file.Receipts[0].Entry).Body
	columns := len(e.Manifest.RowColumns(0))
	first := slices.Concat(counted[6+point:6+2*point], counted[6+point*(2+columns-1):6+point*(2+columns)])
	e.row(index, body("output, row 1", 40, row), change{"a row of the input as it was", constant(first), "duplicate"}, again)
	p := (&layout{curve: e.curve, end: 40 + rows*row}).point("proof, c_a", "proof, c_b", "proof, c_d", "proof, c_delta", "proof, c_Delta", "proof, c_A", "proof, E_0 of A", "proof, E_0 of B")
	p.scalar(numbered("proof, ~a_%d", rows)...)
	for _, f := range p.points {
		e.row(index, body(f.name, f.at, f.n), change{"the base", constant(unhex(e.base)), "proof"}, again)
	}
	e.row(index, body(p.scalars[0].name, p.scalars[0].at, e.curve.scalar), e.scalarChanges()[2], again)
	second := e.envelope(e.at(entry.Mix, 1)).Body
	e.row(index, body("proof", p.points[0].at, len(second)-p.points[0].at), change{"that of another mix", constant(second[p.points[0].at:]), "proof"}, again)
	e.check = "mix.quorum"
	n := len(e.raw[index])
	e.row(index, field{"all", 0, n}, change{"left out", constant(nil), "quorum"}, asItWas)
	e.row(index, field{"signature", n - 64, 64}, change{"another S", bit, "quorum"}, asItWas)
	e.row(index, field{"time", 34, 8}, change{"a second later, signed by an authority", plus(1), "quorum"}, authority)
}

// rowShares changes a share of the mixed contest.
func (e *entriesOf) rowShares() {
	index := e.at(entry.Share, 0)
	for e.envelope(index).Body[3] != 1 {
		index++
	}
	point := e.curve.point
	rows := len(e.file.Receipts)
	e.check = "tally.target"
	e.row(index, body("target", 4, 32), change{"another", bit, "binding"}, again)
	e.check = "decrypt.shares"
	l := (&layout{curve: e.curve, end: 36}).point(numbered("D of row %d", rows)...)
	for _, c := range e.pointChanges("group", "proof") {
		e.row(index, body(l.points[0].name, 36, point), c, again)
	}
	e.row(index, body("D of rows 1 and 2", 36, 2*point), swapped("exchanged", "proof", point), again)
	p := (&layout{curve: e.curve, end: l.end}).point("proof, A", "proof, A2").scalar("proof, z")
	for _, f := range p.points {
		for _, c := range e.pointChanges("group", "proof") {
			e.row(index, body(f.name, f.at, f.n), c, again)
		}
	}
	for _, c := range e.scalarChanges() {
		e.row(index, body("proof, z", p.scalars[0].at, e.curve.scalar), c, again)
	}
	e.lengths(index, again, "encoding")
}
