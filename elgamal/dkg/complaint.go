package dkg

import (
	"fmt"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/zkp"
)

// complain opens the shares of one deal, so that anybody can see what the
// complainer saw. It opens nothing else: R belongs to this deal alone.
func (c *Ceremony) complain(d *deal, complainer int, key kyber.Scalar, seed [32]byte) (complaint, error) {
	k := complaint{dealer: d.dealer, secret: c.Group.Kyber().Point().Mul(key, d.ephemeral)}
	var err error
	use := fmt.Sprintf("complaint %d %x", d.dealer, d.id)
	k.proof, err = c.dleq(d, complainer, k.secret).ProveSeeded(c.Group, c.complaintContext(d, complainer), key, nextSeed(c.stream(seed, use)))
	if err != nil {
		return complaint{}, fmt.Errorf("complaint against trustee %d: %w", d.dealer, err)
	}
	return k, nil
}

// dleq says that D = dⱼ·R under the complainer's key Eⱼ = dⱼ·G.
func (c *Ceremony) dleq(d *deal, complainer int, secret kyber.Point) zkp.DLEQ {
	return zkp.DLEQ{
		Base: c.Group.Base(), Image: c.Trustees[complainer-1].Encryption,
		Base2: d.ephemeral, Image2: secret,
	}
}

func (c *Ceremony) complaintContext(d *deal, complainer int) zkp.Context {
	var w wire.Writer
	w.Uint16(uint16(complainer))
	w.Uint16(uint16(d.dealer))
	w.Raw(d.id[:])
	return zkp.Context{Kind: "dkg complaint", Election: c.ID, Position: w.Bytes()}
}

// judge says who of complainer and dealer is at fault, and why. There is always
// exactly one: an honest complainer's proof holds and shows bad shares.
func (c *Ceremony) judge(d *deal, complainer int, k complaint) (culprit int, why error) {
	subject := fmt.Sprintf("complaint of trustee %d against trustee %d", complainer, d.dealer)
	err := c.dleq(d, complainer, k.secret).Verify(c.Group, c.complaintContext(d, complainer), k.proof)
	if err != nil {
		return complainer, fmt.Errorf("%s is void: %w", subject, err)
	}
	if _, err := c.open(d, complainer, k.secret); err != nil {
		return d.dealer, fmt.Errorf("%s: %w", subject, err)
	}
	return complainer, fmt.Errorf("%s is false, the shares are good: %w", subject, ErrProof)
}
