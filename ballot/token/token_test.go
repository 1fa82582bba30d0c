package token_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"io"
	"math/big"
	"slices"
	"testing"

	"github.com/cloudflare/circl/blindsign/blindrsa"
	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/internal/tokentest"
)

func TestToken(t *testing.T) {
	c := aContext(city)
	s := newSession(t, 0, c, "K")
	require.NoError(t, s.key.Verify(s.message, s.result))

	other := c
	other.Election[31] ^= 1
	for name, message := range map[string][]byte{
		"another election":   token.Message(other.Election, c.Class, []byte("K")),
		"another style":      token.Message(c.Election, token.Class{Style: "valley", Weight: 1}, []byte("K")),
		"another weight":     token.Message(c.Election, double, []byte("K")),
		"another credential": token.Message(c.Election, c.Class, []byte("L")),
		"a longer message":   append(bytes.Clone(s.message), 0),
		"no message":         nil,
	} {
		require.ErrorIs(t, s.key.Verify(message, s.result), token.ErrSignature, name)
	}
	require.ErrorIs(t, publicKey(t, 1, c).Verify(s.message, s.result), token.ErrSignature, "another key")

	n := modulus(s.key)
	for name, change := range map[string]struct {
		token []byte
		want  error
	}{
		"short":      {s.result[1:], token.ErrEncoding},
		"long":       {append(bytes.Clone(s.result), 0), token.ErrEncoding},
		"empty":      {nil, token.ErrEncoding},
		"0":          {make([]byte, token.Size), token.ErrSignature},
		"1":          {bytesOf(one), token.ErrSignature},
		"N":          {bytesOf(n), token.ErrSignature},
		"minus":      {bytesOf(new(big.Int).Sub(n, number(s.result))), token.ErrSignature},
		"blind":      {s.answer, token.ErrSignature},
		"blinded":    {s.blinded, token.ErrSignature},
		"all ones":   {bytes.Repeat([]byte{0xff}, token.Size), token.ErrSignature},
		"the square": {bytesOf(new(big.Int).Exp(number(s.result), big.NewInt(2), n)), token.ErrSignature},
	} {
		require.ErrorIs(t, s.key.Verify(s.message, change.token), change.want, name)
	}
	for i := 0; i < token.Size; i += 13 {
		flipped := bytes.Clone(s.result)
		flipped[i] ^= 1 << (i % 8)
		require.ErrorIs(t, s.key.Verify(s.message, flipped), token.ErrSignature, "byte %d", i)
	}
}

// standardKey returns the first of the keys as crypto/rsa has it.
func standardKey() *rsa.PrivateKey {
	b := tokentest.Key(0).Bytes()
	p, q := number(b[:token.Size/2]), number(b[token.Size/2:])
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	return &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537},
		D:         new(big.Int).ModInverse(e, phi),
		Primes:    []*big.Int{p, q},
	}
}

// TestVerifyAsStandardLibrary compares with crypto/rsa on tokens, changed
// tokens, and signatures with other salts.
func TestVerifyAsStandardLibrary(t *testing.T) {
	s := newSession(t, 0, aContext(city), "K")
	secret := standardKey()
	digest := sha512.Sum384(s.message)
	signed := func(digest []byte, salt int, hash crypto.Hash) []byte {
		b, err := rsa.SignPSS(rand.Reader, secret, hash, digest, &rsa.PSSOptions{SaltLength: salt})
		require.NoError(t, err)
		return b
	}
	short := sha256.Sum256(s.message)
	for name, c := range map[string]struct {
		token []byte
		good  bool
	}{
		"token":         {s.result, true},
		"signature":     {signed(digest[:], 48, crypto.SHA384), true},
		"no salt":       {signed(digest[:], 0, crypto.SHA384), false},
		"short salt":    {signed(digest[:], 47, crypto.SHA384), false},
		"long salt":     {signed(digest[:], 49, crypto.SHA384), false},
		"other message": {signed(make([]byte, 48), 48, crypto.SHA384), false},
		"other hash":    {signed(short[:], 48, crypto.SHA256), false},
	} {
		std := rsa.VerifyPSS(&secret.PublicKey, crypto.SHA384, digest[:], c.token, &rsa.PSSOptions{SaltLength: 48})
		require.Equal(t, c.good, std == nil, name)
		require.Equal(t, c.good, s.key.Verify(s.message, c.token) == nil, name)
	}
}

// TestMessage holds that messages are unambiguous, and their bytes.
func TestMessage(t *testing.T) {
	m := token.Message([32]byte{}, token.Class{Style: "ab", Weight: 3}, []byte("K"))
	require.Equal(t, fmt.Sprintf("0000000f%x%064x00000002%x0000000000000003000000014b", "hanpyo/v1 token", 0, "ab"), fmt.Sprintf("%x", m))
	require.NotEqual(t, m, token.Message([32]byte{}, token.Class{Style: "a", Weight: 3}, []byte("bK")))
}

// TestSignAsRFC9474 compares with circl's BlindSign, which computes without
// the factors.
func TestSignAsRFC9474(t *testing.T) {
	key, secret := tokentest.Key(0), standardKey()
	n, p, q := secret.N, secret.Primes[0], secret.Primes[1]
	signer := blindrsa.NewSigner(secret)
	numbers := []*big.Int{big.NewInt(2), p, q, new(big.Int).Sub(n, big.NewInt(2)), new(big.Int).Sub(n, p)}
	for range 10 {
		x, err := rand.Int(rand.Reader, n)
		require.NoError(t, err)
		numbers = append(numbers, x)
	}
	for _, x := range numbers {
		want, err := signer.BlindSign(bytesOf(x))
		require.NoError(t, err)
		got, err := key.Sign(bytesOf(x))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestSignRefuses(t *testing.T) {
	key := tokentest.Key(0)
	n := modulus(publicKey(t, 0, aContext(city)))
	_, err := key.Sign(bytesOf(big.NewInt(2)))
	require.NoError(t, err)
	for name, change := range map[string]struct {
		blinded []byte
		want    error
	}{
		"empty":    {nil, token.ErrEncoding},
		"short":    {make([]byte, token.Size-1), token.ErrEncoding},
		"long":     {make([]byte, token.Size+1), token.ErrEncoding},
		"0":        {make([]byte, token.Size), token.ErrRange},
		"1":        {bytesOf(one), token.ErrRange},
		"−1":       {bytesOf(new(big.Int).Sub(n, one)), token.ErrRange},
		"N":        {bytesOf(n), token.ErrRange},
		"N + 2":    {bytesOf(new(big.Int).Add(n, big.NewInt(2))), token.ErrRange},
		"all ones": {bytes.Repeat([]byte{0xff}, token.Size), token.ErrRange},
	} {
		_, err := key.Sign(change.blinded)
		require.ErrorIs(t, err, change.want, name)
	}
}

func TestIssuerKeyRoundTrip(t *testing.T) {
	key := token.NewIssuerKey()
	again, err := token.ParseIssuerKey(key.Bytes())
	require.NoError(t, err)
	require.Equal(t, key.Bytes(), again.Bytes())
	c := aContext(city)
	first, err := key.Public(c)
	require.NoError(t, err)
	second, err := again.Public(c)
	require.NoError(t, err)
	require.Equal(t, first.Bytes(), second.Bytes())
	key.Bytes()[0] ^= 1
	require.Equal(t, key.Bytes(), again.Bytes(), "Bytes returns its own copy")
}

func TestParseIssuerKeyRefuses(t *testing.T) {
	good := tokentest.Key(0).Bytes()
	half := len(good) / 2
	p, q := good[:half], good[half:]
	bad, other := dividing(t)
	if bad.Cmp(other) < 0 {
		bad, other = other, bad
	}
	composite := number(q)
	composite.Sub(composite, big.NewInt(2))
	small := new(big.Int).Rsh(number(p), 600)
	for name, change := range map[string]struct {
		key  []byte
		want error
	}{
		"empty":          {nil, token.ErrEncoding},
		"short":          {good[1:], token.ErrEncoding},
		"long":           {append(bytes.Clone(good), 0), token.ErrEncoding},
		"swapped":        {slices.Concat(q, p), token.ErrEncoding},
		"one prime":      {slices.Concat(p, p), token.ErrEncoding},
		"small factor":   {slices.Concat(p, small.FillBytes(make([]byte, half))), token.ErrEncoding},
		"composite":      {slices.Concat(p, composite.FillBytes(make([]byte, half))), token.ErrRange},
		"e divides p−1":  {slices.Concat(bad.FillBytes(make([]byte, half)), other.FillBytes(make([]byte, half))), token.ErrRange},
		"nothing but 0":  {make([]byte, len(good)), token.ErrEncoding},
		"nothing but ff": {bytes.Repeat([]byte{0xff}, len(good)), token.ErrEncoding},
	} {
		_, err := token.ParseIssuerKey(change.key)
		require.ErrorIs(t, err, change.want, name)
	}
}

// TestUnlinkable holds the reason why nobody can link: to every blinded
// message and every token there is a blinding factor that makes the one from
// the other, so that what a registrar saw fits all tokens of its key alike.
func TestUnlinkable(t *testing.T) {
	c := aContext(city)
	n := modulus(publicKey(t, 0, c))
	sessions := []session{newSession(t, 0, c, "K"), newSession(t, 0, c, "L"), newSession(t, 0, c, "L")}
	for i, seen := range sessions {
		for j, used := range sessions {
			// r = seen's answer / used's token; then blinded = encoded·r^e.
			r := new(big.Int).ModInverse(number(used.result), n)
			r.Mul(r, number(seen.answer)).Mod(r, n)
			encoded := new(big.Int).Exp(number(used.result), e, n)
			made := new(big.Int).Exp(r, e, n)
			made.Mul(made, encoded).Mod(made, n)
			require.Equal(t, seen.blinded, bytesOf(made), "%d from %d", i, j)
			if i != j {
				require.NotEqual(t, seen.blinded, used.blinded)
				require.NotEqual(t, seen.result, used.result)
			}
		}
	}
}

// TestSameTokenFromTwoBlinds holds that a token has nothing of the blinding
// factor, hence nothing of what the registrar saw.
func TestSameTokenFromTwoBlinds(t *testing.T) {
	c := aContext(city)
	pk := publicKey(t, 0, c)
	message := token.Message(c.Election, c.Class, []byte("K"))
	salt := bytes.Repeat([]byte{7}, 48)
	var seen, got [2][]byte
	for i := range got {
		r, err := token.BlindWith(pk, message, io.MultiReader(bytes.NewReader(salt), rand.Reader))
		require.NoError(t, err)
		seen[i] = r.Blinded()
		answer, err := tokentest.Key(0).Sign(seen[i])
		require.NoError(t, err)
		got[i], err = r.Finish(answer)
		require.NoError(t, err)
		require.NotContains(t, [][]byte{seen[i], answer}, got[i])
	}
	require.NotEqual(t, seen[0], seen[1])
	require.Equal(t, got[0], got[1])
}
