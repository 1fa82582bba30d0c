package ledger

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/cloudflare/circl/sign/mldsa/mldsa44"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// CosignatureType is an algorithm of c2sp.org/tlog-cosignature, by its
// signature type in a key.
type CosignatureType uint8

// The types. Ed25519 signatures are 64 bytes. ML-DSA-44 (FIPS 204) signatures
// are 2,420 bytes and outlast quantum computers, for ledgers that must stay
// credible for decades.
const (
	CosignEd25519 CosignatureType = 4
	CosignMLDSA44 CosignatureType = 6
)

// maxCosigner bounds the name of a cosigner and, under ML-DSA-44, the origin
// of what it signs: one byte of length.
const maxCosigner = math.MaxUint8

// sizes returns the lengths of a public key and of a signature.
func (t CosignatureType) sizes() (key, signature int) {
	if t == CosignMLDSA44 {
		return mldsa44.PublicKeySize, mldsa44.SignatureSize
	}
	return ed25519.PublicKeySize, ed25519.SignatureSize
}

// Cosignature says that a witness saw a checkpoint as the newest one of its
// ledger, at a time by the witness's clock.
type Cosignature struct {
	Witness string // the name in its key
	Time    int64  // in seconds since 1970, above 0
}

// message returns what a cosigner signs over a checkpoint whose note text is
// given. The ML-DSA-44 form leaves out extension lines, and the Ed25519 form
// the cosigner's name.
func (t CosignatureType) message(cosigner, text string, c Checkpoint, time int64) []byte {
	if t == CosignEd25519 {
		return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", time, text)
	}
	var w wire.Writer
	w.Raw([]byte("subtree/v1\n\x00"))
	w.Uint8(uint8(len(cosigner)))
	w.Raw([]byte(cosigner))
	w.Uint64(uint64(time))
	w.Uint8(uint8(len(c.Origin)))
	w.Raw([]byte(c.Origin))
	w.Uint64(0)
	w.Uint64(c.Size)
	w.Raw(c.Root[:])
	return w.Bytes()
}

// verifyCosignature checks a cosignature of a checkpoint, whose note text is
// given (ErrSignature). One without a time does not say that its maker had
// seen no larger ledger.
func (v verifierKey) verifyCosignature(text string, c Checkpoint, signature []byte) (Cosignature, error) {
	_, size := v.kind.sizes()
	if len(signature) != 8+size {
		return Cosignature{}, fmt.Errorf("cosignature of %s: %d bytes: %w", v.short(), len(signature), reason.ErrSignature)
	}
	time := binary.BigEndian.Uint64(signature)
	if time == 0 || time > math.MaxInt64 {
		return Cosignature{}, fmt.Errorf("cosignature of %s: time %d: %w", v.short(), time, reason.ErrSignature)
	}
	if v.kind == CosignMLDSA44 && len(c.Origin) > maxCosigner {
		return Cosignature{}, fmt.Errorf("cosignature of %s: origin of %d bytes: %w", v.short(), len(c.Origin), reason.ErrSignature)
	}
	message, holds := v.kind.message(v.name, text, c, int64(time)), false
	if v.kind == CosignMLDSA44 {
		var public mldsa44.PublicKey
		holds = public.UnmarshalBinary(v.key) == nil && mldsa44.Verify(&public, message, nil, signature[8:])
	} else {
		holds = ed25519.Verify(v.key, message, signature[8:])
	}
	if !holds {
		return Cosignature{}, fmt.Errorf("cosignature of %s: %w", v.short(), reason.ErrSignature)
	}
	return Cosignature{Witness: v.name, Time: int64(time)}, nil
}

// CosigningKey is the secret key of a witness.
type CosigningKey struct {
	public verifierKey
	seed   [32]byte
}

// NewCosigningKey makes a key of the given type for the witness with a name,
// which should be a URL without schema: example.org/witness. ErrVersion for an
// unknown type, ErrEncoding for a name that is empty, longer than 255 bytes or
// has spaces or plus signs.
func NewCosigningKey(t CosignatureType, name string) (*CosigningKey, error) {
	var seed [32]byte
	rand.Read(seed[:])
	return cosigningKey(t, name, seed)
}

func cosigningKey(t CosignatureType, name string, seed [32]byte) (*CosigningKey, error) {
	if !isKeyName(name) || len(name) > maxCosigner {
		return nil, fmt.Errorf("ledger: cosigning key: name %.100q: %w", name, reason.ErrEncoding)
	}
	k := &CosigningKey{public: verifierKey{name: name, kind: t}, seed: seed}
	switch t {
	case CosignEd25519:
		k.public.key = ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)
	case CosignMLDSA44:
		public, _ := mldsa44.NewKeyFromSeed(&seed)
		k.public.key = public.Bytes()
	default:
		return nil, fmt.Errorf("ledger: cosigning key: signature type %d: %w", t, reason.ErrVersion)
	}
	k.public.setID()
	return k, nil
}

// secretPrefix begins the text of a secret key, as in package note.
const secretPrefix = "PRIVATE+KEY+"

// ParseCosigningKey reads what [CosigningKey.Secret] returns (ErrEncoding,
// ErrVersion).
func ParseCosigningKey(secret string) (*CosigningKey, error) {
	malformed := fmt.Errorf("ledger: cosigning key: %w", reason.ErrEncoding) // never shows the text
	text, ok := strings.CutPrefix(secret, secretPrefix)
	fields := strings.SplitN(text, "+", 3)
	if !ok || len(fields) != 3 {
		return nil, malformed
	}
	b, err := base64.StdEncoding.Strict().DecodeString(fields[2])
	if err != nil || len(b) != 1+32 {
		return nil, malformed
	}
	k, err := cosigningKey(CosignatureType(b[0]), fields[0], [32]byte(b[1:]))
	if err != nil {
		return nil, err
	}
	if k.Secret() != secret {
		return nil, malformed
	}
	return k, nil
}

// Secret returns the key as a line of text to keep secret: PRIVATE+KEY+name+
// hash+base64, where the base64 is of the type and a seed of 32 bytes.
func (k *CosigningKey) Secret() string {
	return fmt.Sprintf("%s%s+%x+%s", secretPrefix, k.public.name, k.public.id,
		base64.StdEncoding.EncodeToString(slices.Concat([]byte{byte(k.public.kind)}, k.seed[:])))
}

// Public returns the verifier key for a [Policy]: name+hash+base64.
func (k *CosigningKey) Public() string { return k.public.String() }

// Format prints the verifier key whatever the verb, so that printing a key does
// not show it.
func (k CosigningKey) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(k.public.String())) }

// MarshalText is the verifier key.
func (k CosigningKey) MarshalText() ([]byte, error) { return []byte(k.public.String()), nil }

// Cosign returns the signature line by which the witness says that c is the
// newest checkpoint that it has seen, at a time in seconds since 1970. It
// signs what it is given: see package witness for one that looks first.
func (k *CosigningKey) Cosign(c Checkpoint, time int64) ([]byte, error) {
	return k.cosign(c.text(), c, time)
}

func (k *CosigningKey) cosign(text string, c Checkpoint, time int64) ([]byte, error) {
	switch {
	case time <= 0:
		return nil, fmt.Errorf("ledger: cosignature: time %d: %w", time, reason.ErrRange)
	case k.public.kind == CosignMLDSA44 && len(c.Origin) > maxCosigner:
		return nil, fmt.Errorf("ledger: cosignature: origin of %d bytes: %w", len(c.Origin), reason.ErrLimit)
	}
	message := k.public.kind.message(k.public.name, text, c, time)
	var signature []byte
	if k.public.kind == CosignMLDSA44 {
		_, secret := mldsa44.NewKeyFromSeed(&k.seed)
		signature = make([]byte, mldsa44.SignatureSize)
		if err := mldsa44.SignTo(secret, message, nil, true, signature); err != nil {
			return nil, fmt.Errorf("ledger: cosignature: %w", err)
		}
	} else {
		signature = ed25519.Sign(ed25519.NewKeyFromSeed(k.seed[:]), message)
	}
	line := noteLine{k.public.name, k.public.id, binary.BigEndian.AppendUint64(nil, uint64(time))}
	line.signature = append(line.signature, signature...)
	return line.bytes(), nil
}
