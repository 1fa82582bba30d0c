package tally

import (
	"fmt"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/zkp"
)

// contextKind separates the proofs of shares from all others.
const contextKind = "decryption"

// share is one trustee's part of the decryption of one contest. The trustee is
// whoever signed the entry.
type share struct {
	contest int
	target  target
	points  []kyber.Point // D_k, one for each result row
	proof   []byte

	// Of a mixed contest there is, instead of points and proof, one of
	rest []byte    // their bytes, as long as nobody has looked into them
	rows *rowShare // what they say
}

// body returns the canonical bytes: contest, target, points, proof. How many
// points there are follows from the contest and, for a mixed one, its list.
func (s *share) body(g *elgamal.Group) []byte {
	var w wire.Writer
	w.Uint32(uint32(s.contest))
	w.Raw(s.target[:])
	w.Raw(s.rest)
	if s.rows != nil {
		w.Raw(s.rows.body())
	}
	for _, p := range s.points {
		w.Raw(g.AppendPoint(nil, p))
	}
	w.Raw(s.proof)
	return w.Bytes()
}

// parseShare reads what body returns for an election with the given contests.
// The proof is whatever is left; zkp checks that it has exactly its length. Of
// a share of a mixed contest, which may be long, only the head is read.
func parseShare(g *elgamal.Group, contests []ballot.Contest, body []byte) (*share, error) {
	r := wire.NewReader(body)
	n := r.Uint32()
	s := &share{}
	copy(s.target[:], r.Raw(len(s.target)))
	if r.Err() == nil && uint64(n) >= uint64(len(contests)) {
		return nil, fmt.Errorf("tally: share of contest %d of %d: %w", n, len(contests), reason.ErrRange)
	}
	if r.Err() != nil {
		return nil, fmt.Errorf("tally: share: %w", r.Err())
	}
	if s.contest = int(n); contests[n].Mixed() {
		s.rest = r.Raw(r.Rest())
		return s, nil
	}
	for k := range contests[s.contest].Results() {
		// Sums may be the identity, and then so are their partial decryptions.
		p, err := g.DecodePointOrIdentity(r.Raw(g.PointLen()))
		if err != nil {
			return nil, fmt.Errorf("tally: share: row %d: %w", k, err)
		}
		s.points = append(s.points, p)
	}
	s.proof = r.Raw(r.Rest())
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("tally: share: %w", err)
	}
	return s, nil
}

// statement is what the proof of a share is about (docs/protocol.md, Decryption
// and result): for the result rows ℓ₁…ℓ_m of a contest, the trustee's
// verification keys V_k = Σᵢ ℓ_kᵢ·Yᵢ and partial decryptions D_k of one A.
func (s *share) statement(g *elgamal.Group, a kyber.Point, keys []kyber.Point) zkp.DLEQKeys {
	return zkp.DLEQKeys{Base: g.Base(), Images: keys, Base2: a, Images2: s.points}
}

// context is where the proof of a share stands: trustee, contest, target and
// the rows.
func (s *share) context(fp ballot.Fingerprint, trustee int, rows []ballot.ResultRow) zkp.Context {
	var w wire.Writer
	w.Uint32(uint32(trustee))
	w.Uint32(uint32(s.contest))
	w.Raw(s.target[:])
	w.Uint32(uint32(len(rows)))
	for _, row := range rows {
		w.Uint32(uint32(len(row.Terms)))
		for _, t := range row.Terms {
			w.Uint32(uint32(t.Slot))
			w.Int64(t.Coefficient)
		}
	}
	return zkp.Context{Kind: contextKind, Election: fp, Position: w.Bytes()}
}

// combine returns Σᵢ ℓᵢ·pᵢ for one result row over the points of a contest's
// slots.
func combine(g *elgamal.Group, row ballot.ResultRow, points []kyber.Point) kyber.Point {
	scalars := make([]kyber.Scalar, len(row.Terms))
	chosen := make([]kyber.Point, len(row.Terms))
	for i, t := range row.Terms {
		scalars[i], chosen[i] = g.Int64Scalar(t.Coefficient), points[t.Slot]
	}
	return g.MultiScalarMulVarTime(scalars, chosen)
}

// combineSecret is combine for a trustee's secrets.
func combineSecret(g *elgamal.Group, row ballot.ResultRow, secrets []kyber.Scalar) kyber.Scalar {
	sum := g.Scalar()
	for _, t := range row.Terms {
		sum.Add(sum, g.Scalar().Mul(g.Int64Scalar(t.Coefficient), secrets[t.Slot]))
	}
	return sum
}
