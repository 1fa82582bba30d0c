package attacks

import (
	"bytes"
	"crypto/rand"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
)

// broken is a random source that gives one byte for ever from draw k on.
type broken struct {
	good  io.Reader
	from  int
	draws *int
	with  byte
}

func (b broken) Read(p []byte) (int, error) {
	*b.draws++
	if *b.draws <= b.from {
		return b.good.Read(p)
	}
	for i := range p {
		p[i] = b.with
	}
	return len(p), nil
}

// withRandom lets act run on a random source that breaks after some draws, and
// returns how often it was asked.
func withRandom(from int, with byte, act func()) (draws int) {
	good := rand.Reader
	defer func() { rand.Reader = good }()
	rand.Reader = broken{good, from, &draws, with}
	act()
	return draws
}

// A device whose random source repeats itself, from whichever draw on, makes no
// two ciphertexts under one mask and no two proofs with one commitment: not of
// one voter's ballots, nor of two voters', nor in two elections. What cannot be
// told apart then is only the very same ballot. (A source that fails ends the
// program: crypto/rand.)
func TestP86BrokenRandomSource(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		g := f.Group
		ballots := func() (list []*ballot.Ballot) {
			first, second := f.voter(2), f.voter(0)
			first.Number, second.Number = 0, 0
			return append(list, f.vote(t, first, f.votes[0]), f.vote(t, first, f.votes[0]), f.vote(t, first, f.votes[1]), f.vote(t, second, f.votes[0]))
		}
		total := withRandom(1<<30, 0, func() { ballots() })
		require.NotZero(t, total)
		for k := range total {
			for _, with := range []byte{0, 0xff} {
				var list []*ballot.Ballot
				withRandom(k, with, func() { list = ballots() })
				seen := make(map[string]string)
				for _, b := range list {
					row := b.Row()
					body := parse(t, b.Bytes()).Body
					proof := body[head(g)+g.CiphertextLen(len(row.B)):]
					require.NoError(t, f.VerifyBallot(b))
					require.False(t, g.IsIdentity(row.A))
					unique(t, seen, g.AppendPoint(nil, row.A), "mask, broken from draw %d", k)
					for _, p := range row.B {
						unique(t, seen, g.AppendPoint(nil, p), "column, broken from draw %d", k)
					}
					unique(t, seen, proof[:g.PointLen()], "first commitment, broken from draw %d", k)
					unique(t, seen, b.Tracker().String(), "tracker, broken from draw %d", k)
				}
				log, box := f.open(t)
				for _, b := range list {
					_, err := box.Cast(t.Context(), b)
					require.NoError(t, err)
				}
				require.Equal(t, f.opened+len(list), size(t, log))
			}
		}
		// Nor does a key come from nothing.
		withRandom(0, 0, func() {
			require.Panics(t, func() { ballot.NewVoterKey(g) }, "a source of zeros")
		})
	})
	// The same state twice, of a machine that was cloned: other content is
	// another mask; the same content is the same ballot and tells nothing.
	f := honest(t, elgamal.Ristretto255(), false)
	from := func(votes ballot.Votes, number uint32) (b *ballot.Ballot) {
		t.Run("state", func(t *testing.T) {
			cryptotest.SetGlobalRandom(t, 1)
			v := f.voter(0)
			v.Number = number
			b = f.vote(t, v, votes)
		})
		return b
	}
	one, other, again := from(f.votes[0], 0), from(f.votes[1], 0), from(f.votes[0], 0)
	require.False(t, one.Row().A.Equal(other.Row().A))
	require.False(t, one.Row().A.Equal(from(f.votes[0], 1).Row().A))
	require.True(t, one.Row().A.Equal(again.Row().A))
}

func unique[T string | []byte](t *testing.T, seen map[string]string, of T, what string, args ...any) {
	t.Helper()
	require.NotContains(t, seen, string(of), append([]any{what}, args...)...)
	seen[string(of)] = what
}

// A verifier weighs equations with random numbers. Where these are 0 every proof
// holds; so it stops.
func TestP86VerifierWithoutRandomness(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		for _, r := range f.proofReaders(t) {
			if !strings.HasSuffix(r.name, ".Verify") && !strings.HasSuffix(r.name, ".AddTo") {
				continue
			}
			bad := slices.Clone(r.valid) // another answer, of the right form
			at := len(bad) - f.Group.ScalarLen()
			copy(bad[at:], f.Group.AppendScalar(nil, f.Group.Uint64Scalar(5)))
			_, err := r.read(bad)
			require.ErrorIs(t, err, reason.ErrProof, r.name)
			for _, proof := range [][]byte{r.valid, bad} {
				withRandom(0, 0, func() { require.Panics(t, func() { _, _ = r.read(proof) }, r.name) })
			}
		}
	})
}

// Two trustees whose random sources are the same from the beginning are refused
// by the manifest, which has their keys.
func TestP86TrusteesOfOneSeed(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		var keys []dkg.TrusteeKeys
		withRandom(0, 7, func() {
			for _, name := range []string{"One", "Two"} {
				keys = append(keys, dkg.NewMemoryTrustee(g).Keys(name))
			}
		})
		require.True(t, keys[0].Encryption.Equal(keys[1].Encryption))
		f := honest(t, g, false)
		body := f.Manifest.Bytes()
		first, second := f.Manifest.Trustees[0], f.Manifest.Trustees[1]
		body = bytes.Replace(body, second.Signing, first.Signing, 1)
		_, err := ballot.ParseManifestBytes(body)
		requireReason(t, ballot.ErrDuplicate, err)
		body = bytes.Replace(f.Manifest.Bytes(), g.AppendPoint(nil, second.Encryption), g.AppendPoint(nil, first.Encryption), 1)
		_, err = ballot.ParseManifestBytes(body)
		requireReason(t, ballot.ErrDuplicate, err)
	})
}

// P87: a nonce depends on what is proven. A voter whose random source repeats
// itself signs two spoils, and two ballots, with different commitments: one
// commitment and two answers would give the key away.
func TestP87NoncesOfOneState(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		n := f.Group.PointLen()
		var commitments [][]byte
		withRandom(0, 9, func() {
			for i := range byte(3) {
				spoil, err := f.NewSpoil(f.voter(1), ballot.Tracker{i})
				require.NoError(t, err)
				body := parse(t, spoil.Bytes()).Body // tracker, credential, A, z
				commitments = append(commitments, body[32+n:32+2*n])
			}
		})
		for i, c := range commitments {
			require.False(t, slices.ContainsFunc(commitments[:i], func(other []byte) bool { return bytes.Equal(c, other) }))
		}
		require.Equal(t, entry.Spoil, parse(t, f.entries[f.at(t, entry.Spoil, 0)]).Kind)
	})
}
