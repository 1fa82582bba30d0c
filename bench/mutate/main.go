package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	n := flag.Int("n", 2000, "how many mutants")
	seed := flag.Uint64("seed", 1, "which ones")
	only := flag.Int("only", -1, "just this one, and what its audit says")
	about := flag.String("field", "", "only fields whose `names` begin so, such as ballot or checkpoint/size")
	most := flag.Int("most", 100, "stop after so many failures")
	bugs := flag.Bool("bugs", false, "plant bugs, one at a time, and see whether they are found")
	deleting := flag.Bool("deletions", false, "take branches out of the packages that are named behind the flags")
	own := flag.Bool("own", false, "with -deletions, run the tests of the package itself only")
	flag.Parse()
	switch {
	case *bugs:
		// Some bugs show on few of the fields that they are about.
		exit(findBugs(os.Stdout, max(*n, 20_000), *seed, flag.Args()))
	case *deleting:
		exit(deletions(os.Stdout, *own, flag.Args()))
	}
	h := newHarness(*seed)
	h.about = *about
	if *only >= 0 {
		os.Exit(h.show(*only))
	}
	s := h.run(os.Stdout, 0, *n, *most)
	s.write(os.Stdout)
	if s.all.failed > 0 {
		os.Exit(1)
	}
}

// show prints one mutant and the report of its audit.
func (h *harness) show(k int) int {
	m := h.draw(k)
	if m == nil {
		fmt.Println("the draw gives no mutant")
		return 0
	}
	fmt.Println(m)
	j := m.judge(m.ledger, m.fp)
	if j.report != nil {
		fmt.Print(j.report.Text())
	}
	o := m.verdict()
	fmt.Printf("error: %v, panic: %v\n%+v\n", j.err, j.panicked, o)
	if o.wrong != "" {
		return 1
	}
	return 0
}

// exit ends the program: with status 1 if something was missed, 2 after an
// error.
func exit(missed int, err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(2)
	}
	os.Exit(min(missed, 1))
}
