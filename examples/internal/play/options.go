package play

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Options are the flags of the command line that all these programs have.
type Options struct {
	Voters, Trustees, Threshold int
	Mixers                      int  // for a program with mixed contests to set
	Tokens                      bool // for a program in which voters are let in by tokens to set
	Ledger, Votes, JSON         string
}

// Bounds of what is played on one machine. Below ten voters every result would
// be withheld, see ballot.Limits.
const (
	fewestVoters, mostVoters = 10, 1_000_000
	mostTrustees             = 20
)

// Flags returns the flags of a program. voters is how many vote in an election
// that it generates, file what it reads votes from.
func (o *Options) Flags(program string, voters int, file string) *flag.FlagSet {
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the program says what is wrong
	flags.IntVar(&o.Voters, "voters", voters, "how many `voters` the generated election has")
	flags.IntVar(&o.Trustees, "trustees", 5, "how many `trustees` hold the key")
	flags.IntVar(&o.Threshold, "threshold", 0, "how many `trustees` it takes to decrypt (default a majority)")
	flags.StringVar(&o.Ledger, "ledger", "", "keep the ledger in this `directory`, which must be empty or not exist")
	flags.StringVar(&o.Votes, "votes", "", "hold the election of this "+file+" instead of a generated one")
	flags.StringVar(&o.JSON, "json", "", "write the audit's report as JSON to this `file`")
	return flags
}

// Parse reads the command line and checks the options. Help goes to stderr.
func (o *Options) Parse(flags *flag.FlagSet, args []string, stderr io.Writer) error {
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			flags.SetOutput(stderr)
			flags.Usage()
		}
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if !Given(flags, "threshold") {
		o.Threshold = o.Trustees/2 + 1
	}
	if Given(flags, "votes") && Given(flags, "voters") {
		return errors.New("-voters and -votes exclude each other: the file says how many voters there are")
	}
	return o.check()
}

// Given reports whether a flag stands on the command line.
func Given(flags *flag.FlagSet, name string) (given bool) {
	flags.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	return given
}

func (o *Options) check() error {
	switch {
	case o.Voters < fewestVoters || o.Voters > mostVoters:
		return fmt.Errorf("-voters %d is not between %d and %d", o.Voters, fewestVoters, mostVoters)
	case o.Trustees < 1 || o.Trustees > mostTrustees:
		return fmt.Errorf("-trustees %d is not between 1 and %d", o.Trustees, mostTrustees)
	case o.Threshold < 1 || o.Threshold > o.Trustees:
		return fmt.Errorf("-threshold %d is not between 1 and the number of trustees, %d", o.Threshold, o.Trustees)
	}
	if err := emptyDirectory(o.Ledger); err != nil {
		return fmt.Errorf("-ledger: %w", err)
	}
	if err := writable(o.JSON); err != nil {
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
