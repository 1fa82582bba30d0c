package dkg

import (
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
)

// Key files of tests are cheap to open.
func init() { argonTime, argonMemory = 1, 64 }

var groups = []*elgamal.Group{elgamal.Ristretto255(), elgamal.P256()}

// world is a ceremony with all its secrets.
type world struct {
	t           *testing.T
	c           *Ceremony
	trustees    []*Trustee
	authorities []ed25519.PrivateKey
	posted      []Posted
	deals       map[int][]byte // entries of dealers who do not deal as they should
}

func newWorld(t *testing.T, g *elgamal.Group, n, threshold, columns int) *world {
	w := &world{t: t, deals: make(map[int][]byte)}
	w.c = &Ceremony{
		ID: sha256.Sum256(fmt.Appendf(nil, "%s %d %d", t.Name(), n, threshold)), Group: g, Columns: columns, Threshold: threshold,
		Quorum: 2, AllowMinority: 2*threshold <= n, AllowNoneLost: threshold == n && n > 1,
	}
	for range 3 {
		_, key, err := ed25519.GenerateKey(nil)
		require.NoError(t, err)
		w.authorities = append(w.authorities, key)
		w.c.Authorities = append(w.c.Authorities, key.Public().(ed25519.PublicKey))
	}
	for i := range n {
		w.trustees = append(w.trustees, NewMemoryTrustee(g))
		w.c.Trustees = append(w.c.Trustees, w.trustees[i].Keys(fmt.Sprintf("T%d", i+1)))
	}
	return w
}

func (w *world) post(data []byte) Posted {
	p := Posted{uint64(len(w.posted)), data}
	w.posted = append(w.posted, p)
	return p
}

func (w *world) replay() *Transcript {
	tr, err := w.c.Replay(w.posted)
	require.NoError(w.t, err)
	w.requireCollected(tr)
	return tr
}

// requireCollected requires that what a Collector keeps decides the same.
func (w *world) requireCollected(tr *Transcript) {
	k := w.c.NewCollector()
	for _, p := range w.posted {
		_ = k.Add(p)
	}
	got, err := w.c.Replay(k.Posted())
	require.NoError(w.t, err)
	require.Equal(w.t, tr.Phase, got.Phase)
	require.Equal(w.t, tr.Failure, got.Failure)
	require.Equal(w.t, tr.Culprits, got.Culprits)
	require.Equal(w.t, tr.Absent, got.Absent)
	require.Equal(w.t, tr.signed, got.signed)
	require.Equal(w.t, tr.Outcome == nil, got.Outcome == nil)
	if tr.Outcome != nil {
		require.Equal(w.t, tr.Outcome.Hash(), got.Outcome.Hash())
		require.Equal(w.t, tr.Outcome.Holders, got.Outcome.Holders)
	}
	first := make(map[string]*Fork) // of everybody in a phase
	for _, f := range tr.Forks {
		if at := fmt.Sprint(f.Phase, f.Trustees); first[at] == nil {
			first[at] = f
		}
	}
	require.Len(w.t, got.Forks, len(first))
	for _, f := range got.Forks {
		require.Equal(w.t, first[fmt.Sprint(f.Phase, f.Trustees)], f)
	}
}

func (w *world) end(p Phase) { w.post(NewRound(w.c, p, 0, w.authorities[:2]...)) }

// all lets every trustee post what it has to say, except some.
func (w *world) all(except ...int) {
	tr := w.replay()
	for j := range w.trustees {
		if slices.Contains(except, j+1) {
			continue
		}
		m, _, err := w.trustees[j].next(tr)
		require.NoError(w.t, err)
		if m != nil {
			w.post(m)
		}
	}
}

// until plays the ceremony honestly up to the beginning of a phase.
func (w *world) until(phase Phase, except ...int) {
	for p := w.replay().Phase; p < phase; p++ {
		w.all(except...)
		w.end(p)
	}
}

// finish plays the rest and requires that the named trustees have shares.
func (w *world) finish(holders ...int) *Outcome {
	w.until(Complete)
	tr := w.replay()
	require.NoError(w.t, tr.Failure)
	for _, j := range holders {
		m, done, err := w.trustees[j-1].next(tr)
		require.NoError(w.t, err)
		require.True(w.t, done)
		require.Nil(w.t, m)
	}
	return tr.Outcome
}

func (w *world) everybody() (list []int) {
	for j := range w.trustees {
		list = append(list, j+1)
	}
	return list
}

func (w *world) secret(j int) *secret { return w.trustees[j-1].v.state }

// signed is an entry of trustee j with any body.
func (w *world) signed(j int, kind entry.Kind, body []byte) []byte {
	return w.secret(j).envelope(w.c, kind, body)
}

// honestDeal is the deal that trustee j makes, with its secrets.
func (w *world) honestDeal(j int) (*secretDeal, *deal) {
	s := w.c.secretDeal(w.secret(j).seed)
	d, err := s.publish(w.c, j)
	require.NoError(w.t, err)
	return s, d
}

// otherDeal makes trustee j commit to and deal another body than its own. It is
// for phase Committing, and dealOther for phase Dealing.
func (w *world) otherDeal(j int, body []byte) {
	w.deals[j] = w.signed(j, entry.Deal, body)
	id := entry.ID(w.deals[j])
	w.post(w.signed(j, entry.Commit, id[:]))
}

func (w *world) dealOther(j int) Posted { return w.post(w.deals[j]) }

// reproved encodes a deal whose public part was changed, with an honest proof.
func (w *world) reproved(s *secretDeal, d *deal) []byte {
	require.NoError(w.t, s.prove(w.c, d))
	return d.body()
}

// wrongShares replaces the shares for some recipients by random ones, well
// encrypted.
func (w *world) wrongShares(j int, recipients ...int) []byte {
	s, d := w.honestDeal(j)
	for _, to := range recipients {
		share := s.share(w.c.Group, to)
		share[len(share)-1] = w.c.Group.RandomScalar()
		w.reseal(s, d, to, share)
	}
	return w.reproved(s, d)
}

func (w *world) reseal(s *secretDeal, d *deal, to int, share []kyber.Scalar) {
	secret := w.c.Group.Kyber().Point().Mul(s.ephemeral, w.c.Trustees[to-1].Encryption)
	sealed, err := w.c.seal(d, to, secret, share)
	require.NoError(w.t, err)
	d.shares[to-1] = sealed
}

// secretKey interpolates the secret key of a column from the shares of holders.
func (w *world) secretKey(column int, holders ...int) kyber.Point {
	g := w.c.Group
	weights, err := elgamal.LagrangeAtZero(g, holders)
	require.NoError(w.t, err)
	sum := g.Scalar()
	for i, j := range holders {
		sum = g.Scalar().Add(sum, g.Scalar().Mul(weights[i], w.secret(j).share[column]))
	}
	return g.Kyber().Point().Mul(sum, nil)
}

// requireCulprit requires that exactly one trustee is put out, for this reason,
// with evidence that stands on its own.
func requireCulprit(t *testing.T, c *Ceremony, tr *Transcript, trustee int, phase Phase, reason error) Culprit {
	require.Len(t, tr.Culprits, 1)
	k := tr.Culprits[0]
	require.Equal(t, trustee, k.Trustee)
	require.Equal(t, phase, k.Phase)
	require.ErrorIs(t, k.Reason, reason)
	require.NotEmpty(t, k.Entries)
	require.NoError(t, c.CheckCulprit(k))
	last := slices.IndexFunc(k.Evidence, func(p Posted) bool { return p.Index == k.Entries[len(k.Entries)-1] })
	e, err := entry.Parse(k.Evidence[last].Data)
	require.NoError(t, err)
	require.EqualValues(t, c.Trustees[trustee-1].Signing, e.Signatures[0].Key[:], "the last entry is the culprit's own")
	for j := range c.Trustees {
		other := k
		if other.Trustee = j + 1; j+1 != trustee {
			require.ErrorIs(t, c.CheckCulprit(other), ErrIncomplete)
		}
	}
	return k
}

// requireIgnored requires that the newest entry changed nothing.
func (w *world) requireIgnored(trustee int, reason error) {
	tr := w.replay()
	require.NotEmpty(w.t, tr.Ignored)
	last := tr.Ignored[len(tr.Ignored)-1]
	require.Equal(w.t, w.posted[len(w.posted)-1].Index, last.Index)
	require.Equal(w.t, trustee, last.Trustee)
	require.ErrorIs(w.t, last.Reason, reason)
}

// eachGroup runs a test over all groups, with -short over the first.
func eachGroup(t *testing.T, f func(t *testing.T, g *elgamal.Group)) {
	for i, g := range groups {
		if i > 0 && testing.Short() {
			break
		}
		t.Run(g.Name(), func(t *testing.T) { f(t, g) })
	}
}

// subsets calls f with every subset of 1…n of size k.
func subsets(n, k int, f func([]int)) {
	var rec func(from int, list []int)
	rec = func(from int, list []int) {
		if len(list) == k {
			f(list)
			return
		}
		for j := from; j <= n; j++ {
			rec(j+1, append(slices.Clone(list), j))
		}
	}
	rec(1, nil)
}
