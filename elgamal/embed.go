package elgamal

import (
	"bytes"
	"fmt"

	"go.dedis.ch/kyber/v3"
)

// EmbedLen is the number of bytes that a point of the built-in groups carries.
const EmbedLen = 29

type embedder interface {
	EmbedLowest(data []byte) kyber.Point
	EmbedLowestVarTime(data []byte) kyber.Point
}

// Embed returns the point that carries b, which must have EmbedLen bytes; pad
// it first. It is deterministic: of the points that could carry b it is the one
// with the lowest counter, so that no bit is left free for marking a ballot.
// Constant time for the two built-in groups. Errors: ErrShape for another
// length, ErrVersion for a group that cannot embed.
func Embed(g *Group, b []byte) (kyber.Point, error) {
	c, ok := g.codec.(embedder)
	if !ok {
		return nil, fmt.Errorf("elgamal: group %s cannot embed bytes: %w", g.name, ErrVersion)
	}
	if len(b) != EmbedLen {
		return nil, fmt.Errorf("elgamal: embedding %d bytes instead of %d: %w", len(b), EmbedLen, ErrShape)
	}
	return c.EmbedLowest(b), nil
}

// Extract returns the bytes that Embed put into p. It embeds them again and
// compares: a point that carries them in any other way is refused like one
// that carries none. The time depends on p, which is public by now. Errors:
// ErrEncoding; ErrVersion for a group that cannot embed; ErrGroup for a point
// of another group.
func Extract(g *Group, p kyber.Point) ([]byte, error) {
	c, ok := g.codec.(embedder)
	if !ok {
		return nil, fmt.Errorf("elgamal: group %s cannot embed bytes: %w", g.name, ErrVersion)
	}
	if err := g.CheckPoint(p); err != nil {
		return nil, err
	}
	b, err := p.Data()
	if err != nil || len(b) != EmbedLen {
		return nil, fmt.Errorf("elgamal: point carries no data: %w", ErrEncoding)
	}
	again := g.AppendPoint(nil, c.EmbedLowestVarTime(b))
	if !bytes.Equal(again, g.AppendPoint(nil, p)) {
		return nil, fmt.Errorf("elgamal: embedded data is not canonical: %w", ErrEncoding)
	}
	return b, nil
}
