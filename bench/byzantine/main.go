// Command byzantine holds key ceremonies and elections in which trustees and
// mixers lie:
//
//	go run ./bench/byzantine [-seeds N] [-first SEED] [-grid] [-v]
//
// Without -grid it plays N random scenarios, from the given seed on: a group, a
// number of trustees and how many are needed, and any number of cheaters, each
// with up to three misdeeds in the rounds of the ceremony, in mixing and in
// decrypting. With -grid it plays every misdeed by itself instead, in every
// size, by one, as many as can be spared, one more, and all. -seeds 1 -first
// SEED -v plays one again; keys are fresh each time, and nothing depends on
// them.
//
// Honest trustees and mixers are the library's. The cheaters are written from
// docs/wire.md, and so is what must come out: who is a dealer, who a holder, who
// is out and why, which mixes and shares count, and whether there is a result.
// After each scenario the honest must agree on all of it, byte for byte, and
// hold shares that fit; nobody honest may be blamed, and whoever provably cheated
// must be, with evidence that CheckCulprit or an audit of the ledger finds by
// itself; it must complete if the honest are enough, and otherwise end with
// ErrQuorum, naming who is missing; and no honest share may be open to cheaters
// who are too few.
//
// The exit status is 1 if anything is not so; the scenario is printed then.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the program. It returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	f := flag.NewFlagSet("byzantine", flag.ContinueOnError)
	f.SetOutput(stderr)
	seeds := f.Uint64("seeds", 10_000, "how many random scenarios")
	first := f.Uint64("first", 0, "the first seed")
	all := f.Bool("grid", false, "play every misdeed by itself instead")
	verbose := f.Bool("v", false, "print every scenario")
	if err := f.Parse(args); err != nil || f.NArg() > 0 {
		return 2
	}
	count, get := *seeds, func(i uint64) *scenario { return drawn(*first + i) }
	if *all {
		list := grid()
		count, get = uint64(len(list)), func(i uint64) *scenario { return list[i] }
	}
	start, sum := time.Now(), newSummary()
	each(count, func(i uint64) {
		s := get(i)
		p, err := playScenario(context.Background(), s, true)
		sum.add(p, err)
		if *verbose || err != nil || len(p.wrong) > 0 {
			sum.print(stdout, p, err)
		}
	})
	sum.table(stdout, time.Since(start))
	if sum.harm > 0 {
		return 1
	}
	return 0
}

// playScenario plays a scenario: its ceremony alone or, if an election is wanted
// or needed for the misdeeds, all of it.
func playScenario(ctx context.Context, s *scenario, election bool) (*play, error) {
	p := newPlay(s)
	if election || s.cheaters(mix, decrypt) > 0 {
		return p, p.elect(ctx)
	}
	return p, p.ceremony(p.bareCeremony())
}

// each calls f for all numbers below count, on all processors.
func each(count uint64, f func(uint64)) {
	next := make(chan uint64)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range count {
		next <- i
	}
	close(next)
	wg.Wait()
}

// summary counts what was played.
type summary struct {
	mu     sync.Mutex
	played map[[2]int]*tallied // by trustees and how many are needed
	harm   int
}

// tallied is what came out in scenarios of one size.
type tallied struct{ scenarios, cheaters, misdeeds, keys, results int }

func newSummary() *summary { return &summary{played: make(map[[2]int]*tallied)} }

func (s *summary) add(p *play, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := [2]int{p.n, p.t}
	if s.played[at] == nil {
		s.played[at] = &tallied{}
	}
	t := s.played[at]
	t.scenarios++
	for _, plan := range p.plan {
		misdeeds := 0
		for _, d := range plan {
			if d != nil {
				misdeeds++
			}
		}
		t.misdeeds += misdeeds
		t.cheaters += min(1, misdeeds)
	}
	if p.outcome != nil {
		t.keys++
	}
	if p.result {
		t.results++
	}
	if err != nil || len(p.wrong) > 0 {
		s.harm++
	}
}

// print tells of one scenario.
func (s *summary) print(w io.Writer, p *play, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintln(w, p)
	if err != nil {
		fmt.Fprintln(w, "  stopped:", err)
	}
	for _, wrong := range p.wrong {
		fmt.Fprintln(w, "  wrong:", wrong)
	}
}

func (s *summary) table(w io.Writer, took time.Duration) {
	fmt.Fprintf(w, "%-8s %10s %10s %10s %10s %10s\n", "t of n", "scenarios", "cheaters", "misdeeds", "with keys", "results")
	for _, size := range sizes {
		if t := s.played[size]; t != nil {
			fmt.Fprintf(w, "%-8s %10d %10d %10d %10d %10d\n", fmt.Sprintf("%d of %d", size[1], size[0]), t.scenarios, t.cheaters, t.misdeeds, t.keys, t.results)
		}
	}
	fmt.Fprintf(w, "%d ended otherwise than they must, in %v.\n", s.harm, took.Round(time.Second))
}
