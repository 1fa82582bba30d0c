package tally_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/tally"
)

// must keeps the example short. A program handles its errors.
func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}

func check(err error) { must(0, err) }

// open runs an election of three voters until it is open.
func open(ctx context.Context, dir string, change func(*ballot.Manifest)) (ballot.Log, *ballot.Election, []*ballot.Voter, []*dkg.Trustee, []ed25519.PrivateKey) {
	g := elgamal.Ristretto255()
	authority, authorityKey := newKey()
	logKey, verifierKey, err := note.GenerateKey(nil, "example.org/garden-club")
	check(err)
	ledger := ledger.NewMemory(must(note.NewSigner(logKey)))

	var trustees []*dkg.Trustee
	var trusteeKeys []dkg.TrusteeKeys
	for _, name := range []string{"Ana", "Ben", "Chu"} {
		t := must(dkg.CreateTrustee(filepath.Join(dir, name), []byte("passphrase of "+name), g))
		trustees, trusteeKeys = append(trustees, t), append(trusteeKeys, t.Keys(name))
	}
	description := ballot.Manifest{
		Group: g, Title: "Garden club 2026",
		Ledger:      ballot.Ledger{Origin: "example.org/garden-club", Key: verifierKey},
		Authorities: ballot.Signers{Keys: []ed25519.PublicKey{authorityKey}, Quorum: 1},
		Registrars:  ballot.Signers{Keys: []ed25519.PublicKey{authorityKey}, Quorum: 1},
		Trustees:    trusteeKeys, Threshold: 2,
		Contests: []ballot.Contest{{ID: "chair", Name: "Chair", Kind: "choose", Min: 1, Max: 1, Blank: true,
			Options: []ballot.Option{{ID: "lee", Name: "Lee"}, {ID: "mia", Name: "Mia"}}}},
		Styles: []ballot.Style{{ID: "members", Name: "Members", Contests: []int{0}}},
		// So few only because this is an example.
		Limits: ballot.Limits{MinGroup: 3, MaxVoters: 3},
		Opens:  time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC), Closes: time.Date(2026, 5, 1, 18, 0, 0, 0, time.UTC),
		Rounding: time.Minute,
	}
	if change != nil {
		change(&description)
	}
	m := must(ballot.NewManifest(description))
	officials := []ed25519.PrivateKey{authority}
	check(ballot.Publish(ctx, ledger, m, officials))
	for phase := dkg.Committing; phase <= dkg.Complete; phase++ {
		var posted []dkg.Posted
		for en, err := range ledger.Entries(ctx, 0, must(ledger.Checkpoint(ctx)).Size) {
			posted = append(posted, dkg.Posted(must(en, err)))
		}
		for _, t := range trustees {
			message, _, err := t.Next(m.Ceremony(), posted)
			check(err)
			if message != nil {
				must(ledger.Append(ctx, message))
			}
		}
		if phase < dkg.Complete {
			check(ballot.EndRound(ctx, ledger, m, phase, officials))
		}
	}

	var voters []*ballot.Voter
	var lines []ballot.RollLine
	for range 3 {
		v := &ballot.Voter{Key: ballot.NewVoterKey(g)}
		voters, lines = append(voters, v), append(lines, ballot.RollLine{Key: v.Key.Public(), Weight: 1})
	}
	roll := must(ballot.NewRoll(m, lines))
	for _, v := range voters {
		v.Line = must(roll.Find(v.Key.Public()))
	}
	check(ballot.PublishRoll(ctx, ledger, m, roll, officials))
	fingerprint := must(ballot.Open(ctx, ledger, m, officials))
	return ledger, must(ballot.Load(ctx, ledger, fingerprint)), voters, trustees, officials
}

func newKey() (ed25519.PrivateKey, ed25519.PublicKey) {
	public, private, err := ed25519.GenerateKey(nil)
	check(err)
	return private, public
}

func Example() {
	ctx := context.Background()
	dir := must(os.MkdirTemp("", "example"))
	defer os.RemoveAll(dir)
	ledger, election, voters, trustees, officials := open(ctx, dir, nil)

	// The voters, and one who thinks twice.
	box := must(ballot.OpenBox(ctx, election, ledger))
	for i, choice := range []string{"lee", "mia", "lee", "lee"} {
		b, _, err := election.Encrypt(voters[i%3], ballot.Votes{"chair": {choice: 1}})
		check(err)
		must(box.Cast(ctx, b))
	}

	// The officials.
	check(ballot.Close(ctx, ledger, election.Fingerprint, officials))
	check(tally.Pin(ctx, election, ledger, officials))

	// Two of the three trustees. Ben is on holiday.
	check(tally.Decrypt(ctx, election, ledger, trustees[0]))
	check(tally.Decrypt(ctx, election, ledger, trustees[2]))

	// Anybody.
	result := must(tally.Combine(ctx, election, ledger))
	fmt.Println(result.Ballots, "of", result.Voters, "voted")
	for _, total := range result.Contests[0].Totals {
		fmt.Println(total.Label, total.Total)
	}

	// The officials again.
	check(tally.Publish(ctx, election, ledger, result, officials))

	// An auditor, who has nothing but the ledger and the fingerprint.
	report := must(tally.Audit(ctx, ledger, election.Fingerprint, nil))
	fmt.Println(report.Check("tally.sum").Status, report.Check("decrypt.quorum").Summary)
	fmt.Print(report.Text()[strings.Index(report.Text(), "VERIFIED"):])

	// Output:
	// 3 of 3 voted
	// Lee 2
	// Mia 1
	// blank 0
	// passed 2 of 3 trustees, 1 contest
	// VERIFIED: 26 checks passed.
}

// Rankings are mixed and decrypted one by one.
func ExampleMix() {
	ctx := context.Background()
	dir := must(os.MkdirTemp("", "example"))
	defer os.RemoveAll(dir)
	mixer1, key1 := newKey()
	mixer2, key2 := newKey()
	ledger, election, voters, trustees, officials := open(ctx, dir, func(m *ballot.Manifest) {
		m.Mixers = []ballot.Mixer{{Name: "Dan", Signing: key1}, {Name: "Eve", Signing: key2}}
		m.Mixes = 2
		m.Contests = []ballot.Contest{{ID: "chair", Name: "Chair", Kind: "mixed-ranking", Min: 1, CountBy: "instant-runoff", Plaintexts: ballot.PlaintextsPublic,
			Options: []ballot.Option{{ID: "lee", Name: "Lee"}, {ID: "mia", Name: "Mia"}, {ID: "sam", Name: "Sam"}}}}
	})

	box := must(ballot.OpenBox(ctx, election, ledger))
	for i, ranking := range []ballot.Vote{{"lee": 1, "mia": 2}, {"mia": 1}, {"sam": 1, "mia": 2, "lee": 3}} {
		b, _, err := election.Encrypt(voters[i], ballot.Votes{"chair": ranking})
		check(err)
		must(box.Cast(ctx, b))
	}
	check(ballot.Close(ctx, ledger, election.Fingerprint, officials))
	check(tally.Pin(ctx, election, ledger, officials))

	// The mixers, each at home. As long as one of them tells nobody the order,
	// nobody knows whose ranking is whose.
	check(tally.Mix(ctx, election, ledger, mixer2, nil))
	check(tally.Mix(ctx, election, ledger, mixer1, nil))

	for _, t := range trustees[:2] {
		check(tally.Decrypt(ctx, election, ledger, t))
	}
	result := must(tally.Combine(ctx, election, ledger))
	check(tally.Publish(ctx, election, ledger, result, officials))
	for vote, times := range result.Contests[0].Votes() {
		fmt.Println(times, vote)
	}
	for _, round := range result.Contests[0].Rounds.Rounds {
		fmt.Println(round.Action)
	}
	fmt.Println("elected:", result.Contests[0].Elected)

	report := must(tally.Audit(ctx, ledger, election.Fingerprint, nil))
	fmt.Println(report.Check("mix.quorum").Summary, report.Verified())

	// Output:
	// 1 map[lee:1 mia:2]
	// 1 map[mia:1]
	// 1 map[lee:3 mia:2 sam:1]
	// Nobody has a majority; Sam has fewest.
	// Mia has a majority.
	// elected: [mia]
	// 2 of 2 mixers, 1 contest true
}
