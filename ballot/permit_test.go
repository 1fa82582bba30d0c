package ballot_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
)

// byTokens is an election of two registrars in which voters 0 and 2 weigh 1, and
// 1 and 3 weigh 2, with at most three ballots a credential.
func byTokens(g *elgamal.Group) *electiontest.Options {
	return &electiontest.Options{
		Group: g, Trustees: 1, Tokens: true, Weights: []uint64{1, 2}, Limits: ballot.Limits{BallotsPerCredential: 3},
	}
}

// permitted is a ballot of anybody with any permit.
func (w *world) permitted(key *ballot.VoterKey, number uint32, p ballot.Permit) ballot.Unsealed {
	content, err := w.Manifest.EncodeVotes(0, nil)
	require.NoError(w.t, err)
	return ballot.Unsealed{Key: key, Number: number, Content: content, Permit: p}
}

// where the fields of a ballot's body begin: style and number come first.
const weightAt, tokensAt = 2 + 4, 2 + 4 + 8

func TestTokensDecideWhoVotes(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		e := electiontest.New(t, byTokens(g))
		light, heavy := e.Class(0), e.Class(1)
		first, other, big := e.Voters[0], e.Voters[2], e.Voters[1]
		with := func(class token.Class, tokens ...[]byte) ballot.Permit {
			return ballot.Permit{Class: class, Tokens: tokens}
		}
		one, two := first.Permit.Tokens[0], first.Permit.Tokens[1]
		fresh := ballot.NewVoterKey(g)
		both := e.Stuff(first.Key, heavy) // the registrars gave voter 0 a second right
		for _, test := range []struct {
			name   string
			key    *ballot.VoterKey
			permit ballot.Permit
			reason error // nil: accepted
		}{
			{"its own tokens", first.Key, first.Permit, nil},
			{"another class that all registrars signed", first.Key, both, nil},
			{"another voter's tokens", other.Key, first.Permit, ballot.ErrEligibility},
			{"tokens that belong to nobody's key", fresh, first.Permit, ballot.ErrEligibility},
			{"no token of registrar 1", first.Key, with(light, make([]byte, token.Size), two), ballot.ErrEligibility},
			{"no token of registrar 2", first.Key, with(light, one, make([]byte, token.Size)), ballot.ErrEligibility},
			{"registrar 1 twice", first.Key, with(light, one, one), ballot.ErrEligibility},
			{"tokens exchanged", first.Key, with(light, two, one), ballot.ErrEligibility},
			{"registrar 2's for another voter", first.Key, with(light, one, other.Permit.Tokens[1]), ballot.ErrEligibility},
			{"registrar 2's for another weight", first.Key, with(light, one, both.Tokens[1]), ballot.ErrEligibility},
			{"the weight of others", first.Key, with(heavy, one, two), ballot.ErrEligibility},
			{"a weight that nobody has", big.Key, with(token.Class{Style: "all", Weight: 3}, big.Permit.Tokens...), ballot.ErrEligibility},
			{"weight 0", first.Key, with(token.Class{Style: "all"}, one, two), ballot.ErrEligibility},
			{"a token that is not below the modulus", first.Key, with(light, one, slices.Repeat([]byte{0xff}, token.Size)), ballot.ErrEligibility},
		} {
			t.Run(test.name, func(t *testing.T) {
				w := open(t, e)
				b := w.permitted(test.key, 1, test.permit).Seal(e.Election).Bytes()
				spoil := ballot.SealSpoil(e.Election, test.key, 0, test.permit, ballot.Tracker{1})
				if test.reason == nil {
					w.accept(b)
					w.accept(spoil)
					require.Equal(t, map[token.Class]uint64{test.permit.Class: 1}, w.s.Credentials())
					return
				}
				w.refuse(test.reason, b)
				w.refuse(test.reason, spoil)
				require.Empty(t, w.s.Credentials())
				// It is as if it had never been.
				w.accept(w.permitted(first.Key, 1, first.Permit).Seal(e.Election).Bytes())
			})
		}
	})
}

// What is exchanged after the voter has signed fails with the proof.
func TestProofBindsPermit(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		e := electiontest.New(t, byTokens(g))
		v := e.Voters[0]
		renewed := e.Stuff(v.Key, e.Class(0)) // other tokens of the same class for the same key
		require.NotEqual(t, v.Permit.Tokens, renewed.Tokens)
		b, _, err := e.Encrypt(v, nil)
		require.NoError(t, err)
		spoil, err := e.NewSpoil(v, b.Tracker())
		require.NoError(t, err)
		const tracker = 32
		for _, test := range []struct {
			name   string
			change func(ballot, spoil *[]byte)
			reason error
		}{
			{"nothing", func(_, _ *[]byte) {}, nil},
			{"tokens as good", func(b, s *[]byte) {
				copy((*b)[tokensAt:], slices.Concat(renewed.Tokens...))
				copy((*s)[tracker+tokensAt-4:], slices.Concat(renewed.Tokens...))
			}, ballot.ErrProof},
			{"one bit of a token", func(b, s *[]byte) { (*b)[tokensAt+token.Size] ^= 1; (*s)[tracker+tokensAt-4+token.Size] ^= 1 }, ballot.ErrProof},
			{"the weight", func(b, s *[]byte) { (*b)[weightAt+7]++; (*s)[tracker+weightAt-4+7]++ }, ballot.ErrProof},
			{"a style that there is not", func(b, s *[]byte) { (*b)[1]++; (*s)[tracker+1]++ }, ballot.ErrRange},
			{"a token more", func(b, s *[]byte) {
				*b = slices.Insert(*b, tokensAt, v.Permit.Tokens[0]...)
				*s = slices.Insert(*s, tracker+tokensAt-4, v.Permit.Tokens[0]...)
			}, ballot.ErrEncoding},
			{"a token less", func(b, s *[]byte) {
				*b = slices.Delete(*b, tokensAt, tokensAt+token.Size)
				*s = slices.Delete(*s, tracker+tokensAt-4, tracker+tokensAt-4+token.Size)
			}, ballot.ErrEncoding},
		} {
			t.Run(test.name, func(t *testing.T) {
				w := open(t, e)
				var changed [][]byte
				bodyOf := func(data []byte) (body []byte) {
					rewrap(t, data, func(env *entry.Envelope) { body = slices.Clone(env.Body) })
					return body
				}
				ballotBody, spoilBody := bodyOf(b.Bytes()), bodyOf(spoil.Bytes())
				test.change(&ballotBody, &spoilBody)
				changed = append(changed, rewrap(t, spoil.Bytes(), func(env *entry.Envelope) { env.Body = spoilBody }),
					rewrap(t, b.Bytes(), func(env *entry.Envelope) { env.Body = ballotBody }))
				if test.reason == nil {
					w.accept(changed[0])
					w.refuse(ballot.ErrState, changed[1]) // spoiled
					return
				}
				for _, data := range changed {
					w.refuse(test.reason, data)
				}
			})
		}
	})
}

// A credential with the tokens of two classes votes in one of them.
func TestCredentialHasOneClass(t *testing.T) {
	e := electiontest.New(t, byTokens(nil))
	v := e.Voters[0]
	second := e.Stuff(v.Key, e.Class(1))
	w := open(t, e)
	w.accept(w.permitted(v.Key, 1, v.Permit).Seal(e.Election).Bytes())
	w.refuse(ballot.ErrEligibility, w.permitted(v.Key, 2, second).Seal(e.Election).Bytes())
	last := w.accept(w.permitted(v.Key, 3, v.Permit).Seal(e.Election).Bytes())
	for c := range w.s.Counted() {
		require.Equal(t, ballot.CountedBallot{Index: last, Weight: 1}, c)
	}
	w.refuse(ballot.ErrRange, w.permitted(v.Key, 4, v.Permit).Seal(e.Election).Bytes())
	standing, err := w.s.Standing(v.Key.Public())
	require.NoError(t, err)
	require.Equal(t, ballot.Standing{Ballots: 2, Counted: last, Number: 3}, standing)
	standing, err = w.s.Standing(e.Voters[1].Key.Public())
	require.NoError(t, err)
	require.Zero(t, standing, "without a roll nobody knows who may vote")
}

// A device does not send tokens that do not hold: whoever made them could tell
// the voter apart.
func TestEncryptChecksTokens(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		e := electiontest.New(t, byTokens(g))
		for _, test := range []struct {
			name   string
			change func(v *ballot.Voter)
			reason error
		}{
			{"no permit", func(v *ballot.Voter) { v.Permit = ballot.Permit{} }, ballot.ErrEligibility},
			{"a style that there is not", func(v *ballot.Voter) { v.Permit.Class.Style = "none" }, ballot.ErrEligibility},
			{"another weight", func(v *ballot.Voter) { v.Permit.Class.Weight++ }, ballot.ErrEligibility},
			{"a token less", func(v *ballot.Voter) { v.Permit.Tokens = v.Permit.Tokens[:1] }, ballot.ErrEligibility},
			{"a token more", func(v *ballot.Voter) { v.Permit.Tokens = append(v.Permit.Tokens[:2:2], v.Permit.Tokens[0]) }, ballot.ErrEligibility},
			{"a short token", func(v *ballot.Voter) { v.Permit.Tokens = [][]byte{v.Permit.Tokens[0], v.Permit.Tokens[1][1:]} }, ballot.ErrEncoding},
			{"a bit of a token", func(v *ballot.Voter) {
				wrong := slices.Clone(v.Permit.Tokens[1])
				wrong[9] ^= 1
				v.Permit.Tokens = [][]byte{v.Permit.Tokens[0], wrong}
			}, ballot.ErrEligibility},
			{"another key", func(v *ballot.Voter) { v.Key = ballot.NewVoterKey(g) }, ballot.ErrEligibility},
		} {
			t.Run(test.name, func(t *testing.T) {
				v := *e.Voters[0]
				_, _, err := e.Encrypt(&v, nil)
				require.NoError(t, err)
				test.change(&v)
				number := v.Number
				b, _, err := e.Encrypt(&v, nil)
				require.ErrorIs(t, err, test.reason)
				require.Nil(t, b)
				require.Equal(t, number, v.Number)
				s, err := e.NewSpoil(&v, ballot.Tracker{})
				require.ErrorIs(t, err, test.reason)
				require.Nil(t, s)
			})
		}
	})
}

// Two voters may spread what two registrars owe them over as many keys as they
// like: no more of these vote than there are voters, because a key needs the
// tokens of all registrars. If those of one were enough, four would.
func TestRecombinedTokens(t *testing.T) {
	for _, test := range []struct {
		name   string
		keys   [2][2]int // by voter and registrar: for which key the token is asked
		voting []int     // keys that vote
		holds  int       // keys that would vote with the token of one registrar
	}{
		{"as they should", [2][2]int{{0, 0}, {1, 1}}, []int{0, 1}, 2},
		{"two voters cross", [2][2]int{{0, 1}, {1, 0}}, []int{0, 1}, 2},
		{"in a chain", [2][2]int{{0, 1}, {1, 2}}, []int{1}, 3},
		{"one key each", [2][2]int{{0, 1}, {2, 3}}, nil, 4},
	} {
		t.Run(test.name, func(t *testing.T) { testRecombined(t, test.keys, test.voting, test.holds) })
	}
}

func testRecombined(t *testing.T, asked [2][2]int, voting []int, holds int) {
	e := electiontest.Prepare(t, &electiontest.Options{Trustees: 1, Tokens: true, Voters: 2})
	e.Publish()
	e.RunCeremony()
	e.PublishIssuers()
	class := e.Class(0)
	issuance, err := ballot.ReadIssuance(t.Context(), e.Log, e.Manifest)
	require.NoError(t, err)
	public, err := issuance.Keys(class)
	require.NoError(t, err)
	keys := make([]*ballot.VoterKey, 4)
	for i := range keys {
		keys[i] = ballot.NewVoterKey(e.Manifest.Group)
	}
	all := [2][][]byte{{make([]byte, token.Size)}, {make([]byte, token.Size)}} // tokens by registrar, and junk
	holders := make(map[int]bool)
	ask := func(voter, registrar, key int) error {
		request, err := token.NewRequest(public[registrar], token.Message(e.Manifest.ID(), class, keys[key].Public()))
		require.NoError(t, err)
		blind, err := e.Issuers[registrar].Desk.Issue(t.Context(), e.Subject(voter), class, request.Blinded())
		if err != nil {
			return err
		}
		signed, err := request.Finish(blind)
		all[registrar] = append(all[registrar], signed)
		holders[key] = true
		return err
	}
	for voter := range 2 {
		for registrar := range 2 {
			require.NoError(t, ask(voter, registrar, asked[voter][registrar]))
			for key := range keys {
				require.ErrorIs(t, ask(voter, registrar, key), ballot.ErrDuplicate, "nobody is served twice")
			}
		}
	}
	require.Len(t, holders, holds)
	e.EndIssuance()
	e.Open()

	w := open(t, e)
	var accepted []int
	for i := range keys { // with everything there is
		for _, one := range all[0] {
			for _, two := range all[1] {
				data := w.permitted(keys[i], 1, ballot.Permit{Class: class, Tokens: [][]byte{one, two}}).Seal(e.Election).Bytes()
				if err := w.apply(data); err == nil {
					accepted = append(accepted, i)
				} else {
					require.ErrorIs(t, err, ballot.ErrEligibility)
				}
			}
		}
	}
	require.Equal(t, voting, accepted)
	require.EqualValues(t, 2, e.Opening.Roll.Size)
	require.EqualValues(t, len(voting), w.s.Credentials()[class])
}

// Ballots and spoils have times that the manifest's rounding can have made,
// whoever makes them.
func TestVotersTimesAreCoarse(t *testing.T) {
	e := electiontest.New(t, byTokens(nil))
	v := e.Voters[0]
	b, tracker, err := e.Encrypt(v, nil)
	require.NoError(t, err)
	s, err := e.NewSpoil(v, tracker)
	require.NoError(t, err)
	for kind, data := range map[string][]byte{"ballot": b.Bytes(), "spoil": s.Bytes()} {
		for _, change := range []int64{-1, 1, 30, 59} {
			t.Run(fmt.Sprintf("%s %+d", kind, change), func(t *testing.T) {
				w := open(t, e)
				w.refuse(ballot.ErrEncoding, rewrap(t, data, func(env *entry.Envelope) {
					require.Zero(t, env.Time%60)
					env.Time += change
				}))
				w.accept(data)
			})
		}
	}
}
