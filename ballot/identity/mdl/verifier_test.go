package mdl

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/stretchr/testify/require"
	"github.com/veraison/go-cose"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

func TestAccept(t *testing.T) {
	keys := map[string]func(testing.TB) crypto.Signer{"ES256": p256, "EdDSA": ed}
	want, err := pseudonyms(t).Subject("KR",
		identity.Claim{Name: "administrative_number", Value: "880101-1234567"}, identity.Claim{Name: "birth_date", Value: "1988-01-01"})
	require.NoError(t, err)
	for issuer, newIssuer := range keys {
		for device, newDevice := range keys {
			t.Run(issuer+"/"+device, func(t *testing.T) {
				w := newWallet(t, newIssuer(t), newDevice(t))
				s, err := newVerifier(t, w.authority.root).Verify(t.Context(), w.present(t), request())
				require.NoError(t, err)
				require.True(t, s == want)
			})
		}
	}
}

// TestAcceptVariants holds what may differ between issuers and wallets.
func TestAcceptVariants(t *testing.T) {
	for name, change := range map[string]func(w *wallet){
		"chain of one":      func(w *wallet) { w.chain = []any{w.signer.Raw} },
		"root in the chain": func(w *wallet) { w.chain = []any{w.signer.Raw, w.authority.root.Raw} },
		"only what is needed": func(w *wallet) {
			w.items = map[string][]object{namespace: {w.items[namespace][0], w.items[namespace][2]}}
		},
		"device adds": func(w *wallet) { w.added[namespace] = object{"administrative_number": "900202-2345678"} },
		"errors":      func(w *wallet) { w.document["errors"] = object{namespace: object{"portrait": 0}} },
		"until the end of time": func(w *wallet) {
			w.security["validityInfo"].(object)["validUntil"] = cbor.Tag{Number: 0, Content: "9999-12-31T23:59:59Z"}
		},
		"key with its algorithm": func(w *wallet) { w.key.(map[int]any)[3] = -7 },
		"Ed25519 key with its algorithm": func(w *wallet) {
			w.device = ed(t)
			w.deviceHeader[cose.HeaderLabelAlgorithm] = cose.AlgorithmEdDSA
			w.key = coseKey(w.device.Public())
			w.key.(map[int]any)[3] = -8
		},
		"clocks differ a bit": func(w *wallet) { w.security["validityInfo"].(object)["validFrom"] = tdate(now.Add(30 * time.Second)) },
		"another digest": func(w *wallet) {
			w.security["digestAlgorithm"] = "SHA-512"
			for space, items := range w.items {
				ids := map[any]any{}
				for _, it := range items {
					h := sha512.Sum512(wrap(it))
					ids[it["digestID"]] = h[:]
				}
				w.digests[space] = ids
			}
		},
		"intermediate": func(w *wallet) {
			key := p256(t)
			sub := &authority{rootKey: key}
			sub.root = w.authority.certificate(t, key.Public(), &x509.Certificate{
				IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, RawSubject: w.authority.root.RawSubject,
			})
			w.chain = []any{sub.certificate(t, w.authority.key.Public(), signer()).Raw, sub.root.Raw}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWallet(t, p256(t), p256(t))
			change(w)
			_, err := newVerifier(t, w.authority.root).Verify(t.Context(), w.present(t), request())
			require.NoError(t, err)
		})
	}
}

// TestDeviceElementsAreNotUsed holds that what the device adds makes no
// subject: the subject is that of the document without it.
func TestDeviceElementsAreNotUsed(t *testing.T) {
	w := newWallet(t, p256(t), p256(t))
	v := newVerifier(t, w.authority.root)
	before, err := v.Verify(t.Context(), w.present(t), request())
	require.NoError(t, err)
	w.added[namespace] = object{"administrative_number": "900202-2345678"}
	v.config.Nonces = anyNonce{}
	after, err := v.Verify(t.Context(), w.present(t), request())
	require.NoError(t, err)
	require.True(t, before == after)

	w.items[namespace] = w.items[namespace][1:] // only the device says it
	v.config.Nonces = anyNonce{}
	_, err = v.Verify(t.Context(), w.present(t), request())
	requireReason(t, err, identity.ErrClaim)
}

// TestRefuse changes one thing of what TestAccept accepts.
func TestRefuse(t *testing.T) {
	other := p256(t)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	validity := func(name string, at time.Time) func(w *wallet) {
		return func(w *wallet) { w.security["validityInfo"].(object)[name] = tdate(at) }
	}
	certificate := func(edit func(c *x509.Certificate)) func(w *wallet) {
		return func(w *wallet) {
			c := signer()
			edit(c)
			w.chain = w.authority.certificate(t, w.authority.key.Public(), c).Raw
		}
	}
	session := func(edit func(r *identity.Request)) func(w *wallet) {
		return func(w *wallet) {
			r := request()
			edit(&r)
			w.transcript, _ = Redirect(responseURI)(r)
		}
	}
	added := func(v any) func(w *wallet) {
		return func(w *wallet) {
			payload := wrap([]any{"DeviceAuthentication", cbor.RawMessage(w.transcript), licence, wrap(v)})
			w.document["deviceSigned"] = object{"nameSpaces": wrap(v), "deviceAuth": object{
				"deviceSignature": sign1(t, w.device, w.deviceHeader, nil, payload, true)}}
		}
	}
	keyed := func(edit func(k map[int]any)) func(w *wallet) {
		return func(w *wallet) { edit(w.key.(map[int]any)) }
	}
	for _, c := range []struct {
		name   string
		change func(w *wallet)
		want   error
	}{
		// who signed
		{"no chain", func(w *wallet) { w.chain = nil }, identity.ErrEncoding},
		{"empty chain", func(w *wallet) { w.chain = []any{} }, identity.ErrEncoding},
		{"chain is text", func(w *wallet) { w.chain = "certificate" }, identity.ErrEncoding},
		{"chain too long", func(w *wallet) { r := w.signer.Raw; w.chain = []any{r, r, r, r, r} }, identity.ErrEncoding},
		{"certificate with a trailing byte", func(w *wallet) { w.chain = append(bytes.Clone(w.signer.Raw), 0) }, identity.ErrEncoding},
		{"certificate is text", func(w *wallet) { w.chain = []any{w.signer.Raw, "certificate"} }, identity.ErrEncoding},
		{"from another root", func(w *wallet) {
			w.chain = newAuthority(t, p256(t)).certificate(t, w.authority.key.Public(), signer()).Raw
		}, identity.ErrIssuer},
		{"from a root that it brings", func(w *wallet) {
			a := newAuthority(t, p256(t))
			w.chain = []any{a.certificate(t, w.authority.key.Public(), signer()).Raw, a.root.Raw}
		}, identity.ErrIssuer},
		{"signer of something else", certificate(func(c *x509.Certificate) { c.UnknownExtKeyUsage = nil }), identity.ErrIssuer},
		{"signer of certificates", certificate(func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }), identity.ErrIssuer},
		{"signer of no documents", certificate(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement }), identity.ErrIssuer},
		{"signer expired", certificate(func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(-9*time.Hour), now.Add(-time.Hour) }), identity.ErrIssuer},
		{"signed before the signer was", certificate(func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = now.Add(-time.Hour), now.Add(time.Hour)
		}), identity.ErrIssuer},
		{"signed by another key", func(w *wallet) { w.authority.key = other }, identity.ErrSignature},
		{"no alg", func(w *wallet) { delete(w.issuerHeader, cose.HeaderLabelAlgorithm) }, identity.ErrAlgorithm},
		{"alg ES384", func(w *wallet) { w.issuerHeader[cose.HeaderLabelAlgorithm] = cose.AlgorithmES384 }, identity.ErrAlgorithm},
		{"alg HMAC", func(w *wallet) { w.issuerHeader[cose.HeaderLabelAlgorithm] = 5 }, identity.ErrAlgorithm},
		{"alg of the other key", func(w *wallet) { w.issuerHeader[cose.HeaderLabelAlgorithm] = cose.AlgorithmEdDSA }, identity.ErrAlgorithm},
		{"crit", func(w *wallet) {
			w.issuerHeader[cose.HeaderLabelCritical] = []any{int64(100)}
			w.issuerHeader[int64(100)] = 1
		}, identity.ErrCritical},

		// what was signed
		{"version", func(w *wallet) { w.security["version"] = "2.0" }, identity.ErrType},
		{"type that was signed", func(w *wallet) { w.security["docType"] = "org.example.library" }, identity.ErrType},
		{"digest function", func(w *wallet) { w.security["digestAlgorithm"] = "SHA-1" }, identity.ErrAlgorithm},
		{"digest of another element", func(w *wallet) {
			w.digests[namespace] = map[any]any{0: make([]byte, 32), 1: make([]byte, 32), 7: make([]byte, 32)}
		}, identity.ErrDisclosure},
		{"no digest", func(w *wallet) { w.digests[namespace] = map[any]any{} }, identity.ErrDisclosure},
		{"no digests", func(w *wallet) { w.security["valueDigests"] = object{} }, identity.ErrDisclosure},
		{"digest of another namespace", func(w *wallet) {
			w.digests[namespace+".KR"] = map[any]any{}
		}, identity.ErrDisclosure},
		{"expired", validity("validUntil", now.Add(-identity.Skew)), identity.ErrExpired},
		{"not yet valid", validity("validFrom", now.Add(identity.Skew+time.Second)), identity.ErrNotYetValid},
		{"signed tomorrow", validity("signed", now.Add(24*time.Hour)), identity.ErrNotYetValid},
		{"signed after the signer", validity("signed", now.Add(72*time.Hour)), identity.ErrIssuer},
		{"no validity", func(w *wallet) { delete(w.security["validityInfo"].(object), "validUntil") }, identity.ErrEncoding},
		{"time is text", func(w *wallet) { w.security["validityInfo"].(object)["validUntil"] = "2030-01-01T00:00:00Z" }, identity.ErrEncoding},
		{"time with fractions", func(w *wallet) {
			w.security["validityInfo"].(object)["validUntil"] = cbor.Tag{Number: 0, Content: "2030-01-01T00:00:00.5Z"}
		}, identity.ErrEncoding},

		{"day that is none", func(w *wallet) {
			w.security["validityInfo"].(object)["validUntil"] = cbor.Tag{Number: 0, Content: "2030-02-30T00:00:00Z"}
		}, identity.ErrEncoding},
		{"second that is none", func(w *wallet) {
			w.security["validityInfo"].(object)["validUntil"] = cbor.Tag{Number: 0, Content: "2030-01-01T00:00:60Z"}
		}, identity.ErrEncoding},
		{"time with a zone", func(w *wallet) {
			w.security["validityInfo"].(object)["validUntil"] = cbor.Tag{Number: 0, Content: "2030-01-01T00:00:00+09:00"}
		}, identity.ErrEncoding},
		{"time with a short day", func(w *wallet) {
			w.security["validityInfo"].(object)["validUntil"] = cbor.Tag{Number: 0, Content: "2030-01-1T00:00:00Z"}
		}, identity.ErrEncoding},
		{"valid from the end of time", func(w *wallet) {
			w.security["validityInfo"].(object)["validFrom"] = cbor.Tag{Number: 0, Content: "9999-12-31T23:59:59Z"}
		}, identity.ErrNotYetValid},
		{"valid until the year 0", func(w *wallet) {
			w.security["validityInfo"].(object)["validUntil"] = cbor.Tag{Number: 0, Content: "0000-01-01T00:00:00Z"}
		}, identity.ErrExpired},
		{"security object is detached", func(w *wallet) {
			w.document["issuerSigned"] = object{"nameSpaces": object{}, "issuerAuth": sign1(t, w.authority.key, w.issuerHeader, w.chain, []byte{}, true)}
		}, identity.ErrSignature},

		// elements
		{"element twice", func(w *wallet) {
			w.items[namespace] = append(w.items[namespace], item(9, "administrative_number", "900202-2345678"))
		}, identity.ErrDuplicate},
		{"digest twice", func(w *wallet) {
			w.items[namespace] = append(w.items[namespace], w.items[namespace][1])
		}, identity.ErrDuplicate},
		{"element hidden", func(w *wallet) { w.items[namespace] = w.items[namespace][1:] }, identity.ErrClaim},
		{"element in another namespace", func(w *wallet) {
			w.items[namespace+".KR"] = append(w.items[namespace+".KR"], item(5, "administrative_number", "880101-1234567"))
			w.items[namespace] = w.items[namespace][1:]
		}, identity.ErrClaim},
		{"element is a number", func(w *wallet) { w.items[namespace][0]["elementValue"] = 7 }, identity.ErrClaim},
		{"element is empty", func(w *wallet) { w.items[namespace][0]["elementValue"] = "" }, identity.ErrClaim},
		{"element is too long", func(w *wallet) { w.items[namespace][0]["elementValue"] = strings.Repeat("7", 2000) }, identity.ErrClaim},
		{"element has another tag", func(w *wallet) {
			w.items[namespace][0]["elementValue"] = cbor.Tag{Number: 99, Content: "880101-1234567"}
		}, identity.ErrClaim},
		{"element with an unknown key", func(w *wallet) { w.items[namespace][0]["x"] = 1 }, identity.ErrEncoding},
		{"element without random", func(w *wallet) { delete(w.items[namespace][0], "random") }, identity.ErrEncoding},
		{"element without number", func(w *wallet) {
			w.digests[namespace] = w.digestsOf(namespace)
			delete(w.items[namespace][0], "digestID")
		}, identity.ErrEncoding},
		{"element without name", func(w *wallet) { w.items[namespace][0]["elementIdentifier"] = "" }, identity.ErrEncoding},
		{"element without value", func(w *wallet) { delete(w.items[namespace][0], "elementValue") }, identity.ErrEncoding},

		// the device
		{"audience", session(func(r *identity.Request) { r.Audience = "x509_san_dns:bank.example.org" }), identity.ErrHolder},
		{"nonce", session(func(r *identity.Request) { r.Nonce = "nonce-2" }), identity.ErrHolder},
		{"key of the response", session(func(r *identity.Request) { r.ResponseKey = nil }), identity.ErrHolder},
		{"response URI", func(w *wallet) { w.transcript, _ = Redirect("https://bank.example.org/response")(request()) }, identity.ErrHolder},
		{"other channel", func(w *wallet) { w.transcript, _ = BrowserAPI()(request()) }, identity.ErrHolder},
		{"signed by another device", func(w *wallet) { w.device = other }, identity.ErrHolder},
		{"signed by the issuer", func(w *wallet) { w.device = w.authority.key }, identity.ErrHolder},
		{"device crit", func(w *wallet) {
			w.deviceHeader[cose.HeaderLabelCritical] = []any{int64(100)}
			w.deviceHeader[int64(100)] = 1
		}, identity.ErrCritical},
		{"device alg", func(w *wallet) { w.deviceHeader[cose.HeaderLabelAlgorithm] = cose.AlgorithmEdDSA }, identity.ErrAlgorithm},
		{"device without alg", func(w *wallet) { delete(w.deviceHeader, cose.HeaderLabelAlgorithm) }, identity.ErrAlgorithm},
		{"MAC", func(w *wallet) { w.sign = func([]byte) any { return object{"deviceMac": []any{}} } }, identity.ErrAlgorithm},
		{"MAC beside the signature", func(w *wallet) {
			w.sign = func(p []byte) any {
				return object{"deviceMac": nil, "deviceSignature": sign1(t, w.device, w.deviceHeader, nil, p, true)}
			}
		}, identity.ErrAlgorithm},
		{"no signature", func(w *wallet) { w.sign = func([]byte) any { return object{} } }, identity.ErrHolder},
		{"payload not detached", func(w *wallet) {
			w.sign = func(p []byte) any {
				return object{"deviceSignature": sign1(t, w.device, w.deviceHeader, nil, p, false)}
			}
		}, identity.ErrEncoding},
		{"other elements added", func(w *wallet) {
			w.document["deviceSigned"] = object{"nameSpaces": wrap(object{namespace: object{"x": 1}}), "deviceAuth": object{
				"deviceSignature": sign1(t, w.device, w.deviceHeader, nil, wrap([]any{"DeviceAuthentication", cbor.RawMessage(w.transcript), licence, wrap(object{})}), true)}}
		}, identity.ErrHolder},
		{"elements added are a list", func(w *wallet) {
			w.document["deviceSigned"] = object{"nameSpaces": wrap([]any{}), "deviceAuth": object{
				"deviceSignature": sign1(t, w.device, w.deviceHeader, nil, nil, true)}}
		}, identity.ErrEncoding},
		{"elements added are null", added(nil), identity.ErrEncoding},
		{"elements added are numbers", added(object{namespace: 1}), identity.ErrEncoding},
		{"key of P-384", func(w *wallet) { k := coseKey(p384.Public()); k[-1] = 2; w.key = k }, identity.ErrAlgorithm},
		{"key off the curve", keyed(func(k map[int]any) { k[-3] = k[-2] }), identity.ErrEncoding},
		{"key compressed", keyed(func(k map[int]any) { k[-3] = true }), identity.ErrEncoding},
		{"key short", keyed(func(k map[int]any) { k[-2] = k[-2].([]byte)[1:] }), identity.ErrEncoding},
		{"key with a private part", keyed(func(k map[int]any) { k[-4] = make([]byte, 32) }), identity.ErrEncoding},
		{"Ed25519 key short", func(w *wallet) { w.key = map[int]any{1: 1, -1: 6, -2: make([]byte, 31)} }, identity.ErrEncoding},
		{"Ed25519 key with two coordinates", func(w *wallet) { w.key = map[int]any{1: 1, -1: 6, -2: make([]byte, 32), -3: true} }, identity.ErrEncoding},
		{"key of another curve", keyed(func(k map[int]any) { k[-1] = 8 }), identity.ErrAlgorithm},
		{"key whose curve is text", keyed(func(k map[int]any) { k[-1] = "P-256" }), identity.ErrEncoding},
		{"key of X25519", func(w *wallet) { w.key = coseKey(ed(t).Public()); w.key.(map[int]any)[-1] = 4 }, identity.ErrAlgorithm},
		{"Ed25519 key of another type", func(w *wallet) { w.key = coseKey(ed(t).Public()); w.key.(map[int]any)[1] = 2 }, identity.ErrAlgorithm},
		{"key of another type", keyed(func(k map[int]any) { k[1] = 1 }), identity.ErrAlgorithm},
		{"Ed25519 key for another algorithm", func(w *wallet) { w.key = coseKey(ed(t).Public()); w.key.(map[int]any)[3] = -7 }, identity.ErrAlgorithm},
		{"key for another algorithm", keyed(func(k map[int]any) { k[3] = -8 }), identity.ErrAlgorithm},
		{"key missing", func(w *wallet) { w.security["deviceKeyInfo"] = object{} }, identity.ErrEncoding},

		// the response
		{"response version", func(w *wallet) { w.response["version"] = "1.1" }, identity.ErrType},
		{"response status", func(w *wallet) { w.response["status"] = 10 }, identity.ErrEncoding},
		{"no status", func(w *wallet) { w.response["status"] = nil }, identity.ErrEncoding},
		{"no documents", func(w *wallet) { w.response["documents"] = []any{} }, identity.ErrShape},
		{"two documents", func(w *wallet) {
			d := object{"docType": licence, "issuerSigned": object{}, "deviceSigned": object{}}
			w.response["documents"] = []any{d, d}
		}, identity.ErrShape},
		{"type", func(w *wallet) { w.document["docType"] = "org.example.library" }, identity.ErrType},
		{"unknown key", func(w *wallet) { w.response["x"] = 1 }, identity.ErrEncoding},
		{"key in capitals", func(w *wallet) { w.document["DOCTYPE"] = licence }, identity.ErrEncoding},
		{"too deep", func(w *wallet) {
			var v any = 1
			for range 20 {
				v = []any{v}
			}
			w.document["errors"] = v
		}, identity.ErrEncoding},
		{"too large", func(w *wallet) { w.document["errors"] = make([]byte, identity.MaxPresentation) }, identity.ErrLimit},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWallet(t, p256(t), p256(t))
			v := newVerifier(t, w.authority.root)
			c.change(w)
			s, err := v.Verify(t.Context(), w.present(t), request())
			requireReason(t, err, c.want)
			require.True(t, s.IsZero())
			require.NotContains(t, err.Error(), "Kim")
			require.NotContains(t, err.Error(), "880101")
			require.Empty(t, v.config.Nonces, "what was refused leaves the nonce for the next try")
		})
	}
}

// TestRefuseBytes changes the bytes of an accepted presentation.
func TestRefuseBytes(t *testing.T) {
	w := newWallet(t, p256(t), p256(t))
	v := newVerifier(t, w.authority.root)
	p := w.present(t)
	for name, data := range map[string][]byte{
		"trailing byte":     append(bytes.Clone(p), 0),
		"cut":               p[:len(p)-1],
		"empty":             {},
		"indefinite length": append(append([]byte{0xbf}, p[1:]...), 0xff),
		"key twice":         append(append([]byte{p[0] + 1}, p[1:]...), append([]byte("\x66status"), 0)...),
	} {
		_, err := v.Verify(t.Context(), data, request())
		require.ErrorIs(t, err, identity.ErrEncoding, name)
	}
	for i := range p { // each is under a digest or a signature, or is form
		data := bytes.Clone(p)
		data[i] ^= 1
		_, err := v.Verify(t.Context(), data, request())
		require.Error(t, err, "byte %d", i)
	}
	_, err := v.Verify(t.Context(), p, request())
	require.NoError(t, err)
	_, err = v.Verify(t.Context(), p, request())
	requireReason(t, err, identity.ErrReplay)
}

func TestConfig(t *testing.T) {
	root := newAuthority(t, p256(t)).root
	for name, change := range map[string]func(c *Config){
		"no issuers":          func(c *Config) { c.Issuers = nil },
		"issuer without name": func(c *Config) { c.Issuers = []Issuer{{Roots: c.Issuers[0].Roots}} },
		"issuer without root": func(c *Config) { c.Issuers = []Issuer{{Name: "KR"}} },
		"root is nil":         func(c *Config) { c.Issuers = []Issuer{{Name: "KR", Roots: []*x509.Certificate{nil}}} },
		"no type":             func(c *Config) { c.DocType = "" },
		"no namespace":        func(c *Config) { c.Namespace = "" },
		"no elements":         func(c *Config) { c.Elements = nil },
		"empty element":       func(c *Config) { c.Elements = []string{""} },
		"no handover":         func(c *Config) { c.Handover = nil },
		"no pseudonyms":       func(c *Config) { c.Pseudonyms = nil },
		"no nonces":           func(c *Config) { c.Nonces = nil },
	} {
		c := config(t, root)
		_, err := New(c)
		require.NoError(t, err)
		change(&c)
		_, err = New(c)
		require.ErrorIs(t, err, identity.ErrShape, name)
	}
}
