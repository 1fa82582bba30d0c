// Package attacks holds the library to a catalogue of attacks on verifiable
// voting: what has broken other systems, and what could break this one. It is
// all tests. docs/threats.md says which attack ends in which reason, and which
// do not apply.
//
// An attack is named by its number in the catalogue, P01 to P90, which stands
// in the name of its test, here or in the package whose internals it needs:
// go test ./... -run P27 runs all tests of P27. Each starts from something that
// is accepted, changes one thing, and passes only if the refusal wraps the one
// expected reason, nothing was written, and nothing else changed.
package attacks
