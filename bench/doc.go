// Command bench measures hanpyo, through its public API only, next to what one
// would otherwise use, in one run:
//
//	go run ./bench             ballots, shuffles and sums beside others, some minutes
//	go run ./bench -quick      the main rows, less than 40 seconds on two cores
//	go run ./bench -long       also the largest shuffles
//	go run ./bench -scale      whole elections of 10⁴, 10⁵ and 10⁶ voters on the durable ledger
//	go run ./bench -all -results bench/RESULTS.md    all of it, into the page that is kept
//
// It prints its tables and saves them in the directory of -out, with the same
// as JSON, plots, and a file for golang.org/x/perf/cmd/benchstat.
//
// The others are the classic disjunctive proofs, one by one, over kyber's
// edwards25519 and circl's P-256 and ristretto255; kyber's Neff shuffle; and the
// sums of products of curve25519-voi.
//
// What it measures, it shares with go test, under the same names:
//
//	go test -run '^$' -bench '//ballot=1-of-5$' ./bench
//	go test -run '^$' -bench . -cpu 1 -count 6 ./bench >new   for benchstat old new
//
// Names have the form Encrypt/group=ristretto255/ballot=1-of-5, so that
// benchstat can pivot: -col /group. One operation is what the name says.
//
// Times are those of the processor, of the whole process, which is what can be
// compared on a machine that does something else as well. They are given in
// units, too: one ScalarMult of filippo.io/edwards25519, measured between the
// operations. Bytes are exact.
//
// The kinds of ballots stand in kinds.go, what is measured in operation.go. To
// measure another library, describe its group in library.go.
package main
