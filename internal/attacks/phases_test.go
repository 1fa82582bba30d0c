package attacks

import (
	"crypto/ed25519"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/tally"
	"github.com/hanpyo/hanpyo/zkp"
)

// clocks are times that no honest clock shows, in whole minutes.
var clocks = map[string]int64{
	"1970": 0, "before 1970": -3600, "9999": 253_370_764_800, "the latest": math.MaxInt64 / 60 * 60, "the earliest": math.MinInt64 / 60 * 60,
}

// guestBallot returns the entry of a guest's first ballot that says another
// time, with a proof that holds.
func (f *fixture) guestBallot(t testing.TB, v *ballot.Voter, number uint32, at int64) []byte {
	g := f.Group
	key := &elgamal.PublicKey{Group: g}
	var messages []kyber.Point
	var bits []uint8
	for i, column := range f.Manifest.RowColumns(v.Line.Style) {
		key.Points = append(key.Points, f.Opening.Keys[column])
		message := g.Base() // of a mixed contest: an invalid vote
		if !f.mixed {
			bits = append(bits, uint8(1>>i))
			message = times(g, g.Uint64Scalar(uint64(bits[i])), nil)
		}
		messages = append(messages, message)
	}
	secret, err := g.DecodeScalar(v.Key.Bytes())
	require.NoError(t, err)
	r := g.RandomScalar()
	s := zkp.BallotStatement{Credential: times(g, secret, nil), Number: number, Time: at, Row: key.Encrypt(messages, r)}
	form, err := f.Form(v.Line.Style)
	require.NoError(t, err)
	proof, err := form.Prove(s, zkp.BallotWitness{Randomness: r, Bits: bits, Credential: secret})
	require.NoError(t, err)

	body := binary.BigEndian.AppendUint16(nil, uint16(v.Line.Style))
	body = binary.BigEndian.AppendUint32(body, number)
	body = g.AppendCiphertext(g.AppendPoint(body, s.Credential), s.Row)
	env := entry.Envelope{Kind: entry.Ballot, Election: entry.Hash(f.Fingerprint), Time: at, Body: append(body, proof...)}
	return env.Bytes()
}

// Times decide nothing: what opens and closes an election is where signed
// entries stand. A ballot of any time counts before the close and none after
// it, and a close counts whatever its signers say that the time is; the audit
// holds it against them if they say that it was too early.
func TestP72Clocks(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		v := f.voter(4)
		number := uint32(0)
		for name, at := range clocks {
			number = number%4 + 1
			b := f.guestBallot(t, v, number, at)
			log, box := f.open(t)
			_, err := box.CastBytes(t.Context(), b)
			require.NoError(t, err, name)
			require.NoError(t, ballot.Close(t.Context(), log, f.Fingerprint, f.Signers()))
			_, closed := f.open(t, f.sign(entry.Close, nil, f.Signers()...))
			_, err = closed.CastBytes(t.Context(), b)
			requireReason(t, ballot.ErrState, err, name)
			unrounded := rewrap(t, b, func(env *entry.Envelope) { env.Time++ })
			log, box = f.open(t)
			requireRefused(t, ballot.ErrEncoding, log, box, unrounded, name)

			// The close of another time, by those who may.
			env := parse(t, f.sign(entry.Close, nil))
			env.Time = at
			for _, key := range f.Signers() {
				env.Sign(key)
			}
			s, err := ballot.Replay(t.Context(), f.Election.Election, f.Fork(insert(f.entries[:f.opened], f.opened, env.Bytes())...), uint64(f.opened+1), nil)
			require.NoError(t, err)
			index, ok := s.Closed()
			require.True(t, ok, name)
			require.EqualValues(t, f.opened, index)
			report := f.audit(t, replace(f.entries[:f.at(t, entry.Close, 0)+1], f.at(t, entry.Close, 0), env.Bytes()))
			if early := at < f.Manifest.Closes.Unix(); early {
				requireFinding(t, report, "phase.hours", f.at(t, entry.Close, 0), ballot.ErrState)
			} else {
				require.Equal(t, tally.Passed, report.Check("phase.hours").Status, name)
			}
		}
	})
	// A witness says no time that is none, and one that says so does not count.
	key, err := ledger.NewCosigningKey(ledger.CosignEd25519, "example.org/w")
	require.NoError(t, err)
	for _, at := range []int64{0, -1, math.MinInt64} {
		_, err := key.Cosign(ledger.Checkpoint{Origin: "example.org/election", Size: 1, Root: tlog.Hash{1}}, at)
		requireReason(t, reason.ErrRange, err)
	}
}

// More votes than voters: ballots of credentials that are not on the roll, or of
// somebody else's, and many ballots of one.
func TestP74Stuffing(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		log, box := f.open(t)
		stranger := f.voter(3)
		stranger.Key = ballot.NewVoterKey(f.Group)
		_, _, err := f.Encrypt(stranger, f.votes[3])
		requireReason(t, ballot.ErrEligibility, err, "a device that asks for the line first")
		requireRefused(t, ballot.ErrEligibility, log, box, f.guestBallot(t, stranger, 1, 0), "not on the roll")

		// In the name of somebody who stays at home: without the key there is
		// no proof.
		absent := f.Voters[4].Line.Key
		forged := f.guestBallot(t, f.voter(3), 1, 0)
		forged = rewrap(t, forged, func(env *entry.Envelope) { copy(env.Body[6:], absent) })
		requireRefused(t, ballot.ErrProof, log, box, forged, "of somebody else")
		town := f.voter(0)
		town.Line.Style = 1
		requireRefused(t, ballot.ErrEligibility, log, box, f.guestBallot(t, town, 1, 0), "another style")

		for number := range uint32(4) {
			_, err := box.CastBytes(t.Context(), f.guestBallot(t, f.voter(4), number+1, 0))
			require.NoError(t, err)
		}
		requireRefused(t, ballot.ErrRange, log, box, f.guestBallot(t, f.voter(4), 5, 0), "one more than allowed")
		s, err := ballot.Replay(t.Context(), f.Election.Election, log, uint64(size(t, log)), nil)
		require.NoError(t, err)
		counted := 0
		for range s.Counted() {
			counted++
		}
		require.Equal(t, 1, counted, "four ballots of one voter")

		// Put on the ledger by its operator they are refused all the same.
		at := f.at(t, entry.Close, 0)
		report := f.audit(t, insert(f.entries[:at+1], at, f.guestBallot(t, stranger, 1, 0), forged))
		requireFinding(t, report, "ballot.eligible", at, ballot.ErrEligibility)
		requireFinding(t, report, "ballot.proof", at+1, ballot.ErrProof)
		require.Equal(t, tally.Passed, report.Check("ballot.eligible").Status, "who cannot be kept from posting fails no audit")
	})
}

// What officials order counts if they have signed it themselves: with a quorum,
// each once, over these very bytes. The ledger's operator, a trustee or a
// registrar cannot order it, and everybody checks.
func TestP75OrdersWithoutSignature(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		e, ctx := f.Election.Election, t.Context()
		_, stranger, err := ed25519.GenerateKey(nil)
		require.NoError(t, err)
		closed := f.at(t, entry.Close, 0)
		pin := f.at(t, entry.Pin, 0)
		a := f.Authorities
		signed := func(keys ...ed25519.PrivateKey) func(*entry.Envelope) {
			return func(env *entry.Envelope) {
				env.Signatures = nil
				for _, key := range keys {
					env.Sign(key)
				}
			}
		}
		forgeries := map[string]struct {
			change func(*entry.Envelope)
			want   error
		}{
			"nobody":                   {signed(), reason.ErrQuorum},
			"one authority":            {signed(a[0]), reason.ErrQuorum},
			"an authority and a guest": {signed(a[0], stranger), reason.ErrSignature},
			"a registrar":              {signed(a[0], f.Registrars[0]), reason.ErrSignature},
			"strangers":                {signed(stranger, f.Registrars[0]), reason.ErrSignature},
			"another time":             {func(env *entry.Envelope) { env.Time++ }, reason.ErrSignature},
			"another election":         {func(env *entry.Envelope) { env.Election[3] ^= 1 }, reason.ErrBinding},
			"a signature changed":      {func(env *entry.Envelope) { env.Signatures[1].Sig[5] ^= 1 }, reason.ErrSignature},
			"one authority for two": {func(env *entry.Envelope) {
				env.Signatures[1].Key = env.Signatures[0].Key
				env.Signatures[1].Sig = env.Signatures[0].Sig
			}, reason.ErrEncoding},
		}
		for name, forgery := range forgeries {
			// The close: nobody pins, decrypts or counts without one.
			data := rewrap(t, f.entries[closed], forgery.change)
			entries := replace(f.entries[:closed+1], closed, data)
			s, err := ballot.Replay(ctx, e, f.Fork(entries...), uint64(len(entries)), nil)
			require.NoError(t, err)
			refused := s.Refused()
			require.NotEmpty(t, refused, name)
			require.EqualValues(t, closed, refused[len(refused)-1].Index)
			requireReason(t, forgery.want, refused[len(refused)-1].Err, "close: %s", name)
			_, ok := s.Closed()
			require.False(t, ok)
			log := f.Fork(entries...)
			requireReason(t, ballot.ErrState, tally.Pin(ctx, e, log, f.Signers()), name)
			requireReason(t, ballot.ErrState, tally.Decrypt(ctx, e, log, f.Trustees[0]), name)
			_, err = tally.Combine(ctx, e, log)
			requireReason(t, ballot.ErrState, err, name)

			// The pin: nobody mixes or decrypts without one.
			entries = replace(f.entries[:pin+1], pin, rewrap(t, f.entries[pin], forgery.change))
			log = f.Fork(entries...)
			if f.mixed {
				requireReason(t, ballot.ErrState, tally.Mix(ctx, e, log, f.Mixers[0], nil), name)
			}
			requireReason(t, ballot.ErrState, tally.Decrypt(ctx, e, log, f.Trustees[0]), name)
			require.Equal(t, len(entries), size(t, log))
		}

		// Rounds of the ceremony: the trustees wait for one that is signed.
		round := f.at(t, entry.Round, 0)
		for name, forgery := range forgeries {
			entries := replace(f.entries[:round+1], round, rewrap(t, f.entries[round], forgery.change))
			transcript, err := f.Manifest.Ceremony().Replay(posted(entries))
			require.NoError(t, err, name)
			require.Equal(t, dkg.Committing, transcript.Phase, name)
		}
		transcript, err := f.Manifest.Ceremony().Replay(posted(f.entries[:round+1]))
		require.NoError(t, err)
		require.Equal(t, dkg.Dealing, transcript.Phase)

		// The authorities' functions do not post for too few or for strangers.
		log := f.Fork(f.entries[:closed]...)
		requireReason(t, ballot.ErrQuorum, ballot.Close(ctx, log, f.Fingerprint, a[:1]))
		requireReason(t, ballot.ErrSignature, ballot.Close(ctx, log, f.Fingerprint, []ed25519.PrivateKey{a[0], stranger}))
		requireReason(t, ballot.ErrQuorum, ballot.Close(ctx, log, f.Fingerprint, slices.Repeat(a[:1], 2)), "one authority twice")
		require.Equal(t, closed, size(t, log))
	})
}

// A credential serves one voter, once, in one election.
func TestP76CredentialsAgain(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		line := ballot.RollLine{Key: f.Voters[3].Line.Key, Weight: 1, Style: 1}
		other := ballot.RollLine{Key: f.Voters[4].Line.Key, Weight: 1, Style: 1}
		_, err := ballot.NewRoll(f.Manifest, []ballot.RollLine{line, other})
		require.NoError(t, err)
		_, err = ballot.NewRoll(f.Manifest, []ballot.RollLine{line, other, line})
		requireReason(t, ballot.ErrDuplicate, err, "twice on the roll")

		log, box := f.open(t)
		b := f.guestBallot(t, f.voter(4), 2, 0)
		first, err := box.CastBytes(t.Context(), b)
		require.NoError(t, err)
		before := size(t, log)
		again, err := box.CastBytes(t.Context(), b)
		require.NoError(t, err, "a retry")
		require.Equal(t, first.Index, again.Index)
		require.Equal(t, before, size(t, log))
		requireRefused(t, ballot.ErrReplay, log, box, f.guestBallot(t, f.voter(4), 2, 0), "the number again")
		requireRefused(t, ballot.ErrReplay, log, box, f.guestBallot(t, f.voter(4), 1, 0), "a smaller number")

		// The same voter's ballot from another election, and the credential of
		// a voter of another election in this one.
		elsewhere := electiontest.Prepare(t, &electiontest.Options{Group: f.Group})
		foreign := f.voter(4)
		foreign.Key = elsewhere.Voters[0].Key
		requireRefused(t, ballot.ErrEligibility, log, box, f.guestBallot(t, foreign, 1, 0), "another election's credential")
		moved := rewrap(t, b, func(env *entry.Envelope) { env.Election[0] ^= 1 })
		requireRefused(t, ballot.ErrBinding, log, box, moved, "another election's ballot")
	})
}
