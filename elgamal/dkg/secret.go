package dkg

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"maps"
	"slices"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// secret is the content of a trustee's file. It must be kept secret.
type secret struct {
	group         *elgamal.Group
	signing       ed25519.PrivateKey
	encryptionKey kyber.Point
	encryption    kyber.Scalar // nil once the ceremony is done
	seed          [32]byte
	ceremony      []byte           // digest of the only one that it serves, nil before
	bodies        [Complete][]byte // [phase]: confirm and certify once signed
	share         []kyber.Scalar   // per column, nil before the ceremony is done
	pins          map[string][]byte
}

// Limits of a file.
const (
	maxPins     = 10_000
	maxPinName  = 1_000
	maxPinValue = 1_000
	maxConfirm  = 1 << 20
)

func (secret) Format(f fmt.State, _ rune)   { fmt.Fprint(f, redacted) }
func (secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// position finds the trustee in a ceremony.
func (s *secret) position(c *Ceremony) (int, error) {
	if c.Group != s.group {
		return 0, fmt.Errorf("dkg: ceremony over %s, trustee has keys of %s: %w", c.Group.Name(), s.group.Name(), ErrVersion)
	}
	for i, k := range c.Trustees {
		if !s.signing.Public().(ed25519.PublicKey).Equal(k.Signing) {
			continue
		}
		if !k.Encryption.Equal(s.encryptionKey) {
			return 0, fmt.Errorf("dkg: %s has another encryption key in the ceremony: %w", c.name(i+1), ErrBinding)
		}
		digest := c.digest()
		if s.ceremony != nil && !bytes.Equal(s.ceremony, digest[:]) {
			return 0, fmt.Errorf("dkg: %s serves another ceremony, and its keys serve one only: %w", c.name(i+1), ErrBinding)
		}
		return i + 1, nil
	}
	return 0, fmt.Errorf("dkg: the signing key is of no trustee of the ceremony: %w", ErrEligibility)
}

// bind makes the ceremony the one that the trustee serves.
func (s *secret) bind(c *Ceremony) error {
	if _, err := s.position(c); err != nil {
		return err
	}
	digest := c.digest()
	s.ceremony = digest[:]
	return nil
}

// envelope signs a body. The time is zero, so that the same message comes out
// whenever it is made.
func (s *secret) envelope(c *Ceremony, kind entry.Kind, body []byte) []byte {
	e := entry.Envelope{Kind: kind, Election: c.ID, Body: body}
	e.Sign(s.signing)
	return e.Bytes()
}

// confirm makes the body of a confirm entry: a complaint for every bad deal.
func (s *secret) confirm(tr *Transcript, position int) ([]byte, error) {
	c := tr.c
	if s.encryption == nil {
		return nil, fmt.Errorf("encryption key was erased: %w", ErrState)
	}
	m := &confirm{transcript: tr.signed[Confirming]}
	for _, i := range tr.dealers() {
		d := tr.deals[i-1]
		if _, err := s.open(c, d, position); err == nil {
			continue
		}
		k, err := c.complain(d, position, s.encryption, s.seed)
		if err != nil {
			return nil, err
		}
		m.complaints = append(m.complaints, k)
	}
	return c.appendConfirm(m), nil
}

func (s *secret) open(c *Ceremony, d *deal, position int) ([]kyber.Scalar, error) {
	return c.open(d, position, c.Group.Kyber().Point().Mul(s.encryption, d.ephemeral))
}

// certify makes the body of a certify entry, if the trustee has a good share.
func (s *secret) certify(tr *Transcript, position int) ([]byte, error) {
	if _, err := s.collect(tr, position); err != nil {
		return nil, err
	}
	m := certificate{tr.signed[Certifying], tr.proposed.Hash()}
	return m.append(), nil
}

// collect adds up what the dealers sent. A share that is bad after all, because
// the trustee was silent when it was the time to complain, is an error.
func (s *secret) collect(tr *Transcript, position int) ([]kyber.Scalar, error) {
	g := tr.c.Group
	if s.encryption == nil {
		return nil, fmt.Errorf("encryption key was erased: %w", ErrState)
	}
	sum := make([]kyber.Scalar, tr.c.Columns)
	for k := range sum {
		sum[k] = g.Scalar()
	}
	for _, i := range tr.proposed.Dealers {
		share, err := s.open(tr.c, tr.deals[i-1], position)
		if err != nil {
			return nil, fmt.Errorf("no complaint was made in time (%v): %w", err, ErrIncomplete)
		}
		for k := range sum {
			sum[k].Add(sum[k], share[k])
		}
	}
	return sum, nil
}

// checkShare checks the share against the verification keys.
func (s *secret) checkShare(c *Ceremony, o *Outcome, position int) error {
	if o == nil || len(o.Verification) != len(c.Trustees) {
		return fmt.Errorf("dkg: outcome is not of this ceremony: %w", ErrShape)
	}
	keys := o.Verification[position-1]
	if len(keys) != c.Columns || len(s.share) != c.Columns {
		return fmt.Errorf("dkg: %d shares and %d verification keys for %d columns: %w", len(s.share), len(keys), c.Columns, ErrShape)
	}
	column := make([][]kyber.Point, len(keys)) // polynomials of degree 0
	for k, key := range keys {
		if err := c.Group.CheckPoint(key); err != nil {
			return fmt.Errorf("dkg: verification key of column %d: %w", k, err)
		}
		column[k] = keys[k : k+1]
	}
	if !fits(c.Group, column, position, s.share) {
		return fmt.Errorf("dkg: the share of %s does not fit the outcome: %w", c.name(position), ErrBinding)
	}
	return nil
}

// clone copies what updates write to.
func (s *secret) clone() *secret {
	c := *s
	c.pins = maps.Clone(s.pins)
	return &c
}

// encode writes the content of a file.
func (s *secret) encode() []byte {
	var w wire.Writer
	w.String(s.group.Name())
	w.Raw(s.signing.Seed())
	w.Raw(s.seed[:])
	w.Raw(s.group.AppendPoint(nil, s.encryptionKey))
	writeScalars(&w, s.group, s.encryption)
	w.Var(s.ceremony)
	w.Var(s.bodies[Confirming])
	w.Var(s.bodies[Certifying])
	writeScalars(&w, s.group, s.share...)
	w.Uint32(uint32(len(s.pins)))
	for _, name := range slices.Sorted(maps.Keys(s.pins)) {
		w.String(name)
		w.Var(s.pins[name])
	}
	return w.Bytes()
}

// writeScalars writes a list; a nil scalar is left out.
func writeScalars(w *wire.Writer, g *elgamal.Group, list ...kyber.Scalar) {
	if len(list) == 1 && list[0] == nil {
		list = nil
	}
	w.Uint32(uint32(len(list)))
	for _, x := range list {
		w.Raw(g.AppendScalar(nil, x))
	}
}

// decodeSecret reads what encode wrote.
func decodeSecret(b []byte) (*secret, error) {
	r := wire.NewReader(b)
	name := r.String(100)
	if r.Err() != nil {
		return nil, r.Err()
	}
	g, err := elgamal.GroupByName(name)
	if err != nil {
		return nil, err
	}
	s := &secret{group: g, pins: make(map[string][]byte)}
	signing := r.Raw(ed25519.SeedSize)
	copy(s.seed[:], r.Raw(len(s.seed)))
	key := r.Raw(g.PointLen())
	if r.Err() != nil {
		return nil, r.Err()
	}
	s.signing = ed25519.NewKeyFromSeed(signing)
	if s.encryptionKey, err = g.DecodePoint(key); err != nil {
		return nil, err
	}
	if x := readScalars(r, g, 1); len(x) == 1 {
		s.encryption = x[0]
	}
	s.ceremony = cloneOrNil(r.Var(32))
	s.bodies[Confirming] = cloneOrNil(r.Var(maxConfirm))
	s.bodies[Certifying] = cloneOrNil(r.Var(64))
	s.share = readScalars(r, g, MaxColumns)
	last := ""
	for range r.Count(maxPins, 8) {
		name, value := r.String(maxPinName), bytes.Clone(r.Var(maxPinValue))
		if r.Err() == nil && name <= last {
			r.Fail(fmt.Errorf("pins out of order: %w", ErrEncoding))
		}
		s.pins[name], last = value, name
	}
	if err := r.Done(); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, nil
}

func cloneOrNil(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return bytes.Clone(b)
}

func readScalars(r *wire.Reader, g *elgamal.Group, limit int) (list []kyber.Scalar) {
	for range r.Count(limit, g.ScalarLen()) {
		x, err := g.DecodeScalar(r.Raw(g.ScalarLen()))
		if err != nil {
			r.Fail(err)
			return nil
		}
		list = append(list, x)
	}
	return list
}

// check refuses a content that no trustee has.
func (s *secret) check() error {
	if s.encryption != nil && !s.group.Kyber().Point().Mul(s.encryption, nil).Equal(s.encryptionKey) {
		return fmt.Errorf("encryption keys do not belong together: %w", ErrEncoding)
	}
	if s.ceremony != nil && len(s.ceremony) != 32 {
		return fmt.Errorf("ceremony of %d bytes: %w", len(s.ceremony), ErrEncoding)
	}
	return nil
}
