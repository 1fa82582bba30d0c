package zkp

import (
	"crypto/sha3"
	"encoding/binary"
	"fmt"
	"slices"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// rate is how many bytes SHAKE128 absorbs between two permutations.
const rate = 168

// sponge is the SHAKE128 duplex sponge of draft-irtf-cfrg-fiat-shamir-03. What
// is squeezed is a function of everything absorbed before; it is not fed back,
// and squeezes with nothing absorbed between them continue one stream.
type sponge struct {
	absorbed sha3.SHAKE
	squeezed *sha3.SHAKE // nil while absorbing
}

// newSponge is the draft's Init: the session id fills the first block.
func newSponge(session [32]byte) *sponge {
	s := &sponge{absorbed: *sha3.NewSHAKE128()}
	var block [rate]byte
	copy(block[:], session[:])
	s.absorbed.Write(block[:])
	return s
}

func (s *sponge) absorb(b []byte) {
	if len(b) == 0 {
		return
	}
	s.squeezed = nil
	s.absorbed.Write(b)
}

func (s *sponge) squeeze(n int) []byte {
	if s.squeezed == nil {
		s.squeezed = cloneSHAKE(&s.absorbed)
	}
	out := make([]byte, n)
	s.squeezed.Read(out)
	return out
}

// clone returns a sponge that has absorbed the same bytes.
func (s *sponge) clone() *sponge { return &sponge{absorbed: *cloneSHAKE(&s.absorbed)} }

func cloneSHAKE(h *sha3.SHAKE) *sha3.SHAKE {
	var space [256]byte
	state, err := h.AppendBinary(space[:0])
	c := sha3.NewSHAKE128()
	if err != nil || c.UnmarshalBinary(state) != nil {
		panic("zkp: SHAKE128 does not restore its own state")
	}
	return c
}

// deriveSessionID is the draft's DeriveSessionID.
func deriveSessionID(tag []byte) [32]byte {
	s := newSponge([32]byte([]byte("irtf-cfrg-fiat-shamir/session-id")))
	s.absorb(tag)
	return [32]byte(s.squeeze(32))
}

// dialogue is one side of a proof being made or checked. Whatever is written
// or read since the last challenge is absorbed before the next one, so that
// nothing can be sent and left out of a challenge.
type dialogue struct {
	group    *elgamal.Group
	sponge   *sponge
	framed   bool   // each message behind its label and length: our own protocols, not the drafts'
	proof    []byte // written so far, or given
	at       int    // read so far; the prover's is len(proof)
	absorbed int
	ahead    []kyber.Point // decoded already, the next ones to be read
	err      error         // the verifier's first failure
}

// absorbFrame absorbs one message behind its label and length.
func absorbFrame(s *sponge, label string, message []byte) {
	var head [8]byte
	binary.BigEndian.PutUint32(head[:4], uint32(len(label)))
	binary.BigEndian.PutUint32(head[4:], uint32(len(message)))
	s.absorb(head[:4])
	s.absorb([]byte(label))
	s.absorb(head[4:])
	s.absorb(message)
}

func (d *dialogue) writePoint(p kyber.Point) {
	d.proof = d.group.AppendPoint(d.proof, p)
	d.at = len(d.proof)
}

// writePoints writes points that were just computed.
func (d *dialogue) writePoints(points ...kyber.Point) {
	d.group.RememberPoints(points)
	for _, p := range points {
		d.writePoint(p)
	}
}

func (d *dialogue) writeScalar(s kyber.Scalar) {
	d.proof = d.group.AppendScalar(d.proof, s)
	d.at = len(d.proof)
}

// readPoint reads a commitment, number i of that name if i > 0; the identity is
// allowed where identity says so.
func (d *dialogue) readPoint(name string, i int, identity bool) kyber.Point {
	if len(d.ahead) > 0 && identity {
		p := d.ahead[0]
		d.ahead = d.ahead[1:]
		d.take(d.group.PointLen())
		return p
	}
	decode := d.group.DecodePoint
	if identity {
		decode = d.group.DecodePointOrIdentity
	}
	p, err := decode(d.take(d.group.PointLen()))
	d.fail(name, i, err)
	return p
}

// readAhead decodes the next n points, which may be identities and have no
// scalars between them, together, because that is faster. If one is malformed
// nothing is said here: readPoint will name it.
func (d *dialogue) readAhead(n int) {
	if n *= d.group.PointLen(); len(d.proof)-d.at >= n {
		d.ahead, _ = d.group.DecodePointsOrIdentity(d.proof[d.at : d.at+n])
	}
}

func (d *dialogue) readScalar(name string, i int) kyber.Scalar {
	s, err := d.group.DecodeScalar(d.take(d.group.ScalarLen()))
	d.fail(name, i, err)
	return s
}

func (d *dialogue) take(n int) []byte {
	if d.err != nil || len(d.proof)-d.at < n {
		return nil
	}
	b := d.proof[d.at : d.at+n]
	d.at += n
	return b
}

func (d *dialogue) fail(name string, i int, err error) {
	if err != nil && d.err == nil {
		d.err = fmt.Errorf("%s: %w", numbered(name, i), err)
	}
}

// flush absorbs the message that ends here.
func (d *dialogue) flush(label string) {
	message := d.proof[d.absorbed:d.at]
	d.absorbed = d.at
	if d.framed {
		absorbFrame(d.sponge, label, message)
	} else {
		d.sponge.absorb(message)
	}
}

// challenge ends a message and returns a scalar uniform mod q: the draft's
// DecodeField of 16 bytes more than a scalar has.
func (d *dialogue) challenge(label string) kyber.Scalar {
	d.flush(label)
	return wideScalar(d.group, d.sponge.squeeze(d.group.ScalarLen()+16))
}

// wideScalar reduces b modulo q; the draft's integers are little-endian in
// every group.
func wideScalar(g *elgamal.Group, b []byte) kyber.Scalar {
	slices.Reverse(b)
	return g.ReduceScalar(b)
}

// weights ends a message and returns n scalars uniform in [0, 2¹²⁸).
func (d *dialogue) weights(label string, n int) []kyber.Scalar {
	d.flush(label)
	return shortScalars(d.group, d.sponge.squeeze(16*n))
}

// shortScalars cuts b into 16-byte integers, little-endian as above.
func shortScalars(g *elgamal.Group, b []byte) []kyber.Scalar {
	if k, ok := g.Kyber().(interface{ ShortScalars(b []byte) []kyber.Scalar }); ok {
		return k.ShortScalars(b)
	}
	list := make([]kyber.Scalar, len(b)/16)
	for i := range list {
		chunk := b[16*i : 16*i+16]
		slices.Reverse(chunk)
		list[i] = g.ReduceScalar(chunk)
	}
	return list
}

// newScalars returns n scalars, 0, in one piece of memory if the group can.
func newScalars(g *elgamal.Group, n int) []kyber.Scalar {
	if k, ok := g.Kyber().(interface{ Scalars(n int) []kyber.Scalar }); ok {
		return k.Scalars(n)
	}
	list := make([]kyber.Scalar, n)
	for i := range list {
		list[i] = g.Scalar()
	}
	return list
}
