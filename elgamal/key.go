package elgamal

import (
	"fmt"
	"io"
	"sync"

	"go.dedis.ch/kyber/v3"
)

// PublicKey is the key of a row: Points holds Y₁…Y_w, one for each column. The
// secrets behind them must be independent of one another, because all columns
// share one mask: keys derived from each other reveal differences of messages.
//
// A key comes from [NewPublicKey] and is not changed or copied afterwards. From
// the third encryption on it holds a [MulTable]'s tables.
type PublicKey struct {
	Group  *Group
	Points []kyber.Point

	once  sync.Once
	table *MulTable // of Points; made when first needed
}

// NewPublicKey returns the key with these points, at least one. Errors: ErrShape
// for none, ErrGroup for a point that is not of the group or the identity,
// ErrDuplicate for equal points.
func NewPublicKey(g *Group, points []kyber.Point) (*PublicKey, error) {
	if len(points) == 0 {
		return nil, fmt.Errorf("elgamal: key without columns: %w", ErrShape)
	}
	k := &PublicKey{Group: g, Points: make([]kyber.Point, len(points))}
	seen := make(map[string]int, len(points))
	for i, p := range points {
		if err := g.CheckPoint(p); err != nil {
			return nil, fmt.Errorf("elgamal: key of column %d: %w", i+1, err)
		}
		if g.IsIdentity(p) {
			return nil, fmt.Errorf("elgamal: key of column %d: identity: %w", i+1, ErrGroup)
		}
		b := string(g.AppendPoint(nil, p))
		if j, ok := seen[b]; ok {
			return nil, fmt.Errorf("elgamal: keys of columns %d and %d are equal: %w", j, i+1, ErrDuplicate)
		}
		seen[b] = i + 1
		k.Points[i] = p.Clone()
	}
	return k, nil
}

// Width returns w, the number of columns.
func (k *PublicKey) Width() int { return len(k.Points) }

// PrivateKey is the key that decrypts a row alone, without trustees. It must be
// kept secret, and is printed as redacted.
type PrivateKey struct {
	public  *PublicKey
	secrets []kyber.Scalar // x₁…x_w with Yᵢ = xᵢ·G
}

// GenerateKey returns a fresh key with w ≥ 1 columns.
func GenerateKey(g *Group, w int) *PrivateKey {
	if w < 1 {
		panic("elgamal: key without columns")
	}
	k := &PrivateKey{
		public:  &PublicKey{Group: g, Points: make([]kyber.Point, w)},
		secrets: make([]kyber.Scalar, w),
	}
	for i := range w {
		k.secrets[i] = g.RandomScalar()
		k.public.Points[i] = g.Point().Mul(k.secrets[i], nil)
	}
	return k
}

// Public returns the public key.
func (k *PrivateKey) Public() *PublicKey { return k.public }

// Decrypt returns the messages Mᵢ = Bᵢ − xᵢ·A of a row. Errors: ErrShape for a
// row of another width, ErrGroup for points of another group.
func (k *PrivateKey) Decrypt(c Ciphertext) ([]kyber.Point, error) {
	g := k.public.Group
	if len(c.B) != len(k.secrets) {
		return nil, fmt.Errorf("elgamal: row of %d columns under a key of %d: %w", len(c.B), len(k.secrets), ErrShape)
	}
	if err := c.check(g); err != nil {
		return nil, err
	}
	messages := make([]kyber.Point, len(c.B))
	for i, b := range c.B {
		mask := g.kyber.Point().Mul(k.secrets[i], c.A)
		messages[i] = mask.Sub(b, mask)
	}
	return messages, nil
}

// String tells nothing about the secret.
func (k PrivateKey) String() string { return "ElGamal private key (redacted)" }

// Format prints String for every verb.
func (k PrivateKey) Format(f fmt.State, verb rune) { io.WriteString(f, k.String()) }

// MarshalJSON encodes String, so that a key in a report does no harm.
func (k PrivateKey) MarshalJSON() ([]byte, error) { return []byte(`"` + k.String() + `"`), nil }
