package zkp

import "go.dedis.ch/kyber/v3"

// ProveAnything runs the prover on slots and rules that need not hold.
func (f *Form) ProveAnything(s BallotStatement, randomness kyber.Scalar, slots []kyber.Scalar, credential kyber.Scalar) []byte {
	return f.proveAny(s, randomness, slots, credential, freshBytes())
}

// proveAny opens values that need not be bits.
func (f *Form) proveAny(s BallotStatement, randomness kyber.Scalar, slots []kyber.Scalar, credential kyber.Scalar, fresh [32]byte) []byte {
	proof := f.prove(s, randomness, slots, f.group.MultiScalarMul(slots, f.gens), credential, fresh)
	return proof
}
