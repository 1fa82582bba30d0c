package witness

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

// town is a ledger with three witnesses over HTTP, of which two are required.
type town struct {
	signer    note.Signer
	policy    ledger.Policy
	keys      []*ledger.CosigningKey
	dirs      []string
	witnesses []*Witness
	servers   []*httptest.Server
	cosigners []ledger.Cosigner
}

func newTown(t *testing.T) *town {
	n := &town{keys: newKeys(t, 3)}
	var logKey string
	n.signer, logKey = newSigner(t, origin)
	n.policy = policyOf(logKey, 2, n.keys...)
	for i := range n.keys {
		n.dirs = append(n.dirs, t.TempDir())
		n.witnesses = append(n.witnesses, nil)
		n.servers = append(n.servers, nil)
		n.cosigners = append(n.cosigners, nil)
		n.start(t, i, logKey)
	}
	return n
}

func (n *town) start(t *testing.T, i int, logKeys ...string) {
	w, err := Open(n.dirs[i], n.keys[i:i+1], logKeys)
	require.NoError(t, err)
	n.witnesses[i], n.servers[i] = w, httptest.NewServer(w)
	n.cosigners[i] = &Client{URL: n.servers[i].URL}
	t.Cleanup(func() { n.stop(i) })
}

func (n *town) stop(i int) {
	if n.witnesses[i] != nil {
		n.servers[i].Close()
		_ = n.witnesses[i].Close()
		n.witnesses[i] = nil
	}
}

func add(t *testing.T, log ledger.Ledger, from, to int, name string) {
	t.Helper()
	for i := from; i < to; i++ {
		index, err := log.Append(t.Context(), fmt.Appendf(nil, "%s %d", name, i))
		require.NoError(t, err)
		require.EqualValues(t, i, index)
	}
}

func await(t *testing.T, log ledger.Reader, p ledger.Policy, size uint64) ledger.Checkpoint {
	t.Helper()
	cp, err := log.Await(t.Context(), size)
	require.NoError(t, err)
	checked, err := p.Check(cp.Raw)
	require.NoError(t, err)
	require.Equal(t, cp.Raw, checked.Raw)
	return checked
}

func TestQuorum(t *testing.T) {
	n := newTown(t)
	dir := t.TempDir()
	open := func() ledger.Ledger {
		log, err := boltledger.OpenWitnessed(t.Context(), dir, n.signer, n.policy, n.cosigners)
		require.NoError(t, err)
		return log
	}
	log := open()
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	require.Zero(t, cp.Size)
	add(t, log, 0, 5, "entry")
	cp = await(t, log, n.policy, 5)
	require.GreaterOrEqual(t, len(cp.Cosigned), 2)
	receipt, err := ledger.Prove(t.Context(), log, 3)
	require.NoError(t, err)
	proven, err := ledger.VerifyProof(n.policy, []byte("entry 3"), receipt)
	require.NoError(t, err)
	require.EqualValues(t, 3, proven.Index)
	require.NotEmpty(t, proven.Checkpoint.Cosigned)
	_, err = ledger.VerifyProof(policyOf(n.policy.Key, 2, newKeys(t, 3)...), []byte("entry 3"), receipt)
	require.ErrorIs(t, err, reason.ErrSignature, "other witnesses")

	n.stop(0) // one is away: it goes on
	add(t, log, 5, 8, "entry")
	await(t, log, n.policy, 8)

	n.stop(1) // two are away: appends are durable, publication waits
	add(t, log, 8, 11, "entry")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err = log.Await(ctx, 9)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	cp, err = log.Checkpoint(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 8, cp.Size, "what was published last stays")
	for _, err := range log.Entries(t.Context(), 0, 9) {
		require.ErrorIs(t, err, reason.ErrIncomplete)
	}
	_, err = log.Inclusion(t.Context(), 3, 9)
	require.ErrorIs(t, err, reason.ErrIncomplete)
	_, err = log.Consistency(t.Context(), 3, 9)
	require.ErrorIs(t, err, reason.ErrIncomplete)
	_, err = log.Consistency(t.Context(), 3, 8)
	require.NoError(t, err)
	require.NoError(t, log.Close())
	_, err = log.Await(t.Context(), 0)
	require.ErrorIs(t, err, ledger.ErrClosed)

	// A reader of the directory is shown what was published.
	read, err := boltledger.OpenReadOnly(dir)
	require.NoError(t, err)
	shown := await(t, read, n.policy, 0)
	require.Equal(t, cp.Raw, shown.Raw)
	verified, err := ledger.Verified(read, n.policy, shown)
	require.NoError(t, err)
	count := 0
	for _, err := range verified.Entries(t.Context(), 0, 8) {
		require.NoError(t, err)
		count++
	}
	require.Equal(t, 8, count)
	require.NoError(t, read.Close())

	log = open() // still two away
	cp = await(t, log, n.policy, 0)
	require.EqualValues(t, 8, cp.Size)
	n.start(t, 0, n.policy.Key)
	require.NoError(t, log.Close())
	log = open() // one is back, and nothing was lost
	await(t, log, n.policy, 11)
	require.NoError(t, log.Close())
}

// TestRollback is the operator who restores an old backup and goes on with
// other votes: the witnesses refuse, and who has seen both has the evidence.
func TestRollback(t *testing.T) {
	n := newTown(t)
	dir, backup := t.TempDir(), t.TempDir()
	open := func(dir string) ledger.Ledger {
		log, err := boltledger.OpenWitnessed(t.Context(), dir, n.signer, n.policy, n.cosigners)
		require.NoError(t, err)
		return log
	}
	log := open(dir)
	add(t, log, 0, 5, "entry")
	await(t, log, n.policy, 5)
	require.NoError(t, log.Close())
	require.NoError(t, os.CopyFS(backup+"/old", os.DirFS(dir)))
	log = open(dir)
	add(t, log, 5, 9, "mine")
	honest := await(t, log, n.policy, 9)
	require.NoError(t, log.Close())

	for size, want := range map[int]error{6: reason.ErrChain, 9: reason.ErrFork, 12: reason.ErrChain} {
		copied := fmt.Sprintf("%s/%d", backup, size)
		require.NoError(t, os.CopyFS(copied, os.DirFS(backup+"/old")))
		quiet, err := boltledger.Open(copied, n.signer) // all at once, so that they show one checkpoint
		require.NoError(t, err)
		add(t, quiet, 5, size, "yours")
		require.NoError(t, quiet.Close())
		fork := open(copied)
		_, err = fork.Await(t.Context(), 6)
		require.ErrorIs(t, err, want, "size %d", size)
		cp := await(t, fork, n.policy, 0)
		require.EqualValues(t, 5, cp.Size, "nothing of it is published")
		require.NoError(t, fork.Close())
	}
	read, err := boltledger.Open(backup+"/9", n.signer)
	require.NoError(t, err)
	defer read.Close()
	forged, err := read.Checkpoint(t.Context())
	require.NoError(t, err)
	_, err = n.policy.Check(forged.Raw)
	require.ErrorIs(t, err, reason.ErrQuorum)
	var evidence *ledger.ForkError
	require.ErrorAs(t, honest.CheckConsistency(forged, nil), &evidence)
	require.NoError(t, evidence.Check(n.policy), "both signatures verify")
}

// TestRecovery is the day on which the ledger's key has been stolen: the
// authorities and the witnesses' operators agree on size, root and new key.
func TestRecovery(t *testing.T) {
	n := newTown(t)
	dir := t.TempDir()
	log, err := boltledger.OpenWitnessed(t.Context(), dir, n.signer, n.policy, n.cosigners)
	require.NoError(t, err)
	add(t, log, 0, 6, "entry")
	honest := await(t, log, n.policy, 6)
	require.NoError(t, log.Close())
	receipt := honest

	// The thief appends in secret, and the witnesses cannot know better.
	root := t.TempDir()
	require.NoError(t, os.CopyFS(root+"/stolen", os.DirFS(dir)))
	stolen, err := boltledger.OpenWitnessed(t.Context(), root+"/stolen", n.signer, n.policy, n.cosigners)
	require.NoError(t, err)
	add(t, stolen, 6, 9, "forged")
	forged := await(t, stolen, n.policy, 9)
	require.NoError(t, stolen.Close())

	next, nextKey := newSigner(t, origin)
	r := ledger.Rotation{Old: n.policy.Key, New: nextKey, Size: honest.Size, Root: honest.Root}
	require.ErrorIs(t, n.witnesses[0].Recover(&r), reason.ErrState, "the new key is not known")
	for i := range n.witnesses {
		n.stop(i)
	}
	n.start(t, 0, n.policy.Key, nextKey)
	require.ErrorIs(t, n.witnesses[0].Recover(&r), reason.ErrState, "the old key is still known")
	require.ErrorIs(t, n.witnesses[0].Recover(&ledger.Rotation{Old: r.Old, New: "junk"}), reason.ErrEncoding)
	n.stop(0)
	_, third := newSigner(t, origin)
	n.start(t, 0, third)
	err = n.witnesses[0].Recover(&r)
	require.ErrorIs(t, err, reason.ErrState)
	require.ErrorContains(t, err, "the new key of")
	n.stop(0)

	// A witness that cannot write down where it stands now signs nothing.
	n.start(t, 0, nextKey)
	unsigned := r.Bytes()
	blocked := n.witnesses[0].state.path + ".new"
	require.NoError(t, os.Mkdir(blocked, 0o755))
	require.Error(t, n.witnesses[0].Recover(&r))
	require.Equal(t, unsigned, r.Bytes())
	require.NoError(t, os.Remove(blocked))
	n.stop(0)
	for i := range 2 {
		n.start(t, i, nextKey)
		require.NoError(t, n.witnesses[i].Recover(&r))
	}
	after, err := n.policy.Rotate(r)
	require.NoError(t, err)

	require.NoError(t, boltledger.Rotate(dir, next))
	_, err = boltledger.Open(dir, n.signer)
	require.ErrorIs(t, err, reason.ErrSignature, "the ledger has another key now")
	log, err = boltledger.OpenWitnessed(t.Context(), dir, next, after, n.cosigners)
	require.NoError(t, err)
	add(t, log, 6, 8, "entry")
	await(t, log, after, 8)
	require.NoError(t, log.Close())

	_, err = after.Check(receipt.Raw)
	require.NoError(t, err, "what was signed before stays")
	_, err = after.Check(forged.Raw)
	require.ErrorIs(t, err, reason.ErrSignature, "what the thief has signed since does not")
	_, err = n.cosigners[0].Cosign(t.Context(), 8, nil, forged.Raw)
	require.ErrorIs(t, err, reason.ErrSignature, "and nobody witnesses more of it")

	other, _ := newSigner(t, "example.org/other")
	require.ErrorIs(t, boltledger.Rotate(dir, other), reason.ErrSignature)
	require.Error(t, boltledger.Rotate(t.TempDir(), next))
	w := n.witnesses[0]
	n.stop(0)
	require.ErrorIs(t, w.Recover(&r), ledger.ErrClosed)
}

// cosignerFunc is a cosigner that answers what a test wants.
type cosignerFunc func(old uint64, proof tlog.TreeProof, checkpoint []byte) ([]byte, error)

func (f cosignerFunc) Cosign(_ context.Context, old uint64, proof tlog.TreeProof, checkpoint []byte) ([]byte, error) {
	return f(old, proof, checkpoint)
}

// What a witness answers is not believed.
func TestStrangeAnswers(t *testing.T) {
	signer, logKey := newSigner(t, origin)
	keys := newKeys(t, 2)
	stranger := newKeys(t, 1)[0]
	line := func(k *ledger.CosigningKey, raw []byte, change func(*ledger.Checkpoint)) []byte {
		cp, err := ledger.ParseCheckpoint(raw)
		require.NoError(t, err)
		if change != nil {
			change(&cp)
		}
		l, err := k.Cosign(cp, 7)
		require.NoError(t, err)
		return l
	}
	for name, c := range map[string]struct {
		answer func(old uint64, raw []byte) ([]byte, error)
		want   error // that Await has besides the deadline; nil if it is published
	}{
		"right": {func(_ uint64, raw []byte) ([]byte, error) { return line(keys[0], raw, nil), nil }, nil},
		"both keys": {func(_ uint64, raw []byte) ([]byte, error) {
			return append(line(keys[0], raw, nil), line(keys[1], raw, nil)...), nil
		}, nil},
		"a stranger besides": {func(_ uint64, raw []byte) ([]byte, error) {
			return append(line(stranger, raw, nil), line(keys[1], raw, nil)...), nil
		}, nil},
		"nothing":    {func(uint64, []byte) ([]byte, error) { return nil, nil }, reason.ErrSignature},
		"junk":       {func(uint64, []byte) ([]byte, error) { return []byte("junk"), nil }, reason.ErrSignature},
		"a stranger": {func(_ uint64, raw []byte) ([]byte, error) { return line(stranger, raw, nil), nil }, reason.ErrSignature},
		"another size": {func(_ uint64, raw []byte) ([]byte, error) {
			return line(keys[0], raw, func(c *ledger.Checkpoint) { c.Size++ }), nil
		}, reason.ErrSignature},
		"an error": {func(uint64, []byte) ([]byte, error) { return nil, errors.New("away") }, reason.ErrQuorum},
		"always smaller": {func(old uint64, _ []byte) ([]byte, error) {
			return nil, &ledger.ConflictError{Size: (old + 1) % 3}
		}, reason.ErrState},
	} {
		cosigner := cosignerFunc(func(old uint64, _ tlog.TreeProof, raw []byte) ([]byte, error) { return c.answer(old, raw) })
		log, err := ledger.Witnessed(t.Context(), ledger.NewMemory(signer), policyOf(logKey, 1, keys...), []ledger.Cosigner{cosigner}, nil)
		require.NoError(t, err)
		for i := range 5 {
			_, err = log.Append(t.Context(), []byte{byte(i)})
			require.NoError(t, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if c.want == nil {
			ctx = t.Context()
		}
		_, err = log.Await(ctx, 5)
		cancel()
		if c.want == nil {
			require.NoError(t, err, name)
		} else {
			require.ErrorIs(t, err, context.DeadlineExceeded, name)
			require.ErrorIs(t, err, c.want, name)
			require.ErrorIs(t, err, reason.ErrQuorum, name)
		}
		require.NoError(t, log.Close())
		require.ErrorIs(t, log.Close(), ledger.ErrClosed)
	}
}

func TestWitnessedRefuses(t *testing.T) {
	signer, logKey := newSigner(t, origin)
	keys := newKeys(t, 1)
	p := policyOf(logKey, 0, keys...)
	_, err := ledger.Witnessed(t.Context(), ledger.NewMemory(signer), ledger.Policy{}, nil, nil)
	require.ErrorIs(t, err, reason.ErrUnanchored)
	closed := ledger.NewMemory(signer)
	require.NoError(t, closed.Close())
	_, err = ledger.Witnessed(t.Context(), closed, p, nil, nil)
	require.ErrorIs(t, err, ledger.ErrClosed)

	h, fork := newHistory(t, signer, "mine", 2, 5), newHistory(t, signer, "yours", 2, 5)
	for name, c := range map[string]struct {
		published []byte
		want      error
	}{
		"itself":       {h.at(4), nil},
		"a prefix":     {h.at(3), nil},
		"larger":       {h.at(5), reason.ErrChain},
		"another root": {fork.at(4), reason.ErrFork},
		"no prefix":    {fork.at(3), reason.ErrChain},
		"no note":      {[]byte("junk"), reason.ErrSignature},
	} {
		log := ledger.NewMemory(signer)
		for i := range 4 {
			name := "mine"
			if i < 2 {
				name = "shared"
			}
			_, err := log.Append(t.Context(), fmt.Appendf(nil, "%s %d", name, i))
			require.NoError(t, err)
		}
		w, err := ledger.Witnessed(t.Context(), log, p, nil, &ledger.WitnessedOptions{Published: c.published})
		require.ErrorIs(t, err, c.want, name)
		if err == nil {
			await(t, w, p, 4)
			require.NoError(t, w.Close())
		}
	}

	// What cannot be kept is not published.
	log, err := ledger.Witnessed(t.Context(), ledger.NewMemory(signer), p, nil,
		&ledger.WitnessedOptions{Keep: func([]byte) error { return os.ErrPermission }})
	require.NoError(t, err)
	defer log.Close()
	_, err = log.Append(t.Context(), []byte("entry"))
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = log.Await(ctx, 1)
	require.ErrorIs(t, err, os.ErrPermission)
}
