package did

import (
	"compress/gzip"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mr-tron/base58"
	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

// The first test vectors of the did:key method for Ed25519 and P-256
// (w3c-ccg/did-method-key, test-vectors).
const (
	edKey   = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
	p256Key = "did:key:zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv"
)

var p256JWK = object{
	"kty": "EC", "crv": "P-256", "x": "igrFmi0whuihKnj9R3Om1SoMph72wUGeFaBbzG2vzns", "y": "efsX5b10x8yjyrj4ny3pGfLcY7Xby1KzgqOdqnsrJIM",
}

type object = map[string]any

func point(t testing.TB) *ecdsa.PublicKey {
	raw := []byte{4}
	for _, c := range []string{"x", "y"} {
		b, err := base64.RawURLEncoding.DecodeString(p256JWK[c].(string))
		require.NoError(t, err)
		raw = append(raw, b...)
	}
	k, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw)
	require.NoError(t, err)
	return k
}

func TestKey(t *testing.T) {
	var r Resolver
	for _, id := range []string{"", "#" + p256Key[len(keyPrefix):], p256Key + "#" + p256Key[len(keyPrefix):]} {
		k, err := r.Key(t.Context(), p256Key, id)
		require.NoError(t, err)
		require.True(t, point(t).Equal(k))
	}
	k, err := r.Key(t.Context(), edKey, "")
	require.NoError(t, err)
	want, err := hex.DecodeString("3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29") // RFC 8032's of an all-zero seed
	require.NoError(t, err)
	require.True(t, ed25519.PublicKey(want).Equal(k))
}

func TestKeyRefuse(t *testing.T) {
	text := p256Key[len(keyPrefix):]
	raw, err := base58.Decode(text[1:])
	require.NoError(t, err)
	named := func(b ...byte) string { return keyPrefix + "z" + base58.Encode(b) }
	for name, c := range map[string]struct {
		did, id string
		want    error
	}{
		"another method":      {"did:example:123", "", identity.ErrResolve},
		"not a DID":           {"https://example.org", "", identity.ErrResolve},
		"another key's name":  {p256Key, edKey, identity.ErrResolve},
		"base64url":           {keyPrefix + "u" + text[1:], "", identity.ErrEncoding},
		"not base58":          {p256Key + "0", "", identity.ErrEncoding},
		"empty":               {keyPrefix, "", identity.ErrEncoding},
		"too long":            {p256Key + strings.Repeat("1", 99), "", identity.ErrEncoding},
		"leading zero":        {keyPrefix + "z1" + text[1:], "", identity.ErrAlgorithm},
		"one byte more":       {named(append(raw, 0)...), "", identity.ErrAlgorithm},
		"one byte less":       {named(raw[:len(raw)-1]...), "", identity.ErrAlgorithm},
		"not on the curve":    {named(append([]byte{0x80, 0x24, 2}, offCurve(t)...)...), "", identity.ErrEncoding},
		"x is too large":      {named(append([]byte{0x80, 0x24, 2}, []byte(strings.Repeat("\xff", 32))...)...), "", identity.ErrEncoding},
		"uncompressed prefix": {named(append([]byte{0x80, 0x24, 4}, raw[3:]...)...), "", identity.ErrEncoding},
		"no codec, 32 bytes":  {named(make([]byte, 32)...), "", identity.ErrAlgorithm},
		"no codec, 33 bytes":  {named(raw[2:]...), "", identity.ErrAlgorithm},
		"Ed25519 short":       {named(append([]byte{0xed, 0x01}, make([]byte, 31)...)...), "", identity.ErrAlgorithm},
		"Ed25519 long":        {named(append([]byte{0xed, 0x01}, make([]byte, 33)...)...), "", identity.ErrAlgorithm},
		"codec not minimal":   {named(append([]byte{0xed, 0x81, 0x00}, make([]byte, 32)...)...), "", identity.ErrAlgorithm},
		"a fragment":          {p256Key + "#" + text, "", identity.ErrEncoding},
		"secp256k1":           {named(append([]byte{0xe7, 0x01}, raw[2:]...)...), "", identity.ErrAlgorithm},
		"X25519":              {named(append([]byte{0xec, 0x01}, make([]byte, 32)...)...), "", identity.ErrAlgorithm},
	} {
		k, err := new(Resolver).Key(t.Context(), c.did, c.id)
		require.ErrorIs(t, err, c.want, name)
		require.Nil(t, k, name)
	}
}

// offCurve returns the smallest number that is no x of P-256.
func offCurve(t testing.TB) []byte {
	x := make([]byte, 32)
	for ; x[31] < 100; x[31]++ {
		if p, _ := elliptic.UnmarshalCompressed(elliptic.P256(), append([]byte{2}, x...)); p == nil {
			return x
		}
	}
	t.Fatal("all are")
	return nil
}

func TestWebURL(t *testing.T) {
	for did, want := range map[string]string{ // the examples of the did:web method, section 2.5.2
		"did:web:w3c-ccg.github.io":               "https://w3c-ccg.github.io/.well-known/did.json",
		"did:web:w3c-ccg.github.io:user:alice":    "https://w3c-ccg.github.io/user/alice/did.json",
		"did:web:example.com%3A3000:user:alice":   "https://example.com:3000/user/alice/did.json",
		"did:web:xn--9n2bp8q.example":             "https://xn--9n2bp8q.example/.well-known/did.json",
		"did:web:10.0.0.1.example.com:a.b_c-d:e1": "https://10.0.0.1.example.com/a.b_c-d/e1/did.json",
	} {
		got, err := webURL(did)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{
		"", "localhost", "127.0.0.1", "10.1", "127.0.0.0x1", "0x7f.0x1", "0177.0.0.01", "2130706433", "%5B%3A%3A1%5D", "example.com%3a80", "example.com%3A", "example.com%3A0", "example.com%3A080",
		"example.com%3A65536", "example.com%2Fpath", "example.com/path", "user@example.com", "user%40example.com", "example..com",
		".example.com", "example.com.", "-a.example.com", "a-.example.com", "한국.example", "example.com:", "example.com::a", "example.com:..", "example.com:.:a",
		"example.com:%2e%2e", "example.com:a/b", "example.com:a?b", "example.com:a#b", "exam ple.com", "example.com\n",
		strings.Repeat("a", 64) + ".com", strings.Repeat("a.", 130) + "com",
	} {
		_, err := webURL(webPrefix + bad)
		require.ErrorIs(t, err, identity.ErrResolve, bad)
	}
}

const (
	issuer = "did:web:example.com:issuers:city" // example.com is in the certificate of httptest
	path   = "/issuers/city/did.json"
)

// document returns a document with one key for assertions.
func document() object {
	return object{
		"@context": []any{"https://www.w3.org/ns/did/v1"}, "id": issuer,
		"verificationMethod": []any{object{"id": issuer + "#key-1", "type": "JsonWebKey2020", "controller": issuer, "publicKeyJwk": clone(p256JWK)}},
		"assertionMethod":    []any{"#key-1"},
		"service":            []any{},
	}
}

func clone(o object) object {
	out := object{}
	for k, v := range o {
		out[k] = v
	}
	return out
}

// serve returns a resolver for which every host is the test's server.
func serve(t *testing.T, h http.HandlerFunc) *Resolver {
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	transport := s.Client().Transport.(*http.Transport).Clone()
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
	}
	return &Resolver{Client: &http.Client{Transport: transport}}
}

func serveJSON(t *testing.T, v any) *Resolver {
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Host != "example.com" || r.URL.Path != path || r.Method != http.MethodGet {
			http.NotFound(w, r)
			return
		}
		w.Write(data)
	})
}

func TestWeb(t *testing.T) {
	embedded, multibase := document(), document()
	embedded["assertionMethod"] = embedded["verificationMethod"]
	delete(embedded, "verificationMethod")
	multibase["verificationMethod"].([]any)[0] = object{
		"id": "#key-1", "type": "Multikey", "controller": issuer, "publicKeyMultibase": p256Key[len(keyPrefix):],
	}
	for name, doc := range map[string]object{"by reference": document(), "in place": embedded, "multibase": multibase} {
		for _, id := range []string{"#key-1", issuer + "#key-1"} {
			k, err := serveJSON(t, doc).Key(t.Context(), issuer, id)
			require.NoError(t, err, name)
			require.True(t, point(t).Equal(k), name)
		}
	}
}

// TestWebRefuse changes one thing of what TestWeb accepts.
func TestWebRefuse(t *testing.T) {
	method := func(d object) object { return d["verificationMethod"].([]any)[0].(object) }
	for name, c := range map[string]struct {
		change func(d object)
		id     string
		want   error
	}{
		"another subject":    {func(d object) { d["id"] = "did:web:example.com" }, "#key-1", identity.ErrResolve},
		"no key identifier":  {func(d object) { delete(method(d), "id"); d["assertionMethod"] = d["verificationMethod"] }, "", identity.ErrResolve},
		"another key":        {func(object) {}, "#key-2", identity.ErrResolve},
		"another's key":      {func(object) {}, "did:web:example.com#key-1", identity.ErrResolve},
		"not for assertions": {func(d object) { d["authentication"] = d["assertionMethod"]; delete(d, "assertionMethod") }, "#key-1", identity.ErrResolve},
		"another controller": {func(d object) { method(d)["controller"] = "did:web:example.com" }, "#key-1", identity.ErrResolve},
		"two of one name":    {func(d object) { d["verificationMethod"] = append(d["verificationMethod"].([]any), method(d)) }, "#key-1", identity.ErrDuplicate},
		"two forms":          {func(d object) { method(d)["publicKeyMultibase"] = p256Key[len(keyPrefix):] }, "#key-1", identity.ErrEncoding},
		"no form":            {func(d object) { delete(method(d), "publicKeyJwk") }, "#key-1", identity.ErrEncoding},
		"private key":        {func(d object) { method(d)["publicKeyJwk"].(object)["d"] = "AA" }, "#key-1", identity.ErrEncoding},
		"off the curve":      {func(d object) { j := method(d)["publicKeyJwk"].(object); j["y"] = j["x"] }, "#key-1", identity.ErrEncoding},
		"for encryption":     {func(d object) { method(d)["publicKeyJwk"].(object)["use"] = "enc" }, "#key-1", identity.ErrAlgorithm},
		"RSA": {func(d object) {
			method(d)["publicKeyJwk"] = object{"kty": "RSA", "n": strings.Repeat("wQ", 128), "e": "AQAB"}
		}, "#key-1", identity.ErrAlgorithm},
		"methods are an object": {func(d object) { d["verificationMethod"] = object{} }, "#key-1", identity.ErrResolve},
	} {
		d := document()
		c.change(d)
		k, err := serveJSON(t, d).Key(t.Context(), issuer, c.id)
		require.ErrorIs(t, err, c.want, name)
		require.Nil(t, k, name)
	}
}

func TestWebServer(t *testing.T) {
	data, err := json.Marshal(document())
	require.NoError(t, err)
	redirect := func(to string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == path {
				http.Redirect(w, r, to, http.StatusFound)
				return
			}
			w.Write(data)
		}
	}
	k, err := serve(t, redirect("/elsewhere.json")).Key(t.Context(), issuer, "#key-1")
	require.NoError(t, err, "a redirect within the host")
	require.True(t, point(t).Equal(k))

	hops := func(n int) http.HandlerFunc { // the document after n redirects
		return func(w http.ResponseWriter, r *http.Request) {
			if at := len(r.URL.RawQuery); at < n {
				http.Redirect(w, r, path+"?"+strings.Repeat("x", at+1), http.StatusFound)
				return
			}
			w.Write(data)
		}
	}
	_, err = serve(t, hops(maxRedirects)).Key(t.Context(), issuer, "#key-1")
	require.NoError(t, err)
	_, err = serve(t, hops(maxRedirects+1)).Key(t.Context(), issuer, "#key-1")
	require.ErrorIs(t, err, identity.ErrResolve)

	for name, c := range map[string]struct {
		serve http.HandlerFunc
		want  error
	}{
		"another host":     {redirect("https://www.example.com/did.json"), identity.ErrResolve},
		"another port":     {redirect("https://example.com:8443/did.json"), identity.ErrResolve},
		"plain HTTP":       {redirect("http://example.com/did.json"), identity.ErrResolve},
		"round in circles": {redirect(path), identity.ErrResolve},
		"not found":        {http.NotFound, identity.ErrResolve},
		"no content":       {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, identity.ErrResolve},
		"too large": {func(w http.ResponseWriter, _ *http.Request) {
			w.Write(append(data, strings.Repeat(" ", maxDocument)...))
		}, identity.ErrResolve},
		"cut short": {func(w http.ResponseWriter, _ *http.Request) { // behind the last brace
			w.Header().Set("Content-Length", fmt.Sprint(len(data)+1))
			w.Write(data)
		}, identity.ErrResolve},
		"much, compressed": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(append(data, strings.Repeat(" ", 10*maxDocument)...))
			z.Close()
		}, identity.ErrResolve},
		"HTML":          {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, identity.ErrEncoding},
		"trailing data": {func(w http.ResponseWriter, _ *http.Request) { w.Write(append(data, '{', '}')) }, identity.ErrEncoding},
		"key twice":     {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`{"id":"a","id":"b"}`)) }, identity.ErrDuplicate},
		"a list":        {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(`[]`)) }, identity.ErrEncoding},
	} {
		k, err := serve(t, c.serve).Key(t.Context(), issuer, "#key-1")
		require.ErrorIs(t, err, c.want, name)
		require.Nil(t, k, name)
	}

	// A redirect away from TLS is not followed, also where somebody answers.
	plain := &Resolver{Client: &http.Client{Transport: answer(func(r *http.Request) *http.Response {
		w := httptest.NewRecorder()
		if r.URL.Scheme == "https" {
			http.Redirect(w, r, "http://example.com"+path, http.StatusFound)
		} else {
			w.Write(data)
		}
		return w.Result()
	})}}
	k, err = plain.Key(t.Context(), issuer, "#key-1")
	require.ErrorIs(t, err, identity.ErrResolve)
	require.Nil(t, k)

	// A server that does not answer holds nobody up for longer than the context.
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = serve(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }).Key(ctx, issuer, "#key-1")
	require.ErrorIs(t, err, identity.ErrResolve)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	// A certificate of another name.
	_, err = serveJSON(t, document()).Key(t.Context(), "did:web:other.invalid", "#key-1")
	require.ErrorIs(t, err, identity.ErrResolve)

	// No cookies of the caller's go along.
	r := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if len(r.Cookies()) > 0 {
			w.WriteHeader(http.StatusBadRequest)
		}
		w.Write(data)
	})
	r.Client.Jar = jar{}
	_, err = r.Key(t.Context(), issuer, "#key-1")
	require.NoError(t, err)
}

type answer func(*http.Request) *http.Response

func (f answer) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// TestTwoKeys picks the key that a token names out of several.
func TestTwoKeys(t *testing.T) {
	doc := document()
	doc["verificationMethod"] = append(doc["verificationMethod"].([]any),
		object{"id": "#key-2", "type": "Multikey", "controller": issuer, "publicKeyMultibase": edKey[len(keyPrefix):]},
		object{"id": "#key-3", "type": "Multikey", "controller": issuer, "publicKeyMultibase": edKey[len(keyPrefix):]})
	doc["assertionMethod"] = []any{"#key-1", issuer + "#key-2"}
	ed, err := new(Resolver).Key(t.Context(), edKey, "")
	require.NoError(t, err)
	for id, want := range map[string]crypto.PublicKey{"#key-1": point(t), "#key-2": ed} {
		k, err := serveJSON(t, doc).Key(t.Context(), issuer, id)
		require.NoError(t, err, id)
		require.Equal(t, want, k, id)
	}
	k, err := serveJSON(t, doc).Key(t.Context(), issuer, "#key-3") // not for assertions
	require.ErrorIs(t, err, identity.ErrResolve)
	require.Nil(t, k)
}

type jar struct{ http.CookieJar }

func FuzzKey(f *testing.F) {
	f.Add(edKey)
	f.Add(p256Key)
	f.Fuzz(func(t *testing.T, did string) {
		k, err := parseKey(did, "")
		if err != nil {
			require.Nil(t, k)
			return
		}
		var raw []byte
		switch k := k.(type) {
		case ed25519.PublicKey:
			raw = append([]byte(codecEd25519), k...)
		case *ecdsa.PublicKey:
			b, err := k.Bytes()
			require.NoError(t, err)
			raw = append([]byte(codecP256), 2+b[64]&1)
			raw = append(raw, b[1:33]...)
		}
		require.Equal(t, strings.TrimPrefix(did, keyPrefix), "z"+base58.Encode(raw)) // one text, one key
	})
}

func FuzzDocument(f *testing.F) {
	data, err := json.Marshal(document())
	require.NoError(f, err)
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := documentKey(data, issuer, "#key-1")
		require.Equal(t, err == nil, k != crypto.PublicKey(nil))
	})
}
