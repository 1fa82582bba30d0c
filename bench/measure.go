package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
)

// result is what an operation took. Times are those of the processor, of the
// whole process, unless they are called wall.
type result struct {
	Name  string `json:"name"`
	Item  string `json:"item,omitempty"` // what an operation is about
	N     int    `json:"n,omitempty"`    // how many of them
	Calls int    `json:"calls"`          // how often it was measured

	NsPerOp     float64 `json:"nsPerOp"`
	WallNsPerOp float64 `json:"wallNsPerOp"`
	UnitNs      float64 `json:"unitNs"` // of the unit, at the same time
	Allocs      float64 `json:"allocsPerOp"`

	UnitsPerItem   float64 `json:"unitsPerItem"`
	ItemsPerSecond float64 `json:"itemsPerSecond"` // on one core
	BytesPerItem   int     `json:"bytesPerItem,omitempty"`

	Ours       string  `json:"ours,omitempty"`       // what it is compared with
	Ratio      float64 `json:"ratio,omitempty"`      // how many times ours is faster
	BytesRatio float64 `json:"bytesRatio,omitempty"` // how many times ours is smaller
}

// meter measures operations on one core.
type meter struct {
	rounds int           // of which the middle one counts
	budget time.Duration // of all of them together, unless one call takes longer
}

// perItem returns how many items a call is about, at least one.
func (r *result) perItem() float64 { return float64(max(r.N, 1)) }

// patience is how many budgets an operation may take to be called a second time.
const patience = 10

// measure prepares an operation and measures it, with the unit before and after
// each round.
func (m meter) measure(ctx context.Context, o operation) (*result, error) {
	p, err := o.prepare(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.name, err)
	}
	r := &result{Name: o.name, Item: o.item, N: o.n, BytesPerItem: p.bytes, Ours: o.ours}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	runtime.GC()
	rounds, err := m.repeat(ctx, p.do)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.name, err)
	}
	slices.SortFunc(rounds, func(a, b round) int { return cmp.Compare(a.cpu/a.unit, b.cpu/b.unit) })
	middle := rounds[len(rounds)/2]
	for _, x := range rounds {
		r.Calls += x.calls
	}
	r.NsPerOp, r.WallNsPerOp, r.UnitNs, r.Allocs = middle.cpu, middle.wall, middle.unit, middle.allocs
	r.UnitsPerItem = r.NsPerOp / r.UnitNs / r.perItem()
	r.ItemsPerSecond = 1e9 / r.NsPerOp * r.perItem()
	return r, nil
}

// repeat calls do once to warm up and then in rounds. What takes longer than the
// budget gets one round, and what takes much longer no second call.
func (m meter) repeat(ctx context.Context, do func() error) (rounds []round, err error) {
	first, err := oneRound(do, 1)
	if err != nil || first.cpu > patience*float64(m.budget) {
		return []round{first}, err
	}
	times, calls := m.rounds, int(float64(m.budget)/float64(m.rounds)/max(first.cpu, 100))
	if first.cpu > float64(m.budget) {
		times = 1
	}
	for range times {
		next, err := oneRound(do, max(1, calls))
		if err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		rounds = append(rounds, next)
	}
	return rounds, nil
}

// round is the average of some calls, and of the units around them.
type round struct {
	calls                   int
	cpu, wall, unit, allocs float64
}

func oneRound(do func() error, calls int) (round, error) {
	r := round{calls: calls, unit: measureUnit()}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	wall, cpu := time.Now(), cpuTime()
	for range calls {
		if err := do(); err != nil {
			return r, err
		}
	}
	r.cpu = float64(cpuTime()-cpu) / float64(calls)
	r.wall = float64(time.Since(wall)) / float64(calls)
	runtime.ReadMemStats(&after)
	r.allocs = float64(after.Mallocs-before.Mallocs) / float64(calls)
	r.unit = (r.unit + measureUnit()) / 2
	return r, nil
}

// compare fills in how results of others relate to ours.
func compare(results []*result) {
	byName := make(map[string]*result)
	for _, r := range results {
		byName[r.Name] = r
	}
	for _, r := range results {
		ours := byName[r.Ours]
		if r.Ours == "" || ours == nil {
			continue
		}
		r.Ratio = r.UnitsPerItem / ours.UnitsPerItem
		if ours.BytesPerItem > 0 {
			r.BytesRatio = float64(r.BytesPerItem) / float64(ours.BytesPerItem)
		}
	}
}

// speedup is an operation on one core and on several.
type speedup struct {
	Name     string  `json:"name"`
	Cores    int     `json:"cores"`
	WallNs1  float64 `json:"wallNsOneCore"`
	WallNs   float64 `json:"wallNsAllCores"`
	Times    float64 `json:"timesFaster"`
	Overhead float64 `json:"cpuRatio"` // processor time on all cores, divided by that on one
}

// speedup measures an operation in turns on one core and on all, but not more
// than two. Only a quiet machine shows what there is to be gained; the ratio of
// processor times bounds it on any.
func (m meter) speedup(ctx context.Context, o operation) (*speedup, error) {
	p, err := o.prepare(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.name, err)
	}
	s := &speedup{Name: o.name, Cores: min(2, runtime.NumCPU())}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var wall, cpu [2][]float64
	for range max(m.rounds, 3) {
		for i, cores := range []int{1, s.Cores} {
			runtime.GOMAXPROCS(cores)
			runtime.GC()
			r, err := oneRound(p.do, 1)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", o.name, err)
			}
			wall[i], cpu[i] = append(wall[i], r.wall), append(cpu[i], r.cpu)
		}
	}
	for i := range wall {
		slices.Sort(wall[i])
		slices.Sort(cpu[i])
	}
	// The least: what somebody else does on the machine only adds to it.
	s.WallNs1, s.WallNs = wall[0][0], wall[1][0]
	s.Times = s.WallNs1 / s.WallNs
	s.Overhead = cpu[1][0] / cpu[0][0]
	return s, nil
}

// unitsOperation computes units on as many goroutines as there are cores: what
// this machine gives at best, at this time.
func unitsOperation() operation {
	const total = 8000
	return operation{name: "Unit/" + unitName, n: total, prepare: func(context.Context) (prepared, error) {
		return prepared{do: func() error {
			cores := runtime.GOMAXPROCS(0)
			var wait sync.WaitGroup
			for range cores {
				wait.Go(func() {
					unit := newUnit()
					for range total / cores {
						_ = unit()
					}
				})
			}
			wait.Wait()
			return nil
		}}, nil
	}}
}
