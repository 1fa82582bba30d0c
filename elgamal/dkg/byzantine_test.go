package dkg

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
)

// verdict is what a misbehaviour must lead to, if the ceremony gets so far.
type verdict int

const (
	noEffect verdict = iota // reported, or not even that
	silent                  // as if the trustee had posted nothing in the phase
	blamed                  // the trustee is out, with evidence
)

// cheat is one misbehaviour in one phase. The trustee follows the protocol
// otherwise, as far as it can.
type cheat struct {
	name    string
	phase   Phase
	verdict verdict
	// deal is what the trustee commits to and deals; nil where it deals
	// honestly.
	deal func(w *world, j int) []byte
	// entries is what it posts in the phase instead of its message m.
	entries func(w *world, j int, m []byte) [][]byte
	late    bool // posted after the end of the phase
}

func cheats() (list []cheat) {
	for p := Committing; p <= Certifying; p++ {
		add := func(name string, v verdict, entries func(w *world, j int, m []byte) [][]byte) {
			list = append(list, cheat{name: fmt.Sprintf("%s: %s", p, name), phase: p, verdict: v, entries: entries})
		}
		change := func(w *world, m []byte, f func(e *entry.Envelope)) []byte {
			e, err := entry.Parse(m)
			require.NoError(w.t, err)
			f(e)
			return e.Bytes()
		}
		add("silent", silent, func(*world, int, []byte) [][]byte { return nil })
		add("late", silent, func(_ *world, _ int, m []byte) [][]byte { return [][]byte{m} })
		list[len(list)-1].late = true
		add("malformed", blamed, func(w *world, j int, _ []byte) [][]byte { return [][]byte{w.signed(j, p.kind(), []byte("?"))} })
		add("trailing byte", blamed, func(w *world, j int, m []byte) [][]byte {
			e, err := entry.Parse(m)
			require.NoError(w.t, err)
			return [][]byte{w.signed(j, p.kind(), append(slices.Clone(e.Body), 0))}
		})
		add("twice", noEffect, func(_ *world, _ int, m []byte) [][]byte { return [][]byte{m, m} })
		add("equivocates", noEffect, func(w *world, j int, m []byte) [][]byte {
			return [][]byte{m, w.signed(j, p.kind(), []byte("other"))}
		})
		add("unsigned", silent, func(w *world, _ int, m []byte) [][]byte {
			return [][]byte{change(w, m, func(e *entry.Envelope) { e.Signatures = nil })}
		})
		add("in another ceremony", silent, func(w *world, j int, m []byte) [][]byte {
			return [][]byte{change(w, m, func(e *entry.Envelope) {
				e.Election[0] ^= 1
				e.Signatures = nil
				e.Sign(w.secret(j).signing)
			})}
		})
		add("in the wrong phase", silent, func(w *world, j int, m []byte) [][]byte {
			e, err := entry.Parse(m)
			require.NoError(w.t, err)
			return [][]byte{w.signed(j, (p%Certifying + 1).kind(), e.Body)}
		})
	}
	for _, bad := range badDeals {
		list = append(list, cheat{name: "deal: " + bad.name, phase: Dealing, verdict: blamed, deal: bad.body})
	}
	for _, bad := range badShares {
		list = append(list, cheat{name: "deal: " + bad.name, phase: Dealing, verdict: blamed,
			deal: func(w *world, j int) []byte { return bad.body(w, j, w.everybody()...) }})
	}
	for _, bad := range badConfirms {
		list = append(list, cheat{name: "confirm: " + bad.name, phase: Confirming, verdict: blamed,
			entries: func(w *world, j int, m []byte) [][]byte { return [][]byte{bad.entry(w, j, w.honestDealer())} }})
	}
	list = append(list,
		cheat{name: "commit: of another", phase: Committing, verdict: blamed, entries: func(w *world, j int, m []byte) [][]byte {
			_, d := w.honestDeal(j)
			w.deals[j] = w.signed(j, entry.Deal, d.body())
			_, other := w.honestDeal(j%len(w.trustees) + 1)
			id := entry.ID(w.signed(j, entry.Deal, append(other.body(), 0)))
			return [][]byte{w.signed(j, entry.Commit, id[:])}
		}},
		cheat{name: "confirm: another transcript", phase: Confirming, entries: func(w *world, j int, _ []byte) [][]byte {
			return [][]byte{w.signed(j, entry.Confirm, w.c.appendConfirm(&confirm{}))}
		}},
		cheat{name: "certify: another transcript", phase: Certifying, verdict: silent, entries: func(w *world, j int, _ []byte) [][]byte {
			return [][]byte{w.signed(j, entry.Certify, make([]byte, 64))}
		}},
		cheat{name: "certify: another outcome", phase: Certifying, verdict: blamed, entries: func(w *world, j int, _ []byte) [][]byte {
			m := certificate{transcript: w.replay().signed[Certifying]}
			return [][]byte{w.signed(j, entry.Certify, m.append())}
		}})
	return list
}

// honestDealer is a dealer whose shares are good, for false complaints.
func (w *world) honestDealer() int {
	for _, i := range w.replay().dealers() {
		if w.deals[i] == nil {
			return i
		}
	}
	return 0
}

// scenario plays a ceremony in which some trustees cheat, and checks all that
// must be true in the end.
func scenario(t *testing.T, w *world, cheating map[int]cheat) {
	for _, j := range w.everybody() {
		if k, cheats := cheating[j]; cheats {
			t.Logf("trustee %d of %d: %s", j, len(w.trustees), k.name)
		}
	}
	for p := Committing; p < Complete; p++ {
		w.cheatingPhase(p, cheating)
	}
	tr := w.replay()

	// What must come out, from the verdicts alone.
	var dealers, holders []int
	for j := range w.trustees {
		k, cheats := cheating[j+1]
		if !cheats || k.verdict == noEffect || k.verdict == silent && k.phase > Dealing ||
			k.verdict == blamed && k.phase == Certifying {
			dealers = append(dealers, j+1)
		}
		if !cheats || k.verdict == noEffect || k.verdict == silent && k.phase < Certifying {
			holders = append(holders, j+1)
		}
	}
	named := make(map[int]bool)
	for _, k := range tr.Culprits {
		require.False(t, named[k.Trustee], "trustee %d is blamed twice", k.Trustee)
		named[k.Trustee] = true
		guilty, cheats := cheating[k.Trustee]
		require.True(t, cheats, "honest trustee %d is blamed: %v", k.Trustee, k.Reason)
		require.Equal(t, blamed, guilty.verdict, "%s: %v", guilty.name, k.Reason)
		require.NoError(t, w.c.CheckCulprit(k))
	}
	if len(dealers) < w.c.Threshold || len(holders) < w.c.Threshold {
		require.ErrorIs(t, tr.Failure, ErrQuorum)
		require.Nil(t, tr.Outcome)
		return
	}
	require.NoError(t, tr.Failure)
	require.Equal(t, dealers, tr.Outcome.Dealers)
	require.Equal(t, holders, tr.Outcome.Holders)
	for j, k := range cheating {
		if k.verdict == blamed {
			require.True(t, tr.out(j), "%s is not noticed", k.name)
		}
	}
	for _, j := range holders {
		_, done, err := w.trustees[j-1].next(tr)
		require.NoError(t, err)
		require.True(t, done)
	}
	for k, key := range tr.Outcome.Keys {
		require.True(t, w.secretKey(k, holders[:w.c.Threshold]...).Equal(key))
		require.True(t, w.secretKey(k, holders[len(holders)-w.c.Threshold:]...).Equal(key))
	}
}

func (w *world) cheatingPhase(p Phase, cheating map[int]cheat) {
	tr := w.replay()
	var late [][]byte
	for j := range w.trustees {
		k, cheats := cheating[j+1]
		if cheats && k.deal != nil && p == Committing {
			w.otherDeal(j+1, k.deal(w, j+1))
			continue
		}
		if w.deals[j+1] != nil && p == Dealing {
			w.dealOther(j + 1)
			continue
		}
		m, _, err := w.trustees[j].next(tr)
		require.True(w.t, err == nil || cheats || tr.Failure != nil, "honest trustee %d stops: %v", j+1, err)
		if m == nil {
			continue
		}
		if !cheats || k.phase != p {
			w.post(m)
			continue
		}
		for _, e := range k.entries(w, j+1, m) {
			if k.late {
				late = append(late, e)
			} else {
				w.post(e)
			}
		}
	}
	w.end(p)
	for _, e := range late {
		w.post(e)
	}
}

var sizes = [][2]int{{1, 1}, {2, 2}, {3, 2}, {5, 3}, {7, 4}}

// TestByzantine has every misbehaviour alone among five, then random
// combinations of them, any number of trustees cheating. A failure names its
// seed, which plays it again.
func TestByzantine(t *testing.T) {
	list := cheats()
	t.Run("one", func(t *testing.T) {
		for _, k := range list {
			t.Run(k.name, func(t *testing.T) {
				scenario(t, newWorld(t, elgamal.Ristretto255(), 3, 2, 2), map[int]cheat{2: k})
			})
		}
	})
	count := 250
	if testing.Short() {
		count = 10
	}
	for seed := range count {
		t.Run("seed="+strconv.Itoa(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(seed), 0))
			size := sizes[r.IntN(len(sizes))]
			w := newWorld(t, groups[r.IntN(len(groups))], size[0], size[1], 1+r.IntN(2))
			cheating := make(map[int]cheat)
			var dealers []int
			for _, j := range r.Perm(size[0])[:r.IntN(size[0]+1)] {
				cheating[j+1] = list[r.IntN(len(list))]
			}
			for j := range w.trustees {
				if k, cheats := cheating[j+1]; !cheats || k.phase > Dealing || k.verdict == noEffect {
					dealers = append(dealers, j+1)
				}
			}
			if len(dealers) == 0 { // nobody to complain about falsely
				for j, k := range cheating {
					if k.phase == Confirming {
						delete(cheating, j)
					}
				}
			}
			scenario(t, w, cheating)
		})
	}
}
