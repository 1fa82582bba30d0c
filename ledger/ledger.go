// Package ledger is an append-only log of opaque entries under a signed Merkle
// tree: bytes in, tree out. It knows nothing of votes.
//
// The tree is that of RFC 6962 with SHA-256, checkpoints are signed notes
// after [c2sp.org/tlog-checkpoint], receipts are [c2sp.org/tlog-proof] texts;
// the Merkle and note code is that of golang.org/x/mod. docs/ledger.md
// describes every format.
//
// [NewMemory] is a ledger for tests; package boltledger is the durable one.
// Whoever reads somebody else's ledger reads it through [Verified], which
// checks every entry against a checkpoint that satisfies a [Policy].
//
// [c2sp.org/tlog-checkpoint]: https://c2sp.org/tlog-checkpoint
// [c2sp.org/tlog-proof]: https://c2sp.org/tlog-proof
package ledger

import (
	"context"
	"fmt"
	"iter"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Entry is one entry of a ledger: the full data, also of a large entry.
type Entry struct {
	Index uint64
	Data  []byte
}

// Appender adds entries to a ledger.
type Appender interface {
	// Append adds data and returns its index once it is durable and has its
	// final place. The same bytes again return the index of the first. It
	// fails with ErrTooLarge for data that is empty or larger than MaxEntry,
	// with ErrEncoding for data that begins like a stub, with ErrBusy when
	// too much is in flight and with ErrClosed. After any other error, also
	// that of ctx, the outcome is unknown: append the same bytes again.
	Append(ctx context.Context, data []byte) (index uint64, err error)
}

// Reader reads a ledger. What it returns is only as good as its maker's word:
// see Verified.
type Reader interface {
	// Checkpoint returns the newest published checkpoint.
	Checkpoint(ctx context.Context) (Checkpoint, error)
	// Await returns the newest published checkpoint once its size is at
	// least size. Where that can never happen it fails with ErrIncomplete.
	Await(ctx context.Context, size uint64) (Checkpoint, error)
	// Entries yields the entries lo ≤ index < hi in order, and stops after
	// the first error. A hi above the published size is ErrIncomplete.
	Entries(ctx context.Context, lo, hi uint64) iter.Seq2[Entry, error]
	// Inclusion returns the proof that entry index is in the tree of the
	// given size, for Checkpoint.CheckInclusion.
	Inclusion(ctx context.Context, index, size uint64) (tlog.RecordProof, error)
	// Consistency returns the proof that the tree of size old is a prefix of
	// the tree of the given size, for Checkpoint.CheckConsistency. It is
	// empty if old is 0.
	Consistency(ctx context.Context, old, size uint64) (tlog.TreeProof, error)
}

// HashReader is what a [Reader] can do besides, so that [Handler] need not take
// every hash from a proof.
type HashReader interface {
	// Hashes returns the hashes of the subtrees begin ≤ n < end of 1<<level
	// entries each, where the n-th has the entries from n<<level on. It fails
	// with ErrIncomplete if the published size does not reach so far.
	Hashes(ctx context.Context, level int, begin, end uint64) ([]tlog.Hash, error)
}

// Ledger is a ledger that can be appended to and read.
type Ledger interface {
	Appender
	Reader
	// Close waits for the appends that were taken and releases the ledger.
	// Later calls fail with ErrClosed.
	Close() error
}

// Tail yields the entries of r from index from on, waiting for new ones as
// they are published, until ctx ends or r fails; its last pair is that error.
func Tail(ctx context.Context, r Reader, from uint64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for {
			cp, err := r.Await(ctx, from+1)
			if err == nil && cp.Size <= from {
				err = fmt.Errorf("ledger: asked for size %d, got %d: %w", from+1, cp.Size, reason.ErrIncomplete)
			}
			if err != nil {
				yield(Entry{}, err)
				return
			}
			for e, err := range inOrder(r.Entries(ctx, from, cp.Size), from, cp.Size) {
				if !yield(e, err) || err != nil {
					return
				}
			}
			from = cp.Size
		}
	}
}

// inOrder yields the entries lo ≤ index < hi of entries and fails if they are
// not exactly these, so that a short stream is never taken for a whole one.
func inOrder(entries iter.Seq2[Entry, error], lo, hi uint64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		next := lo
		for e, err := range entries {
			switch {
			case err != nil:
			case next == hi:
				err = &EntryError{hi, fmt.Errorf("more entries than asked for: %w", reason.ErrChain)}
			case e.Index != next:
				err = &EntryError{next, fmt.Errorf("got entry %d in its place: %w", e.Index, reason.ErrChain)}
			}
			if err != nil {
				yield(Entry{}, err)
				return
			}
			if !yield(e, nil) {
				return
			}
			next++
		}
		if next < hi {
			yield(Entry{}, &EntryError{next, fmt.Errorf("missing of %d entries: %w", hi, reason.ErrIncomplete)})
		}
	}
}
