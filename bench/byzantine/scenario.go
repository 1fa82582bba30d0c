package main

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/hanpyo/hanpyo/elgamal"
)

// phase is a part of an election in which trustees or mixers have to act. Its
// first four have the numbers of the rounds of the key ceremony, less one.
type phase int

const (
	commit phase = iota
	deal
	confirm
	certify
	mix
	decrypt
	phases
)

func (p phase) String() string {
	return [...]string{"commit", "deal", "confirm", "certify", "mix", "decrypt"}[p]
}

// sizes are the numbers of trustees and how many of them are needed. There are
// as many mixers as trustees, and as many of them are needed.
var sizes = [][2]int{{1, 1}, {2, 2}, {3, 2}, {5, 3}, {7, 4}}

var groups = []*elgamal.Group{elgamal.Ristretto255(), elgamal.P256()}

// scenario says who cheats and how. Whoever has no deed in a phase follows the
// protocol there. In phase mix a position is that of a mixer, else of a trustee.
type scenario struct {
	name  string
	group *elgamal.Group
	n, t  int
	plan  [][phases]*deed // by position, less one
}

func newScenario(name string, g *elgamal.Group, n, t int) *scenario {
	return &scenario{name: name, group: g, n: n, t: t, plan: make([][phases]*deed, n)}
}

// deed returns what somebody does in a phase, nil for what it should.
func (s *scenario) deed(position int, p phase) *deed { return s.plan[position-1][p] }

// villain reports whether a trustee cheats in any phase.
func (s *scenario) villain(position int) bool {
	for p, d := range s.plan[position-1] {
		if d != nil && phase(p) != mix {
			return true
		}
	}
	return false
}

// cheaters returns how many cheat in any of some phases.
func (s *scenario) cheaters(in ...phase) (n int) {
	for position := range s.plan {
		for _, p := range in {
			if s.plan[position][p] != nil {
				n++
				break
			}
		}
	}
	return n
}

// String tells all of it in a line.
func (s *scenario) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, %d of %d", s.name, s.group.Name(), s.t, s.n)
	for position, plan := range s.plan {
		for p, d := range plan {
			if d != nil {
				fmt.Fprintf(&b, "; %d in %s: %s", position+1, phase(p), d.name)
			}
		}
	}
	return b.String()
}

// grid returns the enumerated scenarios: every size, every deed, and for each
// none, one, as many as can be spared, one more, or all who cheat so.
func grid() (list []*scenario) {
	for i, size := range sizes {
		n, t := size[0], size[1]
		for _, g := range groups {
			list = append(list, newScenario(fmt.Sprintf("grid %d", len(list)), g, n, t))
		}
		for k, d := range deeds {
			for cheaters := 1; cheaters <= n; cheaters++ {
				if cheaters != 1 && cheaters != n-t && cheaters != n-t+1 && cheaters != n {
					continue
				}
				s := newScenario(fmt.Sprintf("grid %d", len(list)), groups[(i+k)%len(groups)], n, t)
				for j := range cheaters {
					s.plan[(j+k)%n][d.phase] = d
				}
				list = append(list, s)
			}
		}
	}
	return list
}

// drawn returns the random scenario of a seed: any number of cheaters, each with
// a deed in up to three phases.
func drawn(seed uint64) *scenario {
	r := rand.New(rand.NewPCG(seed, 0))
	size := sizes[r.IntN(len(sizes))]
	s := newScenario(fmt.Sprintf("seed %d", seed), groups[r.IntN(len(groups))], size[0], size[1])
	for _, j := range r.Perm(s.n)[:r.IntN(s.n+1)] {
		for range 1 + r.IntN(3) {
			d := deeds[r.IntN(len(deeds))]
			s.plan[j][d.phase] = d
		}
	}
	return s
}
