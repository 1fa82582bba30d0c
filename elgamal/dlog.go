package elgamal

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"go.dedis.ch/kyber/v3"
)

// LogTable computes logarithms in small ranges, which is how the sum of votes
// comes out of a decrypted point: the baby steps of Shanks' algorithm ("Class
// number, a theory of factorization, and genera", 1971), computed once and
// used for any number of results. It is immutable and safe for concurrent use.
type LogTable struct {
	group *Group
	// The baby steps are j·G for 0 ≤ j ≤ reach. Where a key does not tell a
	// point from its negative they cover −reach ≤ j ≤ reach.
	reach     uint64
	symmetric bool
	width     uint64
	// slots is a hash table with open addressing. A slot holds 40 bits of the
	// key and j+1; 0 is empty.
	slots []uint64
	mask  uint64
}

const (
	tableIndexBits = 24
	// maxReach bounds the table to 64 MiB; beyond it, that is for ranges wider
	// than 2⁴², more giant steps are needed.
	maxReach = 1 << 22
)

// walker is what a group offers to make steps fast: the keys of start + i·step.
type walker interface {
	WalkVarTime(start, step kyber.Point, n uint64, visit func(i, key uint64) bool)
}

// NewLogTable makes a table for results in ranges of at most width values. It
// makes about 2·√width group operations and keeps 12 to 24 bytes for each. For
// a width of 2⁴⁰ that takes about a second and 32 MiB on ristretto255, where a
// logarithm then takes at most a fifth of it; P-256 is some seven times slower.
func NewLogTable(g *Group, width uint64) *LogTable {
	reach := min(uint64(2*math.Sqrt(float64(width)))+1, maxReach, max(width, 1))
	t := &LogTable{group: g, reach: reach, width: width}
	t.slots = make([]uint64, 1<<bits.Len64(reach+reach/2+2))
	t.mask = uint64(len(t.slots) - 1)
	_, t.symmetric = g.codec.(walker)
	t.walk(g.Point(), g.Base(), reach+1, func(j, key uint64) bool {
		for i := key & t.mask; ; i = (i + 1) & t.mask {
			if t.slots[i] == 0 {
				t.slots[i] = key>>tableIndexBits<<tableIndexBits | (j + 1)
				return true
			}
		}
	})
	return t
}

// walk visits the keys of start + i·step for i below n.
func (t *LogTable) walk(start, step kyber.Point, n uint64, visit func(i, key uint64) bool) {
	if c, ok := t.group.codec.(walker); ok {
		c.WalkVarTime(start, step, n, visit)
		return
	}
	p := start.Clone()
	var buf []byte
	for i := range n {
		buf = t.group.AppendPoint(buf[:0], p)
		h := sha256.Sum256(buf)
		if !visit(i, binary.LittleEndian.Uint64(h[:])) {
			return
		}
		p.Add(p, step)
	}
}

// Log returns the x in [lo, hi] for which p = x·G; both ends are included and
// may be negative. The time depends on x, which is public by now; it grows with
// the square root of the width. Errors: ErrRange if there is no such x, or if
// the range is empty or wider than the table was made for; ErrGroup for a point
// of another group.
func (t *LogTable) Log(p kyber.Point, lo, hi int64) (int64, error) {
	g := t.group
	if err := g.CheckPoint(p); err != nil {
		return 0, err
	}
	span := uint64(hi) - uint64(lo) // hi − lo, which int64 may not hold
	if lo > hi || span >= t.width {
		return 0, fmt.Errorf("elgamal: logarithm in [%d, %d] with a table for %d values: %w", lo, hi, t.width, ErrRange)
	}
	// x = lo + y; giant step k is at y = center + k·stride, and the baby steps
	// reach from it up, and down if they are symmetric.
	var center uint64
	stride := t.reach + 1
	if t.symmetric {
		center, stride = t.reach, 2*t.reach+1
	}
	start := g.kyber.Point().Mul(g.Int64Scalar(lo), nil)
	shift := g.kyber.Point().Mul(g.Uint64Scalar(center), nil)
	start.Sub(p, start.Add(start, shift)) // p − (lo + center)·G
	step := g.kyber.Point().Mul(g.Uint64Scalar(stride), nil)
	step.Neg(step)

	var found *int64
	t.walk(start, step, span/stride+1, func(k, key uint64) bool {
		for i := key & t.mask; t.slots[i] != 0; i = (i + 1) & t.mask {
			if t.slots[i]>>tableIndexBits != key>>tableIndexBits {
				continue
			}
			j := t.slots[i]&(1<<tableIndexBits-1) - 1
			at := center + k*stride
			for _, y := range [2]uint64{at + j, at - j} {
				// Below 0 wraps around, and is above span as well.
				x := int64(uint64(lo) + y)
				if y <= span && p.Equal(g.kyber.Point().Mul(g.Int64Scalar(x), nil)) {
					found = &x
					return false
				}
			}
		}
		return true
	})
	if found == nil {
		return 0, fmt.Errorf("elgamal: no logarithm in [%d, %d]: %w", lo, hi, ErrRange)
	}
	return *found, nil
}
