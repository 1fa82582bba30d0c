package main

import (
	"context"
	"iter"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// operatedLedger is a ledger whose operator shows what it likes.
type operatedLedger struct {
	entries [][]byte
	hashes  storedHashes
	size    uint64 // of the tree that the hashes are of
	cp      ledger.Checkpoint
}

type storedHashes []tlog.Hash

func (h storedHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		hashes[i] = h[at]
	}
	return hashes, nil
}

// read returns a ledger with the given entries and a checkpoint that its key
// has signed.
func (b *base) read(entries [][]byte) *operatedLedger {
	l := &operatedLedger{entries: entries, size: uint64(len(entries))}
	for i, data := range entries {
		l.hashes = append(l.hashes, mustValue(tlog.StoredHashesForRecordHash(int64(i), ledger.LeafHash(data), l.hashes))...)
	}
	l.cp = mustValue(ledger.SignCheckpoint(b.signer, l.size, mustValue(l.tree(l.size).Root())))
	return l
}

// rootOf returns the root of the first size entries.
func (l *operatedLedger) tree(size uint64) ledger.Tree {
	return ledger.Tree{Size: size, Hashes: l.hashes}
}

// unsigned replaces the signature of the checkpoint by the one under another.
func (l *operatedLedger) unsigned(signed ledger.Checkpoint) {
	body, _, _ := strings.Cut(string(l.cp.Raw), "\n\n")
	_, signatures, _ := strings.Cut(string(signed.Raw), "\n\n")
	l.cp.Raw = []byte(body + "\n\n" + signatures)
}

func (l *operatedLedger) Checkpoint(ctx context.Context) (ledger.Checkpoint, error) {
	return l.cp, ctx.Err()
}

func (l *operatedLedger) Await(ctx context.Context, size uint64) (ledger.Checkpoint, error) {
	if size > l.cp.Size {
		return ledger.Checkpoint{}, reason.ErrIncomplete
	}
	return l.cp, ctx.Err()
}

func (l *operatedLedger) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for i := lo; i < hi; i++ {
			if i >= uint64(len(l.entries)) {
				yield(ledger.Entry{}, reason.ErrIncomplete)
				return
			}
			if !yield(ledger.Entry{Index: i, Data: l.entries[i]}, nil) {
				return
			}
		}
	}
}

func (l *operatedLedger) Inclusion(_ context.Context, index, size uint64) (tlog.RecordProof, error) {
	if size > l.size {
		return nil, reason.ErrIncomplete
	}
	return l.tree(l.size).Inclusion(index, size)
}

func (l *operatedLedger) Consistency(_ context.Context, old, size uint64) (tlog.TreeProof, error) {
	if size > l.size {
		return nil, reason.ErrIncomplete
	}
	return l.tree(l.size).Consistency(old, size)
}

// walkCheckpoint cuts a checkpoint into its lines: origin, size, root, and the
// signature.
func walkCheckpoint(raw []byte) *node {
	w, root := newWalker("checkpoint", raw)
	w.lines("origin", "size", "root", "end", "signature")
	must(w.done())
	return root
}

// signNote signs a text as a checkpoint is signed.
func signNote(signer note.Signer, text string) ([]byte, error) {
	return note.Sign(&note.Note{Text: text}, signer)
}
