package ballot

import (
	"bytes"
	"fmt"
	"slices"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/reason"
)

// The plaintext of a mixed contest is a fixed number of bytes, padded with
// zeros to columns of elgamal.EmbedLen bytes, each embedded in a point
// (docs/manifest.md, Plaintexts). This file has both directions.
//
//   - mixed-ranking: for each rank, the first preference first, the number of
//     the option, counted from 1; then zeros.
//   - write-in: the number of the option, counted from 1, then zeros; or 0 and
//     a text in UTF-8, then zeros.
//
// Nothing but zeros is a vote that marks nothing: the blank vote, where a
// contest has that.

// mark writes a checked vote.
func (mixedRanking) mark(c *Contest, v Vote, plain []uint8) {
	for i, o := range c.Options {
		if rank := v[o.ID]; rank > 0 {
			plain[rank-1] = uint8(i + 1)
		}
	}
}

// read returns the vote that a plaintext means. Whatever the plaintext says
// beside it shows when it is written again.
func (mixedRanking) read(c *Contest, plain []uint8) (Vote, error) {
	v := make(Vote)
	for _, number := range plain {
		if number == 0 {
			break
		}
		id, err := c.option(number)
		if err != nil {
			return nil, err
		}
		if v[id] != 0 {
			return nil, fmt.Errorf("ranks option %s twice: %w", id, reason.ErrShape)
		}
		v[id] = len(v) + 1
	}
	return v, nil
}

func (writeIn) mark(c *Contest, v Vote, plain []uint8) {
	id, _ := marking(v)
	if i, ok := c.index[id]; ok {
		plain[0] = uint8(i + 1)
		return
	}
	text, err := normalText(id, c.Max)
	if err != nil {
		panic("ballot: a checked vote has a text that cannot be written")
	}
	copy(plain[1:], text)
}

func (writeIn) read(c *Contest, plain []uint8) (Vote, error) {
	if plain[0] != 0 {
		id, err := c.option(plain[0])
		return Vote{id: 1}, err
	}
	text := bytes.TrimRight(plain[1:], "\x00")
	if len(text) == 0 {
		return Vote{}, nil
	}
	return Vote{string(text): 1}, nil
}

// option returns the id of an option by its number in a plaintext.
func (c *Contest) option(number uint8) (string, error) {
	if int(number) > len(c.Options) {
		return "", fmt.Errorf("names option %d of %d: %w", number, len(c.Options), reason.ErrRange)
	}
	return c.Options[number-1].ID, nil
}

// embedPlaintext returns what the columns of a mixed contest encrypt.
func embedPlaintext(g *elgamal.Group, plain []uint8) ([]kyber.Point, error) {
	columns := columnsFor(len(plain))
	padded := make([]byte, columns*elgamal.EmbedLen)
	copy(padded, plain)
	points := make([]kyber.Point, 0, columns)
	for part := range slices.Chunk(padded, elgamal.EmbedLen) {
		p, err := elgamal.Embed(g, part)
		if err != nil {
			return nil, err
		}
		points = append(points, p)
	}
	return points, nil
}

// columnsFor returns how many columns carry a plaintext of so many bytes.
func columnsFor(plaintext int) int { return (plaintext + elgamal.EmbedLen - 1) / elgamal.EmbedLen }

// OpenPlaintext returns the vote in one decrypted row of a mixed contest: one
// point for each of its columns. A voter can encrypt anything, so everything
// that Encode would not have written is an invalid vote, and an error: points
// that carry no bytes, or carry them in another way than
// [elgamal.Embed] (ErrEncoding); padding that is not zero, a gap, a text that is
// not in normal form or is an option's id (ErrEncoding); an option that there is
// not, or fewer ranks than the contest's least (ErrRange); an option twice,
// nothing where something must be marked, or another number of points
// (ErrShape); points of another group are ErrGroup. A vote that is returned is one that Encode maps to the same bytes.
// The time depends on the points, which are public by then.
func (c *Contest) OpenPlaintext(points []kyber.Point) (Vote, error) {
	v, err := c.openPlaintext(points)
	if err != nil {
		return nil, fmt.Errorf("ballot: contest %s: plaintext %w", c.ID, err)
	}
	return v, nil
}

func (c *Contest) openPlaintext(points []kyber.Point) (Vote, error) {
	k, ok := c.kind.(mixedKind)
	switch {
	case c.layout == nil:
		return nil, fmt.Errorf("of a contest that is not of a checked manifest: %w", reason.ErrState)
	case !ok:
		return nil, fmt.Errorf("of a contest that is not mixed: %w", reason.ErrShape)
	case len(points) != c.layout.columns():
		return nil, fmt.Errorf("has %d points, the contest has %d columns: %w", len(points), c.layout.columns(), reason.ErrShape)
	}
	var all []byte
	for i, p := range points {
		part, err := elgamal.Extract(c.group, p)
		if err != nil {
			return nil, fmt.Errorf("column %d: %w", i, err)
		}
		all = append(all, part...)
	}
	plain, padding := all[:c.layout.plaintext], all[c.layout.plaintext:]
	if len(bytes.Trim(padding, "\x00")) > 0 {
		return nil, fmt.Errorf("has padding that is not zero: %w", reason.ErrEncoding)
	}
	return c.decode(k, plain)
}

// Decode returns the vote of a mixed contest that Encode gives these bytes for,
// under the conditions of [Contest.OpenPlaintext].
func (c *Contest) Decode(plain []uint8) (Vote, error) {
	k, ok := c.kind.(mixedKind)
	if !ok || c.layout == nil || len(plain) != c.layout.plaintext {
		return nil, fmt.Errorf("ballot: contest %s: %d bytes are no plaintext: %w", c.ID, len(plain), reason.ErrShape)
	}
	v, err := c.decode(k, plain)
	if err != nil {
		return nil, fmt.Errorf("ballot: contest %s: plaintext %w", c.ID, err)
	}
	return v, nil
}

func (c *Contest) decode(k mixedKind, plain []uint8) (Vote, error) {
	v, err := k.read(c, plain)
	if err != nil {
		return nil, err
	}
	again, err := c.encode(v)
	if err != nil {
		return nil, fmt.Errorf("is no vote: %w", err)
	}
	if !bytes.Equal(again, plain) {
		return nil, fmt.Errorf("is not how its vote is written: %w", reason.ErrEncoding)
	}
	return v, nil
}
