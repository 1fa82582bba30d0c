package boltledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// cosignedName is the file with the newest checkpoint that satisfied the
// policy of OpenWitnessed. Where it stands, it is what readers are shown.
const cosignedName = "cosigned"

// OpenWitnessed opens the ledger in dir like [Open], and publishes what the
// cosigners have cosigned as p requires: see [ledger.Witnessed]. The newest
// such checkpoint is kept in dir.
func OpenWitnessed(ctx context.Context, dir string, signer note.Signer, p ledger.Policy, cosigners []ledger.Cosigner) (ledger.Ledger, error) {
	log, err := Open(dir, signer)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, cosignedName)
	o := &ledger.WitnessedOptions{Keep: func(note []byte) error {
		if err := writeFile(path, note); err != nil {
			return fmt.Errorf("boltledger: %w", err)
		}
		return nil
	}}
	o.Published, err = readNote(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	var w ledger.Ledger
	if err == nil {
		w, err = ledger.Witnessed(ctx, log, p, cosigners, o)
	}
	if err != nil {
		_ = log.Close()
		return nil, fmt.Errorf("boltledger: %s: %w", path, err)
	}
	return w, nil
}

// cosigned returns the checkpoint that readers are to be shown: the one in the
// file cosigned, which must be of a prefix of the ledger, or else newest.
func (s *store) cosigned(newest ledger.Checkpoint) (ledger.Checkpoint, error) {
	path := filepath.Join(s.dir, cosignedName)
	raw, err := readNote(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newest, nil
	}
	if err != nil {
		return ledger.Checkpoint{}, fmt.Errorf("boltledger: %w", err)
	}
	cp, err := ledger.ParseCheckpoint(raw)
	switch {
	case err != nil:
		return ledger.Checkpoint{}, fmt.Errorf("boltledger: %s: %w: %w", path, err, reason.ErrChain)
	case cp.Origin != newest.Origin || cp.Size > newest.Size:
		return ledger.Checkpoint{}, fmt.Errorf("boltledger: %s: is of %.64q with size %d, %s of %.64q with size %d: %w",
			path, cp.Origin, cp.Size, s.path, newest.Origin, newest.Size, reason.ErrChain)
	}
	if err := s.view(func(tx *bbolt.Tx) error { return s.checkPrefix(tx, newest, cp) }); err != nil {
		return ledger.Checkpoint{}, fmt.Errorf("boltledger: %s: %w", path, err)
	}
	return cp, nil
}

// Rotate binds the ledger in dir, which must not be open, to the key of next,
// which has its name (ErrSignature). What the ledger's old key has signed
// stays; the next append is signed by next. For others to believe that, the
// rotation must be made known: see [ledger.Rotation].
func Rotate(dir string, next note.Signer) error {
	if _, err := os.Stat(filepath.Join(dir, databaseName)); err != nil {
		return fmt.Errorf("boltledger: %w", err)
	}
	s, err := openStore(dir, false)
	if err != nil {
		return err
	}
	newest, _, err := s.load()
	if err == nil {
		_, err = s.checkPublished(newest)
	}
	if err == nil && newest.Origin != next.Name() {
		err = fmt.Errorf("boltledger: %s: ledger of %.64s, not of %s: %w", s.path, newest.Origin, next.Name(), reason.ErrSignature)
	}
	if err == nil {
		err = s.guard(func() error {
			return s.db.Update(func(tx *bbolt.Tx) error {
				return tx.Bucket(metaBucket).Put(signerKey, binary.BigEndian.AppendUint32(nil, next.KeyHash()))
			})
		})
	}
	return errors.Join(err, s.close())
}
