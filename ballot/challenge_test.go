package ballot_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
)

func isAny(err error, reasons ...error) bool {
	for _, r := range reasons {
		if errors.Is(err, r) {
			return true
		}
	}
	return false
}

// evidence is what a second device is given.
type evidence struct {
	tracker ballot.Tracker
	text    string
	spoil   []byte
	receipt ballot.Receipt
}

func (w *world) check(x evidence) error {
	found, err := w.CheckOpening(x.tracker, x.text, x.spoil, x.receipt)
	require.Equal(w.t, err == nil, found != nil)
	return err
}

// opened challenges and opens a draft.
func (w *world) opened(d *ballot.Draft) evidence {
	w.t.Helper()
	spoil, receipt := w.challenged(d)
	text, err := d.Open(receipt)
	require.NoError(w.t, err)
	return evidence{d.Tracker(), text, spoil.Bytes(), receipt}
}

// lie is what a second device is given of a ballot that some device has made,
// with an opening that it chooses.
func (w *world) lie(voter int, b *ballot.Ballot, o ballot.Origin) evidence {
	w.t.Helper()
	spoil := w.spoil(voter, b.Tracker())
	receipt, err := w.Box().Spoil(w.t.Context(), spoil)
	require.NoError(w.t, err)
	return evidence{b.Tracker(), o.Text(w.e), spoil, receipt}
}

func TestCheckOpeningOfMixedContests(t *testing.T) {
	onMixed(t, func(t *testing.T, o *electiontest.Options, votes ballot.Votes) {
		w := open(t, electiontest.New(t, o))
		x := w.opened(w.prepare(0, votes))
		found, err := w.CheckOpening(x.tracker, x.text, x.spoil, x.receipt)
		require.NoError(t, err)
		require.Equal(t, votes, found.Votes)

		// Plaintexts that are no vote, or not all there.
		plain := 8 + 2 + 4 + w.Group.PointLen() + 64 // where that of the ranking stands
		for name, test := range map[string]struct {
			reason error
			change func(b []byte) []byte
		}{
			"an option twice":        {ballot.ErrShape, func(b []byte) []byte { b[plain+1] = b[plain]; return b }},
			"an option there is not": {ballot.ErrRange, func(b []byte) []byte { b[plain] = 4; return b }},
			"a gap":                  {ballot.ErrEncoding, func(b []byte) []byte { b[plain+1], b[plain+2] = 0, 1; return b }},
			"cut in the ranking":     {ballot.ErrEncoding, func(b []byte) []byte { return b[:plain+2] }},
			"cut before the text":    {ballot.ErrEncoding, func(b []byte) []byte { return b[:plain+3] }},
		} {
			y := x
			y.text = ballot.Rewrite(x.text, test.change)
			require.ErrorIs(t, w.check(y), test.reason, name)
		}

		// A device that encrypts another ranking, or another text, and says otherwise.
		for contest, vote := range map[string]ballot.Vote{"chair": {"sofja": 2, "emmy": 1}, "ship": {"Lady of the Lake, of Krakow": 1}} {
			changed := maps.Clone(votes)
			changed[contest] = vote
			d := w.prepare(0, changed)
			told := ballot.OriginOf(w.e, ballot.SecretOf(d))
			told.Votes = votes
			require.ErrorIs(t, w.check(w.lie(0, ballot.BallotOf(d), told)), ballot.ErrBinding)
		}
		// The same text in another normal form is the same vote: it shows the one
		// that counts.
		changed := maps.Clone(votes)
		changed["ship"] = ballot.Vote{"Lady of the Lake, of Krako\u0301w": 1}
		x = w.opened(w.prepare(0, changed))
		found, err = w.CheckOpening(x.tracker, x.text, x.spoil, x.receipt)
		require.NoError(t, err)
		require.Equal(t, votes, found.Votes)
	})
}

// A device that encrypts other than it says is caught, whatever it says.
func TestDeviceThatLies(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		o := twoStyles(g)
		o.Limits.BallotsPerCredential = 100
		w := open(t, electiontest.New(t, o))
		wanted, other := ballot.Votes{"mayor": {"ada": 1}}, ballot.Votes{"mayor": {"grace": 1}}

		honest := w.prepare(0, wanted)
		told := ballot.OriginOf(w.e, ballot.SecretOf(honest))
		require.NoError(t, w.check(w.lie(0, ballot.BallotOf(honest), told)))

		for name, change := range map[string]func(o *ballot.Origin){
			"votes":         func(o *ballot.Origin) { o.Votes = wanted },
			"no votes":      func(o *ballot.Origin) { o.Votes = nil },
			"seed":          func(o *ballot.Origin) { o.Seed[31] ^= 1 },
			"votes, seed":   func(o *ballot.Origin) { o.Votes, o.Seed = wanted, told.Seed },
			"credential":    func(o *ballot.Origin) { o.Credential = w.Voters[1].Key.Public() },
			"proof":         func(o *ballot.Origin) { o.Proof[0] ^= 1 },
			"votes, proof":  func(o *ballot.Origin) { o.Votes, o.Proof = wanted, told.Proof },
			"number":        func(o *ballot.Origin) { o.Number++ },
			"another draft": func(o *ballot.Origin) { *o = told },
		} {
			t.Run(name, func(t *testing.T) {
				d := w.prepare(0, other)
				said := ballot.OriginOf(w.e, ballot.SecretOf(d))
				change(&said)
				require.ErrorIs(t, w.check(w.lie(0, ballot.BallotOf(d), said)), ballot.ErrBinding)
			})
		}
		t.Run("style", func(t *testing.T) {
			d := w.prepare(0, nil)
			said := ballot.OriginOf(w.e, ballot.SecretOf(d))
			said.Style = 1
			require.ErrorIs(t, w.check(w.lie(0, ballot.BallotOf(d), said)), ballot.ErrBinding)
		})

		// Ballots that no seed gives, in slots that no vote gives.
		for name, make := range map[string]func(u *ballot.Unsealed){
			"randomness": func(u *ballot.Unsealed) { u.R = w.Group.RandomScalar() },
			"slots":      func(u *ballot.Unsealed) { u.Content[0], u.Content[1] = u.Content[1], u.Content[0] },
		} {
			t.Run(name, func(t *testing.T) {
				u := w.draft(1, 1)
				var err error
				u.Content, err = w.Manifest.EncodeVotes(0, wanted)
				require.NoError(t, err)
				said := ballot.Origin{Number: 1, Credential: u.Key.Public(), Seed: [32]byte{1}, Votes: wanted}
				u.R = ballot.Randomness(w.e, said.Seed, 0, 1, u.Key.Public(), u.Content...)
				make(&u)
				b := u.Seal(w.e)
				said.Proof = ballot.ProofHash(b)
				require.ErrorIs(t, w.check(w.lie(1, b, said)), ballot.ErrBinding)
			})
		}
		t.Run("neither", func(t *testing.T) { // so that the two above fail for their reason
			u := w.draft(1, 1)
			said := ballot.Origin{Number: 1, Credential: u.Key.Public(), Seed: [32]byte{1}}
			u.R = ballot.Randomness(w.e, said.Seed, 0, 1, u.Key.Public(), u.Content...)
			b := u.Seal(w.e)
			said.Proof = ballot.ProofHash(b)
			require.NoError(t, w.check(w.lie(1, b, said)))
		})
	})
}

func TestCheckOpeningRefuses(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		w := open(t, electiontest.New(t, twoStyles(g)))
		votes := ballot.Votes{"mayor": {"ada": 1}, "parks": {"lake": 1}}
		good, second := w.opened(w.prepare(0, votes)), w.opened(w.prepare(0, votes))
		byOther := w.spoil(1, good.tracker) // which changes nothing
		byOtherReceipt, err := w.Box().Spoil(t.Context(), byOther)
		require.NoError(t, err)
		elsewhere := open(t, electiontest.New(t, twoStyles(g)))
		foreign := elsewhere.opened(elsewhere.prepare(0, votes))
		require.NoError(t, w.check(good))
		require.NoError(t, w.check(second))

		const prefix = "HANPYO/OPENING/1/"
		body := func(change func(b []byte)) func(x *evidence) {
			return func(x *evidence) {
				x.text = ballot.Rewrite(x.text, func(b []byte) []byte { change(b); return b })
			}
		}
		k := 8 + 2 + 4 // where K stands
		marks := k + w.Group.PointLen() + 64
		for _, test := range []struct {
			name   string
			reason error
			change func(x *evidence)
		}{
			{"another tracker", ballot.ErrBinding, func(x *evidence) { x.tracker = second.tracker }},
			{"another opening", ballot.ErrBinding, func(x *evidence) { x.text = second.text }},
			{"another spoil", ballot.ErrBinding, func(x *evidence) { x.spoil = second.spoil }},
			{"another spoil with its receipt", ballot.ErrBinding, func(x *evidence) { x.spoil, x.receipt = second.spoil, second.receipt }},
			{"another ballot with its opening", ballot.ErrBinding, func(x *evidence) {
				shown := x.tracker
				*x = second
				x.tracker = shown
			}},
			{"spoil by another voter", ballot.ErrBinding, func(x *evidence) { x.spoil, x.receipt = byOther, byOtherReceipt }},
			{"spoil that is not signed", ballot.ErrProof, func(x *evidence) { x.spoil = flipped(x.spoil, len(x.spoil)-3) }},
			{"spoil that is not on the ledger", ballot.ErrChain, func(x *evidence) { x.spoil = w.spoil(0, x.tracker) }},
			{"a ballot for a spoil", ballot.ErrEncoding, func(x *evidence) { x.spoil = w.draft(0, 1).Seal(w.e).Bytes() }},
			{"no spoil", ballot.ErrEncoding, func(x *evidence) { x.spoil = nil }},
			{"another receipt", ballot.ErrBinding, func(x *evidence) { x.receipt = second.receipt }},
			{"another receipt's proof", ballot.ErrChain, func(x *evidence) { x.receipt.Proof = second.receipt.Proof }},
			{"no receipt", ballot.ErrBinding, func(x *evidence) { x.receipt = ballot.Receipt{} }},
			{"another election's", ballot.ErrBinding, func(x *evidence) { *x = foreign }},
			{"another election's opening", ballot.ErrBinding, func(x *evidence) { x.text = foreign.text }},

			{"nothing", ballot.ErrEncoding, func(x *evidence) { x.text = "" }},
			{"only the prefix", ballot.ErrEncoding, func(x *evidence) { x.text = prefix }},
			{"version 2", ballot.ErrVersion, func(x *evidence) { x.text = strings.Replace(x.text, "/1/", "/2/", 1) }},
			{"no prefix", ballot.ErrEncoding, func(x *evidence) { x.text = strings.TrimPrefix(x.text, prefix) }},
			{"lower case", ballot.ErrEncoding, func(x *evidence) { x.text = strings.ToLower(x.text) }},
			{"lower case behind the prefix", ballot.ErrEncoding, func(x *evidence) { x.text = prefix + strings.ToLower(x.text[len(prefix):]) }},
			{"newline within", ballot.ErrEncoding, func(x *evidence) { x.text = x.text[:40] + "\n" + x.text[40:] }},
			{"newline behind", ballot.ErrEncoding, func(x *evidence) { x.text += "\n" }},
			{"padding", ballot.ErrEncoding, func(x *evidence) { x.text += "=" }},
			{"another character", ballot.ErrEncoding, func(x *evidence) {
				at := len(prefix) + 3 // of the election: badly read, and not another one
				x.text = x.text[:at] + string(x.text[at]^3) + x.text[at+1:]
			}},
			{"two characters swapped", ballot.ErrEncoding, func(x *evidence) {
				i := 40
				for x.text[i] == x.text[i+1] {
					i++
				}
				x.text = x.text[:i] + string(x.text[i+1]) + string(x.text[i]) + x.text[i+2:]
			}},
			{"cut off", ballot.ErrEncoding, func(x *evidence) { x.text = x.text[:len(x.text)-8] }},
			{"too long", ballot.ErrLimit, func(x *evidence) { x.text += strings.Repeat("A", 4297-len(x.text)) }},
			{"as long as can be", ballot.ErrEncoding, func(x *evidence) { x.text += strings.Repeat("A", 4296-len(x.text)) }},

			{"more than there is", ballot.ErrEncoding, func(x *evidence) {
				x.text = ballot.Rewrite(x.text, func(b []byte) []byte { return append(b, 0) })
			}},
			{"less than there is", ballot.ErrEncoding, func(x *evidence) {
				x.text = ballot.Rewrite(x.text, func(b []byte) []byte { return b[:len(b)-1] })
			}},
			{"next to nothing", ballot.ErrEncoding, func(x *evidence) {
				x.text = ballot.Rewrite(x.text, func(b []byte) []byte { return b[:5] })
			}},
			{"election", ballot.ErrBinding, body(func(b []byte) { b[0] ^= 1 })},
			{"style that there is not", ballot.ErrRange, body(func(b []byte) { b[9] = 2 })},
			{"number 0", ballot.ErrRange, body(func(b []byte) { b[13] = 0 })},
			{"credential that is no point", ballot.ErrEncoding, body(func(b []byte) { copy(b[k:], notAPoint(g)) })},
			{"identity for a credential", ballot.ErrGroup, body(func(b []byte) { copy(b[k:], make([]byte, g.PointLen())) })},
			{"more bits than marks need", ballot.ErrEncoding, func(x *evidence) {
				x.text = ballot.Rewrite(x.text, func(b []byte) []byte { return append(append(b[:marks], 4, 0x20), b[marks+2:]...) })
			}},
			{"bits that stand for nothing", ballot.ErrEncoding, body(func(b []byte) { b[marks+1] |= 1 })},
			{"marks of 33 bits", ballot.ErrEncoding, body(func(b []byte) { b[marks] = 33 })},
			{"marks of 255 bits", ballot.ErrEncoding, body(func(b []byte) { b[marks] = 255 })},
			{"votes that break a rule", ballot.ErrRange, func(x *evidence) {
				o := ballot.OriginOf(w.e, x.text)
				o.Votes = ballot.Votes{"mayor": {"ada": 1, "grace": 1}}
				x.text = o.Text(w.e)
			}},
			{"a mark below zero", ballot.ErrRange, func(x *evidence) {
				o := ballot.OriginOf(w.e, x.text)
				o.Votes = ballot.Votes{"parks": {"lake": -1}}
				x.text = o.Text(w.e)
			}},
		} {
			t.Run(test.name, func(t *testing.T) {
				x := good
				test.change(&x)
				require.NotEqual(t, good, x)
				require.ErrorIs(t, w.check(x), test.reason)
			})
		}
	})
}

func flipped(data []byte, at int) []byte {
	data = bytes.Clone(data)
	data[at] ^= 1
	return data
}

// notAPoint returns bytes that are no element.
func notAPoint(g *elgamal.Group) []byte { return bytes.Repeat([]byte{0xff}, g.PointLen()) }

// Who has an opening has neither the credential's secret nor the proof, and so
// no ballot. Nor has who makes a ballot under that r with another credential.
func TestOpeningMakesNoBallot(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		w := open(t, electiontest.New(t, twoStyles(g)))
		d := w.prepare(0, ballot.Votes{"mayor": {"ada": 1}})
		b := ballot.BallotOf(d)
		x := w.opened(d)
		o := ballot.OriginOf(w.e, x.text)
		content, err := w.Manifest.EncodeVotes(0, o.Votes)
		require.NoError(t, err)
		r := ballot.Randomness(w.e, o.Seed, 0, o.Number, o.Credential, content...)
		u := ballot.Unsealed{Key: ballot.NewVoterKey(g), Number: o.Number, Content: content, R: r}
		forged := u.Seal(w.e)
		require.Equal(t, ballot.OpenBody(w.e, b).Row, ballot.OpenBody(w.e, forged).Row)
		_, err = w.Box().Cast(t.Context(), forged)
		require.ErrorIs(t, err, ballot.ErrEligibility)
		stolen := ballot.OpenBody(w.e, forged)
		stolen.Credential = o.Credential
		_, err = w.Box().CastBytes(t.Context(), rewrap(t, forged.Bytes(), func(env *entry.Envelope) { env.Body = stolen.Bytes() }))
		require.ErrorIs(t, err, ballot.ErrProof)
		_, err = w.Box().CastBytes(t.Context(), b.Bytes())
		require.ErrorIs(t, err, ballot.ErrState)
	})
}

// How long openings are: docs/wire.md has these numbers.
func TestOpeningLength(t *testing.T) {
	options := func(n int) (list []ballot.Option) {
		for i := range n {
			list = append(list, ballot.Option{ID: fmt.Sprint("o", i), Name: fmt.Sprintf("Option %d", i)})
		}
		return list
	}
	for _, test := range []struct{ slots, most int }{{5, 205}, {50, 222}, {1000, 601}} {
		w := open(t, electiontest.New(t, &electiontest.Options{Trustees: 1, Voters: 1, Contests: []ballot.Contest{
			{ID: "a", Name: "A", Kind: "approval", Options: options(test.slots)},
		}}))
		require.Len(t, w.Manifest.RowColumns(0), test.slots)
		votes := ballot.Vote{}
		for _, o := range w.Manifest.Contests[0].Options {
			votes[o.ID] = 1
		}
		x := w.opened(w.prepare(0, ballot.Votes{"a": votes}))
		require.Equal(t, test.most, len(x.text))
		require.NoError(t, w.check(x))
	}
	texts := func(n, bytes int) *electiontest.Options {
		o := &electiontest.Options{Trustees: 1, Voters: 1}
		for i := range n {
			o.Contests = append(o.Contests, ballot.Contest{ID: fmt.Sprint("t", i), Name: fmt.Sprint("Text ", i), Kind: "write-in", Max: bytes, Blank: true, Plaintexts: ballot.PlaintextsPublic})
		}
		return o
	}
	w := open(t, electiontest.New(t, texts(2, 1000)))
	x := w.opened(w.prepare(0, ballot.Votes{"t1": {strings.Repeat("a", 1000): 1}}))
	require.NoError(t, w.check(x))
	require.Equal(t, 3403, len(x.text))
	w = open(t, electiontest.New(t, texts(3, 1000)))
	_, err := w.Prepare(w.Voters[0], nil)
	require.ErrorIs(t, err, ballot.ErrLimit)
	require.Zero(t, w.Voters[0].Number)
	w.vote(0, nil) // which can still be cast
}

// Votes of every kind come out of an opening as they went in.
func TestOpeningHasVotesOfEveryKind(t *testing.T) {
	rounds := 100
	if testing.Short() {
		rounds = 10
	}
	for _, kind := range ballot.KindNames() {
		r := rand.New(rand.NewPCG(7, uint64(len(kind))))
		for range rounds {
			m := electiontest.Prepare(t, &electiontest.Options{Trustees: 1, Voters: 1, Contests: []ballot.Contest{electiontest.RandomContest(r, kind, "c", 9)}}).Manifest
			c := &m.Contests[0]
			for range 5 {
				v := electiontest.RandomVote(r, c)
				again, size, err := ballot.Reopened(c, v)
				require.NoError(t, err)
				require.LessOrEqual(t, size, 1+len(m.RowColumns(0))*elgamal.EmbedLen)
				want, err := c.Encode(v)
				require.NoError(t, err)
				got, err := c.Encode(again)
				require.NoError(t, err, "%s: %v became %v", kind, v, again)
				require.Equal(t, want, got)
			}
		}
	}
}

func FuzzCheckOpening(f *testing.F) {
	e := electiontest.New(f, &electiontest.Options{Trustees: 1, Contests: append(electiontest.Contests()[:1], mixedContests()...)})
	d, err := e.Prepare(e.Voters[0], mixedVotesOf("mayor", "chair", "ship"))
	require.NoError(f, err)
	text := ballot.SecretOf(d)
	spoil, err := d.Challenge()
	require.NoError(f, err)
	receipt, err := e.Box().Spoil(f.Context(), spoil.Bytes())
	require.NoError(f, err)
	f.Add(text, false)
	f.Add(text[:60], false)
	f.Add(strings.Replace(text, "/1/", "/2/", 1), false)
	f.Add(ballot.Rewrite(text, func(b []byte) []byte { return b[:20] }), true)
	f.Fuzz(func(t *testing.T, in string, repair bool) {
		if repair && len(in) > 17+8 && strings.HasPrefix(in, "HANPYO/OPENING/1/") {
			in = ballot.Repaired(in)
		}
		found, err := e.CheckOpening(d.Tracker(), in, spoil.Bytes(), receipt)
		if err != nil {
			require.Nil(t, found)
			requireReason(t, err)
			return
		}
		require.Equal(t, text, in)
	})
}

// mixedVotesOf returns the votes of mixedVotes in some contests.
func mixedVotesOf(contests ...string) ballot.Votes {
	votes := make(ballot.Votes)
	for _, id := range contests {
		votes[id] = mixedVotes()[id]
	}
	return votes
}
