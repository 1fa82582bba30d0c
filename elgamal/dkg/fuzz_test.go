package dkg

import (
	"bytes"
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
)

// fuzzWorld has played a ceremony in which trustee 2 dealt badly to trustee 1.
func fuzzWorld() *world {
	w := newWorld(new(testing.T), elgamal.Ristretto255(), 3, 2, 1)
	w.otherDeal(2, w.wrongShares(2, 1))
	w.all(2)
	w.end(Committing)
	w.dealOther(2)
	w.all(2)
	w.end(Dealing)
	w.all()
	w.end(Confirming)
	w.all(2)
	w.end(Certifying)
	return w
}

// seeds adds the bodies of all entries of a kind.
func seeds(f *testing.F, w *world, kind entry.Kind) {
	for _, p := range w.posted {
		e, err := entry.Parse(p.Data)
		require.NoError(f, err)
		if e.Kind == kind {
			f.Add(e.Body)
		}
	}
	f.Add([]byte{})
}

func FuzzRound(f *testing.F) {
	seeds(f, fuzzWorld(), entry.Round)
	f.Fuzz(func(t *testing.T, body []byte) {
		if p, err := parseRound(body); err == nil {
			require.Equal(t, body, appendRound(p))
		}
	})
}

func FuzzCommit(f *testing.F) {
	seeds(f, fuzzWorld(), entry.Commit)
	f.Fuzz(func(t *testing.T, body []byte) {
		if id, err := parseCommit(body); err == nil {
			require.Equal(t, body, id[:])
		}
	})
}

func FuzzDeal(f *testing.F) {
	w := fuzzWorld()
	seeds(f, w, entry.Deal)
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := w.c.parseDeal(body)
		if err != nil {
			require.Nil(t, d)
			return
		}
		require.Equal(t, body, d.body())
		require.Equal(t, d.statement, w.c.appendStatement(d))
		// What parses can be checked and opened, whatever it says.
		d.dealer = 1
		_ = w.c.dlogs(d).Verify(w.c.Group, w.c.dealContext(d), d.proof)
		_, _ = w.c.open(d, 1, w.c.Group.Base())
	})
}

func FuzzConfirm(f *testing.F) {
	w := fuzzWorld()
	seeds(f, w, entry.Confirm)
	tr := w.replay()
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := w.c.parseConfirm(body)
		if err != nil {
			require.Nil(t, m)
			return
		}
		require.Equal(t, body, w.c.appendConfirm(m))
		for _, k := range m.complaints {
			if d := tr.deals[k.dealer-1]; d != nil {
				culprit, why := w.c.judge(d, 3, k)
				require.NotZero(t, culprit)
				require.Error(t, why)
			}
		}
	})
}

func FuzzCertify(f *testing.F) {
	seeds(f, fuzzWorld(), entry.Certify)
	f.Fuzz(func(t *testing.T, body []byte) {
		if m, err := parseCertificate(body); err == nil {
			require.Equal(t, body, m.append())
		}
	})
}

// FuzzReplay puts an entry, which may have the body of a trustee, anywhere.
func FuzzReplay(f *testing.F) {
	w := fuzzWorld()
	for i, p := range w.posted {
		f.Add(uint8(i), uint8(0), p.Data)
	}
	f.Add(uint8(3), uint8(entry.Confirm), []byte("body"))
	hash := w.replay().Outcome.Hash()
	f.Fuzz(func(t *testing.T, at, kind uint8, data []byte) {
		if entry.Kind(kind) >= entry.Commit && entry.Kind(kind) <= entry.Certify {
			data = w.signed(3, entry.Kind(kind), data)
		}
		i := int(at) % (len(w.posted) + 1)
		posted := append(append([]Posted(nil), w.posted[:i]...), Posted{99, data})
		tr, err := w.c.Replay(append(posted, w.posted[i:]...))
		require.NoError(t, err)
		for _, k := range tr.Culprits {
			require.NotEqual(t, 1, k.Trustee)
			require.NoError(t, w.c.CheckCulprit(k))
		}
		if tr.Outcome != nil && len(tr.Culprits) == 1 {
			require.Equal(t, hash, tr.Outcome.Hash())
		}
	})
}

func FuzzSecret(f *testing.F) {
	w := newWorld(new(testing.T), elgamal.Ristretto255(), 1, 1, 1)
	f.Add(w.secret(1).encode())
	w.finish(1)
	_ = w.trustees[0].Pin("name", []byte("value"))
	f.Add(w.secret(1).encode())
	f.Add(newSecret(elgamal.P256()).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := decodeSecret(b); err == nil {
			require.Equal(t, b, s.encode())
		} else {
			require.Nil(t, s)
		}
	})
}

func FuzzVault(f *testing.F) {
	s := newSecret(elgamal.Ristretto255())
	v := &vault{path: "x", salt: make([]byte, saltLen), state: s}
	// Fuzzing has several processes, each with its own secret: none of them may
	// open what another one has made a seed of.
	rand.Read(v.salt)
	v.key = deriveKey(passphrase, v.salt)
	data, err := v.encrypt(s)
	require.NoError(f, err)
	f.Add(data)
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		if salt, sealed, err := splitVault(b); err == nil {
			require.Equal(t, b, bytes.Join([][]byte{[]byte(magic), salt, sealed}, nil))
		}
		if s, err := v.decrypt(b); err == nil {
			require.Equal(t, data, b)
			require.NotNil(t, s)
		}
	})
}
