package ballot_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/electiontest"
)

func BenchmarkEncrypt(b *testing.B) {
	for _, g := range groups {
		b.Run("group="+g.Name(), func(b *testing.B) {
			e := electiontest.New(b, &electiontest.Options{Group: g, Trustees: 1, Limits: ballot.Limits{BallotsPerCredential: 1 << 16}})
			size := 0
			for b.Loop() {
				e.Voters[0].Number = 0
				x, _, err := e.Encrypt(e.Voters[0], nil)
				require.NoError(b, err)
				size = len(x.Bytes())
			}
			b.ReportMetric(float64(size), "B/ballot")
		})
	}
}

func BenchmarkReplay(b *testing.B) {
	const n = 2000
	for _, g := range groups {
		e := electiontest.New(b, &electiontest.Options{Group: g, Trustees: 1, Voters: n})
		for _, v := range e.Voters {
			x, _, err := e.Encrypt(v, nil)
			require.NoError(b, err)
			e.Append(x.Bytes())
		}
		size := uint64(len(e.Entries()))
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("group=%s/n=%d/workers=%d", g.Name(), n, workers), func(b *testing.B) {
				for b.Loop() {
					s, err := ballot.Replay(b.Context(), e.Election, e.Log, size, &ballot.ReplayOptions{Workers: workers})
					require.NoError(b, err)
					require.Empty(b, s.Refused())
				}
				b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "ballots/s")
			})
		}
	}
}
