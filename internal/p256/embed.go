package p256

import (
	"crypto/cipher"
	"crypto/elliptic"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"math/big"

	"filippo.io/bigmod"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// EmbedLen is the number of bytes that a point can carry.
const EmbedLen = 29

// A point that carries data has this encoding:
//
//	byte 0        2, the even of the two points with one x
//	byte 1        the length of the data, so that x is below the field's prime
//	byte 2…30     the data, zeros behind it
//	byte 31, 32   the counter
//
// About one counter in two is the x of a point; counters start at 0.
func candidate(out *[PointLen]byte, data []byte, counter uint16) {
	*out = [PointLen]byte{0: 2, 1: byte(len(data))}
	copy(out[2:31], data)
	binary.BigEndian.PutUint16(out[31:], counter)
}

const (
	maxCounter = 1<<16 - 1
	// constantTries is how many counters EmbedLowest always tries, so that its
	// time tells nothing about the data but with probability 2⁻⁴⁰.
	constantTries = 40
)

// EmbedLowest returns the point with the lowest counter that carries data, of
// which it takes EmbedLen bytes at most.
func (Group) EmbedLowest(data []byte) kyber.Point {
	data = data[:min(len(data), EmbedLen)]
	found := 0
	var best [PointLen]byte
	for counter := 0; counter < constantTries || found == 0; counter++ {
		if counter > maxCounter {
			panic("p256: no counter gives a point")
		}
		var b [PointLen]byte
		candidate(&b, data, uint16(counter))
		ok := isAbscissa(b[1:])
		subtle.ConstantTimeCopy(ok&^found, best[:], b[:])
		found |= ok
	}
	p := new(Point)
	if _, err := p.p.SetBytes(best[:]); err != nil {
		panic("p256: abscissa of no point")
	}
	return p
}

// EmbedLowestVarTime is EmbedLowest for public data: it stops at the first.
func (Group) EmbedLowestVarTime(data []byte) kyber.Point {
	data = data[:min(len(data), EmbedLen)]
	for counter := 0; counter <= maxCounter; counter++ {
		var b [PointLen]byte
		candidate(&b, data, uint16(counter))
		p := new(Point)
		if _, err := p.p.SetBytes(b[:]); err == nil {
			return p
		}
	}
	panic("p256: no counter gives a point")
}

// isAbscissa returns 1 if x, big-endian and below the field's prime p, is the
// x of a point, that is if x³ − 3x + b is a square. It is constant time, which
// nistec's decoding is not when it refuses.
func isAbscissa(x []byte) int {
	n, err := bigmod.NewNat().SetBytes(x, prime)
	if err != nil {
		panic("p256: abscissa is not reduced")
	}
	// x³ − 3x + b = x·(x² − 3) + b
	square := bigmod.NewNat().SetUint(1).ExpandFor(prime)
	square.Mul(n, prime).Mul(n, prime).Sub(three, prime).Mul(n, prime).Add(curveB, prime)
	// Euler's criterion: its power (p−1)/2 is 1, or 0 for the point with y = 0
	// that this curve of odd order does not have.
	return int(bigmod.NewNat().Exp(square, halfPrime, prime).IsOne())
}

// The field's prime p, (p−1)/2, and the coefficients of y² = x³ − 3x + b.
var (
	prime = func() *bigmod.Modulus {
		m, err := bigmod.NewModulus(elliptic.P256().Params().P.Bytes())
		if err != nil {
			panic("p256: prime is not a modulus")
		}
		return m
	}()
	halfPrime = new(big.Int).Rsh(elliptic.P256().Params().P, 1).Bytes()
	three     = bigmod.NewNat().SetUint(3).ExpandFor(prime)
	curveB    = func() *bigmod.Nat {
		b, err := bigmod.NewNat().SetBytes(elliptic.P256().Params().B.Bytes(), prime)
		if err != nil {
			panic("p256: b is not reduced")
		}
		return b
	}()
)

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
		candidate(&b, data, binary.BigEndian.Uint16(r[:]))
		if _, err := p.p.SetBytes(b[:]); err == nil {
			return p
		}
	}
}

// Data returns the bytes that Embed or EmbedLowest put into p. Unlike the
// caller of EmbedLowest it cannot know whether the counter was the lowest.
func (p *Point) Data() ([]byte, error) {
	b := p.append(nil)
	n := int(b[1])
	if b[0] != 2 || n > EmbedLen {
		return nil, fmt.Errorf("p256: point carries no data: %w", reason.ErrEncoding)
	}
	for _, pad := range b[2+n : 31] {
		if pad != 0 {
			return nil, fmt.Errorf("p256: padding of embedded data: %w", reason.ErrEncoding)
		}
	}
	return append([]byte(nil), b[2:2+n]...), nil
}
