package play

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
	"github.com/hanpyo/hanpyo/ledger"
)

// Officials are those who run the election, each with secrets of their own.
// In a real election no two of them sit at one computer.
type Officials struct {
	Registrars []ed25519.PrivateKey // sign the roll, or issue the tokens
	Mixers     []ed25519.PrivateKey // shuffle the votes of mixed contests, if there are such

	operator    note.Signer          // of the ledger, signs its checkpoints
	operatorKey string               // to check them with
	authorities []ed25519.PrivateKey // sign manifest, rounds, open, close, pin, result
	trustees    []trustee
}

// trustee is where a trustee keeps its secrets, the passphrase in its head, and
// what everybody knows of it.
type trustee struct {
	file       string
	passphrase []byte
	keys       dkg.TrusteeKeys
}

// Quorum returns as many authorities as the manifest wants signatures: two of
// three.
func (o *Officials) Quorum() []ed25519.PrivateKey { return o.authorities[:2] }

// OpenTrustees opens the trustees' files, where all that they know rests.
func (o *Officials) OpenTrustees() ([]*dkg.Trustee, error) {
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
func appoint(options *Options, dir string) (*Officials, error) {
	o := new(Officials)
	secret, public, err := note.GenerateKey(rand.Reader, "example.org/election")
	if err != nil {
		return nil, err
	}
	if o.operator, err = note.NewSigner(secret); err != nil {
		return nil, err
	}
	o.operatorKey = public
	if o.authorities, err = signers(3); err != nil {
		return nil, err
	}
	if o.Registrars, err = signers(1); err != nil {
		return nil, err
	}
	if o.Mixers, err = signers(options.Mixers); err != nil {
		return nil, err
	}
	for i := range options.Trustees {
		t := trustee{file: filepath.Join(dir, fmt.Sprintf("trustee-%d", i+1)), passphrase: []byte(rand.Text())}
		created, err := dkg.CreateTrustee(t.file, t.passphrase, elgamal.Ristretto255())
		if err != nil {
			return nil, err
		}
		t.keys = created.Keys(fmt.Sprintf("Trustee %d", i+1))
		o.trustees = append(o.trustees, t)
	}
	return o, nil
}

// signers makes n keys to sign with.
func signers(n int) ([]ed25519.PrivateKey, error) {
	var all []ed25519.PrivateKey
	for range n {
		_, key, err := ed25519.GenerateKey(nil)
		if err != nil {
			return nil, err
		}
		all = append(all, key)
	}
	return all, nil
}

// describe writes the manifest: one style of ballot, for everyone.
func (o *Officials) describe(p *Poll, options *Options, opens time.Time) (*ballot.Manifest, error) {
	threshold, eligibility := options.Threshold, ballot.EligibilityRoll
	if options.Tokens {
		eligibility = ballot.EligibilityTokens
	}
	everything := ballot.Style{ID: "everyone", Name: "Everyone"}
	for i := range p.Contests {
		everything.Contests = append(everything.Contests, i)
	}
	var trustees []dkg.TrusteeKeys
	for _, t := range o.trustees {
		trustees = append(trustees, t.keys)
	}
	var mixers []ballot.Mixer
	for i, key := range public(o.Mixers) {
		mixers = append(mixers, ballot.Mixer{Name: fmt.Sprintf("Mixer %d", i+1), Signing: key})
	}
	return ballot.NewManifest(ballot.Manifest{
		Group:       elgamal.Ristretto255(),
		Title:       p.Title,
		Ledger:      ballot.Ledger{Origin: o.operator.Name(), Key: o.operatorKey},
		Authorities: ballot.Signers{Keys: public(o.authorities), Quorum: len(o.Quorum())},
		Registrars:  ballot.Signers{Keys: public(o.Registrars), Quorum: 1},
		Eligibility: eligibility,
		Trustees:    trustees,
		Threshold:   threshold,
		Mixers:      mixers,
		Mixes:       len(mixers),
		// Whoever asked for such numbers on the command line means them.
		MinorityThreshold:  2*threshold <= len(trustees),
		EveryTrusteeNeeded: threshold == len(trustees) && threshold > 1,
		SingleMixer:        len(mixers) == 1,
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

// MakeKey has the trustees make the election's key so that nobody ever has it:
// in each phase they read what is posted and answer.
func (o *Officials) MakeKey(ctx context.Context, log ledger.Ledger, m *ballot.Manifest) error {
	trustees, err := o.OpenTrustees()
	if err != nil {
		return err
	}
	for phase := dkg.Committing; ; phase++ {
		for _, t := range trustees {
			if err := answer(ctx, log, m, t); err != nil {
				return err
			}
		}
		if phase == dkg.Complete {
			return nil
		}
		if err := ballot.EndRound(ctx, log, m, phase, o.Quorum()); err != nil {
			return err
		}
	}
}

// answer lets a trustee read what is posted and posts what it says to that.
func answer(ctx context.Context, log ledger.Ledger, m *ballot.Manifest, t *dkg.Trustee) error {
	cp, err := log.Checkpoint(ctx)
	if err != nil {
		return err
	}
	var posted []dkg.Posted
	for entry, err := range log.Entries(ctx, 0, cp.Size) {
		if err != nil {
			return err
		}
		posted = append(posted, dkg.Posted{Index: entry.Index, Data: entry.Data})
	}
	message, _, err := t.Next(m.Ceremony(), posted)
	if err == nil && message != nil {
		_, err = log.Append(ctx, message)
	}
	return err
}
