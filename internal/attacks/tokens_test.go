package attacks

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/tokentest"
	"github.com/hanpyo/hanpyo/tally"
)

// eachTokenElection runs a test on an election of four voters and two
// registrars who have put their keys on the ledger and issue tokens, in both
// groups, with sums and with mixes.
func eachTokenElection(t *testing.T, test func(t *testing.T, e *electiontest.Election, mixed bool)) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		for _, mixed := range []bool{false, true} {
			name, contests := "sums", electiontest.Contests()[:1]
			if mixed {
				name, contests = "mixed", mixedContests()[:1]
			}
			t.Run(name, func(t *testing.T) {
				e := electiontest.Prepare(t, &electiontest.Options{
					Group: g, Tokens: true, Registrars: 2, Trustees: 1, Weights: []uint64{1}, Contests: contests,
				})
				e.Publish()
				e.RunCeremony()
				e.PublishIssuers()
				test(t, e, mixed)
			})
		}
	})
}

// serveAll lets every voter get tokens and opens the election.
func serveAll(e *electiontest.Election) {
	for voter := range e.Voters {
		e.Serve(voter)
	}
	e.EndIssuance()
	e.Open()
}

// anyBallot returns the entry of a ballot for whatever permit, with a proof that
// holds.
func anyBallot(e *electiontest.Election, key *ballot.VoterKey, number uint32, p ballot.Permit) []byte {
	g := e.Group
	var points []kyber.Point
	for i := range e.Manifest.RowColumns(0) {
		switch {
		case e.Manifest.Contests[0].Mixed():
			points = append(points, g.Generator("garbage", i))
		case i == 0:
			points = append(points, g.Base())
		default:
			points = append(points, g.Point())
		}
	}
	return e.Seal(&ballot.Voter{Key: key, Permit: p}, number, points, g.RandomScalar())
}

// A token lets in one credential, for one class, in one election, and only
// together with those of all other registrars.
func TestP76TokensAgain(t *testing.T) {
	eachTokenElection(t, func(t *testing.T, e *electiontest.Election, _ bool) {
		for voter := range 3 {
			e.Serve(voter)
		}
		e.EndIssuance()
		e.Open()
		one, two := e.Voters[0], e.Voters[1]
		first, second := one.Permit, two.Permit
		stranger := ballot.NewVoterKey(e.Group)
		with := func(class token.Class, tokens ...[]byte) ballot.Permit {
			return ballot.Permit{Class: class, Tokens: tokens}
		}
		heavy := first.Class
		heavy.Weight = 2
		for name, c := range map[string]struct {
			key *ballot.VoterKey
			p   ballot.Permit
		}{
			"another credential":          {stranger, first},
			"another voter's credential":  {two.Key, first},
			"of two voters":               {one.Key, with(first.Class, first.Tokens[0], second.Tokens[1])},
			"one registrar twice":         {one.Key, with(first.Class, first.Tokens[0], first.Tokens[0])},
			"registrars exchanged":        {one.Key, with(first.Class, first.Tokens[1], first.Tokens[0])},
			"another weight":              {one.Key, with(heavy, first.Tokens...)},
			"a token of zeros":            {one.Key, with(first.Class, first.Tokens[0], make([]byte, token.Size))},
			"a token with one bit turned": {one.Key, with(first.Class, first.Tokens[0], turned(first.Tokens[1]))},
		} {
			_, _, err := e.Encrypt(&ballot.Voter{Key: c.key, Permit: c.p}, nil)
			requireReason(t, reason.ErrEligibility, err, "%s: a device that checks", name)
			requireRefused(t, reason.ErrEligibility, e.Log, e.Box(), anyBallot(e, c.key, 1, c.p), name)
		}
		_, _, err := e.Encrypt(&ballot.Voter{Key: one.Key, Permit: with(first.Class, first.Tokens[0])}, nil)
		requireReason(t, reason.ErrEligibility, err, "one registrar's alone")

		// Tokens seen in a ballot are of no use to whoever sees them: not in its
		// ballots, and not under the old proof.
		b := anyBallot(e, one.Key, 1, first)
		_, err = e.Box().CastBytes(t.Context(), b)
		require.NoError(t, err)
		own := anyBallot(e, two.Key, 1, second)
		stolen := rewrap(t, own, func(env *entry.Envelope) {
			at := bytes.Index(env.Body, second.Tokens[0])
			require.Positive(t, at)
			copy(env.Body[at:], slices.Concat(first.Tokens...))
		})
		requireRefused(t, reason.ErrProof, e.Log, e.Box(), stolen, "tokens put into another ballot")

		// In another election of the same registrars with the same keys.
		moved := rewrap(t, b, func(env *entry.Envelope) { env.Election[0] ^= 1 })
		requireRefused(t, reason.ErrBinding, e.Log, e.Box(), moved)
	})
}

func turned(b []byte) []byte {
	b = slices.Clone(b)
	b[len(b)/2] ^= 4
	return b
}

// A registrar with a key of its own for one voter would know the voter's ballot
// by the key. Devices take the keys from the ledger, of which there is one for
// each registrar and class, with a proof that it is a permutation; tokens of
// another key are worth nothing, and are shown to nobody.
func TestP77KeyForOneVoter(t *testing.T) {
	eachTokenElection(t, func(t *testing.T, e *electiontest.Election, _ bool) {
		ctx, class, r := t.Context(), e.Class(0), e.Issuers[0]
		own := tokentest.Key(5) // a key that is not on the ledger
		context := token.Context{Election: e.Manifest.ID(), Registrar: e.Manifest.Registrars.Keys[0], Class: class}
		public := must(own.Public(context))
		before := size(t, e.Log)
		requireReason(t, reason.ErrDuplicate, ballot.PublishIssuer(ctx, e.Log, e.Manifest, []*token.PublicKey{public}, r.Signing), "another key afterwards")
		require.Equal(t, before, size(t, e.Log))
		issuance := must(ballot.ReadIssuance(ctx, e.Log, e.Manifest))
		ledgered := must(issuance.Keys(class))
		require.NotEqual(t, public.ID(), ledgered[0].ID())

		// What the registrar tells the voter instead: the voter's device asks
		// under the ledger's key, and no answer but that key's is a token.
		v := e.Voters[0]
		message := token.Message(e.Manifest.ID(), class, v.Key.Public())
		request := must(token.NewRequest(ledgered[0], message))
		answer := must(own.Sign(request.Blinded()))
		_, err := request.Finish(answer)
		requireReason(t, reason.ErrSignature, err)
		_, err = request.Finish(must(r.Keys[class].Sign(request.Blinded())))
		require.NoError(t, err, "control")

		// A device that was given the other key has a token that nobody takes.
		fooled := must(token.NewRequest(public, message))
		signed := must(fooled.Finish(must(own.Sign(fooled.Blinded()))))
		serveAll(e)
		p := ballot.Permit{Class: class, Tokens: [][]byte{signed, v.Permit.Tokens[1]}}
		_, _, err = e.Encrypt(&ballot.Voter{Key: v.Key, Permit: p}, nil)
		requireReason(t, reason.ErrEligibility, err)
		requireRefused(t, reason.ErrEligibility, e.Log, e.Box(), anyBallot(e, v.Key, 1, p))

		// The proof of a key is for one registrar, one class, one election.
		encoded := ledgered[0].Bytes()
		_, err = token.ParsePublicKey(encoded, context)
		require.NoError(t, err)
		for name, change := range map[string]func(*token.Context){
			"election":  func(c *token.Context) { c.Election[0] ^= 1 },
			"registrar": func(c *token.Context) { c.Registrar = e.Manifest.Registrars.Keys[1] },
			"style":     func(c *token.Context) { c.Class.Style = "other" },
			"weight":    func(c *token.Context) { c.Class.Weight++ },
		} {
			other := context
			change(&other)
			_, err := token.ParsePublicKey(encoded, other)
			requireReason(t, reason.ErrProof, err, name)
		}
	})
}

// One token more than voters: a desk gives a subject one and no other, nothing
// after the end, and who goes around the desk is counted against what it said.
func TestP77OneMore(t *testing.T) {
	eachTokenElection(t, func(t *testing.T, e *electiontest.Election, mixed bool) {
		ctx, class := t.Context(), e.Class(0)
		for voter := range e.Voters {
			e.Serve(voter)
		}
		keys := must(must(ballot.ReadIssuance(ctx, e.Log, e.Manifest)).Keys(class))
		ghost := ballot.NewVoterKey(e.Manifest.Group)
		request := must(token.NewRequest(keys[0], token.Message(e.Manifest.ID(), class, ghost.Public())))
		desk, log := e.Issuers[0].Desk, e.Issuers[0].Log
		issued := size(t, log)
		_, err := desk.Issue(ctx, e.Subject(0), class, request.Blinded())
		requireReason(t, reason.ErrDuplicate, err, "a second credential for one subject")
		_, err = desk.Issue(ctx, [32]byte{1}, class, request.Blinded())
		requireReason(t, reason.ErrEligibility, err, "nobody's subject")
		other := class
		other.Weight = 5
		_, err = desk.Issue(ctx, e.Subject(0), other, request.Blinded())
		requireReason(t, reason.ErrEligibility, err, "another class")
		require.Equal(t, issued, size(t, log))
		e.EndIssuance()
		_, err = desk.Issue(ctx, e.Subject(0), class, request.Blinded())
		requireReason(t, reason.ErrState, err, "after the end")
		said := must(desk.Close(ctx))
		require.NoError(t, token.CheckIssuance(ctx, log, keys[:1], said))
		more := said
		more.Classes = slices.Clone(said.Classes)
		more.Classes[0].Tokens++
		requireReason(t, reason.ErrChain, token.CheckIssuance(ctx, log, keys[:1], more), "an entry that says otherwise")
		e.Open()

		// All registrars together can make tokens for ghosts. The audit counts.
		var votes ballot.Votes
		if mixed {
			votes = ballot.Votes{"chair": {"a": 1}}
		}
		for voter := range e.Voters {
			e.Cast(voter, votes)
		}
		_, err = e.Box().CastBytes(ctx, anyBallot(e, ghost, 1, e.Stuff(ghost, class)))
		require.NoError(t, err, "nobody can tell it from a voter's")
		require.NoError(t, ballot.Close(ctx, e.Log, e.Fingerprint, e.Signers()))
		report, err := tally.Audit(context.Background(), e.Log, e.Fingerprint, nil)
		require.NoError(t, err)
		requireFinding(t, report, "eligibility.tokens", -1, reason.ErrEligibility)
		require.False(t, report.Verified())
	})
}
