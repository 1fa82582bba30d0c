package elgamal

import "github.com/hanpyo/hanpyo/internal/reason"

// The reasons for which this package refuses something, for [errors.Is].
var (
	// ErrEncoding is a malformed or non-canonical encoding.
	ErrEncoding = reason.ErrEncoding
	// ErrGroup is a value that is not of the group, or the identity where an
	// honest party never sends it.
	ErrGroup = reason.ErrGroup
	// ErrRange is a logarithm or position outside its range.
	ErrRange = reason.ErrRange
	// ErrShape is a list of the wrong length.
	ErrShape = reason.ErrShape
	// ErrDuplicate is a key or position that stands twice.
	ErrDuplicate = reason.ErrDuplicate
	// ErrVersion is an unknown group, or one that cannot be used.
	ErrVersion = reason.ErrVersion
)
