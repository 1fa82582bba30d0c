package dkg

import "github.com/hanpyo/hanpyo/internal/reason"

// The reasons that callers of this package meet.
var (
	ErrEncoding    = reason.ErrEncoding
	ErrGroup       = reason.ErrGroup
	ErrBinding     = reason.ErrBinding
	ErrProof       = reason.ErrProof
	ErrRange       = reason.ErrRange
	ErrShape       = reason.ErrShape
	ErrDuplicate   = reason.ErrDuplicate
	ErrEligibility = reason.ErrEligibility
	ErrState       = reason.ErrState
	ErrSignature   = reason.ErrSignature
	ErrFork        = reason.ErrFork
	ErrQuorum      = reason.ErrQuorum
	ErrLimit       = reason.ErrLimit
	ErrIncomplete  = reason.ErrIncomplete
	ErrVersion     = reason.ErrVersion
)
