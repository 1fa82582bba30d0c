package dkg

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/elgamal"
)

// TestGolden holds every byte of a ceremony with fixed secrets: entries on
// ledgers stay valid, and a backup of an older version posts what it did then.
// One of the three deals badly, so that there is a complaint.
func TestGolden(t *testing.T) {
	want := map[string]string{
		"ristretto255": "4137642aeec71797309c17e57e7f3197a3eb9bc35ae3ffa01b3148ee1adbf389",
		"P-256":        "fdd406802755f42865906ef5e2d059ab62e4dd553e9cf58a986ffb857b70cdf1",
	}
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		fixed := func(label string, i int) [32]byte { return sha256.Sum256(fmt.Appendf(nil, "%s %d", label, i)) }
		w := newWorld(t, g, 3, 2, 2)
		w.c.ID = fixed("ceremony", 0)
		for i := range w.authorities {
			seed := fixed("authority", i)
			w.authorities[i] = ed25519.NewKeyFromSeed(seed[:])
			w.c.Authorities[i] = w.authorities[i].Public().(ed25519.PublicKey)
		}
		for i, trustee := range w.trustees {
			s := trustee.v.state
			signing, encryption := fixed("signing", i), fixed("encryption", i)
			s.signing = ed25519.NewKeyFromSeed(signing[:])
			s.encryption = g.ReduceScalar(encryption[:])
			s.encryptionKey = g.Kyber().Point().Mul(s.encryption, nil)
			s.seed = fixed("seed", i)
			w.c.Trustees[i] = trustee.Keys(w.c.Trustees[i].Name)
		}
		s, d := w.honestDeal(2)
		d.shares[0][0] ^= 1
		w.otherDeal(2, w.reproved(s, d))
		w.all(2)
		w.end(Committing)
		w.dealOther(2)
		w.all(2)
		w.end(Dealing)
		w.all()
		w.end(Confirming)
		w.all(2)
		w.end(Certifying)
		o := w.finish(1, 3)
		require.Len(t, o.Culprits, 1)
		h := sha256.New()
		for _, p := range w.posted {
			h.Write(p.Data)
		}
		hash := o.Hash()
		h.Write(hash[:])
		for _, j := range []int{1, 3} {
			h.Write(w.secret(j).encode())
		}
		require.Equal(t, want[g.Name()], hex.EncodeToString(h.Sum(nil)))
	})
}
