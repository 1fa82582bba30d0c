// Package reason holds the reasons for which hanpyo refuses something.
//
// Every refusal in the library wraps exactly one of them, so that a caller can
// branch with [errors.Is] and a test can hold that an attack failed for the
// right cause and not by accident. The packages re-export the reasons that
// their callers meet.
package reason

import "errors"

// The reasons. docs/threats.md lists which attacks end in which reason.
var (
	// ErrEncoding is a malformed or non-canonical encoding: trailing bytes,
	// duplicate keys, a scalar that is not reduced.
	ErrEncoding = errors.New("malformed encoding")
	// ErrGroup is a value outside the prime-order group, or the identity
	// where an honest party never sends it.
	ErrGroup = errors.New("not a valid group element")
	// ErrBinding is a value made for another context: another election,
	// contest, trustee or position.
	ErrBinding = errors.New("bound to another context")
	// ErrProof is a proof that does not hold.
	ErrProof = errors.New("proof does not hold")
	// ErrRange is a value, weight or limit outside what is allowed.
	ErrRange = errors.New("out of range")
	// ErrShape is a list or value of the wrong length or arity.
	ErrShape = errors.New("wrong shape")
	// ErrDuplicate is something that must be unique and stands twice.
	ErrDuplicate = errors.New("duplicate")
	// ErrReplay is a ballot or token that was superseded or used before.
	ErrReplay = errors.New("replayed")
	// ErrEligibility is a credential that may not do this.
	ErrEligibility = errors.New("not eligible")
	// ErrState is something that comes in the wrong phase.
	ErrState = errors.New("wrong phase")
	// ErrChain is a ledger whose hashes do not fit together.
	ErrChain = errors.New("ledger is inconsistent")
	// ErrSignature is a missing or wrong signature.
	ErrSignature = errors.New("signature does not verify")
	// ErrFork is equivocation: two signed statements that cannot both stand.
	ErrFork = errors.New("equivocation")
	// ErrQuorum is too few signers, trustees or mixers.
	ErrQuorum = errors.New("quorum not reached")
	// ErrLimit is an input larger than the limit.
	ErrLimit = errors.New("limit exceeded")
	// ErrIncomplete is evidence that should be there and is not.
	ErrIncomplete = errors.New("incomplete")
	// ErrUnanchored is a check without a trusted root to start from.
	ErrUnanchored = errors.New("no trusted root")
	// ErrVersion is another protocol version, group or parameter set.
	ErrVersion = errors.New("unsupported version or parameters")
)
