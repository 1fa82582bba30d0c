package dkg

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
)

func TestHonest(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {2, 2}, {3, 2}, {5, 3}, {7, 4}, {20, 11}} {
		eachGroup(t, func(t *testing.T, g *elgamal.Group) {
			n, threshold := size[0], size[1]
			t.Run(fmt.Sprintf("n=%d,t=%d", n, threshold), func(t *testing.T) {
				if n == 20 && testing.Short() {
					t.Skip("slow")
				}
				w := newWorld(t, g, n, threshold, 2)
				o := w.finish(w.everybody()...)
				require.Equal(t, w.everybody(), o.Dealers)
				require.Equal(t, w.everybody(), o.Holders)
				require.Empty(t, o.Culprits)
				tr := w.replay()
				require.Empty(t, tr.Ignored)
				require.Empty(t, tr.Absent)
				require.Empty(t, tr.Forks)
				for j, v := range o.Verification {
					shares, err := w.trustees[j].Shares(w.c, o)
					require.NoError(t, err)
					for k := range v {
						require.True(t, v[k].Equal(g.Kyber().Point().Mul(shares[k], nil)), "trustee %d column %d", j+1, k)
					}
					require.Nil(t, w.secret(j+1).encryption, "erased")
				}
				if n <= 7 {
					requireSubsets(t, w, o)
				}
				for i := range n { // threshold trustees in a row, around the table
					var holders []int
					for j := range threshold {
						holders = append(holders, (i+j)%n+1)
					}
					require.True(t, w.secretKey(0, holders...).Equal(o.Keys[0]))
				}
				require.False(t, w.secretKey(0, w.everybody()[:threshold]...).Equal(o.Keys[1]), "columns are independent")
			})
		})
	}
}

// requireSubsets requires that every t trustees have the key, and t−1 another.
func requireSubsets(t *testing.T, w *world, o *Outcome) {
	for k, key := range o.Keys {
		subsets(len(w.trustees), w.c.Threshold, func(holders []int) {
			require.True(t, w.secretKey(k, holders...).Equal(key), "%v column %d", holders, k)
		})
	}
	if w.c.Threshold > 1 {
		subsets(len(w.trustees), w.c.Threshold-1, func(few []int) {
			require.False(t, w.secretKey(0, few...).Equal(o.Keys[0]), "%v", few)
		})
	}
}

// TestNoSecretOnLedger: whatever a trustee keeps secret is nowhere in what it
// posts, byte by byte.
func TestNoSecretOnLedger(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		w := newWorld(t, g, 3, 2, 2)
		var secrets [][]byte
		for j := range w.trustees {
			s := w.secret(j + 1)
			secrets = append(secrets, s.seed[:], s.signing.Seed(), g.AppendScalar(nil, s.encryption))
			d, _ := w.honestDeal(j + 1)
			secrets = append(secrets, g.AppendScalar(nil, d.ephemeral), d.proofSeed[:])
			for k, f := range d.coefficients {
				for m := range f {
					secrets = append(secrets, g.AppendScalar(nil, f[m]))
				}
				for to := 1; to <= 3; to++ {
					secrets = append(secrets, g.AppendScalar(nil, d.share(g, to)[k]))
				}
			}
		}
		w.finish(1, 2, 3)
		for j := range w.trustees {
			for _, x := range w.secret(j + 1).share {
				secrets = append(secrets, g.AppendScalar(nil, x))
			}
		}
		for _, p := range w.posted {
			for _, s := range secrets {
				require.False(t, bytes.Contains(p.Data, s), "entry %d", p.Index)
			}
		}
	})
}

// TestSeparateRandomness: another ceremony, another description of the same one
// and another trustee have nothing in common.
func TestSeparateRandomness(t *testing.T) {
	w := newWorld(t, elgamal.Ristretto255(), 3, 2, 2)
	seen := make(map[string]bool)
	count := 0
	add := func(c *Ceremony, seed [32]byte) {
		d := c.secretDeal(seed)
		for _, f := range append(d.coefficients, []kyber.Scalar{d.ephemeral}) {
			for _, x := range f {
				seen[string(w.c.Group.AppendScalar(nil, x))] = true
				count++
			}
		}
	}
	add(w.c, w.secret(1).seed)
	add(w.c, w.secret(2).seed)
	other := *w.c
	other.ID[0] ^= 1
	add(&other, w.secret(1).seed)
	other = *w.c
	other.Trustees = slices.Clone(w.c.Trustees)
	other.Trustees[2].Encryption = w.c.Group.Base()
	add(&other, w.secret(1).seed)
	require.Len(t, seen, count)
}

func TestManyColumns(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	w := newWorld(t, elgamal.Ristretto255(), 5, 3, 100)
	o := w.finish(w.everybody()...)
	require.Len(t, o.Keys, 100)
	require.True(t, w.secretKey(99, 1, 3, 5).Equal(o.Keys[99]))
}

func TestReplayIsDeterministic(t *testing.T) {
	w := newWorld(t, elgamal.Ristretto255(), 3, 2, 2)
	hash := w.finish(w.everybody()...).Hash()
	for range 5 {
		require.Equal(t, hash, w.replay().Outcome.Hash())
	}
	// What is between the messages and in which order they stand within a
	// phase makes no difference.
	other := *w
	other.posted = nil
	for _, i := range []int{2, 1, 0, 3, 5, 4, 6, 7, 9, 10, 8, 11, 12, 14, 13, 15} {
		other.post([]byte("junk"))
		other.post(w.posted[i].Data)
	}
	tr := other.replay()
	require.NoError(t, tr.Failure)
	require.Empty(t, tr.Culprits)
	require.Equal(t, hash, tr.Outcome.Hash())
	require.Len(t, tr.Ignored, 16)
}

func TestCheck(t *testing.T) {
	accepted := func() *Ceremony {
		c := *newWorld(t, elgamal.Ristretto255(), 5, 3, 2).c
		return &c
	}
	require.NoError(t, accepted().Check())
	for _, test := range []struct {
		desc   string
		change func(c *Ceremony)
		reason error
	}{
		{"no group", func(c *Ceremony) { c.Group = nil }, ErrVersion},
		{"no trustees", func(c *Ceremony) { c.Trustees = nil }, ErrRange},
		{"too many trustees", func(c *Ceremony) {
			c.Trustees, c.Threshold = newWorld(t, c.Group, MaxTrustees+1, 40, 1).c.Trustees, 40
		}, ErrRange},
		{"threshold 0", func(c *Ceremony) { c.Threshold, c.AllowMinority = 0, true }, ErrRange},
		{"threshold above n", func(c *Ceremony) { c.Threshold = 6 }, ErrRange},
		{"minority", func(c *Ceremony) { c.Threshold = 2 }, ErrRange},
		{"half", func(c *Ceremony) { c.Trustees, c.Threshold = c.Trustees[:4], 2 }, ErrRange},
		{"nobody may be lost", func(c *Ceremony) { c.Threshold = 5 }, ErrRange},
		{"no columns", func(c *Ceremony) { c.Columns = 0 }, ErrRange},
		{"too many columns", func(c *Ceremony) { c.Columns = MaxColumns + 1 }, ErrRange},
		{"no authority", func(c *Ceremony) { c.Authorities = nil }, ErrRange},
		{"quorum 0", func(c *Ceremony) { c.Quorum = 0 }, ErrRange},
		{"quorum too large", func(c *Ceremony) { c.Quorum = 4 }, ErrRange},
		{"authority twice", func(c *Ceremony) { c.Authorities[2] = c.Authorities[0] }, ErrDuplicate},
		{"authority of 31 bytes", func(c *Ceremony) { c.Authorities[2] = c.Authorities[2][:31] }, ErrEncoding},
		{"signing key twice", func(c *Ceremony) { c.Trustees[4].Signing = c.Trustees[1].Signing }, ErrDuplicate},
		{"signing key of 31 bytes", func(c *Ceremony) { c.Trustees[4].Signing = make(ed25519.PublicKey, 31) }, ErrEncoding},
		{"encryption key twice", func(c *Ceremony) { c.Trustees[4].Encryption = c.Trustees[1].Encryption.Clone() }, ErrDuplicate},
		{"encryption key identity", func(c *Ceremony) { c.Trustees[4].Encryption = c.Group.Point() }, ErrGroup},
		{"no encryption key", func(c *Ceremony) { c.Trustees[4].Encryption = nil }, ErrGroup},
		{"nil encryption key", func(c *Ceremony) { c.Trustees[4].Encryption = kyber.Point(nil) }, ErrGroup},
		{"encryption key of another group", func(c *Ceremony) { c.Trustees[4].Encryption = elgamal.P256().Base() }, ErrGroup},
	} {
		t.Run(test.desc, func(t *testing.T) {
			c := accepted()
			test.change(c)
			require.ErrorIs(t, c.Check(), test.reason)
			tr, err := c.Replay(nil)
			require.ErrorIs(t, err, test.reason)
			require.Nil(t, tr)
		})
	}
	require.ErrorIs(t, (*Ceremony)(nil).Check(), ErrVersion)

	c := accepted()
	c.Threshold, c.AllowMinority = 2, true
	require.NoError(t, c.Check())
	c.Threshold, c.AllowNoneLost = 5, true
	require.NoError(t, c.Check())
}

func TestRounds(t *testing.T) {
	w := newWorld(t, elgamal.Ristretto255(), 3, 2, 1)
	w.all()
	_, stranger, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	other := *w.c
	other.ID[0] ^= 1
	body := func(b ...byte) []byte {
		e := entry.Envelope{Kind: entry.Round, Election: w.c.ID, Body: b}
		e.Sign(w.authorities[0])
		e.Sign(w.authorities[1])
		return e.Bytes()
	}
	for _, test := range []struct {
		desc   string
		entry  []byte
		reason error
	}{
		{"empty", body(), ErrEncoding},
		{"trailing byte", body(byte(Committing), 0), ErrEncoding},
		{"unsigned", NewRound(w.c, Committing, 0), ErrQuorum},
		{"one of two", NewRound(w.c, Committing, 0, w.authorities[0]), ErrQuorum},
		{"one twice", NewRound(w.c, Committing, 0, w.authorities[0], w.authorities[0]), ErrQuorum},
		{"a stranger", NewRound(w.c, Committing, 0, w.authorities[0], stranger), ErrSignature},
		{"a trustee", NewRound(w.c, Committing, 0, w.authorities[0], w.secret(1).signing), ErrSignature},
		{"another phase", NewRound(w.c, Dealing, 0, w.authorities...), ErrState},
		{"phase 0", NewRound(w.c, 0, 0, w.authorities...), ErrRange},
		{"phase 5", NewRound(w.c, Complete, 0, w.authorities...), ErrRange},
		{"another ceremony", NewRound(&other, Committing, 0, w.authorities...), ErrBinding},
	} {
		t.Run(test.desc, func(t *testing.T) {
			w.post(test.entry)
			w.requireIgnored(0, test.reason)
			require.Equal(t, Committing, w.replay().Phase)
		})
	}
	w.end(Committing)
	require.Equal(t, Dealing, w.replay().Phase)
	w.end(Committing)
	w.requireIgnored(0, ErrState)
	require.Equal(t, w.everybody(), w.finish(1, 2, 3).Holders)
	w.end(Certifying)
	w.requireIgnored(0, ErrState)
}

func TestP62QuorumNamesAll(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		for phase := Committing; phase <= Certifying; phase++ {
			t.Run(phase.String(), func(t *testing.T) {
				w := newWorld(t, g, 5, 3, 1)
				w.until(phase)
				w.all(1, 3, 4)
				w.end(phase)
				tr := w.replay()
				if phase == Confirming { // nobody has to confirm
					require.NoError(t, tr.Failure)
					require.Equal(t, w.everybody(), w.finish(w.everybody()...).Holders)
					return
				}
				require.ErrorIs(t, tr.Failure, ErrQuorum)
				for _, j := range []int{1, 3, 4} {
					require.Contains(t, tr.Failure.Error(), fmt.Sprintf(`trustee %d "T%d" (silent in %s)`, j, j, phase))
				}
				require.NotContains(t, tr.Failure.Error(), "T2")
				require.Empty(t, tr.Culprits)
				require.Nil(t, tr.Outcome)
				_, done, err := w.trustees[1].next(tr)
				require.False(t, done)
				require.ErrorIs(t, err, ErrQuorum)
				w.post(w.signed(1, phase.kind(), nil))
				w.requireIgnored(1, ErrState)
				if phase < Certifying {
					w.post(w.signed(1, (phase + 1).kind(), nil)) // what would be next
					w.requireIgnored(1, ErrState)
					w.end(phase + 1)
					w.requireIgnored(0, ErrState)
				}
			})
		}
	})
}

func TestP62MissingAtEachPhase(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		for phase := Committing; phase <= Certifying; phase++ {
			t.Run(phase.String(), func(t *testing.T) {
				w := newWorld(t, g, 3, 2, 1)
				w.until(phase)
				w.all(2)
				w.end(phase)
				o := w.finish(1, 3)
				require.Contains(t, w.replay().Absent, Absence{2, phase})
				require.Empty(t, w.replay().Culprits)
				want := map[Phase][2][]int{ // dealers, holders
					Committing: {{1, 3}, {1, 2, 3}},
					Dealing:    {{1, 3}, {1, 2, 3}},
					Confirming: {{1, 2, 3}, {1, 2, 3}},
					Certifying: {{1, 2, 3}, {1, 3}},
				}[phase]
				require.Equal(t, want[0], o.Dealers)
				require.Equal(t, want[1], o.Holders)
				_, done, err := w.trustees[1].next(w.replay())
				require.NoError(t, err)
				require.True(t, done, "it has its share in any case")
				requireSubsets(t, w, o)
			})
		}
	})
}
