package mdl_test

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"os"
	"time"

	"github.com/hanpyo/hanpyo/ballot/identity"
	"github.com/hanpyo/hanpyo/ballot/identity/mdl"
)

// A registrar checks a wallet's presentation: a made-up licence of which a
// number of the person and the date of birth are shown.
func Example() {
	key := make([]byte, 32)
	rand.Read(key)
	pseudonyms, err := identity.NewPseudonyms(key, "fingerprint of the election")
	if err != nil {
		fmt.Println(err)
		return
	}
	der, err := os.ReadFile("testdata/mdoc-ts-root.der") // from the authority
	if err != nil {
		fmt.Println(err)
		return
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier, err := mdl.New(mdl.Config{
		Issuers:    []mdl.Issuer{{Name: "KR", Roots: []*x509.Certificate{root}}},
		DocType:    "org.iso.18013.5.1.mDL",
		Namespace:  "org.iso.18013.5.1",
		Elements:   []string{"administrative_number", "birth_date"},
		Handover:   mdl.Redirect("https://registrar.example.org/response"),
		Pseudonyms: pseudonyms,
		Nonces:     issued{"nonce-1": true}, // identity.NewMemory issues fresh ones
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	presentation, err := os.ReadFile("testdata/mdoc-ts-redirect.cbor") // what the wallet sent
	if err != nil {
		fmt.Println(err)
		return
	}
	request := identity.Request{
		Audience:    "x509_san_dns:registrar.example.org",
		Nonce:       "nonce-1",
		ResponseKey: make([]byte, 32),                               // the thumbprint of the key for the answer
		Now:         time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), // leave it out
	}
	voter, err := verifier.Verify(context.Background(), presentation, request)
	fmt.Println(voter, err)

	// The registrar's own list of citizens leads to the same subject.
	citizen, err := pseudonyms.Subject("KR",
		identity.Claim{Name: "administrative_number", Value: "880101-1234567"},
		identity.Claim{Name: "birth_date", Value: "1988-01-01"})
	fmt.Println(voter == citizen, err)

	_, err = verifier.Verify(context.Background(), presentation, request)
	fmt.Println(err)
	// Output:
	// identity(redacted) <nil>
	// true <nil>
	// mdl: replayed
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
