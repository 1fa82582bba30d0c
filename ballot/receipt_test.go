package ballot_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/ledger"
)

// A thousand receipts contain neither votes, nor seed, randomness or the
// voter's key, in any of the ways in which bytes are written.
func TestP78ReceiptsShowNothing(t *testing.T) {
	const voters, ballots = 100, 10
	contests := []ballot.Contest{electiontest.Contests()[0]}
	contests[0].Options = []ballot.Option{{ID: "canary-ada", Name: "Canary Ada"}, {ID: "canary-bob", Name: "Canary Bob"}}
	w := open(t, electiontest.New(t, &electiontest.Options{Trustees: 1, Voters: voters, Contests: contests, Limits: ballot.Limits{BallotsPerCredential: ballots}}))
	type sent struct {
		index   uint64
		tracker ballot.Tracker
		secrets [][]byte
	}
	var all []sent
	for i := range voters * ballots {
		v := w.Voters[i%voters]
		votes := ballot.Votes{"mayor": {contests[0].Options[i%2].ID: 1}}
		d := w.prepare(i%voters, votes)
		o := ballot.OriginOf(w.e, ballot.SecretOf(d))
		content, err := w.Manifest.EncodeVotes(0, votes)
		require.NoError(t, err)
		r := ballot.Randomness(w.e, o.Seed, 0, o.Number, o.Credential, content...)
		b, err := d.Cast()
		require.NoError(t, err)
		index, err := w.Log.Append(t.Context(), b.Bytes())
		require.NoError(t, err)
		all = append(all, sent{index, b.Tracker(), [][]byte{o.Seed[:], w.Group.AppendScalar(nil, r), v.Key.Bytes()}})
	}
	for _, x := range all {
		proof, err := ledger.Prove(t.Context(), w.Log, x.index)
		require.NoError(t, err)
		receipt := ballot.Receipt{Index: x.index, Tracker: x.tracker, Proof: proof}
		text, err := json.Marshal(receipt)
		require.NoError(t, err)
		whole := bytes.Join([][]byte{text, proof, x.tracker[:], fmt.Append(nil, receipt)}, nil)
		if bytes.Contains(whole, []byte("anary")) || bytes.Contains(whole, []byte("mayor")) {
			require.Fail(t, "a receipt names votes", "%s", whole)
		}
		for _, secret := range x.secrets {
			part := secret[:16]
			for _, written := range [][]byte{
				part, []byte(hex.EncodeToString(part)), []byte(base64.RawStdEncoding.EncodeToString(part[:15])),
				bytes.Trim(fmt.Append(nil, part), "[]"),
			} {
				if bytes.Contains(whole, written) {
					require.Fail(t, "a receipt holds a secret", "%s", whole)
				}
			}
		}
	}
}

// A ballot that was put on the ledger before the election opened counts for
// nothing, and so does a receipt for it.
func TestReceiptFromBeforeTheOpen(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		e := electiontest.New(t, twoStyles(g))
		w := open(t, e)
		early, b := w.vote(0, nil), w.vote(0, nil)
		var data [][]byte
		for _, en := range e.Entries()[:e.Opening.Index] {
			data = append(data, en.Data)
		}
		at := uint64(len(data))
		log := e.Fork(append(data, early.Bytes(), e.Entries()[e.Opening.Index].Data, b.Bytes())...)
		moved, err := ballot.Load(t.Context(), log, e.Fingerprint)
		require.NoError(t, err)
		require.Equal(t, at+1, moved.Opening.Index)
		verify := func(b *ballot.Ballot, index uint64) error {
			proof, err := ledger.Prove(t.Context(), log, index)
			require.NoError(t, err)
			return moved.VerifyReceipt(b.Bytes(), ballot.Receipt{Index: index, Tracker: b.Tracker(), Proof: proof})
		}
		require.ErrorIs(t, verify(early, at), ballot.ErrState)
		require.NoError(t, verify(b, at+2))
	})
}
