package mixnet

import "github.com/hanpyo/hanpyo/internal/reason"

// The reasons for which this package refuses a list, a mix or a proof. A proof
// made for another place, key or list is ErrProof: a verifier cannot tell it
// from one that never held.
var (
	ErrDuplicate = reason.ErrDuplicate // an output is not re-encrypted, or stands twice
	ErrEncoding  = reason.ErrEncoding  // a list or proof has another length, or something in it is not canonical
	ErrGroup     = reason.ErrGroup     // a point is not of the group, or an A is the identity
	ErrLimit     = reason.ErrLimit     // a list has more than MaxRows rows
	ErrProof     = reason.ErrProof     // a proof does not hold, or a secret is not of these lists
	ErrShape     = reason.ErrShape     // lists or rows of different length, or something is missing
)
