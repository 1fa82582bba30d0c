package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
	"github.com/hanpyo/hanpyo/tally"
)

// election is everything that this program plays the election with.
type election struct {
	*progress
	poll     *poll      // what is voted on, and the plain votes
	staff    *officials // who runs it
	manifest *ballot.Manifest
	log      ledger.Ledger
	temp     string // directory that goes away in the end

	fingerprint ballot.Fingerprint
	voters      []*ballot.Voter
	opened      *ballot.Election // what everybody has who starts from the fingerprint
	first       *ballot.Ballot   // of the first voter
	report      *tally.Report
}

// prepare does all that depends on the input, so that what is wrong with it
// shows before there is a ledger.
func (e *election) prepare(o *options) (err error) {
	if e.poll, err = o.poll(); err != nil {
		return err
	}
	if e.temp, err = os.MkdirTemp("", "election-"); err != nil {
		return err
	}
	var trustees []dkg.TrusteeKeys
	if e.staff, trustees, err = appoint(o.trustees, e.temp); err != nil {
		return err
	}
	// Opening late would be noted in the report: leave time for key and roll.
	opens := time.Now().Truncate(time.Second).Add(time.Duration(2+len(e.poll.Cast)/5000) * time.Second)
	if e.manifest, err = e.staff.describe(e.poll, trustees, o.threshold, opens); err != nil {
		return fmt.Errorf("%s: %w", e.poll.Source, err)
	}
	for voter, votes := range e.poll.Cast {
		if err := e.manifest.CheckVotes(0, votes); err != nil {
			return fmt.Errorf("%s: vote %d: %w", e.poll.Source, voter+1, err)
		}
	}
	dir := o.ledger
	if dir == "" {
		dir = filepath.Join(e.temp, "ledger")
	}
	e.log, err = boltledger.Open(dir, e.staff.operator)
	return err
}

func (e *election) close() {
	if e.log != nil {
		e.log.Close()
	}
	if e.temp != "" {
		os.RemoveAll(e.temp)
	}
}
