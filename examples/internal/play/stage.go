// Package play is what the examples have in common that hold a whole election
// on one machine and play everybody in it: who runs the election and with what
// keys, the options of the command line, and telling how far it has come. What
// an election consists of stands in the programs themselves.
package play

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

// Poll is what an election is about and what its voters vote, in plain. Only
// a program that plays everybody has them all in one place.
type Poll struct {
	Title    string
	Contests []ballot.Contest
	Cast     []ballot.Votes // by voter
	Source   string         // where all this is from
}

// Stage is what has to be there before an election can start.
type Stage struct {
	*Progress
	Staff    *Officials
	Manifest *ballot.Manifest
	Log      ledger.Ledger

	temp string // directory that goes away in the end
}

// NewStage returns an empty stage that tells its progress to out.
func NewStage(out io.Writer) *Stage { return &Stage{Progress: newProgress(out)} }

// Prepare does all that depends on the input, so that what is wrong with it
// shows before there is a ledger: it appoints the officials, has them describe
// the election in a manifest, and checks every vote against that.
func (s *Stage) Prepare(p *Poll, o *Options) (err error) {
	if len(p.Cast) < fewestVoters {
		return fmt.Errorf("%s: %d votes; below %d every result would be withheld", p.Source, len(p.Cast), fewestVoters)
	}
	if s.temp, err = os.MkdirTemp("", "election-"); err != nil {
		return err
	}
	if s.Staff, err = appoint(o, s.temp); err != nil {
		return err
	}
	// Opening late would be noted in the report: leave time for key and roll.
	opens := time.Now().Truncate(time.Second).Add(time.Duration(2+len(p.Cast)/5000) * time.Second)
	if s.Manifest, err = s.Staff.describe(p, o, opens); err != nil {
		return fmt.Errorf("%s: %w", p.Source, err)
	}
	for voter, votes := range p.Cast {
		if err := s.Manifest.CheckVotes(0, votes); err != nil {
			return fmt.Errorf("%s: vote %d: %w", p.Source, voter+1, err)
		}
	}
	dir := o.Ledger
	if dir == "" {
		dir = filepath.Join(s.temp, "ledger")
	}
	s.Log, err = boltledger.Open(dir, s.Staff.operator)
	return err
}

// Close closes the ledger and removes what only this program needed.
func (s *Stage) Close() {
	if s.Log != nil {
		s.Log.Close()
	}
	if s.temp != "" {
		os.RemoveAll(s.temp)
	}
}
