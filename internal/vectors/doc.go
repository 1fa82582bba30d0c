// Package vectors has no code. Its testdata are negative vectors for those who
// write a verifier of their own: small whole elections, and hundreds of changes
// to them and to the proofs of packages zkp and mixnet, each with the reason for
// which it has to be refused. docs/vectors.md describes the format, and the tests
// here hold the library to it.
package vectors
