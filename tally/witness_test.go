package tally

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
)

// witnessedElection is a finished election with two of three witnesses.
type witnessedElection struct {
	*electiontest.Election
	keys    []*ledger.CosigningKey
	entries [][]byte
}

func newWitnessed(t *testing.T) *witnessedElection {
	w := &witnessedElection{}
	for i, kind := range []ledger.CosignatureType{ledger.CosignEd25519, ledger.CosignMLDSA44, ledger.CosignEd25519} {
		k, err := ledger.NewCosigningKey(kind, fmt.Sprintf("example.org/w%d", i+1))
		require.NoError(t, err)
		w.keys = append(w.keys, k)
	}
	w.Election = electiontest.New(t, &electiontest.Options{Voters: 2, Trustees: 1, Threshold: 1, Witnesses: w.keys})
	w.Cast(0, ballot.Votes{"mayor": {"ada": 1}})
	(&fixture{Election: w.Election}).close(t)
	return w
}

// finish decrypts and publishes.
func (w *witnessedElection) finish(t *testing.T) {
	ctx := t.Context()
	require.NoError(t, Pin(ctx, w.Election.Election, w.Log, w.Signers()))
	require.NoError(t, Decrypt(ctx, w.Election.Election, w.Log, w.Trustees[0]))
	result, err := Combine(ctx, w.Election.Election, w.Log)
	require.NoError(t, err)
	require.NoError(t, Publish(ctx, w.Election.Election, w.Log, result, w.Signers()))
	for _, en := range w.Entries() {
		w.entries = append(w.entries, en.Data)
	}
}

// read returns a ledger with the given entries, as signer signs it and the
// witnesses at some positions cosign it.
func (w *witnessedElection) read(t *testing.T, entries [][]byte, signer note.Signer, positions ...int) *operator {
	o := newOperator(t, signer, entries)
	for _, i := range positions {
		line, err := w.keys[i].Cosign(o.cp, int64(1_800_000_000+i))
		require.NoError(t, err)
		o.cp.Raw = append(o.cp.Raw, line...)
	}
	return o
}

func TestWitnesses(t *testing.T) {
	w := newWitnessed(t)
	// A trustee decrypts nothing that too few have witnessed.
	require.NoError(t, Pin(t.Context(), w.Election.Election, w.Log, w.Signers()))
	for _, en := range w.Entries() {
		w.entries = append(w.entries, en.Data)
	}
	for n := range 2 {
		alone := struct {
			ledger.Reader
			ledger.Appender
		}{w.read(t, w.entries, w.Signer, []int{0, 1}[:n]...), w.Log}
		err := Decrypt(t.Context(), w.Election.Election, alone, w.Trustees[0])
		require.ErrorIs(t, err, ErrQuorum)
		_, err = ballot.Load(t.Context(), alone, w.Fingerprint)
		require.ErrorIs(t, err, ErrQuorum)
	}
	w.entries = nil
	w.finish(t)

	audit := func(r ledger.Reader, checkpoints ...[]byte) *Report {
		report, err := Audit(t.Context(), r, w.Fingerprint, &AuditOptions{Checkpoints: checkpoints})
		require.NoError(t, err)
		return report
	}
	report := audit(w.Log)
	requireReport(t, report, nil, nil)
	require.Equal(t, Passed, report.Check(witnesses).Status)
	require.GreaterOrEqual(t, len(report.Cosigned), 2)

	cosigned := w.read(t, w.entries, w.Signer, 0, 1)
	report = audit(cosigned)
	requireReport(t, report, nil, nil)
	require.Equal(t, "2 of 3, 2 required", report.Check(witnesses).Summary)
	require.Contains(t, report.Text(), "   2 of 3 witnesses   v1\n")
	head := "Cosigned by example.org/w1 at 2027-01-15T08:00:00Z, example.org/w2 at 2027-01-15T08:00:01Z: " +
		"nobody was shown another ledger of this size or larger, unless 1 witness is dishonest."
	require.Contains(t, report.Text(), head)
	view, err := report.MarshalJSON()
	require.NoError(t, err)
	require.Contains(t, string(view), head)
	report = audit(cosigned, w.read(t, w.entries[:5], w.Signer).cp.Raw)
	requireReport(t, report, nil, nil)
	require.Contains(t, report.Text(), "dishonest. It extends 1 checkpoint that the auditor brought.\n")

	for n := range 2 { // too few
		report := audit(w.read(t, w.entries, w.Signer, []int{2}[:n]...))
		requireReport(t, report, nil, append(from("keys.certified"), witnesses))
		require.ErrorIs(t, report.Check(witnesses).Findings[0].Err, ErrQuorum)
		require.Contains(t, report.Text(), fewCosigned)
	}
	forged := w.read(t, w.entries, w.Signer, 0, 1)
	forged.cp.Raw = bytes.Replace(forged.cp.Raw, []byte("example.org/w2 "), []byte("example.org/w3 "), 1)
	requireReport(t, audit(forged), []string{"ledger.checkpoint"}, append(from("keys.certified"), witnesses))
	other := w.read(t, w.entries[:len(w.entries)-1], w.Signer, 0, 1)
	swapped := w.read(t, w.entries, w.Signer)
	swapped.cp.Raw = append(swapped.cp.Raw, other.cp.Raw[strings.Index(string(other.cp.Raw), "\n— example.org/w1")+1:]...)
	requireReport(t, audit(swapped), []string{"ledger.checkpoint"}, append(from("keys.certified"), witnesses))

	// What the log alone has signed is evidence of a fork all the same.
	report = audit(cosigned, w.read(t, swap(w.entries, len(w.entries)-1, len(w.entries)-2), w.Signer).cp.Raw)
	requireReport(t, report, []string{continuity}, nil)
	var fork *ledger.ForkError
	require.ErrorAs(t, report.Check(continuity).Findings[0].Err, &fork)
	require.NoError(t, fork.Check(w.Manifest.Policy()))
}

func TestQuorumsWithoutOverlap(t *testing.T) {
	r := Report{Witnesses: 4, Quorum: 2, Cosigned: []ledger.Cosignature{{Witness: "a", Time: 1}, {Witness: "b", Time: 1}}}
	require.Contains(t, r.witnessed(), "unless two separate quorums were asked.")
	r.Quorum = 3
	require.Equal(t, fewCosigned, r.witnessed())
}

// newSigner returns another key of the election's ledger.
func (w *witnessedElection) newSigner(t *testing.T) (note.Signer, string) {
	secret, public, err := note.GenerateKey(nil, w.Signer.Name())
	require.NoError(t, err)
	s, err := note.NewSigner(secret)
	require.NoError(t, err)
	return s, public
}

func rootOf(t *testing.T, entries [][]byte) tlog.Hash {
	r := ledger.NewRange(0)
	for _, data := range entries {
		r.Append(ledger.LeafHash(data))
	}
	root, err := r.Root()
	require.NoError(t, err)
	return root
}

// rotation returns the entry of a rotation at the end of the given entries.
func (w *witnessedElection) rotation(t *testing.T, r ledger.Rotation, change func(*entry.Envelope)) []byte {
	env := entry.Envelope{Kind: entry.Rotation, Election: entry.Hash(w.Manifest.ID()), Body: r.Bytes()}
	if change != nil {
		change(&env)
	}
	for _, key := range w.Signers() {
		env.Sign(key)
	}
	return env.Bytes()
}

func TestP71P90Rotation(t *testing.T) {
	w := newWitnessed(t)
	w.finish(t)
	next, nextKey := w.newSigner(t)
	third, thirdKey := w.newSigner(t)
	split := len(w.entries) - 2
	r := ledger.Rotation{Old: w.Manifest.Ledger.Key, New: nextKey, Size: uint64(split), Root: rootOf(t, w.entries[:split])}
	require.NoError(t, r.Sign(w.Signer))
	recovery := ledger.Rotation{Old: r.Old, New: r.New, Size: r.Size, Root: r.Root}
	require.NoError(t, recovery.Cosign(w.keys[0], 1))
	require.NoError(t, recovery.Cosign(w.keys[1], 1))

	audit := func(entries [][]byte, signer note.Signer) *Report {
		report, err := Audit(t.Context(), w.read(t, entries, signer, 0, 1), w.Fingerprint, nil)
		require.NoError(t, err)
		return report
	}
	for name, r := range map[string]ledger.Rotation{"by the old key": r, "by the witnesses": recovery} {
		entries := insert(w.entries, split, w.rotation(t, r, nil))
		report := audit(entries, next)
		requireReport(t, report, nil, nil)
		require.Equal(t, fmt.Sprintf("1 rotation, last at size %d", split), report.Check(rotation).Summary, name)

		// A retired key signs nothing new, whether or not it shows the rotation.
		report = audit(entries, w.Signer)
		require.Equal(t, Failed, report.Check(rotation).Status)
		require.ErrorIs(t, report.Check(rotation).Findings[0].Err, ErrSignature)
		require.False(t, report.Verified())
		_, err := ballot.Replay(t.Context(), w.Election.Election, w.read(t, entries, w.Signer, 0, 1), uint64(len(entries)), nil)
		require.ErrorIs(t, err, ErrSignature)

		// What the old key has signed before stays.
		report, err = Audit(t.Context(), w.read(t, entries, next, 0, 1), w.Fingerprint,
			&AuditOptions{Checkpoints: [][]byte{w.read(t, w.entries[:split], w.Signer).cp.Raw}})
		require.NoError(t, err)
		requireReport(t, report, nil, nil)
		e, err := ballot.Load(t.Context(), w.read(t, entries, next, 0, 1), w.Fingerprint)
		require.NoError(t, err)
		result, err := Combine(t.Context(), e, w.read(t, entries, next, 0, 1))
		require.NoError(t, err)
		require.Equal(t, report.Result, result)

		// Twice in a row, and a third key.
		again := ledger.Rotation{Old: nextKey, New: thirdKey, Size: uint64(len(entries)), Root: rootOf(t, entries)}
		require.NoError(t, again.Sign(next))
		twice := append(slices.Clone(entries), w.rotation(t, again, nil))
		report = audit(twice, third)
		requireReport(t, report, nil, nil)
		require.Equal(t, fmt.Sprintf("2 rotations, last at size %d", len(entries)), report.Check(rotation).Summary)
		report = audit(twice, next)
		require.Equal(t, Failed, report.Check("ledger.checkpoint").Status)
		require.ErrorIs(t, report.Check("ledger.checkpoint").Findings[0].Err, ErrSignature)
		require.False(t, audit(twice, w.Signer).Verified())

		// The same rotation again is a retry.
		retried := append(slices.Clone(entries), w.rotation(t, r, func(env *entry.Envelope) { env.Time = 7 }))
		requireReport(t, audit(retried, next), nil, nil)

		// History before the rotation is not the new key's to write.
		rewritten := insert(swap(w.entries, split-1, split-2), split, w.rotation(t, r, nil))
		report = audit(rewritten, next)
		require.Equal(t, Failed, report.Check(rotation).Status)
		require.ErrorIs(t, report.Check(rotation).Findings[0].Err, ErrChain)
		_, err = ballot.Load(t.Context(), w.read(t, rewritten, next, 0, 1), w.Fingerprint)
		require.ErrorIs(t, err, ErrChain)
	}

	// By the new key without a rotation that holds, it is nobody's ledger.
	other := ledger.Rotation{Old: r.Old, New: thirdKey, Size: r.Size, Root: r.Root}
	require.NoError(t, other.Sign(w.Signer))
	unsigned := ledger.Rotation{Old: r.Old, New: r.New, Size: r.Size, Root: r.Root}
	require.NoError(t, unsigned.Sign(next))
	early := ledger.Rotation{Old: r.Old, New: r.New, Size: uint64(split + 1), Root: r.Root}
	require.NoError(t, early.Sign(w.Signer))
	oneWitness := ledger.Rotation{Old: r.Old, New: r.New, Size: r.Size, Root: r.Root}
	require.NoError(t, oneWitness.Cosign(w.keys[0], 1))
	stranger := entry.Envelope{Kind: entry.Rotation, Election: entry.Hash(w.Manifest.ID()), Body: r.Bytes()}
	stranger.Sign(w.Authorities[0])
	for name, c := range map[string]struct {
		data   []byte
		reason error
		fails  bool
	}{
		"one authority":      {stranger.Bytes(), ErrQuorum, false},
		"by the new key":     {w.rotation(t, unsigned, nil), ErrSignature, true},
		"to another key":     {w.rotation(t, other, nil), nil, false},
		"before its size":    {w.rotation(t, early, nil), ErrState, true},
		"one witness":        {w.rotation(t, oneWitness, nil), ErrQuorum, true},
		"body":               {w.rotation(t, r, func(env *entry.Envelope) { env.Body = env.Body[1:] }), ErrBinding, true},
		"of another ballot":  {w.rotation(t, r, func(env *entry.Envelope) { env.Election[0] ^= 1 }), nil, false},
		"of the fingerprint": {w.rotation(t, r, func(env *entry.Envelope) { env.Election = entry.Hash(w.Fingerprint) }), nil, false},
	} {
		entries := insert(w.entries, split, c.data)
		report := audit(entries, next)
		require.False(t, report.Verified(), name)
		require.Equal(t, Failed, report.Check("ledger.checkpoint").Status, name)
		_, err := ballot.Load(t.Context(), w.read(t, entries, next, 0, 1), w.Fingerprint)
		require.ErrorIs(t, err, ErrSignature, name)

		report = audit(entries, w.Signer) // the key that still holds
		check := report.Check(rotation)
		switch {
		case name == "to another key":
			require.Equal(t, Failed, check.Status, name)
		case c.reason == nil:
			require.Nil(t, check, name)
			requireReport(t, report, nil, nil)
		case c.fails:
			requireReport(t, report, []string{rotation}, nil)
			require.ErrorIs(t, check.Findings[0].Err, c.reason, name)
		default:
			requireReport(t, report, nil, nil)
			require.ErrorIs(t, check.Findings[0].Err, c.reason, name)
			require.True(t, check.Findings[0].Refused)
		}
	}
	// Two rotations of one key that cannot both stand.
	both := insert(w.entries, split, w.rotation(t, r, nil), w.rotation(t, other, nil))
	report := audit(both, next)
	require.Equal(t, Failed, report.Check(rotation).Status)
	require.ErrorIs(t, report.Check(rotation).Findings[0].Err, ErrBinding)
}

// The officials' step, on a ledger whose operator goes on with another key.
func TestRotate(t *testing.T) {
	w := newWitnessed(t)
	w.finish(t)
	next, nextKey := w.newSigner(t)
	r := ledger.Rotation{Old: w.Manifest.Ledger.Key, New: nextKey, Size: uint64(len(w.entries)), Root: rootOf(t, w.entries)}
	require.NoError(t, r.Sign(w.Signer))
	m, signers := w.Manifest, w.Signers()
	after, err := m.Policy().Rotate(r)
	require.NoError(t, err)
	moved, err := ledger.Witnessed(t.Context(), w.Fork(w.entries...), after, nil, nil)
	require.NoError(t, err)
	require.NoError(t, moved.Close())

	log := ledger.NewMemory(next)
	for _, data := range w.entries[:3] {
		_, err := log.Append(t.Context(), data)
		require.NoError(t, err)
	}
	require.ErrorIs(t, ballot.Rotate(t.Context(), log, m, r, signers), ErrIncomplete, "not all entries are there")
	for _, data := range w.entries[3:] {
		_, err := log.Append(t.Context(), data)
		require.NoError(t, err)
	}
	signed := cosigning{log, w}
	require.ErrorIs(t, ballot.Rotate(t.Context(), signed, m, r, signers[:1]), ErrQuorum)
	require.ErrorIs(t, ballot.Rotate(t.Context(), signed, m, ledger.Rotation{Old: nextKey, New: r.Old, Size: r.Size}, signers), ErrBinding)
	require.NoError(t, ballot.Rotate(t.Context(), signed, m, r, signers))
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	require.NoError(t, ballot.Rotate(t.Context(), signed, m, r, signers))
	same, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	require.Equal(t, cp.Size, same.Size, "a repeated step adds nothing")
	report, err := Audit(t.Context(), signed, w.Fingerprint, nil)
	require.NoError(t, err)
	requireReport(t, report, nil, nil)
}

// cosigning is a ledger that two witnesses follow.
type cosigning struct {
	ledger.Ledger
	w *witnessedElection
}

func (c cosigning) Await(ctx context.Context, size uint64) (ledger.Checkpoint, error) {
	cp, err := c.Ledger.Await(ctx, size)
	for _, k := range c.w.keys[:2] {
		if err == nil {
			var line []byte
			line, err = k.Cosign(cp, 1)
			cp.Raw = append(cp.Raw, line...)
		}
	}
	return cp, err
}

func (c cosigning) Checkpoint(ctx context.Context) (ledger.Checkpoint, error) { return c.Await(ctx, 0) }

// showing is a reader that shows other entries than its checkpoint covers.
type showing struct {
	ledger.Reader
	entries [][]byte
}

func (r showing) Entries(_ context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for i := lo; i < hi; i++ {
			if !yield(ledger.Entry{Index: i, Data: r.entries[i]}, nil) {
				return
			}
		}
	}
}

// A key takes over by a rotation that stands on the ledger, not by one that a
// reader has shown.
func TestRotationNotOnTheLedger(t *testing.T) {
	w := newWitnessed(t)
	w.finish(t)
	next, nextKey := w.newSigner(t)
	split := len(w.entries) - 2
	r := ledger.Rotation{Old: w.Manifest.Ledger.Key, New: nextKey, Size: uint64(split), Root: rootOf(t, w.entries[:split])}
	require.NoError(t, r.Sign(w.Signer))
	shown := insert(w.entries, split, w.rotation(t, r, nil))

	with := w.read(t, shown, next, 0, 1)
	cp, err := with.Checkpoint(t.Context())
	require.NoError(t, err)
	policy, err := w.Manifest.PolicyOn(t.Context(), with, cp)
	require.NoError(t, err)
	require.Len(t, policy.Handovers, 1)

	without := w.read(t, w.entries, next, 0, 1)
	cp, err = without.Checkpoint(t.Context())
	require.NoError(t, err)
	_, err = w.Manifest.PolicyOn(t.Context(), showing{without, shown}, cp)
	require.ErrorIs(t, err, ErrChain)
	report, err := Audit(t.Context(), showing{without, shown}, w.Fingerprint, nil)
	require.NoError(t, err)
	require.Equal(t, Failed, report.Check(rotation).Status)
	require.ErrorIs(t, report.Check(rotation).Findings[0].Err, ErrChain)
}
