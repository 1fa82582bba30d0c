// Command dudect looks for secrets in the time that operations on them take:
//
//	go run ./internal/dudect
//
// It is the test of Reparaz, Balasch and Verbauwhede, "Dude, is my code constant
// time?" (DATE 2017): each operation runs many times on secrets of two classes,
// one special and one random, in random order, and Welch's t-test compares the
// times. A |t| above 10 says that the classes differ. The last rows are controls
// of functions that are not constant time, and must be found to differ; if one
// is not, the machine is too noisy for the other rows to mean anything. A
// difference that is not found may still be there.
//
// It takes about half a minute, and exits with 1 unless all rows are as they should be.
package main

import (
	"crypto/rand"
	"fmt"
	"math"
	mrand "math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// threshold is the |t| above which two classes differ, as in the paper.
const threshold = 10

// row is one operation with secrets of two classes.
type row struct {
	name    string
	samples int
	leaks   bool                            // a control, which must be found
	prepare func(special bool) (run func()) // the secret is chosen here, and used in run
}

func main() {
	runtime.LockOSThread()
	wrong := 0
	for _, g := range []*elgamal.Group{elgamal.Ristretto255(), elgamal.P256()} {
		for _, r := range rows(g) {
			t := r.measure()
			verdict := "no difference"
			if math.Abs(t) > threshold {
				verdict = "DIFFERENT"
			}
			if r.leaks {
				verdict += " (control)"
			}
			if r.leaks != (math.Abs(t) > threshold) {
				verdict += " — not as it should be"
				wrong++
			}
			fmt.Printf("%-14s %-34s t = %7.1f   %s\n", g.Name(), r.name, t, verdict)
		}
	}
	if wrong > 0 {
		os.Exit(1)
	}
}

// rows lists the operations that see secrets.
func rows(g *elgamal.Group) []row {
	points := make([]kyber.Point, 8)
	for i := range points {
		points[i] = g.HashToPoint("hanpyo dudect", []byte{byte(i)})
	}
	table := g.NewMulTable(points)
	for range 10 {
		table.MulEach(g.RandomScalar()) // the tables are there from now on
	}
	// scalars returns n secrets: all zero but for one bit, or random.
	scalars := func(special bool, n int) []kyber.Scalar {
		list := make([]kyber.Scalar, n)
		for i := range list {
			list[i] = g.RandomScalar()
			if special {
				list[i] = g.Uint64Scalar(1)
			}
		}
		return list
	}
	multiply := func(f func(s []kyber.Scalar), n int) func(bool) func() {
		return func(special bool) func() {
			s := scalars(special, n)
			return func() { f(s) }
		}
	}
	sums := 4000
	return []row{
		{"base multiplication", 8000, false, multiply(func(s []kyber.Scalar) { g.Point().Mul(s[0], nil) }, 1)},
		{"point multiplication", 4000, false, multiply(func(s []kyber.Scalar) { g.Point().Mul(s[0], points[0]) }, 1)},
		{"MulTable.Mul", 8000, false, multiply(func(s []kyber.Scalar) { table.Mul(0, s[0]) }, 1)},
		{"MulTable.Sum", sums, false, multiply(func(s []kyber.Scalar) { table.Sum(s) }, len(points))},
		{"MultiScalarMul", sums / 2, false, multiply(func(s []kyber.Scalar) { g.MultiScalarMul(s, points) }, len(points))},
		{"scalar product", 8000, false, multiply(func(s []kyber.Scalar) {
			for range 50 {
				s[2].Mul(s[0], s[1])
			}
		}, 3)},
		{"SelectSum", 8000, false, func(special bool) func() {
			bits := make([]uint8, len(points))
			rand.Read(bits)
			for i := range bits {
				bits[i] &= 1
				if special {
					bits[i] = 0
				}
			}
			return func() { g.SelectSum(bits, points) }
		}},
		{"Embed", 1000, false, func(special bool) func() {
			data := make([]byte, elgamal.EmbedLen)
			if !special {
				rand.Read(data)
			}
			return func() { elgamal.Embed(g, data) }
		}},
		{"MultiScalarMulVarTime", 2000, true, multiply(func(s []kyber.Scalar) { g.MultiScalarMulVarTime(s, points) }, len(points))},
	}
}

// measure returns the t of the row that is furthest from 0, of all times and of
// those below several percentiles: the longest ones are interruptions.
func (r row) measure() float64 {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	var times [2][]float64
	const block = 200 // secrets are made block by block, and rubbish collected between
	for len(times[0])+len(times[1]) < r.samples {
		var class [block]int
		var run [block]func()
		for i := range block {
			class[i] = mrand.IntN(2)
			run[i] = r.prepare(class[i] == 1)
		}
		runtime.GC()
		run[0]()
		for i := 1; i < block; i++ {
			start := time.Now()
			run[i]()
			times[class[i]] = append(times[class[i]], float64(time.Since(start)))
		}
	}
	all := slices.Sorted(slices.Values(slices.Concat(times[0], times[1])))
	worst := 0.0
	for _, share := range []float64{0.3, 0.5, 0.7, 0.9, 1} {
		limit := all[int(share*float64(len(all)-1))]
		below := func(list []float64) (kept []float64) {
			for _, v := range list {
				if v <= limit {
					kept = append(kept, v)
				}
			}
			return kept
		}
		a, b := below(times[0]), below(times[1])
		// Where one class has hardly any short times the classes differ, and
		// the times of all will say so.
		if min(len(a), len(b)) < 20 && share < 1 {
			continue
		}
		if t := welch(a, b); math.Abs(t) > math.Abs(worst) {
			worst = t
		}
	}
	return worst
}

// welch returns Welch's t of two samples: the difference of the means in units
// of its own standard deviation.
func welch(a, b []float64) float64 {
	moments := func(x []float64) (mean, variance float64) {
		for _, v := range x {
			mean += v
		}
		mean /= float64(len(x))
		for _, v := range x {
			variance += (v - mean) * (v - mean)
		}
		return mean, variance / float64(len(x)-1)
	}
	ma, va := moments(a)
	mb, vb := moments(b)
	spread := math.Sqrt(va/float64(len(a)) + vb/float64(len(b)))
	if spread == 0 {
		return 0
	}
	return (ma - mb) / spread
}
