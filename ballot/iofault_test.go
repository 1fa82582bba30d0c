package ballot_test

import (
	"crypto/ed25519"
	"errors"
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
)

var errFault = errors.New("the disk is gone")

// faulty is a ledger of which one operation fails.
type faulty struct {
	ledger.Ledger
	left int  // operations before that
	hit  bool // it came to it
}

func (l *faulty) fails() bool {
	l.left--
	l.hit = l.hit || l.left < 0
	return l.left == -1
}

func (l *faulty) Append(ctx ctx, data []byte) (uint64, error) {
	if l.fails() {
		return 0, errFault
	}
	return l.Ledger.Append(ctx, data)
}

func (l *faulty) Checkpoint(ctx ctx) (ledger.Checkpoint, error) {
	if l.fails() {
		return ledger.Checkpoint{}, errFault
	}
	return l.Ledger.Checkpoint(ctx)
}

func (l *faulty) Await(ctx ctx, size uint64) (ledger.Checkpoint, error) {
	if l.fails() {
		return ledger.Checkpoint{}, errFault
	}
	return l.Ledger.Await(ctx, size)
}

// Entries fails at the first of the entries: who reads need not come to others.
func (l *faulty) Entries(ctx ctx, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	fails := lo < hi && l.fails()
	return func(yield func(ledger.Entry, error) bool) {
		for en, err := range l.Ledger.Entries(ctx, lo, hi) {
			if fails {
				yield(ledger.Entry{}, errFault)
				return
			}
			if !yield(en, err) {
				return
			}
		}
	}
}

func (l *faulty) Inclusion(ctx ctx, index, size uint64) (tlog.RecordProof, error) {
	if l.fails() {
		return nil, errFault
	}
	return l.Ledger.Inclusion(ctx, index, size)
}

func (l *faulty) Consistency(ctx ctx, old, size uint64) (tlog.TreeProof, error) {
	if l.fails() {
		return nil, errFault
	}
	return l.Ledger.Consistency(ctx, old, size)
}

// TestLedgerFails lets each operation of the ledger fail in turn: whoever was
// acting gets that error.
func TestLedgerFails(t *testing.T) {
	ctx, e := t.Context(), electiontest.New(t, twoStyles(nil))
	w := open(t, e)
	m, signers := e.Manifest, e.Signers()
	var all [][]byte // up to the open
	rounds := 0
	before := make(map[entry.Kind]int) // where the first of a kind stands
	for i, en := range e.Entries() {
		all = append(all, en.Data)
		kind := entry.Kind(en.Data[1])
		if _, seen := before[kind]; !seen {
			before[kind] = i
		}
		if kind == entry.Round {
			rounds++
		}
	}
	require.Positive(t, rounds)
	cast, spoil := w.vote(0, nil).Bytes(), w.spoil(1, ballot.Tracker{1})
	voted := slices.Concat(all, [][]byte{cast, spoil})
	at := uint64(len(all))
	size := uint64(len(voted))

	// The key is handed over after the open.
	h := newHandover(t, e)
	rotated := h.entry(h.rotation, signers...).Bytes()

	for name, test := range map[string]struct {
		log  func() ledger.Ledger
		run  func(log ballot.Log) error
		most int // operations, at least
	}{
		"publish": {func() ledger.Ledger { return e.Fork() }, func(log ballot.Log) error { return ballot.Publish(ctx, log, m, signers) }, 3},
		"end a round": {func() ledger.Ledger { return e.Fork(all[:before[entry.Round]]...) },
			func(log ballot.Log) error { return ballot.EndRound(ctx, log, m, dkg.Committing, signers) }, 4},
		"roll": {func() ledger.Ledger { return e.Fork(all[:before[entry.Roll]]...) },
			func(log ballot.Log) error { return ballot.PublishRoll(ctx, log, m, e.Roll, e.Registrars) }, 4},
		"open": {func() ledger.Ledger { return e.Fork(all[:at-1]...) },
			func(log ballot.Log) error { _, err := ballot.Open(ctx, log, m, signers); return err }, 6},
		"close":     {func() ledger.Ledger { return e.Fork(voted...) }, func(log ballot.Log) error { return ballot.Close(ctx, log, e.Fingerprint, signers) }, 8},
		"load":      {func() ledger.Ledger { return e.Fork(voted...) }, func(log ballot.Log) error { _, err := ballot.Load(ctx, log, e.Fingerprint); return err }, 4},
		"replay":    {func() ledger.Ledger { return e.Fork(voted...) }, func(log ballot.Log) error { _, err := ballot.Replay(ctx, w.e, log, size, nil); return err }, 2},
		"find line": {func() ledger.Ledger { return e.Fork(voted...) }, func(log ballot.Log) error { _, err := w.FindLine(ctx, log, e.Voters[0].Key.Public()); return err }, 2},
		"open box":  {func() ledger.Ledger { return e.Fork(voted...) }, func(log ballot.Log) error { _, err := ballot.OpenBox(ctx, w.e, log); return err }, 2},
		"rotate":    {func() ledger.Ledger { return h.moved(t) }, func(log ballot.Log) error { return ballot.Rotate(ctx, log, m, h.rotation, signers) }, 4},
		"read behind a rotation": {func() ledger.Ledger { return h.moved(t, rotated) },
			func(log ballot.Log) error { _, _, err := m.Verified(ctx, log); return err }, 4},
		"cast":         {func() ledger.Ledger { return e.Fork(all...) }, nil, 4},
		"spoil":        {func() ledger.Ledger { return e.Fork(all...) }, nil, 4},
		"cast again":   {func() ledger.Ledger { return e.Fork(voted...) }, nil, 2},
		"submit":       {func() ledger.Ledger { return e.Fork(all...) }, nil, 2},
		"submit again": {func() ledger.Ledger { return e.Fork(voted...) }, nil, 2},
		"receipt":      {func() ledger.Ledger { return e.Fork(voted...) }, nil, 2},
		"catch up":     {func() ledger.Ledger { return e.Fork(all...) }, nil, 3},
	} {
		t.Run(name, func(t *testing.T) {
			for k := 0; ; k++ {
				log := &faulty{Ledger: test.log(), left: k}
				run := test.run
				if run == nil { // the box is open before anything fails
					log.left = -1
					log.Ledger = test.log()
					box, err := ballot.OpenBox(ctx, w.e, log)
					require.NoError(t, err)
					log.left, log.hit = k, false
					run = func(ballot.Log) error { return boxOperation(ctx, name, box, log, cast, spoil, at) }
				}
				err := run(log)
				if !log.hit {
					require.NoError(t, err)
					require.GreaterOrEqual(t, k, test.most)
					break
				}
				require.ErrorIs(t, err, errFault, "operation %d", k)
			}
		})
	}
}

// boxOperation is one thing that a ballot box does.
func boxOperation(ctx ctx, name string, box *ballot.Box, log *faulty, cast, spoil []byte, at uint64) error {
	var err error
	switch name {
	case "cast", "cast again":
		_, err = box.CastBytes(ctx, cast)
	case "spoil":
		_, err = box.Spoil(ctx, spoil)
	case "submit", "submit again":
		_, err = box.Submit(ctx, cast)
	case "receipt":
		_, err = box.Receipt(ctx, at)
	case "catch up": // with what came by another way
		if _, err = log.Ledger.Append(ctx, spoil); err == nil {
			_, err = box.Submit(ctx, cast)
		}
	}
	return err
}

// An issuance cannot be read where the ledger fails, and what a registrar
// publishes is not there before that is known.
func TestLedgerFailsRegistrars(t *testing.T) {
	ctx, e := t.Context(), electiontest.Prepare(t, byTokens(nil))
	e.Publish()
	m := e.Manifest
	keys, key := e.PublicKeys(e.Issuers[0]), e.Registrars[0]
	require.Equal(t, ed25519.PrivateKeySize, len(key))
	var entries [][]byte
	for _, en := range e.Entries() {
		entries = append(entries, en.Data)
	}
	for name, run := range map[string]func(log ballot.Log) error{
		"publish": func(log ballot.Log) error { return ballot.PublishIssuer(ctx, log, m, keys, key) },
		"read":    func(log ballot.Log) error { _, err := ballot.ReadIssuance(ctx, log, m); return err },
	} {
		for k := 0; ; k++ {
			log := &faulty{Ledger: e.Fork(entries...), left: k}
			err := run(log)
			if !log.hit {
				require.NoError(t, err, name)
				require.GreaterOrEqual(t, k, 2, name)
				break
			}
			require.ErrorIs(t, err, errFault, "%s: operation %d", name, k)
		}
	}
}
