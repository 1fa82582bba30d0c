// Package bench measures hanpyo through its public API only, next to what one
// would otherwise use, in one run:
//
//	go test -run '^$' -bench . ./bench                        everything, some minutes
//	go test -run '^$' -bench '//ballot=1-of-5$' ./bench       one kind of ballot
//	go test -run '^$' -bench . -cpu 1 -count 6 ./bench >new   for golang.org/x/perf/cmd/benchstat old new
//
// Names have the form Encrypt/group=ristretto255/ballot=1-of-5, so that
// benchstat can pivot: -col /group. One operation is what the name says, and
// metrics per ballot are divided by how many ballots it has. cpu-ns counts the
// processor time of the whole process and is the one to compare on a machine
// that does something else as well; B/ballot is exact.
//
// The kinds of ballots stand in kinds.go: add one there and every benchmark
// has it. To measure another group, wrap it like kyber.go does and add it to
// the lists in bench_test.go. RESULTS.md has a run.
package bench
