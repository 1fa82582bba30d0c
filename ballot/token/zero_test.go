package token_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/internal/reason"
)

// TestP85ZeroValues: keys and requests that nobody has made are refused, and
// nothing panics.
func TestP85ZeroValues(t *testing.T) {
	sized := bytes.Repeat([]byte{1}, token.Size)
	c := deskConfig()
	c.Keys = map[token.Class]*token.IssuerKey{city: new(token.IssuerKey)}
	for name, call := range map[string]func() error{
		"request without a key": func() error { _, err := token.NewRequest(nil, []byte("m")); return err },
		"request of no key":     func() error { _, err := token.NewRequest(new(token.PublicKey), []byte("m")); return err },
		"answer to no request":  func() error { _, err := new(token.Request).Finish(sized); return err },
		"token of no key":       func() error { return new(token.PublicKey).Verify([]byte("m"), sized) },
		"signature by no key":   func() error { _, err := new(token.IssuerKey).Sign(sized); return err },
		"desk of no key":        func() error { _, err := token.OpenDesk(t.Context(), newLog(t), c); return err },
		"issuance under no key": func() error {
			return token.CheckIssuance(t.Context(), newLog(t), []*token.PublicKey{new(token.PublicKey)}, token.Issued{})
		},
		"public part of no key": func() error { _, err := new(token.IssuerKey).Public(aContext(city)); return err },
	} {
		require.ErrorIs(t, call(), reason.ErrShape, name)
	}
}
