package zkp

import (
	"fmt"
	"testing"
)

// eachBallotSize runs a benchmark for ballots of 2, 5 and 50 slots of which one
// is chosen.
func eachBallotSize(b *testing.B, run func(b *testing.B, form *Form)) {
	for _, g := range groups() {
		for _, n := range []int{2, 5, 50} {
			b.Run(fmt.Sprintf("group=%s/n=%d", g.Name(), n), func(b *testing.B) {
				run(b, slotsForm(g, n, sumRule(n, 1)))
			})
		}
	}
}

func report(b *testing.B, form *Form, ballots int) {
	b.ReportMetric(float64(ballots)*float64(b.N)/b.Elapsed().Seconds(), "ballots/s")
	b.ReportMetric(float64(form.ProofLen()+form.group.CiphertextLen(len(form.columns))), "B/ballot")
}

func BenchmarkProve(b *testing.B) {
	eachBallotSize(b, func(b *testing.B, form *Form) {
		c := newCheater(form, scalarsOf(form.group, make([]int64, len(form.slots))...)...)
		c.values[0] = form.group.Scalar().One()
		b.ReportAllocs()
		for b.Loop() {
			c.bestEffort()
		}
		report(b, form, 1)
	})
}

func BenchmarkVerify(b *testing.B) {
	eachBallotSize(b, func(b *testing.B, form *Form) {
		ballots, proofs := ballotsFor(b, form, 1, nil)
		b.ReportAllocs()
		for b.Loop() {
			if form.Verify(ballots[0], proofs[0]) != nil {
				b.Fatal("does not hold")
			}
		}
		report(b, form, 1)
	})
}

func BenchmarkVerifyBatch1000(b *testing.B) {
	eachBallotSize(b, func(b *testing.B, form *Form) {
		// A batch does not know equal ballots from different ones.
		const n, different = 1000, 20
		ballots, proofs := ballotsFor(b, form, different, nil)
		b.ReportAllocs()
		for b.Loop() {
			batch := NewBatch(form.group)
			for i := range n {
				if err := form.AddTo(batch, ballots[i%different], "", proofs[i%different]); err != nil {
					b.Fatal(err)
				}
			}
			if err := batch.Verify(); err != nil {
				b.Fatal(err)
			}
		}
		report(b, form, n)
	})
}

// BenchmarkBadInBatch is a batch of 1,000 ballots of which so many do not hold,
// evenly among the others.
func BenchmarkBadInBatch(b *testing.B) {
	for _, g := range groups() {
		form := slotsForm(g, 5, sumRule(5, 1))
		ballots, proofs := ballotsFor(b, form, 1, nil)
		last := form.ProofLen() - g.ScalarLen()
		z := must(g.DecodeScalar(proofs[0][last:]))
		wrong := g.AppendScalar(proofs[0][:last:last], z.Add(z, g.Scalar().One()))
		for _, bad := range []int{0, 1, 10, 100, 1000} {
			b.Run(fmt.Sprintf("group=%s/bad=%d", g.Name(), bad), func(b *testing.B) {
				for b.Loop() {
					batch := NewBatch(g)
					for i := range 1000 {
						proof := proofs[0]
						if (i+1)*bad/1000 > i*bad/1000 {
							proof = wrong
						}
						if err := form.AddTo(batch, ballots[0], "", proof); err != nil {
							b.Fatal(err)
						}
					}
					found := 0
					if err, ok := batch.Verify().(*BatchError); ok {
						found = len(err.Bad)
					}
					if found != bad {
						b.Fatal("found ", found)
					}
				}
			})
		}
	}
}

func BenchmarkDLEQ(b *testing.B) {
	for _, g := range groups() {
		f := dleqFixture(g)
		c := testContext()
		proof := f.fresh(c, [32]byte{})
		b.Run("prove/group="+g.Name(), func(b *testing.B) {
			for b.Loop() {
				f.fresh(c, [32]byte{})
			}
		})
		b.Run("verify/group="+g.Name(), func(b *testing.B) {
			for b.Loop() {
				if f.statement.Verify(g, c, proof) != nil {
					b.Fatal("does not hold")
				}
			}
		})
	}
}
