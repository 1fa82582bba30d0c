package dkg

import (
	"fmt"

	"go.dedis.ch/kyber/v3"
	"golang.org/x/crypto/chacha20poly1305"

	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// The bodies of the ceremony's entries; docs/wire.md, Key ceremony, is their
// description. None of them names its sender: that is who signed the entry.

// maxProof bounds the proof of a complaint before it is read.
const maxProof = 1024

// appendRound returns the body of a round entry: the phase that it ends.
func appendRound(ends Phase) []byte { return []byte{byte(ends)} }

func parseRound(body []byte) (Phase, error) {
	r := wire.NewReader(body)
	p := Phase(r.Uint8())
	if err := r.Done(); err != nil {
		return 0, fmt.Errorf("round: %w", err)
	}
	if p < Committing || p > Certifying {
		return 0, fmt.Errorf("round: phase %d: %w", p, ErrRange)
	}
	return p, nil
}

// parseCommit reads the body of a commit entry: the id of the deal to come.
func parseCommit(body []byte) (id entry.Hash, err error) {
	r := wire.NewReader(body)
	copy(id[:], r.Raw(len(id)))
	if err := r.Done(); err != nil {
		return entry.Hash{}, fmt.Errorf("commit: %w", err)
	}
	return id, nil
}

// deal is the body of a deal entry.
type deal struct {
	dealer      int
	id          entry.Hash      // of the entry
	commitments [][]kyber.Point // [column][power of the polynomial]
	ephemeral   kyber.Point     // R
	shares      [][]byte        // [position-1], encrypted
	statement   []byte          // all of the above as encoded; the proof is over it
	proof       []byte
}

// sealedLen is the length of the encrypted shares for one trustee.
func (c *Ceremony) sealedLen() int {
	return c.Columns*c.Group.ScalarLen() + chacha20poly1305.Overhead
}

// appendStatement writes everything of a deal but the proof.
func (c *Ceremony) appendStatement(d *deal) []byte {
	var w wire.Writer
	w.Uint16(uint16(len(d.commitments)))
	w.Uint8(uint8(len(d.commitments[0])))
	w.Uint8(uint8(len(d.shares)))
	for _, column := range d.commitments {
		for _, p := range column {
			w.Raw(c.Group.AppendPoint(nil, p))
		}
	}
	w.Raw(c.Group.AppendPoint(nil, d.ephemeral))
	for _, s := range d.shares {
		w.Raw(s)
	}
	return w.Bytes()
}

// parseDeal reads the body of a deal entry. The proof is not checked.
func (c *Ceremony) parseDeal(body []byte) (*deal, error) {
	r := wire.NewReader(body)
	columns, powers, recipients := int(r.Uint16()), int(r.Uint8()), int(r.Uint8())
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("deal: %w", err)
	}
	// A longer vector would raise the threshold, a shorter one lower it.
	switch {
	case columns != c.Columns:
		return nil, fmt.Errorf("deal: %d columns, must be %d: %w", columns, c.Columns, ErrShape)
	case powers != c.Threshold:
		return nil, fmt.Errorf("deal: %d commitments a column, must be %d: %w", powers, c.Threshold, ErrShape)
	case recipients != len(c.Trustees):
		return nil, fmt.Errorf("deal: %d recipients, must be %d: %w", recipients, len(c.Trustees), ErrShape)
	}
	d := &deal{commitments: make([][]kyber.Point, columns), shares: make([][]byte, recipients)}
	for k := range d.commitments {
		d.commitments[k] = make([]kyber.Point, powers)
		for m := range powers {
			// No honest commitment is the identity: not the constant term,
			// and not the last one, which would be a lower degree.
			p, err := c.Group.DecodePoint(r.Raw(c.Group.PointLen()))
			if err != nil {
				return nil, fmt.Errorf("deal: column %d: commitment %d: %w", k, m, err)
			}
			d.commitments[k][m] = p
		}
	}
	var err error
	if d.ephemeral, err = c.Group.DecodePoint(r.Raw(c.Group.PointLen())); err != nil {
		return nil, fmt.Errorf("deal: ephemeral key: %w", err)
	}
	for i := range d.shares {
		d.shares[i] = r.Raw(c.sealedLen())
	}
	d.statement = body[:r.Offset()]
	d.proof = r.Raw(r.Rest()) // its length follows from the statement, zkp holds it
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("deal: %w", err)
	}
	return d, nil
}

// confirm is the body of a confirm entry. No complaints: everything is good.
type confirm struct {
	transcript [32]byte
	complaints []complaint // in ascending order of dealers
}

// complaint opens the shares that one dealer sent to the complainer.
type complaint struct {
	dealer int
	secret kyber.Point // D = dⱼ·R
	proof  []byte
}

func (c *Ceremony) appendConfirm(m *confirm) []byte {
	var w wire.Writer
	w.Raw(m.transcript[:])
	w.Uint8(uint8(len(m.complaints)))
	for _, k := range m.complaints {
		w.Uint8(uint8(k.dealer))
		w.Raw(c.Group.AppendPoint(nil, k.secret))
		w.Var(k.proof)
	}
	return w.Bytes()
}

// parseConfirm reads the body of a confirm entry. The proofs are not checked.
func (c *Ceremony) parseConfirm(body []byte) (*confirm, error) {
	r := wire.NewReader(body)
	m := &confirm{}
	copy(m.transcript[:], r.Raw(len(m.transcript)))
	for i := range int(r.Uint8()) {
		k := complaint{dealer: int(r.Uint8())}
		b := r.Raw(c.Group.PointLen())
		k.proof = r.Var(maxProof)
		if err := r.Err(); err != nil {
			return nil, fmt.Errorf("confirm: %w", err)
		}
		switch {
		case k.dealer < 1 || k.dealer > len(c.Trustees):
			return nil, fmt.Errorf("confirm: complaint against trustee %d of %d: %w", k.dealer, len(c.Trustees), ErrRange)
		case i > 0 && k.dealer == m.complaints[i-1].dealer:
			return nil, fmt.Errorf("confirm: two complaints against trustee %d: %w", k.dealer, ErrDuplicate)
		case i > 0 && k.dealer < m.complaints[i-1].dealer:
			return nil, fmt.Errorf("confirm: complaints out of order: %w", ErrEncoding)
		}
		var err error
		if k.secret, err = c.Group.DecodePoint(b); err != nil {
			return nil, fmt.Errorf("confirm: complaint against trustee %d: %w", k.dealer, err)
		}
		m.complaints = append(m.complaints, k)
	}
	if err := r.Done(); err != nil {
		return nil, fmt.Errorf("confirm: %w", err)
	}
	return m, nil
}

// certificate is the body of a certify entry.
type certificate struct{ transcript, outcome [32]byte }

func (m *certificate) append() []byte {
	return append(append([]byte(nil), m.transcript[:]...), m.outcome[:]...)
}

func parseCertificate(body []byte) (m certificate, err error) {
	r := wire.NewReader(body)
	copy(m.transcript[:], r.Raw(len(m.transcript)))
	copy(m.outcome[:], r.Raw(len(m.outcome)))
	if err := r.Done(); err != nil {
		return certificate{}, fmt.Errorf("certificate: %w", err)
	}
	return m, nil
}
