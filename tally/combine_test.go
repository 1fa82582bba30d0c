package tally

import (
	"fmt"
	"math/bits"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
)

// shareIndices returns where the shares of the trustees whose bits are set
// stand.
func shareIndices(t *testing.T, f *fixture, trustees uint) (at []int) {
	for trustee := 1; trustee <= len(f.Trustees); trustee++ {
		if trustees>>(trustee-1)&1 == 1 {
			for contest := range f.Manifest.Contests {
				at = append(at, f.shareAt(t, trustee, contest))
			}
		}
	}
	return at
}

// Every set of t trustees or more gives the same result, and no smaller one.
func requireAnyQuorum(t *testing.T, f *fixture) {
	for present := range uint(1) << len(f.Trustees) {
		absent := ^present & (1<<len(f.Trustees) - 1)
		entries := without(f.entries[:f.at(t, entry.Result, 0)], shareIndices(t, f, absent)...)
		r, err := Combine(t.Context(), f.Election.Election, f.read(t, entries))
		if bits.OnesCount(present) < f.Manifest.Threshold {
			require.ErrorIs(t, err, ErrQuorum)
			for trustee := range f.Trustees {
				name := fmt.Sprintf("trustee %d %q", trustee+1, fmt.Sprintf("Trustee %d", trustee+1))
				if present>>trustee&1 == 0 {
					require.ErrorContains(t, err, name)
				} else {
					require.NotContains(t, err.Error(), name)
				}
			}
			continue
		}
		require.NoError(t, err)
		require.Equal(t, f.result, r)
	}
}

func TestP62P65AnyQuorumGivesTheSameResult(t *testing.T) {
	for _, g := range groups {
		requireAnyQuorum(t, honest(t, g))
	}
}

// With more trustees: any three of five, and two of them may cheat.
func TestP63P65FiveTrustees(t *testing.T) {
	if testing.Short() {
		t.Skip("five trustees in the long run")
	}
	e := electiontest.New(t, &electiontest.Options{Trustees: 5, Threshold: 3})
	f := &fixture{Election: e}
	for i := range 4 {
		e.Cast(i, ballot.Votes{"mayor": {"ada": 1}, "parks": {"lake": i % 4}})
	}
	f.close(t)
	ctx := t.Context()
	require.NoError(t, Pin(ctx, e.Election, e.Log, e.Signers()))
	for _, trustee := range e.Trustees {
		require.NoError(t, Decrypt(ctx, e.Election, e.Log, trustee))
	}
	var err error
	f.result, err = Combine(ctx, e.Election, e.Log)
	require.NoError(t, err)
	require.NoError(t, Publish(ctx, e.Election, e.Log, f.result, e.Signers()))
	for _, en := range e.Entries() {
		f.entries = append(f.entries, en.Data)
	}
	f.closing, err = readClosing(ctx, e.Election, e.Log, work{})
	require.NoError(t, err)
	requireAnyQuorum(t, f)

	entries := f.entries
	for _, cheater := range []int{1, 4} {
		s := f.share(t, cheater, 1)
		s.points[0] = f.Group.Base()
		entries = replace(entries, f.shareAt(t, cheater, 1), f.signShare(cheater, s.body(f.Group)))
	}
	r, err := Combine(ctx, e.Election, f.read(t, entries))
	require.NoError(t, err)
	require.Equal(t, f.result.Contests, r.Contests)
	require.Len(t, r.RefusedShares, 2)
	for i, cheater := range []int{1, 4} {
		require.Equal(t, cheater, r.RefusedShares[i].Trustee)
		require.Equal(t, "parks", r.RefusedShares[i].Contest)
		require.EqualValues(t, f.shareAt(t, cheater, 1), r.RefusedShares[i].Entry)
		require.ErrorIs(t, r.RefusedShares[i].Err, ErrProof)
	}
	requireReport(t, f.audit(t, entries), []string{"decrypt.shares"}, nil)
	third := f.share(t, 5, 1)
	third.points[0] = f.Group.Base()
	entries = replace(entries, f.shareAt(t, 5, 1), f.signShare(5, third.body(f.Group)))
	_, err = Combine(ctx, e.Election, f.read(t, entries))
	require.ErrorIs(t, err, ErrQuorum)
	require.ErrorContains(t, err, `contest parks has 2 of 3 shares, missing: trustee 1 "Trustee 1" (entry `)
	require.ErrorContains(t, err, "proof does not hold)")
	require.NotContains(t, err.Error(), "mayor")
}

func TestRefusedSharesAreNamed(t *testing.T) {
	f := honest(t, groups[0])
	at := f.shareAt(t, 3, 0)
	late := f.entries[at]
	entries := replace(f.entries, at, f.signShare(3, nil))                                                  // malformed
	entries = replace(entries, at+1, f.sign(entry.Share, f.share(t, 3, 1).body(f.Group), f.Authorities[0])) // not a trustee's
	entries = replace(entries, at+2, f.signShare(1, f.share(t, 1, 2).body(f.Group)))                        // duplicate
	entries = append(entries, late)                                                                         // late
	r, err := Combine(t.Context(), f.Election.Election, f.read(t, entries))
	require.NoError(t, err)
	require.Equal(t, f.result.Contests, r.Contests)
	type named struct {
		Entry, Trustee int
		Contest        string
	}
	var got []named
	for i, s := range r.RefusedShares {
		got = append(got, named{int(s.Entry), s.Trustee, s.Contest})
		require.ErrorIs(t, s.Err, []error{ErrEncoding, ErrSignature, ErrDuplicate, ErrState}[i])
	}
	require.Equal(t, []named{{at, 3, ""}, {at + 1, 0, ""}, {at + 2, 1, "clubs"}, {len(entries) - 1, 3, "mayor"}}, got)
	require.Contains(t, r.Text(), fmt.Sprintf("refused share, entry %d, trustee 1, contest clubs: tally: ", at+2))
}

// A sum that the counted ballots cannot have given is not searched for without
// end. With proofs that hold it does not come up.
func TestP45TotalOutOfBounds(t *testing.T) {
	for _, g := range groups {
		f := honest(t, g)
		c := *f.closing
		c.sums = slices.Clone(c.sums)
		book, err := c.readShares(t.Context(), uint64(f.at(t, entry.Pin, 0)))
		require.NoError(t, err)
		_, err = book.combine(t.Context())
		require.NoError(t, err)
		c.sums[0].weight = 2 // it has more
		_, err = book.combine(t.Context())
		require.ErrorIs(t, err, ErrRange)
		require.ErrorContains(t, err, "contest mayor, c")
	}
}

func TestPublish(t *testing.T) {
	f := honest(t, groups[0])
	e, ctx := f.Election.Election, t.Context()
	at := f.at(t, entry.Result, 0)
	log := f.Fork(f.entries[:at]...)
	wrong, err := parseResult(e, f.result.Bytes())
	require.NoError(t, err)
	wrong.Contests[0].Totals[0].Total++
	require.ErrorIs(t, Publish(ctx, e, log, wrong, f.Signers()), ErrProof)
	require.ErrorIs(t, Publish(ctx, e, log, nil, f.Signers()), ErrProof)
	require.ErrorIs(t, Publish(ctx, e, log, f.result, f.Authorities[:1]), ErrQuorum)
	require.Equal(t, at, size(t, log))
	for range 2 { // the second time it is there
		require.NoError(t, Publish(ctx, e, log, f.result, f.Signers()))
		require.Equal(t, at+1, size(t, log))
	}
	log = f.Fork(append(f.entries[:at:at], f.sign(entry.Result, f.result.Bytes(), f.Signers()...))...)
	require.NoError(t, Publish(ctx, e, log, f.result, f.Signers()))
	require.Equal(t, at+1, size(t, log), "published at another time")
	early := f.Fork(f.entries[:f.shareAt(t, 2, 1)]...)
	require.ErrorIs(t, Publish(ctx, e, early, f.result, f.Signers()), ErrQuorum)
	unpinned := f.Fork(f.entries[:f.at(t, entry.Pin, 0)]...)
	require.ErrorIs(t, Publish(ctx, e, unpinned, f.result, f.Signers()), ErrState)
	_, err = Combine(ctx, e, unpinned)
	require.ErrorIs(t, err, ErrState)
}
