package boltledger_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

func Example() {
	ctx := context.Background()
	parent, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(parent)
	dir := filepath.Join(parent, "council")

	// The operator.
	secret, public, err := note.GenerateKey(nil, "example.org/2027-council")
	if err != nil {
		log.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		log.Fatal(err)
	}
	board, err := boltledger.Open(dir, signer)
	if err != nil {
		log.Fatal(err)
	}
	for _, entry := range []string{"manifest", "ballot 1", "ballot 2"} {
		if _, err := board.Append(ctx, []byte(entry)); err != nil {
			log.Fatal(err)
		}
	}
	if err := board.Close(); err != nil {
		log.Fatal(err)
	}

	// An auditor, with a copy of the directory and the operator's public key.
	r, err := boltledger.OpenReadOnly(dir)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	newest, err := r.Checkpoint(ctx)
	if err != nil {
		log.Fatal(err)
	}
	policy := ledger.Policy{Origin: "example.org/2027-council", Key: public}
	verified, err := ledger.Verified(r, policy, newest)
	if err != nil {
		log.Fatal(err)
	}
	for entry, err := range verified.Entries(ctx, 0, newest.Size) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d: %s\n", entry.Index, entry.Data)
	}

	// Output:
	// 0: manifest
	// 1: ballot 1
	// 2: ballot 2
}
