package zkp

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/elgamal"
)

// P15: over a hundred thousand proofs no nonce comes twice: half of them are of
// statements of their own, with one witness and a random source that says the
// same to all, and half of one statement with a random source that works.
func TestP15NoncesDoNotRepeat(t *testing.T) {
	n := 50_000
	if testing.Short() {
		n = 5_000
	}
	g := elgamal.Ristretto255()
	witness := (&stream{group: g, name: "P15"}).scalars(2)
	seen := make(map[string]bool)
	add := func(statement, fresh uint32) {
		s := newSponge([32]byte{})
		absorbFrame(s, "statement", binary.BigEndian.AppendUint32(nil, statement))
		var source [32]byte
		binary.BigEndian.PutUint32(source[:], fresh)
		nonce := string(g.AppendScalar(nil, newNonces(g, s, source, witness).next()))
		require.False(t, seen[nonce], "statement %d, random source %d", statement, fresh)
		seen[nonce] = true
	}
	for i := range uint32(n) {
		add(i, 0)
	}
	for i := range uint32(n) {
		add(0, i+1)
	}
}
