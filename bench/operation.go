package main

import (
	"context"
	"fmt"

	"github.com/hanpyo/hanpyo/elgamal"
)

// operation is something to measure. The program and go test -bench measure
// the same operations under the same names.
type operation struct {
	name string // Encrypt/group=ristretto255/ballot=1-of-5, as benchstat likes it
	item string // what a call is about: ballot, row or point; empty for none of them
	n    int    // how many of them
	ours string // what to compare it with, the name of another operation; empty for our own

	// prepare does what comes before and is not measured.
	prepare func(ctx context.Context) (prepared, error)
}

// prepared is an operation that is ready.
type prepared struct {
	do    func() error
	bytes int // how large an item is; 0 if that says nothing
}

// subject is a kind of ballot in a group, and how many voters the election has
// that it is measured with.
type subject struct {
	group  *elgamal.Group
	kind   string
	voters int
}

func (s subject) name() string {
	return fmt.Sprintf("group=%s/ballot=%s", s.group.Name(), s.kind)
}

// mixSize is a number of rows and their width.
type mixSize struct{ w, n int }

// plan says what to measure. The zero plan measures nothing.
type plan struct {
	batch   int       // how many ballots are verified together
	brief   bool      // of ballots, neither decryption nor audit
	ballots []subject // ours
	replay  subject   // whose ledger is verified on one core and on two
	classic []string  // kinds of ballot, as others have them
	mixes   []mixSize // ours
	neff    []mixSize // kyber's
	points  []int     // of sums of products
	without []int     // slots of a ballot, with what makes it fast turned off
	bad     []int     // slots of a ballot, some of which do not hold
	onCores []string  // names of operations to measure on two cores as well
}

// operations lists what is measured, ours before those that are compared with
// it.
func (p plan) operations() (list []operation) {
	for _, s := range p.ballots {
		of := ballotOperations(s, p.batch)
		if p.brief {
			of = of[:4]
		}
		list = append(list, of...)
	}
	if p.replay.group != nil {
		list = append(list, replayOperation(p.replay))
	}
	for _, kind := range p.classic {
		list = append(list, classicOperations(kindNamed(kind), p.batch)...)
	}
	for _, s := range p.mixes {
		list = append(list, mixOperations(s)...)
	}
	for _, s := range p.neff {
		list = append(list, neffOperations(s)...)
	}
	for _, n := range p.points {
		list = append(list, sumOperations(n)...)
	}
	for _, n := range p.without {
		list = append(list, withoutOperations(n, p.batch)...)
	}
	for _, n := range p.bad {
		list = append(list, badOperations(elgamal.Ristretto255(), n, p.batch)...)
		list = append(list, badOperations(elgamal.P256(), n, p.batch)...)
	}
	return list
}

var (
	// quickPlan has the main rows.
	quickPlan = plan{
		batch: 1000,
		brief: true,
		ballots: []subject{
			{elgamal.Ristretto255(), "1-of-5", 1000},
			{elgamal.Ristretto255(), "1-of-50", 200},
			{elgamal.P256(), "1-of-5", 100},
		},
		replay:  subject{elgamal.Ristretto255(), "1-of-5", 4000},
		classic: []string{"1-of-5"},
		mixes:   []mixSize{{1, 1000}, {1, 10_000}},
		neff:    []mixSize{{1, 1000}},
		points:  []int{1000, 100_000},
		onCores: coresOf(4000, 10_000),
	}

	// usualPlan takes some minutes. Ballots that take long have fewer voters.
	usualPlan = plan{
		batch: 1000,
		ballots: []subject{
			{elgamal.Ristretto255(), "1-of-2", 1000},
			{elgamal.Ristretto255(), "1-of-5", 1000},
			{elgamal.Ristretto255(), "5-of-20", 400},
			{elgamal.Ristretto255(), "rank-10", 100},
			{elgamal.Ristretto255(), "30-slots", 400},
			{elgamal.Ristretto255(), "1-of-50", 200},
			{elgamal.P256(), "1-of-2", 100},
			{elgamal.P256(), "1-of-5", 100},
			{elgamal.P256(), "5-of-20", 20},
			{elgamal.P256(), "rank-10", 10},
			{elgamal.P256(), "30-slots", 20},
			{elgamal.P256(), "1-of-50", 20},
		},
		replay:  subject{elgamal.Ristretto255(), "1-of-5", 20_000},
		classic: []string{"1-of-2", "1-of-5", "5-of-20", "rank-10", "30-slots", "1-of-50"},
		mixes:   []mixSize{{1, 1000}, {3, 1000}, {10, 1000}, {1, 10_000}, {3, 10_000}, {10, 10_000}, {1, 100_000}, {3, 100_000}},
		neff:    []mixSize{{1, 1000}, {3, 1000}, {10, 1000}, {1, 10_000}},
		points:  []int{1000, 10_000, 100_000},
		without: []int{5, 50},
		bad:     []int{5},
		onCores: coresOf(20_000, 100_000),
	}

	// longPlan adds the largest shuffles. Neff's proof takes minutes where it
	// stops here; its cost is in proportion to the rows.
	longPlan = usualPlan.with([]mixSize{{10, 100_000}}, []mixSize{{3, 10_000}, {10, 10_000}, {1, 100_000}})
)

// coresOf names what is measured on two cores as well: verification of many
// ballots and the steps of a mix.
func coresOf(voters, rows int) []string {
	g := elgamal.Ristretto255()
	names := []string{replayOperation(subject{g, "1-of-5", voters}).name}
	for _, o := range mixOperations(mixSize{1, rows}) {
		names = append(names, o.name)
	}
	return names
}

func (p plan) with(mixes, neff []mixSize) plan {
	p.mixes = append(p.mixes[:len(p.mixes):len(p.mixes)], mixes...)
	p.neff = append(p.neff[:len(p.neff):len(p.neff)], neff...)
	return p
}
