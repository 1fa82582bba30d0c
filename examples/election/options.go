package main

import (
	"io"

	"github.com/hanpyo/hanpyo/examples/internal/play"
)

func parseOptions(args []string, stderr io.Writer) (*play.Options, error) {
	var o play.Options
	return &o, o.Parse(o.Flags("election", 1000, "Pabulib `file`"), args, stderr)
}

// newPoll returns what the options say to vote on, with all the votes.
func newPoll(o *play.Options) (*poll, error) {
	if o.Votes == "" {
		return generated(o.Voters), nil
	}
	file, err := readPabulib(o.Votes)
	if err != nil {
		return nil, err
	}
	return file.poll(), nil
}
