package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/hanpyo/hanpyo/examples/internal/play"
	"github.com/hanpyo/hanpyo/tally"
)

// show prints the result, the report and the fingerprint, and writes the
// report as JSON if there is a file for it. It fails if the election did not
// verify or its totals are not those of the plain votes.
func (e *election) show(out io.Writer, jsonFile string) error {
	if err := play.WriteJSON(jsonFile, e.report); err != nil {
		return err
	}
	equal := false
	if e.report.Result != nil {
		fmt.Fprintln(out, e.report.Result.Text())
		equal = compare(out, e.poll.totals(), e.report.Result)
		if e.poll.File != nil {
			e.poll.File.compare(out, e.report.Result)
		}
	}
	fmt.Fprintf(out, "\n%s\nfingerprint %s\n", e.report.Text(), e.fingerprint)
	switch {
	case !e.report.Verified():
		fmt.Fprintln(out, "NOT VERIFIED")
		return errors.New("the election did not verify")
	case !equal:
		fmt.Fprintln(out, "NOT VERIFIED")
		return errors.New("the decrypted totals are not those of the plain votes")
	}
	fmt.Fprintln(out, "VERIFIED")
	return nil
}

// compare says where the result differs from the totals of the plain votes,
// which are by contest, then by option.
func compare(out io.Writer, plain map[string]map[string]int64, result *tally.Result) (equal bool) {
	numbers, wrong := 0, 0
	for _, c := range result.Contests {
		if c.Withheld {
			fmt.Fprintf(out, "contest %s was withheld\n", c.ID)
			wrong++
		}
		for _, t := range c.Totals {
			numbers++
			if want := plain[c.ID][t.ID]; t.Total != want {
				fmt.Fprintf(out, "contest %s, %s: decrypted %d, the plain votes give %d\n", c.ID, t.ID, t.Total, want)
				wrong++
			}
		}
	}
	if wrong == 0 && len(result.Contests) == len(plain) {
		fmt.Fprintf(out, "All %d totals are those of the plain votes.\n", numbers)
	}
	return wrong == 0 && len(result.Contests) == len(plain)
}

// compare prints the decrypted totals beside what the file itself says. They
// need not agree: a city may have counted otherwise.
func (p *pabulib) compare(out io.Writer, result *tally.Result) {
	column := "score"
	says := func(pr project) int { return pr.FileScore }
	if p.VoteType == approvalVote { // whose files have no scores
		column, says = "votes", func(pr project) int { return pr.FileVotes }
	}
	decrypted := make(map[string]int64)
	for _, t := range result.Contests[0].Totals {
		decrypted[t.ID] = t.Total
	}
	differ, silent := 0, 0
	fmt.Fprintf(out, "\n%10s %10s\n", "decrypted", column)
	for _, pr := range p.Projects {
		number, mark := fmt.Sprint(says(pr)), ""
		if says(pr) < 0 {
			number = "—"
			silent++
		} else if int64(says(pr)) != decrypted[pr.ID] {
			mark = "differs: "
			differ++
		}
		fmt.Fprintf(out, "%10d %10s  %s%s %s\n", decrypted[pr.ID], number, mark, pr.ID, pr.Name)
	}
	switch {
	case differ > 0:
		fmt.Fprintf(out, "%d of %d projects differ from the file's own %s.\n", differ, len(p.Projects), column)
	case silent > 0:
		fmt.Fprintf(out, "The file does not say the %s of %d of %d projects; the others agree.\n", column, silent, len(p.Projects))
	default:
		fmt.Fprintf(out, "All %d agree with the file's own %s.\n", len(p.Projects), column)
	}
}
