package zkp

import (
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// Transcript is one side, prover or verifier, of a proof that another package
// of this library defines; shuffles are one. It is the transcript that the
// proofs of this package use themselves: whatever is written or read since the
// last challenge is absorbed, behind label and length, before the next one.
// docs/protocol.md §2.
type Transcript struct{ d dialogue }

// NewTranscript starts a transcript. The protocol is the identifier of the
// proof, in the table of docs/protocol.md §2; the statement names what is
// proved. The verifier gives the proof, the prover nil.
func NewTranscript(g *elgamal.Group, protocol, statement string, c Context, proof []byte) *Transcript {
	return &Transcript{dialogue{group: g, sponge: newSponge(session(g, protocol, statement, c, nil)), framed: true, proof: proof}}
}

// Absorb absorbs a part of the statement, before the first challenge.
func (t *Transcript) Absorb(label string, part []byte) { absorbFrame(t.d.sponge, label, part) }

// WritePoint appends a commitment of the prover to the proof.
func (t *Transcript) WritePoint(p kyber.Point) { t.d.writePoint(p) }

// WriteScalar appends a response of the prover to the proof.
func (t *Transcript) WriteScalar(s kyber.Scalar) { t.d.writeScalar(s) }

// ReadPoint reads a commitment, which may be the identity. The name, with the
// number i if it is above 0, stands in the error.
func (t *Transcript) ReadPoint(name string, i int) kyber.Point { return t.d.readPoint(name, i, true) }

// ReadScalar reads a response; see ReadPoint.
func (t *Transcript) ReadScalar(name string, i int) kyber.Scalar { return t.d.readScalar(name, i) }

// Weights ends a message and returns n challenges uniform in [0, 2¹²⁸).
func (t *Transcript) Weights(label string, n int) []kyber.Scalar { return t.d.weights(label, n) }

// Challenges ends a message and returns n challenges uniform modulo q, each of
// 64 bytes, little-endian, reduced.
func (t *Transcript) Challenges(label string, n int) []kyber.Scalar {
	t.d.flush(label)
	list := make([]kyber.Scalar, n)
	for i := range list {
		list[i] = wideScalar(t.d.group, t.d.sponge.squeeze(64))
	}
	return list
}

// Nonces returns the prover's source of random scalars, hedged with 32 fresh
// bytes, the witness and the statement, which has been absorbed by now.
func (t *Transcript) Nonces(fresh [32]byte, witness []kyber.Scalar) func() kyber.Scalar {
	return newNonces(t.d.group, t.d.sponge, fresh, witness).next
}

// Proof returns what the prover has written.
func (t *Transcript) Proof() []byte { return t.d.proof }

// Err returns the first error of reading. Trailing bytes are refused by the
// length of the proof, before.
func (t *Transcript) Err() error { return t.d.err }
