package token

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"slices"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// The records of an issuance log. The first is a begin record; every desk that
// is opened on the log adds another one; the first end record ends the log, and
// what stands behind it is not looked at.
const (
	version = 1 // of every record

	kindBegin = 1 // version, kind, nonce, election, registrar, classes with their keys
	kindIssue = 2 // version, kind, class, subject, SHA-256 of the blinded message
	kindEnd   = 3 // version, kind
)

// maxClasses is how many classes an election has at most, as rolls do.
const maxClasses = 2000

// office is what a desk is for: which election and registrar, and which key
// each class has. Classes are in strictly ascending order.
type office struct {
	election  [32]byte
	registrar ed25519.PublicKey
	classes   []Class
	keys      [][32]byte // [PublicKey.ID] of each class's
}

func (o *office) equal(other *office) bool {
	return o.election == other.election && bytes.Equal(o.registrar, other.registrar) &&
		slices.Equal(o.classes, other.classes) && slices.Equal(o.keys, other.keys)
}

// check refuses an office that no registrar can have.
func (o *office) check() error {
	if len(o.registrar) != ed25519.PublicKeySize {
		return fmt.Errorf("registrar's key of %d bytes: %w", len(o.registrar), reason.ErrShape)
	}
	if len(o.classes) == 0 {
		return fmt.Errorf("no classes: %w", reason.ErrShape)
	}
	if len(o.classes) > maxClasses {
		return fmt.Errorf("%d classes, at most %d: %w", len(o.classes), maxClasses, reason.ErrLimit)
	}
	owner := make(map[[32]byte]Class, len(o.keys))
	for i, class := range o.classes {
		if err := class.check(); err != nil {
			return err
		}
		if i > 0 && o.classes[i-1].Compare(class) >= 0 {
			return fmt.Errorf("classes are not in ascending order: %w", reason.ErrEncoding)
		}
		if first, ok := owner[o.keys[i]]; ok {
			return fmt.Errorf("classes %v and %v have one key: %w", first, class, reason.ErrDuplicate)
		}
		owner[o.keys[i]] = class
	}
	return nil
}

func (o *office) begin(nonce [16]byte) []byte {
	var w wire.Writer
	w.Uint8(version)
	w.Uint8(kindBegin)
	w.Raw(nonce[:])
	w.Raw(o.election[:])
	w.Raw(o.registrar)
	w.Uint32(uint32(len(o.classes)))
	for i, class := range o.classes {
		class.encode(&w)
		w.Raw(o.keys[i][:])
	}
	return w.Bytes()
}

func endRecord() []byte { return []byte{version, kindEnd} }

// issue is one subject served.
type issue struct {
	class   int // position among the office's
	subject [32]byte
	blinded [32]byte // SHA-256
}

func (i *issue) bytes() []byte {
	var w wire.Writer
	w.Uint8(version)
	w.Uint8(kindIssue)
	w.Uint16(uint16(i.class))
	w.Raw(i.subject[:])
	w.Raw(i.blinded[:])
	return w.Bytes()
}

// record is what one entry of an issuance log says: begin, issue or end.
type record struct {
	begin *office
	issue *issue
	end   bool
}

func parseRecord(b []byte) (rec record, err error) {
	r := wire.NewReader(b)
	if v := r.Uint8(); r.Err() == nil && v != version {
		return record{}, fmt.Errorf("token: record of version %d: %w", v, reason.ErrVersion)
	}
	switch kind := r.Uint8(); kind {
	case kindBegin:
		rec.begin = readOffice(r)
	case kindIssue:
		rec.issue = &issue{class: int(r.Uint16())}
		copy(rec.issue.subject[:], r.Raw(32))
		copy(rec.issue.blinded[:], r.Raw(32))
	case kindEnd:
		rec.end = true
	default:
		r.Fail(fmt.Errorf("kind %d: %w", kind, reason.ErrEncoding))
	}
	if err = r.Done(); err == nil && rec.begin != nil {
		err = rec.begin.check()
	}
	if err != nil {
		return record{}, fmt.Errorf("token: record: %w", err)
	}
	return rec, nil
}

func readOffice(r *wire.Reader) *office {
	o := &office{}
	r.Raw(16) // nonce
	copy(o.election[:], r.Raw(32))
	o.registrar = bytes.Clone(r.Raw(ed25519.PublicKeySize))
	n := r.Count(maxClasses, 4+1+8+32)
	o.classes, o.keys = make([]Class, n), make([][32]byte, n)
	for i := range n {
		o.classes[i] = readClass(r)
		copy(o.keys[i][:], r.Raw(32))
	}
	return o
}
