package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/ledger"
)

// layer says how much is repaired after a change.
type layer int

// The layers, each with what those before it repair.
const (
	asIs     layer = iota // L0
	lengths               // L1: counts and lengths fit
	hashed                // L2: the Merkle tree is that of the changed entries
	operated              // L3: the ledger's key signs it
	acted                 // L4: who made the entry signs it, and proves what is true
	layers   = 5
)

func (l layer) String() string { return fmt.Sprintf("L%d", int(l)) }

// stratum is what a run spreads its mutants over.
type stratum struct {
	kind  fieldKind
	op    *operator
	layer layer
}

// strata lists all of them, those of L3 and L4 twice.
func strata() (all []stratum) {
	for i := range operators {
		op := &operators[i]
		for _, kind := range op.kinds {
			for l := asIs; l < layers; l++ {
				all = append(all, stratum{kind, op, l})
				if l >= operated {
					all = append(all, stratum{kind, op, l})
				}
			}
		}
	}
	return all
}

// mutant is a changed ledger.
type mutant struct {
	stratum
	*base
	field       string
	index       int // of the entry that was changed; -1: the checkpoint
	ledger      *operatedLedger
	fp          ballot.Fingerprint
	at          int  // where the changed entry stands now; -1 if it does not
	stands      bool // anybody could have made this: it must not harm the election
	along       bool // those who came after it went along
	moved       bool // the entries were changed as a list
	setup       bool // the election is another one, opened wrongly
	anotherRoll bool // with a roll of which nothing is wrong
}

func (m *mutant) String() string {
	how := "replaced"
	switch {
	case m.moved:
		how = "moved"
	case m.stands:
		how = "added"
	case m.setup:
		how = "opened"
	case m.along:
		how = "gone along with"
	}
	return fmt.Sprintf("%s, entry %d, %s, %s %s (%s), %s, %s", m.name, m.index, m.field, m.op.name, m.op.what, m.kind, m.layer, how)
}

// harness holds the bases and draws mutants of them.
type harness struct {
	seed   uint64
	about  string // how the names of the fields to change begin
	bases  []*base
	donors []*donors
	strata []stratum
}

func newHarness(seed uint64) *harness {
	h := &harness{seed: seed}
	r := rand.New(rand.NewPCG(seed, 0))
	for _, s := range specs() {
		b := newBase(s, r)
		b.honest = b.judge(b.read(b.entries), b.Fingerprint)
		if !b.honest.report.Verified() {
			panic("mutate: base " + b.name + " is not verified:\n" + b.honest.report.Text())
		}
		h.bases = append(h.bases, b)
		h.donors = append(h.donors, newDonors(b, newBase(s, r)))
	}
	h.strata = strata()
	r.Shuffle(len(h.strata), func(i, j int) { h.strata[i], h.strata[j] = h.strata[j], h.strata[i] })
	return h
}

// draw makes mutant k, which follows from the seed and k, but for the bytes
// that are keys and randomness. It is nil if the stratum has none.
func (h *harness) draw(k int) *mutant {
	s := h.strata[k%len(h.strata)]
	r := rand.New(rand.NewPCG(h.seed, uint64(k)+1))
	for range 60 {
		i := r.IntN(len(h.bases))
		if m := h.bases[i].mutant(r, s, h.donors[i], h.about); m != nil {
			return m
		}
	}
	return nil
}

// pick returns a field of a kind and the entry in which it stands. Every kind of
// entry is as likely as every other, and so is every name in it, so that what is
// rare is tried as often.
func (b *base) pick(r *rand.Rand, kind fieldKind, l layer, about string) (index int, field string, nth int) {
	type place struct{ index, nth int }
	places := make(map[string]map[string][]place) // by entry, then by name
	note := func(index int, t *node) {
		for nth, n := range t.all() {
			if n.kind != kind || !strings.HasPrefix(n.name, about) {
				continue
			}
			if places[t.name] == nil {
				places[t.name] = make(map[string][]place)
			}
			places[t.name][n.name] = append(places[t.name][n.name], place{index, nth})
		}
	}
	for i, t := range b.trees {
		note(i, t)
	}
	if l == asIs || l == operated {
		note(-1, b.checkpoint)
	}
	if len(places) == 0 {
		return 0, "", 0
	}
	names := places[oneOf(r, slices.Sorted(maps.Keys(places)))]
	field = oneOf(r, slices.Sorted(maps.Keys(names)))
	p := oneOf(r, names[field])
	return p.index, field, p.nth
}

func oneOf[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// mutant changes one field, drawn by r, or returns nil if it cannot.
func (b *base) mutant(r *rand.Rand, s stratum, d *donors, about string) *mutant {
	index, field, nth := b.pick(r, s.kind, s.layer, about)
	if field == "" {
		return nil
	}
	m := &mutant{stratum: s, base: b, field: field, index: index, at: index, fp: b.Fingerprint}
	original := b.checkpoint
	if index >= 0 {
		original = b.trees[index]
	}
	root := original.clone()
	n := root.all()[nth]
	entries := &node{kind: list, name: "ledger", kids: slices.Clone(b.trees)}
	parent := entries
	if index >= 0 {
		entries.kids[index] = root
	} else {
		parent = nil
	}
	for _, p := range root.all() {
		if slices.Contains(p.kids, n) {
			parent = p
		}
	}
	if !s.op.apply(&cut{base: b, r: r, root: root, donors: d}, n, parent) {
		return nil
	}
	switch {
	case index < 0:
		return m.recheckpointed(root)
	case parent == entries && s.op.name == "M15": // another entry in the place of this one
		root = entries.kids[index]
	case len(entries.kids) != len(b.trees) || entries.kids[index] != root:
		return m.asList(r, entries.kids, root)
	}
	if s.layer >= lengths {
		root.repair()
	}
	changed := root.bytes()
	if bytes.Equal(changed, b.entries[index]) {
		return nil
	}
	return m.changed(r, changed)
}

// recheckpointed is the ledger under a changed checkpoint.
func (m *mutant) recheckpointed(root *node) *mutant {
	m.ledger = m.read(m.entries)
	raw := root.bytes()
	if m.layer == operated { // the operator signs what it wants
		body, _, _ := bytes.Cut(raw, []byte("\n\n"))
		signed, err := signNote(m.signer, string(body)+"\n")
		if err != nil {
			return nil
		}
		raw = signed
	}
	if bytes.Equal(raw, m.ledger.cp.Raw) {
		return nil
	}
	m.ledger.cp = ledger.Checkpoint{Raw: raw}
	if cp, err := ledger.ParseCheckpoint(raw); err == nil {
		m.ledger.cp = cp
	}
	return m
}

// asList is the ledger with its entries as a list changed.
func (m *mutant) asList(r *rand.Rand, trees []*node, root *node) *mutant {
	var entries [][]byte
	for _, t := range trees {
		entries = append(entries, t.bytes())
	}
	m.moved = true
	if m.at = slices.Index(trees, root); len(trees) > len(m.trees) {
		m.at = m.index + 1 // the second one is the copy
	}
	switch m.layer {
	case asIs, lengths:
		m.stale(entries)
	case hashed:
		m.rehash(entries)
	case operated:
		m.ledger = m.read(entries)
	case acted:
		if len(entries) <= len(m.entries) {
			return nil // who leaves out or moves before the pin what nobody has relied on holds another election
		}
		m.stands = true
		m.goesOn(entries, m.at)
	}
	return m
}

// stale shows changed entries under the old tree and checkpoint.
func (m *mutant) stale(entries [][]byte) {
	m.ledger = m.read(m.entries)
	m.ledger.entries = entries
}

// rehash shows changed entries under their tree, and a checkpoint whose
// signature is of the old one.
func (m *mutant) rehash(entries [][]byte) {
	old := m.read(m.entries)
	m.ledger = m.read(entries)
	m.ledger.unsigned(old.cp)
}

// goesOn shows entries, of which the one at a place was added, and the honest
// rest of the election.
func (m *mutant) goesOn(entries [][]byte, added int) {
	closed := m.closed
	if added <= closed {
		closed++
	}
	if added < closed {
		refused := 0
		if env, err := entry.Parse(entries[added]); err == nil && env.Kind == entry.Ballot && ballot.Fingerprint(env.Election) == m.Fingerprint {
			refused = 1
		}
		entries = m.goOn(entries, closed, refused)
	} else {
		m.rotateAgain(entries)
	}
	m.at, m.ledger = added, m.read(entries)
}

// early reports whether data is an honest entry that stands further down. Nobody
// but its maker can post it earlier; what the ledger's operator can do with
// honest entries, the operators on lists do.
func (m *mutant) early(data []byte) bool {
	said := statement(data)
	return slices.ContainsFunc(m.entries[m.index+1:], func(e []byte) bool { return bytes.Equal(statement(e), said) })
}

// statement is what an entry says and who signed it, whenever and with whatever
// signature.
func statement(data []byte) []byte {
	env, err := entry.Parse(bytes.Clone(data))
	if err != nil || env.Kind == entry.Ballot || env.Kind == entry.Spoil {
		return data
	}
	env.Time = 0
	for i := range env.Signatures {
		clear(env.Signatures[i].Sig[:])
	}
	return env.Bytes()
}

// anotherBallot reports whether data is a ballot that its voter may cast behind
// the one that was changed, with other randomness and a larger number: then it
// is no mutant, and the tallies that go on from it are those of other rows.
func (m *mutant) anotherBallot(data []byte) bool {
	b, err := m.ParseBallot(data)
	if err != nil || m.VerifyBallot(b) != nil {
		return false
	}
	t, mask, last := m.schema.walk(data), true, uint64(0)
	credential := t.find("ballot/body/credential").data
	for i, old := range m.trees[:m.index+1] {
		if m.honest.refused[uint64(i)] || old.name != "ballot" {
			continue
		}
		if bytes.Equal(old.find("ballot/body/credential").data, credential) {
			last = getNumber(old.find("ballot/body/number"))
		}
		mask = mask && !bytes.Equal(old.find("ballot/body/A").data, t.find("ballot/body/A").data)
	}
	n := getNumber(t.find("ballot/body/number"))
	for _, v := range m.Voters {
		if m.schema.tokens() && bytes.Equal(v.Key.Public(), credential) {
			var w wire.Writer
			w.Uint64(v.Permit.Class.Weight)
			w.Raw(slices.Concat(v.Permit.Tokens...))
			mask = mask && bytes.Equal(t.find("ballot/body/permit").bytes(), w.Bytes())
		}
		if bytes.Equal(v.Key.Public(), credential) && uint64(m.style(v)) == getNumber(t.find("ballot/body/style")) {
			return mask && n > last && n <= uint64(m.Manifest.Limits.BallotsPerCredential)
		}
	}
	return false
}

// changed is the ledger with one entry changed.
func (m *mutant) changed(r *rand.Rand, data []byte) *mutant {
	entries := slices.Clone(m.entries)
	entries[m.index] = data
	original := m.entries[m.index]
	switch m.layer {
	case asIs, lengths:
		m.stale(entries)
	case hashed:
		m.rehash(entries)
	case operated:
		if r.IntN(2) == 0 {
			m.ledger = m.read(entries)
			break
		}
		if m.early(data) {
			return nil
		}
		m.stands = true // anybody can post it beside the original
		at := m.index + r.IntN(2)
		m.goesOn(slices.Insert(slices.Clone(m.entries), at, data), at)
	case acted:
		row := strings.HasSuffix(m.field, "/A") || strings.Contains(m.field, "/columns")
		how := redo{prove: !strings.Contains(m.field, "/proof"), encrypt: !row && r.IntN(3) > 0}
		how.next = how.encrypt && !strings.HasSuffix(m.field, "/number") && r.IntN(2) == 0
		signed, ok := m.act(original, data, how)
		if !ok || m.early(signed) || m.anotherBallot(signed) {
			return nil
		}
		switch kind := entryKind(original); {
		case kind == entry.Ballot || kind == entry.Spoil:
			m.stands = true
			m.goesOn(slices.Insert(slices.Clone(m.entries), m.index+1, signed), m.index+1)
		case kind == entry.Manifest || kind == entry.Open || kind == entry.Roll && r.IntN(2) == 0:
			entries[m.index] = signed
			m.reopen(entries, kind)
		case m.index <= m.closed:
			entries[m.index] = signed
			m.relinkDeal(entries, original, signed)
			m.ledger = m.read(m.goOn(entries, m.closed, 0))
		default:
			entries[m.index] = signed
			if kind != entry.Result && r.IntN(2) == 0 {
				m.along = true
				entries = m.goAlong(entries, m.index)
			} else {
				m.rotateAgain(entries)
			}
			m.ledger = m.read(entries)
		}
	}
	return m
}

func entryKind(data []byte) entry.Kind {
	if env, err := entry.Parse(data); err == nil {
		return env.Kind
	}
	return 0
}

// relinkDeal lets a dealer who has changed its deal have committed to it.
func (m *mutant) relinkDeal(entries [][]byte, original, signed []byte) {
	was, now := entry.ID(original), entry.ID(signed)
	for i, data := range entries {
		env, err := entry.Parse(bytes.Clone(data))
		if err != nil || env.Kind != entry.Commit || !bytes.Equal(env.Body, was[:]) {
			continue
		}
		env.Body = now[:]
		entries[i] = m.again(env)
	}
}

// reopen lets the authorities open the election that manifest and roll now
// describe, and publish its fingerprint.
func (m *mutant) reopen(entries [][]byte, changed entry.Kind) {
	env, err := entry.Parse(bytes.Clone(entries[m.open]))
	if err == nil {
		switch changed {
		case entry.Manifest:
			if env.Election = m.renamed(entries); env.Election != m.Manifest.ID() {
				copy(env.Body, env.Election[:])
				entries[m.open] = m.again(env)
			}
		case entry.Roll:
			if roll, ok := m.describe(entries); ok {
				at := 32 + 32 + 4 + len(m.Opening.Keys)*m.schema.p
				env.Body = append(env.Body[:at:at], roll...)
				entries[m.open] = m.again(env)
			}
		}
	}
	m.setup, m.fp, m.ledger = true, ballot.Fingerprint(entry.ID(entries[m.open])), m.read(entries)
}

// renamed gives a changed manifest its id, and has it signed for that.
func (m *mutant) renamed(entries [][]byte) entry.Hash {
	env := mustValue(entry.Parse(bytes.Clone(entries[m.index])))
	name := entry.Hash(ballot.ManifestID(env.Body))
	if name != m.Manifest.ID() {
		env.Election = name
		entries[m.index] = m.again(env)
	}
	return name
}

// describe returns what an open entry says of the roll as it stands now, and
// notes whether there is nothing wrong with that roll. It reports whether the
// roll can be read at all.
func (m *mutant) describe(entries [][]byte) ([]byte, bool) {
	type group struct{ style, weight uint64 }
	tree, groups := ledger.NewRange(0), make(map[group]uint64)
	var n, weight uint64
	var last []byte
	m.anotherRoll = true
	for i, data := range entries[:m.open] {
		t := m.schema.walk(data)
		if t.name != "roll" {
			continue
		}
		lines := t.find("roll/body/roll")
		if lines == nil {
			return nil, false
		}
		m.anotherRoll = m.anotherRoll && getNumber(t.find("roll/body/first")) == n && bytes.Equal(data[:42], m.entries[i][:42])
		for _, line := range lines.kids {
			key, w, style := line.kids[0].data, getNumber(line.kids[1]), getNumber(line.kids[2])
			_, err := m.Group.DecodePoint(key)
			m.anotherRoll = m.anotherRoll && err == nil && !bytes.Equal(key, make([]byte, len(key))) && bytes.Compare(key, last) > 0 && w > 0 && style < uint64(len(m.Manifest.Styles))
			last = key
			tree.Append(tlog.RecordHash(line.bytes()))
			groups[group{style, w}]++
			n, weight = n+1, weight+w
			m.anotherRoll = m.anotherRoll && weight <= m.Manifest.Limits.MaxWeight && w <= m.Manifest.Limits.MaxWeight &&
				(w == 1 || !m.schema.mixed(style))
		}
	}
	m.anotherRoll = m.anotherRoll && n > 0 && n <= m.Manifest.Limits.MaxVoters
	root, err := tree.Root()
	if err != nil {
		return nil, false
	}
	var w wire.Writer
	w.Raw(root[:])
	w.Uint64(n)
	w.Uint64(weight)
	w.Uint32(uint32(len(groups)))
	for _, g := range slices.SortedFunc(maps.Keys(groups), func(a, b group) int {
		return cmp.Or(cmp.Compare(a.style, b.style), cmp.Compare(a.weight, b.weight))
	}) {
		w.Uint32(uint32(g.style))
		w.Uint64(g.weight)
		w.Uint64(groups[g])
	}
	return w.Bytes(), true
}
