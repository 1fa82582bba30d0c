package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

// longLedger in the environment, 1000000 or 10000000, adds ledgers of as many
// entries to BenchmarkLedgerRead. The largest takes a long time and 15 GB.
const longLedger = "HANPYO_BENCH_LEDGER"

// ledgerSizes are the numbers of entries of the benchmarks that only read.
func ledgerSizes() []int {
	sizes := []int{10_000}
	switch os.Getenv(longLedger) {
	case "1000000":
		sizes = append(sizes, 1_000_000)
	case "10000000":
		sizes = append(sizes, 1_000_000, 10_000_000)
	}
	return sizes
}

func openLedger(b *testing.B, dir string) (ledger.Ledger, ledger.Policy, note.Signer) {
	secret, public, err := note.GenerateKey(nil, "example.org/bench")
	if err != nil {
		b.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		b.Fatal(err)
	}
	log, err := boltledger.Open(dir, signer)
	if err != nil {
		b.Fatal(err)
	}
	return log, ledger.Policy{Origin: signer.Name(), Key: public}, signer
}

// eachOf calls put with n different entries of 1 KiB from several writers.
func eachOf(b *testing.B, writers, n int, put func(i int, data []byte) error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			rng := rand.NewChaCha8([32]byte{byte(w), byte(w >> 8)})
			data := make([]byte, 1024)
			_, _ = rng.Read(data)
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				binary.BigEndian.PutUint64(data, uint64(i))
				if err := put(i, data); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func appendTo(log ledger.Ledger) func(int, []byte) error {
	return func(_ int, data []byte) error {
		_, err := log.Append(context.Background(), data)
		return err
	}
}

var ledgerWriters = []int{1, 64, 1024}

// BenchmarkLedgerAppend appends entries of 1 KiB, each durable when it returns.
func BenchmarkLedgerAppend(b *testing.B) {
	for _, writers := range ledgerWriters {
		b.Run(fmt.Sprintf("size=1024/writers=%d", writers), func(b *testing.B) {
			dir := b.TempDir()
			log, _, _ := openLedger(b, dir)
			b.ResetTimer()
			eachOf(b, writers, b.N, appendTo(log))
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
			b.StopTimer()
			if err := log.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(diskUsed(b, dir))/float64(b.N), "disk-B/entry")
		})
	}
}

// BenchmarkBboltPut is what BenchmarkLedgerAppend is measured against: bbolt's
// own puts of the same entries, one in a transaction (Update) or as many as
// wait (Batch). Keys are numbers in order, which is the least that bbolt can
// have to do, or hashes of the entries, by which a ledger finds what it has.
func BenchmarkBboltPut(b *testing.B) {
	for _, writers := range ledgerWriters {
		bboltPut(b, "number", writers, func(i int, _ []byte) []byte { return binary.BigEndian.AppendUint64(nil, uint64(i)) })
		bboltPut(b, "hash", writers, func(_ int, data []byte) []byte { h := sha256.Sum256(data); return h[:] })
	}
}

func bboltPut(b *testing.B, keys string, writers int, key func(int, []byte) []byte) {
	b.Run(fmt.Sprintf("size=1024/keys=%s/writers=%d", keys, writers), func(b *testing.B) {

		db, err := bbolt.Open(filepath.Join(b.TempDir(), "db"), 0o644, nil)
		if err != nil {
			b.Fatal(err)
		}
		defer db.Close()
		name := []byte("b")
		err = db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket(name); return err })
		if err != nil {
			b.Fatal(err)
		}
		do := db.Update
		if writers > 1 {
			do, db.MaxBatchSize = db.Batch, writers
		}
		b.ResetTimer()
		eachOf(b, writers, b.N, func(i int, data []byte) error {
			return do(func(tx *bbolt.Tx) error {
				return tx.Bucket(name).Put(key(i, data), data)
			})
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	})
}

// BenchmarkLedgerRead reads ledgers of several sizes: it makes and checks
// proofs that an entry is there, opens the ledger for writing and for reading,
// makes a full tile of hashes out of what is stored and out of proofs, and
// streams everything through Verified. For that it reports the most memory that
// Go held meanwhile, without the pages of the file. With -v it says how fast
// each was filled.
func BenchmarkLedgerRead(b *testing.B) {
	for _, n := range ledgerSizes() {
		dir := b.TempDir()
		log, policy, signer := openLedger(b, dir)
		begin := time.Now()
		eachOf(b, 2048, n, appendTo(log))
		b.Logf("%d entries appended by 2048 writers: %.0f entries/s, %d bytes on disk each",
			n, float64(n)/time.Since(begin).Seconds(), diskUsed(b, dir)/int64(n))
		run := func(name string, f func(b *testing.B)) { b.Run(fmt.Sprintf("%s/n=%d", name, n), f) }
		run("inclusion", func(b *testing.B) { readInclusion(b, log, uint64(n)) })
		run("tile/stored", func(b *testing.B) { readTile(b, log) })
		run("tile/proofs", func(b *testing.B) { readTile(b, struct{ ledger.Reader }{log}) })
		run("stream", func(b *testing.B) { readStream(b, log, policy) })
		closeLedger(b, log)
		run("open", func(b *testing.B) {
			for range b.N {
				log, err := boltledger.Open(dir, signer)
				if err != nil {
					b.Fatal(err)
				}
				closeLedger(b, log)
			}
		})
		run("open-read-only", func(b *testing.B) {
			for range b.N {
				r, err := boltledger.OpenReadOnly(dir)
				if err != nil {
					b.Fatal(err)
				}
				closeLedger(b, r)
			}
		})
	}
}

func closeLedger(b *testing.B, c io.Closer) {
	if err := c.Close(); err != nil {
		b.Fatal(err)
	}
}

func readInclusion(b *testing.B, log ledger.Reader, n uint64) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range b.N {
		if _, err := log.Inclusion(b.Context(), rng.Uint64N(n), n); err != nil {
			b.Fatal(err)
		}
	}
}

func readTile(b *testing.B, r ledger.Reader) {
	h := ledger.Handler(r)
	for range b.N {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/tile/0/007", nil))
		if rec.Code != http.StatusOK {
			b.Fatal(rec.Code)
		}
	}
}

func readStream(b *testing.B, log ledger.Reader, policy ledger.Policy) {
	cp, err := log.Checkpoint(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	r, err := ledger.Verified(log, policy, cp)
	if err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	var peak uint64
	b.ResetTimer()
	for range b.N {
		for e, err := range r.Entries(b.Context(), 0, cp.Size) {
			if err != nil {
				b.Fatal(err)
			}
			if e.Index%4096 == 0 {
				peak = max(peak, anonymous(b))
			}
		}
	}
	b.ReportMetric(float64(b.N)*float64(cp.Size)/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
}

// anonymous returns the memory of this process that is not a file's: what the
// system says, or else what the Go runtime has.
func anonymous(b *testing.B) uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err == nil {
		if _, rest, ok := strings.Cut(string(status), "RssAnon:"); ok {
			var kib uint64
			if _, err := fmt.Sscan(rest, &kib); err == nil {
				return kib << 10
			}
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Sys - m.HeapReleased
}

// diskUsed returns the size of the files below dir.
func diskUsed(b *testing.B, dir string) (size int64) {
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return size
}
