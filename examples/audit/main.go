// Command audit checks an election from outside, with nothing but a copy of
// its ledger and its fingerprint:
//
//	go run ./examples/audit -ledger DIR -fingerprint HEX [-json FILE]
//
// DIR is a directory of package boltledger, such as examples/election and
// examples/ranked leave behind with -ledger; it is only read. Or it is the http
// or https address of a ledger that is served after c2sp.org/tlog-tiles. HEX is
// what the officials published when the election opened. It prints every check
// with what it found, and writes the same report as JSON if there is a file for
// it.
//
// The exit status is 0 if the election verified, 1 if it did not, and 2 if the
// audit could not run: then nothing was written.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
	"github.com/hanpyo/hanpyo/tally"
)

// The exit statuses.
const (
	verified = iota
	notVerified
	notRun
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("audit", flag.ContinueOnError)
	flags.SetOutput(stderr)
	dir := flags.String("ledger", "", "the `directory` of the ledger, or its http(s) address")
	fingerprint := flags.String("fingerprint", "", "the election's fingerprint in `hexadecimal`, from its officials")
	jsonFile := flags.String("json", "", "write the report as JSON to this `file`")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return notRun // flags has said why
	}
	fp, err := check(*dir, *fingerprint, *jsonFile, flags.Args())
	if err != nil {
		fmt.Fprintln(stderr, "audit:", err)
		return notRun
	}
	report, err := audit(ctx, *dir, fp, stderr)
	if err == nil {
		err = print(report, stdout, *jsonFile)
	}
	if err != nil {
		fmt.Fprintln(stderr, "audit: could not run:", err)
		return notRun
	}
	if !report.Verified() {
		return notVerified
	}
	return verified
}

// check checks the command line.
func check(dir, fingerprint, jsonFile string, rest []string) (ballot.Fingerprint, error) {
	switch {
	case len(rest) > 0:
		return ballot.Fingerprint{}, fmt.Errorf("unexpected argument %q", rest[0])
	case dir == "":
		return ballot.Fingerprint{}, errors.New("-ledger is missing")
	case fingerprint == "":
		return ballot.Fingerprint{}, errors.New("-fingerprint is missing: without it the result would not be anchored, " +
			"since whoever made the ledger could have put another election on it")
	}
	if jsonFile != "" {
		if info, err := os.Stat(filepath.Dir(jsonFile)); err != nil {
			return ballot.Fingerprint{}, fmt.Errorf("-json: %w", err)
		} else if !info.IsDir() {
			return ballot.Fingerprint{}, fmt.Errorf("-json: %s is not a directory", filepath.Dir(jsonFile))
		}
	}
	return ballot.ParseFingerprint(fingerprint)
}

// audit opens the ledger, which is nobody's to trust, and audits the election.
// A ledger without the election is an error: there is nothing to verify.
func audit(ctx context.Context, dir string, fp ballot.Fingerprint, stderr io.Writer) (*tally.Report, error) {
	log, done, err := open(dir)
	if err != nil {
		return nil, err
	}
	defer done()
	report, err := tally.Audit(ctx, log, fp, &tally.AuditOptions{Progress: progress(stderr)})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	if opened := report.Check("manifest.fingerprint"); opened.Status == tally.NotRun && len(opened.Findings) > 0 {
		return nil, fmt.Errorf("%s: %w", dir, opened.Findings[0].Err)
	}
	return report, nil
}

// open returns a reader of the ledger in a directory or at an address. Its
// keys are those of the manifest, which the fingerprint binds: the audit
// checks the checkpoint once it has read that.
func open(dir string) (log ledger.Reader, done func() error, err error) {
	if strings.HasPrefix(dir, "http://") || strings.HasPrefix(dir, "https://") {
		log, err = ledger.OpenHTTP(dir, ledger.Policy{}, nil)
		return log, func() error { return nil }, err
	}
	r, err := boltledger.OpenReadOnly(dir)
	if err != nil {
		return nil, nil, err
	}
	return r, r.Close, nil
}

// progress writes a line every ten seconds.
func progress(out io.Writer) func(step string, done, size uint64) {
	last := time.Now()
	return func(step string, done, size uint64) {
		if time.Since(last) > 10*time.Second {
			last = time.Now()
			fmt.Fprintf(out, "audit: %s: %d of %d\n", step, done, size)
		}
	}
}

func print(report *tally.Report, stdout io.Writer, jsonFile string) error {
	if jsonFile != "" {
		data, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(jsonFile, append(data, '\n'), 0o644); err != nil {
			return err
		}
	}
	if report.Result != nil {
		fmt.Fprintln(stdout, report.Result.Text())
	}
	_, err := fmt.Fprint(stdout, report.Text())
	return err
}
