package ballot_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/wire"
)

func TestEncrypt(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		w := open(t, electiontest.New(t, twoStyles(g)))
		b := w.vote(0, ballot.Votes{"mayor": {"ada": 1}, "parks": {"lake": 2, "hill": 1}})
		require.EqualValues(t, 1, b.Number())
		require.Zero(t, b.Style())
		require.Len(t, b.Row().B, len(w.Manifest.RowColumns(0)))
		require.NoError(t, w.VerifyBallot(b))
		require.EqualValues(t, 1, w.Voters[0].Number)

		other := ballot.OpenBody(w.e, b)
		other.Number++
		forged, err := w.ParseBallot(rewrap(t, b.Bytes(), func(env *entry.Envelope) { env.Body = other.Bytes() }))
		require.NoError(t, err)
		require.ErrorIs(t, w.VerifyBallot(forged), ballot.ErrProof)

		again, err := w.ParseBallot(b.Bytes())
		require.NoError(t, err)
		require.NoError(t, w.VerifyBallot(again))
		require.Equal(t, b.Tracker(), again.Tracker())
		require.Equal(t, b.Bytes(), again.Bytes())
		env, err := entry.Parse(b.Bytes())
		require.NoError(t, err)
		require.Zero(t, env.Time%60)

		// Left out: blank where there is one, nothing marked where that is a vote.
		b = w.vote(0, nil)
		require.EqualValues(t, 2, b.Number())
		require.Len(t, w.vote(2, nil).Row().B, len(w.Manifest.RowColumns(1)))

		// A vote that breaks a rule, and one ballot too many.
		v := w.Voters[0]
		for _, votes := range []ballot.Votes{
			{"mayor": {"ada": 1, "grace": 1}},
			{"parks": {"lake": 4}},
			{"mayor": {"nobody": 1}},
			{"nothing": {"ada": 1}},
		} {
			_, _, err := w.Encrypt(v, votes)
			require.Error(t, err)
			require.True(t, errors.Is(err, ballot.ErrRange) || errors.Is(err, ballot.ErrShape), err)
			require.EqualValues(t, 2, v.Number)
		}
		w.vote(0, nil)
		_, _, err = w.Encrypt(v, nil)
		require.ErrorIs(t, err, ballot.ErrRange)
		require.EqualValues(t, 3, v.Number)
	})
}

func TestEncryptWithoutBlank(t *testing.T) {
	contests := electiontest.Contests()[:1]
	contests[0].Blank = false
	e := electiontest.New(t, &electiontest.Options{Trustees: 1, Contests: contests})
	_, _, err := e.Encrypt(e.Voters[0], nil)
	require.Error(t, err)
	_, _, err = e.Encrypt(e.Voters[0], ballot.Votes{"mayor": {"ada": 1}})
	require.NoError(t, err)
}

func TestEncryptChecksVoter(t *testing.T) {
	e := electiontest.New(t, twoStyles(nil))
	good := *e.Voters[0]
	for _, test := range []struct {
		name   string
		reason error
		change func(v *ballot.Voter)
	}{
		{"no key", ballot.ErrShape, func(v *ballot.Voter) { v.Key = nil }},
		{"an empty key", ballot.ErrShape, func(v *ballot.Voter) { v.Key = new(ballot.VoterKey) }},
		{"key of another group", ballot.ErrGroup, func(v *ballot.Voter) { v.Key = ballot.NewVoterKey(elgamal.P256()) }},
		{"another key", ballot.ErrEligibility, func(v *ballot.Voter) { v.Key = ballot.NewVoterKey(elgamal.Ristretto255()) }},
		{"another voter's line", ballot.ErrEligibility, func(v *ballot.Voter) { v.Line = e.Voters[1].Line }},
		{"another style", ballot.ErrChain, func(v *ballot.Voter) { v.Line.Style = 1 }},
		{"another weight", ballot.ErrChain, func(v *ballot.Voter) { v.Line.Weight = 2 }},
		{"another index", ballot.ErrChain, func(v *ballot.Voter) { v.Line.Index ^= 1 }},
		{"no proof", ballot.ErrChain, func(v *ballot.Voter) { v.Line.Proof = nil }},
		{"a style that there is not", ballot.ErrRange, func(v *ballot.Voter) { v.Line.Style = 2 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := good
			test.change(&v)
			b, _, err := e.Encrypt(&v, nil)
			require.ErrorIs(t, err, test.reason)
			require.Nil(t, b)
			_, err = e.NewSpoil(&v, ballot.Tracker{1})
			require.ErrorIs(t, err, test.reason)
		})
	}
	_, _, err := e.Encrypt(nil, nil)
	require.ErrorIs(t, err, ballot.ErrShape)
	_, _, err = e.Encrypt(&good, nil)
	require.NoError(t, err)
}

// A prover does not sign a row that breaks a rule.
func TestSealChecksRules(t *testing.T) {
	w := open(t, electiontest.New(t, twoStyles(nil)))
	d := w.draft(0, 1)
	require.NoError(t, d.Err(w.e))
	for i := range d.Content {
		d.Content[i] ^= 1
		require.ErrorIs(t, d.Err(w.e), ballot.ErrProof)
		d.Content[i] ^= 1
	}
}

// The randomness of a ballot depends on everything that makes it another one,
// so that a broken random source does not repeat it.
func TestRandomness(t *testing.T) {
	e := electiontest.New(t, twoStyles(nil))
	key := e.Voters[0].Key.Public()
	base := ballot.Randomness(e.Election, [32]byte{1}, 0, 1, key, 1, 0)
	require.True(t, base.Equal(ballot.Randomness(e.Election, [32]byte{1}, 0, 1, key, 1, 0)))
	other := *e.Election
	other.Fingerprint[0] ^= 1
	for _, r := range []kyber.Scalar{
		ballot.Randomness(e.Election, [32]byte{2}, 0, 1, key, 1, 0),
		ballot.Randomness(e.Election, [32]byte{1}, 1, 1, key, 1, 0),
		ballot.Randomness(e.Election, [32]byte{1}, 0, 2, key, 1, 0),
		ballot.Randomness(e.Election, [32]byte{1}, 0, 1, e.Voters[1].Key.Public(), 1, 0),
		ballot.Randomness(e.Election, [32]byte{1}, 0, 1, key, 0, 1),
		ballot.Randomness(e.Election, [32]byte{1}, 0, 1, key, 1, 0, 0),
		ballot.Randomness(&other, [32]byte{1}, 0, 1, key, 1, 0),
	} {
		require.False(t, base.Equal(r))
	}
}

func TestTracker(t *testing.T) {
	w := open(t, electiontest.New(t, twoStyles(nil)))
	b := w.vote(0, nil)
	text, err := json.Marshal(map[string]any{"t": b.Tracker(), "f": w.Fingerprint})
	require.NoError(t, err)
	var read struct {
		T ballot.Tracker
		F ballot.Fingerprint
	}
	require.NoError(t, json.Unmarshal(text, &read))
	require.Equal(t, b.Tracker(), read.T)
	require.Equal(t, w.Fingerprint, read.F)

	tracker, err := ballot.ParseTracker(b.Tracker().String())
	require.NoError(t, err)
	require.Equal(t, b.Tracker(), tracker)
	s := tracker.String()
	for _, bad := range []string{"", s[1:], s + "0", strings.ToUpper(s), strings.ReplaceAll(s, "-", ""), "0-" + s[2:]} {
		_, err := ballot.ParseTracker(bad)
		require.ErrorIs(t, err, ballot.ErrEncoding, bad)
	}
	fp, err := ballot.ParseFingerprint(w.Fingerprint.String())
	require.NoError(t, err)
	require.Equal(t, w.Fingerprint, fp)
	for _, bad := range []string{"", fp.String()[2:], strings.ToUpper("a" + fp.String()[1:]), fp.String() + "00"} {
		_, err := ballot.ParseFingerprint(bad)
		require.ErrorIs(t, err, ballot.ErrEncoding, bad)
	}
}

func TestVoterKey(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		k := ballot.NewVoterKey(g)
		again, err := ballot.ParseVoterKey(g, k.Bytes())
		require.NoError(t, err)
		require.Equal(t, k.Public(), again.Public())
		_, err = ballot.ParseVoterKey(g, make([]byte, g.ScalarLen()))
		require.ErrorIs(t, err, ballot.ErrRange)
		_, err = ballot.ParseVoterKey(g, k.Bytes()[1:])
		require.ErrorIs(t, err, ballot.ErrEncoding)

		secret := fmt.Sprintf("%x", k.Bytes())
		v := &ballot.Voter{Key: k}
		text, err := json.Marshal(v)
		require.NoError(t, err)
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", k, "voter", *v)
		shown := []string{string(text), log.String(), k.String()}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q"} {
			shown = append(shown, fmt.Sprintf(verb, k), fmt.Sprintf(verb, *k), fmt.Sprintf(verb, v), fmt.Sprintf(verb, *v))
		}
		for _, s := range shown {
			require.NotContains(t, s, secret)
			require.NotContains(t, s, fmt.Sprint(k.Bytes()))
		}
	})
}

// regions of a ballot entry and the reasons for which a flipped bit in them is
// refused.
func regions(w *world, b *ballot.Ballot) (ends []int, reasons [][]error, names []string) {
	n := w.Group.PointLen()
	point := []error{ballot.ErrProof, ballot.ErrGroup, ballot.ErrEncoding}
	at := 0
	add := func(name string, size int, allowed ...error) {
		at += size
		ends, names, reasons = append(ends, at), append(names, name), append(reasons, allowed)
	}
	add("version", 1, ballot.ErrVersion)
	add("kind", 1, ballot.ErrQuorum) // a close
	add("election", 32, ballot.ErrBinding)
	add("time", 8, ballot.ErrEncoding)
	add("length", 4, ballot.ErrEncoding, ballot.ErrLimit)
	add("style", 2, ballot.ErrRange, ballot.ErrEncoding)
	add("number", 4, ballot.ErrProof, ballot.ErrRange)
	add("credential", n, point...)
	add("A", n, point...)
	for i := range b.Row().B {
		add(fmt.Sprint("B", i), n, point...)
	}
	add("proof", len(b.Bytes())-at-1, point...)
	add("signatures", 1, ballot.ErrEncoding, ballot.ErrLimit)
	return ends, reasons, names
}

func TestFlippedBits(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		w := open(t, electiontest.New(t, twoStyles(g)))
		b := w.draft(2, 1).Seal(w.e)
		ends, reasons, names := regions(w, b)
		region := 0
		for i := range b.Bytes() {
			if i == ends[region] {
				region++
			}
			if testing.Short() && i > 60 && i%16 != 0 {
				continue
			}
			data := b.Bytes()
			data[i] ^= 1 << (i % 8)
			err := w.apply(data)
			require.True(t, slices.ContainsFunc(reasons[region], func(r error) bool { return errors.Is(err, r) }),
				"byte %d, %s: %v", i, names[region], err)
		}
		w.accept(b.Bytes())
	})
}

func TestChangedFields(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		w := open(t, electiontest.New(t, twoStyles(g)))
		same, voter, style := w.draft(0, 2).Seal(w.e), w.draft(1, 1).Seal(w.e), w.draft(2, 1).Seal(w.e)
		donors := []ballot.Body{ballot.OpenBody(w.e, same), ballot.OpenBody(w.e, voter)}
		good := w.draft(0, 1).Seal(w.e)
		n := g.PointLen()
		identity := make([]byte, n) // of both groups
		junk := make([]byte, n)
		for i := range junk {
			junk[i] = 0xff
		}
		try := func(name string, reason error, change func(x *ballot.Body)) {
			x := ballot.OpenBody(w.e, good)
			x.Row = slices.Clone(x.Row)
			change(&x)
			err := w.apply(rewrap(t, good.Bytes(), func(env *entry.Envelope) { env.Body = x.Bytes() }))
			require.ErrorIs(t, err, reason, name)
		}
		try("style of another length", ballot.ErrEncoding, func(x *ballot.Body) { x.Style = 1 })
		try("style that there is not", ballot.ErrRange, func(x *ballot.Body) { x.Style = 2 })
		try("number", ballot.ErrProof, func(x *ballot.Body) { x.Number++ })
		try("number 0", ballot.ErrRange, func(x *ballot.Body) { x.Number = 0 })
		try("no credential", ballot.ErrGroup, func(x *ballot.Body) { x.Credential = identity })
		try("credential that is no point", ballot.ErrEncoding, func(x *ballot.Body) { x.Credential = junk })
		for i := range ballot.OpenBody(w.e, good).Row {
			try("identity in the row", ballot.ErrGroup, func(x *ballot.Body) { x.Row[i] = identity })
			try("no point in the row", ballot.ErrEncoding, func(x *ballot.Body) { x.Row[i] = junk })
			for _, d := range donors {
				try("another ballot's ciphertext", ballot.ErrProof, func(x *ballot.Body) { x.Row[i] = d.Row[i] })
			}
			if i > 0 {
				try("swapped ciphertexts", ballot.ErrProof, func(x *ballot.Body) { x.Row[i], x.Row[i-1] = x.Row[i-1], x.Row[i] })
			}
		}
		for _, d := range donors {
			try("another ballot's row", ballot.ErrProof, func(x *ballot.Body) { x.Row = d.Row })
			try("another ballot's proof", ballot.ErrProof, func(x *ballot.Body) { x.Proof = d.Proof })
			try("another ballot's row and proof", ballot.ErrProof, func(x *ballot.Body) { x.Row, x.Proof = d.Row, d.Proof })
		}
		// The copy of another voter's ballot under one's own credential.
		try("another voter's ballot", ballot.ErrProof, func(x *ballot.Body) {
			credential := x.Credential
			*x = donors[1]
			x.Credential = credential
		})
		try("a style's body for another", ballot.ErrEncoding, func(x *ballot.Body) {
			*x = ballot.OpenBody(w.e, style)
			x.Style = 0
		})
		for _, more := range []int{1, 2, 64} {
			try("extended", ballot.ErrEncoding, func(x *ballot.Body) { x.Proof = append(slices.Clone(x.Proof), make([]byte, more)...) })
			try("truncated", ballot.ErrEncoding, func(x *ballot.Body) { x.Proof = x.Proof[:len(x.Proof)-more] })
			require.ErrorIs(t, w.apply(append(good.Bytes(), make([]byte, more)...)), ballot.ErrEncoding)
		}
		try("a column more", ballot.ErrEncoding, func(x *ballot.Body) { x.Row = append(x.Row, x.Row[0]) })
		try("a column less", ballot.ErrEncoding, func(x *ballot.Body) { x.Row = x.Row[1:] })
		for name, change := range map[string]func(env *entry.Envelope){
			"time that is not rounded": func(env *entry.Envelope) { env.Time++ },
			"signature":                func(env *entry.Envelope) { env.Sign(w.Authorities[0]) },
			"empty":                    func(env *entry.Envelope) { env.Body = nil },
		} {
			require.ErrorIs(t, w.apply(rewrap(t, good.Bytes(), change)), ballot.ErrEncoding, name)
		}
		for _, seconds := range []int64{60, -60, 1 << 40 * 60} {
			w.refuse(ballot.ErrProof, rewrap(t, good.Bytes(), func(env *entry.Envelope) { env.Time += seconds }))
		}
		w.refuse(ballot.ErrBinding, rewrap(t, good.Bytes(), func(env *entry.Envelope) { env.Election = w.Manifest.ID() }))
		_, err := w.ParseBallot(rewrap(t, good.Bytes(), func(env *entry.Envelope) { env.Kind = entry.Spoil }))
		require.ErrorIs(t, err, ballot.ErrEncoding)
		w.accept(good.Bytes())
	})
}

func TestChangedSpoil(t *testing.T) {
	onGroups(t, func(t *testing.T, g *elgamal.Group) {
		w := open(t, electiontest.New(t, twoStyles(g)))
		good := w.spoil(0, ballot.Tracker{1})
		s, err := w.ParseSpoil(good)
		require.NoError(t, err)
		require.Equal(t, ballot.Tracker{1}, s.Tracker())
		require.Equal(t, good, s.Bytes())
		require.NoError(t, w.VerifySpoil(s))
		forged, err := w.ParseSpoil(rewrap(t, good, func(env *entry.Envelope) { env.Body[0] ^= 1 }))
		require.NoError(t, err)
		require.ErrorIs(t, w.VerifySpoil(forged), ballot.ErrProof)
		good = w.spoil(0, ballot.Tracker{1})
		env, err := entry.Parse(good)
		require.NoError(t, err)
		n := g.PointLen()
		require.Len(t, env.Body, 32+2*n+g.ScalarLen())

		try := func(reason error, change func(body []byte) []byte) {
			t.Helper()
			require.ErrorIs(t, w.apply(rewrap(t, good, func(env *entry.Envelope) { env.Body = change(slices.Clone(env.Body)) })), reason)
		}
		try(ballot.ErrProof, func(b []byte) []byte { b[0] ^= 1; return b })
		try(ballot.ErrProof, func(b []byte) []byte { copy(b[32:], w.Voters[1].Key.Public()); return b })
		try(ballot.ErrGroup, func(b []byte) []byte { copy(b[32:], make([]byte, n)); return b })
		try(ballot.ErrProof, func(b []byte) []byte { copy(b[32+n:], w.Voters[1].Key.Public()); return b })
		try(ballot.ErrEncoding, func(b []byte) []byte { return b[:len(b)-1] })
		try(ballot.ErrEncoding, func(b []byte) []byte { return append(b, 0) })
		try(ballot.ErrEncoding, func(b []byte) []byte {
			var w wire.Writer
			w.Raw(b[:len(b)-g.ScalarLen()])
			for range g.ScalarLen() {
				w.Uint8(0xff)
			}
			return w.Bytes()
		})
		w.refuse(ballot.ErrEncoding, rewrap(t, good, func(env *entry.Envelope) { env.Time++ }))
		w.refuse(ballot.ErrProof, rewrap(t, good, func(env *entry.Envelope) { env.Time += 60 }))
		_, err = w.ParseSpoil(rewrap(t, good, func(env *entry.Envelope) { env.Kind = entry.Ballot }))
		require.ErrorIs(t, err, ballot.ErrEncoding)
		for reason, credential := range map[error][]byte{ballot.ErrEncoding: notAPoint(g), ballot.ErrGroup: make([]byte, n)} {
			_, err = w.ParseSpoil(rewrap(t, good, func(env *entry.Envelope) {
				env.Body = slices.Clone(env.Body)
				copy(env.Body[32:], credential)
			}))
			require.ErrorIs(t, err, reason, "before there is a proof to check")
		}
		w.accept(good)
	})
}
