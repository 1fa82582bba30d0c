package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/ballot/identity"
	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/ledger"
)

// registrar knows who is who, and lets everybody in once. Module
// ballot/identity/sdjwt plays the same with a digital identity.
type registrar struct {
	signing  ed25519.PrivateKey // the manifest names it
	citizens *identity.Pseudonyms
	desk     *token.Desk
}

// class is who votes alike; here all do.
var class = token.Class{Style: "everyone", Weight: 1}

// issue has the registrar let everybody in, before the election opens.
func (s *story) issue(ctx context.Context) error {
	r, err := s.openDesk(ctx)
	if err != nil {
		return err
	}
	if s.haneul, err = s.letIn(ctx, r, "Haneul"); err != nil {
		return err
	}
	_, err = s.letIn(ctx, r, "Haneul")
	if !errors.Is(err, token.ErrDuplicate) {
		return fmt.Errorf("the registrar has let Haneul in twice: %v", err)
	}
	s.say("Haneul gets a token, and no second one\n  the registrar   %v", err)
	for i := range others {
		v, err := s.letIn(ctx, r, fmt.Sprint("citizen ", i))
		if err != nil {
			return err
		}
		s.others = append(s.others, v)
	}
	issued, err := r.desk.Close(ctx)
	if err != nil {
		return err
	}
	eligible := map[token.Class]uint64{class: 1 + others}
	return ballot.PublishIssued(ctx, s.Log, s.Manifest, ballot.Issued{Issued: issued, Eligible: eligible}, r.signing)
}

// openDesk puts the registrar's issuer key on the ledger, the same one for
// everybody, and opens its desk with a log of its own.
func (s *story) openDesk(ctx context.Context) (*registrar, error) {
	r := &registrar{signing: s.Staff.Registrars[0]}
	public := r.signing.Public().(ed25519.PublicKey)
	key := token.NewIssuerKey()
	issuer, err := key.Public(token.Context{Election: s.Manifest.ID(), Registrar: public, Class: class})
	if err != nil {
		return nil, err
	}
	if err := ballot.PublishIssuer(ctx, s.Log, s.Manifest, []*token.PublicKey{issuer}, r.signing); err != nil {
		return nil, err
	}
	secret := make([]byte, 32)
	rand.Read(secret)
	if r.citizens, err = identity.NewPseudonyms(secret, s.Manifest.Title); err != nil {
		return nil, err
	}
	eligible := make(map[[32]byte]bool)
	names := []string{"Haneul"}
	for i := range others {
		names = append(names, fmt.Sprint("citizen ", i))
	}
	for _, name := range names {
		subject, err := r.subject(name)
		if err != nil {
			return nil, err
		}
		eligible[subject] = true
	}
	logKey, _, err := note.GenerateKey(rand.Reader, "example.org/issuance")
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(logKey)
	if err != nil {
		return nil, err
	}
	r.desk, err = token.OpenDesk(ctx, ledger.NewMemory(signer), token.DeskConfig{
		Election: s.Manifest.ID(), Registrar: public, Keys: map[token.Class]*token.IssuerKey{class: key},
		Eligible: func(_ context.Context, subject [32]byte) (token.Class, error) {
			if !eligible[subject] {
				return token.Class{}, token.ErrEligibility
			}
			return class, nil
		},
	})
	return r, err
}

// subject is how the registrar's issuance log names a citizen.
func (r *registrar) subject(name string) ([32]byte, error) {
	s, err := r.citizens.Subject("town hall", identity.Claim{Name: "name", Value: name})
	return [32]byte(s.Bytes()), err
}

// letIn is what happens between a voter's device and the registrar's desk. The
// device makes the voter's key and has it signed blindly.
func (s *story) letIn(ctx context.Context, r *registrar, name string) (*ballot.Voter, error) {
	v := &ballot.Voter{Key: ballot.NewVoterKey(s.Manifest.Group)}
	issuance, err := ballot.ReadIssuance(ctx, s.Log, s.Manifest)
	if err != nil {
		return nil, err
	}
	keys, err := issuance.Keys(class)
	if err != nil {
		return nil, err
	}
	request, err := token.NewRequest(keys[0], token.Message(s.Manifest.ID(), class, v.Key.Public()))
	if err != nil {
		return nil, err
	}
	who, err := r.subject(name) // whose identity card the registrar has seen
	if err != nil {
		return nil, err
	}
	answer, err := r.desk.Issue(ctx, who, class, request.Blinded())
	if err != nil {
		return nil, err
	}
	signed, err := request.Finish(answer)
	v.Permit = ballot.Permit{Class: class, Tokens: [][]byte{signed}}
	return v, err
}
