package ledger

import (
	"errors"
	"fmt"
	"os"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// The reasons that callers of this package meet.
var (
	ErrEncoding   = reason.ErrEncoding
	ErrGroup      = reason.ErrGroup
	ErrBinding    = reason.ErrBinding
	ErrProof      = reason.ErrProof
	ErrRange      = reason.ErrRange
	ErrLimit      = reason.ErrLimit
	ErrShape      = reason.ErrShape
	ErrDuplicate  = reason.ErrDuplicate
	ErrChain      = reason.ErrChain
	ErrFork       = reason.ErrFork
	ErrSignature  = reason.ErrSignature
	ErrQuorum     = reason.ErrQuorum
	ErrIncomplete = reason.ErrIncomplete
	ErrUnanchored = reason.ErrUnanchored
	ErrVersion    = reason.ErrVersion
)

// ErrTooLarge is an entry that is empty or larger than [MaxEntry]. It wraps
// [ErrLimit].
var ErrTooLarge = fmt.Errorf("ledger: entry is empty or larger than 64 MiB: %w", reason.ErrLimit)

// ErrBusy means that too many appends are in flight. The entry was not taken;
// try again later.
var ErrBusy = errors.New("ledger: too many appends in flight")

// ErrUnavailable means that a server could not be asked, or has answered with
// an error of its own. Trying again may help.
var ErrUnavailable = errors.New("server is not available")

// ErrClosed is an operation on a closed ledger. It wraps [os.ErrClosed].
var ErrClosed = fmt.Errorf("ledger: %w", os.ErrClosed)

// EntryError names the entry for which a check of a ledger failed.
type EntryError struct {
	Index uint64
	Err   error // wraps ErrChain, ErrIncomplete or ErrEncoding
}

func (e *EntryError) Error() string { return fmt.Sprintf("ledger: entry %d: %v", e.Index, e.Err) }

// Unwrap returns e.Err.
func (e *EntryError) Unwrap() error { return e.Err }
