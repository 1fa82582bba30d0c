package identity_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

// A registrar needs three things: nonces, pseudonyms and one of the adapters.
// Here the part of the adapter is played by one that believes everything.
func Example() {
	ctx, now := context.Background(), time.Now()

	// Once for an election. The key is kept with the registrar's records.
	key := make([]byte, 32)
	rand.Read(key)
	pseudonyms, err := identity.NewPseudonyms(key, "fingerprint of the election")
	if err != nil {
		fmt.Println(err)
		return
	}
	nonces := identity.NewMemory(100_000, 5*time.Minute)
	var verifier identity.Verifier = credulous{pseudonyms, nonces}
	served := map[identity.Subject]bool{}

	// For every voter who comes, here one who comes twice.
	for range 2 {
		nonce, err := nonces.Issue(now)
		if err != nil {
			fmt.Println(err)
			return
		}
		r := identity.Request{Audience: "x509_san_dns:registrar.example.org", Nonce: nonce, Now: now}
		voter, err := verifier.Verify(ctx, []byte("880101-1234567"), r) // what the wallet sent
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(voter, "was served before:", served[voter])
		served[voter] = true

		_, err = verifier.Verify(ctx, []byte("880101-1234567"), r)
		fmt.Println("replayed:", errors.Is(err, identity.ErrReplay))
	}
	// Output:
	// identity(redacted) was served before: false
	// replayed: true
	// identity(redacted) was served before: true
	// replayed: true
}

type credulous struct {
	pseudonyms *identity.Pseudonyms
	nonces     identity.Nonces
}

func (c credulous) Verify(ctx context.Context, presentation []byte, r identity.Request) (identity.Subject, error) {
	now, err := r.Start(presentation)
	if err != nil {
		return identity.Subject{}, err
	}
	s, err := c.pseudonyms.Subject("issuer", identity.Claim{Name: "number", Value: string(presentation)})
	if err != nil {
		return identity.Subject{}, err
	}
	return s, c.nonces.Use(ctx, r.Nonce, now)
}
