package bench

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"

	"filippo.io/edwards25519"
	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/tally"
)

// batchSize is how many ballots are verified together.
const batchSize = 1000

// subject is a kind of ballot in a group, and how many voters the election has
// that it is measured with.
type subject struct {
	group  *elgamal.Group
	kind   string
	voters int
}

// subjects are what our own benchmarks run over, with fewer voters where a
// ballot takes long.
var subjects = []subject{
	{elgamal.Ristretto255(), "1-of-2", 1000},
	{elgamal.Ristretto255(), "1-of-5", 1000},
	{elgamal.Ristretto255(), "5-of-20", 400},
	{elgamal.Ristretto255(), "rank-10", 100},
	{elgamal.Ristretto255(), "30-slots", 400},
	{elgamal.Ristretto255(), "1-of-50", 200},
	{elgamal.P256(), "1-of-2", 100},
	{elgamal.P256(), "1-of-5", 100},
	{elgamal.P256(), "30-slots", 20},
}

func (s subject) name() string {
	return fmt.Sprintf("group=%s/ballot=%s", s.group.Name(), s.kind)
}

var (
	heldMutex sync.Mutex
	held      = map[string]*election{}
)

// hold holds the subject's election, once in a process.
func (s subject) hold(t testing.TB) *election {
	t.Helper()
	heldMutex.Lock()
	defer heldMutex.Unlock()
	key := fmt.Sprint(s.name(), s.voters)
	if held[key] == nil {
		e, err := hold(context.Background(), s.group, kindNamed(s.kind), s.voters)
		require.NoError(t, err)
		held[key] = e
	}
	return held[key]
}

// each runs a benchmark for every subject. The suffix ends its name.
func each(b *testing.B, suffix string, run func(b *testing.B, s subject, e *election)) {
	for _, s := range subjects {
		b.Run(s.name()+suffix, func(b *testing.B) { run(b, s, s.hold(b)) })
	}
}

// measure runs the operation, which is about so many ballots of a size, and
// reports what it took.
func measure(b *testing.B, ballots, size int, operation func() error) {
	b.ReportAllocs()
	cpu := cpuTime()
	for b.Loop() {
		if err := operation(); err != nil {
			b.Fatal(err)
		}
	}
	cpu = cpuTime() - cpu
	b.ReportMetric(float64(cpu.Nanoseconds())/float64(b.N), "cpu-ns/op")
	if ballots > 0 {
		all := float64(ballots) * float64(b.N)
		b.ReportMetric(float64(cpu.Nanoseconds())/all, "cpu-ns/ballot")
		b.ReportMetric(all/b.Elapsed().Seconds(), "ballots/s")
		b.ReportMetric(float64(size), "B/ballot")
	}
}

// BenchmarkUnit is what other figures are divided by to compare machines.
func BenchmarkUnit(b *testing.B) {
	b.Run("edwards25519.ScalarMult", func(b *testing.B) {
		x, err := edwards25519.NewScalar().SetUniformBytes(bytes.Repeat([]byte{7}, 64))
		require.NoError(b, err)
		p := edwards25519.NewGeneratorPoint()
		measure(b, 0, 0, func() error {
			p.ScalarMult(x, p)
			return nil
		})
	})
}

// BenchmarkEncrypt is what a voter's device does: from votes to the entry.
func BenchmarkEncrypt(b *testing.B) {
	each(b, "", func(b *testing.B, s subject, e *election) {
		voter, votes := *e.voters[0], kindNamed(s.kind).votes(0)
		measure(b, 1, len(e.ballots[0].Bytes()), func() error {
			voter.Number = 0
			_, _, err := e.Encrypt(&voter, votes)
			return err
		})
	})
}

// BenchmarkVerify decodes and verifies one ballot, as a ballot box does.
func BenchmarkVerify(b *testing.B) {
	each(b, "/n=1", func(b *testing.B, _ subject, e *election) {
		entry := e.ballots[0].Bytes()
		measure(b, 1, len(entry), func() error {
			x, err := e.ParseBallot(entry)
			if err != nil {
				return err
			}
			return e.VerifyBallot(x)
		})
	})
}

// BenchmarkVerifyBatch decodes and verifies many.
func BenchmarkVerifyBatch(b *testing.B) {
	each(b, fmt.Sprintf("/n=%d", batchSize), func(b *testing.B, _ subject, e *election) {
		entries := e.entries()
		measure(b, batchSize, len(entries[0]), func() error { return e.verifyBatch(entries, batchSize) })
	})
}

// BenchmarkAggregate reads the counted ballots and adds them up.
func BenchmarkAggregate(b *testing.B) {
	each(b, "", func(b *testing.B, s subject, e *election) {
		cp, err := e.log.Checkpoint(b.Context())
		require.NoError(b, err)
		state, err := ballot.Replay(b.Context(), e.Election, e.log, cp.Size, nil)
		require.NoError(b, err)
		first := e.Opening.Index + 1
		measure(b, s.voters, len(e.ballots[0].Bytes()), func() error {
			_, err := tally.SumRange(b.Context(), e.Election, e.log, state, first, first+uint64(s.voters))
			return err
		})
	})
}

// BenchmarkDecrypt is one trustee's share of all results of an election, and
// then the combination of two such shares, checked, into totals. Neither
// depends on the number of ballots, but for the range of the logarithms.
func BenchmarkDecrypt(b *testing.B) {
	each(b, "/step=share", func(b *testing.B, _ subject, e *election) {
		secrets, err := e.trustees[0].Shares(e.Manifest.Ceremony(), e.Outcome)
		require.NoError(b, err)
		sum := e.sum()
		measure(b, 0, 0, func() error {
			_, err := e.decrypt(0, secrets, sum)
			return err
		})
	})
	each(b, "/step=combine", func(b *testing.B, _ subject, e *election) {
		shares, sum := e.shares(b)
		measure(b, 0, 0, func() error {
			_, err := e.combine(shares, sum)
			return err
		})
	})
}

// shares returns the shares of as many trustees as are needed.
func (e *election) shares(t testing.TB) (list []*share, sum elgamal.Ciphertext) {
	sum = e.sum()
	for j := range threshold {
		secrets, err := e.trustees[j].Shares(e.Manifest.Ceremony(), e.Outcome)
		require.NoError(t, err)
		s, err := e.decrypt(j, secrets, sum)
		require.NoError(t, err)
		list = append(list, s)
	}
	return list, sum
}

// BenchmarkAudit audits whole elections: besides the ballots there are the key
// ceremony, the roll and the decryption to check.
func BenchmarkAudit(b *testing.B) {
	each(b, "", func(b *testing.B, s subject, e *election) {
		measure(b, s.voters, len(e.ballots[0].Bytes()), func() error {
			report, err := tally.Audit(b.Context(), e.log, e.Fingerprint, nil)
			if err == nil && !report.Verified() {
				err = fmt.Errorf("not verified:\n%s", report.Text())
			}
			return err
		})
	})
}

// BenchmarkClassic is what the others are compared with: disjunctive proofs,
// one by one.
func BenchmarkClassic(b *testing.B) {
	for _, g := range []*elgamal.Group{elgamal.Ristretto255(), kyberEdwards(true), kyberEdwards(false)} {
		for _, k := range kinds {
			key := elgamal.GenerateKey(g, 1).Public()
			made := sync.OnceValues(func() (*classicBallot, error) { return newClassicBallot(g, key, k.classic) })
			name := fmt.Sprintf("group=%s/ballot=%s", g.Name(), k.name)
			b.Run("Encrypt/"+name, func(b *testing.B) {
				x, err := made()
				require.NoError(b, err)
				measure(b, 1, x.size(), func() error {
					_, err := newClassicBallot(g, key, k.classic)
					return err
				})
			})
			b.Run("Verify/"+name+"/n=1", func(b *testing.B) {
				x, err := made()
				require.NoError(b, err)
				measure(b, 1, x.size(), x.verify)
			})
		}
	}
}
