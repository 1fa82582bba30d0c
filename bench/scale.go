package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
	"github.com/hanpyo/hanpyo/tally"
)

// scaleRun is a whole election of one size on the durable ledger.
type scaleRun struct {
	Voters      int     `json:"voters"`
	UnitNs      float64 `json:"unitNs"`      // of the unit, the mean of before and after
	BallotBytes int     `json:"ballotBytes"` // of an entry
	LedgerBytes int64   `json:"ledgerBytes"` // on disk, at the end
	Phases      []phase `json:"phases"`
}

// phase is what one part of an election took.
type phase struct {
	Name     string  `json:"name"`
	WallNs   int64   `json:"wallNs"`
	CPUNs    int64   `json:"cpuNs"`
	PeakHeld uint64  `json:"peakHeldBytes"`     // the most memory that was not a file's
	PeakAll  uint64  `json:"peakResidentBytes"` // with pages of mapped files, which the system can drop; 0: unknown
	PerCPUNs float64 `json:"cpuNsPerBallot"`
}

// The phases of an election, in their order. The voters' devices encrypt; who
// runs the ballot box casts; anybody can verify, aggregate and audit.
const (
	phaseRegister  = "register"  // credentials, roll, key ceremony, opening
	phaseEncrypt   = "encrypt"   // what the voters' devices do, into a file
	phaseCast      = "cast"      // the file through a ballot box: verified, durable, with a receipt
	phaseClose     = "close"     // and pin, for which the authorities verify and add up
	phaseVerify    = "verify"    // the ledger by the counting rule
	phaseAggregate = "aggregate" // the sums of what was verified
	phaseDecrypt   = "decrypt"   // two trustees, one after the other, and the result
	phaseAudit     = "audit"     // everything, from the fingerprint down
)

// casters is how many voters cast at one time.
const casters = 256

// scaleElection is an election of many voters under way. Its voters have no
// keys in memory but for their 32 bytes, and its ballots are in a file.
type scaleElection struct {
	election
	n        int
	dir      string
	operator note.Signer
	manifest *ballot.Manifest
	roll     *ballot.Roll
	keys     []byte // the voters' secrets
	size     int    // of a ballot
	state    *ballot.State
	reader   *boltledger.Reader
}

// holdScale holds an election of n voters, 1 of 5, in an empty directory. say
// is told of every phase as it ends.
func holdScale(ctx context.Context, dir string, n int, say func(phase)) (*scaleRun, error) {
	s := &scaleElection{n: n, dir: dir}
	defer s.close()
	run := &scaleRun{Voters: n, UnitNs: measureUnit()}
	for _, part := range []struct {
		name string
		do   func(context.Context) error
	}{
		{phaseRegister, s.registerAll},
		{phaseEncrypt, s.encryptAll},
		{phaseCast, s.castAll},
		{phaseClose, s.closePolls},
		{phaseVerify, s.verifyAll},
		{phaseAggregate, s.aggregate},
		{phaseDecrypt, s.decryptAll},
		{phaseAudit, s.audit},
	} {
		p, err := watch(part.name, n, func() error { return part.do(ctx) })
		if err != nil {
			return nil, fmt.Errorf("%d voters: %s: %w", n, part.name, err)
		}
		run.Phases = append(run.Phases, p)
		say(p)
	}
	run.UnitNs = (run.UnitNs + measureUnit()) / 2
	run.BallotBytes = s.size
	info, err := os.Stat(filepath.Join(s.dir, "ledger", "ledger.db"))
	if err != nil {
		return nil, err
	}
	run.LedgerBytes = info.Size()
	return run, nil
}

// watch measures one part. What the part before has left is given back first.
func watch(name string, n int, do func() error) (phase, error) {
	debug.FreeOSMemory()
	peak := watchMemory()
	wall, cpu := time.Now(), cpuTime()
	err := do()
	p := phase{Name: name, WallNs: int64(time.Since(wall)), CPUNs: int64(cpuTime() - cpu)}
	p.PeakHeld, p.PeakAll = peak()
	p.PerCPUNs = float64(p.CPUNs) / float64(n)
	return p, err
}

func (s *scaleElection) close() {
	if s.reader != nil {
		_ = s.reader.Close()
		s.reader = nil
	}
	if s.log != nil {
		_ = s.log.Close()
		s.log = nil
	}
}

func (s *scaleElection) ledgerDir() string   { return filepath.Join(s.dir, "ledger") }
func (s *scaleElection) ballotsFile() string { return filepath.Join(s.dir, "ballots") }

func (s *scaleElection) registerAll(ctx context.Context) (err error) {
	if err := os.MkdirAll(s.ledgerDir(), 0o755); err != nil {
		return err
	}
	s.manifest, err = s.prepare(elgamal.Ristretto255(), kindNamed("1-of-5"), s.n, func(operator note.Signer) (ledger.Ledger, error) {
		s.operator = operator
		return boltledger.Open(s.ledgerDir(), operator)
	})
	if err != nil {
		return err
	}
	if err := s.makeKey(ctx, s.manifest); err != nil {
		return err
	}
	size := s.manifest.Group.ScalarLen()
	s.keys = make([]byte, s.n*size)
	lines := make([]ballot.RollLine, s.n)
	if err := parallel(ctx, runtime.GOMAXPROCS(0), s.n, func(i int) error {
		k := ballot.NewVoterKey(s.manifest.Group)
		copy(s.keys[i*size:], k.Bytes())
		lines[i] = ballot.RollLine{Key: k.Public(), Weight: 1}
		return nil
	}); err != nil {
		return err
	}
	if s.roll, err = ballot.NewRoll(s.manifest, lines); err != nil {
		return err
	}
	return s.open(ctx, s.manifest, s.roll)
}

// encryptAll makes every voter's ballot, each on a device that has the secret
// and the line of the roll.
func (s *scaleElection) encryptAll(ctx context.Context) error {
	file, err := os.Create(s.ballotsFile())
	if err != nil {
		return err
	}
	g, k := s.Group, kindNamed("1-of-5")
	encrypt := func(i int) ([]byte, error) {
		size := g.ScalarLen()
		key, err := ballot.ParseVoterKey(g, s.keys[i*size:(i+1)*size])
		if err != nil {
			return nil, err
		}
		v := &ballot.Voter{Key: key}
		if v.Line, err = s.roll.Find(key.Public()); err != nil {
			return nil, err
		}
		b, _, err := s.Encrypt(v, k.votes(i))
		if err != nil {
			return nil, err
		}
		return b.Bytes(), nil
	}
	first, err := encrypt(0)
	if err != nil {
		return err
	}
	s.size = len(first)
	err = parallel(ctx, runtime.GOMAXPROCS(0), s.n, func(i int) error {
		b, err := encrypt(i)
		if err != nil {
			return err
		}
		_, err = file.WriteAt(b, int64(i)*int64(s.size))
		return err
	})
	s.roll, s.keys = nil, nil
	if err := file.Close(); err != nil {
		return err
	}
	return err
}

// castAll puts the ballots through a ballot box. Of one in a thousand the
// receipt is checked as the voter's device does.
func (s *scaleElection) castAll(ctx context.Context) error {
	file, err := os.Open(s.ballotsFile())
	if err != nil {
		return err
	}
	defer file.Close()
	box, err := ballot.OpenBox(ctx, s.Election, s.log)
	if err != nil {
		return err
	}
	return parallel(ctx, casters, s.n, func(i int) error {
		data := make([]byte, s.size)
		if _, err := file.ReadAt(data, int64(i)*int64(s.size)); err != nil {
			return err
		}
		receipt, err := box.CastBytes(ctx, data)
		if err != nil {
			return err
		}
		if i%1000 == 0 {
			return s.VerifyReceipt(data, receipt)
		}
		return nil
	})
}

func (s *scaleElection) closePolls(ctx context.Context) error {
	if err := os.Remove(s.ballotsFile()); err != nil {
		return err
	}
	if err := ballot.Close(ctx, s.log, s.Fingerprint, s.staff); err != nil {
		return err
	}
	if err := tally.Pin(ctx, s.Election, s.log, s.staff); err != nil {
		return err
	}
	err := s.log.Close()
	s.log = nil
	return err
}

// verifyAll is what everybody does who wants to know what counts: opens the
// ledger, loads the election by its fingerprint and applies the counting rule.
func (s *scaleElection) verifyAll(ctx context.Context) (err error) {
	if s.reader, err = boltledger.OpenReadOnly(s.ledgerDir()); err != nil {
		return err
	}
	if s.Election, err = ballot.Load(ctx, s.reader, s.Fingerprint); err != nil {
		return err
	}
	cp, err := s.reader.Checkpoint(ctx)
	if err != nil {
		return err
	}
	s.state, err = ballot.Replay(ctx, s.Election, s.reader, cp.Size, nil)
	return err
}

// aggregate adds up the counted ballots of the whole ledger on all cores, as
// parts that merge.
func (s *scaleElection) aggregate(ctx context.Context) error {
	closed, _ := s.state.Closed()
	size := int(closed) + 1
	parts := make([]*tally.Partial, runtime.GOMAXPROCS(0))
	err := parallel(ctx, len(parts), len(parts), func(i int) (err error) {
		lo, hi := size*i/len(parts), size*(i+1)/len(parts)
		parts[i], err = tally.SumRange(ctx, s.Election, s.reader, s.state, uint64(lo), uint64(hi))
		return err
	})
	if err != nil {
		return err
	}
	for _, p := range parts[1:] {
		if err := parts[0].Merge(p); err != nil {
			return err
		}
	}
	_, err = parts[0].Root()
	s.state = nil
	if err := s.reader.Close(); err != nil {
		return err
	}
	s.reader = nil
	return err
}

func (s *scaleElection) decryptAll(ctx context.Context) (err error) {
	if s.log, err = boltledger.Open(s.ledgerDir(), s.operator); err != nil {
		return err
	}
	for _, t := range s.trustees[:threshold] {
		if err := tally.Decrypt(ctx, s.Election, s.log, t); err != nil {
			return err
		}
	}
	result, err := tally.Combine(ctx, s.Election, s.log)
	if err != nil {
		return err
	}
	if err := tally.Publish(ctx, s.Election, s.log, result, s.staff); err != nil {
		return err
	}
	err = s.log.Close()
	s.log = nil
	return err
}

func (s *scaleElection) audit(ctx context.Context) (err error) {
	fingerprint := s.Fingerprint
	s.Election = nil
	if s.reader, err = boltledger.OpenReadOnly(s.ledgerDir()); err != nil {
		return err
	}
	report, err := tally.Audit(ctx, s.reader, fingerprint, nil)
	if err != nil {
		return err
	}
	if !report.Verified() {
		return fmt.Errorf("not verified:\n%s", report.Text())
	}
	if got := report.Result.Ballots; got != uint64(s.n) {
		return fmt.Errorf("%d ballots counted instead of %d", got, s.n)
	}
	return nil
}

// scaleChild in the environment makes the program hold one election of that
// many voters in the directory of its argument, and print what it took as JSON.
const scaleChild = "HANPYO_BENCH_SCALE"

func scaleInChild(ctx context.Context, voters, dir string, stdout, stderr io.Writer) error {
	var n int
	if _, err := fmt.Sscan(voters, &n); err != nil {
		return err
	}
	run, err := holdScale(ctx, dir, n, func(p phase) {
		fmt.Fprintf(stderr, "%9d voters  %-9s  %9.1f s  %9.1f s CPU  %7.1f µs CPU a ballot  %5d MiB\n",
			n, p.Name, float64(p.WallNs)/1e9, float64(p.CPUNs)/1e9, p.PerCPUNs/1e3, p.PeakHeld>>20)
	})
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(run)
}

// runScale holds elections of these sizes, each in a process of its own, so
// that the memory of one is not that of another.
func runScale(ctx context.Context, parent string, sizes []int, stderr io.Writer) (runs []*scaleRun, err error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	for _, n := range sizes {
		dir, err := os.MkdirTemp(parent, "hanpyo-scale-")
		if err != nil {
			return nil, err
		}
		child := exec.CommandContext(ctx, program, dir)
		child.Env = append(os.Environ(), fmt.Sprintf("%s=%d", scaleChild, n))
		child.Stderr = stderr
		out, err := child.Output()
		if err == nil {
			run := new(scaleRun)
			err = json.Unmarshal(out, run)
			runs = append(runs, run)
		}
		if gone := os.RemoveAll(dir); err == nil {
			err = gone
		}
		if err != nil {
			return runs, fmt.Errorf("%d voters: %w", n, err)
		}
	}
	return runs, nil
}
