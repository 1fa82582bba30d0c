package witness_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/witness"
)

// must keeps the example short. A program handles its errors.
func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func Example() {
	ctx := context.Background()
	dir := must(os.MkdirTemp("", "witness"))
	defer os.RemoveAll(dir)
	logSecret, logKey, err := note.GenerateKey(nil, "example.org/council")
	if err != nil {
		log.Fatal(err)
	}
	signer := must(note.NewSigner(logSecret))

	// The witness, elsewhere: it keeps in dir what it has seen.
	key := must(ledger.NewCosigningKey(ledger.CosignEd25519, "example.net/witness"))
	w := must(witness.Open(dir, []*ledger.CosigningKey{key}, []string{logKey}))
	defer w.Close()

	// The ledger publishes what the witness has cosigned.
	policy := ledger.Policy{Origin: "example.org/council", Key: logKey, Witnesses: []string{key.Public()}, Quorum: 1}
	votes := must(ledger.Witnessed(ctx, ledger.NewMemory(signer), policy, []ledger.Cosigner{w}, nil))
	must(votes.Append(ctx, []byte("a vote")))
	published := must(votes.Await(ctx, 1))
	fmt.Println("published with", len(must(policy.Check(published.Raw)).Cosigned), "cosignature")

	// The operator tries another history.
	other := must(ledger.Witnessed(ctx, ledger.NewMemory(signer), policy, []ledger.Cosigner{w}, nil))
	must(other.Append(ctx, []byte("another vote")))
	_, err = other.Await(ctx, 1)
	fmt.Println("refused:", errors.Is(err, ledger.ErrFork))

	// Output:
	// published with 1 cosignature
	// refused: true
}
