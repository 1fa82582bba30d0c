package ballot_test

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/tokentest"
	"github.com/hanpyo/hanpyo/ledger"
)

// TestRegistrars goes through issuance step by step, with everything that a
// registrar may get wrong at each.
func TestRegistrars(t *testing.T) {
	e, ctx := electiontest.Prepare(t, byTokens(nil)), t.Context()
	m, log := e.Manifest, e.Log
	one, two := e.Issuers[0], e.Issuers[1]
	keysOf := func(r *electiontest.Registrar) []*token.PublicKey { return e.PublicKeys(r) }
	// other returns a key for a class of a registrar.
	other := func(key int, r *electiontest.Registrar, class token.Class) *token.PublicKey {
		k, err := tokentest.Key(key).Public(token.Context{Election: m.ID(), Registrar: r.Signing.Public().(ed25519.PublicKey), Class: class})
		require.NoError(t, err)
		return k
	}
	issuer := func(r *electiontest.Registrar, keys ...*token.PublicKey) error {
		return ballot.PublishIssuer(ctx, log, m, keys, r.Signing)
	}
	issued := func(r *electiontest.Registrar, said ballot.Issued) error {
		return ballot.PublishIssued(ctx, log, m, said, r.Signing)
	}
	open := func() error { _, err := ballot.Open(ctx, log, m, e.Signers()); return err }

	require.ErrorIs(t, issuer(one, keysOf(one)...), ballot.ErrState, "the manifest is not published")
	e.Append([]byte("junk"))
	_, err := ballot.ReadIssuance(ctx, log, m)
	require.ErrorIs(t, err, ballot.ErrState, "the manifest is not published")
	e.Publish()
	e.RunCeremony()
	require.ErrorIs(t, open(), ballot.ErrState, "no keys")
	require.ErrorIs(t, ballot.PublishRoll(ctx, log, m, nil, e.Registrars), ballot.ErrState, "there is no roll")

	// Registrar 1's keys.
	light, heavy := e.Class(0), e.Class(1)
	before := len(e.Entries())
	require.ErrorIs(t, ballot.PublishIssuer(ctx, log, m, keysOf(one), e.Authorities[0]), ballot.ErrSignature)
	require.ErrorIs(t, ballot.PublishIssuer(ctx, log, m, keysOf(one), nil), ballot.ErrShape)
	require.ErrorIs(t, issuer(one), ballot.ErrShape)
	require.ErrorIs(t, issuer(one, nil, nil), ballot.ErrShape)
	require.ErrorIs(t, issuer(one, keysOf(two)...), ballot.ErrBinding)
	require.ErrorIs(t, issuer(one, keysOf(one)[0], keysOf(one)[0]), ballot.ErrDuplicate)
	require.ErrorIs(t, issuer(one, other(0, one, light), other(0, one, heavy)), ballot.ErrDuplicate, "who sends a blinded message of the other class gets a token")
	require.ErrorIs(t, issuer(one, other(0, one, token.Class{Style: "none", Weight: 1})), ballot.ErrBinding)
	require.ErrorIs(t, issuer(one, other(0, one, token.Class{Style: "all", Weight: m.Limits.MaxWeight + 1})), ballot.ErrRange)
	require.ErrorIs(t, issued(one, ballot.Issued{}), ballot.ErrState, "no keys")
	require.Len(t, e.Entries(), before, "nothing is posted that would be refused")
	require.NoError(t, issuer(one, keysOf(one)...))
	require.NoError(t, issuer(one, keysOf(one)...), "in whatever order the keys are given")
	require.Len(t, e.Entries(), before+1)
	require.ErrorIs(t, issuer(one, other(5, one, light), other(6, one, heavy)), ballot.ErrDuplicate)

	issuance, err := ballot.ReadIssuance(ctx, log, m)
	require.NoError(t, err)
	_, err = issuance.Keys(light)
	require.ErrorIs(t, err, ballot.ErrIncomplete, "registrar 2 has none yet")

	// Registrar 2's keys.
	require.ErrorIs(t, issuer(two, keysOf(two)[:1]...), ballot.ErrShape, "other classes")
	require.ErrorIs(t, issuer(two, keysOf(two)[0], other(0, two, keysOf(two)[1].Context().Class)), ballot.ErrDuplicate, "registrar 1's key")
	require.NoError(t, issuer(two, keysOf(two)...))
	issuance, err = ballot.ReadIssuance(ctx, log, m)
	require.NoError(t, err)
	require.Equal(t, []token.Class{light, heavy}, issuance.Classes())
	keys, err := issuance.Keys(light)
	require.NoError(t, err)
	require.Equal(t, one.Keys[light].Bytes(), tokentest.Key(0).Bytes())
	require.Equal(t, other(0, one, light).Bytes(), keys[0].Bytes())
	_, err = issuance.Keys(token.Class{Style: "all", Weight: 3})
	require.ErrorIs(t, err, ballot.ErrEligibility)
	_, _, err = issuance.Issued(0)
	require.ErrorIs(t, err, ballot.ErrIncomplete)
	_, _, err = issuance.Issued(2)
	require.ErrorIs(t, err, ballot.ErrRange)
	require.ErrorIs(t, open(), ballot.ErrState, "nothing issued")

	// What was issued. Voter 3 has no tokens.
	for voter := range 3 {
		e.Serve(voter)
	}
	said := e.CloseDesks()
	change := func(edit func(*ballot.Issued)) ballot.Issued {
		s := said[0]
		s.Classes = slices.Clone(s.Classes)
		s.Eligible = map[token.Class]uint64{light: 2, heavy: 2}
		edit(&s)
		return s
	}
	before = len(e.Entries())
	require.ErrorIs(t, issued(one, change(func(s *ballot.Issued) { s.Eligible[light] = 1 })), ballot.ErrRange, "more than eligible")
	require.ErrorIs(t, issued(one, change(func(s *ballot.Issued) { s.Eligible[light] = 1<<40 + 1 })), ballot.ErrRange)
	require.ErrorIs(t, issued(one, change(func(s *ballot.Issued) { delete(s.Eligible, light) })), ballot.ErrShape)
	require.ErrorIs(t, issued(one, change(func(s *ballot.Issued) { s.Classes[1] = s.Classes[0] })), ballot.ErrDuplicate)
	noStyle := issued(one, change(func(s *ballot.Issued) { s.Classes[1].Class.Style = "none" }))
	require.ErrorIs(t, noStyle, ballot.ErrRange)
	require.ErrorContains(t, noStyle, `no style "none"`)
	require.ErrorIs(t, issued(one, change(func(s *ballot.Issued) { s.Classes, s.Eligible = s.Classes[:1], map[token.Class]uint64{light: 2} })), ballot.ErrShape)
	require.Len(t, e.Entries(), before)
	require.NoError(t, issued(one, said[0]))
	require.NoError(t, issued(one, said[0]))
	require.Len(t, e.Entries(), before+1)
	require.ErrorIs(t, issued(one, change(func(s *ballot.Issued) { s.Eligible[light]++ })), ballot.ErrDuplicate)
	require.ErrorIs(t, open(), ballot.ErrState, "registrar 2 has not said")
	require.NoError(t, issued(two, said[1]))

	e.Open()
	require.Equal(t, []ballot.RollGroup{{Style: 0, Weight: 1, Lines: 2}, {Style: 0, Weight: 2, Lines: 1}}, e.Opening.Roll.Groups)
	require.EqualValues(t, 3, e.Opening.Roll.Size)
	require.EqualValues(t, 4, e.Opening.Roll.Weight)
	require.ErrorIs(t, issuer(one, other(5, one, light), other(6, one, heavy)), ballot.ErrState, "after the open")
	require.NoError(t, issuer(one, keysOf(one)...), "as it stands")
	for i, r := range e.Issuers { // an auditor who may see the logs
		got, keys, err := e.Issuance().Issued(i)
		require.NoError(t, err)
		require.Equal(t, said[i], got)
		require.NoError(t, token.CheckIssuance(ctx, r.Log, keys, got.Issued))
	}
	_, err = e.FindLine(ctx, log, e.Voters[0].Key.Public())
	require.ErrorIs(t, err, ballot.ErrState)
}

// TestIssuanceBodies changes one thing in a body that is accepted.
func TestIssuanceBodies(t *testing.T) {
	e := electiontest.New(t, byTokens(nil))
	bodies := make(map[entry.Kind][]byte) // registrar 1's
	for _, en := range e.Entries() {
		rewrap(t, en.Data, func(env *entry.Envelope) {
			if bodies[env.Kind] == nil {
				bodies[env.Kind] = env.Body
			}
		})
	}
	const keyLen = 12 + token.PublicKeySize
	swapKeys := func(b []byte) []byte { return slices.Concat(b[:4], b[4+keyLen:], b[4:4+keyLen]) }
	swapCounts := func(b []byte) []byte { return slices.Concat(b[:4], b[4+28:4+56], b[4:4+28], b[4+56:]) }
	at := func(i int, v byte) func([]byte) []byte { return func(b []byte) []byte { b[i] = v; return b } }
	count := func(n uint32) func([]byte) []byte {
		return func(b []byte) []byte { binary.BigEndian.PutUint32(b, n); return b }
	}
	for _, test := range []struct {
		name           string
		issuer, issued func([]byte) []byte
		reason         error
	}{
		{"nothing", func(b []byte) []byte { return b }, func(b []byte) []byte { return b }, nil},
		{"empty", func([]byte) []byte { return nil }, func([]byte) []byte { return nil }, ballot.ErrEncoding},
		{"a byte more", func(b []byte) []byte { return append(b, 0) }, func(b []byte) []byte { return append(b, 0) }, ballot.ErrEncoding},
		{"a byte less", func(b []byte) []byte { return b[:len(b)-1] }, func(b []byte) []byte { return b[:len(b)-1] }, ballot.ErrEncoding},
		{"more classes than there can be", at(2, 0xff), at(2, 0xff), ballot.ErrLimit},
		{"one class too many", count(257), count(257), ballot.ErrLimit},
		{"as many classes as there can be, that do not follow", count(256), count(256), ballot.ErrEncoding},
		{"more classes than follow", at(3, 3), at(3, 9), ballot.ErrEncoding},
		{"no classes", func([]byte) []byte { return make([]byte, 4) }, nil, ballot.ErrShape},
		{"out of order", swapKeys, swapCounts, ballot.ErrEncoding},
		{"a class twice", func(b []byte) []byte { copy(b[4+keyLen:], b[4:4+keyLen]); return b }, func(b []byte) []byte { copy(b[32:], b[4:32]); return b }, ballot.ErrEncoding},
		{"a style that there is not", at(7, 1), at(7, 1), ballot.ErrRange},
		{"a style above all numbers", at(4, 0xff), at(4, 0xff), ballot.ErrRange},
		{"weight 0", at(15, 0), at(15, 0), ballot.ErrRange},
		{"a weight above the manifest's", at(8, 1), at(8, 1), ballot.ErrRange},
		{"a key that is even", func(b []byte) []byte { b[4+12+token.Size-1] ^= 1; return b }, nil, ballot.ErrRange},
		{"another class's proof", func(b []byte) []byte {
			copy(b[4+keyLen+12+token.Size:], b[4+12+token.Size:4+keyLen]) // whose modulus is smaller, and so are its roots
			return b
		}, nil, ballot.ErrProof},
		{"more issued than eligible", nil, at(4+12+15, 3), ballot.ErrRange},
		{"more eligible than there can be", nil, at(4+12, 1), ballot.ErrRange},
	} {
		t.Run(test.name, func(t *testing.T) {
			check := func(kind entry.Kind, change func([]byte) []byte, reencode func([]byte) ([]byte, error)) {
				if change == nil {
					return
				}
				body := change(slices.Clone(bodies[kind]))
				again, err := reencode(body)
				if test.reason == nil {
					require.NoError(t, err)
					require.Equal(t, body, again)
					return
				}
				require.ErrorIs(t, err, test.reason, kind)
				requireReason(t, err)
			}
			check(entry.Issuer, test.issuer, func(b []byte) ([]byte, error) {
				return ballot.ReencodeIssuer(e.Manifest, e.Manifest.Registrars.Keys[0], b)
			})
			check(entry.Issued, test.issued, func(b []byte) ([]byte, error) { return ballot.ReencodeIssued(e.Manifest, b) })
		})
	}
	_, err := ballot.ReencodeIssuer(e.Manifest, e.Manifest.Registrars.Keys[1], bodies[entry.Issuer])
	require.ErrorIs(t, err, ballot.ErrProof, "another registrar's")
}

// Registrars who claim to have served more than any election can have open none.
func TestOpeningBoundsIssuance(t *testing.T) {
	for name, test := range map[string]struct {
		claim uint64
		text  string
	}{
		"more than the manifest allows": {100, "issuance of 200 with weight 300"},
		"more than can be counted":      {1 << 40, "issuance: more weight than 1099511627776"},
	} {
		claim := test.claim
		t.Run(name, func(t *testing.T) {
			e := electiontest.Prepare(t, byTokens(nil))
			e.Publish()
			e.RunCeremony()
			e.PublishIssuers()
			for i, said := range e.CloseDesks() {
				said.Classes = slices.Clone(said.Classes)
				for j, c := range said.Classes {
					said.Classes[j].Tokens, said.Eligible[c.Class] = claim, claim
				}
				require.NoError(t, ballot.PublishIssued(t.Context(), e.Log, e.Manifest, said, e.Registrars[i]))
			}
			_, err := ballot.Open(t.Context(), e.Log, e.Manifest, e.Signers())
			require.ErrorIs(t, err, ballot.ErrRange)
			require.ErrorContains(t, err, test.text)
		})
	}
}

func TestNoTokensWithRoll(t *testing.T) {
	e := electiontest.New(t, twoStyles(elgamal.Ristretto255()))
	err := ballot.PublishIssued(t.Context(), e.Log, e.Manifest, ballot.Issued{}, e.Registrars[0])
	require.ErrorIs(t, err, ballot.ErrState)
	env := entry.Envelope{Kind: entry.Issuer, Election: e.Manifest.ID(), Body: make([]byte, 4)}
	env.Sign(e.Registrars[0])
	data := [][]byte{env.Bytes()}
	for _, en := range e.Entries() {
		data = append(data, en.Data)
	}
	log := e.Fork(data...)
	moved, err := ballot.Load(t.Context(), log, e.Fingerprint)
	require.NoError(t, err)
	s, err := ballot.Replay(t.Context(), moved, log, uint64(len(data)), nil)
	require.NoError(t, err)
	require.Len(t, s.Refused(), 1)
	require.ErrorIs(t, s.Refused()[0].Err, ballot.ErrState)
	_, err = e.Issuance().Keys(token.Class{Style: "city", Weight: 1})
	require.ErrorIs(t, err, ballot.ErrIncomplete)
	_, err = ballot.ReadIssuance(t.Context(), e.Log, e.Manifest)
	require.ErrorIs(t, err, ballot.ErrState)
}

// What the rule refuses is not appended, and a ledger that fails is no receipt.
func TestSubmitRefuses(t *testing.T) {
	e, ctx := electiontest.New(t, byTokens(nil)), t.Context()
	w := open(t, e)
	box := e.Box()
	before := len(e.Entries())
	stolen := w.permitted(e.Voters[1].Key, 1, e.Voters[0].Permit).Seal(e.Election)
	_, err := box.Submit(ctx, stolen.Bytes())
	require.ErrorIs(t, err, ballot.ErrEligibility)
	_, err = box.Submit(ctx, w.permitted(e.Voters[0].Key, 4, e.Voters[0].Permit).Seal(e.Election).Bytes())
	require.ErrorIs(t, err, ballot.ErrRange)
	_, err = box.Submit(ctx, nil)
	require.ErrorIs(t, err, ballot.ErrEncoding)
	require.Len(t, e.Entries(), before)
	at := e.Append(stolen.Bytes()) // by another way
	_, err = box.Receipt(ctx, at)
	require.ErrorIs(t, err, ballot.ErrEligibility)
	require.Zero(t, ballot.Remembered(box))

	good := w.vote(0, nil)
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	_, err = box.Receipt(short, at+1) // which does not come
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, e.Log.Close())
	_, err = box.Submit(ctx, good.Bytes())
	require.ErrorIs(t, err, ledger.ErrClosed)
	require.Zero(t, ballot.Remembered(box))
}

func TestOpeningWantsGroupsOfVoters(t *testing.T) {
	o := byTokens(nil)
	o.Limits.MinGroup = 2
	e := electiontest.Prepare(t, o)
	e.Publish()
	e.RunCeremony()
	e.PublishIssuers()
	for voter := range 3 {
		e.Serve(voter)
	}
	e.EndIssuance()
	_, err := ballot.Open(t.Context(), e.Log, e.Manifest, e.Signers())
	require.ErrorIs(t, err, ballot.ErrState)
	require.ErrorContains(t, err, "issuance: style all has 1 voter of weight 2, the minimum group is 2")
}

// TestIssuanceEntries holds what the counting rule says of registrars' entries
// before the open, whoever posts them.
func TestIssuanceEntries(t *testing.T) {
	e := electiontest.New(t, byTokens(nil))
	signed := func(kind entry.Kind, body []byte, keys ...ed25519.PrivateKey) []byte {
		env := entry.Envelope{Kind: kind, Election: e.Manifest.ID(), Time: 1, Body: body}
		for _, k := range keys {
			env.Sign(k)
		}
		return env.Bytes()
	}
	bodies := make(map[entry.Kind][][]byte)
	entries := e.Entries()
	for _, en := range entries {
		rewrap(t, en.Data, func(env *entry.Envelope) { bodies[env.Kind] = append(bodies[env.Kind], env.Body) })
	}
	changed := slices.Clone(bodies[entry.Issued][0])
	changed[len(changed)-1]++
	for _, test := range []struct {
		name   string
		data   []byte
		reason error
	}{
		{"keys again", signed(entry.Issuer, bodies[entry.Issuer][0], e.Registrars[0]), ballot.ErrReplay},
		{"other keys", signed(entry.Issuer, bodies[entry.Issuer][1], e.Registrars[0]), ballot.ErrDuplicate},
		{"numbers again", signed(entry.Issued, bodies[entry.Issued][1], e.Registrars[1]), ballot.ErrReplay},
		{"other numbers", signed(entry.Issued, changed, e.Registrars[0]), ballot.ErrDuplicate},
		{"nobody's", signed(entry.Issued, changed), ballot.ErrSignature},
		{"an authority's", signed(entry.Issuer, changed, e.Authorities[0]), ballot.ErrSignature},
		{"of two registrars", signed(entry.Issued, changed, e.Registrars...), ballot.ErrSignature},
		{"a roll", signed(entry.Roll, []byte("roll"), e.Registrars...), ballot.ErrState},
		{"keys of another election", func() []byte {
			env := entry.Envelope{Kind: entry.Issuer, Body: bodies[entry.Issuer][0]}
			env.Sign(e.Registrars[0])
			return env.Bytes()
		}(), ballot.ErrBinding},
	} {
		t.Run(test.name, func(t *testing.T) {
			// Before the open, on a fork of the ledger.
			at := e.Opening.Index
			var data [][]byte
			for _, en := range slices.Concat(entries[:at], []ledger.Entry{{Data: test.data}}, entries[at:]) {
				data = append(data, en.Data)
			}
			log := e.Fork(data...)
			moved, err := ballot.Load(t.Context(), log, e.Fingerprint)
			require.NoError(t, err)
			s, err := ballot.Replay(t.Context(), moved, log, uint64(len(data)), nil)
			require.NoError(t, err)
			require.Len(t, s.Refused(), 1)
			require.Equal(t, at, s.Refused()[0].Index)
			require.ErrorIs(t, s.Refused()[0].Err, test.reason)
			// Behind it.
			w := open(t, e)
			if test.reason == ballot.ErrBinding {
				w.refuse(ballot.ErrBinding, test.data)
			} else {
				w.refuse(ballot.ErrState, test.data)
			}
		})
	}
}

// Whoever signs what the registrars did not say opens nothing.
func TestLoadHoldsOpeningToIssuance(t *testing.T) {
	e := electiontest.New(t, byTokens(nil))
	for name, change := range map[string]func(*ballot.Opening){
		"another root":      func(o *ballot.Opening) { o.Roll.Root[0]++ },
		"one voter more":    func(o *ballot.Opening) { o.Roll.Size--; o.Roll.Weight--; o.Roll.Groups[0].Lines-- },
		"nobody weighs two": func(o *ballot.Opening) { o.Roll.Size, o.Roll.Weight, o.Roll.Groups = 2, 2, o.Roll.Groups[:1] },
	} {
		t.Run(name, func(t *testing.T) {
			env := ballot.OpenEntry(e.Election, change)
			for _, k := range e.Signers() {
				env.Sign(k)
			}
			var data [][]byte
			for _, en := range e.Entries()[:e.Opening.Index] {
				data = append(data, en.Data)
			}
			_, err := ballot.Load(t.Context(), e.Fork(append(data, env.Bytes())...), ballot.Fingerprint(entry.ID(env.Bytes())))
			require.ErrorIs(t, err, ballot.ErrChain)
			var wrong *ballot.IssuanceError
			require.ErrorAs(t, err, &wrong)
		})
	}
	t.Run("a registrar has not said what it issued", func(t *testing.T) {
		var data [][]byte
		left := true
		for _, en := range e.Entries() {
			if left && entry.Kind(en.Data[1]) == entry.Issued {
				left = false
				continue
			}
			data = append(data, en.Data)
		}
		_, err := ballot.Load(t.Context(), e.Fork(data...), e.Fingerprint)
		require.ErrorIs(t, err, ballot.ErrState)
		var wrong *ballot.IssuanceError
		require.ErrorAs(t, err, &wrong)
	})
}

func TestEligibilityInManifests(t *testing.T) {
	description := electiontest.Prepare(t, byTokens(elgamal.P256())).Manifest
	describe := func(change func(*ballot.Manifest)) ballot.Manifest {
		m := *description
		change(&m)
		return m
	}
	m, err := ballot.NewManifest(describe(func(*ballot.Manifest) {}))
	require.NoError(t, err)
	for _, parse := range []func() (*ballot.Manifest, error){
		func() (*ballot.Manifest, error) { return ballot.ParseManifest(m.JSON()) },
		func() (*ballot.Manifest, error) { return ballot.ParseManifestBytes(m.Bytes()) },
	} {
		again, err := parse()
		require.NoError(t, err)
		require.Equal(t, m.ID(), again.ID())
		require.Equal(t, ballot.EligibilityTokens, again.Eligibility)
	}
	roll, err := ballot.NewManifest(describe(func(m *ballot.Manifest) { m.Eligibility = "" }))
	require.NoError(t, err)
	require.Equal(t, ballot.EligibilityRoll, roll.Eligibility)
	require.Len(t, m.Bytes(), len(roll.Bytes())+4+4+4+len("tokens"), "the bytes of a manifest with a roll are as they were")
	require.Equal(t, roll.Bytes(), m.Bytes()[:len(roll.Bytes())])

	for name, test := range map[string]struct {
		change func(*ballot.Manifest)
		reason error
	}{
		"not all registrars": {func(m *ballot.Manifest) { m.Registrars.Quorum = 1 }, ballot.ErrRange},
		"another word":       {func(m *ballot.Manifest) { m.Eligibility = "lottery" }, ballot.ErrVersion},
		"tokens leave no room for so many options": {func(m *ballot.Manifest) {
			c := ballot.Contest{ID: "all", Name: "All", Kind: "approval", Max: 1000}
			for i := range 1000 {
				c.Options = append(c.Options, ballot.Option{ID: string(rune('a'+i/26%26)) + string(rune('a'+i%26)) + string(rune('a'+i/676)), Name: string(rune(0x4e00 + i))})
			}
			c.Max = len(c.Options)
			m.Contests, m.Styles = []ballot.Contest{c}, []ballot.Style{{ID: "all", Name: "All", Contests: []int{0}}}
		}, ballot.ErrLimit},
	} {
		_, err := ballot.NewManifest(describe(test.change))
		require.ErrorIs(t, err, test.reason, name)
	}
	for _, end := range [][]byte{[]byte("\x00\x00\x00\x04roll"), {0, 0, 0, 0}, {1}} {
		_, err = ballot.ParseManifestBytes(append(slices.Clone(roll.Bytes()), append(make([]byte, 8), end...)...))
		require.ErrorIs(t, err, ballot.ErrEncoding)
	}
	_, err = ballot.ReadIssuance(t.Context(), nil, roll)
	require.ErrorIs(t, err, ballot.ErrState)
}

// On a ledger that publishes once a minute a ballot has an index at once, and
// its receipt later; whoever reads the ledger sees nothing in between.
func TestSubmitAndReceiptOnPacedLedger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := byTokens(nil)
		o.Ledger = func(s note.Signer) (ledger.Ledger, error) {
			return ledger.Paced(t.Context(), ledger.NewMemory(s), time.Minute)
		}
		e, ctx := electiontest.New(t, o), t.Context()
		defer e.Log.Close()
		box := e.Box()
		size := func() uint64 {
			cp, err := e.Log.Checkpoint(ctx)
			require.NoError(t, err)
			return cp.Size
		}
		before, start := size(), time.Now()
		b, tracker, err := e.Encrypt(e.Voters[0], nil)
		require.NoError(t, err)
		index, err := box.Submit(ctx, b.Bytes())
		require.NoError(t, err)
		require.Equal(t, before, index)
		again, err := box.Submit(ctx, b.Bytes())
		require.NoError(t, err)
		require.Equal(t, index, again)
		_, spoiled, err := e.Encrypt(e.Voters[1], nil)
		require.NoError(t, err)
		spoil, err := e.NewSpoil(e.Voters[1], spoiled)
		require.NoError(t, err)
		_, err = box.Submit(ctx, spoil.Bytes())
		require.NoError(t, err)
		later, _, err := e.Encrypt(e.Voters[0], nil)
		require.NoError(t, err)
		last, err := box.Submit(ctx, later.Bytes())
		require.NoError(t, err)
		older, err := box.Submit(ctx, b.Bytes()) // the ledger has it
		require.NoError(t, err)
		require.Equal(t, index, older)
		require.Equal(t, before, size(), "nothing is published yet")
		require.Equal(t, start, time.Now(), "nobody had to wait")
		require.Equal(t, 6, ballot.Remembered(box))

		receipt, err := box.Receipt(ctx, index)
		require.NoError(t, err)
		require.Equal(t, tracker, receipt.Tracker)
		require.NoError(t, e.VerifyReceipt(b.Bytes(), receipt))
		require.Zero(t, time.Now().Unix()%60)
		require.Equal(t, before+3, size())
		require.Zero(t, ballot.Remembered(box))
		receipt, err = box.Receipt(ctx, index+1)
		require.NoError(t, err)
		require.NoError(t, e.VerifyReceipt(spoil.Bytes(), receipt))
		_, err = box.Submit(ctx, b.Bytes())
		require.ErrorIs(t, err, ballot.ErrReplay)
		require.ErrorContains(t, err, "superseded by entry")
		again, err = box.Submit(ctx, later.Bytes())
		require.NoError(t, err)
		require.Equal(t, last, again)

		// What the rule refuses has no receipt, and neither has anything else.
		refused := e.Append([]byte("no entry"))
		_, err = box.Receipt(ctx, refused)
		require.ErrorIs(t, err, ballot.ErrVersion)
		_, err = box.Receipt(ctx, e.Opening.Index)
		require.ErrorIs(t, err, ballot.ErrEncoding)
		_, err = box.Submit(ctx, e.Entries()[0].Data)
		require.ErrorIs(t, err, ballot.ErrEncoding)

		// A box that was opened meanwhile answers as well.
		next, _, err := e.Encrypt(e.Voters[2], nil)
		require.NoError(t, err)
		index, err = box.Submit(ctx, next.Bytes())
		require.NoError(t, err)
		reopened, err := ballot.OpenBox(ctx, e.Election, e.Log)
		require.NoError(t, err)
		receipt, err = reopened.Receipt(ctx, index)
		require.NoError(t, err)
		require.NoError(t, e.VerifyReceipt(next.Bytes(), receipt))
		// One that only takes submissions catches up with what is published.
		other, _, err := e.Encrypt(e.Voters[3], nil)
		require.NoError(t, err)
		_, err = box.Submit(ctx, other.Bytes())
		require.NoError(t, err)
		require.Equal(t, 2, ballot.Remembered(box), "only what is not published")

		r, err := box.Cast(ctx, other)
		require.NoError(t, err, "Cast is both")
		require.NoError(t, e.VerifyReceipt(other.Bytes(), r))
	})
}

func FuzzIssuer(f *testing.F) {
	e := electiontest.New(f, byTokens(nil))
	registrar := e.Manifest.Registrars.Keys[0]
	for _, en := range e.Entries() {
		if env, err := entry.Parse(en.Data); err == nil && env.Kind == entry.Issuer {
			f.Add(env.Body)
			f.Add(env.Body[:100])
			f.Add(append(env.Body, 0))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		again, err := ballot.ReencodeIssuer(e.Manifest, registrar, body)
		if err != nil {
			requireReason(t, err)
			return
		}
		require.Equal(t, body, again)
	})
}

func FuzzIssued(f *testing.F) {
	e := electiontest.New(f, byTokens(nil))
	for _, en := range e.Entries() {
		if env, err := entry.Parse(en.Data); err == nil && env.Kind == entry.Issued {
			f.Add(env.Body)
			f.Add(env.Body[:30])
			f.Add(append(env.Body, 0))
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		again, err := ballot.ReencodeIssued(e.Manifest, body)
		if err != nil {
			requireReason(t, err)
			return
		}
		require.Equal(t, body, again)
	})
}
