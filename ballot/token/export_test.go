package token

import (
	"crypto/rand"
	"io"
	"math/big"
)

// UncheckedPublicKey makes a public key of any modulus, without a proof.
func UncheckedPublicKey(c Context, modulus []byte) *PublicKey { return newPublicKey(c, modulus) }

// Challenges are the numbers whose roots are the proof.
func Challenges(modulus []byte, c Context) []*big.Int { return challenges(modulus, c) }

// BlindWith makes a request whose salt and blinding factor come from a reader.
func BlindWith(key *PublicKey, message []byte, random io.Reader) (*Request, error) {
	var seed [32]byte
	rand.Read(seed[:])
	return blind(key, message, seed, random)
}

// Records of an issuance log.
func BeginRecord(nonce [16]byte, keys []*PublicKey) []byte {
	o, err := officeOf(keys)
	if err != nil {
		panic(err)
	}
	return o.begin(nonce)
}

func IssueRecord(class int, subject, blinded [32]byte) []byte {
	return (&issue{class: class, subject: subject, blinded: blinded}).bytes()
}

func EndRecord() []byte { return endRecord() }

// RewriteRecord parses a record and writes it again.
func RewriteRecord(b []byte) ([]byte, error) {
	rec, err := parseRecord(b)
	switch {
	case err != nil:
		return nil, err
	case rec.begin != nil:
		return rec.begin.begin([16]byte(b[2:18])), nil
	case rec.issue != nil:
		return rec.issue.bytes(), nil
	}
	return endRecord(), nil
}
