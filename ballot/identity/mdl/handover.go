package mdl

import (
	"crypto/sha256"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

// Handover returns the SessionTranscript that a device signs in this session,
// in CBOR: [DeviceEngagementBytes, EReaderKeyBytes, Handover]. It must depend on
// audience and nonce. One of an application's own can serve other channels.
type Handover func(identity.Request) ([]byte, error)

// Redirect is the handover of a wallet that was called by a link or a QR code
// and posts its answer to the URI (OpenID4VP 1.0, section B.2.6.1).
func Redirect(responseURI string) Handover {
	return func(r identity.Request) ([]byte, error) {
		return transcript("OpenID4VPHandover", r.Audience, r.Nonce, r.ResponseKey, responseURI)
	}
}

// BrowserAPI is the handover of a wallet that was called by the browser's
// Digital Credentials API (OpenID4VP 1.0, section B.2.6.2). It signs the origin
// of the web page, without the "origin:" that an audience has in front of it.
func BrowserAPI() Handover {
	return func(r identity.Request) ([]byte, error) {
		return transcript("OpenID4VPDCAPIHandover", strings.TrimPrefix(r.Audience, "origin:"), r.Nonce, r.ResponseKey)
	}
}

// transcript wraps the hash of what identifies the session. A thumbprint that
// is nil becomes null, as the standard wants it.
func transcript(name string, info ...any) ([]byte, error) {
	data, err := cbor.Marshal(info)
	if err != nil {
		return nil, err
	}
	h := sha256.Sum256(data)
	return cbor.Marshal([]any{nil, nil, []any{name, h[:]}})
}
