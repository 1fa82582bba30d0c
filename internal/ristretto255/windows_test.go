package ristretto255

import (
	"fmt"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"
)

// wideTable is a table of one point for digits of 4, 5 or 6 bits, a row for each:
// what Table could be. A row of more than eight multiples is several of Table's,
// read one after the other.
type wideTable struct {
	width int
	rows  [][]tableRow // of row i, (8j+1)·2^(width·i)·P … (8j+8)·2^(width·i)·P
}

func newWideTable(width int, p *extended) (t wideTable) {
	t.width = width
	base := *p
	for range 253/width + 1 {
		list := make([]extended, 1<<(width-1))
		pointers := make([]*extended, len(list))
		var q projectivePoint
		q.set(&base)
		list[0], pointers[0] = base, &list[0]
		for j := 1; j < len(list); j++ {
			list[j], pointers[j] = list[j-1], &list[j]
			list[j].add(&q)
		}
		row := make([]tableRow, len(list)/8)
		for j, q := range affinePoints(pointers) {
			for k := range q.xy2d {
				row[j/8][0][k][j%8], row[j/8][1][k][j%8], row[j/8][2][k][j%8] = q.sides[0][k], q.sides[1][k], q.xy2d[k]
			}
		}
		t.rows = append(t.rows, row)
		base.doubleTimes(width)
	}
	return t
}

func (t wideTable) bytes() int { return len(t.rows) * 96 << (t.width - 1) }

// mul returns s·P.
func (t wideTable) mul(s *Scalar) extended {
	b := s.s.Bytes()
	var w [6]uint64
	for i, v := range b {
		w[i/8] |= uint64(v) << (8 * (i % 8))
	}
	half, carry := int8(1)<<(t.width-1), int8(0)
	sum, q := neutral, affinePoint{}
	for i, row := range t.rows {
		at := i * t.width
		v := w[at/64]>>(at%64) | w[at/64+1]<<1<<(63-at%64)
		digit := int8(v&(1<<t.width-1)) + carry
		carry = int8((int(digit) + int(half)) >> t.width)
		chooseWide(row, &q, digit-carry<<t.width)
		sum.addAffine(&q, 0)
	}
	return sum
}

// chooseWide sets q to digit·B. What is not in a part of the row is the identity
// there, of which all but one are taken away.
func chooseWide(row []tableRow, q *affinePoint, digit int8) {
	sign := digit >> 7
	size := (digit ^ sign) - sign
	row[0].choose(q, part(size, 0, sign))
	for j := 1; j < len(row); j++ {
		var other affinePoint
		row[j].choose(&other, part(size, int8(8*j), sign))
		for k := range q.xy2d {
			q.sides[0][k] ^= other.sides[0][k]
			q.sides[1][k] ^= other.sides[1][k]
			q.xy2d[k] ^= other.xy2d[k]
		}
		q.sides[0][0] ^= 1
		q.sides[1][0] ^= 1
	}
}

// part returns ±(size − from) if that is from 1 to 8, and 0 otherwise.
func part(size, from, sign int8) int8 {
	d := size - from
	d &= (-d >> 7) & (d - 9) >> 7 // 0 < d and d < 9
	return (d ^ sign) - sign
}

// wideProducts calls check with a table of each width and the same product from
// the table that there is.
func wideProducts(check func(t wideTable, s *Scalar, want *Point)) {
	p := Group{}.HashToPoint("windows", nil)
	table := Group{}.NewTable([]kyber.Point{p})
	for width := 4; width <= 6; width++ {
		t := newWideTable(width, p.(*Point).plain())
		for _, s := range tableScalars() {
			check(t, s.(*Scalar), table.Mul(0, s).(*Point))
		}
	}
}

func TestWindows(t *testing.T) {
	wideProducts(func(wide wideTable, s *Scalar, want *Point) {
		got := &Point{p: wide.mul(s)}
		require.True(t, got.Equal(want), "%d bits, %v", wide.width, new(big.Int).SetBytes(s.s.Bytes()))
	})
}

// BenchmarkWindow shows a multiplication with digits of 4, 5 and 6 bits side by
// side, in constant time, and the bytes of the tables.
func BenchmarkWindow(b *testing.B) {
	p := Group{}.HashToPoint("windows", nil).(*Point)
	s := random48().(*Scalar)
	for width := 4; width <= 6; width++ {
		t := newWideTable(width, &p.p)
		b.Run(fmt.Sprintf("bits=%d", width), func(b *testing.B) {
			for b.Loop() {
				t.mul(s)
			}
			b.ReportMetric(float64(t.bytes()), "B/point")
		})
		b.Run(fmt.Sprintf("build/bits=%d", width), func(b *testing.B) {
			for b.Loop() {
				newWideTable(width, &p.p)
			}
		})
	}
}
