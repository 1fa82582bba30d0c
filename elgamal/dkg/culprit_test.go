package dkg

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
)

// badDeals are the deals that anybody can see to be bad. Each starts from the
// honest deal of trustee j; body gives what is committed to and posted.
var badDeals = []struct {
	name   string
	reason error
	body   func(w *world, j int) []byte
}{
	{"empty", ErrEncoding, func(*world, int) []byte { return nil }},
	{"one commitment less", ErrShape, func(w *world, j int) []byte { return w.otherDegree(j, -1) }},
	{"one commitment more", ErrShape, func(w *world, j int) []byte { return w.otherDegree(j, 1) }},
	{"one column more", ErrShape, func(w *world, j int) []byte {
		s, d := w.honestDeal(j)
		s.coefficients = append(s.coefficients, s.coefficients[0])
		d.commitments = append(d.commitments, d.commitments[0])
		return w.reproved(s, d)
	}},
	{"one recipient less", ErrShape, func(w *world, j int) []byte {
		s, d := w.honestDeal(j)
		d.shares = d.shares[1:]
		return w.reproved(s, d)
	}},
	{"one byte less", ErrEncoding, func(w *world, j int) []byte {
		_, d := w.honestDeal(j)
		return d.body()[:len(d.body())-1]
	}},
	{"one byte more", ErrEncoding, func(w *world, j int) []byte {
		_, d := w.honestDeal(j)
		return append(d.body(), 0)
	}},
	{"no proof", ErrEncoding, func(w *world, j int) []byte {
		_, d := w.honestDeal(j)
		return d.statement
	}},
	{"constant term identity", ErrGroup, func(w *world, j int) []byte {
		s, d := w.honestDeal(j)
		return w.patched(s, d, 0, w.c.Group.Point())
	}},
	{"last commitment identity", ErrGroup, func(w *world, j int) []byte {
		s, d := w.honestDeal(j)
		return w.patched(s, d, w.c.Threshold-1, w.c.Group.Point())
	}},
	{"commitment is no point", ErrEncoding, func(w *world, j int) []byte {
		_, d := w.honestDeal(j)
		b := d.body()
		copy(b[4:], bytes.Repeat([]byte{0xff}, w.c.Group.PointLen()))
		return b
	}},
	{"ephemeral key identity", ErrGroup, func(w *world, j int) []byte {
		_, d := w.honestDeal(j)
		b := d.body()
		copy(b[4+w.c.Columns*w.c.Threshold*w.c.Group.PointLen():], w.c.Group.AppendPoint(nil, w.c.Group.Point()))
		return b
	}},
	{"ephemeral key is no point", ErrEncoding, func(w *world, j int) []byte {
		_, d := w.honestDeal(j)
		b := d.body()
		copy(b[4+w.c.Columns*w.c.Threshold*w.c.Group.PointLen():], bytes.Repeat([]byte{0xff}, w.c.Group.PointLen()))
		return b
	}},
	{"cut within the shares", ErrEncoding, func(w *world, j int) []byte {
		_, d := w.honestDeal(j)
		return d.statement[:len(d.statement)-1]
	}},
	{"rogue key", ErrProof, func(w *world, j int) []byte {
		// C₀ = X − ΣCᵢ₀ would make the key X; there is no proof for it.
		_, d := w.honestDeal(j)
		rogue := w.c.Group.Base()
		for i := range w.trustees {
			if i+1 != j {
				_, other := w.honestDeal(i + 1)
				rogue = w.c.Group.Point().Sub(rogue, other.commitments[0][0])
			}
		}
		if len(w.trustees) == 1 {
			rogue = w.c.Group.Point().Add(rogue, d.commitments[0][0])
		}
		d.commitments[0][0] = rogue
		d.statement = w.c.appendStatement(d)
		return d.body()
	}},
	{"ephemeral key of another", ErrProof, func(w *world, j int) []byte {
		_, d := w.honestDeal(j)
		_, other := w.honestDeal(j%len(w.trustees) + 1)
		d.ephemeral = other.ephemeral
		if len(w.trustees) == 1 {
			d.ephemeral = w.c.Group.Base()
		}
		d.statement = w.c.appendStatement(d)
		return d.body()
	}},
	{"deal of another trustee", ErrProof, func(w *world, j int) []byte {
		other := j%len(w.trustees) + 1
		s := w.c.secretDeal(w.secret(other).seed)
		d, err := s.publish(w.c, max(other, 3-j)) // a single trustee copies position 2
		require.NoError(w.t, err)
		return d.body()
	}},
	{"deal of another ceremony", ErrProof, func(w *world, j int) []byte {
		other := *w.c
		other.ID[5] ^= 1
		d, err := other.secretDeal(w.secret(j).seed).publish(&other, j)
		require.NoError(w.t, err)
		return d.body()
	}},
	{"proof over another deal", ErrProof, func(w *world, j int) []byte {
		s, d := w.honestDeal(j)
		honest := slices.Clone(d.proof)
		d.shares[0][0] ^= 1
		w.reproved(s, d)
		d.proof = honest
		return d.body()
	}},
}

// otherDegree deals polynomials of another degree, consistently otherwise.
func (w *world) otherDegree(j, by int) []byte {
	c := *w.c
	c.Threshold += by
	if c.Threshold == 0 { // no polynomial at all
		_, d := w.honestDeal(j)
		b := d.body()
		b[2] = 0
		return b
	}
	s := c.secretDeal(w.secret(j).seed)
	d, err := s.publish(&c, j)
	require.NoError(w.t, err)
	return d.body()
}

// patched replaces a commitment of column 0 in the bytes of a deal.
func (w *world) patched(s *secretDeal, d *deal, power int, p kyber.Point) []byte {
	b := d.body()
	copy(b[4+power*w.c.Group.PointLen():], w.c.Group.AppendPoint(nil, p))
	return b
}

func TestP57P58P61BadDeals(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		for _, bad := range badDeals {
			t.Run(bad.name, func(t *testing.T) {
				w := newWorld(t, g, 3, 2, 2)
				w.otherDeal(2, bad.body(w, 2))
				w.all(2)
				w.end(Committing)
				w.dealOther(2)
				w.all(2)
				w.end(Dealing)
				requireCulprit(t, w.c, w.replay(), 2, Dealing, bad.reason)
				_, _, err := w.trustees[1].next(w.replay())
				require.ErrorIs(t, err, ErrEligibility)
				w.all(2)
				w.end(Confirming)
				w.all(2)
				w.end(Certifying)
				o := w.finish(1, 3)
				require.Equal(t, []int{1, 3}, o.Dealers)
				require.Len(t, o.Culprits, 1)
			})
		}
	})
}

func TestP59DealOtherThanCommitted(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		w := newWorld(t, g, 3, 2, 1)
		w.until(Dealing)
		w.secret(3).seed[0] ^= 1 // a rushing dealer chooses anew after seeing the others
		_, d := w.honestDeal(3)
		w.post(w.signed(3, entry.Deal, d.body()))
		w.all(3)
		w.end(Dealing)
		k := requireCulprit(t, w.c, w.replay(), 3, Dealing, ErrBinding)
		require.Equal(t, []uint64{2, 4}, k.Entries, "commit and deal")
	})
}

func TestMalformedCommit(t *testing.T) {
	for _, body := range [][]byte{nil, make([]byte, 31), make([]byte, 33)} {
		w := newWorld(t, elgamal.Ristretto255(), 3, 2, 1)
		w.post(w.signed(3, entry.Commit, body))
		w.all(3)
		w.end(Committing)
		requireCulprit(t, w.c, w.replay(), 3, Committing, ErrEncoding)
	}
}

func TestDealWithoutCommit(t *testing.T) {
	w := newWorld(t, elgamal.Ristretto255(), 3, 2, 1)
	w.until(Dealing, 3)
	_, d := w.honestDeal(3)
	w.post(w.signed(3, entry.Deal, d.body()))
	w.all(3)
	w.end(Dealing)
	tr := w.replay()
	require.Empty(t, tr.Culprits)
	require.Len(t, tr.Ignored, 1)
	require.ErrorIs(t, tr.Ignored[0].Reason, ErrState)
	require.Equal(t, []int{1, 2}, w.finish(1, 2, 3).Dealers)
}

// badShares are deals that only their recipients can see to be bad.
var badShares = []struct {
	name   string
	reason error
	body   func(w *world, j int, victims ...int) []byte
}{
	{"wrong shares", ErrProof, (*world).wrongShares},
	{"noise", ErrEncoding, func(w *world, j int, victims ...int) []byte {
		s, d := w.honestDeal(j)
		for _, to := range victims {
			d.shares[to-1][0] ^= 1
		}
		return w.reproved(s, d)
	}},
	{"share not reduced", ErrEncoding, func(w *world, j int, victims ...int) []byte {
		s, d := w.honestDeal(j)
		for _, to := range victims {
			w.reseal(s, d, to, append(s.share(w.c.Group, to)[:w.c.Columns-1], unreduced{w.c.Group.Scalar()}))
		}
		return w.reproved(s, d)
	}},
	{"shares of another position", ErrProof, func(w *world, j int, victims ...int) []byte {
		s, d := w.honestDeal(j)
		if w.c.Threshold == 1 { // all positions have the same
			return w.wrongShares(j, victims...)
		}
		for _, to := range victims {
			w.reseal(s, d, to, s.share(w.c.Group, to+1))
		}
		return w.reproved(s, d)
	}},
	{"position 0, the secret itself", ErrProof, func(w *world, j int, victims ...int) []byte {
		s, d := w.honestDeal(j)
		if w.c.Threshold == 1 { // all positions have the same
			return w.wrongShares(j, victims...)
		}
		for _, to := range victims {
			w.reseal(s, d, to, s.share(w.c.Group, 0))
		}
		return w.reproved(s, d)
	}},
}

// unreduced is a scalar that encodes as 2²⁵⁶−1.
type unreduced struct{ kyber.Scalar }

func (unreduced) MarshalBinary() ([]byte, error) { return bytes.Repeat([]byte{0xff}, 32), nil }

func TestP56P60BadShares(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		for _, bad := range badShares {
			t.Run(bad.name, func(t *testing.T) {
				w := newWorld(t, g, 3, 2, 3)
				w.otherDeal(2, bad.body(w, 2, 3))
				w.all(2)
				w.end(Committing)
				w.dealOther(2)
				w.all(2)
				w.end(Dealing)
				require.Empty(t, w.replay().Culprits)
				w.all()
				w.end(Confirming)
				k := requireCulprit(t, w.c, w.replay(), 2, Confirming, bad.reason)
				require.Len(t, k.Entries, 2, "the deal and the complaint")
				w.all(2)
				w.end(Certifying)
				o := w.finish(1, 3)
				require.Equal(t, []int{1, 3}, o.Dealers)
				requireSubsets(t, &world{t: t, c: w.c, trustees: w.trustees[:0]}, o)
				require.True(t, w.secretKey(2, 1, 3).Equal(o.Keys[2]), "the victim's share is good")
			})
		}
	})
}

// TestSilentVictim: who did not complain in time and has a bad share does not
// certify; the others are not stopped.
func TestSilentVictim(t *testing.T) {
	w := newWorld(t, elgamal.Ristretto255(), 5, 3, 1)
	w.otherDeal(2, w.wrongShares(2, 5))
	w.all(2)
	w.end(Committing)
	w.dealOther(2)
	w.all(2)
	w.end(Dealing)
	w.all(5)
	w.end(Confirming)
	tr := w.replay()
	require.Empty(t, tr.Culprits)
	_, _, err := w.trustees[4].next(tr)
	require.ErrorIs(t, err, ErrIncomplete)
	w.all(5)
	w.end(Certifying)
	o := w.finish(1, 2, 3, 4)
	require.Equal(t, []int{1, 2, 3, 4}, o.Holders)
	_, done, err := w.trustees[4].next(w.replay())
	require.ErrorIs(t, err, ErrIncomplete)
	require.False(t, done)
	_, err = w.trustees[4].Shares(w.c, o)
	require.ErrorIs(t, err, ErrState)
}

// complaintOf makes trustee j complain about a dealer, truthfully or not.
func (w *world) complaintOf(j, dealer int) complaint {
	tr := w.replay()
	k, err := w.c.complain(tr.deals[dealer-1], j, w.secret(j).encryption, w.secret(j).seed)
	require.NoError(w.t, err)
	return k
}

func (w *world) confirmOf(j int, complaints ...complaint) []byte {
	m := &confirm{w.replay().signed[Confirming], complaints}
	return w.signed(j, entry.Confirm, w.c.appendConfirm(m))
}

var badConfirms = []struct {
	name   string
	reason error
	entry  func(w *world, j, victim int) []byte
}{
	{"false complaint", ErrProof, func(w *world, j, victim int) []byte {
		return w.confirmOf(j, w.complaintOf(j, victim))
	}},
	{"another secret", ErrProof, func(w *world, j, victim int) []byte {
		k := w.complaintOf(j, victim)
		k.secret = w.c.Group.Base()
		return w.confirmOf(j, k)
	}},
	{"secret is the identity", ErrGroup, func(w *world, j, victim int) []byte {
		k := w.complaintOf(j, victim)
		k.secret = w.c.Group.Point()
		return w.confirmOf(j, k)
	}},
	{"secret is no point", ErrEncoding, func(w *world, j, victim int) []byte {
		b := w.c.appendConfirm(&confirm{w.replay().signed[Confirming], []complaint{w.complaintOf(j, victim)}})
		copy(b[34:], bytes.Repeat([]byte{0xff}, w.c.Group.PointLen()))
		return w.signed(j, entry.Confirm, b)
	}},
	{"no proof", ErrEncoding, func(w *world, j, victim int) []byte {
		k := w.complaintOf(j, victim)
		k.proof = nil
		return w.confirmOf(j, k)
	}},
	{"proof with a trailing byte", ErrEncoding, func(w *world, j, victim int) []byte {
		k := w.complaintOf(j, victim)
		k.proof = append(k.proof, 0)
		return w.confirmOf(j, k)
	}},
	{"proof too long", ErrLimit, func(w *world, j, victim int) []byte {
		k := w.complaintOf(j, victim)
		k.proof = make([]byte, maxProof+1)
		return w.confirmOf(j, k)
	}},
	{"proof of another ceremony", ErrProof, func(w *world, j, victim int) []byte {
		other := *w.c
		other.ID[3] ^= 1
		k, err := other.complain(w.replay().deals[victim-1], j, w.secret(j).encryption, w.secret(j).seed)
		require.NoError(w.t, err)
		return w.confirmOf(j, k)
	}},
	{"proof about another deal", ErrProof, func(w *world, j, victim int) []byte {
		d := *w.replay().deals[victim-1]
		d.id[0] ^= 1
		k, err := w.c.complain(&d, j, w.secret(j).encryption, w.secret(j).seed)
		require.NoError(w.t, err)
		return w.confirmOf(j, k)
	}},
	{"complaint of another trustee", ErrProof, func(w *world, j, victim int) []byte {
		return w.confirmOf(j, w.complaintOf(victim, victim))
	}},
	{"two complaints against one", ErrDuplicate, func(w *world, j, victim int) []byte {
		return w.confirmOf(j, w.complaintOf(j, victim), w.complaintOf(j, victim))
	}},
	{"complaint against position 0", ErrRange, func(w *world, j, victim int) []byte {
		k := w.complaintOf(j, victim)
		k.dealer = 0
		return w.confirmOf(j, k)
	}},
	{"complaint against position n+1", ErrRange, func(w *world, j, victim int) []byte {
		k := w.complaintOf(j, victim)
		k.dealer = len(w.trustees) + 1
		return w.confirmOf(j, k)
	}},
	{"empty", ErrEncoding, func(w *world, j, _ int) []byte { return w.signed(j, entry.Confirm, nil) }},
	{"trailing byte", ErrEncoding, func(w *world, j, _ int) []byte {
		e, err := entry.Parse(w.confirmOf(j))
		require.NoError(w.t, err)
		return w.signed(j, entry.Confirm, append(e.Body, 0))
	}},
}

func TestP56P60P61BadConfirms(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		for _, bad := range badConfirms {
			t.Run(bad.name, func(t *testing.T) {
				w := newWorld(t, g, 3, 2, 1)
				w.until(Confirming)
				w.post(bad.entry(w, 3, 1))
				w.all(3)
				w.end(Confirming)
				requireCulprit(t, w.c, w.replay(), 3, Confirming, bad.reason)
				w.all(3)
				w.post(w.signed(3, entry.Certify, make([]byte, 64)))
				w.end(Certifying)
				w.requireOut(3)
				o := w.finish(1, 2)
				require.Equal(t, []int{1, 2}, o.Dealers)
				require.Equal(t, []int{1, 2}, o.Holders)
			})
		}
	})
}

// requireOut requires that the certificate of a trustee was not looked at.
func (w *world) requireOut(trustee int) {
	tr := w.replay()
	last := tr.Ignored[len(tr.Ignored)-1]
	require.Equal(w.t, trustee, last.Trustee)
	require.ErrorIs(w.t, last.Reason, ErrEligibility)
}

func TestComplaintsOutOfOrder(t *testing.T) {
	w := newWorld(t, elgamal.Ristretto255(), 5, 3, 1)
	w.until(Confirming)
	w.post(w.confirmOf(3, w.complaintOf(3, 2), w.complaintOf(3, 1)))
	w.end(Confirming)
	requireCulprit(t, w.c, w.replay(), 3, Confirming, ErrEncoding)
}

func TestComplaintAgainstNoDealer(t *testing.T) {
	w := newWorld(t, elgamal.Ristretto255(), 5, 3, 1)
	w.until(Dealing)
	w.all(2)
	w.end(Dealing)
	k := w.complaintOf(3, 1)
	k.dealer = 2
	w.post(w.confirmOf(3, k))
	w.end(Confirming)
	requireCulprit(t, w.c, w.replay(), 3, Confirming, ErrState)
}

// TestComplaintOpensOneDeal: what a complaint reveals opens the shares of one
// dealer for one recipient and nothing else.
func TestComplaintOpensOneDeal(t *testing.T) {
	w := newWorld(t, elgamal.Ristretto255(), 3, 2, 1)
	w.until(Confirming)
	tr := w.replay()
	secret := w.complaintOf(3, 1).secret
	for dealer := 1; dealer <= 3; dealer++ {
		for recipient := 1; recipient <= 3; recipient++ {
			_, err := w.c.open(tr.deals[dealer-1], recipient, secret)
			if dealer == 1 && recipient == 3 {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, ErrEncoding)
			}
		}
	}
}

// TestP61ReusedEphemeralOfAnotherCeremony: D for a deal with the R of an earlier
// ceremony does not open the shares of that ceremony.
func TestP61ReusedEphemeralOfAnotherCeremony(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		w := newWorld(t, g, 3, 2, 1)
		s, d := w.honestDeal(1)
		secret := w.c.Group.Kyber().Point().Mul(s.ephemeral, w.c.Trustees[2].Encryption)
		_, err := w.c.open(d, 3, secret)
		require.NoError(t, err)
		later := *w.c
		later.ID[0] ^= 1
		_, err = later.open(d, 3, secret)
		require.ErrorIs(t, err, ErrEncoding)
	})
}

// TestWhyMissing: a failed ceremony says of everybody why they are missing.
func TestWhyMissing(t *testing.T) {
	w := newWorld(t, elgamal.Ristretto255(), 5, 3, 1)
	w.otherDeal(2, nil)
	w.all(2, 3)
	w.end(Committing)
	w.dealOther(2)
	w.all(2, 4)
	w.end(Dealing)
	tr := w.replay()
	require.ErrorIs(t, tr.Failure, ErrQuorum)
	require.Contains(t, tr.Failure.Error(), `2 trustees dealt, 3 are needed; missing: `+
		`trustee 2 "T2" (out since deal), trustee 3 "T3" (silent in commit), trustee 4 "T4" (silent in deal): `)

	k := requireCulprit(t, w.c, tr, 2, Dealing, ErrEncoding)
	require.ErrorIs(t, (&Ceremony{}).CheckCulprit(k), ErrVersion)
	k.Evidence = slices.Delete(slices.Clone(k.Evidence), 1, 2) // its commit
	require.ErrorIs(t, w.c.CheckCulprit(k), ErrIncomplete)
	require.ErrorIs(t, w.c.CheckCulprit(Culprit{}), ErrIncomplete)
}

// TestMutualComplaints: complaints are judged by themselves, in no order.
func TestMutualComplaints(t *testing.T) {
	w := newWorld(t, elgamal.Ristretto255(), 5, 3, 1)
	w.otherDeal(1, w.wrongShares(1, 2))
	w.otherDeal(2, w.wrongShares(2, 1))
	w.all(1, 2)
	w.end(Committing)
	w.dealOther(1)
	w.dealOther(2)
	w.all(1, 2)
	w.end(Dealing)
	w.all()
	w.end(Confirming)
	tr := w.replay()
	require.Len(t, tr.Culprits, 2)
	for _, k := range tr.Culprits {
		require.ErrorIs(t, k.Reason, ErrProof)
		require.NoError(t, w.c.CheckCulprit(k))
	}
	w.all(1, 2)
	w.end(Certifying)
	require.Equal(t, []int{3, 4, 5}, w.finish(3, 4, 5).Dealers)
}

func TestBadCertificates(t *testing.T) {
	for _, bad := range []struct {
		name   string
		reason error
		body   func(tr *Transcript) []byte
	}{
		{"empty", ErrEncoding, func(*Transcript) []byte { return nil }},
		{"trailing byte", ErrEncoding, func(*Transcript) []byte { return make([]byte, 65) }},
		{"another outcome", ErrBinding, func(tr *Transcript) []byte {
			m := certificate{transcript: tr.signed[Certifying]}
			return m.append()
		}},
	} {
		t.Run(bad.name, func(t *testing.T) {
			w := newWorld(t, elgamal.Ristretto255(), 3, 2, 1)
			w.until(Certifying)
			w.post(w.signed(2, entry.Certify, bad.body(w.replay())))
			w.all(2)
			w.end(Certifying)
			tr := w.replay()
			requireCulprit(t, w.c, tr, 2, Certifying, bad.reason)
			require.Equal(t, []int{1, 3}, tr.Outcome.Holders)
			require.Empty(t, tr.Outcome.Culprits, "the outcome was made before")
		})
	}
}

// TestP64OneHolderTwice: nobody reaches the quorum alone (P64).
func TestP64OneHolderTwice(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		w := newWorld(t, g, 3, 2, 1)
		w.until(Certifying)
		m, _, err := w.trustees[0].next(w.replay())
		require.NoError(t, err)
		w.post(m)
		w.post(m)
		w.requireIgnored(1, ErrDuplicate)
		w.end(Certifying)
		require.ErrorIs(t, w.replay().Failure, ErrQuorum)
	})
}

func TestJunk(t *testing.T) {
	_, stranger, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	for phase := Committing; phase <= Certifying; phase++ {
		w := newWorld(t, elgamal.Ristretto255(), 3, 2, 1)
		w.until(phase)
		honest, _, err := w.trustees[0].next(w.replay())
		require.NoError(t, err)
		e, err := entry.Parse(honest)
		require.NoError(t, err)
		change := func(f func(e *entry.Envelope)) []byte {
			c := *e
			c.Signatures = slices.Clone(e.Signatures)
			f(&c)
			return c.Bytes()
		}
		for _, test := range []struct {
			desc    string
			data    []byte
			trustee int
			reason  error
		}{
			{"no entry", []byte("junk"), 0, reasonOf([]byte("junk"))},
			{"empty", nil, 0, ErrEncoding},
			{"trailing byte", append(slices.Clone(honest), 0), 0, ErrEncoding},
			{"unsigned", change(func(e *entry.Envelope) { e.Signatures = nil }), 0, ErrSignature},
			{"signature flipped", change(func(e *entry.Envelope) { e.Signatures[0].Sig[1] ^= 1 }), 0, ErrSignature},
			{"body flipped", change(func(e *entry.Envelope) { e.Body = slices.Clone(e.Body); e.Body[0] ^= 1 }), 0, ErrSignature},
			{"time changed", change(func(e *entry.Envelope) { e.Time++ }), 0, ErrSignature},
			{"signed by a stranger", change(func(e *entry.Envelope) { e.Signatures = nil; e.Sign(stranger) }), 0, ErrSignature},
			{"signed by a stranger too", change(func(e *entry.Envelope) { e.Sign(stranger) }), 0, ErrSignature},
			{"signed by two trustees", change(func(e *entry.Envelope) { e.Sign(w.secret(2).signing) }), 0, ErrSignature},
			{"another ceremony", change(func(e *entry.Envelope) { e.Election[0] ^= 1; e.Signatures = nil; e.Sign(w.secret(1).signing) }), 0, ErrBinding},
		} {
			before := w.replay()
			w.post(test.data)
			w.requireIgnored(test.trustee, test.reason)
			after := w.replay()
			require.Equal(t, before.messages, after.messages, test.desc)
			require.Empty(t, after.Culprits, test.desc)
			require.Empty(t, after.Forks, test.desc)
		}
		// Other kinds are none of the ceremony's business.
		before := len(w.replay().Ignored)
		w.post(w.signed(1, entry.Roll, []byte("roll")))
		require.Len(t, w.replay().Ignored, before)
		require.Equal(t, []int{1, 2, 3}, w.finish(1, 2, 3).Holders)
	}
}

func reasonOf(data []byte) error {
	_, err := entry.Parse(data)
	for _, reason := range []error{ErrVersion, ErrEncoding} {
		if err != nil && bytes.Contains([]byte(err.Error()), []byte(reason.Error())) {
			return reason
		}
	}
	return nil
}

func TestLateEarlyTwice(t *testing.T) {
	w := newWorld(t, elgamal.Ristretto255(), 5, 3, 1)
	_, d := w.honestDeal(1)
	w.post(w.signed(1, entry.Deal, d.body())) // early
	w.requireIgnored(1, ErrState)
	tr := w.replay()
	late, _, err := w.trustees[4].next(tr)
	require.NoError(t, err)
	w.all(5)
	w.end(Committing)
	w.post(late)
	w.requireIgnored(5, ErrState)
	w.all()
	w.post(w.signed(2, entry.Deal, nil)) // the second is not looked at
	w.requireIgnored(2, ErrFork)
	w.post(w.posted[1].Data) // nor is a commit again
	w.requireIgnored(1, ErrDuplicate)
	w.end(Dealing)
	tr = w.replay()
	require.Empty(t, tr.Culprits)
	require.Len(t, tr.Forks, 1)
	require.Equal(t, []int{2, 2}, tr.Forks[0].Trustees)
	require.True(t, tr.Forks[0].SameTrustee())
	require.Contains(t, tr.Forks[0].Error(), "trustee 2 signed two different deal messages")
	require.Equal(t, []int{1, 2, 3, 4}, w.finish(1, 2, 3, 4, 5).Dealers)
}

// TestForkedLedger: two trustees saw another deal than the others.
func TestForkedLedger(t *testing.T) {
	for _, phase := range []Phase{Confirming, Certifying} {
		t.Run(phase.String(), func(t *testing.T) {
			w := newWorld(t, elgamal.Ristretto255(), 5, 3, 1)
			w.until(phase - 1)
			fork := *w
			fork.posted = slices.Clone(w.posted)
			w.all()
			fork.all(3)
			w.end(phase - 1)
			fork.end(phase - 1)
			elsewhere, _, err := w.trustees[4].next(fork.replay())
			require.NoError(t, err)

			w.all(5)
			seen := w.post(elsewhere)
			_, _, err = w.trustees[4].next(w.replay())
			require.ErrorIs(t, err, ErrFork, "it does not sign this ledger as well")
			w.end(phase)
			tr := w.replay()
			require.Empty(t, tr.Culprits, "nobody is blamed")
			require.Len(t, tr.Forks, 1)
			require.ErrorIs(t, tr.Forks[0], ErrFork)
			require.Equal(t, []int{5, 1}, tr.Forks[0].Trustees)
			require.False(t, tr.Forks[0].SameTrustee())
			require.Contains(t, tr.Forks[0].Error(), "trustee 5 signed another transcript")
			require.Equal(t, seen, tr.Forks[0].Messages[0])
			requireForkEvidence(t, w.c, tr.Forks[0])
			if phase == Certifying {
				require.Equal(t, []int{1, 2, 3, 4}, tr.Outcome.Holders)
			}

			// The other way round: most saw another ledger than this.
			fork.post(elsewhere)
			for _, j := range []int{0, 1, 2, 3} {
				m := w.posted[len(w.posted)-6+j]
				fork.post(m.Data)
			}
			fork.end(phase)
			tr = fork.replay()
			require.Len(t, tr.Forks, 4)
			if phase == Certifying {
				require.ErrorIs(t, tr.Failure, ErrQuorum)
				require.Contains(t, tr.Failure.Error(), `"T2" (another transcript in certify)`)
			}
		})
	}
}

// requireForkEvidence checks a fork as a third party would: two trustees signed
// two transcripts.
func requireForkEvidence(t *testing.T, c *Ceremony, f *Fork) {
	require.Len(t, f.Messages, 2)
	var signed []string
	for i, m := range f.Messages {
		e, err := entry.Parse(m.Data)
		require.NoError(t, err)
		require.NoError(t, e.CheckSigned([]ed25519.PublicKey{c.Trustees[f.Trustees[i]-1].Signing}, 1))
		require.Equal(t, f.Phase.kind(), e.Kind)
		require.Equal(t, c.ID, [32]byte(e.Election))
		signed = append(signed, hex.EncodeToString(e.Body[:32]))
	}
	require.NotEqual(t, signed[0], signed[1])
}

// TestHonestCannotBeFramed: authorities and all other trustees together choose
// what they post and in which order, and take messages of an honest trustee from
// another ledger; it is never at fault.
func TestHonestCannotBeFramed(t *testing.T) {
	w := newWorld(t, elgamal.Ristretto255(), 3, 2, 1)
	w.otherDeal(2, w.wrongShares(2, 1)) // so that there is a complaint to misuse
	w.all(2)
	w.end(Committing)
	w.dealOther(2)
	w.all(2)
	w.end(Dealing)
	w.all()
	w.end(Confirming)
	w.all(2)
	w.end(Certifying)
	var honest []Posted
	for _, p := range w.posted {
		if e, err := entry.Parse(p.Data); err == nil && len(e.Signatures) == 1 && e.Signatures[0].Key == [32]byte(w.c.Trustees[0].Signing) {
			honest = append(honest, p)
		}
	}
	require.Len(t, honest, 4)
	for _, victim := range []int{2, 3} { // who deals anew in the made-up ledger
		fake := *w
		fake.posted = nil
		for phase := Committing; phase < Complete; phase++ {
			if phase == Committing {
				w.secret(victim).seed[7] ^= 1
			}
			fake.post(honest[phase-Committing].Data)
			fake.allIgnoringErrors(1)
			fake.end(phase)
		}
		for _, k := range fake.replay().Culprits {
			require.NotEqual(t, 1, k.Trustee)
		}
	}
}

func (w *world) allIgnoringErrors(except int) {
	tr := w.replay()
	for j := range w.trustees {
		w.trustees[j].v.state.bodies = [Complete][]byte{}
		if m, _, err := w.trustees[j].next(tr); err == nil && m != nil && j+1 != except {
			w.post(m)
		}
	}
}

// TestConspiracy: if all dealers conspire, keys can be bad. They are refused.
func TestConspiracy(t *testing.T) {
	w := newWorld(t, elgamal.Ristretto255(), 2, 2, 2)
	g := w.c.Group
	w.until(Confirming)
	for _, test := range []struct {
		desc   string
		reason error
		change func(a, b *deal)
	}{
		{"key is the identity", ErrGroup, func(a, b *deal) {
			b.commitments[0][0] = g.Point().Neg(a.commitments[0][0])
		}},
		{"equal keys", ErrDuplicate, func(a, b *deal) {
			a.commitments[1][0], b.commitments[1][0] = b.commitments[0][0], a.commitments[0][0]
		}},
		{"verification key is the identity", ErrGroup, func(a, b *deal) {
			// a₀ + b₀ + a₁ + b₁ = 0, the value at position 1
			sum := g.Point().Add(a.commitments[0][0], b.commitments[0][0])
			b.commitments[0][1] = g.Point().Neg(sum.Add(sum, a.commitments[0][1]))
		}},
	} {
		t.Run(test.desc, func(t *testing.T) {
			tr := w.replay()
			_, err := tr.conclude()
			require.NoError(t, err)
			test.change(tr.deals[0], tr.deals[1])
			_, err = tr.conclude()
			require.ErrorIs(t, err, test.reason)
		})
	}
}
