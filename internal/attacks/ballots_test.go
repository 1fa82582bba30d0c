package attacks

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/zkp"
)

// Slots that hold anything but 0 and 1, with the proof that the honest
// prover's program makes for them.
func TestP24ForcedValues(t *testing.T) {
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		log, box := f.open(t)
		g := f.Group
		half := g.Scalar().Inv(g.Uint64Scalar(2))
		cheat := func(what string, values ...kyber.Scalar) {
			d := f.device(t, 2, f.votes[2])
			copy(d.values, values)
			requireRefused(t, reason.ErrProof, log, box, d.seal(), what)
		}
		of := func(values ...int64) (list []kyber.Scalar) {
			for _, v := range values {
				list = append(list, g.Int64Scalar(v))
			}
			return list
		}
		cheat("2", of(2)...)
		cheat("-1", of(-1)...) // q − 1
		cheat("1000", of(1000)...)
		cheat("2^62", of(1<<62)...)
		cheat("2 and -1, which sum to 1", of(2, -1)...)
		cheat("1000 and -999", of(1000, -999)...)
		cheat("two halves", half, half)
		_, err := box.CastBytes(t.Context(), f.device(t, 2, f.votes[2]).seal())
		require.NoError(t, err, "control")
	})
}

// Votes of 0s and 1s that break a rule of their contest.
func TestP25OverAndUnderVotes(t *testing.T) {
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		log, box := f.open(t)
		g := f.Group
		for _, c := range []struct {
			name string
			bits []uint64 // of the first slots
		}{
			{"both options", []uint64{1, 1}}, {"no option and no blank", []uint64{0, 0, 0}}, {"all", []uint64{1, 1, 1, 1, 1, 1, 1, 1}},
		} {
			d := f.device(t, 2, f.votes[2])
			for i := range d.values {
				if i < len(c.bits) {
					d.values[i] = g.Uint64Scalar(c.bits[i])
				}
			}
			requireRefused(t, reason.ErrProof, log, box, d.seal(), c.name)
		}
		// The encryption API refuses to make such a ballot at all.
		over := ballot.Votes{"mayor": {"a": 1, "b": 1}, "chair": {"a": 1}, "motto": {"a": 1}}
		if !f.mixed {
			over = ballot.Votes{"mayor": {"ada": 1, "grace": 1}}
		}
		v := f.voter(2)
		_, _, err := f.Encrypt(v, over)
		requireReason(t, reason.ErrRange, err)
		require.Equal(t, f.Voters[2].Number, v.Number)
		// Without the part of the proof that is about sums there is none.
		d := f.device(t, 2, f.votes[2])
		proof := d.prove(d.row())
		requireRefused(t, reason.ErrEncoding, log, box, d.entry(d.row(), proof[:len(proof)-g.ScalarLen()]))
	})
}

// What a ballot says of one contest is not moved to another, left out or said
// twice. Contests have no names on the wire: their columns follow from the
// style, so that another order is another row, and another number malformed.
func TestP26SelectionsMoved(t *testing.T) {
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		log, box := f.open(t)
		d := f.device(t, 2, f.votes[2])
		row := d.row()
		proof := d.prove(row)
		try := func(want error, what string, change func(b []kyber.Point) []kyber.Point) {
			moved := elgamal.Ciphertext{A: row.A, B: change(slices.Clone(row.B))}
			requireRefused(t, want, log, box, d.entry(moved, proof), what)
		}
		last := len(row.B) - 1
		for i := range row.B {
			if i > 0 {
				try(reason.ErrProof, "neighbours swapped", func(b []kyber.Point) []kyber.Point { b[i], b[i-1] = b[i-1], b[i]; return b })
				try(reason.ErrProof, "one twice", func(b []kyber.Point) []kyber.Point { b[i] = b[0]; return b })
			}
		}
		try(reason.ErrProof, "first and last swapped", func(b []kyber.Point) []kyber.Point { b[0], b[last] = b[last], b[0]; return b })
		try(reason.ErrEncoding, "one left out", func(b []kyber.Point) []kyber.Point { return b[1:] })
		try(reason.ErrEncoding, "one more", func(b []kyber.Point) []kyber.Point { return append(b, b[0]) })
		try(reason.ErrEncoding, "a contest twice", func(b []kyber.Point) []kyber.Point { return append(b, b...) })
		try(reason.ErrEncoding, "none", func([]kyber.Point) []kyber.Point { return nil })
		style := func(s uint16) []byte {
			return rewrap(t, d.entry(row, proof), func(env *entry.Envelope) { binary.BigEndian.PutUint16(env.Body, s) })
		}
		requireRefused(t, reason.ErrEncoding, log, box, style(1), "as of another style")
		requireRefused(t, reason.ErrRange, log, box, style(2), "as of a style that there is not")
		requireRefused(t, reason.ErrRange, log, box, style(math.MaxUint16), "as of a style that there is not")
		_, err := box.CastBytes(t.Context(), d.entry(row, proof))
		require.NoError(t, err, "control")
	})
}

// replay applies the counting rule to ballots after the open.
func (f *fixture) replay(t *testing.T, data ...[]byte) *ballot.State {
	log := f.signed(t, slices.Concat(f.entries[:f.opened], data))
	state, err := ballot.Replay(t.Context(), f.Election.Election, log, uint64(f.opened+len(data)), nil)
	require.NoError(t, err)
	return state
}

// requireCounts requires that of these ballots, the i-th refused for its
// reason, exactly those at some positions count.
func (f *fixture) requireCounts(t *testing.T, data [][]byte, reasons []error, counted ...int) {
	t.Helper()
	state := f.replay(t, data...)
	refused := make([]error, len(data))
	for _, r := range state.Refused() {
		refused[int(r.Index)-f.opened] = r.Err
	}
	for i, want := range reasons {
		if want == nil {
			require.NoError(t, refused[i], "entry %d", i)
		} else {
			requireReason(t, want, refused[i], "entry %d", i)
		}
	}
	got := []int{}
	for c := range state.Counted() {
		got = append(got, int(c.Index)-f.opened)
	}
	require.Equal(t, counted, got)
}

// A voter's ballot under the credential of another one, who signs it.
func TestP27CopiedBallot(t *testing.T) {
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		victim := f.device(t, 0, f.votes[0])
		theirs := victim.seal()
		log, box := f.open(t)
		_, err := box.CastBytes(t.Context(), theirs)
		require.NoError(t, err)

		thief := f.device(t, 1, f.votes[0])
		renamed := rewrap(t, theirs, func(env *entry.Envelope) { copy(env.Body[f.credentialAt():], f.Voters[1].Key.Public()) })
		requireRefused(t, reason.ErrProof, log, box, renamed, "the thief's name on it")
		requireRefused(t, reason.ErrProof, log, box, thief.entry(victim.row(), thief.prove(victim.row())), "signed by the thief, who does not know r")
		thief.r = victim.r
		accomplice := thief.seal()
		requireRefused(t, reason.ErrDuplicate, log, box, accomplice, "with r from the victim")
		own := f.device(t, 0, f.votes[0])
		own.r, own.number = victim.r, 2
		requireRefused(t, reason.ErrDuplicate, log, box, own.seal(), "by the same voter")

		// Whoever writes to the ledger past the box gets the same.
		f.requireCounts(t, [][]byte{theirs, renamed, accomplice, theirs},
			[]error{nil, reason.ErrProof, reason.ErrDuplicate, reason.ErrReplay}, 0)
		// The copy first: then the original is the copy, which only those can do
		// to each other who share r.
		f.requireCounts(t, [][]byte{accomplice, theirs}, []error{nil, reason.ErrDuplicate}, 0)
	})
}

// A voter's ballot in another form: re-encrypted, in another order, or some of
// it in another ballot.
func TestP28MalleatedCopy(t *testing.T) {
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		g, victim := f.Group, f.device(t, 0, f.votes[0])
		row := victim.row()
		proof := victim.prove(row)
		log, box := f.open(t)
		_, err := box.CastBytes(t.Context(), victim.entry(row, proof))
		require.NoError(t, err)

		key := &elgamal.PublicKey{Group: g}
		for _, column := range victim.columns {
			key.Points = append(key.Points, f.Opening.Keys[column])
		}
		thief := f.device(t, 1, f.votes[1])
		s := g.RandomScalar()
		again := key.ReEncrypt(row, s)
		requireRefused(t, reason.ErrProof, log, box, victim.entry(again, proof), "re-encrypted, under the victim's name")
		requireRefused(t, reason.ErrProof, log, box, thief.entry(again, proof), "re-encrypted, with the victim's proof")
		thief.r = s
		requireRefused(t, reason.ErrProof, log, box, thief.entry(again, thief.prove(again)), "re-encrypted, with a proof of what was added")

		mine := f.device(t, 1, f.votes[1])
		for name, copied := range map[string]elgamal.Ciphertext{
			// With slots among them: a column that is mixed is no part of what is
			// proven, and another voter's is garbage under one's own A.
			"all but the first columns":  {A: mine.row().A, B: slices.Concat(mine.row().B[:1], row.B[1:])},
			"the first column with A":    {A: row.A, B: slices.Concat(row.B[:1], mine.row().B[1:])},
			"all but the last column":    {A: row.A, B: slices.Concat(row.B[:len(row.B)-1], mine.row().B[len(row.B)-1:])},
			"the negative of the ballot": {A: g.Point().Neg(row.A), B: negated(g, row.B)},
			"twice the ballot":           row.Add(row),
			"the sum with one's own":     row.Add(mine.row()),
		} {
			requireRefused(t, reason.ErrProof, log, box, mine.entry(copied, mine.prove(copied)), name)
			requireRefused(t, reason.ErrProof, log, box, mine.entry(copied, proof), name)
		}
	})
}

func negated(g *elgamal.Group, points []kyber.Point) (list []kyber.Point) {
	for _, p := range points {
		list = append(list, g.Point().Neg(p))
	}
	return list
}

// A ballot of another election that has the same keys.
func TestP29CopyToAnotherElection(t *testing.T) {
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		sister := f.sister(t)
		theirs := sister.device(t, 0, f.votes[0]).seal()
		_, itsBox := sister.open(t)
		_, err := itsBox.CastBytes(t.Context(), theirs)
		require.NoError(t, err, "control")
		log, box := f.open(t)
		requireRefused(t, reason.ErrBinding, log, box, theirs)
		moved := rewrap(t, theirs, func(env *entry.Envelope) { env.Election = entry.Hash(f.Fingerprint) })
		requireRefused(t, reason.ErrProof, log, box, moved)
		f.requireCounts(t, [][]byte{theirs, moved}, []error{reason.ErrBinding, reason.ErrProof}, []int{}...)
	})
}

// An older ballot of a voter, posted again or held back until after a newer one.
func TestP30OldBallotAfterARevote(t *testing.T) {
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		numbered := func(n uint32) []byte {
			d := f.device(t, 0, f.votes[n%2*2])
			d.number = n
			return d.seal()
		}
		one, two, three := numbered(1), numbered(2), numbered(3)
		log, box := f.open(t)
		for _, data := range [][]byte{one, three} {
			_, err := box.CastBytes(t.Context(), data)
			require.NoError(t, err)
		}
		requireRefused(t, reason.ErrReplay, log, box, one, "posted again")
		requireRefused(t, reason.ErrReplay, log, box, two, "held back")
		requireRefused(t, reason.ErrReplay, log, box, numbered(3), "of the same number")
		f.requireCounts(t, [][]byte{one, three, one, two, numbered(3)},
			[]error{nil, nil, reason.ErrReplay, reason.ErrReplay, reason.ErrReplay}, 1)
		// An audit finds the same, and the authorities cannot count it.
		again := insert(f.entries, f.at(t, entry.Close, 0), f.entries[f.at(t, entry.Ballot, 0)])
		report := f.audit(t, again)
		requireFinding(t, report, "ballot.newest", f.at(t, entry.Close, 0), reason.ErrReplay)
	})
}

// Weights are on the roll, which the registrars sign: nothing a voter sends has
// one.
func TestP33Weights(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		roll := f.rollEntry(t)
		weigh := func(lines int, weight uint64) []byte {
			body := bytes.Clone(roll.body)
			for _, x := range roll.fields[:lines] {
				binary.BigEndian.PutUint64(body[x.at+f.Group.PointLen():], weight)
			}
			return body
		}
		for _, weight := range []uint64{0, 21, 1000, 1 << 40, 1 << 63, math.MaxUint64} { // the last is −1, too
			requireReason(t, reason.ErrRange, roll.read(t, [][]byte{weigh(1, weight)})[0], weight)
		}
		if f.mixed {
			requireReason(t, reason.ErrRange, roll.read(t, [][]byte{weigh(1, 2)})[0], "a row that is mixed weighs 1")
		} else {
			require.NoError(t, roll.read(t, [][]byte{weigh(1, 2)})[0])
			requireReason(t, reason.ErrLimit, roll.read(t, [][]byte{weigh(5, 5)})[0], "all together")
		}
		// Changed on the way to the voter's device.
		v := f.voter(2)
		v.Line.Weight++
		_, _, err := f.Encrypt(v, f.votes[2])
		require.Error(t, err)
		if f.mixed {
			requireReason(t, reason.ErrRange, err)
		} else {
			requireReason(t, reason.ErrChain, err)
		}
		require.Equal(t, f.Voters[2].Number, v.Number)
	})
}

// Where voters have tokens, the weight is what all registrars have signed for
// the credential, and for no other.
func TestP33WeightOfTokens(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		f := anonymous(t, g)
		log, box := f.open(t)
		const token = 384
		for name, change := range map[string]func(permit []byte){
			"2":                              func(b []byte) { b[7] = 2 },
			"0":                              func(b []byte) { b[7] = 0 },
			"2^63":                           func(b []byte) { b[0] = 0x80 },
			"2^64 - 1":                       func(b []byte) { copy(b, bytes.Repeat([]byte{0xff}, 8)) },
			"another voter":                  func(b []byte) { copy(b, f.permit(1)) },
			"one registrar of another voter": func(b []byte) { copy(b[8+token:], f.permit(1)[8+token:]) },
			"one registrar twice":            func(b []byte) { copy(b[8+token:], b[8:8+token]) },
			"registrars exchanged":           func(b []byte) { copy(b[8:], slices.Concat(b[8+token:], b[8:8+token])) },
			"no tokens":                      func(b []byte) { clear(b[8:]) },
		} {
			d := f.device(t, 2, f.votes[2])
			require.Len(t, d.permit, 8+2*token)
			change(d.permit)
			requireRefused(t, reason.ErrEligibility, log, box, d.seal(), name)
		}
		// A challenge needs them as well.
		spoil := func(permit []byte) []byte {
			d := f.device(t, 2, f.votes[2])
			rest := slices.Concat(binary.BigEndian.AppendUint16(nil, uint16(d.style)), permit)
			position := slices.Concat(make([]byte, 32), binary.BigEndian.AppendUint64(nil, uint64(d.time)), rest)
			statement := zkp.Dlog{Base: g.Base(), Image: d.credential()}
			proof, err := statement.Prove(g, zkp.Context{Kind: "spoil", Election: f.Fingerprint, Position: position}, d.secret())
			require.NoError(t, err)
			body := slices.Concat(make([]byte, 32), rest, g.AppendPoint(nil, d.credential()), proof)
			env := entry.Envelope{Kind: entry.Spoil, Election: entry.Hash(f.Fingerprint), Time: d.time, Body: body}
			return env.Bytes()
		}
		requireRefused(t, reason.ErrEligibility, log, box, spoil(f.permit(1)), "spoil with another voter's")
		_, err := box.Spoil(t.Context(), spoil(f.permit(2)))
		require.NoError(t, err, "control")
		_, err = box.CastBytes(t.Context(), f.device(t, 2, f.votes[2]).seal())
		require.NoError(t, err, "control")
	})
}

// A voter has the contests of one style.
func TestP36AnotherStyle(t *testing.T) {
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		log, box := f.open(t)
		guest, citizen := f.device(t, 3, f.votes[3]), f.device(t, 0, f.votes[0])
		guest.key, citizen.key = citizen.key, guest.key
		requireRefused(t, reason.ErrEligibility, log, box, guest.seal(), "fewer contests")
		requireRefused(t, reason.ErrEligibility, log, box, citizen.seal(), "more contests")
		stranger := f.device(t, 0, f.votes[0])
		stranger.key = ballot.NewVoterKey(f.Group)
		requireRefused(t, reason.ErrEligibility, log, box, stranger.seal(), "nobody on the roll")
		guest.key, citizen.key = citizen.key, guest.key
		for _, d := range []*device{guest, citizen} {
			_, err := box.CastBytes(t.Context(), d.seal())
			require.NoError(t, err, "control")
		}
	})
}

// Ballots before the open and after the close, wherever their clocks stand.
func TestP37BeforeAndAfter(t *testing.T) {
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		d := f.device(t, 0, f.votes[0])
		for _, at := range []int64{d.time, 0, -60, 1 << 40 * 60} {
			d.time = at
			data := d.seal()
			// Before: who has the open entry before it is on the ledger.
			early := f.Fork(slices.Concat(f.entries[:f.opened-1], [][]byte{data}, f.entries[f.opened-1:f.opened])...)
			moved, err := ballot.Load(t.Context(), early, f.Fingerprint)
			require.NoError(t, err)
			state, err := ballot.Replay(t.Context(), moved, early, uint64(f.opened+1), nil)
			require.NoError(t, err)
			require.Len(t, state.Refused(), 1)
			requireReason(t, reason.ErrState, state.Refused()[0].Err)
			require.Empty(t, slices.Collect(state.Counted()))
			// After.
			log, box := f.open(t, f.entries[f.at(t, entry.Close, 0)])
			requireRefused(t, reason.ErrState, log, box, data)
			// Between: the same bytes.
			log, box = f.open(t)
			_, err = box.CastBytes(t.Context(), data)
			require.NoError(t, err, "control")
			require.Equal(t, f.opened+1, size(t, log))
		}
	})
}
