package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// trustee is somebody in a ceremony: honest, with the library's own code, or a
// villain.
type trustee struct {
	honest  *dkg.Trustee
	villain *villain
}

// play is a scenario that is being played.
type play struct {
	*scenario
	trustees    []trustee
	authorities []ed25519.PrivateKey
	c           *dkg.Ceremony
	posted      []dkg.Posted
	bad         map[entry.Hash]bool // the entries that cheaters have posted
	last        map[lastKey]uint64  // the index of the last of them, by position and round
	outcome     *dkg.Outcome
	result      bool     // there was one, and it was right
	wrong       []string // what is not as it must be
}

type lastKey struct {
	position int
	at       phase
}

// expect notes what is not as it must be.
func (p *play) expect(ok bool, format string, args ...any) {
	if !ok {
		p.wrong = append(p.wrong, fmt.Sprintf(format, args...))
	}
}

func newPlay(s *scenario) *play {
	p := &play{scenario: s, bad: make(map[entry.Hash]bool), last: make(map[lastKey]uint64)}
	for j := range s.n {
		if s.villain(j + 1) {
			v := newVillain(s.group)
			v.friend = s.villain
			p.trustees = append(p.trustees, trustee{villain: v})
		} else {
			p.trustees = append(p.trustees, trustee{honest: dkg.NewMemoryTrustee(s.group)})
		}
	}
	for range 2 {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			panic(err) // crypto/rand does not fail
		}
		p.authorities = append(p.authorities, key)
	}
	return p
}

// trusteeKeys are the keys of all trustees, for the manifest.
func (p *play) trusteeKeys() (keys []dkg.TrusteeKeys) {
	for j, t := range p.trustees {
		name := fmt.Sprintf("T%d", j+1)
		if t.villain != nil {
			keys = append(keys, t.villain.keys(p.group, name))
		} else {
			keys = append(keys, t.honest.Keys(name))
		}
	}
	return keys
}

// bareCeremony describes a ceremony without an election.
func (p *play) bareCeremony() *dkg.Ceremony {
	c := &dkg.Ceremony{
		Group: p.group, Columns: 2, Threshold: p.t, Trustees: p.trusteeKeys(), Quorum: 2,
		AllowMinority: 2*p.t <= p.n, AllowNoneLost: p.t == p.n && p.n > 1,
	}
	rand.Read(c.ID[:])
	for _, key := range p.authorities {
		c.Authorities = append(c.Authorities, key.Public().(ed25519.PublicKey))
	}
	return c
}

func (p *play) post(data []byte) {
	p.posted = append(p.posted, dkg.Posted{Index: uint64(len(p.posted)), Data: data})
}

// postBad posts what a cheater says, which may be an honest one's entry.
func (p *play) postBad(position int, at phase, data []byte) {
	p.last[lastKey{position, at}] = uint64(len(p.posted))
	p.bad[entry.ID(data)] = true
	p.post(data)
}

// ceremony plays the key ceremony.
func (p *play) ceremony(c *dkg.Ceremony) error {
	p.c = c
	for _, t := range p.trustees {
		if t.villain != nil {
			t.villain.c = c
			t.villain.position = slices.IndexFunc(c.Trustees, func(k dkg.TrusteeKeys) bool {
				return k.Signing.Equal(t.villain.signing.Public())
			}) + 1
		}
	}
	for at := commit; at <= certify; at++ {
		if err := p.round(at); err != nil {
			return err
		}
	}
	return p.judge()
}

// round plays one round. The honest come first, so that cheaters have seen
// everything.
func (p *play) round(at phase) error {
	for j, t := range p.trustees {
		if t.honest == nil {
			continue
		}
		m, _, err := t.honest.Next(p.c, p.posted)
		failed := p.model(at).failed
		p.expect(failed == (err != nil), "honest trustee %d in %s: %v", j+1, at, err)
		if err != nil {
			p.expect(errors.Is(err, dkg.ErrQuorum), "honest trustee %d in %s: %v", j+1, at, err)
		}
		if m != nil {
			p.post(m)
		}
	}
	late := make(map[int][][]byte) // to be posted when the round is over
	for j, t := range p.trustees {
		if t.villain == nil {
			continue
		}
		d := p.deed(j+1, at)
		honest, err := t.villain.message(p, at)
		if err != nil {
			return fmt.Errorf("villain %d in %s: %w", j+1, at, err)
		}
		entries := [][]byte{honest}
		if honest == nil {
			entries = nil
		}
		if d != nil && d.act != nil && honest != nil {
			entries = d.act(p, t.villain, honest)
		}
		for _, e := range entries {
			if d != nil && d.late {
				late[j+1] = append(late[j+1], e)
			} else {
				p.postBad(j+1, at, e)
			}
		}
	}
	p.post(dkg.NewRound(p.c, dkg.Phase(at+1), 0, p.authorities...))
	for j := range p.n {
		for _, e := range late[j+1] {
			p.postBad(j+1, at, e)
		}
	}
	return nil
}

// message returns what the villain should post, by docs/protocol.md and what
// everybody's deeds must lead to; nil if that is nothing.
func (v *villain) message(p *play, at phase) ([]byte, error) {
	m := p.model(at)
	if m.failed {
		return nil, nil
	}
	switch at {
	case commit:
		d := v.draft(v.c.Threshold)
		body := d.body()
		if bad := p.deed(v.position, deal); bad != nil && bad.deal != nil {
			body = bad.deal(v, d)
		}
		v.dealt, v.polynomial = v.sign(entry.Deal, body), d.polynomials
		id := entry.ID(v.dealt)
		return v.sign(entry.Commit, id[:]), nil
	case deal:
		return v.dealt, nil
	case confirm:
		var complaints []complaint
		for _, i := range m.dealers {
			d, err := p.dealOf(i)
			if err != nil {
				return nil, err
			}
			if friend := p.trustees[i-1].villain; friend != nil && friend.quiet {
				continue
			}
			if _, err := d.open(v.c, v.position, v.secretOf(d)); err != nil {
				complaints = append(complaints, v.complain(d, v.secretOf(d)))
			}
		}
		return v.sign(entry.Confirm, confirmBody(v.c.Group, p.transcript(confirm), complaints...)), nil
	default:
		o, err := p.conclude(m.dealers)
		if err != nil {
			return nil, err
		}
		return v.sign(entry.Certify, certifyBody(p.transcript(certify), o.Hash())), nil
	}
}

func certifyBody(transcript, outcome [32]byte) []byte {
	return append(transcript[:], outcome[:]...)
}

// counted returns the entries that count in each round, by position, less one:
// the first of each trustee that stands in its round.
func (p *play) counted() [][][]byte {
	list := make([][][]byte, mix)
	for at := range list {
		list[at] = make([][]byte, p.n)
	}
	at := commit
	for _, posted := range p.posted {
		e, err := entry.Parse(posted.Data)
		if err != nil || e.Election != p.c.ID {
			continue
		}
		if e.Kind == entry.Round {
			if at++; at == mix {
				break
			}
			continue
		}
		j := slices.IndexFunc(p.c.Trustees, func(k dkg.TrusteeKeys) bool {
			return e.CheckSigned([]ed25519.PublicKey{k.Signing}, 1) == nil
		})
		if j >= 0 && e.Kind == entry.Commit+entry.Kind(at) && list[at][j] == nil {
			list[at][j] = posted.Data
		}
	}
	return list
}

// transcript is what confirms and certificates sign.
func (p *play) transcript(before phase) [32]byte {
	var w wire.Writer
	w.String("hanpyo/v1 dkg transcript")
	w.Raw(p.c.ID[:])
	for _, round := range p.counted()[:before] {
		for _, data := range round {
			if data == nil {
				w.Uint8(0)
				continue
			}
			id := entry.ID(data)
			w.Uint8(1)
			w.Raw(id[:])
		}
	}
	return sha256.Sum256(w.Bytes())
}

// dealOf returns the good deal of a dealer.
func (p *play) dealOf(dealer int) (*postedDeal, error) {
	return readDeal(p.c, dealer, p.counted()[deal][dealer-1])
}

// conclude adds up the deals of the given dealers. Who is out and since when it
// takes from the library, as any trustee would; that it is right, judge holds.
func (p *play) conclude(dealers []int) (*dkg.Outcome, error) {
	tr, err := p.c.Replay(p.posted)
	if err != nil {
		return nil, err
	}
	g := p.group
	o := &dkg.Outcome{Dealers: dealers}
	for _, k := range tr.Culprits {
		if k.Phase < dkg.Certifying {
			o.Culprits = append(o.Culprits, k)
		}
	}
	for range p.c.Columns {
		o.Keys = append(o.Keys, g.Point())
	}
	for range p.n {
		o.Verification = append(o.Verification, nil)
	}
	for j := range p.n {
		for range p.c.Columns {
			o.Verification[j] = append(o.Verification[j], g.Point())
		}
	}
	for _, i := range dealers {
		d, err := p.dealOf(i)
		if err != nil {
			return nil, err
		}
		for k, column := range d.commitments {
			o.Keys[k].Add(o.Keys[k], column[0])
			for j := range p.n {
				at, sum := g.Uint64Scalar(uint64(j+1)), g.Point()
				for m := len(column) - 1; m >= 0; m-- {
					sum = g.Point().Add(g.Point().Mul(at, sum), column[m])
				}
				o.Verification[j][k].Add(o.Verification[j][k], sum)
			}
		}
	}
	return o, nil
}

// named reports whether an error names exactly those trustees who are missing
// from a list.
func named(err error, n int, there []int) bool {
	for j := 1; j <= n; j++ {
		if strings.Contains(err.Error(), fmt.Sprintf("trustee %d %q", j, fmt.Sprintf("T%d", j))) == slices.Contains(there, j) {
			return false
		}
	}
	return true
}
