package token_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/internal/tokentest"
)

// TestSecretsNeverPrinted prints keys, requests and desks in every way and
// looks for pieces of what they hold.
func TestSecretsNeverPrinted(t *testing.T) {
	s := newSession(t, 0, aContext(city), "the canary's credential")
	d := openDesk(t, newLog(t))
	_, err := d.Issue(t.Context(), subject(3), city, s.blinded)
	require.NoError(t, err)

	var out strings.Builder
	logger := slog.New(slog.NewTextHandler(&out, nil))
	for _, v := range []any{tokentest.Key(0), *tokentest.Key(0), s.request, *s.request, d, deskConfig().Keys,
		struct{ K *token.IssuerKey }{tokentest.Key(0)}, []*token.Request{s.request}} {
		fmt.Fprintf(&out, "%v %+v %#v %s %x %d %q\n", v, v, v, v, v, v, v)
		logger.Info("x", "v", v)
		b, err := json.Marshal(v)
		if err == nil {
			out.Write(b)
		}
	}
	// Errors quote neither.
	_, err = d.Issue(t.Context(), subject(3), city, blinded(9))
	require.ErrorIs(t, err, token.ErrDuplicate)
	_, finish := s.request.Finish(make([]byte, token.Size))
	require.ErrorIs(t, finish, token.ErrSignature)
	_, parse := token.ParseRequest(publicKey(t, 1, aContext(city)), s.request.Bytes())
	require.ErrorIs(t, parse, token.ErrBinding)
	fmt.Fprint(&out, errors.Join(err, finish, parse))

	key := tokentest.Key(0).Bytes()
	served := subject(3)
	for name, secret := range map[string][]byte{
		"prime": key[:token.Size/2], "other prime": key[token.Size/2:], "seed": s.request.Bytes()[len(s.message)+4:][:32],
		"message": s.message, "credential": []byte("the canary's credential"), "token": s.result, "blinded": s.blinded, "subject": served[:],
	} {
		for at := 0; at+8 <= len(secret); at += 8 {
			piece := secret[at : at+8]
			if bytes.Equal(piece, make([]byte, 8)) {
				continue
			}
			for _, shape := range []string{string(piece), fmt.Sprintf("%x", piece), fmt.Sprintf("%X", piece),
				strings.Trim(fmt.Sprint(piece), "[]"), base64.RawStdEncoding.EncodeToString(piece[:6])} {
				require.NotContains(t, out.String(), shape, name)
			}
		}
	}
	require.Contains(t, out.String(), "[redacted]")
}
