package ballot_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/ledger"
)

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// An election from its manifest to the ballots that count. What the count is,
// package tally finds out.
func Example() {
	ctx, group := context.Background(), elgamal.Ristretto255()

	// The ledger's operator.
	logKey, logPublic, err := note.GenerateKey(nil, "example.org/2027")
	check(err)
	l := ledger.NewMemory(must(note.NewSigner(logKey)))

	// Trustees, each at home; two of the three can decrypt together.
	dir := must(os.MkdirTemp("", "trustees"))
	defer os.RemoveAll(dir)
	var trustees []*dkg.Trustee
	var trusteeKeys []dkg.TrusteeKeys
	for _, name := range []string{"Kim", "Lee", "Park"} {
		t := must(dkg.CreateTrustee(filepath.Join(dir, name), []byte("a long passphrase"), group))
		trustees, trusteeKeys = append(trustees, t), append(trusteeKeys, t.Keys(name))
	}

	// Officials describe the election and put it on the ledger.
	publicKey, privateKey, err := ed25519.GenerateKey(nil)
	check(err)
	officials, signers := ballot.Signers{Keys: []ed25519.PublicKey{publicKey}, Quorum: 1}, []ed25519.PrivateKey{privateKey}
	m := must(ballot.NewManifest(ballot.Manifest{
		Group: group, Title: "Council 2027", Ledger: ballot.Ledger{Origin: "example.org/2027", Key: logPublic},
		Authorities: officials, Registrars: officials, Trustees: trusteeKeys, Threshold: 2,
		Contests: []ballot.Contest{{
			ID: "mayor", Name: "Mayor", Kind: "choose", Min: 1, Max: 1, Blank: true,
			Options: []ballot.Option{{ID: "ada", Name: "Ada"}, {ID: "grace", Name: "Grace"}},
		}},
		Styles: []ballot.Style{{ID: "all", Name: "All voters", Contests: []int{0}}},
		Limits: ballot.Limits{MinGroup: 2, MaxVoters: 2},
		Opens:  time.Unix(1_800_000_000, 0), Closes: time.Unix(1_800_086_400, 0), Rounding: time.Hour,
	}))
	check(ballot.Publish(ctx, l, m, signers))

	// The key ceremony: trustees post, the officials end each phase.
	post := func() {
		var posted []dkg.Posted
		for en, err := range l.Entries(ctx, 0, must(l.Checkpoint(ctx)).Size) {
			check(err)
			posted = append(posted, dkg.Posted(en))
		}
		for _, t := range trustees {
			message, _, err := t.Next(m.Ceremony(), posted)
			check(err)
			if message != nil {
				must(l.Append(ctx, message))
			}
		}
	}
	for phase := dkg.Committing; phase < dkg.Complete; phase++ {
		post()
		check(ballot.EndRound(ctx, l, m, phase, signers))
	}
	post() // nothing but to learn that it is complete

	// The roll, from the voters' public keys. Then the election opens.
	alice, bob := ballot.NewVoterKey(group), ballot.NewVoterKey(group)
	roll := must(ballot.NewRoll(m, []ballot.RollLine{{Key: alice.Public(), Weight: 1}, {Key: bob.Public(), Weight: 1}}))
	check(ballot.PublishRoll(ctx, l, m, roll, signers))
	fingerprint := must(ballot.Open(ctx, l, m, signers))

	// A voter's device starts from the fingerprint.
	e := must(ballot.Load(ctx, l, fingerprint))
	device := &ballot.Voter{Key: alice, Line: must(roll.Find(alice.Public()))}
	first, tracker, err := e.Encrypt(device, ballot.Votes{"mayor": {"ada": 1}})
	check(err)

	// The ballot box takes it; the device checks the receipt.
	box := must(ballot.OpenBox(ctx, e, l))
	receipt := must(box.Cast(ctx, first))
	check(e.VerifyReceipt(first.Bytes(), receipt))
	fmt.Println("receipt for the device's own tracker:", receipt.Tracker == tracker)

	// Alice changes her mind. Only her last ballot counts.
	second, _, err := e.Encrypt(device, nil)
	check(err)
	must(box.Cast(ctx, second))
	_, err = box.Status(first.Tracker())
	fmt.Println("superseded:", err != nil)

	check(ballot.Close(ctx, l, fingerprint, signers))

	// Anybody who reads the ledger finds the same ballots.
	state := must(ballot.Replay(ctx, e, l, must(l.Checkpoint(ctx)).Size, nil))
	for counted := range state.Counted() {
		fmt.Printf("entry %d counts with weight %d\n", counted.Index, counted.Weight)
	}
	fmt.Println("refused:", len(state.Refused()))
	// Output:
	// receipt for the device's own tracker: true
	// superseded: true
	// entry 20 counts with weight 1
	// refused: 0
}
