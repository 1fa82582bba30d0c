package mixnet

import (
	"context"
	"crypto/sha256"
	"fmt"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// MaxRows is the largest number of rows of a list.
const MaxRows = 1 << 24

// leafRows is how many rows go into one hash of a list's digest.
const leafRows = 1024

// List is a list of rows of one width, the input or output of a mix. It is
// immutable and keeps its encoding, so that nothing is encoded twice when the
// output of one mix is the input of the next.
type List struct {
	group   *elgamal.Group
	width   int
	rows    []elgamal.Ciphertext
	encoded []byte
	digest  [32]byte
}

// NewList returns the list of these rows, which must not be changed afterwards;
// there may be none. Errors: ErrShape for a row of another width, ErrGroup for a
// point of another group or an A that is the identity, ErrLimit for too many
// rows, and that of the context. A Bᵢ may be the identity, see docs/protocol.md §1.
func NewList(ctx context.Context, g *elgamal.Group, width int, rows []elgamal.Ciphertext, o *Options) (*List, error) {
	if err := checkList(g, width, len(rows)); err != nil {
		return nil, err
	}
	l := &List{group: g, width: width, rows: rows, encoded: make([]byte, len(rows)*g.CiphertextLen(width))}
	size := g.CiphertextLen(width)
	err := newWork(ctx, o, len(rows)).each(len(rows), 256, func(lo, hi int) error {
		for i := lo; i < hi; i++ {
			if err := checkRow(g, width, rows[i]); err != nil {
				return fmt.Errorf("mixnet: list: row %d: %w", i+1, err)
			}
			g.AppendCiphertext(l.encoded[i*size:i*size], rows[i])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	l.digest = l.hash()
	return l, nil
}

// DecodeList decodes count rows, as [List.Bytes] gives them. The errors are
// those of NewList and ErrEncoding for anything that is not canonical.
func DecodeList(ctx context.Context, g *elgamal.Group, width, count int, b []byte, o *Options) (*List, error) {
	if err := checkList(g, width, count); err != nil {
		return nil, err
	}
	size := g.CiphertextLen(width)
	if len(b)%size != 0 || len(b)/size != count {
		return nil, fmt.Errorf("mixnet: list: %d bytes for %d rows of %d: %w", len(b), count, size, ErrEncoding)
	}
	l := &List{group: g, width: width, rows: make([]elgamal.Ciphertext, count), encoded: append([]byte(nil), b...)}
	err := newWork(ctx, o, count).each(count, 256, func(lo, hi int) (err error) {
		for i := lo; i < hi; i++ {
			if l.rows[i], err = g.DecodeCiphertextOrIdentity(b[i*size:(i+1)*size], width); err != nil {
				return fmt.Errorf("mixnet: list: row %d: %w", i+1, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	l.digest = l.hash()
	return l, nil
}

func checkList(g *elgamal.Group, width, count int) error {
	switch {
	case g == nil:
		return fmt.Errorf("mixnet: list: no group: %w", ErrGroup)
	case width < 1 || width > 1<<16:
		return fmt.Errorf("mixnet: list: width %d: %w", width, ErrShape)
	case count < 0 || count > MaxRows:
		return fmt.Errorf("mixnet: list: %d rows: %w", count, ErrLimit)
	}
	return nil
}

func checkRow(g *elgamal.Group, width int, row elgamal.Ciphertext) error {
	if len(row.B) != width {
		return fmt.Errorf("%d columns instead of %d: %w", len(row.B), width, ErrShape)
	}
	if err := g.CheckPoint(row.A); err != nil {
		return fmt.Errorf("component A: %w", err)
	}
	if g.IsIdentity(row.A) {
		return fmt.Errorf("component A: identity: %w", ErrGroup)
	}
	for k, b := range row.B {
		if err := g.CheckPoint(b); err != nil {
			return fmt.Errorf("component B %d: %w", k+1, err)
		}
	}
	return nil
}

// hash returns the digest of docs/protocol.md §6.1: of the hashes of leafRows
// rows at a time, behind what the list is.
func (l *List) hash() [32]byte {
	var w wire.Writer
	w.Raw([]byte("hanpyo-v1 list"))
	w.String(l.group.Name())
	w.Uint32(uint32(l.width))
	w.Uint32(uint32(len(l.rows)))
	leaf := leafRows * l.group.CiphertextLen(l.width)
	for rest := l.encoded; len(rest) > 0; rest = rest[min(leaf, len(rest)):] {
		h := sha256.Sum256(rest[:min(leaf, len(rest))])
		w.Raw(h[:])
	}
	return sha256.Sum256(w.Bytes())
}

// Len returns N, the number of rows.
func (l *List) Len() int { return len(l.rows) }

// Width returns w, the number of columns of a row.
func (l *List) Width() int { return l.width }

// Row returns row i, from 0, which must not be changed.
func (l *List) Row(i int) elgamal.Ciphertext { return l.rows[i] }

// Bytes returns the encoding: all rows one after the other, without a length.
func (l *List) Bytes() []byte { return append([]byte(nil), l.encoded...) }

// Digest returns the hash that stands for the list in the transcript of a proof.
// It binds group, width, number and order of the rows.
func (l *List) Digest() [32]byte { return l.digest }

// encodedA returns the encoding of A of row i.
func (l *List) encodedA(i int) string {
	start := i * l.group.CiphertextLen(l.width)
	return string(l.encoded[start : start+l.group.PointLen()])
}

// point returns column k of row i: A for k = 0, else B_k.
func (l *List) point(i, k int) kyber.Point {
	if k == 0 {
		return l.rows[i].A
	}
	return l.rows[i].B[k-1]
}

// checkFresh refuses an output with an A that stands in it twice or stands in
// the input, which means that a row was not re-encrypted: equation (e).
func checkFresh(ctx context.Context, input, output *List) error {
	seen := make(map[string]int, input.Len()+output.Len())
	for i := range input.rows {
		if err := stopped(ctx, i); err != nil {
			return err
		}
		seen[input.encodedA(i)] = i + 1
	}
	for i := range output.rows {
		if err := stopped(ctx, i); err != nil {
			return err
		}
		a := output.encodedA(i)
		switch j := seen[a]; {
		case j > 0:
			return fmt.Errorf("output row %d is not re-encrypted: its A is that of input row %d: %w", i+1, j, ErrDuplicate)
		case j < 0:
			return fmt.Errorf("output rows %d and %d have the same A: %w", -j, i+1, ErrDuplicate)
		}
		seen[a] = -(i + 1)
	}
	return nil
}
