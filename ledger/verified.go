package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// How many entries, or bytes of them, Verified holds back until they are
// checked together.
const (
	chunkEntries = 1024
	chunkBytes   = 8 << 20
)

// Verified returns a reader that believes r nothing: it yields an entry only
// after checking it against the root of a checkpoint that satisfies p, and
// follows r only to checkpoints that extend the one it has. An auditor reads
// through it. cp is where it starts, and what Checkpoint returns until Await
// has moved on; it is checked against p first.
//
// Entries recomputes the tree in memory of O(log n) and a bounded number of
// entries. A modified, inserted, dropped or reordered entry is an [*EntryError]
// that names the first wrong index and wraps ErrChain; entries that r does not
// deliver are ErrIncomplete; a fork is a [*ForkError].
func Verified(r Reader, p Policy, cp Checkpoint) (Reader, error) {
	checked, err := p.Check(cp.Raw)
	if err != nil {
		return nil, err
	}
	return &verified{Reader: r, policy: p, newest: checked}, nil
}

// verified takes Inclusion and Consistency from the reader that it wraps:
// proofs are checked by whoever uses them.
type verified struct {
	Reader
	policy Policy

	mu     sync.Mutex
	newest Checkpoint
}

func (v *verified) Checkpoint(ctx context.Context) (Checkpoint, error) {
	if err := ctx.Err(); err != nil {
		return Checkpoint{}, err
	}
	return v.current(), nil
}

func (v *verified) current() Checkpoint {
	v.mu.Lock()
	defer v.mu.Unlock()
	cp := v.newest
	cp.Raw = bytes.Clone(cp.Raw)
	return cp
}

func (v *verified) Await(ctx context.Context, size uint64) (Checkpoint, error) {
	old := v.current()
	if size <= old.Size {
		return old, ctx.Err()
	}
	got, err := v.Reader.Await(ctx, size)
	if err != nil {
		return Checkpoint{}, err
	}
	cp, err := v.policy.Check(got.Raw)
	if err != nil {
		return Checkpoint{}, err
	}
	if err := v.advance(ctx, cp); err != nil {
		return Checkpoint{}, err
	}
	if cp.Size < size {
		return Checkpoint{}, fmt.Errorf("ledger: asked for size %d, got %d: %w", size, cp.Size, reason.ErrIncomplete)
	}
	return cp, nil
}

// advance checks cp against the newest checkpoint, and makes it that if it is
// newer. Somebody else may have moved on meanwhile: then cp may be the older
// one and still be right.
func (v *verified) advance(ctx context.Context, cp Checkpoint) error {
	for {
		old := v.current()
		from, to := old, cp
		if to.Size < from.Size {
			from, to = to, from
		}
		var proof tlog.TreeProof
		if from.Size < to.Size {
			var err error
			if proof, err = v.Reader.Consistency(ctx, from.Size, to.Size); err != nil {
				return err
			}
		}
		if err := to.CheckConsistency(from, proof); err != nil {
			return err
		}
		if v.replace(old, to) {
			return nil
		}
	}
}

// replace makes cp the newest checkpoint if old still is.
func (v *verified) replace(old, cp Checkpoint) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.newest.Size != old.Size {
		return false
	}
	cp.Raw = bytes.Clone(cp.Raw)
	v.newest = cp
	return true
}

func (v *verified) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		cp := v.current()
		if err := (Tree{Size: cp.Size}).CheckSpan(lo, hi); err != nil {
			yield(Entry{}, err)
			return
		}
		c := checker{ctx: ctx, r: v.Reader, cp: cp, tree: NewRange(lo)}
		for e, err := range inOrder(v.Reader.Entries(ctx, lo, hi), lo, hi) {
			var ready []Entry
			if err == nil {
				ready, err = c.add(e, e.Index+1 == hi)
			}
			for _, e := range ready {
				if !yield(e, nil) {
					return
				}
			}
			if err != nil {
				yield(Entry{}, err)
				return
			}
		}
	}
}

// checker checks consecutive entries against a checkpoint, some at a time.
type checker struct {
	ctx  context.Context
	r    Reader
	cp   Checkpoint
	tree *Range // of all entries from 0 on, once the first was added

	held  []Entry
	bytes int
}

// add takes the next entry, and returns all that it held back if they are
// enough or this is the last, after checking them.
func (c *checker) add(e Entry, last bool) ([]Entry, error) {
	if c.tree.Begin() > 0 {
		if err := c.start(e); err != nil {
			return nil, err
		}
	}
	c.tree.Append(LeafHash(e.Data))
	c.held = append(c.held, e)
	c.bytes += len(e.Data)
	if !last && len(c.held) < chunkEntries && c.bytes < chunkBytes {
		return nil, nil
	}
	held := c.held
	c.held, c.bytes = nil, 0
	if err := c.checkPrefix(); err != nil {
		if !errors.Is(err, reason.ErrChain) {
			return nil, err // the reader failed
		}
		if wrong := c.firstWrong(held); wrong != nil {
			return nil, wrong
		}
		return nil, &EntryError{held[0].Index, err}
	}
	return held, nil
}

// start checks the first entry by its inclusion proof, whose left siblings
// are the tree of all entries before it.
func (c *checker) start(e Entry) error {
	proof, err := c.r.Inclusion(c.ctx, e.Index, c.cp.Size)
	if err != nil {
		return err
	}
	if err := c.cp.CheckInclusion(e.Index, LeafHash(e.Data), proof); err != nil {
		return err
	}
	c.tree = rangeBefore(e.Index, c.cp.Size, proof)
	return nil
}

// checkPrefix checks that the tree so far is a prefix of that of the
// checkpoint.
func (c *checker) checkPrefix() error {
	root, err := c.tree.Root()
	if err != nil {
		return err
	}
	prefix := Checkpoint{Origin: c.cp.Origin, Size: c.tree.End(), Root: root}
	if prefix.Size == c.cp.Size {
		if root != c.cp.Root {
			return fmt.Errorf("entries do not add up to the root at size %d: %w", c.cp.Size, reason.ErrChain)
		}
		return nil
	}
	proof, err := c.r.Consistency(c.ctx, prefix.Size, c.cp.Size)
	if err != nil {
		return err
	}
	return c.cp.CheckConsistency(prefix, proof)
}

// firstWrong finds the first entry that is not in the tree of the checkpoint,
// or that the reader itself calls damaged; nil if each has a proof that it is.
func (c *checker) firstWrong(entries []Entry) error {
	for _, e := range entries {
		proof, err := c.r.Inclusion(c.ctx, e.Index, c.cp.Size)
		switch {
		case errors.Is(err, reason.ErrChain):
			return &EntryError{e.Index, err}
		case err != nil:
			return err
		}
		if err := c.cp.CheckInclusion(e.Index, LeafHash(e.Data), proof); err != nil {
			return err
		}
	}
	return nil
}

// rangeBefore returns the tree of the entries before index, out of a checked
// proof that index is in the tree of the given size. Walking from the root
// down, every left sibling is the next of the largest complete subtrees.
func rangeBefore(index, size uint64, proof tlog.RecordProof) *Range {
	r := NewRange(0)
	lo, hi := uint64(0), size
	for i := len(proof) - 1; i >= 0; i-- {
		level := leftLevel(hi - lo)
		if mid := lo + 1<<level; index < mid {
			hi = mid
		} else {
			r.push(level, proof[i])
			lo = mid
		}
	}
	return r
}
