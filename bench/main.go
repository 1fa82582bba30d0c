package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if voters := os.Getenv(scaleChild); voters != "" {
		if err := scaleInChild(ctx, voters, os.Args[1], os.Stdout, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// settings are what the command line says.
type settings struct {
	plan    plan
	meter   meter
	compare bool
	scale   bool
	sizes   []int
	out     string // directory
	results string // document to update, if any
	scratch string // where ledgers are kept meanwhile
}

func parseOptions(args []string, stderr io.Writer) (*settings, error) {
	o := &settings{plan: usualPlan, meter: meter{rounds: 5, budget: 600 * time.Millisecond}}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	quick := f.Bool("quick", false, "only the main rows, in less than 40 seconds on two cores")
	long := f.Bool("long", false, "also the largest shuffles, some twenty minutes")
	f.BoolVar(&o.scale, "scale", false, "hold whole elections on the durable ledger instead")
	all := f.Bool("all", false, "the long comparison and the whole elections")
	sizes := f.String("sizes", "10000,100000,1000000", "how many voters the elections of -scale have")
	f.StringVar(&o.out, "out", "bench/out", "`directory` for report.md, report.json, benchmarks.txt and plots")
	f.StringVar(&o.results, "results", "", "`file` like bench/RESULTS.md whose generated parts to replace, too")
	f.StringVar(&o.scratch, "dir", "", "`directory` for the ledgers of -scale, with 3 GB of room (default: that for temporary files)")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if f.NArg() > 0 {
		return nil, fmt.Errorf("what is %q?", f.Arg(0))
	}
	if *quick {
		o.plan, o.meter = quickPlan, meter{rounds: 3, budget: 150 * time.Millisecond}
	}
	if *long || *all {
		o.plan = longPlan
	}
	o.compare = !o.scale || *all
	o.scale = o.scale || *all
	for size := range strings.SplitSeq(*sizes, ",") {
		n, err := strconv.Atoi(size)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-sizes: %q is no number of voters", size)
		}
		o.sizes = append(o.sizes, n)
	}
	return o, nil
}

// run is the program. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err == nil {
		r := newReport(strings.Join(append([]string{"go run ./bench"}, args...), " "))
		if err = r.make(ctx, o, stderr); err == nil {
			err = r.deliver(o, stdout)
		}
	}
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	return 0
}

// make measures.
func (r *report) make(ctx context.Context, o *settings, stderr io.Writer) (err error) {
	if o.compare {
		if err := r.measureAll(ctx, o, stderr); err != nil {
			return err
		}
	}
	if o.scale {
		if r.Scale, err = runScale(ctx, o.scratch, o.sizes, stderr); err != nil {
			return err
		}
	}
	r.UnitNs = r.middleUnit()
	r.Seconds = time.Since(r.Start).Seconds()
	return nil
}

// measureAll measures the operations of the plan one by one. Each is forgotten
// when it is done, with the data it held.
func (r *report) measureAll(ctx context.Context, o *settings, stderr io.Writer) error {
	if len(o.plan.onCores) > 0 {
		s, err := o.meter.speedup(ctx, unitsOperation())
		if err != nil {
			return err
		}
		r.Speedups = append(r.Speedups, s)
	}
	operations := o.plan.operations()
	for i := range operations {
		x, err := o.meter.measure(ctx, operations[i])
		if err != nil {
			return err
		}
		r.Results = append(r.Results, x)
		fmt.Fprintf(stderr, "%s\t%s ns/op\t%s units an item\n", x.Name, number(x.NsPerOp), number(x.UnitsPerItem))
		if slices.Contains(o.plan.onCores, x.Name) {
			s, err := o.meter.speedup(ctx, operations[i])
			if err != nil {
				return err
			}
			r.Speedups = append(r.Speedups, s)
		}
		operations[i] = operation{}
	}
	compare(r.Results)
	return nil
}

func (r *report) middleUnit() float64 {
	var units []float64
	for _, x := range r.Results {
		units = append(units, x.UnitNs)
	}
	for _, x := range r.Scale {
		units = append(units, x.UnitNs)
	}
	slices.Sort(units)
	return units[len(units)/2]
}

// deliver prints the report and saves it.
func (r *report) deliver(o *settings, stdout io.Writer) error {
	fmt.Fprint(stdout, r.header(), r.tables(nil), r.scaleTables(nil))
	if err := r.save(o.out); err != nil {
		return err
	}
	if o.results != "" {
		if err := r.update(o.results); err != nil {
			return err
		}
	}
	fmt.Fprintln(stdout, "Saved in", o.out)
	return nil
}
