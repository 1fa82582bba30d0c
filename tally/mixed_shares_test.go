package tally

import (
	"context"
	"crypto/sha256"
	"iter"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/mixnet"
)

// rowStatementOf returns what an honest share of a trustee states.
func (f *fixture) rowStatementOf(trustee, contest int) *rowStatement {
	target, _ := f.closing.targetBefore(f.closing.size, contest)
	return f.closing.rowStatement(trustee, contest, target)
}

// reprove makes the proofs of a share again, for the points as they are now.
// Where they are wrong, the best there is: the proof of the right points, in the
// place of the wrong ones.
func (f *fixture) reprove(t *testing.T, trustee int, s *share, st *rowStatement) {
	g, width := f.Group, len(st.keys)
	s.rows.encoded = nil
	for _, p := range s.rows.points {
		s.rows.encoded = g.AppendPoint(s.rows.encoded, p)
	}
	secrets, err := f.Trustees[trustee-1].Shares(f.Manifest.Ceremony(), f.Outcome)
	require.NoError(t, err)
	first, _ := f.Manifest.Contests[st.contest].Columns()
	s.rows.proofs = nil
	for k := range width {
		d, at := st.column(g, s.rows, k, sha256.Sum256(s.rows.encoded))
		proof, err := d.Prove(g, at, secrets[first+k])
		if err != nil { // the prover does not prove what is false
			right, _ := st.column(g, f.share(t, trustee, st.contest).rows, k, [32]byte{})
			proof, err = right.Prove(g, at, secrets[first+k])
			require.NoError(t, err)
		}
		s.rows.proofs = append(s.rows.proofs, proof...)
	}
}

func TestP63P64AttacksOnRowShares(t *testing.T) {
	// instead of trustee 3's share of a contest, so that two good ones remain
	instead := func(contest int, change func(t *testing.T, f *fixture, s *share)) func(*testing.T, *fixture) [][]byte {
		return func(t *testing.T, f *fixture) [][]byte {
			s := f.share(t, 3, contest)
			change(t, f, s)
			return replace(f.entries, f.shareAt(t, 3, contest), f.signShare(3, s.body(f.Group)))
		}
	}
	swapPoints := func(i, j int, again bool) func(*testing.T, *fixture, *share) {
		return func(t *testing.T, f *fixture, s *share) {
			p := s.rows.points
			p[i], p[j] = p[j], p[i]
			before := slices.Clone(s.rows.proofs)
			if f.reprove(t, 3, s, f.rowStatementOf(3, s.contest)); !again {
				s.rows.proofs = before
			}
		}
	}
	resized := func(n int) func(*testing.T, *fixture, *share) {
		return func(t *testing.T, f *fixture, s *share) {
			body := s.rows.body()
			s.rows = &rowShare{encoded: append(body, make([]byte, max(0, n))...)[:len(body)+n]}
		}
	}
	overwritten := func(with byte) func(*testing.T, *fixture, *share) {
		return func(t *testing.T, f *fixture, s *share) {
			for i := range f.Group.PointLen() {
				s.rows.encoded[i] = with
			}
		}
	}
	shares, target, target0 := []string{"decrypt.shares"}, []string{"tally.target"}, target{}
	attacks := []attack{
		{"two rows exchanged", instead(chair, swapPoints(0, 1, false)), shares, nil, ErrProof},
		{"two rows exchanged and proven again", instead(chair, swapPoints(0, 1, true)), shares, nil, ErrProof},
		{"two columns exchanged", instead(motto, swapPoints(0, 1, false)), shares, nil, ErrProof},
		{"two columns exchanged and proven again", instead(motto, swapPoints(0, 1, true)), shares, nil, ErrProof},
		{"two rows of one column exchanged", instead(motto, swapPoints(1, 3, true)), shares, nil, ErrProof},
		{"the proofs of two columns exchanged", instead(motto, func(t *testing.T, f *fixture, s *share) {
			n := rowProofLen(f.Group)
			s.rows.proofs = slices.Concat(s.rows.proofs[n:], s.rows.proofs[:n])
		}), shares, nil, ErrProof},
		{"the proof of one column from another share of the trustee", instead(motto, func(t *testing.T, f *fixture, s *share) {
			copy(s.rows.proofs, f.share(t, 3, chair).rows.proofs)
		}), shares, nil, ErrProof},
		{"one row twice", instead(chair, func(t *testing.T, f *fixture, s *share) {
			n := f.Group.PointLen()
			copy(s.rows.encoded, s.rows.encoded[n:2*n])
		}), shares, nil, ErrProof},
		{"another trustee's", instead(chair, func(t *testing.T, f *fixture, s *share) {
			*s = *f.share(t, 2, chair)
		}), shares, nil, ErrProof},
		{"proofs for another trustee", instead(chair, func(t *testing.T, f *fixture, s *share) {
			st := f.rowStatementOf(3, chair)
			st.trustee = 2
			f.reprove(t, 3, s, st)
		}), shares, nil, ErrProof},
		{"proofs for another contest", instead(chair, func(t *testing.T, f *fixture, s *share) {
			st := f.rowStatementOf(3, chair)
			s.rows.proofs = slices.Clone(s.rows.proofs)
			d, at := st.column(f.Group, s.rows, 0, sha256.Sum256(s.rows.encoded))
			at.Position[7] ^= 1
			secrets, err := f.Trustees[2].Shares(f.Manifest.Ceremony(), f.Outcome)
			require.NoError(t, err)
			s.rows.proofs, err = d.Prove(f.Group, at, secrets[0])
			require.NoError(t, err)
		}), shares, nil, ErrProof},
		{"proofs for another target", instead(chair, func(t *testing.T, f *fixture, s *share) {
			st := f.rowStatementOf(3, chair)
			st.target[0] ^= 1
			f.reprove(t, 3, s, st)
		}), shares, nil, ErrProof},
		{"the identity for a point", instead(chair, overwritten(0)), shares, nil, ErrGroup},
		{"a point that is none", instead(chair, overwritten(0xff)), shares, nil, ErrEncoding},
		{"a byte too many", instead(motto, resized(1)), shares, nil, ErrEncoding},
		{"a byte too few", instead(motto, resized(-1)), shares, nil, ErrEncoding},
		{"megabytes too many", instead(chair, resized(4<<20)), shares, nil, ErrEncoding},
		{"nothing", instead(chair, func(t *testing.T, f *fixture, s *share) { s.rows = &rowShare{} }), shares, nil, ErrEncoding},

		// Another list than the last.
		{"the rows of a shorter chain", instead(chair, func(t *testing.T, f *fixture, s *share) {
			*s = *f.shareAfter(t, 3, chair, f.mixAt(t, 2, chair))
		}), target, nil, ErrBinding},
		{"the rows of a shorter chain under the target of the last list", instead(chair, func(t *testing.T, f *fixture, s *share) {
			early := f.shareAfter(t, 3, chair, f.mixAt(t, 2, chair))
			s.rows = early.rows
		}), shares, nil, ErrProof},
		{"the target without a list", instead(chair, func(t *testing.T, f *fixture, s *share) {
			s.target = f.closing.pinned.target(f.Fingerprint, chair)
		}), target, nil, ErrBinding},
		{"the target of another contest", instead(chair, func(t *testing.T, f *fixture, s *share) {
			s.target = f.share(t, 3, motto).target
		}), target, nil, ErrBinding},
		{"rows under a contest of slots", instead(chair, func(t *testing.T, f *fixture, s *share) {
			s.contest, s.target = mayor, f.share(t, 3, mayor).target
		}), shares, nil, nil},
		{"before the last mix", func(t *testing.T, f *fixture) [][]byte {
			at := f.shareAt(t, 3, chair)
			return insert(without(f.entries, at), f.mixAt(t, 2, chair), f.entries[at])
		}, target, nil, ErrBinding},
		{"no target, before the last mix", func(t *testing.T, f *fixture) [][]byte {
			s, at := f.share(t, 3, chair), f.shareAt(t, 3, chair)
			s.target = target0
			return insert(without(f.entries, at), f.mixAt(t, 2, chair), f.signShare(3, s.body(f.Group)))
		}, target, nil, ErrBinding},

		// What fails nothing.
		{"that nobody signed", func(t *testing.T, f *fixture) [][]byte {
			return replace(f.entries, f.shareAt(t, 3, chair), f.sign(entry.Share, f.share(t, 3, chair).body(f.Group)))
		}, nil, nil, ErrSignature},
		{"one trustee twice", func(t *testing.T, f *fixture) [][]byte {
			return insert(f.entries, f.shareAt(t, 3, chair), f.signShare(1, f.share(t, 1, chair).body(f.Group)))
		}, nil, nil, ErrDuplicate},
		{"one trustee twice, with junk", func(t *testing.T, f *fixture) [][]byte {
			s := f.share(t, 1, chair)
			s.rows = &rowShare{}
			return insert(f.entries, f.shareAt(t, 3, chair), f.signShare(1, s.body(f.Group)))
		}, nil, nil, ErrDuplicate},
		{"junk after the result", func(t *testing.T, f *fixture) [][]byte {
			s := f.share(t, 3, chair)
			s.rows = &rowShare{}
			return insert(f.entries, len(f.entries), f.signShare(3, s.body(f.Group)))
		}, nil, nil, ErrState},
	}
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		for _, a := range attacks {
			a.run(t, honestMixed(t, g))
		}
	})
}

// shareAfter makes a trustee's share of the list as it was after the mixes
// before an entry: what a trustee would sign who does not wait for the others.
func (f *fixture) shareAfter(t *testing.T, trustee, contest, at int) *share {
	c := f.closingOf(t, f.entries[:at])
	list := c.mixing.chains[contest].last
	target := c.pinned.rowsTarget(f.Fingerprint, contest, list.Digest())
	secrets, err := f.Trustees[trustee-1].Shares(f.Manifest.Ceremony(), f.Outcome)
	require.NoError(t, err)
	first, columns := f.Manifest.Contests[contest].Columns()
	s := &share{contest: contest, target: target}
	s.rows, err = c.rowStatement(trustee, contest, target).decrypt(t.Context(), f.Group, secrets[first:first+columns])
	require.NoError(t, err)
	return s
}

// A bad share names its trustee, and the others finish.
func TestP63BadRowShareIsNamed(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		f := honestMixed(t, g)
		s := f.share(t, 2, motto)
		s.rows.encoded, s.rows.proofs = f.share(t, 1, motto).rows.encoded, f.share(t, 1, motto).rows.proofs
		entries := replace(f.entries, f.shareAt(t, 2, motto), f.signShare(2, s.body(f.Group)))
		r, err := Combine(t.Context(), f.Election.Election, f.read(t, entries))
		require.NoError(t, err)
		require.Equal(t, f.result.Contests, r.Contests)
		require.Len(t, r.RefusedShares, 1)
		require.Equal(t, 2, r.RefusedShares[0].Trustee)
		require.Equal(t, "motto", r.RefusedShares[0].Contest)
		require.ErrorIs(t, r.RefusedShares[0].Err, ErrProof)

		// With one of the other two missing it is too few.
		_, err = Combine(t.Context(), f.Election.Election, f.read(t, without(entries, f.shareAt(t, 3, motto))))
		require.ErrorIs(t, err, ErrQuorum)
		require.ErrorContains(t, err, `trustee 2 "Trustee 2" (entry `)
	})
}

func TestP62P65AnyQuorumOpensTheSameVotes(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) { requireAnyQuorum(t, honestMixed(t, g)) })
}

func TestAttacksOnMixedResults(t *testing.T) {
	elected := func(change func(*mixedResult)) func(*testing.T, *fixture) [][]byte {
		return published(func(r *Result) { change(r.Contests[chair].mixed) })
	}
	attacks := []attack{
		{"a first preference moved", published(func(r *Result) {
			r.Contests[chair].Totals[0].Total--
			r.Contests[chair].Totals[1].Total++
		}), []string{"tally.sum"}, nil, ErrProof},
		{"an invalid vote made valid", published(func(r *Result) {
			r.Contests[chair].Totals[0].Total++
			r.Contests[chair].Totals[4].Total--
		}), []string{"tally.sum"}, nil, ErrProof},
		{"more votes than there are", published(func(r *Result) { r.Contests[motto].Totals[0].Total = 5 }), []string{"result.bounds", "tally.sum"}, nil, ErrRange},
		{"somebody else elected", elected(func(m *mixedResult) { m.elected[1] = 1 }), []string{counted}, nil, ErrProof},
		{"elected in another order", elected(func(m *mixedResult) { slices.Reverse(m.elected) }), []string{counted}, nil, ErrProof},
		{"one fewer elected", elected(func(m *mixedResult) { m.elected = m.elected[:1] }), []string{counted}, nil, ErrProof},
		{"nobody elected", elected(func(m *mixedResult) { m.elected = nil }), []string{counted}, nil, ErrProof},
		{"other plaintexts", elected(func(m *mixedResult) { m.plaintexts[0] ^= 1 }), []string{"tally.sum"}, nil, ErrProof},
		{"withheld", published(func(r *Result) { r.Contests[chair].Withheld, r.Contests[chair].mixed = true, nil }), []string{"result.minimum"}, nil, ErrState},
		{"more elected than seats", elected(func(m *mixedResult) { m.elected = []int{0, 2, 1} }), []string{"result.published"},
			[]string{"tally.sum", "result.bounds", "result.minimum", "result.count", counted}, nil},
		{"somebody elected who is no option", elected(func(m *mixedResult) { m.elected[0] = 4 }), []string{"result.published"},
			[]string{"tally.sum", "result.bounds", "result.minimum", "result.count", counted}, ErrRange},
	}
	for _, a := range attacks {
		a.run(t, honestMixed(t, groups[0]))
	}
}

// While a ledger grows shares are read and checked once; a read that failed is
// made again, from where it failed.
func TestSharesAreReadOnce(t *testing.T) {
	f := honestMixed(t, groups[0])
	pin, half := uint64(f.at(t, entry.Pin, 0)), uint64(f.shareAt(t, 2, mayor))
	want, err := f.closingOf(t, f.entries).readShares(t.Context(), pin)
	require.NoError(t, err)
	for at, trustees := range want.good[chair] {
		require.Equal(t, at < 3, trustees.rows.points != nil, "two of three are kept to decrypt with")
	}

	c := f.closingOf(t, f.entries[:half])
	book, err := c.readShares(t.Context(), pin)
	require.NoError(t, err)
	require.Less(t, len(book.shares), len(want.shares))
	g := c.grown(tail{f.read(t, f.entries), half + 1}, uint64(len(f.entries)), c.state)
	_, err = g.readShares(t.Context(), pin)
	require.ErrorIs(t, err, errForgotten)
	g = c.grown(tail{f.read(t, f.entries), half}, uint64(len(f.entries)), c.state)
	book, err = g.readShares(t.Context(), pin)
	require.NoError(t, err)
	require.Len(t, book.shares, len(want.shares))
	for i, s := range want.shares {
		require.Equal(t, s.index, book.shares[i].index)
		require.NoError(t, book.shares[i].err)
	}
	require.NotNil(t, book.published())
}

// A context that ends while somebody's bytes are read blames nobody.
func TestNobodyIsBlamedForACancellation(t *testing.T) {
	f := honestMixed(t, groups[0])
	pin := uint64(f.at(t, entry.Pin, 0))
	want, err := f.closingOf(t, f.entries).readShares(t.Context(), pin)
	require.NoError(t, err)
	all := len(want.shares)
	for _, at := range []int{f.mixAt(t, 1, motto), f.shareAt(t, 1, chair)} {
		ctx, cancel := context.WithCancel(t.Context())
		c := f.closingOf(t, f.entries[:f.mixAt(t, 1, chair)])
		// Everything is read once to sort the mixes, then mixes and shares to be judged.
		c = c.grown(&ending{f.read(t, f.entries), uint64(at), 2, cancel}, uint64(len(f.entries)), c.state)
		_, err := c.readShares(ctx, pin)
		require.ErrorIs(t, err, context.Canceled)
		for _, x := range c.mixes() {
			require.Empty(t, x.failed)
		}
		c = c.grown(f.read(t, f.entries), uint64(len(f.entries)), c.state)
		book, err := c.readShares(t.Context(), pin)
		require.NoError(t, err)
		for _, x := range c.mixes() {
			require.NoError(t, x.err)
		}
		for _, s := range book.shares {
			require.NoError(t, s.err)
		}
		require.Len(t, book.shares, all, "none is passed over")
	}
}

// Mixes count once they are verified, and not because somebody has stopped
// doing that.
func TestMixesAreNotBelievedAfterACancellation(t *testing.T) {
	f := honestMixed(t, groups[0])
	at := f.mixAt(t, 1, chair)
	base := f.closingOf(t, f.entries[:at]).mixing.chains[chair]
	draft := f.draft(t, f.entries[:at], 3, chair)
	wrong := slices.Concat(draft.rows, draft.proof)
	wrong[len(wrong)-32] ^= 1
	ch := newChain(f.Manifest, f.Fingerprint, chair, base.key, base.last)
	ch.queue = []mixEntry{{mixHead: draft.head, index: 1, mixer: 3}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reading := 0 // how much there is to do for that
	work := mixWork{
		together: togetherPoints,
		body:     func(context.Context, uint64) ([]byte, error) { return wrong, nil },
		options: &mixnet.Options{Workers: 1, Progress: func(_, total int) {
			if reading == 0 {
				reading = total
			} else if total != reading {
				cancel() // verifying
			}
		}},
	}
	require.ErrorIs(t, ch.judge(ctx, work), context.Canceled)
	require.Empty(t, ch.judged)
	require.Same(t, base.last, ch.last)
	require.NoError(t, ch.judge(t.Context(), work))
	require.ErrorIs(t, ch.judged[0].err, ErrProof)
}

// ending is a reader after which a context ends: when it has read an entry so
// many times.
type ending struct {
	*operator
	at     uint64
	times  int
	cancel func()
}

func (r *ending) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for en, err := range r.operator.Entries(ctx, lo, hi) {
			if en.Index == r.at {
				if r.times--; r.times == 0 {
					r.cancel()
				}
			}
			if !yield(en, err) {
				return
			}
		}
	}
}

// Whether a mix is a second one of its mixer follows from the first, so that
// each wrong one costs as much as any other.
func TestManyWrongMixesOfOneMixer(t *testing.T) {
	f := honestMixed(t, groups[0])
	at := f.mixAt(t, 1, chair)
	base := f.closingOf(t, f.entries[:at]).mixing.chains[chair]
	good := f.draft(t, f.entries[:at], 3, chair)
	right := slices.Concat(good.rows, good.proof)
	wrong := slices.Clone(right)
	wrong[len(wrong)-32] ^= 1
	ch := newChain(f.Manifest, f.Fingerprint, chair, base.key, base.last)
	ch.queue = []mixEntry{{mixHead: good.head, index: 1, mixer: 3}, {mixHead: good.head, index: 2, mixer: 3}}
	judged, err := ch.step(t.Context(), mixWork{together: togetherPoints, body: func(context.Context, uint64) ([]byte, error) { return right, nil }})
	require.NoError(t, err)
	require.Len(t, judged, 1, "the second is not looked at before the first is verified")

	ch = newChain(f.Manifest, f.Fingerprint, chair, base.key, base.last)
	const n = 50
	for i := range uint64(n + 2) {
		ch.queue = append(ch.queue, mixEntry{mixHead: good.head, index: i, mixer: 3})
	}
	read := 0
	require.NoError(t, ch.judge(t.Context(), mixWork{together: togetherPoints, body: func(_ context.Context, index uint64) ([]byte, error) {
		read++
		if index == n {
			return right, nil
		}
		return wrong, nil
	}}))
	require.Equal(t, n+1, read, "each is read once")
	for i, x := range ch.judged {
		switch {
		case i < n:
			require.ErrorIs(t, x.err, ErrProof)
			require.Equal(t, mixShuffle, x.failed)
		case i == n:
			require.NoError(t, x.err)
		default:
			require.ErrorIs(t, x.err, ErrDuplicate)
			require.Empty(t, x.failed)
		}
	}
}

// A mixer that loses a race is not blamed, whichever list it was about.
func TestLateRaceBlamesNobody(t *testing.T) {
	f := honestMixed(t, groups[0])
	at := []int{f.mixAt(t, 1, chair), f.mixAt(t, 2, chair)}
	base := f.closingOf(t, f.entries[:at[0]]).mixing.chains[chair]
	digests := f.closing.mixing.chains[chair].digests
	m := *f.Manifest
	m.Mixes = 3
	ch := newChain(&m, f.Fingerprint, chair, base.key, base.last)
	for i, index := range append(at, len(f.entries)) {
		step := min(i, 1)
		ch.queue = append(ch.queue, mixEntry{mixHead: mixHead{chair, uint32(step), digests[step]}, index: uint64(index), mixer: i + 1})
	}
	require.NoError(t, ch.judge(t.Context(), mixWork{together: togetherPoints, body: func(_ context.Context, index uint64) ([]byte, error) {
		_, rest, err := parseMixHead(m.Contests, parse(t, f.entries[index]).Body)
		return rest, err
	}}))
	require.NoError(t, ch.judged[0].err)
	require.NoError(t, ch.judged[1].err)
	require.ErrorIs(t, ch.judged[2].err, ErrChain)
	require.Empty(t, ch.judged[2].failed)
}
