package ledger

import (
	"crypto/sha256"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// maxSize bounds the size of a tree, well below where the index arithmetic of
// package tlog overflows and loops.
const maxSize = 1 << 60

// Range is the Merkle tree over the consecutive entries begin ≤ index < end
// in its compact form: the hashes of the largest complete subtrees that it is
// made of, at most 2·log₂ of them, left to right. Adjacent ranges merge, so
// that parts of a ledger hashed anywhere in any order add up to its root.
//
// The zero value is the empty range at 0.
type Range struct {
	begin, end uint64
	hashes     []tlog.Hash // of the subtrees that subtreeLevel finds from begin to end
}

// NewRange returns the empty range at begin.
func NewRange(begin uint64) *Range {
	if begin > maxSize {
		panic("ledger: range begins out of range")
	}
	return &Range{begin: begin, end: begin}
}

// Begin returns the index of the first entry.
func (r *Range) Begin() uint64 { return r.begin }

// End returns the index after the last entry.
func (r *Range) End() uint64 { return r.end }

// Append adds the leaf hash of the entry End.
func (r *Range) Append(leaf tlog.Hash) { r.push(0, leaf) }

// Merge adds the entries of next, which must begin where r ends. Otherwise it
// fails with ErrRange and changes nothing.
func (r *Range) Merge(next *Range) error {
	if next.begin != r.end {
		return fmt.Errorf("ledger: entries from %d do not follow entries to %d: %w", next.begin, r.end, reason.ErrRange)
	}
	// What next holds before any push: it may be r itself, and empty.
	hashes, end := next.hashes, next.end
	for at := next.begin; at < end; {
		level := subtreeLevel(at, end)
		r.push(level, hashes[0])
		hashes = hashes[1:]
		at += 1 << level
	}
	return nil
}

// Root returns the root hash of the tree of size End. It fails with ErrRange
// if r does not begin at 0.
func (r *Range) Root() (tlog.Hash, error) {
	if r.begin != 0 {
		return tlog.Hash{}, fmt.Errorf("ledger: entries from %d have no root: %w", r.begin, reason.ErrRange)
	}
	if r.end == 0 {
		return emptyRoot, nil
	}
	h := r.hashes[len(r.hashes)-1]
	for i := len(r.hashes) - 2; i >= 0; i-- {
		h = tlog.NodeHash(r.hashes[i], h)
	}
	return h, nil
}

// emptyRoot is the root of the empty tree.
var emptyRoot = tlog.Hash(sha256.Sum256(nil))

// Clone returns a copy of r.
func (r *Range) Clone() *Range {
	return &Range{r.begin, r.end, append([]tlog.Hash(nil), r.hashes...)}
}

// push adds a complete subtree of 1<<level leaves at end, and joins it with
// its left sibling for as long as r has that.
func (r *Range) push(level int, h tlog.Hash) {
	at := r.end
	r.end += 1 << level
	if r.end > maxSize {
		panic("ledger: range ends out of range")
	}
	for {
		n := at >> level // its number among the subtrees of this level
		if n&1 == 0 || (n-1)<<level < r.begin {
			break
		}
		last := len(r.hashes) - 1
		h = tlog.NodeHash(r.hashes[last], h)
		r.hashes = r.hashes[:last]
		at, level = (n-1)<<level, level+1
	}
	r.hashes = append(r.hashes, h)
}

// subtreeLevel returns the level of the largest complete subtree that begins
// at at and ends by end. at must be below end.
func subtreeLevel(at, end uint64) int {
	return min(bits.TrailingZeros64(at), bits.Len64(end-at)-1)
}

// leftLevel returns the level of the left subtree of a tree of n ≥ 2 leaves:
// the largest power of two below n (RFC 6962, section 2.1).
func leftLevel(n uint64) int { return bits.Len64(n-1) - 1 }

// Bytes returns the canonical encoding: begin, end, the hashes.
func (r *Range) Bytes() []byte {
	var w wire.Writer
	w.Uint64(r.begin)
	w.Uint64(r.end)
	for _, h := range r.hashes {
		w.Raw(h[:])
	}
	return w.Bytes()
}

// ParseRange decodes what Bytes returned (ErrEncoding).
func ParseRange(b []byte) (*Range, error) {
	in := wire.NewReader(b)
	r := &Range{begin: in.Uint64(), end: in.Uint64()}
	if in.Err() == nil && (r.begin > r.end || r.end > maxSize) {
		in.Fail(fmt.Errorf("range from %d to %d: %w", r.begin, r.end, reason.ErrEncoding))
	}
	for at := r.begin; in.Err() == nil && at < r.end; {
		var h tlog.Hash
		copy(h[:], in.Raw(len(h)))
		r.hashes = append(r.hashes, h)
		at += 1 << subtreeLevel(at, r.end)
	}
	if err := in.Done(); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	return r, nil
}
