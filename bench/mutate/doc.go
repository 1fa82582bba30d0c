// Command mutate changes whole elections, field by field, and requires that
// every change is noticed:
//
//	go run ./bench/mutate [-n 2000] [-seed 1]
//	go run ./bench/mutate -n 100000          # some twenty minutes
//	go run ./bench/mutate -seed 1 -only 3575 # one of them, and its audit
//	go run ./bench/mutate -field ballot/body # of certain fields only
//	go run ./bench/mutate -bugs              # does it find what we break?
//	go run ./bench/mutate -deletions ./zkp ./tally
//
// The bases are small honest elections with sums, weights, revotes and spoils,
// an absent trustee and a new key of the ledger, voters let in by tokens, and
// mixed contests, on ristretto255 and P-256. Each entry
// of their ledgers is cut into fields, of which a test holds that they cover
// every byte. A mutant takes a base, a field, one of the operators
//
//	M1 flip a bit                        M9  duplicate
//	M2 zero                              M10 delete
//	M3 identity or one                   M11 reorder
//	M4 minus, plus one, or another form  M12 cut or extend
//	M5 no member, small order            M13 boundary
//	M6 random                            M14 written differently
//	M7 from elsewhere                    M15 transplant
//	M8 swap two                          M16 two at once
//
// and a layer of repair:
//
//	L0 none
//	L1 lengths and counts fit what they count
//	L2 the Merkle tree is recomputed, the checkpoint's signature is the old one
//	L3 the ledger's key signs; or the changed entry is added by somebody beside
//	   the honest one, and all officials go on from there
//	L4 whoever made the entry signs it again and makes every proof that can be
//	   made; officials go on from there, voters post it beside the honest one,
//	   trustees, mixers and count go along with it; or the authorities open the
//	   election that it describes
//
// Mutants are spread evenly over kinds of fields, operators and layers, five of
// seven at L2 to L4, and follow from the seed, but for the bytes of keys and
// randomness, which are new in every run.
//
// A mutant is caught if the audit does not verify the election, or if it does,
// with the base's result, and lists the changed entry as refused. What anybody
// can add to a ledger must not keep the election from being verified. Anything
// else is a failure: another result, a changed entry that is not listed, a
// panic, ten times the time of the base or four times its memory. What is no
// attack stands in a list with the reason (exclusions); those are counted, and
// it is held that an auditor who has an older checkpoint sees them. A reason
// that the change of such a field should not end in is counted too.
//
// With -bugs, each of a list of checks is taken out of the library, one at a
// time, by go build -overlay, and the harness must fail. With -deletions, each
// branch that returns an error is taken out of the given packages, one at a
// time, and those are printed that no test of the package or of those that
// import it has missed.
package main
