package tally

import (
	"slices"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
)

// rowLayout says which columns of the rows of one style are added up and which
// are mixed. All of a row have one A.
type rowLayout struct {
	slots []int       // the columns that are slots
	start map[int]int // contest → where its slots begin among these
	mixed []mixedColumns
}

// mixedColumns are the columns of a mixed contest in a row.
type mixedColumns struct{ contest, first, count int }

func newRowLayout(m *ballot.Manifest, style int) *rowLayout {
	l := &rowLayout{start: make(map[int]int)}
	at := 0
	for _, contest := range m.Styles[style].Contests {
		_, n := m.Contests[contest].Columns()
		if m.Contests[contest].Mixed() {
			l.mixed = append(l.mixed, mixedColumns{contest, at, n})
		} else {
			l.start[contest] = len(l.slots)
			for k := range n {
				l.slots = append(l.slots, at+k)
			}
		}
		at += n
	}
	return l
}

// slotsOf returns the part of a row that is added up.
func (l *rowLayout) slotsOf(row elgamal.Ciphertext) elgamal.Ciphertext {
	if len(l.mixed) == 0 {
		return row
	}
	slots := elgamal.Ciphertext{A: row.A}
	for _, column := range l.slots {
		slots.B = append(slots.B, row.B[column])
	}
	return slots
}

// of returns the part of a row that is mixed. It is a copy, or it would keep the
// ballot's other columns in memory.
func (m mixedColumns) of(row elgamal.Ciphertext) elgamal.Ciphertext {
	return elgamal.Ciphertext{A: row.A, B: slices.Clone(row.B[m.first : m.first+m.count])}
}
