package zkp

import (
	"crypto/rand"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// nonces is the private sponge of one prover. Nonces are hedged: they depend
// on fresh randomness, the witness and the statement, so that neither a broken
// random source nor a repeated statement gives one nonce to two challenges.
type nonces struct {
	group  *elgamal.Group
	sponge *sponge
}

// newNonces takes the transcript as it stands after the statement, 32 fresh
// bytes and the witness.
func newNonces(g *elgamal.Group, statement *sponge, fresh [32]byte, witness []kyber.Scalar) *nonces {
	s := newSponge(deriveSessionID([]byte("hanpyo-v1 " + protocolNonce)))
	absorbFrame(s, "fresh", fresh[:])
	w := make([]byte, 0, len(witness)*g.ScalarLen())
	for _, x := range witness {
		w = g.AppendScalar(w, x)
	}
	absorbFrame(s, "witness", w)
	clear(w)
	absorbFrame(s, "statement", statement.clone().squeeze(32))
	return &nonces{g, s}
}

func (n *nonces) next() kyber.Scalar { return n.group.ReduceScalar(n.sponge.squeeze(64)) }

func freshBytes() (b [32]byte) {
	rand.Read(b[:]) // never fails
	return b
}
