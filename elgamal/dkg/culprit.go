package dkg

import (
	"fmt"
	"slices"

	"github.com/hanpyo/hanpyo/internal/entry"
)

// Culprit is a trustee who provably did not follow the protocol, and who
// therefore is neither dealer nor holder. Nobody is one for being silent, and
// no honest trustee can be made one, not even by all others together.
type Culprit struct {
	Trustee  int
	Phase    Phase
	Reason   error
	Entries  []uint64 // the entries that show it; the last one is the culprit's own
	Evidence []Posted // these and everything they refer to, for CheckCulprit
}

// blame puts a trustee out. Who is out already stays so for the first reason.
func (tr *Transcript) blame(trustee int, phase Phase, why error, shown ...*message) {
	if tr.out(trustee) {
		return
	}
	k := Culprit{Trustee: trustee, Phase: phase, Reason: fmt.Errorf("dkg: %s: %w", tr.c.name(trustee), why)}
	for _, m := range shown {
		k.Entries = append(k.Entries, m.Index)
	}
	for p := Committing; p <= phase; p++ {
		for _, m := range tr.messages[p] {
			if m != nil {
				k.Evidence = append(k.Evidence, m.Posted)
			}
		}
		k.Evidence = append(k.Evidence, tr.rounds[p-Committing])
	}
	tr.Culprits = append(tr.Culprits, k)
}

func (tr *Transcript) out(trustee int) bool {
	return slices.ContainsFunc(tr.Culprits, func(k Culprit) bool { return k.Trustee == trustee })
}

// CheckCulprit checks the evidence against a trustee from nothing but the
// ceremony's description: every message in it is signed. Somebody who was given
// a culprit need not have the ledger.
func (c *Ceremony) CheckCulprit(k Culprit) error {
	tr, err := c.Replay(k.Evidence)
	if err != nil {
		return err
	}
	for _, shown := range tr.Culprits {
		if shown.Trustee == k.Trustee && shown.Phase == k.Phase && slices.Equal(shown.Entries, k.Entries) {
			return nil
		}
	}
	return fmt.Errorf("dkg: the evidence does not show that trustee %d is at fault in %s: %w", k.Trustee, k.Phase, ErrIncomplete)
}

// Fork is equivocation, with the signed messages as evidence: either one
// trustee signed two messages for one phase, or a trustee signed a transcript
// that is not this ledger's, so that it saw another one or lies. It alone
// excludes nobody: whoever finds a fork has to find out who is behind it.
//
// A Fork is an error that wraps ErrFork.
type Fork struct {
	Phase    Phase
	Trustees []int    // who signed the messages
	Messages []Posted // the two that disagree; one only if nobody signed this ledger's transcript
}

func (f *Fork) Error() string {
	if f.SameTrustee() {
		return fmt.Sprintf("trustee %d signed two different %s messages, entries %d and %d: %s",
			f.Trustees[0], f.Phase, f.Messages[0].Index, f.Messages[1].Index, ErrFork)
	}
	return fmt.Sprintf("trustee %d signed another transcript in entry %d: %s", f.Trustees[0], f.Messages[0].Index, ErrFork)
}

// SameTrustee tells whether one trustee signed both messages. Then the first of
// them counted, and nothing suggests that anybody saw another ledger.
func (f *Fork) SameTrustee() bool { return len(f.Trustees) == 2 && f.Trustees[0] == f.Trustees[1] }

// Unwrap returns ErrFork.
func (f *Fork) Unwrap() error { return ErrFork }

// fork records that a trustee signed another transcript than this one, beside
// the first message of the phase that signed this one.
func (tr *Transcript) fork(phase Phase, trustee int, m *message) {
	f := &Fork{Phase: phase, Trustees: []int{trustee}, Messages: []Posted{m.Posted}}
	for i, other := range tr.messages[phase] {
		if other != nil && signedTranscript(other) == tr.signed[phase] {
			f.Trustees, f.Messages = append(f.Trustees, i+1), append(f.Messages, other.Posted)
			break
		}
	}
	tr.Forks = append(tr.Forks, f)
	tr.Ignored = append(tr.Ignored, Ignored{m.Index, trustee, fmt.Errorf("dkg: entry %d: %w", m.Index, f)})
}

// signedTranscript returns the transcript hash with which confirm and certify
// bodies begin.
func signedTranscript(m *message) (h entry.Hash) {
	copy(h[:], m.body)
	return h
}
