package sdjwt

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

// presentToken presents a token that was made by hand in place of the issuer's.
func (w *wallet) presentToken(t testing.TB, token string) []byte {
	p := token + "~" + strings.Join(append(w.disclosures, ""), "~")
	w.binding["sd_hash"] = digest(p)
	return []byte(p + sign(t, w.holder, w.holderHeader, w.binding))
}

// TestHeaderKeys signs as somebody else and brings the key along, in every
// header that can name or carry one.
func TestHeaderKeys(t *testing.T) {
	mallory := p256(t)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now, NotAfter: now.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, mallory.Public(), mallory)
	require.NoError(t, err)
	for name, header := range map[string]object{
		"jwk":  {"jwk": jwk(t, mallory.Public())},
		"x5c":  {"x5c": []any{base64.StdEncoding.EncodeToString(der)}},
		"jku":  {"jku": "https://mallory.example/jwks.json"},
		"x5u":  {"x5u": "https://mallory.example/cert.pem"},
		"x5t":  {"x5t#S256": digest(string(der))},
		"none": {},
	} {
		for _, who := range []string{"issuer", "holder"} {
			w := newWallet(t, p256(t), p256(t))
			v := newVerifier(t, Issuer{ID: didKey(w.issuer)})
			at, want := w.issuerHeader, identity.ErrSignature
			if who == "issuer" {
				w.issuer = mallory
			} else {
				w.holder = mallory
				at, want = w.holderHeader, identity.ErrHolder
			}
			for k, v := range header {
				at[k] = v
			}
			_, err := v.Verify(t.Context(), w.present(t), request())
			require.ErrorIs(t, err, want, "%s of the %s", name, who)
		}
	}

	// Signed by the right key, a header that carries what is no key is refused.
	w := newWallet(t, p256(t), p256(t))
	w.issuerHeader["jwk"] = object{"kty": "EC"}
	_, err = newVerifier(t, Issuer{ID: didKey(w.issuer)}).Verify(t.Context(), w.present(t), request())
	requireReason(t, err, identity.ErrEncoding)
}

// TestUnencodedPayload holds that nobody is let in by a signature over other
// bytes than those of the token: RFC 7797 lets a header say that the payload
// was signed as it is, but not in a JWT (section 7).
func TestUnencodedPayload(t *testing.T) {
	for _, b64 := range []any{false, true, nil} {
		w := newWallet(t, p256(t), p256(t))
		v := newVerifier(t, Issuer{ID: didKey(w.issuer)})
		w.issuerHeader["b64"] = b64
		claims, err := json.Marshal(w.claims)
		require.NoError(t, err)
		signed := encode(w.issuerHeader) + "." + string(claims)
		token := encode(w.issuerHeader) + "." + encode(w.claims) + "." + signature(t, w.issuer, signed)
		_, err = v.Verify(t.Context(), w.presentToken(t, token), request())
		requireReason(t, err, identity.ErrCritical)
	}
}

// TestStrayBits writes the bytes of a presentation in other letters: the last
// one has bits that stand for nothing, which JOSE does not look at.
func TestStrayBits(t *testing.T) {
	stray := func(s string) string {
		const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		last := len(s) - 1
		at := strings.IndexByte(letters, s[last])
		require.Zero(t, at%4)
		return s[:last] + letters[at+1:at+2]
	}
	w := newWallet(t, ed(t), p256(t))
	v := newVerifier(t, Issuer{ID: didKey(w.issuer)})
	token := sign(t, w.issuer, w.issuerHeader, w.claims)
	_, err := v.Verify(t.Context(), w.presentToken(t, stray(token)), request())
	requireReason(t, err, identity.ErrEncoding)
	w.edit = stray
	delete(w.binding, "sd_hash")
	_, err = v.Verify(t.Context(), w.present(t), request())
	requireReason(t, err, identity.ErrEncoding)
	_, err = v.Verify(t.Context(), w.presentToken(t, token), request())
	require.NoError(t, err)
}

// TestTwice says one thing twice, in every part of a presentation that is JSON.
func TestTwice(t *testing.T) {
	text := func(v any) string { return decoded(t, encode(v)) }
	twice := func(json, first string) string { return "{" + first + "," + json[1:] }
	type parts struct{ header, claims, holderHeader, holderClaims string } // JSON
	for name, change := range map[string]func(p *parts){
		"nothing":           nil,
		"alg of the issuer": func(p *parts) { p.header = twice(p.header, `"alg":"none"`) },
		"iss":               func(p *parts) { p.claims = twice(p.claims, `"iss":"did:web:mallory.example"`) },
		"cnf":               func(p *parts) { p.claims = twice(p.claims, `"c\u006ef":{}`) },
		"alg of the holder": func(p *parts) { p.holderHeader = twice(p.holderHeader, `"alg":"none"`) },
		"nonce":             func(p *parts) { p.holderClaims = twice(p.holderClaims, `"nonce":"nonce-2"`) },
	} {
		w := newWallet(t, ed(t), ed(t)) // whose signatures are the same each time
		p := parts{text(w.issuerHeader), text(w.claims), text(w.holderHeader), ""}
		assemble := func() []byte {
			token := base64url.EncodeToString([]byte(p.header)) + "." + base64url.EncodeToString([]byte(p.claims))
			signed := token + "." + signature(t, w.issuer, token) + "~" + strings.Join(append(w.disclosures, ""), "~")
			if p.holderClaims == "" {
				w.binding["sd_hash"] = digest(signed)
				p.holderClaims = text(w.binding)
			}
			kb := base64url.EncodeToString([]byte(p.holderHeader)) + "." + base64url.EncodeToString([]byte(p.holderClaims))
			return []byte(signed + kb + "." + signature(t, w.holder, kb))
		}
		presentation := assemble()
		if change != nil {
			change(&p)
			presentation = assemble()
		}
		_, err := newVerifier(t, Issuer{ID: didKey(w.issuer)}).Verify(t.Context(), presentation, request())
		if change == nil {
			require.NoError(t, err)
			continue
		}
		require.ErrorIs(t, err, identity.ErrDuplicate, name)
	}
}

func decoded(t testing.TB, text string) string {
	data, err := decode(text)
	require.NoError(t, err)
	return string(data)
}
