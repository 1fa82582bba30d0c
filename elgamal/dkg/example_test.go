package dkg_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
)

// Three trustees make a key that any two of them can use.
func Example() {
	dir, err := os.MkdirTemp("", "")
	check(err)
	defer os.RemoveAll(dir)

	// Every trustee, at home: a file with its keys.
	group := elgamal.Ristretto255()
	var trustees []*dkg.Trustee
	var keys []dkg.TrusteeKeys
	for _, name := range []string{"Ada", "Bea", "Cem"} {
		trustee, err := dkg.CreateTrustee(filepath.Join(dir, name), []byte("passphrase of "+name), group)
		check(err)
		trustees = append(trustees, trustee)
		keys = append(keys, trustee.Keys(name))
	}

	// The officials: the manifest describes the ceremony.
	public, authority, err := ed25519.GenerateKey(nil)
	check(err)
	ceremony := &dkg.Ceremony{
		ID: sha256.Sum256([]byte("manifest")), Group: group, Columns: 4, Threshold: 2, Trustees: keys,
		Authorities: []ed25519.PublicKey{public}, Quorum: 1,
	}

	// The ledger grows: trustees post what Next returns, the authority ends
	// the rounds.
	var ledger []dkg.Posted
	post := func(data []byte) { ledger = append(ledger, dkg.Posted{Index: uint64(len(ledger)), Data: data}) }
	for phase := dkg.Committing; phase < dkg.Complete; phase++ {
		for i, trustee := range trustees {
			if i == 2 && phase == dkg.Certifying {
				continue // Cem is on holiday
			}
			message, _, err := trustee.Next(ceremony, ledger)
			check(err)
			post(message)
		}
		post(dkg.NewRound(ceremony, phase, 0, authority))
	}

	// Anybody: what came out.
	transcript, err := ceremony.Replay(ledger)
	check(err)
	check(transcript.Failure)
	o := transcript.Outcome
	fmt.Println("keys:", len(o.Keys), "dealers:", o.Dealers, "holders:", o.Holders, "culprits:", len(o.Culprits))
	for _, a := range transcript.Absent {
		fmt.Println(keys[a.Trustee-1].Name, "was silent in phase", a.Phase)
	}

	// A trustee: its share.
	_, done, err := trustees[0].Next(ceremony, ledger)
	check(err)
	shares, err := trustees[0].Shares(ceremony, o)
	check(err)
	fmt.Println("done:", done, "shares:", len(shares))
	fmt.Printf("%+v\n", trustees[0])

	// Output:
	// keys: 4 dealers: [1 2 3] holders: [1 2] culprits: 0
	// Cem was silent in phase certify
	// done: true shares: 4
	// trustee(redacted)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
