package ballot

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"maps"
	"slices"

	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// The bodies of issuer and issued entries; docs/wire.md has the tables.

const classLen = 4 + 8

// maxClasses bounds the classes of an election by tokens: to check a key takes
// milliseconds, and every voter's device checks those of all classes.
const maxClasses = 256

func encodeClass(w *wire.Writer, c class) {
	w.Uint32(uint32(c.style))
	w.Uint64(c.weight)
}

// decodeClass reads the next class of a list in ascending order, which begins
// with before.
func (m *Manifest) decodeClass(r *wire.Reader, before []class) class {
	c := class{style: int(r.Uint32()), weight: r.Uint64()}
	if r.Err() != nil {
		return class{}
	}
	if err := m.checkClass(c); err != nil {
		r.Fail(fmt.Errorf("class %d: %w", len(before)+1, err))
		return class{}
	}
	if i := len(before); i > 0 && before[i-1].compare(c) >= 0 {
		r.Fail(fmt.Errorf("class %d is out of order: %w", i+1, reason.ErrEncoding))
	}
	return c
}

// checkClass holds that voters of a class may exist.
func (m *Manifest) checkClass(c class) error {
	if c.style < 0 || c.style >= len(m.Styles) {
		return fmt.Errorf("style %d of %d: %w", c.style, len(m.Styles), reason.ErrRange)
	}
	if c.weight < 1 || c.weight > m.Limits.MaxWeight {
		return fmt.Errorf("weight %d is not between 1 and %d: %w", c.weight, m.Limits.MaxWeight, reason.ErrRange)
	}
	return m.checkUnweighted(c.style, c.weight)
}

// issuerBody returns the body with a registrar's keys, by ascending class.
func (m *Manifest) issuerBody(registrar ed25519.PublicKey, keys []*token.PublicKey) ([]byte, error) {
	order := make(map[class]*token.PublicKey)
	for i, k := range keys {
		if k == nil {
			return nil, fmt.Errorf("key %d is missing: %w", i+1, reason.ErrShape)
		}
		context := k.Context()
		c, ok := m.classOf(context.Class)
		switch {
		case context.Election != m.id || !bytes.Equal(context.Registrar, registrar) || !ok:
			return nil, fmt.Errorf("key %d is for another election, registrar or style: %w", i+1, reason.ErrBinding)
		case order[c] != nil:
			return nil, fmt.Errorf("key %d: its class has one already: %w", i+1, reason.ErrDuplicate)
		}
		order[c] = k
	}
	var w wire.Writer
	w.Uint32(uint32(len(keys)))
	for _, c := range slices.SortedFunc(maps.Keys(order), class.compare) {
		encodeClass(&w, c)
		w.Raw(order[c].Bytes())
	}
	return w.Bytes(), nil
}

// decodeIssuer reads the keys of a registrar, one at least, and checks each.
func (m *Manifest) decodeIssuer(registrar ed25519.PublicKey, body []byte) ([]class, []*token.PublicKey, error) {
	r := wire.NewReader(body)
	classes := make([]class, r.Count(maxClasses, classLen+token.PublicKeySize))
	encoded := make([][]byte, len(classes))
	for i := range classes {
		classes[i] = m.decodeClass(r, classes[:i])
		encoded[i] = r.Raw(token.PublicKeySize)
	}
	if r.Err() == nil && len(classes) == 0 {
		r.Fail(fmt.Errorf("no keys: %w", reason.ErrShape))
	}
	if err := r.Done(); err != nil {
		return nil, nil, err
	}
	keys := make([]*token.PublicKey, len(classes))
	seen := make(map[[32]byte]int)
	for i, c := range classes {
		var err error
		keys[i], err = token.ParsePublicKey(encoded[i], token.Context{Election: m.id, Registrar: registrar, Class: m.tokenClass(c)})
		if err != nil {
			return nil, nil, fmt.Errorf("key of class %d: %w", i+1, err)
		}
		if j, ok := seen[keys[i].ID()]; ok {
			return nil, nil, fmt.Errorf("classes %d and %d have one key: %w", j+1, i+1, reason.ErrDuplicate)
		}
		seen[keys[i].ID()] = i
	}
	return classes, keys, nil
}

// issuedBody returns the body with what a registrar issued, by ascending class.
func (m *Manifest) issuedBody(s Issued) ([]byte, error) {
	order := make(map[class]token.ClassCount)
	for _, n := range s.Classes {
		c, ok := m.classOf(n.Class)
		if !ok {
			return nil, fmt.Errorf("no style %.70q: %w", n.Class.Style, reason.ErrRange)
		}
		if _, ok := order[c]; ok {
			return nil, fmt.Errorf("style %s with weight %d stands twice: %w", n.Class.Style, n.Class.Weight, reason.ErrDuplicate)
		}
		order[c] = n
	}
	if len(s.Eligible) != len(order) {
		return nil, fmt.Errorf("%d numbers of who is eligible for %d classes: %w", len(s.Eligible), len(order), reason.ErrShape)
	}
	var w wire.Writer
	w.Uint32(uint32(len(order)))
	for _, c := range slices.SortedFunc(maps.Keys(order), class.compare) {
		encodeClass(&w, c)
		w.Uint64(s.Eligible[order[c].Class])
		w.Uint64(order[c].Tokens)
	}
	w.Uint64(s.Size)
	w.Raw(s.Root[:])
	return w.Bytes(), nil
}

// decodeIssued reads what a registrar issued.
func (m *Manifest) decodeIssued(body []byte) ([]class, Issued, error) {
	r := wire.NewReader(body)
	classes := make([]class, r.Count(maxClasses, classLen+8+8))
	s := Issued{Eligible: make(map[token.Class]uint64)}
	for i := range classes {
		classes[i] = m.decodeClass(r, classes[:i])
		eligible, issued := r.Uint64(), r.Uint64()
		if r.Err() != nil {
			break
		}
		if issued > eligible || eligible > maxVoters {
			r.Fail(fmt.Errorf("class %d: %d issued, %d eligible, at most %d: %w", i+1, issued, eligible, uint64(maxVoters), reason.ErrRange))
			break
		}
		c := m.tokenClass(classes[i])
		s.Eligible[c] = eligible
		s.Classes = append(s.Classes, token.ClassCount{Class: c, Tokens: issued})
	}
	slices.SortFunc(s.Classes, func(a, b token.ClassCount) int { return a.Class.Compare(b.Class) })
	s.Size = r.Uint64()
	copy(s.Root[:], r.Raw(len(s.Root)))
	if err := r.Done(); err != nil {
		return nil, Issued{}, err
	}
	return classes, s, nil
}
