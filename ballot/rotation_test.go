package ballot_test

import (
	"crypto/ed25519"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
)

// handover is the ledger of an election whose key is handed over where it ends.
type handover struct {
	*electiontest.Election
	next     note.Signer
	rotation ledger.Rotation
}

func newHandover(t *testing.T, e *electiontest.Election) *handover {
	secret, public, err := note.GenerateKey(nil, e.Signer.Name())
	require.NoError(t, err)
	next, err := note.NewSigner(secret)
	require.NoError(t, err)
	tree := ledger.NewRange(0)
	entries := e.Entries()
	for _, en := range entries {
		tree.Append(ledger.LeafHash(en.Data))
	}
	root, err := tree.Root()
	require.NoError(t, err)
	h := &handover{e, next, ledger.Rotation{Old: e.Manifest.Ledger.Key, New: public, Size: uint64(len(entries)), Root: root}}
	require.NoError(t, h.rotation.Sign(e.Signer))
	return h
}

// entry is the rotation as the authorities sign it.
func (h *handover) entry(r ledger.Rotation, keys ...ed25519.PrivateKey) *entry.Envelope {
	env := &entry.Envelope{Kind: entry.Rotation, Election: h.Manifest.ID(), Time: 1, Body: r.Bytes()}
	for _, k := range keys {
		env.Sign(k)
	}
	return env
}

// moved is the ledger as the new key goes on with it.
func (h *handover) moved(t *testing.T, more ...[]byte) ledger.Ledger {
	log := ledger.NewMemory(h.next)
	for _, en := range h.Entries() {
		_, err := log.Append(t.Context(), en.Data)
		require.NoError(t, err)
	}
	for _, data := range more {
		_, err := log.Append(t.Context(), data)
		require.NoError(t, err)
	}
	return log
}

func TestRotated(t *testing.T) {
	h := newHandover(t, electiontest.New(t, twoStyles(nil)))
	m, size := h.Manifest, h.rotation.Size
	good := h.entry(h.rotation, h.Signers()...)
	p, err := m.Rotated(m.Policy(), ledger.Entry{Index: size, Data: good.Bytes()})
	require.NoError(t, err)
	require.Len(t, p.Handovers, 1)
	require.Equal(t, h.rotation.New, p.Handovers[0].Key)

	unsigned := h.rotation
	unsigned.Root[0] ^= 1 // what the old key has signed is another one
	resigned := func(change func(*entry.Envelope)) []byte {
		env := h.entry(h.rotation)
		change(env)
		for _, k := range h.Signers() {
			env.Sign(k)
		}
		return env.Bytes()
	}
	for name, test := range map[string]struct {
		index  uint64
		data   []byte
		reason error
	}{
		"no entry":         {size, []byte("no entry"), ballot.ErrVersion},
		"another kind":     {size, resigned(func(env *entry.Envelope) { env.Kind = entry.Round }), ballot.ErrBinding},
		"another election": {size, resigned(func(env *entry.Envelope) { env.Election[0] ^= 1 }), ballot.ErrBinding},
		"nobody's":         {size, h.entry(h.rotation).Bytes(), ballot.ErrQuorum},
		"one authority's":  {size, h.entry(h.rotation, h.Authorities[0]).Bytes(), ballot.ErrQuorum},
		"a registrar's":    {size, h.entry(h.rotation, h.Authorities[0], h.Registrars[0]).Bytes(), ballot.ErrSignature},
		"no rotation":      {size, resigned(func(env *entry.Envelope) { env.Body = nil }), ballot.ErrSignature},
		"before its size":  {size - 1, good.Bytes(), ballot.ErrState},
		"of another root":  {size, h.entry(unsigned, h.Signers()...).Bytes(), ballot.ErrSignature},
	} {
		_, err := m.Rotated(m.Policy(), ledger.Entry{Index: test.index, Data: test.data})
		require.ErrorIs(t, err, test.reason, name)
	}
}

// A rotation is refused before anything is posted.
func TestRotateRefuses(t *testing.T) {
	h := newHandover(t, electiontest.New(t, twoStyles(nil)))
	ctx, log := t.Context(), h.moved(t)
	size := func() uint64 {
		cp, err := log.Checkpoint(ctx)
		require.NoError(t, err)
		return cp.Size
	}
	before := size()
	far, unsigned := h.rotation, h.rotation
	far.Size++
	unsigned.Root[0] ^= 1
	require.ErrorIs(t, ballot.Rotate(ctx, log, h.Manifest, far, h.Signers()), ballot.ErrIncomplete)
	require.ErrorIs(t, ballot.Rotate(ctx, log, h.Manifest, unsigned, h.Signers()), ballot.ErrSignature)
	require.ErrorIs(t, ballot.Rotate(ctx, log, h.Manifest, h.rotation, h.Signers()[:1]), ballot.ErrQuorum)
	require.Equal(t, before, size())
	require.NoError(t, ballot.Rotate(ctx, log, h.Manifest, h.rotation, h.Signers()))
	require.Equal(t, before+1, size())
}

// unproven is a ledger that shows entries of its own, and no proof of them.
type unproven struct {
	ledger.Ledger
	entries              []ledger.Entry
	inclusion, extension bool
}

func (l unproven) Entries(_ ctx, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for _, en := range l.entries[lo:hi] {
			if !yield(en, nil) {
				return
			}
		}
	}
}

func (l unproven) Inclusion(ctx ctx, index, size uint64) (tlog.RecordProof, error) {
	proof, err := l.Ledger.Inclusion(ctx, index, size)
	if l.inclusion {
		proof[0][0] ^= 1
	}
	return proof, err
}

func (l unproven) Consistency(ctx ctx, old, size uint64) (tlog.TreeProof, error) {
	proof, err := l.Ledger.Consistency(ctx, old, size)
	if l.extension {
		proof[0][0] ^= 1
	}
	return proof, err
}

// What explains another key must stand on the ledger that this key has signed,
// and the old key's part of it must be the same; and the old key signs no more.
func TestLedgerBehindRotation(t *testing.T) {
	h := newHandover(t, electiontest.New(t, twoStyles(nil)))
	m, data := h.Manifest, h.entry(h.rotation, h.Signers()...).Bytes()
	log := h.moved(t, data)
	entries := append(h.Entries(), ledger.Entry{Index: h.rotation.Size, Data: data})
	read := func(l ledger.Ledger) error {
		_, _, err := m.Verified(t.Context(), l)
		return err
	}
	require.NoError(t, read(unproven{Ledger: log, entries: entries}))
	require.ErrorIs(t, read(unproven{Ledger: log, entries: entries, inclusion: true}), ballot.ErrChain)
	require.ErrorIs(t, read(unproven{Ledger: log, entries: entries, extension: true}), ballot.ErrChain)

	s, err := ballot.Replay(t.Context(), h.Election.Election, log, uint64(len(entries)), nil)
	require.NoError(t, err)
	require.Empty(t, s.Refused())
	var all [][]byte
	for _, en := range entries {
		all = append(all, en.Data)
	}
	_, err = ballot.Replay(t.Context(), h.Election.Election, h.Fork(all...), uint64(len(all)), nil)
	require.ErrorIs(t, err, ballot.ErrSignature, "the old key went on")

	// A rotation that does not hold is refused by the counting rule, and changes
	// nothing.
	stray := h.entry(h.rotation, h.Authorities[0]).Bytes()
	all[len(all)-1] = stray
	s, err = ballot.Replay(t.Context(), h.Election.Election, h.Fork(all...), uint64(len(all)), nil)
	require.NoError(t, err)
	require.Len(t, s.Refused(), 1)
	require.ErrorIs(t, s.Refused()[0].Err, ballot.ErrQuorum)
}
