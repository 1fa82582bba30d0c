package main

import (
	"slices"
	"strings"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Which reasons a change of a field may end in. A change that ends in another
// one was caught, but perhaps by accident; a run counts those.

// ofLedger are the reasons up to L2: the ledger does not fit together, or what
// anchors the election is not on it, or not what it says it is.
var ofLedger = map[layer][]error{
	asIs:    {reason.ErrChain, reason.ErrIncomplete, reason.ErrBinding, reason.ErrSignature},
	lengths: {reason.ErrChain, reason.ErrIncomplete, reason.ErrBinding, reason.ErrSignature},
	hashed:  {reason.ErrSignature, reason.ErrIncomplete, reason.ErrBinding},
}

// ofSigned are the reasons for which what is not signed for is refused,
// whatever was changed in it, and what an operator cannot make fit.
var ofSigned = []error{reason.ErrSignature, reason.ErrQuorum, reason.ErrChain, reason.ErrIncomplete, reason.ErrBinding, reason.ErrState}

// ofField are the reasons beyond those that the change of a field may end in.
var ofField = map[fieldKind][]error{
	point:     {reason.ErrEncoding, reason.ErrGroup, reason.ErrProof, reason.ErrShape, reason.ErrDuplicate, reason.ErrEligibility},
	scalar:    {reason.ErrEncoding, reason.ErrProof},
	hash:      {reason.ErrEncoding, reason.ErrProof, reason.ErrFork},
	signature: {reason.ErrEncoding, reason.ErrProof, reason.ErrEligibility}, // tokens too
	id:        {reason.ErrEncoding, reason.ErrShape, reason.ErrDuplicate, reason.ErrProof, reason.ErrGroup, reason.ErrFork},
	number:    {reason.ErrEncoding, reason.ErrLimit, reason.ErrRange, reason.ErrShape, reason.ErrProof, reason.ErrEligibility, reason.ErrDuplicate, reason.ErrReplay, reason.ErrVersion},
	enum:      {reason.ErrEncoding, reason.ErrVersion, reason.ErrRange, reason.ErrShape, reason.ErrProof, reason.ErrLimit, reason.ErrDuplicate, reason.ErrFork},
	timeField: {reason.ErrEncoding, reason.ErrRange, reason.ErrProof, reason.ErrDuplicate, reason.ErrReplay},
	text:      {reason.ErrEncoding, reason.ErrVersion, reason.ErrRange, reason.ErrShape, reason.ErrDuplicate, reason.ErrLimit},
	opaque:    {reason.ErrEncoding, reason.ErrProof, reason.ErrGroup, reason.ErrVersion, reason.ErrLimit},
	list:      {reason.ErrEncoding, reason.ErrShape, reason.ErrRange, reason.ErrDuplicate, reason.ErrLimit, reason.ErrProof, reason.ErrGroup, reason.ErrVersion, reason.ErrFork},
	record:    {reason.ErrEncoding, reason.ErrShape, reason.ErrRange, reason.ErrDuplicate, reason.ErrLimit, reason.ErrProof, reason.ErrGroup, reason.ErrVersion, reason.ErrFork, reason.ErrReplay, reason.ErrEligibility},
}

// expected reports whether a reason, the end of what caught the mutant, is one
// of those that its change may end in.
func (m *mutant) expected(why string) bool {
	among := func(errs []error) bool {
		return slices.ContainsFunc(errs, func(err error) bool { return strings.HasSuffix(why, ": "+err.Error()) })
	}
	switch {
	case m.index < 0: // the checkpoint
		return among([]error{reason.ErrSignature, reason.ErrChain, reason.ErrBinding, reason.ErrEncoding, reason.ErrIncomplete, reason.ErrRange})
	case m.layer < operated:
		return among(ofLedger[m.layer])
	case among(ofSigned), among(ofField[m.kind]):
		return true
	}
	// What shortens or lengthens a field, or fits it with another one, moves
	// those behind it.
	return slices.Contains([]string{"M9", "M10", "M12", "M8", "M15", "M16"}, m.op.name) && among(ofField[record])
}
