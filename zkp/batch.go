package zkp

import (
	"crypto/rand"
	"fmt"
	"slices"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// Batch checks many proofs together. Every equation of every proof is
// multiplied with its own secret random 128-bit weight, and all of them are
// one sum of points times scalars, which must be the identity of the group:
// Bellare, Garay and Rabin, "Fast Batch Verification for Modular
// Exponentiation and Digital Signatures" (EUROCRYPT 1998). Points that stand
// in many proofs, such as the base and the keys, collect one scalar each over
// the whole batch. docs/protocol.md §5.
//
// A batch is filled by one goroutine; to fill in parallel, give each its own
// and merge them.
type Batch struct {
	group *elgamal.Group
	items []batchItem

	// What the proofs put in, in their order: weighted scalars with their
	// points, and weighted scalars of fixed points. The items' ends cut these
	// lists, so that a part of the batch is a part of each.
	points  []kyber.Point
	scalars []kyber.Scalar
	fixed   []fixedTerm

	fixedPoints []kyber.Point
	fixedIndex  map[string]int // by encoding
	forms       map[*Form]formBases
	base        int // index of the group's base in fixedPoints
}

type batchItem struct {
	subject             string
	pointsEnd, fixedEnd int
}

type fixedTerm struct {
	at     int
	scalar kyber.Scalar
}

// NewBatch returns an empty batch.
func NewBatch(g *elgamal.Group) *Batch {
	b := &Batch{group: g, fixedIndex: map[string]int{}, forms: map[*Form]formBases{}}
	if g != nil {
		b.base = b.fix(g.Base())
	}
	return b
}

// Len returns how many proofs are in the batch.
func (b *Batch) Len() int { return len(b.items) }

// Merge adds the proofs of another batch of the same group behind those of b;
// its items count on from b's. The other batch must not be used afterwards.
func (b *Batch) Merge(other *Batch) {
	if b.group != other.group {
		panic("zkp: merging batches of different groups")
	}
	moved := make([]int, len(other.fixedPoints))
	for i, p := range other.fixedPoints {
		moved[i] = b.fix(p)
	}
	points, fixed := len(b.points), len(b.fixed)
	b.points = append(b.points, other.points...)
	b.scalars = append(b.scalars, other.scalars...)
	for _, t := range other.fixed {
		b.fixed = append(b.fixed, fixedTerm{moved[t.at], t.scalar})
	}
	for _, it := range other.items {
		it.pointsEnd += points
		it.fixedEnd += fixed
		b.items = append(b.items, it)
	}
}

// fix returns the index of a point that collects one scalar over the batch.
func (b *Batch) fix(p kyber.Point) int {
	key := string(b.group.AppendPoint(nil, p))
	i, ok := b.fixedIndex[key]
	if !ok {
		i = len(b.fixedPoints)
		b.fixedPoints = append(b.fixedPoints, p)
		b.fixedIndex[key] = i
	}
	return i
}

// begin starts an item; add and addFixed fill it, end closes it. The scalars
// belong to the batch from then on.
func (b *Batch) begin(subject string) {
	if n := len(b.items); n&(n-1) == 0 { // room for as much again; append makes long lists a quarter longer only
		b.points = slices.Grow(b.points, len(b.points))
		b.scalars = slices.Grow(b.scalars, len(b.scalars))
		b.fixed = slices.Grow(b.fixed, len(b.fixed))
	}
	b.items = append(b.items, batchItem{subject: subject})
}

func (b *Batch) add(s kyber.Scalar, p kyber.Point) {
	b.scalars = append(b.scalars, s)
	b.points = append(b.points, p)
}

func (b *Batch) addFixed(at int, s kyber.Scalar) { b.fixed = append(b.fixed, fixedTerm{at, s}) }

func (b *Batch) end() {
	it := &b.items[len(b.items)-1]
	it.pointsEnd, it.fixedEnd = len(b.points), len(b.fixed)
}

// Verify returns nil if every proof in the batch holds, and otherwise a
// [*BatchError] that names every one that does not. A batch in which one does
// not hold passes with probability 2⁻¹²⁸; the empty batch holds.
func (b *Batch) Verify() error {
	sum := b.sum(0, len(b.items))
	if len(b.items) == 0 || b.group.IsIdentity(sum) {
		return nil
	}
	f := finder{batch: b}
	f.search(0, len(b.items), sum)
	return &BatchError{f.bad}
}

// finder looks for the items of a batch that do not hold.
type finder struct {
	batch *Batch
	bad   []BadItem
	good  int // how many items are known to hold
}

// search finds the bad items of [lo, hi), whose sum is not the identity. It cuts
// the range in two; the sum of the right part is what the left part leaves. One
// bad item among many costs about as much as the sum of all of them: Law and
// Matt, "Finding Invalid Signatures in Pairing-Based Batches" (IMA Cryptography
// and Coding 2007). Halves do not help where much is bad, and every level of
// them costs: there it takes the items off one by one.
func (f *finder) search(lo, hi int, sum kyber.Point) {
	g := f.batch.group
	for hi-lo > 1 {
		mid := lo + (hi-lo)/2
		if f.dense() {
			mid = lo + 1
		}
		left := f.batch.sum(lo, mid)
		right := g.Point().Sub(sum, left)
		leftHolds, rightHolds := g.IsIdentity(left), g.IsIdentity(right)
		if rightHolds { // known before the left part is searched
			f.good += hi - mid
		}
		if leftHolds {
			f.good += mid - lo
		} else {
			f.search(lo, mid, left)
		}
		if rightHolds {
			return
		}
		lo, sum = mid, right
	}
	f.bad = append(f.bad, BadItem{lo, f.batch.items[lo].subject})
}

// dense reports whether of the items known so far a third is bad, and those are
// not very few.
func (f *finder) dense() bool { return 2*len(f.bad) > f.good+8 }

// sum returns the weighted sum of the items in [lo, hi).
func (b *Batch) sum(lo, hi int) kyber.Point {
	if lo == hi {
		return b.group.Point()
	}
	p0, f0 := 0, 0
	if lo > 0 {
		p0, f0 = b.items[lo-1].pointsEnd, b.items[lo-1].fixedEnd
	}
	p1, f1 := b.items[hi-1].pointsEnd, b.items[hi-1].fixedEnd

	sum := b.group.NewSumVarTime()
	collected := make([]kyber.Scalar, len(b.fixedPoints))
	for _, t := range b.fixed[f0:f1] {
		if collected[t.at] == nil {
			collected[t.at] = b.group.Scalar().Zero()
		}
		collected[t.at].Add(collected[t.at], t.scalar)
	}
	for i, s := range collected {
		if s != nil {
			sum.Add(s, b.fixedPoints[i])
		}
	}
	for i := p0; i < p1; i++ {
		sum.Add(b.scalars[i], b.points[i])
	}
	return sum.Value()
}

// secretWeights returns n fresh secret random scalars in [0, 2¹²⁸), for a
// verifier. It panics where one is 0, as if the random source had failed: with
// such weights everything holds.
func secretWeights(g *elgamal.Group, n int) []kyber.Scalar {
	b := make([]byte, 16*n)
	rand.Read(b) // never fails
	for w := range slices.Chunk(b, 16) {
		if [16]byte(w) == [16]byte{} {
			panic("zkp: the random source gives zeros")
		}
	}
	return shortScalars(g, b)
}

// BatchError names the proofs of a batch that do not hold, in the order of
// adding. It wraps [ErrProof].
type BatchError struct{ Bad []BadItem }

// BadItem is one proof that does not hold.
type BadItem struct {
	Item    int    // how many were added before it
	Subject string // as given to AddTo
}

func (e *BatchError) Error() string {
	if len(e.Bad) == 1 {
		return fmt.Sprintf("zkp: batch: item %d (%s): %v", e.Bad[0].Item, e.Bad[0].Subject, ErrProof)
	}
	return fmt.Sprintf("zkp: batch: %d items, the first is %d (%s): %v", len(e.Bad), e.Bad[0].Item, e.Bad[0].Subject, ErrProof)
}

func (e *BatchError) Unwrap() error { return ErrProof }
