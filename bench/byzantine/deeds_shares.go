package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/tally"
	"github.com/hanpyo/hanpyo/zkp"
)

// decryption is a share in the making, from docs/wire.md.
type decryption struct {
	h        *hall
	contest  int
	trustee  int
	target   [32]byte
	election [32]byte // for which the proof is
	secrets  []kyber.Scalar
	points   []kyber.Point // if nil, what the secrets give
}

func (h *hall) decryption(trustee, contest int) (*decryption, error) {
	share, err := h.villainShare(trustee)
	if err != nil {
		return nil, err
	}
	first, columns := h.e.Manifest.Contests[contest].Columns()
	return &decryption{h: h, contest: contest, trustee: trustee, target: h.target(contest), election: h.e.Fingerprint, secrets: share[first : first+columns]}, nil
}

// shareMove returns the share that would be right now.
func (h *hall) shareMove(trustee, contest int) (*move, error) {
	d, err := h.decryption(trustee, contest)
	if err != nil {
		return nil, err
	}
	body, err := d.body()
	return &move{position: trustee, contest: contest, body: body, sign: h.signedBy(h.trustees[trustee-1].villain.signing)}, err
}

// body returns the share with its proof, of what can be proven.
func (d *decryption) body() ([]byte, error) {
	var w wire.Writer
	w.Uint32(uint32(d.contest))
	w.Raw(d.target[:])
	points, proof, err := d.sums()
	if d.contest == motto {
		points, proof, err = d.rows()
	}
	if d.points != nil {
		points = d.points
	}
	for _, p := range points {
		w.Raw(d.h.group.AppendPoint(nil, p))
	}
	w.Raw(proof)
	return w.Bytes(), err
}

// sums decrypts contest mayor.
func (d *decryption) sums() (points []kyber.Point, proof []byte, err error) {
	if d.contest != mayor {
		return nil, nil, nil
	}
	g, rows, a := d.h.group, d.h.e.Manifest.Contests[mayor].Results(), d.h.sum().A
	s := zkp.DLEQKeys{Base: g.Base(), Base2: a}
	var xs []kyber.Scalar
	for _, row := range rows {
		x := combined(g, row, d.secrets)
		xs = append(xs, x)
		s.Images, s.Images2 = append(s.Images, g.Point().Mul(x, nil)), append(s.Images2, g.Point().Mul(x, a))
	}
	var w wire.Writer
	w.Uint32(uint32(d.trustee))
	w.Uint32(mayor)
	w.Raw(d.target[:])
	w.Uint32(uint32(len(rows)))
	for _, row := range rows {
		w.Uint32(uint32(len(row.Terms)))
		for _, t := range row.Terms {
			w.Uint32(uint32(t.Slot))
			w.Int64(t.Coefficient)
		}
	}
	proof, err = s.Prove(g, zkp.Context{Kind: "decryption", Election: d.election, Position: w.Bytes()}, xs)
	return s.Images2, proof, err
}

func combined(g *elgamal.Group, row ballot.ResultRow, secrets []kyber.Scalar) kyber.Scalar {
	sum := g.Scalar()
	for _, t := range row.Terms {
		sum.Add(sum, g.Scalar().Mul(g.Int64Scalar(t.Coefficient), secrets[t.Slot]))
	}
	return sum
}

// rows decrypts the rows of contest motto.
func (d *decryption) rows() (points []kyber.Point, proofs []byte, err error) {
	g, list := d.h.group, d.h.list
	var encoded []byte
	for i := range list.Len() {
		for _, x := range d.secrets {
			p := g.Point().Mul(x, list.Row(i).A)
			points, encoded = append(points, p), g.AppendPoint(encoded, p)
		}
	}
	hash := sha256.Sum256(encoded)
	for k, x := range d.secrets {
		s := zkp.DLEQBases{Base: g.Base(), Image: g.Point().Mul(x, nil)}
		for i := range list.Len() {
			s.Bases2, s.Images2 = append(s.Bases2, list.Row(i).A), append(s.Images2, points[i*len(d.secrets)+k])
		}
		var w wire.Writer
		w.Uint32(uint32(d.trustee))
		w.Uint32(motto)
		w.Raw(d.target[:])
		w.Uint32(uint32(k))
		w.Raw(hash[:])
		proof, err := s.Prove(g, zkp.Context{Kind: "decryption of rows", Election: d.election, Position: w.Bytes()}, x)
		if err != nil {
			return nil, nil, err
		}
		proofs = append(proofs, proof...)
	}
	return points, proofs, nil
}

// shareHead is how long a share is before its points.
const shareHead = 4 + 32

func shareDeeds() []*deed {
	bad := func(name, check string, reason error, change func(h *hall, m *move) []byte) *deed {
		return &deed{phase: decrypt, name: name, share: func(h *hall, m *move) []post {
			return []post{{data: m.sign(entry.Share, change(h, m)), reason: reason, check: check}}
		}}
	}
	remade := func(change func(d *decryption)) func(h *hall, m *move) []byte {
		return func(h *hall, m *move) []byte {
			d, err := h.decryption(m.position, m.contest)
			if err != nil {
				panic(err) // it was made once
			}
			change(d)
			body, err := d.body()
			if err != nil {
				panic(err) // it can be proven
			}
			return body
		}
	}
	list := []*deed{
		{phase: decrypt, name: "silent", share: func(*hall, *move) []post { return nil }},
		{phase: decrypt, name: "after the result", share: func(_ *hall, m *move) []post {
			return []post{{data: m.sign(entry.Share, m.body), reason: tally.ErrState, later: true}}
		}},
		{phase: decrypt, name: "before the pin", early: true, share: func(_ *hall, m *move) []post {
			if m.contest == motto { // and so before the last mix
				return []post{{data: m.sign(entry.Share, m.body), reason: tally.ErrBinding, check: "tally.target"}}
			}
			return []post{{data: m.sign(entry.Share, m.body), reason: tally.ErrState}}
		}},
		bad("one byte less", "decrypt.shares", tally.ErrEncoding, func(_ *hall, m *move) []byte { return m.body[:len(m.body)-1] }),
		bad("one byte more", "decrypt.shares", tally.ErrEncoding, func(_ *hall, m *move) []byte { return append(m.body, 0) }),
		bad("nothing but a target", "decrypt.shares", tally.ErrEncoding, func(_ *hall, m *move) []byte { return m.body[:shareHead] }),
		bad("nothing", "decrypt.shares", tally.ErrEncoding, func(*hall, *move) []byte { return nil }),
		bad("a point that is none", "decrypt.shares", tally.ErrEncoding, func(h *hall, m *move) []byte {
			copy(m.body[shareHead:], bytes.Repeat([]byte{0xff}, h.group.PointLen()))
			return m.body
		}),
		bad("a contest that there is not", "decrypt.shares", tally.ErrRange, func(_ *hall, m *move) []byte { m.body[3] = 9; return m.body }),
		bad("another target", "tally.target", tally.ErrBinding, func(_ *hall, m *move) []byte { m.body[4] ^= 1; return m.body }),
		bad("another target, proven", "tally.target", tally.ErrBinding, remade(func(d *decryption) { d.target[0] ^= 1 })),
		bad("with another secret", "decrypt.shares", tally.ErrProof, remade(func(d *decryption) {
			d.secrets = []kyber.Scalar{d.h.group.RandomScalar(), d.h.group.RandomScalar()}[:len(d.secrets)]
		})),
		bad("proven for another election", "decrypt.shares", tally.ErrProof, remade(func(d *decryption) { d.election[0] ^= 1 })),
		bad("proven for another trustee", "decrypt.shares", tally.ErrProof, remade(func(d *decryption) { d.trustee++ })),
		bad("a wrong point", "decrypt.shares", tally.ErrProof, func(h *hall, m *move) []byte {
			copy(m.body[shareHead:], h.group.AppendPoint(nil, h.group.Generator("wrong", 1)))
			return m.body
		}),
		bad("points exchanged", "decrypt.shares", tally.ErrProof, func(h *hall, m *move) []byte {
			size := h.group.PointLen()
			first, second := m.body[shareHead:shareHead+size], m.body[shareHead+size:shareHead+2*size]
			kept := bytes.Clone(first)
			copy(first, second)
			copy(second, kept)
			return m.body
		}),
	}
	return append(list, shareRepeats()...)
}

// shareRepeats are those of more than one entry, of other people's, and others
// of which the reason depends.
func shareRepeats() []*deed {
	return []*deed{
		{phase: decrypt, name: "the identity", share: func(h *hall, m *move) []post {
			copy(m.body[shareHead:], h.group.AppendPoint(nil, h.group.Point()))
			reason := tally.ErrProof // a sum may be the identity
			if m.contest == motto {
				reason = tally.ErrGroup
			}
			return []post{{data: m.sign(entry.Share, m.body), reason: reason, check: "decrypt.shares"}}
		}},
		{phase: decrypt, name: "nothing but zeros", share: func(_ *hall, m *move) []post {
			clear(m.body[shareHead:])
			return []post{{data: m.sign(entry.Share, m.body), check: "decrypt.shares", reason: tally.ErrProof, reasons: []error{tally.ErrEncoding, tally.ErrGroup}}}
		}},
		{phase: decrypt, name: "for another election", share: func(_ *hall, m *move) []post {
			e := parsed(m.sign(entry.Share, m.body))
			e.Election[0] ^= 1
			return []post{{data: e.Bytes(), reason: tally.ErrBinding, foreign: true}}
		}},
		{phase: decrypt, name: "in the name of another", share: func(h *hall, m *move) []post {
			other := h.authorities[0].Public().(ed25519.PublicKey)
			if h.n > 1 {
				other = h.e.Manifest.Trustees[m.position%h.n].Signing
			}
			return []post{{data: forged(m.sign(entry.Share, m.body), other), reason: errNobody}}
		}},
		{phase: decrypt, name: "unsigned", share: func(_ *hall, m *move) []post {
			e := parsed(m.sign(entry.Share, m.body))
			e.Signatures = nil
			return []post{{data: e.Bytes(), reason: errNobody}}
		}},
		{phase: decrypt, name: "two", share: func(h *hall, m *move) []post {
			second, err := h.shareMove(m.position, m.contest)
			if err != nil {
				panic(err) // it was made once
			}
			return []post{{data: m.sign(entry.Share, m.body)}, {data: m.sign(entry.Share, second.body), reason: tally.ErrDuplicate}}
		}},
		{phase: decrypt, name: "a wrong one and then a right one", share: func(_ *hall, m *move) []post {
			wrong := bytes.Clone(m.body)
			wrong[4] ^= 1
			return []post{{data: m.sign(entry.Share, wrong), reason: tally.ErrBinding, check: "tally.target"}, {data: m.sign(entry.Share, m.body)}}
		}},
		{phase: decrypt, name: "the share of another as its own", share: func(h *hall, m *move) []post {
			body := h.shareOfAnother(m)
			if body == nil {
				return nil
			}
			return []post{{data: m.sign(entry.Share, body), reason: tally.ErrProof, check: "decrypt.shares"}}
		}},
	}
}

// shareOfAnother returns the body of a good share of somebody else, if there is
// one.
func (h *hall) shareOfAnother(m *move) []byte {
	ctx := context.Background()
	cp, err := h.log.Checkpoint(ctx)
	if err != nil {
		panic(err) // the ledger is in memory
	}
	for en, err := range h.log.Entries(ctx, 0, cp.Size) {
		if err != nil {
			panic(err) // the ledger is in memory
		}
		e, err := entry.Parse(en.Data)
		_, bad := h.posts[en.Index]
		if err == nil && e.Kind == entry.Share && !bad && bytes.Equal(e.Body[:4], m.body[:4]) {
			return e.Body
		}
	}
	return nil
}
