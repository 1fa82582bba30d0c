package ballot

import "github.com/hanpyo/hanpyo/internal/reason"

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
