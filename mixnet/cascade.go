package mixnet

import (
	"context"
	"errors"
	"fmt"

	"github.com/hanpyo/hanpyo/elgamal"
)

// Mix is what one mixer publishes: its output and the proof. The input is the
// verifier's own list, the output of the mix before.
type Mix struct {
	Place  Place
	Output *List
	Proof  []byte
}

// Cascade is a chain of mixes: the output of each is the input of the next.
type Cascade struct {
	Key   *elgamal.PublicKey
	Input *List // of the first mix
	Mixes []Mix
}

// MixError says which mix of a cascade does not hold: the first one of which
// that can be said. Err wraps the reason.
type MixError struct {
	Mix int // in the cascade, from 0; all before it hold
	Err error
}

func (e *MixError) Error() string { return fmt.Sprintf("mixnet: mix %d: %v", e.Mix+1, e.Err) }
func (e *MixError) Unwrap() error { return e.Err }

// Verify checks all mixes together, in one sum of points that must vanish,
// where a list between two mixes costs no more than one at the end. No mixes
// are a cascade that holds. Who may mix, and how many mixes there must be, is
// the caller's to check. Progress counts rows, several times each.
//
// The error is a [*MixError] or that of the context; a sum that does not vanish
// is taken apart, mix by mix, to say which one it is. Reasons: ErrShape and
// ErrGroup for lists that do not fit together, ErrEncoding for a malformed proof,
// ErrDuplicate for a row that is not re-encrypted, ErrProof for all else.
func (c Cascade) Verify(ctx context.Context, o *Options) error {
	checked := make([]checkedMix, 0, len(c.Mixes))
	var first error
	input := c.Input
	for i, m := range c.Mixes {
		mix, err := readMix(ctx, Statement{c.Key, input, m.Output}, m)
		if err := ctx.Err(); err != nil {
			return err // what was read does not count
		}
		if err != nil {
			first = &MixError{i, err}
			break
		}
		checked = append(checked, mix)
		input = m.Output
	}
	if len(checked) == 0 {
		return first
	}

	// Whoever comes before a mix that cannot be read is checked all the same:
	// the first mix that does not hold is the one to name.
	n := c.Input.Len()
	w := newWork(ctx, o, n*(1+(len(checked)+1)*(c.Key.Width()+1)))
	err := verifyMixes(w, checked)
	if errors.Is(err, ErrProof) && len(checked) > 1 {
		for i := range checked {
			if err := verifyMixes(newWork(ctx, &Options{Workers: w.workers}, 0), checked[i:i+1]); err != nil {
				return named(i, err)
			}
		}
		panic("mixnet: a sum of nothing is not nothing")
	}
	if err != nil {
		return named(0, err)
	}
	return first
}

// named says which mix an error is about, if it is about one.
func named(mix int, err error) error {
	if errors.Is(err, ErrProof) {
		return &MixError{mix, err}
	}
	return err
}
