package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/hanpyo/hanpyo/examples/internal/play"
)

// options are the flags of the command line.
type options struct {
	play.Options
	seats int
	count string
}

const mostMixers = 20

func parseOptions(args []string, stderr io.Writer) (*options, error) {
	var o options
	names := slices.Sorted(maps.Keys(rules))
	flags := o.Flags("ranked", 300, "`file` of comma-separated rankings")
	flags.IntVar(&o.seats, "seats", 0, "how many `seats` there are (default 1 with -votes, 3 without)")
	flags.StringVar(&o.count, "count", "", "`rule` of counting: "+strings.Join(names, ", ")+
		" (default instant-runoff for one seat, scottish-stv for more)")
	flags.IntVar(&o.Mixers, "mixers", 3, "how many `mixers` shuffle the ballots, one after the other")
	if err := o.Parse(flags, args, stderr); err != nil {
		return nil, err
	}
	if !play.Given(flags, "seats") {
		o.seats = 3
		if o.Votes != "" {
			o.seats = 1
		}
	}
	if !play.Given(flags, "count") {
		o.count = "scottish-stv"
		if o.seats == 1 {
			o.count = "instant-runoff"
		}
	}
	switch {
	case o.seats < 1:
		return nil, fmt.Errorf("-seats %d is less than 1", o.seats)
	case o.Mixers < 1 || o.Mixers > mostMixers:
		return nil, fmt.Errorf("-mixers %d is not between 1 and %d", o.Mixers, mostMixers)
	case rules[o.count] == nil:
		return nil, fmt.Errorf("-count %q is none of %s", o.count, strings.Join(names, ", "))
	}
	return &o, nil
}
