package ristretto255

import (
	"crypto/cipher"
	"encoding/binary"
	"fmt"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// EmbedLen is the number of bytes that a point can carry.
const EmbedLen = 29

// A point that carries data has this encoding, a little-endian integer:
//
//	byte 0, 1    twice the counter, so that the element is non-negative
//	byte 2…30    the data, zeros behind it
//	byte 31      the length of the data
//
// About one counter in four is a valid encoding; counters start at 1.
func candidate(out *[PointLen]byte, data []byte, counter uint16) {
	*out = [PointLen]byte{}
	binary.LittleEndian.PutUint16(out[:2], counter<<1)
	copy(out[2:31], data)
	out[31] = byte(len(data))
}

const (
	maxCounter = 1<<15 - 1
	// constantTries is how many counters EmbedLowest always tries, so that its
	// time tells nothing about the data but with probability 2⁻⁵³.
	constantTries = 128
)

// EmbedLowest returns the point with the lowest counter that carries data, of
// which it takes EmbedLen bytes at most.
func (Group) EmbedLowest(data []byte) kyber.Point {
	data = data[:min(len(data), EmbedLen)]
	found := uint64(0)
	p := new(Point)
	for counter := uint16(1); counter <= constantTries || found == 0; counter += lanes {
		if counter > maxCounter-lanes {
			panic("ristretto255: no counter gives a point")
		}
		var b [lanes][PointLen]byte
		var all [lanes * PointLen]byte
		var q [lanes]extended
		var ok [lanes]uint64
		for i := range b {
			candidate(&b[i], data, counter+uint16(i))
			copy(all[i*PointLen:], b[i][:])
		}
		decompress(q[:], ok[:], all[:])
		for i := range b {
			first := ok[i] &^ found
			p.p.choose(&q[i], &p.p, first)
			for k := range p.encoding {
				p.encoding[k] |= b[i][k] & byte(first)
			}
			found |= ok[i]
		}
	}
	p.known = true
	return p
}

// EmbedLowestVarTime is EmbedLowest for public data: it stops at the first.
func (Group) EmbedLowestVarTime(data []byte) kyber.Point {
	data = data[:min(len(data), EmbedLen)]
	for counter := uint16(1); counter <= maxCounter; counter++ {
		var b [PointLen]byte
		candidate(&b, data, counter)
		p := new(Point)
		if p.decode(&b) {
			return p
		}
	}
	panic("ristretto255: no counter gives a point")
}

// EmbedLen returns how many bytes a point can carry.
func (p *Point) EmbedLen() int { return EmbedLen }

// Embed sets p to a random point that carries data, of which it takes
// EmbedLen bytes at most.
func (p *Point) Embed(data []byte, rand cipher.Stream) kyber.Point {
	data = data[:min(len(data), EmbedLen)]
	for {
		var r [2]byte
		rand.XORKeyStream(r[:], r[:])
		var b [PointLen]byte
		candidate(&b, data, binary.LittleEndian.Uint16(r[:]))
		if p.decode(&b) && !p.Equal(NewPoint()) {
			return p
		}
	}
}

// Data returns the bytes that Embed or EmbedLowest put into p. Unlike the
// caller of EmbedLowest it cannot know whether the counter was the lowest.
func (p *Point) Data() ([]byte, error) {
	var b [PointLen]byte
	p.encode(&b)
	n := int(b[31])
	if n > EmbedLen {
		return nil, fmt.Errorf("ristretto255: point carries no data: %w", reason.ErrEncoding)
	}
	for _, pad := range b[2+n : 31] {
		if pad != 0 {
			return nil, fmt.Errorf("ristretto255: padding of embedded data: %w", reason.ErrEncoding)
		}
	}
	return append([]byte(nil), b[2:2+n]...), nil
}
