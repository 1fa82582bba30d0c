package ballot_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
)

// fuzzElection is a small open election of slots and mixed columns with a ballot
// and a spoil of its own.
func fuzzElection(f *testing.F) (e *electiontest.Election, cast, spoil []byte) {
	e = electiontest.New(f, &electiontest.Options{Trustees: 1, Contests: append(electiontest.Contests()[:1], mixedContests()[0])})
	b, _, err := e.Encrypt(e.Voters[0], nil)
	require.NoError(f, err)
	s, err := e.NewSpoil(e.Voters[0], ballot.Tracker{1})
	require.NoError(f, err)
	return e, b.Bytes(), s.Bytes()
}

// requireReason holds that a refusal has exactly one reason.
func requireReason(t *testing.T, err error) {
	t.Helper()
	n := 0
	for _, r := range []error{
		ballot.ErrEncoding, ballot.ErrGroup, ballot.ErrBinding, ballot.ErrProof, ballot.ErrRange, ballot.ErrShape,
		ballot.ErrDuplicate, ballot.ErrReplay, ballot.ErrEligibility, ballot.ErrState, ballot.ErrChain,
		ballot.ErrSignature, ballot.ErrFork, ballot.ErrQuorum, ballot.ErrLimit, ballot.ErrIncomplete,
		ballot.ErrUnanchored, ballot.ErrVersion,
	} {
		if errors.Is(err, r) {
			n++
		}
	}
	require.Equal(t, 1, n, "%v", err)
}

// fuzzTokens is the same by tokens.
func fuzzTokens(f *testing.F) (e *electiontest.Election, cast, spoil []byte) {
	e = electiontest.New(f, &electiontest.Options{Trustees: 1, Tokens: true, Voters: 1, Contests: append(electiontest.Contests()[:1], mixedContests()[0])})
	b, tracker, err := e.Encrypt(e.Voters[0], nil)
	require.NoError(f, err)
	s, err := e.NewSpoil(e.Voters[0], tracker)
	require.NoError(f, err)
	return e, b.Bytes(), s.Bytes()
}

func FuzzBallot(f *testing.F) {
	e, cast, spoil := fuzzElection(f)
	fuzzBallot(f, e, cast, spoil)
}

func FuzzBallotByTokens(f *testing.F) {
	e, cast, spoil := fuzzTokens(f)
	fuzzBallot(f, e, cast, spoil)
}

func fuzzBallot(f *testing.F, e *electiontest.Election, cast, spoil []byte) {
	f.Add(cast)
	f.Add(spoil)
	f.Add(cast[:len(cast)/2])
	f.Add([]byte{entry.Version, byte(entry.Ballot)})
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := e.ParseBallot(data)
		if err != nil {
			require.Nil(t, b)
			requireReason(t, err)
			return
		}
		require.Equal(t, data, b.Bytes())
		if err := e.VerifyBallot(b); err != nil {
			requireReason(t, err)
		}
	})
}

func FuzzSpoil(f *testing.F) {
	e, cast, spoil := fuzzElection(f)
	fuzzSpoil(f, e, cast, spoil)
}

func FuzzSpoilByTokens(f *testing.F) {
	e, cast, spoil := fuzzTokens(f)
	fuzzSpoil(f, e, cast, spoil)
}

func fuzzSpoil(f *testing.F, e *electiontest.Election, cast, spoil []byte) {
	f.Add(spoil)
	f.Add(cast)
	f.Add(spoil[:len(spoil)-1])
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := e.ParseSpoil(data)
		if err != nil {
			require.Nil(t, s)
			requireReason(t, err)
			return
		}
		require.Equal(t, data, s.Bytes())
		if err := e.VerifySpoil(s); err != nil {
			requireReason(t, err)
		}
	})
}

func FuzzOpening(f *testing.F) {
	e, _, _ := fuzzElection(f)
	body := ballot.OpenEntry(e.Election, func(*ballot.Opening) {}).Body
	f.Add(body)
	f.Add(body[:40])
	f.Add(append(body, 0))
	f.Fuzz(func(t *testing.T, body []byte) {
		again, err := ballot.ReencodeOpening(e.Manifest, body)
		if err != nil {
			requireReason(t, err)
			return
		}
		require.Equal(t, body, again)
	})
}

// FuzzApply holds that whatever stands on a ledger after the open has a
// verdict, and that only a signed close closes.
func FuzzApply(f *testing.F) {
	e, cast, spoil := fuzzElection(f)
	fuzzApply(f, e, cast, spoil)
}

func FuzzApplyByTokens(f *testing.F) {
	e, cast, spoil := fuzzTokens(f)
	fuzzApply(f, e, cast, spoil)
}

func fuzzApply(f *testing.F, e *electiontest.Election, cast, spoil []byte) {
	end := entry.Envelope{Kind: entry.Close, Election: entry.Hash(e.Fingerprint)}
	f.Add(end.Bytes())
	for _, k := range e.Signers() {
		end.Sign(k)
	}
	f.Add(cast)
	f.Add(spoil)
	f.Add(e.Entries()[0].Data)
	before := e.Entries()
	f.Fuzz(func(t *testing.T, data []byte) {
		s := ballot.NewState(e.Election)
		for _, en := range before {
			_, err := s.Apply(en)
			require.NoError(t, err)
		}
		refusal, err := s.Apply(ledger.Entry{Index: s.Next(), Data: data})
		require.NoError(t, err)
		_, closed := s.Closed()
		require.False(t, closed)
		if refusal != nil {
			requireReason(t, refusal.Err)
		}
		refusal, err = s.Apply(ledger.Entry{Index: s.Next(), Data: end.Bytes()})
		require.NoError(t, err)
		require.Nil(t, refusal)
	})
}
