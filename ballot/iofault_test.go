package ballot_test

import (
	"crypto/ed25519"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
)

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
				log := &electiontest.Faulty{Ledger: test.log(), Left: k}
				run := test.run
				if run == nil { // the box is open before anything fails
					log.Left = -1
					log.Ledger = test.log()
					box, err := ballot.OpenBox(ctx, w.e, log)
					require.NoError(t, err)
					log.Left, log.Hit = k, false
					run = func(ballot.Log) error { return boxOperation(ctx, name, box, log, cast, spoil, at) }
				}
				err := run(log)
				if !log.Hit {
					require.NoError(t, err)
					require.GreaterOrEqual(t, k, test.most)
					break
				}
				require.ErrorIs(t, err, electiontest.ErrFault, "operation %d", k)
			}
		})
	}
}

// boxOperation is one thing that a ballot box does.
func boxOperation(ctx ctx, name string, box *ballot.Box, log *electiontest.Faulty, cast, spoil []byte, at uint64) error {
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
			log := &electiontest.Faulty{Ledger: e.Fork(entries...), Left: k}
			err := run(log)
			if !log.Hit {
				require.NoError(t, err, name)
				require.GreaterOrEqual(t, k, 2, name)
				break
			}
			require.ErrorIs(t, err, electiontest.ErrFault, "%s: operation %d", name, k)
		}
	}
}
