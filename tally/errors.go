package tally

import "github.com/hanpyo/hanpyo/internal/reason"

// The reasons that callers of this package meet.
var (
	ErrBinding    = reason.ErrBinding    // a share or result for another election, contest, trustee or target
	ErrChain      = reason.ErrChain      // a pin of another ledger; entries that are not those of the signed root; a mix of another list
	ErrDuplicate  = reason.ErrDuplicate  // a trustee's second share for a contest, a mixer's second mix; a row that is not re-encrypted
	ErrEncoding   = reason.ErrEncoding   // a pin, mix, share or result that is malformed
	ErrFork       = reason.ErrFork       // two pins or targets that cannot both stand
	ErrGroup      = reason.ErrGroup      // a mix or share of rows with a point that is not of the group, or the identity
	ErrIncomplete = reason.ErrIncomplete // evidence that should be on the ledger and is not
	ErrProof      = reason.ErrProof      // a mix or share whose proof does not hold; a published result that the ledger does not give
	ErrQuorum     = reason.ErrQuorum     // too few mixes, shares or signatures
	ErrRange      = reason.ErrRange      // a total outside its bounds; ranges that do not join
	ErrSignature  = reason.ErrSignature  // a signature that is missing or does not verify
	ErrState      = reason.ErrState      // too early or too late: not closed, not pinned, not mixed, after the result
	ErrUnanchored = reason.ErrUnanchored // no fingerprint to start from
)
