package vectors

import (
	"crypto/elliptic"
	"encoding/hex"
	"math/big"
	"slices"
)

// What can be wrong with points and scalars, from docs/protocol.md §1. Nothing
// here asks the library.

// curve is what a group's encodings look like.
type curve struct {
	name          string
	point, scalar int
	order         *big.Int
	base          string // G
	other         string // 2·G
	notOnCurve    []encoding
	malformed     []encoding
}

// encoding is one that decodes to nothing.
type encoding struct{ what, hex string }

var curves = map[string]*curve{
	"ristretto255": {
		name: "ristretto255", point: 32, scalar: 32,
		order: number("7237005577332262213973186563042994240857116359379907606001950938285454250989"),
		base:  "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
		other: "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
		notOnCurve: []encoding{ // RFC 9496, A.2
			{"x² is not a square", "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371"},
			{"x·y is negative", "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e"},
			{"y is zero", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
		},
		malformed: []encoding{
			{"p in the place of zero", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
			{"above p", "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
			{"above 2^255", "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
			{"one, which is negative", "0100000000000000000000000000000000000000000000000000000000000000"},
			{"the base of edwards25519", "5866666666666666666666666666666666666666666666666666666666666666"},
		},
	},
	"P-256": {
		name: "P-256", point: 33, scalar: 32,
		order: elliptic.P256().Params().N,
		base:  "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
		other: "037cf27b188d034f7e8a52380304b51ac3c08969e277f21b35a60b48fc47669978",
		notOnCurve: []encoding{
			{"x is on no point", "02" + coordinate(false)},
			{"x is on no point of the curve, the other sign", "03" + coordinate(false)},
		},
		malformed: []encoding{
			{"p more than a point's x", "02" + coordinate(true)},
			{"x is p", "02" + hex.EncodeToString(elliptic.P256().Params().P.Bytes())},
			{"tag 00 and the base's x", "006b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"},
			{"tag 04 of uncompressed points", "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"},
			{"tag 06 of hybrid points", "066b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"},
			{"identity but for a bit", "000000000000000000000000000000000000000000000000000000000000000001"},
		},
	},
}

func number(s string) *big.Int {
	n, _ := new(big.Int).SetString(s, 10)
	return n
}

// coordinate returns the least x > 0 that is on no point of P-256; or, if more,
// the least that is on one, with p added.
func coordinate(more bool) string {
	c := elliptic.P256().Params()
	for x := big.NewInt(1); ; x.Add(x, big.NewInt(1)) {
		y2 := new(big.Int).Exp(x, big.NewInt(3), c.P) // y² = x³ − 3x + b
		y2.Sub(y2, new(big.Int).Mul(big.NewInt(3), x)).Add(y2, c.B).Mod(y2, c.P)
		if on := big.Jacobi(y2, c.P) == 1; on != more {
			continue
		}
		if more {
			x.Add(x, c.P)
		}
		return hex.EncodeToString(x.FillBytes(make([]byte, 32)))
	}
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// scalarInt and scalarBytes are the encoding of scalars, also of those that are
// too large.
func (c *curve) scalarInt(b []byte) *big.Int {
	b = slices.Clone(b)
	if c.name == "ristretto255" {
		slices.Reverse(b)
	}
	return new(big.Int).SetBytes(b)
}

func (c *curve) scalarBytes(n *big.Int) []byte {
	b := n.FillBytes(make([]byte, c.scalar))
	if c.name == "ristretto255" {
		slices.Reverse(b)
	}
	return b
}

// change is what becomes of a field, and why that is refused.
type change struct {
	what   string
	to     func(old []byte) []byte
	reason string
}

func constant(b []byte) func([]byte) []byte { return func([]byte) []byte { return b } }

// pointChanges are the changes of a point, whose change to another point ends in
// the reason other. identity is the reason for which the identity is refused.
func (c *curve) pointChanges(identity, other string) []change {
	return []change{
		{"the non-canonical twin", c.twin, "encoding"},
		{c.notOnCurve[0].what, constant(unhex(c.notOnCurve[0].hex)), "encoding"},
		{"the identity", constant(make([]byte, c.point)), identity},
		{"the base", constant(unhex(c.base)), other},
	}
}

// twin is another encoding that lax decoders take for the same point: −s of
// ristretto255, and the x of P-256 under the tag of uncompressed points.
func (c *curve) twin(old []byte) []byte {
	b := slices.Clone(old)
	if c.name == "P-256" {
		b[0] = 4
		return b
	}
	slices.Reverse(b)
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	b = p.Sub(p, new(big.Int).SetBytes(b)).FillBytes(make([]byte, 32))
	slices.Reverse(b)
	return b
}

// scalarChanges are the changes of a scalar of a proof.
func (c *curve) scalarChanges() []change {
	return []change{
		{"not reduced", c.unreduced, "encoding"},
		{"zero", constant(make([]byte, c.scalar)), "proof"},
		{"one more", func(old []byte) []byte {
			n := c.scalarInt(old)
			return c.scalarBytes(n.Mod(n.Add(n, big.NewInt(1)), c.order))
		}, "proof"},
	}
}

// unreduced is q more where that fits, and else q.
func (c *curve) unreduced(old []byte) []byte {
	if n := new(big.Int).Add(c.scalarInt(old), c.order); n.BitLen() <= 8*c.scalar {
		return c.scalarBytes(n)
	}
	return c.scalarBytes(c.order)
}
