package main

import (
	"bytes"
	"crypto/ed25519"
	"slices"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/entry"
)

// deed is one way to cheat in one phase.
type deed struct {
	phase phase
	name  string

	// In the key ceremony: what it must lead to, in which round that is found
	// if it is a later one, and why. ignored is the reason for which the last
	// entry that was posted must change nothing, one of these.
	effect   effect
	found    phase
	reason   error
	ignored  []error
	confirms bool // of a confirm: its first message counts
	forks    bool // of a confirm or certificate: it is about another transcript
	late     bool // it is posted when the phase is over
	early    bool // it is posted before the pin
	deal     func(v *villain, d *draft) []byte
	act      func(p *play, v *villain, honest []byte) [][]byte

	mix   func(h *hall, m *move) []post
	share func(h *hall, m *move) []post
}

// deeds are all ways to cheat.
var deeds = slices.Concat(keyDeeds(), mixDeeds(), shareDeeds())

func keyDeeds() (list []*deed) {
	for at := commit; at <= certify; at++ {
		list = append(list, anyRound(at)...)
	}
	list = append(list, commitDeeds()...)
	list = append(list, dealDeeds()...)
	list = append(list, confirmDeeds()...)
	return append(list, certifyDeeds()...)
}

// resigned returns a copy of an entry with other content, signed by the villain.
func (v *villain) resigned(data []byte, change func(e *entry.Envelope)) []byte {
	e := parsed(data)
	e.Body = bytes.Clone(e.Body)
	change(e)
	e.Signatures = nil
	e.Sign(v.signing)
	return e.Bytes()
}

// parsed reads an entry that this program made.
func parsed(data []byte) *entry.Envelope {
	e, err := entry.Parse(data)
	if err != nil {
		panic(err)
	}
	return e
}

// forged returns an entry in the name of another: with its key, and a signature
// by somebody else.
func forged(data []byte, other ed25519.PublicKey) []byte {
	e := parsed(data)
	copy(e.Signatures[0].Key[:], other)
	return e.Bytes()
}

// others returns what other trustees have posted in a round.
func (p *play) others(at phase, position int) (list [][]byte) {
	for j, data := range p.counted()[at] {
		if data != nil && j+1 != position {
			list = append(list, data)
		}
	}
	return list
}

// anyRound is what can be done in every round of the ceremony.
func anyRound(at phase) []*deed {
	// Nobody has to confirm.
	silent := missing
	if at == confirm {
		silent = harmless
	}
	return []*deed{
		{phase: at, name: "silent", effect: silent, act: func(*play, *villain, []byte) [][]byte { return nil }},
		{phase: at, name: "late", effect: silent, late: true, ignored: []error{dkg.ErrState},
			act: func(_ *play, _ *villain, m []byte) [][]byte { return [][]byte{m} }},
		{phase: at, name: "one byte less", effect: out, reason: malformed(at), act: func(_ *play, v *villain, m []byte) [][]byte {
			return [][]byte{v.resigned(m, func(e *entry.Envelope) { e.Body = e.Body[:len(e.Body)-1] })}
		}},
		{phase: at, name: "one byte more", effect: out, reason: malformed(at), act: func(_ *play, v *villain, m []byte) [][]byte {
			return [][]byte{v.resigned(m, func(e *entry.Envelope) { e.Body = append(e.Body, 0) })}
		}},
		{phase: at, name: "nothing but a signature", effect: out, reason: malformed(at), act: func(_ *play, v *villain, m []byte) [][]byte {
			return [][]byte{v.resigned(m, func(e *entry.Envelope) { e.Body = nil })}
		}},
		{phase: at, name: "for another ceremony", effect: silent, ignored: []error{dkg.ErrBinding}, act: func(_ *play, v *villain, m []byte) [][]byte {
			return [][]byte{v.resigned(m, func(e *entry.Envelope) { e.Election[7] ^= 1 })}
		}},
		{phase: at, name: "twice", effect: harmless, confirms: true, ignored: []error{dkg.ErrDuplicate}, act: func(_ *play, _ *villain, m []byte) [][]byte {
			return [][]byte{m, m}
		}},
		{phase: at, name: "and then another", effect: harmless, confirms: true, ignored: []error{dkg.ErrFork}, act: func(_ *play, v *villain, m []byte) [][]byte {
			return [][]byte{m, v.resigned(m, func(e *entry.Envelope) { e.Body[len(e.Body)-1] ^= 1 })}
		}},
		{phase: at, name: "an entry of another again", effect: silent, act: func(p *play, v *villain, _ []byte) [][]byte {
			return p.others(at, v.position)[:min(1, len(p.others(at, v.position)))]
		}},
		{phase: at, name: "in the name of another", effect: silent, ignored: []error{dkg.ErrSignature}, act: func(p *play, v *villain, m []byte) [][]byte {
			other := p.c.Authorities[0]
			if p.n > 1 {
				other = p.c.Trustees[v.position%p.n].Signing
			}
			return [][]byte{forged(m, other)}
		}},
		{phase: at, name: "unsigned", effect: silent, ignored: []error{dkg.ErrSignature}, act: func(_ *play, _ *villain, m []byte) [][]byte {
			e := parsed(m)
			e.Signatures = nil
			return [][]byte{e.Bytes()}
		}},
		{phase: at, name: "signed with an accomplice", effect: silent, ignored: []error{dkg.ErrSignature}, act: func(p *play, _ *villain, m []byte) [][]byte {
			e := parsed(m)
			e.Sign(p.authorities[0])
			return [][]byte{e.Bytes()}
		}},
		{phase: at, name: "in the wrong round", effect: silent, ignored: []error{dkg.ErrState, dkg.ErrFork}, act: func(_ *play, v *villain, m []byte) [][]byte {
			// A kind of which the villain has posted nothing else.
			kind := entry.Certify
			if at == certify {
				kind = entry.Confirm
			}
			return [][]byte{v.resigned(m, func(e *entry.Envelope) { e.Kind = kind })}
		}},
	}
}

// A deal with other bytes is first of all not the one committed to.
func malformed(at phase) error {
	if at == deal {
		return dkg.ErrBinding
	}
	return dkg.ErrEncoding
}

func commitDeeds() []*deed {
	to := func(id func(p *play, v *villain) entry.Hash) func(p *play, v *villain, m []byte) [][]byte {
		return func(p *play, v *villain, m []byte) [][]byte {
			return [][]byte{v.resigned(m, func(e *entry.Envelope) {
				h := id(p, v)
				e.Body = h[:]
			})}
		}
	}
	return []*deed{
		{phase: commit, name: "to nothing", effect: out, found: deal, reason: dkg.ErrBinding, act: to(func(*play, *villain) entry.Hash { return entry.Hash{} })},
		{phase: commit, name: "to what another committed to", effect: out, found: deal, reason: dkg.ErrBinding, act: to(func(p *play, v *villain) (h entry.Hash) {
			if others := p.others(commit, v.position); len(others) > 0 {
				copy(h[:], parsed(others[0]).Body)
			}
			return h
		})},
		{phase: commit, name: "to a deal for another ceremony", effect: out, found: deal, reason: dkg.ErrBinding, act: to(func(p *play, v *villain) entry.Hash {
			return entry.ID(v.resigned(v.dealt, func(e *entry.Envelope) { e.Election[0] ^= 1 }))
		})},
	}
}

// dealDeeds are deals that were committed to as they are, and others.
func dealDeeds() []*deed {
	bad := func(name string, reason error, change func(v *villain, d *draft) []byte) *deed {
		return &deed{phase: deal, name: name, effect: out, reason: reason, deal: change}
	}
	blind := func(name string, reason error, change func(v *villain, d *draft)) *deed {
		return &deed{phase: deal, name: name, effect: fooled, found: confirm, reason: reason, deal: func(v *villain, d *draft) []byte {
			change(v, d)
			return d.body()
		}}
	}
	changed := func(change func(v *villain, d *draft)) func(v *villain, d *draft) []byte {
		return func(v *villain, d *draft) []byte {
			change(v, d)
			return d.body()
		}
	}
	return []*deed{
		bad("of a higher degree", dkg.ErrShape, func(v *villain, d *draft) []byte { return v.draft(v.c.Threshold + 1).body() }),
		bad("of a lower degree", dkg.ErrShape, func(v *villain, d *draft) []byte { return v.draft(v.c.Threshold - 1).body() }),
		bad("of a lower degree, made up with the identity", dkg.ErrGroup, changed(func(v *villain, d *draft) {
			d.commitments[0][len(d.commitments[0])-1] = v.c.Group.Point()
		})),
		bad("with a constant term that is the identity", dkg.ErrGroup, changed(func(v *villain, d *draft) {
			d.polynomials[0][0], d.commitments[0][0] = v.c.Group.Scalar(), v.c.Group.Point()
		})),
		bad("with an ephemeral key that is the identity", dkg.ErrGroup, changed(func(v *villain, d *draft) {
			d.rho, d.ephemeral = v.c.Group.Scalar(), v.c.Group.Point()
		})),
		bad("with a point that is none", dkg.ErrEncoding, func(v *villain, d *draft) []byte {
			b := d.body()
			copy(b[4:], bytes.Repeat([]byte{0xff}, v.c.Group.PointLen()))
			return b
		}),
		bad("of another number of columns", dkg.ErrShape, changed(func(_ *villain, d *draft) {
			d.columns++
			d.polynomials, d.commitments = append(d.polynomials, d.polynomials[0]), append(d.commitments, d.commitments[0])
		})),
		bad("to one recipient less", dkg.ErrShape, changed(func(_ *villain, d *draft) {
			d.recipients--
			d.shares = d.shares[1:]
		})),
		bad("cut short", dkg.ErrEncoding, func(v *villain, d *draft) []byte { return d.body()[:4+v.c.Group.PointLen()] }),
		bad("with a byte more", dkg.ErrEncoding, func(_ *villain, d *draft) []byte { return append(d.body(), 0) }),
		bad("without a proof", dkg.ErrEncoding, func(v *villain, d *draft) []byte {
			proof := (v.c.Columns + 1) * (v.c.Group.PointLen() + v.c.Group.ScalarLen())
			return d.body()[:len(d.body())-proof]
		}),
		bad("of a rogue key without its logarithm", dkg.ErrProof, changed(func(v *villain, d *draft) {
			d.commitments[0][0] = v.c.Group.Point().Sub(v.c.Group.Generator("target", 1), d.commitments[0][0])
		})),
		bad("with an ephemeral key of another ceremony, of which it knows no logarithm", dkg.ErrProof, changed(func(v *villain, d *draft) {
			d.ephemeral = v.c.Group.Generator("an ephemeral key", 1)
		})),
		bad("with a proof for another ceremony", dkg.ErrProof, changed(func(_ *villain, d *draft) { d.context[3] ^= 1 })),
		bad("with a proof for another position", dkg.ErrProof, changed(func(_ *villain, d *draft) { d.dealer++ })),

		blind("with wrong shares", dkg.ErrProof, func(v *villain, d *draft) {
			for j := range d.shares {
				wrong := d.shareOf(j + 1)
				copy(wrong, v.c.Group.AppendScalar(nil, v.c.Group.RandomScalar()))
				d.shares[j] = d.seal(j+1, wrong)
			}
		}),
		blind("with another polynomial for each recipient", dkg.ErrProof, func(v *villain, d *draft) {
			for j := range d.shares {
				d.shares[j] = d.seal(j+1, v.draft(v.c.Threshold).shareOf(j+1))
			}
		}),
		blind("with shares that are no scalars", dkg.ErrEncoding, func(_ *villain, d *draft) {
			for j := range d.shares {
				d.shares[j] = d.seal(j+1, bytes.Repeat([]byte{0xff}, len(d.shareOf(j+1))))
			}
		}),
		blind("with shares that do not decrypt", dkg.ErrEncoding, func(_ *villain, d *draft) {
			for j := range d.shares {
				d.shares[j][0] ^= 1
			}
		}),
		blind("with shares encrypted for another ceremony", dkg.ErrEncoding, func(v *villain, d *draft) {
			c := *v.c
			c.ID[9] ^= 1
			d.c = &c
			for j := range d.shares {
				d.shares[j] = d.seal(j+1, d.shareOf(j+1))
			}
			d.c = v.c
		}),

		{phase: deal, name: "with bad shares for friends, who keep quiet", effect: harmless, deal: func(v *villain, d *draft) []byte {
			v.quiet = true
			for j := range d.shares {
				if v.friend(j + 1) {
					d.shares[j][0] ^= 1
				}
			}
			return d.body()
		}},
		{phase: deal, name: "another one after seeing the others'", effect: out, reason: dkg.ErrBinding, act: func(_ *play, v *villain, m []byte) [][]byte {
			return [][]byte{v.sign(entry.Deal, v.draft(v.c.Threshold).body())}
		}},
		{phase: deal, name: "a key that takes the others' away", effect: out, reason: dkg.ErrBinding, act: func(p *play, v *villain, m []byte) [][]byte {
			d := v.draft(v.c.Threshold)
			d.commitments[0][0] = rogueKey(p, v)
			return [][]byte{v.sign(entry.Deal, d.body())}
		}},
		{phase: deal, name: "the deal of another as its own", effect: out, reason: dkg.ErrBinding, act: func(p *play, v *villain, m []byte) [][]byte {
			body := []byte("nobody's")
			if others := p.others(deal, v.position); len(others) > 0 {
				body = parsed(others[0]).Body
			}
			return [][]byte{v.sign(entry.Deal, body)}
		}},
		{phase: deal, name: "none, after seeing the others'", effect: missing, act: func(p *play, v *villain, _ []byte) [][]byte {
			_ = p.others(deal, v.position)
			return nil
		}},
	}
}

// rogueKey is X − Σ of what the others have dealt.
func rogueKey(p *play, v *villain) kyber.Point {
	rogue := p.group.Generator("target", 1)
	for _, data := range p.others(deal, v.position) {
		d, err := readDeal(p.c, 0, data)
		if err == nil {
			rogue.Sub(rogue, d.commitments[0][0])
		}
	}
	return rogue
}

func confirmDeeds() []*deed {
	// body returns what a villain says who complains so.
	says := func(name string, reason error, complaints func(p *play, v *villain, d *postedDeal) []complaint) *deed {
		return &deed{phase: confirm, name: name, effect: out, reason: reason, act: func(p *play, v *villain, _ []byte) [][]byte {
			d, err := p.dealOf(p.target())
			if err != nil {
				panic(err) // the model says that it is good
			}
			return [][]byte{v.sign(entry.Confirm, confirmBody(p.group, p.transcript(confirm), complaints(p, v, d)...))}
		}}
	}
	return []*deed{
		says("a false complaint", dkg.ErrProof, func(p *play, v *villain, d *postedDeal) []complaint {
			if p.deed(d.dealer, deal) != nil { // it may be true
				return []complaint{v.complain(d, p.group.Base())}
			}
			return []complaint{v.complain(d, v.secretOf(d))}
		}),
		says("a complaint with a wrong secret", dkg.ErrProof, func(p *play, v *villain, d *postedDeal) []complaint {
			return []complaint{v.complain(d, p.group.Point().Add(v.secretOf(d), p.group.Base()))}
		}),
		says("a complaint with the identity", dkg.ErrGroup, func(p *play, v *villain, d *postedDeal) []complaint {
			return []complaint{v.complain(d, p.group.Point())}
		}),
		says("a complaint without a proof", dkg.ErrEncoding, func(_ *play, v *villain, d *postedDeal) []complaint {
			k := v.complain(d, v.secretOf(d))
			k.proof = nil
			return []complaint{k}
		}),
		says("the complaint of another", dkg.ErrProof, func(p *play, v *villain, d *postedDeal) []complaint {
			other := *v
			other.position = v.position%p.n + 1
			return []complaint{other.complain(d, v.secretOf(d))}
		}),
		says("a complaint for another deal", dkg.ErrProof, func(_ *play, v *villain, d *postedDeal) []complaint {
			other := *d
			other.id[0] ^= 1
			return []complaint{v.complain(&other, v.secretOf(d))}
		}),
		says("two complaints about one deal", dkg.ErrDuplicate, func(_ *play, v *villain, d *postedDeal) []complaint {
			return []complaint{v.complain(d, v.secretOf(d)), v.complain(d, v.secretOf(d))}
		}),
		says("a complaint against nobody", dkg.ErrRange, func(p *play, v *villain, d *postedDeal) []complaint {
			k := v.complain(d, v.secretOf(d))
			k.dealer = p.n + 1
			return []complaint{k}
		}),
		says("a complaint against position 0", dkg.ErrRange, func(_ *play, v *villain, d *postedDeal) []complaint {
			k := v.complain(d, v.secretOf(d))
			k.dealer = 0
			return []complaint{k}
		}),
		{phase: confirm, name: "another transcript", effect: harmless, forks: true, ignored: []error{dkg.ErrFork}, act: func(p *play, v *villain, _ []byte) [][]byte {
			return [][]byte{v.sign(entry.Confirm, confirmBody(p.group, [32]byte{1}))}
		}},
		{phase: confirm, name: "a false complaint about another transcript", effect: harmless, forks: true, ignored: []error{dkg.ErrFork}, act: func(p *play, v *villain, _ []byte) [][]byte {
			d, err := p.dealOf(p.target())
			if err != nil {
				panic(err) // the model says that it is good
			}
			return [][]byte{v.sign(entry.Confirm, confirmBody(p.group, [32]byte{1}, v.complain(d, v.secretOf(d))))}
		}},
	}
}

// target is whom to complain about: somebody honest if possible.
func (p *play) target() int {
	dealers := p.model(confirm).dealers
	for _, j := range dealers {
		if p.deed(j, deal) == nil {
			return j
		}
	}
	return dealers[0]
}

func certifyDeeds() []*deed {
	says := func(name string, effect effect, reason error, ignored []error, body func(p *play, m []byte) []byte) *deed {
		return &deed{phase: certify, name: name, effect: effect, reason: reason, ignored: ignored, forks: ignored != nil, act: func(p *play, v *villain, m []byte) [][]byte {
			return [][]byte{v.sign(entry.Certify, body(p, bytes.Clone(parsed(m).Body)))}
		}}
	}
	return []*deed{
		says("another outcome", out, dkg.ErrBinding, nil, func(_ *play, m []byte) []byte {
			m[40] ^= 1
			return m
		}),
		says("nothing but zeros", missing, nil, []error{dkg.ErrFork}, func(*play, []byte) []byte { return make([]byte, 64) }),
		says("another transcript", missing, nil, []error{dkg.ErrFork}, func(_ *play, m []byte) []byte {
			m[0] ^= 1
			return m
		}),
		says("the transcript before the confirms", missing, nil, []error{dkg.ErrFork}, func(p *play, m []byte) []byte {
			h := p.transcript(confirm)
			return append(h[:], m[32:]...)
		}),
		says("the outcome without a dealer", out, dkg.ErrBinding, nil, func(p *play, m []byte) []byte {
			o, err := p.conclude(p.model(certify).dealers[1:])
			if err != nil {
				panic(err) // they are good
			}
			hash := o.Hash()
			return append(m[:32], hash[:]...)
		}),
		{phase: certify, name: "a false complaint, too late", effect: missing, ignored: []error{dkg.ErrState, dkg.ErrFork}, act: func(p *play, v *villain, _ []byte) [][]byte {
			d, err := p.dealOf(p.target())
			if err != nil {
				panic(err) // the model says that it is good
			}
			// A first confirm would be of this round if there were none before.
			return [][]byte{v.sign(entry.Confirm, confirmBody(p.group, p.transcript(certify), v.complain(d, v.secretOf(d))))}
		}},
	}
}
