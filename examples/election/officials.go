package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
)

// officials are those who run the election, each with secrets of their own.
// In a real election no two of them sit at one computer.
type officials struct {
	operator    note.Signer          // of the ledger, signs its checkpoints
	operatorKey string               // to check them with
	authorities []ed25519.PrivateKey // sign manifest, rounds, open, close, pin, result
	registrars  []ed25519.PrivateKey // sign the roll
	trustees    []trustee
}

// trustee is where a trustee keeps its secrets, and the passphrase in its head.
type trustee struct {
	file       string
	passphrase []byte
}

// quorum returns as many authorities as the manifest wants signatures: two of
// three.
func (o *officials) quorum() []ed25519.PrivateKey { return o.authorities[:2] }

// openTrustees opens the trustees' files, where all that they know rests.
func (o *officials) openTrustees() ([]*dkg.Trustee, error) {
	var trustees []*dkg.Trustee
	for _, t := range o.trustees {
		opened, err := dkg.OpenTrustee(t.file, t.passphrase)
		if err != nil {
			return nil, err
		}
		trustees = append(trustees, opened)
	}
	return trustees, nil
}

// appoint makes all the keys. The trustees' files go to a directory.
func appoint(trustees int, dir string) (*officials, []dkg.TrusteeKeys, error) {
	o := new(officials)
	secret, public, err := note.GenerateKey(rand.Reader, "example.org/election")
	if err != nil {
		return nil, nil, err
	}
	if o.operator, err = note.NewSigner(secret); err != nil {
		return nil, nil, err
	}
	o.operatorKey = public
	for range 3 {
		_, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			return nil, nil, err
		}
		o.authorities = append(o.authorities, key)
	}
	_, registrar, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, nil, err
	}
	o.registrars = append(o.registrars, registrar)
	var keys []dkg.TrusteeKeys
	for i := range trustees {
		file := trustee{filepath.Join(dir, fmt.Sprintf("trustee-%d", i+1)), []byte(rand.Text())}
		t, err := dkg.CreateTrustee(file.file, file.passphrase, elgamal.Ristretto255())
		if err != nil {
			return nil, nil, err
		}
		o.trustees = append(o.trustees, file)
		keys = append(keys, t.Keys(fmt.Sprintf("Trustee %d", i+1)))
	}
	return o, keys, nil
}

// describe writes the manifest: one style of ballot, for everyone.
func (o *officials) describe(p *poll, trustees []dkg.TrusteeKeys, threshold int, opens time.Time) (*ballot.Manifest, error) {
	everything := ballot.Style{ID: "everyone", Name: "Everyone"}
	for i := range p.Contests {
		everything.Contests = append(everything.Contests, i)
	}
	return ballot.NewManifest(ballot.Manifest{
		Group:       elgamal.Ristretto255(),
		Title:       p.Title,
		Ledger:      ballot.Ledger{Origin: o.operator.Name(), Key: o.operatorKey},
		Authorities: ballot.Signers{Keys: public(o.authorities), Quorum: len(o.quorum())},
		Registrars:  ballot.Signers{Keys: public(o.registrars), Quorum: 1},
		Trustees:    trustees,
		Threshold:   threshold,
		// Whoever asked for such a threshold on the command line means it.
		MinorityThreshold:  2*threshold <= len(trustees),
		EveryTrusteeNeeded: threshold == len(trustees) && threshold > 1,
		Contests:           p.Contests,
		Styles:             []ballot.Style{everything},
		Limits:             ballot.Limits{MaxVoters: uint64(len(p.Cast))},
		Opens:              opens,
		Closes:             opens.Add(time.Second),
		Rounding:           time.Minute,
	})
}

func public(keys []ed25519.PrivateKey) []ed25519.PublicKey {
	var all []ed25519.PublicKey
	for _, key := range keys {
		all = append(all, key.Public().(ed25519.PublicKey))
	}
	return all
}

// answer lets a trustee read what is posted and posts what it says to that.
func (e *election) answer(ctx context.Context, t *dkg.Trustee) error {
	cp, err := e.log.Checkpoint(ctx)
	if err != nil {
		return err
	}
	var posted []dkg.Posted
	for entry, err := range e.log.Entries(ctx, 0, cp.Size) {
		if err != nil {
			return err
		}
		posted = append(posted, dkg.Posted{Index: entry.Index, Data: entry.Data})
	}
	message, _, err := t.Next(e.manifest.Ceremony(), posted)
	if err == nil && message != nil {
		_, err = e.log.Append(ctx, message)
	}
	return err
}
