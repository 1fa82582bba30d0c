package boltledger

import (
	"context"
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// Mirror brings the copy of a ledger in dir up to the newest checkpoint of
// from, such as [ledger.OpenHTTP] reads it, and returns that checkpoint. It
// makes the copy if there is none. Nothing is believed: the checkpoint must
// satisfy p, every entry is checked as by [ledger.Verified] before it is kept,
// and the checkpoint only once the copy has its root. If it is interrupted, or
// fails, the next call goes on where it was.
//
// A mirror is a directory as [Open] makes it, under the checkpoints of the
// ledger's maker. It is read with [OpenReadOnly] while nobody writes: until
// the next call is done it shows the checkpoint before.
//
// A ledger that does not continue what the mirror has is ErrChain; two
// checkpoints of one size are a [*ledger.ForkError], the evidence; a ledger
// that has gone back to a smaller size is ErrIncomplete.
func Mirror(ctx context.Context, dir string, from ledger.Reader, p ledger.Policy) (ledger.Checkpoint, error) {
	newest, err := from.Checkpoint(ctx)
	if err != nil {
		return ledger.Checkpoint{}, err
	}
	verified, err := ledger.Verified(from, p, newest)
	if err != nil {
		return ledger.Checkpoint{}, err
	}
	if newest, err = verified.Checkpoint(ctx); err != nil {
		return ledger.Checkpoint{}, err
	}
	if err := prepare(dir); err != nil {
		return ledger.Checkpoint{}, err
	}
	s, err := openStore(dir, false)
	if err != nil {
		return ledger.Checkpoint{}, err
	}
	err = s.mirror(ctx, verified, newest, p)
	if e := s.close(); err == nil && e != nil {
		err = fmt.Errorf("boltledger: %w", e)
	}
	if err != nil {
		return ledger.Checkpoint{}, err
	}
	return newest, nil
}

func (s *store) mirror(ctx context.Context, from ledger.Reader, newest ledger.Checkpoint, p ledger.Policy) error {
	size, err := s.resume(ctx, from, newest, p)
	if err != nil {
		return err
	}
	var batch []*request
	bytes := 0
	for e, err := range from.Entries(ctx, size, newest.Size) {
		if err != nil {
			return err
		}
		req, err := s.request(e.Data)
		if err != nil {
			return err
		}
		batch = append(batch, req)
		bytes += len(req.leaf)
		if len(batch) == maxBatch || bytes >= batchBytes {
			if err := s.keep(size, batch, newest); err != nil {
				return err
			}
			size += uint64(len(batch))
			batch, bytes = nil, 0
		}
	}
	if err := s.keep(size, batch, newest); err != nil {
		return err
	}
	if err := s.writePublished(newest); err != nil {
		return err
	}
	err = s.guard(func() error {
		return s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(metaBucket).Delete(copiedKey) })
	})
	if err != nil {
		return err
	}
	return s.settle(newest)
}

// resume finds how many entries the mirror has, and checks that newest
// continues them. It makes an empty mirror if there is none.
func (s *store) resume(ctx context.Context, from ledger.Reader, newest ledger.Checkpoint, p ledger.Policy) (uint64, error) {
	verifier, err := note.NewVerifier(p.Key)
	if err != nil {
		return 0, fmt.Errorf("boltledger: policy: %w", reason.ErrEncoding)
	}
	err = s.create(p.Origin, verifier.KeyHash(), func(meta *bbolt.Bucket) error { return meta.Put(copiedKey, number(0)) })
	if err != nil {
		return 0, err
	}
	old, size, err := s.load()
	if err != nil {
		return 0, err
	}
	if err := s.checkFree(); err != nil {
		return 0, err
	}
	var kept ledger.Checkpoint // what a checkpoint over all that is kept would say
	err = s.view(func(tx *bbolt.Tx) (err error) {
		c := s.pages(tx)
		_, unfinished, err := s.copied(c)
		if err != nil {
			return err
		}
		if !unfinished {
			if _, err := s.checkPublished(old); err != nil {
				return err
			}
		}
		name, _, err := s.get(c, metaBucket, originKey)
		if err != nil {
			return err
		}
		origin := string(name)
		if origin != newest.Origin {
			return fmt.Errorf("boltledger: %s: mirror of %.64q, not of %.64q: %w", s.path, origin, newest.Origin, reason.ErrSignature)
		}
		kept = ledger.Checkpoint{Origin: origin, Size: min(size, newest.Size)}
		kept.Root, err = s.tree(tx, kept.Size).Root()
		return err
	})
	if err != nil {
		return 0, err
	}
	if kept.Size == old.Size {
		kept.Raw = old.Raw
	}
	if kept.Raw == nil && kept.Size == newest.Size && kept.Root != newest.Root {
		return 0, fmt.Errorf("boltledger: %s: has another root at size %d: %w", s.path, kept.Size, reason.ErrChain)
	}
	proof, err := from.Consistency(ctx, kept.Size, newest.Size)
	if err == nil {
		err = newest.CheckConsistency(kept, proof)
	}
	if err != nil {
		return 0, fmt.Errorf("boltledger: %s: %w", s.path, err)
	}
	if newest.Size < size {
		return 0, fmt.Errorf("boltledger: %s: has %d entries, but is shown a ledger of size %d: %w", s.path, size, newest.Size, reason.ErrIncomplete)
	}
	return size, s.loadNewest(size)
}

// keep adds a batch of checked entries behind size, and newest itself if it
// covers exactly these.
func (s *store) keep(size uint64, batch []*request, newest ledger.Checkpoint) error {
	return s.guard(func() error {
		return s.db.Update(func(tx *bbolt.Tx) error {
			check, err := s.checkEnds(tx)
			if err != nil {
				return err
			}
			for _, req := range batch {
				if _, err := s.put(tx, req); err != nil {
					return err
				}
			}
			if err := s.mergeIDs(tx, check, size, s.edge.size); err != nil {
				return err
			}
			meta := tx.Bucket(metaBucket)
			if err := meta.Put(copiedKey, number(s.edge.size)); err != nil || s.edge.size < newest.Size {
				return err
			}
			if s.edge.root() != newest.Root {
				return s.damaged("mirror does not have the root of the ledger at size %d", newest.Size)
			}
			return meta.Put(checkpointKey, newest.Raw)
		})
	})
}

// copied returns how many entries an unfinished mirror has.
func (s *store) copied(c *pages) (size uint64, unfinished bool, err error) {
	b, found, err := s.get(c, metaBucket, copiedKey)
	switch {
	case err != nil || !found:
		return 0, false, err
	case len(b) != 8:
		return 0, false, s.damaged("number of copied entries")
	}
	return binary.BigEndian.Uint64(b), true, nil
}
