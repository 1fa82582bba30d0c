package ballot_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
)

func TestOpening(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		o := twoStyles(g)
		o.Weights = []uint64{1, 2, 1, 1}
		o.Limits.MaxWeight, o.Limits.MaxVoters = 6, 5
		e := electiontest.New(t, o)
		require.Equal(t, []ballot.RollGroup{{Weight: 1, Lines: 1}, {Weight: 2, Lines: 1}, {Style: 1, Weight: 1, Lines: 2}}, e.Opening.Roll.Groups)
		good := ballot.OpenEntry(e.Election, func(*ballot.Opening) {}).Body
		again, err := ballot.ReencodeOpening(e.Manifest, good)
		require.NoError(t, err)
		require.Equal(t, good, again)

		for _, test := range []struct {
			name   string
			reason error
			change func(o *ballot.Opening)
		}{
			{"a line more", ballot.ErrRange, func(o *ballot.Opening) { o.Roll.Size++ }},
			{"a line less", ballot.ErrRange, func(o *ballot.Opening) { o.Roll.Size-- }},
			{"no lines", ballot.ErrRange, func(o *ballot.Opening) { o.Roll = ballot.RollTotals{} }},
			{"more lines than the manifest allows", ballot.ErrRange, func(o *ballot.Opening) {
				o.Roll.Size, o.Roll.Weight, o.Roll.Groups = 6, 6, []ballot.RollGroup{{Weight: 1, Lines: 6}}
			}},
			{"more weight", ballot.ErrRange, func(o *ballot.Opening) { o.Roll.Weight++ }},
			{"more weight than the manifest allows", ballot.ErrRange, func(o *ballot.Opening) {
				o.Roll.Weight, o.Roll.Groups[1].Weight = 7, 4
			}},
			{"less weight than lines", ballot.ErrRange, func(o *ballot.Opening) { o.Roll.Weight = 3 }},
			{"weight that overflows", ballot.ErrRange, func(o *ballot.Opening) {
				o.Roll.Groups[2].Weight = 1<<63 + 1 // twice that is 2
			}},
			{"lines that overflow", ballot.ErrRange, func(o *ballot.Opening) {
				o.Roll.Groups[0].Lines, o.Roll.Groups[1].Lines = 1<<63+1, 1<<63+1
			}},
			{"a group without lines", ballot.ErrRange, func(o *ballot.Opening) {
				o.Roll.Groups = append(o.Roll.Groups, ballot.RollGroup{Style: 1, Weight: 2})
			}},
			{"a group without weight", ballot.ErrRange, func(o *ballot.Opening) { o.Roll.Groups[0].Weight = 0 }},
			{"groups in another order", ballot.ErrEncoding, func(o *ballot.Opening) {
				o.Roll.Groups[0], o.Roll.Groups[1] = o.Roll.Groups[1], o.Roll.Groups[0]
			}},
			{"a group twice", ballot.ErrEncoding, func(o *ballot.Opening) {
				o.Roll.Groups[2].Lines = 1
				o.Roll.Groups = append(o.Roll.Groups, o.Roll.Groups[2])
			}},
			{"a style that there is not", ballot.ErrRange, func(o *ballot.Opening) { o.Roll.Groups[2].Style = 2 }},
			{"a key more", ballot.ErrShape, func(o *ballot.Opening) { o.Keys = append(o.Keys, o.Keys[0]) }},
			{"the identity for a key", ballot.ErrGroup, func(o *ballot.Opening) { o.Keys[0] = g.Point() }},
		} {
			t.Run(test.name, func(t *testing.T) {
				body := ballot.OpenEntry(e.Election, test.change).Body
				_, err := ballot.ReencodeOpening(e.Manifest, body)
				require.ErrorIs(t, err, test.reason)
			})
		}

		other := bytes.Clone(good)
		other[0] ^= 1
		_, err = ballot.ReencodeOpening(e.Manifest, other)
		require.ErrorIs(t, err, ballot.ErrBinding)
		for n := range good {
			_, err := ballot.ReencodeOpening(e.Manifest, good[:n])
			require.ErrorIs(t, err, ballot.ErrEncoding)
		}
		_, err = ballot.ReencodeOpening(e.Manifest, append(bytes.Clone(good), 0))
		require.ErrorIs(t, err, ballot.ErrEncoding)
	})
}

// A minimum group below the manifest's is no opening, whoever signed it.
func TestOpeningMinimumGroup(t *testing.T) {
	e := electiontest.New(t, &electiontest.Options{Trustees: 1, Limits: ballot.Limits{MinGroup: 2}})
	body := ballot.OpenEntry(e.Election, func(o *ballot.Opening) {
		o.Roll.Size, o.Roll.Weight, o.Roll.Groups[0].Lines = 1, 1, 1
	}).Body
	_, err := ballot.ReencodeOpening(e.Manifest, body)
	require.ErrorIs(t, err, ballot.ErrState)
}

// What other elections put on the same ledger changes nothing.
func TestOtherElectionsEntries(t *testing.T) {
	e := electiontest.Prepare(t, &electiontest.Options{Trustees: 1})
	fake := entry.Envelope{Kind: entry.Manifest, Election: e.Manifest.ID(), Body: []byte("not the manifest")}
	for _, k := range e.Signers() {
		fake.Sign(k)
	}
	e.Append(fake.Bytes())
	e.Publish()
	e.RunCeremony()
	e.PublishRoll()
	e.Open()
	w := &world{e, t, e.Election, ballot.NewState(e.Election)}
	for _, env := range []entry.Envelope{
		{Kind: entry.Close, Election: entry.Hash{1}},
		{Kind: entry.Pin, Election: entry.Hash(e.Fingerprint)},
	} {
		for _, k := range e.Signers() {
			env.Sign(k)
		}
		e.Append(env.Bytes())
	}
	e.Close() // not taken for closed
	for i, en := range e.Entries() {
		refusal, err := w.s.Apply(en)
		require.NoError(t, err)
		require.Equal(t, i == 0 || i == len(e.Entries())-3 || i == len(e.Entries())-2, refusal != nil)
	}
	require.ErrorIs(t, w.s.Refused()[0].Err, ballot.ErrBinding)
	closed, ok := w.s.Closed()
	require.True(t, ok)
	require.EqualValues(t, len(e.Entries())-1, closed)

	// Neither does a ballot of another election parse.
	other := open(t, electiontest.New(t, &electiontest.Options{Trustees: 1}))
	b, s := other.vote(0, nil), other.spoil(0, ballot.Tracker{1})
	_, err := e.ParseBallot(b.Bytes())
	require.ErrorIs(t, err, ballot.ErrBinding)
	_, err = e.ParseSpoil(s)
	require.ErrorIs(t, err, ballot.ErrBinding)
	require.ErrorIs(t, e.VerifyReceipt(s, ballot.Receipt{Tracker: ballot.Tracker{1}}), ballot.ErrBinding)
	_, err = e.Box().Cast(t.Context(), b)
	require.ErrorIs(t, err, ballot.ErrBinding)

	// One that was read for an election with more styles is no ballot of this.
	styles := open(t, electiontest.New(t, twoStyles(nil)))
	b = styles.vote(2, nil)
	require.NoError(t, styles.VerifyBallot(b))
	require.ErrorIs(t, e.VerifyBallot(b), ballot.ErrRange)
}

func TestNothing(t *testing.T) {
	e := electiontest.New(t, &electiontest.Options{Trustees: 1})
	require.ErrorIs(t, e.VerifyBallot(nil), ballot.ErrShape)
	require.ErrorIs(t, e.VerifyBallot(new(ballot.Ballot)), ballot.ErrShape)
	require.ErrorIs(t, e.VerifySpoil(nil), ballot.ErrShape)
	require.ErrorIs(t, e.VerifySpoil(new(ballot.Spoil)), ballot.ErrShape)
	_, err := e.ParseBallot(nil)
	require.ErrorIs(t, err, ballot.ErrEncoding)
	_, err = e.ParseSpoil(nil)
	require.ErrorIs(t, err, ballot.ErrEncoding)
}
