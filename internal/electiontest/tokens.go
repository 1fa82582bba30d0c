package electiontest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/internal/tokentest"
	"github.com/hanpyo/hanpyo/ledger"
)

// Registrar is one who issues tokens, with all secrets.
type Registrar struct {
	Signing ed25519.PrivateKey
	Keys    map[token.Class]*token.IssuerKey
	Log     ledger.Ledger // of issuances
	Desk    *token.Desk
	Seen    [][]byte // every blinded message at the desk, and every answer
}

// Class returns the class of a voter, counted from 0.
func (e *Election) Class(voter int) token.Class {
	return token.Class{
		Style:  e.Manifest.Styles[e.o.Styles[voter%len(e.o.Styles)]].ID,
		Weight: e.o.Weights[voter%len(e.o.Weights)],
	}
}

// Subject returns how registrars know a voter.
func (e *Election) Subject(voter int) [32]byte {
	id := e.Manifest.ID()
	return sha256.Sum256(fmt.Appendf(nil, "%x voter %d", id, voter))
}

// makeRegistrars opens the registrars' desks.
func (e *Election) makeRegistrars() {
	classes := make(map[[32]byte]token.Class)
	for i := range e.o.Voters {
		classes[e.Subject(i)] = e.Class(i)
	}
	next := e.o.FirstIssuer
	for _, signing := range e.Registrars {
		r := &Registrar{Signing: signing, Keys: make(map[token.Class]*token.IssuerKey)}
		for i := range e.o.Voters {
			if c := e.Class(i); r.Keys[c] == nil {
				r.Keys[c] = tokentest.Key(next)
				next++
			}
		}
		skey, _, err := note.GenerateKey(rand.Reader, "example.org/issuance")
		require.NoError(e.t, err)
		signer, err := note.NewSigner(skey)
		require.NoError(e.t, err)
		r.Log = ledger.NewMemory(signer)
		r.Desk, err = token.OpenDesk(e.t.Context(), r.Log, token.DeskConfig{
			Election: e.Manifest.ID(), Registrar: signing.Public().(ed25519.PublicKey), Keys: r.Keys,
			Eligible: func(_ context.Context, subject [32]byte) (token.Class, error) {
				class, ok := classes[subject]
				if !ok {
					return token.Class{}, token.ErrEligibility
				}
				return class, nil
			},
		})
		require.NoError(e.t, err)
		e.Issuers = append(e.Issuers, r)
	}
}

// PublicKeys returns a registrar's keys as they go on the ledger, by ascending
// class.
func (e *Election) PublicKeys(r *Registrar) (keys []*token.PublicKey) {
	for _, class := range slices.SortedFunc(maps.Keys(r.Keys), token.Class.Compare) {
		public, err := r.Keys[class].Public(token.Context{Election: e.Manifest.ID(), Registrar: r.Signing.Public().(ed25519.PublicKey), Class: class})
		require.NoError(e.t, err)
		keys = append(keys, public)
	}
	return keys
}

// PublishIssuers puts the registrars' keys on the ledger.
func (e *Election) PublishIssuers() {
	for _, r := range e.Issuers {
		require.NoError(e.t, ballot.PublishIssuer(e.t.Context(), e.Log, e.Manifest, e.PublicKeys(r), r.Signing))
	}
}

// Serve lets a voter get a token from every registrar.
func (e *Election) Serve(voter int) {
	v := e.Voters[voter]
	v.Permit = e.permit(v.Key, e.Class(voter), func(r *Registrar, class token.Class, blinded []byte) ([]byte, error) {
		blind, err := r.Desk.Issue(e.t.Context(), e.Subject(voter), class, blinded)
		r.Seen = append(r.Seen, blinded, blind)
		return blind, err
	})
}

// Stuff returns a permit that registrars who conspire make for anybody.
func (e *Election) Stuff(key *ballot.VoterKey, class token.Class) ballot.Permit {
	return e.permit(key, class, func(r *Registrar, class token.Class, blinded []byte) ([]byte, error) {
		return r.Keys[class].Sign(blinded)
	})
}

func (e *Election) permit(key *ballot.VoterKey, class token.Class, sign func(*Registrar, token.Class, []byte) ([]byte, error)) ballot.Permit {
	issuance, err := ballot.ReadIssuance(e.t.Context(), e.Log, e.Manifest)
	require.NoError(e.t, err)
	keys, err := issuance.Keys(class)
	require.NoError(e.t, err)
	p := ballot.Permit{Class: class}
	for i, r := range e.Issuers {
		request, err := token.NewRequest(keys[i], token.Message(e.Manifest.ID(), class, key.Public()))
		require.NoError(e.t, err)
		blind, err := sign(r, class, request.Blinded())
		require.NoError(e.t, err)
		signed, err := request.Finish(blind)
		require.NoError(e.t, err)
		p.Tokens = append(p.Tokens, signed)
	}
	return p
}

// CloseDesks ends issuance and returns what each registrar has to say.
func (e *Election) CloseDesks() (list []ballot.Issued) {
	eligible := make(map[token.Class]uint64)
	for i := range e.o.Voters {
		eligible[e.Class(i)]++
	}
	for _, r := range e.Issuers {
		issued, err := r.Desk.Close(e.t.Context())
		require.NoError(e.t, err)
		list = append(list, ballot.Issued{Issued: issued, Eligible: eligible})
	}
	return list
}

// Issue lets every voter get all tokens, from keys on the ledger to what the
// registrars say at the end.
func (e *Election) Issue() {
	e.PublishIssuers()
	for i := range e.Voters {
		e.Serve(i)
	}
	e.EndIssuance()
}

// EndIssuance closes the desks and puts on the ledger what they say.
func (e *Election) EndIssuance() {
	for i, issued := range e.CloseDesks() {
		require.NoError(e.t, ballot.PublishIssued(e.t.Context(), e.Log, e.Manifest, issued, e.Registrars[i]))
	}
}
