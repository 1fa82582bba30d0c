package ballot

import (
	"bytes"
	"fmt"
	"log/slog"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/reason"
)

// VoterKey is a voter's credential: a secret number k whose public key K = k·G
// stands on the roll. Who has it can vote in the voter's place. It must be
// kept secret and never leaves the voter's device; it prints as redacted.
type VoterKey struct {
	group  *elgamal.Group
	secret kyber.Scalar
	public kyber.Point
}

// NewVoterKey makes a credential for elections in group g.
func NewVoterKey(g *elgamal.Group) *VoterKey { return newVoterKey(g, g.RandomScalar()) }

func newVoterKey(g *elgamal.Group, k kyber.Scalar) *VoterKey {
	public := g.Point().Mul(k, nil)
	g.RememberPoints([]kyber.Point{public}) // every ballot is encoded with it three times
	return &VoterKey{group: g, secret: k, public: public}
}

// ParseVoterKey reads what Bytes returned.
func ParseVoterKey(g *elgamal.Group, b []byte) (*VoterKey, error) {
	k, err := g.DecodeScalar(b)
	if err == nil && k.Equal(g.Scalar()) {
		err = fmt.Errorf("zero: %w", reason.ErrRange)
	}
	if err != nil {
		return nil, fmt.Errorf("ballot: voter key: %w", err)
	}
	return newVoterKey(g, k), nil
}

// Bytes returns the secret for safekeeping.
func (k *VoterKey) Bytes() []byte { return k.group.AppendScalar(nil, k.secret) }

// Public returns the encoding of K, which goes on the roll.
func (k *VoterKey) Public() []byte { return k.group.AppendPoint(nil, k.public) }

// Voter is what a voter's device needs to vote: its credential; its line of the
// roll with the proof that it stands there, or its permit where voters are let
// in by tokens; and the largest number of a ballot that it has made or has seen
// on the ledger under its credential, 0 for none. The device keeps the number:
// Encrypt counts it on. It must be kept secret, because of the key.
type Voter struct {
	Key    *VoterKey
	Line   ProvenLine // of an election by roll
	Permit Permit     // of an election by tokens
	Number uint32
}

// checkVoter requires a key with its own line on the election's roll, or with
// all tokens of its class, and returns what the voter may do.
func (e *Election) checkVoter(v *Voter) (permit, error) {
	switch {
	case v == nil || v.Key == nil || v.Key.group == nil:
		return permit{}, fmt.Errorf("ballot: voter without a key: %w", reason.ErrShape)
	case v.Key.group != e.Group:
		return permit{}, fmt.Errorf("ballot: voter key of group %s, the election has %s: %w", v.Key.group.Name(), e.Group.Name(), reason.ErrGroup)
	case e.Manifest.tokens():
		return e.permitOf(v)
	case !bytes.Equal(v.Key.Public(), v.Line.Key):
		return permit{}, fmt.Errorf("ballot: the line of the roll is not the voter key's: %w", reason.ErrEligibility)
	}
	return permit{style: v.Line.Style}, e.Opening.Roll.VerifyLine(e.Manifest, v.Line)
}

// redacted is how secrets print.
const redacted = "[redacted]"

func (k VoterKey) String() string               { return "ballot.VoterKey" + redacted }
func (k VoterKey) GoString() string             { return k.String() }
func (k VoterKey) Format(f fmt.State, _ rune)   { fmt.Fprint(f, k.String()) }
func (k VoterKey) LogValue() slog.Value         { return slog.StringValue(k.String()) }
func (k VoterKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }
