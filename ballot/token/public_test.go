package token_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/internal/tokentest"
)

func TestPublicKeyRoundTrip(t *testing.T) {
	c := aContext(city)
	pk := publicKey(t, 0, c)
	require.Len(t, pk.Bytes(), token.PublicKeySize)
	again, err := token.ParsePublicKey(pk.Bytes(), c)
	require.NoError(t, err)
	require.Equal(t, pk.Bytes(), again.Bytes())
	require.Equal(t, c, again.Context())
	require.Equal(t, pk.ID(), again.ID())
	require.NotEqual(t, pk.ID(), publicKey(t, 1, c).ID())

	input := pk.Bytes()
	again, err = token.ParsePublicKey(input, c)
	require.NoError(t, err)
	input[0] ^= 1
	again.Bytes()[0] ^= 1
	again.Context().Registrar[0] ^= 1
	require.Equal(t, pk.Bytes(), again.Bytes())
	require.Equal(t, aContext(city), again.Context())
}

func TestParsePublicKeyRefuses(t *testing.T) {
	c := aContext(city)
	pk := publicKey(t, 0, c)
	good, n := pk.Bytes(), modulus(pk)
	with := func(change func(b []byte)) []byte {
		b := bytes.Clone(good)
		change(b)
		return b
	}
	root := func(b []byte, i int) []byte { return b[i*token.Size:][:token.Size] }
	times := func(x int64) []byte { return with(func(b []byte) { multipleNear(n, x).FillBytes(b[:token.Size]) }) }
	for name, change := range map[string]struct {
		key  []byte
		want error
	}{
		"empty":           {nil, token.ErrEncoding},
		"modulus only":    {good[:token.Size], token.ErrEncoding},
		"short":           {good[:len(good)-1], token.ErrEncoding},
		"long":            {append(bytes.Clone(good), 0), token.ErrEncoding},
		"top bit":         {with(func(b []byte) { aShorterModulus(n).FillBytes(b[:token.Size]) }), token.ErrRange},
		"even":            {with(func(b []byte) { b[token.Size-1] &^= 1 }), token.ErrRange},
		"factor 3":        {times(3), token.ErrRange},
		"factor 65521":    {times(65521), token.ErrRange},
		"factor 65537":    {times(65537), token.ErrRange},
		"other modulus":   {with(func(b []byte) { copy(b, publicKey(t, 1, c).Bytes()[:token.Size]) }), token.ErrProof},
		"first root":      {with(func(b []byte) { b[token.Size+9] ^= 1 }), token.ErrProof},
		"last root":       {with(func(b []byte) { b[len(b)-1] ^= 1 }), token.ErrProof},
		"roots swapped":   {slices.Concat(good[:token.Size], root(good, 2), root(good, 1), good[3*token.Size:]), token.ErrProof},
		"root 0":          {with(func(b []byte) { clear(root(b, 3)) }), token.ErrProof},
		"root −σ":         {with(func(b []byte) { new(big.Int).Sub(n, number(root(b, 4))).FillBytes(root(b, 4)) }), token.ErrProof},
		"root N":          {with(func(b []byte) { n.FillBytes(root(b, 5)) }), token.ErrEncoding},
		"root above":      {with(func(b []byte) { copy(root(b, 8), bytes.Repeat([]byte{0xff}, token.Size)) }), token.ErrEncoding},
		"no proof":        {slices.Concat(good[:token.Size], make([]byte, token.PublicKeySize-token.Size)), token.ErrProof},
		"another's proof": {slices.Concat(good[:token.Size], publicKey(t, 1, c).Bytes()[token.Size:]), token.ErrProof},
	} {
		_, err := token.ParsePublicKey(change.key, c)
		require.ErrorIs(t, err, change.want, name)
	}
}

// aShorterModulus returns a number of one bit less without small factors.
func aShorterModulus(n *big.Int) *big.Int {
	m := new(big.Int).SetBit(n, 8*token.Size-1, 0)
	for m.SetBit(m, 8*token.Size-2, 1); ; m.Add(m, big.NewInt(2)) {
		small := false
		for i := int64(3); i <= 65537 && !small; i += 2 {
			small = new(big.Int).Mod(m, big.NewInt(i)).Sign() == 0
		}
		if !small {
			return m
		}
	}
}

// multipleNear returns an odd multiple of x that is close to n.
func multipleNear(n *big.Int, x int64) *big.Int {
	m := new(big.Int).Sub(n, new(big.Int).Mod(n, big.NewInt(x)))
	if m.Bit(0) == 0 {
		m.Sub(m, big.NewInt(x))
	}
	return m
}

// TestTransplantedProof: a key with its proof is good for one election,
// registrar and class only.
func TestTransplantedProof(t *testing.T) {
	good := publicKey(t, 0, aContext(city))
	for name, change := range map[string]func(c *token.Context){
		"election":  func(c *token.Context) { c.Election[0] ^= 1 },
		"registrar": func(c *token.Context) { c.Registrar[5] ^= 1 },
		"style":     func(c *token.Context) { c.Class.Style = "cits" },
		"weight":    func(c *token.Context) { c.Class.Weight = 2 },
	} {
		c := good.Context()
		change(&c)
		_, err := token.ParsePublicKey(good.Bytes(), c)
		require.ErrorIs(t, err, token.ErrProof, name)
	}
}

func TestContextRefused(t *testing.T) {
	good := publicKey(t, 0, aContext(city))
	for name, change := range map[string]struct {
		change func(c *token.Context)
		want   error
	}{
		"no registrar": {func(c *token.Context) { c.Registrar = nil }, token.ErrShape},
		"long name":    {func(c *token.Context) { c.Registrar = make(ed25519.PublicKey, 33) }, token.ErrShape},
		"no style":     {func(c *token.Context) { c.Class.Style = "" }, token.ErrEncoding},
		"long style":   {func(c *token.Context) { c.Class.Style = strings.Repeat("x", 65) }, token.ErrEncoding},
		"no weight":    {func(c *token.Context) { c.Class.Weight = 0 }, token.ErrRange},
	} {
		c := aContext(city)
		change.change(&c)
		_, err := tokentest.Key(0).Public(c)
		require.ErrorIs(t, err, change.want, name)
		_, err = token.ParsePublicKey(good.Bytes(), c)
		require.ErrorIs(t, err, change.want, name)
	}
}

// TestKeyThatLinks is why there is a proof. Where e divides p − 1, raising to
// the power of (p−1)/e modulo p gives the same for a message and whatever it
// is blinded to, one of e values: who knows p recognises the token. No proof
// for such a key holds, not even with all the roots that there are.
func TestKeyThatLinks(t *testing.T) {
	p, q := dividing(t)
	n := new(big.Int).Mul(p, q)
	c := aContext(city)
	cofactor := new(big.Int).Div(new(big.Int).Sub(p, one), e)
	character := func(x *big.Int) *big.Int { return new(big.Int).Exp(x, cofactor, p) }

	unchecked := token.UncheckedPublicKey(c, bytesOf(n))
	message := token.Message(c.Election, c.Class, []byte("K"))
	salt := bytes.Repeat([]byte{7}, 48)
	var values []*big.Int
	for range 2 {
		r, err := token.BlindWith(unchecked, message, io.MultiReader(bytes.NewReader(salt), rand.Reader))
		require.NoError(t, err)
		values = append(values, character(number(r.Blinded())))
	}
	require.Equal(t, values[0], values[1], "two blinds of one message")
	r, err := token.NewRequest(unchecked, token.Message(c.Election, c.Class, []byte("L")))
	require.NoError(t, err)
	require.NotEqual(t, values[0], character(number(r.Blinded())), "another message")

	proof := bytesOf(n)
	for _, rho := range token.Challenges(bytesOf(n), c) {
		proof = append(proof, bytesOf(bestRoot(rho, p, q))...)
	}
	_, err = token.ParsePublicKey(proof, c)
	require.ErrorIs(t, err, token.ErrProof)

	// A challenge that happens to have a root is no obstacle: the root found
	// here is right.
	rho := new(big.Int).Exp(big.NewInt(3), e, n)
	require.Equal(t, rho, new(big.Int).Exp(bestRoot(rho, p, q), e, n))
}

// bestRoot returns an e-th root of x modulo pq, where e divides p − 1, if there
// is one; otherwise what is one modulo q only.
func bestRoot(x, p, q *big.Int) *big.Int {
	cofactor := new(big.Int).Div(new(big.Int).Sub(p, one), e)
	rootP := new(big.Int).Exp(x, new(big.Int).ModInverse(e, cofactor), p)
	rootQ := new(big.Int).Exp(x, new(big.Int).ModInverse(e, new(big.Int).Sub(q, one)), q)
	h := new(big.Int).Sub(rootP, rootQ)
	h.Mul(h, new(big.Int).ModInverse(q, p)).Mod(h, p)
	return h.Mul(h, q).Add(h, rootQ)
}

// TestChallengeThatIsNoUnit has a modulus with a factor that is small, if not
// too small, and a weight for which that factor divides a challenge. All the
// roots are right.
func TestChallengeThatIsNoUnit(t *testing.T) {
	text, err := os.ReadFile("testdata/nonunit.txt")
	require.NoError(t, err)
	var q, p big.Int
	var weight uint64
	_, err = fmt.Sscanf(string(text), "%d %d %x", &q, &weight, &p)
	require.NoError(t, err)
	n := new(big.Int).Mul(&p, &q)
	phi := new(big.Int).Mul(new(big.Int).Sub(&p, one), new(big.Int).Sub(&q, one))
	d := new(big.Int).ModInverse(e, phi)
	prove := func(c token.Context) []byte {
		encoded := bytesOf(n)
		for _, rho := range token.Challenges(bytesOf(n), c) {
			encoded = append(encoded, bytesOf(rho.Exp(rho, d, n))...)
		}
		return encoded
	}
	c := aContext(token.Class{Style: "city", Weight: weight})
	_, err = token.ParsePublicKey(prove(c), c)
	require.ErrorIs(t, err, token.ErrProof)
	c.Class.Weight--
	_, err = token.ParsePublicKey(prove(c), c)
	require.NoError(t, err)
}
