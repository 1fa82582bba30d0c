package tally

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/mixnet"
	"github.com/hanpyo/hanpyo/zkp"
)

// rowContextKind separates the proofs of rows from those of sums.
const rowContextKind = "decryption of rows"

// partRows is how many rows one worker takes at a time.
const partRows = 256

// rowShare is one trustee's part of the decryption of all rows of a mixed
// contest. In column k every row has a key of its own, but the trustee has one
// secret x_k: D_ik = x_k·Aᵢ.
type rowShare struct {
	encoded []byte        // D_ik, row by row
	points  []kyber.Point // the same
	proofs  []byte        // one for each column, of DLEQBases
}

// body returns the canonical bytes: the points row by row, then the proofs. How
// many there are follows from the list.
func (s *rowShare) body() []byte { return slices.Concat(s.encoded, s.proofs) }

// rowProofLen is the length of the proof of one column.
func rowProofLen(g *elgamal.Group) int { return 2*g.PointLen() + g.ScalarLen() }

// parseRowShare reads what body returns, for a list of so many rows and columns.
func parseRowShare(ctx context.Context, g *elgamal.Group, rows, width, workers int, body []byte) (*rowShare, error) {
	size, proofs := rows*width*g.PointLen(), width*rowProofLen(g)
	if len(body) != size+proofs {
		return nil, fmt.Errorf("tally: share: %d bytes for %d rows of %d columns, must be %d: %w", len(body), rows, width, size+proofs, reason.ErrEncoding)
	}
	s := &rowShare{encoded: body[:size], proofs: body[size:], points: make([]kyber.Point, rows*width)}
	err := inParts(ctx, workers, rows, partRows, func(lo, hi int) error {
		encoded := s.encoded[lo*width*g.PointLen() : hi*width*g.PointLen()]
		points, err := g.DecodePointsOrIdentity(encoded)
		if err == nil && !slices.ContainsFunc(points, g.IsIdentity) {
			copy(s.points[lo*width:], points)
			return nil
		}
		for i := lo * width; i < hi*width; i++ { // which one it is
			// No A of a list is the identity, and no secret is 0.
			if _, err := g.DecodePoint(s.encoded[i*g.PointLen() : (i+1)*g.PointLen()]); err != nil {
				return fmt.Errorf("tally: share: row %d, column %d: %w", i/width, i%width, err)
			}
		}
		return fmt.Errorf("tally: share: %w", err)
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// rowStatement is what the proofs of a share are about, one for each column
// (docs/protocol.md, Shares of rows).
type rowStatement struct {
	fp      ballot.Fingerprint
	trustee int // position, from 1
	contest int
	target  target
	keys    []kyber.Point // the trustee's verification keys, one for each column
	list    *mixnet.List
	workers int
}

// column returns the statement of column k, that Y_k = x·G and D_ik = x·Aᵢ for
// all i, and its context: trustee, contest, target, column, and the hash of
// the points of all columns.
func (st *rowStatement) column(g *elgamal.Group, s *rowShare, k int, hash [sha256.Size]byte) (zkp.DLEQBases, zkp.Context) {
	d := zkp.DLEQBases{Base: g.Base(), Image: st.keys[k]}
	for i := range st.list.Len() {
		d.Bases2 = append(d.Bases2, st.list.Row(i).A)
		d.Images2 = append(d.Images2, s.points[i*len(st.keys)+k])
	}
	var w wire.Writer
	w.Uint32(uint32(st.trustee))
	w.Uint32(uint32(st.contest))
	w.Raw(st.target[:])
	w.Uint32(uint32(k))
	w.Raw(hash[:])
	return d, zkp.Context{Kind: rowContextKind, Election: st.fp, Position: w.Bytes()}
}

// decrypt computes the trustee's share, with one secret for each column.
func (st *rowStatement) decrypt(ctx context.Context, g *elgamal.Group, secrets []kyber.Scalar) (*rowShare, error) {
	width, length := len(secrets), g.PointLen()
	s := &rowShare{
		points:  make([]kyber.Point, st.list.Len()*width),
		encoded: make([]byte, st.list.Len()*width*length),
		proofs:  make([]byte, width*rowProofLen(g)),
	}
	err := inParts(ctx, st.workers, st.list.Len(), partRows, func(lo, hi int) error {
		for i := lo * width; i < hi*width; i++ {
			p := g.Point().Mul(secrets[i%width], st.list.Row(i/width).A)
			if p, ok := p.(interface{ Remember() }); ok {
				p.Remember() // the proofs absorb it too
			}
			g.AppendPoint(s.encoded[i*length:i*length], p)
			s.points[i] = p
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(s.encoded)
	err = inParts(ctx, st.workers, width, 1, func(k, _ int) error {
		statement, at := st.column(g, s, k, hash)
		proof, err := statement.Prove(g, at, secrets[k])
		copy(s.proofs[k*rowProofLen(g):], proof)
		return err
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// verify checks the proofs of a share.
func (st *rowStatement) verify(ctx context.Context, g *elgamal.Group, s *rowShare) error {
	hash := sha256.Sum256(s.encoded)
	return inParts(ctx, st.workers, len(st.keys), 1, func(k, _ int) error {
		statement, at := st.column(g, s, k, hash)
		if err := statement.Verify(g, at, s.proofs[k*rowProofLen(g):(k+1)*rowProofLen(g)]); err != nil {
			return fmt.Errorf("tally: share: column %d: %w", k, err)
		}
		return nil
	})
}

// openRows decrypts the rows of a list with the shares of some trustees,
//
//	M_ik = B_ik − Σⱼ Lⱼ·D_ik⁽ʲ⁾
//
// where Lⱼ are the Lagrange coefficients at 0, and calls open with each row's
// points, from several goroutines and in no order.
func openRows(ctx context.Context, g *elgamal.Group, workers int, list *mixnet.List, lagrange []kyber.Scalar, shares []*rowShare, open func([]kyber.Point)) error {
	width := list.Width()
	return inParts(ctx, workers, list.Len(), partRows, func(lo, hi int) error {
		d := make([]kyber.Point, len(shares))
		for i := lo; i < hi; i++ {
			m := make([]kyber.Point, width)
			for k := range m {
				for j, s := range shares {
					d[j] = s.points[i*width+k]
				}
				m[k] = g.MultiScalarMulVarTime(lagrange, d)
				m[k].Sub(list.Row(i).B[k], m[k])
			}
			open(m)
		}
		return nil
	})
}
