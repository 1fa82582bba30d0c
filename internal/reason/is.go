package reason

import "errors"

var all = []error{
	ErrEncoding, ErrGroup, ErrBinding, ErrProof, ErrRange, ErrShape, ErrDuplicate, ErrReplay, ErrEligibility, ErrState,
	ErrChain, ErrSignature, ErrFork, ErrQuorum, ErrLimit, ErrIncomplete, ErrUnanchored, ErrVersion,
}

// Is reports whether an error is a refusal, one that wraps a reason: not that of
// a disk, a network or a context.
func Is(err error) bool {
	for _, r := range all {
		if errors.Is(err, r) {
			return true
		}
	}
	return false
}
