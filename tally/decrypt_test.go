package tally

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
)

// size returns how many entries a ledger has.
func size(t *testing.T, r ledger.Reader) int {
	cp, err := r.Checkpoint(t.Context())
	require.NoError(t, err)
	return int(cp.Size)
}

func TestP66TrusteeRefuses(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		f := honest(t, g)
		e, ctx, trustee := f.Election.Election, t.Context(), f.Trustees[2]
		pin, result := f.at(t, entry.Pin, 0), f.at(t, entry.Result, 0)
		mine := f.shareAt(t, 3, 0)
		refuses := func(entries [][]byte, reason error) {
			t.Helper()
			log := f.Fork(entries...)
			require.ErrorIs(t, Decrypt(ctx, e, log, trustee), reason)
			require.Equal(t, len(entries), size(t, log))
		}
		refuses(f.entries[:f.at(t, entry.Close, 0)], ErrState) // not closed
		refuses(f.entries[:pin], ErrState)                     // not pinned
		wrong := f.closing.pinned
		wrong.root[0] ^= 1
		refuses(insert(f.entries[:pin], pin, f.sign(entry.Pin, wrong.body(), f.Signers()...)), ErrChain)
		refuses(insert(f.entries[:pin], pin, f.sign(entry.Pin, f.closing.pinned.body(), f.Authorities[0])), ErrState)
		refuses(without(f.entries, mine), ErrState) // the result is there

		// A restored backup does not know what it has signed, the ledger does.
		s := f.share(t, 3, 0)
		s.target = wrong.target(f.Fingerprint, 0)
		refuses(insert(f.entries[:mine], mine, f.signShare(3, s.body(f.Group))), ErrFork)

		// Its shares are there: nothing to add, and nothing to refuse.
		for _, entries := range [][][]byte{f.entries, f.entries[:result]} {
			log := f.Fork(entries...)
			require.NoError(t, Decrypt(ctx, e, log, trustee))
			require.Equal(t, len(entries), size(t, log))
		}
		// It stopped after its first share: it goes on with the others.
		log := f.Fork(f.entries[:mine+1]...)
		require.NoError(t, Decrypt(ctx, e, log, trustee))
		require.Equal(t, result, size(t, log))
		again, err := Combine(ctx, e, log)
		require.NoError(t, err)
		require.Equal(t, f.result, again)

		// What does not decrypt under the election's keys is not sent.
		other, err := ballot.Load(ctx, f.Fork(f.entries[:pin+1]...), f.Fingerprint)
		require.NoError(t, err)
		keys := other.Outcome.Verification
		keys[1], keys[2] = keys[2], keys[1]
		log = f.Fork(f.entries[:pin+1]...)
		require.ErrorIs(t, Decrypt(ctx, other, log, trustee), ErrBinding)
		require.Equal(t, pin+1, size(t, log))

		stranger, err := dkg.CreateTrustee(filepath.Join(t.TempDir(), "stranger"), []byte("x"), f.Group)
		require.NoError(t, err)
		require.ErrorIs(t, Decrypt(ctx, e, f.Fork(f.entries[:result]...), stranger), dkg.ErrEligibility)
	})
}

// An operator who forks the ledger and has both forks pinned gets one of them
// decrypted.
func TestP66TrusteeDecryptsOneTarget(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		f := honest(t, g)
		e, ctx := f.Election.Election, t.Context()
		closed := f.at(t, entry.Close, 0)
		for _, fork := range [][][]byte{
			without(f.entries[:closed+1], f.at(t, entry.Ballot, 3)),
			without(f.entries[:closed+1], closed-1), // junk that does not count
		} {
			log := f.Fork(fork...)
			require.NoError(t, Pin(ctx, e, log, f.Signers()))
			for _, trustee := range f.Trustees {
				require.ErrorIs(t, Decrypt(ctx, e, log, trustee), ErrFork)
			}
			require.Equal(t, len(fork)+1, size(t, log))
		}
	})
}

func TestPin(t *testing.T) {
	f := honest(t, groups[0])
	e, ctx := f.Election.Election, t.Context()
	closed := f.at(t, entry.Close, 0)
	require.ErrorIs(t, Pin(ctx, e, f.Fork(f.entries[:closed]...), f.Signers()), ErrState)
	log := f.Fork(f.entries[:closed+1]...)
	require.ErrorIs(t, Pin(ctx, e, log, f.Authorities[:1]), ErrQuorum)
	stranger := electiontest.Prepare(t, nil).Authorities
	require.ErrorIs(t, Pin(ctx, e, log, stranger), ErrSignature)
	require.Equal(t, closed+1, size(t, log))
	for range 2 { // the second time it is there
		require.NoError(t, Pin(ctx, e, log, f.Signers()))
		require.Equal(t, closed+2, size(t, log))
	}
	log = f.Fork(insert(f.entries[:closed+1], closed+1, f.sign(entry.Pin, f.closing.pinned.body(), f.Signers()...))...)
	require.NoError(t, Pin(ctx, e, log, f.Signers()))
	require.Equal(t, closed+2, size(t, log), "pinned at another time")
	// A wrong pin of somebody else does not stand in the way.
	wrong := f.closing.pinned
	wrong.root[0] ^= 1
	log = f.Fork(insert(f.entries[:closed+1], closed+1, f.sign(entry.Pin, wrong.body(), f.Signers()...))...)
	require.NoError(t, Pin(ctx, e, log, f.Signers()))
	require.Equal(t, closed+3, size(t, log))
}

// An entry that comes between the close and the pin changes nothing.
func TestEntriesBetweenCloseAndPin(t *testing.T) {
	f := honest(t, groups[0])
	late, _, err := f.Encrypt(voter(f, 3), fixtureVotes[0].votes)
	require.NoError(t, err)
	entries := insert(f.entries, f.at(t, entry.Pin, 0), late.Bytes(), []byte("junk"))
	report := f.audit(t, entries)
	requireReport(t, report, nil, nil)
	require.Equal(t, f.result, report.Result)
	require.True(t, report.Check("phase.close").Findings[0].Refused)
}

// A contest below the minimum, of all ballots or of one weight, is withheld;
// one without a ballot is 0; the others go on.
func TestP46MinimumGroup(t *testing.T) {
	yes := []ballot.Option{{ID: "yes", Name: "Yes"}, {ID: "no", Name: "No"}}
	contest := func(id string) ballot.Contest {
		return ballot.Contest{ID: id, Name: strings.ToUpper(id), Kind: "choose", Min: 1, Max: 1, Options: yes}
	}
	e := electiontest.New(t, &electiontest.Options{
		Voters: 15, Styles: []int{0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3, 3},
		Weights: []uint64{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2}, Limits: ballot.Limits{MinGroup: 3},
		Contests: []ballot.Contest{contest("all"), contest("few"), contest("none"), contest("weights")},
		BallotStyles: []ballot.Style{
			{ID: "a", Name: "A", Contests: []int{0, 1}}, {ID: "b", Name: "B", Contests: []int{0}},
			{ID: "c", Name: "C", Contests: []int{2}}, {ID: "d", Name: "D", Contests: []int{3}},
		},
	})
	f := &fixture{Election: e}
	for _, cast := range []struct {
		voter    int
		contests []string
	}{
		{0, []string{"all", "few"}}, {1, []string{"all", "few"}}, {3, []string{"all"}}, {9, []string{"weights"}},
		{10, []string{"weights"}}, {11, []string{"weights"}}, {12, []string{"weights"}}, {14, []string{"weights"}},
	} {
		votes := make(ballot.Votes)
		for _, c := range cast.contests {
			votes[c] = ballot.Vote{"yes": 1}
		}
		e.Cast(cast.voter, votes)
	}
	f.close(t)
	ctx := t.Context()
	require.NoError(t, Pin(ctx, e.Election, e.Log, e.Signers()))
	pin := size(t, e.Log)
	for _, trustee := range e.Trustees[:2] {
		require.NoError(t, Decrypt(ctx, e.Election, e.Log, trustee))
	}
	require.Equal(t, pin+2, size(t, e.Log), "one share of each, for one contest")
	r, err := Combine(ctx, e.Election, e.Log)
	require.NoError(t, err)
	require.Equal(t, []ContestResult{
		{ID: "all", Name: "ALL", Ballots: 3, Weight: 3, Smallest: 3, Minimum: 3, Totals: []Total{{"yes", "Yes", 3}, {"no", "No", 0}}},
		{ID: "few", Name: "FEW", Ballots: 2, Weight: 2, Smallest: 2, Minimum: 3, Withheld: true},
		{ID: "none", Name: "NONE", Minimum: 3, Totals: []Total{{"yes", "Yes", 0}, {"no", "No", 0}}},
		{ID: "weights", Name: "WEIGHTS", Ballots: 5, Weight: 7, Smallest: 2, Minimum: 3, Withheld: true},
	}, r.Contests)
	require.Contains(t, r.Text(), "FEW: withheld: 2 of 3\n")
	require.NoError(t, Publish(ctx, e.Election, e.Log, r, e.Signers()))
	for _, en := range e.Entries() {
		f.entries = append(f.entries, en.Data)
	}
	f.result = r
	f.closing, err = readClosing(ctx, e.Election, e.Log, work{})
	require.NoError(t, err)
	requireReport(t, f.audit(t, f.entries), nil, nil)

	// A fork in which another contest has enough ballots: no target of it was
	// pinned, but the pin was.
	closed := f.at(t, entry.Close, 0)
	fork := without(f.entries[:closed], f.at(t, entry.Ballot, 0))
	for _, v := range []int{12, 13, 14} {
		b, _, err := f.Encrypt(f.Voters[v], ballot.Votes{"weights": {"no": 1}})
		require.NoError(t, err)
		fork = append(fork, b.Bytes())
	}
	log := f.Fork(append(fork, f.entries[closed])...)
	require.NoError(t, Pin(ctx, e.Election, log, e.Signers()))
	c, err := readClosing(ctx, e.Election, log, work{})
	require.NoError(t, err)
	require.Equal(t, decrypted, c.disposition(3))
	require.Equal(t, withheld, c.disposition(0))
	require.ErrorIs(t, Decrypt(ctx, e.Election, log, e.Trustees[0]), ErrFork)
	require.NoError(t, Decrypt(ctx, e.Election, log, e.Trustees[2]), "who has decrypted nothing yet")

	for _, a := range []attack{
		{"a share of a contest that is withheld", func(t *testing.T, f *fixture) [][]byte {
			return append(f.entries[:len(f.entries):len(f.entries)], f.signShare(3, f.share(t, 3, 1).body(f.Group)))
		}, []string{"result.minimum"}, nil, ErrState},
		{"a share of a contest without ballots", func(t *testing.T, f *fixture) [][]byte {
			return append(f.entries[:len(f.entries):len(f.entries)], f.signShare(3, f.share(t, 3, 2).body(f.Group)))
		}, []string{"decrypt.shares"}, nil, ErrState},
		{"a contest published that is withheld", published(func(r *Result) {
			c := &r.Contests[1]
			c.Withheld, c.Totals = false, []Total{{Total: 2}, {Total: 0}}
		}), []string{"result.minimum"}, nil, ErrState},
		{"votes out of nothing", published(func(r *Result) { r.Contests[2].Totals[0].Total = 1 }),
			[]string{"result.bounds", "tally.sum"}, nil, ErrRange},
	} {
		a.run(t, f)
	}
}
