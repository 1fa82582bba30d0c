package sdjwt_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/ballot/identity"
	"github.com/hanpyo/hanpyo/ballot/identity/sdjwt"
	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/tally"
)

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func newLog(name string) (l ledger.Ledger, key string) {
	secret, public, err := note.GenerateKey(rand.Reader, name)
	check(err)
	return ledger.NewMemory(must(note.NewSigner(secret))), public
}

// A citizen with a digital identity votes: a wallet's presentation goes in, and
// on the ledger stands a ballot of which nobody knows whose it is. The smallest
// election there is, with one official, one trustee and one voter, so that
// everything can be seen; examples/voter and examples/election have more people.
func Example_voter() {
	ctx, group := context.Background(), elgamal.Ristretto255()

	// The election: who may vote is decided by tokens of one registrar.
	l, logKey := newLog("example.org/2027")
	public, secret, err := ed25519.GenerateKey(rand.Reader)
	check(err)
	official, signers := ballot.Signers{Keys: []ed25519.PublicKey{public}, Quorum: 1}, []ed25519.PrivateKey{secret}
	trustee := dkg.NewMemoryTrustee(group)
	now := time.Now().Truncate(time.Second)
	m := must(ballot.NewManifest(ballot.Manifest{
		Group: group, Title: "What shall Haedal build?", Ledger: ballot.Ledger{Origin: "example.org/2027", Key: logKey},
		Authorities: official, Registrars: official, Eligibility: ballot.EligibilityTokens,
		Trustees: []dkg.TrusteeKeys{trustee.Keys("Kim")}, Threshold: 1,
		Contests: []ballot.Contest{{ID: "site", Name: "On the old market", Kind: "choose", Min: 1, Max: 1, Options: []ballot.Option{
			{ID: "library", Name: "A library"}, {ID: "park", Name: "A park"},
		}}},
		Styles: []ballot.Style{{ID: "everyone", Name: "Everyone", Contests: []int{0}}},
		Limits: ballot.Limits{MinGroup: 1, MaxVoters: 1}, // one voter has no secret ballot, of course
		Opens:  now.Add(-time.Second), Closes: now, Rounding: time.Minute,
	}))
	check(ballot.Publish(ctx, l, m, signers))
	for phase := dkg.Committing; ; phase++ {
		var posted []dkg.Posted
		for en, err := range l.Entries(ctx, 0, must(l.Checkpoint(ctx)).Size) {
			check(err)
			posted = append(posted, dkg.Posted(en))
		}
		if message, _, err := trustee.Next(m.Ceremony(), posted); err != nil {
			log.Fatal(err)
		} else if message != nil {
			must(l.Append(ctx, message))
		}
		if phase == dkg.Complete {
			break
		}
		check(ballot.EndRound(ctx, l, m, phase, signers))
	}

	// The registrar knows citizens by an issuer's word, and its list of them by
	// pseudonyms that only it can make.
	id := m.ID()
	key := make([]byte, 32)
	rand.Read(key)
	pseudonyms := must(identity.NewPseudonyms(key, fmt.Sprintf("%x", id)))
	citizen := must(pseudonyms.Subject("KR", identity.Claim{Name: "citizen_number", Value: "880101-1234567"}))
	verifier := must(sdjwt.New(sdjwt.Config{
		Issuers:    []sdjwt.Issuer{{ID: "did:key:zDnaeai6g5o889MbvfipympakgQP3QGM1sgueVwMF9fxyabj5", Name: "KR"}},
		Type:       "https://id.example.org/citizen",
		Claims:     []string{"citizen_number"},
		Pseudonyms: pseudonyms,
		Nonces:     issued{"nonce-1": true},
	}))
	class, issuer := token.Class{Style: "everyone", Weight: 1}, token.NewIssuerKey()
	check(ballot.PublishIssuer(ctx, l, m, []*token.PublicKey{
		must(issuer.Public(token.Context{Election: id, Registrar: public, Class: class})),
	}, secret))
	issuances, _ := newLog("registrar.example.org/issuance")
	desk := must(token.OpenDesk(ctx, issuances, token.DeskConfig{
		Election: id, Registrar: public, Keys: map[token.Class]*token.IssuerKey{class: issuer},
		Eligible: func(_ context.Context, subject [32]byte) (token.Class, error) {
			if subject != [32]byte(citizen.Bytes()) {
				return token.Class{}, token.ErrEligibility
			}
			return class, nil
		},
	}))

	// The voter's device makes a key, blinds it, and sends it with what the
	// wallet presents. The registrar sees who it is and not what it signs.
	voter := &ballot.Voter{Key: ballot.NewVoterKey(group)}
	keys := must(must(ballot.ReadIssuance(ctx, l, m)).Keys(class))
	request := must(token.NewRequest(keys[0], token.Message(id, class, voter.Key.Public())))
	presentation := must(os.ReadFile("testdata/sd-jwt-python.txt"))
	asked := identity.Request{
		Audience: "x509_san_dns:registrar.example.org",
		Nonce:    "nonce-1",
		Now:      time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC), // leave it out
	}
	subject := must(verifier.Verify(ctx, presentation, asked))
	answer := must(desk.Issue(ctx, [32]byte(subject.Bytes()), class, request.Blinded()))
	voter.Permit = ballot.Permit{Class: class, Tokens: [][]byte{must(request.Finish(answer))}}
	fmt.Println("let in:", subject)
	_, err = verifier.Verify(ctx, presentation, asked)
	fmt.Println("the same presentation again:", err)
	again := must(token.NewRequest(keys[0], token.Message(id, class, ballot.NewVoterKey(group).Public())))
	_, err = desk.Issue(ctx, [32]byte(subject.Bytes()), class, again.Blinded())
	fmt.Println("the same citizen again:", err)
	check(ballot.PublishIssued(ctx, l, m, ballot.Issued{
		Issued: must(desk.Close(ctx)), Eligible: map[token.Class]uint64{class: 1},
	}, secret))

	// The election opens. The device and a second one start from the fingerprint.
	fingerprint := must(ballot.Open(ctx, l, m, signers))
	phone, tablet := must(ballot.Load(ctx, l, fingerprint)), must(ballot.Load(ctx, l, fingerprint))
	box := must(ballot.OpenBox(ctx, phone, l))

	// She challenges the device, and looks with the second one.
	draft := must(phone.Prepare(voter, ballot.Votes{"site": {"park": 1}}))
	tracker := draft.Tracker()
	spoil := must(draft.Challenge())
	spoiled := must(box.Spoil(ctx, spoil.Bytes()))
	found := must(tablet.CheckOpening(tracker, must(draft.Open(spoiled)), spoil.Bytes(), spoiled))
	fmt.Println("the device had encrypted:", found.Votes)

	// She casts another ballot, checks the receipt, and votes again.
	vote := func(option string) ([]byte, ballot.Receipt) {
		b := must(must(phone.Prepare(voter, ballot.Votes{"site": {option: 1}})).Cast())
		receipt := must(box.Cast(ctx, b))
		check(phone.VerifyReceipt(b.Bytes(), receipt))
		return b.Bytes(), receipt
	}
	first, firstReceipt := vote("park")
	second, secondReceipt := vote("library")
	_, err = box.Cast(ctx, must(phone.ParseBallot(first)))
	var superseded *ballot.SupersededError
	fmt.Println("the first ballot is superseded:", errors.As(err, &superseded))

	// Close, count, audit; and what became of her ballots.
	check(ballot.Close(ctx, l, fingerprint, signers))
	check(tally.Pin(ctx, phone, l, signers))
	check(tally.Decrypt(ctx, phone, l, trustee))
	result := must(tally.Combine(ctx, phone, l))
	check(tally.Publish(ctx, phone, l, result, signers))
	report := must(tally.Audit(ctx, l, fingerprint, nil))
	fmt.Println("verified:", report.Verified())
	fmt.Println(must(tally.Trace(ctx, l, fingerprint, spoil.Bytes(), spoiled)).Verdict,
		must(tally.Trace(ctx, l, fingerprint, first, firstReceipt)).Verdict,
		must(tally.Trace(ctx, l, fingerprint, second, secondReceipt)).Verdict)
	// Output:
	// let in: identity(redacted)
	// the same presentation again: sdjwt: replayed
	// the same citizen again: token: desk: the subject was served before: duplicate
	// the device had encrypted: map[site:map[park:1]]
	// the first ballot is superseded: true
	// verified: true
	// spoiled superseded counted
}
