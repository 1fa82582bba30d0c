package zkp

import "go.dedis.ch/kyber/v3"

// ProveAnything runs the prover on slots and rules that need not hold.
func (f *Form) ProveAnything(s BallotStatement, randomness kyber.Scalar, slots []kyber.Scalar, credential kyber.Scalar) []byte {
	return f.prove(s, randomness, slots, credential, freshBytes())
}
