package zkp

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/elgamal"
)

// TestVerifyAllocates holds how often verifying a ballot of ristretto255
// allocates, from the bytes of its row and proof: a constant, and a few times a
// slot, however many ballots are in the batch.
func TestVerifyAllocates(t *testing.T) {
	g := elgamal.Ristretto255()
	for _, slots := range []int{1, 5, 20} {
		form := slotsForm(g, slots, sumRule(slots, 1))
		statements, proofs := ballotsFor(t, form, 1, nil)
		row := g.AppendCiphertext(nil, statements[0].Row)
		verify := func(n int) float64 {
			return testing.AllocsPerRun(1, func() {
				batch := NewBatch(g)
				for range n {
					s := statements[0]
					var err error
					s.Row, err = g.DecodeCiphertext(row, slots)
					require.NoError(t, err)
					require.NoError(t, form.AddTo(batch, s, "", proofs[0]))
				}
				require.NoError(t, batch.Verify())
			})
		}
		few, many := verify(100), verify(400)
		perBallot := (many - few) / 300
		require.LessOrEqual(t, perBallot, float64(35+2*slots), "%d slots", slots)
		t.Logf("%d slots: %.1f a ballot", slots, perBallot)
	}
}
