package token_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/internal/tokentest"
	"github.com/hanpyo/hanpyo/ledger"
)

func Example() {
	ctx := context.Background()

	// The registrar: a key for each class, and its public part for the ledger.
	election := [32]byte{1} // the manifest's id
	registrar, _, _ := ed25519.GenerateKey(rand.Reader)
	class := token.Class{Style: "city", Weight: 1}
	key := tokentest.Key(0) // token.NewIssuerKey()
	public, err := key.Public(token.Context{Election: election, Registrar: registrar, Class: class})
	check(err)

	// The registrar's desk, on an issuance log of its own.
	voter := [32]byte{7} // from the voter's digital identity
	skey, _, _ := note.GenerateKey(rand.Reader, "registrar.example/issuance")
	signer, _ := note.NewSigner(skey)
	log := ledger.NewMemory(signer)
	desk, err := token.OpenDesk(ctx, log, token.DeskConfig{
		Election:  election,
		Registrar: registrar,
		Keys:      map[token.Class]*token.IssuerKey{class: key},
		Eligible: func(ctx context.Context, subject [32]byte) (token.Class, error) {
			if subject != voter {
				return token.Class{}, fmt.Errorf("unknown subject: %w", token.ErrEligibility)
			}
			return class, nil
		},
	})
	check(err)

	// The voter's device takes the public key from the election's ledger.
	public, err = token.ParsePublicKey(public.Bytes(), public.Context())
	check(err)
	credential := []byte("the encoding of K")
	message := token.Message(election, class, credential)
	request, err := token.NewRequest(public, message)
	check(err)

	// It sends the blinded message after it has identified its voter.
	answer, err := desk.Issue(ctx, voter, class, request.Blinded())
	check(err)
	mine, err := request.Finish(answer)
	check(err)
	fmt.Println("token:", len(mine), "bytes,", public.Verify(message, mine))

	// Nobody gets two.
	second, err := token.NewRequest(public, token.Message(election, class, []byte("another key")))
	check(err)
	_, err = desk.Issue(ctx, voter, class, second.Blinded())
	fmt.Println(err)

	// Before the election opens, issuance ends, and an auditor checks the log.
	issued, err := desk.Close(ctx)
	check(err)
	fmt.Println(issued.Classes, token.CheckIssuance(ctx, log, []*token.PublicKey{public}, issued))
	// Output:
	// token: 384 bytes, <nil>
	// token: desk: the subject was served before: duplicate
	// [{{city 1} 1}] <nil>
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
