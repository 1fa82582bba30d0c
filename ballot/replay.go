package ballot

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// ReplayOptions say how to replay a ledger. They never change what follows
// from it. nil is the default.
type ReplayOptions struct {
	// Workers is how many goroutines check ballots; zero is one for each CPU.
	Workers int
	// Progress, if set, is called now and then, never concurrently, with how
	// many entries of how many have been applied.
	Progress func(done, size uint64)
	// Proven, if set, says of which entries the caller knows from before that
	// they are valid ballots or spoils. Their proofs are not verified again.
	Proven func(index uint64) bool
	// Applied, if set, is called after every few entries that have been
	// applied, in ledger order and never concurrently, with these entries and
	// the ballots that were accepted among them.
	Applied func(entries []ledger.Entry, accepted []AcceptedBallot)
}

// AcceptedBallot is a ballot as it is accepted.
type AcceptedBallot struct {
	CountedBallot
	Row        elgamal.Ciphertext
	Supersedes uint64 // the entry of the same credential that counted before; 0 if there is none
}

// Replay applies the first size entries of an election's ledger to the
// counting rule. Every entry is checked against a checkpoint of the ledger
// that the manifest names, every ballot's proof is verified in batches on all
// cores, and the roll's lines against the root in the open entry. The result
// depends on the ledger alone.
//
// Memory is that of State, of some megabytes of entries for each worker, and of
// one or two of the largest entries on the ledger. The error wraps
// ErrIncomplete if size does not reach the open entry or the ledger does not
// reach size, ErrChain or ErrFork if the ledger is inconsistent,
// ErrSignature if its newest checkpoint is signed by a key that was retired.
func Replay(ctx context.Context, e *Election, r ledger.Reader, size uint64, o *ReplayOptions) (*State, error) {
	s := NewState(e)
	if err := s.Advance(ctx, r, size, o); err != nil {
		return nil, err
	}
	return s, nil
}

// Advance applies the entries up to size that have not been applied yet, like
// [Replay] and under the same conditions. After an error the state stands
// after some of them and is good for nothing.
func (s *State) Advance(ctx context.Context, r ledger.Reader, size uint64, o *ReplayOptions) error {
	e := s.e
	if size <= e.Opening.Index {
		return fmt.Errorf("ballot: replay of %d entries does not reach the open entry, %d: %w", size, e.Opening.Index, reason.ErrIncomplete)
	}
	v, cp, policy, err := e.Manifest.verified(ctx, r)
	if err != nil {
		return err
	}
	if cp.Size < size {
		return fmt.Errorf("ballot: replay of %d entries, the ledger has %d: %w", size, cp.Size, reason.ErrIncomplete)
	}
	a := advanceOptions{lock: new(sync.Mutex), policy: policy}
	if o != nil {
		a.ReplayOptions = *o
	}
	return s.advance(ctx, v, size, a)
}

// A chunk of entries is verified as one batch. It ends with the entry that
// reaches a bound, and that may be as large as the ledger takes. In flight are
// at most two chunks of chunkBytes for each worker, or fewer that are larger,
// or one alone that is larger than all of these together; and the one that is
// being read.
const (
	chunkEntries = 1000
	chunkBytes   = 2 << 20
)

// chunk is consecutive entries on their way through the workers.
type chunk struct {
	entries  []ledger.Entry
	size     int             // bytes of the entries
	examined chan []examined // gets one value
	err      error           // set before examined gets its value
}

// weight is how many of a number of units of chunkBytes a chunk takes.
func (c *chunk) weight(units int) int { return min(max(1, c.size/chunkBytes), units) }

// advanceOptions are ReplayOptions and what a ballot box needs.
type advanceOptions struct {
	ReplayOptions
	lock  sync.Locker                          // held while entries are applied
	known func(id entry.Hash) (examined, bool) // what examining an entry has given before; may be nil

	policy ledger.Policy // by which the reader checks the ledger
}

// advance applies the entries from s.next to size, read from a reader that
// checks them. After an error the state stands after some of them. It must not
// be called concurrently with itself.
func (s *State) advance(ctx context.Context, r ledger.Reader, size uint64, o advanceOptions) error {
	lo := s.next
	if lo >= size {
		return nil
	}
	workers := o.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	// The reader puts every chunk into both channels, once it has put its weight
	// into inFlight. The order of ordered is that of the ledger.
	units := 2 * workers
	jobs, ordered, inFlight := make(chan *chunk), make(chan *chunk, units), make(chan struct{}, units)
	var readErr error
	var wait sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	defer func() {
		cancel() // ends the goroutines if applying failed
		wait.Wait()
	}()
	wait.Go(func() {
		defer close(ordered)
		defer close(jobs)
		readErr = readChunks(ctx, r, lo, size, func(c *chunk) error {
			for range c.weight(units) {
				select {
				case inFlight <- struct{}{}:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			for _, to := range []chan *chunk{ordered, jobs} {
				select {
				case to <- c:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
	})
	for range workers {
		wait.Go(func() {
			for c := range jobs {
				x, err := s.e.examineAll(c.entries, o.known, o.Proven)
				if o.Applied == nil {
					for i := range x {
						x[i].dropPoints()
					}
				}
				c.err = err
				c.examined <- x
			}
		})
	}
	for c := range ordered {
		if err := s.applyChunk(ctx, c, o); err != nil {
			return err
		}
		for range c.weight(units) {
			<-inFlight
		}
		if o.Progress != nil {
			o.Progress(c.entries[len(c.entries)-1].Index+1, size)
		}
	}
	if readErr != nil {
		return fmt.Errorf("ballot: %w", readErr)
	}
	return s.checkPolicy(o.policy)
}

// checkPolicy refuses a ledger that was read by a policy without the rotations
// that stand on it: a key signed it that was retired.
func (s *State) checkPolicy(p ledger.Policy) error {
	for i, h := range s.policy.Handovers {
		if i >= len(p.Handovers) || p.Handovers[i] != h {
			return fmt.Errorf("ballot: the key that signs the ledger was retired at size %d: %w", h.Size, reason.ErrSignature)
		}
	}
	return nil
}

func (s *State) applyChunk(ctx context.Context, c *chunk, o advanceOptions) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("ballot: %w", err)
	}
	var x []examined
	select {
	case <-ctx.Done():
		return fmt.Errorf("ballot: %w", ctx.Err())
	case x = <-c.examined:
	}
	if c.err != nil {
		return c.err
	}
	o.lock.Lock()
	defer o.lock.Unlock()
	var accepted []AcceptedBallot
	for i := range x {
		b, index := x[i].ballot, c.entries[i].Index
		var before CountedBallot
		if b != nil {
			before = s.counted(b.credentialKey)
		}
		refusal, err := s.apply(index, x[i])
		if err != nil {
			return err
		}
		if b != nil && refusal == nil && o.Applied != nil {
			accepted = append(accepted, AcceptedBallot{s.counted(b.credentialKey), b.row, before.Index})
		}
	}
	if o.Applied != nil {
		o.Applied(c.entries, accepted)
	}
	return nil
}

// readChunks reads the entries lo ≤ index < hi in chunks.
func readChunks(ctx context.Context, r ledger.Reader, lo, hi uint64, send func(*chunk) error) error {
	c := new(chunk)
	for en, err := range r.Entries(ctx, lo, hi) {
		if err != nil {
			return err
		}
		c.entries = append(c.entries, en)
		c.size += len(en.Data)
		if len(c.entries) == chunkEntries || c.size >= chunkBytes || en.Index+1 == hi {
			c.examined = make(chan []examined, 1)
			if err := send(c); err != nil {
				return err
			}
			c = new(chunk)
		}
	}
	return nil
}
