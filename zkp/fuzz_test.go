package zkp

import (
	"errors"
	"testing"

	"github.com/hanpyo/hanpyo/elgamal"
)

// fuzzProof feeds any bytes to one kind of proof over both groups. What is
// accepted must be the proof that is known to hold: whoever finds another has
// found a forgery. What is refused is refused with a reason, alone and in a
// batch alike.
func fuzzProof(f *testing.F, name string) {
	var list []*fixture
	for _, g := range groups() {
		for _, fix := range fixtures(g) {
			if fix.name == name {
				list = append(list, fix)
				f.Add(fix.proof)
				f.Add(fix.proof[:len(fix.proof)-1])
				f.Add(make([]byte, len(fix.proof)))
			}
		}
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, proof []byte) {
		for _, fix := range list {
			err := fix.statement.Verify(fix.group, fix.context, proof)
			if err == nil && string(proof) != string(fix.proof) {
				t.Fatalf("%s: a proof nobody made is accepted", fix.group.Name())
			}
			if err != nil && !errors.Is(err, ErrEncoding) && !errors.Is(err, ErrGroup) && !errors.Is(err, ErrProof) && !errors.Is(err, ErrShape) {
				t.Fatalf("%s: no reason: %v", fix.group.Name(), err)
			}
			b := NewBatch(fix.group)
			if added := fix.statement.AddTo(b, fix.context, "", proof); (added == nil && b.Verify() == nil) != (err == nil) {
				t.Fatalf("%s: alone %v, in a batch %v", fix.group.Name(), err, added)
			}
		}
	})
}

func FuzzDlog(f *testing.F)        { fuzzProof(f, "dlog") }
func FuzzDlogs(f *testing.F)       { fuzzProof(f, "dlogs") }
func FuzzDLEQ(f *testing.F)        { fuzzProof(f, "dleq") }
func FuzzDLEQKeys(f *testing.F)    { fuzzProof(f, "dleq keys") }
func FuzzDLEQBases(f *testing.F)   { fuzzProof(f, "dleq bases") }
func FuzzOneOf(f *testing.F)       { fuzzProof(f, "one of") }
func FuzzBallot(f *testing.F)      { fuzzProof(f, "ballot mixed too") }
func FuzzMixedBallot(f *testing.F) { fuzzProof(f, "ballot mixed only") }

// FuzzForm feeds any columns and rules to NewForm: it never panics, and what
// it accepts keeps the bounds that make rules hold over the integers.
func FuzzForm(f *testing.F) {
	f.Add(2, true, 0, 1, int64(1), int64(1), int64(1))
	f.Add(1, false, -1, 7, int64(1<<16+1), int64(-1<<63), int64(1<<62))
	f.Fuzz(func(t *testing.T, n int, mixed bool, slot1, slot2 int, a1, a2, sum int64) {
		g := elgamal.Ristretto255()
		s := &stream{group: g, name: "fuzz form"}
		var columns []Column
		for i := range min(max(n, 0), 4) {
			columns = append(columns, Column{Index: i, Key: s.point(), Mixed: mixed && i == 0})
		}
		form, err := NewForm(g, [32]byte{}, "", columns, []Rule{{Terms: []Term{{slot1, a1}, {slot2, a2}}, Sum: sum}})
		if err != nil {
			return
		}
		for _, a := range []int64{a1, a2} {
			if a == 0 || a > maxCoefficient || a < -maxCoefficient {
				t.Fatalf("coefficient %d", a)
			}
		}
		if total := magnitude(a1) + magnitude(a2) + magnitude(sum); total > maxSum {
			t.Fatalf("sizes add up to %d", total)
		}
		if slot1 == slot2 || columns[slot1].Mixed || columns[slot2].Mixed || form.ProofLen() <= 0 {
			t.Fatal("slots of the rule")
		}
	})
}
