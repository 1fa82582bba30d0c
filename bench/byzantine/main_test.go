package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/tally"
)

// chosen returns the scenarios that are played with every test: of ceremonies
// all with up to three trustees and some with more, of mixes and shares every
// misdeed by one of three, and some seeds.
func chosen(short bool) (list []*scenario) {
	large, step := 0, 1
	if short {
		step = 30
	}
	for i, s := range grid() {
		election := s.cheaters(mix, decrypt) > 0
		switch {
		case i%step != 0:
		case s.n <= 3 && !election, s.n == 3 && election && s.cheaters(mix, decrypt) == 1:
			list = append(list, s)
		case s.n > 3:
			if large++; large%60 == 0 {
				list = append(list, s)
			}
		}
	}
	for seed := range uint64(20 / min(step, 10)) {
		list = append(list, drawn(seed))
	}
	return list
}

func TestP56P57P58P59P61P63Byzantine(t *testing.T) {
	list := chosen(testing.Short())
	if !testing.Short() {
		require.Greater(t, len(list), 500)
	}
	did, ended := make(map[*deed]bool), make(map[bool]int)
	each(uint64(len(list)), func(i uint64) {
		p, err := playScenario(t.Context(), list[i], false)
		if err != nil || len(p.wrong) > 0 {
			t.Errorf("%s: %v: %q", p, err, p.wrong)
		}
	})
	for _, s := range list {
		m := s.model(phases)
		ended[m.failed]++
		for _, plan := range s.plan {
			for at, d := range plan {
				if d != nil && (!m.failed || phase(at) <= m.since) {
					did[d] = true
				}
			}
		}
	}
	if !testing.Short() {
		for _, d := range deeds {
			require.True(t, did[d], "nobody did in %s: %s", d.phase, d.name)
		}
		require.Greater(t, ended[true], 50)
		require.Greater(t, ended[false], 200)
	}
}

// TestSameSeedSameScenario holds that a seed plays the same again: the deeds,
// and what comes out.
func TestSameSeedSameScenario(t *testing.T) {
	for seed := range uint64(200) {
		require.Equal(t, drawn(seed).String(), drawn(seed).String())
		require.Equal(t, drawn(seed).model(phases), drawn(seed).model(phases))
	}
	require.NotEqual(t, drawn(1).plan, drawn(2).plan)
}

// TestHarmIsSeen holds that what is checked can fail: deeds that are called
// something else than they are.
func TestHarmIsSeen(t *testing.T) {
	lies := func(p phase, name string, change func(d *deed)) *scenario {
		for _, d := range deeds {
			if d.phase == p && d.name == name {
				s := newScenario("lie", elgamal.Ristretto255(), 3, 2)
				other := *d
				change(&other)
				s.plan[1][p] = &other
				return s
			}
		}
		require.Fail(t, "no such deed", name)
		return nil
	}
	for _, s := range []*scenario{
		lies(commit, "silent", func(d *deed) { d.effect = harmless }),
		lies(deal, "of a higher degree", func(d *deed) { d.reason = tally.ErrProof }),
		lies(deal, "with wrong shares", func(d *deed) { d.effect = harmless }),
		lies(confirm, "a false complaint", func(d *deed) { d.effect = harmless }),
		lies(confirm, "twice", func(d *deed) { d.ignored = []error{tally.ErrState} }),
		lies(certify, "another outcome", func(d *deed) { d.effect = missing }),
		lies(certify, "late", func(d *deed) { d.effect = harmless }),
		lies(mix, "another step", relabelled(func(x *post) { x.reason = tally.ErrProof })),
		lies(mix, "another step", relabelled(func(x *post) { x.check = "" })),
		lies(decrypt, "a wrong point", relabelled(func(x *post) { x.reason = tally.ErrState })),
		lies(decrypt, "a wrong point", relabelled(func(x *post) { x.check = "tally.target" })),
	} {
		p, err := playScenario(t.Context(), s, false)
		require.True(t, err != nil || len(p.wrong) > 0, "%s", s)
	}
}

// relabelled says something else of what a deed posts.
func relabelled(change func(x *post)) func(d *deed) {
	return func(d *deed) {
		wrap := func(act func(*hall, *move) []post) func(*hall, *move) []post {
			return func(h *hall, m *move) []post {
				posts := act(h, m)
				for i := range posts {
					change(&posts[i])
				}
				return posts
			}
		}
		if d.mix != nil {
			d.mix = wrap(d.mix)
		} else {
			d.share = wrap(d.share)
		}
	}
}

// TestSecretsAreSeen holds that the structural checks notice an honest share in
// the clear, and an honest trustee who complains about another.
func TestSecretsAreSeen(t *testing.T) {
	played := func() *play {
		s := newScenario("secrets", elgamal.Ristretto255(), 3, 2)
		s.plan[2][certify] = deeds[0]
		p := newPlay(s)
		require.NoError(t, p.ceremony(p.bareCeremony()))
		require.Empty(t, p.wrong)
		require.NotNil(t, p.outcome)
		return p
	}
	p := played()
	share, err := p.trustees[0].honest.Shares(p.c, p.outcome)
	require.NoError(t, err)
	p.post(p.group.AppendScalar([]byte("a log line: "), share[1]))
	p.judgeSecrets()
	require.Len(t, p.wrong, 1)

	p = played()
	d, err := p.dealOf(1)
	require.NoError(t, err)
	v := newVillain(p.group)
	v.c, v.position = p.c, 2
	for i, e := range p.posted {
		if bytes.Equal(e.Data, p.counted()[confirm][1]) {
			body := confirmBody(p.group, p.transcript(confirm), v.complain(d, p.group.Base()))
			forgery := entry.Envelope{Kind: entry.Confirm, Election: p.c.ID, Body: body}
			p.trustees[1].honest.Sign(&forgery)
			p.posted[i].Data = forgery.Bytes()
			break
		}
	}
	p.judgeSecrets()
	require.Len(t, p.wrong, 1)
}

func TestRun(t *testing.T) {
	var out bytes.Buffer
	require.Equal(t, 0, run([]string{"-seeds", "2", "-first", "7", "-v"}, &out, &out))
	require.Contains(t, out.String(), "seed 7: ")
	require.Contains(t, out.String(), "0 ended otherwise than they must")
	require.Equal(t, 2, run([]string{"-grid", "all"}, &out, &out))
}
