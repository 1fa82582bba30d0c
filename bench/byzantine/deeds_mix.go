package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"slices"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/mixnet"
	"github.com/hanpyo/hanpyo/tally"
)

// errNobody is ErrSignature: nobody's entry is never looked into.
var errNobody = tally.ErrSignature

// mixMove returns the mix that would be right now.
func (h *hall) mixMove(ctx context.Context, mixer int) (*move, error) {
	key := h.mixers[mixer-1]
	body, err := h.shuffled(h.list, key, func(*mixnet.Place) {})
	return &move{position: mixer, contest: motto, body: body, sign: h.signedBy(key)}, err
}

// shuffled returns the mix of a list, proven for a place that may be wrong.
func (h *hall) shuffled(list *mixnet.List, mixer ed25519.PrivateKey, change func(*mixnet.Place)) ([]byte, error) {
	ctx := context.Background()
	place := mixnet.Place{Election: h.e.Fingerprint, Contest: "motto", Step: len(h.mixed), Mixer: mixer.Public().(ed25519.PublicKey)}
	change(&place)
	output, secret, err := mixnet.Shuffle(ctx, h.key, list, nil)
	if err != nil {
		return nil, err
	}
	proof, err := mixnet.Statement{Key: h.key, Input: list, Output: output}.Prove(ctx, place, secret, nil)
	if err != nil {
		return nil, err
	}
	var w wire.Writer
	digest := h.list.Digest()
	w.Uint32(motto)
	w.Uint32(uint32(len(h.mixed)))
	w.Raw(digest[:])
	w.Raw(output.Bytes())
	w.Raw(proof)
	return w.Bytes(), nil
}

// rows returns the rows to be mixed.
func (h *hall) rows() (rows []elgamal.Ciphertext) {
	for i := range h.list.Len() {
		rows = append(rows, h.list.Row(i))
	}
	return rows
}

// over returns the mix of other rows than the last ones.
func (h *hall) over(m *move, rows ...elgamal.Ciphertext) []byte {
	list, err := mixnet.NewList(context.Background(), h.group, h.list.Width(), rows, nil)
	if err == nil {
		m.body, err = h.shuffled(list, h.mixers[m.position-1], func(*mixnet.Place) {})
	}
	if err != nil {
		panic(err) // the rows are good
	}
	return m.body
}

// mixHead is how long a mix is before its rows.
const mixHead = 4 + 4 + 32

func mixDeeds() []*deed {
	bad := func(name, check string, reason error, change func(h *hall, m *move) []byte) *deed {
		return &deed{phase: mix, name: name, mix: func(h *hall, m *move) []post {
			return []post{{data: m.sign(entry.Mix, change(h, m)), reason: reason, check: check}}
		}}
	}
	row := func(h *hall, m *move, i int) []byte {
		size := h.group.CiphertextLen(h.list.Width())
		return m.body[mixHead+i*size : mixHead+(i+1)*size]
	}
	placed := func(change func(h *hall, p *mixnet.Place)) func(h *hall, m *move) []byte {
		return func(h *hall, m *move) []byte {
			body, err := h.shuffled(h.list, h.mixers[m.position-1], func(p *mixnet.Place) { change(h, p) })
			if err != nil {
				panic(err) // every place can be proven for
			}
			return body
		}
	}
	list := []*deed{
		{phase: mix, name: "silent", mix: func(*hall, *move) []post { return nil }},
		{phase: mix, name: "before the pin", early: true, mix: func(_ *hall, m *move) []post {
			return []post{{data: m.sign(entry.Mix, m.body), reason: tally.ErrState}}
		}},
		{phase: mix, name: "after the result", mix: func(_ *hall, m *move) []post {
			return []post{{data: m.sign(entry.Mix, m.body), reason: tally.ErrState, later: true}}
		}},
		bad("one byte less", "mix.chain", tally.ErrEncoding, func(_ *hall, m *move) []byte { return m.body[:len(m.body)-1] }),
		bad("one byte more", "mix.chain", tally.ErrEncoding, func(_ *hall, m *move) []byte { return append(m.body, 0) }),
		bad("nothing but a contest", "mix.chain", tally.ErrEncoding, func(_ *hall, m *move) []byte { return m.body[:mixHead] }),
		bad("nothing", "mix.chain", tally.ErrEncoding, func(*hall, *move) []byte { return nil }),
		bad("a contest that is not mixed", "mix.chain", tally.ErrRange, func(_ *hall, m *move) []byte { m.body[3] = mayor; return m.body }),
		bad("a contest that there is not", "mix.chain", tally.ErrRange, func(_ *hall, m *move) []byte { m.body[3] = 9; return m.body }),
		bad("another step", "mix.chain", tally.ErrChain, func(_ *hall, m *move) []byte { m.body[7]++; return m.body }),
		bad("a list that there is not", "mix.input", tally.ErrChain, func(_ *hall, m *move) []byte { m.body[8] ^= 1; return m.body }),
		bad("a row with the identity", "mix.chain", tally.ErrGroup, func(h *hall, m *move) []byte {
			copy(row(h, m, 0), h.group.AppendPoint(nil, h.group.Point()))
			return m.body
		}),
		bad("a row with a point that is none", "mix.chain", tally.ErrEncoding, func(h *hall, m *move) []byte {
			copy(row(h, m, 1), bytes.Repeat([]byte{0xff}, h.group.PointLen()))
			return m.body
		}),
		bad("rows exchanged after proving", "mix.shuffle", tally.ErrProof, func(h *hall, m *move) []byte {
			first := bytes.Clone(row(h, m, 0))
			copy(row(h, m, 0), row(h, m, 1))
			copy(row(h, m, 1), first)
			return m.body
		}),
		bad("a row twice in place of another", "mix.shuffle", tally.ErrProof, func(h *hall, m *move) []byte {
			rows := h.rows()
			rows[1] = h.key.ReEncrypt(rows[0], h.group.RandomScalar())
			return h.over(m, rows...)
		}),
		bad("a vote of its own in place of another", "mix.shuffle", tally.ErrProof, func(h *hall, m *move) []byte {
			rows := h.rows()
			rows[2] = h.key.Encrypt(slices.Repeat([]kyber.Point{h.group.Base()}, h.key.Width()), h.group.RandomScalar())
			return h.over(m, rows...)
		}),
		bad("a row times a hundred", "mix.shuffle", tally.ErrProof, func(h *hall, m *move) []byte {
			rows := h.rows()
			rows[0] = elgamal.WeightedSum(h.group, h.key.Width(), []uint64{100}, rows[:1])
			return h.over(m, rows...)
		}),
		bad("a row too few", "mix.chain", tally.ErrEncoding, func(h *hall, m *move) []byte { return h.over(m, h.rows()[1:]...) }),
		bad("the list as it was", "mix.shuffle", tally.ErrDuplicate, func(h *hall, m *move) []byte {
			copy(m.body[mixHead:], h.list.Bytes())
			return m.body
		}),
		bad("one row as it was", "mix.shuffle", tally.ErrDuplicate, func(h *hall, m *move) []byte {
			copy(row(h, m, 0), h.list.Bytes())
			return m.body
		}),
		bad("a proof for another election", "mix.shuffle", tally.ErrProof, placed(func(_ *hall, p *mixnet.Place) { p.Election[0] ^= 1 })),
		bad("a proof for another contest", "mix.shuffle", tally.ErrProof, placed(func(_ *hall, p *mixnet.Place) { p.Contest = "mayor" })),
		bad("a proof for another step", "mix.shuffle", tally.ErrProof, placed(func(_ *hall, p *mixnet.Place) { p.Step++ })),
		bad("a proof for another mixer", "mix.shuffle", tally.ErrProof, placed(func(_ *hall, p *mixnet.Place) { p.Mixer = bytes.Repeat([]byte{1}, 32) })),
	}
	return append(list, mixRepeats()...)
}

// mixRepeats are those of more than one entry, and of other people's.
func mixRepeats() []*deed {
	return []*deed{
		{phase: mix, name: "no proof but zeros", mix: func(h *hall, m *move) []post {
			clear(m.body[len(m.body)-mixnet.ProofLen(h.group, h.list.Width(), h.list.Len()):])
			return []post{{data: m.sign(entry.Mix, m.body), check: "mix.shuffle", reason: tally.ErrProof, reasons: []error{tally.ErrEncoding, tally.ErrGroup}}}
		}},
		{phase: mix, name: "for another election", mix: func(_ *hall, m *move) []post {
			e := parsed(m.sign(entry.Mix, m.body))
			e.Election[0] ^= 1
			return []post{{data: e.Bytes(), reason: tally.ErrBinding, foreign: true}}
		}},
		{phase: mix, name: "in the name of another", mix: func(h *hall, m *move) []post {
			other := h.mixers[m.position%h.n].Public().(ed25519.PublicKey)
			data := m.sign(entry.Mix, m.body)
			if h.n == 1 {
				other = h.authorities[0].Public().(ed25519.PublicKey)
			}
			return []post{{data: forged(data, other), reason: errNobody}}
		}},
		{phase: mix, name: "unsigned", mix: func(_ *hall, m *move) []post {
			e := parsed(m.sign(entry.Mix, m.body))
			e.Signatures = nil
			return []post{{data: e.Bytes(), reason: errNobody}}
		}},
		{phase: mix, name: "two", mix: func(h *hall, m *move) []post {
			second, err := h.shuffled(h.list, h.mixers[m.position-1], func(*mixnet.Place) {})
			if err != nil {
				panic(err) // it is right
			}
			return []post{{data: m.sign(entry.Mix, m.body)}, {data: m.sign(entry.Mix, second), reason: tally.ErrDuplicate}}
		}},
		{phase: mix, name: "a wrong one and then a right one", mix: func(_ *hall, m *move) []post {
			wrong := bytes.Clone(m.body)
			wrong[7]++
			return []post{{data: m.sign(entry.Mix, wrong), reason: tally.ErrChain, check: "mix.chain"}, {data: m.sign(entry.Mix, m.body)}}
		}},
		{phase: mix, name: "the mix of another as its own", mix: func(h *hall, m *move) []post {
			if len(h.mixed) == 0 {
				return nil
			}
			// As if it had lost a race.
			body, err := h.lastMix()
			if err != nil {
				panic(err) // it is on the ledger
			}
			return []post{{data: m.sign(entry.Mix, body), reason: tally.ErrChain}}
		}},
	}
}

// lastMix returns the body of the last mix that counts.
func (h *hall) lastMix() (body []byte, err error) {
	ctx := context.Background()
	cp, err := h.log.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	want := h.list.Bytes()
	for en, err := range h.log.Entries(ctx, 0, cp.Size) {
		if err != nil {
			return nil, err
		}
		if e, err := entry.Parse(en.Data); err == nil && e.Kind == entry.Mix && bytes.Contains(e.Body, want) {
			return e.Body, nil
		}
	}
	return nil, errors.New("no such mix")
}
