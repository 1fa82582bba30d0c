package tally

import "github.com/hanpyo/hanpyo/internal/reason"

// The reasons that callers of this package meet.
var (
	ErrBinding    = reason.ErrBinding    // a share or result for another election, contest, trustee or target
	ErrChain      = reason.ErrChain      // a pin of another ledger; entries that are not those of the signed root
	ErrDuplicate  = reason.ErrDuplicate  // a trustee's second share for a contest
	ErrEncoding   = reason.ErrEncoding   // a pin, share or result that is malformed
	ErrFork       = reason.ErrFork       // two pins or targets that cannot both stand
	ErrIncomplete = reason.ErrIncomplete // evidence that should be on the ledger and is not
	ErrProof      = reason.ErrProof      // a share whose proof does not hold; a published result that the ledger does not give
	ErrQuorum     = reason.ErrQuorum     // too few shares or signatures
	ErrRange      = reason.ErrRange      // a total outside its bounds; ranges that do not join
	ErrSignature  = reason.ErrSignature  // a signature that is missing or does not verify
	ErrState      = reason.ErrState      // too early or too late: not closed, not pinned, after the result
	ErrUnanchored = reason.ErrUnanchored // no fingerprint to start from
)
