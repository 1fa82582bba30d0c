// Command trustee plays the key ceremony of an election with five trustees, of
// whom three can decrypt. Every trustee acts in processes of its own, one for
// each step, and keeps nothing between them but its encrypted file. A folder
// stands for the ledger. On the way one file is lost and restored from its
// backup, and at the end two are lost for good.
//
//	go run ./examples/trustee
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/zkp"
)

const (
	t      = 3
	secret = "the safe opens with 4 711 042" // elgamal.EmbedLen bytes
)

var (
	group     = elgamal.Ristretto255()
	everybody = []int{1, 2, 3, 4, 5}
)

func main() {
	log.SetFlags(0)
	if len(os.Args) == 5 && os.Args[1] == "trustee" {
		trustee(os.Args[2], must(strconv.Atoi(os.Args[3])), os.Args[4])
		return
	}
	dir := must(os.MkdirTemp("", "hanpyo-trustee-"))
	atExit = func() { os.RemoveAll(dir) }
	defer atExit()
	play(dir)
}

// play is what everybody but the trustees does.
func play(dir string) {
	public, authority, err := ed25519.GenerateKey(nil)
	check(err)
	check(os.Mkdir(filepath.Join(dir, "ledger"), 0o700))
	check(os.WriteFile(filepath.Join(dir, "authority"), public, 0o600))
	run(dir, "create", everybody...)
	for _, j := range everybody {
		check(os.WriteFile(file(dir, j)+".backup", must(os.ReadFile(file(dir, j))), 0o600))
	}
	fmt.Printf("%d trustees have made key files and backups; %d of them will be able to decrypt.\n", len(everybody), t)

	c := ceremony(dir)
	for phase := dkg.Committing; phase < dkg.Complete; phase++ {
		if phase == dkg.Dealing {
			check(os.Rename(file(dir, 2)+".backup", file(dir, 2)))
			fmt.Println("Trustee 2 loses its file and restores the backup; all it needs follows from that.")
		}
		run(dir, "next", everybody...)
		post(dir, dkg.NewRound(c, phase, time.Now().Unix(), authority))
		fmt.Printf("The authority ends phase %s; the ledger has %d entries.\n", phase, len(posted(dir)))
	}
	transcript := must(c.Replay(posted(dir)))
	check(transcript.Failure)
	outcome := transcript.Outcome
	fmt.Printf("Done: %d dealers, %d holders of shares, %d culprits.\n", len(outcome.Dealers), len(outcome.Holders), len(outcome.Culprits))
	run(dir, "next", everybody...)

	key := must(elgamal.NewPublicKey(group, outcome.Keys))
	ciphertext := key.Encrypt([]kyber.Point{must(elgamal.Embed(group, []byte(secret)))}, group.RandomScalar())
	check(os.WriteFile(filepath.Join(dir, "ciphertext"), group.AppendCiphertext(nil, ciphertext), 0o600))
	fmt.Printf("Somebody encrypts %q to the key.\n", secret)

	for _, j := range []int{3, 5} {
		check(errors.Join(os.Remove(file(dir, j)), os.Remove(file(dir, j)+".backup")))
	}
	fmt.Println("Trustees 3 and 5 lose their files and backups for good.")
	helpers := []int{1, 2, 4}
	run(dir, "decrypt", helpers...)
	if text := combine(dir, outcome, ciphertext, helpers); text != secret {
		check(fmt.Errorf("%q is not what was encrypted", text))
	}
	fmt.Printf("Trustees %v decrypt it: %q. With one more lost, nobody could have.\n", helpers, secret)
}

// trustee is one step of one trustee.
func trustee(dir string, j int, step string) {
	passphrase := fmt.Appendf(nil, "passphrase of trustee %d", j) // a person would type it
	if step == "create" {
		keys := must(dkg.CreateTrustee(file(dir, j), passphrase, group)).Keys("")
		check(os.WriteFile(file(dir, j)+".pub", group.AppendPoint(keys.Signing, keys.Encryption), 0o600))
		return
	}
	me, c := must(dkg.OpenTrustee(file(dir, j), passphrase)), ceremony(dir)
	switch step {
	case "next":
		message, done, err := me.Next(c, posted(dir))
		check(err)
		if message != nil {
			post(dir, message)
			fmt.Printf("  Trustee %d posts %d bytes.\n", j, len(message))
		}
		if done {
			fmt.Printf("  Trustee %d has its share and erased its encryption key.\n", j)
		}
	case "decrypt":
		outcome := must(c.Replay(posted(dir))).Outcome
		data := must(os.ReadFile(filepath.Join(dir, "ciphertext")))
		row := must(group.DecodeCiphertext(data, c.Columns))
		check(me.Pin("ciphertext", data)) // it decrypts this one and no other
		share := must(me.Shares(c, outcome))[0]
		partial := group.Kyber().Point().Mul(share, row.A)
		proof := must(statement(outcome, j, row, partial).Prove(group, context(c, j), share))
		check(os.WriteFile(file(dir, j)+".partial", append(group.AppendPoint(nil, partial), proof...), 0o600))
	}
}

// combine checks the partial decryptions of t trustees and puts them together.
func combine(dir string, o *dkg.Outcome, row elgamal.Ciphertext, helpers []int) string {
	weights, message := must(elgamal.LagrangeAtZero(group, helpers)), row.B[0]
	for i, j := range helpers {
		data := must(os.ReadFile(file(dir, j) + ".partial"))
		partial := must(group.DecodePoint(data[:group.PointLen()]))
		check(statement(o, j, row, partial).Verify(group, context(ceremony(dir), j), data[group.PointLen():]))
		message = group.Point().Sub(message, group.Kyber().Point().Mul(weights[i], partial))
	}
	return string(must(elgamal.Extract(group, message)))
}

// statement says that trustee j decrypted with the share that the ceremony gave it.
func statement(o *dkg.Outcome, j int, row elgamal.Ciphertext, partial kyber.Point) zkp.DLEQ {
	return zkp.DLEQ{Base: group.Base(), Image: o.Verification[j-1][0], Base2: row.A, Image2: partial}
}

func context(c *dkg.Ceremony, j int) zkp.Context {
	return zkp.Context{Kind: "example decryption", Election: c.ID, Position: []byte{byte(j)}}
}

// ceremony puts the public keys of all together. An election has them in its
// manifest, whose hash is the ceremony's id.
func ceremony(dir string) *dkg.Ceremony {
	c := &dkg.Ceremony{Group: group, Columns: 1, Threshold: t, Quorum: 1}
	c.Authorities = []ed25519.PublicKey{must(os.ReadFile(filepath.Join(dir, "authority")))}
	all := []byte(c.Authorities[0])
	for _, j := range everybody {
		b := must(os.ReadFile(file(dir, j) + ".pub"))
		signing, encryption := b[:ed25519.PublicKeySize], must(group.DecodePoint(b[ed25519.PublicKeySize:]))
		c.Trustees = append(c.Trustees, dkg.TrusteeKeys{Name: strconv.Itoa(j), Signing: signing, Encryption: encryption})
		all = append(all, b...)
	}
	c.ID = sha256.Sum256(all)
	return c
}

// post appends an entry to the ledger.
func post(dir string, data []byte) {
	check(os.WriteFile(filepath.Join(dir, "ledger", fmt.Sprintf("%06d", len(posted(dir)))), data, 0o400))
}

func posted(dir string) (list []dkg.Posted) {
	for i, name := range must(filepath.Glob(filepath.Join(dir, "ledger", "*"))) { // sorted
		list = append(list, dkg.Posted{Index: uint64(i), Data: must(os.ReadFile(name))})
	}
	return list
}

// run starts a process for one step of each of the trustees.
func run(dir, step string, trustees ...int) {
	for _, j := range trustees {
		cmd := exec.Command(must(os.Executable()), "trustee", dir, strconv.Itoa(j), step)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		check(cmd.Run())
	}
}

func file(dir string, j int) string { return filepath.Join(dir, "trustee-"+strconv.Itoa(j)) }

func must[T any](v T, err error) T {
	check(err)
	return v
}

var atExit = func() {}

func check(err error) {
	if err != nil {
		atExit()
		log.Fatal(err)
	}
}
