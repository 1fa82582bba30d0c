// Package boltledger is the durable ledger of one machine: a [ledger.Ledger]
// in a directory, on a bbolt database.
//
// Concurrent appends share one transaction and one signed checkpoint. A
// directory holds
//
//	ledger.db    leaves, tree hashes, ids and the newest checkpoint
//	checkpoint   the newest published checkpoint, a signed note
//	large/       the entries above 65,535 bytes, named by their SHA-256
//
// docs/ledger.md says more. One process has it open at a time; observers get a
// copy, or read while nobody writes.
package boltledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

const (
	maxInFlight = 2048     // appends that wait, at most 128 MiB
	maxBatch    = 1024     // entries of one transaction
	batchBytes  = 16 << 20 // and their leaves

	patience = time.Millisecond // see gather
)

// writer is the ledger that Open returns.
type writer struct {
	*Reader
	signer note.Signer
	queue  chan *request
	done   chan struct{} // closed when run has ended

	mu      sync.RWMutex // held for writing to close the queue
	closing bool
}

// request is one append on its way.
type request struct {
	id   tlog.Hash // of the leaf
	leaf []byte
	done chan struct{} // closed when index and err are set

	index uint64
	err   error
}

// Open opens the ledger in dir, which it creates if there is none. The ledger
// is named after its signer and stays bound to that key (ErrSignature). It
// fails with ErrLocked while somebody else has it open, with ErrChain, naming
// the file, if something is damaged, missing or was rolled back, and with
// ErrVersion or ErrEncoding if dir holds something else.
//
// After an error in writing, every later call fails until the ledger is
// opened again.
func Open(dir string, signer note.Signer) (ledger.Ledger, error) {
	if err := prepare(dir); err != nil {
		return nil, err
	}
	s, err := openStore(dir, false)
	if err != nil {
		return nil, err
	}
	newest, err := s.loadOrCreate(signer)
	if err == nil {
		err = s.loadNewest(newest.Size)
	}
	if err != nil {
		_ = s.close()
		return nil, err
	}
	w := &writer{
		Reader: newReader(s, newest),
		signer: signer,
		queue:  make(chan *request, maxInFlight),
		done:   make(chan struct{}),
	}
	go w.run()
	return w, nil
}

// prepare makes the directories, and refuses those where creating a database
// would hide a loss or mix with something else.
func prepare(dir string) error {
	path := filepath.Join(dir, databaseName)
	info, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("boltledger: %w", err)
	}
	if err != nil || info.Size() == 0 {
		if _, err := os.Stat(filepath.Join(dir, checkpointName)); err == nil {
			return fmt.Errorf("boltledger: %s: missing or empty, though there is a checkpoint: %w", path, reason.ErrChain)
		}
		found, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("boltledger: %w", err)
		}
		for _, f := range found {
			if f.Name() != largeName && f.Name() != databaseName && filepath.Ext(f.Name()) != ".tmp" {
				return fmt.Errorf("boltledger: %s: holds no ledger, but %s: %w", dir, f.Name(), reason.ErrEncoding)
			}
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, largeName), 0o755); err != nil {
		return fmt.Errorf("boltledger: %w", err)
	}
	return nil
}

// loadOrCreate reads the newest checkpoint of a ledger of signer, or makes the
// first, and leaves it published.
func (s *store) loadOrCreate(signer note.Signer) (ledger.Checkpoint, error) {
	err := s.create(signer.Name(), signer.KeyHash(), func(meta *bbolt.Bucket) error {
		first, err := ledger.SignCheckpoint(signer, 0, emptyRoot)
		if err != nil {
			return err
		}
		return meta.Put(checkpointKey, first.Raw)
	})
	if err != nil {
		return ledger.Checkpoint{}, err
	}
	newest, size, err := s.load()
	if err != nil {
		return ledger.Checkpoint{}, err
	}
	if err := s.checkFree(); err != nil {
		return ledger.Checkpoint{}, err
	}
	if err := s.checkSigner(signer); err != nil {
		return ledger.Checkpoint{}, err
	}
	if newest.Raw == nil || newest.Size < size {
		return ledger.Checkpoint{}, fmt.Errorf("boltledger: %s: a mirror that was not finished: %w", s.path, reason.ErrIncomplete)
	}
	return newest, s.settle(newest)
}

// emptyRoot is the root of the empty tree.
var emptyRoot = tlog.Hash(sha256.Sum256(nil))

// settle makes newest, which is in the database, the published checkpoint, and
// removes what an interruption left behind.
func (s *store) settle(newest ledger.Checkpoint) error {
	current, err := s.checkPublished(newest)
	if err != nil {
		return err
	}
	if !current {
		if err := s.writePublished(newest); err != nil {
			return err
		}
	}
	for _, dir := range []string{s.dir, filepath.Join(s.dir, largeName)} {
		if err := removeTemporary(dir); err != nil {
			return fmt.Errorf("boltledger: %w", err)
		}
	}
	if err := errors.Join(syncDir(s.dir), syncDir(filepath.Dir(s.dir))); err != nil {
		return fmt.Errorf("boltledger: %w", err)
	}
	return nil
}

// create makes an empty ledger in a database that has nothing in it; rest adds
// what else its meta bucket needs.
func (s *store) create(origin string, keyHash uint32, rest func(meta *bbolt.Bucket) error) error {
	fresh := true
	err := s.view(func(tx *bbolt.Tx) (err error) {
		_, fresh, err = s.has(s.pages(tx), metaBucket)
		return err
	})
	if err != nil || !fresh {
		return err
	}
	return s.guard(func() error {
		return s.db.Update(func(tx *bbolt.Tx) error {
			for _, name := range [][]byte{metaBucket, leafBucket, hashBucket, indexBucket} {
				if _, err := tx.CreateBucket(name); err != nil {
					return err
				}
			}
			meta := tx.Bucket(metaBucket)
			return errors.Join(
				meta.Put(formatKey, []byte(format)),
				meta.Put(originKey, []byte(origin)),
				meta.Put(signerKey, binary.BigEndian.AppendUint32(nil, keyHash)),
				rest(meta))
		})
	})
}

// checkSigner refuses a signer that did not make this ledger.
func (s *store) checkSigner(signer note.Signer) error {
	return s.view(func(tx *bbolt.Tx) error {
		c := s.pages(tx)
		origin, _, err := s.get(c, metaBucket, originKey)
		if err != nil {
			return err
		}
		key, _, err := s.get(c, metaBucket, signerKey)
		if err != nil {
			return err
		}
		if string(origin) != signer.Name() || !bytes.Equal(key, binary.BigEndian.AppendUint32(nil, signer.KeyHash())) {
			return fmt.Errorf("boltledger: %s: ledger of %.64s+%x, not of %s+%08x: %w",
				s.path, origin, key, signer.Name(), signer.KeyHash(), reason.ErrSignature)
		}
		return nil
	})
}

func (s *store) writePublished(cp ledger.Checkpoint) error {
	path := filepath.Join(s.dir, checkpointName)
	done, err := overwrite(path, cp.Raw)
	if err == nil && !done {
		err = writeFile(path, cp.Raw)
	}
	if err != nil {
		return fmt.Errorf("boltledger: %w", err)
	}
	return nil
}

// Append implements [ledger.Appender].
func (w *writer) Append(ctx context.Context, data []byte) (uint64, error) {
	if err := ledger.CheckEntry(data); err != nil {
		return 0, err
	}
	if _, _, err := w.state(ctx); err != nil {
		return 0, err
	}
	req, err := w.store.request(data)
	if err != nil {
		return 0, err
	}
	if err := w.submit(req); err != nil {
		return 0, err
	}
	select {
	case <-req.done:
		return req.index, req.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (w *writer) submit(req *request) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closing {
		return ledger.ErrClosed
	}
	select {
	case w.queue <- req:
		return nil
	default:
		return ledger.ErrBusy
	}
}

// run commits what is queued, in batches, until the queue is closed.
func (w *writer) run() {
	defer close(w.done)
	usual := 1
	for first := range w.queue {
		batch := w.gather(first, usual)
		usual = len(batch)
		err := w.commit(batch)
		for _, req := range batch {
			req.err = err
			close(req.done)
		}
	}
}

// gather returns first and what else is queued. Who was just answered is about
// to append again: so it waits a little for as many as came the last time, for
// otherwise every other commit would be of the one who is quickest.
func (w *writer) gather(first *request, usual int) []*request {
	batch, size := []*request{first}, len(first.leaf)
	var late <-chan time.Time
	for len(batch) < maxBatch && size < batchBytes {
		var req *request
		open := true
		select {
		case req, open = <-w.queue:
		default:
			if len(batch) >= usual {
				return batch
			}
			if late == nil {
				late = time.After(patience)
			}
			select {
			case req, open = <-w.queue:
			case <-late:
				return batch
			}
		}
		if !open {
			return batch
		}
		batch = append(batch, req)
		size += len(req.leaf)
	}
	return batch
}

// commit makes a batch durable, signs a checkpoint over it and publishes that.
// In this order: what is published is durable, and no two checkpoints of one
// size ever leave this process.
func (w *writer) commit(batch []*request) error {
	old, _, err := w.state(context.Background())
	if err != nil {
		return err
	}
	var cp ledger.Checkpoint
	err = w.store.guard(func() error {
		return w.store.db.Update(func(tx *bbolt.Tx) (err error) {
			cp, err = w.store.add(tx, old, batch, w.signer)
			return err
		})
	})
	if errors.Is(err, errNothingNew) {
		return nil
	}
	if err == nil {
		err = w.store.writePublished(cp)
	}
	if err != nil {
		w.store.fail(err)
		return err
	}
	w.publish(cp)
	return nil
}

// errNothingNew ends the transaction of a batch of entries that are all there.
var errNothingNew = errors.New("nothing new")

// add puts those entries of batch that are new behind old, finds the index of
// each, and stores the signed checkpoint.
func (s *store) add(tx *bbolt.Tx, old ledger.Checkpoint, batch []*request, signer note.Signer) (ledger.Checkpoint, error) {
	none := ledger.Checkpoint{}
	check, err := s.checkEnds(tx)
	if err != nil {
		return none, err
	}
	for _, req := range batch {
		index, ok, err := s.find(check, req.id)
		if err == nil && !ok {
			index, err = s.put(tx, req)
		}
		if err != nil {
			return none, err
		}
		req.index = index
	}
	if s.edge.size == old.Size {
		return none, errNothingNew
	}
	if err := s.mergeIDs(tx, check, old.Size, s.edge.size); err != nil {
		return none, err
	}
	cp, err := ledger.SignCheckpoint(signer, s.edge.size, s.edge.root())
	if err != nil {
		return none, err
	}
	return cp, tx.Bucket(metaBucket).Put(checkpointKey, cp.Raw)
}

// request prepares data for being put. A large entry is durable after that.
func (s *store) request(data []byte) (*request, error) {
	leaf := ledger.Leaf(data)
	if len(data) > ledger.MaxLeaf {
		stub, _, err := ledger.ParseLeaf(leaf)
		if err == nil {
			err = s.putLarge(stub, data)
		}
		if err != nil {
			return nil, err
		}
	}
	// The caller of Append has data back when ctx ends, before it is written.
	return &request{id: tlog.RecordHash(leaf), leaf: bytes.Clone(leaf), done: make(chan struct{})}, nil
}

// put adds an entry at the end of the tree.
func (s *store) put(tx *bbolt.Tx, req *request) (index uint64, err error) {
	index = s.edge.size
	s.ids.add(req.id, index)
	leaves, hashes := tx.Bucket(leafBucket), tx.Bucket(hashBucket)
	leaves.FillPercent, hashes.FillPercent = 1, 1 // they only grow at the end
	key := number(index)
	return index, errors.Join(leaves.Put(key, req.leaf), hashes.Put(key, s.edge.add(req.id)))
}

// Close implements [ledger.Ledger].
func (w *writer) Close() error {
	w.mu.Lock()
	if !w.closing {
		w.closing = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.done
	return w.Reader.Close()
}
