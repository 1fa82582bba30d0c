package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/hanpyo/hanpyo/examples/internal/play"
	"github.com/hanpyo/hanpyo/tally"
)

// show prints the report, the fingerprint and the result with its rounds, and
// writes the report as JSON if there is a file for it. It fails if the election
// did not verify or was not counted as the plain votes are.
func (e *election) show(out io.Writer) error {
	if err := play.WriteJSON(e.options.JSON, e.report); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s\nfingerprint %s\n\n", e.report.Text(), e.fingerprint)
	equal := false
	if result := e.report.Result; result != nil {
		var err error
		if equal, err = e.compare(out, result); err != nil {
			return err
		}
		if rounds := result.Contests[0].Rounds; rounds != nil {
			fmt.Fprintf(out, "\n%s\n", rounds)
		}
		fmt.Fprintln(out, result.Text())
	}
	switch {
	case !e.report.Verified():
		fmt.Fprintln(out, "NOT VERIFIED")
		return errors.New("the election did not verify")
	case !equal:
		fmt.Fprintln(out, "NOT VERIFIED")
		return errors.New("what was decrypted is not what the plain votes are")
	}
	fmt.Fprintln(out, "VERIFIED")
	return nil
}

// compare says where the result differs from what the plain votes give: their
// first preferences, the count, and the digest of all of them.
func (e *election) compare(out io.Writer, result *tally.Result) (equal bool, err error) {
	if e.rankings.Cleaned > 0 {
		fmt.Fprintf(out, "%d ballots of the file had ranks that were passed over.\n", e.rankings.Cleaned)
	}
	c := &result.Contests[0]
	if c.Withheld {
		fmt.Fprintf(out, "contest %s was withheld\n", c.ID)
		return false, nil
	}
	equal = true
	differs := func(format string, a ...any) {
		equal = false
		fmt.Fprintf(out, format, a...)
	}
	plain, blank := e.rankings.firsts()
	plain = append(plain, blank, 0) // none is invalid
	for i, t := range c.Totals {
		if t.Total != plain[i] {
			differs("first preferences, %s: decrypted %d, the plain votes give %d\n", t.Label, t.Total, plain[i])
		}
	}
	counted, err := e.rankings.count(e.options)
	if err != nil {
		return false, err
	}
	if !reflect.DeepEqual(c.Rounds, counted) {
		differs("The count of the plain votes gives other rounds.\n")
	}
	all, err := digest(&e.Manifest.Contests[0], e.poll.Cast)
	if err != nil {
		return false, err
	}
	if !bytes.HasSuffix(result.Bytes(), all) {
		differs("Not all decrypted rankings are those of the plain votes.\n")
	}
	if equal {
		fmt.Fprintf(out, "All %d rankings, all first preferences and all %d rounds are those of the plain votes.\n", len(e.poll.Cast), len(counted.Rounds))
	}
	return equal, nil
}
