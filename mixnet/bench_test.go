package mixnet

import (
	"fmt"
	"testing"

	"filippo.io/edwards25519"

	"github.com/hanpyo/hanpyo/elgamal"
)

// BenchmarkMix measures shuffle, proof and verification of a whole list. The
// row is the unit; ScalarMult is one multiplication of edwards25519.
func BenchmarkMix(b *testing.B) {
	b.Run("ScalarMult", func(b *testing.B) {
		s, err := edwards25519.NewScalar().SetBytesWithClamping(make([]byte, 32))
		if err != nil {
			b.Fatal(err)
		}
		p := edwards25519.NewGeneratorPoint()
		for b.Loop() {
			p.ScalarMult(s, p)
		}
	})
	for _, g := range groups() {
		for _, n := range []int{1000, 10000} {
			for _, w := range []int{1, 3, 10} {
				if g == elgamal.P256() && n > 1000 || testing.Short() && n > 1000 {
					continue
				}
				benchmarkMix(b, g, w, n)
			}
		}
	}
}

func benchmarkMix(b *testing.B, g *elgamal.Group, w, n int) {
	name := fmt.Sprintf("group=%s/w=%d/n=%d/", g.Name(), w, n)
	o := &Options{Workers: 1}
	perRow := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/row")
	}
	var m *mixed
	setUp := func(b *testing.B) {
		if m != nil {
			return
		}
		m = &mixed{place: testPlace(), random: &stream{group: g}}
		m.Key = elgamal.GenerateKey(g, w).Public()
		rows := make([]elgamal.Ciphertext, n)
		row := m.Key.Encrypt(plaintext(g, w, 0), g.RandomScalar())
		for i := range rows {
			rows[i], row = row, row.Add(row)
		}
		m.Input = listOf(g, w, rows)
		m.Output, m.secret, _ = Shuffle(ctx, m.Key, m.Input, nil)
		m.proof = must(m.Prove(ctx, m.place, m.secret, nil))
	}
	b.Run(name+"shuffle", func(b *testing.B) {
		setUp(b)
		for b.Loop() {
			if _, _, err := Shuffle(ctx, m.Key, m.Input, o); err != nil {
				b.Fatal(err)
			}
		}
		perRow(b)
	})
	b.Run(name+"prove", func(b *testing.B) {
		setUp(b)
		for b.Loop() {
			must(m.Prove(ctx, m.place, m.secret, o))
		}
		perRow(b)
		b.ReportMetric(float64(len(m.proof))/float64(n), "B/row")
	})
	b.Run(name+"verify", func(b *testing.B) {
		setUp(b)
		for b.Loop() {
			if err := m.Verify(ctx, m.place, m.proof, o); err != nil {
				b.Fatal(err)
			}
		}
		perRow(b)
	})
}
