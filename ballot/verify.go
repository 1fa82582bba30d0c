package ballot

import (
	"fmt"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/zkp"
)

// VerifyBallot checks the ballot's proof: every slot holds 0 or 1, every rule
// of its contests holds, and whoever made the ballot knows the secret of its
// credential (docs/protocol.md §4). What the columns of mixed contests hold it
// does not say, only that they are as that voter made them; and it does not say
// that the ballot counts: that depends on the ledger, see State.
func (e *Election) VerifyBallot(b *Ballot) error {
	if b == nil || b.data == nil {
		return fmt.Errorf("ballot: no ballot: %w", reason.ErrShape)
	}
	form, err := e.Form(b.style)
	if err != nil {
		return err
	}
	if err := form.Verify(b.statement(), b.proof); err != nil {
		return fmt.Errorf("ballot: %w", err)
	}
	return nil
}

func (b *Ballot) statement() zkp.BallotStatement {
	return zkp.BallotStatement{Credential: b.credential, Number: b.number, Time: b.time, Row: b.row, Bound: b.bound()}
}
