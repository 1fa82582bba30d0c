package attacks

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/reason"
)

// A device that votes again after its voter has checked: the check says so
// when it is made again, and the voter sees how many ballots there are.
func TestP31SilentRevote(t *testing.T) {
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		_, box := f.open(t)
		v := f.voter(0)
		v.Number = 0
		shown := f.vote(t, v, f.votes[0])
		receipt, err := box.Cast(t.Context(), shown)
		require.NoError(t, err)
		require.NoError(t, f.VerifyReceipt(shown.Bytes(), receipt))
		index, err := box.Status(shown.Tracker())
		require.NoError(t, err)
		require.Equal(t, receipt.Index, index)
		standing, err := box.Standing(v.Key.Public())
		require.NoError(t, err)
		require.Equal(t, ballot.Standing{Ballots: 1, Counted: receipt.Index, Number: 1}, standing)

		silent, err := box.Cast(t.Context(), f.vote(t, v, f.votes[2]))
		require.NoError(t, err)
		index, err = box.Status(shown.Tracker())
		requireReason(t, reason.ErrReplay, err)
		require.ErrorContains(t, err, fmt.Sprintf("superseded by entry %d", silent.Index))
		require.Equal(t, receipt.Index, index)
		standing, err = box.Standing(v.Key.Public())
		require.NoError(t, err)
		require.Equal(t, ballot.Standing{Ballots: 2, Counted: silent.Index, Number: 2}, standing)
		// The old receipt stays what it was: proof that the ballot was accepted.
		require.NoError(t, f.VerifyReceipt(shown.Bytes(), receipt))
	})
}

// Two voters whose devices show them one ballot, so that one of them has no
// vote: the tracker has the voter's key in it, and the second is refused.
func TestP32Clash(t *testing.T) {
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		log, box := f.open(t)
		one, two := f.device(t, 0, f.votes[0]), f.device(t, 1, f.votes[0])
		two.r = one.r
		first, second := one.seal(), two.seal()
		a, err := f.ParseBallot(first)
		require.NoError(t, err)
		b, err := f.ParseBallot(second)
		require.NoError(t, err)
		require.NotEqual(t, a.Tracker(), b.Tracker())
		receipt, err := box.CastBytes(t.Context(), first)
		require.NoError(t, err)
		requireRefused(t, reason.ErrDuplicate, log, box, second)
		// The receipt of the first is none for the second, and nobody finds her
		// own key in what she is shown.
		requireReason(t, reason.ErrBinding, f.VerifyReceipt(second, receipt))
		receipt.Tracker = b.Tracker()
		requireReason(t, reason.ErrChain, f.VerifyReceipt(second, receipt))
		standing, err := box.Standing(f.Voters[1].Key.Public())
		require.NoError(t, err)
		require.Zero(t, standing)
		_, err = box.Status(b.Tracker())
		requireReason(t, reason.ErrIncomplete, err)
	})
}

// Of a challenge and the vote that was challenged one stands, whichever came
// first.
func TestP39ChallengedAndCast(t *testing.T) {
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		spoil := func(tracker ballot.Tracker) []byte {
			s, err := f.NewSpoil(f.voter(0), tracker)
			require.NoError(t, err)
			return s.Bytes()
		}
		numbered := func(n uint32) (data []byte, tracker ballot.Tracker) {
			d := f.device(t, 0, f.votes[0])
			d.number = n
			data = d.seal()
			b, err := f.ParseBallot(data)
			require.NoError(t, err)
			return data, b.Tracker()
		}
		challenged, tracker := numbered(1)
		voted, counted := numbered(2)
		log, box := f.open(t)
		_, err := box.Spoil(t.Context(), spoil(tracker))
		require.NoError(t, err)
		requireRefused(t, reason.ErrState, log, box, challenged, "challenged, then cast")
		requireRefused(t, reason.ErrReplay, log, box, spoil(tracker), "challenged twice")
		receipt, err := box.CastBytes(t.Context(), voted)
		require.NoError(t, err)
		requireRefused(t, reason.ErrState, log, box, spoil(counted), "cast, then challenged")
		index, err := box.Status(counted)
		require.NoError(t, err)
		require.Equal(t, receipt.Index, index)
		// The same past the box, and the challenged one is not counted.
		f.requireCounts(t, [][]byte{spoil(tracker), challenged, voted, spoil(counted)},
			[]error{nil, reason.ErrState, nil, reason.ErrState}, 2)
		// A device that keeps both ways open is stopped by its own library.
		cast, err := f.Prepare(f.voter(2), f.votes[2])
		require.NoError(t, err)
		b, err := cast.Cast()
		require.NoError(t, err)
		receipt, err = box.Cast(t.Context(), b)
		require.NoError(t, err)
		_, err = cast.Open(receipt)
		requireReason(t, reason.ErrState, err, "cast, then opened")
		_, err = cast.Challenge()
		requireReason(t, reason.ErrState, err, "cast, then challenged")
		// Somebody else's challenge is none.
		other, err := f.NewSpoil(f.voter(1), tracker)
		require.NoError(t, err)
		f.requireCounts(t, [][]byte{other.Bytes(), challenged}, []error{nil, nil}, 1)
	})
}

// A server that answers with another tracker or receipt than the device's own:
// both are computed again from the bytes that the device has sent.
func TestP40ForeignReceipt(t *testing.T) {
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		_, box := f.open(t)
		mine, theirs := f.device(t, 0, f.votes[0]).seal(), f.device(t, 1, f.votes[1]).seal()
		cast := func(data []byte) ballot.Receipt {
			r, err := box.CastBytes(t.Context(), data)
			require.NoError(t, err)
			return r
		}
		good, other := cast(mine), cast(theirs)
		require.NoError(t, f.VerifyReceipt(mine, good))
		require.Equal(t, f.trackerOf(t, mine), good.Tracker)
		refuse := func(want error, what string, change func(r *ballot.Receipt)) {
			r := good
			r.Proof = bytes.Clone(r.Proof)
			change(&r)
			requireReason(t, want, f.VerifyReceipt(mine, r), what)
		}
		refuse(reason.ErrBinding, "another tracker", func(r *ballot.Receipt) { r.Tracker = other.Tracker })
		refuse(reason.ErrBinding, "another voter's receipt", func(r *ballot.Receipt) { *r = other })
		refuse(reason.ErrChain, "another voter's proof", func(r *ballot.Receipt) { r.Proof = other.Proof })
		refuse(reason.ErrChain, "another voter's entry", func(r *ballot.Receipt) { r.Index, r.Proof = other.Index, other.Proof })
		refuse(reason.ErrChain, "another index", func(r *ballot.Receipt) { r.Index = other.Index })
		refuse(reason.ErrEncoding, "none", func(r *ballot.Receipt) { r.Proof = nil })
	})
}

// trackerOf computes a ballot's tracker as docs/wire.md says.
func (f *fixture) trackerOf(t *testing.T, data []byte) ballot.Tracker {
	g, body := f.Group, parse(t, data).Body
	style := int(binary.BigEndian.Uint16(body))
	at := f.credentialAt()
	key, rest := body[at:at+g.PointLen()], body[at+g.PointLen():]
	row := rest[:g.CiphertextLen(len(f.Manifest.RowColumns(style)))]
	text := func(b []byte) []byte { return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...) }
	rowHash, proofHash := sha256.Sum256(row), sha256.Sum256(rest[len(row):])
	return sha256.Sum256(bytes.Join([][]byte{
		text([]byte("hanpyo/v1 tracker")), f.Fingerprint[:], text([]byte(f.Manifest.Styles[style].ID)), text(key), body[2:6], rowHash[:], proofHash[:],
	}, nil))
}
