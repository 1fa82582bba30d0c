package mixnet_test

import (
	"context"
	"fmt"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/mixnet"
)

func Example() {
	ctx := context.Background()
	g := elgamal.Ristretto255()
	key := elgamal.GenerateKey(g, 1) // held by trustees in an election

	// Three encrypted texts, padded to the length that one point holds.
	var rows []elgamal.Ciphertext
	for _, text := range []string{"apples", "pears", "cherries"} {
		m, err := elgamal.Embed(g, fmt.Appendf(nil, "%-29s", text))
		if err != nil {
			panic(err)
		}
		rows = append(rows, key.Public().Encrypt([]kyber.Point{m}, g.RandomScalar()))
	}
	input, err := mixnet.NewList(ctx, g, 1, rows, nil)
	if err != nil {
		panic(err)
	}

	// Two mixers, one after the other.
	cascade := mixnet.Cascade{Key: key.Public(), Input: input}
	list := input
	for step, mixer := range []string{"Alice", "Bob"} {
		output, secret, err := mixnet.Shuffle(ctx, key.Public(), list, nil)
		if err != nil {
			panic(err)
		}
		place := mixnet.Place{Contest: "fruit", Step: step, Mixer: []byte(mixer)}
		proof, err := mixnet.Statement{Key: key.Public(), Input: list, Output: output}.Prove(ctx, place, secret, nil)
		if err != nil {
			panic(err)
		}
		cascade.Mixes = append(cascade.Mixes, mixnet.Mix{Place: place, Output: output, Proof: proof})
		list = output
	}

	// Anybody.
	fmt.Println(len(cascade.Mixes), "mixes:", cascade.Verify(ctx, nil))
	cascade.Mixes[1].Place.Mixer = []byte("Carol")
	fmt.Println(cascade.Verify(ctx, nil))
	// Output:
	// 2 mixes: <nil>
	// mixnet: mix 2: shuffle: proof does not hold
}
