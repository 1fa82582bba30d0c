package token

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha3"
	"fmt"
	"io"
	"log/slog"

	"github.com/cloudflare/circl/blindsign/blindrsa"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// Request is the voter's side of getting one token from one registrar. Store
// what Bytes returns before sending Blinded: a registrar signs one blinded
// message for a voter, and a device that has lost the request has lost the
// token. It must be kept secret, also from the registrar, and prints as
// redacted: who has it can link the voter to the ballot.
type Request struct {
	key     *PublicKey
	message []byte
	seed    [32]byte // of salt and blinding factor
	blinded []byte
	client  blindrsa.Client
	state   blindrsa.State
}

// variant is RFC 9474's, section 5. A message has the entropy of a fresh
// credential key, so that a prefix of 32 random bytes would hide nothing more,
// and the key's proof rules out the malicious moduli against which the RFC
// advises one (section 7).
const variant = blindrsa.SHA384PSSDeterministic

// maxMessage bounds the messages of requests, in bytes.
const maxMessage = 1024

// NewRequest asks for a token on a message of [Message].
func NewRequest(key *PublicKey, message []byte) (*Request, error) {
	var seed [32]byte
	rand.Read(seed[:]) // never fails, see crypto/rand
	return newRequest(key, message, seed)
}

// newRequest takes salt and blinding factor from the seed, so that the same
// request can be made again.
func newRequest(key *PublicKey, message []byte, seed [32]byte) (*Request, error) {
	if key == nil || key.encoded == nil {
		return nil, fmt.Errorf("token: request without a key: %w", reason.ErrShape)
	}
	if len(message) == 0 || len(message) > maxMessage {
		return nil, fmt.Errorf("token: request: message of %d bytes, want 1 to %d: %w", len(message), maxMessage, reason.ErrEncoding)
	}
	var w wire.Writer
	w.String("hanpyo/v1 token request")
	w.Raw(seed[:])
	w.Raw(key.encoded[:Size])
	w.Var(message)
	random := sha3.NewSHAKE256()
	random.Write(w.Bytes())
	return blind(key, message, seed, random)
}

func blind(key *PublicKey, message []byte, seed [32]byte, random io.Reader) (*Request, error) {
	r := &Request{key: key, message: bytes.Clone(message), seed: seed}
	var err error
	if r.client, err = blindrsa.NewClient(variant, key.rsa); err != nil {
		panic("token: " + err.Error())
	}
	// An honest key never refuses. Another one may, for a few messages that
	// share a factor with it; then nothing has been sent.
	if r.blinded, r.state, err = r.client.Blind(random, r.message); err != nil {
		return nil, fmt.Errorf("token: request: %v: %w", err, reason.ErrRange)
	}
	return r, nil
}

// Blinded returns what the registrar gets. It looks like a uniform unit modulo
// N, whatever the message is.
func (r *Request) Blinded() []byte { return bytes.Clone(r.blinded) }

// Finish takes the registrar's answer and returns the token, verified
// (ErrEncoding for another length, ErrSignature; ErrShape for the zero Request).
func (r *Request) Finish(blindSignature []byte) ([]byte, error) {
	if r.key == nil {
		return nil, fmt.Errorf("token: blind signature for a request that is none: %w", reason.ErrShape)
	}
	if len(blindSignature) != Size {
		return nil, fmt.Errorf("token: blind signature of %d bytes, want %d: %w", len(blindSignature), Size, reason.ErrEncoding)
	}
	token, err := r.client.Finalize(r.state, blindSignature)
	if err == nil {
		err = r.key.Verify(r.message, token)
	}
	if err != nil {
		return nil, fmt.Errorf("token: blind signature: %w", reason.ErrSignature)
	}
	return token, nil
}

// Bytes returns the secret request for safekeeping: the message, the seed, and
// the hash of the blinded message.
func (r *Request) Bytes() []byte {
	hash := sha256.Sum256(r.blinded)
	var w wire.Writer
	w.Var(r.message)
	w.Raw(r.seed[:])
	w.Raw(hash[:])
	return w.Bytes()
}

// ParseRequest reads what Bytes returned: the request for the very same token
// with the very same blinded message. ErrBinding if it is for another key.
func ParseRequest(key *PublicKey, b []byte) (*Request, error) {
	w := wire.NewReader(b)
	message := w.Var(maxMessage)
	var seed, hash [32]byte
	copy(seed[:], w.Raw(len(seed)))
	copy(hash[:], w.Raw(len(hash)))
	if err := w.Done(); err != nil {
		return nil, fmt.Errorf("token: request: %w", err)
	}
	r, err := newRequest(key, message, seed)
	if err != nil {
		return nil, err
	}
	if sha256.Sum256(r.blinded) != hash {
		return nil, fmt.Errorf("token: request is not for this key: %w", reason.ErrBinding)
	}
	return r, nil
}

func (r Request) String() string               { return "token.Request" + redacted }
func (r Request) GoString() string             { return r.String() }
func (r Request) Format(f fmt.State, _ rune)   { fmt.Fprint(f, r.String()) }
func (r Request) LogValue() slog.Value         { return slog.StringValue(r.String()) }
func (r Request) MarshalText() ([]byte, error) { return []byte(redacted), nil }
