package count

import "github.com/hanpyo/hanpyo/internal/reason"

// The reasons for which a count is refused. The error's text names the ballot
// by its position in the list, from 0.
var (
	ErrDuplicate = reason.ErrDuplicate // two candidates of one name; equal ranks or more marks than the rule allows
	ErrLimit     = reason.ErrLimit     // more candidates, ballots or money than can be counted
	ErrRange     = reason.ErrRange     // a mark, count, cost or number of seats outside what the rule allows
	ErrShape     = reason.ErrShape     // a ballot of another length; a ranking with a gap; a missing grade; a lot that is no order
)
