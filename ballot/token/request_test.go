package token_test

import (
	"bytes"
	"math/big"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/internal/tokentest"
)

// TestRequestAgain: a device that was switched off in between asks again with
// the very same blinded message and ends up with the very same token.
func TestRequestAgain(t *testing.T) {
	s := newSession(t, 0, aContext(city), "K")
	stored := s.request.Bytes()
	again, err := token.ParseRequest(s.key, stored)
	require.NoError(t, err)
	require.Equal(t, s.blinded, again.Blinded())
	require.Equal(t, stored, again.Bytes())
	got, err := again.Finish(s.answer)
	require.NoError(t, err)
	require.Equal(t, s.result, got)

	stored[40] ^= 1
	again.Blinded()[0] ^= 1
	require.Equal(t, s.blinded, again.Blinded())
}

func TestParseRequestRefuses(t *testing.T) {
	s := newSession(t, 0, aContext(city), "K")
	good := s.request.Bytes()
	with := func(at int) []byte {
		b := bytes.Clone(good)
		b[at] ^= 1
		return b
	}
	for name, change := range map[string]struct {
		request []byte
		want    error
	}{
		"empty":        {nil, token.ErrEncoding},
		"short":        {good[:len(good)-1], token.ErrEncoding},
		"trailing":     {append(bytes.Clone(good), 0), token.ErrEncoding},
		"message":      {with(4), token.ErrBinding},
		"seed":         {with(len(good) - 33), token.ErrBinding},
		"hash":         {with(len(good) - 1), token.ErrBinding},
		"no message":   {slices.Concat(make([]byte, 4), good[len(good)-64:]), token.ErrEncoding},
		"long message": {slices.Concat([]byte{0xff, 0xff, 0xff, 0xff}, good[4:]), token.ErrLimit},
	} {
		_, err := token.ParseRequest(s.key, change.request)
		require.ErrorIs(t, err, change.want, name)
	}
	_, err := token.ParseRequest(publicKey(t, 1, aContext(city)), good)
	require.ErrorIs(t, err, token.ErrBinding, "another key")
	_, err = token.ParseRequest(nil, good)
	require.ErrorIs(t, err, token.ErrShape, "no key")
}

func TestNewRequestRefuses(t *testing.T) {
	pk := publicKey(t, 0, aContext(city))
	_, err := token.NewRequest(pk, make([]byte, 1024))
	require.NoError(t, err)
	_, err = token.NewRequest(pk, make([]byte, 1025))
	require.ErrorIs(t, err, token.ErrEncoding)
	_, err = token.NewRequest(pk, nil)
	require.ErrorIs(t, err, token.ErrEncoding)
	_, err = token.NewRequest(nil, []byte("m"))
	require.ErrorIs(t, err, token.ErrShape)
	_, err = token.BlindWith(pk, []byte("m"), bytes.NewReader(make([]byte, 60)))
	require.ErrorIs(t, err, token.ErrRange, "randomness ends early")
	_, err = token.BlindWith(pk, []byte("m"), bytes.NewReader(make([]byte, 48+token.Size)))
	require.NoError(t, err, "a blinding factor of 1 is one")
}

func TestFinishRefuses(t *testing.T) {
	s, other := newSession(t, 0, aContext(city), "K"), newSession(t, 0, aContext(city), "K")
	byOther, err := tokentest.Key(1).Sign(bytesOf(new(big.Int).Rsh(number(s.blinded), 1)))
	require.NoError(t, err)
	n := modulus(s.key)
	for name, change := range map[string]struct {
		answer []byte
		want   error
	}{
		"empty":           {nil, token.ErrEncoding},
		"short":           {s.answer[1:], token.ErrEncoding},
		"long":            {append(bytes.Clone(s.answer), 0), token.ErrEncoding},
		"another answer":  {other.answer, token.ErrSignature},
		"another key":     {byOther, token.ErrSignature},
		"the question":    {s.blinded, token.ErrSignature},
		"0":               {make([]byte, token.Size), token.ErrSignature},
		"1":               {bytesOf(one), token.ErrSignature},
		"minus":           {bytesOf(new(big.Int).Sub(n, number(s.answer))), token.ErrSignature},
		"all ones":        {bytes.Repeat([]byte{0xff}, token.Size), token.ErrSignature},
		"the other token": {other.result, token.ErrSignature},
	} {
		got, err := s.request.Finish(change.answer)
		require.ErrorIs(t, err, change.want, name)
		require.Nil(t, got, name)
	}
}
