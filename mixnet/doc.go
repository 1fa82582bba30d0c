// Package mixnet shuffles encrypted rows, provably: the output of a mix holds
// the same plaintexts as its input, in an order that only the mixer knows, and
// the mixer proves that without telling the order.
//
// The proof is that of Bayer and Groth, "Efficient Zero-Knowledge Argument for
// Correctness of a Shuffle" (EUROCRYPT 2012), with all ciphertexts in one row
// of their matrix, which gives it the shape of Groth, "A Verifiable Secret
// Shuffle of Homomorphic Encryptions" (J. Cryptology 23, 2010); docs/protocol.md
// §6. It takes three scalars for each row, whatever the width of the row.
//
// [Shuffle] mixes a [List], [Statement].Prove proves it, [Statement].Verify
// checks one mix and [Cascade].Verify several in one multi-scalar product: a
// single mix is a cascade of one. Lists of no, one and two rows are ordinary;
// of course a list of one row has no order to hide.
//
// Verifiers and the long sums of the prover are not constant time, and a prover
// reads its memory in the order it hides. A mixer's machine is not to be shared
// with anybody who should not know the order.
package mixnet
