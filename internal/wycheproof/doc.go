// Package wycheproof holds the primitives that the library stands on against
// the vectors of Project Wycheproof: P-256 points and multiplication as package
// elgamal does them, and Ed25519, ECDSA and RSA signatures as verified by the
// packages that verify them for us. It is a module of its own because the
// vectors are large.
package wycheproof
