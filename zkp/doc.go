// Package zkp has the zero-knowledge proofs of hanpyo: who holds a secret key,
// who decrypted correctly, and that a ballot is well formed without saying
// what is in it.
//
// A statement is a struct whose fields are what is claimed in public. Prove
// makes a proof, Verify checks one, and AddTo puts the checks of many proofs
// into a [Batch], which costs a fraction of checking them one by one. Verify
// is a batch of one: there is a single verifier.
//
//	statement          claims                                    docs/protocol.md
//	[Dlog], [Dlogs]    knowledge of discrete logarithms          §7.1
//	[DLEQ]             two logarithms are equal                  §7.2
//	[DLEQKeys]         many keys, one base: decrypted a sum      §7.3
//	[DLEQBases]        one key, many bases: decrypted a list     §7.3
//	[OneOf]            a ciphertext encrypts one of some values  §7.4
//	[Form]             a ballot is valid and signed              §4
//
// Dlog, Dlogs and DLEQ are, to the byte, linear relations of
// draft-irtf-cfrg-sigma-protocols-03 in their batchable form, over the
// SHAKE128 duplex sponge of draft-irtf-cfrg-fiat-shamir-03. The others are our
// own protocols over the same sponge.
//
// Every proof is bound to a [Context] and to its whole statement. A proof is a
// byte string with exactly one encoding. Whatever bytes a verifier is given,
// it returns an error and does not panic. Provers are constant time in
// witness and randomness as far as the group is; verifiers are not.
package zkp
