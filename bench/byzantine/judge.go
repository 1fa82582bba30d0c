package main

import (
	"bytes"
	"errors"
	"slices"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// judge holds the ceremony against what the deeds alone say.
func (p *play) judge() error {
	tr, err := p.c.Replay(p.posted)
	if err != nil {
		return err
	}
	m := p.model(phases)
	p.judgeCulprits(tr, m)
	p.judgeIgnored(tr, m)
	if honest := p.n - p.cheaters(commit, deal, confirm, certify); honest >= p.t {
		p.expect(!m.failed, "%d honest trustees are not enough", honest)
	}
	p.expect(m.failed == (tr.Failure != nil), "the ceremony ended with: %v", tr.Failure)
	if m.failed || tr.Failure != nil {
		p.expect(errors.Is(tr.Failure, dkg.ErrQuorum) && named(tr.Failure, p.n, m.there), "it fails in %s, with %v: %v", m.since, m.there, tr.Failure)
		p.expect(tr.Outcome == nil, "an outcome of a ceremony that failed")
		return nil
	}
	if tr.Outcome == nil {
		p.expect(false, "no outcome")
		return nil
	}
	p.outcome = tr.Outcome
	p.expect(slices.Equal(tr.Outcome.Holders, m.holders), "holders %v, must be %v", tr.Outcome.Holders, m.holders)
	want, err := p.conclude(m.dealers)
	if err != nil {
		return err
	}
	p.expect(tr.Outcome.Hash() == want.Hash(), "dealers %v, must be %v, or other keys", tr.Outcome.Dealers, m.dealers)
	p.judgeAgreement(want)
	p.judgeSecrets()
	return nil
}

// judgeCulprits requires that exactly those are blamed who must be, with
// evidence that stands on its own.
func (p *play) judgeCulprits(tr *dkg.Transcript, m *model) {
	p.expect(len(tr.Culprits) == len(m.out), "%d culprits, must be %v", len(tr.Culprits), m.out)
	for _, k := range tr.Culprits {
		at, isOut := m.out[k.Trustee]
		p.expect(isOut && dkg.Phase(at+1) == k.Phase, "trustee %d is blamed in %s: %v", k.Trustee, k.Phase, k.Reason)
		p.expect(slices.ContainsFunc(p.plan[k.Trustee-1][:], func(d *deed) bool {
			return d != nil && d.reason != nil && errors.Is(k.Reason, d.reason)
		}), "trustee %d is blamed for another reason: %v", k.Trustee, k.Reason)
		p.expect(p.c.CheckCulprit(k) == nil, "the evidence against trustee %d: %v", k.Trustee, p.c.CheckCulprit(k))
		p.expect(len(k.Entries) > 0, "no entry shows that trustee %d is at fault", k.Trustee)
		if n := len(k.Entries); n > 0 {
			last := p.posted[k.Entries[n-1]]
			p.expect(bytes.Equal(parsed(last.Data).Signatures[0].Key[:], p.c.Trustees[k.Trustee-1].Signing), "entry %d is not of trustee %d", last.Index, k.Trustee)
		}
		for _, index := range k.Entries {
			p.expect(slices.ContainsFunc(k.Evidence, func(e dkg.Posted) bool { return e.Index == index }), "entry %d is not in the evidence", index)
		}
		if j := slices.IndexFunc(p.trustees, func(t trustee) bool { return t.honest != nil }); j >= 0 {
			k.Trustee = j + 1
			p.expect(errors.Is(p.c.CheckCulprit(k), dkg.ErrIncomplete), "the evidence also convicts trustee %d", j+1)
		}
	}
	for _, a := range tr.Absent {
		p.expect(p.villain(a.Trustee), "trustee %d is absent in %s", a.Trustee, a.Phase)
	}
	for _, f := range tr.Forks {
		p.expect(p.villain(f.Trustees[0]), "trustee %d has forked in %s", f.Trustees[0], f.Phase)
	}
}

// judgeIgnored requires that what must change nothing is reported, with its
// reason.
func (p *play) judgeIgnored(tr *dkg.Transcript, m *model) {
	for at, index := range p.last {
		d := p.deed(at.position, at.at)
		if since, isOut := m.out[at.position]; d == nil || d.ignored == nil || isOut && since < at.at {
			continue
		}
		p.expect(slices.ContainsFunc(tr.Ignored, func(x dkg.Ignored) bool {
			return x.Index == index && slices.ContainsFunc(d.ignored, func(reason error) bool { return errors.Is(x.Reason, reason) })
		}), "%s of trustee %d in %s is not reported", d.name, at.position, at.at)
	}
}

// judgeAgreement requires that every honest trustee ends with the same outcome,
// from any copy of the ledger, and with a share that fits it.
func (p *play) judgeAgreement(want *dkg.Outcome) {
	keep := p.c.NewCollector()
	for _, e := range p.posted {
		_ = keep.Add(dkg.Posted{Index: e.Index, Data: append([]byte("junk"), e.Data...)})
		_ = keep.Add(e)
	}
	tr, err := p.c.Replay(keep.Posted())
	p.expect(err == nil && tr.Outcome != nil && tr.Outcome.Hash() == want.Hash() && slices.Equal(tr.Outcome.Holders, p.outcome.Holders),
		"who collects the ledger has another outcome")
	for j, t := range p.trustees {
		if t.honest == nil {
			continue
		}
		_, done, err := t.honest.Next(p.c, p.posted)
		p.expect(err == nil && done, "honest trustee %d is not done: %v", j+1, err)
		share, err := t.honest.Shares(p.c, want)
		p.expect(err == nil && len(share) == p.c.Columns, "honest trustee %d has no share: %v", j+1, err)
		for k, x := range share {
			p.expect(p.group.Point().Mul(x, nil).Equal(want.Verification[j][k]), "the share of honest trustee %d, column %d", j+1, k)
		}
	}
}

// judgeSecrets requires that nothing on the ledger opens an honest share to
// cheaters who are too few: honest trustees complain about cheaters alone, what
// was dealt to the honest does not decrypt with the keys of others, no final
// share stands anywhere in the clear, and what the cheaters know gives no key.
func (p *play) judgeSecrets() {
	counted := p.counted()
	for j, data := range counted[confirm] {
		if data == nil || p.villain(j+1) {
			continue
		}
		r := wire.NewReader(parsed(data).Body)
		r.Raw(32)
		for range r.Uint8() {
			dealer := int(r.Uint8())
			p.expect(p.villain(dealer), "honest trustee %d opens what honest trustee %d has sent", j+1, dealer)
			r.Raw(p.group.PointLen())
			r.Var(1024)
		}
	}
	var pooled []int
	var known []kyber.Scalar
	for j, t := range p.trustees {
		switch {
		case t.honest != nil:
			share, err := t.honest.Shares(p.c, p.outcome)
			for _, x := range share {
				clear := p.group.AppendScalar(nil, x)
				p.expect(err == nil && !slices.ContainsFunc(p.posted, func(e dkg.Posted) bool { return bytes.Contains(e.Data, clear) }),
					"the share of honest trustee %d stands on the ledger", j+1)
			}
		default:
			if share, err := p.villainShare(j + 1); err == nil && len(pooled) < p.t-1 {
				pooled, known = append(pooled, j+1), append(known, share[0])
			}
			p.judgeSealed(t.villain)
		}
	}
	if len(pooled) == 0 || len(pooled) != p.t-1 {
		return
	}
	lagrange, err := elgamal.LagrangeAtZero(p.group, pooled)
	p.expect(err == nil, "%v", err)
	guess := p.group.Scalar()
	for i, x := range known {
		guess.Add(guess, p.group.Scalar().Mul(lagrange[i], x))
	}
	p.expect(!p.group.Point().Mul(guess, nil).Equal(p.outcome.Keys[0]), "%v know the key, %d are needed", pooled, p.t)
}

// judgeSealed requires that a villain's key opens nothing that honest trustees
// have sent to one another.
func (p *play) judgeSealed(v *villain) {
	for _, i := range p.outcome.Dealers {
		d, err := p.dealOf(i)
		if err != nil || p.villain(i) {
			continue
		}
		for j := range p.n {
			if !p.villain(j + 1) {
				_, err := d.open(p.c, j+1, v.secretOf(d))
				p.expect(err != nil, "villain %d opens what %d has sent to %d", v.position, i, j+1)
			}
		}
	}
}

// villainShare is the share of a villain, from what it was dealt.
func (p *play) villainShare(position int) ([]kyber.Scalar, error) {
	v := p.trustees[position-1].villain
	sum := make([]kyber.Scalar, p.c.Columns)
	for k := range sum {
		sum[k] = p.group.Scalar()
	}
	for _, i := range p.outcome.Dealers {
		d, err := p.dealOf(i)
		if err != nil {
			return nil, err
		}
		share, err := d.open(p.c, position, v.secretOf(d))
		if friend := p.trustees[i-1].villain; err != nil && friend != nil { // a bad share, but friends ask each other
			share, err = nil, nil
			for _, f := range friend.polynomial {
				share = append(share, elgamal.EvalPolynomial(p.group, f, position))
			}
		}
		if err != nil {
			return nil, err
		}
		for k, x := range share {
			sum[k].Add(sum[k], x)
		}
	}
	return sum, nil
}
