package sdjwt_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"time"

	"github.com/hanpyo/hanpyo/ballot/identity"
	"github.com/hanpyo/hanpyo/ballot/identity/sdjwt"
)

// A registrar checks a wallet's presentation: that of a made-up citizen, with
// the citizen's number disclosed and the name kept.
func Example() {
	key := make([]byte, 32)
	rand.Read(key)
	pseudonyms, err := identity.NewPseudonyms(key, "fingerprint of the election")
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier, err := sdjwt.New(sdjwt.Config{
		Issuers:    []sdjwt.Issuer{{ID: "did:key:zDnaeai6g5o889MbvfipympakgQP3QGM1sgueVwMF9fxyabj5", Name: "KR"}},
		Type:       "https://id.example.org/citizen",
		Claims:     []string{"citizen_number"},
		Pseudonyms: pseudonyms,
		Nonces:     issued{"nonce-1": true}, // identity.NewMemory issues fresh ones
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	presentation, err := os.ReadFile("testdata/sd-jwt-python.txt") // what the wallet sent
	if err != nil {
		fmt.Println(err)
		return
	}
	request := identity.Request{
		Audience: "x509_san_dns:registrar.example.org",
		Nonce:    "nonce-1",
		Now:      time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), // leave it out
	}
	voter, err := verifier.Verify(context.Background(), presentation, request)
	fmt.Println(voter, err)

	// The registrar's own list of citizens leads to the same subject.
	citizen, err := pseudonyms.Subject("KR", identity.Claim{Name: "citizen_number", Value: "880101-1234567"})
	fmt.Println(voter == citizen, err)

	_, err = verifier.Verify(context.Background(), presentation, request)
	fmt.Println(err)
	// Output:
	// identity(redacted) <nil>
	// true <nil>
	// sdjwt: replayed
}

// issued are the nonces that are outstanding.
type issued map[string]bool

func (n issued) Use(_ context.Context, nonce string, _ time.Time) error {
	if !n[nonce] {
		return identity.ErrReplay
	}
	delete(n, nonce)
	return nil
}
