package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"go.dedis.ch/kyber/v3"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/mixnet"
)

// The contests: one that is added up, one that is mixed.
const (
	mayor = iota
	motto
)

var votes = []ballot.Votes{
	{"mayor": {"ada": 1}, "motto": {"peace": 1}},
	{"mayor": {"ada": 1}, "motto": {"bread": 1}},
	{"mayor": {"bo": 1}, "motto": {"peace": 1}},
}

const origin = "example.org/byzantine"

// manifest makes the ledger, the mixers and the description of the election.
func (h *hall) manifest() (*ballot.Manifest, error) {
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return nil, err
	}
	h.log = ledger.NewMemory(signer)
	var authorities []ed25519.PublicKey
	for _, key := range h.authorities {
		authorities = append(authorities, key.Public().(ed25519.PublicKey))
	}
	var mixers []ballot.Mixer
	for i := range h.n {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		h.mixers = append(h.mixers, key)
		mixers = append(mixers, ballot.Mixer{Name: fmt.Sprintf("M%d", i+1), Signing: key.Public().(ed25519.PublicKey)})
	}
	now := time.Now().Truncate(time.Second)
	return ballot.NewManifest(ballot.Manifest{
		Group: h.group, Title: "Byzantine", Ledger: ballot.Ledger{Origin: origin, Key: vkey},
		Authorities: ballot.Signers{Keys: authorities, Quorum: 2}, Registrars: ballot.Signers{Keys: authorities[:1], Quorum: 1},
		Trustees: h.trusteeKeys(), Threshold: h.t, MinorityThreshold: 2*h.t <= h.n, EveryTrusteeNeeded: h.t == h.n && h.n > 1,
		Mixers: mixers, Mixes: h.t, SingleMixer: h.t == 1,
		Contests: []ballot.Contest{
			{ID: "mayor", Name: "Mayor", Kind: "choose", Min: 1, Max: 1, Options: []ballot.Option{{ID: "ada", Name: "Ada"}, {ID: "bo", Name: "Bo"}}},
			{ID: "motto", Name: "Motto", Kind: "write-in", Max: 20, Plaintexts: ballot.PlaintextsPublic},
		},
		Styles: []ballot.Style{{ID: "all", Name: "All", Contests: []int{mayor, motto}}},
		Limits: ballot.Limits{MinGroup: 1, MaxVoters: uint64(len(votes))},
		Opens:  now.Add(-time.Second), Closes: now, Rounding: time.Minute,
	})
}

// vote opens the election, lets everybody vote, and closes it.
func (h *hall) vote(ctx context.Context, m *ballot.Manifest) error {
	var voters []*ballot.Voter
	var lines []ballot.RollLine
	for range votes {
		v := &ballot.Voter{Key: ballot.NewVoterKey(h.group)}
		voters, lines = append(voters, v), append(lines, ballot.RollLine{Key: v.Key.Public(), Weight: 1})
	}
	roll, err := ballot.NewRoll(m, lines)
	if err != nil {
		return err
	}
	if err := ballot.PublishRoll(ctx, h.log, m, roll, h.authorities[:1]); err != nil {
		return err
	}
	fp, err := ballot.Open(ctx, h.log, m, h.authorities)
	if err != nil {
		return err
	}
	if h.e, err = ballot.Load(ctx, h.log, fp); err != nil {
		return err
	}
	h.expect(h.e.Outcome.Hash() == h.outcome.Hash(), "the election has another outcome than the trustees")
	box, err := ballot.OpenBox(ctx, h.e, h.log)
	if err != nil {
		return err
	}
	for i, v := range voters {
		if v.Line, err = roll.Find(v.Key.Public()); err != nil {
			return err
		}
		b, _, err := h.e.Encrypt(v, votes[i])
		if err != nil {
			return err
		}
		if _, err := box.Cast(ctx, b); err != nil {
			return err
		}
		h.ballots = append(h.ballots, b.Row())
	}
	if err := ballot.Close(ctx, h.log, fp, h.authorities); err != nil {
		return err
	}
	return h.firstList(ctx)
}

// firstList takes what is to be mixed from the ballots, and the right pin from
// the ledger.
func (h *hall) firstList(ctx context.Context) error {
	first, width := h.e.Manifest.Contests[motto].Columns()
	var rows []elgamal.Ciphertext
	for _, row := range h.ballots {
		rows = append(rows, elgamal.Ciphertext{A: row.A, B: row.B[first : first+width]})
	}
	var err error
	if h.list, err = mixnet.NewList(ctx, h.group, width, rows, nil); err != nil {
		return err
	}
	if h.key, err = elgamal.NewPublicKey(h.group, h.outcome.Keys[first:first+width]); err != nil {
		return err
	}
	cp, err := h.log.Checkpoint(ctx)
	if err != nil {
		return err
	}
	var w wire.Writer
	w.Uint64(cp.Size - 1)
	w.Uint64(cp.Size)
	w.Raw(cp.Root[:])
	h.pinBody = w.Bytes()
	return nil
}

// target is what a share of a contest is for.
func (h *hall) target(contest int) [32]byte {
	var w wire.Writer
	w.String("hanpyo/v1 target")
	w.Raw(h.e.Fingerprint[:])
	w.Raw(h.pinBody)
	w.Uint32(uint32(contest))
	if contest == motto {
		digest := h.list.Digest()
		w.Raw(digest[:])
	}
	return sha256.Sum256(w.Bytes())
}

// sum returns the encrypted sum of contest mayor.
func (h *hall) sum() elgamal.Ciphertext {
	first, width := h.e.Manifest.Contests[mayor].Columns()
	sum := elgamal.Ciphertext{A: h.group.Point(), B: slices.Repeat([]kyber.Point{h.group.Point()}, width)}
	for _, row := range h.ballots {
		sum = sum.Add(elgamal.Ciphertext{A: row.A, B: row.B[first : first+width]})
	}
	return sum
}
