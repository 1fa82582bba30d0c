package attacks

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/tally"
)

// message is a place where group elements and proofs of others come into the
// library: one accepted body of an entry, where they stand in it, and whoever
// reads it.
type message struct {
	name   string
	body   []byte
	fields []field
	// read gives other bodies in place of this one, all signed by who may sign
	// them, to whoever reads them, and returns why each is refused. It requires
	// that nothing is written and nothing else changes.
	read func(t *testing.T, bodies [][]byte) []error
}

// field is a point or a scalar of a message.
type field struct {
	name     string
	at       int
	scalar   bool
	identity error // why the identity is refused; not for scalars
	// loose says that no proof is over the field: another point is another
	// message.
	loose bool
}

func (f *fixture) points(fields []field, at, n int, of field) ([]field, int) {
	size := f.Group.PointLen()
	if of.scalar {
		size = f.Group.ScalarLen()
	}
	for range n {
		of.at = at
		fields = append(fields, of)
		at += size
	}
	return fields, at
}

// layout puts fields one after the other from an offset on.
func (f *fixture) layout(at int, parts ...part) (fields []field, end int) {
	for _, p := range parts {
		fields, at = f.points(fields, at, p.n, p.field)
	}
	return fields, at
}

// part is a number of fields of one kind.
type part struct {
	n int
	field
}

// some returns the first and the last field of every kind.
func (m *message) some() (list []field) {
	for i, x := range m.fields {
		if i == 0 || m.fields[i-1].name != x.name || i == len(m.fields)-1 || m.fields[i+1].name != x.name {
			list = append(list, x)
		}
	}
	return list
}

// with returns the body with other bytes in place of a field.
func (m *message) with(x field, b []byte) []byte {
	body := bytes.Clone(m.body)
	copy(body[x.at:], b)
	return body
}

// bytesOf returns the bytes of a field.
func (f *fixture) bytesOf(m *message, x field) []byte {
	n := f.Group.PointLen()
	if x.scalar {
		n = f.Group.ScalarLen()
	}
	return m.body[x.at : x.at+n]
}

// messages returns one of every kind.
func (f *fixture) messages(t *testing.T) []*message {
	list := []*message{f.cast(t, 0), f.cast(t, 1), f.spoil(t)}
	if !f.tokens { // else they are no others
		list = append(list, f.trusteeKeys(t), f.deal(t), f.rollEntry(t), f.openEntry(t), f.sumShare(t))
	}
	if f.mixed {
		list = append(list, f.mix(t, chair), f.mix(t, motto), f.rowShare(t))
	}
	for _, m := range list {
		refused := m.read(t, [][]byte{m.body})
		require.NoError(t, refused[0], "%s: control", m.name)
	}
	return list
}

// trusteeKeys is the certificate of the trustees: their keys in the manifest.
func (f *fixture) trusteeKeys(t *testing.T) *message {
	m := &message{name: "manifest", body: f.Manifest.Bytes()}
	for _, trustee := range f.Manifest.Trustees {
		key := f.Group.AppendPoint(nil, trustee.Encryption)
		require.Equal(t, 1, bytes.Count(m.body, key))
		m.fields = append(m.fields, field{name: "encryption key", at: bytes.Index(m.body, key), identity: reason.ErrGroup, loose: true})
	}
	m.read = func(t *testing.T, bodies [][]byte) (refused []error) {
		for _, body := range bodies {
			parsed, err := ballot.ParseManifestBytes(body)
			require.Equal(t, err == nil, parsed != nil)
			refused = append(refused, err)
		}
		return refused
	}
	return m
}

// deal is a dealer's message in the key ceremony, to which it has committed.
func (f *fixture) deal(t *testing.T) *message {
	const dealer = 1
	c := f.Manifest.Ceremony()
	commit, deal := f.by(t, f.trustee(dealer), entry.Commit, 0), f.by(t, f.trustee(dealer), entry.Deal, 0)
	m := &message{name: "deal", body: parse(t, f.entries[deal]).Body}
	k, n := c.Columns, len(c.Trustees)
	point := field{identity: reason.ErrGroup}
	named := func(name string) field { x := point; x.name = name; return x }
	fields, at := f.layout(4, part{k * c.Threshold, named("commitment")}, part{1, named("ephemeral key")})
	at += n * (k*f.Group.ScalarLen() + 16)
	proof, end := f.layout(at, part{k + 1, named("A of the proof")}, part{k + 1, field{name: "z of the proof", scalar: true}})
	require.Len(t, m.body, end)
	m.fields = append(fields, proof...)
	m.read = func(t *testing.T, bodies [][]byte) (refused []error) {
		for _, body := range bodies {
			other := f.signAs(t, dealer, f.entries[deal], body)
			id := entry.ID(other)
			entries := replace(f.entries[:f.at(t, entry.Confirm, 0)], deal, other)
			entries[commit] = f.signAs(t, dealer, f.entries[commit], id[:])
			tr, err := c.Replay(posted(entries))
			require.NoError(t, err)
			require.NoError(t, tr.Failure, "the others go on")
			require.Equal(t, dkg.Confirming, tr.Phase)
			if len(tr.Culprits) == 0 {
				refused = append(refused, nil)
				continue
			}
			require.Len(t, tr.Culprits, 1)
			require.Equal(t, dealer+1, tr.Culprits[0].Trustee)
			require.NoError(t, c.CheckCulprit(tr.Culprits[0]))
			refused = append(refused, tr.Culprits[0].Reason)
		}
		return refused
	}
	return m
}

// rollEntry is the list of credentials.
func (f *fixture) rollEntry(t *testing.T) *message {
	m := &message{name: "roll", body: parse(t, f.entries[f.at(t, entry.Roll, 0)]).Body}
	line := f.Group.PointLen() + 12
	for at := 12; at < len(m.body); at += line {
		m.fields = append(m.fields, field{name: "credential", at: at, identity: reason.ErrGroup, loose: true})
	}
	m.read = func(t *testing.T, bodies [][]byte) (refused []error) {
		for _, body := range bodies {
			lines, err := ballot.NewRollReader(f.Manifest).Add(body)
			require.Equal(t, err == nil, lines != nil)
			refused = append(refused, err)
		}
		return refused
	}
	return m
}

// openEntry is the open entry, with the keys of the election.
func (f *fixture) openEntry(t *testing.T) *message {
	at := f.opened - 1
	m := &message{name: "open", body: parse(t, f.entries[at]).Body}
	m.fields, _ = f.layout(68, part{f.Manifest.Columns(), field{name: "key", identity: reason.ErrGroup, loose: true}})
	m.read = func(t *testing.T, bodies [][]byte) (refused []error) {
		for _, body := range bodies {
			data := f.sign(entry.Open, body, f.Signers()...)
			log := f.Fork(replace(f.entries[:f.opened], at, data)...)
			e, err := ballot.Load(t.Context(), log, ballot.Fingerprint(entry.ID(data)))
			require.Equal(t, err == nil, e != nil)
			refused = append(refused, err)
		}
		return refused
	}
	return m
}

// cast is a ballot of a style.
func (f *fixture) cast(t *testing.T, style int) *message {
	voter := 2 + style // who has voted once
	at := 0
	for i, data := range f.entries {
		env := parse(t, data)
		if env.Kind == entry.Ballot && bytes.HasPrefix(env.Body[f.credentialAt():], f.Voters[voter].Key.Public()) {
			at = i
		}
	}
	m := &message{name: "ballot of " + f.Manifest.Styles[style].ID, body: parse(t, f.entries[at]).Body}
	slots := 0
	for _, i := range f.Manifest.Styles[style].Contests {
		if c := &f.Manifest.Contests[i]; !c.Mixed() {
			_, n := c.Columns()
			slots += n
		}
	}
	points, scalars := 7, slots+4
	if slots == 0 {
		points, scalars = 2, 2
	}
	var end int
	m.fields, end = f.layout(f.credentialAt(),
		part{1, field{name: "credential", identity: reason.ErrGroup}}, part{1, field{name: "A", identity: reason.ErrGroup}},
		part{len(f.Manifest.RowColumns(style)), field{name: "B", identity: reason.ErrGroup}},
		part{points, field{name: "commitment", identity: reason.ErrProof}}, part{scalars, field{name: "response", scalar: true}})
	require.Len(t, m.body, end)
	log, box := f.open(t)
	m.read = f.boxed(log, box, f.entries[at], m)
	return m
}

// boxed reads ballots or spoils as a box does.
func (f *fixture) boxed(log ballot.Log, box *ballot.Box, data []byte, m *message) func(*testing.T, [][]byte) []error {
	return func(t *testing.T, bodies [][]byte) (refused []error) {
		for _, body := range bodies {
			if bytes.Equal(body, m.body) { // so that the box stays empty
				refused = append(refused, nil)
				continue
			}
			before := size(t, log)
			other := rewrap(t, data, func(env *entry.Envelope) { env.Body = body })
			var err error
			if parse(t, data).Kind == entry.Spoil {
				_, err = box.Spoil(t.Context(), other)
			} else {
				_, err = box.CastBytes(t.Context(), other)
			}
			require.Equal(t, before, size(t, log))
			refused = append(refused, err)
		}
		return refused
	}
}

// spoil is the signature of a voter who challenges a ballot.
func (f *fixture) spoil(t *testing.T) *message {
	at := f.at(t, entry.Spoil, 0)
	m := &message{name: "spoil", body: parse(t, f.entries[at]).Body}
	start := 32
	if f.tokens {
		start += 2 + len(f.permit(0)) // the style, too
	}
	var end int
	m.fields, end = f.layout(start,
		part{1, field{name: "credential", identity: reason.ErrGroup}}, part{1, field{name: "A of the proof", identity: reason.ErrGroup}},
		part{1, field{name: "z of the proof", scalar: true}})
	require.Len(t, m.body, end)
	log, box := f.open(t)
	m.read = f.boxed(log, box, f.entries[at], m)
	return m
}

// sumShare is a trustee's share of the last contest that is added up.
func (f *fixture) sumShare(t *testing.T) *message {
	contest := 1 // parks, or the mayor of a mixed fixture
	m := f.shareOf(t, contest)
	m.name = "share of a sum"
	var end int
	m.fields, end = f.layout(36,
		part{len(f.Manifest.Contests[contest].Results()), field{name: "D", identity: reason.ErrProof}},
		part{2, field{name: "A of the proof", identity: reason.ErrGroup}}, part{1, field{name: "z of the proof", scalar: true}})
	require.Len(t, m.body, end)
	return m
}

// rowShare is a trustee's share of the rows of motto, of three voters.
func (f *fixture) rowShare(t *testing.T) *message {
	m := f.shareOf(t, motto)
	m.name = "share of rows"
	proof := []part{
		{2, field{name: "A of a proof", identity: reason.ErrGroup}}, {1, field{name: "z of a proof", scalar: true}},
	}
	var end int
	m.fields, end = f.layout(36, slices.Concat([]part{{3 * 2, field{name: "D", identity: reason.ErrGroup}}}, proof, proof)...)
	require.Len(t, m.body, end)
	return m
}

// last is the trustee whose shares are changed: the others are enough.
const last = 2

func (f *fixture) shareOf(t *testing.T, contest int) *message {
	at := f.by(t, f.trustee(last), entry.Share, contest)
	m := &message{body: parse(t, f.entries[at]).Body}
	m.read = func(t *testing.T, bodies [][]byte) []error {
		var others [][]byte
		for _, body := range bodies {
			others = append(others, f.signAs(t, last, f.entries[at], body))
		}
		return f.audited(t, f.entries, at, others)
	}
	return m
}

// audited audits a ledger with other entries before one of it, which does the
// same if they do not hold, and returns why each of them is refused. The result
// is what it was.
func (f *fixture) audited(t *testing.T, entries [][]byte, at int, others [][]byte) []error {
	report := f.audit(t, insert(entries, at, others...))
	require.NotNil(t, report.Result, report.Text())
	require.Equal(t, f.result.Contests, report.Result.Contests)
	refused := make([]error, len(others))
	for _, c := range report.Checks {
		for _, finding := range c.Findings {
			if finding.Entry == nil || finding.Refused {
				continue
			}
			i := int(*finding.Entry) - at
			require.True(t, 0 <= i && i < len(others), "nobody else is blamed: %v", finding.Err)
			require.Equal(t, tally.Failed, c.Status)
			refused[i] = finding.Err
		}
	}
	return refused
}

// mix is the mix that mixer 3 could have made in place of mixer 2.
func (f *fixture) mix(t *testing.T, contest int) *message {
	const mixer = 2
	second := f.by(t, f.Manifest.Mixers[1].Signing, entry.Mix, 0)
	log := f.Fork(f.entries[:second]...)
	require.NoError(t, tally.Mix(t.Context(), f.Election.Election, log, f.Mixers[mixer], nil))
	data := entriesOf(t, log)[second+map[int]int{chair: 0, motto: 1}[contest]]
	m := &message{name: "mix of " + f.Manifest.Contests[contest].ID, body: parse(t, data).Body}
	rows := map[int]int{chair: 4, motto: 3}[contest]
	_, width := f.Manifest.Contests[contest].Columns()
	var parts []part
	for range rows {
		parts = append(parts, part{1, field{name: "A", identity: reason.ErrGroup}}, part{width, field{name: "B", identity: reason.ErrProof}})
	}
	var end int
	m.fields, end = f.layout(40, append(parts,
		part{7 + width, field{name: "commitment", identity: reason.ErrProof}}, part{4 + 2*rows + rows - 2, field{name: "response", scalar: true}})...)
	require.Len(t, m.body, end)
	m.read = func(t *testing.T, bodies [][]byte) (refused []error) {
		var others [][]byte
		for _, body := range bodies {
			if bytes.Equal(body, m.body) {
				// It would take the place of mixer 2; that it is a mix shows in
				// a ledger without what follows.
				log := f.Fork(append(slices.Clone(f.entries[:second]), data)...)
				require.NoError(t, tally.Mix(t.Context(), f.Election.Election, log, f.Mixers[1], nil))
				require.Equal(t, second+2, size(t, log), "one is left to mix")
				return []error{nil}
			}
			env := parse(t, data)
			env.Body, env.Signatures = body, nil
			env.Sign(f.Mixers[mixer])
			others = append(others, env.Bytes())
		}
		return f.audited(t, f.entries, second, others)
	}
	return m
}
