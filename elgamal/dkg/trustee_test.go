package dkg

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
)

var passphrase = []byte("correct horse")

// filed is a world whose trustee 1 rests in a file.
func filed(t *testing.T, g *elgamal.Group, n, threshold int) (w *world, path string) {
	w = newWorld(t, g, n, threshold, 2)
	path = filepath.Join(t.TempDir(), "trustee")
	trustee, err := CreateTrustee(path, passphrase, g)
	require.NoError(t, err)
	w.trustees[0] = trustee
	w.c.Trustees[0] = trustee.Keys("T1")
	return w, path
}

func reopen(t *testing.T, path string) *Trustee {
	trustee, err := OpenTrustee(path, passphrase)
	require.NoError(t, err)
	return trustee
}

func copyFile(t *testing.T, from, to string) {
	b, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(to, b, 0o600))
}

// TestBackup restores, in every phase, every backup made so far: the message is
// the same, and in the end so is the share.
func TestBackup(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		w, path := filed(t, g, 3, 2)
		// Trustee 2 deals badly, so that there is a complaint to repeat.
		w.otherDeal(2, w.wrongShares(2, 1))
		var backups []string
		backup := func(when string) {
			name := path + "-" + when
			copyFile(t, path, name)
			backups = append(backups, name)
		}
		backup("created")
		var messages [][]byte
		for phase := Committing; phase < Complete; phase++ {
			tr := w.replay()
			m, done, err := w.trustees[0].next(tr)
			require.NoError(t, err)
			require.False(t, done)
			require.NotNil(t, m)
			messages = append(messages, m)
			backup(phase.String())
			for _, old := range backups {
				copyFile(t, old, path)
				again, _, err := reopen(t, path).next(tr)
				require.NoError(t, err)
				require.True(t, bytes.Equal(m, again), "%s restored in %s", old, phase)
			}
			w.trustees[0] = reopen(t, path)
			w.post(m)
			m, done, err = w.trustees[0].next(w.replay())
			require.NoError(t, err)
			require.False(t, done)
			require.Nil(t, m, "posted already")
			if phase == Dealing {
				w.dealOther(2)
			}
			w.all(2)
			w.end(phase)
		}
		o := w.replay().Outcome
		require.Equal(t, []int{1, 3}, o.Holders)
		var want []byte
		for _, old := range backups {
			copyFile(t, old, path)
			trustee := reopen(t, path)
			_, err := trustee.Shares(w.c, o)
			require.ErrorIs(t, err, ErrState)
			m, done, err := trustee.next(w.replay())
			require.NoError(t, err)
			require.True(t, done)
			require.Nil(t, m)
			trustee = reopen(t, path)
			shares, err := trustee.Shares(w.c, o)
			require.NoError(t, err)
			require.Nil(t, trustee.v.state.encryption, "erased from the file")
			var b []byte
			for _, s := range shares {
				b = g.AppendScalar(b, s)
			}
			if want == nil {
				want = b
			}
			require.Equal(t, want, b)
		}

		// After the key is erased, a lagging copy of the ledger still gets the
		// same messages.
		w.trustees[0] = reopen(t, path)
		lagging := *w
		lagging.posted = nil
		for _, p := range w.posted {
			m, _, err := w.trustees[0].next(lagging.replay())
			require.NoError(t, err)
			if m != nil {
				require.True(t, slices.ContainsFunc(messages, func(old []byte) bool { return bytes.Equal(old, m) }))
			}
			lagging.post(p.Data)
		}
	})
}

func TestNextRefuses(t *testing.T) {
	w, path := filed(t, elgamal.Ristretto255(), 3, 2)
	_, _, err := w.trustees[0].Next(w.c, nil)
	require.NoError(t, err)

	other := *w.c
	other.ID[0] ^= 1
	_, _, err = w.trustees[0].Next(&other, nil)
	require.ErrorIs(t, err, ErrBinding, "one file, one ceremony")
	_, _, err = reopen(t, path).Next(&other, nil)
	require.ErrorIs(t, err, ErrBinding)

	other = *w.c
	other.Trustees = slices.Clone(w.c.Trustees)
	other.Trustees[1].Encryption = w.c.Group.Base()
	_, _, err = w.trustees[0].Next(&other, nil)
	require.ErrorIs(t, err, ErrBinding, "one id, other recipients")

	other.Trustees = slices.Clone(w.c.Trustees)
	other.Trustees[0].Encryption = w.c.Group.Base()
	_, _, err = w.trustees[0].Next(&other, nil)
	require.ErrorIs(t, err, ErrBinding)

	stranger := newWorld(t, elgamal.Ristretto255(), 1, 1, 1).trustees[0]
	_, _, err = stranger.Next(w.c, nil)
	require.ErrorIs(t, err, ErrEligibility)
	stranger = newWorld(t, elgamal.P256(), 1, 1, 1).trustees[0]
	_, err = stranger.Position(w.c)
	require.ErrorIs(t, err, ErrVersion)
	_, _, err = w.trustees[0].Next(&Ceremony{}, nil)
	require.ErrorIs(t, err, ErrVersion)
	_, err = w.trustees[0].Position(&Ceremony{})
	require.ErrorIs(t, err, ErrVersion)

	// Somebody has the signing key and posts something else.
	w.post(w.trustees[0].v.state.envelope(w.c, entry.Commit, make([]byte, 32)))
	_, _, err = w.trustees[0].Next(w.c, w.posted)
	require.ErrorIs(t, err, ErrFork)
	w.all(1)
	w.end(Committing)
	m, _, err := w.trustees[0].Next(w.c, w.posted)
	require.ErrorIs(t, err, ErrFork, "the deal would not fit and make it a culprit")
	require.Nil(t, m)
}

// TestStale: what counts is the file, not what was read from it before.
func TestStale(t *testing.T) {
	w, path := filed(t, elgamal.Ristretto255(), 3, 2)
	stale := reopen(t, path)
	_, _, err := w.trustees[0].Next(w.c, nil)
	require.NoError(t, err)
	other := *w.c
	other.ID[0] ^= 1
	_, _, err = stale.Next(&other, nil)
	require.ErrorIs(t, err, ErrBinding)

	// Before it serves any ceremony as well, the keys must be its own.
	other.Trustees = slices.Clone(w.c.Trustees)
	other.Trustees[1].Encryption = w.c.Group.Base()
	_, _, err = w.trustees[1].Next(&other, nil)
	require.ErrorIs(t, err, ErrBinding)
}

// TestSilentThenErased: once the encryption key is erased, what was never
// signed cannot be signed any more; nobody needs it.
func TestSilentThenErased(t *testing.T) {
	w := newWorld(t, elgamal.Ristretto255(), 3, 2, 1)
	w.until(Confirming)
	var lagging [Complete]*Transcript
	for p := Confirming; p < Complete; p++ {
		lagging[p] = w.replay()
		w.all(1)
		w.end(p)
	}
	w.finish(1, 2, 3)
	for p := Confirming; p < Complete; p++ {
		m, _, err := w.trustees[0].next(lagging[p])
		require.ErrorIs(t, err, ErrState)
		require.Nil(t, m)
	}
	_, done, err := w.trustees[0].next(w.replay())
	require.NoError(t, err)
	require.True(t, done)
}

func TestOutcomeThatWasNotCertified(t *testing.T) {
	w := newWorld(t, elgamal.Ristretto255(), 3, 2, 1)
	o := w.finish(1, 2, 3)
	w.secret(1).bodies[Certifying][40] ^= 1
	_, done, err := w.trustees[0].next(w.replay())
	require.ErrorIs(t, err, ErrFork)
	require.False(t, done)

	_, err = w.trustees[1].Shares(w.c, nil)
	require.ErrorIs(t, err, ErrShape)
	_, err = w.trustees[1].Shares(w.c, &Outcome{})
	require.ErrorIs(t, err, ErrShape)
	wrong := *o
	wrong.Verification = slices.Clone(o.Verification)
	wrong.Verification[1] = o.Verification[2]
	_, err = w.trustees[1].Shares(w.c, &wrong)
	require.ErrorIs(t, err, ErrBinding)
	wrong.Verification[1] = append(slices.Clone(o.Verification[1]), w.c.Group.Base())
	_, err = w.trustees[1].Shares(w.c, &wrong)
	require.ErrorIs(t, err, ErrShape)
	wrong.Verification[1] = wrong.Verification[1][:0:0]
	wrong.Verification[1] = append(wrong.Verification[1], elgamal.P256().Base())
	_, err = w.trustees[1].Shares(w.c, &wrong)
	require.ErrorIs(t, err, ErrGroup)
	shares, err := w.trustees[1].Shares(w.c, o)
	require.NoError(t, err)
	shares[0].Zero()
	again, err := w.trustees[1].Shares(w.c, o)
	require.NoError(t, err)
	require.False(t, again[0].Equal(shares[0]), "a copy")
}

func TestPins(t *testing.T) {
	w, path := filed(t, elgamal.Ristretto255(), 1, 1)
	trustee := w.trustees[0]
	require.NoError(t, trustee.Pin("pin", []byte("first")))
	require.NoError(t, trustee.Pin("pin", []byte("first")))
	require.ErrorIs(t, trustee.Pin("pin", []byte("second")), ErrFork)
	require.NoError(t, trustee.Pin("contest a", nil))
	require.ErrorIs(t, trustee.Pin("contest a", []byte{0}), ErrFork)
	require.ErrorIs(t, trustee.Pin("", nil), ErrLimit)
	require.ErrorIs(t, trustee.Pin(strings.Repeat("x", maxPinName+1), nil), ErrLimit)
	require.ErrorIs(t, trustee.Pin("big", make([]byte, maxPinValue+1)), ErrLimit)
	trustee = reopen(t, path)
	require.ErrorIs(t, trustee.Pin("pin", []byte("second")), ErrFork)
	require.NoError(t, trustee.Pin("pin", []byte("first")))

	// A caller's later change of the value changes nothing.
	value := []byte("mine")
	require.NoError(t, trustee.Pin("alias", value))
	value[0] = 'M'
	require.ErrorIs(t, trustee.Pin("alias", value), ErrFork)

	full := NewMemoryTrustee(elgamal.Ristretto255())
	for i := range maxPins {
		full.v.state.pins[fmt.Sprint(i)] = nil
	}
	require.ErrorIs(t, full.Pin("one more", nil), ErrLimit)
	require.NoError(t, full.Pin("0", nil))
}

// TestPinRace: of many copies of a trustee that pin different values under one
// name, exactly one succeeds, and its value stands in the file.
func TestPinRace(t *testing.T) {
	_, path := filed(t, elgamal.Ristretto255(), 1, 1)
	var wg sync.WaitGroup
	results := make([]error, 8)
	for i := range results {
		copy := reopen(t, path)
		wg.Go(func() { results[i] = copy.Pin("target", []byte{byte(i)}) })
	}
	wg.Wait()
	winner := slices.Index(results, nil)
	require.NotEqual(t, -1, winner)
	for i, err := range results {
		if i != winner {
			require.ErrorIs(t, err, ErrFork)
		}
	}
	require.NoError(t, reopen(t, path).Pin("target", []byte{byte(winner)}))
}

func TestFile(t *testing.T) {
	_, path := filed(t, elgamal.P256(), 1, 1)
	accepted, err := os.ReadFile(path)
	require.NoError(t, err)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoFileExists(t, path+".new")

	_, err = CreateTrustee(path, passphrase, elgamal.P256())
	require.ErrorIs(t, err, ErrState, "never overwrites")
	_, err = CreateTrustee(path+"2", nil, elgamal.P256())
	require.ErrorIs(t, err, ErrRange)
	_, err = CreateTrustee(path+"2", passphrase, nil)
	require.ErrorIs(t, err, ErrVersion)
	custom, err := elgamal.NewGroup("custom", elgamal.P256().Kyber(), elgamal.P256().Kyber().(elgamal.Codec))
	require.NoError(t, err)
	_, err = CreateTrustee(path+"2", passphrase, custom)
	require.ErrorIs(t, err, ErrVersion)
	_, err = CreateTrustee(filepath.Join(path+"-none", "x"), passphrase, elgamal.P256())
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = OpenTrustee(path+"2", passphrase)
	require.ErrorIs(t, err, os.ErrNotExist)

	_, err = OpenTrustee(path, []byte("wrong horse"))
	require.ErrorIs(t, err, ErrEncoding)
	require.Contains(t, err.Error(), "wrong passphrase")

	refuse := func(desc string, data []byte, reason error) {
		require.NoError(t, os.WriteFile(path, data, 0o600))
		_, err := OpenTrustee(path, passphrase)
		require.ErrorIs(t, err, reason, desc)
	}
	for n := range accepted {
		if n%7 == 0 || n == len(accepted)-1 {
			refuse(fmt.Sprintf("cut at %d", n), accepted[:n], ErrEncoding)
		}
	}
	for i := 0; i < len(accepted); i += 5 {
		garbled := bytes.Clone(accepted)
		garbled[i] ^= 0x80
		reason := ErrEncoding
		if i == len(magic)-2 || i == len(magic)-1 {
			reason = ErrVersion
		}
		refuse(fmt.Sprintf("byte %d garbled", i), garbled, reason)
	}
	refuse("longer", append(bytes.Clone(accepted), 0), ErrEncoding)
	refuse("another file", bytes.Repeat([]byte("x"), 200), ErrEncoding)
	_, err = OpenTrustee(path, passphrase)
	require.ErrorContains(t, err, "not a trustee's file")
	require.NoError(t, os.Truncate(path, maxVault+1))
	_, err = OpenTrustee(path, passphrase)
	require.ErrorIs(t, err, ErrLimit)
	refuse("version 2", bytes.Replace(accepted, []byte("version 1"), []byte("version 2"), 1), ErrVersion)
	require.NoError(t, os.WriteFile(path, accepted, 0o600))
	trustee := reopen(t, path)

	// While it is open the file becomes another trustee's, is damaged, vanishes.
	_, other := filed(t, elgamal.P256(), 1, 1)
	copyFile(t, other, path)
	require.ErrorIs(t, trustee.Pin("x", nil), ErrState)
	require.NoError(t, os.WriteFile(path, accepted[:len(accepted)-1], 0o600))
	require.ErrorIs(t, trustee.Pin("x", nil), ErrEncoding)
	require.NoError(t, os.Remove(path))
	require.ErrorIs(t, trustee.Pin("x", nil), os.ErrNotExist)
	require.Equal(t, "again", trustee.Keys("again").Name, "what was read before is still there")
	// A crash while writing leaves the old file and a rest.
	require.NoError(t, os.WriteFile(path, accepted, 0o600))
	require.NoError(t, os.WriteFile(path+".new", accepted[:20], 0o600))
	require.NoError(t, reopen(t, path).Pin("x", nil))
	require.NoFileExists(t, path+".new")
}

// TestNotWritten: if the file cannot be written nothing is posted or pinned.
func TestNotWritten(t *testing.T) {
	w, path := filed(t, elgamal.Ristretto255(), 1, 1)
	require.NoError(t, os.Mkdir(path+".new", 0o700)) // stands in the way
	m, _, err := w.trustees[0].Next(w.c, nil)
	require.Error(t, err)
	require.Nil(t, m)
	require.Error(t, w.trustees[0].Pin("x", []byte("1")))
	require.NoError(t, os.Remove(path+".new"))
	require.NoError(t, w.trustees[0].Pin("x", []byte("2")), "the first was not pinned")
	require.ErrorIs(t, reopen(t, path).Pin("x", []byte("1")), ErrFork)
}

// TestReplaceFile: a file that cannot be replaced is an error.
func TestReplaceFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "folder")
	require.NoError(t, os.MkdirAll(filepath.Join(path, "full"), 0o700))
	require.Error(t, replaceFile(path, []byte("data")))
	require.NoError(t, replaceFile(path+"2", []byte("data")))
	b, err := os.ReadFile(path + "2")
	require.NoError(t, err)
	require.Equal(t, "data", string(b))
}

// TestP89Canary: no secret is in what can be printed.
func TestP89Canary(t *testing.T) {
	w, path := filed(t, elgamal.Ristretto255(), 3, 2)
	w.finish(1, 2, 3)
	trustee := w.trustees[0]
	s := trustee.v.state
	var canaries []string
	canary := func(b []byte) {
		canaries = append(canaries, fmt.Sprintf("%x", b), fmt.Sprintf("%v", b), string(b), fmt.Sprintf("%q", b))
	}
	canary(s.seed[:])
	canary(s.signing.Seed())
	canary(s.group.AppendScalar(nil, s.share[0]))
	canary(passphrase)
	canary(trustee.v.key)
	clean := func(out string) {
		for _, c := range canaries {
			require.NotContains(t, out, c)
		}
	}
	for _, value := range []any{trustee, *trustee, s, *s, struct{ T *Trustee }{trustee}, []Trustee{*trustee}, w.trustees[1].v.state} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
			clean(fmt.Sprintf(verb, value))
		}
		b, err := json.Marshal(value)
		require.NoError(t, err)
		clean(string(b))
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "value", value)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "value", value)
		clean(log.String())
	}
	require.Contains(t, fmt.Sprintf("%+v", trustee), "redacted")
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	clean(string(raw))

	// Errors, from a wrong passphrase to a fork.
	_, err = OpenTrustee(path, []byte("correct horse battery"))
	clean(err.Error())
	other := *w.c
	other.ID[0] ^= 1
	for _, c := range []*Ceremony{&other, newWorld(t, elgamal.Ristretto255(), 1, 1, 1).c, newWorld(t, elgamal.P256(), 1, 1, 1).c} {
		_, _, err = trustee.Next(c, nil)
		require.Error(t, err)
		clean(err.Error())
	}
	_, err = trustee.Shares(w.c, &Outcome{})
	clean(err.Error())
}

// TestSecretRoundTrip: what was written is read again, field by field.
func TestSecretRoundTrip(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		w := newWorld(t, g, 1, 1, 2)
		check := func() {
			s := w.secret(1)
			again, err := decodeSecret(s.encode())
			require.NoError(t, err)
			require.Equal(t, s.encode(), again.encode())
			for n := range s.encode() {
				_, err := decodeSecret(s.encode()[:n])
				require.True(t, errors.Is(err, ErrEncoding) || errors.Is(err, ErrVersion), "cut at %d: %v", n, err)
			}
		}
		check()
		w.finish(1)
		require.NoError(t, w.trustees[0].Pin("b", []byte("2")))
		require.NoError(t, w.trustees[0].Pin("a", []byte("1")))
		check()
		s := newSecret(g)
		s.encryption = g.RandomScalar()
		_, err := decodeSecret(s.encode())
		require.ErrorIs(t, err, ErrEncoding, "key pair does not belong together")
	})
}

func TestSecretRefused(t *testing.T) {
	s := newSecret(elgamal.Ristretto255())
	s.pins["a"], s.pins["b"] = []byte("1"), []byte("2")
	accepted := s.encode()
	_, err := decodeSecret(accepted)
	require.NoError(t, err)
	const key, scalar, ceremony = 80, 116, 148 // offsets
	pins := len(accepted) - 2*10
	for _, test := range []struct {
		desc   string
		reason error
		change func(b []byte) []byte
	}{
		{"unknown group", ErrVersion, func(b []byte) []byte { b[4] ^= 1; return b }},
		{"encryption key is no point", ErrEncoding, func(b []byte) []byte { b[key+31] = 0xff; return b }},
		{"encryption key is the identity", ErrGroup, func(b []byte) []byte { clear(b[key : key+32]); return b }},
		{"another encryption key", ErrEncoding, func(b []byte) []byte {
			copy(b[key:], elgamal.Ristretto255().AppendPoint(nil, elgamal.Ristretto255().Base()))
			return b
		}},
		{"secret not reduced", ErrEncoding, func(b []byte) []byte { b[scalar+31] = 0xff; return b }},
		{"two secrets", ErrLimit, func(b []byte) []byte { b[scalar-1] = 2; return b }},
		{"ceremony of one byte", ErrEncoding, func(b []byte) []byte {
			b[ceremony+3] = 1
			return slices.Insert(b, ceremony+4, 7)
		}},
		{"ceremony of 33 bytes", ErrLimit, func(b []byte) []byte {
			b[ceremony+3] = 33
			return slices.Insert(b, ceremony+4, make([]byte, 33)...)
		}},
		{"pins in another order", ErrEncoding, func(b []byte) []byte {
			return append(b[:pins:pins], append(bytes.Clone(b[pins+10:]), b[pins:pins+10]...)...)
		}},
		{"one pin twice", ErrEncoding, func(b []byte) []byte { copy(b[pins+10:], b[pins:pins+10]); return b }},
		{"trailing byte", ErrEncoding, func(b []byte) []byte { return append(b, 0) }},
	} {
		t.Run(test.desc, func(t *testing.T) {
			s, err := decodeSecret(test.change(bytes.Clone(accepted)))
			require.ErrorIs(t, err, test.reason)
			require.Nil(t, s)
		})
	}
}

func BenchmarkReplay(b *testing.B) {
	for _, columns := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("n=5/t=3/columns=%d", columns), func(b *testing.B) {
			w := newWorld(&testing.T{}, elgamal.Ristretto255(), 5, 3, columns)
			w.until(Complete)
			for b.Loop() {
				if tr, err := w.c.Replay(w.posted); err != nil || tr.Outcome == nil {
					b.Fatal("incomplete")
				}
			}
		})
	}
}

func BenchmarkCeremony(b *testing.B) {
	for _, size := range [][3]int{{5, 3, 100}, {20, 11, 100}} {
		b.Run(fmt.Sprintf("n=%d/t=%d/columns=%d", size[0], size[1], size[2]), func(b *testing.B) {
			for b.Loop() {
				t := &testing.T{}
				w := newWorld(t, elgamal.Ristretto255(), size[0], size[1], size[2])
				w.finish(w.everybody()...)
			}
		})
	}
}
