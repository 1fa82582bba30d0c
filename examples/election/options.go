package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// options are the flags of the command line.
type options struct {
	voters, trustees, threshold int
	ledger, votes, json         string
}

// Bounds of what this program plays on one machine. Below ten voters every
// result would be withheld, see ballot.Limits.
const (
	fewestVoters, mostVoters = 10, 1_000_000
	mostTrustees             = 20
)

func parseOptions(args []string, stderr io.Writer) (*options, error) {
	var o options
	flags := flag.NewFlagSet("election", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run says what is wrong
	flags.IntVar(&o.voters, "voters", 1000, "how many `voters` the generated election has")
	flags.IntVar(&o.trustees, "trustees", 5, "how many `trustees` hold the key")
	flags.IntVar(&o.threshold, "threshold", 0, "how many `trustees` it takes to decrypt (default a majority)")
	flags.StringVar(&o.ledger, "ledger", "", "keep the ledger in this `directory`, which must be empty or not exist")
	flags.StringVar(&o.votes, "votes", "", "hold the election of this Pabulib `file` instead of a generated one")
	flags.StringVar(&o.json, "json", "", "write the audit's report as JSON to this `file`")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(stderr)
			flags.Usage()
		}
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	given := make(map[string]bool)
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if !given["threshold"] {
		o.threshold = o.trustees/2 + 1
	}
	if given["votes"] && given["voters"] {
		return nil, errors.New("-voters and -votes exclude each other: the file says how many voters there are")
	}
	return &o, o.check()
}

func (o *options) check() error {
	switch {
	case o.voters < fewestVoters || o.voters > mostVoters:
		return fmt.Errorf("-voters %d is not between %d and %d", o.voters, fewestVoters, mostVoters)
	case o.trustees < 1 || o.trustees > mostTrustees:
		return fmt.Errorf("-trustees %d is not between 1 and %d", o.trustees, mostTrustees)
	case o.threshold < 1 || o.threshold > o.trustees:
		return fmt.Errorf("-threshold %d is not between 1 and the number of trustees, %d", o.threshold, o.trustees)
	}
	if err := emptyDirectory(o.ledger); err != nil {
		return fmt.Errorf("-ledger: %w", err)
	}
	if err := writable(o.json); err != nil {
		return fmt.Errorf("-json: %w", err)
	}
	return nil
}

// emptyDirectory refuses a path where a new ledger would meet something else.
func emptyDirectory(dir string) error {
	if dir == "" {
		return nil
	}
	files, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return isDirectory(filepath.Dir(dir))
	}
	if err == nil && len(files) > 0 {
		err = fmt.Errorf("%s is not empty: it has %s", dir, files[0].Name())
	}
	return err
}

// writable refuses a path where no file can stand.
func writable(file string) error {
	if file == "" {
		return nil
	}
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a directory", file)
	}
	return isDirectory(filepath.Dir(file))
}

func isDirectory(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a directory", dir)
	}
	return err
}

// poll returns what the options say to vote on, with all the votes.
func (o *options) poll() (*poll, error) {
	if o.votes == "" {
		return generated(o.voters), nil
	}
	file, err := readPabulib(o.votes)
	if err != nil {
		return nil, err
	}
	if len(file.Votes) < fewestVoters {
		return nil, fmt.Errorf("%s: %d votes; below %d every result would be withheld", o.votes, len(file.Votes), fewestVoters)
	}
	return file.poll(), nil
}
