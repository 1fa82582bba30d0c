package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// benchmark runs the operations of the usual plan whose names begin with name.
func benchmark(b *testing.B, name string) {
	for _, o := range usualPlan.operations() {
		rest, ok := strings.CutPrefix(o.name, name+"/")
		if !ok {
			continue
		}
		b.Run(rest, func(b *testing.B) {
			p, err := o.prepare(b.Context())
			require.NoError(b, err)
			reportBenchmark(b, o.item, o.n, p)
		})
	}
}

// reportBenchmark runs an operation and reports what it took.
func reportBenchmark(b *testing.B, item string, n int, p prepared) {
	b.ReportAllocs()
	cpu := cpuTime()
	for b.Loop() {
		if err := p.do(); err != nil {
			b.Fatal(err)
		}
	}
	cpu = cpuTime() - cpu
	b.ReportMetric(float64(cpu.Nanoseconds())/float64(b.N), "cpu-ns/op")
	if item == "" {
		return
	}
	all := float64(n) * float64(b.N)
	b.ReportMetric(float64(cpu.Nanoseconds())/all, "cpu-ns/"+item)
	b.ReportMetric(all/b.Elapsed().Seconds(), item+"s/s")
	if p.bytes > 0 {
		b.ReportMetric(float64(p.bytes), "B/"+item)
	}
}

// BenchmarkUnit is what other figures are divided by to compare machines.
func BenchmarkUnit(b *testing.B) {
	b.Run(unitName, func(b *testing.B) { reportBenchmark(b, "", 0, prepared{do: newUnit()}) })
}

func BenchmarkEncrypt(b *testing.B)     { benchmark(b, "Encrypt") }
func BenchmarkVerify(b *testing.B)      { benchmark(b, "Verify") }
func BenchmarkVerifyBatch(b *testing.B) { benchmark(b, "VerifyBatch") }
func BenchmarkAggregate(b *testing.B)   { benchmark(b, "Aggregate") }
func BenchmarkAudit(b *testing.B)       { benchmark(b, "Audit") }
func BenchmarkDecrypt(b *testing.B)     { benchmark(b, "Decrypt") }
func BenchmarkReplay(b *testing.B)      { benchmark(b, "Replay") }
func BenchmarkClassic(b *testing.B)     { benchmark(b, "Classic") }
func BenchmarkMix(b *testing.B)         { benchmark(b, "Mix") }
func BenchmarkNeff(b *testing.B)        { benchmark(b, "Neff") }
func BenchmarkSum(b *testing.B)         { benchmark(b, "Sum") }
func BenchmarkWithout(b *testing.B)     { benchmark(b, "Without") }
func BenchmarkBad(b *testing.B)         { benchmark(b, "Bad") }
