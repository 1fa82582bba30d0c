package ballot_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/electiontest"
)

// BenchmarkReplayEligibility replays ballots of three slots, let in by a roll
// or by tokens of one and of two registrars: what a token costs beside a proof.
func BenchmarkReplayEligibility(b *testing.B) {
	const ballots = 500
	for _, registrars := range []int{0, 1, 2} {
		b.Run(fmt.Sprintf("registrars=%d", registrars), func(b *testing.B) {
			e := electiontest.New(b, &electiontest.Options{
				Trustees: 1, Voters: 1, Tokens: registrars > 0, Registrars: max(1, registrars), Contests: electiontest.Contests()[:1],
				Limits: ballot.Limits{BallotsPerCredential: ballots},
			})
			for range ballots {
				cast, _, err := e.Encrypt(e.Voters[0], nil)
				require.NoError(b, err)
				e.Append(cast.Bytes())
			}
			size := uint64(len(e.Entries()))
			b.ResetTimer()
			for b.Loop() {
				s, err := ballot.Replay(b.Context(), e.Election, e.Log, size, &ballot.ReplayOptions{Workers: 1})
				require.NoError(b, err)
				require.Empty(b, s.Refused())
			}
			b.ReportMetric(float64(ballots*b.N)/b.Elapsed().Seconds(), "ballots/s")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(ballots*b.N), "µs/ballot")
		})
	}
}
