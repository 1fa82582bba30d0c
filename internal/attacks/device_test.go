package attacks

import (
	"cmp"
	"crypto/rand"
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/zkp"
)

// device is a voter's device that knows what an honest one does and keeps no
// rules: any values in the slots, any randomness, any number. It was written
// from docs/protocol.md §4 and docs/wire.md alone, and makes for anything the
// proof that the honest prover's program would make.
type device struct {
	f       *fixture
	style   int
	key     *ballot.VoterKey
	number  uint32
	time    int64
	r       kyber.Scalar
	values  []kyber.Scalar        // of the slots
	mixed   map[int][]kyber.Point // of mixed contests, by their numbers in the manifest
	shown   kyber.Point           // credential instead of that of the key, if not nil
	permit  []byte                // weight and tokens, if the election has any
	columns []int                 // of the row, as the manifest numbers them
}

// device returns one that would be honest, for the votes of a voter.
func (f *fixture) device(t testing.TB, voter int, votes ballot.Votes) *device {
	style := f.styleOf(t, voter)
	d := &device{
		f: f, style: style, key: f.Voters[voter].Key, permit: f.permit(voter),
		number: 1, time: f.Manifest.Opens.Unix() / 60 * 60, r: f.Group.RandomScalar(),
		mixed: make(map[int][]kyber.Point), columns: f.Manifest.RowColumns(style),
	}
	content, err := f.Manifest.EncodeVotes(d.style, votes)
	require.NoError(t, err)
	for _, i := range f.Manifest.Styles[d.style].Contests {
		c := &f.Manifest.Contests[i]
		_, n := c.Columns()
		if !c.Mixed() {
			for _, bit := range content[:n] {
				d.values = append(d.values, f.Group.Uint64Scalar(uint64(bit)))
			}
			content = content[n:]
			continue
		}
		plain := append([]byte(nil), content[:c.PlaintextLen()]...)
		content = content[c.PlaintextLen():]
		for range n {
			part := make([]byte, elgamal.EmbedLen)
			plain = plain[copy(part, plain):]
			p, err := elgamal.Embed(f.Group, part)
			require.NoError(t, err)
			d.mixed[i] = append(d.mixed[i], p)
		}
	}
	return d
}

// contestOf returns the contest of a column.
func (d *device) contestOf(column int) int {
	for i := range d.f.Manifest.Contests {
		if first, n := d.f.Manifest.Contests[i].Columns(); first <= column && column < first+n {
			return i
		}
	}
	panic("no such column")
}

// row encrypts.
func (d *device) row() elgamal.Ciphertext {
	g, f := d.f.Group, d.f
	row := elgamal.Ciphertext{A: times(g, d.r, nil)}
	values := d.values
	for _, column := range d.columns {
		i := d.contestOf(column)
		first, _ := f.Manifest.Contests[i].Columns()
		var message kyber.Point
		if f.Manifest.Contests[i].Mixed() {
			message = d.mixed[i][column-first]
		} else {
			message, values = times(g, values[0], nil), values[1:]
		}
		row.B = append(row.B, g.Point().Add(message, times(g, d.r, f.Opening.Keys[column])))
	}
	return row
}

func (d *device) secret() kyber.Scalar {
	k, err := d.f.Group.DecodeScalar(d.key.Bytes())
	if err != nil {
		panic(err)
	}
	return k
}

func (d *device) credential() kyber.Point {
	if d.shown != nil {
		return d.shown
	}
	return times(d.f.Group, d.secret(), nil)
}

// seal returns the ledger entry of the ballot.
func (d *device) seal() []byte { return d.entry(d.row(), d.prove(d.row())) }

// entry puts a ballot together.
func (d *device) entry(row elgamal.Ciphertext, proof []byte) []byte {
	g := d.f.Group
	body := binary.BigEndian.AppendUint16(nil, uint16(d.style))
	body = binary.BigEndian.AppendUint32(body, d.number)
	body = g.AppendPoint(append(body, d.permit...), d.credential())
	body = append(g.AppendCiphertext(body, row), proof...)
	env := entry.Envelope{Kind: entry.Ballot, Election: entry.Hash(d.f.Fingerprint), Time: d.time, Body: body}
	return env.Bytes()
}

// form is what is absorbed before a statement: columns, keys and rules.
func (d *device) form() []byte {
	m, u32 := d.f.Manifest, binary.BigEndian.AppendUint32
	b, slots := u32(nil, uint32(len(d.columns))), d.slots()
	for at, column := range d.columns {
		b = u32(b, uint32(column))
		if _, isSlot := slots[at]; isSlot {
			b = append(b, 0)
		} else {
			b = append(b, 1)
		}
		b = d.f.Group.AppendPoint(b, d.f.Opening.Keys[column])
	}
	rules := m.RowRules(d.style)
	b = u32(b, uint32(len(rules)))
	for _, rule := range rules {
		b = u32(b, uint32(len(rule.Terms)))
		terms := slices.Clone(rule.Terms)
		slices.SortFunc(terms, func(a, b zkp.Term) int { return cmp.Compare(a.Slot, b.Slot) })
		for _, term := range terms {
			b = u32(b, uint32(slots[term.Slot]))
			b = binary.BigEndian.AppendUint64(b, uint64(term.Coefficient))
		}
		b = binary.BigEndian.AppendUint64(b, uint64(rule.Sum))
	}
	return b
}

// open starts the transcript of a row's proof.
func (d *device) open(row elgamal.Ciphertext) *zkp.Transcript {
	f, g := d.f, d.f.Group
	at := zkp.Context{Kind: "ballot", Election: f.Fingerprint, Position: []byte(f.Manifest.Styles[d.style].ID)}
	tr := zkp.NewTranscript(g, "hanpyo ballot", "ballot", at, nil)
	tr.Absorb("form", d.form())
	b := binary.BigEndian.AppendUint32(nil, d.number)
	b = binary.BigEndian.AppendUint64(b, uint64(d.time))
	tr.Absorb("statement", g.AppendCiphertext(g.AppendPoint(b, d.credential()), row))
	if d.permit != nil {
		tr.Absorb("bound", d.permit)
	}
	return tr
}

// prove makes the proof of §4.1, whether or not what it says is true.
func (d *device) prove(row elgamal.Ciphertext) []byte {
	g, tr, k := d.f.Group, d.open(row), d.secret()
	var fresh [32]byte
	rand.Read(fresh[:])
	random := tr.Nonces(fresh, append([]kyber.Scalar{d.r, k}, d.values...))
	mul := func(a, b kyber.Scalar) kyber.Scalar { return g.Scalar().Mul(a, b) }
	add := func(a, b kyber.Scalar) kyber.Scalar { return g.Scalar().Add(a, b) }
	s, kappa := random(), random()
	R, Q := times(g, s, nil), times(g, kappa, nil)
	if len(d.values) == 0 {
		tr.WritePoint(R)
		tr.WritePoint(Q)
		e := tr.Weights("commitments", 1)[0]
		tr.WriteScalar(add(s, mul(e, d.r)))
		tr.WriteScalar(add(kappa, mul(e, k)))
		return tr.Proof()
	}
	rho, sigma, gamma1, gamma0 := random(), random(), random(), random()
	generators, keys := []kyber.Point{g.Generator("hanpyo ballot", 0)}, []kyber.Point{}
	var t []kyber.Scalar
	for _, column := range d.columns {
		if !d.f.Manifest.Contests[d.contestOf(column)].Mixed() {
			generators, keys = append(generators, g.Generator("hanpyo ballot", column+1)), append(keys, d.f.Opening.Keys[column])
			t = append(t, random())
		}
	}
	rules := d.f.Manifest.RowRules(d.style)
	slots, n := d.slots(), len(t)
	tr.WritePoint(g.MultiScalarMul(append([]kyber.Scalar{rho}, d.values...), generators))
	tr.WritePoint(g.MultiScalarMul(append([]kyber.Scalar{sigma}, t...), generators))
	all := tr.Weights("openings", 2*n+len(rules))
	lambda, mu, theta := all[:n], all[n:2*n], all[2*n:]

	masked, c1, c0 := g.Scalar(), g.Scalar(), g.Scalar()
	for i := range t {
		masked.Add(masked, mul(lambda[i], t[i]))
		flip := g.Scalar().Sub(g.Scalar().One(), add(d.values[i], d.values[i]))
		c1.Add(c1, mul(mul(mu[i], t[i]), flip))
		c0.Sub(c0, mul(mul(mu[i], t[i]), t[i]))
	}
	for j, rule := range rules {
		for _, term := range rule.Terms {
			c1.Add(c1, mul(theta[j], mul(g.Int64Scalar(term.Coefficient), t[slots[term.Slot]])))
		}
	}
	h := g.Generator("hanpyo ballot product", 0)
	L := g.Point().Add(times(g, masked, nil), times(g, s, g.MultiScalarMul(lambda, keys)))
	C1 := g.Point().Add(times(g, c1, nil), times(g, gamma1, h))
	C0 := g.Point().Add(times(g, c0, nil), times(g, gamma0, h))
	for _, p := range []kyber.Point{R, L, C1, C0, Q} {
		tr.WritePoint(p)
	}
	e := tr.Weights("commitments", 1)[0]
	for i := range t {
		tr.WriteScalar(add(t[i], mul(e, d.values[i])))
	}
	tr.WriteScalar(add(s, mul(e, d.r)))
	tr.WriteScalar(add(sigma, mul(e, rho)))
	tr.WriteScalar(add(gamma0, mul(e, gamma1)))
	tr.WriteScalar(add(kappa, mul(e, k)))
	return tr.Proof()
}

// slots maps positions in the row to slots.
func (d *device) slots() map[int]int {
	slots := make(map[int]int)
	for at, column := range d.columns {
		if !d.f.Manifest.Contests[d.contestOf(column)].Mixed() {
			slots[at] = len(slots)
		}
	}
	return slots
}

// The device that the attacks are made with can be honest, so that what is
// refused of it is the attack and not a mistake of its maker.
func TestDeviceCanBeHonest(t *testing.T) {
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		log, box := f.open(t)
		for voter, votes := range f.votes {
			d := f.device(t, voter, votes)
			data := d.seal()
			r, err := box.CastBytes(t.Context(), data)
			require.NoError(t, err)
			require.NoError(t, f.VerifyReceipt(data, r))
			d.number++
			d.key = ballot.NewVoterKey(f.Group)
			requireRefused(t, reason.ErrEligibility, log, box, d.seal())
		}
	})
}
