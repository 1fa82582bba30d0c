package attacks

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
)

// head is the length of what stands before the row in the body of a ballot:
// style, number and credential.
func head(g *elgamal.Group) int { return 2 + 4 + g.PointLen() }

// withRow returns a ballot with another row, and with the proof of a donor.
func (f *fixture) withRow(t testing.TB, b *ballot.Ballot, row elgamal.Ciphertext, donor *ballot.Ballot) []byte {
	start := head(f.Group)
	end := start + f.Group.CiphertextLen(len(row.B))
	proof := parse(t, donor.Bytes()).Body[end:]
	return rewrap(t, b.Bytes(), func(env *entry.Envelope) {
		env.Body = append(f.Group.AppendCiphertext(env.Body[:start:start], row), proof...)
	})
}

// Whoever puts something derived from another voter's ciphertext into a ballot
// of their own, to find it again among the decrypted votes (Pfitzmann 1994),
// has no proof for it: neither the victim's nor their own.
func TestP53Tagging(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		g := f.Group
		victim, own := f.vote(t, f.voter(0), f.votes[0]), f.vote(t, f.voter(2), f.votes[2])
		log, box := f.open(t, victim.Bytes())
		key := &elgamal.PublicKey{Group: g, Points: f.Opening.Keys}
		tag := g.Generator("tag", 0)
		each := func(c elgamal.Ciphertext, change func(kyber.Point) kyber.Point) elgamal.Ciphertext {
			c = c.Clone()
			c.A = change(c.A)
			for i := range c.B {
				c.B[i] = change(c.B[i])
			}
			return c
		}
		seven, r := g.Uint64Scalar(7), g.RandomScalar()
		for name, row := range map[string]elgamal.Ciphertext{
			"as it is":                   victim.Row(),
			"to a power":                 each(victim.Row(), func(p kyber.Point) kyber.Point { return times(g, seven, p) }),
			"its inverse":                each(victim.Row(), func(p kyber.Point) kyber.Point { return g.Point().Neg(p) }),
			"re-encrypted":               key.ReEncrypt(victim.Row(), r),
			"times one's own":            victim.Row().Add(own.Row()),
			"re-encrypted with a tag":    tagged(g, key.ReEncrypt(victim.Row(), r), tag),
			"a power with a tag":         tagged(g, each(victim.Row(), func(p kyber.Point) kyber.Point { return times(g, seven, p) }), tag),
			"one column of the victim's": mixedRow(own.Row(), victim.Row()),
		} {
			requireRefused(t, ballot.ErrProof, log, box, f.withRow(t, own, row, own), "%s, own proof", name)
			requireRefused(t, ballot.ErrProof, log, box, f.withRow(t, own, row, victim), "%s, the victim's proof", name)
		}
		_, err := box.Cast(t.Context(), own)
		require.NoError(t, err)
	})
}

// tagged multiplies a tag into the first column of a row.
func tagged(g *elgamal.Group, c elgamal.Ciphertext, tag kyber.Point) elgamal.Ciphertext {
	c = c.Clone()
	c.B[0] = g.Point().Add(c.B[0], tag)
	return c
}

// mixedRow returns a row with the first column of another one.
func mixedRow(row, other elgamal.Ciphertext) elgamal.Ciphertext {
	row = row.Clone()
	row.B[0] = other.B[0]
	return row
}
