package token_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math/big"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/internal/tokentest"
	"github.com/hanpyo/hanpyo/ledger"
)

var (
	city   = token.Class{Style: "city", Weight: 1}
	double = token.Class{Style: "city", Weight: 2}
	valley = token.Class{Style: "valley", Weight: 1}
	one    = big.NewInt(1)
	e      = big.NewInt(65537)
)

// aContext returns the context of a class; contexts of one class are equal.
func aContext(class token.Class) token.Context {
	return token.Context{
		Election:  [32]byte([]byte("an election of thirty-two bytes.")),
		Registrar: ed25519.PublicKey("a registrar's role key: 32 bytes"),
		Class:     class,
	}
}

// publicKeys are those made so far: a proof takes a while.
var publicKeys sync.Map

func publicKey(t testing.TB, i int, c token.Context) *token.PublicKey {
	name := fmt.Sprint(i, c)
	if pk, ok := publicKeys.Load(name); ok {
		return pk.(*token.PublicKey)
	}
	pk, err := tokentest.Key(i).Public(c)
	require.NoError(t, err)
	publicKeys.Store(name, pk)
	return pk
}

func modulus(pk *token.PublicKey) *big.Int { return number(pk.Bytes()[:token.Size]) }

func number(b []byte) *big.Int { return new(big.Int).SetBytes(b) }

func bytesOf(n *big.Int) []byte { return n.FillBytes(make([]byte, token.Size)) }

// session is one token with everything that was said on the way.
type session struct {
	key                     *token.PublicKey
	message                 []byte
	request                 *token.Request
	blinded, answer, result []byte
}

func newSession(t testing.TB, i int, c token.Context, credential string) session {
	s := session{key: publicKey(t, i, c)}
	s.message = token.Message(c.Election, c.Class, []byte(credential))
	var err error
	s.request, err = token.NewRequest(s.key, s.message)
	require.NoError(t, err)
	s.blinded = s.request.Blinded()
	s.answer, err = tokentest.Key(i).Sign(s.blinded)
	require.NoError(t, err)
	s.result, err = s.request.Finish(s.answer)
	require.NoError(t, err)
	return s
}

// dividing returns a key whose first prime is 1 modulo e.
func dividing(t testing.TB) (p, q *big.Int) {
	text, err := os.ReadFile("testdata/divides.txt")
	require.NoError(t, err)
	b, err := hex.DecodeString(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	p, q = number(b[:len(b)/2]), number(b[len(b)/2:])
	if new(big.Int).Mod(p, e).Cmp(one) != 0 {
		p, q = q, p
	}
	require.Zero(t, new(big.Int).Mod(p, e).Cmp(one))
	return p, q
}

func newSigner(t testing.TB) note.Signer {
	skey, _, err := note.GenerateKey(rand.Reader, "registrar.example/issuance")
	require.NoError(t, err)
	s, err := note.NewSigner(skey)
	require.NoError(t, err)
	return s
}

func newLog(t testing.TB) ledger.Ledger { return ledger.NewMemory(newSigner(t)) }

// subject returns the i-th of the subjects; the first 100 are of class city,
// the next 100 of class valley, and the others may not vote.
func subject(i int) [32]byte { return [32]byte{1, byte(i >> 8), byte(i)} }

func eligible(_ context.Context, s [32]byte) (token.Class, error) {
	switch i := int(s[1])<<8 | int(s[2]); {
	case i < 100:
		return city, nil
	case i < 200:
		return valley, nil
	}
	return token.Class{}, fmt.Errorf("not on the list: %w", token.ErrEligibility)
}

func deskConfig() token.DeskConfig {
	c := aContext(city)
	return token.DeskConfig{
		Election: c.Election, Registrar: c.Registrar, Eligible: eligible,
		Keys: map[token.Class]*token.IssuerKey{city: tokentest.Key(0), valley: tokentest.Key(1)},
	}
}

// deskKeys are the public keys of deskConfig.
func deskKeys(t testing.TB) []*token.PublicKey {
	return []*token.PublicKey{publicKey(t, 1, aContext(valley)), publicKey(t, 0, aContext(city))}
}

func openDesk(t testing.TB, log token.Log) *token.Desk {
	d, err := token.OpenDesk(t.Context(), log, deskConfig())
	require.NoError(t, err)
	return d
}

// blinded returns some message that could be a blinded one.
func blinded(i byte) []byte { return slices.Concat([]byte{1, i}, make([]byte, token.Size-2)) }
