package ledger

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

func data(i int) []byte { return fmt.Appendf(nil, "entry %d", i) }

// liar is a reader that shows other entries than it has.
type liar struct {
	Reader
	entries func(lo, hi uint64) []Entry
	cp      Checkpoint // if set, what Await returns
}

func (l *liar) Entries(context.Context, uint64, uint64) iter.Seq2[Entry, error] {
	panic("replaced by honest or lying")
}

func (l *liar) Await(ctx context.Context, size uint64) (Checkpoint, error) {
	if l.cp.Raw != nil {
		return l.cp, nil
	}
	return l.Reader.Await(ctx, size)
}

type lyingEntries struct{ *liar }

func (l lyingEntries) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, e := range l.entries(lo, hi) {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func read(ctx context.Context, r Reader, lo, hi uint64) (all []Entry, err error) {
	for e, err := range r.Entries(ctx, lo, hi) {
		if err != nil {
			return all, err
		}
		all = append(all, e)
	}
	return all, nil
}

// TestP67VerifiedRefuses shows one reading that is in order with one thing changed
// each time (P67).
func TestP67VerifiedRefuses(t *testing.T) {
	const n, at = 3000, 2100 // in the third chunk
	log, policy := filled(t, n)
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	honest, err := read(t.Context(), log, 0, n)
	require.NoError(t, err)
	renumber := func(es []Entry, lo uint64) []Entry {
		for i := range es {
			es[i].Index = lo + uint64(i)
		}
		return es
	}
	for _, c := range []struct {
		name  string
		lie   func(es []Entry, i int, lo uint64) []Entry // es from lo on; i: where at is in es
		want  error
		index uint64
	}{
		{"nothing", func(es []Entry, _ int, _ uint64) []Entry { return es }, nil, 0},
		{"modified", func(es []Entry, i int, _ uint64) []Entry { es[i].Data = []byte("entry"); return es }, reason.ErrChain, at},
		{"emptied", func(es []Entry, i int, _ uint64) []Entry { es[i].Data = nil; return es }, reason.ErrChain, at},
		{"dropped", func(es []Entry, i int, lo uint64) []Entry {
			return append(renumber(slices.Delete(es, i, i+1), lo), Entry{n - 1, []byte("more")})
		}, reason.ErrChain, at},
		{"dropped, numbers kept", func(es []Entry, i int, _ uint64) []Entry { return slices.Delete(es, i, i+1) }, reason.ErrChain, at},
		{"inserted", func(es []Entry, i int, lo uint64) []Entry {
			return renumber(slices.Insert(es, i, Entry{Data: []byte("more")})[:len(es)], lo)
		}, reason.ErrChain, at},
		{"inserted, one too many", func(es []Entry, i int, lo uint64) []Entry {
			return renumber(slices.Insert(es, i, Entry{Data: []byte("more")}), lo)
		}, reason.ErrChain, at},
		{"duplicated", func(es []Entry, i int, lo uint64) []Entry {
			return renumber(slices.Insert(es, i, es[i-1])[:len(es)], lo)
		}, reason.ErrChain, at},
		{"duplicated, number too", func(es []Entry, i int, _ uint64) []Entry { return slices.Insert(es, i, es[i-1]) }, reason.ErrChain, at},
		{"swapped", func(es []Entry, i int, _ uint64) []Entry {
			es[i].Data, es[i+1].Data = es[i+1].Data, es[i].Data
			return es
		}, reason.ErrChain, at},
		{"swapped with numbers", func(es []Entry, i int, _ uint64) []Entry { es[i], es[i+1] = es[i+1], es[i]; return es }, reason.ErrChain, at},
		{"two leaves for their node", func(es []Entry, i int, lo uint64) []Entry {
			a, b := LeafHash(es[i].Data), LeafHash(es[i+1].Data)
			es[i].Data = append(a[:], b[:]...)
			return append(renumber(slices.Delete(es, i+1, i+2), lo), Entry{n - 1, []byte("more")})
		}, reason.ErrChain, at},
		{"last modified", func(es []Entry, _ int, _ uint64) []Entry { es[len(es)-1].Data = []byte("x"); return es }, reason.ErrChain, n - 1},
		{"one too many", func(es []Entry, _ int, _ uint64) []Entry { return append(es, Entry{n, []byte("more")}) }, reason.ErrChain, n},
		{"cut", func(es []Entry, i int, _ uint64) []Entry { return es[:i] }, reason.ErrIncomplete, at},
		{"last missing", func(es []Entry, _ int, _ uint64) []Entry { return es[:len(es)-1] }, reason.ErrIncomplete, n - 1},
		{"nothing at all", func([]Entry, int, uint64) []Entry { return nil }, reason.ErrIncomplete, 0},
	} {
		for _, lo := range []uint64{0, 1, 1024, 2047} {
			l := &liar{Reader: log, entries: func(lo, hi uint64) []Entry {
				return c.lie(slices.Clone(honest[lo:hi]), int(at-lo), lo)
			}}
			r, err := Verified(lyingEntries{l}, policy, cp)
			require.NoError(t, err)
			got, err := read(t.Context(), r, lo, n)
			require.Equal(t, append([]Entry(nil), honest[lo:lo+uint64(len(got))]...), got, "%s: what is yielded is right", c.name)
			if c.want == nil {
				require.NoError(t, err)
				require.Len(t, got, int(n-lo))
				continue
			}
			require.ErrorIs(t, err, c.want, "%s from %d", c.name, lo)
			var wrong *EntryError
			require.ErrorAs(t, err, &wrong, c.name)
			require.Equal(t, max(c.index, lo), wrong.Index, "%s from %d", c.name, lo)
		}
	}
}

// failing is a reader some of whose methods fail, or return no proof.
type failing struct {
	Reader
	await, inclusion, consistency error
	noProofs                      bool
	entriesAt                     uint64 // the entry at which Entries fails, unless 0
}

var errDown = errors.New("no connection")

func (f failing) Await(ctx context.Context, size uint64) (Checkpoint, error) {
	cp, err := f.Reader.Await(ctx, size)
	return cp, errors.Join(err, f.await)
}

func (f failing) Inclusion(ctx context.Context, index, size uint64) (tlog.RecordProof, error) {
	if f.noProofs {
		return nil, nil
	}
	p, err := f.Reader.Inclusion(ctx, index, size)
	return p, errors.Join(err, f.inclusion)
}

func (f failing) Consistency(ctx context.Context, old, size uint64) (tlog.TreeProof, error) {
	if f.noProofs {
		return nil, nil
	}
	p, err := f.Reader.Consistency(ctx, old, size)
	return p, errors.Join(err, f.consistency)
}

func (f failing) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for e, err := range f.Reader.Entries(ctx, lo, hi) {
			if f.entriesAt > 0 && e.Index == f.entriesAt {
				e, err = Entry{}, errDown
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// TestVerifiedProofs gives a reader of the right entries no proofs, and one
// that fails: its own failure is not an inconsistent ledger.
func TestVerifiedProofs(t *testing.T) {
	const n = 1500
	log, policy := filled(t, n)
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	from := func(r Reader, lo uint64) error {
		v, err := Verified(r, policy, cp)
		require.NoError(t, err)
		_, err = read(t.Context(), v, lo, n)
		return err
	}
	require.NoError(t, from(failing{Reader: log}, 0))
	require.NoError(t, from(failing{Reader: log}, 1))
	require.ErrorIs(t, from(failing{Reader: log, noProofs: true}, 0), reason.ErrChain)
	require.ErrorIs(t, from(failing{Reader: log, noProofs: true}, 1), reason.ErrChain)
	changed := lyingEntries{&liar{entries: func(lo, hi uint64) []Entry {
		es, err := read(t.Context(), log, lo, hi)
		require.NoError(t, err)
		es[len(es)-1].Data = []byte("changed")
		return es
	}, Reader: failing{Reader: log, inclusion: errDown}}}
	for name, err := range map[string]error{
		"consistency":         from(failing{Reader: log, consistency: errDown}, 0),
		"inclusion":           from(failing{Reader: log, inclusion: errDown}, 1),
		"entries":             from(failing{Reader: log, entriesAt: 1200}, 0),
		"looking for the one": from(changed, 0),
	} {
		require.ErrorIs(t, err, errDown, name)
		require.NotErrorIs(t, err, reason.ErrChain, name)
		require.NotErrorAs(t, err, new(*EntryError), name)
	}
	// A reader that says itself that an entry is damaged.
	damaged := changed
	damaged.liar.Reader = failing{Reader: log, inclusion: reason.ErrChain}
	var wrong *EntryError
	require.ErrorAs(t, from(damaged, 0), &wrong)
	require.EqualValues(t, 1024, wrong.Index, "the first that the reader cannot prove")
}

func TestTree(t *testing.T) {
	_, stored := leaves(t, 9)
	tree := Tree{9, stored}
	_, err := tree.Inclusion(9, 9)
	require.ErrorIs(t, err, reason.ErrRange)
	_, err = tree.Inclusion(8, 10)
	require.ErrorIs(t, err, reason.ErrIncomplete)
	_, err = tree.Consistency(9, 10)
	require.ErrorIs(t, err, reason.ErrIncomplete)
	_, err = tree.Consistency(9, 8)
	require.ErrorIs(t, err, reason.ErrRange)
	proof, err := tree.Consistency(0, 9)
	require.NoError(t, err)
	require.Empty(t, proof)
	_, err = tree.Inclusion(8, 9)
	require.NoError(t, err)
}

func TestVerifiedCheckpoints(t *testing.T) {
	log, policy := filled(t, 19)
	signer := log.(*memory).signer
	older, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	_, err = log.Append(t.Context(), data(19))
	require.NoError(t, err)
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	sign := func(size uint64, root tlog.Hash) Checkpoint {
		cp, err := SignCheckpoint(signer, size, root)
		require.NoError(t, err)
		return cp
	}
	_, err = Verified(log, policy, Checkpoint{Origin: cp.Origin, Size: cp.Size, Root: cp.Root})
	require.ErrorIs(t, err, reason.ErrSignature, "a checkpoint without its note")
	_, err = Verified(log, Policy{}, cp)
	require.ErrorIs(t, err, reason.ErrUnanchored)

	// The fields count for nothing, the note does.
	r, err := Verified(log, policy, Checkpoint{Size: 99, Raw: cp.Raw})
	require.NoError(t, err)
	got, err := r.Checkpoint(t.Context())
	require.NoError(t, err)
	require.Equal(t, cp, got)

	asked, err := Verified(failing{Reader: log, await: errDown}, policy, cp)
	require.NoError(t, err)
	got, err = asked.Await(t.Context(), 20)
	require.NoError(t, err, "what it has it does not ask for")
	require.Equal(t, cp, got)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = asked.Checkpoint(ended)
	require.ErrorIs(t, err, context.Canceled)

	for i := range 10 {
		_, err := log.Append(t.Context(), data(100+i))
		require.NoError(t, err)
	}
	newer, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	_, err = asked.Await(t.Context(), 21)
	require.ErrorIs(t, err, errDown)
	_, err = read(t.Context(), asked, 0, 21)
	require.ErrorIs(t, err, reason.ErrIncomplete, "beyond its checkpoint it reads nothing")
	for _, c := range []struct {
		name string
		cp   Checkpoint
		want error
	}{
		{"older", older, reason.ErrIncomplete},
		{"older with another root", sign(19, tlog.Hash(sha256.Sum256(nil))), reason.ErrChain},
		{"same again", cp, reason.ErrIncomplete},
		{"fork at the same size", sign(20, tlog.Hash{1}), reason.ErrFork},
		{"fork further on", sign(30, tlog.Hash{1}), reason.ErrChain},
		{"size that is not there", sign(31, newer.Root), reason.ErrIncomplete},
		{"not signed", Checkpoint{Origin: newer.Origin, Size: 30, Root: newer.Root, Raw: []byte("30")}, reason.ErrSignature},
		{"the real one", newer, nil},
	} {
		l := &liar{Reader: log, cp: c.cp}
		r, err := Verified(l, policy, cp)
		require.NoError(t, err)
		got, err := r.Await(t.Context(), 25)
		require.ErrorIs(t, err, c.want, c.name)
		now, err := r.Checkpoint(t.Context())
		require.NoError(t, err)
		if c.want == nil {
			require.Equal(t, newer, got)
			require.Equal(t, newer, now)
		} else {
			require.Zero(t, got)
			require.Equal(t, cp, now, c.name)
		}
	}
	var fork *ForkError
	r, err = Verified(&liar{Reader: log, cp: sign(20, tlog.Hash{1})}, policy, cp)
	require.NoError(t, err)
	_, err = r.Await(t.Context(), 25)
	require.ErrorAs(t, err, &fork)
	require.NoError(t, fork.Check(policy))
}

// TestVerifiedEverySpan compares with the entries themselves, around every
// border of subtrees.
func TestVerifiedEverySpan(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 8, 9, 33} {
		log, policy := filled(t, n)
		cp, err := log.Checkpoint(t.Context())
		require.NoError(t, err)
		r, err := Verified(log, policy, cp)
		require.NoError(t, err)
		for lo := range uint64(n + 1) {
			for hi := lo; hi <= uint64(n); hi++ {
				want, err := read(t.Context(), log, lo, hi)
				require.NoError(t, err)
				got, err := read(t.Context(), r, lo, hi)
				require.NoError(t, err)
				require.Equal(t, want, got)
			}
		}
		_, err = read(t.Context(), r, 0, uint64(n)+1)
		require.ErrorIs(t, err, reason.ErrIncomplete)
		_, err = read(t.Context(), r, 2, 1)
		require.ErrorIs(t, err, reason.ErrRange)
	}
}

// TestVerifiedConcurrent follows a growing ledger from several goroutines, of
// which none may call it inconsistent because another was faster.
func TestVerifiedConcurrent(t *testing.T) {
	log, policy := filled(t, 1)
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	r, err := Verified(log, policy, cp)
	require.NoError(t, err)
	const n = 200
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for size := uint64(1); size <= n; size++ {
				cp, err := r.Await(t.Context(), size)
				if err != nil || cp.Size < size {
					t.Errorf("size %d: got %d, %v", size, cp.Size, err)
					return
				}
				clear(cp.Raw) // it is ours
			}
		})
	}
	for i := 1; i < n; i++ {
		_, err := log.Append(t.Context(), data(i))
		require.NoError(t, err)
	}
	wg.Wait()
	cp, err = r.Checkpoint(t.Context())
	require.NoError(t, err)
	_, err = policy.Check(cp.Raw)
	require.NoError(t, err)
	require.EqualValues(t, n, cp.Size)
}

// TestVerifiedOvertaken lets a slow answer come when a newer one has been
// accepted.
func TestVerifiedOvertaken(t *testing.T) {
	log, policy := filled(t, 1)
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	var r Reader
	r, err = Verified(overtaken{log, func() {
		_, err := r.Await(t.Context(), 3)
		require.NoError(t, err)
	}}, policy, cp)
	require.NoError(t, err)
	for i := 1; i < 3; i++ {
		_, err := log.Append(t.Context(), data(i))
		require.NoError(t, err)
	}
	got, err := r.Await(t.Context(), 2)
	require.NoError(t, err)
	require.EqualValues(t, 2, got.Size)
	now, err := r.Checkpoint(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 3, now.Size)
}

// overtaken answers a wait for size 2 with that size, after calling meanwhile.
type overtaken struct {
	Reader
	meanwhile func()
}

func (o overtaken) Await(ctx context.Context, size uint64) (Checkpoint, error) {
	if size != 2 {
		return o.Reader.Await(ctx, size)
	}
	m := o.Reader.(*memory)
	root, err := Tree{2, m.hashes}.Root()
	if err != nil {
		return Checkpoint{}, err
	}
	o.meanwhile()
	return SignCheckpoint(m.signer, 2, root)
}

func TestTailOfLiar(t *testing.T) {
	log, _ := filled(t, 5)
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	l := &liar{Reader: log, cp: cp, entries: func(lo, hi uint64) []Entry { return []Entry{{lo, data(0)}} }}
	n := 0
	for _, err = range Tail(t.Context(), lyingEntries{l}, 0) {
		n++
	}
	require.Equal(t, 2, n, "an entry, an error")
	require.ErrorIs(t, err, reason.ErrIncomplete)
	for _, err = range Tail(t.Context(), lyingEntries{l}, 5) {
	}
	require.ErrorIs(t, err, reason.ErrIncomplete, "a checkpoint that does not grow")
}

// TestVerifiedBytes reads more bytes than are held back at once.
func TestVerifiedBytes(t *testing.T) {
	signer, policy := newKey(t, testOrigin)
	log := NewMemory(signer)
	for i := range 5 {
		b := make([]byte, chunkBytes/2+i)
		_, err := log.Append(t.Context(), b)
		require.NoError(t, err)
	}
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	r, err := Verified(log, policy, cp)
	require.NoError(t, err)
	n := 0
	for e, err := range r.Entries(t.Context(), 0, 5) {
		require.NoError(t, err)
		require.EqualValues(t, n, e.Index)
		require.Len(t, e.Data, chunkBytes/2+n)
		n++
	}
	require.Equal(t, 5, n)
}
