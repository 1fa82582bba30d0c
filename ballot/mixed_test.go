package ballot_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
)

// mixedContests are a ranking and a text.
func mixedContests() []ballot.Contest {
	return []ballot.Contest{
		{ID: "chair", Name: "Chair", Kind: "mixed-ranking", CountBy: "instant-runoff", Plaintexts: ballot.PlaintextsPublic, Options: []ballot.Option{
			{ID: "emmy", Name: "Emmy"}, {ID: "lise", Name: "Lise"}, {ID: "sofja", Name: "Sofja"},
		}},
		{ID: "ship", Name: "Ship", Kind: "write-in", Max: 40, Blank: true, Plaintexts: ballot.PlaintextsPublic, Options: []ballot.Option{
			{ID: "otter", Name: "Otter"},
		}},
	}
}

// mixedVotes are votes in all of mixedContests and of electiontest.Contests.
func mixedVotes() ballot.Votes {
	return ballot.Votes{"chair": {"sofja": 1, "emmy": 2}, "ship": {"Lady of the Lake, of Kraków": 1}, "mayor": {"ada": 1}, "parks": {"lake": 2}}
}

// onMixed runs a test with mixed contests alone and beside slots, over both
// groups. votes has votes in all contests.
func onMixed(t *testing.T, test func(t *testing.T, o *electiontest.Options, votes ballot.Votes)) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		mixed, slots := mixedContests(), electiontest.Contests()
		for _, arrangement := range []struct {
			name     string
			contests []ballot.Contest
		}{
			{"alone", mixed},
			{"beside slots", []ballot.Contest{mixed[0], slots[0], mixed[1], slots[1]}},
		} {
			t.Run(arrangement.name, func(t *testing.T) {
				votes := make(ballot.Votes)
				for _, c := range arrangement.contests {
					votes[c.ID] = mixedVotes()[c.ID]
				}
				test(t, &electiontest.Options{Group: g, Trustees: 1, Contests: arrangement.contests, Limits: ballot.Limits{BallotsPerCredential: 9}}, votes)
			})
		}
	})
}

// What is encrypted is what the contests' plaintexts and bits say.
func TestEncryptMixed(t *testing.T) {
	onMixed(t, func(t *testing.T, o *electiontest.Options, votes ballot.Votes) {
		w := open(t, electiontest.New(t, o))
		d := w.draft(0, 1)
		var err error
		d.Content, err = w.Manifest.EncodeVotes(0, votes)
		require.NoError(t, err)
		d.R = w.Group.RandomScalar()
		b := d.Seal(w.e)
		require.NoError(t, w.VerifyBallot(b))
		require.Len(t, b.Row().B, len(w.Manifest.RowColumns(0)))
		if len(o.Contests) == len(mixedContests()) {
			env, err := entry.Parse(b.Bytes())
			require.NoError(t, err)
			points := 1 + 1 + 3 + 2 // K, A, B…, and R, Q of the proof without slots
			require.Len(t, env.Body, 2+4+points*w.Group.PointLen()+2*w.Group.ScalarLen())
		}
		again, err := w.ParseBallot(b.Bytes())
		require.NoError(t, err)
		require.NoError(t, w.VerifyBallot(again))
		require.Equal(t, b.Tracker(), again.Tracker())

		var opened []kyber.Point
		for i, column := range w.Manifest.RowColumns(0) {
			mask := w.Group.Point().Mul(d.R, w.Opening.Keys[column])
			opened = append(opened, w.Group.Point().Sub(again.Row().B[i], mask))
		}
		for i := range w.Manifest.Contests {
			c := &w.Manifest.Contests[i]
			start, ok := w.Manifest.RowStart(0, i)
			require.True(t, ok)
			_, count := c.Columns()
			if c.Mixed() {
				v, err := c.OpenPlaintext(opened[start : start+count])
				require.NoError(t, err)
				require.Equal(t, votes[c.ID], v)
				continue
			}
			bits, err := c.Encode(votes[c.ID])
			require.NoError(t, err)
			for s, bit := range bits {
				require.True(t, opened[start+s].Equal(w.Group.Point().Mul(w.Group.Uint64Scalar(uint64(bit)), nil)))
			}
		}
		w.accept(b.Bytes())

		// By the way of a voter's device; nothing marked is allowed in all of them.
		require.NoError(t, w.VerifyBallot(w.vote(1, votes)))
		require.NoError(t, w.VerifyBallot(w.vote(1, nil)))
		for _, bad := range []ballot.Votes{
			{"chair": {"emmy": 2}}, {"chair": {"Lake": 1}}, {"ship": {"a": 1, "b": 1}}, {"ship": {strings.Repeat("x", 41): 1}}, {"ship": {"a\n": 1}},
		} {
			_, _, err := w.Encrypt(w.Voters[2], bad)
			require.Error(t, err)
			require.Zero(t, w.Voters[2].Number)
		}
	})
}

// Nobody can change anything in another's ballot, take something out of it, or
// mark it to find it again among the decrypted votes.
func TestChangedMixedColumns(t *testing.T) {
	onMixed(t, func(t *testing.T, o *electiontest.Options, votes ballot.Votes) {
		w := open(t, electiontest.New(t, o))
		g := w.Group
		content, err := w.Manifest.EncodeVotes(0, votes)
		require.NoError(t, err)
		seal := func(voter int, number uint32) *ballot.Ballot {
			d := w.draft(voter, number)
			d.Content = content
			return d.Seal(w.e)
		}
		victim, own, before := seal(0, 2), seal(1, 1), seal(0, 1)
		n := g.PointLen()
		try := func(name string, reason error, change func(x *ballot.Body)) {
			t.Helper()
			x := ballot.OpenBody(w.e, victim)
			x.Row = slices.Clone(x.Row)
			change(&x)
			err := w.apply(rewrap(t, victim.Bytes(), func(env *entry.Envelope) { env.Body = x.Bytes() }))
			require.ErrorIs(t, err, reason, name)
		}
		plus := func(encoded []byte, p kyber.Point) []byte {
			q, err := g.DecodePoint(encoded)
			require.NoError(t, err)
			return g.AppendPoint(nil, q.Add(q, p))
		}
		keys := w.Manifest.RowColumns(0)
		row := ballot.OpenBody(w.e, victim).Row
		donors := []ballot.Body{ballot.OpenBody(w.e, own), ballot.OpenBody(w.e, before)}
		for i := range row {
			try("no point", ballot.ErrEncoding, func(x *ballot.Body) { x.Row[i] = bytes.Repeat([]byte{0xff}, n) })
			try("identity", ballot.ErrGroup, func(x *ballot.Body) { x.Row[i] = make([]byte, n) })
			try("a constant more", ballot.ErrProof, func(x *ballot.Body) { x.Row[i] = plus(x.Row[i], g.Base()) })
			for _, d := range donors {
				try("another ballot's column", ballot.ErrProof, func(x *ballot.Body) { x.Row[i] = d.Row[i] })
				try("another ballot's mask and column", ballot.ErrProof, func(x *ballot.Body) { x.Row[0], x.Row[i] = d.Row[0], d.Row[i] })
			}
			for j := range row[:i] {
				try("exchanged", ballot.ErrProof, func(x *ballot.Body) { x.Row[i], x.Row[j] = x.Row[j], x.Row[i] })
				try("repeated", ballot.ErrProof, func(x *ballot.Body) { x.Row[i] = x.Row[j] })
			}
		}
		s := g.RandomScalar()
		again := func(x *ballot.Body) {
			x.Row[0] = plus(x.Row[0], g.Point().Mul(s, nil))
			for i, column := range keys {
				x.Row[1+i] = plus(x.Row[1+i], g.Point().Mul(s, w.Opening.Keys[column]))
			}
		}
		try("re-randomised", ballot.ErrProof, again)
		for _, d := range donors {
			try("another ballot's row", ballot.ErrProof, func(x *ballot.Body) { x.Row = d.Row })
			try("another ballot's proof", ballot.ErrProof, func(x *ballot.Body) { x.Proof = d.Proof })
			try("another ballot's row and proof", ballot.ErrProof, func(x *ballot.Body) { x.Row, x.Proof = d.Row, d.Proof })
		}
		try("copied", ballot.ErrProof, func(x *ballot.Body) { x.Credential = donors[0].Credential })
		try("copied and re-randomised", ballot.ErrProof, func(x *ballot.Body) { x.Credential = donors[0].Credential; again(x) })
		try("copied with a proof of one's own", ballot.ErrProof, func(x *ballot.Body) { x.Credential, x.Proof = donors[0].Credential, donors[0].Proof })
		try("number", ballot.ErrProof, func(x *ballot.Body) { x.Number++ })
		try("a column less", ballot.ErrEncoding, func(x *ballot.Body) { x.Row = x.Row[:len(x.Row)-1] })
		try("a column more", ballot.ErrEncoding, func(x *ballot.Body) { x.Row = append(x.Row, x.Row[1]) })

		// The copier's own credential signs, but nobody else knows the randomness.
		secret, err := g.DecodeScalar(w.Voters[1].Key.Bytes())
		require.NoError(t, err)
		form, err := w.Form(0)
		require.NoError(t, err)
		_, err = form.Prove(ballot.StatementOf(victim), ballot.WitnessOf(g.RandomScalar(), secret, w.e, content))
		require.ErrorIs(t, err, ballot.ErrProof)

		w.accept(before.Bytes())
		w.accept(own.Bytes())
		w.accept(victim.Bytes())
	})
}

// A voter may encrypt anything in a column that is mixed. Such a ballot counts,
// and its plaintext will be an invalid vote.
func TestP35GarbagePlaintextIsAccepted(t *testing.T) {
	onMixed(t, func(t *testing.T, o *electiontest.Options, votes ballot.Votes) {
		w := open(t, electiontest.New(t, o))
		g := w.Group
		for number, garbage := range []kyber.Point{g.HashToPoint("test", []byte("garbage")), g.Base(), g.Point()} {
			var row []kyber.Point
			for i := range w.Manifest.Contests {
				c := &w.Manifest.Contests[i]
				bits, err := c.Encode(votes[c.ID])
				require.NoError(t, err)
				_, count := c.Columns()
				for k := range count {
					if c.Mixed() {
						row = append(row, garbage)
					} else {
						row = append(row, g.Point().Mul(g.Uint64Scalar(uint64(bits[k])), nil))
					}
				}
				if c.Mixed() {
					_, err = c.OpenPlaintext(row[len(row)-count:])
					require.ErrorIs(t, err, ballot.ErrEncoding)
				}
			}
			data := w.Seal(w.Voters[0], uint32(number+1), row, g.RandomScalar())
			b, err := w.ParseBallot(data)
			require.NoError(t, err)
			require.NoError(t, w.VerifyBallot(b))
			w.accept(data)
		}
	})
}

func TestMixedBox(t *testing.T) {
	onMixed(t, func(t *testing.T, o *electiontest.Options, votes ballot.Votes) {
		w := open(t, electiontest.New(t, o))
		ctx, box := t.Context(), w.Box()
		first := w.vote(0, votes)
		receipt, err := box.Cast(ctx, first)
		require.NoError(t, err)
		require.NoError(t, w.VerifyReceipt(first.Bytes(), receipt))
		same, err := box.CastBytes(ctx, first.Bytes())
		require.NoError(t, err)
		require.Equal(t, receipt.Index, same.Index)

		// Challenge: the ballot is spoiled, and never counts.
		challenged := w.vote(1, votes)
		spoil := w.spoil(1, challenged.Tracker())
		_, err = box.Spoil(ctx, spoil)
		require.NoError(t, err)
		_, err = box.Cast(ctx, challenged)
		require.ErrorIs(t, err, ballot.ErrState)

		last := w.vote(0, nil)
		_, err = box.Cast(ctx, last)
		require.NoError(t, err)
		_, err = box.Status(first.Tracker())
		require.ErrorIs(t, err, ballot.ErrReplay)
		bad := ballot.OpenBody(w.e, last)
		bad.Row[1], bad.Row[2] = bad.Row[2], bad.Row[1]
		w.Append(rewrap(t, last.Bytes(), func(env *entry.Envelope) { env.Body = bad.Bytes() }))
		w.Close()

		entries := w.Entries()
		s, err := ballot.Replay(ctx, w.e, w.Log, uint64(len(entries)), nil)
		require.NoError(t, err)
		require.Len(t, s.Refused(), 1)
		require.ErrorIs(t, s.Refused()[0].Err, ballot.ErrProof)
		for _, en := range entries[w.Opening.Index+1:] {
			_, err := w.s.Apply(en)
			require.NoError(t, err)
		}
		require.Equal(t, slices.Collect(s.Counted()), slices.Collect(w.s.Counted()))
		require.Equal(t, []ballot.CountedBallot{{Index: receipt.Index + 2, Weight: 1}}, slices.Collect(s.Counted()))
		loaded, err := ballot.Load(ctx, w.Log, w.Fingerprint)
		require.NoError(t, err)
		again, err := loaded.ParseBallot(first.Bytes())
		require.NoError(t, err)
		require.NoError(t, loaded.VerifyBallot(again))
	})
}

// mixedStyles is an election with weights where one style has a mixed contest
// and the other has none.
func mixedStyles() *electiontest.Options {
	return &electiontest.Options{
		Trustees: 1, Contests: append(electiontest.Contests()[:1], mixedContests()[0]),
		BallotStyles: []ballot.Style{{ID: "mixed", Name: "Mixed", Contests: []int{0, 1}}, {ID: "slots", Name: "Slots", Contests: []int{0}}},
		Styles:       []int{0, 1}, Weights: []uint64{1, 3}, // 1 in the style with the mixed contest
		Limits: ballot.Limits{MaxWeight: 100},
	}
}

// No weight can multiply a vote that is mixed: wherever a line of the roll is
// checked, another weight than 1 is refused.
func TestMixedContestsHaveNoWeights(t *testing.T) {
	e := electiontest.Prepare(t, mixedStyles())
	const text = "in style mixed, whose contest chair is mixed and so has weights of 1 only"
	refused := func(err error) {
		t.Helper()
		require.ErrorIs(t, err, ballot.ErrRange)
		require.ErrorContains(t, err, text)
	}
	var lines []ballot.RollLine
	for _, v := range e.Voters {
		lines = append(lines, v.Line.RollLine)
	}
	at := slices.IndexFunc(lines, func(l ballot.RollLine) bool { return l.Style == 0 })
	heavy := slices.Clone(lines)
	heavy[at].Weight = 2
	_, err := ballot.NewRoll(e.Manifest, heavy)
	refused(err)

	// The line that a voter's device checks.
	line := e.Voters[at].Line
	totals := e.Roll.Totals()
	require.NoError(t, totals.VerifyLine(e.Manifest, line))
	line.Weight = 2
	refused(totals.VerifyLine(e.Manifest, line))

	// A roll that is posted, from another manifest or by a registrar's hand.
	other := *mixedStyles()
	other.Contests = append(electiontest.Contests(), electiontest.Contests()[1])[:2]
	foreign, err := ballot.NewRoll(electiontest.Prepare(t, &other).Manifest, heavy)
	require.NoError(t, err)
	for body := range foreign.Bodies() {
		_, err := ballot.NewRollReader(e.Manifest).Add(body)
		refused(err)
	}
	foreignTotals := foreign.Totals()
	refused(foreignTotals.CheckGroups(e.Manifest))

	e.Publish()
	e.RunCeremony()
	size := len(e.Entries())
	refused(ballot.PublishRoll(t.Context(), e.Log, e.Manifest, foreign, e.Registrars))
	require.Len(t, e.Entries(), size, "nothing was posted")
	for body := range foreign.Bodies() {
		env := entry.Envelope{Kind: entry.Roll, Election: e.Manifest.ID(), Body: body}
		env.Sign(e.Registrars[0])
		e.Append(env.Bytes())
	}
	_, err = ballot.Open(t.Context(), e.Log, e.Manifest, e.Signers())
	require.ErrorIs(t, err, ballot.ErrState, "there is no roll")
	e.PublishRoll()
	e.Open()

	s := ballot.NewState(e.Election)
	for _, en := range e.Entries() {
		_, err := s.Apply(en)
		require.NoError(t, err)
	}
	require.Len(t, s.Refused(), 1)
	require.EqualValues(t, size, s.Refused()[0].Index)
	refused(s.Refused()[0].Err)

	// An open entry over such a roll, whoever signed it.
	change := func(o *ballot.Opening) {
		require.Equal(t, ballot.RollGroup{Style: 0, Weight: 1, Lines: 2}, o.Roll.Groups[0])
		o.Roll.Groups[0].Weight, o.Roll.Weight = 2, o.Roll.Weight+2
	}
	_, err = ballot.ReencodeOpening(e.Manifest, ballot.OpenEntry(e.Election, func(*ballot.Opening) {}).Body)
	require.NoError(t, err)
	_, err = ballot.ReencodeOpening(e.Manifest, ballot.OpenEntry(e.Election, change).Body)
	refused(err)
}

// Ledger entries of mixed and slot contests in one election, by style.
func TestMixedStyles(t *testing.T) {
	w := open(t, electiontest.New(t, mixedStyles()))
	require.Equal(t, []int{0, 1, 2, 3}, w.Manifest.RowColumns(0))
	require.Equal(t, []int{0, 1, 2}, w.Manifest.RowColumns(1))
	mixed, slots := w.vote(0, ballot.Votes{"mayor": {"ada": 1}, "chair": {"lise": 1}}), w.vote(1, ballot.Votes{"mayor": {"ada": 1}})
	w.accept(mixed.Bytes())
	w.accept(slots.Bytes())
	_, _, err := w.Encrypt(w.Voters[3], ballot.Votes{"chair": {"lise": 1}})
	require.ErrorIs(t, err, ballot.ErrShape)
	// A body of one style for the other.
	x := ballot.OpenBody(w.e, w.vote(2, nil))
	x.Style = 1
	body := x.Bytes()
	require.EqualValues(t, 1, binary.BigEndian.Uint16(body))
	w.refuse(ballot.ErrEncoding, rewrap(t, slots.Bytes(), func(env *entry.Envelope) { env.Body = body }))
	require.Len(t, w.Mixers, len(w.Manifest.Mixers))
}

// Decode is the inverse of Encode, and of nothing else.
func TestDecodeIsTheInverseOfEncode(t *testing.T) {
	e := electiontest.New(t, &electiontest.Options{Voters: 3, Mixers: 2, Contests: []ballot.Contest{
		{ID: "chair", Name: "Chair", Kind: "mixed-ranking", CountBy: "borda", Plaintexts: "public",
			Options: []ballot.Option{{ID: "a", Name: "A"}, {ID: "b", Name: "B"}}},
		{ID: "yes", Name: "Yes", Kind: "choose", Min: 1, Max: 1, Options: []ballot.Option{{ID: "a", Name: "A"}}},
	}})
	c := &e.Manifest.Contests[0]
	for _, v := range []ballot.Vote{{}, {"a": 1}, {"b": 1, "a": 2}} {
		plain, err := c.Encode(v)
		require.NoError(t, err)
		got, err := c.Decode(plain)
		require.NoError(t, err)
		require.Equal(t, v, got)
		_, err = c.Decode(append(plain, 0))
		require.ErrorIs(t, err, ballot.ErrShape)
	}
	for plain, reason := range map[string]error{"\x01\x01": ballot.ErrShape, "\x03\x00": ballot.ErrRange, "\x00\x01": ballot.ErrEncoding} {
		_, err := c.Decode([]byte(plain))
		require.ErrorIs(t, err, reason, "%q", plain)
	}
	_, err := e.Manifest.Contests[1].Decode([]byte{1})
	require.ErrorIs(t, err, ballot.ErrShape)
	_, err = new(ballot.Contest).Decode(nil)
	require.ErrorIs(t, err, ballot.ErrShape)
}
