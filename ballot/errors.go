package ballot

import (
	"fmt"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// The reasons for which this package refuses something. Every refusal wraps
// exactly one of them; State says which of them the counting rule gives.
var (
	ErrEncoding    = reason.ErrEncoding
	ErrGroup       = reason.ErrGroup
	ErrBinding     = reason.ErrBinding
	ErrProof       = reason.ErrProof
	ErrRange       = reason.ErrRange
	ErrShape       = reason.ErrShape
	ErrDuplicate   = reason.ErrDuplicate
	ErrReplay      = reason.ErrReplay
	ErrEligibility = reason.ErrEligibility
	ErrState       = reason.ErrState
	ErrChain       = reason.ErrChain
	ErrSignature   = reason.ErrSignature
	ErrFork        = reason.ErrFork
	ErrQuorum      = reason.ErrQuorum
	ErrLimit       = reason.ErrLimit
	ErrIncomplete  = reason.ErrIncomplete
	ErrUnanchored  = reason.ErrUnanchored
	ErrVersion     = reason.ErrVersion
)

// SupersededError says that a ballot was accepted and does not count any more,
// because a later one of the same credential does. It wraps ErrReplay.
type SupersededError struct {
	Tracker   Tracker
	Index, By uint64 // the entries of this ballot and of the one that counts
}

func (e *SupersededError) Error() string {
	return fmt.Sprintf("ballot: %s: superseded by entry %d: %v", e.Tracker, e.By, reason.ErrReplay)
}

// Unwrap returns ErrReplay.
func (e *SupersededError) Unwrap() error { return reason.ErrReplay }
