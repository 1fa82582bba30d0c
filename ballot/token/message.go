package token

import (
	"cmp"
	"fmt"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// Class is what voters have in common who are served by one issuer key: the
// id of their style of ballot and their weight.
type Class struct {
	Style  string
	Weight uint64
}

// maxStyle bounds the id of a style, as manifests do.
const maxStyle = 64

// check refuses what cannot be a class of any election.
func (c Class) check() error {
	if len(c.Style) == 0 || len(c.Style) > maxStyle {
		return fmt.Errorf("style of %d bytes, want 1 to %d: %w", len(c.Style), maxStyle, reason.ErrEncoding)
	}
	if c.Weight == 0 {
		return fmt.Errorf("weight 0: %w", reason.ErrRange)
	}
	return nil
}

// Compare orders classes by style, then weight.
func (c Class) Compare(other Class) int {
	return cmp.Or(cmp.Compare(c.Style, other.Style), cmp.Compare(c.Weight, other.Weight))
}

func (c Class) encode(w *wire.Writer) {
	w.String(c.Style)
	w.Uint64(c.Weight)
}

// readClass reads a class, which is yet to be checked.
func readClass(r *wire.Reader) Class {
	return Class{Style: r.String(maxStyle), Weight: r.Uint64()}
}

// Message returns what the registrars sign blindly for a voter, and a token
// is a signature on: the manifest's id, the voter's class, and the encoding of
// the credential key that the voter has made for this election.
func Message(election [32]byte, class Class, key []byte) []byte {
	var w wire.Writer
	w.String("hanpyo/v1 token")
	w.Raw(election[:])
	class.encode(&w)
	w.Var(key)
	return w.Bytes()
}
