package token

import "github.com/hanpyo/hanpyo/internal/reason"

// The reasons that callers of this package meet.
var (
	ErrEncoding    = reason.ErrEncoding    // a key, token, request or record is malformed
	ErrBinding     = reason.ErrBinding     // a request or log of another key, election or registrar
	ErrProof       = reason.ErrProof       // an issuer key could tell voters apart, or its proof is another's
	ErrRange       = reason.ErrRange       // a number that no honest party sends
	ErrShape       = reason.ErrShape       // a setting is missing
	ErrDuplicate   = reason.ErrDuplicate   // a second token for one subject, one key for two classes
	ErrEligibility = reason.ErrEligibility // a class that is not the subject's
	ErrState       = reason.ErrState       // issuance has ended
	ErrChain       = reason.ErrChain       // an issuance log is not what was said of it
	ErrSignature   = reason.ErrSignature   // a token or blind signature does not verify
	ErrIncomplete  = reason.ErrIncomplete  // an issuance log ends too early
	ErrLimit       = reason.ErrLimit       // too many classes, or too long a message
	ErrVersion     = reason.ErrVersion     // a record of another version
)
