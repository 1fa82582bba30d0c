package boltledger_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

func openBench(b *testing.B) ledger.Ledger {
	signer, _ := newKey(b, origin)
	log, err := boltledger.Open(b.TempDir(), signer)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = log.Close() })
	return log
}

func appendMany(b *testing.B, log ledger.Ledger, writers, n int) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			data := make([]byte, 1024)
			_, _ = rand.Read(data)
			for {
				i := next.Add(1)
				if i > int64(n) {
					return
				}
				binary.BigEndian.PutUint64(data, uint64(i))
				if _, err := log.Append(context.Background(), data); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 64, 1024} {
		b.Run(fmt.Sprintf("size=1024/writers=%d", writers), func(b *testing.B) {
			log := openBench(b)
			b.SetBytes(1024)
			b.ResetTimer()
			appendMany(b, log, writers, b.N)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

func BenchmarkInclusion(b *testing.B) {
	const n = 20_000
	log := openBench(b)
	appendMany(b, log, 1024, n)
	b.ResetTimer()
	for i := range b.N {
		if _, err := log.Inclusion(context.Background(), uint64(i)*7919%n, n); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerified(b *testing.B) {
	const n = 20_000
	signer, policy := newKey(b, origin)
	log, err := boltledger.Open(b.TempDir(), signer)
	if err != nil {
		b.Fatal(err)
	}
	defer log.Close()
	appendMany(b, log, 1024, n)
	cp, err := log.Checkpoint(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	r, err := ledger.Verified(log, policy, cp)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for _, err := range r.Entries(context.Background(), 0, n) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "entries/s")
}
