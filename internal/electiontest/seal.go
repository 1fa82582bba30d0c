package electiontest

import (
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/zkp"
)

// Seal returns the ledger entry of a ballot that encrypts these points with
// this randomness, one point for each column of the voter's style: what a device
// that is not honest can make. Its proof holds if the slots' points are those of
// bits that keep the rules; those of mixed contests may be anything.
func (e *Election) Seal(v *ballot.Voter, number uint32, points []kyber.Point, r kyber.Scalar) []byte {
	e.t.Helper()
	g, style := e.Group, v.Line.Style
	var permit wire.Writer // weight and tokens, if there are any
	if e.o.Tokens {
		style, _ = e.Manifest.StyleIndex(v.Permit.Class.Style)
		permit.Uint64(v.Permit.Class.Weight)
		permit.Raw(slices.Concat(v.Permit.Tokens...))
	}
	key := &elgamal.PublicKey{Group: g}
	var bits []uint8
	for position, column := range e.Manifest.RowColumns(style) {
		key.Points = append(key.Points, e.Opening.Keys[column])
		if !e.mixed(column) {
			require.True(e.t, g.IsIdentity(points[position]) || points[position].Equal(g.Base()), "column %d is a bit", column)
			bits = append(bits, 1)
			if g.IsIdentity(points[position]) {
				bits[len(bits)-1] = 0
			}
		}
	}
	secret, err := g.DecodeScalar(v.Key.Bytes())
	require.NoError(e.t, err)
	s := zkp.BallotStatement{
		Credential: g.Point().Mul(secret, nil), Number: number, Time: e.Manifest.RoundTime(time.Now()), Row: key.Encrypt(points, r),
		Bound: permit.Bytes(),
	}
	form, err := e.Form(style)
	require.NoError(e.t, err)
	proof, err := form.Prove(s, zkp.BallotWitness{Randomness: r, Bits: bits, Credential: secret})
	require.NoError(e.t, err)

	var w wire.Writer
	w.Uint16(uint16(style))
	w.Uint32(number)
	w.Raw(permit.Bytes())
	for _, p := range slices.Concat([]kyber.Point{s.Credential, s.Row.A}, s.Row.B) {
		w.Raw(g.AppendPoint(nil, p))
	}
	w.Raw(proof)
	env := entry.Envelope{Kind: entry.Ballot, Election: entry.Hash(e.Fingerprint), Time: s.Time, Body: w.Bytes()}
	return env.Bytes()
}

// mixed reports whether a column of the manifest is one of a mixed contest.
func (e *Election) mixed(column int) bool {
	return slices.ContainsFunc(e.Manifest.Contests, func(c ballot.Contest) bool {
		first, count := c.Columns()
		return c.Mixed() && first <= column && column < first+count
	})
}
