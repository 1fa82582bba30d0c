package sdjwt

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

func TestAccept(t *testing.T) {
	keys := map[string]func(testing.TB) crypto.Signer{"ES256": p256, "EdDSA": ed}
	want, err := pseudonyms(t).Subject("KR", identity.Claim{Name: "citizen_number", Value: "880101-1234567"})
	require.NoError(t, err)
	for issuer, newIssuer := range keys {
		for holder, newHolder := range keys {
			t.Run(issuer+"/"+holder, func(t *testing.T) {
				w := newWallet(t, newIssuer(t), newHolder(t))
				v := newVerifier(t, Issuer{ID: didKey(w.issuer), Name: "KR"})
				s, err := v.Verify(t.Context(), w.present(t), request())
				require.NoError(t, err)
				require.True(t, s == want)
			})
		}
	}
}

// TestAcceptVariants holds what may differ between issuers and wallets.
func TestAcceptVariants(t *testing.T) {
	for name, change := range map[string]func(w *wallet){
		"old media type":         func(w *wallet) { w.issuerHeader["typ"] = "vc+sd-jwt" },
		"key identifier":         func(w *wallet) { w.issuerHeader["kid"] = "#" + strings.TrimPrefix(didKey(w.issuer), "did:key:") },
		"default digest":         func(w *wallet) { delete(w.claims, "_sd_alg") },
		"no exp":                 func(w *wallet) { delete(w.claims, "exp") },
		"only what is needed":    func(w *wallet) { w.disclosures = w.disclosures[:1] },
		"not disclosable":        func(w *wallet) { w.claims["citizen_number"] = "880101-1234567"; w.disclosures = nil },
		"exp at the end of time": func(w *wallet) { w.claims["exp"] = int64(maxSeconds) },
		"objects in a list":      func(w *wallet) { w.claims["more"] = []any{object{"a": 1}, object{"a": 1, "b": 2}, object{}} },
		"inside another too": func(w *wallet) { // exp as a name below the top means nothing
			d := encode([]any{"salt-9", "exp", 1})
			w.disclosures = append(w.disclosures, d)
			w.claims["passport"] = object{"_sd": []any{digest(d)}}
		},
		"clocks differ a bit":    func(w *wallet) { w.binding["iat"] = now.Add(30 * time.Second).Unix() },
		"audience of the issuer": func(w *wallet) { w.claims["aud"] = audience },
		"another digest": func(w *wallet) {
			long := func(s string) string { h := sha512.Sum512([]byte(s)); return base64url.EncodeToString(h[:]) }
			w.claims["_sd_alg"] = "sha-512"
			w.claims["_sd"] = []any{long(w.disclosures[0])}
			w.disclosures = w.disclosures[:1]
			w.binding["sd_hash"] = long(sign(t, w.issuer, w.issuerHeader, w.claims) + "~" + w.disclosures[0] + "~")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWallet(t, ed(t), ed(t)) // Ed25519 signs the same way twice
			change(w)
			_, err := newVerifier(t, Issuer{ID: didKey(w.issuer)}).Verify(t.Context(), w.present(t), request())
			require.NoError(t, err)
		})
	}
}

// TestRefuse changes one thing of what TestAccept accepts.
func TestRefuse(t *testing.T) {
	other := p256(t)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	extra := encode([]any{"salt-9", "nickname", "Hong"})
	for _, c := range []struct {
		name   string
		change func(w *wallet)
		want   error
	}{
		// the issuer's token
		{"alg none", func(w *wallet) { w.issuerHeader["alg"] = "none" }, identity.ErrAlgorithm},
		{"alg HS256", func(w *wallet) { w.issuerHeader["alg"] = "HS256" }, identity.ErrAlgorithm},
		{"alg RS256", func(w *wallet) { w.issuerHeader["alg"] = "RS256" }, identity.ErrAlgorithm},
		{"alg of the other key", func(w *wallet) { w.issuerHeader["alg"] = "EdDSA" }, identity.ErrAlgorithm},
		{"no alg", func(w *wallet) { delete(w.issuerHeader, "alg") }, identity.ErrAlgorithm},
		{"typ JWT", func(w *wallet) { w.issuerHeader["typ"] = "JWT" }, identity.ErrType},
		{"typ of the holder", func(w *wallet) { w.issuerHeader["typ"] = "kb+jwt" }, identity.ErrType},
		{"no typ", func(w *wallet) { delete(w.issuerHeader, "typ") }, identity.ErrType},
		{"crit unknown", func(w *wallet) { w.issuerHeader["crit"] = []any{"exp"}; w.issuerHeader["exp"] = 1 }, identity.ErrCritical},
		{"crit empty", func(w *wallet) { w.issuerHeader["crit"] = []any{} }, identity.ErrCritical},
		{"kid of another key", func(w *wallet) { w.issuerHeader["kid"] = didKey(other) }, identity.ErrResolve},
		{"kid is a number", func(w *wallet) { w.issuerHeader["kid"] = 1 }, identity.ErrEncoding},
		{"another issuer", func(w *wallet) { w.claims["iss"] = didKey(other) }, identity.ErrIssuer},
		{"no issuer", func(w *wallet) { delete(w.claims, "iss") }, identity.ErrEncoding},
		{"signed by another key", func(w *wallet) { w.issuer = other }, identity.ErrSignature},
		{"key in the header", func(w *wallet) { w.issuer = other; w.issuerHeader["jwk"] = jwk(t, other.Public()) }, identity.ErrSignature},
		{"vct", func(w *wallet) { w.claims["vct"] = "https://id.example.org/library-card" }, identity.ErrType},
		{"no vct", func(w *wallet) { delete(w.claims, "vct") }, identity.ErrType},
		{"expired", func(w *wallet) { w.claims["exp"] = now.Add(-identity.Skew).Unix() }, identity.ErrExpired},
		{"not yet valid", func(w *wallet) { w.claims["nbf"] = now.Add(identity.Skew + time.Second).Unix() }, identity.ErrNotYetValid},
		{"issued tomorrow", func(w *wallet) { w.claims["iat"] = now.Add(24 * time.Hour).Unix() }, identity.ErrNotYetValid},
		{"exp is text", func(w *wallet) { w.claims["exp"] = "never" }, identity.ErrEncoding},
		{"exp is null", func(w *wallet) { w.claims["exp"] = nil }, identity.ErrEncoding},
		{"exp is huge", func(w *wallet) { w.claims["exp"] = json.Number("1e300") }, identity.ErrEncoding},
		{"exp is the year 10000", func(w *wallet) { w.claims["exp"] = int64(maxSeconds + 1) }, identity.ErrEncoding},
		{"exp is more than 64 bits", func(w *wallet) { w.claims["exp"] = json.Number("18446744073709551617") }, identity.ErrEncoding},
		{"exp is zero", func(w *wallet) { w.claims["exp"] = 0 }, identity.ErrExpired},
		{"nbf at the end of time", func(w *wallet) { w.claims["nbf"] = int64(maxSeconds) }, identity.ErrNotYetValid},
		{"iat with a fraction", func(w *wallet) { w.claims["iat"] = json.Number("1e9") }, identity.ErrEncoding},
		{"exp is negative", func(w *wallet) { w.claims["exp"] = -1 }, identity.ErrEncoding},
		{"for another audience", func(w *wallet) { w.claims["aud"] = "https://bank.example.org" }, identity.ErrAudience},

		// disclosures
		{"disclosure twice", func(w *wallet) { w.disclosures = append(w.disclosures, w.disclosures[1]) }, identity.ErrDuplicate},
		{"disclosure without digest", func(w *wallet) { w.disclosures = append(w.disclosures, extra) }, identity.ErrDisclosure},
		{"disclosure inside a hidden one", func(w *wallet) { w.disclosures = append(w.disclosures[:3:3], w.disclosures[4]) }, identity.ErrDisclosure},
		{"disclosure changed", func(w *wallet) { w.disclosures[0] = encode([]any{"salt-1", "citizen_number", "900202-2345678"}) }, identity.ErrDisclosure},
		{"digest twice", func(w *wallet) { w.claims["_sd"] = append(w.claims["_sd"].([]any), digest(w.disclosures[1])) }, identity.ErrDuplicate},
		{"digest twice, at another place", func(w *wallet) { w.claims["more"] = object{"_sd": []any{digest(w.disclosures[2])}} }, identity.ErrDuplicate},
		{"decoy twice", func(w *wallet) { w.claims["more"] = object{"_sd": []any{digest("decoy")}} }, identity.ErrDuplicate},
		{"digest is a number", func(w *wallet) { w.claims["_sd"] = []any{1} }, identity.ErrEncoding},
		{"digests are text", func(w *wallet) { w.claims["_sd"] = digest(w.disclosures[0]) }, identity.ErrEncoding},
		{"digest function", func(w *wallet) { w.claims["_sd_alg"] = "md5" }, identity.ErrAlgorithm},
		{"digest function is null", func(w *wallet) { w.claims["_sd_alg"] = nil }, identity.ErrAlgorithm},
		{"digest function inside", func(w *wallet) { w.claims["more"] = object{"_sd_alg": "sha-256"} }, identity.ErrDisclosure},
		{"claim that is there", func(w *wallet) { w.claims["family_name"] = "Lee" }, identity.ErrDuplicate},
		{"claim twice", func(w *wallet) { w.disclose([]any{"salt-9", "citizen_number", "900202-2345678"}) }, identity.ErrDuplicate},
		{"claim twice, below", func(w *wallet) {
			a, b := encode([]any{"salt-8", "a", 1}), encode([]any{"salt-9", "a", 2})
			w.disclosures = append(w.disclosures, a, b)
			w.claims["more"] = []any{object{"_sd": []any{digest(a), digest(b)}}}
		}, identity.ErrDuplicate},
		{"element digest in an object", func(w *wallet) { w.claims["..."] = digest("x") }, identity.ErrDisclosure},
		{"element digest with other keys", func(w *wallet) { w.claims["nationalities"].([]any)[0].(object)["x"] = 1 }, identity.ErrDisclosure},
		{"element as a claim", func(w *wallet) { w.disclose([]any{"salt-9", "nickname"}) }, identity.ErrDisclosure},
		{"claim as an element", func(w *wallet) {
			w.claims["nationalities"] = []any{object{"...": digest(extra)}}
			w.disclosures = append(w.disclosures[:4:4], extra)
		}, identity.ErrDisclosure},
		{"claim _sd", func(w *wallet) { w.disclose([]any{"salt-9", "_sd", []any{}}) }, identity.ErrDisclosure},
		{"claim ...", func(w *wallet) { w.disclose([]any{"salt-9", "...", "x"}) }, identity.ErrDisclosure},
		{"claim exp", func(w *wallet) { delete(w.claims, "exp"); w.disclose([]any{"salt-9", "exp", 1}) }, identity.ErrDisclosure},
		{"claim cnf", func(w *wallet) {
			delete(w.claims, "cnf")
			w.disclose([]any{"salt-9", "cnf", object{"jwk": jwk(t, w.holder.Public())}})
		}, identity.ErrDisclosure},
		{"disclosure of four", func(w *wallet) { w.disclose([]any{"salt-9", "a", "b", "c"}) }, identity.ErrEncoding},
		{"disclosure is an object", func(w *wallet) { w.disclose(object{"salt": "x"}) }, identity.ErrEncoding},
		{"disclosure with a key twice", func(w *wallet) { w.disclose([]any{"salt-9", "a", json.RawMessage(`{"b":1,"b":2}`)}) }, identity.ErrDuplicate},
		{"disclosure is deep", func(w *wallet) {
			w.disclose([]any{"salt-9", "a", json.RawMessage(strings.Repeat("[", 20) + strings.Repeat("]", 20))})
		}, identity.ErrLimit},
		{"digest twice in a list", func(w *wallet) {
			w.claims["nationalities"] = append(w.claims["nationalities"].([]any), object{"...": digest("kept")})
		}, identity.ErrDuplicate},
		{"element digest is a number", func(w *wallet) {
			w.claims["nationalities"] = append(w.claims["nationalities"].([]any), object{"...": 1})
		}, identity.ErrEncoding},
		{"reserved name in a list", func(w *wallet) { w.claims["more"] = []any{object{"_sd_alg": "sha-256"}} }, identity.ErrDisclosure},
		{"reserved name in a disclosure", func(w *wallet) { w.disclose([]any{"salt-9", "a", object{"...": digest("x")}}) }, identity.ErrDisclosure},
		{"claim _sd_alg", func(w *wallet) { w.disclose([]any{"salt-9", "_sd_alg", "sha-512"}) }, identity.ErrDisclosure},
		{"one digest for a claim and an element", func(w *wallet) {
			w.claims["nationalities"] = append(w.claims["nationalities"].([]any), object{"...": digest(w.disclosures[1])})
		}, identity.ErrDisclosure},
		{"salt is a number", func(w *wallet) { w.disclose([]any{1, "a", "b"}) }, identity.ErrEncoding},
		{"name is a number", func(w *wallet) { w.disclose([]any{"salt-9", 1, "b"}) }, identity.ErrEncoding},
		{"disclosure is not base64url", func(w *wallet) { w.disclosures = append(w.disclosures, "a+b/") }, identity.ErrEncoding},
		{"disclosure with a line break", func(w *wallet) { w.disclosures[0] += "\n" }, identity.ErrEncoding},
		{"disclosure is empty", func(w *wallet) { w.disclosures = append(w.disclosures, "") }, identity.ErrEncoding},
		{"too many disclosures", func(w *wallet) {
			for i := range maxDisclosures {
				w.disclosures = append(w.disclosures, encode([]any{"salt", fmt.Sprint(i), i}))
			}
		}, identity.ErrLimit},
		{"disclosures too deep", func(w *wallet) {
			v := object{}
			for i := range maxNesting {
				d := encode([]any{fmt.Sprint(i), "a", v})
				v = object{"_sd": []any{digest(d)}}
				w.disclosures = append(w.disclosures, d)
			}
			w.claims["more"] = v
		}, identity.ErrLimit},

		// the claims of the subject
		{"claim is hidden", func(w *wallet) { w.disclosures = w.disclosures[1:] }, identity.ErrClaim},
		{"claim inside another", func(w *wallet) {
			w.claims["_sd"] = w.claims["_sd"].([]any)[1:]
			w.claims["mother"] = object{"_sd": []any{digest(w.disclosures[0])}}
		}, identity.ErrClaim},
		{"claim is a number", func(w *wallet) { w.claims["citizen_number"] = 7; w.disclosures = nil }, identity.ErrClaim},
		{"claim is empty", func(w *wallet) { w.claims["citizen_number"] = ""; w.disclosures = nil }, identity.ErrClaim},
		{"claim is too long", func(w *wallet) { w.claims["citizen_number"] = strings.Repeat("7", 2000); w.disclosures = nil }, identity.ErrClaim},
		{"claim is not text", func(w *wallet) { w.claims["citizen_number"] = json.RawMessage(`"\ud800"`); w.disclosures = nil }, identity.ErrClaim},

		// the holder's token
		{"kb alg none", func(w *wallet) { w.holderHeader["alg"] = "none" }, identity.ErrAlgorithm},
		{"kb alg of the other key", func(w *wallet) { w.holderHeader["alg"] = "EdDSA" }, identity.ErrAlgorithm},
		{"kb typ", func(w *wallet) { w.holderHeader["typ"] = "JWT" }, identity.ErrType},
		{"kb crit", func(w *wallet) { w.holderHeader["crit"] = []any{"nonce"} }, identity.ErrCritical},
		{"kb signed by another key", func(w *wallet) { w.holder = other }, identity.ErrHolder},
		{"kb key in the header", func(w *wallet) { w.holder = other; w.holderHeader["jwk"] = jwk(t, other.Public()) }, identity.ErrHolder},
		{"kb signed by the issuer", func(w *wallet) { w.holder = w.issuer }, identity.ErrHolder},
		{"no cnf", func(w *wallet) { delete(w.claims, "cnf") }, identity.ErrHolder},
		{"cnf by identifier", func(w *wallet) { w.claims["cnf"] = object{"kid": didKey(w.holder)} }, identity.ErrHolder},
		{"cnf with a private key", func(w *wallet) { w.claims["cnf"].(object)["jwk"].(object)["d"] = "AAAA" }, identity.ErrEncoding},
		{"cnf off the curve", func(w *wallet) { j := w.claims["cnf"].(object)["jwk"].(object); j["y"] = j["x"] }, identity.ErrEncoding},
		{"cnf of P-384", func(w *wallet) { w.claims["cnf"] = object{"jwk": jwk(t, p384.Public())} }, identity.ErrAlgorithm},
		{"cnf is symmetric", func(w *wallet) { w.claims["cnf"] = object{"jwk": object{"kty": "oct", "k": "AAAA"}} }, identity.ErrEncoding},
		{"cnf for encryption", func(w *wallet) { w.claims["cnf"].(object)["jwk"].(object)["use"] = "enc" }, identity.ErrAlgorithm},
		{"sd_hash", func(w *wallet) { w.binding["sd_hash"] = digest("something else") }, identity.ErrBinding},
		{"sd_hash is null", func(w *wallet) { w.binding["sd_hash"] = nil }, identity.ErrBinding},
		{"aud", func(w *wallet) { w.binding["aud"] = "https://bank.example.org" }, identity.ErrAudience},
		{"aud is a list", func(w *wallet) { w.binding["aud"] = []any{audience} }, identity.ErrAudience},
		{"no aud", func(w *wallet) { delete(w.binding, "aud") }, identity.ErrAudience},
		{"nonce", func(w *wallet) { w.binding["nonce"] = "nonce-2" }, identity.ErrNonce},
		{"no nonce", func(w *wallet) { delete(w.binding, "nonce") }, identity.ErrNonce},
		{"kb too old", func(w *wallet) { w.binding["iat"] = now.Add(-identity.MaxAge - time.Second).Unix() }, identity.ErrExpired},
		{"kb from the future", func(w *wallet) { w.binding["iat"] = now.Add(identity.Skew + time.Second).Unix() }, identity.ErrNotYetValid},
		{"kb without iat", func(w *wallet) { delete(w.binding, "iat") }, identity.ErrEncoding},
		{"kb expired", func(w *wallet) { w.binding["exp"] = now.Add(-time.Hour).Unix() }, identity.ErrExpired},

		// the presentation as a whole
		{"no key binding", func(w *wallet) { w.edit = func(p string) string { return p[:strings.LastIndex(p, "~")+1] } }, identity.ErrHolder},
		{"only a JWT", func(w *wallet) { w.edit = func(p string) string { return p[:strings.Index(p, "~")] } }, identity.ErrEncoding},
		{"disclosure taken away", func(w *wallet) {
			w.edit = func(p string) string { return strings.Replace(p, w.disclosures[1]+"~", "", 1) }
		}, identity.ErrBinding},
		{"disclosures swapped", func(w *wallet) {
			a, b := w.disclosures[0], w.disclosures[1]
			w.edit = func(p string) string { return strings.Replace(p, a+"~"+b, b+"~"+a, 1) }
		}, identity.ErrBinding},
		{"signature changed", func(w *wallet) { w.edit = func(p string) string { i := strings.Index(p, "~") - 9; return flip(p, i) } }, identity.ErrSignature},
		{"claims changed", func(w *wallet) {
			was, is := encode(w.claims), encode(with(w.claims, "level", 9))
			w.edit = func(p string) string { return strings.Replace(p, was, is, 1) }
		}, identity.ErrSignature},
		{"kb signature changed", func(w *wallet) { w.edit = func(p string) string { return flip(p, len(p)-9) } }, identity.ErrHolder},
		{"four parts", func(w *wallet) { w.edit = func(p string) string { return strings.Replace(p, "~", ".AA~", 1) } }, identity.ErrEncoding},
		{"padding", func(w *wallet) { w.edit = func(p string) string { return strings.Replace(p, "~", "=~", 1) } }, identity.ErrEncoding},
		{"trailing byte", func(w *wallet) { w.edit = func(p string) string { return p + "\n" } }, identity.ErrEncoding},
		{"white space in front", func(w *wallet) { w.edit = func(p string) string { return " " + p } }, identity.ErrEncoding},
		{"too large", func(w *wallet) {
			w.edit = func(p string) string { return p + strings.Repeat("A", identity.MaxPresentation) }
		}, identity.ErrLimit},
		{"empty", func(w *wallet) { w.edit = func(string) string { return "" } }, identity.ErrEncoding},
		{"key twice", func(w *wallet) { w.claims["more"] = json.RawMessage(`{"a":1,"\u0061":2}`) }, identity.ErrDuplicate},
		{"too deep", func(w *wallet) { w.claims["more"] = json.RawMessage(strings.Repeat("[", 20) + strings.Repeat("]", 20)) }, identity.ErrLimit},
		{"too many values", func(w *wallet) { w.claims["more"] = make([]int, 5000) }, identity.ErrLimit},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWallet(t, p256(t), p256(t))
			v := newVerifier(t, Issuer{ID: didKey(w.issuer)})
			c.change(w)
			p := w.present(t)
			s, err := v.Verify(t.Context(), p, request())
			requireReason(t, err, c.want)
			require.True(t, s.IsZero())
			require.NotContains(t, err.Error(), "Kim")
			require.NotContains(t, err.Error(), "880101")

			// What was refused leaves the nonce for the wallet's next try.
			fresh := newWallet(t, p256(t), p256(t))
			v.names[didKey(fresh.issuer)] = "KR"
			_, err = v.Verify(t.Context(), fresh.present(t), request())
			require.NoError(t, err)
		})
	}
}

// TestNothingIsFetched holds that no key is looked up for a token that is
// refused anyway: a stranger cannot make the registrar fetch.
func TestNothingIsFetched(t *testing.T) {
	for _, c := range map[string]struct {
		change func(w *wallet)
		want   error
	}{
		"alg none":       {func(w *wallet) { w.issuerHeader["alg"] = "none" }, identity.ErrAlgorithm},
		"typ":            {func(w *wallet) { w.issuerHeader["typ"] = "JWT" }, identity.ErrType},
		"crit":           {func(w *wallet) { w.issuerHeader["crit"] = []any{"exp"} }, identity.ErrCritical},
		"another issuer": {func(w *wallet) { w.claims["iss"] = "did:web:10.0.0.1.example.org" }, identity.ErrIssuer},
	} {
		w := newWallet(t, p256(t), p256(t))
		v := newVerifier(t, Issuer{ID: didKey(w.issuer)})
		v.config.Keys = noKeys{t}
		c.change(w)
		_, err := v.Verify(t.Context(), w.present(t), request())
		requireReason(t, err, c.want)
	}
}

type noKeys struct{ t *testing.T }

func (n noKeys) Key(context.Context, string, string) (crypto.PublicKey, error) {
	n.t.Error("fetched")
	return nil, identity.ErrResolve
}

// TestMissingClaimIsNamed holds that an operator learns which claim to ask for.
func TestMissingClaimIsNamed(t *testing.T) {
	w := newWallet(t, p256(t), p256(t))
	w.disclosures = w.disclosures[1:]
	_, err := newVerifier(t, Issuer{ID: didKey(w.issuer)}).Verify(t.Context(), w.present(t), request())
	requireReason(t, err, identity.ErrClaim)
	require.ErrorContains(t, err, "citizen_number")
}

func (w *wallet) disclose(v any) {
	d := encode(v)
	w.disclosures = append(w.disclosures, d)
	w.claims["_sd"] = append(w.claims["_sd"].([]any), digest(d))
}

func with(o object, name string, v any) object {
	out := object{name: v}
	for k, v := range o {
		out[k] = v
	}
	return out
}

func flip(s string, i int) string {
	c := byte('A')
	if s[i] == c {
		c = 'B'
	}
	return s[:i] + string(c) + s[i+1:]
}

func TestReplay(t *testing.T) {
	w := newWallet(t, p256(t), p256(t))
	v := newVerifier(t, Issuer{ID: didKey(w.issuer)})
	nonces := identity.NewMemory(10, time.Hour)
	v.config.Nonces = nonces
	nonce, err := nonces.Issue(now)
	require.NoError(t, err)
	w.binding["nonce"] = nonce
	p, r := w.present(t), identity.Request{Audience: audience, Nonce: nonce, Now: now}

	// Of many at once one is served.
	var served, refused int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := v.Verify(context.Background(), p, r)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				served++
			} else if requireReason(t, err, identity.ErrReplay); true {
				refused++
			}
		})
	}
	wg.Wait()
	require.Equal(t, []int{1, 7}, []int{served, refused})

	// A second answer of the same wallet to the same nonce is refused too.
	delete(w.binding, "sd_hash")
	_, err = v.Verify(t.Context(), w.present(t), r)
	requireReason(t, err, identity.ErrReplay)
}

func TestConfig(t *testing.T) {
	good := Config{Issuers: []Issuer{{ID: "did:web:example.org"}}, Type: "t", Claims: []string{"c"}, Pseudonyms: pseudonyms(t), Nonces: anyNonce{}}
	_, err := New(good)
	require.NoError(t, err)
	for name, change := range map[string]func(c *Config){
		"no issuers":        func(c *Config) { c.Issuers = nil },
		"issuer without ID": func(c *Config) { c.Issuers = []Issuer{{Name: "KR"}} },
		"issuer twice":      func(c *Config) { c.Issuers = append(c.Issuers, c.Issuers[0]) },
		"no type":           func(c *Config) { c.Type = "" },
		"no claims":         func(c *Config) { c.Claims = nil },
		"empty claim":       func(c *Config) { c.Claims = []string{""} },
		"no pseudonyms":     func(c *Config) { c.Pseudonyms = nil },
		"no nonces":         func(c *Config) { c.Nonces = nil },
	} {
		c := good
		change(&c)
		_, err := New(c)
		require.ErrorIs(t, err, identity.ErrShape, name)
	}
}
